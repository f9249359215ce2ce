//! Text of form fields that have a value and no appearance (ISO 32000-1
//! 12.7.3.3): drawn as a reader's program would draw it.

use hayro_syntax::object::{Array, Dict, Name, Object, String as PdfString};
use sekisho_disarm::Refusal;

use super::outline::decoded_text;
use super::{Rebuild, read};
use crate::write::{Dictionary, Ref, Value, spell_number};

/// Fields above each other.
const MAX_PARENTS: usize = 32;

/// Characters of one field that are drawn.
const MAX_CHARACTERS: usize = 10_000;

/// Fields and pages: `Multiline` (Table 228).
const MULTILINE: i64 = 1 << 12;

/// `Password`.
const PASSWORD: i64 = 1 << 13;

impl<'a> Rebuild<'a, '_> {
    /// A form with the value of a text or choice field.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn field_text(
        &mut self,
        field: &Dict<'a>,
        form: &Dict<'a>,
        rectangle: [f64; 4],
    ) -> Result<Option<Ref>, Refusal> {
        let kind = inherited::<Name<'a>>(field, |dict| dict.get("FT"));
        let flags = inherited(field, |dict| read::integer(dict, "Ff")).unwrap_or(0);
        if !matches!(kind.as_deref(), Some(b"Tx" | b"Ch")) || flags & PASSWORD != 0 {
            return Ok(None);
        }
        let Some(text) = inherited(field, value).filter(|text| !text.trim().is_empty()) else { return Ok(None) };
        let (width, height) = (rectangle[2] - rectangle[0], rectangle[3] - rectangle[1]);
        let da = inherited(field, |dict| dict.get::<PdfString<'a>>("DA")).or_else(|| form.get("DA"));
        let wanted = da.as_ref().and_then(|da| font_size(da.as_bytes())).filter(|size| *size > 0.0);
        let multiline = flags & MULTILINE != 0;
        let size = wanted.unwrap_or(if multiline { 10.0 } else { (height * 0.65).clamp(4.0, 12.0) });
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let data = drawn(&lines, size, (width, height), multiline);
        let new = Dictionary::of_type("XObject").with("Subtype", Value::name("Form"));
        let new = new.with("BBox", Value::numbers([0.0, 0.0, width, height]));
        let fonts = Dictionary::new().with("F1", self.plain_font().into()).with("F2", self.japanese_font().into());
        let resources = Dictionary::new().with("Font", fonts.into());
        Ok(Some(self.objects.add_stream(new.with("Resources", resources.into()), data)))
    }

    /// Helvetica, which every reader has.
    fn plain_font(&mut self) -> Ref {
        let new = Dictionary::of_type("Font").with("Subtype", Value::name("Type1"));
        let new = new.with("BaseFont", Value::name("Helvetica")).with("Encoding", Value::name("WinAnsiEncoding"));
        self.objects.add(new)
    }

    /// A Japanese gothic that every reader has or replaces.
    fn japanese_font(&mut self) -> Ref {
        let info = Dictionary::new().with("Registry", Value::Text(b"Adobe".to_vec()));
        let info = info.with("Ordering", Value::Text(b"Japan1".to_vec())).with("Supplement", Value::Int(2));
        let name = "HeiseiKakuGo-W5";
        let descriptor = Dictionary::of_type("FontDescriptor").with("FontName", Value::name(name));
        let descriptor =
            descriptor.with("Flags", Value::Int(4)).with("FontBBox", Value::numbers([-92, -250, 1010, 922]));
        let descriptor = descriptor.with("ItalicAngle", Value::Int(0)).with("Ascent", Value::Int(709));
        let descriptor = descriptor.with("Descent", Value::Int(-241)).with("CapHeight", Value::Int(718));
        let descriptor = self.objects.add(descriptor.with("StemV", Value::Int(114)));
        let child = Dictionary::of_type("Font").with("Subtype", Value::name("CIDFontType0"));
        let child = child.with("BaseFont", Value::name(name)).with("CIDSystemInfo", info.into());
        let child = self.objects.add(child.with("DW", Value::Int(1000)).with("FontDescriptor", descriptor.into()));
        let new = Dictionary::of_type("Font").with("Subtype", Value::name("Type0")).with("BaseFont", Value::name(name));
        let new = new.with("Encoding", Value::name("UniJIS-UTF16-H"));
        self.objects.add(new.with("DescendantFonts", Value::Array(vec![child.into()])))
    }
}

/// A value of the field, or of one above it.
fn inherited<'a, T>(field: &Dict<'a>, read: impl Fn(&Dict<'a>) -> Option<T>) -> Option<T> {
    let mut node = field.clone();
    for _ in 0..MAX_PARENTS {
        if let Some(found) = read(&node) {
            return Some(found);
        }
        node = node.get::<Dict<'a>>("Parent")?;
    }
    None
}

fn value(dict: &Dict<'_>) -> Option<String> {
    let text = match dict.get::<Object<'_>>("V")? {
        Object::String(text) => decoded_text(text.as_bytes()),
        Object::Array(several) => joined(&several),
        _ => return None,
    };
    Some(text.chars().take(MAX_CHARACTERS).collect())
}

fn joined(several: &Array<'_>) -> String {
    let texts = several.iter::<PdfString<'_>>().take(100).map(|text| decoded_text(text.as_bytes()));
    texts.collect::<Vec<_>>().join("\n")
}

/// The size in a default appearance: the number before `Tf`.
fn font_size(da: &[u8]) -> Option<f64> {
    let text = str::from_utf8(da).ok()?;
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let at = words.iter().position(|word| *word == "Tf")?;
    words.get(at.checked_sub(1)?)?.parse::<f64>().ok().filter(|size| (0.0..=500.0).contains(size))
}

fn drawn(lines: &[String], size: f64, (width, height): (f64, f64), multiline: bool) -> Vec<u8> {
    let mut out = b"q\n".to_vec();
    let mut numbers = |numbers: &[f64], operator: &str| {
        numbers.iter().for_each(|number| {
            spell_number(&mut out, *number);
            out.push(b' ');
        });
        out.extend(operator.as_bytes());
        out.push(b'\n');
    };
    numbers(&[0.0, 0.0, width, height], "re W n\nBT\n0 g");
    let first = if multiline { height - size - 2.0 } else { (height - size) / 2.0 + size * 0.22 };
    numbers(&[2.0, first], "Td");
    numbers(&[size * 1.15], "TL");
    for line in lines {
        for run in runs(line) {
            out.extend(if run.0 { b"/F2 ".as_slice() } else { b"/F1 " });
            spell_number(&mut out, size);
            out.extend(b" Tf\n");
            crate::write::spell_string(&mut out, &run.1);
            out.extend(b"Tj\n");
        }
        out.extend(b"T*\n");
    }
    out.extend(b"ET\nQ\n");
    out
}

/// Runs of Latin-1 (one octet each) and of the rest (UTF-16).
fn runs(line: &str) -> Vec<(bool, Vec<u8>)> {
    let mut runs: Vec<(bool, Vec<u8>)> = Vec::new();
    for c in line.chars().filter(|c| sekisho_safe_message::is_safe_char(*c)) {
        let latin = u8::try_from(u32::from(c)).ok().filter(|octet| matches!(octet, 0x20..=0x7e | 0xa1..=0xff));
        let wide = latin.is_none();
        if runs.last().is_none_or(|run| run.0 != wide) {
            runs.push((wide, Vec::new()));
        }
        let Some((_, run)) = runs.last_mut() else { continue };
        match latin {
            Some(octet) => run.push(octet),
            None => run.extend(c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes())),
        }
    }
    runs
}
