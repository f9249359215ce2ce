//! GIF: frames as they are, each read to its pixels and written anew with the
//! colours that it uses. No decoder of others: the format is a list of blocks.

mod lzw;

use std::collections::BTreeSet;

use sekisho_disarm::{Budget, Refusal};
use sekisho_safe_message::{MAX_ATTACHED, Removal};

use crate::{Form, Pixels};

/// Frames of a file that crosses (`docs/output-formats.md`).
const MAX_FRAMES: u32 = 500;

/// A GIF written anew, and what is not in it.
pub(crate) struct Rebuilt {
    pub(crate) file: Vec<u8>,
    pub(crate) removed: BTreeSet<Removal>,
}

/// Writes at most `frames` frames of a GIF anew.
///
/// # Errors
/// [`Refusal`] if it is damaged or passes a bound.
pub(crate) fn rebuild(octets: &[u8], frames: u32, budget: &mut Budget) -> Result<Rebuilt, Refusal> {
    let mut reader = Reader::new(octets)?;
    let mut writer = Writer::new(&reader);
    let most = frames.clamp(1, MAX_FRAMES);
    while let Some(frame) = reader.frame(writer.frames < most, budget)? {
        if writer.frames == most {
            reader.removed.insert(Removal::Frames);
            continue;
        }
        writer.frame(&frame, reader.looped)?;
    }
    if writer.frames == 0 {
        return Err(Refusal::Malformed);
    }
    Ok(Rebuilt { file: writer.finish(&reader), removed: reader.removed })
}

/// The first frame of a GIF on its screen.
///
/// # Errors
/// [`Refusal`] if it is damaged or passes a bound.
pub(crate) fn first_frame(octets: &[u8], budget: &mut Budget) -> Result<(Pixels, BTreeSet<Removal>), Refusal> {
    let mut reader = Reader::new(octets)?;
    let frame = reader.frame(true, budget)?.ok_or(Refusal::Malformed)?;
    budget.picture(reader.width.into(), reader.height.into())?;
    let mut data = vec![0; usize::from(reader.width) * usize::from(reader.height) * 4];
    let table = frame.table.as_ref().unwrap_or(&reader.table);
    for (y, row) in frame.places.chunks_exact(usize::from(frame.width)).enumerate() {
        let start = (usize::from(frame.top) + y) * usize::from(reader.width) + usize::from(frame.left);
        for (place, pixel) in row.iter().zip(data[start * 4..].as_chunks_mut::<4>().0) {
            if frame.transparent != Some(*place) {
                let [red, green, blue] = table.get(usize::from(*place)).copied().unwrap_or_default();
                *pixel = [red, green, blue, 255];
            }
        }
    }
    let pixels = Pixels::new(reader.width.into(), reader.height.into(), Form::Rgba8, data)?;
    while reader.frame(false, budget)?.is_some() {
        reader.removed.insert(Removal::Frames);
    }
    Ok((pixels, reader.removed))
}

type Table = Vec<[u8; 3]>;

/// A frame: places in its table, row by row, inside the screen.
struct Frame {
    left: u16,
    top: u16,
    width: u16,
    height: u16,
    table: Option<Table>,
    places: Vec<u8>,
    /// Hundredths of a second.
    delay: u16,
    disposal: u8,
    transparent: Option<u8>,
}

/// What a graphic control extension says about the next frame.
#[derive(Default)]
struct Control {
    delay: u16,
    disposal: u8,
    transparent: Option<u8>,
}

struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
    width: u16,
    height: u16,
    table: Table,
    looped: Option<u16>,
    control: Control,
    removed: BTreeSet<Removal>,
    done: bool,
}

impl<'a> Reader<'a> {
    /// GIF89a 17, 18, 19.
    fn new(octets: &'a [u8]) -> Result<Self, Refusal> {
        if !octets.starts_with(b"GIF87a") && !octets.starts_with(b"GIF89a") {
            return Err(Refusal::Malformed);
        }
        let mut reader = Self {
            octets,
            at: 6,
            width: 0,
            height: 0,
            table: Vec::new(),
            looped: None,
            control: Control::default(),
            removed: BTreeSet::new(),
            done: false,
        };
        reader.width = reader.word()?;
        reader.height = reader.word()?;
        let packed = reader.octet()?;
        reader.take(2)?;
        if reader.width == 0 || reader.height == 0 {
            return Err(Refusal::Malformed);
        }
        reader.table = reader.colours(packed)?.unwrap_or_default();
        Ok(reader)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Refusal> {
        let taken = self.octets.get(self.at..).and_then(|rest| rest.get(..count)).ok_or(Refusal::Malformed)?;
        self.at += count;
        Ok(taken)
    }

    fn octet(&mut self) -> Result<u8, Refusal> {
        Ok(self.take(1)?[0])
    }

    fn word(&mut self) -> Result<u16, Refusal> {
        let pair = self.take(2)?;
        Ok(u16::from_le_bytes([pair[0], pair[1]]))
    }

    /// The table that `packed` announces.
    fn colours(&mut self, packed: u8) -> Result<Option<Table>, Refusal> {
        if packed & 0x80 == 0 {
            return Ok(None);
        }
        let count = 2usize << (packed & 7);
        Ok(Some(self.take(count * 3)?.as_chunks::<3>().0.to_vec()))
    }

    /// Each data sub-block to `each`, up to the terminator.
    fn blocks(&mut self, mut each: impl FnMut(&'a [u8])) -> Result<(), Refusal> {
        loop {
            let length = self.octet()?;
            if length == 0 {
                return Ok(());
            }
            each(self.take(usize::from(length))?);
        }
    }

    /// The next frame, its pixels only if `wanted`. Each round consumes octets.
    fn frame(&mut self, wanted: bool, budget: &mut Budget) -> Result<Option<Frame>, Refusal> {
        while !self.done {
            // Octets of 0 between blocks are left over by old programs; a file
            // that ends without its trailer is whole all the same.
            match self.octets.get(self.at) {
                None => self.done = true,
                Some(0) => self.at += 1,
                Some(0x3B) => {
                    self.at += 1;
                    self.done = true;
                    if self.octets[self.at..].iter().any(|octet| *octet != 0) {
                        self.removed.insert(Removal::TrailingData);
                    }
                }
                Some(0x21) => {
                    self.at += 1;
                    self.extension()?;
                }
                Some(0x2C) => {
                    self.at += 1;
                    return self.image(wanted, budget).map(Some);
                }
                Some(_) => return Err(Refusal::Malformed),
            }
        }
        Ok(None)
    }

    /// GIF89a 23 to 26.
    fn extension(&mut self) -> Result<(), Refusal> {
        let label = self.octet()?;
        let mut first: &[u8] = &[];
        let mut second: &[u8] = &[];
        let mut count = 0u32;
        self.blocks(|block| {
            match count {
                0 => first = block,
                1 => second = block,
                _ => {}
            }
            count = count.saturating_add(1);
        })?;
        match (label, first) {
            (0xF9, [packed, low, high, place, ..]) => {
                let transparent = (packed & 1 == 1).then_some(*place);
                let disposal = Some(packed >> 2 & 7).filter(|known| *known <= 3).unwrap_or(0);
                self.control = Control { delay: u16::from_le_bytes([*low, *high]), disposal, transparent };
            }
            (0xFF, b"NETSCAPE2.0" | b"ANIMEXTS1.0") => {
                if let [1, low, high, ..] = second {
                    self.looped = Some(u16::from_le_bytes([*low, *high]));
                }
            }
            (0xFF, b"ICCRGBG1012") => {
                self.removed.insert(Removal::ColorProfile);
            }
            (0xFF, b"XMP DataXMP") | (0xFE, _) => {
                self.removed.insert(Removal::Metadata);
            }
            _ => {
                self.removed.insert(Removal::Unknown);
            }
        }
        Ok(())
    }

    /// GIF89a 20 to 22.
    fn image(&mut self, wanted: bool, budget: &mut Budget) -> Result<Frame, Refusal> {
        let (left, top, width, height) = (self.word()?, self.word()?, self.word()?, self.word()?);
        let packed = self.octet()?;
        let table = self.colours(packed)?;
        let size = self.octet()?;
        let control = std::mem::take(&mut self.control);
        let mut frame = Frame {
            left,
            top,
            width,
            height,
            table,
            places: Vec::new(),
            delay: control.delay,
            disposal: control.disposal,
            transparent: control.transparent,
        };
        if !wanted {
            self.blocks(|_| {})?;
            return Ok(frame);
        }
        budget.entries(1)?;
        budget.picture(width.into(), height.into())?;
        if width == 0 || height == 0 || frame.table.as_ref().unwrap_or(&self.table).is_empty() {
            return Err(Refusal::Malformed);
        }
        let mut pixels = lzw::Decoder::new(size, usize::from(width) * usize::from(height))?;
        let mut fine = Ok(());
        self.blocks(|block| {
            if fine.is_ok() {
                fine = pixels.feed(block);
            }
        })?;
        fine?;
        frame.places = pixels.finish()?;
        if packed & 0x40 != 0 {
            frame.places = in_order(&frame.places, usize::from(width), usize::from(height));
        }
        frame.crop(self.width, self.height)?;
        frame.within(frame.table.as_ref().unwrap_or(&self.table).len());
        Ok(frame)
    }
}

/// The rows of an interlaced frame from the top (GIF89a appendix E).
fn in_order(places: &[u8], width: usize, height: usize) -> Vec<u8> {
    let order = [(0, 8), (4, 8), (2, 4), (1, 2)].into_iter().flat_map(|(first, by)| (first..height).step_by(by));
    let mut out = vec![0; places.len()];
    for (row, y) in places.chunks_exact(width).zip(order) {
        out[y * width..(y + 1) * width].copy_from_slice(row);
    }
    out
}

impl Frame {
    /// Cuts off what lies outside the screen.
    fn crop(&mut self, screen_width: u16, screen_height: u16) -> Result<(), Refusal> {
        let width = self.width.min(screen_width.saturating_sub(self.left));
        let height = self.height.min(screen_height.saturating_sub(self.top));
        if width == 0 || height == 0 {
            return Err(Refusal::Malformed);
        }
        if (width, height) != (self.width, self.height) {
            let rows = self.places.chunks_exact(usize::from(self.width)).take(usize::from(height));
            self.places = rows.flat_map(|row| &row[..usize::from(width)]).copied().collect();
            (self.width, self.height) = (width, height);
        }
        Ok(())
    }

    /// Makes places beyond the table the first colour.
    fn within(&mut self, colours: usize) {
        for place in &mut self.places {
            if usize::from(*place) >= colours {
                *place = 0;
            }
        }
        self.transparent = self.transparent.filter(|place| usize::from(*place) < colours);
    }

    /// Which places are seen.
    fn used(&self, used: &mut [bool; 256]) {
        for place in &self.places {
            used[usize::from(*place)] = true;
        }
    }
}

struct Writer {
    out: Vec<u8>,
    frames: u32,
    used: [bool; 256],
}

impl Writer {
    fn new(reader: &Reader<'_>) -> Self {
        let mut out = b"GIF89a".to_vec();
        out.extend_from_slice(&reader.width.to_le_bytes());
        out.extend_from_slice(&reader.height.to_le_bytes());
        out.extend_from_slice(&[packed(&reader.table), 0, 0]);
        // Filled in at the end, when the colours that are used are known.
        out.resize(out.len() + reader.table.len() * 3, 0);
        Self { out, frames: 0, used: [false; 256] }
    }

    fn frame(&mut self, frame: &Frame, looped: Option<u16>) -> Result<(), Refusal> {
        if let (0, Some(looped)) = (self.frames, looped) {
            self.out.extend_from_slice(b"\x21\xFF\x0BNETSCAPE2.0\x03\x01");
            self.out.extend_from_slice(&looped.to_le_bytes());
            self.out.push(0);
        }
        self.frames += 1;
        let [low, high] = frame.delay.to_le_bytes();
        let control = frame.disposal << 2 | u8::from(frame.transparent.is_some());
        self.out.extend_from_slice(&[0x21, 0xF9, 4, control, low, high, frame.transparent.unwrap_or(0), 0, 0x2C]);
        for word in [frame.left, frame.top, frame.width, frame.height] {
            self.out.extend_from_slice(&word.to_le_bytes());
        }
        match &frame.table {
            Some(table) => {
                let mut used = [false; 256];
                frame.used(&mut used);
                self.out.push(packed(table));
                self.out.extend(seen(table, &used));
            }
            None => {
                frame.used(&mut self.used);
                self.out.push(0);
            }
        }
        lzw::encode(&frame.places, &mut self.out);
        if self.out.len() > MAX_ATTACHED - 1 { Err(Refusal::TooLarge) } else { Ok(()) }
    }

    fn finish(mut self, reader: &Reader<'_>) -> Vec<u8> {
        for (slot, octet) in self.out[13..].iter_mut().zip(seen(&reader.table, &self.used)) {
            *slot = octet;
        }
        self.out.push(0x3B);
        self.out
    }
}

/// The octets of a table, colours that nobody sees being black.
fn seen(table: &Table, used: &[bool; 256]) -> impl Iterator<Item = u8> {
    table.iter().zip(used).flat_map(|(colour, used)| if *used { *colour } else { [0; 3] })
}

/// The field that announces `table`, which has 2 to 256 colours or none.
fn packed(table: &Table) -> u8 {
    match u8::try_from(table.len().checked_ilog2().unwrap_or(0)) {
        Ok(bits @ 1..=8) => 0x80 | (bits - 1),
        Ok(_) | Err(_) => 0,
    }
}

#[cfg(test)]
mod tests;
