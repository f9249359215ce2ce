//! Running other programs, from the root of the checkout.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why a chore did not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was asked for in a wrong way.
    Usage(&'static str),
    /// A program could not be started, or a file not be read.
    Io(String, io::Error),
    /// A program ended with this code.
    Exit {
        /// The program.
        program: String,
        /// Its exit code; 1 if a signal ended it.
        code: u8,
    },
    /// Something is wrong with the checkout.
    Wrong(String),
}

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).unwrap_or(here).to_owned()
}

/// A program that cargo built.
pub(crate) fn program(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("debug").join(name)
}

/// The cargo that runs this.
pub(crate) fn cargo_program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// `program`, to be run from the root.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Runs cargo.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Result<(), Failure> {
    run(command(cargo_program()).args(arguments))
}

/// Runs `command` to its end.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|err| Failure::Io(program.clone(), err))?;
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failure::Exit { program, code })
}

/// What `command` writes.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|err| Failure::Io(program.clone(), err))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(Failure::Wrong(format!("{program}: {}", String::from_utf8_lossy(&output.stderr))))
    }
}

/// A file below the root, as text.
pub(crate) fn read(path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(root().join(path)).map_err(|err| Failure::Io(path.to_owned(), err))
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(usage) => f.write_str(usage),
            Self::Io(what, err) => write!(f, "{what}: {err}"),
            Self::Exit { program, code } => write!(f, "{program} ended with {code}"),
            Self::Wrong(what) => f.write_str(what),
        }
    }
}
