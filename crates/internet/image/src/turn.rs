//! Turning a picture upright (EXIF 2.3, 4.6.4, Orientation).

use image::metadata::Orientation;
use sekisho_disarm::Refusal;

use crate::Pixels;

/// The pixels as they are to be seen.
pub(crate) fn upright(pixels: Pixels, orientation: Orientation) -> Result<Pixels, Refusal> {
    match orientation {
        Orientation::NoTransforms => Ok(pixels),
        Orientation::Rotate180 => reverse(pixels, true, true),
        Orientation::FlipHorizontal => reverse(pixels, true, false),
        Orientation::FlipVertical => reverse(pixels, false, true),
        Orientation::Rotate90 => transpose(pixels, true, false),
        Orientation::Rotate270 => transpose(pixels, false, true),
        Orientation::Rotate90FlipH => transpose(pixels, false, false),
        Orientation::Rotate270FlipH => transpose(pixels, true, true),
    }
}

/// Mirrors rows, columns or both, in the same memory.
fn reverse(pixels: Pixels, across: bool, down: bool) -> Result<Pixels, Refusal> {
    let (width, height, form) = (pixels.width(), pixels.height(), pixels.form());
    let (step, stride) = (form.octets(), width as usize * form.octets());
    let mut data = pixels.into_data();
    if across {
        for row in data.chunks_exact_mut(stride) {
            for x in 0..width as usize / 2 {
                let (head, tail) = row.split_at_mut(stride - (x + 1) * step);
                head[x * step..(x + 1) * step].swap_with_slice(&mut tail[..step]);
            }
        }
    }
    if down {
        for y in 0..height as usize / 2 {
            let (head, tail) = data.split_at_mut((height as usize - 1 - y) * stride);
            head[y * stride..(y + 1) * stride].swap_with_slice(&mut tail[..stride]);
        }
    }
    Pixels::new(width, height, form, data)
}

/// Columns become rows; `across` then mirrors what were the rows, `down` what
/// were the columns.
fn transpose(pixels: Pixels, across: bool, down: bool) -> Result<Pixels, Refusal> {
    let (width, height, form) = (pixels.width() as usize, pixels.height() as usize, pixels.form());
    let step = form.octets();
    let from = pixels.data();
    let mut data = Vec::with_capacity(from.len());
    for x in 0..width {
        let x = if down { width - 1 - x } else { x };
        for y in 0..height {
            let y = if across { height - 1 - y } else { y };
            let at = (y * width + x) * step;
            data.extend_from_slice(&from[at..at + step]);
        }
    }
    Pixels::new(pixels.height(), pixels.width(), form, data)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::Form;

    #[test]
    fn all_eight_are_as_the_image_crate_has_them() {
        let data: Vec<u8> = (0..18).collect();
        for exif in 1..=8 {
            let orientation = Orientation::from_exif(exif).unwrap();
            let pixels = Pixels::new(3, 2, Form::Rgb8, data.clone()).unwrap();
            let turned = upright(pixels, orientation).unwrap();
            let mut theirs = image::DynamicImage::ImageRgb8(image::RgbImage::from_raw(3, 2, data.clone()).unwrap());
            theirs.apply_orientation(orientation);
            assert_eq!((turned.width(), turned.height()), (theirs.width(), theirs.height()), "{exif}");
            assert_eq!(turned.data(), theirs.as_bytes(), "{exif}");
        }
    }
}
