//! The key of a body, wrapped under a key of the file: the *seal*.
//!
//! Version (1), length of the key's id, the id, a random nonce of 12 octets, then
//! AES-256-GCM of the body's 32 octets of key, with everything before the nonce as
//! associated data.

use ring::aead::{Aad, NONCE_LEN, Nonce};
use zeroize::Zeroizing;

use crate::body::{KEY, TAG};
use crate::chance;
use crate::error::VaultError;
use crate::keys::{Key, KeyId, Keys};

const VERSION: u8 = 1;

/// The id of the key that a seal is under; `None` for an empty seal, and for what
/// is no seal.
#[must_use]
pub fn key_of(seal: &[u8]) -> Option<KeyId> {
    Parts::read(seal).map(|parts| parts.id)
}

/// Octets at the front of a seal that are the same for all bodies under its key, and
/// for those alone; 0 for an empty seal.
#[must_use]
pub fn key_prefix(seal: &[u8]) -> usize {
    Parts::read(seal).map_or(0, |parts| parts.head.len())
}

/// The seal of the same body under the current key; `None` where there is nothing
/// to do: it is under that key already, or it is empty.
///
/// # Errors
/// [`VaultError::UnknownKey`], [`VaultError::WrongKey`], [`VaultError::DamagedSeal`]:
/// this one cannot be wrapped anew, and the others still can.
pub fn rewrap(keys: &Keys, seal: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
    if seal.is_empty() || key_of(seal).as_ref() == Some(keys.current_id()) {
        return Ok(None);
    }
    keys.current().wrap(&unwrap(keys, seal)?).map(Some)
}

/// The body's key out of its seal.
pub(crate) fn unwrap(keys: &Keys, seal: &[u8]) -> Result<Zeroizing<[u8; KEY]>, VaultError> {
    let parts = Parts::read(seal).ok_or(VaultError::DamagedSeal)?;
    let fault = |id: KeyId| (id, keys.path().to_owned());
    let Some(key) = keys.find(&parts.id) else {
        let (id, file) = fault(parts.id);
        return Err(VaultError::UnknownKey { id, file });
    };
    let mut wrapped = Zeroizing::new(parts.wrapped);
    let nonce = Nonce::assume_unique_for_key(parts.nonce);
    match key.wrapping.open_in_place(nonce, Aad::from(parts.head), &mut wrapped[..]) {
        Ok(plain) => {
            let mut out = Zeroizing::new([0; KEY]);
            out.copy_from_slice(plain);
            Ok(out)
        }
        Err(_) => {
            let (id, file) = fault(parts.id);
            Err(VaultError::WrongKey { id, file })
        }
    }
}

impl Key {
    /// The seal of a body that is sealed under `plain`.
    pub(crate) fn wrap(&self, plain: &Zeroizing<[u8; KEY]>) -> Result<Vec<u8>, VaultError> {
        let id = self.id.as_str().as_bytes();
        let mut seal = Vec::with_capacity(2 + id.len() + NONCE_LEN + KEY + TAG);
        // An id has at most 32 octets.
        seal.extend([VERSION, u8::try_from(id.len()).unwrap_or(u8::MAX)]);
        seal.extend_from_slice(id);
        // SP 800-38D 8.3: random nonces bear 2^32 wrappings, 39 years at 300,000 a day.
        let mut nonce = [0; NONCE_LEN];
        chance::fill(&mut nonce)?;
        let mut wrapped = Zeroizing::new([0; KEY]);
        wrapped.copy_from_slice(&plain[..]);
        let tag = self
            .wrapping
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&seal), &mut wrapped[..])
            // Only for more than 64 GiB.
            .map_err(|_| VaultError::DamagedSeal)?;
        seal.extend_from_slice(&nonce);
        seal.extend_from_slice(&wrapped[..]);
        seal.extend_from_slice(tag.as_ref());
        Ok(seal)
    }
}

/// A seal taken apart.
struct Parts<'a> {
    id: KeyId,
    head: &'a [u8],
    nonce: [u8; NONCE_LEN],
    wrapped: [u8; KEY + TAG],
}

impl<'a> Parts<'a> {
    fn read(seal: &'a [u8]) -> Option<Self> {
        let [VERSION, count, rest @ ..] = seal else { return None };
        let count = usize::from(*count);
        let (id, rest) = rest.split_at_checked(count)?;
        let (nonce, wrapped) = rest.split_first_chunk()?;
        let (head, _) = seal.split_at_checked(2 + count)?;
        let id = KeyId::new(str::from_utf8(id).ok()?)?;
        Some(Self { id, head, nonce: *nonce, wrapped: wrapped.try_into().ok()? })
    }
}
