//! Ed25519 (RFC 8032): who says that a chain is as it was.

use std::fmt;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sekisho_safe_message::Sha256;
use serde::{Deserialize, Serialize};

use crate::{Chain, Checkpoint, Entry, Hash, Pruned, hex};

/// What a signature is about: part of what is signed, so that none passes for
/// the other.
const CHECKPOINT: &[u8] = b"sekisho audit checkpoint 1\0";
const PRUNED: &[u8] = b"sekisho audit pruned 1\0";

/// A private key, and whose record it signs. Never shown.
pub struct Signer {
    pair: Ed25519KeyPair,
    chain: Chain,
}

/// What signatures are checked with; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; 32]);

/// A signature; written as 128 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature([u8; 64]);

/// A private key's text is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyError;

impl Signer {
    /// The signer with this secret: 32 octets of chance.
    ///
    /// # Errors
    /// [`KeyError`]: never for 32 octets, says RFC 8032 5.1.5.
    pub fn from_seed(seed: &[u8; 32], chain: Chain) -> Result<Self, KeyError> {
        Ok(Self { pair: Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError)?, chain })
    }

    /// The signer of a key file: 64 hexadecimal digits (as of
    /// `openssl rand -hex 32`) on one line; lines that begin with `#` are not
    /// read.
    ///
    /// # Errors
    /// [`KeyError`] if that is not what the text is.
    pub fn from_text(text: &str, chain: Chain) -> Result<Self, KeyError> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (Some(line), None) = (lines.next(), lines.next()) else { return Err(KeyError) };
        Self::from_seed(&hex::read(line).ok_or(KeyError)?, chain)
    }

    /// The text of a key file with this secret.
    #[must_use]
    pub fn text(seed: &[u8; 32]) -> String {
        format!("# Sekisho: the key that signs the audit record. Keep it secret.\n{}\n", hex::write(seed))
    }

    /// Whose record it signs.
    #[must_use]
    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// What its signatures are checked with.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let mut out = [0; 32];
        out.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(out)
    }

    /// The entry that signs the chain up to `number`, whose hash is `hash`.
    #[must_use]
    pub fn checkpoint(&self, at_ms: u64, number: u64, hash: &Hash) -> Entry {
        let signature = self.sign(&message(CHECKPOINT, self.chain, at_ms, number, hash));
        let (chain, hash, key) = (self.chain, Sha256::from_bytes(*hash), self.public_key());
        Entry::Checkpoint(Box::new(Checkpoint { at_ms, chain, number, hash, key, signature }))
    }

    /// The entry that says that the chain was deleted up to `up_to`, whose hash
    /// was `hash`.
    #[must_use]
    pub fn pruned(&self, at_ms: u64, up_to: u64, hash: &Hash) -> Entry {
        let signature = self.sign(&message(PRUNED, self.chain, at_ms, up_to, hash));
        let (chain, hash, key) = (self.chain, Sha256::from_bytes(*hash), self.public_key());
        Entry::Pruned(Box::new(Pruned { at_ms, chain, up_to, hash, key, signature }))
    }

    fn sign(&self, message: &[u8]) -> Signature {
        let mut out = [0; 64];
        out.copy_from_slice(self.pair.sign(message).as_ref());
        Signature(out)
    }
}

impl Checkpoint {
    /// Whether its signature is good for what it says.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        let message = message(CHECKPOINT, self.chain, self.at_ms, self.number, self.hash.as_bytes());
        self.key.has_signed(&message, &self.signature)
    }
}

impl Pruned {
    /// Whether its signature is good for what it says.
    #[must_use]
    pub fn is_genuine(&self) -> bool {
        let message = message(PRUNED, self.chain, self.at_ms, self.up_to, self.hash.as_bytes());
        self.key.has_signed(&message, &self.signature)
    }
}

impl PublicKey {
    fn has_signed(&self, message: &[u8], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, &signature.0).is_ok()
    }
}

/// Label, chain and NUL, time, number (u64, big-endian), hash.
fn message(label: &[u8], chain: Chain, at_ms: u64, number: u64, hash: &Hash) -> Vec<u8> {
    let (at_ms, number) = (at_ms.to_be_bytes(), number.to_be_bytes());
    [label, chain.code().as_bytes(), b"\0", &at_ms, &number, hash].concat()
}

impl TryFrom<String> for PublicKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        hex::read(&text).map(Self).ok_or("a public key is 64 lower-case hexadecimal digits")
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        hex::write(&key.0)
    }
}

impl TryFrom<String> for Signature {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        hex::read(&text).map(Self).ok_or("a signature is 128 lower-case hexadecimal digits")
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        hex::write(&signature.0)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::write(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::write(&self.0))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("chain", &self.chain).field("key", &self.public_key()).finish_non_exhaustive()
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the audit key is one line of 64 lower-case hexadecimal digits (openssl rand -hex 32)")
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn signer(seed: u8, chain: Chain) -> Signer {
        Signer::from_seed(&[seed; 32], chain).unwrap()
    }

    #[test]
    fn the_key_file_is_read_as_written() {
        let key = |text: &str| Signer::from_text(text, Chain::Inner).map(|signer| signer.public_key());
        let text = Signer::text(&[7; 32]);
        assert_eq!(key(&text), Ok(signer(7, Chain::Inner).public_key()));
        assert_eq!(key(&"07".repeat(32)), key(&text));
        for bad in ["", "# only\n", &"07".repeat(31), &"0G".repeat(32), &format!("{text}{text}")] {
            assert_eq!(key(bad), Err(KeyError), "{bad}");
        }
    }

    #[test]
    fn rfc_8032_test_1() {
        let seed = hex::read("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert_eq!(Signer::from_seed(&seed, Chain::Outer).unwrap().public_key().to_string(), public);
    }

    #[test]
    fn a_signature_is_for_one_statement() {
        let Entry::Checkpoint(good) = signer(1, Chain::Inner).checkpoint(5, 6, &[7; 32]) else { panic!() };
        assert!(good.is_genuine());
        let other = signer(2, Chain::Inner).public_key();
        let hash = Sha256::from_bytes([8; 32]);
        for bad in [
            Checkpoint { at_ms: 4, ..*good },
            Checkpoint { chain: Chain::Outer, ..*good },
            Checkpoint { number: 7, ..*good },
            Checkpoint { hash, ..*good },
            Checkpoint { key: other, ..*good },
        ] {
            assert!(!bad.is_genuine(), "{bad:?}");
        }
        let Checkpoint { at_ms, chain, number, hash, key, signature } = *good;
        assert!(!Pruned { at_ms, chain, up_to: number, hash, key, signature }.is_genuine());
        let Entry::Pruned(pruned) = signer(1, Chain::Inner).pruned(5, 6, &[7; 32]) else { panic!() };
        assert!(pruned.is_genuine());
        assert!(!format!("{:?}", signer(1, Chain::Inner)).contains("0101"));
    }
}
