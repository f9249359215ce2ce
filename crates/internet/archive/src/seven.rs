//! 7z, by sevenz-rust2, block by block.
//!
//! Its convenient reader asks the system for the number of processors, which
//! a worker may not; here each block is opened alone, with one thread.

mod locked;

use std::io::{Cursor, Read};

use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;
use sevenz_rust2::{Archive, ArchiveEntry, BlockDecoder, Error, Password};

use crate::fields::Fields;
use crate::guard::{MEMORY_KIB, exactly, guarded, refusal};
use crate::names::Path;
use crate::walk::Walk;

/// Octets of the signature header.
const START: u64 = 32;

/// KiB of the header, and of the dictionary that it is packed with: a hundred
/// thousand long names.
const HEADER_KIB: usize = 32 << 10;

/// Attributes that hold a Unix mode in their upper half, and its types.
const UNIX: u32 = 0x8000;
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// The attribute of links and the like on Windows.
const REPARSE_POINT: u32 = 0x400;

pub(crate) fn read(octets: &[u8], walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    if end(octets).ok_or(Refusal::Malformed)? < octets.len() as u64 {
        walk.note(Removal::TrailingData);
    }
    let mut source = Cursor::new(octets);
    let archive = match header(&mut source, &Password::empty()) {
        Err(Refusal::Encrypted) => locked::header(octets, &mut source, walk)?,
        header => header?,
    };
    let count = u32::try_from(archive.files.len()).map_err(|_| Refusal::TooLarge)?;
    walk.budget.entries(count)?;
    locked::admit(&archive, walk)?;
    let mut made = None;
    for (at, block) in archive.blocks.iter().enumerate() {
        walk.budget.octets(block.get_unpack_size())?;
        if locked::is_locked(block) {
            locked::block(&archive, at, &mut source, &mut made, walk)?;
        } else {
            self::block(&archive, at, &mut source, &Password::empty(), walk)?;
        }
    }
    empty(&archive, walk)
}

fn header(source: &mut Cursor<&[u8]>, password: &Password) -> Result<Archive, Refusal> {
    guarded(|| Archive::read_with_memory_limit(source, password, HEADER_KIB).map_err(|error| meaning(&error)))
}

/// Where the archive ends by its signature header. Without a valid one the
/// crate would search the file for something like a header.
fn end(octets: &[u8]) -> Option<u64> {
    let mut fields = Fields::at(octets, 8)?;
    let crc = fields.u32()?;
    let (offset, size, header_crc) = (fields.u64()?, fields.u64()?, fields.u32()?);
    let blank = crc == 0 && offset == 0 && size == 0 && header_crc == 0;
    let end = START.checked_add(offset)?.checked_add(size)?;
    (!blank && end <= octets.len() as u64).then_some(end)
}

/// Whether a password opened a block; true where there is none.
type Fits = bool;

/// Gives out the entries of one block, whose octets are paid. When it breaks,
/// the rest of it is left out, and with an entry that no checksum of its own
/// proves, the archive. If it is encrypted and breaks before an entry proved the
/// password, another may be tried.
fn block(
    archive: &Archive,
    at: usize,
    source: &mut Cursor<&[u8]>,
    password: &Password,
    walk: &mut Walk<'_, '_>,
) -> Result<Fits, Refusal> {
    let mut taker = Taker { walk, taken: 0, told: false, proved: password.is_empty(), unproved: false, broken: None };
    let read = guarded(|| {
        let block = BlockDecoder::new_with_memory_limit(1, MEMORY_KIB as usize, at, archive, password, source);
        block.for_each_entries(&mut |entry, reader| taker.take(entry, reader)).map_err(|error| meaning(&error))
    });
    let Taker { taken, told, proved, unproved, broken, .. } = taker;
    let reason = match (broken, read) {
        (Some(Broken::Archive(reason)), _) => return Err(reason),
        (Some(Broken::Entry(_)), _) | (None, Err(_)) if !proved => {
            return if told { Err(Refusal::Encrypted) } else { Ok(false) };
        }
        (Some(Broken::Entry(reason)), _) | (None, Err(reason)) => reason,
        (None, Ok(_)) => return Ok(true),
    };
    if unproved {
        return Err(reason);
    }
    // Looking for them takes a step for each entry.
    walk.budget.steps(archive.files.len() as u64)?;
    let (first, end) = range(archive, at);
    for entry in archive.files.get(first..end).unwrap_or_default().iter().skip(taken) {
        let path = Path::split(&entry.name);
        if is_file(entry) && walk.wants(&path) {
            walk.leave_out(&path, reason);
        }
    }
    Ok(true)
}

/// The entries of a block, by their place in the archive.
fn range(archive: &Archive, block: usize) -> (usize, usize) {
    let of_block = |at: &Option<usize>| *at == Some(block);
    let blocks = &archive.stream_map.file_block_index;
    let first = blocks.iter().position(of_block).unwrap_or(0);
    let end = blocks.iter().rposition(of_block).map_or(first, |last| last + 1);
    (first, end)
}

/// What ended a block.
enum Broken {
    /// One entry, and with it those behind.
    Entry(Refusal),
    Archive(Refusal),
}

/// Takes the entries of one block.
struct Taker<'w, 'a, 'v> {
    walk: &'w mut Walk<'a, 'v>,
    /// How many were taken.
    taken: usize,
    /// Something was said about one of them.
    told: bool,
    /// A checksum says that the octets are the right ones.
    proved: bool,
    /// One of them had no checksum of its own.
    unproved: bool,
    broken: Option<Broken>,
}

impl Taker<'_, '_, '_> {
    /// Takes an entry; false ends the block.
    fn take(&mut self, entry: &ArchiveEntry, reader: &mut dyn Read) -> Result<bool, Error> {
        let path = Path::split(&entry.name);
        // What nobody wants is read on by the crate.
        if is_file(entry) && self.walk.wants(&path) {
            if is_special(entry) {
                self.told = true;
                self.walk.leave_out(&path, Refusal::Unsupported);
            } else {
                match exactly(reader, entry.size) {
                    Ok(octets) => {
                        self.told = true;
                        self.proved |= entry.has_crc && !octets.is_empty();
                        if let Err(reason) = self.walk.give(path, octets) {
                            self.broken = Some(Broken::Archive(reason));
                            return Ok(false);
                        }
                        self.unproved |= entry.has_stream && !entry.has_crc;
                    }
                    Err(reason) => {
                        self.broken = Some(Broken::Entry(reason));
                        return Ok(false);
                    }
                }
            }
        }
        self.taken += 1;
        Ok(true)
    }
}

fn is_file(entry: &ArchiveEntry) -> bool {
    // An anti-item says that a file is to be deleted.
    !entry.is_directory && !entry.is_anti_item
}

/// Links, devices and pipes.
fn is_special(entry: &ArchiveEntry) -> bool {
    let kind = (entry.windows_attributes >> 16) & TYPE;
    let link = entry.windows_attributes & REPARSE_POINT != 0;
    entry.has_windows_attributes && (link || (entry.windows_attributes & UNIX != 0 && kind != 0 && kind != REGULAR))
}

/// Files without content lie in no block.
fn empty(archive: &Archive, walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    let blocks = archive.stream_map.file_block_index.iter();
    for (entry, _) in archive.files.iter().zip(blocks).filter(|(_, block)| block.is_none()) {
        let path = Path::split(&entry.name);
        if is_file(entry) && !is_special(entry) && walk.wants(&path) {
            walk.give(path, Vec::new())?;
        }
    }
    Ok(())
}

fn meaning(error: &Error) -> Refusal {
    match error {
        Error::PasswordRequired | Error::MaybeBadPassword(_) => Refusal::Encrypted,
        Error::UnsupportedVersion { .. }
        | Error::ExternalUnsupported
        | Error::UnsupportedCompressionMethod(_)
        | Error::Unsupported(_) => Refusal::Unsupported,
        Error::MaxMemLimited { .. } => Refusal::TooLarge,
        Error::Io(error, _) => refusal(error),
        Error::BadSignature(_)
        | Error::ChecksumVerificationFailed
        | Error::NextHeaderCrcMismatch
        | Error::FileOpen(..)
        | Error::Other(_)
        | Error::BadTerminatedStreamsInfo(_)
        | Error::BadTerminatedUnpackInfo
        | Error::BadTerminatedPackInfo(_)
        | Error::BadTerminatedSubStreamsInfo
        | Error::BadTerminatedHeader(_)
        | Error::FileNotFound => Refusal::Malformed,
    }
}
