//! Sealing a body while it arrives.

use zeroize::Zeroizing;

use crate::body::{CHUNK, Chunks, KEY};
use crate::chance;
use crate::error::VaultError;
use crate::keys::Keys;

/// Seals one body. Holds at most one chunk of it.
pub struct Sealer {
    chunks: Chunks,
    /// What has come and may still turn out to be the last chunk.
    held: Vec<u8>,
}

impl Sealer {
    /// A sealer with a new random key, and that key wrapped under the current key of
    /// `keys`: the *seal*, to be kept beside the body.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`] when the operating system gives none.
    pub fn new(keys: &Keys) -> Result<(Self, Vec<u8>), VaultError> {
        let mut key = Zeroizing::new([0; KEY]);
        chance::fill(&mut key[..])?;
        let seal = keys.current().wrap(&key)?;
        Ok((Self { chunks: Chunks::new(&key)?, held: Vec::new() }, seal))
    }

    /// Takes the next plain octets; appends to `out` the chunks that are whole and
    /// not the last.
    pub fn update(&mut self, mut plain: &[u8], out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            let room = CHUNK - self.held.len();
            let (head, tail) = plain.split_at(room.min(plain.len()));
            self.held.extend_from_slice(head);
            plain = tail;
            if plain.is_empty() {
                return;
            }
            let held = std::mem::take(&mut self.held);
            self.put(&held, false, out);
            // The room is used again.
            self.held = held;
            self.held.clear();
        }
        // A whole chunk waits until more has come: it may be the last.
        while plain.len() > CHUNK {
            let (head, tail) = plain.split_at(CHUNK);
            self.put(head, false, out);
            plain = tail;
        }
        self.held.extend_from_slice(plain);
    }

    /// The body has ended: appends its last chunk to `out`.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        let held = std::mem::take(&mut self.held);
        self.put(&held, true, out);
    }

    fn put(&mut self, plain: &[u8], last: bool, out: &mut Vec<u8>) {
        let from = out.len();
        out.reserve(plain.len() + crate::body::TAG);
        out.extend_from_slice(plain);
        self.chunks.seal(last, out, from);
    }
}
