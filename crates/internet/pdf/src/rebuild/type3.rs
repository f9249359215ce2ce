//! Type 3 fonts, whose glyphs are contents (ISO 32000-1 9.6.5).

use hayro_syntax::object::{Array, Dict, Object, Stream};
use sekisho_disarm::Refusal;

use super::font::FontId;
use super::glyphs::Drawn;
use super::{Job, Rebuild, read};
use crate::write::{Dictionary, Ref, Value};

/// A Type 3 font on its way.
pub(super) struct Type3 {
    used: [bool; 256],
    /// Glyphs by code.
    glyphs: Vec<(u8, f64, Ref)>,
    /// Resources that its glyphs name; no name is in two of them.
    resources: Vec<Dictionary>,
}

impl Type3 {
    pub(super) fn note(&mut self, code: u8) {
        self.used[usize::from(code)] = true;
    }

    /// Codes that are used and have a glyph.
    pub(super) fn codes(&self) -> Vec<u8> {
        self.glyphs.iter().map(|(code, _, _)| *code).filter(|code| self.used[usize::from(*code)]).collect()
    }
}

impl<'a> Rebuild<'a, '_> {
    /// Reads the glyphs, which are made later.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] beyond a bound.
    pub(super) fn type3_style(&mut self, source: &Dict<'a>, id: FontId) -> Result<Option<Type3>, Refusal> {
        let Some(procedures) = source.get::<Dict<'a>>("CharProcs") else { return Ok(None) };
        let encoding = source.get::<Dict<'a>>("Encoding").unwrap_or_default();
        let Some(differences) = encoding.get::<Array<'a>>("Differences") else { return Ok(None) };
        let widths = read::numbers(source, "Widths").unwrap_or_default();
        let first = read::integer(source, "FirstChar").unwrap_or(0);
        let resources = read::resources(self.xref, source).unwrap_or_default();
        let mut code = 0_i64;
        let mut glyphs: Vec<(u8, f64, Ref)> = Vec::new();
        for item in differences.iter::<Object<'a>>().take(2048) {
            match item {
                Object::Number(number) => code = number.as_i64(),
                Object::Name(name) => {
                    let at = u8::try_from(code).ok();
                    code = code.saturating_add(1);
                    let (Some(at), Some(stream)) = (at, procedures.get::<Stream<'a>>(&*name)) else { continue };
                    if glyphs.iter().any(|(known, _, _)| *known == at) {
                        continue;
                    }
                    let width = usize::try_from(i64::from(at) - first).ok().and_then(|at| widths.get(at)).copied();
                    let place = self.objects.reserve();
                    glyphs.push((at, width.unwrap_or(0.0), place));
                    self.put_off(Job::Glyph(stream, (id, at, width.unwrap_or(0.0)), place, resources.clone()))?;
                }
                _ => {}
            }
        }
        glyphs.sort_by_key(|(code, _, _)| *code);
        Ok(Some(Type3 { used: [false; 256], glyphs, resources: Vec::new() }))
    }

    /// Makes a glyph.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn glyph(
        &mut self,
        stream: &Stream<'a>,
        (id, code, width): (FontId, u8, f64),
        place: Ref,
        resources: &Dict<'a>,
    ) -> Result<(), Refusal> {
        let data = self.data_of(stream)?;
        let written = self.contents(&data, resources, Some((code, width)))?;
        self.objects.set_stream(place, Dictionary::new(), written.data);
        if let Some(type3) = self.fonts.type3(id) {
            type3.resources.push(written.resources);
        }
        Ok(())
    }

    /// Writes the font.
    pub(super) fn finish_type3(&mut self, place: Ref, source: &Dict<'a>, type3: &Type3, drawn: &[Drawn]) {
        let used: Vec<&(u8, f64, Ref)> =
            type3.glyphs.iter().filter(|(code, _, _)| type3.used[usize::from(*code)]).collect();
        let mut new = Dictionary::of_type("Font").with("Subtype", Value::name("Type3"));
        new.set("FontBBox", Value::numbers(read::rectangle(source, "FontBBox").unwrap_or_default()));
        let matrix = read::exactly::<6>(source, "FontMatrix").unwrap_or([0.001, 0.0, 0.0, 0.001, 0.0, 0.0]);
        // Five places behind the point are too few for a matrix: see `Value::Fine`.
        new.set("FontMatrix", Value::Array(matrix.into_iter().map(Value::Fine).collect()));
        let first = used.first().map_or(0, |(code, _, _)| *code);
        let last = used.last().map_or(0, |(code, _, _)| *code);
        let mut widths = vec![0.0; usize::from(last - first) + 1];
        let mut differences = Vec::new();
        let mut procedures = Dictionary::new();
        for (code, width, glyph) in &used {
            widths[usize::from(*code - first)] = *width;
            let name = format!("c{code:02x}");
            differences.extend([Value::Int((*code).into()), Value::name(&name)]);
            procedures.set_own(name, (*glyph).into());
        }
        new.set("FirstChar", Value::Int(first.into()));
        new.set("LastChar", Value::Int(last.into()));
        new.set("Widths", Value::numbers(widths));
        new.set("CharProcs", procedures.into());
        let encoding = Dictionary::of_type("Encoding").with("Differences", Value::Array(differences));
        new.set("Encoding", encoding.into());
        new.set("Resources", Dictionary::merged(&type3.resources).into());
        self.set_unicode(&mut new, drawn, 1);
        self.objects.set(place, new);
    }
}
