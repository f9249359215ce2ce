//! GIF89a, block by block; the pixels of each frame are decoded and counted.

use sekisho_safe_message::Untrusted;
use sekisho_verify::{Fault, Flaw};

use crate::cursor::{Cursor, hold};
use crate::{MAX_PIXELS, MAX_SIDE};

/// Most frames of one file.
const MAX_FRAMES: usize = 500;
/// Pixels that all frames have together: each one bounded alone would be
/// minutes of work.
const MAX_ALL: u64 = 1 << 30;

/// A GIF of `docs/output-formats.md`.
///
/// # Errors
/// The first rule that it breaks.
pub fn gif(file: Untrusted<'_>) -> Result<(), Flaw> {
    let mut cursor = Cursor::new(file.read());
    cursor.tag(b"GIF89a", Fault::Signature)?;
    let at = cursor.at();
    let (width, height) = (u64::from(cursor.u16_le()?), u64::from(cursor.u16_le()?));
    let fits = (1..=MAX_SIDE).contains(&width) && height > 0 && width * height <= MAX_PIXELS;
    hold(fits, Fault::Size, at)?;
    let packed = cursor.octet()?;
    let (background, aspect) = (cursor.octet()?, cursor.octet()?);
    let global = table(&mut cursor, packed)?;
    hold(aspect == 0 && usize::from(background) < global.max(1), Fault::Palette, at)?;
    if cursor.rest().starts_with(b"\x21\xff") {
        cursor.tag(b"\x21\xff\x0bNETSCAPE2.0\x03\x01", Fault::Block)?;
        cursor.take(2)?;
        cursor.tag(b"\0", Fault::Block)?;
    }
    let mut frames = 0;
    let mut left = MAX_ALL;
    while cursor.rest().first() != Some(&0x3b) {
        frames += 1;
        hold(frames <= MAX_FRAMES, Fault::Size, cursor.at())?;
        let pixels = frame(&mut cursor, (width, height), global)?;
        left = left.checked_sub(pixels).ok_or(cursor.flaw(Fault::Size))?;
    }
    hold(frames > 0, Fault::Block, cursor.at())?;
    cursor.take(1)?;
    cursor.end()
}

/// Reads a table if `packed` says that there is one; how many colours.
fn table(cursor: &mut Cursor<'_>, packed: u8) -> Result<usize, Flaw> {
    if packed & 0x80 == 0 {
        return Ok(0);
    }
    let colors = 2usize << (packed & 7);
    cursor.take(3 * colors)?;
    Ok(colors)
}

/// A graphic control extension and an image; how many pixels.
fn frame(cursor: &mut Cursor<'_>, screen: (u64, u64), global: usize) -> Result<u64, Flaw> {
    let at = cursor.at();
    cursor.tag(b"\x21\xf9\x04", Fault::Block)?;
    let control = cursor.octet()?;
    // Reserved bits 0, disposal 0 to 3, nobody is asked for a key.
    hold(control & 0xe2 == 0 && (control >> 2) <= 3, Fault::Block, at)?;
    cursor.take(2)?;
    let transparent = cursor.octet()?;
    cursor.tag(b"\0", Fault::Block)?;
    cursor.tag(b"\x2c", Fault::Block)?;
    let (left, top) = (u64::from(cursor.u16_le()?), u64::from(cursor.u16_le()?));
    let (width, height) = (u64::from(cursor.u16_le()?), u64::from(cursor.u16_le()?));
    let inside = width > 0 && height > 0 && left + width <= screen.0 && top + height <= screen.1;
    hold(inside, Fault::Frame, at)?;
    let packed = cursor.octet()?;
    // Not interlaced, not sorted, reserved bits 0; no size without a table.
    hold(packed & 0x78 == 0 && (packed & 0x80 != 0 || packed == 0), Fault::Block, at)?;
    let local = table(cursor, packed)?;
    let colors = if local > 0 { local } else { global };
    hold(colors > 0 && (control & 1 == 0 || usize::from(transparent) < colors), Fault::Palette, at)?;
    pixels(cursor, width * height, colors)?;
    Ok(width * height)
}

/// What stands behind a code: how many pixels, the first and the highest.
#[derive(Debug, Clone, Copy, Default)]
struct Text {
    length: u32,
    first: u8,
    highest: u8,
}

/// LZW as GIF has it (GIF89a appendix F): exactly `wanted` pixels below
/// `colors`, then one end code, in the last octet.
fn pixels(cursor: &mut Cursor<'_>, wanted: u64, colors: usize) -> Result<(), Flaw> {
    let at = cursor.at();
    let size = cursor.octet()?;
    hold((2..=8).contains(&size), Fault::Frame, at)?;
    let mut texts = Lzw::new(size);
    let (mut held, mut count, mut left, mut ended) = (0u32, 0u32, wanted, false);
    loop {
        let length = usize::from(cursor.octet()?);
        if length == 0 {
            break;
        }
        for octet in cursor.take(length)? {
            hold(!ended, Fault::Frame, at)?;
            held |= u32::from(*octet) << count;
            count += 8;
            while count >= texts.width && !ended {
                let code = held & ((1 << texts.width) - 1);
                held >>= texts.width;
                count -= texts.width;
                match texts.step(code).ok_or(Flaw::at(Fault::Frame, at))? {
                    Step::Clear => {}
                    Step::End => ended = true,
                    Step::Text(text) => {
                        hold(usize::from(text.highest) < colors, Fault::Palette, at)?;
                        left = left.checked_sub(text.length.into()).ok_or(Flaw::at(Fault::Frame, at))?;
                    }
                }
            }
        }
    }
    hold(ended && left == 0 && held == 0, Fault::Frame, at)
}

enum Step {
    Clear,
    End,
    Text(Text),
}

struct Lzw {
    texts: Vec<Text>,
    before: Option<Text>,
    clear: u32,
    width: u32,
    begun: bool,
}

impl Lzw {
    fn new(size: u8) -> Self {
        let mut texts: Vec<_> = (0..=255).map(|c| Text { length: 1, first: c, highest: c }).take(1 << size).collect();
        texts.extend([Text::default(); 2]);
        Self { texts, before: None, clear: 1 << size, width: u32::from(size) + 1, begun: false }
    }

    /// What `code` means; `None` if it means nothing.
    fn step(&mut self, code: u32) -> Option<Step> {
        if code == self.clear {
            self.texts.truncate(self.clear as usize + 2);
            self.width = self.clear.trailing_zeros() + 1;
            self.before = None;
            self.begun = true;
            return Some(Step::Clear);
        }
        // The first code clears.
        if !self.begun {
            return None;
        }
        if code == self.clear + 1 {
            return Some(Step::End);
        }
        let known = self.texts.get(code as usize).copied();
        let text = match (known, self.before) {
            (Some(text), _) => text,
            (None, Some(before)) if code as usize == self.texts.len() => longer(before, before),
            (None, _) => return None,
        };
        if let Some(before) = self.before.filter(|_| self.texts.len() < 4096) {
            self.texts.push(longer(before, text));
            if self.texts.len() == 1 << self.width && self.width < 12 {
                self.width += 1;
            }
        }
        self.before = Some(text);
        Some(Step::Text(text))
    }
}

/// `before` with the first pixel of `next` behind it.
fn longer(before: Text, next: Text) -> Text {
    Text { length: before.length + 1, first: before.first, highest: before.highest.max(next.first) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::tests::assert_fragile;

    /// One pixel: clear (4), 1, end (5) in three bits each.
    pub(crate) fn sample() -> Vec<u8> {
        build(&[0b01_001_100, 0b1])
    }

    fn build(data: &[u8]) -> Vec<u8> {
        let mut out = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0".to_vec();
        out.extend(b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02");
        out.push(u8::try_from(data.len()).unwrap_or(0));
        out.extend(data);
        out.extend(b"\0\x3b");
        out
    }

    #[test]
    fn what_we_write_and_nothing_else() {
        let fault = |file: &[u8]| gif(Untrusted::new(file)).err().map(|flaw| flaw.fault);
        assert_eq!(fault(&sample()), None);
        for (data, want) in [
            (&[0b01_001_100, 0b1, 0][..], Fault::Frame), // an octet behind the end
            (&[0b01_001_100, 0b11], Fault::Frame),       // a bit behind the end
            (&[0b00_001_100, 0b0], Fault::Frame),        // two pixels, no end
            (&[0b101_100], Fault::Frame),                // none
            (&[0b01_010_100, 0b1], Fault::Palette),      // colour 2 of two
            (&[0b01_111_100, 0b1], Fault::Frame),        // no such code
            (&[0b00_101_001], Fault::Frame),             // does not begin by clearing
        ] {
            assert_eq!(fault(&build(data)), Some(want), "{data:?}");
        }
        let insert = |at: usize, octets: &[u8]| [&sample()[..at], octets, &sample()[at..]].concat();
        let image = 19 + 19;
        assert_eq!(fault(&insert(image, b"\x21\xfe\x01x\0")), Some(Fault::Block));
        assert_eq!(fault(&insert(image, b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0")), Some(Fault::Block));
        assert_eq!(fault(&insert(sample().len(), b"x")), Some(Fault::Trailing));
    }

    #[test]
    fn changed_files_are_refused() {
        let file = sample();
        // Colours, loop count, delay, disposal, the transparent colour and the
        // pixel: any value is as good.
        let free = |at: usize| (13..19).contains(&at) || (35..37).contains(&at) || (41..45).contains(&at) || at == 58;
        // The screen may be larger than the frame; the table's depth is only said.
        let said = |at: usize| (6..12).contains(&at);
        assert_fragile(&file, |changed| {
            let at = changed.iter().zip(&file).position(|(a, b)| a != b);
            match gif(Untrusted::new(changed)) {
                Ok(()) if changed.len() == file.len() && at.is_some_and(|at| free(at) || said(at)) => {
                    Err(Flaw::at(Fault::Unread, 0))
                }
                other => other,
            }
        });
    }

    #[test]
    fn widths_grow_as_the_table_does() {
        // 600 pixels, each with a code of its own length: the decoder's table
        // grows past nine bits only where the encoder's does.
        let (mut bits, mut count, mut data) = (0u64, 0u32, Vec::new());
        let mut put = |code: u32, width: u32| {
            bits |= u64::from(code) << count;
            count += width;
            while count >= 8 {
                data.push((bits & 0xff) as u8);
                bits >>= 8;
                count -= 8;
            }
        };
        let (mut width, mut len) = (9, 258);
        put(256, 9);
        for pixel in 0..600u32 {
            put(pixel % 2, width);
            len += u32::from(pixel > 0);
            width += u32::from(len == 1 << width && width < 12);
        }
        put(257, width);
        put(0, 7);
        let mut out =
            b"GIF89a\x58\x02\x01\0\x80\0\0\0\0\0\xff\xff\xff\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\x58\x02\x01\0\0\x08"
                .to_vec();
        for block in data.chunks(255) {
            out.push(u8::try_from(block.len()).unwrap_or(0));
            out.extend(block);
        }
        out.extend(b"\0\x3b");
        assert_eq!(gif(Untrusted::new(&out)), Ok(()));
    }
}
