//! One job, in its own process: takes its limits and its filter, runs, and exits.
//!
//! Owns everything between the fork and the exit. Touches as little memory as it can: a fresh page costs more than
//! a system call, and this is paid for every mail.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, getpid, getppid, set_parent_process_death_signal};

use crate::limits::{self, Ground};
use crate::protocol::Assignment;
use crate::{EXIT_PANICKED, EXIT_UNCONFINED, filter, raw};

/// The reading end of a job: the hostile bytes.
#[derive(Debug)]
pub struct JobInput(OwnedFd);

impl Read for JobInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(&self.0, buffer)?)
    }
}

/// The writing end of a job. Unbuffered; a write fails once nobody reads any more.
#[derive(Debug)]
pub struct JobOutput(OwnedFd);

impl Write for JobOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(&self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lives one job and never returns.
pub(crate) fn live(zygote: Pid, assignment: Assignment, ground: Ground, job: impl FnOnce(JobInput, JobOutput)) -> ! {
    let Ok((input, output)) = settle(zygote, &assignment, ground) else { raw::exit_now(EXIT_UNCONFINED) };
    // Its descriptors are closed under their old numbers; dropping it would close them once more.
    std::mem::forget(assignment);
    let code = match catch_unwind(AssertUnwindSafe(|| job(input, output))) {
        Ok(()) => 0,
        Err(_) => EXIT_PANICKED,
    };
    raw::exit_now(code)
}

fn settle(zygote: Pid, assignment: &Assignment, ground: Ground) -> Result<(JobInput, JobOutput), Errno> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid() != Some(zygote) {
        return Err(Errno::SRCH); // it died before the line above: nobody waits for us
    }
    let (input, output) = raw::keep_only(&assignment.input, &assignment.output)?;
    limits::enter_job(assignment.limits, ground)?;
    seccompiler::apply_filter(&filter::job(getpid())).map_err(|_| Errno::PERM)?;
    Ok((JobInput(input), JobOutput(output)))
}
