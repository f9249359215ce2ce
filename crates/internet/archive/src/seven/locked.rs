//! Blocks and headers of 7z that are encrypted (AES-256, the key by 2^19 rounds
//! of SHA-256 or as many as the archive says), and the passwords tried on them.
//!
//! A password is believed when a checksum says so. The crate holds the last key
//! it made, for as long as the worker lives: one mail.

use std::io::Cursor;

use sekisho_disarm::Refusal;
use sevenz_rust2::{Archive, Block, Coder, EncoderMethod, Password};

use super::START;
use crate::fields::Fields;
use crate::walk::Walk;

/// More rounds, as a power of two, the crate refuses, and 7-Zip too.
const MAX_POWER: u8 = 24;

/// Octets that SHA-256 takes at once, each time a step's work, and how many
/// more a round costs than it hashes.
const SHA256: u64 = 64;
const ROUND: u64 = 32;

/// Octets that are decrypted in the time of one step.
const OCTETS_OF_STEP: u64 = 64;

/// Longest salt.
const MAX_SALT: u64 = 16;

/// What a key was made of: rounds and salt as the archive says, and the place
/// of the password.
pub(super) type Made = Option<(Vec<u8>, usize)>;

/// Whether a block is encrypted.
pub(super) fn is_locked(block: &Block) -> bool {
    block.coders.iter().any(is_cipher)
}

fn is_cipher(coder: &Coder) -> bool {
    coder.encoder_method_id() == EncoderMethod::ID_AES256_SHA256
}

/// Whether the archive may be read, so far as passwords go: none is asked for,
/// or there are some, and what each opens has a checksum.
pub(super) fn admit(archive: &Archive, walk: &Walk<'_, '_>) -> Result<(), Refusal> {
    let locked = |at: usize| archive.is_file_encrypted(at);
    let mut files = archive.files.iter().enumerate();
    let is_shut = |has_crc: bool| walk.keys.is_empty() || !has_crc;
    let shut = files.any(|(at, file)| locked(at) && is_shut(file.has_crc || !file.has_stream));
    if shut { Err(Refusal::Encrypted) } else { Ok(()) }
}

/// The archive whose header is encrypted.
pub(super) fn header(octets: &[u8], source: &mut Cursor<&[u8]>, walk: &mut Walk<'_, '_>) -> Result<Archive, Refusal> {
    let power = power_of_header(octets);
    for place in walk.keys.places() {
        let password = Password::from(walk.keys.text(place));
        walk.budget.steps(rounds(power, MAX_SALT, &password))?;
        // What a wrong password makes of it may break in any way.
        if let Ok(archive) = super::header(source, &password) {
            walk.keys.opened(place);
            return Ok(archive);
        }
    }
    Err(Refusal::Encrypted)
}

/// Gives out the entries of an encrypted block.
pub(super) fn block(
    archive: &Archive,
    at: usize,
    source: &mut Cursor<&[u8]>,
    made: &mut Made,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Refusal> {
    let Some(block) = archive.blocks.get(at) else { return Ok(()) };
    for place in walk.keys.places() {
        let password = Password::from(walk.keys.text(place));
        walk.budget.steps(block.get_unpack_size() / OCTETS_OF_STEP)?;
        for coder in block.coders.iter().filter(|coder| is_cipher(coder)) {
            derive(coder.properties(), place, &password, made, walk)?;
        }
        if super::block(archive, at, source, &password, walk)? {
            walk.keys.opened(place);
            return Ok(());
        }
    }
    Err(Refusal::Encrypted)
}

/// Pays for a key, if the crate has to make it.
fn derive(
    properties: &[u8],
    place: usize,
    password: &Password,
    made: &mut Made,
    walk: &mut Walk<'_, '_>,
) -> Result<(), Refusal> {
    let Some((power, salt)) = power_and_salt(properties) else { return Ok(()) };
    let new = ([&[power], salt].concat(), place);
    if made.as_ref() != Some(&new) {
        walk.budget.steps(rounds(power, salt.len() as u64, password))?;
        *made = Some(new);
    }
    Ok(())
}

/// The rounds, as a power of two, and the salt (7-Zip, 7zAes.cpp).
fn power_and_salt(properties: &[u8]) -> Option<(u8, &[u8])> {
    let (first, second) = (*properties.first()?, properties.get(1).copied().unwrap_or(0));
    let salt = usize::from(first >> 7) + usize::from(second >> 4);
    Some((first & 63, properties.get(2..2 + salt).unwrap_or_default()))
}

/// Steps to make a key.
fn rounds(power: u8, salt: u64, password: &Password) -> u64 {
    // What is beyond costs nothing: it is refused.
    let rounds = if power > MAX_POWER { 1 } else { 1 << power };
    let each = salt + password.as_slice().len() as u64 + 8 + ROUND;
    1 + rounds * each / SHA256
}

/// The most rounds that anything in the header that is not encrypted may ask
/// for. The method's id stands in it as it is, its properties right behind.
fn power_of_header(octets: &[u8]) -> u8 {
    let id = EncoderMethod::ID_AES256_SHA256;
    let found = header_octets(octets).map_or(&[][..], |header| header);
    let powers = found.windows(id.len() + 2).filter(|window| window.starts_with(id));
    let powers = powers.filter_map(|window| window.last()).map(|first| first & 63);
    powers.filter(|power| *power <= MAX_POWER).max().unwrap_or(0)
}

/// The header, by the signature header.
fn header_octets(octets: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields::at(octets, 12)?;
    let (offset, size) = (fields.u64()?, fields.u64()?);
    let mut header = Fields::at(octets, START.checked_add(offset)?)?;
    header.take(usize::try_from(size).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_paid_by_their_rounds() {
        let password = Password::from("abcdefgh");
        for (properties, power, salt) in [
            (&[0x13][..], 19, 0),
            (&[0x53, 0x0f], 19, 0),
            (&[0xd3, 0x7f, 1, 2, 3, 4, 5, 6, 7, 8, 9], 19, 8),
            (&[0x18], 24, 0),
            (&[0x3f], 63, 0),
        ] {
            let found = power_and_salt(properties).map(|(power, salt)| (power, salt.len()));
            assert_eq!(found, Some((power, salt)), "{properties:?}");
        }
        assert_eq!(power_and_salt(&[]), None);
        assert_eq!(rounds(19, 0, &password), 1 + (1 << 19) * 56 / 64);
        assert_eq!((rounds(25, 0, &password), rounds(63, 0, &password)), (1, 1));
    }
}
