//! Opening a body while it is read.

use std::io::{self, Read};

use crate::body::{Chunks, SEALED};
use crate::error::VaultError;
use crate::keys::Keys;
use crate::wrap;

/// Opens one body. Holds at most one chunk of it, and gives nothing that its tag
/// did not vouch for.
pub struct Unsealer {
    /// `None` for a body that was stored as it is.
    chunks: Option<Chunks>,
    /// What has come and may still turn out to be the last chunk.
    held: Vec<u8>,
}

impl Unsealer {
    /// For the body with this seal. An empty seal is that of a body stored before
    /// bodies were sealed: it is given as it is.
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`], [`VaultError::WrongKey`], [`VaultError::DamagedSeal`].
    pub fn new(keys: &Keys, seal: &[u8]) -> Result<Self, VaultError> {
        let chunks = match seal {
            [] => None,
            seal => Some(Chunks::new(&wrap::unwrap(keys, seal)?)?),
        };
        Ok(Self { chunks, held: Vec::new() })
    }

    /// Takes the next sealed octets; appends to `out` what they open.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] when they are not what was sealed.
    pub fn update(&mut self, mut sealed: &[u8], out: &mut Vec<u8>) -> Result<(), VaultError> {
        let Some(chunks) = &mut self.chunks else {
            out.extend_from_slice(sealed);
            return Ok(());
        };
        if !self.held.is_empty() {
            let room = SEALED - self.held.len();
            let (head, tail) = sealed.split_at(room.min(sealed.len()));
            self.held.extend_from_slice(head);
            sealed = tail;
            if sealed.is_empty() {
                return Ok(());
            }
            put(chunks, &self.held, false, out)?;
            self.held.clear();
        }
        while sealed.len() > SEALED {
            let (head, tail) = sealed.split_at(SEALED);
            put(chunks, head, false, out)?;
            sealed = tail;
        }
        self.held.extend_from_slice(sealed);
        Ok(())
    }

    /// The sealed octets have ended: appends the last chunk to `out`.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] when they end where the body does not.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), VaultError> {
        match &mut self.chunks {
            Some(chunks) => put(chunks, &self.held, true, out),
            None => Ok(()),
        }
    }
}

fn put(chunks: &mut Chunks, sealed: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), VaultError> {
    let from = out.len();
    out.extend_from_slice(sealed);
    chunks.open(last, out, from)
}

/// A reader of the plain octets of a sealed body.
///
/// Damage is an error of kind [`io::ErrorKind::InvalidData`] with a
/// [`VaultError`] inside; after it, and after the end, it reads nothing more.
pub struct Opener<R> {
    from: R,
    /// `None` once everything was read, or something was wrong.
    unsealer: Option<Unsealer>,
    sealed: Box<[u8]>,
    plain: Vec<u8>,
    given: usize,
}

impl<R: Read> Opener<R> {
    /// Of the sealed octets in `from`, with this seal.
    ///
    /// # Errors
    /// As [`Unsealer::new`].
    pub fn new(keys: &Keys, seal: &[u8], from: R) -> Result<Self, VaultError> {
        let unsealer = Some(Unsealer::new(keys, seal)?);
        Ok(Self { from, unsealer, sealed: vec![0; SEALED].into_boxed_slice(), plain: Vec::new(), given: 0 })
    }

    /// Opens more, until there is something to give or everything was read.
    fn more(&mut self) -> io::Result<()> {
        self.plain.clear();
        self.given = 0;
        while self.plain.is_empty() {
            let Some(mut unsealer) = self.unsealer.take() else { return Ok(()) };
            match self.from.read(&mut self.sealed) {
                Ok(0) => unsealer.finish(&mut self.plain)?,
                Ok(count) => {
                    unsealer.update(self.sealed.get(..count).unwrap_or_default(), &mut self.plain)?;
                    self.unsealer = Some(unsealer);
                }
                Err(err) => {
                    self.unsealer = Some(unsealer);
                    return Err(err);
                }
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.given == self.plain.len() {
            self.more()?;
        }
        let rest = self.plain.get(self.given..).unwrap_or_default();
        let count = rest.len().min(buf.len());
        let (head, _) = rest.split_at(count);
        buf.get_mut(..count).unwrap_or_default().copy_from_slice(head);
        self.given += count;
        Ok(count)
    }
}
