//! One mail's conversation with its process: file in, answer out, an end.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::Duration;

use sekisho_safe_message::{SafeKind, Untrusted};
use sekisho_sandbox::{Ending, JobLimits, Running};
use sekisho_verify::asking::{self, ANSWER};
use sekisho_verify::{Fault, Flaw, Violation};

use super::{Checker, Death, Kept, NotProven, Unavailable};

/// Octets of memory for one mail's files: the largest of 64 MiB, what it
/// unpacks to, and the objects of a PDF.
pub(super) const MEMORY: u64 = 640 << 20;
/// How long a process that was killed, or has answered all, may take to end.
const REAPING: Duration = Duration::from_secs(5);

/// A mail that is being read; its process begins with the first file.
pub(super) struct Session<'a> {
    checker: &'a Checker,
    process: Option<Process>,
    trouble: Option<Unavailable>,
    death: Option<Death>,
}

/// A process that reads one mail's files.
struct Process {
    kept: Kept,
    feed: PipeWriter,
    answers: PipeReader,
    running: Arc<Running>,
    /// Dropped, the watch is over.
    watch: Sender<()>,
    late: Arc<AtomicBool>,
}

impl<'a> Session<'a> {
    pub(super) fn new(checker: &'a Checker) -> Self {
        Self { checker, process: None, trouble: None, death: None }
    }

    /// Has one file read.
    pub(super) fn read(&mut self, kind: SafeKind, file: Untrusted<'_>) -> Result<(), Flaw> {
        let unread = Err(Flaw::at(Fault::Unread, 0));
        if self.process.is_none() {
            match Process::start(self.checker) {
                Ok(process) => self.process = Some(process),
                Err(trouble) => {
                    self.trouble = Some(trouble);
                    return unread;
                }
            }
        }
        let Some(process) = &mut self.process else { return unread };
        match process.ask(kind, file.read()) {
            Ok(Some(read)) => read,
            Ok(None) => {
                self.death = Some(Death::Garbage);
                unread
            }
            // A broken pipe: how it died is known at the end.
            Err(_) => {
                self.death = Some(Death::Ended(Ending::Done));
                unread
            }
        }
    }

    /// What was read, if the process that read it has ended in order too.
    pub(super) fn finish<T>(mut self, read: Result<T, Violation>) -> Result<T, NotProven> {
        if let Some(trouble) = self.trouble.take() {
            return Err(NotProven::Unavailable(trouble));
        }
        let Some(process) = self.process.take() else { return read.map_err(NotProven::Violation) };
        let (ending, kept) = process.end();
        self.checker.give_back(kept);
        match (self.death, ending) {
            (Some(Death::Garbage), _) => Err(NotProven::Died(Death::Garbage)),
            (_, Err(death)) => Err(NotProven::Died(death)),
            (Some(death), Ok(())) => Err(NotProven::Died(death)),
            (None, Ok(())) => read.map_err(NotProven::Violation),
        }
    }
}

impl Drop for Session<'_> {
    /// Where reading panicked: the process goes, and its place is free.
    fn drop(&mut self) {
        if self.process.take().is_some() {
            self.checker.give_back(None);
        }
    }
}

impl Process {
    fn start(checker: &Checker) -> Result<Self, Unavailable> {
        let kept = checker.take()?;
        let started = Self::start_in(kept, checker.0.deadline);
        if started.is_err() {
            checker.give_back(None);
        }
        started
    }

    fn start_in(mut kept: Kept, deadline: Duration) -> Result<Self, Unavailable> {
        let (input, feed) = io::pipe().map_err(Unavailable::System)?;
        let (answers, output) = io::pipe().map_err(Unavailable::System)?;
        let limits = JobLimits { memory: MEMORY, cpu_seconds: deadline.as_secs().max(1) };
        kept.served += 1;
        let running = kept.zygote.start(limits, input.into(), output.into()).map_err(Unavailable::Zygote)?;
        let running = Arc::new(running);
        let late = Arc::new(AtomicBool::new(false));
        let watch = watch(&running, &late, deadline).map_err(Unavailable::System)?;
        Ok(Self { kept, feed, answers, running, watch, late })
    }

    /// `None`: what came is no answer.
    fn ask(&mut self, kind: SafeKind, file: &[u8]) -> io::Result<Option<Result<(), Flaw>>> {
        self.feed.write_all(&asking::question(kind, file.len()))?;
        self.feed.write_all(file)?;
        let mut answer = [0; ANSWER];
        self.answers.read_exact(&mut answer)?;
        Ok(asking::read_answer(answer))
    }

    /// Waits for the end; the zygote, if it may serve again.
    fn end(self) -> (Result<(), Death>, Option<Kept>) {
        let Self { mut kept, feed, answers, running, watch, late } = self;
        drop(feed);
        let mut status = kept.zygote.wait_for(REAPING);
        if matches!(status, Ok(None)) {
            late.store(true, Ordering::Relaxed);
            let _ = running.kill();
            status = kept.zygote.wait_for(REAPING);
        }
        drop((answers, watch));
        let is_late = late.load(Ordering::Relaxed);
        match status {
            _ if is_late => (Err(Death::Late), matches!(status, Ok(Some(_))).then_some(kept)),
            Ok(Some(status)) => match status.ending() {
                Ending::Done => (Ok(()), Some(kept)),
                ending => (Err(Death::Ended(ending)), Some(kept)),
            },
            // Not even a kill ends it, or the zygote itself is gone.
            Ok(None) | Err(_) => (Err(Death::Ended(Ending::Killed)), None),
        }
    }
}

/// Kills the process at the deadline, which a blocked pipe would never see.
fn watch(running: &Arc<Running>, late: &Arc<AtomicBool>, deadline: Duration) -> io::Result<Sender<()>> {
    let (sender, over) = mpsc::channel();
    let (running, late) = (Arc::clone(running), Arc::clone(late));
    let watching = move || {
        if over.recv_timeout(deadline) == Err(RecvTimeoutError::Timeout) {
            late.store(true, Ordering::Relaxed);
            // An error here only means that it has ended already.
            let _ = running.kill();
        }
    };
    std::thread::Builder::new().name("verifier-watch".to_owned()).spawn(watching)?;
    Ok(sender)
}
