//! How a job ended, and the exit codes by which it says so.

use std::fmt;

use serde::Serialize;

/// Exit code of a zygote that could not be confined, and of a job that could not take its own limits.
pub const EXIT_UNCONFINED: u8 = 77;
/// Exit code of a zygote whose parent did not speak this protocol. A bug, or two versions beside each other.
pub const EXIT_PROTOCOL: u8 = 76;
/// Exit code of a worker program that was started by hand.
pub const EXIT_USAGE: u8 = 64;
/// Exit code of a process that ran out of memory under [`WorkerMemory`](crate::WorkerMemory).
pub const EXIT_OUT_OF_MEMORY: u8 = 79;
/// Exit code of a job whose function panicked.
pub const EXIT_PANICKED: u8 = 101;

/// How a job's process ended, in the kernel's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobStatus {
    /// It exited with this code. The code is the job's own word: a job that was taken over can choose it.
    Exited(i32),
    /// The kernel ended it with this signal.
    Signaled(i32),
}

/// What an end means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The job function returned.
    Done,
    /// The job function panicked.
    Panicked,
    /// The job could not take its own limits, so it never began.
    Unconfined,
    /// It exited with a code that no honest job uses.
    OtherCode(i32),
    /// Its memory ran out (and the program allocates with [`WorkerMemory`](crate::WorkerMemory)).
    OutOfMemory,
    /// It aborted: the stack overflowed, or a panic could not unwind (SIGABRT).
    Aborted,
    /// Its processor time was used up (SIGXCPU).
    OutOfTime,
    /// It was killed (SIGKILL): by its parent, by the hard limit on processor time, or by a kernel short of memory.
    Killed,
    /// It called something that no job may call (SIGSYS). On honest mail this is a bug; else it is an attack.
    Forbidden,
    /// It crashed with any other signal, such as SIGSEGV.
    Crashed(i32),
}

impl JobStatus {
    /// What this end means.
    #[must_use]
    pub fn ending(self) -> Ending {
        match self {
            Self::Exited(0) => Ending::Done,
            Self::Exited(code) if code == i32::from(EXIT_PANICKED) => Ending::Panicked,
            Self::Exited(code) if code == i32::from(EXIT_UNCONFINED) => Ending::Unconfined,
            Self::Exited(code) if code == i32::from(EXIT_OUT_OF_MEMORY) => Ending::OutOfMemory,
            Self::Exited(code) => Ending::OtherCode(code),
            Self::Signaled(libc::SIGABRT) => Ending::Aborted,
            Self::Signaled(libc::SIGXCPU) => Ending::OutOfTime,
            Self::Signaled(libc::SIGKILL) => Ending::Killed,
            Self::Signaled(libc::SIGSYS) => Ending::Forbidden,
            Self::Signaled(signal) => Ending::Crashed(signal),
        }
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ending() {
            Ending::Done => f.write_str("done"),
            Ending::Panicked => f.write_str("panicked"),
            Ending::Unconfined => f.write_str("could not take its limits"),
            Ending::OtherCode(code) => write!(f, "exited with the unknown code {code}"),
            Ending::OutOfMemory => f.write_str("ran out of memory"),
            Ending::Aborted => f.write_str("aborted (stack overflow, or a panic in a panic)"),
            Ending::OutOfTime => f.write_str("used up its processor time"),
            Ending::Killed => f.write_str("killed"),
            Ending::Forbidden => f.write_str("made a forbidden system call"),
            Ending::Crashed(signal) => write!(f, "crashed with signal {signal}"),
        }
    }
}
