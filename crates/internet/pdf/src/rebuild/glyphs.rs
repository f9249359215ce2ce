//! Glyphs as hayro draws them: outline, text and width of each code of a
//! font. This is all that is ever taken from a font program.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hayro_interpret::font::{Glyph, GlyphRun};
use hayro_interpret::hayro_cmap::BfString;
use hayro_interpret::kurbo::{Affine, BezPath, Rect};
use hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, InterpreterWarning, SoftMask, interpret,
};
use hayro_syntax::content::TypedIter;
use hayro_syntax::object::Dict;
use hayro_syntax::page::Resources;
use hayro_syntax::xref::XRef;
use sekisho_disarm::Refusal;
use sekisho_safe_message::is_safe_char;

use crate::guard::guarded;
use crate::write::{spell_name, spell_string};

/// Characters that one code stands for, at most.
const MAX_TEXT: usize = 16;

/// One code of a font.
pub(super) struct Drawn {
    pub(super) code: u32,
    pub(super) outline: BezPath,
    /// The text that it stands for, safe characters only.
    pub(super) text: Option<String>,
    pub(super) width: f64,
}

/// Draws the codes that `codes` (a string as contents have it) is made of.
/// `None` if the font cannot be loaded.
///
/// # Errors
/// [`Refusal::Malformed`] if hayro gives up on it.
pub(super) fn draw<'a>(
    xref: &'a XRef,
    cache: &InterpreterCache<'a>,
    (fonts, name): (&Dict<'a>, &[u8]),
    codes: &[u8],
    with_outlines: bool,
) -> Result<Option<Vec<Drawn>>, Refusal> {
    let mut contents = b"BT ".to_vec();
    spell_name(&mut contents, name);
    contents.extend(b" 1000 Tf ");
    spell_string(&mut contents, codes);
    contents.extend(b"Tj ET");
    let mut resources = Resources::new(Dict::empty());
    resources.fonts = fonts.clone();
    let failed = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&failed);
    let settings = InterpreterSettings {
        warning_sink: Arc::new(move |warning| {
            if matches!(warning, InterpreterWarning::UnsupportedFont) {
                flag.store(true, Ordering::Relaxed);
            }
        }),
        ..InterpreterSettings::default()
    };
    let mut desk = Desk { drawn: Vec::new(), with_outlines };
    guarded(|| {
        let page = Rect::new(-1e9, -1e9, 1e9, 1e9);
        let mut context = Context::new(Affine::IDENTITY, page, cache, xref, settings);
        interpret(TypedIter::new(&contents), &resources, &mut context, &mut desk);
    })?;
    Ok((!failed.load(Ordering::Relaxed)).then_some(desk.drawn))
}

/// A device that keeps glyphs and draws nothing.
struct Desk {
    drawn: Vec<Drawn>,
    with_outlines: bool,
}

impl<'a> Device<'a> for Desk {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, _: DrawProps<'a>, _: &DrawMode) {
        for placed in run.glyphs() {
            let glyph: &Glyph<'a> = placed;
            let (outline, width) = match glyph {
                Glyph::Outline(outline) => {
                    let path = if self.with_outlines { outline.outline() } else { BezPath::new() };
                    (stretched(path, placed.transform()), outline.advance_width())
                }
                Glyph::Type3(glyph) => (BezPath::new(), glyph.advance_width()),
            };
            let width = f64::from(width.unwrap_or(0.0));
            self.drawn.push(Drawn { code: glyph.char_code(), outline, text: text_of(glyph), width });
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {}
    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}

/// A font that stands in for one that is broken is stretched to its widths.
fn stretched(path: BezPath, placed: Affine) -> BezPath {
    let stretch = placed.as_coeffs()[0];
    if stretch.is_finite() && (stretch - 1.0).abs() > 1e-3 && stretch > 0.05 {
        return Affine::scale_non_uniform(stretch, 1.0) * path;
    }
    path
}

fn text_of(glyph: &Glyph<'_>) -> Option<String> {
    let text = match glyph.as_unicode()? {
        BfString::Char(c) => c.to_string(),
        BfString::String(text) => text,
    };
    clean(&text)
}

/// Text that may cross; nothing if nothing is left.
pub(super) fn clean(text: &str) -> Option<String> {
    let clean: String = text.chars().filter(|c| is_safe_char(*c)).take(MAX_TEXT).collect();
    (!clean.is_empty()).then_some(clean)
}
