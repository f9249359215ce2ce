//! Entries that are encrypted, and the passwords tried on them.
//!
//! ZipCrypto is believed when the CRC-32 of the whole unpacked entry is right,
//! AES when its authentication code is. Each try is paid from the budget.

use sekisho_disarm::{Budget, Refusal};

use super::aes::Sealed;
use super::content::Packing;
use super::directory::{AES, ENCRYPTED, MASKED, Record, STRONG};
use super::traditional;
use crate::keys::Keys;

/// Octets that are decrypted in the time of one step.
const OCTETS_OF_STEP: u64 = 16;

/// Whether there is a password to try on this entry, and a way to try it.
pub(super) fn may_open(record: &Record<'_>, keys: &Keys<'_>) -> bool {
    let known = record.flags & (ENCRYPTED | STRONG | MASKED) == ENCRYPTED;
    known && (record.method != AES || record.aes.is_some()) && !keys.is_empty()
}

/// The octets of an encrypted entry.
///
/// # Errors
/// [`Refusal::Encrypted`] if no password opens it, else as
/// [`super::content::read`].
pub(super) fn read(
    record: &Record<'_>,
    body: &[u8],
    keys: &mut Keys<'_>,
    budget: &mut Budget,
) -> Result<Vec<u8>, Refusal> {
    match record.aes.filter(|_| record.method == AES) {
        Some(aes) => {
            let sealed = Sealed::of(aes, body).ok_or(Refusal::Encrypted)?;
            let crc = aes.has_crc.then_some(record.crc);
            let packing = Packing { method: aes.method, packed: sealed.len(), crc, ..record.packing() };
            sealed_entry(&sealed, &packing, keys, budget)
        }
        None => traditional_entry(record, body, keys, budget),
    }
}

/// AES says itself whether the password is right, so what is wrong after that
/// is the entry's own fault.
fn sealed_entry(
    sealed: &Sealed<'_>,
    packing: &Packing,
    keys: &mut Keys<'_>,
    budget: &mut Budget,
) -> Result<Vec<u8>, Refusal> {
    for place in keys.places() {
        for password in keys.octets(place) {
            budget.steps(sealed.steps())?;
            let Some(fitting) = sealed.keys(password.reveal()) else { continue };
            budget.steps(sealed.len() / OCTETS_OF_STEP)?;
            if let Some(body) = sealed.open(&fitting) {
                keys.opened(place);
                packing.pay(budget)?;
                return packing.unpack(&body);
            }
        }
    }
    Err(Refusal::Encrypted)
}

/// ZipCrypto does not: whatever goes wrong may be the password's fault.
fn traditional_entry(
    record: &Record<'_>,
    body: &[u8],
    keys: &mut Keys<'_>,
    budget: &mut Budget,
) -> Result<Vec<u8>, Refusal> {
    let packed = record.packed.checked_sub(traditional::HEADER as u64).ok_or(Refusal::Encrypted)?;
    let packing = Packing { packed, ..record.packing() };
    // The time stands in for the CRC where that was not known yet.
    let checks = [record.crc.to_be_bytes()[0], record.time.to_be_bytes()[0]];
    for place in keys.places() {
        for password in keys.octets(place) {
            budget.steps(1)?;
            let fitting = traditional::Keys::fit(body, password.reveal(), checks);
            let Some((fitting, cipher)) = fitting else { continue };
            budget.steps(packed / OCTETS_OF_STEP)?;
            packing.pay(budget)?;
            match packing.unpack(&fitting.decrypt(cipher)) {
                Ok(octets) => {
                    keys.opened(place);
                    return Ok(octets);
                }
                Err(Refusal::Ambiguous) => return Err(Refusal::Ambiguous),
                Err(Refusal::Encrypted | Refusal::Malformed | Refusal::TooLarge | Refusal::Unsupported) => {}
            }
        }
    }
    Err(Refusal::Encrypted)
}
