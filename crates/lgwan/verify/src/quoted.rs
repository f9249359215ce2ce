//! Quoted-printable (RFC 2045 6.7), in one canonical spelling:
//!
//! * a line carries at most 75 octets, and a soft break comes only where the
//!   next token would pass that;
//! * printable ASCII stands for itself, but for `=`, for a blank at the end of
//!   a line of text, and for a `.` or the `F` of `From ` at the start of a line;
//! * everything else is `=XX` in upper case.

use crate::wire::Lines;
use crate::{Rule, Violation};

/// Longest line, without the `=` of a soft break.
const WIDTH: usize = 75;

/// The octets of `lines`, with CRLF line ends.
pub(crate) fn decode(lines: &mut Lines<'_>) -> Result<Vec<u8>, Violation> {
    let mut out = Vec::new();
    // Width of the line before, where it ended softly.
    let mut soft: Option<usize> = None;
    while let Some(line) = lines.next()? {
        let (text, continued) = match line.text.strip_suffix('=') {
            Some(text) => (text, true),
            None => (line.text, false),
        };
        let first = out.len();
        let sound = text.len() <= WIDTH && decode_line(text, continued, &mut out);
        // Broken softly before something that would have fitted?
        let early = soft.is_some_and(|width| match out.get(first) {
            Some(octet) => width + mid_line_len(*octet, out.len() - first == 1 && !continued) <= WIDTH,
            None => true,
        });
        if !sound || early {
            return Err(Violation::at(line.number, Rule::QuotedPrintable));
        }
        soft = continued.then_some(text.len());
        if !continued {
            out.extend_from_slice(b"\r\n");
        }
    }
    match soft {
        // A soft break with nothing behind it.
        Some(_) => Err(Violation::at(lines.number(), Rule::QuotedPrintable)),
        None => Ok(out),
    }
}

/// How many octets a token takes in the middle of a line; `last`: it is the
/// last of its line of text.
fn mid_line_len(octet: u8, last: bool) -> usize {
    match octet {
        b' ' if last => 3,
        b'=' => 3,
        b' '..=b'~' => 1,
        _ => 3,
    }
}

fn decode_line(text: &str, continued: bool, out: &mut Vec<u8>) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(b) = bytes.get(at) {
        if *b != b'=' {
            out.push(*b);
            at += 1;
            continue;
        }
        let Some(octet) = bytes.get(at + 1..at + 3).and_then(hex) else {
            return false;
        };
        let start = at == 0;
        at += 3;
        let must = match octet {
            b' ' => at == bytes.len() && !continued,
            b'.' => start,
            b'F' => start && (bytes[at..].starts_with(b"rom ") || &bytes[at..] == b"rom=20"),
            b'=' => true,
            // A line end is a line's end (RFC 2045 6.7 rule 4).
            b'\r' | b'\n' => false,
            b'!'..=b'~' => false,
            _ => true,
        };
        if !must {
            return false;
        }
        out.push(octet);
    }
    // A blank at the end is taken off by some relays (RFC 2045 6.7 rule 3).
    continued || !text.ends_with(' ')
}

fn hex(pair: &[u8]) -> Option<u8> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    };
    Some(digit(pair[0])? << 4 | digit(pair[1])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_safe_message::Untrusted;

    fn read(text: &str) -> Result<String, usize> {
        let out = Lines::of(Untrusted::new(text.as_bytes())).and_then(|mut lines| decode(&mut lines));
        out.map(|out| String::from_utf8_lossy(&out).into_owned()).map_err(|violation| violation.line)
    }

    #[test]
    fn canonical_and_nothing_else() {
        let long = "x".repeat(75);
        for (input, want) in [
            ("a b=3D\r\n".to_owned(), Ok("a b=\r\n".to_owned())),
            ("=E3=81=82\r\n".to_owned(), Ok("あ\r\n".to_owned())),
            ("a=20\r\n\r\n=20\r\n".to_owned(), Ok("a \r\n\r\n \r\n".to_owned())),
            ("=2E\r\n=46rom x\r\n=09\r\n".to_owned(), Ok(".\r\nFrom x\r\n\t\r\n".to_owned())),
            (format!("{long}=\r\n=2Ey\r\n"), Ok(format!("{long}.y\r\n"))),
            (format!("{}=\r\n=E3\r\n", &long[2..]), Ok(format!("{}\u{fffd}\r\n", &long[2..]))),
            (format!("{} =\r\nx\r\n", &long[1..]), Ok(format!("{} x\r\n", &long[1..]))),
            (format!("{long}\r\n"), Ok(format!("{long}\r\n"))),
            (format!("{}=\r\n=20\r\n", &long[1..]), Ok(format!("{} \r\n", &long[1..]))),
            ("=41\r\n".to_owned(), Err(1)),
            ("=e3\r\n".to_owned(), Err(1)),
            ("=E\r\n".to_owned(), Err(1)),
            ("a=0D=0Ab\r\n".to_owned(), Err(1)),
            ("=\r\n".to_owned(), Err(2)),
            ("a=\r\n".to_owned(), Err(2)),
            ("a=\r\nb\r\n".to_owned(), Err(2)),
            ("a=\r\n\r\n".to_owned(), Err(2)),
            ("a \r\n".to_owned(), Err(1)),
            ("a=20b\r\n".to_owned(), Err(1)),
            ("a=2E\r\n".to_owned(), Err(1)),
            ("=46rob\r\n".to_owned(), Err(1)),
            (format!("{long}x\r\n"), Err(1)),
            (format!("{long}x=\r\ny\r\n"), Err(1)),
            (format!("{}=\r\n=E3\r\n", &long[3..]), Err(2)),
        ] {
            assert_eq!(read(&input), want, "{input:?}");
        }
    }
}
