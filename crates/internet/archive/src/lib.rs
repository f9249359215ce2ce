//! Archives: opened entry by entry, written anew as ZIP.
//!
//! Owns: the readers of ZIP, 7z, tar, gzip, bzip2, xz, LZH, CAB and RAR, each
//! under the mail's budget and with a closed list of failures; and
//! [`ZipWriter`], the one writer, which makes the layout of
//! `docs/output-formats.md` of attachments that are safe already.
//!
//! Never: a file system, a name as a path, a link followed, a guess between
//! two readings of one archive, or an entry's octets in the output.
#![forbid(unsafe_code)]

mod cab;
mod fields;
mod guard;
mod keys;
mod lzh;
mod names;
mod rar;
mod seven;
mod stream;
mod tar;
mod walk;
mod writer;
mod zip;

use std::collections::BTreeSet;

use keys::Keys;
use sekisho_disarm::{Budget, Passwords, Refusal};
use sekisho_policy::Kind;
use sekisho_safe_message::{Removal, Untrusted};
use walk::Walk;

pub use writer::ZipWriter;

/// An archive as it came.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What it is by its content; one for which [`is_archive`] holds.
    pub kind: Kind,
    /// Its octets.
    pub octets: Untrusted<'a>,
    /// The name it was given, decoded; hostile. A gzip without a name of its
    /// own names its one file by it.
    pub name: Option<&'a str>,
}

/// One file of an archive. Names are decoded, and hostile still.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The folders it lies in, outermost first: never empty, `.` or `..`.
    pub folders: Vec<String>,
    /// Its own name; empty if it has none.
    pub name: String,
    /// Its octets, unpacked.
    pub octets: Vec<u8>,
}

/// An entry that did not come out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its folders and name, decoded and hostile, joined by `/`.
    pub path: String,
    /// Why. Links, devices and unknown methods are [`Refusal::Unsupported`].
    pub reason: Refusal,
}

/// What was found beside the entries that came out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opened {
    /// What the archive had and the entries do not show: comments, data
    /// behind its end, entries left out.
    pub removed: BTreeSet<Removal>,
    /// The entries that did not come out, in their order.
    pub left_out: Vec<LeftOut>,
    /// The places of the passwords that opened it, or entries of it; none of an
    /// archive that is not encrypted.
    pub opened_by: BTreeSet<usize>,
}

/// Takes one entry. An error ends the archive.
pub type Visit<'v> = dyn FnMut(&mut Budget, Entry) -> Result<(), Refusal> + 'v;

/// Reads one format.
type Reader = fn(&Source<'_>, &mut Walk<'_, '_>) -> Result<(), Refusal>;

/// The formats that are read.
const READERS: [(Kind, Reader); 9] = [
    (Kind::Zip, |source, walk| zip::read(source.octets.read(), walk)),
    (Kind::SevenZip, |source, walk| seven::read(source.octets.read(), walk)),
    (Kind::Tar, |source, walk| tar::read(source.octets.read(), walk)),
    (Kind::Gzip, |source, walk| stream::gzip(source.octets.read(), source.name, walk)),
    (Kind::Bzip2, |source, walk| stream::bzip2(source.octets.read(), source.name, walk)),
    (Kind::Xz, |source, walk| stream::xz(source.octets.read(), source.name, walk)),
    (Kind::Lzh, |source, walk| lzh::read(source.octets.read(), walk)),
    (Kind::Cab, |source, walk| cab::read(source.octets.read(), walk)),
    (Kind::Rar, |source, walk| rar::read(source.octets.read(), walk)),
];

/// Whether [`open`] knows this kind.
pub fn is_archive(kind: Kind) -> bool {
    READERS.iter().any(|(known, _)| *known == kind)
}

/// Gives the entries of `source` to `visit` one by one. A compressed tar is
/// read as the tar.
///
/// # Errors
/// As [`open_with_passwords`].
pub fn open(source: &Source<'_>, budget: &mut Budget, visit: &mut Visit<'_>) -> Result<Opened, Refusal> {
    open_with_passwords(source, &Passwords::none(), budget, visit)
}

/// The same, with passwords for entries of ZIP and 7z that are encrypted. Each
/// try is paid from the budget; one is believed when the checksum of a whole
/// entry, or its authentication code, proves it.
///
/// # Errors
/// [`Refusal::Encrypted`] if any entry is and no password opens it, before one
/// is given out where the format allows; [`Refusal::Ambiguous`] if two tools would read two different
/// archives; [`Refusal::TooLarge`] at the end of the budget, else as the
/// archive deserves. What `visit` was given until then is void.
pub fn open_with_passwords(
    source: &Source<'_>,
    passwords: &Passwords,
    budget: &mut Budget,
    visit: &mut Visit<'_>,
) -> Result<Opened, Refusal> {
    let reader = READERS.iter().find_map(|(kind, reader)| (*kind == source.kind).then_some(reader));
    let mut walk = Walk::new(budget, Keys::new(passwords), visit);
    reader.ok_or(Refusal::Unsupported)?(source, &mut walk)?;
    Ok(walk.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sekisho_policy::Group;

    #[test]
    fn every_archive_of_the_policy_has_a_reader() {
        for kind in Kind::ALL {
            assert_eq!(is_archive(*kind), kind.group() == Group::Archive, "{}", kind.code());
        }
    }
}
