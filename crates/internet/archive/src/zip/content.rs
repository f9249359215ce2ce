//! The octets of one entry.

use bzip2::bufread::BzDecoder;
use flate2::{Crc, Decompress, FlushDecompress, Status};
use lzma_rust2::{LzmaReader, XzReader, lzma_get_memory_usage_by_props};
use sekisho_disarm::{Budget, Refusal};

use crate::fields::Fields;
use crate::guard::{MEMORY_KIB, exactly, guarded};

/// Methods (APPNOTE 4.4.5).
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const BZIP2: u16 = 12;
const LZMA: u16 = 14;
const XZ: u16 = 95;

/// Deflate makes at most 1,032 octets of one (RFC 1951: 258 of 2 bits).
const DEFLATE_RATIO: u64 = 1_032;

/// Flag 1 of an LZMA entry: its end is marked (APPNOTE 5.8.9).
const END_MARKED: u16 = 1 << 1;

/// How an entry's content is packed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packing {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) packed: u64,
    pub(super) inflated: u64,
    /// Its CRC-32; none where something else proves it.
    pub(super) crc: Option<u32>,
}

/// The octets of the entry that `packing` describes and `body` holds.
///
/// # Errors
/// [`Refusal::Ambiguous`] if octets are left over, which another tool might
/// read; [`Refusal::Malformed`] if it is damaged.
pub(super) fn read(packing: &Packing, body: &[u8], budget: &mut Budget) -> Result<Vec<u8>, Refusal> {
    packing.pay(budget)?;
    packing.unpack(body)
}

impl Packing {
    /// Takes what unpacking makes from the budget.
    ///
    /// # Errors
    /// What can be said before it is unpacked.
    pub(super) fn pay(&self, budget: &mut Budget) -> Result<(), Refusal> {
        match self.method {
            STORED if self.packed != self.inflated => Err(Refusal::Ambiguous),
            DEFLATED if self.inflated > self.packed.saturating_mul(DEFLATE_RATIO) => Err(Refusal::Malformed),
            STORED | DEFLATED | BZIP2 | LZMA | XZ => budget.octets(self.inflated),
            _ => Err(Refusal::Unsupported),
        }
    }

    /// Unpacks `body`, which is paid for.
    pub(super) fn unpack(&self, body: &[u8]) -> Result<Vec<u8>, Refusal> {
        proved(self, guarded(|| unpack(self, body))?)
    }
}

fn proved(packing: &Packing, unpacked: Unpacked) -> Result<Vec<u8>, Refusal> {
    let is_whole = packing.crc.is_none_or(|expected| {
        let mut crc = Crc::new();
        crc.update(&unpacked.octets);
        crc.sum() == expected
    });
    match (is_whole, unpacked.left) {
        (true, 0) => Ok(unpacked.octets),
        (true, _) => Err(Refusal::Ambiguous),
        (false, _) => Err(Refusal::Malformed),
    }
}

/// What was in a body, and how much of the body was not read for it.
struct Unpacked {
    octets: Vec<u8>,
    left: u64,
}

fn unpack(packing: &Packing, body: &[u8]) -> Result<Unpacked, Refusal> {
    let size = packing.inflated;
    match packing.method {
        DEFLATED => inflate(body, size),
        BZIP2 => {
            let mut decoder = BzDecoder::new(body);
            let octets = exactly(&mut decoder, size)?;
            Ok(Unpacked { octets, left: decoder.into_inner().len() as u64 })
        }
        LZMA => lzma(packing, body).map(|octets| Unpacked { octets, left: 0 }),
        XZ => {
            let decoder = XzReader::new_mem_limit(body, false, MEMORY_KIB);
            exactly(decoder, size).map(|octets| Unpacked { octets, left: 0 })
        }
        _ => Ok(Unpacked { octets: body.to_vec(), left: 0 }),
    }
}

/// Raw Deflate. flate2's readers take the end of the input for the end of the
/// stream; here the stream must end itself.
fn inflate(body: &[u8], size: u64) -> Result<Unpacked, Refusal> {
    let limit = usize::try_from(size).map_err(|_| Refusal::TooLarge)?;
    // One more than there may be, to see whether there is more.
    let mut octets = Vec::with_capacity(limit + 1);
    let mut decoder = Decompress::new(false);
    loop {
        let (read, made) = (decoder.total_in(), octets.len());
        let rest = usize::try_from(read).ok().and_then(|read| body.get(read..)).ok_or(Refusal::Malformed)?;
        let status = decoder.decompress_vec(rest, &mut octets, FlushDecompress::None);
        let status = status.map_err(|_| Refusal::Malformed)?;
        if octets.len() > limit {
            return Err(Refusal::Malformed);
        }
        match status {
            Status::StreamEnd if octets.len() == limit => {
                return Ok(Unpacked { octets, left: body.len() as u64 - decoder.total_in() });
            }
            Status::StreamEnd => return Err(Refusal::Malformed),
            // Neither read nor made anything: the stream is cut off.
            Status::Ok | Status::BufError if decoder.total_in() == read && octets.len() == made => {
                return Err(Refusal::Malformed);
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

/// APPNOTE 5.8.8: a version, the size of the properties (5), the properties.
fn lzma(packing: &Packing, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut fields = Fields(body);
    let header = (fields.u16(), fields.u16(), fields.u8(), fields.u32());
    let (Some(_), Some(5), Some(properties), Some(dictionary)) = header else { return Err(Refusal::Malformed) };
    // No distance leads before the first octet, so a larger dictionary than
    // the content is never used. 4 KiB is the least that LZMA has.
    let useful = u32::try_from(packing.inflated).map_or(dictionary, |size| dictionary.min(size.max(4096)));
    let needed = lzma_get_memory_usage_by_props(useful, properties).map_err(|_| Refusal::Malformed)?;
    if needed > MEMORY_KIB {
        return Err(Refusal::Unsupported);
    }
    let marked = packing.flags & END_MARKED != 0;
    let size = if marked { u64::MAX } else { packing.inflated };
    let decoder = LzmaReader::new_with_props(fields.0, size, properties, useful, None);
    exactly(decoder.map_err(|_| Refusal::Malformed)?, packing.inflated)
}
