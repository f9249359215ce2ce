//! Which keys a dictionary may have, and what their values may be, by the
//! place at which it stands: the table of `docs/output-formats.md`.

mod fonts;
mod tables;

pub(super) use fonts::*;
pub(super) use tables::*;

/// What an object is, by what refers to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Resources,
    Annotation,
    Action,
    Group,
    Contents,
    Glyph,
    Drawing,
    Form,
    Image,
    GraphicsState,
    SoftMask,
    Pattern,
    Shading,
    Function,
    ColorSpace,
    Calibration,
    Lookup,
    Font,
    Descendant,
    SystemInfo,
    Descriptor,
    FontFile,
    Encoding,
    Map,
    Unicode,
    GlyphMap,
    Glyphs,
    Labels,
    Label,
    Preferences,
    Widths,
}

impl Role {
    /// A bit of its own.
    pub(super) fn bit(self) -> u64 {
        1 << self as u32
    }

    /// Whether an object in this role is a stream; `None`: either.
    pub(super) fn is_stream(self) -> Option<bool> {
        match self {
            Self::Contents | Self::Glyph | Self::Drawing | Self::Form | Self::Image => Some(true),
            Self::Lookup | Self::FontFile | Self::Map | Self::Unicode | Self::GlyphMap => Some(true),
            Self::Pattern | Self::Shading | Self::Function => None,
            Self::Resources
            | Self::Annotation
            | Self::Action
            | Self::Group
            | Self::GraphicsState
            | Self::SoftMask
            | Self::ColorSpace
            | Self::Calibration
            | Self::Font
            | Self::Descendant
            | Self::SystemInfo
            | Self::Descriptor
            | Self::Encoding
            | Self::Glyphs
            | Self::Labels
            | Self::Label
            | Self::Preferences
            | Self::Widths => Some(false),
        }
    }
}

/// What a value may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// One of these names.
    Names(&'static [&'static str]),
    AnyName,
    Bool,
    /// An integer between, ends included.
    Integer(i64, i64),
    Number,
    /// An array of so many numbers.
    Numbers(usize, usize),
    /// `Numbers` by twos that grow.
    Intervals(usize),
    Bools(usize),
    /// A string of at most so many octets.
    Text(usize),
    /// Text that people read.
    Readable,
    /// `de-CH`
    Language,
    /// An address of the web or of a mailbox.
    Link,
    /// A page and how it is shown.
    Destination,
    /// What has this role, here or elsewhere.
    One(Role),
    /// An array of them, at most so many.
    Many(Role, usize),
    /// One or many.
    OneOrMany(Role, usize),
    /// A dictionary of them, with names of any kind.
    Named(Role),
    /// This name, or what has the role.
    NameOr(&'static [&'static str], Role),
    /// Key colours, or an image.
    Mask,
    /// Names, or an array of names.
    Modes,
    /// Codes and names in turn.
    Differences,
    /// A dash and its phase.
    Dash,
    /// Checked elsewhere.
    Elsewhere,
}

/// A key, whether it must be there, its value.
pub(super) type Key = (&'static str, bool, Kind);
