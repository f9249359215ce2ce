//! Passwords that people read to each other.

use sekisho_safe_message::Secret;
use zeroize::Zeroizing;

use crate::chance;
use crate::error::VaultError;

/// Nothing that is taken for something else on paper or on the telephone: no 0, 1, l, o.
const LETTERS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
const GROUPS: usize = 4;
const GROUP: usize = 5;

/// A new random password: twenty letters and digits (100 bits) in four groups,
/// `xxxxx-xxxxx-xxxxx-xxxxx`.
///
/// # Errors
/// [`VaultError::NoRandomness`] when the operating system gives none.
pub fn password() -> Result<Secret, VaultError> {
    let mut chance = Zeroizing::new([0; GROUPS * GROUP]);
    chance::fill(&mut chance[..])?;
    // Reserved whole, so that no copy stays behind where it grew.
    let mut text = String::with_capacity(GROUPS * (GROUP + 1));
    for (at, octet) in chance.iter().enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        // 256 is a multiple of 32: every letter is as likely.
        text.push(char::from(LETTERS[usize::from(octet % 32)]));
    }
    Secret::new(text).ok_or(VaultError::NoRandomness)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::{LETTERS, password};

    #[test]
    fn it_has_four_groups_and_no_letter_that_deceives() {
        let (one, other) = (password().unwrap(), password().unwrap());
        assert_ne!(one.reveal(), other.reveal());
        let groups: Vec<&str> = one.reveal().split('-').collect();
        assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [5; 4]);
        assert!(groups.concat().bytes().all(|letter| LETTERS.contains(&letter)));
        for wrong in b"01lo" {
            assert!(!LETTERS.contains(wrong));
        }
    }
}
