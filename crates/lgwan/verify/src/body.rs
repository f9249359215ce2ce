//! The body: decoded, safe, and with its notice.

use sekisho_safe_message::SafeText;

use crate::wire::Lines;
use crate::{Charset, MARKER, Rule, Violation, base64, iso2022jp, quoted};

/// RFC 2045 6.8: 76 characters, and every line but the last is full.
const BASE64_WIDTH: usize = 76;
/// RFC 5322 2.1.1.
const SEVEN_BIT_WIDTH: usize = 998;

/// How the body is written.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Encoding {
    Base64,
    QuotedPrintable,
    SevenBit,
}

impl Encoding {
    /// Whether the text's last line end is one of the lines' own.
    pub(crate) fn ends_lines(self) -> bool {
        match self {
            Self::Base64 => false,
            Self::QuotedPrintable | Self::SevenBit => true,
        }
    }
}

/// The encodings that are written, two for each character set.
pub(crate) fn encoding(value: &str, charset: Charset) -> Result<Encoding, Rule> {
    match (value, charset) {
        ("base64", Charset::Utf8 | Charset::Iso2022Jp) => Ok(Encoding::Base64),
        ("quoted-printable", Charset::Utf8) => Ok(Encoding::QuotedPrintable),
        ("7bit", Charset::Iso2022Jp) => Ok(Encoding::SevenBit),
        (_, _) => Err(Rule::Value),
    }
}

/// The text above the marker, and the notice below it.
pub(crate) fn read(
    lines: &mut Lines<'_>,
    encoding: Encoding,
    charset: Charset,
) -> Result<(SafeText, SafeText), Violation> {
    let first = lines.number();
    let broken = |rule| Violation::at(first, rule);
    let text = match (encoding, charset) {
        (Encoding::Base64, Charset::Utf8) => from_utf8(from_base64(lines, Vec::new())?).map_err(broken)?,
        (Encoding::QuotedPrintable, Charset::Utf8 | Charset::Iso2022Jp) => {
            from_utf8(quoted::decode(lines)?).map_err(broken)?
        }
        (Encoding::Base64, Charset::Iso2022Jp) => {
            from_japanese(&from_base64(lines, Vec::new())?).ok_or(broken(Rule::Iso2022Jp))?
        }
        (Encoding::SevenBit, Charset::Utf8 | Charset::Iso2022Jp) => from_seven_bit(lines)?,
    };
    split(text).map_err(broken)
}

fn from_utf8(octets: Vec<u8>) -> Result<String, Rule> {
    let text = String::from_utf8(octets).map_err(|_| Rule::Utf8)?;
    unfold_ends(&text).ok_or(Rule::BodyText)
}

/// ISO-2022-JP as it stands, with LF line ends.
fn from_seven_bit(lines: &mut Lines<'_>) -> Result<String, Violation> {
    let mut out = String::new();
    while let Some((number, line)) = lines.next_with_escapes()? {
        if line.len() > SEVEN_BIT_WIDTH {
            return Err(Violation::at(number, Rule::LineLength));
        }
        iso2022jp::read_line(line, true, &mut out).ok_or(Violation::at(number, Rule::Iso2022Jp))?;
        out.push('\n');
    }
    Ok(out)
}

/// ISO-2022-JP with CRLF line ends, of which LF remains.
fn from_japanese(octets: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(octets.len());
    for piece in octets.split_inclusive(|b| *b == b'\n') {
        match piece.strip_suffix(b"\r\n") {
            Some(line) => {
                iso2022jp::read_line(line, true, &mut out)?;
                out.push('\n');
            }
            None => iso2022jp::read_line(piece, true, &mut out)?,
        }
    }
    Some(out)
}

pub(crate) fn from_base64(lines: &mut Lines<'_>, mut out: Vec<u8>) -> Result<Vec<u8>, Violation> {
    let mut last_was_full = true;
    while let Some(line) = lines.next()? {
        let sound = last_was_full && (1..=BASE64_WIDTH).contains(&line.text.len());
        let decoded = sound.then(|| base64::decode(line.text.as_bytes(), &mut out)).flatten();
        decoded.ok_or(Violation::at(line.number, Rule::Base64))?;
        last_was_full = line.text.len() == BASE64_WIDTH && !line.text.ends_with('=');
    }
    Ok(out)
}

/// CRLF to LF; `None` if either stands alone.
fn unfold_ends(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive('\n') {
        let line = match piece.strip_suffix('\n') {
            Some(rest) => rest.strip_suffix('\r')?,
            None => piece,
        };
        if line.contains('\r') {
            return None;
        }
        out.push_str(line);
        if line.len() < piece.len() {
            out.push('\n');
        }
    }
    Some(out)
}

/// Each half is safe text within its own bound.
fn split(text: String) -> Result<(SafeText, SafeText), Rule> {
    let mut at = 0;
    let mut marker = None;
    for line in text.split_inclusive('\n') {
        if line.trim_end_matches('\n') == MARKER && marker.replace((at, at + line.len())).is_some() {
            return Err(Rule::Notice);
        }
        at += line.len();
    }
    let (end, begin) = marker.ok_or(Rule::Notice)?;
    let notice = text[begin..].to_owned();
    let mut above = text;
    above.truncate(end);
    // The text's last line end and the blank line belong to neither.
    match above.as_str() {
        "" => {}
        longer if longer.ends_with("\n\n") => above.truncate(above.len() - 2),
        _ => return Err(Rule::Notice),
    }
    if !notice.ends_with('\n') || notice.trim().is_empty() {
        return Err(Rule::Notice);
    }
    let safe = |text| SafeText::parse(text).map_err(|_| Rule::BodyText);
    Ok((safe(above)?, safe(notice)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_safe_message::Untrusted;

    #[test]
    fn the_notice_stands_once_below_the_text() {
        for (text, want) in [
            (format!("hello\n\n{MARKER}\nnotice\n"), Ok(("hello", "notice\n"))),
            (format!("\n\n\n{MARKER}\nnotice\n"), Ok(("\n", "notice\n"))),
            (format!("{MARKER}\nnotice\n"), Ok(("", "notice\n"))),
            (format!("hello\n{MARKER}\nnotice\n"), Err(Rule::Notice)),
            (format!("{MARKER}\n"), Err(Rule::Notice)),
            (format!("a\n\n{MARKER}\nx"), Err(Rule::Notice)),
            (format!("{MARKER}\na\n\n{MARKER}\nnotice\n"), Err(Rule::Notice)),
            ("hello\n".to_owned(), Err(Rule::Notice)),
            (format!("begin 644 x\n\n{MARKER}\nnotice\n"), Err(Rule::BodyText)),
            (format!("hello\n\n{MARKER}\nno\u{202e}tice\n"), Err(Rule::BodyText)),
        ] {
            let got = split(text.clone());
            let got = got.as_ref().map(|(text, notice)| (text.as_str(), notice.as_str())).map_err(|rule| *rule);
            assert_eq!(got, want, "{text:?}");
        }
    }

    #[test]
    fn base64_lines_are_full() {
        let read = |text: &str| {
            Lines::of(Untrusted::new(text.as_bytes()))
                .and_then(|mut lines| from_base64(&mut lines, Vec::new()))
                .map_err(|v| v.line)
        };
        let full = "QUFB".repeat(19);
        assert!(read(&format!("{full}\r\nQUE=\r\n")).is_ok());
        assert_eq!(read("QUFB\r\nQUFB\r\n"), Err(2));
        assert_eq!(read(&format!("{full}\r\n\r\n")), Err(2));
        assert_eq!(read(&format!("{full}QUFB\r\n")), Err(1));
    }

    #[test]
    fn line_ends_are_crlf() {
        assert_eq!(unfold_ends("a\r\n\r\nb").as_deref(), Some("a\n\nb"));
        for bad in ["a\nb", "a\rb", "a\r\r\n", "\r"] {
            assert_eq!(unfold_ends(bad), None, "{bad:?}");
        }
    }
}
