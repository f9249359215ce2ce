//! PNG, chunk by chunk (W3C PNG, third edition).

use sekisho_safe_message::Untrusted;
use sekisho_verify::{Fault, Flaw};

use crate::crc::crc32;
use crate::cursor::{Cursor, hold};
use crate::inflate::Inflate;
use crate::{MAX_PIXELS, MAX_SIDE};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What the header says.
struct Header {
    width: u64,
    height: u64,
    depth: u8,
    color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Color {
    Grey,
    Rgb,
    Palette,
    GreyAlpha,
    Rgba,
}

/// A PNG of `docs/output-formats.md`.
///
/// # Errors
/// The first rule that it breaks.
pub fn png(file: Untrusted<'_>) -> Result<(), Flaw> {
    let mut cursor = Cursor::new(file.read());
    cursor.tag(SIGNATURE, Fault::Signature)?;
    let (name, data, at) = chunk(&mut cursor)?;
    hold(name == b"IHDR", Fault::Chunk, at)?;
    let header = header(data, at)?;
    let (mut name, mut data, mut at) = chunk(&mut cursor)?;
    if header.color == Color::Palette {
        hold(name == b"PLTE", Fault::Chunk, at)?;
        let colors = palette(data, &header, at)?;
        (name, data, at) = chunk(&mut cursor)?;
        if name == b"tRNS" {
            hold((1..=colors).contains(&data.len()), Fault::Palette, at)?;
            (name, data, at) = chunk(&mut cursor)?;
        }
    }
    let mut rows = Rows::new(&header);
    let mut inflate = Inflate::zlib(rows.left);
    hold(name == b"IDAT", Fault::Chunk, at)?;
    while name == b"IDAT" {
        inflate.feed(data, &mut |octets| rows.take(octets)).map_err(|fault| Flaw::at(fault, at))?;
        (name, data, at) = chunk(&mut cursor)?;
    }
    inflate.finish().map_err(|fault| Flaw::at(fault, at))?;
    hold(rows.left == 0, Fault::Rows, at)?;
    hold(name == b"IEND" && data.is_empty(), Fault::Chunk, at)?;
    cursor.end()
}

/// The next chunk's name, data and place; its CRC is right.
fn chunk<'a>(cursor: &mut Cursor<'a>) -> Result<(&'a [u8], &'a [u8], usize), Flaw> {
    let at = cursor.at();
    let length = cursor.u32_be()? as usize;
    let named = cursor.take(length.checked_add(4).ok_or(Flaw::at(Fault::End, at))?)?;
    let crc = cursor.u32_be()?;
    let (name, data) = named.split_at(4);
    let known = [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"];
    hold(known.iter().any(|one| one.as_slice() == name), Fault::Chunk, at)?;
    hold(crc32(named) == crc, Fault::Checksum, at)?;
    Ok((name, data, at))
}

fn header(data: &[u8], at: usize) -> Result<Header, Flaw> {
    hold(data.len() == 13, Fault::Picture, at)?;
    let mut fields = Cursor::new(data);
    let (width, height) = (u64::from(fields.u32_be()?), u64::from(fields.u32_be()?));
    let (depth, color) = (fields.octet()?, fields.octet()?);
    let color = match (color, depth) {
        (0, 1 | 8) => Color::Grey,
        (2, 8) => Color::Rgb,
        (3, 1 | 2 | 4 | 8) => Color::Palette,
        (4, 8) => Color::GreyAlpha,
        (6, 8) => Color::Rgba,
        _ => return Err(Flaw::at(Fault::Picture, at)),
    };
    // Compression, filter method and interlace.
    hold(fields.rest() == [0, 0, 0], Fault::Picture, at)?;
    let sides = 1..=MAX_SIDE;
    hold(sides.contains(&width) && sides.contains(&height) && width * height <= MAX_PIXELS, Fault::Size, at)?;
    Ok(Header { width, height, depth, color })
}

/// How many colours there are; not more than a pixel can name.
fn palette(data: &[u8], header: &Header, at: usize) -> Result<usize, Flaw> {
    let colors = data.len() / 3;
    let sound = data.len().is_multiple_of(3) && (1..=1 << header.depth).contains(&colors);
    hold(sound, Fault::Palette, at)?;
    Ok(colors)
}

/// The rows as they come: each a filter type and its octets.
struct Rows {
    row: u64,
    place: u64,
    left: u64,
}

impl Rows {
    fn new(header: &Header) -> Self {
        let samples = match header.color {
            Color::Grey | Color::Palette => 1,
            Color::GreyAlpha => 2,
            Color::Rgb => 3,
            Color::Rgba => 4,
        };
        let row = (header.width * samples * u64::from(header.depth)).div_ceil(8) + 1;
        Self { row, place: 0, left: row * header.height }
    }

    fn take(&mut self, mut octets: &[u8]) -> Result<(), Fault> {
        self.left = self.left.checked_sub(octets.len() as u64).ok_or(Fault::Rows)?;
        while let Some(first) = octets.first() {
            if self.place == 0 && *first > 4 {
                return Err(Fault::Rows);
            }
            let step = usize::try_from(self.row - self.place).unwrap_or(usize::MAX).min(octets.len());
            octets = &octets[step..];
            self.place = (self.place + step as u64) % self.row;
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::inflate::tests::stored;
    use crate::tests::assert_fragile;

    fn push(out: &mut Vec<u8>, name: &[u8], data: &[u8]) {
        out.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
        let named = [name, data].concat();
        out.extend_from_slice(&named);
        out.extend(crc32(&named).to_be_bytes());
    }

    fn file(header: [u8; 13], rest: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut out = SIGNATURE.to_vec();
        push(&mut out, b"IHDR", &header);
        for (name, data) in rest {
            push(&mut out, name, data);
        }
        push(&mut out, b"IEND", &[]);
        out
    }

    /// Two grey pixels in one row.
    pub(crate) fn sample() -> Vec<u8> {
        file([0, 0, 0, 2, 0, 0, 0, 1, 8, 0, 0, 0, 0], &[(b"IDAT", &stored(&[0, 1, 2]))])
    }

    #[test]
    fn what_we_write_and_nothing_else() {
        let grey = [0, 0, 0, 2, 0, 0, 0, 1, 8, 0, 0, 0, 0];
        let palette = [0, 0, 0, 2, 0, 0, 0, 1, 1, 3, 0, 0, 0];
        let row = stored(&[0, 1, 2]);
        let bits = stored(&[4, 0x40]);
        let cases: [(&str, Vec<u8>, Option<Fault>); 16] = [
            ("grey", file(grey, &[(b"IDAT", &row)]), None),
            ("split", file(grey, &[(b"IDAT", &row[..3]), (b"IDAT", &row[3..])]), None),
            ("palette", file(palette, &[(b"PLTE", &[0; 6]), (b"tRNS", &[9]), (b"IDAT", &bits)]), None),
            ("no palette", file(palette, &[(b"IDAT", &bits)]), Some(Fault::Chunk)),
            ("long palette", file(palette, &[(b"PLTE", &[0; 9]), (b"IDAT", &bits)]), Some(Fault::Palette)),
            (
                "long tRNS",
                file(palette, &[(b"PLTE", &[0; 3]), (b"tRNS", &[1, 2]), (b"IDAT", &bits)]),
                Some(Fault::Palette),
            ),
            ("grey with palette", file(grey, &[(b"PLTE", &[0; 3]), (b"IDAT", &row)]), Some(Fault::Chunk)),
            ("text", file(grey, &[(b"tEXt", b"a\0b"), (b"IDAT", &row)]), Some(Fault::Chunk)),
            ("late text", file(grey, &[(b"IDAT", &row), (b"tEXt", b"a\0b")]), Some(Fault::Chunk)),
            ("no data", file(grey, &[]), Some(Fault::Chunk)),
            ("filter 5", file(grey, &[(b"IDAT", &stored(&[5, 1, 2]))]), Some(Fault::Rows)),
            ("short rows", file(grey, &[(b"IDAT", &stored(&[0, 1]))]), Some(Fault::Rows)),
            ("long rows", file(grey, &[(b"IDAT", &stored(&[0, 1, 2, 3]))]), Some(Fault::Size)),
            ("behind the stream", file(grey, &[(b"IDAT", &[row.as_slice(), b"x"].concat())]), Some(Fault::Trailing)),
            ("16 bit", file([0, 0, 0, 2, 0, 0, 0, 1, 16, 0, 0, 0, 0], &[(b"IDAT", &row)]), Some(Fault::Picture)),
            ("bomb", file([0, 0, 255, 255, 0, 0, 255, 255, 8, 6, 0, 0, 0], &[(b"IDAT", &row)]), Some(Fault::Size)),
        ];
        for (name, file, want) in cases {
            assert_eq!(png(Untrusted::new(&file)).err().map(|flaw| flaw.fault), want, "{name}");
        }
        let behind = [sample().as_slice(), b"PK"].concat();
        assert_eq!(png(Untrusted::new(&behind)).err().map(|flaw| flaw.fault), Some(Fault::Trailing));
    }

    #[test]
    fn changed_files_are_refused() {
        assert_fragile(&sample(), |file| png(Untrusted::new(file)));
    }
}
