//! Characters to ISO-2022-JP (RFC 1468), in the one spelling that
//! `sekisho-verify` reads.

use sekisho_verify::jis;

const TO_JIS: &str = "\x1b$B";
const TO_ASCII: &str = "\x1b(B";

/// The two octets of each character below U+10000, high and low; 0 where it
/// has none. The table is the grammar's own, turned round.
static PAIRS: [u16; 0x1_0000] = pairs();

/// The two octets of `c` in JIS X 0208.
pub(super) fn pair(c: char) -> Option<[u8; 2]> {
    let pair = PAIRS.get(usize::try_from(u32::from(c)).ok()?)?;
    (*pair != 0).then_some(pair.to_be_bytes())
}

/// Appends `line`, which has no line end. What is neither ASCII nor in the
/// table shows as 〓: whoever calls has seen to it that nothing is.
pub(super) fn push_line(line: &str, out: &mut String) {
    let mut in_jis = false;
    for c in line.chars() {
        in_jis = push(c, in_jis, out);
    }
    if in_jis {
        out.push_str(TO_ASCII);
    }
}

/// `line` in pieces of at most `max` octets, each of whole characters and with
/// ASCII at both ends (RFC 2047 6.2).
pub(super) fn pieces(line: &str, max: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let (mut piece, mut in_jis) = (String::new(), false);
    for c in line.chars() {
        let before = piece.len();
        let next_in_jis = push(c, in_jis, &mut piece);
        let closed = piece.len() + if next_in_jis { TO_ASCII.len() } else { 0 };
        if closed <= max || before == 0 {
            in_jis = next_in_jis;
            continue;
        }
        piece.truncate(before);
        close(in_jis, &mut piece);
        pieces.push(std::mem::take(&mut piece));
        in_jis = push(c, false, &mut piece);
    }
    if !piece.is_empty() {
        close(in_jis, &mut piece);
        pieces.push(piece);
    }
    pieces
}

/// Appends `c`, and says whether the state behind it is JIS.
fn push(c: char, in_jis: bool, out: &mut String) -> bool {
    if c.is_ascii() {
        close(in_jis, out);
        out.push(c);
        return false;
    }
    if !in_jis {
        out.push_str(TO_JIS);
    }
    let [first, second] = pair(c).unwrap_or(*b"\".");
    out.push(char::from(first));
    out.push(char::from(second));
    true
}

fn close(in_jis: bool, out: &mut String) {
    if in_jis {
        out.push_str(TO_ASCII);
    }
}

/// Turned round at compile time, so that nothing has to be set up.
const fn pairs() -> [u16; 0x1_0000] {
    let mut out = [0; 0x1_0000];
    let mut first = 0x21;
    while first < 0x7f {
        let mut second = 0x21;
        while second < 0x7f {
            if let Some(c) = jis::character(first, second) {
                out[c as usize] = u16::from_be_bytes([first, second]);
            }
            second += 1;
        }
        first += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn pairs_and_back() {
        let mut count = 0;
        for c in '\u{80}'..=char::MAX {
            let Some([first, second]) = pair(c) else { continue };
            assert_eq!(jis::character(first, second), Some(c));
            count += 1;
        }
        assert_eq!(count, 7326);
        assert_eq!(pair('〓'), Some(*b"\"."));
        assert_eq!(pair('a'), None);
    }

    #[test]
    fn pieces_are_whole() {
        for (line, max, want) in [
            ("", 10, vec![]),
            ("abc", 2, vec!["ab", "c"]),
            ("会議", 10, vec!["\x1b$B2q5D\x1b(B"]),
            ("会議", 9, vec!["\x1b$B2q\x1b(B", "\x1b$B5D\x1b(B"]),
            ("a会b", 9, vec!["a\x1b$B2q\x1b(B", "b"]),
            ("a会b", 8, vec!["a", "\x1b$B2q\x1b(B", "b"]),
        ] {
            assert_eq!(pieces(line, max), want, "{line}");
        }
        for max in 8..60 {
            let all: String = pieces(&"a会議b".repeat(20), max).concat();
            assert!(pieces(&"a会議b".repeat(20), max).iter().all(|piece| piece.len() <= max));
            assert_eq!(all.matches(TO_JIS).count(), all.matches(TO_ASCII).count());
        }
    }
}
