//! The only door to the decoders of others: bounds before each, panics caught,
//! the result upright, in sRGB, eight bits a sample.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::{bmp::BmpDecoder, jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{ColorType, ImageDecoder, ImageError, Limits};
use sekisho_disarm::{Budget, Refusal};

use crate::icc::Profile;
use crate::{Form, Pixels, jpeg, turn};

/// Octets of samples that one decoder may make; half of a worker's memory, so
/// that turning has room.
const MAX_SAMPLES: u64 = 256 << 20;

/// Octets of a colour profile; those of printers have some 2 MiB.
const MAX_PROFILE: usize = 4 << 20;

/// Octets of the coefficients of a JPEG of several scans, which are held at once
/// (2 octets a sample), beside the pixels.
const MAX_COEFFICIENTS: u64 = 240 << 20;

/// Scans that an honest progressive JPEG has. Each one more costs as much as a
/// picture.
const HONEST_SCANS: u32 = 12;

/// What to do with what stands beside the pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manage {
    /// Turn upright and bring to sRGB.
    All,
    /// Leave the samples as they are.
    Nothing,
}

/// Runs the code of others on hostile octets.
///
/// A decoder that panics has met something odd: that costs the picture, not the
/// mail. What cannot be caught (memory, the stack) is bounded before.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Refusal::Malformed))
}

pub(crate) fn png(octets: &[u8], budget: &mut Budget) -> Result<Pixels, Refusal> {
    // PNG 11.2.1: the sides stand at 16. The decoder makes its buffers at once.
    let side = |at: usize| octets.get(at..at + 4).and_then(|side| side.try_into().ok()).map(u32::from_be_bytes);
    let (Some(width), Some(height)) = (side(16), side(20)) else { return Err(Refusal::Malformed) };
    budget.picture(width.into(), height.into())?;
    guarded(|| read(PngDecoder::with_limits(Cursor::new(octets), limits()).map_err(refusal)?, None, Manage::All))
}

/// A JPEG that was walked.
pub(crate) fn jpeg(octets: &[u8], walk: &jpeg::Walk, manage: Manage, budget: &mut Budget) -> Result<Pixels, Refusal> {
    let samples = u64::from(walk.width) * u64::from(walk.height) * u64::from(walk.components);
    if walk.scans > 1 && samples * 2 > MAX_COEFFICIENTS {
        return Err(Refusal::TooLarge);
    }
    for _ in HONEST_SCANS.min(walk.scans)..=walk.scans {
        budget.picture(walk.width.into(), walk.height.into())?;
    }
    guarded(|| read(JpegDecoder::new(Cursor::new(octets)).map_err(refusal)?, None, manage))
}

pub(crate) fn bmp(octets: &[u8], budget: &mut Budget) -> Result<Pixels, Refusal> {
    guarded(|| read(BmpDecoder::new(Cursor::new(octets)).map_err(refusal)?, Some(budget), Manage::All))
}

pub(crate) fn webp(octets: &[u8], budget: &mut Budget) -> Result<Pixels, Refusal> {
    guarded(|| read(WebPDecoder::new(Cursor::new(octets)).map_err(refusal)?, Some(budget), Manage::All))
}

/// What `decoder` has, its pixels taken from `budget` unless that is done.
pub(crate) fn read(
    mut decoder: impl ImageDecoder,
    budget: Option<&mut Budget>,
    manage: Manage,
) -> Result<Pixels, Refusal> {
    let (width, height) = decoder.dimensions();
    if let Some(budget) = budget {
        budget.picture(width.into(), height.into())?;
    }
    let total = decoder.total_bytes();
    if total > MAX_SAMPLES {
        return Err(Refusal::TooLarge);
    }
    decoder.set_limits(limits()).map_err(refusal)?;
    // A profile or orientation that cannot be read is no reason to lose the picture.
    let profile = decoder.icc_profile().ok().flatten().filter(|profile| profile.len() <= MAX_PROFILE);
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let colour = decoder.color_type();
    let mut samples = vec![0; usize::try_from(total).map_err(|_| Refusal::TooLarge)?];
    decoder.read_image(&mut samples).map_err(refusal)?;
    let (form, data) = eight_bits(colour, samples)?;
    let mut pixels = Pixels::new(width, height, form, data)?;
    if manage == Manage::All {
        if let Some(profile) = profile.as_deref().and_then(Profile::read) {
            profile.to_srgb(&mut pixels);
        }
        pixels = turn::upright(pixels, orientation)?;
    }
    Ok(pixels)
}

/// What a decoder may allocate.
fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MAX_SAMPLES + (64 << 20));
    limits.max_image_width = Some(65_535);
    limits.max_image_height = Some(65_535);
    limits
}

/// Eight bits of each sample, in the same memory.
fn eight_bits(colour: ColorType, mut samples: Vec<u8>) -> Result<(Form, Vec<u8>), Refusal> {
    let form = match colour {
        ColorType::L8 | ColorType::L16 => Form::Grey8,
        ColorType::La8 | ColorType::La16 => Form::GreyAlpha8,
        ColorType::Rgb8 | ColorType::Rgb16 | ColorType::Rgb32F => Form::Rgb8,
        ColorType::Rgba8 | ColorType::Rgba16 | ColorType::Rgba32F => Form::Rgba8,
        _ => return Err(Refusal::Unsupported),
    };
    #[expect(clippy::cast_possible_truncation, reason = "u16 to u8 by 257; a float is clamped before")]
    #[expect(clippy::cast_sign_loss, reason = "a float is clamped before")]
    match colour.bytes_per_pixel() / colour.channel_count().max(1) {
        1 => {}
        2 => {
            for at in 0..samples.len() / 2 {
                let wide = u16::from_ne_bytes([samples[2 * at], samples[2 * at + 1]]);
                samples[at] = ((u32::from(wide) * 255 + 32_895) >> 16) as u8; // PNG 13.12
            }
            samples.truncate(samples.len() / 2);
        }
        _ => {
            for at in 0..samples.len() / 4 {
                let wide = [0, 1, 2, 3].map(|octet| samples[4 * at + octet]);
                samples[at] = (f32::from_ne_bytes(wide).clamp(0.0, 1.0) * 255.0).round() as u8;
            }
            samples.truncate(samples.len() / 4);
        }
    }
    samples.shrink_to_fit();
    Ok((form, samples))
}

/// Whose fault a decoder's error is.
pub(crate) fn refusal(error: ImageError) -> Refusal {
    match error {
        ImageError::Limits(_) => Refusal::TooLarge,
        ImageError::Unsupported(_) => Refusal::Unsupported,
        ImageError::Decoding(_) | ImageError::Encoding(_) | ImageError::Parameter(_) | ImageError::IoError(_) => {
            Refusal::Malformed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_samples_become_eight_bits() {
        let wide: Vec<u8> = [0u16, 128, 129, 65_535, 32_768, 257].iter().flat_map(|v| v.to_ne_bytes()).collect();
        assert_eq!(eight_bits(ColorType::Rgb16, wide), Ok((Form::Rgb8, vec![0, 0, 1, 255, 128, 1])));
        let float: Vec<u8> = [0.0f32, 0.5, 9.0].iter().flat_map(|v| v.to_ne_bytes()).collect();
        assert_eq!(eight_bits(ColorType::Rgb32F, float), Ok((Form::Rgb8, vec![0, 128, 255])));
    }

    #[test]
    fn a_panic_is_a_refusal() {
        assert_eq!(guarded(|| -> Result<(), Refusal> { panic!("as a decoder may") }), Err(Refusal::Malformed));
    }
}
