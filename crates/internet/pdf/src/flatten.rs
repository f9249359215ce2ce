//! Pages as pictures, with their text unseen over them.
//!
//! Owns: drawing pages with hayro, white below, at the site's resolution, one
//! in memory at a time. Nothing of the file but pixels and characters goes on.
//!
//! Never: links, forms, fonts, layers or anything else that acts.

mod fonts;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod seen;
#[cfg(test)]
mod tests;

use hayro::hayro_interpret::{InterpreterCache, InterpreterSettings};
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};
use hayro_interpret::util::TransformExt as _;
use hayro_syntax::Pdf;
use hayro_syntax::page::Page;
use sekisho_disarm::{Budget, Disarmed, Options, Refusal};
use sekisho_image::{Form, Pixels};
use sekisho_safe_message::Untrusted;

use crate::extract::fields::Fields;
use crate::extract::unicode::Collections;
use crate::extract::words::{View, read};
use crate::guard::guarded;
use crate::open::{Opened, open_with_passwords};
use crate::pictures::Pictures;

pub use fonts::Fonts;

/// Pixels of a side at most; a larger sheet is drawn with fewer dots per inch.
const MAX_SIDE: f64 = 4000.0;

/// JPEG quality of pages at most. What is in them was a JPEG before, and the
/// letters are not: pages with nothing but letters are no JPEG.
const MAX_QUALITY: u8 = 85;

/// A PDF as pictures of its pages, without fonts of the site.
///
/// # Errors
/// As [`flatten_with_fonts`].
pub fn flatten(octets: Untrusted<'_>, options: &Options, budget: &mut Budget) -> Result<Disarmed, Refusal> {
    flatten_with_fonts(octets, options, &Fonts::none(), budget)
}

/// A PDF as pictures of its pages, `fonts` standing in for those that it names
/// and does not hold.
///
/// # Errors
/// [`Refusal::Encrypted`] if a password is needed, [`Refusal::Malformed`] for
/// what cannot be drawn, [`Refusal::TooLarge`] beyond a bound.
pub fn flatten_with_fonts(
    octets: Untrusted<'_>,
    options: &Options,
    fonts: &Fonts,
    budget: &mut Budget,
) -> Result<Disarmed, Refusal> {
    let Opened { pdf, mut removed, .. } = open_with_passwords(octets, &options.passwords, budget)?;
    removed.extend(seen::removals(&pdf, budget)?);
    let collections = Collections::of(&pdf, budget)?;
    let settings = fonts.settings();
    let fields = Fields::of(&pdf);
    let mut pictures = Pictures::new(options.jpeg_quality.min(MAX_QUALITY));
    let drawer = Drawer { pdf: &pdf, settings: &settings, collections: &collections, dpi: options.dpi };
    drawer.draw(&fields, &mut pictures, budget)?;
    Ok(Disarmed::of(pictures.finish()?)?.without(removed))
}

struct Drawer<'d> {
    pdf: &'d Pdf,
    settings: &'d InterpreterSettings,
    collections: &'d Collections,
    dpi: u16,
}

impl Drawer<'_> {
    fn draw(&self, fields: &Fields, pictures: &mut Pictures, budget: &mut Budget) -> Result<(), Refusal> {
        let pages = self.pdf.pages();
        budget.entries(u32::try_from(pages.len()).map_err(|_| Refusal::TooLarge)?)?;
        let interpreted = InterpreterCache::new();
        let drawn = RenderCache::new();
        for page in pages.iter() {
            let sheet = Sheet::of(page, self.dpi);
            budget.picture(u64::from(sheet.sides.0), u64::from(sheet.sides.1))?;
            let view = View {
                scale: sheet.scale,
                sides: (u32::from(sheet.sides.0), u32::from(sheet.sides.1)),
                cache: &interpreted,
                settings: self.settings,
                collections: self.collections,
            };
            let mut words = read(page, &view, budget)?;
            words.extend(fields.words(page, budget)?);
            let pixels = guarded(|| sheet.draw(page, &drawn, self.settings))??;
            pictures.push_page(pixels, sheet.points, &words)?;
        }
        Ok(())
    }
}

/// A page as it will be drawn.
struct Sheet {
    /// Its sides in points.
    points: (f64, f64),
    /// Pixels of a point.
    scale: f64,
    /// Its sides in pixels.
    sides: (u16, u16),
}

impl Sheet {
    fn of(page: &Page<'_>, dpi: u16) -> Self {
        let side = |points: f32| if points.is_finite() { f64::from(points).clamp(1.0, 1e6) } else { 1.0 };
        let (width, height) = page.render_dimensions();
        let points = (side(width), side(height));
        let scale = (f64::from(dpi.clamp(36, 600)) / 72.0).min(MAX_SIDE / points.0.max(points.1));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 4,000")]
        let pixels = |points: f64| (points * scale).round().clamp(1.0, MAX_SIDE) as u16;
        Self { points, scale, sides: (pixels(points.0), pixels(points.1)) }
    }

    /// The page on white.
    fn draw<'a>(
        &self,
        page: &'a Page<'a>,
        cache: &RenderCache<'a>,
        settings: &InterpreterSettings,
    ) -> Result<Pixels, Refusal> {
        let (width, height) = self.sides;
        let mut context = RenderContext::new(width, height);
        let transform = Affine::scale(self.scale) * page.initial_transform(true).to_kurbo();
        render_into(page, cache, settings, &RenderSettings::default(), &mut context, transform);
        context.flush();
        let mut drawn = Pixmap::new(width, height);
        let white = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
        context.render_with(&mut drawn, &mut Resources::default(), white);
        drop(context);
        let data = drawn.data_as_u8_slice().as_chunks::<4>().0.iter().flat_map(|[r, g, b, _]| [*r, *g, *b]).collect();
        Pixels::new(u32::from(width), u32::from(height), Form::Rgb8, data)
    }
}
