//! The entries themselves: local headers, packed octets, data descriptors
//! (APPNOTE 4.3.7 to 4.3.9).

use sekisho_disarm::Refusal;

use super::directory::{DESCRIPTOR, Directory, ENCRYPTED, MASKED, Record, STRONG, UTF8};
use super::extra::{self, Aes, Zip64};
use crate::fields::Fields;

/// Flags over which the two headers must agree: how the octets are read. The
/// others are hints about how they were packed, and whether a descriptor
/// follows is for the local header alone to say.
const MEANING: u16 = ENCRYPTED | STRONG | UTF8 | MASKED;

/// The packed octets of each record, in the order of the records. The entries
/// fill the file up to the central directory, one right behind the other.
pub(super) fn bodies<'a>(octets: &'a [u8], directory: &Directory<'_>) -> Result<Vec<&'a [u8]>, Refusal> {
    let records = &directory.records;
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_key(|at| records[*at].offset);
    let stops = order.iter().skip(1).map(|at| records[*at].offset).chain([directory.start]);
    let mut bodies: Vec<&[u8]> = vec![&[]; records.len()];
    let mut expected = 0;
    for (at, stop) in order.iter().zip(stops) {
        let record = &records[*at];
        if record.offset != expected {
            return Err(Refusal::Ambiguous);
        }
        bodies[*at] = body(octets, record, stop)?;
        expected = stop;
    }
    if expected == directory.start { Ok(bodies) } else { Err(Refusal::Ambiguous) }
}

/// The packed octets of the entry that reaches up to `stop`.
fn body<'a>(octets: &'a [u8], record: &Record<'_>, stop: u64) -> Result<&'a [u8], Refusal> {
    let start = usize::try_from(record.offset).map_err(|_| Refusal::Malformed)?;
    let stop = usize::try_from(stop).map_err(|_| Refusal::Malformed)?;
    // Overlapping entries, or one that reaches into the directory.
    let mut fields = Fields(octets.get(start..stop).ok_or(Refusal::Ambiguous)?);
    let local = Local::read(&mut fields).ok_or(Refusal::Ambiguous)?;
    local.agree(record)?;
    let size = usize::try_from(record.packed).map_err(|_| Refusal::Malformed)?;
    let body = fields.take(size).ok_or(Refusal::Ambiguous)?;
    if !local.descriptor_fits(fields.0, record) {
        return Err(Refusal::Ambiguous);
    }
    // A tool that reads from front to back finds the end of a stored entry by
    // looking for the descriptor.
    if record.method == 0 && !fields.0.is_empty() && body.windows(4).any(|four| four == b"PK\x07\x08") {
        return Err(Refusal::Ambiguous);
    }
    Ok(body)
}

/// A local header.
struct Local<'a> {
    flags: u16,
    method: u16,
    crc: u32,
    sizes: Zip64,
    name: &'a [u8],
    extra: &'a [u8],
}

impl<'a> Local<'a> {
    fn read(fields: &mut Fields<'a>) -> Option<Self> {
        let signature = fields.take(4)? == b"PK\x03\x04";
        let _needed = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _time_and_date = fields.u32()?;
        let crc = fields.u32()?;
        let mut sizes = Zip64 { packed: fields.u32()?.into(), inflated: fields.u32()?.into(), offset: None };
        let (name_len, extra_len) = (fields.u16()?, fields.u16()?);
        let name = fields.take(name_len.into())?;
        let extra = fields.take(extra_len.into())?;
        (signature && sizes.complete(extra)).then_some(Self { flags, method, crc, sizes, name, extra })
    }

    fn agree(&self, record: &Record<'_>) -> Result<(), Refusal> {
        let described = self.flags & DESCRIPTOR != 0;
        let one = |local: u64, central: u64| local == central || (described && local == 0);
        let flags = (self.flags ^ record.flags) & MEANING;
        // What the flag says of an ASCII name is nothing.
        let flags = if self.name.is_ascii() { flags & !UTF8 } else { flags };
        let same = flags == 0
            && self.method == record.method
            && self.name == record.raw_name
            && one(self.crc.into(), record.crc.into())
            && one(self.sizes.packed, record.packed)
            && one(self.sizes.inflated, record.inflated)
            && Aes::of(self.extra) == record.aes
            && extra::unicode_path(self.extra, self.name).is_none_or(|name| name == record.name);
        if same { Ok(()) } else { Err(Refusal::Ambiguous) }
    }

    /// Whether what stands behind the packed octets is what the flag says: a data
    /// descriptor in one of its four spellings (with signature or without, sizes
    /// of 32 or 64 bit), or nothing.
    fn descriptor_fits(&self, rest: &[u8], record: &Record<'_>) -> bool {
        if self.flags & DESCRIPTOR == 0 {
            return rest.is_empty();
        }
        let plain = if matches!(rest.len(), 16 | 24) { rest.strip_prefix(b"PK\x07\x08") } else { Some(rest) };
        plain.is_some_and(|plain| {
            let mut fields = Fields(plain);
            let crc = fields.u32();
            let sizes = match plain.len() {
                12 => fields.u32().map(u64::from).zip(fields.u32().map(u64::from)),
                20 => fields.u64().zip(fields.u64()),
                _ => None,
            };
            crc == Some(record.crc) && sizes == Some((record.packed, record.inflated))
        })
    }
}
