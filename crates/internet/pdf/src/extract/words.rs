//! The words of a page and where they stand.
//!
//! Owns: running a page through hayro's interpreter with a device that draws
//! nothing: it takes down the glyphs, and it measures what drawing the page
//! would cost before anybody draws it. The drawing loops of hayro know no
//! bound; what they would do is done here first, under the budget.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use hayro_interpret::font::{Glyph, GlyphRun, PositionedGlyph};
use hayro_interpret::hayro_cmap::{BfString, WritingMode};
use hayro_interpret::kurbo::{Affine, BezPath, Point, Rect, Vec2};
use hayro_interpret::pattern::Pattern;
use hayro_interpret::util::TransformExt as _;
use hayro_interpret::{
    BlendMode, CacheKey as _, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageDrawProps, InterpreterCache,
    InterpreterSettings, Paint, SoftMask, interpret_page,
};
use hayro_syntax::page::Page;
use sekisho_disarm::{Budget, Refusal};

use super::pictured;
use super::unicode::Collections;

/// Glyphs and patterns that are pages of their own, inside each other. hayro
/// follows them without a bound; honest files have one inside another.
const MAX_DEPTH: u32 = 6;

/// Octets of all soft masks of a page, each as large as the page: hayro keeps
/// them until the page is drawn.
const MAX_MASKS: u64 = 128 << 20;

/// Steps of a clip. A form is one, and all that stands in it is read again:
/// some ten microseconds.
const FORM: u64 = 64;

/// A gap or overlap between two glyphs of one word, in parts of their size
/// (poppler's bound, which most readers' follow).
const WORD_GAP: f64 = 0.1;

/// Characters that stand together, with their place in points from the upper
/// left of the page as it is seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    /// The characters.
    pub(crate) text: String,
    /// Where the base line of the first begins.
    pub(crate) origin: (f64, f64),
    /// The way from there to the end of the last.
    pub(crate) advance: (f64, f64),
    /// Height of the letters.
    pub(crate) size: f64,
    /// Whether they stand upright below each other.
    pub(crate) vertical: bool,
    /// Whether a space stands behind.
    pub(crate) space: bool,
}

impl Word {
    /// Where it ends.
    pub(crate) fn end(&self) -> (f64, f64) {
        (self.origin.0 + self.advance.0, self.origin.1 + self.advance.1)
    }
}

/// How a page is to be looked at.
pub(crate) struct View<'c, 'a> {
    /// Pixels of a point.
    pub(crate) scale: f64,
    /// Pixels of the sides.
    pub(crate) sides: (u32, u32),
    /// What was read for other pages.
    pub(crate) cache: &'c InterpreterCache<'a>,
    /// Fonts that the file does not hold, and the like.
    pub(crate) settings: &'c InterpreterSettings,
    /// What codes of fonts without a `ToUnicode` stand for.
    pub(crate) collections: &'c Collections,
}

/// What unwinds through hayro when the budget is used up: its loops cannot be
/// left in another way.
struct Stop(Refusal);

/// The words of `page` in the order in which they are painted. Takes from the
/// budget what reading it and drawing it once costs.
///
/// # Errors
/// [`Refusal::TooLarge`] beyond the budget, [`Refusal::Malformed`] for what
/// breaks the interpreter or never ends.
pub(crate) fn read<'a>(page: &'a Page<'a>, view: &View<'_, 'a>, budget: &mut Budget) -> Result<Vec<Word>, Refusal> {
    let mut collector = Collector {
        budget,
        view,
        words: Vec::new(),
        open: None,
        previous: Vec::new(),
        depth: 0,
        times: 1,
        masks: HashSet::new(),
    };
    let transform = Affine::scale(view.scale) * page.initial_transform(true).to_kurbo();
    let target = Rect::new(0.0, 0.0, f64::from(view.sides.0), f64::from(view.sides.1));
    // A panic in hayro costs this file, not the mail; a `Stop` is ours.
    let done = catch_unwind(AssertUnwindSafe(|| {
        let mut context = Context::new(transform, target, view.cache, page.xref(), view.settings.clone());
        interpret_page(page, &mut context, &mut collector);
    }));
    match done {
        Ok(()) => {
            collector.close(false);
            Ok(collector.words)
        }
        Err(cause) => Err(cause.downcast_ref::<Stop>().map_or(Refusal::Malformed, |stop| stop.0)),
    }
}

struct Collector<'c, 'a> {
    budget: &'c mut Budget,
    view: &'c View<'c, 'a>,
    words: Vec<Word>,
    open: Option<Word>,
    /// Places of the run before: text that is filled and stroked comes twice.
    previous: Vec<Point>,
    depth: u32,
    /// How often what is read now will be drawn: tiles repeat.
    times: u64,
    masks: HashSet<u128>,
}

/// A glyph in points.
struct Placed {
    origin: Point,
    advance: Vec2,
    size: f64,
    vertical: bool,
}

impl<'a> Collector<'_, 'a> {
    fn demand(&mut self, taken: Result<(), Refusal>) {
        if let Err(refusal) = taken {
            // Not a panic: nothing is printed, and `read` takes it up.
            resume_unwind(Box::new(Stop(refusal)));
        }
    }

    fn steps(&mut self, count: u64) {
        let taken = self.budget.steps(count.saturating_mul(self.times));
        self.demand(taken);
    }

    /// Work inside a glyph or a pattern, whose text is not the page's.
    fn inside(&mut self, work: impl FnOnce(&mut Self)) {
        if self.depth == MAX_DEPTH {
            self.demand(Err(Refusal::Malformed));
        }
        self.depth += 1;
        work(self);
        self.depth -= 1;
    }

    fn mask(&mut self, mask: Option<&SoftMask<'a>>) {
        let Some(mask) = mask else { return };
        if !self.masks.insert(mask.cache_key()) {
            return;
        }
        let page = u64::from(self.view.sides.0) * u64::from(self.view.sides.1);
        if page.saturating_mul(self.masks.len() as u64) > MAX_MASKS {
            self.demand(Err(Refusal::TooLarge));
        }
        self.steps(page / 16);
        self.inside(|inner| mask.interpret(inner));
    }

    /// What filling `bounds` (in pixels) with `paint` costs.
    fn paint(&mut self, paint: &Paint<'a>, bounds: Rect, stroke: bool) {
        let page = Rect::new(0.0, 0.0, f64::from(self.view.sides.0), f64::from(self.view.sides.1));
        let seen = bounds.intersect(page);
        let area = whole(seen.width().max(0.0) * seen.height().max(0.0));
        match paint {
            Paint::Color(_) => self.steps(area / 256),
            Paint::Pattern(pattern) => match pattern.as_ref() {
                Pattern::Shading(_) => self.steps(area / 4),
                Pattern::Tiling(tile) => {
                    let copies = |from: f64, to: f64, step: f32| ((to - from) / f64::from(step.abs())).ceil().max(1.0);
                    let across = copies(tile.bbox.x0, tile.bbox.x1, tile.x_step);
                    let down = copies(tile.bbox.y0, tile.bbox.y1, tile.y_step);
                    let outer = self.times;
                    self.times = outer.saturating_mul(whole(across * down));
                    self.steps(area / 16 + 64);
                    self.inside(|inner| {
                        tile.interpret(inner, Affine::IDENTITY, stroke);
                    });
                    self.times = outer;
                }
            },
        }
    }

    fn run(&mut self, run: &GlyphRun<'_, 'a>, props: &DrawProps<'a>) {
        let scales: Vec<f64> = run.glyphs().iter().map(|glyph| column(glyph.transform(), 0)).collect();
        let uneven = scales.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 0.001 * pair[0].abs());
        let vertical = run.writing_mode() == WritingMode::Vertical;
        let placed: Vec<Placed> =
            run.glyphs().iter().map(|glyph| self.place(glyph, props.transform, vertical, uneven)).collect();
        let places: Vec<Point> = placed.iter().map(|glyph| glyph.origin).collect();
        if places == self.previous {
            return;
        }
        self.previous = places;
        for (glyph, placed) in run.glyphs().iter().zip(placed) {
            let text = match glyph.as_unicode() {
                Some(BfString::Char(c)) => Some(c.to_string()),
                Some(BfString::String(text)) => Some(text),
                None => self.view.collections.text_of(glyph).map(String::from),
            };
            self.take(text.as_deref().unwrap_or(""), placed);
        }
    }

    /// Where a glyph stands. hayro squeezes glyphs of a font that stands in
    /// for another into the widths of that one, which shows in `uneven`
    /// scales: then the height is the scale of both.
    fn place(&self, glyph: &PositionedGlyph<'a>, outer: Affine, vertical: bool, uneven: bool) -> Placed {
        let whole = Affine::scale(1.0 / self.view.scale) * outer * glyph.transform();
        let size = column(whole, 1) * 1000.0;
        let vector = |x: f64, y: f64| whole * Point::new(x, y) - whole * Point::ZERO;
        if vertical {
            // 9.7.4.3: by default the origin is above the middle, 880 up, and the next one is 1000 down.
            return Placed { origin: whole * Point::new(500.0, 880.0), advance: vector(0.0, -1000.0), size, vertical };
        }
        let width = match &**glyph {
            Glyph::Outline(outline) => outline.advance_width(),
            Glyph::Type3(drawn) => drawn.advance_width(),
        };
        let mut advance = vector(f64::from(width.unwrap_or(500.0)), 0.0);
        if uneven && column(whole, 0) > 0.0 {
            advance *= column(whole, 1) / column(whole, 0);
        }
        Placed { origin: whole * Point::ZERO, advance, size, vertical }
    }

    fn take(&mut self, text: &str, glyph: Placed) {
        let finite = [glyph.origin.x, glyph.origin.y, glyph.advance.x, glyph.advance.y, glyph.size];
        if finite.iter().any(|number| !number.is_finite() || number.abs() > 1e6) || !self.is_seen(&glyph) {
            return self.close(false);
        }
        let text = text.trim_matches(|c: char| c.is_control());
        if !text.is_empty() && text.trim().is_empty() {
            return self.close(true);
        }
        if let Some(word) = &mut self.open
            && continues(word, &glyph)
        {
            let end = glyph.origin + glyph.advance;
            word.advance = (end.x - word.origin.0, end.y - word.origin.1);
            word.text.push_str(text);
            return;
        }
        self.close(false);
        self.open = Some(Word {
            text: text.to_owned(),
            origin: (glyph.origin.x, glyph.origin.y),
            advance: (glyph.advance.x, glyph.advance.y),
            size: glyph.size,
            vertical: glyph.vertical,
            space: false,
        });
    }

    /// Whether it stands on the page: what does not, no reader shows.
    fn is_seen(&self, glyph: &Placed) -> bool {
        let (width, height) = (f64::from(self.view.sides.0), f64::from(self.view.sides.1));
        let sheet = Rect::new(0.0, 0.0, width / self.view.scale, height / self.view.scale);
        let place = Rect::from_points(glyph.origin, glyph.origin + glyph.advance);
        place.inflate(0.1, 0.1).overlaps(sheet)
    }

    fn close(&mut self, space: bool) {
        if let Some(mut word) = self.open.take()
            && !word.text.is_empty()
        {
            word.space = space;
            self.words.push(word);
        }
    }
}

/// Whether `glyph` goes on where `word` ends.
fn continues(word: &Word, glyph: &Placed) -> bool {
    let length = word.advance.0.hypot(word.advance.1);
    if glyph.vertical != word.vertical || length <= 0.0 || word.size <= 0.0 {
        return false;
    }
    let along = Vec2::new(word.advance.0 / length, word.advance.1 / length);
    let turned = glyph.advance.dot(along) < 0.99 * glyph.advance.hypot();
    let gap = glyph.origin - Point::new(word.end().0, word.end().1);
    let ratio = glyph.size / word.size;
    !turned
        && (0.7..1.5).contains(&ratio)
        && gap.dot(along).abs() <= WORD_GAP * word.size
        && gap.cross(along).abs() <= (0.05 * word.size).max(0.5)
}

/// The length of a column of the matrix.
fn column(transform: Affine, at: usize) -> f64 {
    let [a, b, c, d, ..] = transform.as_coeffs();
    if at == 0 { a.hypot(b) } else { c.hypot(d) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates, which is a bound")]
fn whole(number: f64) -> u64 {
    number as u64
}

impl<'a> Device<'a> for Collector<'_, 'a> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        self.steps(8 + path.elements().len() as u64);
        self.mask(props.soft_mask.as_ref());
        let bounds = props.transform.transform_rect_bbox(path.control_box());
        self.paint(&props.paint, bounds, matches!(mode, DrawMode::Stroke(_)));
    }

    fn draw_rect(&mut self, rect: &Rect, props: DrawProps<'a>, mode: &DrawMode) {
        self.steps(1);
        self.mask(props.soft_mask.as_ref());
        let bounds = props.transform.transform_rect_bbox(*rect);
        self.paint(&props.paint, bounds, matches!(mode, DrawMode::Stroke(_)));
    }

    fn push_clip_path(&mut self, clip: &ClipPath) {
        self.steps(FORM + clip.path.elements().len() as u64);
    }

    fn push_clip_rect(&mut self, _: &Rect) {
        self.steps(1);
    }

    fn push_transparency_group(&mut self, _: f32, mask: Option<SoftMask<'a>>, _: BlendMode) {
        let page = u64::from(self.view.sides.0) * u64::from(self.view.sides.1);
        self.steps(1 + page / 256);
        self.mask(mask.as_ref());
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        self.steps(8 * run.glyphs().len() as u64);
        self.mask(props.soft_mask.as_ref());
        if let Paint::Pattern(_) = &props.paint {
            let page = Rect::new(0.0, 0.0, f64::from(self.view.sides.0), f64::from(self.view.sides.1));
            self.paint(&props.paint, page, matches!(mode, DrawMode::Stroke(_)));
        }
        if self.depth == 0 {
            self.run(run, &props);
        }
        if matches!(mode, DrawMode::Invisible) {
            return;
        }
        for glyph in run.glyphs() {
            if let Glyph::Type3(drawn) = &**glyph {
                self.inside(|inner| drawn.interpret(inner, props.transform, glyph.transform(), &props.paint));
            }
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.mask(props.soft_mask.as_ref());
        let taken = pictured::charge(&image, self.times, self.budget);
        self.demand(taken);
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}
