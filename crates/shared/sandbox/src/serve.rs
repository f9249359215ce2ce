//! The zygote: enters the sandbox, then forks one child per job until its parent is gone.
//!
//! Owns the order of a zygote's life. Never reads a job's input, so nothing of one job can reach another.

use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic;
use std::process::ExitCode;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, getpid, pidfd_open, pidfd_send_signal, waitpid,
};

use crate::child::{self, JobInput, JobOutput};
use crate::confine::{self, Confined, Refusal};
use crate::limits::Ground;
use crate::protocol::{self, Assignment, ReceiveError, Report};
use crate::raw::{self, Forked};
use crate::{Confinement, EXIT_PROTOCOL, EXIT_UNCONFINED, EXIT_USAGE, JobStatus};

/// Turns the calling program into a zygote; returns when it is to exit, with the code to exit with.
///
/// To be called first thing in `main`: before any thread was started, and before any file was opened, as every
/// descriptor above 2 is closed. Standard input must be the socket that [`Zygote::spawn`](crate::Zygote::spawn) gave.
///
/// `prepare` runs first and outside the sandbox: it loads what jobs share (policy, tables) and warms what is made
/// lazily, best by running a job of its own making. It never sees a mail. `job` then runs once per mail, each time in a
/// fresh process that inherits what `prepare` made; it should return, and may panic. Three warnings. What `prepare` drew
/// by chance (hash keys, the state of a random generator) is the same in every job, so a job must not make identifiers
/// from it. Standard input and output are the job's two descriptors, so nothing may be printed. Each page that `prepare`
/// wrote is paid for again in every fork and every exit, so it should keep little.
///
/// Exit codes: 0 the parent is gone; [`EXIT_UNCONFINED`] a compulsory layer is missing (named on standard error, and
/// to the parent); [`EXIT_PROTOCOL`] the parent does not speak this protocol; [`EXIT_USAGE`] started by hand.
#[must_use]
pub fn serve<T>(
    confinement: Confinement,
    prepare: impl FnOnce() -> T,
    job: impl Fn(&T, JobInput, JobOutput),
) -> ExitCode {
    let stdin = io::stdin();
    let control = stdin.as_fd();
    if !protocol::is_control(control) {
        complain("a worker is started by Sekisho itself, not by hand");
        return ExitCode::from(EXIT_USAGE);
    }
    raw::ignore_group_signals();
    if let Err(errno) = raw::close_inherited() {
        complain(format_args!("cannot close what it inherited ({errno}): use Linux 5.13 or later"));
        return ExitCode::from(EXIT_UNCONFINED);
    }
    // The standard hook may read files for a backtrace, which would turn a panic into a forbidden call.
    panic::set_hook(Box::new(|panicked| complain(panicked)));
    let shared = prepare();
    match confine::enter(confinement) {
        Ok(confined) => serve_jobs(control, confined, |input, output| job(&shared, input, output)),
        Err(refusal) => refuse(control, &refusal),
    }
}

fn refuse(control: BorrowedFd<'_>, Refusal { missing, layers }: &Refusal) -> ExitCode {
    complain(format_args!("refuses to work: {missing} cannot be enforced ({:?})", layers.state(*missing)));
    // Gone or not, the parent learns no less from the exit code.
    let _ = protocol::send_report(control, &Report::Refused(*missing, *layers));
    ExitCode::from(EXIT_UNCONFINED)
}

fn serve_jobs(control: BorrowedFd<'_>, confined: Confined, job: impl Fn(JobInput, JobOutput)) -> ExitCode {
    if protocol::send_report(control, &Report::Ready(confined.layers)).is_err() {
        return ExitCode::SUCCESS;
    }
    loop {
        let round = match protocol::receive_job(control) {
            Ok(assignment) => serve_job(control, assignment, confined.ground, &job),
            Err(ReceiveError::Closed) => return ExitCode::SUCCESS,
            Err(error) => Err(error),
        };
        match round {
            Ok(Round::Served) => {}
            Ok(Round::ParentGone) => return ExitCode::SUCCESS,
            Err(error) => {
                complain(format_args!("cannot go on: {error:?}"));
                return ExitCode::from(EXIT_PROTOCOL);
            }
        }
    }
}

enum Round {
    Served,
    ParentGone,
}

fn serve_job(
    control: BorrowedFd<'_>,
    assignment: Assignment,
    ground: Ground,
    job: &impl Fn(JobInput, JobOutput),
) -> Result<Round, ReceiveError> {
    let zygote = getpid();
    match raw::fork() {
        Ok(Forked::Child) => child::live(zygote, assignment, ground, job),
        Ok(Forked::Parent(pid)) => {
            drop(assignment); // else the parent would never see the end of the output
            attend(control, pid).map_err(ReceiveError::System)
        }
        Err(errno) => Ok(tell(control, &Report::NotStarted(errno))),
    }
}

/// From the fork to the status. Whatever fails here, the job dies: the kernel kills it when the zygote exits.
fn attend(control: BorrowedFd<'_>, pid: Pid) -> Result<Round, Errno> {
    let started = Report::Started { pid, pidfd: pidfd_open(pid, PidfdFlags::empty())? };
    let round = tell(control, &started);
    let Report::Started { pidfd, .. } = started else { return Err(Errno::INVAL) };
    match round {
        Round::Served if !outlives_parent(control, &pidfd)? => Ok(tell(control, &Report::Ended(reap(pid)?))),
        Round::Served | Round::ParentGone => {
            pidfd_send_signal(&pidfd, Signal::KILL)?;
            reap(pid)?;
            Ok(Round::ParentGone)
        }
    }
}

/// Waits until the job has ended (false) or the parent is gone (true).
///
/// PR_SET_PDEATHSIG would not do for the zygote: it tells the end of the parent's *thread*, and a thread of a pool may
/// end long before its process.
fn outlives_parent(control: BorrowedFd<'_>, pidfd: &OwnedFd) -> Result<bool, Errno> {
    let gone = PollFlags::HUP | PollFlags::ERR;
    loop {
        // No flags for the socket: a hang-up is always reported, and nothing else is of interest now.
        let mut watched = [PollFd::new(pidfd, PollFlags::IN), PollFd::from_borrowed_fd(control, PollFlags::empty())];
        retry_on_intr(|| poll(&mut watched, None))?;
        let [job, parent] = &watched;
        if parent.revents().intersects(gone) {
            return Ok(true);
        }
        if !job.revents().is_empty() {
            return Ok(false);
        }
    }
}

fn reap(pid: Pid) -> Result<JobStatus, Errno> {
    match retry_on_intr(|| waitpid(Some(pid), WaitOptions::empty()))? {
        Some((_, status)) => status_of(status).ok_or(Errno::INVAL),
        None => Err(Errno::CHILD),
    }
}

fn status_of(status: WaitStatus) -> Option<JobStatus> {
    status.exit_status().map(JobStatus::Exited).or_else(|| status.terminating_signal().map(JobStatus::Signaled))
}

fn tell(control: BorrowedFd<'_>, report: &Report) -> Round {
    match protocol::send_report(control, report) {
        Ok(()) => Round::Served,
        Err(_) => Round::ParentGone,
    }
}

/// To whoever started us. In a job's process this goes nowhere: its standard error is closed.
fn complain(what: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "sekisho worker: {what}");
}
