//! One mail's conversation with its worker: octets in, octets out, an end.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::{Errno, ioctl_fionbio, retry_on_intr};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use sekisho_job::Job;
use sekisho_safe_message::Sha256;
use sekisho_sandbox::{Ending, JobLimits, Running};
use sha2::Digest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::time::{Instant, timeout, timeout_at};

use super::WorkError;
use super::slot::Slot;

/// Octets of mail in memory at one time.
const BLOCK: usize = 64 * 1024;

/// Octets that a pipe to a worker holds at most, in the kernel: what Linux lets every user have (`pipe-max-size`).
const PIPE_MAX: usize = 1024 * 1024;

/// How long a killed process may take to vanish.
const REAPING: Duration = Duration::from_secs(5);

/// Bounds of one conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) deadline: Duration,
    pub(super) output_max: usize,
}

/// What was said.
pub(super) struct Talk {
    /// Digest of the mail.
    pub(super) sha256: Sha256,
    /// What the worker wrote, within bounds.
    pub(super) output: Vec<u8>,
    /// How it ended.
    pub(super) end: TalkEnd,
}

/// How a conversation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TalkEnd {
    /// The worker ended by itself, so.
    Ended(Ending),
    /// It was killed at the deadline.
    Late,
    /// It was killed because it wrote too much.
    Flood,
}

/// Gives `job` and `body` to a fresh worker of `slot` and hears it out. The digest of the mail is computed on the way
/// if the job does not know it.
pub(super) async fn talk(
    slot: &mut Slot,
    limits: JobLimits,
    bounds: Bounds,
    job: &Job,
    body: impl Read,
) -> Result<Talk, WorkError> {
    let until = Instant::now() + bounds.deadline;
    let header = job.encode().map_err(|err| WorkError::Body(io::Error::other(err)))?;
    let (input, to_worker) = pipe_pair().map_err(WorkError::Pipe)?;
    let (from_worker, output) = pipe_pair().map_err(WorkError::Pipe)?;
    let from_worker = pipe::Receiver::from_owned_fd(from_worker).map_err(WorkError::Pipe)?;
    let mut mail = Mail::new(body, job.orders.digest);
    // What the pipe takes is in it before there is a worker: a usual mail needs no turns of writer and reader.
    let mut feed = Feed::new(to_worker, header, job.size);
    let filled = feed.fill(&mut mail);
    let running = slot.start(limits, input, output).await.map_err(WorkError::Zygote)?;

    let both = async {
        let feeding = async {
            match filled {
                Ok(()) => feed.finish(&mut mail).await,
                Err(err) => Err(err),
            }
        };
        tokio::join!(feeding, drain(from_worker, bounds.output_max, &running))
    };
    let (fed, heard) = match timeout_at(until, both).await {
        Ok((fed, heard)) => (fed, heard),
        Err(_) => {
            kill(slot, &running);
            (Ok(()), Heard::Late)
        }
    };
    let end = end_of(slot, &running, until, &heard).await?;
    fed.map_err(WorkError::Body)?;
    // The digest is wanted also of a mail that the worker did not read to its end.
    let sha256 = mail.digest().map_err(WorkError::Body)?;
    let output = match heard {
        Heard::All(output) => output,
        Heard::Flood | Heard::Late => Vec::new(),
    };
    Ok(Talk { sha256, output, end })
}

/// A pipe: the end to read from, and the end to write to. Both block until they are told otherwise.
fn pipe_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(pipe_with(PipeFlags::CLOEXEC)?)
}

/// What came from a worker.
enum Heard {
    All(Vec<u8>),
    Flood,
    Late,
}

/// Waits for the worker's process to end, and kills it if it outlives the
/// deadline: closing the pipe is no proof of having stopped.
async fn end_of(slot: &mut Slot, running: &Running, until: Instant, heard: &Heard) -> Result<TalkEnd, WorkError> {
    let mut late = matches!(heard, Heard::Late);
    let mut status = timeout_at(until, slot.ended()).await;
    if status.is_err() {
        late = true;
        kill(slot, running);
        status = timeout(REAPING, slot.ended()).await;
    }
    let Ok(status) = status else {
        // Not even a kill ends it (a kernel in trouble): the zygote goes too.
        slot.condemn();
        return Ok(TalkEnd::Late);
    };
    match (heard, status) {
        (Heard::Flood, _) => Ok(TalkEnd::Flood),
        _ if late => Ok(TalkEnd::Late),
        (_, Ok(status)) => Ok(TalkEnd::Ended(status.ending())),
        // The zygote itself died, and the worker with it.
        (_, Err(err)) => Err(WorkError::Zygote(err)),
    }
}

fn kill(slot: &mut Slot, running: &Running) {
    if running.kill().is_err() {
        slot.condemn();
    }
}

/// A stored mail as it is read, and its digest.
struct Mail<R> {
    body: R,
    digest: Digesting,
}

enum Digesting {
    Known(Sha256),
    Counted(sha2::Sha256),
}

impl<R: Read> Mail<R> {
    fn new(body: R, known: Option<Sha256>) -> Self {
        Self { body, digest: known.map_or_else(|| Digesting::Counted(sha2::Sha256::new()), Digesting::Known) }
    }

    /// Reads on into `block`; 0 at the end.
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let count = self.body.read(block)?;
        if let Digesting::Counted(sha256) = &mut self.digest {
            sha256.update(&block[..count]);
        }
        Ok(count)
    }

    /// The digest of the whole; reads what is left if that is needed for it.
    fn digest(mut self) -> io::Result<Sha256> {
        if matches!(self.digest, Digesting::Counted(_)) {
            let mut block = vec![0; BLOCK];
            while self.read(&mut block)? > 0 {}
        }
        match self.digest {
            Digesting::Known(sha256) => Ok(sha256),
            Digesting::Counted(sha256) => Ok(Sha256::from_bytes(sha256.finalize().into())),
        }
    }
}

/// What goes to a worker, block by block. A worker that stops reading is no error here: its answer will tell.
struct Feed {
    /// `None` once nothing more is to be written.
    pipe: Option<OwnedFd>,
    /// The job's header at first, then the mail's octets.
    block: Vec<u8>,
    /// Where in `block` what is not yet written begins.
    at: usize,
    /// Octets of a block.
    room: usize,
}

impl Feed {
    fn new(pipe: OwnedFd, header: Vec<u8>, size: u64) -> Self {
        let wanted = header.len().saturating_add(usize::try_from(size).unwrap_or(usize::MAX)).min(PIPE_MAX);
        if wanted > BLOCK {
            // Where the user has too many such pipes it stays as small as it is, and takes more turns.
            let _ = fcntl_setpipe_size(&pipe, wanted);
        }
        Self { pipe: Some(pipe), block: header, at: 0, room: wanted.clamp(1, BLOCK) }
    }

    /// Writes for as long as the pipe takes something at once.
    fn fill(&mut self, mail: &mut Mail<impl Read>) -> io::Result<()> {
        let Some(pipe) = self.pipe.take() else { return Ok(()) };
        ioctl_fionbio(&pipe, true)?;
        while self.refill(mail)? {
            match retry_on_intr(|| rustix::io::write(&pipe, &self.block[self.at..])) {
                Ok(count) => self.at += count,
                Err(Errno::AGAIN) => {
                    self.pipe = Some(pipe);
                    return Ok(());
                }
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Writes the rest, waiting for the reader.
    async fn finish(mut self, mail: &mut Mail<impl Read>) -> io::Result<()> {
        let Some(pipe) = self.pipe.take() else { return Ok(()) };
        let mut pipe = pipe::Sender::from_owned_fd(pipe)?;
        while self.refill(mail)? {
            if pipe.write_all(&self.block[self.at..]).await.is_err() {
                break;
            }
            self.at = self.block.len();
        }
        Ok(())
    }

    /// Sees to it that there is something to write; `false` at the end of the mail. What is written makes room for the
    /// next octets; a header that is not yet written is followed by the first of them.
    fn refill(&mut self, mail: &mut Mail<impl Read>) -> io::Result<bool> {
        if self.at == self.block.len() {
            self.block.clear();
            self.at = 0;
        }
        let kept = self.block.len();
        if self.at == 0 && kept < self.room {
            self.block.resize(self.room, 0);
            let count = mail.read(&mut self.block[kept..])?;
            self.block.truncate(kept + count);
        }
        Ok(self.at < self.block.len())
    }
}

/// Reads what the worker writes, up to `max` octets.
async fn drain(mut pipe: pipe::Receiver, max: usize, running: &Running) -> Heard {
    let mut output = Vec::new();
    loop {
        match pipe.read_buf(&mut output).await {
            Ok(0) | Err(_) => return Heard::All(output),
            Ok(_) if output.len() > max => {
                // An error here only means that it has ended already.
                let _ = running.kill();
                return Heard::Flood;
            }
            Ok(_) => {}
        }
    }
}
