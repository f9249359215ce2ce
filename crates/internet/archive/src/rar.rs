//! RAR 1.5 to 7, by the rars crate: safe Rust, with bounds on headers, output,
//! dictionaries and working memory. Archives in volumes are not read.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use rars::{
    Archive, ArchiveMember, ArchiveReadOptions, ArchiveReader, Error, ErrorKind, ExtractionDecision,
    ExtractionErrorAction,
};
use sekisho_disarm::Refusal;

use crate::guard::guarded;
use crate::names::{self, Charset, Path};
use crate::walk::Walk;

/// Octets of a dictionary.
const MAX_DICTIONARY: u64 = 64 << 20;

/// Octets that the decoder may use beside what it gives out: a dictionary, and
/// as much again while it grows.
const MAX_WORKSPACE: u64 = 160 << 20;

/// Octets of a file that are decoded at once, not block by block.
const MAX_BUFFERED: u64 = 16 << 20;

/// Headers, and their octets: more than any budget has entries.
const MAX_HEADER_COUNT: u64 = 50_000;
const MAX_HEADER_OCTETS: u64 = 16 << 20;

/// Types of Unix files.
const TYPE: u64 = 0o170_000;
const REGULAR: u64 = 0o100_000;

pub(crate) fn read(octets: &[u8], walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    let archive = guarded(|| {
        let options =
            ArchiveReadOptions::new().with_max_header_count(MAX_HEADER_COUNT).with_max_header_bytes(MAX_HEADER_OCTETS);
        ArchiveReader::read_with_options(octets, options).map_err(|error| meaning(&error))
    })?;
    let solid = admit(&archive, walk)?;
    let output = walk.budget.octets_left();
    let options = ArchiveReadOptions::new()
        .with_max_total_output_bytes(output)
        .with_rar50_dictionary_size_limit(MAX_DICTIONARY)
        .with_rar50_buffered_decode_limit(MAX_BUFFERED)
        .with_max_reader_workspace_bytes(MAX_WORKSPACE);
    let taker = RefCell::new(Taker { walk, solid, open: None, stop: None });
    let read = guarded(|| {
        let decide = |member: &ArchiveMember| taker.borrow_mut().decide(member);
        let lost = |_: &ArchiveMember, error: &Error| taker.borrow_mut().lose(error);
        archive.extract_with_control_and_errors(options, decide, lost).map_err(|error| meaning(&error))
    });
    taker.into_inner().finish(read.map(|_| ()))
}

/// Whether the archive can be read at all, and whether its entries depend on
/// each other.
fn admit(archive: &Archive, walk: &mut Walk<'_, '_>) -> Result<bool, Refusal> {
    if archive.sfx_offset() != 0 {
        return Err(Refusal::Ambiguous);
    }
    let mut solid = false;
    for member in archive.members() {
        walk.budget.entries(1)?;
        if member.meta.is_encrypted {
            return Err(Refusal::Encrypted);
        }
        if member.meta.is_split_before || member.meta.is_split_after {
            return Err(Refusal::Unsupported);
        }
        solid |= member.is_solid();
    }
    Ok(solid)
}

/// An entry that is being decoded.
struct Open {
    path: Path,
    octets: Sink,
}

/// Takes the entries. An entry is whole when the crate asks about the next.
struct Taker<'w, 'a, 'v> {
    walk: &'w mut Walk<'a, 'v>,
    solid: bool,
    open: Option<Open>,
    /// What ended the archive, if it was not the crate.
    stop: Option<Refusal>,
}

impl Taker<'_, '_, '_> {
    fn decide(&mut self, member: &ArchiveMember) -> rars::Result<ExtractionDecision> {
        let close = self.close();
        self.or_stop(close)?;
        let meta = &member.meta;
        let charset = if member.name_is_unicode() { Charset::Utf8 } else { Charset::Unknown };
        let path = Path::split(&names::decode(meta.name_bytes(), charset));
        if meta.is_directory {
            return Ok(ExtractionDecision::Skip);
        }
        if meta.is_redirection {
            self.walk.leave_out(&path, Refusal::Unsupported);
            return Ok(ExtractionDecision::Skip);
        }
        // Also what nobody wants, if what follows depends on it.
        let special = is_special(member);
        let wanted = !special && self.walk.wants(&path);
        if wanted || self.solid {
            let paid = self.walk.budget.octets(meta.unpacked_size);
            self.or_stop(paid)?;
        }
        if special {
            self.walk.leave_out(&path, Refusal::Unsupported);
        }
        if !wanted {
            let sink = || ExtractionDecision::Extract(Box::new(io::sink()));
            return Ok(if self.solid { sink() } else { ExtractionDecision::Skip });
        }
        let octets = Sink::default();
        self.open = Some(Open { path, octets: octets.clone() });
        Ok(ExtractionDecision::Extract(Box::new(octets)))
    }

    /// Names the entry that broke; the next does not depend on it, or the
    /// crate would not go on.
    fn lose(&mut self, error: &Error) -> rars::Result<ExtractionErrorAction> {
        if self.stop.is_some() {
            return Ok(ExtractionErrorAction::Abort);
        }
        if let Some(open) = self.open.take() {
            self.walk.leave_out(&open.path, meaning(error));
        }
        Ok(ExtractionErrorAction::Continue)
    }

    /// Gives out the entry that is whole.
    fn close(&mut self) -> Result<(), Refusal> {
        match self.open.take() {
            Some(Open { path, octets }) => self.walk.give(path, octets.0.take()),
            None => Ok(()),
        }
    }

    /// Remembers what ends the archive: the crate has no word for it.
    fn or_stop(&mut self, result: Result<(), Refusal>) -> rars::Result<()> {
        result.map_err(|refusal| {
            self.stop = Some(refusal);
            Error::Cancelled
        })
    }

    fn finish(mut self, read: Result<(), Refusal>) -> Result<(), Refusal> {
        match (self.stop, read) {
            (Some(refusal), _) | (None, Err(refusal)) => Err(refusal),
            (None, Ok(())) => self.close(),
        }
    }
}

/// Links, devices and pipes of RAR 4; those of RAR 5 are redirections.
fn is_special(member: &ArchiveMember) -> bool {
    let kind = member.meta.file_attr & TYPE;
    member.meta.attr_source() == rars::AttrSource::Unix && kind != 0 && kind != REGULAR
}

/// Where the crate writes an entry to. It must own its writer, so it is shared.
#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn meaning(error: &Error) -> Refusal {
    match error.root_cause() {
        // The crate is built without decryption, so what it lacks is that.
        Error::FeatureDisabled { .. } | Error::UnsupportedEncryption { .. } => return Refusal::Encrypted,
        _ => {}
    }
    match error.kind() {
        ErrorKind::PasswordRequired | ErrorKind::BadPassword => Refusal::Encrypted,
        ErrorKind::ResourceLimit => Refusal::TooLarge,
        ErrorKind::UnsupportedFormat | ErrorKind::UnsupportedFeature => Refusal::Unsupported,
        _ => Refusal::Malformed,
    }
}
