//! What can go wrong at the parent's end, sorted by what to do about it.

use std::process::ExitStatus;
use std::{fmt, io};

use crate::{Layer, Layers};

/// Why there is no zygote.
#[derive(Debug)]
pub enum SpawnError {
    /// The program could not be started: missing, not executable, or the system is short of something.
    System(io::Error),
    /// It cannot be confined: this layer is missing. `Layers` says why, and what else is or is not in force.
    Unconfined(Layer, Layers),
    /// It ended before it was ready. Its standard error says more.
    Died(ExitStatus),
    /// It was not ready within 30 s.
    Silent,
    /// It does not speak our protocol: another program, or another version of it.
    Stranger,
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => write!(f, "the worker program could not be started: {error}"),
            Self::Unconfined(layer, _) => write!(f, "the worker refuses to work without its sandbox: no {layer}"),
            Self::Died(status) => write!(f, "the worker program ended before it was ready: {status}"),
            Self::Silent => f.write_str("the worker program was not ready within 30 s"),
            Self::Stranger => f.write_str("the worker program is of another version"),
        }
    }
}

impl std::error::Error for SpawnError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            Self::Unconfined(..) | Self::Died(_) | Self::Silent | Self::Stranger => None,
        }
    }
}

/// Why a zygote does not do what it was asked.
#[derive(Debug)]
pub enum ZygoteError {
    /// Another job is not ended. A bug of the caller; the zygote is well.
    Busy,
    /// The kernel gave no process for the job (too many, too little memory). The zygote is well; try later.
    NotStarted(io::Error),
    /// The zygote is dead, and with it the job. Spawn another.
    Gone(ExitStatus),
    /// A method was called out of turn, or the zygote answered out of turn. Drop it and spawn another.
    Order,
    /// The socket failed. Drop it and spawn another.
    System(io::Error),
}

impl fmt::Display for ZygoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the worker has another mail in hand"),
            Self::NotStarted(error) => write!(f, "no process for the mail: {error}"),
            Self::Gone(status) => write!(f, "the worker's zygote is gone: {status}"),
            Self::Order => f.write_str("worker and parent are out of step"),
            Self::System(error) => write!(f, "the worker's control socket failed: {error}"),
        }
    }
}

impl std::error::Error for ZygoteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotStarted(error) | Self::System(error) => Some(error),
            Self::Busy | Self::Gone(_) | Self::Order => None,
        }
    }
}
