//! Signatures that take a check, since their first octets alone are common.

use memchr::memmem;
use sekisho_policy::Kind;

use super::{Found, le16, le32, stands_at};

/// Tells a kind by its structure.
type Check = fn(&[u8]) -> Option<Kind>;

/// The checks, the surest first.
const CHECKS: [Check; 15] =
    [riff, media, bitmap, icon, metafile, program, lzh, bzip, flash, pdf, tar, font, mpeg, disk_tail, form];

/// A PDF's header may stand behind so many octets (ISO 32000-1, annex H, note 13).
pub(super) const PDF_HEADER: usize = 1024;

/// The kind whose structure `octets` have.
pub(super) fn find(octets: &[u8]) -> Option<Kind> {
    CHECKS.iter().find_map(|check| check(octets))
}

/// RIFF: the form tells.
fn riff(octets: &[u8]) -> Option<Kind> {
    if !octets.starts_with(b"RIFF") && !octets.starts_with(b"RIFX") {
        return None;
    }
    match octets.get(8..12)? {
        b"WEBP" => Some(Kind::Webp),
        b"WAVE" | b"RMID" => Some(Kind::Audio),
        b"AVI " => Some(Kind::Video),
        _ => None,
    }
}

/// IFF: sound.
fn form(octets: &[u8]) -> Option<Kind> {
    let is_sound = matches!(octets.get(8..12)?, b"AIFF" | b"AIFC" | b"8SVX");
    (octets.starts_with(b"FORM") && is_sound).then_some(Kind::Audio)
}

/// ISO base media (ISO 14496-12 4.3): the brands tell.
fn media(octets: &[u8]) -> Option<Kind> {
    match octets.get(4..8)? {
        b"ftyp" => {}
        // QuickTime before there were brands.
        b"moov" | b"mdat" | b"wide" | b"skip" if octets[0] < 0x20 => return Some(Kind::Video),
        _ => return None,
    }
    let end = usize::try_from(u32::from_be_bytes([octets[0], octets[1], octets[2], octets[3]])).ok()?;
    let brands = octets.get(8..end.clamp(12, 256).min(octets.len()))?;
    let all = || brands.chunks_exact(4);
    let has = |names: &[&[u8]]| all().any(|brand| names.contains(&brand));
    Some(match brands.get(..4)? {
        b"avif" | b"avis" => Kind::Avif,
        b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"hevm" | b"hevs" => Kind::Heif,
        b"mif1" | b"msf1" | b"miaf" if has(&[b"avif", b"avis"]) => Kind::Avif,
        b"mif1" | b"msf1" | b"miaf" => Kind::Heif,
        b"M4A " | b"M4B " | b"M4P " | b"F4A " | b"F4B " => Kind::Audio,
        b"crx " => Kind::Unknown,
        _ => Kind::Video,
    })
}

/// BMP: the header that follows has one of few sizes.
fn bitmap(octets: &[u8]) -> Option<Kind> {
    let header = le32(octets, 14)?;
    let sound = octets.starts_with(b"BM") && matches!(header, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124);
    sound.then_some(Kind::Bmp)
}

/// ICO and CUR: a directory whose first entry points behind it.
fn icon(octets: &[u8]) -> Option<Kind> {
    let count = usize::from(le16(octets, 4)?);
    let sound = matches!(octets.get(..4)?, b"\0\0\x01\0" | b"\0\0\x02\0")
        && (1..=256).contains(&count)
        && octets.get(9) == Some(&0)
        && usize::try_from(le32(octets, 18)?).ok()? >= 6 + 16 * count;
    sound.then_some(Kind::Icon)
}

/// EMF (MS-EMF 2.3.4.2) and WMF without a placeable header (MS-WMF 2.3.2.2).
fn metafile(octets: &[u8]) -> Option<Kind> {
    if octets.starts_with(b"\x01\0\0\0") && stands_at(octets, 40, b" EMF") {
        return Some(Kind::Emf);
    }
    let version = le16(octets, 4)?;
    let sound = matches!(octets.get(..4)?, b"\x01\0\x09\0" | b"\x02\0\x09\0") && matches!(version, 0x0100 | 0x0300);
    sound.then_some(Kind::Wmf)
}

/// DOS and Windows programs, Java classes and Mach-O with several parts.
fn program(octets: &[u8]) -> Option<Kind> {
    match octets.get(..2)? {
        // Text does not have what a header has: octets that are no text.
        b"MZ" | b"ZM" if octets.iter().take(64).any(|b| *b < 0x09) => Some(Kind::Executable),
        b"\xca\xfe" if octets.starts_with(b"\xca\xfe\xba\xbe") => {
            // A class has its version here (45 and more), Mach-O a small count.
            let number =
                u32::from_be_bytes([octets.get(4).copied()?, *octets.get(5)?, *octets.get(6)?, *octets.get(7)?]);
            Some(if number & 0xffff >= 43 { Kind::Java } else { Kind::Executable })
        }
        _ => None,
    }
}

/// LHA: the method stands behind size and checksum.
fn lzh(octets: &[u8]) -> Option<Kind> {
    let [b'-', b'l', family, method, b'-'] = octets.get(2..7)? else { return None };
    let known = matches!(family, b'h' | b'z' | b'x') && (method.is_ascii_alphanumeric());
    known.then_some(Kind::Lzh)
}

/// bzip2: a block or the end follows the header.
fn bzip(octets: &[u8]) -> Option<Kind> {
    let sound = octets.starts_with(b"BZh")
        && octets.get(3)?.is_ascii_digit()
        && matches!(octets.get(4..10)?, b"\x31\x41\x59\x26\x53\x59" | b"\x17\x72\x45\x38\x50\x90");
    sound.then_some(Kind::Bzip2)
}

/// SWF: the version is a number, no letter.
fn flash(octets: &[u8]) -> Option<Kind> {
    let sound = matches!(octets.get(..3)?, b"FWS" | b"CWS" | b"ZWS") && *octets.get(3)? < 0x40;
    (sound && octets.len() > 8).then_some(Kind::Flash)
}

/// PDF, its header at the begin or behind other octets. Behind others, text
/// about PDF is none: a body must be there.
fn pdf(octets: &[u8]) -> Option<Kind> {
    let head = &octets[..octets.len().min(PDF_HEADER + 8)];
    let at = memmem::find(head, b"%PDF-")?;
    let rest = &octets[at..];
    let sound = at == 0
        || rest.get(5).is_some_and(u8::is_ascii_digit)
            && [&b" obj"[..], b"startxref"].iter().all(|word| memmem::find(rest, word).is_some());
    sound.then_some(Kind::Pdf)
}

/// Where the header of a PDF stands, if there is one that a reader would take.
pub(super) fn pdf_header(octets: &[u8]) -> Option<usize> {
    let head = &octets[..octets.len().min(PDF_HEADER + 8)];
    let at = memmem::find(head, b"%PDF-")?;
    head.get(at + 5).is_some_and(u8::is_ascii_digit).then_some(at)
}

/// tar: the checksum of the first header (POSIX.1 `ustar`).
fn tar(octets: &[u8]) -> Option<Kind> {
    let header = octets.get(..512)?;
    let field = header[148..156].trim_ascii().split(|b| *b == 0 || *b == b' ').find(|part| !part.is_empty())?;
    let mut written = 0_u32;
    for digit in field {
        written = written.checked_mul(8)?.checked_add(u32::from(digit.wrapping_sub(b'0')).min(8))?;
        if !(b'0'..=b'7').contains(digit) {
            return None;
        }
    }
    let outside: u32 =
        header.iter().enumerate().filter(|(at, _)| !(148..156).contains(at)).map(|(_, b)| u32::from(*b)).sum();
    (header[0] != 0 && outside + 8 * 32 == written).then_some(Kind::Tar)
}

/// TrueType: a table directory of plausible length, and EOT.
fn font(octets: &[u8]) -> Option<Kind> {
    let tables = u16::from_be_bytes([*octets.get(4)?, *octets.get(5)?]);
    let truetype = octets.starts_with(b"\0\x01\0\0") && (4..64).contains(&tables) && octets.get(12)?.is_ascii_graphic();
    let embedded = octets.get(34..36) == Some(b"LP") && le32(octets, 0)? as usize == octets.len();
    (truetype || embedded).then_some(Kind::Font)
}

/// MPEG sound (with ID3 before it or not) and transport streams.
fn mpeg(octets: &[u8]) -> Option<Kind> {
    if octets.starts_with(b"ID3") && *octets.get(3)? < 0x10 {
        return Some(Kind::Audio);
    }
    if octets.first()? == &0x47 && [188, 376, 564].iter().all(|at| octets.get(*at) == Some(&0x47)) {
        return Some(Kind::Video);
    }
    let [0xff, second, third, ..] = *octets else { return None };
    // ISO 11172-3 2.4.1.3: sync, a version and a layer that are not reserved;
    // ADTS (ISO 13818-7) has layer 0. A byte order mark has 0xfe or another.
    let layer = second >> 1 & 3;
    let version = second >> 3 & 3;
    let sound = second & 0xe0 == 0xe0 && version != 1 && second != 0xfe && second != 0xff;
    let adts = second & 0xf6 == 0xf0 && third >> 2 & 0xf < 13;
    let frame = layer != 0 && third >> 4 != 0xf && third >> 4 != 0 && third >> 2 & 3 != 3;
    (sound && (frame || adts)).then_some(Kind::Audio)
}

/// Disks whose signature stands at the end.
fn disk_tail(octets: &[u8]) -> Option<Kind> {
    let tail = octets.get(octets.len().checked_sub(512)?..)?;
    let boot = || octets.len() >= 64 * 1024 && octets.len().is_multiple_of(512) && octets[510..512] == *b"\x55\xaa";
    let is_disk = tail.starts_with(b"conectix") || tail.starts_with(b"koly\0\0\0\x04") || boot();
    is_disk.then_some(Kind::DiskImage)
}

/// CMS (RFC 5652): content types that S/MIME wraps mails in.
pub(super) fn cms(octets: &[u8]) -> Option<Found> {
    let der = |octets: &[u8]| {
        // A sequence with a length of up to four octets, then the identifier
        // 1.2.840.113549.1.7.n or, for compressed data, 1.2.840.113549.1.9.16.1.9.
        let head = octets.get(..octets.len().min(24)).filter(|head| head.starts_with(&[0x30]))?;
        let at = memmem::find(head, b"\x2a\x86\x48\x86\xf7\x0d\x01").filter(|at| *at <= 8)?;
        match head.get(at + 7..)? {
            [0x07, 0x02, ..] => Some(Found { kind: Kind::Smime, encrypted: false, signed: true }),
            [0x07, 0x03 | 0x06, ..] => Some(Found { kind: Kind::Smime, encrypted: true, signed: false }),
            [0x09, 0x10, 0x01, 0x09 | 0x17, ..] => Some(Found::plain(Kind::Smime)),
            _ => None,
        }
    };
    let armoured = || {
        let start = octets.get(..64).unwrap_or(octets).trim_ascii_start();
        [&b"-----BEGIN PKCS7-----"[..], b"-----BEGIN CMS-----"].iter().any(|mark| start.starts_with(mark))
    };
    der(octets).or_else(|| armoured().then(|| Found::plain(Kind::Smime)))
}
