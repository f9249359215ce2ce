//! Patterns, shadings and forms (ISO 32000-1 8.7, 8.10).

use hayro_syntax::object::{Dict, Name, Object, Stream, dict_or_stream};
use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;

use super::{Job, Rebuild, Role, read};
use crate::filters;
use crate::write::{Dictionary, Ref, Value};

/// A shading: its dictionary, and the mesh that some types have.
type Shading = (Dictionary, Option<Vec<u8>>);

impl<'a> Rebuild<'a, '_> {
    /// The place of a form, which is made later.
    ///
    /// # Errors
    /// [`Refusal::TooLarge`] beyond a bound.
    pub(super) fn form_place(&mut self, stream: &Stream<'a>, around: &Dict<'a>) -> Result<Ref, Refusal> {
        let (place, new) = self.place(stream.dict().data(), Role::XObject);
        if new {
            self.put_off(Job::Form(stream.clone(), place, around.clone()))?;
        }
        Ok(place)
    }

    /// Makes a form. One that cannot be read is empty.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn form(&mut self, stream: &Stream<'a>, place: Ref, around: &Dict<'a>) -> Result<(), Refusal> {
        let dict = stream.dict();
        if dict.contains_key("Ref") {
            self.removed.insert(Removal::ExternalReference);
        }
        let data = self.data_of(stream)?;
        let resources = read::resources(self.xref, dict).unwrap_or_else(|| around.clone());
        let written = self.contents(&data, &resources, None)?;
        let mut new = Dictionary::of_type("XObject").with("Subtype", Value::name("Form"));
        new.set("BBox", Value::numbers(read::rectangle(dict, "BBox").unwrap_or_default()));
        new.set_some("Matrix", read::exactly::<6>(dict, "Matrix").map(Value::numbers));
        let group = self.group(dict, &resources)?;
        new.set_some("Group", group);
        new.set("Resources", written.resources.into());
        self.objects.set_stream(place, new, written.data);
        Ok(())
    }

    /// Data of contents. What cannot be read at all draws nothing.
    pub(super) fn data_of(&mut self, stream: &Stream<'a>) -> Result<Vec<u8>, Refusal> {
        if filters::is_external(stream.dict()) {
            self.removed.insert(Removal::ExternalReference);
            return Ok(Vec::new());
        }
        match filters::decode(stream, self.budget) {
            Err(Refusal::Malformed | Refusal::Unsupported) => Ok(Vec::new()),
            other => other,
        }
    }

    /// A transparency group (11.6.6).
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn group(&mut self, dict: &Dict<'a>, resources: &Dict<'a>) -> Result<Option<Value>, Refusal> {
        let Some(group) = dict.get::<Dict<'a>>("Group") else { return Ok(None) };
        if group.get::<Name<'_>>("S").as_deref() != Some(b"Transparency") {
            return Ok(None);
        }
        let mut new = Dictionary::new().with("S", Value::name("Transparency"));
        let spaces = resources.get::<Dict<'a>>("ColorSpace").unwrap_or_default();
        new.set_some("CS", self.space_at(&group, "CS", &spaces)?.map(|space| space.value));
        new.set_some("I", read::truth(&group, "I"));
        new.set_some("K", read::truth(&group, "K"));
        Ok(Some(new.into()))
    }

    /// Reads a pattern; `None` if it cannot be read.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn pattern(&mut self, object: Object<'a>, around: &Dict<'a>) -> Result<Option<Value>, Refusal> {
        let Some((dict, stream)) = dict_or_stream(&object) else { return Ok(None) };
        match (read::integer(dict, "PatternType"), stream) {
            (Some(1), Some(stream)) if read::rectangle(dict, "BBox").is_some() => {
                let (place, new) = self.place(dict.data(), Role::Pattern);
                if new {
                    self.put_off(Job::Tiling(stream.clone(), place, around.clone()))?;
                }
                Ok(Some(place.into()))
            }
            (Some(2), _) => self.shading_pattern(dict, around),
            _ => Ok(None),
        }
    }

    fn shading_pattern(&mut self, dict: &Dict<'a>, around: &Dict<'a>) -> Result<Option<Value>, Refusal> {
        let Some(shading) = dict.get::<Object<'a>>("Shading") else { return Ok(None) };
        let spaces = around.get::<Dict<'a>>("ColorSpace").unwrap_or_default();
        let Some(shading) = self.shading(shading, &spaces)? else { return Ok(None) };
        let mut new = Dictionary::of_type("Pattern").with("PatternType", Value::Int(2)).with("Shading", shading);
        new.set_some("Matrix", read::exactly::<6>(dict, "Matrix").map(Value::numbers));
        if let Some(state) = dict.get::<Dict<'a>>("ExtGState") {
            let state = self.ext_state(&state)?;
            new.set("ExtGState", state);
        }
        Ok(Some(self.objects.add(new).into()))
    }

    /// Makes a tiling pattern.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn tiling(&mut self, stream: &Stream<'a>, place: Ref, around: &Dict<'a>) -> Result<(), Refusal> {
        let dict = stream.dict();
        let data = self.data_of(stream)?;
        let resources = read::resources(self.xref, dict).unwrap_or_else(|| around.clone());
        let written = self.contents(&data, &resources, None)?;
        let choice = |key, most| read::integer(dict, key).filter(|kind| (1..=most).contains(kind)).unwrap_or(1);
        let step = |key, corner: f64| {
            let given = read::number(dict, key).filter(|step| step.abs() > 1e-4);
            Value::Real(given.unwrap_or(if corner.abs() > 1e-4 { corner } else { 1.0 }))
        };
        let bbox = read::rectangle(dict, "BBox").unwrap_or_default();
        let mut new = Dictionary::of_type("Pattern").with("PatternType", Value::Int(1));
        new.set("PaintType", Value::Int(choice("PaintType", 2)));
        new.set("TilingType", Value::Int(choice("TilingType", 3)));
        new.set("BBox", Value::numbers(bbox));
        new.set("XStep", step("XStep", bbox[2] - bbox[0]));
        new.set("YStep", step("YStep", bbox[3] - bbox[1]));
        new.set_some("Matrix", read::exactly::<6>(dict, "Matrix").map(Value::numbers));
        new.set("Resources", written.resources.into());
        self.objects.set_stream(place, new, written.data);
        Ok(())
    }

    /// Reads a shading; `None` if it cannot be read.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn shading(&mut self, object: Object<'a>, spaces: &Dict<'a>) -> Result<Option<Value>, Refusal> {
        let Some((dict, stream)) = dict_or_stream(&object) else { return Ok(None) };
        let (place, is_new) = self.place(dict.data(), Role::Shading);
        if !is_new {
            return Ok(Some(place.into()));
        }
        let made = self.shading_of(dict, stream, spaces)?;
        let Some((new, data)) = made else {
            self.made.remove(&(dict.data().as_ptr().addr(), Role::Shading));
            return Ok(None);
        };
        match data {
            Some(data) => self.objects.set_stream(place, new, data),
            None => self.objects.set(place, new),
        }
        Ok(Some(place.into()))
    }

    fn shading_of(
        &mut self,
        dict: &Dict<'a>,
        stream: Option<&Stream<'a>>,
        spaces: &Dict<'a>,
    ) -> Result<Option<Shading>, Refusal> {
        let Some(kind) = read::integer(dict, "ShadingType").filter(|kind| (1..=7).contains(kind)) else {
            return Ok(None);
        };
        let Some(space) = self.space_at(dict, "ColorSpace", spaces)?.filter(|space| space.components > 0) else {
            return Ok(None);
        };
        let mut new = Dictionary::new().with("ShadingType", Value::Int(kind)).with("ColorSpace", space.value);
        let background = read::numbers(dict, "Background").filter(|color| color.len() == space.components);
        new.set_some("Background", background.map(Value::numbers));
        new.set_some("BBox", read::rectangle(dict, "BBox").map(Value::numbers));
        new.set_some("AntiAlias", read::truth(dict, "AntiAlias"));
        let function = self.functions(dict, "Function")?;
        let needs_function = kind <= 3;
        if needs_function && function.is_none() {
            return Ok(None);
        }
        new.set_some("Function", function);
        if kind >= 4 {
            let Some(stream) = stream else { return Ok(None) };
            let data = self.data_of(stream)?;
            return Ok(mesh(&mut new, dict, kind).map(|()| (new, Some(data))));
        }
        Ok(axes(&mut new, dict, kind).map(|()| (new, None)))
    }
}

/// The keys of types 1 to 3.
fn axes(new: &mut Dictionary, dict: &Dict<'_>, kind: i64) -> Option<()> {
    match kind {
        1 => {
            new.set_some("Domain", read::exactly::<4>(dict, "Domain").map(Value::numbers));
            new.set_some("Matrix", read::exactly::<6>(dict, "Matrix").map(Value::numbers));
            return Some(());
        }
        2 => new.set("Coords", Value::numbers(read::exactly::<4>(dict, "Coords")?)),
        _ => new.set("Coords", Value::numbers(read::exactly::<6>(dict, "Coords")?)),
    }
    new.set_some("Domain", read::exactly::<2>(dict, "Domain").map(Value::numbers));
    new.set_some("Extend", extend(dict));
    Some(())
}

fn extend(dict: &Dict<'_>) -> Option<Value> {
    let both: Vec<Value> =
        dict.get::<hayro_syntax::object::Array<'_>>("Extend")?.iter::<bool>().take(2).map(Value::Bool).collect();
    (both.len() == 2).then_some(Value::Array(both))
}

/// The keys of types 4 to 7.
fn mesh(new: &mut Dictionary, dict: &Dict<'_>, kind: i64) -> Option<()> {
    let bits = |key, list: &[i64]| read::integer(dict, key).filter(|bits| list.contains(bits)).map(Value::Int);
    new.set("BitsPerCoordinate", bits("BitsPerCoordinate", &[1, 2, 4, 8, 12, 16, 24, 32])?);
    new.set("BitsPerComponent", bits("BitsPerComponent", &[1, 2, 4, 8, 12, 16])?);
    let decode = read::numbers(dict, "Decode").filter(|decode| decode.len() >= 6 && decode.len().is_multiple_of(2))?;
    new.set("Decode", Value::numbers(decode));
    match kind {
        5 => {
            let row = read::integer(dict, "VerticesPerRow").filter(|row| (2..=65_535).contains(row))?;
            new.set("VerticesPerRow", Value::Int(row));
        }
        _ => new.set("BitsPerFlag", bits("BitsPerFlag", &[2, 4, 8])?),
    }
    Some(())
}
