//! One mail's conversation with its worker: octets in, octets out, an end.

use std::io::{self, Read};
use std::time::Duration;

use sekisho_job::Job;
use sekisho_safe_message::Sha256;
use sekisho_sandbox::{Ending, JobLimits, Running};
use sha2::Digest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::time::{Instant, timeout, timeout_at};

use super::WorkError;
use super::slot::Slot;

/// Octets of mail in memory at one time: what a pipe takes.
const BLOCK: usize = 64 * 1024;

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

/// Gives `job` and `body` to a fresh worker of `slot` and hears it out.
pub(super) async fn talk(
    slot: &mut Slot,
    limits: JobLimits,
    bounds: Bounds,
    job: &Job,
    mut body: impl Read,
) -> Result<Talk, WorkError> {
    let until = Instant::now() + bounds.deadline;
    let header = job.encode().map_err(|err| WorkError::Body(io::Error::other(err)))?;
    let (to_worker, input) = pipe::pipe().map_err(WorkError::Pipe)?;
    let (output, from_worker) = pipe::pipe().map_err(WorkError::Pipe)?;
    let input = input.into_blocking_fd().map_err(WorkError::Pipe)?;
    let output = output.into_blocking_fd().map_err(WorkError::Pipe)?;
    let running = slot.start(limits, input, output).await.map_err(WorkError::Zygote)?;

    let mut sha256 = sha2::Sha256::new();
    let both = async {
        tokio::join!(feed(to_worker, &header, &mut body, &mut sha256), drain(from_worker, bounds.output_max, &running))
    };
    let (fed, heard) = match timeout_at(until, both).await {
        Ok((fed, heard)) => (fed, heard),
        Err(_) => {
            kill(slot, &running);
            // The digest is wanted all the same: the rest is read, not sent.
            (hash_rest(&mut body, &mut sha256), Heard::Late)
        }
    };
    let end = end_of(slot, &running, until, &heard).await?;
    fed.map_err(WorkError::Body)?;
    let output = match heard {
        Heard::All(output) => output,
        Heard::Flood | Heard::Late => Vec::new(),
    };
    Ok(Talk { sha256: Sha256::from_bytes(sha256.finalize().into()), output, end })
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

/// Writes `header` and `body`, hashing the body. A worker that stops reading
/// is no error here: its answer will tell.
async fn feed(
    mut pipe: pipe::Sender,
    header: &[u8],
    body: &mut impl Read,
    sha256: &mut sha2::Sha256,
) -> io::Result<()> {
    let mut open = pipe.write_all(header).await.is_ok();
    let mut block = vec![0; BLOCK];
    while let Some(octets) = hash_block(body, &mut block, sha256)? {
        open = open && pipe.write_all(octets).await.is_ok();
    }
    Ok(())
}

fn hash_rest(body: &mut impl Read, sha256: &mut sha2::Sha256) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    while hash_block(body, &mut block, sha256)?.is_some() {}
    Ok(())
}

/// The next octets of `body`, hashed; `None` at its end.
fn hash_block<'a>(
    body: &mut impl Read,
    block: &'a mut [u8],
    sha256: &mut sha2::Sha256,
) -> io::Result<Option<&'a [u8]>> {
    let count = body.read(block)?;
    let octets = &block[..count];
    sha256.update(octets);
    Ok((count > 0).then_some(octets))
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
