//! The doors: a picture of any kind to pixels, and to the file that crosses.

use std::collections::BTreeSet;

use sekisho_disarm::{Budget, Decoded, Disarmed, Options, Refusal};
use sekisho_policy::Kind;
use sekisho_safe_message::{Content, MAX_ATTACHED, Removal, Untrusted, Written};

use crate::decode::{self, Manage};
use crate::jpeg::{self, Encoding, Walk};
use crate::{Fonts, Picture, Pixels, encode_png, gif, noise, png, svg, tiff, walk};

/// A picture whose kind keeps each pixel becomes JPEG only if its PNG is larger
/// than this and a quarter larger than it came.
const LARGE_PNG: usize = 16 << 20;

/// Lowest quality that a picture is written with to stay as small as it came.
const MIN_QUALITY: u8 = 80;

/// The picture of `kind` made anew: drawings and what keeps each pixel as PNG,
/// photographs as JPEG, GIF as GIF.
///
/// # Errors
/// [`Refusal`] if it is damaged, passes a bound, has several pages or is no
/// picture that is known here.
pub fn rebuild(kind: Kind, octets: Untrusted<'_>, options: &Options, budget: &mut Budget) -> Result<Disarmed, Refusal> {
    rebuild_with_fonts(kind, octets, options, &Fonts::none(), budget)
}

/// The same, drawings having `fonts` for their text.
///
/// # Errors
/// As [`rebuild`].
pub fn rebuild_with_fonts(
    kind: Kind,
    octets: Untrusted<'_>,
    options: &Options,
    fonts: &Fonts,
    budget: &mut Budget,
) -> Result<Disarmed, Refusal> {
    match kind {
        Kind::Gif => {
            let rebuilt = gif::rebuild(octets.read(), options.frames, budget)?;
            Ok(Disarmed::of(File::Gif(rebuilt.file))?.without(rebuilt.removed))
        }
        Kind::Jpeg => again(octets.read(), options, budget),
        Kind::Tiff => {
            if tiff::page_count(octets, budget)? > 1 {
                return Err(Refusal::Unsupported);
            }
            let (page, removed) = one_page(octets, budget)?;
            let from = if page.photograph { From::Photograph } else { From::Exact };
            write(page.pixels, from, octets.len(), options, removed)
        }
        Kind::Webp => {
            let lossy = walk::webp_is_lossy(octets.read());
            let Picture { pixels, removed } = pixels(kind, octets, fonts, budget)?;
            let from = if lossy && !pixels.form().has_alpha() { From::Photograph } else { From::Exact };
            write(pixels, from, octets.len(), options, removed)
        }
        _ => {
            let Picture { pixels, removed } = pixels(kind, octets, fonts, budget)?;
            write(pixels, From::Exact, octets.len(), options, removed)
        }
    }
}

/// The pixels of a picture of `kind` (of the first frame or page), upright and
/// in sRGB.
///
/// # Errors
/// As [`rebuild`].
pub fn pixels(kind: Kind, octets: Untrusted<'_>, fonts: &Fonts, budget: &mut Budget) -> Result<Picture, Refusal> {
    let read = octets.read();
    match kind {
        Kind::Png => Ok(Picture { removed: walk::png(read)?, pixels: decode::png(read, budget)? }),
        Kind::Jpeg => {
            let walk = jpeg::walk(read)?;
            let pixels = decode::jpeg(read, &walk, Manage::All, budget)?;
            Ok(Picture { pixels, removed: walk.removed })
        }
        Kind::Gif => gif::first_frame(read, budget).map(|(pixels, removed)| Picture { pixels, removed }),
        Kind::Bmp => Ok(Picture { removed: walk::bmp(read)?, pixels: decode::bmp(read, budget)? }),
        Kind::Tiff => one_page(octets, budget).map(|(page, removed)| Picture { pixels: page.pixels, removed }),
        Kind::Webp => Ok(Picture { removed: walk::webp(read)?, pixels: decode::webp(read, budget)? }),
        Kind::Svg => svg::draw_svg(read, fonts, budget),
        Kind::Emf | Kind::Wmf => svg::draw_metafile(read, fonts, budget),
        // Every kind that is no picture, and pictures without a decoder here.
        _ => Err(Refusal::Unsupported),
    }
}

/// The pixels of a JPEG, neither turned nor colour-managed: what DCT data in a
/// PDF need. Grey8 or Rgb8 (CMYK and YCCK become RGB).
///
/// # Errors
/// [`Refusal`] if it is damaged or passes a bound.
pub fn jpeg_pixels(octets: Untrusted<'_>, budget: &mut Budget) -> Result<Pixels, Refusal> {
    let octets = octets.read();
    let walk = jpeg::walk(octets)?;
    decode::jpeg(octets, &walk, Manage::Nothing, budget)
}

/// Pixels of a picture that is not a drawing.
pub(crate) fn raster(kind: Kind, octets: Untrusted<'_>, budget: &mut Budget) -> Result<Pixels, Refusal> {
    match kind {
        Kind::Svg | Kind::Emf | Kind::Wmf => Err(Refusal::Unsupported),
        _ => pixels(kind, octets, &Fonts::none(), budget).map(|picture| picture.pixels),
    }
}

/// The first page, rows repeated where dots are not square (a fax of standard
/// resolution has half as many rows).
fn one_page(octets: Untrusted<'_>, budget: &mut Budget) -> Result<(tiff::Page, BTreeSet<Removal>), Refusal> {
    let (mut page, removed) = tiff::first_page(octets, budget)?;
    let ratio = page.dpi.0 / page.dpi.1;
    if (1.5..=4.0).contains(&ratio) {
        let pixels = page.pixels;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2 to 4")]
        let times = ratio.round() as u32;
        budget.picture(pixels.width().into(), u64::from(pixels.height()) * u64::from(times))?;
        let data = pixels.rows().flat_map(|row| row.repeat(times as usize)).collect();
        page.pixels = Pixels::new(pixels.width(), pixels.height().saturating_mul(times), pixels.form(), data)?;
    }
    Ok((page, removed))
}

/// What the pixels come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// A format or drawing that keeps each pixel.
    Exact,
    /// A format that does not.
    Photograph,
}

/// A file of our own writers.
enum File {
    Png(Vec<u8>),
    Jpeg(Vec<u8>),
    Gif(Vec<u8>),
}

impl Decoded for File {
    fn content(self) -> Result<Content, Refusal> {
        Ok(match self {
            Self::Png(file) => Content::Png(Written::new(file)?),
            Self::Jpeg(file) => Content::Jpeg(Written::new(file)?),
            Self::Gif(file) => Content::Gif(Written::new(file)?),
        })
    }
}

/// A JPEG as a JPEG, no better than it came.
fn again(octets: &[u8], options: &Options, budget: &mut Budget) -> Result<Disarmed, Refusal> {
    let walk = jpeg::walk(octets)?;
    let mut pixels = decode::jpeg(octets, &walk, Manage::All, budget)?;
    let mut encoding = encoding_of(&walk, &pixels);
    if let Some(seed) = options.noise {
        noise::scatter(&mut pixels, seed);
        // Other steps than those of the sender, so that what was hidden in
        // coefficients goes as well.
        encoding.quality = encoding.quality.saturating_sub(2).max(1);
    }
    let file = small_enough(&pixels, encoding, octets.len())?;
    Ok(Disarmed::of(File::Jpeg(file))?.without(walk.removed))
}

fn encoding_of(walk: &Walk, pixels: &Pixels) -> Encoding {
    let (across, down) = walk.shared;
    // Turned a quarter, the shared samples turn as well.
    let turned = (pixels.width(), pixels.height()) != (walk.width.into(), walk.height.into());
    // What was JPEG keeps its own steps, which loses least and does not grow;
    // turned, the blocks lie elsewhere, and a little more is needed.
    let quality = walk.quality.max(1).saturating_add(if turned { 4 } else { 0 }).min(100);
    Encoding { quality, shared: if turned { (down, across) } else { (across, down) } }
}

/// Tries lower qualities, at most three times, while the file would be a fifth
/// larger than it came: its author had a better encoder. Small ones are left alone.
fn small_enough(pixels: &Pixels, encoding: Encoding, came: usize) -> Result<Vec<u8>, Refusal> {
    let most = (came + came / 5).max(4096);
    let least = MIN_QUALITY.min(encoding.quality);
    for lower in [0, 4, 8] {
        let quality = encoding.quality.saturating_sub(lower).max(least);
        match jpeg::encode(pixels, Encoding { quality, ..encoding }, most) {
            Err(Refusal::TooLarge) => {}
            other => return other,
        }
    }
    jpeg::encode(pixels, Encoding { quality: least, ..encoding }, MAX_ATTACHED)
}

/// Writes pixels as PNG, or as JPEG where that is what they are for.
fn write(
    mut pixels: Pixels,
    from: From,
    came: usize,
    options: &Options,
    removed: BTreeSet<Removal>,
) -> Result<Disarmed, Refusal> {
    if let Some(seed) = options.noise {
        noise::scatter(&mut pixels, seed);
    }
    let encoding = Encoding::of(options.jpeg_quality.max(1));
    // JPEG would only blur it.
    let few = png::has_few_colours(&pixels);
    let most = LARGE_PNG.max(came.saturating_add(came / 4));
    let file = if from == From::Photograph && !few {
        File::Jpeg(small_enough(&pixels, encoding, came)?)
    } else {
        match encode_png(&pixels) {
            Ok(file) if file.len() <= most || few || pixels.form().has_alpha() => File::Png(file),
            // Too large to send: a photograph that nobody compressed.
            Ok(_) | Err(Refusal::TooLarge) if !pixels.form().has_alpha() => {
                File::Jpeg(jpeg::encode(&pixels, encoding, MAX_ATTACHED)?)
            }
            Ok(file) => File::Png(file),
            Err(refusal) => return Err(refusal),
        }
    };
    Ok(Disarmed::of(file)?.without(removed))
}
