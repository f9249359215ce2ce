//! The chain: each entry's hash covers the hash before it.

use sha2::{Digest, Sha256};

/// The hash of an entry and, through it, of everything before.
pub type Hash = [u8; 32];

/// What stands before the first entry.
pub const START: Hash = [0; 32];

/// The hash of `entry`, the one with this number, behind `before`:
/// SHA-256 over a label, the hash before, the number and the length (both u64,
/// big-endian), and the entry's octets.
#[must_use]
pub fn link(before: &Hash, number: u64, entry: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(b"sekisho audit 1\0");
    hash.update(before);
    hash.update(number.to_be_bytes());
    hash.update((entry.len() as u64).to_be_bytes());
    hash.update(entry);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{START, link};

    #[test]
    fn every_part_counts() {
        let first = link(&START, 1, b"entry");
        assert_ne!(first, link(&START, 2, b"entry"));
        assert_ne!(first, link(&START, 1, b"entrx"));
        assert_ne!(first, link(&first, 1, b"entry"));
        assert_ne!(link(&START, 1, b""), START);
    }
}
