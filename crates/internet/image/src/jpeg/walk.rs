//! The markers of a JPEG, walked before it is decoded (T.81 annex B): what is
//! in it, and whether it ends.

use std::collections::BTreeSet;

use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;

use super::dct;

/// Scans: an honest progressive file has some ten. Each may touch every pixel.
const MAX_SCANS: u32 = 40;

/// Marker segments; cameras write some dozens.
const MAX_SEGMENTS: u32 = 10_000;

/// What a JPEG is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Walk {
    pub(crate) removed: BTreeSet<Removal>,
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) components: u8,
    /// Whether it comes as several scans: all coefficients are then held at once
    /// while it is decoded, and each scan may touch all of them.
    pub(crate) scans: u32,
    /// The nearest quality of the first quantization table.
    pub(crate) quality: u8,
    /// Pixels that share a sample of colour, as [`super::Encoding::shared`].
    pub(crate) shared: (u8, u8),
}

/// Walks a JPEG to its end.
///
/// # Errors
/// [`Refusal::Malformed`] if it does not end or its segments do not fit;
/// [`Refusal::Unsupported`] if it is lossless, arithmetic, hierarchical or not
/// of 8 bits; [`Refusal::TooLarge`] if it has too many scans.
pub(crate) fn walk(octets: &[u8]) -> Result<Walk, Refusal> {
    let mut walk =
        Walk { removed: BTreeSet::new(), width: 0, height: 0, components: 0, scans: 0, quality: 0, shared: (1, 1) };
    if !octets.starts_with(&[0xFF, 0xD8]) {
        return Err(Refusal::Malformed);
    }
    let mut at = 2;
    for _ in 0..MAX_SEGMENTS {
        let (marker, start) = next_marker(octets, at).ok_or(Refusal::Malformed)?;
        if marker == 0xD9 {
            if octets.len() > start {
                walk.removed.insert(Removal::TrailingData);
            }
            return if walk.scans > 0 { Ok(walk) } else { Err(Refusal::Malformed) };
        }
        if matches!(marker, 0x01 | 0xD0..=0xD8) {
            return Err(Refusal::Malformed);
        }
        let length = octets.get(start..start + 2).ok_or(Refusal::Malformed)?;
        let end = start + usize::from(u16::from_be_bytes([length[0], length[1]]));
        let data = octets.get(start + 2..end).ok_or(Refusal::Malformed)?;
        walk.segment(marker, data)?;
        at = end;
        if marker == 0xDA {
            walk.scans += 1;
            if walk.scans > MAX_SCANS || walk.components == 0 {
                return Err(if walk.components == 0 { Refusal::Malformed } else { Refusal::TooLarge });
            }
            at += entropy_coded(&octets[at..]);
        }
    }
    Err(Refusal::TooLarge)
}

impl Walk {
    fn segment(&mut self, marker: u8, data: &[u8]) -> Result<(), Refusal> {
        match marker {
            0xC0..=0xC2 => self.frame(data)?,
            // Tables, scan, restart interval.
            0xC4 | 0xDA | 0xDD => {}
            0xDB => self.tables(data)?,
            0xE0 if data.starts_with(b"JFIF\0") && data.len() <= 14 => {}
            0xEE if data.starts_with(b"Adobe") => {}
            0xE2 if data.starts_with(b"ICC_PROFILE\0") => {
                self.removed.insert(Removal::ColorProfile);
            }
            // Thumbnails, EXIF, XMP, several pictures, IPTC, comments.
            0xE0..=0xE2 | 0xED | 0xFE => {
                self.removed.insert(Removal::Metadata);
            }
            0xE3..=0xEF => {
                self.removed.insert(Removal::Unknown);
            }
            _ => return Err(Refusal::Unsupported),
        }
        Ok(())
    }

    /// T.81 B.2.2.
    fn frame(&mut self, data: &[u8]) -> Result<(), Refusal> {
        let [bits, h1, h0, w1, w0, components, rest @ ..] = data else { return Err(Refusal::Malformed) };
        if self.components != 0 || rest.len() != usize::from(*components) * 3 {
            return Err(Refusal::Malformed);
        }
        if *bits != 8 || !matches!(components, 1 | 3 | 4) {
            return Err(Refusal::Unsupported);
        }
        self.height = u16::from_be_bytes([*h1, *h0]);
        self.width = u16::from_be_bytes([*w1, *w0]);
        // A height of 0 is told at the end of the scan (DNL), which nobody writes.
        if self.width == 0 || self.height == 0 {
            return Err(Refusal::Unsupported);
        }
        self.components = *components;
        if let (Some(first), Some(second)) = (rest.get(1), rest.get(4)) {
            let ratio = |first: u8, second: u8| if first >= second.max(1) * 2 { 2 } else { 1 };
            self.shared = (ratio(first >> 4, second >> 4), ratio(first & 15, second & 15));
        }
        Ok(())
    }

    /// T.81 B.2.4.1. The first table tells the quality.
    fn tables(&mut self, data: &[u8]) -> Result<(), Refusal> {
        let wide = data.first().ok_or(Refusal::Malformed)? >> 4 != 0;
        let mut zigzag = [0u16; 64];
        for (at, step) in zigzag.iter_mut().enumerate() {
            *step = if wide {
                let pair = data.get(1 + 2 * at..3 + 2 * at).ok_or(Refusal::Malformed)?;
                u16::from_be_bytes([pair[0], pair[1]])
            } else {
                u16::from(*data.get(1 + at).ok_or(Refusal::Malformed)?)
            };
        }
        if self.quality == 0 {
            self.quality = dct::quality_of(&zigzag);
        }
        Ok(())
    }
}

/// The marker at `at`, fill octets passed over, and where its segment starts.
/// Octets between segments that are no marker are refused.
fn next_marker(octets: &[u8], at: usize) -> Option<(u8, usize)> {
    let rest = octets.get(at..)?;
    let fill = rest.iter().take_while(|octet| **octet == 0xFF).count();
    (fill > 0).then_some(())?;
    Some((*rest.get(fill)?, at + fill + 1))
}

/// How many octets of entropy-coded data there are: up to a marker that is not
/// a restart.
fn entropy_coded(octets: &[u8]) -> usize {
    let mut pairs = octets.windows(2).enumerate();
    pairs
        .find(|(_, pair)| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xD0..=0xD7 | 0xFF))
        .map_or(octets.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::jpeg::{Encoding, encode};
    use crate::{Form, Pixels};

    fn sample() -> Vec<u8> {
        let pixels = Pixels::new(20, 10, Form::Rgb8, vec![77; 600]).unwrap();
        encode(&pixels, Encoding { quality: 80, shared: (2, 1) }, 1 << 20).unwrap()
    }

    fn with_segment(marker: u8, data: &[u8]) -> Vec<u8> {
        let mut file = sample();
        let mut segment = vec![0xFF, marker];
        segment.extend_from_slice(&u16::try_from(data.len() + 2).unwrap().to_be_bytes());
        segment.extend_from_slice(data);
        file.splice(2..2, segment);
        file
    }

    #[test]
    fn our_own_is_read_and_has_nothing_to_remove() {
        let walk = walk(&sample()).unwrap();
        assert_eq!((walk.width, walk.height, walk.components, walk.quality), (20, 10, 3, 80));
        assert_eq!((walk.shared, walk.scans, walk.removed), ((2, 1), 1, BTreeSet::new()));
    }

    #[test]
    fn what_is_in_it_is_told() {
        let cases: [(u8, &[u8], Removal); 6] = [
            (0xE1, b"Exif\0\0II", Removal::Metadata),
            (0xFE, b"hello", Removal::Metadata),
            (0xED, b"Photoshop 3.0\0", Removal::Metadata),
            (0xE2, b"ICC_PROFILE\0\x01\x01", Removal::ColorProfile),
            (0xE2, b"MPF\0", Removal::Metadata),
            (0xE7, b"private", Removal::Unknown),
        ];
        for (marker, data, removal) in cases {
            assert_eq!(walk(&with_segment(marker, data)).unwrap().removed, BTreeSet::from([removal]), "{marker:x}");
        }
        let mut longer = sample();
        longer.extend_from_slice(b"PK\x03\x04");
        assert_eq!(walk(&longer).unwrap().removed, BTreeSet::from([Removal::TrailingData]));
    }

    #[test]
    fn what_does_not_end_is_refused() {
        let file = sample();
        for end in 0..file.len() {
            assert!(walk(&file[..end]).is_err(), "{end}");
        }
        assert_eq!(walk(&with_segment(0xC3, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0])), Err(Refusal::Unsupported));
    }

    #[test]
    fn scans_have_a_bound() {
        let mut file = sample();
        let scan = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0];
        let end = file.len() - 2;
        file.splice(end..end, scan.repeat(60));
        assert_eq!(walk(&file), Err(Refusal::TooLarge));
    }
}
