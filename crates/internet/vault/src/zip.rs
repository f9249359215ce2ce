//! Encrypted ZIP archives (APPNOTE.TXT 6.3.3, WinZip's AE-2 with AES-256), as
//! 7-Zip and every newer unpacker open them.
//!
//! Members are stored, not deflated: what goes in is a mail in base64 or a few
//! lines of text. It writes straight on, and holds nothing but the directory.
//! Names and sizes are readable without the password; that is the format's way.

mod aes;
mod form;
mod hashed;

use std::collections::HashSet;
use std::io::{self, Write};

use ring::digest::{Context, SHA256};
use sekisho_safe_message::{Secret, Sha256, Timestamp};

use self::aes::{Lock, MAC, SALT, VERIFIER};
use self::form::Entry;
pub use self::hashed::Hashed;
use crate::chance;

/// What AE-2 adds to a member.
const OVERHEAD: u64 = (SALT + VERIFIER + MAC) as u64;
/// The format's bound without its 64-bit extension, which not every unpacker knows
/// together with encryption.
const MAX_ARCHIVE: u64 = u32::MAX as u64;
const MAX_MEMBERS: usize = u16::MAX as usize;

/// Writes one archive under one password.
pub struct EncryptedZip<W: Write> {
    to: W,
    password: Secret,
    offset: u64,
    entries: Vec<Entry>,
    names: HashSet<String>,
    /// Octets that the directory will have.
    directory: u64,
    /// A member was begun and not finished.
    open: bool,
}

impl<W: Write> EncryptedZip<W> {
    /// An archive that is written to `to`. Nothing is written yet.
    pub fn new(to: W, password: Secret) -> Self {
        Self { to, password, offset: 0, entries: Vec::new(), names: HashSet::new(), directory: 0, open: false }
    }

    /// A whole member; gives its digest. `name` is relative, with `/` between folders.
    ///
    /// # Errors
    /// As [`EncryptedZip::begin`].
    pub fn add(&mut self, name: &str, at: Timestamp, bytes: &[u8]) -> io::Result<Sha256> {
        let mut member = self.begin(name, at, bytes.len() as u64)?;
        member.write_all(bytes)?;
        member.finish()
    }

    /// A member of `size` octets, to be written and then finished. `at` is shown in Japan
    /// Standard Time, since the format knows no other than local time.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for a name that leaves the folder it is unpacked in, or stands twice;
    /// [`io::ErrorKind::FileTooLarge`] beyond 4 GiB or 65,535 members in all; what the writer says.
    pub fn begin(&mut self, name: &str, at: Timestamp, size: u64) -> io::Result<Member<'_, W>> {
        self.whole_so_far()?;
        if !form::good_name(name) || self.names.contains(name) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a bad name for a member of an archive"));
        }
        let mut salt = [0; SALT];
        chance::fill(&mut salt).map_err(io::Error::other)?;
        let sealed = size.checked_add(OVERHEAD).and_then(|sealed| u32::try_from(sealed).ok()).ok_or_else(too_large)?;
        let entry = Entry { name: name.to_owned(), at, size, sealed, offset: self.offset()? };
        let head = entry.local();
        let directory = self.directory + entry.directory_len();
        let end = self.offset + head.len() as u64 + u64::from(sealed) + directory + form::END;
        if end > MAX_ARCHIVE || self.entries.len() == MAX_MEMBERS {
            return Err(too_large());
        }
        let (lock, verifier) = Lock::new(&self.password, &salt);
        self.put(&head)?;
        self.put(&salt)?;
        self.put(&verifier)?;
        self.names.insert(name.to_owned());
        self.entries.push(entry);
        self.directory = directory;
        self.open = true;
        Ok(Member { zip: self, lock, digest: Context::new(&SHA256), left: size, sealed: Vec::new() })
    }

    /// Writes the directory; gives the writer back.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when a member was not finished; what the writer says.
    pub fn finish(mut self) -> io::Result<W> {
        self.whole_so_far()?;
        let start = self.offset()?;
        let mut directory = Vec::new();
        for entry in &self.entries {
            directory.extend(entry.directory());
        }
        directory.extend(form::end(self.entries.len(), directory.len(), start).ok_or_else(too_large)?);
        self.put(&directory)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn whole_so_far(&self) -> io::Result<()> {
        if self.open { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }

    fn offset(&self) -> io::Result<u32> {
        u32::try_from(self.offset).map_err(|_| too_large())
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.to.write_all(bytes)?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "an encrypted archive holds at most 4 GiB: make several")
}

/// A member on its way. If it is dropped before [`Member::finish`], the archive
/// cannot be finished.
pub struct Member<'a, W: Write> {
    zip: &'a mut EncryptedZip<W>,
    lock: Lock,
    /// Of the plain octets.
    digest: Context,
    left: u64,
    sealed: Vec<u8>,
}

impl<W: Write> Member<'_, W> {
    /// The member is complete; gives its digest.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when fewer octets came than were announced; what the writer says.
    pub fn finish(self) -> io::Result<Sha256> {
        if self.left > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mac = self.lock.finish();
        self.zip.put(&mac)?;
        self.zip.open = false;
        Ok(hashed::digest(self.digest))
    }
}

/// Octets encrypted at once.
const PIECE: usize = 64 * 1024;

impl<W: Write> Write for Member<'_, W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if buf.len() as u64 > self.left {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "more octets than the member was announced with"));
        }
        let piece = buf.get(..buf.len().min(PIECE)).unwrap_or_default();
        self.digest.update(piece);
        self.sealed.clear();
        self.sealed.extend_from_slice(piece);
        self.lock.update(&mut self.sealed);
        self.zip.put(&self.sealed)?;
        self.left -= piece.len() as u64;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.zip.to.flush()
    }
}
