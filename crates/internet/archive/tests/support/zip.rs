//! A ZIP writer that does as it is told.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::crc32;

/// The fields of a header that the two headers of an entry share.
#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) crc: u32,
    pub(crate) packed: u32,
    pub(crate) inflated: u32,
    pub(crate) name: Vec<u8>,
    pub(crate) extra: Vec<u8>,
}

#[derive(Clone)]
pub(crate) struct Item {
    pub(crate) local: Header,
    pub(crate) central: Header,
    pub(crate) host: u8,
    pub(crate) attributes: u32,
    pub(crate) comment: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// Behind the body: a descriptor, or a gap.
    pub(crate) behind: Vec<u8>,
    /// Added to the offset in the central directory.
    pub(crate) offset: i64,
}

impl Item {
    /// A deflated file.
    pub(crate) fn deflated(name: &str, octets: &[u8]) -> Self {
        Self::packed(name, octets, 8, &deflate(octets))
    }

    /// A file as it is.
    pub(crate) fn stored(name: &str, octets: &[u8]) -> Self {
        Self::packed(name, octets, 0, octets)
    }

    pub(crate) fn packed(name: &str, octets: &[u8], method: u16, body: &[u8]) -> Self {
        let header = Header {
            flags: 0x800,
            method,
            crc: crc32(octets),
            packed: u32::try_from(body.len()).unwrap(),
            inflated: u32::try_from(octets.len()).unwrap(),
            name: name.as_bytes().to_vec(),
            extra: Vec::new(),
        };
        Self {
            local: header.clone(),
            central: header,
            host: 0,
            attributes: 0,
            comment: Vec::new(),
            body: body.to_vec(),
            behind: Vec::new(),
            offset: 0,
        }
    }

    /// The same change in both headers.
    pub(crate) fn both(mut self, change: impl Fn(&mut Header)) -> Self {
        change(&mut self.local);
        change(&mut self.central);
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// With a data descriptor instead of sizes in front.
    pub(crate) fn described(self, signature: bool, wide: bool) -> Self {
        let mut item = self.both(|header| header.flags |= 8);
        let mut behind = if signature { b"PK\x07\x08".to_vec() } else { Vec::new() };
        behind.extend(item.local.crc.to_le_bytes());
        for size in [item.local.packed, item.local.inflated] {
            let wide_size = u64::from(size).to_le_bytes();
            behind.extend_from_slice(if wide { &wide_size } else { &wide_size[..4] });
        }
        item.behind = behind;
        (item.local.crc, item.local.packed, item.local.inflated) = (0, 0, 0);
        item
    }
}

pub(crate) fn deflate(octets: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

/// What stands around the entries.
#[derive(Clone, Default)]
pub(crate) struct Around {
    pub(crate) before: Vec<u8>,
    pub(crate) between: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    pub(crate) behind: Vec<u8>,
    /// Added to the count in the end record.
    pub(crate) count: i32,
    pub(crate) zip64: bool,
}

pub(crate) fn write(items: &[Item]) -> Vec<u8> {
    write_around(items, &Around::default())
}

pub(crate) fn write_around(items: &[Item], around: &Around) -> Vec<u8> {
    let mut out = around.before.clone();
    let mut directory = Vec::new();
    for item in items {
        let offset = u32::try_from(i64::try_from(out.len()).unwrap() + item.offset).unwrap();
        central(&mut directory, item, offset);
        out.extend(b"PK\x03\x04\x14\0");
        header(&mut out, &item.local);
        out.extend(&item.local.name);
        out.extend(&item.local.extra);
        out.extend(&item.body);
        out.extend(&item.behind);
    }
    out.extend(&around.between);
    let start = out.len() as u64;
    let count = u64::try_from(i32::try_from(items.len()).unwrap() + around.count).unwrap();
    out.extend(&directory);
    if around.zip64 {
        end64(&mut out, count, directory.len() as u64, start);
    }
    end(&mut out, around, (count, directory.len() as u64, start));
    out
}

fn header(out: &mut Vec<u8>, header: &Header) {
    out.extend(header.flags.to_le_bytes());
    out.extend(header.method.to_le_bytes());
    out.extend([0; 4]);
    out.extend(header.crc.to_le_bytes());
    out.extend(header.packed.to_le_bytes());
    out.extend(header.inflated.to_le_bytes());
    out.extend(short(header.name.len()));
    out.extend(short(header.extra.len()));
}

fn central(out: &mut Vec<u8>, item: &Item, offset: u32) {
    out.extend(b"PK\x01\x02\x14");
    out.extend([item.host, 20, 0]);
    header(out, &item.central);
    out.extend(short(item.comment.len()));
    out.extend([0; 4]);
    out.extend(item.attributes.to_le_bytes());
    out.extend(offset.to_le_bytes());
    out.extend(&item.central.name);
    out.extend(&item.central.extra);
    out.extend(&item.comment);
}

fn end64(out: &mut Vec<u8>, count: u64, size: u64, start: u64) {
    let at = out.len() as u64;
    out.extend(b"PK\x06\x06");
    out.extend(44_u64.to_le_bytes());
    out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for field in [count, count, size, start] {
        out.extend(field.to_le_bytes());
    }
    out.extend(b"PK\x06\x07\0\0\0\0");
    out.extend(at.to_le_bytes());
    out.extend(1_u32.to_le_bytes());
}

fn end(out: &mut Vec<u8>, around: &Around, (count, size, start): (u64, u64, u64)) {
    let all_ones = around.zip64;
    let count = if all_ones { u16::MAX } else { u16::try_from(count).unwrap() };
    let long = |field: u64| if all_ones { u32::MAX } else { u32::try_from(field).unwrap() };
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(long(size).to_le_bytes());
    out.extend(long(start).to_le_bytes());
    out.extend(short(around.comment.len()));
    out.extend(&around.comment);
    out.extend(&around.behind);
}

fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap().to_le_bytes()
}
