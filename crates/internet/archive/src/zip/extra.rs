//! Extra fields that are read: the long sizes, and a name in Unicode.

use flate2::Crc;

use crate::fields::Fields;

const ZIP64: u16 = 0x0001;
const UNICODE_PATH: u16 = 0x7075;

/// Sizes and place of an entry that may stand in the Zip64 field.
#[derive(Debug)]
pub(super) struct Zip64 {
    pub(super) inflated: u64,
    pub(super) packed: u64,
    /// In the central directory only.
    pub(super) offset: Option<u64>,
}

impl Zip64 {
    /// Takes from `extra` what the header leaves to it: each field of all ones,
    /// in this order (APPNOTE 4.5.3). False if it is not there.
    pub(super) fn complete(&mut self, extra: &[u8]) -> bool {
        let long = [Some(&mut self.inflated), Some(&mut self.packed), self.offset.as_mut()];
        let mut fields = field(extra, ZIP64).map(Fields);
        long.into_iter().flatten().filter(|value| **value == u64::from(u32::MAX)).all(|value| {
            match fields.as_mut().and_then(Fields::u64) {
                Some(found) => {
                    *value = found;
                    true
                }
                None => false,
            }
        })
    }
}

/// The name in Info-ZIP's field, if it is about this name (APPNOTE 4.6.9).
pub(super) fn unicode_path(extra: &[u8], raw_name: &[u8]) -> Option<String> {
    let mut fields = Fields(field(extra, UNICODE_PATH)?);
    let (version, sum) = (fields.u8()?, fields.u32()?);
    let mut crc = Crc::new();
    crc.update(raw_name);
    let name = std::str::from_utf8(fields.0).ok()?;
    (version == 1 && sum == crc.sum()).then(|| name.to_owned())
}

/// The first extra field of this id.
fn field(extra: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut fields = Fields(extra);
    loop {
        let (id, size) = (fields.u16()?, fields.u16()?);
        let data = fields.take(size.into())?;
        if id == wanted {
            return Some(data);
        }
    }
}
