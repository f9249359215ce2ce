//! The other programs that the tests talk to.

use std::env;
use std::path::Path;

use crate::shell::{self, Failure};

/// A program, and Debian's package that has it.
const WANTED: [(&str, &str); 7] = [
    ("swaks", "swaks"),
    ("smtp-source", "postfix"),
    ("smtp-sink", "postfix"),
    ("systemd-analyze", "systemd"),
    ("python3", "python3"),
    ("openssl", "openssl"),
    ("tmux", "tmux"),
];

/// Makes sure that all are there. Packages are installed only where that was
/// asked for: by `install`, or in CI.
pub(crate) fn ensure(install: bool) -> Result<(), Failure> {
    if missing().is_empty() {
        return Ok(());
    }
    if (install || env::var_os("CI").is_some()) && is_root() {
        shell::run(&mut shell::command(shell::root().join(".ci/install")))?;
    }
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Wrong(format!(
        "the tests talk to other programs, and these are missing: {}\n\
         As root, `cargo xtask test --install` gets them and starts none of them; or by hand:\n\
         apt-get install --no-install-recommends {}",
        join(missing.iter().map(|(program, _)| *program)),
        join(missing.iter().map(|(_, package)| *package)),
    )))
}

fn missing() -> Vec<(&'static str, &'static str)> {
    WANTED.into_iter().filter(|(program, _)| !is_there(program)).collect()
}

/// Whether `program` is installed; mail servers' programs are often not on a
/// user's path.
pub(crate) fn is_there(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(Into::into));
    folders.into_iter().any(|folder| folder.join(program).is_file())
}

fn join<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<_> = words.collect();
    all.dedup();
    all.join(" ")
}

/// Whose files /proc/self are.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    Path::new("/proc/self").metadata().is_ok_and(|meta| meta.uid() == 0)
}
