//! Transfer encodings (RFC 2045 6.7, 6.8), decoded strictly enough to know
//! when two decoders would differ.

use std::borrow::Cow;

use memchr::memchr;

use super::Encoding;

/// Decoded octets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded<'a> {
    /// What the octets are.
    pub(crate) octets: Cow<'a, [u8]>,
    /// How well the encoding was followed.
    pub(crate) fault: Fault,
}

/// How well an encoding was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// To the letter, or nearly.
    None,
    /// Not to the letter, yet every decoder reads the same.
    Sloppy,
    /// Decoders differ.
    Broken,
}

/// Decodes the content of a part.
pub(crate) fn decode(content: &[u8], encoding: Encoding) -> Decoded<'_> {
    match encoding {
        Encoding::Identity => Decoded { octets: Cow::Borrowed(content), fault: Fault::None },
        Encoding::Base64 => decode_base64(content),
        Encoding::QuotedPrintable => decode_quoted_printable(content),
    }
}

/// Decodes base64. Line ends and blanks are no data; anything else outside
/// the alphabet, and data behind the padding, is where decoders differ.
pub(crate) fn decode_base64(content: &[u8]) -> Decoded<'static> {
    let mut out = Vec::with_capacity(content.len() / 4 * 3 + 3);
    let (mut bits, mut count, mut pads) = (0u32, 0u8, 0u8);
    let mut fault = Fault::None;
    let mut rest = content;
    loop {
        if count == 0 && pads == 0 {
            rest = decode_quads(rest, &mut out);
        }
        let Some((&b, behind)) = rest.split_first() else { break };
        rest = behind;
        let value = SEXTETS[usize::from(b)];
        if value == NO_SEXTET {
            match b {
                b'=' => pads = pads.saturating_add(1),
                b'\r' | b'\n' => {}
                b' ' | b'\t' => fault = fault.max(Fault::Sloppy),
                _ => fault = Fault::Broken,
            }
            continue;
        }
        if pads > 0 {
            fault = Fault::Broken;
            break;
        }
        bits = bits << 6 | u32::from(value);
        count += 1;
        if count == 4 {
            out.extend_from_slice(&bits.to_be_bytes()[1..]);
            (bits, count) = (0, 0);
        }
    }
    let tail = match (count, pads) {
        (0, 0) | (2, 2) | (3, 1) => Fault::None,
        (0 | 2 | 3, _) => Fault::Sloppy,
        _ => Fault::Broken,
    };
    if count >= 2 {
        let octets = (bits << (6 * (4 - count))).to_be_bytes();
        out.extend_from_slice(&octets[1..usize::from(count)]);
    }
    Decoded { octets: Cow::Owned(out), fault: fault.max(tail) }
}

/// Decodes whole groups of four for as long as nothing else comes, and gives
/// back the rest: the common case, at several times the speed of the loop
/// that looks at every octet.
fn decode_quads<'a>(content: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    // A line of base64 at a time (RFC 2045 6.8: 76 characters), gathered where
    // no vector has to grow.
    const GROUPS: usize = 19;
    let (quads, _) = content.as_chunks::<4>();
    let mut done = 0;
    for line in quads.chunks(GROUPS) {
        let mut octets = [[0; 3]; GROUPS];
        let mut count = 0;
        for (quad, three) in line.iter().zip(&mut octets) {
            let [a, b, c, d] = *quad;
            let bits = PLACED[0][usize::from(a)]
                | PLACED[1][usize::from(b)]
                | PLACED[2][usize::from(c)]
                | PLACED[3][usize::from(d)];
            if bits & OUTSIDE != 0 {
                break;
            }
            let [_, first, second, third] = bits.to_be_bytes();
            *three = [first, second, third];
            count += 1;
        }
        out.extend_from_slice(octets[..count].as_flattened());
        done += count;
        if count < GROUPS {
            break;
        }
    }
    &content[4 * done..]
}

/// Outside the alphabet; its upper bits tell it from every sextet.
const NO_SEXTET: u8 = 0xff;

/// The same in [`PLACED`]: a bit above the three octets of a group.
const OUTSIDE: u32 = 1 << 24;

/// RFC 4648 table 1, by octet.
const SEXTETS: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [NO_SEXTET; 256];
    let mut value = 0;
    while value < 64 {
        table[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    table
};

/// The same for each place in a group, shifted to where it belongs.
static PLACED: [[u32; 256]; 4] = {
    let mut tables = [[OUTSIDE; 256]; 4];
    let mut place = 0;
    while place < 4 {
        let mut octet = 0;
        while octet < 256 {
            if SEXTETS[octet] != NO_SEXTET {
                tables[place][octet] = (SEXTETS[octet] as u32) << (18 - 6 * place);
            }
            octet += 1;
        }
        place += 1;
    }
    tables
};

/// Decodes quoted-printable. A `=` that encodes nothing stays as it stands:
/// text is never lost.
pub(crate) fn decode_quoted_printable(content: &[u8]) -> Decoded<'static> {
    let mut out = Vec::with_capacity(content.len());
    let mut fault = Fault::None;
    for line in content.split_inclusive(|b| *b == b'\n') {
        let (text, end) = split_line_end(line);
        // RFC 2045 6.7 (3): blanks at a line's end were added in transport.
        let text = text.trim_ascii_end();
        let (text, end) = match text.strip_suffix(b"=") {
            Some(text) => (text, &b""[..]),
            None => (text, end),
        };
        fault = fault.max(decode_line(text, &mut out));
        out.extend_from_slice(end);
    }
    Decoded { octets: Cow::Owned(out), fault }
}

fn decode_line(text: &[u8], out: &mut Vec<u8>) -> Fault {
    let mut fault = Fault::None;
    let mut rest = text;
    loop {
        let (plain, encoded) = rest.split_at(memchr(b'=', rest).unwrap_or(rest.len()));
        if !plain.iter().all(|b| matches!(b, b' '..=b'~' | b'\t')) {
            fault = fault.max(Fault::Sloppy);
        }
        out.extend_from_slice(plain);
        rest = match *encoded {
            [] => return fault,
            [_, high, low, ref behind @ ..] if let Some((high, low)) = hex(high).zip(hex(low)) => {
                out.push(high << 4 | low);
                behind
            }
            [sign, ref behind @ ..] => {
                fault = Fault::Broken;
                out.push(sign);
                behind
            }
        };
    }
}

fn split_line_end(line: &[u8]) -> (&[u8], &[u8]) {
    let len = if line.ends_with(b"\r\n") { 2 } else { usize::from(line.ends_with(b"\n")) };
    line.split_at(line.len() - len)
}

fn hex(b: u8) -> Option<u8> {
    (b as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64() {
        for (text, octets, fault) in [
            ("QUJD", "ABC", Fault::None),
            ("QUI=\r\n", "AB", Fault::None),
            ("QQ==", "A", Fault::None),
            ("QU\r\nJD\r\n", "ABC", Fault::None),
            ("QU JD", "ABC", Fault::Sloppy),
            ("QUI", "AB", Fault::Sloppy),
            ("QUJD=", "ABC", Fault::Sloppy),
            ("QUJDQ", "ABC", Fault::Broken),
            ("Q=", "", Fault::Broken),
            ("QU.JD", "ABC", Fault::Broken),
            ("QQ==QUJD", "A", Fault::Broken),
            ("QUJD\u{200b}", "ABC", Fault::Broken),
            ("", "", Fault::None),
            // Beyond one line, and broken off in the middle of one.
            (&"QUJD".repeat(41), &"ABC".repeat(41), Fault::None),
            (&["QUJD".repeat(19), "QUJD".repeat(19)].join("\r\n"), &"ABC".repeat(38), Fault::None),
            (&format!("{}!QUJD", "QUJD".repeat(23)), &"ABC".repeat(24), Fault::Broken),
        ] {
            let got = decode_base64(text.as_bytes());
            assert_eq!((&*got.octets, got.fault), (octets.as_bytes(), fault), "{text}");
        }
    }

    #[test]
    fn quoted_printable() {
        for (text, octets, fault) in [
            ("a=3Db=3d", "a=b=", Fault::None),
            ("a=\r\nb  \r\nc", "ab\r\nc", Fault::None),
            ("a= \r\nb", "ab", Fault::None),
            ("a=b", "a=b", Fault::Broken),
            ("a=2", "a=2", Fault::Broken),
            ("あ", "あ", Fault::Sloppy),
            ("", "", Fault::None),
        ] {
            let got = decode_quoted_printable(text.as_bytes());
            assert_eq!((&*got.octets, got.fault), (octets.as_bytes(), fault), "{text}");
        }
    }
}
