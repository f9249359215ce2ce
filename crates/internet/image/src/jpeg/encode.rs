//! The baseline writer: `SOI`, `APP0`, `DQT`, `SOF0`, `DHT`, `SOS`, `EOI`.

use sekisho_disarm::Refusal;
use sekisho_safe_message::MAX_ATTACHED;

use super::dct::{self, ZIGZAG};
use super::huffman::{Code, Counts};
use crate::{Form, Pixels};

/// How a JPEG is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoding {
    /// 1 to 100.
    pub(crate) quality: u8,
    /// Pixels that share a sample of colour: across and down, each 1 or 2.
    pub(crate) shared: (u8, u8),
}

impl Encoding {
    /// What `quality` has without a model: from 95 nobody wants shared colour.
    pub(crate) fn of(quality: u8) -> Self {
        Self { quality, shared: if quality < 95 { (2, 2) } else { (1, 1) } }
    }
}

/// The pixels as a JPEG of `quality` 1 to 100; alpha is laid on white.
///
/// # Errors
/// [`Refusal::TooLarge`] if the file would be too large to cross.
pub fn encode_jpeg(pixels: &Pixels, quality: u8) -> Result<Vec<u8>, Refusal> {
    encode(pixels, Encoding::of(quality), MAX_ATTACHED)
}

/// The same, as `encoding` says and at most `most` octets.
pub(crate) fn encode(pixels: &Pixels, encoding: Encoding, most: usize) -> Result<Vec<u8>, Refusal> {
    let plan = Plan::new(pixels, encoding);
    // The codes are made for the picture: it is transformed twice, which costs
    // time but no memory.
    let mut counting = Counting { counts: std::array::from_fn(|_| Counts::new()), bits: 0 };
    plan.scan(pixels, &mut counting)?;
    let codes: Vec<Code> = counting.counts[..plan.classes() * 2].iter().map(Code::of).collect();
    let bits: u64 = codes.iter().zip(&counting.counts).map(|(code, counts)| code.bits(counts)).sum();
    if (bits + counting.bits) / 8 + 1024 > most.min(MAX_ATTACHED) as u64 {
        return Err(Refusal::TooLarge);
    }
    let mut out = plan.head(pixels, &codes)?;
    let mut writing = Writing { codes, out: &mut out, held: 0, filled: 0, most: MAX_ATTACHED - 64 };
    plan.scan(pixels, &mut writing)?;
    writing.finish();
    out.extend_from_slice(&[0xFF, 0xD9]);
    Ok(out)
}

/// What takes the symbols of a scan. Tables: 0 and 1 luma (DC, AC), 2 and 3 colour.
trait Sink {
    fn symbol(&mut self, table: usize, symbol: u8, bits: u16, count: u8);
    fn fits(&self) -> bool;
}

struct Counting {
    counts: [Counts; 4],
    bits: u64,
}

impl Sink for Counting {
    fn symbol(&mut self, table: usize, symbol: u8, _: u16, count: u8) {
        self.counts[table].add(symbol);
        self.bits += u64::from(count);
    }

    fn fits(&self) -> bool {
        true
    }
}

struct Writing<'a> {
    codes: Vec<Code>,
    out: &'a mut Vec<u8>,
    held: u64,
    filled: u8,
    most: usize,
}

impl Writing<'_> {
    fn put(&mut self, bits: u16, count: u8) {
        self.held = self.held << count | u64::from(bits);
        self.filled += count;
        while self.filled >= 8 {
            self.filled -= 8;
            #[expect(clippy::cast_possible_truncation, reason = "the octet in question")]
            let octet = (self.held >> self.filled) as u8;
            self.out.push(octet);
            if octet == 0xFF {
                self.out.push(0); // T.81 B.1.1.5
            }
        }
    }

    /// T.81 F.1.2.3: the last octet is filled with ones.
    fn finish(&mut self) {
        if self.filled > 0 {
            let missing = 8 - self.filled;
            self.put((1 << missing) - 1, missing);
        }
    }
}

impl Sink for Writing<'_> {
    fn symbol(&mut self, table: usize, symbol: u8, bits: u16, count: u8) {
        let (code, size) = self.codes[table].code(symbol);
        self.put(code, size);
        self.put(bits, count);
    }

    fn fits(&self) -> bool {
        self.out.len() <= self.most
    }
}

/// Sides, tables and samplings of one picture.
struct Plan {
    colour: bool,
    across: usize,
    down: usize,
    tables: [[u8; 64]; 2],
}

impl Plan {
    fn new(pixels: &Pixels, encoding: Encoding) -> Self {
        let colour = match pixels.form() {
            Form::Grey8 | Form::GreyAlpha8 => false,
            Form::Rgb8 | Form::Rgba8 => true,
        };
        let (across, down) = if colour { encoding.shared } else { (1, 1) };
        let tables = [dct::table(&dct::LUMA, encoding.quality), dct::table(&dct::CHROMA, encoding.quality)];
        Self { colour, across: usize::from(across), down: usize::from(down), tables }
    }

    /// Kinds of component: luma, and colour if there is.
    fn classes(&self) -> usize {
        1 + usize::from(self.colour)
    }

    fn head(&self, pixels: &Pixels, codes: &[Code]) -> Result<Vec<u8>, Refusal> {
        let side = |side: u32| u16::try_from(side).map(u16::to_be_bytes).map_err(|_| Refusal::TooLarge);
        let mut out = vec![0xFF, 0xD8];
        segment(&mut out, 0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
        for (number, table) in (0..).zip(&self.tables[..self.classes()]) {
            let mut data = vec![number];
            data.extend(ZIGZAG.iter().map(|place| table[*place]));
            segment(&mut out, 0xDB, &data);
        }
        let mut frame = vec![8];
        frame.extend_from_slice(&side(pixels.height())?);
        frame.extend_from_slice(&side(pixels.width())?);
        let sampling = if self.across == 2 { 0x20 } else { 0x10 } | if self.down == 2 { 2 } else { 1 };
        frame.extend_from_slice(if self.colour { &[3] } else { &[1] });
        frame.extend_from_slice(&[1, sampling, 0]);
        if self.colour {
            frame.extend_from_slice(&[2, 0x11, 1, 3, 0x11, 1]);
        }
        segment(&mut out, 0xC0, &frame);
        // Class (DC, AC) and number of each table.
        for (name, code) in [0x00, 0x10, 0x01, 0x11].into_iter().zip(codes) {
            let mut data = vec![name];
            data.extend_from_slice(&code.lengths);
            data.extend_from_slice(&code.symbols);
            segment(&mut out, 0xC4, &data);
        }
        let scan: &[u8] = if self.colour { &[3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0] } else { &[1, 1, 0, 0, 63, 0] };
        segment(&mut out, 0xDA, scan);
        Ok(out)
    }

    /// Transforms the picture and gives each block's symbols to `sink`.
    fn scan(&self, pixels: &Pixels, sink: &mut impl Sink) -> Result<(), Refusal> {
        let multipliers = [dct::multipliers(&self.tables[0]), dct::multipliers(&self.tables[1])];
        let (unit_width, unit_height) = (8 * self.across, 8 * self.down);
        let units = (pixels.width() as usize).div_ceil(unit_width);
        let mut planes = Planes::new(units * unit_width, unit_height);
        let mut last = [0i16; 3];
        let height = pixels.height() as usize;
        for top in (0..height).step_by(unit_height) {
            planes.fill(pixels, top, self.colour);
            if self.colour {
                planes.share(self.across, self.down);
            }
            for unit in 0..units {
                for y in 0..self.down {
                    for x in 0..self.across {
                        let mut block = planes.block(0, (unit * self.across + x) * 8, y * 8);
                        emit(&dct::forward(&mut block, &multipliers[0]), 0, &mut last[0], sink);
                    }
                }
                let colours = if self.colour { 2 } else { 0 };
                for (plane, last) in (1..).zip(&mut last[1..]).take(colours) {
                    let mut block = planes.block(plane, unit * 8, 0);
                    emit(&dct::forward(&mut block, &multipliers[1]), 2, last, sink);
                }
            }
            if !sink.fits() {
                return Err(Refusal::TooLarge);
            }
        }
        Ok(())
    }
}

/// Rows of one row of units, as luma and colour; the last column and row are
/// repeated where the picture ends.
struct Planes {
    width: usize,
    height: usize,
    planes: [Vec<u8>; 3],
}

impl Planes {
    fn new(width: usize, height: usize) -> Self {
        Self { width, height, planes: std::array::from_fn(|_| vec![0; width * height]) }
    }

    fn fill(&mut self, pixels: &Pixels, top: usize, colour: bool) {
        let form = pixels.form();
        let stride = pixels.width() as usize * form.octets();
        let last = pixels.height() as usize - 1;
        for y in 0..self.height {
            let from = (top + y).min(last) * stride;
            let row = &pixels.data()[from..from + stride];
            let start = y * self.width;
            let count = pixels.width() as usize;
            for (x, pixel) in row.chunks_exact(form.octets()).enumerate() {
                let [luma, blue, red] = components(pixel, form);
                self.planes[0][start + x] = luma;
                if colour {
                    self.planes[1][start + x] = blue;
                    self.planes[2][start + x] = red;
                }
            }
            for plane in &mut self.planes {
                let edge = plane[start + count - 1];
                plane[start + count..start + self.width].fill(edge);
            }
        }
    }

    /// Makes one sample of colour of `across` times `down`, in place.
    fn share(&mut self, across: usize, down: usize) {
        if across * down == 1 {
            return;
        }
        let width = self.width;
        for plane in &mut self.planes[1..] {
            for y in 0..self.height / down {
                for x in 0..width / across {
                    let mut sum = across * down / 2;
                    for dy in 0..down {
                        for dx in 0..across {
                            sum += usize::from(plane[(y * down + dy) * width + x * across + dx]);
                        }
                    }
                    plane[y * width + x] = u8::try_from(sum / (across * down)).unwrap_or(255);
                }
            }
        }
    }

    fn block(&self, plane: usize, left: usize, top: usize) -> [f32; 64] {
        let mut block = [0.0; 64];
        for (y, out) in block.as_chunks_mut::<8>().0.iter_mut().enumerate() {
            let from = (top + y) * self.width + left;
            for (out, sample) in out.iter_mut().zip(&self.planes[plane][from..from + 8]) {
                *out = f32::from(*sample) - 128.0;
            }
        }
        block
    }
}

/// Luma, blue and red (JFIF 1.02, conversion to YCbCr), alpha laid on white.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "weights sum up to one: 0 to 255")]
fn components(pixel: &[u8], form: Form) -> [u8; 3] {
    let on_white = |sample: u8, alpha: u8| {
        ((u32::from(sample) * u32::from(alpha) + 255 * (255 - u32::from(alpha)) + 127) / 255) as u8
    };
    let [red, green, blue] = match form {
        Form::Grey8 => return [pixel[0], 128, 128],
        Form::GreyAlpha8 => return [on_white(pixel[0], pixel[1]), 128, 128],
        Form::Rgb8 => [pixel[0], pixel[1], pixel[2]],
        Form::Rgba8 => [0, 1, 2].map(|at: usize| on_white(pixel[at], pixel[3])),
    };
    let (red, green, blue) = (i32::from(red), i32::from(green), i32::from(blue));
    [
        ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16) as u8,
        ((-11059 * red - 21709 * green + 32768 * blue + (128 << 16) + 32767) >> 16) as u8,
        ((32768 * red - 27439 * green - 5329 * blue + (128 << 16) + 32767) >> 16) as u8,
    ]
}

/// T.81 F.1.2: the difference of the first coefficient, then runs of zeros and
/// what follows each.
fn emit(block: &[i16; 64], table: usize, last: &mut i16, sink: &mut impl Sink) {
    let (size, bits) = magnitude(block[0] - *last);
    *last = block[0];
    sink.symbol(table, size, bits, size);
    let mut zeros = 0u8;
    for value in &block[1..] {
        if *value == 0 {
            zeros += 1;
            continue;
        }
        while zeros > 15 {
            sink.symbol(table + 1, 0xF0, 0, 0);
            zeros -= 16;
        }
        let (size, bits) = magnitude(*value);
        sink.symbol(table + 1, zeros << 4 | size, bits, size);
        zeros = 0;
    }
    if zeros > 0 {
        sink.symbol(table + 1, 0, 0, 0);
    }
}

/// T.81 F.1.2.1: the bits that `value` takes, and them.
fn magnitude(value: i16) -> (u8, u16) {
    let size = 16 - value.unsigned_abs().leading_zeros();
    let bits = if value < 0 { value - 1 } else { value }.cast_unsigned() & u16::MAX.checked_shr(16 - size).unwrap_or(0);
    (u8::try_from(size).unwrap_or(16), bits)
}

fn segment(out: &mut Vec<u8>, marker: u8, data: &[u8]) {
    out.extend_from_slice(&[0xFF, marker]);
    // None is longer than a table of 256 symbols.
    out.extend_from_slice(&u16::try_from(data.len() + 2).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn painted(width: u32, height: u32, form: Form) -> Pixels {
        let sample = |x: u32, y: u32, c: u32| u8::try_from((x * (3 + c) + y * 2) % 256).unwrap();
        let channels = u32::try_from(form.octets()).unwrap();
        let pixel = |x, y| {
            (0..channels)
                .map(move |c| if form.has_alpha() && c + 1 == channels { 255 } else { sample(x, y, c) / 3 + 60 })
        };
        let data = (0..height).flat_map(|y| (0..width).flat_map(move |x| pixel(x, y))).collect();
        Pixels::new(width, height, form, data).unwrap()
    }

    #[test]
    fn what_is_written_reads_back_nearly_alike() {
        for form in [Form::Grey8, Form::GreyAlpha8, Form::Rgb8, Form::Rgba8] {
            for shared in [(1, 1), (2, 1), (1, 2), (2, 2)] {
                for (width, height) in [(1, 1), (8, 8), (17, 33), (100, 50)] {
                    let pixels = painted(width, height, form);
                    let file = encode(&pixels, Encoding { quality: 95, shared }, MAX_ATTACHED).unwrap();
                    let read = image::load_from_memory_with_format(&file, image::ImageFormat::Jpeg).unwrap().to_rgb8();
                    assert_eq!(read.dimensions(), (width, height));
                    let step = form.octets();
                    let luma = |at: usize| pixels.data()[at * step].abs_diff(read.as_raw()[at * 3]);
                    let mean: f64 = (0..(width * height) as usize).map(|at| f64::from(luma(at))).sum::<f64>()
                        / f64::from(width * height);
                    assert!(mean < 6.0, "{form:?} {shared:?} {width}x{height}: {mean}");
                }
            }
        }
    }

    #[test]
    fn too_large_is_refused() {
        let pixels = painted(200, 200, Form::Rgb8);
        assert_eq!(encode(&pixels, Encoding::of(90), 1500), Err(Refusal::TooLarge));
    }

    #[test]
    fn magnitudes_are_those_of_the_table() {
        let cases =
            [(0, (0, 0)), (1, (1, 1)), (-1, (1, 0)), (2, (2, 2)), (-3, (2, 0)), (255, (8, 255)), (-255, (8, 0))];
        for (value, expected) in cases {
            assert_eq!(magnitude(value), expected);
        }
    }
}
