//! How a program that knows how to read pictures, PDF and archives is asked:
//! one question a file, one answer of a fixed length.
//!
//! ```text
//! question = kind (1)  length (8, big-endian)  that many octets
//! answer   = 0 or 1 (1)  fault (1)  octets before it (8)  inside (8)
//! ```

use sekisho_safe_message::{MAX_ATTACHED, SafeKind};

use crate::{Fault, Flaw};

/// Octets of a question before the file's.
pub const QUESTION: usize = 9;
/// Octets of an answer.
pub const ANSWER: usize = 18;

/// What stands before a file of `len` octets.
pub fn question(kind: SafeKind, len: usize) -> [u8; QUESTION] {
    let place = SafeKind::ALL.iter().position(|other| *other == kind).and_then(|place| u8::try_from(place).ok());
    let mut out = [0; QUESTION];
    out[0] = place.unwrap_or(u8::MAX);
    out[1..].copy_from_slice(&(len as u64).to_be_bytes());
    out
}

/// What is asked; `None` if nothing of ours is, or too much.
pub fn read_question(octets: [u8; QUESTION]) -> Option<(SafeKind, usize)> {
    let kind = SafeKind::ALL.get(usize::from(octets[0]))?;
    let len = number(&octets[1..])?;
    Some((*kind, usize::try_from(len).ok().filter(|len| *len <= MAX_ATTACHED)?))
}

/// An answer.
pub fn answer(read: Result<(), Flaw>) -> [u8; ANSWER] {
    let mut out = [0; ANSWER];
    if let Err(flaw) = read {
        let place = Fault::ALL.iter().position(|fault| *fault == flaw.fault).and_then(|place| u8::try_from(place).ok());
        out[0] = 1;
        out[1] = place.unwrap_or(0);
        out[2..10].copy_from_slice(&flaw.at.to_be_bytes());
        out[10..].copy_from_slice(&flaw.inside.to_be_bytes());
    }
    out
}

/// What was answered; `None` if it is no answer in its one form.
pub fn read_answer(octets: [u8; ANSWER]) -> Option<Result<(), Flaw>> {
    let fault = *Fault::ALL.get(usize::from(octets[1]))?;
    let flaw = Flaw { fault, at: number(&octets[2..10])?, inside: number(&octets[10..])? };
    match octets[0] {
        0 => (octets == [0; ANSWER]).then_some(Ok(())),
        1 => Some(Err(flaw)),
        _ => None,
    }
}

fn number(octets: &[u8]) -> Option<u64> {
    octets.try_into().ok().map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for kind in SafeKind::ALL {
            assert_eq!(read_question(question(kind, 7)), Some((kind, 7)));
        }
        assert_eq!(read_question(question(SafeKind::Pdf, MAX_ATTACHED + 1)), None);
        assert_eq!(read_question([9; QUESTION]), None);
        for fault in Fault::ALL {
            let flaw = Flaw { fault: *fault, at: 1 << 40, inside: 3 };
            assert_eq!(read_answer(answer(Err(flaw))), Some(Err(flaw)));
        }
        assert_eq!(read_answer(answer(Ok(()))), Some(Ok(())));
        let mut other = answer(Ok(()));
        other[17] = 1;
        assert_eq!(read_answer(other), None);
        assert_eq!(read_answer([2; ANSWER]), None);
        assert_eq!(read_answer([1, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    }
}
