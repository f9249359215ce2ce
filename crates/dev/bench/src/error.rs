//! Why there is no figure.

use std::fmt;
use std::io;

/// Why a measurement could not be made.
#[derive(Debug)]
pub enum BenchError {
    /// The system refused something: what was being done, and its answer.
    System(String, io::Error),
    /// A program under test is absent, did not start, or ended: its name and
    /// what is known.
    Program(&'static str, String),
    /// The place or the plan of the run does not allow a true figure.
    Plan(String),
}

impl BenchError {
    /// The error of `doing` something, for `map_err`.
    pub fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |err| Self::System(doing, err)
    }
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(doing, err) => write!(f, "{doing}: {err}"),
            Self::Program(name, what) => write!(f, "{name}: {what}"),
            Self::Plan(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for BenchError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System(_, err) => Some(err),
            Self::Program(..) | Self::Plan(_) => None,
        }
    }
}
