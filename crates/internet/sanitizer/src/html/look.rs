//! Whether text is seen: what an element inherits, and what its own style
//! says about it.

use super::color::Color;
use super::style::{Display, Is, Size, Style};

/// How text inside an element looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Nothing inside can be seen, whatever it says.
    pub(super) gone: bool,
    invisible: bool,
    tiny: bool,
    flat: bool,
    text: Color,
    ground: Ground,
}

/// What is behind the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground {
    /// The bare page: white, if no style sheet says otherwise.
    Page,
    Painted(Color),
}

impl Default for Look {
    fn default() -> Self {
        let (text, ground) = (Color::BLACK, Ground::Page);
        Self { gone: false, invisible: false, tiny: false, flat: false, text, ground }
    }
}

impl Look {
    /// Whether the text can be seen. `sure`: all that paints is known.
    pub(super) fn is_seen(&self, sure: bool) -> bool {
        !self.gone && !self.invisible && !self.tiny && !self.flat && !self.is_camouflaged(sure)
    }

    /// Whether a picture can be seen: it has a size and colours of its own.
    pub(super) fn shows_pictures(&self) -> bool {
        !self.gone && !self.invisible
    }

    fn is_camouflaged(&self, sure: bool) -> bool {
        match self.ground {
            _ if self.text == Color::Clear => true,
            Ground::Page => sure && self.text.vanishes_on(Color::WHITE),
            Ground::Painted(color) => sure && self.text.vanishes_on(color),
        }
    }

    /// The look inside an element with this style.
    pub(super) fn inside(mut self, style: &Style, is_link: bool) -> Self {
        self.gone |= hides(style, is_link);
        if let Some(invisible) = style.says(Is::Invisible) {
            self.invisible = invisible;
        }
        match style.size {
            Some(Size::Zero) => self.tiny = true,
            Some(Size::Fixed) => self.tiny = false,
            Some(Size::Relative) | None => {}
        }
        match style.says(Is::FlatLine) {
            // Lines without height show their text all the same, unless cut.
            Some(true) => self.flat = style.is(Is::Clipped),
            Some(false) => self.flat = false,
            None => {}
        }
        match style.text {
            Some(color) => self.text = color,
            None if is_link => self.text = Color::LINK,
            None => {}
        }
        match style.back {
            Some(Color::Clear) | None => {}
            Some(color) => self.ground = Ground::Painted(color),
        }
        self
    }
}

/// Whether nothing of the element's inside can be seen.
fn hides(style: &Style, is_link: bool) -> bool {
    let cut = style.is(Is::Clipped) && (style.is(Is::Shut) || style.is(Is::NoHeight));
    style.display == Some(Display::None)
        || style.is(Is::Transparent)
        || style.is(Is::Shut)
        || cut
        || style.is(Is::FarIndent)
        || style.is(Is::ClippedAway)
        || (style.is(Is::Far) && style.is(Is::Placed))
        // Buttons are written twice: for Word in a comment, for all others in
        // a link that Word does not show.
        || (style.is(Is::HiddenInWord) && !is_link)
}
