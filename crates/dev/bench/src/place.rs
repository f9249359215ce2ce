//! Where a developer's run takes place: its folder, its programs, its commit.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::error::BenchError;
use crate::machine;

/// A folder for state, queues and logs below `parent`; gone when dropped.
///
/// # Errors
/// If it lies in memory or cannot be made.
pub fn folder(parent: &Path) -> Result<TempDir, BenchError> {
    machine::must_be_on_disk(parent)?;
    let dir = tempfile::Builder::new().prefix("sekisho-bench-").tempdir_in(parent);
    let dir = dir.map_err(BenchError::system(parent.display().to_string()))?;
    // Postfix runs as its own user and must reach its queue.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))
        .map_err(BenchError::system(dir.path().display().to_string()))?;
    Ok(dir)
}

/// The `sekisho` beside this program: both of one build.
///
/// # Errors
/// [`BenchError::Plan`] if it is not built.
pub fn program() -> Result<PathBuf, BenchError> {
    let own = std::env::current_exe().map_err(BenchError::system("find this program"))?;
    // An example stands one folder below.
    let beside = [own.with_file_name("sekisho"), own.with_file_name("..").join("sekisho")];
    let [expected, _] = &beside;
    let expected = format!("{} is not built: run `cargo xtask bench`", expected.display());
    beside.into_iter().find(|program| program.is_file()).ok_or(BenchError::Plan(expected))
}

/// The commit that was built, as far as git knows.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match (git(&["rev-parse", "--short", "HEAD"]), git(&["status", "--porcelain"])) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit} and changes not committed"),
        (None, _) => "unknown".to_owned(),
    }
}
