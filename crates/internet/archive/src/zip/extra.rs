//! Extra fields that are read: the long sizes, a name in Unicode, and how AES
//! is used.

use flate2::Crc;

use crate::fields::Fields;

const ZIP64: u16 = 0x0001;
const UNICODE_PATH: u16 = 0x7075;
const AES: u16 = 0x9901;

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

/// How an entry is encrypted by AES (APPNOTE 7, and WinZip's specification).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aes {
    /// AE-1: the header's CRC is the content's. AE-2 has none.
    pub(super) has_crc: bool,
    /// Octets of the key: 16, 24 or 32.
    pub(super) key: usize,
    /// The method behind the encryption.
    pub(super) method: u16,
}

impl Aes {
    pub(super) fn of(extra: &[u8]) -> Option<Self> {
        let mut fields = Fields(field(extra, AES)?);
        let (version, vendor, strength, method) = (fields.u16()?, fields.take(2)?, fields.u8()?, fields.u16()?);
        let has_crc = match version {
            1 => true,
            2 => false,
            _ => return None,
        };
        let key = match strength {
            1 => 16,
            2 => 24,
            3 => 32,
            _ => return None,
        };
        (vendor == b"AE" && fields.0.is_empty()).then_some(Self { has_crc, key, method })
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
