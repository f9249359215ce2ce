//! Text that is safe to show: no controls, no tricks of direction or width,
//! no line that a mail client turns into a file.
//!
//! `parse` checks (the LGWAN side, and decoding); `clean` makes (the worker).
//! What `clean` makes, `parse` accepts: a test holds the two together.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why text is not safe text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextError {
    /// Longer than the type's bound (octets of UTF-8).
    TooLong,
    /// A control, a bidirectional override, or an invisible character.
    Forbidden(char),
    /// A line that some client takes for an encoded file.
    FileLike,
    /// Nothing where something must be.
    Empty,
    /// Blanks (in a file name also dots) stand at an end, or doubled in a name;
    /// a table or record does not end as it should.
    Edge,
    /// A cell that a spreadsheet program would run.
    Formula,
    /// A line of a record that is not on its list.
    Property,
}

/// What [`SafeText::clean`] made, and how much it had to take out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned<T> {
    /// The safe value.
    pub value: T,
    /// Characters left out or replaced.
    pub changed: u64,
    /// Whether the end was cut at the type's bound.
    pub cut: bool,
}

/// Whether `c` may stand in any safe text. Line feeds and tabs are the
/// business of [`SafeText`] alone.
///
/// Out: C0, DEL, C1; bidi marks, embeddings, overrides and isolates (UAX 9);
/// line and paragraph separators; zero-width space, word joiner and other
/// invisible operators, soft hyphen, BOM; interlinear anchors; tag
/// characters; private controls of planes that no font shows; noncharacters.
/// In: zero-width (non-)joiner and variation selectors, which Indic scripts,
/// emoji and Japanese 異体字 need.
#[inline]
pub fn is_safe_char(c: char) -> bool {
    // Most of all text: ASCII that can be seen, Japanese, Chinese, Hangul.
    matches!(c, ' '..='~' | '\u{3000}'..='\u{3163}' | '\u{3165}'..='\u{d7ff}') || is_safe_elsewhere(c)
}

fn is_safe_elsewhere(c: char) -> bool {
    !matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{fdd0}'..='\u{fdef}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
        && (c as u32) & 0xfffe != 0xfffe
}

/// A multi-line text: lines separated by `\n`, at most [`SafeText::MAX`]
/// octets of UTF-8.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SafeText(String);

impl SafeText {
    /// 4 MiB: some two million Japanese characters, beyond any mail that a
    /// person writes; bounds the memory of both sides.
    pub const MAX: usize = 4 << 20;

    /// Accepts `text` if it is safe as it stands.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: String) -> Result<Self, TextError> {
        if text.len() > Self::MAX {
            return Err(TextError::TooLong);
        }
        if let Some(bad) = text.chars().find(|c| !is_safe_char(*c) && *c != '\n' && *c != '\t') {
            return Err(TextError::Forbidden(bad));
        }
        if text.split('\n').any(is_file_like) {
            return Err(TextError::FileLike);
        }
        Ok(Self(text))
    }

    /// Makes safe text of any decoded text: CRLF and CR become line feeds,
    /// other forbidden characters vanish (vertical ones become line feeds),
    /// file-like lines get a visible `| ` in front, and what lies beyond
    /// [`SafeText::MAX`] is cut.
    pub fn clean(text: &str) -> Cleaned<Self> {
        let mut out = String::with_capacity(text.len().min(Self::MAX));
        let mut changed = 0;
        let mut chars = text.chars().peekable();
        let mut cut = false;
        let mut line_start = 0;
        while let Some(c) = chars.next() {
            let kept = match c {
                '\r' => {
                    if chars.peek() == Some(&'\n') {
                        continue;
                    }
                    '\n'
                }
                '\n' | '\t' => c,
                '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
                _ if is_safe_char(c) => c,
                _ => {
                    changed += 1;
                    continue;
                }
            };
            // 2 octets of room for a mark that the last line may need.
            if out.len() + kept.len_utf8() + 2 > Self::MAX {
                cut = true;
                break;
            }
            out.push(kept);
            if kept == '\n' {
                changed += u64::from(mark_if_file_like(&mut out, line_start));
                line_start = out.len();
            }
        }
        changed += u64::from(mark_if_file_like(&mut out, line_start));
        if out.len() > Self::MAX {
            // Marks of many lines may have grown the text past the bound.
            let end = floor_char_boundary(&out, Self::MAX);
            out.truncate(end);
            cut = true;
        }
        Cleaned { value: Self(out), changed, cut }
    }

    /// The text, lines separated by `\n`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn floor_char_boundary(text: &str, limit: usize) -> usize {
    (0..=limit.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0)
}

/// Puts `| ` in front of the line that begins at `start` if a client would
/// make a file of it.
fn mark_if_file_like(out: &mut String, start: usize) -> bool {
    let found = is_file_like(out[start..].trim_end_matches('\n'));
    if found {
        out.insert_str(start, "| ");
    }
    found
}

/// Whether a client may take `line` for the start of an encoded file: uuencode
/// (classic and base64), yEnc, BinHex. Case and leading blanks are folded,
/// since clients differ.
fn is_file_like(line: &str) -> bool {
    let line = line.trim_start();
    let starts = |word: &str| line.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    if starts("begin") {
        let rest = &line[5..];
        let mode = rest.trim_start();
        let digits = mode.bytes().take_while(|b| (b'0'..=b'7').contains(b)).count();
        return rest.starts_with("-base64")
            || (rest.len() > mode.len() && (3..=4).contains(&digits) && mode[digits..].starts_with([' ', '\t']));
    }
    starts("=ybegin") || starts("(This file must be converted with BinHex")
}

/// One line of text: no line ends, no tabs, at most [`SafeLine::MAX`] octets,
/// no blank at either end.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SafeLine(String);

impl SafeLine {
    /// 2,000 octets: some 660 Japanese characters; longer subjects and names
    /// are nobody's honest writing.
    pub const MAX: usize = 2000;

    /// Accepts `text` if it is a safe line as it stands (it may be empty).
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: String) -> Result<Self, TextError> {
        if text.len() > Self::MAX {
            return Err(TextError::TooLong);
        }
        if let Some(bad) = text.chars().find(|c| !is_safe_char(*c)) {
            return Err(TextError::Forbidden(bad));
        }
        if text.trim() != text {
            return Err(TextError::Edge);
        }
        Ok(Self(text))
    }

    /// Makes one safe line of any decoded text: runs of white space and
    /// controls become one space, forbidden characters vanish, the end is cut
    /// at [`SafeLine::MAX`].
    pub fn clean(text: &str) -> Cleaned<Self> {
        clean_line(text, Self::MAX, |_| false)
    }

    /// The line.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn clean_line(text: &str, max: usize, drop: impl Fn(char) -> bool) -> Cleaned<SafeLine> {
    let mut out = String::with_capacity(text.len().min(max));
    let (mut changed, mut cut, mut blank) = (0, false, false);
    for c in text.chars() {
        if c == ' ' || c == '\t' || c == '\r' || c == '\n' || ('\u{b}'..='\u{c}').contains(&c) || c == '\u{2028}' {
            changed += u64::from(c != ' ');
            blank = !out.is_empty();
            continue;
        }
        if !is_safe_char(c) || drop(c) {
            changed += 1;
            continue;
        }
        if out.len() + usize::from(blank) + c.len_utf8() > max {
            cut = true;
            break;
        }
        if std::mem::take(&mut blank) {
            out.push(' ');
        }
        out.push(c);
    }
    // Other white space (ideographic and the like) may stand at the ends.
    let trimmed = out.trim();
    Cleaned { value: SafeLine(trimmed.to_owned()), changed, cut }
}

/// A file's name as a person may read it in a notice: never a path, never
/// empty, at most [`SafeName::MAX`] octets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SafeName(String);

impl SafeName {
    /// 240 octets: some 80 Japanese characters, and what file systems take.
    pub const MAX: usize = 240;

    /// Accepts `text` if it is a safe name as it stands.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: String) -> Result<Self, TextError> {
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > Self::MAX {
            return Err(TextError::TooLong);
        }
        if let Some(bad) = text.chars().find(|c| !is_safe_char(*c) || is_separator(*c)) {
            return Err(TextError::Forbidden(bad));
        }
        let plain = text.trim_matches(is_edge) == text && !text.contains("  ");
        plain.then_some(Self(text)).ok_or(TextError::Edge)
    }

    /// Makes a safe name of any decoded one; `None` when nothing is left. A
    /// long name loses its middle, never its extension.
    pub fn clean(text: &str) -> Option<Cleaned<Self>> {
        let line = clean_line(text, 64 * 1024, is_separator);
        let name = line.value.as_str().trim_matches(is_edge);
        if name.is_empty() {
            return None;
        }
        let cut = name.len() > Self::MAX;
        let value = if cut { shorten(name, Self::MAX) } else { name.to_owned() };
        Self::parse(value).ok().map(|value| Cleaned { value, changed: line.changed, cut: cut || line.cut })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `file` with an ending of ours, for want of a better name.
    pub(crate) fn plain(extension: &str) -> Self {
        Self(format!("file.{extension}"))
    }
}

/// Characters that make a path, a stream, a wildcard, markup or a quote of a
/// name on some system.
fn is_separator(c: char) -> bool {
    matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// Windows drops these at the ends of a name, so two names could become one.
fn is_edge(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

fn shorten(name: &str, max: usize) -> String {
    let extension = name.rfind('.').map_or("", |dot| &name[dot..]);
    let tail = if extension.len() <= 32 { extension } else { "" };
    let end = floor_char_boundary(name, max - tail.len() - '…'.len_utf8());
    format!("{}…{tail}", name[..end].trim_end_matches(is_edge))
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("text is longer than its bound"),
            Self::Forbidden(c) => write!(f, "character U+{:04X} may not stand in safe text", u32::from(*c)),
            Self::FileLike => f.write_str("a line looks like the start of an encoded file"),
            Self::Empty => f.write_str("text is empty"),
            Self::Edge => f.write_str("blanks or dots stand at an end"),
            Self::Formula => f.write_str("a cell is a formula to some spreadsheet program"),
            Self::Property => f.write_str("a record has a line that is not on its list"),
        }
    }
}

impl std::error::Error for TextError {}

/// `String` in, `String` out, and a `Debug` and `Display` that show the text,
/// for the three types alike.
macro_rules! text_type {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}

text_type!(SafeText, SafeLine, SafeName);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn text_is_cleaned() {
        for (input, output, changed) in [
            ("a\r\nb\rc\nd", "a\nb\nc\nd", 0),
            ("a\0b\u{1b}[31m", "ab[31m", 2),
            ("abc\u{202e}exe", "abcexe", 1),
            ("begin 644 x.exe\nM", "| begin 644 x.exe\nM", 1),
            ("  BEGIN 0644 x", "|   BEGIN 0644 x", 1),
            ("begin-base64 644 x", "| begin-base64 644 x", 1),
            ("=ybegin line=128", "| =ybegin line=128", 1),
            ("begin with us", "begin with us", 0),
            ("beginning 644 ", "beginning 644 ", 0),
            ("日本語\u{200b}①㈱髙～", "日本語①㈱髙～", 1),
            ("葛\u{e0100}城", "葛\u{e0100}城", 0),
        ] {
            let got = SafeText::clean(input);
            assert_eq!((got.value.as_str(), got.changed), (output, changed), "{input:?}");
            assert_eq!(SafeText::parse(output.to_owned()), Ok(got.value));
        }
    }

    #[test]
    fn text_is_cut_at_its_bound() {
        let got = SafeText::clean(&"あ".repeat(SafeText::MAX));
        assert!(got.cut && got.value.as_str().len() <= SafeText::MAX);
        let marks = SafeText::clean(&"begin 644 x\n".repeat(SafeText::MAX / 12));
        assert!(marks.cut);
        assert!(SafeText::parse(marks.value.0).is_ok());
    }

    #[test]
    fn what_clean_makes_parse_accepts() {
        for c in (0..=0x10ffff).filter_map(char::from_u32) {
            let text = format!("a{c} .{c}begin 644 x");
            assert!(SafeText::parse(SafeText::clean(&text).value.0).is_ok(), "{c:?}");
            assert!(SafeLine::parse(SafeLine::clean(&text).value.0).is_ok(), "{c:?}");
            let name = SafeName::clean(&text).unwrap().value;
            assert!(SafeName::parse(name.0).is_ok(), "{c:?}");
        }
    }

    #[test]
    fn names() {
        for (input, output) in [
            ("../../etc/passwd", Some("etcpasswd")),
            ("見積書\u{202e}fdp.exe", Some("見積書fdp.exe")),
            ("a.txt          .exe", Some("a.txt .exe")),
            ("C:\\a.txt:stream", Some("Ca.txtstream")),
            ("...", None),
            ("\0\r\n", None),
            ("①㈱髙.docx.", Some("①㈱髙.docx")),
        ] {
            assert_eq!(SafeName::clean(input).map(|c| c.value.0).as_deref(), output, "{input:?}");
        }
        let long = SafeName::clean(&format!("{}.docx", "長".repeat(500))).unwrap();
        assert!(long.cut && long.value.as_str().ends_with("….docx"));
    }
}
