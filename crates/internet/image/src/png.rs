//! The PNG writer: the same pixels in the smallest of the colour types that
//! `docs/output-formats.md` allows. It writes `IHDR`, `PLTE`, `tRNS`, one
//! `IDAT` and `IEND`, never another chunk.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use sekisho_disarm::Refusal;
use sekisho_safe_message::MAX_ATTACHED;

use crate::{Form, Pixels};

/// Pixels from which time counts more than the last hundredth of size.
const LARGE: u64 = 4_000_000;

const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// The pixels as a PNG, exactly, in the smallest of the colour types.
///
/// # Errors
/// [`Refusal::TooLarge`] if the file would be too large to cross.
pub fn encode_png(pixels: &Pixels) -> Result<Vec<u8>, Refusal> {
    let layout = Layout::of(pixels);
    let mut out = SIGNATURE.to_vec();
    let mut header = Vec::with_capacity(13);
    header.extend_from_slice(&pixels.width().to_be_bytes());
    header.extend_from_slice(&pixels.height().to_be_bytes());
    header.extend_from_slice(&[layout.depth(), layout.colour_type(), 0, 0, 0]);
    chunk(&mut out, *b"IHDR", &header);
    if let Layout::Palette { colours, .. } = &layout {
        let rgb: Vec<u8> = colours.iter().flat_map(|colour| [colour[0], colour[1], colour[2]]).collect();
        chunk(&mut out, *b"PLTE", &rgb);
        // Colours with alpha come first, so that `tRNS` is no longer than need be.
        let alpha: Vec<u8> = colours.iter().map(|colour| colour[3]).take_while(|alpha| *alpha < 255).collect();
        if !alpha.is_empty() {
            chunk(&mut out, *b"tRNS", &alpha);
        }
    }
    let mut out = image_data(out, pixels, &layout)?;
    chunk(&mut out, *b"IEND", &[]);
    Ok(out)
}

/// Whether there are so few colours that the picture has a palette: noise in
/// the lowest bit would make it a photograph.
pub(crate) fn has_few_colours(pixels: &Pixels) -> bool {
    let form = pixels.form();
    let (mut seen, mut last) = (BTreeSet::new(), None);
    for pixel in pixels.data().chunks_exact(form.octets()) {
        if last != Some(pixel) {
            last = Some(pixel);
            seen.insert(pixel);
            if seen.len() > MAX_COLOURS {
                return false;
            }
        }
    }
    true
}

/// Colours of a palette.
const MAX_COLOURS: usize = 256;

/// How the pixels are laid out.
enum Layout {
    /// One bit of grey.
    Bilevel,
    /// Eight bits of grey.
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    /// `depth` bits that say which of the colours.
    Palette {
        depth: u8,
        colours: Vec<[u8; 4]>,
        places: BTreeMap<[u8; 4], u8>,
    },
}

impl Layout {
    fn of(pixels: &Pixels) -> Self {
        let colours = Colours::of(pixels);
        let count = colours.seen.len();
        let depth = match count {
            0..=2 => 1,
            3..=4 => 2,
            5..=16 => 4,
            _ => 8,
        };
        let (plain, channels) = match (colours.grey, colours.opaque) {
            (true, true) if colours.bilevel => (Self::Bilevel, 0),
            (true, true) => (Self::Grey, 1),
            (true, false) => (Self::GreyAlpha, 2),
            (false, true) => (Self::Rgb, 3),
            (false, false) => (Self::Rgba, 4),
        };
        let area = u64::from(pixels.width()) * u64::from(pixels.height());
        // 4 octets of `PLTE` and `tRNS` a colour, and two chunks around them.
        let with_palette = area * depth / 8 + 4 * count as u64 + 24;
        if colours.many || with_palette >= area * channels {
            return plain;
        }
        let mut colours: Vec<[u8; 4]> = colours.seen.into_iter().collect();
        colours.sort_by_key(|colour| (colour[3] == 255, *colour));
        let places = colours.iter().copied().zip(0..=255).collect();
        #[expect(clippy::cast_possible_truncation, reason = "1, 2, 4 or 8")]
        Self::Palette { depth: depth as u8, colours, places }
    }

    fn depth(&self) -> u8 {
        match self {
            Self::Bilevel => 1,
            Self::Palette { depth, .. } => *depth,
            Self::Grey | Self::GreyAlpha | Self::Rgb | Self::Rgba => 8,
        }
    }

    /// PNG 11.2.1.
    fn colour_type(&self) -> u8 {
        match self {
            Self::Bilevel | Self::Grey => 0,
            Self::Rgb => 2,
            Self::Palette { .. } => 3,
            Self::GreyAlpha => 4,
            Self::Rgba => 6,
        }
    }

    /// Octets from a pixel to the same channel of the next, for filters.
    fn step(&self) -> usize {
        match self {
            Self::Bilevel | Self::Grey | Self::Palette { .. } => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }

    /// The row as it stands in the file, into `out`.
    fn pack(&self, row: &[u8], form: Form, out: &mut Vec<u8>) {
        out.clear();
        let rgba = row.chunks_exact(form.octets()).map(|pixel| rgba(pixel, form));
        match self {
            Self::Bilevel => bits(rgba.map(|p| p[0] >> 7), 1, out),
            Self::Grey => out.extend(rgba.map(|p| p[0])),
            Self::GreyAlpha => out.extend(rgba.flat_map(|p| [p[0], p[3]])),
            Self::Rgb => out.extend(rgba.flat_map(|p| [p[0], p[1], p[2]])),
            Self::Rgba => out.extend(rgba.flatten()),
            Self::Palette { depth, places, .. } => {
                let mut last = ([0; 4], places.get(&[0; 4]).copied().unwrap_or(0));
                let places = rgba.map(|p| {
                    if p != last.0 {
                        last = (p, places.get(&p).copied().unwrap_or(0));
                    }
                    last.1
                });
                bits(places, *depth, out);
            }
        }
    }
}

/// What colours there are.
struct Colours {
    grey: bool,
    opaque: bool,
    /// Black and white only.
    bilevel: bool,
    /// More than a palette holds.
    many: bool,
    seen: BTreeSet<[u8; 4]>,
}

impl Colours {
    fn of(pixels: &Pixels) -> Self {
        let mut colours = Self { grey: true, opaque: true, bilevel: true, many: false, seen: BTreeSet::new() };
        let form = pixels.form();
        let mut last = None;
        for pixel in pixels.data().chunks_exact(form.octets()) {
            let pixel = rgba(pixel, form);
            if last == Some(pixel) {
                continue;
            }
            last = Some(pixel);
            let [red, green, blue, alpha] = pixel;
            colours.grey &= red == green && green == blue;
            colours.opaque &= alpha == 255;
            colours.bilevel &= red == 0 || red == 255;
            if !colours.many {
                colours.seen.insert(pixel);
                colours.many = colours.seen.len() > MAX_COLOURS;
            } else if !colours.grey && !colours.opaque {
                break; // Nothing further can change the layout.
            }
        }
        colours
    }
}

fn rgba(pixel: &[u8], form: Form) -> [u8; 4] {
    match (form, pixel) {
        (Form::Rgb8, &[red, green, blue, ..]) => [red, green, blue, 255],
        (Form::Rgba8, &[red, green, blue, alpha, ..]) => [red, green, blue, alpha],
        (Form::GreyAlpha8, &[grey, alpha, ..]) => [grey, grey, grey, alpha],
        (Form::Grey8, &[grey, ..]) => [grey, grey, grey, 255],
        // `chunks_exact` gives as many octets as the form has.
        (Form::Grey8 | Form::GreyAlpha8 | Form::Rgb8 | Form::Rgba8, _) => [0; 4],
    }
}

/// Values of `depth` bits, the first in the highest bits (PNG 7.2).
fn bits(values: impl Iterator<Item = u8>, depth: u8, out: &mut Vec<u8>) {
    let (mut octet, mut filled) = (0u8, 0);
    for value in values {
        octet |= value << (8 - depth - filled);
        filled += depth;
        if filled == 8 {
            out.push(octet);
            (octet, filled) = (0, 0);
        }
    }
    if filled > 0 {
        out.push(octet);
    }
}

/// The one `IDAT`, compressed into `out` itself so that it stands in memory once.
fn image_data(mut out: Vec<u8>, pixels: &Pixels, layout: &Layout) -> Result<Vec<u8>, Refusal> {
    let start = out.len();
    out.extend_from_slice(b"\0\0\0\0IDAT");
    let large = u64::from(pixels.width()) * u64::from(pixels.height()) > LARGE;
    let mut deflate = ZlibEncoder::new(out, Compression::new(if large { 4 } else { 6 }));
    let mut filter = Filter::new(layout);
    let mut packed = Vec::new();
    for row in pixels.rows() {
        layout.pack(row, pixels.form(), &mut packed);
        // A Vec takes every octet.
        deflate.write_all(filter.apply(&packed)).map_err(|_| Refusal::TooLarge)?;
        if deflate.get_ref().len() > MAX_ATTACHED - 64 {
            return Err(Refusal::TooLarge);
        }
    }
    let mut out = deflate.finish().map_err(|_| Refusal::TooLarge)?;
    let length = u32::try_from(out.len() - start - 8).map_err(|_| Refusal::TooLarge)?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    let mut crc = Crc::new();
    crc.update(&out[start + 4..]);
    out.extend_from_slice(&crc.sum().to_be_bytes());
    Ok(out)
}

/// Chooses a filter for each row by the least sum of absolute differences
/// (PNG 12.7); none for what has bits or places of a palette.
struct Filter {
    step: usize,
    adaptive: bool,
    before: Vec<u8>,
    rows: [Vec<u8>; 5],
}

impl Filter {
    fn new(layout: &Layout) -> Self {
        let adaptive = match layout {
            Layout::Bilevel | Layout::Palette { .. } => false,
            Layout::Grey | Layout::GreyAlpha | Layout::Rgb | Layout::Rgba => true,
        };
        Self { step: layout.step(), adaptive, before: Vec::new(), rows: Default::default() }
    }

    /// The row with its filter type in front.
    fn apply(&mut self, row: &[u8]) -> &[u8] {
        self.before.resize(row.len(), 0);
        let types = if self.adaptive { 5 } else { 1 };
        let mut best = (u64::MAX, 0);
        for kind in 0..types {
            filter_row(kind, row, &self.before, self.step, &mut self.rows[kind]);
            let cost = self.rows[kind][1..].iter().map(|octet| u64::from(octet.cast_signed().unsigned_abs())).sum();
            if cost < best.0 {
                best = (cost, kind);
            }
        }
        self.before.copy_from_slice(row);
        &self.rows[best.1]
    }
}

fn filter_row(kind: usize, row: &[u8], above: &[u8], step: usize, out: &mut Vec<u8>) {
    out.clear();
    out.push([0, 1, 2, 3, 4][kind]);
    let first = step.min(row.len());
    let (head, tail) = row.split_at(first);
    let (above_head, above_tail) = above.split_at(first);
    let left = &row[..row.len() - first];
    let above_left = &above[..above.len() - first];
    let rest = tail.iter().zip(left).zip(above_tail).zip(above_left).map(|(((x, a), b), c)| (*x, *a, *b, *c));
    match kind {
        1 => {
            out.extend_from_slice(head);
            out.extend(rest.map(|(x, a, _, _)| x.wrapping_sub(a)));
        }
        2 => out.extend(row.iter().zip(above).map(|(x, b)| x.wrapping_sub(*b))),
        3 => {
            out.extend(head.iter().zip(above_head).map(|(x, b)| x.wrapping_sub(b / 2)));
            out.extend(rest.map(|(x, a, b, _)| x.wrapping_sub(a.midpoint(b))));
        }
        4 => {
            out.extend(head.iter().zip(above_head).map(|(x, b)| x.wrapping_sub(*b)));
            out.extend(rest.map(|(x, a, b, c)| x.wrapping_sub(paeth(a, b, c))));
        }
        _ => out.extend_from_slice(row),
    }
}

/// PNG 9.4.
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let (a, b, c) = (i16::from(left), i16::from(above), i16::from(corner));
    let (to_left, to_above, to_corner) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    if to_left <= to_above && to_left <= to_corner {
        left
    } else if to_above <= to_corner {
        above
    } else {
        corner
    }
}

fn chunk(out: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    #[expect(clippy::cast_possible_truncation, reason = "a header or at most 256 colours")]
    out.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let start = out.len();
    out.extend_from_slice(&name);
    out.extend_from_slice(data);
    let mut crc = Crc::new();
    crc.update(&out[start..]);
    out.extend_from_slice(&crc.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn read(file: &[u8]) -> Vec<u8> {
        image::load_from_memory_with_format(file, image::ImageFormat::Png).unwrap().to_rgba8().into_raw()
    }

    fn as_rgba(pixels: &Pixels) -> Vec<u8> {
        pixels.data().chunks_exact(pixels.form().octets()).flat_map(|p| rgba(p, pixels.form())).collect()
    }

    #[test]
    fn every_layout_reads_back_alike() {
        let grey = |x: u32, y: u32, by: u32| u8::try_from((x * by + y * 7) % 256).unwrap();
        type Paint = fn(&dyn Fn(u32, u32, u32) -> u8, u32, u32) -> Vec<u8>;
        let cases: [(u8, u8, Form, Paint); 9] = [
            (0, 1, Form::Grey8, |_, x, y| vec![if (x + y) % 2 == 0 { 0 } else { 255 }]),
            (0, 8, Form::Grey8, |g, x, y| vec![g(x, y, 5)]),
            (3, 2, Form::Grey8, |_, x, _| vec![[10, 20, 30][x as usize % 3]]),
            (4, 8, Form::GreyAlpha8, |g, x, y| vec![g(x, y, 5), g(y, x, 3)]),
            (2, 8, Form::Rgb8, |g, x, y| vec![g(x, y, 5), g(x, y, 3), g(y, x, 11)]),
            (0, 8, Form::Rgb8, |g, x, y| vec![g(x, y, 5); 3]),
            (6, 8, Form::Rgba8, |g, x, y| vec![g(x, y, 5), g(x, y, 3), g(y, x, 11), g(x, y, 2)]),
            (3, 1, Form::Rgba8, |_, x, _| if x % 3 == 0 { vec![200, 0, 0, 255] } else { vec![0; 4] }),
            (3, 4, Form::Rgb8, |_, x, _| vec![[1, 2, 3, 4, 5][x as usize % 5], 9, 9]),
        ];
        for (colour_type, depth, form, paint) in cases {
            let data = (0..37).flat_map(|y| (0..61).flat_map(move |x| paint(&grey, x, y))).collect();
            let pixels = Pixels::new(61, 37, form, data).unwrap();
            let file = encode_png(&pixels).unwrap();
            assert_eq!((file[25], file[24]), (colour_type, depth), "{form:?}");
            assert_eq!(read(&file), as_rgba(&pixels), "{colour_type} {depth}");
        }
    }

    #[test]
    fn there_are_no_other_chunks() {
        let pixels = Pixels::new(2, 1, Form::Rgba8, vec![1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
        let file = encode_png(&pixels).unwrap();
        let (mut at, mut names) = (8, Vec::new());
        while at < file.len() {
            let length = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
            names.push(String::from_utf8(file[at + 4..at + 8].to_vec()).unwrap());
            at += length + 12;
        }
        assert_eq!(names, ["IHDR", "IDAT", "IEND"]);
    }
}
