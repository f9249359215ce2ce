//! The text of a PDF.
//!
//! Owns: words in the order in which a person reads them: lines by their base
//! line, columns, Japanese from top to bottom and from the right, values of
//! form fields where no appearance shows them.
//!
//! Never: text outside the pages; a font, a layout or anything else that is no
//! character.

pub(crate) mod fields;
mod order;
mod pictured;
#[cfg(test)]
mod tests;
pub(crate) mod unicode;
pub(crate) mod words;

use hayro_interpret::InterpreterCache;
use sekisho_disarm::{Budget, Disarmed, Options, Refusal};
use sekisho_safe_message::{Removal, SafeText, Untrusted};

use crate::flatten::{Fonts, seen};
use crate::open::{Opened, open_with_passwords};
use fields::Fields;
use unicode::Collections;
use words::{View, read};

/// What stands between pages.
const PAGE_BREAK: &str = "\n----------\n\n";

/// The text of a PDF, page by page.
///
/// # Errors
/// [`Refusal::Encrypted`] if a password is needed, [`Refusal::Malformed`] if
/// it cannot be read, [`Refusal::TooLarge`] beyond a bound,
/// [`Refusal::Unsupported`] if it has no text (a scan, say).
pub fn extract(octets: Untrusted<'_>, options: &Options, budget: &mut Budget) -> Result<Disarmed, Refusal> {
    let Opened { pdf, mut removed, .. } = open_with_passwords(octets, &options.passwords, budget)?;
    removed.extend(seen::removals(&pdf, budget)?);
    removed.insert(Removal::Layout);
    let collections = Collections::of(&pdf, budget)?;
    // Which font draws a letter does not change what it says.
    let settings = Fonts::none().settings();
    let fields = Fields::of(&pdf);
    let cache = InterpreterCache::new();
    let mut text = String::new();
    budget.entries(u32::try_from(pdf.pages().len()).map_err(|_| Refusal::TooLarge)?)?;
    for (at, page) in pdf.pages().iter().enumerate() {
        let (width, height) = page.render_dimensions();
        let sides = (side(width), side(height));
        let view = View { scale: 1.0, sides, cache: &cache, settings: &settings, collections: &collections };
        let mut words = read(page, &view, budget)?;
        words.extend(fields.words(page, budget)?);
        if at > 0 {
            text.push_str(PAGE_BREAK);
        }
        order::write(words, &mut text, budget)?;
    }
    if !text.contains(|c: char| !c.is_whitespace() && c != '-') {
        return Err(Refusal::Unsupported);
    }
    let cleaned = SafeText::clean(&text);
    if cleaned.cut {
        return Err(Refusal::TooLarge);
    }
    if cleaned.changed > 0 {
        removed.insert(Removal::InvisibleCharacter);
    }
    Ok(Disarmed::of(cleaned.value)?.without(removed))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 14,400")]
fn side(points: f32) -> u32 {
    if points.is_finite() { points.clamp(1.0, 14_400.0) as u32 } else { 1 }
}
