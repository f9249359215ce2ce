//! The containers of PNG, BMP and WebP, walked for what is not in the pixels
//! and for what stands behind their end.

use std::collections::BTreeSet;

use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;

/// Chunks of a file; a PNG of 64 MiB in chunks of 8 KiB has some 8,000.
const MAX_CHUNKS: u32 = 100_000;

/// PNG 5.3 and 11.
///
/// # Errors
/// [`Refusal::Malformed`] if it does not end; [`Refusal::TooLarge`] if it has
/// too many chunks.
pub(crate) fn png(octets: &[u8]) -> Result<BTreeSet<Removal>, Refusal> {
    let mut removed = BTreeSet::new();
    if !octets.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Err(Refusal::Malformed);
    }
    let mut rest = &octets[8..];
    for _ in 0..MAX_CHUNKS {
        let (length, name) = match rest {
            [a, b, c, d, name @ ..] => (u32::from_be_bytes([*a, *b, *c, *d]), name.get(..4)),
            _ => (0, None),
        };
        let name = name.ok_or(Refusal::Malformed)?;
        let end = usize::try_from(length).ok().and_then(|length| length.checked_add(12)).ok_or(Refusal::Malformed)?;
        rest = rest.get(end..).ok_or(Refusal::Malformed)?;
        let removal = match name {
            b"IEND" => {
                if !rest.is_empty() {
                    removed.insert(Removal::TrailingData);
                }
                return Ok(removed);
            }
            b"IHDR" | b"PLTE" | b"tRNS" | b"IDAT" | b"gAMA" | b"cHRM" | b"sRGB" | b"sBIT" | b"bKGD" | b"hIST"
            | b"pHYs" | b"sPLT" | b"cICP" | b"mDCV" | b"cLLI" => continue,
            b"tEXt" | b"zTXt" | b"iTXt" | b"eXIf" | b"tIME" => Removal::Metadata,
            b"iCCP" => Removal::ColorProfile,
            b"acTL" | b"fcTL" | b"fdAT" => Removal::Frames,
            _ => Removal::Unknown,
        };
        removed.insert(removal);
    }
    Err(Refusal::TooLarge)
}

/// The RIFF container of WebP (RFC 9649 2.3 to 2.7).
///
/// # Errors
/// As [`png`].
pub(crate) fn webp(octets: &[u8]) -> Result<BTreeSet<Removal>, Refusal> {
    let mut removed = BTreeSet::new();
    let (mut rest, behind) = riff(octets)?;
    if !behind.is_empty() {
        removed.insert(Removal::TrailingData);
    }
    for _ in 0..MAX_CHUNKS {
        if rest.is_empty() {
            return Ok(removed);
        }
        let (name, _, next) = riff_chunk(rest)?;
        rest = next;
        let removal = match &name {
            b"VP8 " | b"VP8L" | b"VP8X" | b"ALPH" => continue,
            b"EXIF" | b"XMP " => Removal::Metadata,
            b"ICCP" => Removal::ColorProfile,
            b"ANIM" | b"ANMF" => Removal::Frames,
            _ => Removal::Unknown,
        };
        removed.insert(removal);
    }
    Err(Refusal::TooLarge)
}

/// Whether the first picture of a WebP does not keep each pixel.
pub(crate) fn webp_is_lossy(octets: &[u8]) -> bool {
    let Ok((mut rest, _)) = riff(octets) else { return false };
    for _ in 0..MAX_CHUNKS {
        let Ok((name, data, next)) = riff_chunk(rest) else { return false };
        match &name {
            b"VP8 " => return true,
            b"VP8L" => return false,
            // 16 octets of the frame, then chunks of its own.
            b"ANMF" => return data.get(16..20) == Some(b"VP8 "),
            _ => rest = next,
        }
    }
    false
}

/// The chunks, and what stands behind them.
fn riff(octets: &[u8]) -> Result<(&[u8], &[u8]), Refusal> {
    match octets {
        [b'R', b'I', b'F', b'F', a, b, c, d, b'W', b'E', b'B', b'P', ..] => {
            let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            if length < 4 || length > octets.len() - 8 {
                return Err(Refusal::Malformed);
            }
            let (inside, behind) = octets[8..].split_at(length);
            Ok((&inside[4..], behind.strip_prefix(&[0]).unwrap_or(behind)))
        }
        _ => Err(Refusal::Malformed),
    }
}

type RiffChunk<'a> = ([u8; 4], &'a [u8], &'a [u8]);

/// Name and data of the first chunk, and the rest.
fn riff_chunk(octets: &[u8]) -> Result<RiffChunk<'_>, Refusal> {
    let (Some((name, rest)), true) = (octets.split_first_chunk::<4>(), octets.len() >= 8) else {
        return Err(Refusal::Malformed);
    };
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(Refusal::Malformed)?;
    let length = u32::from_le_bytes(*length) as usize;
    let data = rest.get(..length).ok_or(Refusal::Malformed)?;
    // An octet of padding after an odd length, which the last may lack.
    let next = rest.get(length + length % 2..).unwrap_or(&[]);
    Ok((*name, data, next))
}

/// What stands in a BMP besides header, colours and rows.
///
/// # Errors
/// [`Refusal::Malformed`] if the header is cut.
pub(crate) fn bmp(octets: &[u8]) -> Result<BTreeSet<Removal>, Refusal> {
    let long = |at: usize| {
        let four = octets.get(at..).and_then(|rest| rest.first_chunk::<4>()).ok_or(Refusal::Malformed)?;
        Ok::<u32, Refusal>(u32::from_le_bytes(*four))
    };
    let mut removed = BTreeSet::new();
    if !octets.starts_with(b"BM") {
        return Err(Refusal::Malformed);
    }
    let (size, start, header) = (u64::from(long(2)?), u64::from(long(10)?), long(14)?);
    // BITMAPINFOHEADER and what follows; the core header has sides of 16 bits.
    if header >= 40 {
        let (width, height) = (u64::from(long(18)?), u64::from(long(22)?.cast_signed().unsigned_abs()));
        let (depth, compression, colours) = (long(26)? >> 16, long(30)?, long(46)?);
        let table = if depth <= 8 && colours == 0 { 1 << depth } else { u64::from(colours) };
        // 16 octets of masks may follow the header.
        let behind_table = table.saturating_mul(4).saturating_add(14 + 16 + u64::from(header));
        // Some programs write no true start.
        let start = if start < 14 + u64::from(header) { behind_table } else { start };
        let row = (width * u64::from(depth)).div_ceil(32) * 4;
        let end = start.saturating_add(row.saturating_mul(height));
        // Runs (1, 2) end where the file says.
        let end = if matches!(compression, 1 | 2) { size.max(start) } else { end };
        if (octets.len() as u64) > end.saturating_add(4) {
            removed.insert(Removal::TrailingData);
        }
        if start > behind_table {
            removed.insert(Removal::Unknown);
        }
        // BITMAPV5HEADER with a profile embedded or linked.
        if header >= 124 && matches!(long(14 + 56)?, 0x4D42_4544 | 0x4C49_4E4B) {
            removed.insert(Removal::ColorProfile);
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::{Form, Pixels, encode_png};

    fn chunked(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let mut file = encode_png(&Pixels::new(1, 1, Form::Grey8, vec![9]).unwrap()).unwrap();
        let mut chunk = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
        chunk.extend_from_slice(name);
        chunk.extend_from_slice(data);
        chunk.extend_from_slice(&[0; 4]);
        file.splice(33..33, chunk);
        file
    }

    #[test]
    fn png_chunks_are_told() {
        let cases = [
            (b"tEXt", Removal::Metadata),
            (b"eXIf", Removal::Metadata),
            (b"iCCP", Removal::ColorProfile),
            (b"acTL", Removal::Frames),
            (b"prVt", Removal::Unknown),
        ];
        for (name, removal) in cases {
            assert_eq!(png(&chunked(name, b"something")), Ok(BTreeSet::from([removal])));
        }
        assert_eq!(png(&chunked(b"pHYs", &[0; 9])), Ok(BTreeSet::new()));
        let mut file = chunked(b"gAMA", &[0; 4]);
        for end in 0..file.len() {
            assert_eq!(png(&file[..end]), Err(Refusal::Malformed));
        }
        file.push(0);
        assert_eq!(png(&file), Ok(BTreeSet::from([Removal::TrailingData])));
    }

    #[test]
    fn what_stands_behind_a_bmp_is_told() {
        let mut file = std::io::Cursor::new(Vec::new());
        image::DynamicImage::new_rgb8(3, 2).write_to(&mut file, image::ImageFormat::Bmp).unwrap();
        let mut file = file.into_inner();
        assert_eq!(bmp(&file), Ok(BTreeSet::new()));
        file.extend_from_slice(b"PK\x03\x04 ");
        assert_eq!(bmp(&file), Ok(BTreeSet::from([Removal::TrailingData])));
        let end = file.len() - 5;
        let mut file = file[..end].to_vec();
        file.splice(54..54, [7; 100]);
        file[10..14].copy_from_slice(&154u32.to_le_bytes());
        assert_eq!(bmp(&file), Ok(BTreeSet::from([Removal::Unknown])));
        for end in 0..50 {
            assert_eq!(bmp(&file[..end]), Err(Refusal::Malformed));
        }
    }

    fn riff_of(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
        let mut inside = b"WEBP".to_vec();
        for (name, data) in chunks {
            inside.extend_from_slice(*name);
            inside.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
            inside.extend_from_slice(data);
            inside.resize(inside.len().next_multiple_of(2), 0);
        }
        let mut file = b"RIFF".to_vec();
        file.extend_from_slice(&u32::try_from(inside.len()).unwrap().to_le_bytes());
        file.extend_from_slice(&inside);
        file
    }

    #[test]
    fn webp_chunks_are_told() {
        let file = riff_of(&[
            (b"VP8X", &[0; 10]),
            (b"ICCP", b"abc"),
            (b"VP8 ", b"x"),
            (b"EXIF", b""),
            (b"ANMF", b"yy"),
            (b"prVt", b"z"),
        ]);
        let all = [Removal::Metadata, Removal::ColorProfile, Removal::Frames, Removal::Unknown];
        assert_eq!((webp(&file), webp_is_lossy(&file)), (Ok(BTreeSet::from(all)), true));
        let mut longer = riff_of(&[(b"VP8L", b"x")]);
        assert!(!webp_is_lossy(&longer));
        longer.extend_from_slice(b"PK");
        assert_eq!(webp(&longer), Ok(BTreeSet::from([Removal::TrailingData])));
        for end in 0..file.len() {
            assert!(webp(&file[..end]).is_err(), "{end}");
        }
    }
}
