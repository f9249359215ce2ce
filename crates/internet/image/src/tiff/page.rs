//! One page: its samples to pixels.

use image::codecs::tiff::TiffDecoder;
use image::metadata::Orientation;
use sekisho_disarm::{Budget, Refusal};

use super::view::View;
use super::{
    BITS, COLOUR_MAP, COMPRESSION, Directory, FILL_ORDER, Field, File, HEIGHT, ORIENTATION, Order, PHOTOMETRIC, Page,
    ROWS_A_STRIP, SAMPLES, STRIP_OCTETS, STRIPS, T4_OPTIONS, TILE_WIDTH, WIDTH, fax,
};
use crate::decode::{self, Manage, guarded};
use crate::{Form, Pixels, turn};

impl<'a> File<'a> {
    pub(super) fn page(&self, directory: &Directory, budget: &mut Budget) -> Result<Page, Refusal> {
        let compression = self.number(directory, COMPRESSION);
        let photograph = matches!(compression, Some(6 | 7));
        if matches!(compression, Some(2 | 3)) {
            return Ok(Page { pixels: self.fax(directory, budget)?, dpi: self.dpi(directory), photograph });
        }
        let pixels = match self.places(directory)? {
            Some(places) => self.by_places(directory, &places, budget)?,
            None => {
                let mut view = self.view(directory);
                // The decoder knows luma and colour only as three samples.
                let luma = self.number(directory, PHOTOMETRIC) == Some(6);
                if let (true, true, Some(field)) = (photograph, luma, directory.fields.get(&PHOTOMETRIC)) {
                    self.patch(&mut view, *field, 2);
                }
                let mut pixels = self.decode(view, budget)?;
                if photograph && luma {
                    to_rgb(&mut pixels);
                }
                pixels
            }
        };
        Ok(Page { pixels, dpi: self.dpi(directory), photograph })
    }

    fn decode(&self, view: View<'_>, budget: &mut Budget) -> Result<Pixels, Refusal> {
        guarded(|| {
            let decoder = TiffDecoder::new(view).map_err(decode::refusal)?;
            decode::read(decoder, Some(budget), Manage::All)
        })
    }

    /// The file with this directory as its first.
    fn view(&self, directory: &Directory) -> View<'a> {
        let start = match self.order {
            Order::Little => directory.start.to_le_bytes(),
            Order::Big => directory.start.to_be_bytes(),
        };
        View { octets: self.octets, patches: vec![(4, start.to_vec())], at: 0 }
    }

    /// Shows `value` as the first of `field`.
    fn patch(&self, view: &mut View<'_>, field: Field, value: u32) {
        let short = u16::try_from(value).unwrap_or(u16::MAX);
        let octets = match (field.kind, self.order) {
            (3, Order::Little) => short.to_le_bytes().to_vec(),
            (3, Order::Big) => short.to_be_bytes().to_vec(),
            (_, Order::Little) => value.to_le_bytes().to_vec(),
            (_, Order::Big) => value.to_be_bytes().to_vec(),
        };
        view.patches.push((field.at, octets));
        view.patches.sort();
    }

    /// A page of runs (compression 2 and 3), which the decoder does not know.
    fn fax(&self, directory: &Directory, budget: &mut Budget) -> Result<Pixels, Refusal> {
        let number = |tag: u16, default: u32| self.number(directory, tag).unwrap_or(default);
        let (width, height) = (number(WIDTH, 0), number(HEIGHT, 0));
        // T4Options: two dimensions, data that are not compressed.
        let lines = match (number(COMPRESSION, 0), number(T4_OPTIONS, 0) & 3) {
            (2, _) => fax::Lines::Aligned,
            (_, 0) => fax::Lines::OneDimension,
            (_, 1) => fax::Lines::TwoDimensions,
            _ => return Err(Refusal::Unsupported),
        };
        if number(SAMPLES, 1) != 1 || number(BITS, 1) != 1 || directory.fields.contains_key(&TILE_WIDTH) {
            return Err(Refusal::Unsupported);
        }
        if width == 0 || height == 0 || width > 65_535 {
            return Err(Refusal::Malformed);
        }
        budget.picture(width.into(), height.into())?;
        let ink = if number(PHOTOMETRIC, 0) == 1 { 255u8 } else { 0 };
        let decoder = fax::Decoder::new(lines, width);
        let rows_a_strip = number(ROWS_A_STRIP, height).clamp(1, height);
        let mut data: Vec<u8> = Vec::with_capacity(width as usize * height as usize);
        let mut rows = height;
        for (start, length) in self.numbers(directory, STRIPS)?.into_iter().zip(self.numbers(directory, STRIP_OCTETS)?)
        {
            let (start, length) = (start as usize, length as usize);
            let strip = self.octets.get(start..).and_then(|rest| rest.get(..length)).ok_or(Refusal::Malformed)?;
            // FillOrder 2: the first bit is the lowest.
            let turned: Vec<u8> = match number(FILL_ORDER, 1) {
                2 => strip.iter().map(|octet| octet.reverse_bits()).collect(),
                _ => strip.to_vec(),
            };
            let in_strip = rows.min(rows_a_strip);
            decoder.strip(&turned, in_strip, &mut |line| {
                let end = data.len() + width as usize;
                let (mut at, mut black) = (0, false);
                for change in line {
                    let run = change.saturating_sub(at) as usize;
                    data.resize(data.len() + run, if black { ink } else { 255 - ink });
                    (at, black) = (*change, !black);
                }
                data.resize(end, 255 - ink);
            })?;
            rows -= in_strip;
        }
        if rows > 0 {
            return Err(Refusal::Malformed);
        }
        turn::upright(Pixels::new(width, height, Form::Grey8, data)?, self.orientation(directory))
    }

    fn orientation(&self, directory: &Directory) -> Orientation {
        let value = self.number(directory, ORIENTATION).and_then(|value| u8::try_from(value).ok());
        value.and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
    }

    /// All values of a field of whole numbers.
    fn numbers(&self, directory: &Directory, tag: u16) -> Result<Vec<u32>, Refusal> {
        let field = directory.fields.get(&tag).ok_or(Refusal::Malformed)?;
        let size = if field.kind == 3 { 2 } else { 4 };
        let count = usize::try_from(field.count).map_err(|_| Refusal::Malformed)?;
        if !matches!(field.kind, 3 | 4) || count > self.octets.len() / size {
            return Err(Refusal::Malformed);
        }
        let places = (0..count).map(|at| field.at.saturating_add(at * size));
        places.map(|at| if size == 2 { self.short(at).map(u32::from) } else { self.long(at) }).collect()
    }

    /// How samples that are places in a table, or grey of 2 or 4 bits, become
    /// colours; none if the page has others.
    fn places(&self, directory: &Directory) -> Result<Option<Places>, Refusal> {
        let bits = self.number(directory, BITS).unwrap_or(1);
        let photometric = self.number(directory, PHOTOMETRIC).unwrap_or(1);
        let samples = self.number(directory, SAMPLES).unwrap_or(1);
        if samples != 1 || !matches!(bits, 1 | 2 | 4 | 8) {
            return Ok(None);
        }
        let levels = 1usize << bits;
        let grey = |level: usize| u8::try_from(level * 255 / (levels - 1)).unwrap_or(255);
        let colours = match (photometric, bits) {
            (0, 2 | 4) => (0..levels).rev().map(|level| [grey(level); 3]).collect(),
            (1, 2 | 4) => (0..levels).map(|level| [grey(level); 3]).collect(),
            (3, _) => self.colour_map(directory, levels)?,
            _ => return Ok(None),
        };
        Ok(Some(Places { bits, colours }))
    }

    /// TIFF 6.0 section 5: all reds, all greens, all blues, 16 bits each.
    fn colour_map(&self, directory: &Directory, levels: usize) -> Result<Vec<[u8; 3]>, Refusal> {
        let field = directory.fields.get(&COLOUR_MAP).filter(|field| field.kind == 3).ok_or(Refusal::Malformed)?;
        if usize::try_from(field.count).ok() != Some(levels * 3) {
            return Err(Refusal::Malformed);
        }
        let values: Result<Vec<u16>, _> = (0..levels * 3).map(|at| self.short(field.at + at * 2)).collect();
        let values = values?;
        // Some programs write eight bits.
        let shift = if values.iter().all(|value| *value < 256) { 0 } else { 8 };
        let sample = |at: usize| (values[at] >> shift & 255) as u8;
        Ok((0..levels).map(|at| [sample(at), sample(at + levels), sample(at + 2 * levels)]).collect())
    }

    /// Decodes places as grey: of 8 bits as they are, fewer bit by bit, as the
    /// decoder knows no other depths.
    fn by_places(&self, directory: &Directory, places: &Places, budget: &mut Budget) -> Result<Pixels, Refusal> {
        let Places { bits, colours } = places;
        let mut view = self.view(directory);
        let mut set = |tag: u16, value: u32| {
            if let Some(field) = directory.fields.get(&tag) {
                self.patch(&mut view, *field, value);
            }
        };
        set(PHOTOMETRIC, 1);
        if matches!(bits, 2 | 4) {
            set(BITS, 1);
            for tag in [WIDTH, TILE_WIDTH] {
                let width = self.number(directory, tag).unwrap_or(0);
                set(tag, width.checked_mul(*bits).filter(|wide| *wide <= 65_535).ok_or(Refusal::TooLarge)?);
            }
        }
        // Turned only when they are colours again: bits of a place stand side by side.
        let grey = guarded(|| {
            let decoder = TiffDecoder::new(view).map_err(decode::refusal)?;
            decode::read(decoder, Some(budget), Manage::Nothing)
        })?;
        if grey.form() != Form::Grey8 {
            return Err(Refusal::Malformed);
        }
        let group = if matches!(bits, 2 | 4) { *bits as usize } else { 1 };
        let place = |samples: &[u8]| match bits {
            8 => usize::from(samples[0]),
            _ => samples.iter().fold(0, |place, bit| place << 1 | usize::from(bit >> 7)),
        };
        let (width, height) = (grey.width() / u32::try_from(group).unwrap_or(1), grey.height());
        let mut data = Vec::with_capacity(grey.data().len() / group * 3);
        for samples in grey.data().chunks_exact(group) {
            data.extend_from_slice(colours.get(place(samples)).ok_or(Refusal::Malformed)?);
        }
        turn::upright(Pixels::new(width, height, Form::Rgb8, data)?, self.orientation(directory))
    }
}

/// TIFF 6.0 section 21 with the coefficients of section 22 (CCIR 601-1).
fn to_rgb(pixels: &mut Pixels) {
    if pixels.form() != Form::Rgb8 {
        return;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 255")]
    let sample = |value: f32| value.round().clamp(0.0, 255.0) as u8;
    for pixel in pixels.data_mut().as_chunks_mut::<3>().0 {
        let (luma, blue, red) = (f32::from(pixel[0]), f32::from(pixel[1]) - 128.0, f32::from(pixel[2]) - 128.0);
        *pixel = [
            sample(luma + 1.402 * red),
            sample(luma - 0.344_136 * blue - 0.714_136 * red),
            sample(luma + 1.772 * blue),
        ];
    }
}

/// Bits of a place, and the colour of each.
struct Places {
    bits: u32,
    colours: Vec<[u8; 3]>,
}
