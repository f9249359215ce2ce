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
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sekisho_job::{Answer, AnswerError, HoldReason, Job};
use sekisho_safe_message::{Sha256, Untrusted};
use sekisho_sandbox::{Ending, JobLimits, Layers, SpawnError, ZygoteError};
use sekisho_settings::WorkerSettings;
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use slot::Slot;
use talk::{Talk, TalkEnd};

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
        Ok(Self { permits, slots: Mutex::new(slots), layers, config, failing: AtomicBool::new(false) })
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

    /// Has `body` read by a worker of its own, as `job` orders.
    ///
    /// # Errors
    /// [`WorkError`] when that was not possible for a reason that is not the
    /// mail's.
    pub async fn work(&self, job: &Job, body: impl Read) -> Result<Worked, WorkError> {
        let _permit = self.permit().await;
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

    async fn work_in(&self, slot: &mut Slot, job: &Job, body: impl Read) -> Result<Worked, WorkError> {
        let limits = JobLimits {
            memory: job.size.saturating_mul(3).saturating_add(64 << 20).min(self.config.memory),
            cpu_seconds: self.config.deadline.as_secs().max(1),
        };
        let bounds = talk::Bounds { deadline: self.config.deadline, output_max: self.config.output_max };
        let Talk { sha256, output, end } = talk::talk(slot, limits, bounds, job, body).await?;
        let answer = match reason_of(end) {
            Some(reason) => Err(Failure { reason, answer: None }),
            None => judge(&output, job, sha256),
        };
        Ok(Worked { sha256, answer })
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

/// Believes an answer only in canonical form, about this mail and no other.
fn judge(output: &[u8], job: &Job, sha256: Sha256) -> Result<Answer, Failure> {
    let answer = Answer::decode(Untrusted::new(output), job).and_then(|answer| {
        let (Answer::Deliver(_, _, report) | Answer::Hold(_, report)) = &answer;
        if report.source.sha256 == sha256 { Ok(answer) } else { Err(AnswerError::Foreign) }
    });
    answer.map_err(|err| Failure { reason: HoldReason::WorkerGarbage, answer: Some(err) })
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
