//! The second reading of pictures, PDF and archives.
//!
//! Owns: a reader for each kind of file that crosses the border as octets,
//! written from `docs/output-formats.md` alone and sharing no code with the
//! writers: what one of them got wrong the other does not excuse. Every octet
//! of a file is accounted for, in linear time and bounded memory.
//!
//! Never: repair, a second spelling, files, network. `inner` does not link
//! this; it asks the program, which has no rights ([`answer`]).
#![forbid(unsafe_code)]

pub mod answer;
mod crc;
mod cursor;
mod gif;
mod inflate;
mod jpeg;
mod pdf;
mod png;
mod zip;

use sekisho_safe_message::{SafeKind, Untrusted};
use sekisho_verify::{Fault, Flaw, file};

pub use gif::gif;
pub use jpeg::jpeg;
pub use pdf::pdf;
pub use png::png;
pub use zip::zip;

/// Pixels of one picture.
const MAX_PIXELS: u64 = 80_000_000;
/// Pixels of one side.
const MAX_SIDE: u64 = 65_535;

/// Whether `octets` are a file of `kind` as our writers make it.
///
/// # Errors
/// The first rule that they break.
pub fn check(kind: SafeKind, octets: Untrusted<'_>) -> Result<(), Flaw> {
    match kind {
        SafeKind::Zip => zip(octets),
        other => check_single(other, octets),
    }
}

/// The same for a file in an archive, where no archive may be.
fn check_single(kind: SafeKind, octets: Untrusted<'_>) -> Result<(), Flaw> {
    match kind {
        SafeKind::Text | SafeKind::Csv | SafeKind::Calendar | SafeKind::Card => file::plain(kind, octets),
        SafeKind::Png => png(octets),
        SafeKind::Jpeg => jpeg(octets),
        SafeKind::Gif => gif(octets),
        SafeKind::Pdf => pdf(octets),
        SafeKind::Zip => Err(Flaw::at(Fault::EntryName, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cut anywhere, longer by an octet, or with any bit another one, a file
    /// is refused.
    pub(crate) fn assert_fragile(file: &[u8], check: impl Fn(&[u8]) -> Result<(), Flaw>) {
        assert_eq!(check(file), Ok(()));
        for end in 0..file.len() {
            assert!(check(&file[..end]).is_err(), "cut at {end}");
        }
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.to_vec();
                changed[at] ^= 1 << bit;
                assert!(check(&changed).is_err(), "bit {bit} of octet {at}");
            }
            let longer = [&file[..at], &[file[at]], &file[at..]].concat();
            assert!(check(&longer).is_err(), "octet {at} twice");
        }
    }

    /// A seeded xorshift: the same changes in every run.
    pub(crate) struct Chance(pub(crate) u64);

    impl Chance {
        pub(crate) fn below(&mut self, bound: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            usize::try_from(self.0 % bound.max(1) as u64).unwrap_or(0)
        }

        /// `file` with some octets others, or a piece of it cut out or doubled.
        pub(crate) fn change(&mut self, file: &[u8]) -> Vec<u8> {
            let mut out = file.to_vec();
            for _ in 0..=self.below(4) {
                let (at, len) = (self.below(out.len()), self.below(40));
                let end = (at + len).min(out.len());
                match self.below(5) {
                    0 => drop(out.drain(at..end)),
                    1 => {
                        let piece = out[at..end].to_vec();
                        out.splice(at..at, piece);
                    }
                    _ if at < out.len() => out[at] = [0, 0xff, b'0', b' ', out[at] ^ 1][self.below(5)],
                    _ => {}
                }
            }
            out
        }
    }

    #[test]
    fn whatever_comes_is_answered() {
        let picture = png::tests::sample();
        let samples = [
            picture.clone(),
            jpeg::tests::sample(),
            gif::tests::sample(),
            zip::tests::build(&[("a/b.png", &picture, true), ("c.txt", b"x", false)]),
            pdf::tests::rich(),
        ];
        let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
        for sample in &samples {
            for _ in 0..2_000 {
                let changed = chance.change(sample);
                for kind in SafeKind::ALL {
                    // No panic, and no file of two kinds.
                    let read = check(kind, Untrusted::new(&changed));
                    let own = sample.starts_with(b"%PDF") == (kind == SafeKind::Pdf);
                    assert!(read.is_err() || own, "{kind:?}");
                }
            }
        }
    }
}
