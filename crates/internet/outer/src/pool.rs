//! The pool of sandboxed workers: one fresh process a mail, bounded in time,
//! memory and output; whatever goes wrong inside becomes a reason to hold.
//!
//! Owns the zygotes and the two pipes to each worker. Never reads a hostile
//! format: it moves octets, counts and hashes them, and checks the answer's
//! canonical form.

mod slot;
mod talk;

use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sekisho_job::{Answer, AnswerError, Answers, HoldReason, Job};
use sekisho_safe_message::{Sha256, Untrusted};
use sekisho_sandbox::{Ending, JobLimits, Layers, SpawnError, ZygoteError};
use sekisho_settings::WorkerSettings;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use slot::Slot;
use talk::{Talk, TalkEnd};

/// Memory for answers that have been read and not let go, in KiB: one of the
/// largest at a time, or many small ones. Those that are being read come on
/// top, at most [`PoolConfig::output_max`] for each worker.
const ROOM: u32 = 96 * 1024;

/// How a pool works.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// The worker program.
    pub program: PathBuf,
    /// Zygotes, and so mails read at one time; at least 1.
    pub count: usize,
    /// Wall-clock time for one mail; also its CPU time.
    pub deadline: Duration,
    /// Octets of memory that a worker never passes.
    pub memory: u64,
    /// Octets that a worker may write.
    pub output_max: usize,
    /// Mails after which a zygote is replaced, for a fresh address layout.
    pub renew_after: u64,
    /// Whether a kernel without Landlock will do.
    pub allow_without_landlock: bool,
}

impl PoolConfig {
    /// Workers of `program`, as the settings say.
    pub fn new(program: PathBuf, settings: &WorkerSettings) -> Self {
        Self {
            program,
            count: settings.count,
            deadline: settings.deadline,
            memory: settings.memory,
            output_max: usize::try_from(settings.output_max).unwrap_or(usize::MAX),
            renew_after: settings.renew_after,
            allow_without_landlock: settings.allow_without_landlock,
        }
    }
}

/// Workers, ready for mails.
pub struct Pool {
    config: PoolConfig,
    permits: Semaphore,
    room: Arc<Semaphore>,
    /// As many as permits; `None` where a zygote has to be started.
    slots: Mutex<Vec<Option<Slot>>>,
    layers: Layers,
    /// Whether the last attempt to start a zygote failed.
    failing: AtomicBool,
}

/// What came of one mail in a worker.
#[derive(Debug)]
pub struct Worked {
    /// Digest of the raw mail, computed here and not believed from the worker.
    pub sha256: Sha256,
    /// The worker's answer, or why the mail is to be held without one.
    pub answer: Result<Answer, Failure>,
}

/// The same of a mail whose recipients may be treated differently.
#[derive(Debug)]
pub struct Heard {
    /// Digest of the raw mail, computed here and not believed from the worker.
    pub sha256: Sha256,
    /// The worker's answer, or why the mail is to be held without one.
    pub answers: Result<Answers, Failure>,
    /// The answer's place in memory, given back when this is dropped.
    pub room: Option<OwnedSemaphorePermit>,
}

/// Why a mail is held without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The reason on record.
    pub reason: HoldReason,
    /// What exactly was wrong with the answer, where there was one.
    pub answer: Option<AnswerError>,
}

/// Why a mail could not be given to a worker; it is still the caller's, and
/// may be tried again.
#[derive(Debug)]
pub enum WorkError {
    /// No worker can be started.
    NoWorker(SpawnError),
    /// A worker's zygote broke before the mail was read.
    Zygote(ZygoteError),
    /// A pipe could not be made.
    Pipe(io::Error),
    /// The mail itself could not be read from where it is stored.
    Body(io::Error),
}

impl Pool {
    /// Starts every zygote, so that a host that cannot confine them is known
    /// at once.
    ///
    /// # Errors
    /// [`SpawnError`] of the first one that does not start.
    pub async fn start(config: PoolConfig) -> Result<Self, SpawnError> {
        let mut slots = Vec::with_capacity(config.count.max(1));
        for _ in 0..config.count.max(1) {
            slots.push(Slot::spawn(&config).await?);
        }
        let layers = *slots[0].layers();
        let slots: Vec<_> = slots.into_iter().map(Some).collect();
        let permits = Semaphore::new(slots.len());
        let room = Arc::new(Semaphore::new(ROOM as usize));
        Ok(Self { permits, room, slots: Mutex::new(slots), layers, config, failing: AtomicBool::new(false) })
    }

    /// The layers of isolation in force.
    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Whether the last attempt to start a worker failed.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Mails that can be read at one time.
    pub fn width(&self) -> usize {
        self.config.count.max(1)
    }

    /// Has `body` read by a worker of its own, as `job` orders. A mail whose
    /// recipients are treated differently counts as a wrong answer here.
    ///
    /// # Errors
    /// [`WorkError`] when that was not possible for a reason that is not the
    /// mail's.
    pub async fn work(&self, job: &Job, body: impl Read) -> Result<Worked, WorkError> {
        let _permit = self.permit().await;
        let (sha256, output) = self.output(job, body).await?;
        let answer = output.and_then(|output| {
            let answer = Answer::decode(Untrusted::new(&output), job).and_then(|answer| {
                let (Answer::Deliver(_, _, report) | Answer::Hold(_, report)) = &answer;
                if report.source.sha256 == sha256 { Ok(answer) } else { Err(AnswerError::Foreign) }
            });
            answer.map_err(garbage)
        });
        Ok(Worked { sha256, answer })
    }

    /// Has `body` read by a worker of its own, as `job` orders. The worker is
    /// free for the next mail once there is room for the answer.
    ///
    /// # Errors
    /// [`WorkError`] when that was not possible for a reason that is not the
    /// mail's.
    pub async fn hear(&self, job: &Job, body: impl Read) -> Result<Heard, WorkError> {
        let _permit = self.permit().await;
        let (sha256, output) = self.output(job, body).await?;
        let output = match output {
            Ok(mut output) => {
                // It grew by doubling; what is counted is what it holds.
                output.shrink_to_fit();
                output
            }
            Err(failure) => return Ok(Heard { sha256, answers: Err(failure), room: None }),
        };
        // Who holds room waits for the LGWAN side alone, never for more room.
        // The semaphore is never closed.
        let room = Arc::clone(&self.room).acquire_many_owned(weight(output.len())).await.ok();
        let answers = Answers::decode(output, job).and_then(|answers| {
            let ours = answers.shares().iter().all(|share| share.report.source.sha256 == sha256);
            if ours { Ok(answers) } else { Err(AnswerError::Foreign) }
        });
        Ok(Heard { sha256, answers: answers.map_err(garbage), room })
    }

    /// What a worker wrote about `body`, or why that is not to be read.
    async fn output(&self, job: &Job, body: impl Read) -> Result<(Sha256, Result<Vec<u8>, Failure>), WorkError> {
        let kept = self.slots.lock().await.pop().flatten();
        let mut slot = match kept {
            Some(slot) => slot,
            None => match Slot::spawn(&self.config).await {
                Ok(slot) => {
                    self.failing.store(false, Ordering::Relaxed);
                    slot
                }
                Err(err) => {
                    self.failing.store(true, Ordering::Relaxed);
                    self.slots.lock().await.push(None);
                    return Err(WorkError::NoWorker(err));
                }
            },
        };
        let worked = self.work_in(&mut slot, job, body).await;
        let keep = slot.is_sound() && slot.served() < self.config.renew_after;
        self.slots.lock().await.push(keep.then_some(slot));
        worked
    }

    async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.permits.acquire().await.ok()
    }

    async fn work_in(
        &self,
        slot: &mut Slot,
        job: &Job,
        body: impl Read,
    ) -> Result<(Sha256, Result<Vec<u8>, Failure>), WorkError> {
        let limits = JobLimits { memory: self.config.memory, cpu_seconds: self.config.deadline.as_secs().max(1) };
        let bounds = talk::Bounds { deadline: self.config.deadline, output_max: self.config.output_max };
        let Talk { sha256, output, end } = talk::talk(slot, limits, bounds, job, body).await?;
        let output = match reason_of(end) {
            Some(reason) => Err(Failure { reason, answer: None }),
            None => Ok(output),
        };
        Ok((sha256, output))
    }
}

/// The reason to hold that an end is, if it is one.
fn reason_of(end: TalkEnd) -> Option<HoldReason> {
    match end {
        TalkEnd::Late => Some(HoldReason::WorkerTimeout),
        TalkEnd::Flood => Some(HoldReason::WorkerOutput),
        TalkEnd::Ended(ending) => match ending {
            Ending::Done => None,
            Ending::OutOfTime => Some(HoldReason::WorkerTimeout),
            Ending::Forbidden => Some(HoldReason::WorkerForbidden),
            Ending::OutOfMemory => Some(HoldReason::WorkerMemory),
            Ending::Panicked
            | Ending::Unconfined
            | Ending::OtherCode(_)
            | Ending::Aborted
            | Ending::Killed
            | Ending::Crashed(_) => Some(HoldReason::WorkerCrashed),
        },
    }
}

/// An answer is believed only in canonical form, about this mail and no other.
fn garbage(err: AnswerError) -> Failure {
    Failure { reason: HoldReason::WorkerGarbage, answer: Some(err) }
}

/// KiB of [`ROOM`] that an answer takes. One frame at a time is decoded beside
/// it; whoever lets answers be larger than all room has one at a time.
fn weight(octets: usize) -> u32 {
    u32::try_from(octets / 1024).unwrap_or(ROOM).saturating_add(1).min(ROOM)
}

impl fmt::Display for WorkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWorker(err) => write!(f, "no worker can be started: {err}"),
            Self::Zygote(err) => write!(f, "a worker's zygote broke: {err}"),
            Self::Pipe(err) => write!(f, "no pipe to a worker: {err}"),
            Self::Body(err) => write!(f, "the stored mail cannot be read: {err}"),
        }
    }
}

impl std::error::Error for WorkError {}
