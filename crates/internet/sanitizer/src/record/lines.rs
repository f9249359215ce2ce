//! Content lines, which calendars and cards share: unfolding, names,
//! parameters, quoted-printable, escapes.
//!
//! Reads vCalendar 1.0 and vCard 2.1 too, which telephones still send. Never:
//! decodes base64; such a value is a picture, a key or a file.

use std::borrow::Cow;

use super::rows::MAX_BLOCK;
use crate::{charset, mime};

/// Most lines of one part; what follows is not read.
const MAX_LINES: usize = 20_000;
/// Longest line, in octets; the rest of a longer one is dropped. No value that
/// is shown is longer.
const MAX_LINE: usize = 4 * MAX_BLOCK + 4_000;
/// Longest name of a property.
const MAX_NAME: usize = 64;
/// Most parameters of a property, and the octets of one.
const MAX_PARAMS: usize = 30;
const MAX_PARAM: usize = 2_000;
/// Most pieces of a value that has several.
const MAX_PIECES: usize = 20;

/// One property: `group.NAME;PARAM=value:value`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Property {
    /// In upper case.
    pub(super) name: String,
    /// What binds it to others of a card, in upper case; often empty.
    pub(super) group: String,
    /// Names in upper case.
    params: Vec<(String, String)>,
    value: String,
}

/// The properties of `text`.
pub(super) fn read(text: &str) -> impl Iterator<Item = Property> {
    // vCard 2.1 folds at a blank and means it; later versions add one.
    let start = text.char_indices().nth(400).map_or(text.len(), |(end, _)| end);
    let keeps_blank = text[..start].contains("VERSION:2.1");
    let physical = text.split(['\n', '\r']).filter(|line| !line.is_empty()).peekable();
    Logical { physical, keeps_blank }.take(MAX_LINES).filter_map(|line| parse(&line))
}

/// Lines with their continuations.
struct Logical<I: Iterator> {
    physical: std::iter::Peekable<I>,
    keeps_blank: bool,
}

impl<'a, I: Iterator<Item = &'a str>> Iterator for Logical<I> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let first = self.physical.next()?;
        let encoded = is_quoted_printable(first);
        let mut line = String::new();
        append(&mut line, first);
        while let Some(next) = self.physical.peek().copied() {
            if encoded && line.ends_with('=') {
                line.pop();
                append(&mut line, next);
            } else if let Some(folded) = next.strip_prefix([' ', '\t']) {
                append(&mut line, if self.keeps_blank { next } else { folded });
            } else if is_property(next) {
                break;
            } else {
                // A line end that its writer forgot to escape.
                append(&mut line, "\n");
                append(&mut line, next);
            }
            self.physical.next();
        }
        Some(line)
    }
}

fn append(line: &mut String, more: &str) {
    if line.len() < MAX_LINE {
        line.push_str(&more[..more.floor_char_boundary(MAX_LINE - line.len())]);
    }
}

fn is_quoted_printable(line: &str) -> bool {
    let head = line.split(':').next().unwrap_or("");
    head.len() < MAX_PARAM && head.to_ascii_uppercase().contains("QUOTED-PRINTABLE")
}

fn is_property(line: &str) -> bool {
    let end = line.bytes().take(MAX_NAME + 1).position(|b| b == b':' || b == b';');
    end.is_some_and(|end| is_name(&line[..end]))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn parse(line: &str) -> Option<Property> {
    let (head, value) = line.split_at(colon(line)?);
    let mut pieces = split_outside_quotes(head, ';');
    let name = pieces.next()?.trim();
    is_name(name).then_some(())?;
    let (group, name) = name.rsplit_once('.').unwrap_or(("", name));
    Some(Property {
        name: name.to_ascii_uppercase(),
        group: group.to_ascii_uppercase(),
        params: pieces.take(MAX_PARAMS).map(parameter).collect(),
        value: value[1..].to_owned(),
    })
}

/// Where the value begins. A quote that is never closed does not hide it.
fn colon(line: &str) -> Option<usize> {
    let outside = split_outside_quotes(line, ':').next()?.len();
    if outside < line.len() { Some(outside) } else { line.find(':') }
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

fn parameter(text: &str) -> (String, String) {
    let text = &text[..text.floor_char_boundary(MAX_PARAM)];
    match text.split_once('=') {
        Some((name, value)) => (name.trim().to_ascii_uppercase(), without_carets(&value.replace('"', ""))),
        // vCard 2.1 leaves the name out.
        None if is_encoding(text) => ("ENCODING".to_owned(), text.trim().to_owned()),
        None => ("TYPE".to_owned(), text.trim().to_owned()),
    }
}

fn is_encoding(text: &str) -> bool {
    ["QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"].iter().any(|name| name.eq_ignore_ascii_case(text.trim()))
}

/// RFC 6868 3.2: `^n`, `^'`, `^^`.
fn without_carets(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '^' => match chars.next() {
                Some('n') => out.push(' '),
                Some('\'') => out.push('"'),
                Some('^') => out.push('^'),
                other => {
                    out.push('^');
                    out.extend(other);
                }
            },
            _ => out.push(c),
        }
    }
    out
}

impl Property {
    /// A parameter's first value.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(param, _)| param == name).map(|(_, value)| value.as_str())
    }

    /// The values of `TYPE`, in upper case.
    pub(super) fn types(&self) -> Vec<String> {
        let values = self.params.iter().filter(|(name, _)| name == "TYPE");
        values.flat_map(|(_, value)| value.split(',')).map(|value| value.trim().to_ascii_uppercase()).collect()
    }

    /// Whether the value is no text: a file, a picture, a key.
    pub(super) fn is_binary(&self) -> bool {
        let encoding = self.param("ENCODING").unwrap_or("").trim().to_ascii_uppercase();
        let inline = self.value.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
        inline
            || encoding == "B"
            || encoding == "BASE64"
            || self.param("VALUE").is_some_and(|v| v.eq_ignore_ascii_case("BINARY"))
    }

    /// The value as it stands (an address, a date, a rule); empty if it is binary.
    pub(super) fn raw(&self) -> Cow<'_, str> {
        match self.param("ENCODING") {
            _ if self.is_binary() => Cow::Borrowed(""),
            Some(encoding) if encoding.trim().eq_ignore_ascii_case("QUOTED-PRINTABLE") => Cow::Owned(self.unquoted()),
            Some(_) | None => Cow::Borrowed(self.value.trim()),
        }
    }

    fn unquoted(&self) -> String {
        // What is not ASCII has been decoded already, and is UTF-8 by now.
        let charset = if self.value.is_ascii() { self.param("CHARSET") } else { Some("utf-8") };
        let octets = mime::decode_quoted_printable(self.value.as_bytes()).octets;
        charset::decode(&octets, charset.map(str::as_bytes)).text
    }

    /// The value as text.
    pub(super) fn text(&self) -> String {
        unescape(&self.raw())
    }

    /// One property for each value of a list of dates.
    pub(super) fn each(&self) -> impl Iterator<Item = Self> {
        let raw = self.raw().into_owned();
        let (name, group) = (&self.name, &self.group);
        // A period is shown by its beginning (RFC 5545 3.3.9).
        let values = raw.split(',').take(MAX_PIECES).map(|value| value.split('/').next().unwrap_or("").to_owned());
        let values: Vec<String> = values.collect();
        let one = |value| Self { name: name.clone(), group: group.clone(), params: self.params.clone(), value };
        values.into_iter().map(one)
    }

    /// The pieces of a value that has several, as text.
    pub(super) fn pieces(&self) -> Vec<String> {
        let mut escaped = false;
        let raw = self.raw();
        let pieces = raw.split(|c| {
            let end = c == ';' && !escaped;
            escaped = c == '\\' && !escaped;
            end
        });
        pieces.take(MAX_PIECES).map(|piece| unescape(piece).trim().to_owned()).collect()
    }
}

/// RFC 5545 3.3.11. A backslash before anything else is one.
fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(c @ (',' | ';' | ':' | '\\' | '"')) => out.push(c),
                other => {
                    out.push('\\');
                    out.extend(other);
                }
            },
            _ => out.push(c),
        }
    }
    out
}

/// See [`super::whole`].
pub(super) fn whole(octets: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Vec::new();
    let mut copied = 0;
    for (at, pair) in octets.windows(2).enumerate() {
        let [b'\n', b' ' | b'\t'] = pair else { continue };
        let before = octets[..at].strip_suffix(b"\r").unwrap_or(&octets[..at]);
        let follows = octets.get(at + 2).is_some_and(|b| (0x80..0xc0).contains(b));
        if follows && before.len() >= copied && ends_within_character(before) {
            out.extend_from_slice(&octets[copied..before.len()]);
            copied = at + 2;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(octets);
    }
    out.extend_from_slice(&octets[copied..]);
    Cow::Owned(out)
}

/// Whether an unfinished character of UTF-8 (RFC 3629 3) ends `octets`.
fn ends_within_character(octets: &[u8]) -> bool {
    let tail = octets.iter().rev().take(3).position(|b| *b >= 0xc0);
    tail.and_then(|at| octets.len().checked_sub(at + 1)).is_some_and(|lead| {
        let length = match octets[lead] {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 0,
        };
        octets.len() - lead < length && octets[lead + 1..].iter().all(|b| (0x80..0xc0).contains(b))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test")]

    use super::*;

    fn only(text: &str) -> Property {
        let mut all = read(text);
        let first = all.next().unwrap();
        assert_eq!(all.next(), None);
        first
    }

    #[test]
    fn values() {
        for (text, name, value) in [
            ("summary:a\\, b\\; c\\\\d\\ne\\x", "SUMMARY", "a, b; c\\d\ne\\x"),
            ("DESCRIPTION:a\r\n b\r\n\tc\r\n", "DESCRIPTION", "abc"),
            ("DESCRIPTION:a\n \n  b", "DESCRIPTION", "a b"),
            ("item1.X-A;B=\"c:d;e\":f", "X-A", "f"),
            ("X;A=\"never closed:f", "X", "f"),
            ("NOTE:one\ntwo, without a blank\n", "NOTE", "one\ntwo, without a blank"),
            ("N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=E9=96=A2=\r\n=E6=89=80", "N", "関所"),
            ("N;QUOTED-PRINTABLE;CHARSET=SHIFT_JIS:=8A=D6=8F=8A=5C", "N", "関所\\"),
            ("N;ENCODING=QUOTED-PRINTABLE:関=E6=89=80", "N", "関所"),
            ("PHOTO;ENCODING=b:AAAA\r\n BBBB", "PHOTO", ""),
            ("PHOTO:data:image/png;base64,AAAA", "PHOTO", ""),
            ("KEY;BASE64:AAAA\r\nBBBB==", "KEY", ""),
        ] {
            let property = only(text);
            assert_eq!((property.name.as_str(), property.text().as_str()), (name, value), "{text}");
        }
        assert_eq!(read("no property\n\n:\n=:a\n").count(), 0);
        assert_eq!(only("VERSION:2.1\n a").value, "2.1 a");
    }

    #[test]
    fn parameters_and_pieces() {
        let property = only("a.TEL;WORK;type=voice,\"fax\";CN=\"A; B ^'c^'\":x\\;y;z;");
        assert_eq!(property.types(), ["WORK", "VOICE", "FAX"]);
        assert_eq!(property.param("CN"), Some("A; B \"c\""));
        assert_eq!(property.pieces(), ["x;y", "z", ""]);
        assert_eq!(property.group, "A");
    }

    #[test]
    fn bounds() {
        assert_eq!(read(&"A:b\n".repeat(MAX_LINES + 5)).count(), MAX_LINES);
        let long = format!("A:{}", "関\n ".repeat(MAX_LINE));
        assert!(only(&long).value.len() <= MAX_LINE);
        assert_eq!(only(&format!("A{}:x", ";B=c".repeat(MAX_PARAMS + 5))).params.len(), MAX_PARAMS);
    }

    #[test]
    fn characters_folded_in_their_middle() {
        for (octets, mended) in [
            (&b"A:\xe9\x96\r\n \xa2b"[..], &b"A:\xe9\x96\xa2b"[..]),
            (b"A:\xe9\n\t\x96\xa2\n \xe3\x81\r\n \x82", b"A:\xe9\x96\xa2\n \xe3\x81\x82"),
            (b"A:\xe9\n \x96\n \xa2", b"A:\xe9\x96\n \xa2"),
            (b"A:\xe9\x96\xa2\r\n \xe9\x96\xa2", b"A:\xe9\x96\xa2\r\n \xe9\x96\xa2"),
            (b"\n \x80\n ", b"\n \x80\n "),
        ] {
            assert_eq!(&*whole(octets), mended);
        }
    }
}
