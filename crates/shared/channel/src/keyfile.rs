//! Files that hold a secret of a program's own.
//!
//! Owns: that nobody else may read them, that they are durable before they are
//! used, and that none is ever overwritten. Never: what stands in them.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Longest such file, in octets.
pub const MAX: u64 = 64 * 1024;

/// Reads a secret.
///
/// # Errors
/// With the file's name: it is not there ([`io::ErrorKind::NotFound`]), is no
/// plain file or too long, or others may read it
/// ([`io::ErrorKind::PermissionDenied`]).
pub fn read(path: &Path) -> io::Result<String> {
    read_open(path).map_err(|err| named(path, &err))
}

fn read_open(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    // Of what was opened, so that nothing can be put in its place meanwhile.
    let meta = file.metadata()?;
    if !meta.is_file() || meta.len() > MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a key file"));
    }
    if meta.mode() & 0o077 != 0 {
        let why = format!("others may read it (mode {:03o}): chmod 600", meta.mode() & 0o777);
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
    }
    let mut text = String::new();
    file.take(MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes a new secret for the owner alone (0600). When it returns, file and
/// name are durable.
///
/// # Errors
/// With the file's name: it is there already
/// ([`io::ErrorKind::AlreadyExists`]), or cannot be written.
pub fn create(path: &Path, text: &str) -> io::Result<()> {
    create_new(path, text).map_err(|err| named(path, &err))
}

fn create_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(err) = written {
        // Half a key would stop every later start.
        let _ = std::fs::remove_file(path);
        return Err(err);
    }
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}

fn named(path: &Path, err: &io::Error) -> io::Error {
    io::Error::new(err.kind(), format!("{}: {err}", path.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn written_once_and_for_the_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.key");
        assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        create(&path, "secret\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&path).unwrap(), "secret\n");
        let again = create(&path, "other").unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert!(again.to_string().contains("audit.key"));
        assert_eq!(read(&path).unwrap(), "secret\n");
    }

    #[test]
    fn a_secret_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.key");
        create(&path, "secret").unwrap();
        for mode in [0o640, 0o604, 0o660, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::PermissionDenied, "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(read(&path).unwrap(), "secret");
    }

    #[test]
    fn other_things_are_no_key_files() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap_err().kind(), io::ErrorKind::InvalidData);
        let path = dir.path().join("long");
        create(&path, &"x".repeat(usize::try_from(MAX).unwrap() + 1)).unwrap();
        assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
