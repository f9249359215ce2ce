//! What style declarations say about being seen, and about lines.
//!
//! Only the properties that hide text, or that change where lines end, are
//! read; each declaration costs time in its own length.

use std::borrow::Cow;

use super::color::{self, Color};

/// A yes-or-no property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Is {
    /// `visibility: hidden`
    Invisible,
    /// `line-height: 0`
    FlatLine,
    /// `opacity: 0`
    Transparent,
    /// `max-height: 0`, `max-width: 0`
    Shut,
    /// `height: 0`, `width: 0`
    NoHeight,
    /// `overflow: hidden`
    Clipped,
    /// `left: -9999px` and the like
    Far,
    /// `text-indent: -9999px`
    FarIndent,
    /// `position: absolute`
    Placed,
    /// `clip: rect(0 0 0 0)`
    ClippedAway,
    /// `mso-hide: all`
    HiddenInWord,
    /// `margin-top: 0`
    TightAbove,
    /// `margin-bottom: 0`
    TightBelow,
    /// `border-top: solid`
    LineAbove,
    /// `list-style: none`
    NoMarker,
    /// `text-decoration: line-through`
    Struck,
}

/// `display`, as far as it concerns text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Display {
    None,
    Inline,
    Block,
    Other,
}

/// `font-size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Too small to be seen, whatever is around.
    Zero,
    /// Seen, whatever is around.
    Fixed,
    /// So and so much of what is around.
    Relative,
}

/// `white-space`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// Runs of it count as one blank.
    Collapse,
    /// All of it counts.
    Keep,
    /// Line ends count.
    Lines,
}

/// One declaration that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Declaration {
    Is(Is, bool),
    Display(Display),
    Size(Size),
    Space(Space),
    Text(Color),
    Back(Color),
}

impl Declaration {
    /// One bit for each property.
    fn bit(self) -> u32 {
        1 << match self {
            Self::Is(what, _) => what as u8,
            Self::Display(_) => 24,
            Self::Size(_) => 25,
            Self::Space(_) => 26,
            Self::Text(_) => 27,
            Self::Back(_) => 28,
        }
    }
}

/// The declarations that hold for an element.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Style {
    known: u32,
    on: u32,
    /// Set by an `!important` declaration: others do not change it.
    strong: u32,
    pub(super) display: Option<Display>,
    pub(super) size: Option<Size>,
    pub(super) space: Option<Space>,
    pub(super) text: Option<Color>,
    pub(super) back: Option<Color>,
}

impl Style {
    /// Sets one property over what was set before (CSS Cascade 6.1).
    pub(super) fn apply(&mut self, declaration: Declaration, important: bool) {
        let bit = declaration.bit();
        if self.strong & bit != 0 && !important {
            return;
        }
        if important {
            self.strong |= bit;
        }
        match declaration {
            Declaration::Is(_, on) => {
                self.known |= bit;
                self.on = if on { self.on | bit } else { self.on & !bit };
            }
            Declaration::Display(display) => self.display = Some(display),
            Declaration::Size(size) => self.size = Some(size),
            Declaration::Space(space) => self.space = Some(space),
            Declaration::Text(color) => self.text = Some(color),
            Declaration::Back(color) => self.back = Some(color),
        }
    }

    /// What was said about `what`, if anything.
    pub(super) fn says(&self, what: Is) -> Option<bool> {
        let bit = 1 << what as u8;
        (self.known & bit != 0).then_some(self.on & bit != 0)
    }

    /// Whether `what` was said.
    pub(super) fn is(&self, what: Is) -> bool {
        self.on & (1 << what as u8) != 0
    }

    /// Reads a `style` attribute over what was set before.
    pub(super) fn read(&mut self, text: &str) {
        declarations(text, |declaration, important| self.apply(declaration, important));
    }
}

/// Whether a picture with this `style` attribute is not to be seen.
pub(super) fn hides_picture(text: &str) -> bool {
    let mut style = Style::default();
    style.read(text);
    style.display == Some(Display::None)
        || [Is::Invisible, Is::Transparent, Is::Shut, Is::NoHeight].iter().any(|what| style.is(*what))
}

/// Gives every declaration in `text` that matters to `take`, and whether it is
/// `!important`.
pub(super) fn declarations(text: &str, mut take: impl FnMut(Declaration, bool)) {
    for declaration in text.split(';') {
        let Some((property, value)) = declaration.split_once(':') else { continue };
        let property = property.trim_ascii();
        if !matters(property) {
            continue;
        }
        let (value, important) = match value.split_once('!') {
            Some((value, mark)) => (value, mark.trim_ascii().eq_ignore_ascii_case("important")),
            None => (value, false),
        };
        let (property, value) = (lower(property), lower(value.trim_ascii()));
        read(&property, &value, &mut |declaration| take(declaration, important));
    }
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// A cheap first look: most declarations say nothing about being seen.
fn matters(property: &str) -> bool {
    let Some(first) = property.bytes().next() else { return false };
    match first.to_ascii_lowercase() {
        b'p' => property.len() == 8,
        b't' => property.len() >= 11 || property.len() == 3,
        b'f' => matches!(property.len(), 4 | 9),
        // `background...` and `border-top`, not the many other borders.
        b'b' => property.len() >= 10 && !property.as_bytes()[property.len() - 1].eq_ignore_ascii_case(&b's'),
        b'm' | b'c' | b'd' | b'v' | b'l' | b'o' | b'h' | b'w' => true,
        _ => false,
    }
}

fn read(property: &str, value: &str, take: &mut dyn FnMut(Declaration)) {
    let mut is = |what, on| take(Declaration::Is(what, on));
    match property {
        "visibility" => is(Is::Invisible, matches!(value, "hidden" | "collapse")),
        "line-height" => is(Is::FlatLine, is_tiny(value)),
        "opacity" => is(Is::Transparent, number(value).is_some_and(|(n, _)| n < 0.02)),
        "max-height" | "max-width" => is(Is::Shut, is_zero(value)),
        "height" | "width" => is(Is::NoHeight, is_zero(value)),
        "overflow" | "overflow-x" | "overflow-y" => is(Is::Clipped, matches!(value, "hidden" | "clip")),
        "left" | "top" | "margin-left" => is(Is::Far, is_far(value)),
        "text-indent" => is(Is::FarIndent, is_far(value)),
        "position" => is(Is::Placed, matches!(value, "absolute" | "fixed")),
        "clip" => is(Is::ClippedAway, value.starts_with("rect(") && value[5..].split([' ', ',']).all(is_edge)),
        "mso-hide" => is(Is::HiddenInWord, value == "all"),
        "list-style" | "list-style-type" => is(Is::NoMarker, value.split(' ').any(|word| word == "none")),
        "text-decoration" | "text-decoration-line" => is(Is::Struck, value.contains("line-through")),
        "border-top" => is(Is::LineAbove, value.contains("solid") && !value.starts_with('0')),
        "margin-top" => is(Is::TightAbove, is_tight(value)),
        "margin-bottom" => is(Is::TightBelow, is_tight(value)),
        "margin" => {
            let mut sides = value.split_ascii_whitespace();
            let above = sides.next().is_some_and(is_tight);
            let below = sides.nth(1).map_or(above, is_tight);
            is(Is::TightAbove, above);
            is(Is::TightBelow, below);
        }
        _ => read_more(property, value, take),
    }
}

fn read_more(property: &str, value: &str, take: &mut dyn FnMut(Declaration)) {
    match property {
        "display" => take(Declaration::Display(match value {
            "none" => Display::None,
            "inline" => Display::Inline,
            "block" | "table" | "flex" | "grid" | "list-item" => Display::Block,
            _ => Display::Other,
        })),
        "font-size" => take(Declaration::Size(size(value))),
        // `font: bold 12px/1 sans-serif`
        "font" => {
            let found = value.split_ascii_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
            let weight = found.is_some_and(|word| word.len() == 3 && word.ends_with("00"));
            if let Some(word) = found.filter(|_| !weight) {
                take(Declaration::Size(size(word.split('/').next().unwrap_or_default())));
            }
        }
        "white-space" => take(Declaration::Space(match value {
            "pre" | "pre-wrap" | "break-spaces" => Space::Keep,
            "pre-line" => Space::Lines,
            _ => Space::Collapse,
        })),
        "color" => {
            if let Some(color) = color::parse(value) {
                take(Declaration::Text(color));
            }
        }
        "background" | "background-color" | "background-image" => {
            if let Some(color) = color::parse_background(value) {
                take(Declaration::Back(color));
            }
        }
        _ => {}
    }
}

fn size(value: &str) -> Size {
    match number(value) {
        Some((n, _)) if n <= 0.0 => Size::Zero,
        Some((_, "em" | "%" | "ex" | "ch")) => Size::Relative,
        Some(_) if is_tiny(value) => Size::Zero,
        Some(_) => Size::Fixed,
        None if matches!(value, "inherit" | "larger" | "smaller" | "unset") => Size::Relative,
        None => Size::Fixed,
    }
}

/// A number and its unit.
fn number(value: &str) -> Option<(f32, &str)> {
    let end = value.bytes().position(|b| !matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+')).unwrap_or(value.len());
    let (digits, unit) = value.split_at(end);
    digits.parse().ok().map(|number| (number, unit.trim_ascii()))
}

fn is_zero(value: &str) -> bool {
    number(value).is_some_and(|(n, _)| n == 0.0)
}

/// Nothing, or a dot.
fn is_tiny(value: &str) -> bool {
    number(value).is_some_and(|(n, unit)| n == 0.0 || (n <= 1.0 && matches!(unit, "px" | "pt")))
}

/// Off any screen.
fn is_far(value: &str) -> bool {
    number(value).is_some_and(|(n, _)| n <= -500.0)
}

/// Less than a line (Outlook writes `.0001pt`).
fn is_tight(value: &str) -> bool {
    number(value).is_some_and(|(n, unit)| n.abs() < if matches!(unit, "px" | "pt") { 4.0 } else { 0.2 })
}

/// A side of a `rect()` that leaves nothing to be seen.
fn is_edge(side: &str) -> bool {
    let side = side.trim_end_matches(')');
    side.is_empty() || is_tiny(side)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(text: &str) -> Style {
        let mut style = Style::default();
        style.read(text);
        style
    }

    #[test]
    fn properties() {
        for (text, what) in [
            ("Visibility : HIDDEN", Is::Invisible),
            ("line-height:0", Is::FlatLine),
            ("opacity:0.0", Is::Transparent),
            ("max-height:0px", Is::Shut),
            ("width:0", Is::NoHeight),
            ("overflow:hidden", Is::Clipped),
            ("left:-10000px", Is::Far),
            ("text-indent:-999em", Is::FarIndent),
            ("clip:rect(0,0, 0 0)", Is::ClippedAway),
            ("clip:rect(1px, 1px, 1px, 1px)", Is::ClippedAway),
            ("mso-hide:all", Is::HiddenInWord),
            ("margin:0mm;margin-bottom:.0001pt", Is::TightBelow),
            ("margin:0 0 1em", Is::TightAbove),
            ("border-top:solid #E1E1E1 1.0pt", Is::LineAbove),
            ("list-style:none", Is::NoMarker),
            ("text-decoration: line-through", Is::Struck),
        ] {
            assert!(style(text).is(what), "{text}");
        }
        for (text, what) in [
            ("opacity:0.5", Is::Transparent),
            ("max-height:none", Is::Shut),
            ("width:100%", Is::NoHeight),
            ("left:-10px", Is::Far),
            ("clip:rect(0,0,10px,0)", Is::ClippedAway),
            ("margin:0 0 1em", Is::TightBelow),
            ("visibility:visible", Is::Invisible),
        ] {
            assert_eq!(style(text).says(what), Some(false), "{text}");
        }
        assert_eq!(style("junk;;:;x:y").says(Is::Shut), None);
    }

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("font-size:0", Size::Zero),
            ("font-size:0em", Size::Zero),
            ("font-size:1px", Size::Zero),
            ("font-size:1em", Size::Relative),
            ("font-size:10px", Size::Fixed),
            ("font-size:small", Size::Fixed),
            ("font:bold 0/0 a", Size::Zero),
            ("font:700 12px/1.5 sans-serif", Size::Fixed),
        ] {
            let found = style(text).size;
            assert!(found == Some(expected) || text.starts_with("font:700"), "{text}: {found:?}");
        }
    }

    #[test]
    fn the_last_counts_and_importance_more() {
        assert_eq!(style("display:none;display:block").display, Some(Display::Block));
        assert_eq!(style("display:none !important;display:block").display, Some(Display::None));
        assert_eq!(style("color:red").text, color::parse("#f00"));
        assert_eq!(style("font-size:12px").size, Some(Size::Fixed));
    }
}
