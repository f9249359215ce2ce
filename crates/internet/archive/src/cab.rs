//! CAB ([MS-CAB]): the structure is read here, the packed blocks by the cab
//! crate, which is given one folder at a time.
//!
//! That crate unpacks a folder from its begin for each file in it; a cabinet
//! can have 65,535 files in a folder of 2 GiB. Here each folder is read once,
//! from front to back.

use std::io::{Cursor, Read};

use cab::Cabinet;
use sekisho_disarm::{Budget, Refusal};
use sekisho_safe_message::Removal;

use crate::fields::Fields;
use crate::guard::{guarded, refusal};
use crate::names::{self, Charset, Path};
use crate::walk::Walk;

/// Header flags: a cabinet before this one, one behind it, reserved fields.
const PREVIOUS: u16 = 1;
const NEXT: u16 = 2;
const RESERVE: u16 = 4;

/// Folder numbers of files that begin or end in another cabinet.
const FIRST_CONTINUED: u16 = 0xfffd;

/// The name is UTF-8.
const UTF8_NAME: u16 = 0x80;

/// Methods that the crate has: none, MSZIP, LZX. Quantum (2) it has not.
const METHODS: [u16; 3] = [0, 1, 3];

pub(crate) fn read(octets: &[u8], walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    let header = Header::read(octets).ok_or(Refusal::Malformed)??;
    walk.budget.entries(u32::from(header.file_count) + u32::from(header.folder_count))?;
    let folders = header.folders(octets).ok_or(Refusal::Malformed)?;
    let mut files = header.files(octets).ok_or(Refusal::Malformed)??;
    match header.size.cmp(&(octets.len() as u64)) {
        std::cmp::Ordering::Less => walk.note(Removal::TrailingData),
        std::cmp::Ordering::Equal => {}
        std::cmp::Ordering::Greater => return Err(Refusal::Malformed),
    }
    files.sort_by_key(|file| (file.folder, file.start));
    for group in files.chunk_by(|one, other| one.folder == other.folder) {
        let folder = group.first().and_then(|file| folders.get(usize::from(file.folder)));
        self::folder(folder.ok_or(Refusal::Malformed)?, header.block_reserve, group, walk)?;
    }
    Ok(())
}

/// CFHEADER ([MS-CAB] 2.1).
struct Header<'a> {
    size: u64,
    first_file: u64,
    folder_count: u16,
    file_count: u16,
    folder_reserve: u8,
    block_reserve: u8,
    /// What is behind it: the folders.
    rest: Fields<'a>,
}

impl<'a> Header<'a> {
    fn read(octets: &'a [u8]) -> Option<Result<Self, Refusal>> {
        let mut fields = Fields(octets);
        if fields.take(4)? != b"MSCF" {
            return None;
        }
        fields.take(4)?;
        let size = fields.u32()?.into();
        fields.take(4)?;
        let first_file = fields.u32()?.into();
        fields.take(6)?;
        let (folder_count, file_count, flags) = (fields.u16()?, fields.u16()?, fields.u16()?);
        fields.take(4)?;
        if flags & (PREVIOUS | NEXT) != 0 {
            return Some(Err(Refusal::Unsupported));
        }
        let (mut folder_reserve, mut block_reserve) = (0, 0);
        if flags & RESERVE != 0 {
            let header_reserve = fields.u16()?;
            (folder_reserve, block_reserve) = (fields.u8()?, fields.u8()?);
            fields.take(header_reserve.into())?;
        }
        let rest = fields;
        Some(Ok(Self { size, first_file, folder_count, file_count, folder_reserve, block_reserve, rest }))
    }

    fn folders(&self, octets: &'a [u8]) -> Option<Vec<Folder<'a>>> {
        let mut fields = self.rest;
        let folder = |fields: &mut Fields<'a>| {
            let start = fields.u32()?;
            let (blocks, method) = (fields.u16()?, fields.u16()?);
            fields.take(self.folder_reserve.into())?;
            Some(Folder { blocks: Fields::at(octets, start.into())?, count: blocks, method })
        };
        (0..self.folder_count).map(|_| folder(&mut fields)).collect()
    }

    fn files(&self, octets: &[u8]) -> Option<Result<Vec<File>, Refusal>> {
        let mut fields = Fields::at(octets, self.first_file)?;
        let mut files = Vec::new();
        for _ in 0..self.file_count {
            let (size, start) = (fields.u32()?, fields.u32()?);
            let folder = fields.u16()?;
            fields.take(4)?;
            let attributes = fields.u16()?;
            let charset = if attributes & UTF8_NAME != 0 { Charset::Utf8 } else { Charset::Unknown };
            let name = names::decode(fields.until_nul()?, charset);
            if folder >= FIRST_CONTINUED {
                return Some(Err(Refusal::Unsupported));
            }
            files.push(File { size: size.into(), start: start.into(), folder, path: Path::split(&name) });
        }
        Some(Ok(files))
    }
}

/// CFFOLDER ([MS-CAB] 2.2).
struct Folder<'a> {
    /// From its first block on.
    blocks: Fields<'a>,
    count: u16,
    method: u16,
}

/// CFFILE ([MS-CAB] 2.3).
struct File {
    size: u64,
    /// Where it begins in its folder, unpacked.
    start: u64,
    folder: u16,
    path: Path,
}

/// Gives out the files of one folder, in the order in which they lie there.
fn folder(folder: &Folder<'_>, reserve: u8, files: &[File], walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    let whole = unpack(folder, reserve, walk.budget);
    let mut at = 0;
    for file in files {
        // Files that share octets would be paid once and made many times.
        if file.start < at {
            return Err(Refusal::Ambiguous);
        }
        at = file.start + file.size;
        if walk.wants(&file.path) {
            let octets = whole.as_ref().map_err(|reason| *reason).and_then(|whole| piece(whole, file.start, at));
            walk.settle(file.path.clone(), octets)?;
        }
    }
    Ok(())
}

fn piece(whole: &[u8], start: u64, end: u64) -> Result<Vec<u8>, Refusal> {
    let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
    let piece = range.and_then(|(start, end)| whole.get(start..end));
    piece.map(<[u8]>::to_vec).ok_or(Refusal::Malformed)
}

/// What a folder holds, as far as its blocks are sound: each has a checksum.
fn unpack(folder: &Folder<'_>, reserve: u8, budget: &mut Budget) -> Result<Vec<u8>, Refusal> {
    if !METHODS.contains(&(folder.method & 0xf)) {
        return Err(Refusal::Unsupported);
    }
    let (blocks, size) = blocks(folder, reserve).ok_or(Refusal::Malformed)?;
    budget.octets(size.into())?;
    let cabinet = alone(folder, blocks, size, reserve);
    guarded(|| {
        let mut cabinet = Cabinet::new(Cursor::new(&cabinet)).map_err(|error| refusal(&error))?;
        let reader = cabinet.read_file(ALONE).map_err(|error| refusal(&error))?;
        let mut whole = Vec::new();
        // On an error the sound blocks before it are there.
        let _ = reader.take(size.into()).read_to_end(&mut whole);
        Ok(whole)
    })
}

/// The octets of all blocks of a folder, and their size unpacked, which 65,535
/// blocks of 65,535 octets keep below 4 GiB (CFDATA, [MS-CAB] 2.4).
fn blocks<'a>(folder: &Folder<'a>, reserve: u8) -> Option<(&'a [u8], u32)> {
    let mut fields = folder.blocks;
    let mut size: u32 = 0;
    for _ in 0..folder.count {
        fields.take(4)?;
        let (packed, unpacked) = (fields.u16()?, fields.u16()?);
        fields.take(reserve.into())?;
        fields.take(packed.into())?;
        size = size.checked_add(unpacked.into())?;
    }
    let length = folder.blocks.0.len() - fields.0.len();
    Some((&folder.blocks.0[..length], size))
}

/// The name of the one file in a cabinet of our own.
const ALONE: &str = "f";

/// A cabinet of one folder with these blocks, all of it one file.
fn alone(folder: &Folder<'_>, blocks: &[u8], size: u32, reserve: u8) -> Vec<u8> {
    // Header 36 and the sizes of the reserves 4, folder 8, file 16 and name 2.
    const FILES: u32 = 36 + 4 + 8;
    const BLOCKS: u32 = FILES + 16 + 2;
    let total = BLOCKS.saturating_add(u32::try_from(blocks.len()).unwrap_or(u32::MAX));
    let mut out = Vec::with_capacity(BLOCKS as usize + blocks.len());
    out.extend_from_slice(b"MSCF\0\0\0\0");
    out.extend_from_slice(&total.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&FILES.to_le_bytes());
    out.extend_from_slice(&[0, 0, 0, 0, 3, 1, 1, 0, 1, 0]); // version 1.3, one folder, one file
    out.extend_from_slice(&RESERVE.to_le_bytes());
    out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, reserve]);
    out.extend_from_slice(&BLOCKS.to_le_bytes());
    out.extend_from_slice(&folder.count.to_le_bytes());
    out.extend_from_slice(&folder.method.to_le_bytes());
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&[0; 12]);
    out.extend_from_slice(ALONE.as_bytes());
    out.push(0);
    out.extend_from_slice(blocks);
    out
}
