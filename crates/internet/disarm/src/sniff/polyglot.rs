//! Files that another reader would open as another kind: one that looks for
//! its signature from the end (ZIP), within the first kibioctet (PDF), or
//! anywhere (self-extracting RAR and 7z).
//!
//! Containers hold other files as they are; a second signature in one is no
//! lie, and their own readers judge what lies where.

use memchr::memmem;
use sekisho_policy::{Group, Kind};

use super::structure::pdf_header;
use super::{le16, le32, magic, package, structure};

/// Whether `octets`, which are of `kind`, are such a file.
pub(super) fn is_one(kind: Kind, octets: &[u8]) -> bool {
    match kind {
        Kind::Pdf => behind_other(octets) || ends_as_zip(octets) || has_archive(octets),
        Kind::Executable | Kind::Flash => ends_as_zip(octets),
        _ => match kind.group() {
            Group::Picture | Group::OtherPicture | Group::Drawing | Group::Media => {
                pdf_header(octets).is_some() || ends_as_zip(octets) || has_archive(octets)
            }
            Group::Text | Group::Web | Group::Record => ends_as_zip(octets),
            Group::Office | Group::OtherDocument if package::starts(octets) => pdf_before_members(octets),
            Group::Archive if kind == Kind::Zip => pdf_before_members(octets),
            Group::LegacyOffice if kind == Kind::Rtf => ends_as_zip(octets),
            Group::Office
            | Group::LegacyOffice
            | Group::OtherDocument
            | Group::Archive
            | Group::OtherArchive
            | Group::Mail
            | Group::Program
            | Group::DiskImage
            | Group::Pdf
            | Group::Unknown => false,
        },
    }
}

/// A PDF whose header stands behind the begin of another kind: markup or a
/// signature. Blanks, a byte order mark or junk are none.
fn behind_other(octets: &[u8]) -> bool {
    let before = &octets[..pdf_header(octets).unwrap_or(0)];
    let text = before.strip_prefix(b"\xef\xbb\xbf").unwrap_or(before).trim_ascii_start();
    !before.is_empty()
        && (text.starts_with(b"<") || package::starts(octets) || magic::find(octets).is_some() || is_program(octets))
}

fn is_program(octets: &[u8]) -> bool {
    octets.starts_with(b"MZ") || octets.starts_with(b"#!") || structure::cms(octets).is_some()
}

/// Whether a reader of ZIP finds an archive from the end.
fn ends_as_zip(octets: &[u8]) -> bool {
    package::directory(octets).is_some()
}

/// Whether a reader of RAR or 7z that searches finds an archive.
fn has_archive(octets: &[u8]) -> bool {
    [&b"Rar!\x1a\x07\0"[..], b"Rar!\x1a\x07\x01\0", b"7z\xbc\xaf\x27\x1c"]
        .iter()
        .any(|magic| memmem::find(octets, magic).is_some())
}

/// Whether a PDF's header stands in a ZIP elsewhere than in a member that is
/// stored as it is.
fn pdf_before_members(octets: &[u8]) -> bool {
    let Some(found) = pdf_header(octets) else { return false };
    let mut at = 0;
    // Each step passes a header of 30 octets: at most 35 of them.
    while at <= found {
        let Some((start, end, stored)) = member(octets, at) else { break };
        if stored && (start..end).contains(&found) {
            return false;
        }
        at = end;
    }
    true
}

/// Where the data of the member at `at` are, and whether they are stored.
fn member(octets: &[u8], at: usize) -> Option<(usize, usize, bool)> {
    let header = octets.get(at..).filter(|header| header.starts_with(b"PK\x03\x04"))?;
    let start = at + 30 + usize::from(le16(header, 26)?) + usize::from(le16(header, 28)?);
    let stored = le16(header, 8)? == 0;
    // Sizes behind the data (APPNOTE 4.3.9): the rest may all be of it.
    let size = match le16(header, 6)? & 8 {
        0 => usize::try_from(le32(header, 18)?).ok()?,
        _ => octets.len().saturating_sub(start),
    };
    Some((start, start.saturating_add(size), stored))
}
