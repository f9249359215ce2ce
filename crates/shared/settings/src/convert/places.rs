//! Paths: which folder a relative one starts from.

use std::path::{Path, PathBuf};

use crate::error::{Origin, Problem};
use crate::reading::{Given, Reader, Reading, given};

/// `<state_dir>`; a relative one stays relative to the working directory.
pub(super) fn state_dir(reading: &mut Reading<'_>) -> Option<PathBuf> {
    let written = reading.written;
    reading.text(given!(written.state_dir)).map(PathBuf::from)
}

/// A path below `<state_dir>`, unless it is absolute.
pub(super) fn below_state_dir(reading: &mut Reading<'_>, path: &str) -> Option<PathBuf> {
    Some(state_dir(reading)?.join(path))
}

/// A Unix socket's path below `<state_dir>`, unless it is absolute.
pub(super) fn socket<'a>(reading: &mut Reading<'a>, given: Given<'a, String>) -> Option<PathBuf> {
    let path = reading.text(given)?;
    let path = below_state_dir(reading, path)?;
    match fits_socket(&path) {
        Ok(()) => Some(path),
        Err(problem) => reading.blame_value(given, problem),
    }
}

/// unix(7): `sun_path` holds 108 bytes with the zero at the end.
pub(super) fn fits_socket(path: &Path) -> Result<(), Problem> {
    const LONGEST: usize = 107;
    match path.as_os_str().len() {
        length if length > LONGEST => Err(Problem::SocketPathTooLong(length)),
        _ => Ok(()),
    }
}

/// A file: absolute, relative to the configuration file's folder (to the working directory when an
/// environment variable names it), or `credential:NAME`.
#[expect(clippy::option_option, reason = "outside: an error was noted; inside: not set")]
pub(super) fn file<'a>(reading: &mut Reading<'a>, given: Given<'a, String>) -> Option<Option<PathBuf>> {
    let Some(text) = reading.optional(given, Ok)? else {
        return Some(None);
    };
    let path = match text.strip_prefix("credential:") {
        Some(name) => match credential(reading, name) {
            Some(path) => path,
            None if reading.reader == Reader::Onlooker => return Some(Some(PathBuf::from(text))),
            None => return reading.blame_value(given, Problem::NoCredential),
        },
        None => beside_file(reading, given.key, text),
    };
    reading.files.insert(given.key, path.clone());
    Some(Some(path))
}

fn credential(reading: &Reading<'_>, name: &str) -> Option<PathBuf> {
    let plain = !name.is_empty() && !name.contains('/') && name != "." && name != "..";
    let folder = reading.surroundings.credentials()?;
    plain.then(|| folder.join(name))
}

fn beside_file(reading: &Reading<'_>, key: &str, text: &str) -> PathBuf {
    match reading.origin(key) {
        Origin::File { path, .. } => path.parent().unwrap_or(Path::new("")).join(text),
        Origin::Named { .. } | Origin::Variable(_) | Origin::Default => PathBuf::from(text),
    }
}
