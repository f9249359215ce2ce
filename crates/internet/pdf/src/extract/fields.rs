//! Values of form fields that have no appearance of their own.
//!
//! hayro draws the appearances of widgets, so their text is a page's text. A
//! field that was filled by a program and never drawn has a value alone
//! (ISO 32000-1 12.7.3); a reader would draw it.

use hayro_interpret::kurbo::{Affine, Point};
use hayro_interpret::util::TransformExt as _;
use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Object, Rect, String as Text};
use hayro_syntax::page::Page;
use sekisho_disarm::{Budget, Refusal};

use super::words::Word;

/// Fields above a widget that are asked for its value.
const MAX_PARENTS: usize = 16;

/// Characters of a value that are taken.
const MAX_VALUE: usize = 100_000;

/// Height of letters of a value, and of its lines, in points.
const SIZE: f64 = 10.0;
const LEADING: f64 = 12.0;

/// Flags of annotations that are not shown: hidden, not viewed (12.5.3).
const UNSEEN: u32 = 1 << 1 | 1 << 5;

/// Whether the form's appearances are to be made anew by the reader.
pub(crate) struct Fields {
    stale: bool,
}

impl Fields {
    /// The form of `pdf`.
    pub(crate) fn of(pdf: &Pdf) -> Self {
        let root = pdf.xref().get::<Dict<'_>>(pdf.xref().root_id());
        let form = root.and_then(|root| root.get::<Dict<'_>>("AcroForm"));
        Self { stale: form.and_then(|form| form.get::<bool>("NeedAppearances")).unwrap_or(false) }
    }

    /// Values on `page` that no appearance shows, as words in their places.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] beyond the budget.
    pub(crate) fn words(&self, page: &Page<'_>, budget: &mut Budget) -> Result<Vec<Word>, Refusal> {
        let mut words = Vec::new();
        let Some(annotations) = page.raw().get::<Array<'_>>("Annots") else { return Ok(words) };
        let transform = page.initial_transform(true).to_kurbo();
        for annotation in annotations.iter::<Dict<'_>>() {
            budget.steps(16)?;
            let Some((value, rect)) = self.value(&annotation) else { continue };
            budget.steps(value.len() as u64)?;
            words.extend(lines(&value, rect, transform));
        }
        Ok(words)
    }

    fn value(&self, annotation: &Dict<'_>) -> Option<(String, Rect)> {
        let widget = annotation.get::<Name<'_>>("Subtype").is_some_and(|name| &*name == b"Widget");
        let drawn = annotation.get::<Dict<'_>>("AP").is_some_and(|looks| looks.contains_key("N")) && !self.stale;
        if !widget || drawn || annotation.get::<u32>("F").unwrap_or(0) & UNSEEN != 0 {
            return None;
        }
        let kind = inherited(annotation, "FT")?.into_name()?;
        if !matches!(&*kind, b"Tx" | b"Ch") {
            return None;
        }
        let value = match inherited(annotation, "V")? {
            Object::String(text) => text_string(&text),
            Object::Stream(_) | Object::Null(_) | Object::Boolean(_) | Object::Number(_) => return None,
            Object::Name(_) | Object::Dict(_) => return None,
            Object::Array(choices) => {
                choices.iter::<Text<'_>>().map(|text| text_string(&text)).collect::<Vec<_>>().join("\n")
            }
        };
        let value: String = value.chars().take(MAX_VALUE).collect();
        Some((value, annotation.get::<Rect>("Rect")?))
    }
}

/// An entry of a field or of the nearest field above that has it (12.7.3.1).
fn inherited<'a>(field: &Dict<'a>, key: &str) -> Option<Object<'a>> {
    let mut field = field.clone();
    for _ in 0..MAX_PARENTS {
        if let Some(value) = field.get::<Object<'a>>(key) {
            return Some(value);
        }
        field = field.get::<Dict<'a>>("Parent")?;
    }
    None
}

/// A text string (7.9.2.2): UTF-16 or UTF-8 with a mark, else `PDFDocEncoding`,
/// which is Latin-1 in all that fields hold.
fn text_string(text: &[u8]) -> String {
    match text {
        [0xfe, 0xff, rest @ ..] => {
            let units = rest.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        [0xff, 0xfe, rest @ ..] => {
            let units = rest.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => text.iter().map(|octet| char::from(*octet)).collect(),
    }
}

/// The lines of a value, one below the other from the top of its field.
fn lines(value: &str, rect: Rect, transform: Affine) -> Vec<Word> {
    let mut words = Vec::new();
    let mut below = SIZE;
    for line in value.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()) {
        let count = line.chars().count();
        #[expect(clippy::cast_precision_loss, reason = "bounded by MAX_VALUE")]
        let length = count as f64 * SIZE / 2.0;
        let from = transform * Point::new(rect.x0, rect.y1 - below);
        let to = transform * Point::new(rect.x0 + length, rect.y1 - below);
        below += LEADING;
        let numbers = [from.x, from.y, to.x, to.y];
        if numbers.iter().all(|number| number.is_finite() && number.abs() < 1e6) {
            let advance = (to.x - from.x, to.y - from.y);
            words.push(Word {
                text: line.to_owned(),
                origin: (from.x, from.y),
                advance,
                size: SIZE,
                vertical: false,
                space: true,
            });
        }
    }
    words
}
