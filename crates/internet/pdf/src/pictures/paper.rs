//! The pixels of a page as an image of the file.
//!
//! A page of text or lines has few colours and hard edges: it is written as
//! indexed Flate, exactly if it has at most 16 colours, else with colours that
//! no eye tells from its own. Everything else is a JPEG.

use std::collections::HashMap;

use sekisho_disarm::Refusal;
use sekisho_image::{Form, Pixels, encode_jpeg};

use crate::write::{Dictionary, Objects, Ref, Value};

/// Of a thousand pixels so many may be in a shade on a page that is not
/// written as JPEG. Edges of dense text make one or two; a photograph makes
/// four hundred of a thousand of its own.
const MAX_SHADED: u64 = 4;

/// Steps from pixel to pixel that make a shade; an edge of a letter has fewer.
const SHADE: u32 = 3;

/// A colour as `0x00RRGGBB`.
type Colour = u32;

/// Writes `pixels`, alpha on white, as an image XObject.
pub(super) fn write(objects: &mut Objects, pixels: Pixels, quality: u8) -> Result<Ref, Refusal> {
    let pixels = opaque(pixels)?;
    let place = objects.reserve();
    if let Some(palette) = Palette::of(&pixels) {
        let bits = palette.bits();
        let dictionary = image(&pixels, palette.space(), bits);
        let data = palette.pack(&pixels, bits);
        objects.set_stream(place, dictionary, data);
        return Ok(place);
    }
    let pixels = if is_grey(&pixels) { grey(&pixels)? } else { pixels };
    let space = Value::name(if pixels.form() == Form::Grey8 { "DeviceGray" } else { "DeviceRGB" });
    let dictionary = image(&pixels, space, 8);
    let jpeg = encode_jpeg(&pixels, quality)?;
    objects.set_jpeg(place, dictionary, jpeg);
    Ok(place)
}

fn image(pixels: &Pixels, space: Value, bits: u8) -> Dictionary {
    Dictionary::of_type("XObject")
        .with("Subtype", Value::name("Image"))
        .with("Width", Value::Int(i64::from(pixels.width())))
        .with("Height", Value::Int(i64::from(pixels.height())))
        .with("ColorSpace", space)
        .with("BitsPerComponent", Value::Int(i64::from(bits)))
}

/// Alpha laid on white.
fn opaque(pixels: Pixels) -> Result<Pixels, Refusal> {
    let (width, height, form) = (pixels.width(), pixels.height(), pixels.form());
    let over = |colour: &u8, alpha: &u8| {
        let (colour, alpha) = (u32::from(*colour), u32::from(*alpha));
        ((colour * alpha + 255 * (255 - alpha) + 127) / 255).to_le_bytes()[0]
    };
    match form {
        Form::Grey8 | Form::Rgb8 => Ok(pixels),
        Form::GreyAlpha8 => {
            let data = pixels.data().as_chunks::<2>().0.iter().map(|[grey, alpha]| over(grey, alpha)).collect();
            Pixels::new(width, height, Form::Grey8, data)
        }
        Form::Rgba8 => {
            let lay = |[red, green, blue, alpha]: &[u8; 4]| [over(red, alpha), over(green, alpha), over(blue, alpha)];
            let data = pixels.data().as_chunks::<4>().0.iter().flat_map(lay).collect();
            Pixels::new(width, height, Form::Rgb8, data)
        }
    }
}

fn is_grey(pixels: &Pixels) -> bool {
    pixels.form() == Form::Rgb8
        && pixels.data().as_chunks::<3>().0.iter().all(|[red, green, blue]| red == green && green == blue)
}

fn grey(pixels: &Pixels) -> Result<Pixels, Refusal> {
    let data = pixels.data().as_chunks::<3>().0.iter().map(|[red, ..]| *red).collect();
    Pixels::new(pixels.width(), pixels.height(), Form::Grey8, data)
}

fn colour(pixel: &[u8]) -> Colour {
    match pixel {
        [grey] => u32::from(*grey) * 0x01_0101,
        [red, green, blue, ..] => u32::from_be_bytes([0, *red, *green, *blue]),
        _ => 0,
    }
}

/// The upper four bits of each part of a colour: colours in one box look alike.
fn box_of(colour: Colour) -> usize {
    let [_, red, green, blue] = colour.to_be_bytes().map(|part| usize::from(part >> 4));
    (red << 8) | (green << 4) | blue
}

/// The colours of a page, and which one each box of colours becomes.
enum Palette {
    Exact(HashMap<Colour, u8>, Vec<Colour>),
    Boxes(Vec<u8>, Vec<Colour>),
}

impl Palette {
    /// The palette of a page that may have one.
    fn of(pixels: &Pixels) -> Option<Self> {
        if let Some(exact) = Self::exact(pixels) {
            return Some(exact);
        }
        let (mut shaded, mut colours) = (0_u64, vec![None; 4096]);
        for row in pixels.rows() {
            let (mut left, mut run) = (None, 0);
            for pixel in row.chunks_exact(pixels.form().octets()) {
                let colour = colour(pixel);
                run = if left.is_some_and(|left| is_step(left, colour)) { run + 1 } else { 0 };
                shaded += u64::from(run >= SHADE);
                vote(&mut colours[box_of(colour)], colour);
                left = Some(colour);
            }
        }
        let count = u64::from(pixels.width()) * u64::from(pixels.height());
        if shaded * 1000 > count * MAX_SHADED {
            return None;
        }
        let (mut boxes, mut kept) = (vec![0; 4096], Vec::new());
        for (at, found) in colours.iter().enumerate() {
            if let Some((colour, _)) = found {
                boxes[at] = u8::try_from(kept.len()).ok()?;
                kept.push(*colour);
            }
        }
        Some(Self::Boxes(boxes, kept))
    }

    fn exact(pixels: &Pixels) -> Option<Self> {
        let (mut numbers, mut colours) = (HashMap::new(), Vec::new());
        let mut last = None;
        for pixel in pixels.data().chunks_exact(pixels.form().octets()) {
            let colour = colour(pixel);
            if last == Some(colour) {
                continue;
            }
            last = Some(colour);
            if let std::collections::hash_map::Entry::Vacant(place) = numbers.entry(colour) {
                if colours.len() == 16 {
                    return None;
                }
                place.insert(colours.len().to_le_bytes()[0]);
                colours.push(colour);
            }
        }
        if colours.iter().all(|colour| matches!(colour, 0 | 0xff_ffff)) {
            // Black and white need no table.
            return Some(Self::Exact(HashMap::from([(0, 0), (0xff_ffff, 1)]), vec![0, 0xff_ffff]));
        }
        Some(Self::Exact(numbers, colours))
    }

    fn colours(&self) -> &[Colour] {
        match self {
            Self::Exact(_, colours) | Self::Boxes(_, colours) => colours,
        }
    }

    fn number(&self, colour: Colour) -> u8 {
        match self {
            Self::Exact(numbers, _) => numbers.get(&colour).copied().unwrap_or(0),
            Self::Boxes(boxes, _) => boxes[box_of(colour)],
        }
    }

    fn bits(&self) -> u8 {
        match self.colours().len() {
            ..=2 => 1,
            3..=4 => 2,
            5..=16 => 4,
            _ => 8,
        }
    }

    fn space(&self) -> Value {
        let colours = self.colours();
        if colours == [0, 0xff_ffff] {
            return Value::name("DeviceGray");
        }
        let table = colours.iter().flat_map(|colour| colour.to_be_bytes()[1..].to_vec()).collect();
        let highest = i64::try_from(colours.len().saturating_sub(1)).unwrap_or(0);
        Value::Array(vec![Value::name("Indexed"), Value::name("DeviceRGB"), Value::Int(highest), Value::Text(table)])
    }

    /// Numbers of colours, `bits` each, rows beginning at an octet.
    fn pack(&self, pixels: &Pixels, bits: u8) -> Vec<u8> {
        let each = usize::from(8 / bits);
        let width = pixels.width() as usize;
        let mut out = Vec::with_capacity(width.div_ceil(each) * pixels.height() as usize);
        let mut last = (colour(&[255]), self.number(colour(&[255])));
        for row in pixels.rows() {
            let mut pixels = row.chunks_exact(pixels.form().octets());
            for _ in 0..width.div_ceil(each) {
                let mut octet = 0_u8;
                for at in 0..each {
                    let Some(pixel) = pixels.next() else { break };
                    let colour = colour(pixel);
                    if last.0 != colour {
                        last = (colour, self.number(colour));
                    }
                    octet |= last.1 << (8 - bits * (at.to_le_bytes()[0] + 1));
                }
                out.push(octet);
            }
        }
        out
    }
}

/// Whether `colour` is unlike its neighbour, but not much.
fn is_step(left: Colour, colour: Colour) -> bool {
    let parts = left.to_be_bytes().into_iter().zip(colour.to_be_bytes());
    left != colour && parts.into_iter().all(|(a, b)| a.abs_diff(b) < 24)
}

/// The colour that most pixels of a box have, if more than half do (Boyer and
/// Moore); else one of them.
fn vote(found: &mut Option<(Colour, u64)>, colour: Colour) {
    match found {
        None => *found = Some((colour, 1)),
        Some((kept, count)) if *kept == colour => *count += 1,
        Some((_, count)) if *count > 0 => *count -= 1,
        Some(other) => *other = (colour, 1),
    }
}
