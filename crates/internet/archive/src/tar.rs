//! tar: old, ustar, pax and GNU (POSIX.1-2024 pax, "ustar interchange format"
//! and "pax extended header").
//!
//! Links, devices and sparse files are left out by name. Where the size of an
//! entry can be read in two ways, so can all that follows: that is
//! [`Refusal::Ambiguous`].

use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;

use crate::names::{self, Charset, Path};
use crate::walk::Walk;

const BLOCK: usize = 512;

/// Octets of one extended header: names, times and the like.
const MAX_EXTENDED: usize = 1 << 20;

/// Whether `octets` begin with a header whose checksum fits.
pub(crate) fn is_tar(octets: &[u8]) -> bool {
    octets.first_chunk().is_some_and(|block| Header(block).is_sound())
}

pub(crate) fn read(octets: &[u8], walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    let mut rest = octets;
    let mut pending = Extended::default();
    // Each step takes a block at least.
    while let Some((block, behind)) = rest.split_first_chunk::<BLOCK>() {
        let header = Header(block);
        if block.iter().all(|octet| *octet == 0) {
            return end(behind, walk);
        }
        if !header.is_sound() {
            return Err(Refusal::Malformed);
        }
        walk.budget.entries(1)?;
        let behind = header.behind_maps(behind)?;
        let size = pending.size_of(&header)?;
        let (body, padded) = split(behind, size)?;
        rest = padded;
        if !pending.take(&header, body)? {
            entry(&header, std::mem::take(&mut pending), body, walk)?;
        }
    }
    // Some writers leave the blocks of zeros at the end away, but none a part
    // of a block, or a header without its entry.
    if rest.is_empty() && pending == Extended::default() { Ok(()) } else { Err(Refusal::Malformed) }
}

fn split(octets: &[u8], size: u64) -> Result<(&[u8], &[u8]), Refusal> {
    let size = usize::try_from(size).map_err(|_| Refusal::Malformed)?;
    let (body, rest) = octets.split_at_checked(size).ok_or(Refusal::Malformed)?;
    let padding = size.next_multiple_of(BLOCK) - size;
    // The last entry may lack its padding.
    Ok((body, rest.get(padding..).unwrap_or_default()))
}

/// Behind the first block of zeros nothing may look like an entry: tools that
/// ignore such blocks would read on.
fn end(rest: &[u8], walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    if rest.as_chunks::<BLOCK>().0.iter().any(|block| Header(block).is_sound()) {
        return Err(Refusal::Ambiguous);
    }
    if rest.iter().any(|octet| *octet != 0) {
        walk.note(Removal::TrailingData);
    }
    Ok(())
}

fn entry(header: &Header<'_>, extended: Extended, body: &[u8], walk: &mut Walk<'_, '_>) -> Result<(), Refusal> {
    let sparse = extended.sparse;
    let name = extended.path.unwrap_or_else(|| header.name());
    let path = Path::split(&name);
    match header.kind() {
        // The old format has no type for folders.
        b'0' | 0 | b'7' if names::is_folder(&name) && body.is_empty() => Ok(()),
        b'0' | 0 | b'7' if !sparse => match walk.wants(&path) {
            true => walk.give(path, body.to_vec()),
            false => Ok(()),
        },
        // A folder, the label of a volume.
        b'5' | b'V' => Ok(()),
        // Links, devices, pipes, sparse files, whatever else.
        _ => {
            walk.leave_out(&path, Refusal::Unsupported);
            Ok(())
        }
    }
}

/// What headers before an entry say about it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Extended {
    path: Option<String>,
    size: Option<u64>,
    sparse: bool,
}

impl Extended {
    /// The octets behind `header`. If an extended header gives another size
    /// than the header itself, some tools take the one and some the other.
    fn size_of(&self, header: &Header<'_>) -> Result<u64, Refusal> {
        let own = header.size().ok_or(Refusal::Malformed)?;
        if matches!(header.kind(), b'1'..=b'6') && own != 0 {
            return Err(Refusal::Ambiguous);
        }
        match self.size {
            Some(size) if size != own => Err(Refusal::Ambiguous),
            Some(_) | None => Ok(own),
        }
    }

    /// Takes `body` if it is about the entry to come.
    fn take(&mut self, header: &Header<'_>, body: &[u8]) -> Result<bool, Refusal> {
        if !matches!(header.kind(), b'x' | b'g' | b'L' | b'K') {
            return Ok(false);
        }
        if body.len() > MAX_EXTENDED {
            return Err(Refusal::Malformed);
        }
        match header.kind() {
            b'x' => self.records(body)?,
            // Global records are about all entries. Names and sizes of their
            // own have no sense there, and tools differ over them.
            b'g' => {
                let mut global = Self::default();
                global.records(body)?;
                if global != Self::default() {
                    return Err(Refusal::Ambiguous);
                }
            }
            b'L' => self.path = Some(names::decode(until_nul(body), Charset::Unix)),
            // GNU's long link target: the link is left out.
            _ => {}
        }
        Ok(true)
    }

    /// `length key=value\n`, the length counting itself.
    fn records(&mut self, body: &[u8]) -> Result<(), Refusal> {
        let mut rest = body;
        while !rest.is_empty() {
            let (record, behind) = record(rest).ok_or(Refusal::Malformed)?;
            rest = behind;
            match record {
                (b"path", value) => self.path = Some(names::decode(value, Charset::Unix)),
                (b"size", value) => self.size = Some(decimal(value).ok_or(Refusal::Malformed)?),
                (key, _) if key.starts_with(b"GNU.sparse.") => self.sparse = true,
                _ => {}
            }
        }
        Ok(())
    }
}

type Record<'a> = (&'a [u8], &'a [u8]);

fn record(octets: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let digits = octets.iter().position(|octet| *octet == b' ')?;
    let length = usize::try_from(decimal(&octets[..digits])?).ok()?;
    let (record, rest) = octets.split_at_checked(length)?;
    let record = record.get(digits + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|octet| *octet == b'=')?;
    Some(((&record[..equals], &record[equals + 1..]), rest))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    plain.then(|| std::str::from_utf8(digits).ok()?.parse().ok())?
}

struct Header<'a>(&'a [u8; BLOCK]);

impl Header<'_> {
    fn kind(&self) -> u8 {
        self.0[156]
    }

    /// Whether the checksum fits, counted with octets or, as old tools did,
    /// with signed ones.
    fn is_sound(&self) -> bool {
        let outside = || self.0[..148].iter().chain(&self.0[156..]).copied();
        let blanks = 8 * i64::from(b' ');
        let plain: i64 = outside().map(i64::from).sum();
        let signed: i64 = outside().map(|octet| i64::from(octet.cast_signed())).sum();
        let said = octal(&self.0[148..156]).and_then(|said| i64::try_from(said).ok());
        said == Some(plain + blanks) || said == Some(signed + blanks)
    }

    fn size(&self) -> Option<u64> {
        let field = &self.0[124..136];
        // GNU's large numbers: the highest bit set, the rest in binary.
        match field.split_first() {
            Some((0x80, number)) => {
                number.iter().try_fold(0_u64, |sum, octet| sum.checked_mul(256)?.checked_add((*octet).into()))
            }
            _ => octal(field),
        }
    }

    fn name(&self) -> String {
        let name = until_nul(&self.0[..100]);
        let prefix = if &self.0[257..263] == b"ustar\0" { until_nul(&self.0[345..500]) } else { &[] };
        let whole = if prefix.is_empty() { name.to_vec() } else { [prefix, name].join(&b'/') };
        names::decode(&whole, Charset::Unix)
    }

    /// The octets behind the maps of holes that follow GNU's old sparse header.
    fn behind_maps<'a>(&self, behind: &'a [u8]) -> Result<&'a [u8], Refusal> {
        let mut rest = behind;
        let mut more = self.kind() == b'S' && self.0[482] != 0;
        while more {
            let (map, behind) = rest.split_first_chunk::<BLOCK>().ok_or(Refusal::Malformed)?;
            more = map[504] != 0;
            rest = behind;
        }
        Ok(rest)
    }
}

/// Digits with blanks or NULs around; nothing at all is 0.
fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(until_nul(field)).ok()?.trim_matches(' ');
    match text {
        "" => Some(0),
        _ if text.bytes().all(|octet| octet.is_ascii_digit()) => u64::from_str_radix(text, 8).ok(),
        _ => None,
    }
}

fn until_nul(octets: &[u8]) -> &[u8] {
    octets.split(|octet| *octet == 0).next().unwrap_or_default()
}
