//! Values of calendars and cards, as they may cross.

use std::borrow::Cow;
use std::collections::BTreeSet;

use sekisho_safe_message::{RecordLine, Removal, SafeRecord};

use crate::html;

/// Most octets of a parameter's value.
const MAX_PARAMETER: usize = 500;

/// Tags by which a description in HTML is known.
const TAGS: [&str; 7] = ["<br", "<p>", "</p>", "</a>", "<html", "</li>", "<!doctype"];

/// A line without parameters.
pub(super) fn line(name: &'static str, value: impl Into<String>) -> RecordLine {
    RecordLine { name, parameters: Vec::new(), value: value.into() }
}

/// What escapes stand for (RFC 5545 3.3.11). A backslash before anything else
/// is one.
pub(super) fn unescape(value: &str) -> String {
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

/// The pieces between separators that no backslash stands before.
pub(super) fn pieces(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    value.split(move |c| {
        let ends = c == separator && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })
}

/// One text, escaped; `removed` learns what it had that may not cross.
pub(super) fn text(value: &str, removed: &mut BTreeSet<Removal>) -> String {
    escaped(unescape(value).trim(), removed)
}

/// A text that may be HTML, as plain text.
pub(super) fn long_text(value: &str, removed: &mut BTreeSet<Removal>) -> String {
    let text = unescape(value);
    let lower = text.to_ascii_lowercase();
    if !TAGS.iter().any(|tag| lower.contains(tag)) {
        return escaped(text.trim(), removed);
    }
    removed.insert(Removal::Markup);
    escaped(html::to_text(&text).text.trim(), removed)
}

/// Texts with commas between.
pub(super) fn texts(value: &str, removed: &mut BTreeSet<Removal>) -> String {
    let texts: Vec<String> = pieces(value, ',').map(|one| text(one, removed)).collect();
    texts.join(",")
}

/// `count` fields with semicolons between; what is more is left out.
pub(super) fn fields(value: &str, count: usize, removed: &mut BTreeSet<Removal>) -> String {
    let mut fields: Vec<String> = pieces(value, ';').map(|field| texts(field, removed)).collect();
    if fields.len() > count {
        removed.insert(Removal::Property);
    }
    fields.resize(count, String::new());
    fields.join(";")
}

/// A parameter's value; `None` if nothing is left.
pub(super) fn parameter(value: &str, removed: &mut BTreeSet<Removal>) -> Option<String> {
    let plain: String = value.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let plain = plain.replace('"', "'").replace('\\', "＼");
    let plain = disarmed(&plain, removed);
    let plain = plain.trim();
    let plain = plain[..plain.floor_char_boundary(MAX_PARAMETER)].trim_end();
    (!plain.is_empty()).then(|| plain.to_owned())
}

/// `text` with escapes for what must have them.
fn escaped(text: &str, removed: &mut BTreeSet<Removal>) -> String {
    let text = text.replace("\r\n", "\n");
    let text = disarmed(&text, removed);
    let text = without_paths(&text, removed);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\\' | ',' | ';' => out.extend(['\\', c]),
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push_str("\\n"),
            '\t' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}

/// Markup and the schemes of links to files and programs in full-width forms.
fn disarmed<'t>(text: &'t str, removed: &mut BTreeSet<Removal>) -> Cow<'t, str> {
    let inert = SafeRecord::inert_markup(text);
    if matches!(inert, Cow::Owned(_)) {
        removed.insert(Removal::Markup);
    }
    let lower = inert.to_ascii_lowercase();
    let ends = |at: usize| SafeRecord::SCHEMES.iter().any(|scheme| lower[..=at].ends_with(scheme));
    let colons: Vec<usize> = lower.match_indices(':').map(|(at, _)| at).filter(|at| ends(*at)).collect();
    if colons.is_empty() {
        return inert;
    }
    removed.insert(Removal::Link);
    let (mut out, mut copied) = (String::with_capacity(inert.len()), 0);
    for at in colons {
        out.push_str(&inert[copied..at]);
        out.push('：');
        copied = at + 1;
    }
    Cow::Owned(out + &inert[copied..])
}

/// Paths to servers (`\\server\share`), which clients make links of, with
/// full-width backslashes; a single one before what will be escaped, too, so
/// that three never stand in a row.
fn without_paths<'t>(text: &'t str, removed: &mut BTreeSet<Removal>) -> Cow<'t, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut before = None;
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let beside = before == Some('\\') || next == Some('\\');
        if beside && c == '\\' {
            removed.insert(Removal::Link);
        }
        let escapes = next.is_some_and(|c| {
            matches!(c, ',' | ';' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
        });
        out.push(if c == '\\' && (beside || escapes) { '＼' } else { c });
        before = Some(c);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_may_cross() {
        for (value, made, removal) in [
            ("a\\, b\\; c\\nd", "a\\, b\\; c\\nd", None),
            ("a, b", "a\\, b", None),
            ("a\\x", "a\\\\x", None),
            ("\\\\\\\\server\\\\x", "＼＼server\\\\x", Some(Removal::Link)),
            ("C:\\\\\\n", "C:\\\\", None),
            ("C:\\\\\\nx", "C:＼\\nx", None),
            ("x FILE:///c", "x FILE：///c", Some(Removal::Link)),
            ("<b>x<script>", "<b>x＜script>", Some(Removal::Markup)),
            ("a\tb", "a b", None),
        ] {
            let mut removed = BTreeSet::new();
            assert_eq!(text(value, &mut removed), made, "{value}");
            assert_eq!(removed.into_iter().next(), removal, "{value}");
            assert!(SafeRecord::takes("VEVENT", &line("SUMMARY", made)), "{made}");
            // What was made is made again.
            assert_eq!(text(made, &mut BTreeSet::new()), made);
        }
    }

    #[test]
    fn fields_and_parameters() {
        let mut removed = BTreeSet::new();
        assert_eq!(fields("山田;太郎", 5, &mut removed), "山田;太郎;;;");
        assert_eq!(fields("a\\;b,c;d", 1, &mut removed), "a\\;b,c");
        assert_eq!(removed, BTreeSet::from([Removal::Property]));
        assert_eq!(parameter(" \"a\"\n\\ ", &mut removed).as_deref(), Some("'a' ＼"));
        assert_eq!(parameter(" ", &mut removed), None);
        let long = "あ".repeat(400);
        assert_eq!(parameter(&long, &mut removed).map(|made| made.len()), Some(498));
        assert_eq!(long_text("a<br>b", &mut removed), "a\\nb");
    }
}
