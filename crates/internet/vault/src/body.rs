//! The form of a sealed body: chunks of AES-256-GCM under one key (STREAM of
//! Hoang, Reyhanitabar, Rogaway and Vizár, 2015).
//!
//! Each chunk has 16 KiB of plain octets, the last 0 to 16 KiB, and a tag of 16
//! octets behind. The nonce says its place and whether it is the last, so that
//! chunks cannot be exchanged, left out, or cut off. A body of a whole number of
//! chunks has no empty one behind; an empty body is one empty chunk.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::error::VaultError;

/// Plain octets of a chunk.
pub const CHUNK: usize = 16 * 1024;
/// Octets of a tag of AES-GCM.
pub(crate) const TAG: usize = 16;
/// Octets of a whole sealed chunk.
pub(crate) const SEALED: usize = CHUNK + TAG;

/// Octets of a body of `plain` octets once it is sealed.
#[must_use]
pub fn sealed_len(plain: u64) -> u64 {
    let chunks = plain.div_ceil(CHUNK as u64).max(1);
    plain.saturating_add(chunks.saturating_mul(TAG as u64))
}

/// Octets of a sealed body once it is opened; `None` where no body has this
/// length.
#[must_use]
pub fn plain_len(sealed: u64) -> Option<u64> {
    let chunks = sealed.div_ceil(SEALED as u64);
    let plain = sealed.checked_sub(chunks * TAG as u64)?;
    (chunks > 0 && sealed_len(plain) == sealed).then_some(plain)
}

/// The key of one body, and the place in it.
pub(crate) struct Chunks {
    key: LessSafeKey,
    next: u64,
}

/// Octets of a body's key.
pub(crate) const KEY: usize = 32;

impl Chunks {
    /// At the first chunk of the body that `key` is for.
    pub(crate) fn new(key: &Zeroizing<[u8; KEY]>) -> Result<Self, VaultError> {
        // The length is the algorithm's; ring has no other reason to refuse.
        let key = UnboundKey::new(&AES_256_GCM, &key[..]).map_err(|_| VaultError::DamagedSeal)?;
        Ok(Self { key: LessSafeKey::new(key), next: 0 })
    }

    /// Seals the next chunk, which is what stands in `out` from `from` on, where it
    /// stands, and puts its tag behind.
    pub(crate) fn seal(&mut self, last: bool, out: &mut Vec<u8>, from: usize) {
        let nonce = self.turn(last);
        let plain = out.get_mut(from..).unwrap_or_default();
        match self.key.seal_in_place_separate_tag(nonce, Aad::empty(), plain) {
            Ok(tag) => out.extend_from_slice(tag.as_ref()),
            // Only for a chunk of more than 64 GiB. What is not sealed must not stand.
            Err(_) => out.truncate(from),
        }
    }

    /// Opens the next chunk, which is what stands in `out` from `from` on, where it
    /// stands, and takes its tag away. After an error nothing of it stands.
    pub(crate) fn open(&mut self, last: bool, out: &mut Vec<u8>, from: usize) -> Result<(), VaultError> {
        let at = self.next.saturating_mul(CHUNK as u64);
        let nonce = self.turn(last);
        let sealed = out.get_mut(from..).unwrap_or_default();
        let plain = self.key.open_in_place(nonce, Aad::empty(), sealed).map(|plain| plain.len());
        out.truncate(from + plain.unwrap_or(0));
        plain.map(|_| ()).map_err(|_| VaultError::Damaged { at })
    }

    /// Three octets of zero, the place (u64, big-endian), and whether it is the last.
    /// No nonce comes twice, since each key seals one body from its beginning.
    fn turn(&mut self, last: bool) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        nonce[3..11].copy_from_slice(&self.next.to_be_bytes());
        nonce[11] = u8::from(last);
        // 2^64 chunks are more than any disk has.
        self.next = self.next.wrapping_add(1);
        Nonce::assume_unique_for_key(nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::{plain_len, sealed_len};

    #[test]
    fn lengths_answer_each_other() {
        for (plain, sealed) in
            [(0, 16), (1, 17), (16_383, 16_399), (16_384, 16_400), (16_385, 16_417), (32_768, 32_800)]
        {
            assert_eq!(sealed_len(plain), sealed, "{plain}");
            assert_eq!(plain_len(sealed), Some(plain), "{sealed}");
        }
        for none in [0, 1, 15, 16_401, 16_416] {
            assert_eq!(plain_len(none), None, "{none}");
        }
        assert_eq!(plain_len(u64::MAX).map(sealed_len).unwrap_or(u64::MAX), u64::MAX);
    }
}
