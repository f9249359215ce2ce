//! What the tests share: archives that tell the truth or lie in any field, and
//! what came out of them.
#![allow(dead_code, clippy::unwrap_used, reason = "each test file uses a part; tests may panic")]

pub(crate) mod samples;
pub(crate) mod tar;
pub(crate) mod zip;

use flate2::Crc;
use sekisho_archive::{Opened, Source, open};
use sekisho_disarm::{Bounds, Budget, Refusal};
use sekisho_policy::Kind;
use sekisho_safe_message::Untrusted;

/// Paths and octets of entries.
pub(crate) type Entries = Vec<(String, Vec<u8>)>;

pub(crate) fn crc32(octets: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(octets);
    crc.sum()
}

/// Opens an archive under the default bounds.
pub(crate) fn opened(kind: Kind, octets: &[u8]) -> Result<(Entries, Opened), Refusal> {
    opened_within(Bounds::default(), kind, octets)
}

pub(crate) fn opened_within(bounds: Bounds, kind: Kind, octets: &[u8]) -> Result<(Entries, Opened), Refusal> {
    let mut entries = Vec::new();
    let source = Source { kind, octets: Untrusted::new(octets), name: Some("outer.gz") };
    let opened = open(&source, &mut Budget::new(bounds), &mut |_, entry| {
        let mut path = entry.folders;
        path.push(entry.name);
        entries.push((path.join("/"), entry.octets));
        Ok(())
    })?;
    Ok((entries, opened))
}

/// The entries of an archive that has nothing else to tell.
pub(crate) fn entries(kind: Kind, octets: &[u8]) -> Entries {
    let (entries, opened) = opened(kind, octets).unwrap();
    assert_eq!(opened, Opened::default());
    entries
}

pub(crate) fn named(entries: &[(&str, &[u8])]) -> Entries {
    entries.iter().map(|(path, octets)| ((*path).to_owned(), octets.to_vec())).collect()
}

/// What was left out, and why.
pub(crate) fn left_out(opened: &Opened) -> Vec<(&str, Refusal)> {
    opened.left_out.iter().map(|lost| (lost.path.as_str(), lost.reason)).collect()
}

/// Chance that is the same each time.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    pub(crate) fn octet(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
