//! Annotations: what they show becomes part of the page; links to the web and
//! inside the file stay links (ISO 32000-1 12.5).

use hayro_syntax::object::{Array, Dict, Name, Object, Stream, String as PdfString};
use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;

use super::outline::Names;
use super::{Rebuild, read};
use crate::write::{Dictionary, Ref, Value, spell_number};

/// Annotations of one page.
const MAX_ANNOTATIONS: usize = 20_000;

/// Octets of a link's address.
const MAX_URI: usize = 2048;

/// `Hidden` and `NoView` (Table 165).
const UNSEEN: i64 = (1 << 1) | (1 << 5);

/// A form that is drawn over the page.
pub(super) struct Painted {
    pub(super) matrix: [f64; 6],
    pub(super) form: Ref,
}

/// What is left of a page's annotations.
#[derive(Default)]
pub(super) struct Annotations {
    pub(super) painted: Vec<Painted>,
    pub(super) links: Vec<Value>,
}

impl<'a> Rebuild<'a, '_> {
    /// Reads the annotations of a page.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn annotations(
        &mut self,
        page: &Dict<'a>,
        form: &Dict<'a>,
        names: &Names<'a>,
    ) -> Result<Annotations, Refusal> {
        let mut found = Annotations::default();
        let Some(array) = page.get::<Array<'a>>("Annots") else { return Ok(found) };
        for annotation in array.iter::<Dict<'a>>().take(MAX_ANNOTATIONS) {
            self.budget.steps(10)?;
            let subtype = annotation.get::<Name<'a>>("Subtype");
            let subtype = subtype.as_deref().unwrap_or_default();
            self.note_kind(subtype);
            if subtype == b"Link" {
                found.links.extend(self.link(&annotation, names));
            }
            if subtype == b"Popup" || !self.is_seen(&annotation) {
                continue;
            }
            match subtype {
                b"Link" if !annotation.contains_key("AP") => found.painted.extend(self.border(&annotation)),
                b"Widget" => self.widget(&annotation, form, &mut found.painted)?,
                _ => found.painted.extend(self.painted(&annotation, form)?),
            }
        }
        Ok(found)
    }

    fn note_kind(&mut self, subtype: &[u8]) {
        match subtype {
            b"Link" => {}
            b"Widget" => self.note(Removal::Form),
            b"FileAttachment" => self.note(Removal::EmbeddedFile),
            b"Screen" | b"Movie" | b"Sound" | b"RichMedia" | b"3D" => self.note(Removal::Multimedia),
            _ => self.note(Removal::Annotation),
        }
    }

    fn is_seen(&mut self, annotation: &Dict<'a>) -> bool {
        if annotation.get::<Dict<'a>>("OC").is_some_and(|group| self.layers.hides(&group)) {
            self.note(Removal::HiddenLayer);
            return false;
        }
        read::integer(annotation, "F").unwrap_or(0) & UNSEEN == 0
    }

    fn painted(&mut self, annotation: &Dict<'a>, form: &Dict<'a>) -> Result<Option<Painted>, Refusal> {
        let Some(rectangle) = read::rectangle(annotation, "Rect") else { return Ok(None) };
        if let Some(appearance) = appearance(annotation) {
            let Some(matrix) = placed(appearance.dict(), rectangle) else { return Ok(None) };
            let around = form.get::<Dict<'a>>("DR").unwrap_or_default();
            return Ok(Some(Painted { matrix, form: self.form_place(&appearance, &around)? }));
        }
        Ok(None)
    }

    /// A field: its appearance, and its value where that shows no text and
    /// the file leaves it to the reader's program to draw it.
    fn widget(&mut self, field: &Dict<'a>, form: &Dict<'a>, painted: &mut Vec<Painted>) -> Result<(), Refusal> {
        let shown = self.painted(field, form)?;
        let is_left = form.get::<bool>("NeedAppearances") == Some(true);
        let wants_text = match appearance(field) {
            None => shown.is_none(),
            Some(appearance) => is_left && !self.shows_text(&appearance)?,
        };
        painted.extend(shown);
        if let (true, Some(rectangle)) = (wants_text, read::rectangle(field, "Rect")) {
            let made = self.field_text(field, form, rectangle)?;
            painted.extend(made.map(|form| Painted { matrix: [1.0, 0.0, 0.0, 1.0, rectangle[0], rectangle[1]], form }));
        }
        Ok(())
    }

    fn shows_text(&mut self, appearance: &Stream<'a>) -> Result<bool, Refusal> {
        let data = self.data_of(appearance)?;
        Ok(crate::open::find(&data, b"Tj").is_some() || crate::open::find(&data, b"TJ").is_some())
    }

    /// A link that may stay. Its border is drawn on the page.
    fn link(&mut self, annotation: &Dict<'a>, names: &Names<'a>) -> Option<Value> {
        let rectangle = read::rectangle(annotation, "Rect")?;
        let mut new = Dictionary::of_type("Annot").with("Subtype", Value::name("Link"));
        new.set("Rect", Value::numbers(rectangle));
        new.set("Border", Value::Array(vec![Value::Int(0); 3]));
        let action = annotation.get::<Dict<'a>>("A");
        let (key, value) = self.target(annotation.get::<Object<'a>>("Dest"), action, names)?;
        new.set(key, value);
        Some(self.objects.add(new).into())
    }

    /// The border of a link (12.5.4), one point and black unless said.
    fn border(&mut self, annotation: &Dict<'a>) -> Option<Painted> {
        let [x0, y0, x1, y1] = read::rectangle(annotation, "Rect")?;
        let style = annotation.get::<Dict<'a>>("BS").unwrap_or_default();
        let border = annotation.get::<Array<'a>>("Border").and_then(|border| {
            border.iter::<Object<'a>>().nth(2).and_then(Object::into_number).map(|width| width.as_f64())
        });
        let width = read::number(&style, "W").or(border).unwrap_or(1.0);
        let color = match read::numbers(annotation, "C") {
            Some(color) if color.is_empty() => return None,
            Some(color) => color,
            None => vec![0.0],
        };
        let operator = match color.len() {
            1 => "G",
            3 => "RG",
            4 => "K",
            _ => return None,
        };
        if !(0.01..=50.0).contains(&width) {
            return None;
        }
        let mut data = Vec::new();
        let inset = width / 2.0;
        let (across, up) = (x1 - x0, y1 - y0);
        write_numbers(&mut data, &color, operator);
        write_numbers(&mut data, &[width], "w");
        if read::listed(&style, "S", &["U"]).is_some() {
            write_numbers(&mut data, &[0.0, inset], "m");
            write_numbers(&mut data, &[across, inset], "l\nS");
        } else {
            write_numbers(&mut data, &[inset, inset, across - width, up - width], "re\nS");
        }
        let new = Dictionary::of_type("XObject").with("Subtype", Value::name("Form"));
        let new = new.with("BBox", Value::numbers([0.0, 0.0, across, up]));
        let form = self.objects.add_stream(new.with("Resources", Dictionary::new().into()), data);
        Some(Painted { matrix: [1.0, 0.0, 0.0, 1.0, x0, y0], form })
    }

    /// Where a link or a title leads, if it may: `A` with an address on the
    /// web, or `Dest` with a page of this file.
    pub(super) fn target(
        &mut self,
        dest: Option<Object<'a>>,
        action: Option<Dict<'a>>,
        names: &Names<'a>,
    ) -> Option<(&'static str, Value)> {
        if let Some(dest) = dest {
            return self.destination(dest, names).map(|dest| ("Dest", dest));
        }
        let action = action?;
        let kind = action.get::<Name<'a>>("S");
        match kind.as_deref().unwrap_or_default() {
            b"GoTo" => {
                let dest = action.get::<Object<'a>>("D")?;
                self.destination(dest, names).map(|dest| ("Dest", dest))
            }
            b"URI" => {
                let address = action.get::<PdfString<'a>>("URI");
                let address = address.and_then(|address| address_of(address.as_bytes()));
                let Some(address) = address else {
                    self.note(Removal::Link);
                    return None;
                };
                let new = Dictionary::new().with("S", Value::name("URI")).with("URI", Value::Text(address));
                Some(("A", new.into()))
            }
            _ => {
                self.note(Removal::Action);
                None
            }
        }
    }
}

fn write_numbers(out: &mut Vec<u8>, numbers: &[f64], operator: &str) {
    for number in numbers {
        spell_number(out, *number);
        out.push(b' ');
    }
    out.extend(operator.as_bytes());
    out.push(b'\n');
}

/// An address on the web or of a mailbox, its scheme in lower case, in ASCII
/// without blanks or what could end it.
fn address_of(octets: &[u8]) -> Option<Vec<u8>> {
    let trimmed = octets.trim_ascii();
    let known = [&b"http://"[..], b"https://", b"mailto:"];
    let scheme = known.into_iter().find(|scheme| {
        trimmed.len() > scheme.len()
            && trimmed.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    })?;
    let rest = &trimmed[scheme.len()..];
    let plain = |octet: &u8| matches!(octet, 0x21..=0x7e) && !b"<>\"\\()".contains(octet);
    (trimmed.len() <= MAX_URI && rest.iter().all(plain)).then(|| [scheme, rest].concat())
}

/// The normal appearance in the state that is chosen (12.5.5).
fn appearance<'a>(annotation: &Dict<'a>) -> Option<Stream<'a>> {
    match annotation.get::<Dict<'a>>("AP")?.get::<Object<'a>>("N")? {
        Object::Stream(stream) => Some(stream),
        Object::Dict(states) => {
            let state = annotation.get::<Name<'a>>("AS");
            states.get::<Stream<'a>>(state.as_deref().unwrap_or(b"Off"))
        }
        _ => None,
    }
}

/// The matrix that puts an appearance into its rectangle (12.5.5, algorithm
/// 8.1): its box, turned by its own matrix, onto the rectangle.
fn placed(form: &Dict<'_>, rectangle: [f64; 4]) -> Option<[f64; 6]> {
    let [x0, y0, x1, y1] = read::rectangle(form, "BBox")?;
    let [a, b, c, d, e, f] = read::exactly::<6>(form, "Matrix").unwrap_or([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let corners = [(x0, y0), (x1, y0), (x0, y1), (x1, y1)].map(|(x, y)| (a * x + c * y + e, b * x + d * y + f));
    let least = corners.iter().fold((f64::MAX, f64::MAX), |least, at| (least.0.min(at.0), least.1.min(at.1)));
    let most = corners.iter().fold((f64::MIN, f64::MIN), |most, at| (most.0.max(at.0), most.1.max(at.1)));
    let (width, height) = (most.0 - least.0, most.1 - least.1);
    if width.abs() < 1e-6 || height.abs() < 1e-6 {
        return None;
    }
    let (sx, sy) = ((rectangle[2] - rectangle[0]) / width, (rectangle[3] - rectangle[1]) / height);
    Some([sx, 0.0, 0.0, sy, rectangle[0] - sx * least.0, rectangle[1] - sy * least.1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_stay() {
        for (address, stays) in [
            ("https://www.example.lg.jp/a?b=c#d", true),
            (" HTTP://example.jp ", true),
            ("mailto:a@example.jp", true),
            ("javascript:alert(1)", false),
            ("file:///etc/passwd", false),
            ("\\\\host\\share", false),
            ("http://a b", false),
            ("//example.jp", false),
            ("https://example.jp/\u{e9}", false),
        ] {
            assert_eq!(address_of(address.as_bytes()).is_some(), stays, "{address}");
        }
    }

    #[test]
    fn addresses_have_one_spelling_of_their_scheme() {
        for (given, want) in [
            ("https://example.jp/", Some("https://example.jp/")),
            (" httPs://Example.jp/A ", Some("https://Example.jp/A")),
            ("MAILTO:a@b.jp", Some("mailto:a@b.jp")),
            ("http://", None),
            ("https://", None),
            ("mailto:", None),
            ("https://a b", None),
            ("https://a)", None),
            ("javascript:alert(1)", None),
            ("file:///x", None),
            ("", None),
        ] {
            assert_eq!(address_of(given.as_bytes()).as_deref(), want.map(str::as_bytes), "{given}");
        }
    }
}
