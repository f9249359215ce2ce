//! The body: text, marker, notice; base64, quoted-printable or 7bit.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_verify::MARKER;

use super::jis;

/// Octets behind one line of 76 characters (RFC 2045 6.8).
const BASE64_LINE: usize = 57;
/// Octets of one quoted-printable line, without the `=` of a soft break.
const QUOTED_LINE: usize = 75;
/// Octets of one line in 7bit (RFC 5322 2.1.1).
const SEVEN_BIT_LINE: usize = 998;

/// A body as it stands in the mail.
pub(super) struct Written {
    pub(super) encoding: Encoding,
    /// Lines with CRLF.
    pub(super) lines: String,
}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Base64,
    QuotedPrintable,
    SevenBit,
}

/// The decoded body, lines separated by `\n`.
pub(super) fn text(above: &str, notice: &str) -> String {
    let mut out = String::with_capacity(above.len() + notice.len() + MARKER.len() + 4);
    if !above.is_empty() {
        push_unmarked(&mut out, above.strip_suffix('\n').unwrap_or(above));
        out.push_str("\n\n");
    }
    out.push_str(MARKER);
    out.push('\n');
    out.push_str(notice);
    out
}

/// A line of the mail that would pass for our marker gets another first
/// character, so that only one notice can be ours.
fn push_unmarked(out: &mut String, text: &str) {
    if !text.contains(MARKER) {
        out.push_str(text);
        return;
    }
    for (place, line) in text.split('\n').enumerate() {
        if place > 0 {
            out.push('\n');
        }
        match line {
            MARKER => {
                out.push('=');
                out.push_str(&MARKER[1..]);
            }
            other => out.push_str(other),
        }
    }
}

impl Written {
    /// In the encoding that is shorter, in which mostly ASCII text stays
    /// readable.
    pub(super) fn utf8(text: &str) -> Self {
        let encoding = shorter(text);
        let mut lines = String::new();
        match encoding {
            Encoding::Base64 => write_base64(text.replace('\n', "\r\n").as_bytes(), &mut lines),
            Encoding::QuotedPrintable | Encoding::SevenBit => {
                for line in text.split_terminator('\n') {
                    write_quoted_line(line.as_bytes(), &mut lines);
                }
            }
        }
        Self { encoding, lines }
    }

    /// In 7bit, which every client in Japan has read since RFC 1468, unless a
    /// relay would touch a line: a leading dot (SMTP), `From ` (mbox), more
    /// octets than RFC 5322 allows. Then in base64. A relay that takes blanks
    /// off the end of a line takes nothing that anybody sees.
    ///
    /// `text` holds nothing but ASCII and what [`jis::pair`] knows. No line
    /// that begins with the mail's `boundary` stands in 7bit.
    pub(super) fn japanese(text: &str, boundary: Option<&str>) -> Self {
        let mut plain = String::with_capacity(text.len() + text.len() / 8);
        let mut sound = true;
        for line in text.split_terminator('\n') {
            let start = plain.len();
            jis::push_line(line, &mut plain);
            let line = &plain[start..];
            sound &= line.len() <= SEVEN_BIT_LINE && !line.starts_with('.') && !line.starts_with("From ");
            sound &= boundary.is_none_or(|boundary| !line.starts_with(boundary));
            plain.push_str("\r\n");
        }
        if sound {
            return Self { encoding: Encoding::SevenBit, lines: plain };
        }
        let mut lines = String::new();
        write_base64(plain.as_bytes(), &mut lines);
        Self { encoding: Encoding::Base64, lines }
    }
}

impl Encoding {
    /// The token of the field.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::QuotedPrintable => "quoted-printable",
            Self::SevenBit => "7bit",
        }
    }
}

fn shorter(text: &str) -> Encoding {
    let escaped = text.bytes().filter(|b| *b != b'\n' && !is_literal(*b)).count();
    // Three octets for one against four for three: even at a sixth.
    if escaped * 6 < text.len() { Encoding::QuotedPrintable } else { Encoding::Base64 }
}

/// Octets that so many take in base64, with their lines' ends.
pub(super) fn base64_len(octets: usize) -> usize {
    octets / BASE64_LINE * 78 + 80
}

/// Lines of 76 characters.
pub(super) fn write_base64(canonical: &[u8], out: &mut String) {
    out.reserve(base64_len(canonical.len()));
    for chunk in canonical.chunks(BASE64_LINE) {
        STANDARD.encode_string(chunk, out);
        out.push_str("\r\n");
    }
}

/// One line of text; soft breaks come as late as they can (RFC 2045 6.7).
fn write_quoted_line(line: &[u8], out: &mut String) {
    let mut column = 0;
    for (at, octet) in line.iter().enumerate() {
        let last = at + 1 == line.len();
        // A blank at the end is taken off by some relays.
        let literal = is_literal(*octet) && !(*octet == b' ' && last);
        if column + if literal { 1 } else { 3 } > QUOTED_LINE {
            out.push_str("=\r\n");
            column = 0;
        }
        // SMTP gives a leading dot a meaning, mbox gives one to `From `.
        let starts_badly = column == 0 && (*octet == b'.' || line[at..].starts_with(b"From "));
        if literal && !starts_badly {
            out.push(char::from(*octet));
            column += 1;
        } else {
            push_escaped(*octet, out);
            column += 3;
        }
    }
    out.push_str("\r\n");
}

fn push_escaped(octet: u8, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('=');
    out.push(char::from(HEX[usize::from(octet >> 4)]));
    out.push(char::from(HEX[usize::from(octet & 15)]));
}

fn is_literal(octet: u8) -> bool {
    matches!(octet, b' '..=b'~') && octet != b'='
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_lines() {
        let long = "x".repeat(75);
        for (line, want) in [
            ("", "\r\n".to_owned()),
            ("a=b", "a=3Db\r\n".to_owned()),
            ("a ", "a=20\r\n".to_owned()),
            (".", "=2E\r\n".to_owned()),
            ("From x", "=46rom x\r\n".to_owned()),
            ("Fromage", "Fromage\r\n".to_owned()),
            ("\t", "=09\r\n".to_owned()),
            (long.as_str(), format!("{long}\r\n")),
            (&format!("{long}.y"), format!("{long}=\r\n=2Ey\r\n")),
            (&format!("{}あ", &long[..70]), format!("{}=E3=\r\n=81=82\r\n", &long[..70])),
        ] {
            let mut out = String::new();
            write_quoted_line(line.as_bytes(), &mut out);
            assert_eq!(out, want, "{line}");
        }
    }

    #[test]
    fn the_encoding_follows_the_text() {
        assert_eq!(shorter("plain text"), Encoding::QuotedPrintable);
        assert_eq!(shorter("日本語の本文"), Encoding::Base64);
        assert_eq!(shorter(""), Encoding::Base64);
    }

    #[test]
    fn japanese_stands_as_it_is_where_relays_let_it() {
        for (text, want) in [
            ("", ""),
            ("会議\n\n-- \n\ta\n", "\x1b$B2q5D\x1b(B\r\n\r\n-- \r\n\ta\r\n"),
            ("Fromage\n", "Fromage\r\n"),
            ("．\n", "\x1b$B!%\x1b(B\r\n"),
        ] {
            let written = Written::japanese(text, None);
            assert_eq!((written.encoding, written.lines.as_str()), (Encoding::SevenBit, want), "{text}");
        }
        let full = format!("{}\n", "会".repeat(496));
        assert_eq!(Written::japanese(&full, None).encoding, Encoding::SevenBit);
        for text in ["a\n.\n", "From x\n", "x\nFrom \n", &format!("会{full}"), &"x".repeat(999)] {
            assert_eq!(Written::japanese(text, None).encoding, Encoding::Base64, "{text}");
        }
        for (text, want) in [("a --=_X\n", Encoding::SevenBit), ("--=_XY\n", Encoding::Base64)] {
            assert_eq!(Written::japanese(text, Some("--=_X")).encoding, want, "{text}");
        }
    }

    #[test]
    fn a_forged_marker_is_defaced() {
        let mut out = String::new();
        push_unmarked(&mut out, &format!("a\n{MARKER}\n{MARKER} \n"));
        assert_eq!(out, format!("a\n={}\n{MARKER} \n", &MARKER[1..]));
    }
}
