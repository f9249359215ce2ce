//! ZIP (APPNOTE 6.3.10), read so that no other tool can read another archive.
//!
//! An archive is taken if every octet of it belongs to one entry, the central
//! directory or the end record, and the two headers of each entry agree. Tools
//! differ only over archives for which that does not hold: those are
//! [`Refusal::Ambiguous`]. An entry that is merely damaged, a link or packed in
//! an unknown way is left out by name.

mod aes;
mod content;
mod directory;
mod extra;
mod local;
mod locked;
mod traditional;

use std::collections::BTreeSet;

use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;

use crate::names::{self, Path};
use crate::walk::Walk;
use directory::{Directory, Record};

/// Types of file in the upper half of the outside attributes, as Unix has them.
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
/// Info-ZIP's mark on a file whose octets it read from a pipe.
const PIPE: u32 = 0o010_000;

pub(crate) fn read(octets: &[u8], walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    let directory = directory::read(octets, walk.budget)?;
    if directory.records.iter().any(|record| record.is_encrypted() && !locked::may_open(record, &walk.keys)) {
        return Err(Refusal::Encrypted);
    }
    let bodies = local::bodies(octets, &directory)?;
    let paths = paths(&directory)?;
    for removal in directory.removed {
        walk.note(removal);
    }
    for ((record, body), path) in directory.records.iter().zip(bodies).zip(paths) {
        entry(record, body, path, walk)?;
    }
    Ok(())
}

fn entry(record: &Record<'_>, body: &[u8], path: Path, walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    if !walk.wants(&path) {
        return Ok(());
    }
    let kind = (record.attributes >> 16) & TYPE;
    if names::is_folder(&record.name) || (kind == FOLDER && record.inflated == 0) {
        // A folder has no content; octets in one are hidden from most tools.
        return if record.inflated == 0 { Ok(()) } else { Err(Refusal::Ambiguous) };
    }
    if !matches!(kind, 0 | REGULAR | PIPE) {
        walk.leave_out(&path, Refusal::Unsupported);
        return Ok(());
    }
    let octets = if record.is_encrypted() {
        locked::read(record, body, &mut walk.keys, walk.budget)
    } else {
        content::read(&record.packing(), body, walk.budget)
    };
    match octets {
        // Nobody could say what is beside the others.
        Err(Refusal::Encrypted) => Err(Refusal::Encrypted),
        octets => walk.settle(path, octets),
    }
}

/// The paths of all entries. Two that are the same are two readings: one tool
/// keeps the first, another the last.
fn paths(directory: &Directory<'_>) -> Result<Vec<Path>, Refusal> {
    let paths: Vec<Path> = directory.records.iter().map(|record| Path::split(&record.name)).collect();
    let mut seen = BTreeSet::new();
    let files = directory.records.iter().zip(&paths).filter(|(record, _)| !names::is_folder(&record.name));
    for (_, path) in files {
        if !seen.insert(path) {
            return Err(Refusal::Ambiguous);
        }
    }
    Ok(paths)
}

/// What a comment hides if it looks like a part of an archive.
fn has_magic(comment: &[u8]) -> bool {
    const MAGIC: [&[u8; 4]; 5] = [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"];
    comment.windows(4).any(|four| MAGIC.iter().any(|magic| four == *magic))
}

/// Notes a comment, which may hide nothing.
fn comment(comment: &[u8], removed: &mut BTreeSet<Removal>) -> Result<(), Refusal> {
    if has_magic(comment) {
        return Err(Refusal::Ambiguous);
    }
    if !comment.is_empty() {
        removed.insert(Removal::Comment);
    }
    Ok(())
}
