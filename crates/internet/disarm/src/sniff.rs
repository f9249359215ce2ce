//! What a file is, by its content.
//!
//! Owns: the signatures, the readers that look just deep enough into packages,
//! compound files and text to tell their kinds apart, and the facts about a
//! file that rules ask for.
//!
//! Never: goes by a name or a declared type where content has a signature.
//! These two choose between kinds that have none (text and cells), and a name
//! may make a kind worse (text that a system would run). Every look is bounded
//! or linear, and nothing here recurses.

mod compound;
mod deflate;
mod family;
mod header;
mod json;
mod magic;
mod markup;
mod package;
mod polyglot;
mod script;
mod structure;
mod text;

pub(crate) use family::is_known_ending;

#[cfg(test)]
mod tests;

use memchr::memmem;
use sekisho_policy::{Group, Kind};

use crate::File;
use crate::names::{ending_of, is_dangerous_name};

/// What is found out about a file before anybody decodes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Its kind.
    pub kind: Kind,
    /// Its name's ending or its declared type belongs to another family of
    /// kinds than its content.
    pub mismatch: bool,
    /// A reader that looks for its signature elsewhere than at the begin would
    /// open it as another kind.
    pub polyglot: bool,
    /// A password is needed; some kinds show this only when they are opened.
    pub encrypted: bool,
    /// It bears a signature.
    pub signed: bool,
}

/// What a file says about itself.
struct Hint<'a> {
    /// Its name's ending, lower case, without the dot; empty for none.
    ending: String,
    /// Its name belongs to what a system runs.
    dangerous: bool,
    /// Its media type, lower case, without parameters.
    declared: &'a str,
}

/// A kind, and what its reader saw on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    kind: Kind,
    encrypted: bool,
    signed: bool,
}

impl Found {
    fn plain(kind: Kind) -> Self {
        Self { kind, encrypted: false, signed: false }
    }
}

/// Tells what `file` is.
pub fn identify(file: &File<'_>) -> Identity {
    let octets = file.octets.read();
    let hint = Hint::of(file);
    let found = find(octets, &hint);
    let kind = worse(found.kind, &hint);
    Identity {
        kind,
        mismatch: family::differs(kind, &hint),
        polyglot: polyglot::is_one(kind, octets),
        encrypted: found.encrypted,
        signed: found.signed || is_signed(kind, octets),
    }
}

impl<'a> Hint<'a> {
    fn of(file: &File<'a>) -> Self {
        let name = file.name.unwrap_or_default();
        let declared = file.declared.split(';').next().unwrap_or_default().trim();
        Self { ending: ending_of(name), dangerous: is_dangerous_name(name), declared }
    }
}

/// The kind by content: signatures, then structures that take a check, then
/// text, where the hint may choose.
fn find(octets: &[u8], hint: &Hint<'_>) -> Found {
    if octets.is_empty() {
        return Found::plain(Kind::Empty);
    }
    if package::starts(octets) {
        return package::look(octets);
    }
    if octets.starts_with(compound::MAGIC) {
        return compound::look(octets);
    }
    if let Some(found) = structure::cms(octets) {
        return found;
    }
    let binary = magic::find(octets).or_else(|| structure::find(octets));
    if let Some(kind) = binary {
        return Found::plain(unpacked(kind, octets, hint));
    }
    match text::read(octets) {
        Some(head) => text::tell(&head, hint),
        // A format without a known signature, which nobody here opens: the
        // name tells no more than what to call it.
        None if matches!(hint.ending.as_str(), "xdw" | "xbd") => Found::plain(Kind::DocuWorks),
        None => Found::plain(Kind::Unknown),
    }
}

/// A drawing that is compressed by itself (`svgz`, `emz`, `wmz`) is a drawing,
/// if it is called one and is one.
fn unpacked(kind: Kind, octets: &[u8], hint: &Hint<'_>) -> Kind {
    let called = matches!(hint.ending.as_str(), "svgz" | "svg" | "emz" | "wmz") || hint.declared == "image/svg+xml";
    if kind != Kind::Gzip || !called {
        return kind;
    }
    let head = deflate::gzip_head(octets, 4096);
    match magic::find(&head).or_else(|| structure::find(&head)) {
        Some(drawing @ (Kind::Emf | Kind::Wmf)) => drawing,
        Some(_) => kind,
        None => text::read(&head).map_or(kind, |text| if markup::is_svg(&text) { Kind::Svg } else { kind }),
    }
}

/// Text that a system would run because of its name is a script, and octets
/// that nobody knows are a program. The other way round a name does nothing.
fn worse(kind: Kind, hint: &Hint<'_>) -> Kind {
    if !hint.dangerous {
        return kind;
    }
    match kind {
        Kind::Zip if hint.ending == "jar" => Kind::Java,
        Kind::CompoundFile | Kind::Unknown => Kind::Executable,
        Kind::Mail | Kind::Mbox | Kind::Svg => Kind::Script,
        _ => match kind.group() {
            Group::Text | Group::Web | Group::Record => Kind::Script,
            Group::Picture
            | Group::OtherPicture
            | Group::Drawing
            | Group::Pdf
            | Group::Office
            | Group::LegacyOffice
            | Group::OtherDocument
            | Group::Archive
            | Group::OtherArchive
            | Group::Mail
            | Group::Program
            | Group::DiskImage
            | Group::Media
            | Group::Unknown => kind,
        },
    }
}

/// Signatures that show without a parser.
fn is_signed(kind: Kind, octets: &[u8]) -> bool {
    match kind {
        // ISO 32000-2 12.8.1: the entry that every signature needs.
        Kind::Pdf => memmem::find(octets, b"/ByteRange").is_some(),
        Kind::Mail => {
            let head = octets.get(..64 * 1024).unwrap_or(octets);
            memmem::find(&head.to_ascii_lowercase(), b"multipart/signed").is_some()
        }
        _ => false,
    }
}

/// A number of two octets, least first.
fn le16(octets: &[u8], at: usize) -> Option<u16> {
    let bytes = octets.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes([bytes[0], bytes[1]]))
}

/// A number of four octets, least first.
fn le32(octets: &[u8], at: usize) -> Option<u32> {
    let bytes = octets.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// Whether `part` stands at `at`.
fn stands_at(octets: &[u8], at: usize, part: &[u8]) -> bool {
    octets.get(at..).is_some_and(|rest| rest.starts_with(part))
}
