//! Text that no program takes for a page, a document or a script.
//!
//! The rule is that of `docs/output-formats.md`, "Inert markup".

use std::borrow::Cow;

/// Elements that a browser, a mail client or an office program acts on, in
/// order.
const NAMES: [&str; 33] = [
    "a",
    "applet",
    "area",
    "audio",
    "base",
    "body",
    "button",
    "div",
    "embed",
    "form",
    "frame",
    "frameset",
    "head",
    "html",
    "iframe",
    "img",
    "input",
    "link",
    "math",
    "meta",
    "object",
    "office:document",
    "p",
    "script",
    "style",
    "stylesheet",
    "svg",
    "table",
    "template",
    "textarea",
    "title",
    "video",
    "worddocument",
];

/// Longest run of characters that may be a name.
const MAX_NAME: usize = 64;

/// Whether nothing in `text` is live.
pub(super) fn is_inert(text: &str) -> bool {
    next_live(text, 0).is_none()
}

/// `text` with full-width forms in place of what is live.
pub(super) fn inert(text: &str) -> Cow<'_, str> {
    let Some(mut live) = next_live(text, 0) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    let mut copied = 0;
    loop {
        let (at, instead) = live;
        out.push_str(&text[copied..at]);
        out.push(instead);
        copied = at + 1;
        match next_live(text, copied) {
            Some(next) => live = next,
            None => break,
        }
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The first live sign from `start` on, and what may stand in its place.
fn next_live(text: &str, start: usize) -> Option<(usize, char)> {
    let bytes = text.as_bytes();
    let begins =
        |at: usize, word: &[u8]| bytes.get(at..at + word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    (start..bytes.len()).find_map(|at| match bytes[at] {
        b'<' if is_tag(&bytes[at + 1..]) => Some((at, '＜')),
        b'{' if begins(at, b"{\\rtf") => Some((at, '｛')),
        b'%' if begins(at, b"%pdf-") => Some((at, '％')),
        _ => None,
    })
}

/// Whether what stands behind a `<` makes it live.
fn is_tag(rest: &[u8]) -> bool {
    if matches!(rest.first(), Some(b'?' | b'!' | b'%')) {
        return true;
    }
    let rest = rest.strip_prefix(b"/").unwrap_or(rest);
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'.' | b'_' | b'-');
    let length = rest.iter().take(MAX_NAME + 1).take_while(|b| is_name(b)).count();
    let name = rest[..length].to_ascii_lowercase();
    let local = name.rsplit(|b| *b == b':').next().unwrap_or_default();
    length <= MAX_NAME && [&name[..], local].iter().any(|name| NAMES.iter().any(|known| known.as_bytes() == *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_live_becomes_full_width() {
        for (text, made) in [
            ("<script>x</SCRIPT >", "＜script>x＜/SCRIPT >"),
            ("<?php x ?>", "＜?php x ?>"),
            ("<!DOCTYPE html>", "＜!DOCTYPE html>"),
            ("<svg:script/>", "＜svg:script/>"),
            ("<office:document x", "＜office:document x"),
            (
                "a <b 1<2 <scripts> <yamada@example.jp> <https://a.example>",
                "a <b 1<2 <scripts> <yamada@example.jp> <https://a.example>",
            ),
            ("<a", "＜a"),
            ("<<p>", "<＜p>"),
            ("{\\RTF1", "｛\\RTF1"),
            ("100% %PDF-1.7", "100% ％PDF-1.7"),
            ("", ""),
        ] {
            assert_eq!(inert(text), made);
            assert!(is_inert(made), "{made}");
            assert_eq!(is_inert(text), text == made);
        }
        let long = format!("<{}:script>", "x".repeat(MAX_NAME));
        assert!(is_inert(&long));
    }
}
