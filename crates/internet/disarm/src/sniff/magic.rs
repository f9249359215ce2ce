//! Signatures that need no more than a look: octets at a place.

use sekisho_policy::Kind;

/// Where, what, and whose. The first that fits is it; those that begin alike
/// are in [`super::structure`].
const TABLE: &[(usize, &[u8], Kind)] = &[
    // Pictures.
    (0, b"\x89PNG\r\n\x1a\n", Kind::Png),
    (0, b"\xff\xd8\xff", Kind::Jpeg),
    (0, b"GIF87a", Kind::Gif),
    (0, b"GIF89a", Kind::Gif),
    (0, b"II*\0", Kind::Tiff),
    (0, b"MM\0*", Kind::Tiff),
    (0, b"II+\0\x08\0", Kind::Tiff),
    (0, b"MM\0+\0\x08", Kind::Tiff),
    (0, b"8BPS\0", Kind::Psd),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", Kind::Jpeg2000),
    (0, b"\xff\x4f\xff\x51", Kind::Jpeg2000),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", Kind::JpegXl),
    (0, b"\xff\x0a", Kind::JpegXl),
    (0, b"\xd7\xcd\xc6\x9a", Kind::Wmf),
    (0, b"%!PS", Kind::PostScript),
    (0, b"\x04%!PS", Kind::PostScript),
    (0, b"\xc5\xd0\xd3\xc6", Kind::PostScript),
    (0, b"%FDF-", Kind::PdfForm),
    // Archives.
    (0, b"7z\xbc\xaf\x27\x1c", Kind::SevenZip),
    (0, b"Rar!\x1a\x07", Kind::Rar),
    (0, b"RE~^", Kind::Rar),
    (0, b"\x1f\x8b", Kind::Gzip),
    (0, b"\xfd7zXZ\0", Kind::Xz),
    (0, b"MSCF\0\0\0\0", Kind::Cab),
    (0, b"ISc(", Kind::OtherArchive),
    (0, b"\x28\xb5\x2f\xfd", Kind::OtherArchive),
    (0, b"\x04\x22\x4d\x18", Kind::OtherArchive),
    (0, b"LZIP\x01", Kind::OtherArchive),
    (0, b"\x1f\x9d", Kind::OtherArchive),
    (0, b"\x1f\xa0", Kind::OtherArchive),
    (0, b"\x60\xea", Kind::OtherArchive),
    (7, b"**ACE**", Kind::OtherArchive),
    (0, b"xar!\0", Kind::OtherArchive),
    (0, b"!<arch>\n", Kind::OtherArchive),
    (0, b"070701", Kind::OtherArchive),
    (0, b"070702", Kind::OtherArchive),
    (0, b"070707", Kind::OtherArchive),
    (0, b"\xc7\x71", Kind::OtherArchive),
    (0, b"\xed\xab\xee\xdb", Kind::OtherArchive),
    (0, b"SIT!", Kind::OtherArchive),
    (0, b"StuffIt (c)", Kind::OtherArchive),
    (0, b"UC2\x1a", Kind::OtherArchive),
    (0, b"\x5d\0\0\x80\0", Kind::OtherArchive),
    (0, b"\x5d\0\0\x40\0", Kind::OtherArchive),
    (0, b"\x5d\0\0\x10\0", Kind::OtherArchive),
    // Mail.
    (0, b"\x78\x9f\x3e\x22", Kind::Tnef),
    // Documents.
    (0, b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", Kind::OneNote),
    (0, b"\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f", Kind::OneNote),
    (48, b"\x3f\xdd\x9a\x10\x1b\x91\xf5\x49\xa5\xd0\x17\x91\xed\xc8\xae\xd8", Kind::OneNote),
    (0, b"\x60\x0e\x82", Kind::DocuWorks),
    // Word 1, 2 and Write; Excel 2 to 4 without a container.
    (0, b"\x31\xbe\0\0", Kind::Doc),
    (0, b"\x32\xbe\0\0", Kind::Doc),
    (0, b"\xdb\xa5\x2d\0", Kind::Doc),
    (0, b"\x9b\xa5\x21\0", Kind::Doc),
    (0, b"\x09\0\x04\0", Kind::Xls),
    (0, b"\x09\x02\x06\0", Kind::Xls),
    (0, b"\x09\x04\x06\0", Kind::Xls),
    (0, b"\x09\x08\x08\0\0\x05", Kind::Xls),
    (0, b"\x09\x08\x10\0\0\x06", Kind::Xls),
    // Programs.
    (0, b"\x7fELF", Kind::Executable),
    (0, b"\xfe\xed\xfa\xce", Kind::Executable),
    (0, b"\xfe\xed\xfa\xcf", Kind::Executable),
    (0, b"\xce\xfa\xed\xfe", Kind::Executable),
    (0, b"\xcf\xfa\xed\xfe", Kind::Executable),
    (0, b"\0asm", Kind::Executable),
    (0, b"dex\n03", Kind::Executable),
    (0, b"!<symlink>", Kind::Shortcut),
    (0, b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46", Kind::Shortcut),
    (0, b"ITSF", Kind::Help),
    (0, b"\x3f\x5f\x03\0", Kind::Help),
    // Disks.
    (0x8001, b"CD001", Kind::DiskImage),
    (0x8001, b"BEA01", Kind::DiskImage),
    (0x8801, b"CD001", Kind::DiskImage),
    (0, b"\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0", Kind::DiskImage),
    (0, b"conectix", Kind::DiskImage),
    (0, b"vhdxfile", Kind::DiskImage),
    (0, b"KDMV", Kind::DiskImage),
    (0, b"# Disk DescriptorFile", Kind::DiskImage),
    (0, b"QFI\xfb", Kind::DiskImage),
    (0, b"MSWIM\0\0\0", Kind::DiskImage),
    (0, b"hsqs", Kind::DiskImage),
    (0, b"<<< ", Kind::DiskImage),
    (3, b"NTFS    ", Kind::DiskImage),
    (3, b"EXFAT   ", Kind::DiskImage),
    (0x36, b"FAT1", Kind::DiskImage),
    (0x52, b"FAT32   ", Kind::DiskImage),
    // Sound and video.
    (0, b"fLaC\0", Kind::Audio),
    (0, b"OggS\0", Kind::Audio),
    (0, b"MThd\0\0\0\x06", Kind::Audio),
    (0, b"#!AMR", Kind::Audio),
    (0, b".snd\0", Kind::Audio),
    (0, b"MAC ", Kind::Audio),
    (0, b"wvpk", Kind::Audio),
    (0, b"\x1a\x45\xdf\xa3", Kind::Video),
    (0, b"FLV\x01", Kind::Video),
    (0, b"\0\0\x01\xba", Kind::Video),
    (0, b"\0\0\x01\xb3", Kind::Video),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind::Video),
    (0, b".RMF\0", Kind::Video),
    // Fonts.
    (0, b"OTTO\0", Kind::Font),
    (0, b"true\0", Kind::Font),
    (0, b"ttcf\0", Kind::Font),
    (0, b"wOFF", Kind::Font),
    (0, b"wOF2", Kind::Font),
    // Databases.
    (0, b"SQLite format 3\0", Kind::Database),
    (4, b"Standard Jet DB", Kind::Database),
    (4, b"Standard ACE DB", Kind::Database),
    (4, b"MSISAM Database", Kind::Database),
    (0, b"!BDN", Kind::Database),
    (4, b"\xef\xcd\xab\x89", Kind::Database),
];

/// The kind whose signature `octets` have.
pub(super) fn find(octets: &[u8]) -> Option<Kind> {
    TABLE.iter().find(|(at, magic, _)| super::stands_at(octets, *at, magic)).map(|(_, _, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_is_found_and_hides_no_other() {
        for (at, magic, kind) in TABLE {
            let mut octets = vec![0x20; *at];
            octets.extend_from_slice(magic);
            assert_eq!(find(&octets), Some(*kind), "{magic:?}");
        }
        for (index, (at, magic, kind)) in TABLE.iter().enumerate() {
            let hidden = TABLE[..index].iter().find(|(a, m, _)| a == at && magic.starts_with(m));
            assert_eq!(hidden, None, "{magic:?} {kind:?}");
        }
    }
}
