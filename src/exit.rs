//! Stable exit codes: scripts rely on them.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Ok,
    /// The program or its input failed.
    Failed,
    /// The command was written wrong.
    Usage,
    /// Some of it was done.
    Partly,
    /// No such mail.
    NotFound,
    /// Held, or refused by verification.
    Refused,
    /// A program does not run, or may not be asked.
    Unreachable,
    /// The configuration is wrong.
    Config,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Partly => 3,
            Exit::NotFound => 4,
            Exit::Refused => 5,
            Exit::Unreachable => 6,
            // EX_CONFIG of sysexits.h.
            Exit::Config => 78,
        })
    }
}
