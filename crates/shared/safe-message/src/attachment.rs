//! Attachments that may cross: a closed list of kinds, each made of decoded
//! content.
//!
//! Text, cells and records cross as content; the LGWAN side writes the file
//! ([`Content::write`]). Pictures, PDF and archives cross as octets of our own
//! writers ([`Written`]), each a narrow subset of its format that the LGWAN
//! side reads again with code of its own.

use std::borrow::Cow;
use std::fmt;

use crate::{SafeName, SafeRecord, SafeTable, SafeText, TextError};

/// Most attachments of one mail.
pub const MAX_ATTACHMENTS: usize = 200;

/// Octets that all attachments of one mail may have together as they cross.
pub const MAX_ATTACHED: usize = 64 << 20;

/// The kinds of file that may cross. A new one needs a writer, a grammar in
/// `verify`, and a name here; the matches over it see to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SafeKind {
    /// UTF-8 text.
    Text,
    /// Cells, comma-separated (RFC 4180), in UTF-8.
    Csv,
    /// iCalendar (RFC 5545).
    Calendar,
    /// vCard (RFC 6350, RFC 2426).
    Card,
    /// PNG.
    Png,
    /// Baseline JPEG.
    Jpeg,
    /// GIF, for what moves.
    Gif,
    /// PDF, of our own subset.
    Pdf,
    /// ZIP, of our own layout, with files of these kinds.
    Zip,
}

impl SafeKind {
    /// Every kind.
    pub const ALL: [Self; 9] =
        [Self::Text, Self::Csv, Self::Calendar, Self::Card, Self::Png, Self::Jpeg, Self::Gif, Self::Pdf, Self::Zip];

    /// The ending of its files' names, and the code in reports.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Csv => "csv",
            Self::Calendar => "ics",
            Self::Card => "vcf",
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::Pdf => "pdf",
            Self::Zip => "zip",
        }
    }

    /// The media type that a mail declares, parameters included.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Calendar => "text/calendar; charset=utf-8",
            Self::Card => "text/vcard; charset=utf-8",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Pdf => "application/pdf",
            Self::Zip => "application/zip",
        }
    }

    /// The kind with this ending.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.extension() == extension)
    }
}

/// Octets of a picture, PDF or archive as one of our own writers made them:
/// not empty, at most [`MAX_ATTACHED`]. That they are what they should be is
/// for the verifier to say; here nothing reads them.
#[derive(Clone, PartialEq, Eq)]
pub struct Written(Vec<u8>);

impl Written {
    /// The octets that a writer made.
    ///
    /// # Errors
    /// [`TextError::Empty`] or [`TextError::TooLong`].
    pub fn new(octets: Vec<u8>) -> Result<Self, TextError> {
        match octets.len() {
            0 => Err(TextError::Empty),
            1..=MAX_ATTACHED => Ok(Self(octets)),
            _ => Err(TextError::TooLong),
        }
    }

    /// The octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Written({} octets)", self.0.len())
    }
}

/// What is in an attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Lines of text.
    Text(SafeText),
    /// Rows of cells.
    Table(SafeTable),
    /// Dates.
    Calendar(SafeRecord),
    /// People.
    Card(SafeRecord),
    /// A picture.
    Png(Written),
    /// A photograph.
    Jpeg(Written),
    /// A picture that moves.
    Gif(Written),
    /// Pages.
    Pdf(Written),
    /// Files.
    Zip(Written),
}

impl Content {
    /// Its kind.
    pub fn kind(&self) -> SafeKind {
        match self {
            Self::Text(_) => SafeKind::Text,
            Self::Table(_) => SafeKind::Csv,
            Self::Calendar(_) => SafeKind::Calendar,
            Self::Card(_) => SafeKind::Card,
            Self::Png(_) => SafeKind::Png,
            Self::Jpeg(_) => SafeKind::Jpeg,
            Self::Gif(_) => SafeKind::Gif,
            Self::Pdf(_) => SafeKind::Pdf,
            Self::Zip(_) => SafeKind::Zip,
        }
    }

    /// The octets of the file. The same content gives the same octets:
    /// text with CRLF line ends; cells as RFC 4180 has them, with a byte order
    /// mark before anything beyond ASCII, without which Excel reads CP932, and
    /// bare line feeds inside cells, as Excel writes them;
    /// records with lines folded at 75 octets (RFC 5545 3.1).
    pub fn write(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Text(text) => Cow::Owned(text.as_str().replace('\n', "\r\n").into_bytes()),
            Self::Table(table) => Cow::Owned(table.write()),
            Self::Calendar(record) | Self::Card(record) => Cow::Owned(record.write()),
            Self::Png(file) | Self::Jpeg(file) | Self::Gif(file) | Self::Pdf(file) | Self::Zip(file) => {
                Cow::Borrowed(file.octets())
            }
        }
    }

    /// Octets that it takes on its way over the border.
    pub fn crossing_len(&self) -> usize {
        self.crossing().len()
    }

    /// The octets in which it crosses.
    pub(crate) fn crossing(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_str().as_bytes(),
            Self::Table(table) => table.as_str().as_bytes(),
            Self::Calendar(record) | Self::Card(record) => record.as_str().as_bytes(),
            Self::Png(file) | Self::Jpeg(file) | Self::Gif(file) | Self::Pdf(file) | Self::Zip(file) => file.octets(),
        }
    }

    /// The content of `kind` that crossed as `octets`.
    pub(crate) fn crossed(kind: SafeKind, octets: Vec<u8>) -> Result<Self, TextError> {
        let text = |octets| String::from_utf8(octets).map_err(|_| TextError::Forbidden('\u{fffd}'));
        Ok(match kind {
            SafeKind::Text => Self::Text(SafeText::parse(text(octets)?)?),
            SafeKind::Csv => Self::Table(SafeTable::parse(text(octets)?)?),
            SafeKind::Calendar => Self::Calendar(SafeRecord::parse_calendar(text(octets)?)?),
            SafeKind::Card => Self::Card(SafeRecord::parse_card(text(octets)?)?),
            SafeKind::Png => Self::Png(Written::new(octets)?),
            SafeKind::Jpeg => Self::Jpeg(Written::new(octets)?),
            SafeKind::Gif => Self::Gif(Written::new(octets)?),
            SafeKind::Pdf => Self::Pdf(Written::new(octets)?),
            SafeKind::Zip => Self::Zip(Written::new(octets)?),
        })
    }
}

/// An attachment that may cross.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeAttachment {
    name: SafeName,
    content: Content,
}

impl SafeAttachment {
    /// An attachment named by `stem`, whatever that is, and our ending.
    pub fn new(stem: &str, content: Content) -> Self {
        let name = output_name(stem, content.kind());
        Self { name, content }
    }

    /// An attachment whose name is already what it should be.
    ///
    /// # Errors
    /// [`TextError::Edge`] if [`SafeAttachment::new`] would name it otherwise.
    pub(crate) fn named(name: SafeName, content: Content) -> Result<Self, TextError> {
        if is_output_name(&name, content.kind()) { Ok(Self { name, content }) } else { Err(TextError::Edge) }
    }

    /// The same file under another name.
    #[must_use]
    pub fn renamed(self, stem: &str) -> Self {
        Self::new(stem, self.content)
    }

    /// Its name: cleaned stem, and the ending of its kind.
    pub fn name(&self) -> &SafeName {
        &self.name
    }

    /// What is in it.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Its kind.
    pub fn kind(&self) -> SafeKind {
        self.content.kind()
    }
}

/// Octets that a stem may have: a name's bound without ` (99).vcf`.
const MAX_STEM: usize = SafeName::MAX - 16;

/// Names that Windows keeps for devices, with any ending.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// The name of a file of `kind` that was called `stem` (without its ending).
///
/// Nothing that a system gives a meaning stays: separators, controls and
/// direction marks go with [`SafeName::clean`]; dots become `_`, so that one
/// ending is all there is (`a.exe.pdf` shows as `a_exe.pdf`), but for those
/// between digits (`v1.2`); a device's name gets a `_` in front; a stem that
/// is empty is called `file`.
pub fn output_name(stem: &str, kind: SafeKind) -> SafeName {
    let cleaned = SafeName::clean(stem).map(|cleaned| String::from(cleaned.value)).unwrap_or_default();
    let mut plain = single_ending(&cleaned);
    while plain.len() > MAX_STEM {
        plain.pop();
    }
    let plain = plain.trim_matches(|c: char| c.is_whitespace() || c == '.' || c == '~' || c == '-');
    let stem = match plain {
        "" => "file".to_owned(),
        _ if is_device(plain) => format!("_{plain}"),
        _ => plain.to_owned(),
    };
    let name = format!("{stem}.{}", kind.extension());
    // A clean stem with an ending of ASCII letters is a name by construction.
    SafeName::parse(name).unwrap_or_else(|_| SafeName::plain(kind.extension()))
}

/// Whether `name` is one that [`output_name`] makes.
pub fn is_output_name(name: &SafeName, kind: SafeKind) -> bool {
    let stem = name.as_str().strip_suffix(kind.extension()).and_then(|rest| rest.strip_suffix('.'));
    stem.is_some_and(|stem| !stem.is_empty() && output_name(stem, kind) == *name)
}

fn is_device(stem: &str) -> bool {
    let lower = stem.to_lowercase();
    let numbered = |word: &str| {
        lower.strip_prefix(word).is_some_and(|rest| {
            let mut chars = rest.chars();
            matches!((chars.next(), chars.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
        })
    };
    DEVICES.contains(&lower.as_str()) || numbered("com") || numbered("lpt")
}

fn single_ending(stem: &str) -> String {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let mut out = String::with_capacity(stem.len());
    let mut chars = stem.chars().peekable();
    let mut before = None;
    while let Some(c) = chars.next() {
        let kept = if c == '.' && !(digit(before) && digit(chars.peek().copied())) { '_' } else { c };
        out.push(kept);
        before = Some(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_ending_and_no_meaning() {
        for (stem, name) in [
            ("見積書", "見積書.pdf"),
            ("invoice.exe", "invoice_exe.pdf"),
            ("v1.2 report", "v1.2 report.pdf"),
            ("../../etc/passwd", "etcpasswd.pdf"),
            ("a\u{202e}fdp", "afdp.pdf"),
            ("con", "_con.pdf"),
            ("COM1", "_COM1.pdf"),
            ("com12", "com12.pdf"),
            ("", "file.pdf"),
            (" . ", "file.pdf"),
            ("~$draft", "$draft.pdf"),
            ("a.{00000000-0000-0000-0000-000000000000}", "a_{00000000-0000-0000-0000-000000000000}.pdf"),
        ] {
            let got = output_name(stem, SafeKind::Pdf);
            assert_eq!(got.as_str(), name, "{stem:?}");
            assert!(is_output_name(&got, SafeKind::Pdf), "{stem:?}");
            assert!(!is_output_name(&got, SafeKind::Png), "{stem:?}");
        }
        let long = output_name(&"長".repeat(300), SafeKind::Jpeg);
        assert!(long.as_str().len() <= SafeName::MAX && is_output_name(&long, SafeKind::Jpeg));
    }

    #[test]
    fn every_character_makes_a_stable_name() {
        for c in (0..=0x10ffff).filter_map(char::from_u32) {
            for stem in [format!("a{c}b"), format!("{c}"), format!("{c}.{c}")] {
                let name = output_name(&stem, SafeKind::Zip);
                assert!(is_output_name(&name, SafeKind::Zip), "{stem:?} -> {name}");
            }
        }
    }
}
