//! Fields of reports (RFC 3464 2.1, 8098 3, 5965 3), which look like those of
//! a mail's header, in groups.

use std::borrow::Cow;

/// Most fields of a report; what follows is not read.
const MAX_FIELDS: usize = 5_000;
/// Most octets of one field; longer is a flood.
const MAX_FIELD: usize = 16_000;

/// One field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// In lower case; empty for a line that is no field.
    pub(super) name: String,
    /// Without the line ends of its continuations.
    pub(super) value: String,
}

/// The groups of fields of `text`, as empty lines part them.
pub(super) fn groups(text: &str) -> Vec<Vec<Field>> {
    let mut groups: Vec<Vec<Field>> = Vec::new();
    let mut fresh = true;
    let text = text.replace("\r\n", "\n");
    let mut count = 0;
    for line in text.split(['\n', '\r']) {
        if line.trim().is_empty() {
            fresh = true;
            continue;
        }
        let last = if fresh { None } else { groups.last_mut() };
        match last {
            Some(group) if line.starts_with([' ', '\t']) => continue_last(group, line),
            _ if count == MAX_FIELDS => break,
            Some(group) => {
                count += 1;
                group.push(field(line));
            }
            None => {
                count += 1;
                groups.push(vec![field(line)]);
            }
        }
        fresh = false;
    }
    groups
}

fn continue_last(group: &mut [Field], line: &str) {
    let Some(last) = group.last_mut() else { return };
    let room = MAX_FIELD.saturating_sub(last.value.len());
    let line = line.trim();
    last.value.push(' ');
    last.value.push_str(&line[..line.floor_char_boundary(room)]);
}

fn field(line: &str) -> Field {
    let line = &line[..line.floor_char_boundary(MAX_FIELD)];
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    match line.split_once(':') {
        Some((name, value)) if is_name(name.trim()) => {
            Field { name: name.trim().to_ascii_lowercase(), value: value.trim().to_owned() }
        }
        Some(_) | None => Field { name: String::new(), value: line.trim().to_owned() },
    }
}

/// The first value of a name that is not empty.
pub(super) fn first<'a>(fields: &'a [Field], name: &str) -> Option<&'a str> {
    all(fields, name).next()
}

/// All values of a name that are not empty.
pub(super) fn all<'a>(fields: &'a [Field], name: &str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |field| field.name == name && !field.value.is_empty()).map(|field| field.value.as_str())
}

/// `rfc822; a@example.jp` without its type; `utf-8` addresses (RFC 6533 3)
/// with their characters.
pub(super) fn typed(value: &str) -> Cow<'_, str> {
    match value.split_once(';') {
        Some((kind, rest)) if kind.trim().eq_ignore_ascii_case("utf-8") => Cow::Owned(embedded(rest.trim())),
        Some((kind, rest)) if !kind.trim().contains([' ', '@', '<']) => Cow::Borrowed(rest.trim()),
        Some(_) | None => Cow::Borrowed(value.trim()),
    }
}

/// `\x{6771}` is a character.
fn embedded(value: &str) -> String {
    let mut pieces = value.split("\\x{");
    let mut out = pieces.next().unwrap_or("").to_owned();
    for piece in pieces {
        let read = piece.split_once('}').and_then(|(hex, rest)| {
            let hex = u32::from_str_radix(hex, 16).ok()?;
            Some((char::from_u32(hex)?, rest))
        });
        match read {
            Some((c, rest)) => {
                out.push(c);
                out.push_str(rest);
            }
            None => {
                out.push_str("\\x{");
                out.push_str(piece);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_fields() {
        let text = "A: 1\r\nB : 2\r\n\tmore\r\n\r\n \r\nC: 3\rD:4\nfree: \u{3042} text here\n宛先不明です\n";
        let groups = groups(text);
        let plain: Vec<Vec<(&str, &str)>> =
            groups.iter().map(|group| group.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect()).collect();
        assert_eq!(
            plain,
            [
                vec![("a", "1"), ("b", "2 more")],
                vec![("c", "3"), ("d", "4"), ("free", "あ text here"), ("", "宛先不明です")]
            ]
        );
        assert_eq!(super::groups(&"A: b\n\n".repeat(MAX_FIELDS + 9)).len(), MAX_FIELDS);
        assert_eq!(super::groups(&format!("A: b\n{}", " c\n".repeat(MAX_FIELD))).len(), 1);
    }

    #[test]
    fn types() {
        for (value, plain) in [
            ("rfc822; a@example.jp", "a@example.jp"),
            ("a@example.jp", "a@example.jp"),
            ("smtp; 550 5.1.1 no; really", "550 5.1.1 no; really"),
            ("utf-8; \\x{6771}\\x{4eac}@example.jp", "東京@example.jp"),
            ("utf-8; \\x{d800}\\x{41", "\\x{d800}\\x{41"),
            ("550 no such user; sorry", "550 no such user; sorry"),
        ] {
            assert_eq!(typed(value), plain);
        }
    }
}
