//! Compressed RTF (MS-OXRTFCP): a window of 4 KiB that begins with common RTF.

use sekisho_disarm::{Budget, Refusal};

/// What the window begins with (MS-OXRTFCP 2.1.2.1).
const START: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const WINDOW: usize = 4096;
const HEADER: usize = 16;

/// The RTF in `octets`.
///
/// # Errors
/// [`Refusal::Malformed`], [`Refusal::TooLarge`].
pub(super) fn inflate(octets: &[u8], budget: &mut Budget) -> Result<Vec<u8>, Refusal> {
    let header = octets.get(..HEADER).ok_or(Refusal::Malformed)?;
    let raw = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
    let data = &octets[HEADER..];
    // Two octets give 17 at most; a header that says more lies.
    let most = data.len().saturating_mul(9);
    let size = usize::try_from(raw).map_err(|_| Refusal::TooLarge)?.min(most);
    budget.octets(size as u64)?;
    match &header[8..12] {
        b"LZFu" => Ok(unpack(data, size)),
        b"MELA" => Ok(data.get(..size).unwrap_or(data).to_vec()),
        _ => Err(Refusal::Malformed),
    }
}

fn unpack(data: &[u8], size: usize) -> Vec<u8> {
    let mut window = [b' '; WINDOW];
    window[..START.len()].copy_from_slice(START);
    let mut at = START.len();
    let mut out = Vec::with_capacity(size);
    let mut input = data.iter().copied();
    // Each turn of either loop takes an octet or ends.
    while let Some(control) = input.next() {
        for bit in 0..8 {
            if out.len() >= size {
                return out;
            }
            let Some(first) = input.next() else { return out };
            if control >> bit & 1 == 0 {
                window[at] = first;
                at = (at + 1) % WINDOW;
                out.push(first);
                continue;
            }
            let Some(second) = input.next() else { return out };
            let from = usize::from(first) << 4 | usize::from(second >> 4);
            // MS-OXRTFCP 3.1.1.1.2: a reference to the place of writing ends it.
            if from == at {
                return out;
            }
            for step in 0..usize::from(second & 0xf) + 2 {
                let octet = window[(from + step) % WINDOW];
                window[at] = octet;
                at = (at + 1) % WINDOW;
                out.push(octet);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use sekisho_disarm::Bounds;

    use super::*;

    fn inflated(octets: &[u8]) -> Result<Vec<u8>, Refusal> {
        inflate(octets, &mut Budget::new(Bounds::default()))
    }

    /// The example of MS-OXRTFCP 4.1.
    const EXAMPLE: &[u8] = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125\x42\x32\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0";

    #[test]
    fn the_example_of_the_specification() {
        assert_eq!(inflated(EXAMPLE).unwrap(), b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert_eq!(inflated(b"\0\0\0\0\x05\0\0\0MELA\0\0\0\0{\\rt}").unwrap(), b"{\\rt}");
    }

    #[test]
    fn junk_ends() {
        assert_eq!(inflated(b"LZFu"), Err(Refusal::Malformed));
        assert_eq!(inflated(b"\0\0\0\0\0\0\0\0nope\0\0\0\0"), Err(Refusal::Malformed));
        for end in 16..EXAMPLE.len() {
            assert!(inflated(&EXAMPLE[..end]).unwrap().len() <= 43);
        }
        let mut bomb = b"\0\0\0\0\xff\xff\xff\xffLZFu\0\0\0\0".to_vec();
        bomb.extend([0xff; 1000]);
        assert!(inflated(&bomb).unwrap().len() <= 9000 + 17);
    }
}
