//! A key file on disk: read within bounds, made for its owner alone, changed
//! whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::KeyId;
use crate::chance;
use crate::error::{LineFault, VaultError};

/// A thousand keys; nobody changes them so often.
const MAX_FILE: u64 = 64 * 1024;
/// Where systemd puts credentials (`LoadCredential=`): in a directory that only the
/// service enters, readable for a group, since its access list is shown as one.
const CREDENTIALS: &str = "/run/credentials";

const HEADING: &str = "\
# 関所の原本の鍵。最初の行の鍵で封緘し、残りの鍵は古い原本を開くためにある。
# 失うと原本は二度と開けない。写しを別の場所に安全に保管すること。
# Keys of Sekisho's vault. The first one seals; the others open what was sealed before.
# Without them no original can be opened: keep a copy in another, safe place.
";

/// The octets of a key file that only its owner may read.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let failed = |err: io::Error| match err.kind() {
        io::ErrorKind::NotFound => VaultError::NoKeyFile(path.to_owned()),
        _ => VaultError::Io(path.to_owned(), err),
    };
    // A FIFO would wait for a writer for ever.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(VaultError::NotAKeyFile(path.to_owned()));
    }
    let file = File::open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    let mode = meta.mode() & 0o7777;
    let open_to = if path.starts_with(CREDENTIALS) { 0o037 } else { 0o077 };
    if mode & open_to != 0 {
        return Err(VaultError::Exposed(path.to_owned(), mode));
    }
    // Reserved whole, so that no copy stays behind where it grew.
    let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(MAX_FILE).unwrap_or(0) + 1));
    file.take(MAX_FILE + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > MAX_FILE || !meta.is_file() {
        return Err(VaultError::NotAKeyFile(path.to_owned()));
    }
    Ok(text)
}

/// The lines that count, each with its number from 1.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = text.split(|c| *c == b'\n').map(<[u8]>::trim_ascii).enumerate();
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(b"#")).map(|(at, line)| (at + 1, line))
}

/// The key that a line has.
pub(super) fn key(line: &[u8]) -> Result<(KeyId, Zeroizing<[u8; 32]>), LineFault> {
    let line = str::from_utf8(line).map_err(|_| LineFault::Form)?;
    let (id, key) = line.split_once(':').ok_or(LineFault::Form)?;
    let id = KeyId::new(id.trim_ascii()).ok_or(LineFault::Id)?;
    // Room for what base64 may write at most for a key: 3 octets for each 4 letters.
    let mut octets = Zeroizing::new([0; 33]);
    let count = STANDARD.decode_slice(key.trim_ascii(), &mut octets[..]).map_err(|_| LineFault::Key)?;
    let secret: [u8; 32] = octets.get(..count).and_then(|key| key.try_into().ok()).ok_or(LineFault::Key)?;
    Ok((id, Zeroizing::new(secret)))
}

/// Makes a key file with a new key.
pub(super) fn create(path: &Path, id: &KeyId) -> Result<(), VaultError> {
    let mut text = Zeroizing::new(Vec::with_capacity(HEADING.len() + LINE));
    text.extend_from_slice(HEADING.as_bytes());
    line(id, &mut text)?;
    let file = new_file(path)?;
    finish(file, path, &text).inspect_err(|_| {
        // What is left of a failed write is no key file.
        let _ = fs::remove_file(path);
    })
}

/// Writes the file anew with a new key before those in `old`.
pub(super) fn prepend(path: &Path, id: &KeyId, old: &[u8]) -> Result<(), VaultError> {
    let failed = |err| VaultError::Io(path.to_owned(), err);
    let mut text = Zeroizing::new(Vec::with_capacity(old.len() + LINE));
    // The comments at the top stay there.
    let top = old.split_inclusive(|c| *c == b'\n').take_while(|line| line.starts_with(b"#")).map(<[u8]>::len).sum();
    let (heading, rest) = old.split_at_checked(top).unwrap_or((&[], old));
    text.extend_from_slice(heading);
    line(id, &mut text)?;
    text.extend_from_slice(rest);
    let meta = fs::metadata(path).map_err(failed)?;
    let partial = beside(path);
    let file = new_file(&partial)?;
    let owned = fchown(&file, Some(meta.uid()), Some(meta.gid()))
        .and_then(|()| file.set_permissions(Permissions::from_mode(meta.mode() & 0o7777)));
    owned
        .map_err(failed)
        .and_then(|()| finish(file, &partial, &text))
        .and_then(|()| fs::rename(&partial, path).and_then(|()| sync_parent(path)).map_err(failed))
        .inspect_err(|_| {
            // Ours, and of no use; when it was renamed there is nothing to remove.
            let _ = fs::remove_file(&partial);
        })
}

/// More than a line takes.
const LINE: usize = 128;

/// Appends a line with a new random key.
fn line(id: &KeyId, text: &mut Vec<u8>) -> Result<(), VaultError> {
    let mut secret = Zeroizing::new([0; 32]);
    chance::fill(&mut secret[..])?;
    let mut letters = Zeroizing::new([0; 44]);
    // 32 octets are 44 letters.
    STANDARD.encode_slice(&secret[..], &mut letters[..]).map_err(|_| VaultError::NoRandomness)?;
    text.extend_from_slice(id.as_str().as_bytes());
    text.push(b':');
    text.extend_from_slice(&letters[..]);
    text.push(b'\n');
    Ok(())
}

fn new_file(path: &Path) -> Result<File, VaultError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(|err| match err.kind() {
        io::ErrorKind::AlreadyExists => VaultError::Exists(path.to_owned()),
        _ => VaultError::Io(path.to_owned(), err),
    })
}

fn finish(mut file: File, path: &Path, text: &[u8]) -> Result<(), VaultError> {
    let written = file.write_all(text).and_then(|()| file.sync_all()).and_then(|()| sync_parent(path));
    written.map_err(|err| VaultError::Io(path.to_owned(), err))
}

/// A name is on disk when its directory is.
fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

/// Where the file is written before it takes its name.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}
