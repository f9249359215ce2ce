//! The end records and the central directory (APPNOTE 4.3.12 to 4.3.16).

use std::collections::BTreeSet;
use std::ops::Range;

use sekisho_disarm::{Budget, Refusal};
use sekisho_safe_message::Removal;

use super::content::Packing;
use super::extra::{self, Aes, Zip64};
use crate::fields::Fields;
use crate::names::{self, Charset};

/// The fixed parts of the end record, a central header, and the two end
/// records of Zip64.
const END: usize = 22;
const CENTRAL: u64 = 46;
const LOCATOR: u64 = 20;
const END64: u64 = 56;

/// Octets behind the end that mail programs and old disks leave there.
const MAX_PADDING: usize = 64 << 10;

/// General purpose flags (APPNOTE 4.4.4).
pub(super) const ENCRYPTED: u16 = 1;
pub(super) const DESCRIPTOR: u16 = 1 << 3;
pub(super) const STRONG: u16 = 1 << 6;
pub(super) const UTF8: u16 = 1 << 11;
pub(super) const MASKED: u16 = 1 << 13;

/// Method 99: AES, the real method in an extra field (APPNOTE annex E).
pub(super) const AES: u16 = 99;

/// Systems whose names are UTF-8 if nothing else is said (APPNOTE 4.4.2.2).
const UNIX: u8 = 3;
const MAC: u8 = 19;

/// The central directory of an archive.
#[derive(Debug)]
pub(super) struct Directory<'a> {
    pub(super) records: Vec<Record<'a>>,
    /// Where it begins, and so where the entries end.
    pub(super) start: u64,
    pub(super) removed: BTreeSet<Removal>,
}

/// What the central directory says of one entry.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) flags: u16,
    pub(super) method: u16,
    /// The time of day, by which an entry is checked that was encrypted while
    /// its content was not known yet.
    pub(super) time: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) inflated: u64,
    /// How it is encrypted, if by AES.
    pub(super) aes: Option<Aes>,
    pub(super) offset: u64,
    pub(super) attributes: u32,
    pub(super) raw_name: &'a [u8],
    /// The name, decoded.
    pub(super) name: String,
}

impl Record<'_> {
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & (ENCRYPTED | STRONG | MASKED) != 0 || self.method == AES
    }

    /// How the content is packed, of an entry that is not encrypted.
    pub(super) fn packing(&self) -> Packing {
        Packing {
            flags: self.flags,
            method: self.method,
            packed: self.packed,
            inflated: self.inflated,
            crc: Some(self.crc),
        }
    }
}

pub(super) fn read<'a>(octets: &'a [u8], budget: &mut Budget) -> Result<Directory<'a>, Refusal> {
    let mut removed = BTreeSet::new();
    let (end, at) = end(octets, &mut removed)?;
    let place = place(octets, end, at)?;
    let mut fields = Fields::at(octets, place.octets.start).ok_or(Refusal::Malformed)?;
    let size = usize::try_from(place.octets.end - place.octets.start).map_err(|_| Refusal::Malformed)?;
    let mut fields = Fields(fields.take(size).ok_or(Refusal::Malformed)?);
    // Each entry has a header, so a false count cannot ask for much memory.
    if place.count > size as u64 / CENTRAL {
        return Err(Refusal::Malformed);
    }
    let count = u32::try_from(place.count).map_err(|_| Refusal::TooLarge)?;
    budget.entries(count)?;
    let mut records = Vec::new();
    for _ in 0..count {
        records.push(record(&mut fields, &mut removed)?);
    }
    if !fields.0.is_empty() {
        return Err(Refusal::Ambiguous);
    }
    Ok(Directory { records, start: place.octets.start, removed })
}

/// What an end record says, 32 bit or 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct End {
    count: u64,
    size: u64,
    start: u64,
}

/// Where the directory is.
struct Place {
    octets: Range<u64>,
    count: u64,
}

/// The end record, and where it is: the last in the file, with nothing behind
/// its comment but padding.
fn end(octets: &[u8], removed: &mut BTreeSet<Removal>) -> Result<(End, u64), Refusal> {
    let reach = END + usize::from(u16::MAX) + MAX_PADDING;
    let tail = &octets[octets.len().saturating_sub(reach)..];
    let in_tail = tail.windows(4).rposition(|four| four == b"PK\x05\x06").ok_or(Refusal::Malformed)?;
    let mut fields = Fields(&tail[in_tail + 4..]);
    let end = end_record(&mut fields).ok_or(Refusal::Malformed)??;
    let comment_len = fields.u16().ok_or(Refusal::Malformed)?;
    let comment = fields.take(usize::from(comment_len)).ok_or(Refusal::Malformed)?;
    super::comment(comment, removed)?;
    let padding = fields.0;
    if !padding.iter().all(|octet| matches!(octet, 0 | b'\r' | b'\n' | b' ' | 0x1a)) {
        return Err(Refusal::Ambiguous);
    }
    if !padding.is_empty() {
        removed.insert(Removal::TrailingData);
    }
    Ok((end, (octets.len() - tail.len() + in_tail) as u64))
}

/// The fields behind the signature (APPNOTE 4.3.16). An archive in volumes is
/// not one file.
fn end_record(fields: &mut Fields<'_>) -> Option<Result<End, Refusal>> {
    let (disk, first_disk) = (fields.u16()?, fields.u16()?);
    let (here, count) = (fields.u16()?, fields.u16()?);
    let (size, start) = (fields.u32()?, fields.u32()?);
    let end = End { count: count.into(), size: size.into(), start: start.into() };
    let one_disk = matches!((disk, first_disk), (0, 0) | (u16::MAX, u16::MAX)) && here == count;
    Some(if one_disk { Ok(end) } else { Err(Refusal::Unsupported) })
}

/// The directory lies right before its end record, or before those of Zip64.
/// Anything else has octets that another tool may take for the archive.
fn place(octets: &[u8], end: End, at: u64) -> Result<Place, Refusal> {
    let (end, at) = match locator(octets, at)? {
        Some((end64, at64)) if fits(end, end64) => (end64, at64),
        Some(_) => return Err(Refusal::Ambiguous),
        None => (end, at),
    };
    let stop = end.start.checked_add(end.size).ok_or(Refusal::Malformed)?;
    if stop != at {
        return Err(Refusal::Ambiguous);
    }
    Ok(Place { octets: end.start..stop, count: end.count })
}

/// The Zip64 end record, and where it is, if its locator is right before the
/// end record (APPNOTE 4.3.14, 4.3.15).
fn locator(octets: &[u8], end_at: u64) -> Result<Option<(End, u64)>, Refusal> {
    let Some(at) = end_at.checked_sub(LOCATOR) else { return Ok(None) };
    let Some(mut fields) = Fields::at(octets, at) else { return Ok(None) };
    if fields.take(4) != Some(b"PK\x06\x07") {
        return Ok(None);
    }
    let located = (fields.u32(), fields.u64(), fields.u32());
    let (Some(0), Some(at64), Some(0 | 1)) = located else { return Err(Refusal::Unsupported) };
    let end64 = Fields::at(octets, at64).and_then(|mut fields| end64(&mut fields)).ok_or(Refusal::Malformed)?;
    if at64.checked_add(END64) != Some(at) {
        return Err(Refusal::Ambiguous);
    }
    Ok(Some((end64, at64)))
}

fn end64(fields: &mut Fields<'_>) -> Option<End> {
    let signature = fields.take(4)? == b"PK\x06\x06";
    let size = fields.u64()?;
    let _versions = fields.u32()?;
    let disks = fields.u64()?;
    let (here, count) = (fields.u64()?, fields.u64()?);
    let end = End { size: fields.u64()?, count, start: fields.u64()? };
    // Twelve octets are not counted in the size (APPNOTE 4.3.14.1).
    (signature && size == END64 - 12 && disks == 0 && here == count).then_some(end)
}

/// Whether the short end record says the same, or leaves it to the long one.
fn fits(short: End, long: End) -> bool {
    let one = |short: u64, long: u64, none: u64| short == none || short == long;
    one(short.count, long.count, u16::MAX.into())
        && one(short.size, long.size, u32::MAX.into())
        && one(short.start, long.start, u32::MAX.into())
}

fn record<'a>(fields: &mut Fields<'a>, removed: &mut BTreeSet<Removal>) -> Result<Record<'a>, Refusal> {
    let (record, comment) = central(fields).ok_or(Refusal::Malformed)??;
    super::comment(comment, removed)?;
    Ok(record)
}

/// One central header (APPNOTE 4.3.12), and its comment.
fn central<'a>(fields: &mut Fields<'a>) -> Option<Result<(Record<'a>, &'a [u8]), Refusal>> {
    if fields.take(4)? != b"PK\x01\x02" {
        return Some(Err(Refusal::Malformed));
    }
    let [_, host] = fields.array()?;
    let _needed = fields.u16()?;
    let (flags, method) = (fields.u16()?, fields.u16()?);
    let (time, _date) = (fields.u16()?, fields.u16()?);
    let crc = fields.u32()?;
    let mut sizes = Zip64 { packed: fields.u32()?.into(), inflated: fields.u32()?.into(), offset: None };
    let (name_len, extra_len, comment_len) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let disk = fields.u16()?;
    let _inside = fields.u16()?;
    let attributes = fields.u32()?;
    sizes.offset = Some(fields.u32()?.into());
    let raw_name = fields.take(name_len.into())?;
    let extra = fields.take(extra_len.into())?;
    let comment = fields.take(comment_len.into())?;
    if !matches!(disk, 0 | u16::MAX) {
        return Some(Err(Refusal::Unsupported));
    }
    if !sizes.complete(extra) {
        return Some(Err(Refusal::Malformed));
    }
    let name = extra::unicode_path(extra, raw_name).unwrap_or_else(|| names::decode(raw_name, charset(flags, host)));
    let Zip64 { packed, inflated, offset } = sizes;
    let (aes, offset) = (Aes::of(extra), offset?);
    let record = Record { flags, method, time, crc, packed, inflated, aes, offset, attributes, raw_name, name };
    Some(Ok((record, comment)))
}

fn charset(flags: u16, host: u8) -> Charset {
    match (flags & UTF8 != 0, host) {
        (true, _) => Charset::Utf8,
        (false, UNIX | MAC) => Charset::Unix,
        (false, _) => Charset::Unknown,
    }
}
