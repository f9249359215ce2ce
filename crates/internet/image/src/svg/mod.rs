//! Drawings: SVG, and EMF and WMF by way of it, drawn on white.
//!
//! The drawing library resolves pictures and fonts through what is handed to
//! it here: no file, no network, no font of the system. It recurses and copies
//! what is used again, so that depth, elements and copies are bounded before it
//! runs, and the pixels that it will touch before it draws.

mod cost;
mod survey;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::GzDecoder;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{self, FontResolver, ImageHrefResolver, ImageKind, fontdb, roxmltree};
use sekisho_disarm::{Budget, Refusal};
use sekisho_policy::Kind;
use sekisho_safe_message::{Removal, Untrusted};

use crate::decode::guarded;
use crate::{Form, Picture, Pixels, encode_png, rebuild};

/// Octets of a drawing's text; some maps have 5 MiB.
const MAX_TEXT: u64 = 8 << 20;

/// Pixels of the longer side of what is drawn.
const MAX_SIDE: f32 = 4000.0;

/// Drawings whose longer side is shorter are drawn larger, at most four times.
const GOOD_SIDE: f32 = 1200.0;

/// Fonts for the text of drawings.
#[derive(Debug, Clone, Default)]
pub struct Fonts(Arc<fontdb::Database>);

impl Fonts {
    /// No fonts: a drawing with text is refused.
    pub fn none() -> Self {
        Self::default()
    }

    /// Fonts from the octets of font files (TrueType, OpenType, collections).
    /// The first is taken where a drawing asks for one that is not there.
    pub fn from_files(files: impl IntoIterator<Item = Arc<dyn AsRef<[u8]> + Send + Sync>>) -> Self {
        let mut database = fontdb::Database::new();
        for file in files {
            database.load_font_source(fontdb::Source::Binary(file));
        }
        let first = database.faces().next().and_then(|face| face.families.first()).map(|family| family.0.clone());
        if let Some(family) = first {
            database.set_serif_family(&family);
            database.set_sans_serif_family(&family);
            database.set_monospace_family(&family);
            database.set_cursive_family(&family);
            database.set_fantasy_family(family);
        }
        Self(Arc::new(database))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An SVG or SVGZ as pixels.
pub(crate) fn draw_svg(octets: &[u8], fonts: &Fonts, budget: &mut Budget) -> Result<Picture, Refusal> {
    draw(&text(octets, budget)?, fonts, budget)
}

/// An EMF or WMF as pixels.
pub(crate) fn draw_metafile(octets: &[u8], fonts: &Fonts, budget: &mut Budget) -> Result<Picture, Refusal> {
    // Its records become elements, some with pictures.
    budget.octets(octets.len() as u64 * 2)?;
    let svg = guarded(|| emf_core::converter::convert_to_svg(octets).map_err(|_| Refusal::Malformed))?;
    if svg.len() as u64 > MAX_TEXT * 4 {
        return Err(Refusal::TooLarge);
    }
    let svg = String::from_utf8(svg).map_err(|_| Refusal::Malformed)?;
    draw(&svg, fonts, budget)
}

fn draw(svg: &str, fonts: &Fonts, budget: &mut Budget) -> Result<Picture, Refusal> {
    // Entities would be expanded by the parser; no program that draws writes them
    // but old ones of Adobe, for name spaces.
    if svg.contains("<!ENTITY") {
        return Err(Refusal::Unsupported);
    }
    let options = roxmltree::ParsingOptions { allow_dtd: true, nodes_limit: survey::MAX_NODES, ..Default::default() };
    let document = guarded(|| roxmltree::Document::parse_with_options(svg, options).map_err(|_| Refusal::Malformed))?;
    let survey = survey::survey(&document, budget)?;
    if survey.has_text && fonts.is_empty() {
        return Err(Refusal::Unsupported);
    }
    let pictures = Pictures { state: Mutex::new((budget, BTreeSet::new())) };
    let tree = guarded(|| {
        usvg::Tree::from_xmltree(&document, &pictures.options(fonts)).map_err(|error| match error {
            usvg::Error::ElementsLimitReached => Refusal::TooLarge,
            _ => Refusal::Malformed,
        })
    })?;
    drop(document);
    let (budget, lost) = pictures.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (width, height, scale) = canvas(tree.size())?;
    budget.picture(width.into(), height.into())?;
    cost::charge(&tree, scale, (width, height), budget)?;
    let pixels = guarded(|| paint(&tree, width, height, scale))?;
    let mut removed = survey.removed;
    removed.extend(lost);
    Ok(Picture { pixels, removed })
}

/// The text of an SVG, unpacked and in UTF-8.
fn text(octets: &[u8], budget: &mut Budget) -> Result<String, Refusal> {
    let mut unpacked = Vec::new();
    let octets = if octets.starts_with(&[0x1F, 0x8B]) {
        let most = MAX_TEXT.min(budget.octets_left());
        GzDecoder::new(octets).take(most + 1).read_to_end(&mut unpacked).map_err(|_| Refusal::Malformed)?;
        budget.octets(unpacked.len() as u64)?;
        &unpacked
    } else {
        octets
    };
    if octets.len() as u64 > MAX_TEXT {
        return Err(Refusal::TooLarge);
    }
    let wide = |order: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = octets[2..].as_chunks::<2>().0.iter().map(|pair| order(*pair)).collect();
        String::from_utf16(&units).map_err(|_| Refusal::Malformed)
    };
    match octets {
        [0xFF, 0xFE, ..] => wide(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => wide(u16::from_be_bytes),
        _ => {
            let text = std::str::from_utf8(octets).map_err(|_| Refusal::Malformed)?;
            Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text).to_owned())
        }
    }
}

/// Width, height and scale of what is drawn.
fn canvas(size: usvg::Size) -> Result<(u32, u32, f32), Refusal> {
    let longer = size.width().max(size.height());
    let scale = if longer > MAX_SIDE { MAX_SIDE / longer } else { (GOOD_SIDE / longer).clamp(1.0, 4.0) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 1 to 4,000")]
    let side = |length: f32| (length * scale).ceil().clamp(1.0, MAX_SIDE) as u32;
    if !scale.is_finite() || scale <= 0.0 {
        return Err(Refusal::Malformed);
    }
    Ok((side(size.width()), side(size.height()), scale))
}

fn paint(tree: &usvg::Tree, width: u32, height: u32, scale: f32) -> Result<Pixels, Refusal> {
    let mut canvas = Pixmap::new(width, height).ok_or(Refusal::TooLarge)?;
    canvas.fill(Color::WHITE);
    resvg::render(tree, Transform::from_scale(scale, scale), &mut canvas.as_mut());
    // On white nothing is translucent.
    let data = canvas.data().as_chunks::<4>().0.iter().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    Pixels::new(width, height, Form::Rgb8, data)
}

/// What gives the drawing library its pictures: decoded here, handed on as
/// PNG of our own.
struct Pictures<'a> {
    state: Mutex<(&'a mut Budget, BTreeSet<Removal>)>,
}

impl Pictures<'_> {
    fn options<'s>(&'s self, fonts: &Fonts) -> usvg::Options<'s> {
        usvg::Options {
            resources_dir: None,
            languages: vec!["ja".to_owned(), "en".to_owned()],
            image_href_resolver: ImageHrefResolver {
                resolve_data: Box::new(|_, data, _| self.picture(&data)),
                // Files and addresses; the survey has noted them.
                resolve_string: Box::new(|_, _| None),
            },
            font_resolver: FontResolver::default(),
            fontdb: fonts.0.clone(),
            ..usvg::Options::default()
        }
    }

    fn picture(&self, data: &[u8]) -> Option<ImageKind> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let data = &mended(data)[..];
        let kind = match data {
            [0x89, b'P', b'N', b'G', ..] => Some(Kind::Png),
            [0xFF, 0xD8, ..] => Some(Kind::Jpeg),
            [b'G', b'I', b'F', ..] => Some(Kind::Gif),
            [b'B', b'M', ..] => Some(Kind::Bmp),
            [b'R', b'I', b'F', b'F', ..] => Some(Kind::Webp),
            // Drawings in drawings among them.
            _ => None,
        };
        let read = kind.and_then(|kind| {
            let picture = rebuild::raster(kind, Untrusted::new(data), state.0).ok()?;
            encode_png(&picture).ok()
        });
        if read.is_none() {
            state.1.insert(Removal::EmbeddedFile);
        }
        read.map(|png| ImageKind::PNG(Arc::new(png)))
    }
}

/// A bitmap of a metafile comes with 24 bits a pixel and masks (BI_BITFIELDS)
/// that it does not have; without them it is what it should be.
fn mended(data: &[u8]) -> Cow<'_, [u8]> {
    if data.starts_with(b"BM") && data.get(28..34) == Some(&[24, 0, 3, 0, 0, 0]) {
        let mut mended = data.to_vec();
        mended[30] = 0;
        return Cow::Owned(mended);
    }
    Cow::Borrowed(data)
}

#[cfg(test)]
mod tests;
