//! The bundle's file: under another name until it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use sekisho_safe_message::{MAX_SECRET, Secret, Sha256, Timestamp};
use sekisho_vault::{EncryptedZip, Hashed};
use serde::Serialize;

use super::Stop;
use crate::screen::Screen;

/// What stands in the archive.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) sha256: Sha256,
}

/// A bundle that is finished.
pub(super) struct Written {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) sha256: Sha256,
}

type Sink = Hashed<BufWriter<File>>;
type Zip = EncryptedZip<Sink>;
/// A member on its way.
pub(super) type Stream<'a> = sekisho_vault::Member<'a, Sink>;

/// A bundle on its way. Dropped before it is finished, it is gone.
pub(super) struct Output {
    zip: Option<Zip>,
    path: PathBuf,
    partial: PathBuf,
    at: Timestamp,
    members: Vec<Member>,
}

impl Output {
    /// For its owner alone, since it holds hostile and personal things.
    pub(super) fn create(path: &Path, password: Secret, at: Timestamp) -> Result<Self, Stop> {
        if path.symlink_metadata().is_ok() {
            return Err(Stop::File(path.to_owned(), io::ErrorKind::AlreadyExists.into()));
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(".part");
        let partial = PathBuf::from(partial);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial);
        let file = file.map_err(|err| Stop::File(partial.clone(), err))?;
        let zip = EncryptedZip::new(Hashed::new(BufWriter::new(file)), password);
        Ok(Self { zip: Some(zip), path: path.to_owned(), partial, at, members: Vec::new() })
    }

    /// Everything so far, in order.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// A whole member.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Stop> {
        let at = self.at;
        let sha256 = self.zip().and_then(|zip| zip.add(name, at, bytes)).map_err(|err| self.failed(err))?;
        self.took(name, bytes.len() as u64, sha256);
        Ok(())
    }

    /// A member of `size` octets, to be written, finished and then told of by
    /// [`Output::took`].
    pub(super) fn begin(&mut self, name: &str, size: u64) -> io::Result<Stream<'_>> {
        let at = self.at;
        self.zip()?.begin(name, at, size)
    }

    /// A member that was begun is finished, and has this digest.
    pub(super) fn took(&mut self, name: &str, size: u64, sha256: Sha256) {
        self.members.push(Member { name: name.to_owned(), size, sha256 });
    }

    /// Has the bundle on disk under its own name.
    pub(super) fn finish(mut self) -> Result<Written, Stop> {
        let zip = self.zip.take().ok_or_else(|| self.failed(io::ErrorKind::BrokenPipe.into()))?;
        let (writer, sha256, size) = zip.finish().map_err(|err| self.failed(err))?.finish();
        let synced = writer.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all());
        synced.map_err(|err| self.failed(err))?;
        named(&self.partial, &self.path).map_err(|err| Stop::File(self.path.clone(), err))?;
        Ok(Written { path: self.path.clone(), size, sha256 })
    }

    fn zip(&mut self) -> io::Result<&mut Zip> {
        self.zip.as_mut().ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    /// Something with the file itself.
    pub(super) fn failed(&self, err: io::Error) -> Stop {
        Stop::File(self.path.clone(), err)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // It has its own name by now, or it is of no use to anybody.
        let _ = fs::remove_file(&self.partial);
    }
}

/// Renames, and never replaces: another file may have come meanwhile.
fn named(partial: &Path, path: &Path) -> io::Result<()> {
    match renameat_with(CWD, partial, CWD, path, RenameFlags::NOREPLACE) {
        // Some network file systems cannot say "but do not replace".
        Err(Errno::INVAL | Errno::NOSYS) if path.symlink_metadata().is_err() => fs::rename(partial, path),
        renamed => renamed.map_err(io::Error::from),
    }
}

/// The first line of a file, as a password.
pub(super) fn password(path: &Path) -> Result<Secret, Stop> {
    let failed = |err| Stop::File(path.to_owned(), err);
    let file = File::open(path).map_err(failed)?;
    // Reserved whole, so that no copy stays behind where it grew; more than fits is no password.
    let mut line = String::with_capacity(MAX_SECRET + 3);
    BufReader::new(file.take(MAX_SECRET as u64 + 3)).read_line(&mut line).map_err(failed)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    let wrong = "no password in its first line (1 to 128 octets, no control characters)";
    Secret::new(line).ok_or_else(|| failed(io::Error::new(io::ErrorKind::InvalidData, wrong)))
}

/// Shows a password that was made, once, beside the output.
pub(super) fn show(password: &Secret, screen: &Screen) {
    let mut out = io::stderr().lock();
    let label = screen.t("パスワード", "Password");
    let _ = writeln!(out, "{label}  {}", password.reveal());
    if io::stderr().is_terminal() {
        let note = screen.t(
            "（二度と表示しません。ZIPとは別の方法で渡してください。）",
            "(It is not shown again. Hand it over by another way than the ZIP.)",
        );
        let _ = writeln!(out, "{note}");
    }
}
