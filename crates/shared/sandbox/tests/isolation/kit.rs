//! Starting zygotes of this very program and running orders in them.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

use std::ffi::OsString;
use std::io::{PipeReader, Read, Write, pipe};
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use sekisho_sandbox::{Confinement, JobLimits, JobStatus, Running, SpawnError, Zygote};

/// Far beyond what any test needs; a job that reaches it hangs, and the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// More processor time than patience: where a test waits for an end, this limit must not be what brings it.
pub(crate) const LIMITS: JobLimits = JobLimits { memory: 64 << 20, cpu_seconds: 600 };
pub(crate) const FORBIDDEN: JobStatus = JobStatus::Signaled(libc::SIGSYS);

pub(crate) fn myself() -> PathBuf {
    std::env::current_exe().unwrap()
}

pub(crate) fn spawn() -> Zygote {
    try_spawn(&["role-worker"], Confinement::default()).unwrap()
}

pub(crate) fn try_spawn(role: &[&str], confinement: Confinement) -> Result<Zygote, SpawnError> {
    Zygote::spawn(&myself(), role.iter().map(OsString::from), confinement)
}

/// A job under way, with the end of its output that is ours.
pub(crate) struct Started {
    pub(crate) running: Running,
    pub(crate) output: PipeReader,
}

pub(crate) fn start(zygote: &mut Zygote, limits: JobLimits, order: &str) -> Started {
    let (input, mut feed) = pipe().unwrap();
    let (output, theirs) = pipe().unwrap();
    feed.write_all(order.as_bytes()).unwrap(); // an order fits a pipe
    let running = zygote.start(limits, input.into(), theirs.into()).unwrap();
    Started { running, output }
}

/// Runs one order to its end: how it ended, and what it said.
pub(crate) fn run_with(zygote: &mut Zygote, limits: JobLimits, order: &str) -> (JobStatus, String) {
    let Started { running, output } = start(zygote, limits, order);
    let reading = std::thread::spawn(|| {
        let mut said = Vec::new();
        output.take(1 << 20).read_to_end(&mut said).map(|_| said)
    });
    let Some(status) = zygote.wait_for(PATIENCE).unwrap() else {
        running.kill().unwrap();
        panic!("the job hangs: {order}");
    };
    (status, String::from_utf8_lossy(&reading.join().unwrap().unwrap()).into_owned())
}

pub(crate) fn run(zygote: &mut Zygote, order: &str) -> (JobStatus, String) {
    run_with(zygote, LIMITS, order)
}

/// Asserts that each order kills its job before the order has done anything, and that the zygote works on.
pub(crate) fn assert_forbidden(orders: &[&str]) {
    let mut zygote = spawn();
    for order in orders {
        assert_eq!(run(&mut zygote, order), (FORBIDDEN, String::new()), "{order}");
    }
    assert_eq!(run(&mut zygote, "echo well"), (JobStatus::Exited(0), "well".to_owned()));
}

/// Waits until a pidfd tells that its process has ended.
pub(crate) fn assert_ends(pidfd: impl std::os::fd::AsFd, who: &str) {
    let patience = Timespec::try_from(PATIENCE).unwrap();
    let ended = poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&patience)).unwrap();
    assert_eq!(ended, 1, "{who} lives on");
}
