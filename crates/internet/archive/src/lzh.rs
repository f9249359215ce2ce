//! LZH: headers of level 0 to 3, methods `lh0` to `lh7`, `lz5`, `lzs`.

use delharc::LhaDecodeReader;
use delharc::decode::DecoderAny;
use delharc::header::{CompressionMethod, LhaHeader, OsType};
use sekisho_disarm::{Budget, Refusal};
use sekisho_safe_message::Removal;

use crate::guard::{exactly, guarded};
use crate::names::{self, Charset, Path};
use crate::walk::Walk;

/// Extra headers that name the entry.
const FILE: u8 = 0x01;
const FOLDER: u8 = 0x02;
const FILE_UTF16: u8 = 0x44;
const FOLDER_UTF16: u8 = 0x45;
const COMMENT: u8 = 0x3f;

pub(crate) fn read(octets: &[u8], walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    let mut rest = octets;
    // Each step takes a header at least.
    while let Some(header) = header(&mut rest)? {
        walk.budget.entries(1)?;
        let size = usize::try_from(header.compressed_size).map_err(|_| Refusal::Malformed)?;
        let (body, behind) = rest.split_at_checked(size).ok_or(Refusal::Malformed)?;
        rest = behind;
        if header.iter_extra().any(|extra| extra.first() == Some(&COMMENT)) {
            walk.note(Removal::Comment);
        }
        entry(header, body, walk)?;
    }
    if rest.iter().any(|octet| *octet != 0) {
        walk.note(Removal::TrailingData);
    }
    Ok(())
}

/// The next header, `None` at the octet 0 that ends the archive or at the end
/// of the file.
fn header(rest: &mut &[u8]) -> Result<Option<LhaHeader>, Refusal> {
    guarded(|| LhaHeader::read(rest).map_err(|_| Refusal::Malformed))
}

fn entry(header: LhaHeader, body: &[u8], walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    let name = name(&header);
    let path = Path::split(&name);
    if is_link(&header, &name) {
        walk.leave_out(&path, Refusal::Unsupported);
        return Ok(());
    }
    if header.is_directory() || !walk.wants(&path) {
        return Ok(());
    }
    let octets = unpack(header, body, walk.budget);
    walk.settle(path, octets)
}

fn unpack(header: LhaHeader, body: &[u8], budget: &mut Budget) -> Result<Vec<u8>, Refusal> {
    let size = header.original_size;
    let decoder = DecoderAny::new_from_header(&header, body);
    if !decoder.is_supported() {
        return Err(Refusal::Unsupported);
    }
    let stored = matches!(header.compression_method(), Ok(CompressionMethod::Lh0 | CompressionMethod::Lz4));
    if stored && size != body.len() as u64 {
        return Err(Refusal::Malformed);
    }
    budget.octets(size)?;
    guarded(|| {
        let mut reader = LhaDecodeReader::default();
        reader.begin_with_header_and_decoder(header, decoder);
        let octets = exactly(&mut reader, size)?;
        if reader.crc_is_ok() { Ok(octets) } else { Err(Refusal::Malformed) }
    })
}

/// LHA for Unix keeps links as folders with the target behind a bar.
fn is_link(header: &LhaHeader, name: &str) -> bool {
    let marked = header.parse_unix_permissions().is_some_and(|permissions| permissions.is_link());
    marked || header.msdos_attrs.is_symlink() || (header.is_directory() && name.contains('|'))
}

/// Folders and name. Parts of a folder end with `0xFF`, which is in no
/// character of CP932.
fn name(header: &LhaHeader) -> String {
    let unix = matches!(header.parse_os_type(), Ok(OsType::Unix));
    let charset = if unix { Charset::Unix } else { Charset::Unknown };
    let plain = |raw: &[u8]| {
        let slashed: Vec<u8> = raw.iter().map(|octet| if *octet == 0xff { b'/' } else { *octet }).collect();
        names::decode(&slashed, charset)
    };
    let wide = |raw: &[u8]| names::decode_utf16(raw).replace('\u{ffff}', "/");
    let [mut folder, mut file, mut wide_folder, mut wide_file] = [const { String::new() }; 4];
    for extra in header.iter_extra() {
        match extra {
            [FILE, raw @ ..] => file = plain(raw),
            [FOLDER, raw @ ..] => folder = plain(raw),
            [FILE_UTF16, raw @ ..] => wide_file = wide(raw),
            [FOLDER_UTF16, raw @ ..] => wide_folder = wide(raw),
            _ => {}
        }
    }
    if file.is_empty() {
        // Behind a NUL an Amiga keeps its comment.
        file = plain(header.filename.split(|octet| *octet == 0).next().unwrap_or_default());
    }
    let folder = if wide_folder.is_empty() { folder } else { wide_folder };
    let file = if wide_file.is_empty() { file } else { wide_file };
    if folder.is_empty() { file } else { format!("{folder}/{file}") }
}
