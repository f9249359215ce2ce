//! Content lines of calendars and cards as somebody else wrote them:
//! unfolding, names, parameters, encodings of vCard 2.1 and vCalendar 1.0.
//!
//! What cannot be read as a line continues the one before, whose writer forgot
//! to escape a line's end. Too many lines are refused, never cut.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sekisho_disarm::{Budget, Refusal};
use sekisho_safe_message::{Removal, SafeRecord};

use super::plain;
use crate::{charset, mime, record};

/// Most lines that are read: pictures take many, and are left out.
const MAX_LINES: usize = 200_000;
/// Most properties, twice what a record may have: many are left out.
const MAX_PROPERTIES: usize = 2 * SafeRecord::MAX_LINES;
/// Longest name of a property or a parameter.
const MAX_NAME: usize = 64;
/// Most parameters of a property.
const MAX_PARAMETERS: usize = 60;

/// One property: `group.NAME;PARAM=value:value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    /// In upper case, without its group.
    pub(super) name: String,
    /// Names in upper case, values without quotes.
    parameters: Vec<(String, String)>,
    /// Encodings undone, escapes as they stand.
    pub(super) value: String,
}

impl Property {
    /// A parameter's first value.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of `TYPE`, in upper case.
    pub(super) fn types(&self) -> impl Iterator<Item = String> {
        let values = self.parameters.iter().filter(|(name, _)| name == "TYPE").flat_map(|(_, value)| value.split(','));
        values.map(|value| value.trim().to_ascii_uppercase())
    }

    /// Whether the value is a file in base64, or refers to one.
    pub(super) fn is_binary(&self) -> bool {
        let is = |name, words: &[&str]| {
            self.parameter(name).is_some_and(|value| words.iter().any(|word| word.eq_ignore_ascii_case(value.trim())))
        };
        is("ENCODING", &["B", "BASE64"]) || is("VALUE", &["BINARY"])
    }
}

/// A file's properties, and what was taken out of its characters.
pub(super) fn read(octets: &[u8], budget: &mut Budget) -> Result<(Vec<Property>, BTreeSet<Removal>), Refusal> {
    let read = plain::characters(&record::whole(octets), None, budget)?;
    let mut properties: Vec<Property> = Vec::new();
    for line in logical(&read.text)? {
        properties.push(parse(&line).ok_or(Refusal::Malformed)?);
    }
    budget.steps(properties.len() as u64)?;
    Ok((properties, read.removed))
}

/// Lines with their continuations.
fn logical(text: &str) -> Result<Vec<Cow<'_, str>>, Refusal> {
    // vCard 2.1 folds at a blank and means it; later versions add one.
    let start = &text[..text.floor_char_boundary(400)];
    let keeps_blank = start.contains("VERSION:2.1") || start.contains("VERSION:1.0");
    let mut lines: Vec<Cow<'_, str>> = Vec::new();
    for (at, line) in text.split(['\n', '\r']).filter(|line| !line.is_empty()).enumerate() {
        if at == MAX_LINES || lines.len() > MAX_PROPERTIES {
            return Err(Refusal::TooLarge);
        }
        match (lines.last_mut(), line.strip_prefix([' ', '\t'])) {
            (None, _) => lines.push(Cow::Borrowed(line)),
            (Some(last), _) if last.ends_with('=') && is_quoted_printable(last) => {
                let last = last.to_mut();
                last.pop();
                last.push_str(line);
            }
            (Some(last), Some(folded)) => last.to_mut().push_str(if keeps_blank { line } else { folded }),
            (Some(_), None) if is_property(line) => lines.push(Cow::Borrowed(line)),
            (Some(last), None) => {
                let last = last.to_mut();
                last.push_str("\\n");
                last.push_str(line);
            }
        }
    }
    Ok(lines)
}

/// Looks no further than a head that is not absurd.
fn is_quoted_printable(line: &str) -> bool {
    let head = &line[..line.floor_char_boundary(1000)];
    head.split(':').next().unwrap_or("").to_ascii_uppercase().contains("QUOTED-PRINTABLE")
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
    let mut pieces = outside_quotes(head, ';');
    let name = pieces.next()?.trim();
    let name = Some(name).filter(|name| is_name(name))?;
    let parameters: Vec<(String, String)> = pieces.take(MAX_PARAMETERS).map(parameter).collect();
    let name = name.rsplit('.').next().unwrap_or(name).to_ascii_uppercase();
    let mut property = Property { name, parameters, value: value[1..].trim().to_owned() };
    if property.parameter("ENCODING").is_some_and(|encoding| encoding.eq_ignore_ascii_case("QUOTED-PRINTABLE")) {
        property.value = unquoted(&property);
    }
    Some(property)
}

/// Where the value begins. A quote that is never closed does not hide it.
fn colon(line: &str) -> Option<usize> {
    let outside = outside_quotes(line, ':').next()?.len();
    if outside < line.len() { Some(outside) } else { line.find(':') }
}

fn outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

fn parameter(text: &str) -> (String, String) {
    let encodings = ["QUOTED-PRINTABLE", "BASE64", "B", "8BIT", "7BIT"];
    match text.split_once('=') {
        Some((name, value)) => (name.trim().to_ascii_uppercase(), without_carets(&value.replace('"', ""))),
        // vCard 2.1 leaves the name out.
        None if encodings.iter().any(|name| name.eq_ignore_ascii_case(text.trim())) => {
            ("ENCODING".to_owned(), text.trim().to_owned())
        }
        None => ("TYPE".to_owned(), text.trim().to_owned()),
    }
}

/// RFC 6868 3.2: `^n`, `^'`, `^^`.
fn without_carets(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once('^') {
        out.push_str(before);
        let (instead, length) = match behind.bytes().next() {
            Some(b'n') => (" ", 1),
            Some(b'\'') => ("'", 1),
            Some(b'^') => ("^", 1),
            _ => ("^", 0),
        };
        out.push_str(instead);
        rest = &behind[length..];
    }
    out + rest
}

/// The value as its charset says, its line ends escaped. What is not ASCII was
/// decoded with the file.
fn unquoted(property: &Property) -> String {
    let label = if property.value.is_ascii() { property.parameter("CHARSET") } else { Some("utf-8") };
    let octets = mime::decode_quoted_printable(property.value.as_bytes()).octets;
    let label = label.map(str::as_bytes).filter(|label| !label.to_ascii_lowercase().starts_with(b"utf-7"));
    let text = charset::decode(&octets, label).text;
    let text = plain::visible(&text).replace("\r\n", "\n").replace(['\r', '\n'], "\\n");
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use sekisho_disarm::Bounds;

    use super::*;

    fn properties(text: &str) -> Result<Vec<Property>, Refusal> {
        read(text.as_bytes(), &mut Budget::new(Bounds::default())).map(|(properties, _)| properties)
    }

    #[test]
    fn lines_in_every_broken_form() {
        for (text, name, value) in [
            ("SUMMARY:a\r\n b\r\n\tc", "SUMMARY", "abc"),
            ("summary:a\nb c\n", "SUMMARY", "a\\nb c"),
            ("item1.X-A;B=\"c:d;e\":f", "X-A", "f"),
            ("X;A=\"never closed:f", "X", "f"),
            ("N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=E9=96=A2=\r\n=E6=89=80", "N", "関所"),
            ("N;QUOTED-PRINTABLE;CHARSET=SHIFT_JIS:=8A=D6=8F=8A", "N", "関所"),
            ("NOTE;QUOTED-PRINTABLE:a=0D=0Ab", "NOTE", "a\\nb"),
        ] {
            let read = properties(text).unwrap();
            assert_eq!(read.len(), 1, "{text}");
            assert_eq!((read[0].name.as_str(), read[0].value.as_str()), (name, value), "{text}");
        }
        assert_eq!(properties("no property"), Err(Refusal::Malformed));
        assert_eq!(properties(&"A:b\n".repeat(MAX_PROPERTIES + 5)), Err(Refusal::TooLarge));
        let types = properties("TEL;WORK;type=voice,\"fax\";CN=\"A ^'b^' ^\":1").unwrap().remove(0);
        assert_eq!(types.types().collect::<Vec<_>>(), ["WORK", "VOICE", "FAX"]);
        assert_eq!(types.parameter("CN"), Some("A 'b' ^"));
    }
}
