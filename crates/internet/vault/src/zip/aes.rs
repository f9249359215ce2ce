//! AE-2 (winzip.com/en/support/aes-encryption): AES-256 in counter mode, little-endian from
//! 1, under a key of PBKDF2-HMAC-SHA1, and ten octets of HMAC-SHA1 over what is encrypted.
//!
//! SHA-1 and a thousand rounds are what the format says. The password must be long, which
//! [`crate::password()`] sees to.

use std::num::NonZeroU32;

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes256Enc, Block};
use ring::{hmac, pbkdf2};
use sekisho_safe_message::Secret;
use zeroize::Zeroizing;

/// Octets of a salt for AES-256.
pub(super) const SALT: usize = 16;
/// Octets by which a wrong password is seen at once.
pub(super) const VERIFIER: usize = 2;
/// Octets of the code behind a member.
pub(super) const MAC: usize = 10;

const KEY: usize = 32;
const BLOCK: usize = 16;
const ROUNDS: NonZeroU32 = NonZeroU32::new(1000).expect("not zero");
/// Blocks encrypted at once: as many as the processor takes side by side, and some.
const RUN: usize = 64;

/// What encrypts one member and vouches for it.
pub(super) struct Lock {
    cipher: Aes256Enc,
    mac: hmac::Context,
    counter: u128,
    /// The counter's blocks, encrypted, and how much of them is used.
    stream: Zeroizing<[u8; RUN * BLOCK]>,
    used: usize,
}

impl Lock {
    /// Of a member with this salt, and its verifier.
    pub(super) fn new(password: &Secret, salt: &[u8; SALT]) -> (Self, [u8; VERIFIER]) {
        let mut keys = Zeroizing::new([0; KEY + KEY + VERIFIER]);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, ROUNDS, salt, password.reveal().as_bytes(), &mut keys[..]);
        let (cipher, rest) = keys.split_at(KEY);
        let (mac, verifier) = rest.split_at(KEY);
        let mut key = aes::cipher::Key::<Aes256Enc>::default();
        key.copy_from_slice(cipher);
        let lock = Self {
            cipher: Aes256Enc::new(&key),
            mac: hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, mac)),
            counter: 1,
            stream: Zeroizing::new([0; RUN * BLOCK]),
            used: RUN * BLOCK,
        };
        (lock, [verifier[0], verifier[1]])
    }

    /// Encrypts the next octets where they stand.
    pub(super) fn update(&mut self, bytes: &mut [u8]) {
        let mut rest = &mut *bytes;
        while !rest.is_empty() {
            if self.used == self.stream.len() {
                self.refill();
            }
            let stream = self.stream.get(self.used..).unwrap_or_default();
            let count = stream.len().min(rest.len());
            let (head, tail) = rest.split_at_mut(count);
            head.iter_mut().zip(stream).for_each(|(octet, key)| *octet ^= key);
            self.used += count;
            rest = tail;
        }
        self.mac.update(bytes);
    }

    /// The code that vouches for all of it.
    pub(super) fn finish(self) -> [u8; MAC] {
        let mut mac = [0; MAC];
        mac.copy_from_slice(&self.mac.sign().as_ref()[..MAC]);
        mac
    }

    fn refill(&mut self) {
        let mut blocks = [Block::default(); RUN];
        for block in &mut blocks {
            block.copy_from_slice(&self.counter.to_le_bytes());
            self.counter = self.counter.wrapping_add(1);
        }
        self.cipher.encrypt_blocks(&mut blocks);
        for (to, block) in self.stream.chunks_exact_mut(BLOCK).zip(&blocks) {
            to.copy_from_slice(block);
        }
        self.used = 0;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::Lock;
    use sekisho_safe_message::Secret;

    /// Written by pyzipper 0.4 (Python, pycryptodomex): what another program makes of the same password, salt and text.
    #[test]
    fn another_program_encrypts_alike() {
        let password = Secret::new("関所-23456").unwrap();
        let salt = 0x5f41_422e_2f33_3220_2799_4317_a280_a52c_u128.to_be_bytes();
        for piece in [1, 7, 16, 323] {
            let mut text = [&b"sekisho ".repeat(40)[..], b"end"].concat();
            let (mut lock, verifier) = Lock::new(&password, &salt);
            text.chunks_mut(piece).for_each(|part| lock.update(part));
            assert_eq!(verifier, [0xb4, 0x33]);
            assert_eq!(text[..16], 0x70fe_c740_1640_54c3_e977_d680_ca50_d988_u128.to_be_bytes());
            assert_eq!(text[text.len() - 16..], 0xc907_5168_8dac_7c57_ac25_b841_5dd9_f06a_u128.to_be_bytes());
            assert_eq!(lock.finish(), [0x40, 0xa9, 0xf0, 0xce, 0x63, 0xdb, 0x48, 0xe0, 0x8b, 0x97]);
        }
    }
}
