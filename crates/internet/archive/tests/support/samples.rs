//! Small archives with `a.txt` and `d/c.txt`, and ones with a fault.

use super::crc32;
use super::tar::{Block, tar as tar_of};

/// What is in `d/c.txt`.
pub(crate) const TEXT: &[u8] = b"hello hello hello hello hello\n";

/// Made by p7zip 16.02: LZMA2, solid.
const SEVEN: &str = "377abcaf271c0004fd4e49fc76000000000000002000000000000000f1e207cae00022000f5d00341949ee8e712caf2228f9 \
     8bb80000000000813307ae0fcf6eee8c07c8437f41b1fafdfcb92208a6c45d14dcefbdb2416977300576d3734ed37c6c044b \
     c878bf6ea5533262b6af43ffda063fe59a073b97c6735b977379f8ff8a63bdde5db3e1107b1c39bb66d6fdbec4c7c5000000 \
     17061701095f00070b01000123030101055d001000000c6e0a01d0a1ab8c0000";

/// Made by p7zip 16.02 with a password, and with one for the names too.
const SEVEN_ENCRYPTED: &str = "377abcaf271c00043de19ddd1000000000000000620000000000000055510b13ea9823a10e32c7b47c5962319d3f24ff0104 \
     060001091000070b0100022406f1070112530faa518d279828d2ef2c643da3456cd18d2121010001000c090500080a0186a6 \
     103600000501190100110d0061002e007400780074000000140a0100a021364f137cdd01150601002080a4810000";
const SEVEN_ENCRYPTED_HEADER: &str = "377abcaf271c0004ab9405ae80000000000000002e0000000000000050c3fdbc317c021b3f0ce45d7ca0160c214a6c8bca0f \
     e2823263c5890f0ae480fc31d5ff29d681c9e34e9fee6ac0612609baf0778da2d25a7941aeba507b54fc251ad62543ca35fb \
     091b97b4b5fb31352c6c6147ba8cda4b7fbdb20856f0e3dc7eecb16b5a676a0dc4b32b80d50d0381a0e0956a29184356a055 \
     aaa81aea2d636fe3fef117061001097000070b0100012406f1070112530fb84406d1bb1a85493307a1cd97473bc50c620a01 \
     f416309d0000";

/// Made by p7zip 16.02: LZMA, the header as it is.
const SEVEN_PLAIN: &str = "377abcaf271c0004247e3cad10000000000000006e00000000000000a86ae10c00341949ee8e712caf2228f98bb800000104 \
     060001091000070b01000123030101055d001000000c2300080d0209050a0186a610366802316600000502111d0061002e00 \
     740078007400000064002f0063002e00740078007400000014120100a021364f137cdd018f3bf048147cdd01150a01002080 \
     a4812080a4810000";

/// Made by XZ Utils 5.4.
const XZ: &str = "fd377a585a000004e6d6b446020021011c00000010cf58cce0001d000d5d00341949ee8de9573ac7090c8000000000001c05 \
     78f9cd21b4f80001291ea317cf9e1fb6f37d010000000004595a";

pub(crate) fn seven() -> Vec<u8> {
    hex(SEVEN)
}

pub(crate) fn seven_plain() -> Vec<u8> {
    hex(SEVEN_PLAIN)
}

pub(crate) fn seven_encrypted() -> Vec<u8> {
    hex(SEVEN_ENCRYPTED)
}

pub(crate) fn seven_encrypted_header() -> Vec<u8> {
    hex(SEVEN_ENCRYPTED_HEADER)
}

pub(crate) fn xz() -> Vec<u8> {
    hex(XZ)
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

pub(crate) fn tar() -> Vec<u8> {
    tar_of(&[Block::file("a.txt", b"hello"), Block::file("d/c.txt", TEXT)])
}

pub(crate) fn lzh() -> Vec<u8> {
    let first = lzh_entry(0, *b"-lh0-", b"a.txt", b"hello", b"hello");
    let second = lzh_entry(1, *b"-lh0-", b"d\\c.txt", TEXT, TEXT);
    [&first[..], &second, &[0]].concat()
}

/// One entry of a header of level 0 or 1.
pub(crate) fn lzh_entry(level: u8, method: [u8; 5], name: &[u8], packed: &[u8], unpacked: &[u8]) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    let base = lzh_base(level, method, packed, unpacked);
    let crc = crc16(unpacked).to_le_bytes();
    let end: &[u8] = if level == 0 { &[] } else { b"M\0\0" };
    let header = [&base[..], &[length], name, &crc, end].concat();
    let sum = header.iter().fold(0_u8, |sum, octet| sum.wrapping_add(*octet));
    [&[u8::try_from(header.len()).unwrap(), sum], &header[..], packed].concat()
}

/// One stored entry of a header of level 2, with these extra headers.
pub(crate) fn lzh_level2(extras: &[(u8, &[u8])], octets: &[u8]) -> Vec<u8> {
    let size = |extra: &[u8]| u8::try_from(extra.len() + 3).unwrap();
    let mut header = [&lzh_base(2, *b"-lh0-", octets, octets)[..], &crc16(octets).to_le_bytes(), b"M"].concat();
    for (id, extra) in extras {
        header.extend([size(extra), 0, *id]);
        header.extend_from_slice(extra);
    }
    header.extend([0, 0]);
    [&[u8::try_from(header.len() + 2).unwrap(), 0], &header[..], octets].concat()
}

fn lzh_base(level: u8, method: [u8; 5], packed: &[u8], unpacked: &[u8]) -> Vec<u8> {
    let size = |octets: &[u8]| u32::try_from(octets.len()).unwrap().to_le_bytes();
    [&method[..], &size(packed), &size(unpacked), &[0, 0, 0x21, 0, 0x20, level]].concat()
}

/// `count` times the same letter in lh5: one block, whose three trees have one
/// leaf each.
pub(crate) fn lh5_letters(letter: u8, count: u16) -> Vec<u8> {
    let mut bits = format!("{count:016b}");
    bits += &format!("{:05b}{:05b}{:09b}{letter:09b}{:04b}{:04b}", 0, 0, 0, 0, 0);
    let whole = bits.len().next_multiple_of(8);
    let bits = format!("{bits:0<whole$}");
    (0..whole / 8).map(|at| u8::from_str_radix(&bits[at * 8..at * 8 + 8], 2).unwrap()).collect()
}

fn crc16(octets: &[u8]) -> u16 {
    octets.iter().fold(0, |crc, octet| {
        (0..8).fold(crc ^ u16::from(*octet), |crc, _| if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xa001 })
    })
}

pub(crate) struct CabFile {
    pub(crate) name: &'static str,
    pub(crate) start: u32,
    pub(crate) size: u32,
}

pub(crate) fn cab() -> Vec<u8> {
    let size = u32::try_from(TEXT.len()).unwrap();
    let files = [CabFile { name: "d\\c.txt", start: 5, size }, CabFile { name: "a.txt", start: 0, size: 5 }];
    let mut sorted = cab_of(&files, &[b"hello", TEXT], 0);
    sorted[4..8].fill(0);
    sorted
}

/// A cabinet of one folder, stored.
pub(crate) fn cab_of(files: &[CabFile], blocks: &[&[u8]], flags: u8) -> Vec<u8> {
    let mut entries = Vec::new();
    for file in files {
        entries.extend(file.size.to_le_bytes());
        entries.extend(file.start.to_le_bytes());
        entries.extend([0; 8]);
        entries.extend(file.name.as_bytes());
        entries.push(0);
    }
    let mut data = Vec::new();
    for block in blocks {
        let size = u16::try_from(block.len()).unwrap();
        let sum = cab_sum(block) ^ u32::from(size) ^ (u32::from(size) << 16);
        data.extend(sum.to_le_bytes());
        data.extend([size.to_le_bytes(), size.to_le_bytes()].concat());
        data.extend_from_slice(block);
    }
    let start = u32::try_from(44 + entries.len()).unwrap();
    let total = start + u32::try_from(data.len()).unwrap();
    let [folder_count, file_count] = [1, u8::try_from(files.len()).unwrap()];
    let mut out = b"MSCF\0\0\0\0".to_vec();
    out.extend(total.to_le_bytes());
    out.extend([0, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 3, 1, folder_count, 0, file_count, 0, flags, 0, 0, 0, 0, 0]);
    out.extend(start.to_le_bytes());
    out.extend(u16::try_from(blocks.len()).unwrap().to_le_bytes());
    out.extend([0, 0]);
    [out, entries, data].concat()
}

/// [MS-CAB] 3.1.
fn cab_sum(octets: &[u8]) -> u32 {
    let (words, rest) = octets.as_chunks::<4>();
    let sum = words.iter().fold(0, |sum, word| sum ^ u32::from_le_bytes(*word));
    sum ^ rest.iter().fold(0, |sum, octet| (sum << 8) | u32::from(*octet))
}

pub(crate) fn rar4() -> Vec<u8> {
    rar4_of(0)
}

pub(crate) fn rar4_encrypted() -> Vec<u8> {
    rar4_of(4)
}

fn rar4_of(flags: u16) -> Vec<u8> {
    let block = |fields: &[u8]| [&crc32(fields).to_le_bytes()[..2], fields].concat();
    let file = |name: &[u8], octets: &[u8]| {
        let size = u32::try_from(octets.len()).unwrap().to_le_bytes();
        let length = u16::try_from(name.len()).unwrap();
        let mut fields = vec![0x74];
        fields.extend((0x8000 | flags).to_le_bytes());
        fields.extend((32 + length).to_le_bytes());
        fields.extend([size, size].concat());
        fields.push(2);
        fields.extend(crc32(octets).to_le_bytes());
        fields.extend([0, 0, 0x21, 0, 20, 0x30]);
        fields.extend(length.to_le_bytes());
        fields.extend([0x20, 0, 0, 0]);
        fields.extend_from_slice(name);
        [&block(&fields)[..], octets].concat()
    };
    let main = block(&[0x73, 0, 0, 13, 0, 0, 0, 0, 0, 0, 0]);
    let end = block(&[0x7b, 0, 0x40, 7, 0]);
    [&b"Rar!\x1a\x07\0"[..], &main, &file(b"a.txt", b"hello"), &file(b"d\\c.txt", TEXT), &end].concat()
}

pub(crate) fn rar5() -> Vec<u8> {
    rar5_of(&[rar5_file("a.txt", b"hello", &[]), rar5_file("d/c.txt", TEXT, &[])])
}

pub(crate) fn rar5_encrypted() -> Vec<u8> {
    // A record of 36 octets: encryption, version 0, no flags, 15 rounds, salt, vector.
    let record = [&[36, 1, 0, 0, 15][..], &[7; 32]].concat();
    rar5_of(&[rar5_file("a.txt", b"hello", &record)])
}

pub(crate) fn rar5_link() -> Vec<u8> {
    // A record of 9 octets: redirection, a link of Unix, no flags, its target.
    rar5_of(&[rar5_file("link", b"", b"\x09\x05\x01\x00\x05../up")])
}

fn rar5_of(files: &[Vec<u8>]) -> Vec<u8> {
    [b"Rar!\x1a\x07\x01\0".to_vec(), rar5_block(&[1, 0, 0]), files.concat(), rar5_block(&[5, 0, 0])].concat()
}

fn rar5_file(name: &str, octets: &[u8], extra: &[u8]) -> Vec<u8> {
    let size = u8::try_from(octets.len()).unwrap();
    // Types and flags: a file, with data; its checksum is there.
    let mut fields = if extra.is_empty() { vec![2, 2] } else { vec![2, 3, u8::try_from(extra.len()).unwrap()] };
    fields.extend([size, 4, size, 0]);
    fields.extend(crc32(octets).to_le_bytes());
    fields.extend([0, 1, u8::try_from(name.len()).unwrap()]);
    fields.extend(name.as_bytes());
    fields.extend(extra);
    [&rar5_block(&fields)[..], octets].concat()
}

fn rar5_block(fields: &[u8]) -> Vec<u8> {
    let sized = [&[u8::try_from(fields.len()).unwrap()], fields].concat();
    [&crc32(&sized).to_le_bytes()[..], &sized].concat()
}
