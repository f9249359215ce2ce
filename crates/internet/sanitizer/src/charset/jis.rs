//! ISO-2022-JP as mail programs write it (RFC 1468, RFC 1554, CP50220/50221):
//! shifts become single EUC-JP characters, which encoding_rs knows.

use encoding_rs::EUC_JP;

/// The character set that is shifted in.
#[derive(Clone, Copy, PartialEq)]
enum Set {
    Ascii,
    /// JIS X 0208, with NEC's and IBM's rows.
    Kanji,
    /// JIS X 0212.
    Supplement,
    /// Half-width katakana of JIS X 0201.
    Kana,
    /// Known to exist, not known how to read.
    Foreign,
}

/// The text, and how many characters could not be read.
pub(super) fn read(octets: &[u8]) -> (String, u64) {
    let mut euc = Vec::with_capacity(octets.len() + octets.len() / 4);
    let mut errors = 0;
    let mut set = Set::Ascii;
    let mut at = 0;
    while let Some(&b) = octets.get(at) {
        if let Some((next, len)) = escape(&octets[at..]) {
            (set, at) = (next.unwrap_or(set), at + len);
            continue;
        }
        at += match (b, set) {
            // CP50222: SO and SI shift half-width katakana.
            (0x0e, _) => shift(&mut set, Set::Kana),
            (0x0f, _) => shift(&mut set, Set::Ascii),
            (b'\r' | b'\n', _) => {
                // RFC 1468: a line ends in ASCII; a missing escape ends here.
                set = Set::Ascii;
                copy(&mut euc, b)
            }
            (0x00..0x21 | 0x7f, _) | (0x21..0x7f, Set::Ascii) => copy(&mut euc, b),
            (0x21..0x60, Set::Kana) | (0xa1..=0xdf, _) => {
                euc.extend_from_slice(&[0x8e, b | 0x80]);
                1
            }
            (0x21..0x7f, Set::Kanji | Set::Supplement) => pair(&mut euc, &octets[at..], set, &mut errors),
            _ => unreadable(&mut euc, &mut errors),
        };
    }
    let (text, _) = EUC_JP.decode_without_bom_handling(&euc);
    let bad = text.chars().filter(|c| *c == '\u{fffd}').count() as u64;
    (text.into_owned(), bad.max(errors))
}

fn shift(set: &mut Set, to: Set) -> usize {
    *set = to;
    1
}

fn copy(euc: &mut Vec<u8>, b: u8) -> usize {
    euc.push(b);
    1
}

fn pair(euc: &mut Vec<u8>, rest: &[u8], set: Set, errors: &mut u64) -> usize {
    match *rest {
        [lead, trail @ 0x21..0x7f, ..] => {
            if set == Set::Supplement {
                euc.push(0x8f);
            }
            euc.extend_from_slice(&[lead | 0x80, trail | 0x80]);
            2
        }
        _ => unreadable(euc, errors),
    }
}

fn unreadable(euc: &mut Vec<u8>, errors: &mut u64) -> usize {
    *errors += 1;
    euc.push(0xff); // no EUC-JP character: becomes U+FFFD
    1
}

/// The escape sequence at the start of `rest`: what it shifts in (`None`:
/// nothing changes), and its length.
fn escape(rest: &[u8]) -> Option<(Option<Set>, usize)> {
    Some(match *rest {
        [0x1b, b'$', b'(', b'@' | b'B' | b'O' | b'Q', ..] => (Some(Set::Kanji), 4),
        [0x1b, b'$', b'(', b'D', ..] => (Some(Set::Supplement), 4),
        [0x1b, b'$', b'(', _, ..] => (Some(Set::Foreign), 4),
        [0x1b, b'$', b'@' | b'B', ..] => (Some(Set::Kanji), 3),
        [0x1b, b'$', b'A', ..] => (Some(Set::Foreign), 3),
        [0x1b, b'(', b'I', ..] => (Some(Set::Kana), 3),
        [0x1b, b'(', b'B' | b'J' | b'H', ..] => (Some(Set::Ascii), 3),
        [0x1b, b'&', b'@', ..] => (None, 3),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts() {
        for (octets, text, errors) in [
            (&b"a \x1b$B4X=j\x1b(Bb"[..], "a 関所b", 0),
            (b"\x1b$B4X\r\nabc", "関\r\nabc", 0),
            (b"\x1b(I6@7\x1b(B", "ｶﾀｷ", 0),
            (b"\x0e6@7\x0f", "ｶﾀｷ", 0),
            (b"\xb6\xc0\xb7", "ｶﾀｷ", 0),
            (b"\x1b$B-!-j\x1b(B", "①㈱", 0),
            (b"\x1b$(D0(\x1b(B", "两", 0),
            (b"\x1b$B4\x1b(B", "\u{fffd}", 1),
            (b"\x1b$A4X\x1b(B", "\u{fffd}\u{fffd}", 2),
            (b"\xe3\x81\x82", "\u{fffd}\u{fffd}\u{fffd}", 3),
        ] {
            assert_eq!(read(octets), (text.to_owned(), errors), "{octets:?}");
        }
    }
}
