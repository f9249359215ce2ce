//! What a disarmer gives back.

use std::collections::BTreeSet;

use sekisho_safe_message::{Content, Removal, RemovalReason, SafeTable, SafeText, TextError};

use crate::Passwords;

/// Content that was decoded: pixels, pages, text, cells, entries. Each knows
/// how its file is written. Octets as they came are none, and no type that
/// holds them may implement this.
pub trait Decoded {
    /// The content that crosses.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] if the file would pass a bound.
    fn content(self) -> Result<Content, Refusal>;
}

/// A file made anew. It is made of something [`Decoded`], never of octets:
/// ```compile_fail
/// let copy = sekisho_disarm::Disarmed::of(b"octets".to_vec());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disarmed {
    content: Content,
    removed: BTreeSet<Removal>,
}

impl Disarmed {
    /// The file made of `decoded`, nothing taken out so far.
    ///
    /// # Errors
    /// As [`Decoded::content`].
    pub fn of(decoded: impl Decoded) -> Result<Self, Refusal> {
        Ok(Self { content: decoded.content()?, removed: BTreeSet::new() })
    }

    /// Notes that `removal` was in the file and is not in this one.
    pub fn without(mut self, removals: impl IntoIterator<Item = Removal>) -> Self {
        self.removed.extend(removals);
        self
    }

    /// The content that crosses, and what was taken out.
    pub fn into_parts(self) -> (Content, BTreeSet<Removal>) {
        (self.content, self.removed)
    }

    /// The content that crosses.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// What was taken out.
    pub fn removed(&self) -> &BTreeSet<Removal> {
        &self.removed
    }
}

/// Why a file is not made anew this way. The next way may work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A password is needed.
    Encrypted,
    /// It is damaged, or not as its format wants it.
    Malformed,
    /// It can be read in two ways, or has another format inside.
    Ambiguous,
    /// It passes a bound.
    TooLarge,
    /// This way is not there for its kind, or for something in it.
    Unsupported,
}

impl Refusal {
    /// What the notice says.
    pub fn reason(self) -> RemovalReason {
        match self {
            Self::Encrypted => RemovalReason::Encrypted,
            Self::Malformed => RemovalReason::Malformed,
            Self::Ambiguous => RemovalReason::Polyglot,
            Self::TooLarge => RemovalReason::TooLarge,
            Self::Unsupported => RemovalReason::Unsupported,
        }
    }
}

/// What the site has decided about how files are made anew, and the passwords
/// of the mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Chance in the lowest bit of each pixel, against hidden messages; the
    /// seed makes the same mail give the same pixels.
    pub noise: Option<[u8; 32]>,
    /// Quality of JPEG, 1 to 100, of what was no JPEG; a JPEG keeps its own.
    pub jpeg_quality: u8,
    /// Frames of a moving picture that are kept; 1 makes it stand still.
    pub frames: u32,
    /// Whether fonts inside PDF are kept (rebuilt table by table), or pages
    /// that need them become pictures.
    pub fonts: bool,
    /// Dots per inch of pages that become pictures.
    pub dpi: u16,
    /// Passwords that are tried on encrypted files.
    pub passwords: Passwords,
}

impl Default for Options {
    fn default() -> Self {
        Self { noise: None, jpeg_quality: 92, frames: 100, fonts: true, dpi: 150, passwords: Passwords::none() }
    }
}

impl Decoded for SafeText {
    fn content(self) -> Result<Content, Refusal> {
        Ok(Content::Text(self))
    }
}

impl Decoded for SafeTable {
    fn content(self) -> Result<Content, Refusal> {
        Ok(Content::Table(self))
    }
}

impl From<TextError> for Refusal {
    /// The only text that a writer cannot make safe is too long.
    fn from(_: TextError) -> Self {
        Self::TooLarge
    }
}
