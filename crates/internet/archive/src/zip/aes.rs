//! WinZip's AES encryption, AE-1 and AE-2 (APPNOTE 7.2 and WinZip's own
//! specification of 2009).

use std::num::NonZeroU32;

use aes::cipher::{Block, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use ring::{hmac, pbkdf2};

use super::extra::Aes;

/// Rounds of PBKDF2.
const ROUNDS: NonZeroU32 = NonZeroU32::new(1000).expect("it is not zero");

/// Octets by which a password shows in front that it is wrong.
const VERIFIER: usize = 2;

/// Octets of HMAC-SHA-1 that are kept.
const CODE: usize = 10;

/// Octets of a block of AES.
const BLOCK: usize = 16;

/// Blocks that are made at once: processors do eight in the time of one.
const BLOCKS: usize = 64;

/// Octets of SHA-1, which PBKDF2 makes at once.
const SHA1: usize = 20;

/// A key to decrypt with, one to authenticate with, and the verifier.
pub(super) struct Keys([u8; 2 * 32 + VERIFIER]);

/// What an entry is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sealed<'a> {
    aes: Aes,
    salt: &'a [u8],
    verifier: &'a [u8],
    /// The packed content, encrypted.
    cipher: &'a [u8],
    code: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// Takes `body` apart; `None` if it is too short.
    pub(super) fn of(aes: Aes, body: &'a [u8]) -> Option<Self> {
        let (salt, rest) = body.split_at_checked(aes.key / 2)?;
        let (verifier, rest) = rest.split_at_checked(VERIFIER)?;
        let (cipher, code) = rest.split_at_checked(rest.len().checked_sub(CODE)?)?;
        Some(Self { aes, salt, verifier, cipher, code })
    }

    /// Octets of the packed content.
    pub(super) fn len(&self) -> u64 {
        self.cipher.len() as u64
    }

    /// Steps that one try takes: PBKDF2 runs SHA-1 twice in each of its rounds,
    /// for each piece of what it makes.
    pub(super) fn steps(&self) -> u64 {
        let pieces = (2 * self.aes.key + VERIFIER).div_ceil(SHA1) as u64;
        2 * u64::from(ROUNDS.get()) * pieces
    }

    /// The keys that `password` makes, if the verifier is theirs.
    pub(super) fn keys(&self, password: &[u8]) -> Option<Keys> {
        let mut keys = Keys([0; 2 * 32 + VERIFIER]);
        let made = keys.0.get_mut(..2 * self.aes.key + VERIFIER)?;
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, ROUNDS, self.salt, password, made);
        made.ends_with(self.verifier).then_some(keys)
    }

    /// The packed content. Nothing is decrypted before the authentication code
    /// is found right.
    pub(super) fn open(&self, keys: &Keys) -> Option<Vec<u8>> {
        let (key, rest) = keys.0.split_at_checked(self.aes.key)?;
        let mac = rest.get(..self.aes.key)?;
        let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, mac), self.cipher);
        if !code.as_ref().starts_with(self.code) {
            return None;
        }
        match self.aes.key {
            16 => Some(counted(&Aes128::new_from_slice(key).ok()?, self.cipher)),
            24 => Some(counted(&Aes192::new_from_slice(key).ok()?, self.cipher)),
            _ => Some(counted(&Aes256::new_from_slice(key).ok()?, self.cipher)),
        }
    }
}

/// Counter mode, the counter little-endian and from 1 on. All of AES has blocks
/// of 16 octets.
fn counted<C>(cipher: &C, octets: &[u8]) -> Vec<u8>
where
    C: BlockCipherEncrypt + BlockSizeUser,
    Block<C>: From<[u8; BLOCK]>,
{
    let mut out = octets.to_vec();
    let mut stream: Vec<Block<C>> = Vec::with_capacity(BLOCKS);
    let mut counter = 0_u128;
    for piece in out.chunks_mut(BLOCKS * BLOCK) {
        stream.clear();
        for _ in 0..piece.len().div_ceil(BLOCK) {
            counter += 1;
            stream.push(counter.to_le_bytes().into());
        }
        cipher.encrypt_blocks(&mut stream);
        for (octet, mask) in piece.iter_mut().zip(stream.iter().flat_map(|block| block.iter())) {
            *octet ^= mask;
        }
    }
    out
}
