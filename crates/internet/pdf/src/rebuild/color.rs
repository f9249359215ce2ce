//! Colour spaces (ISO 32000-1 8.6), without profiles.

use hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use sekisho_disarm::Refusal;
use sekisho_safe_message::Removal;

use super::{Rebuild, Role, read};
use crate::filters;
use crate::write::{Dictionary, Value};

/// Colour spaces inside each other: `Pattern` of `Indexed` of `Separation` of
/// `ICCBased` of its alternate.
const MAX_DEPTH: u32 = 6;

/// Colorants of `DeviceN` (Annex C).
const MAX_COLORANTS: usize = 32;

/// A colour space of ours.
#[derive(Debug, Clone)]
pub(super) struct Space {
    pub(super) value: Value,
    /// Components of a colour; 0 for patterns.
    pub(super) components: usize,
    pub(super) sort: Sort,
}

/// What a colour space is, as far as pictures want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Grey, RGB or CMYK of the device or measured.
    Plain,
    /// `Lab`, where samples have ranges of their own.
    Lab,
    Indexed,
    /// `Separation`, `DeviceN`.
    Inks,
    Pattern,
}

impl Space {
    /// The space of a device by its components.
    pub(super) fn device(components: usize) -> Option<Self> {
        let name = match components {
            1 => "DeviceGray",
            3 => "DeviceRGB",
            4 => "DeviceCMYK",
            _ => return None,
        };
        Some(Self { value: Value::name(name), components, sort: Sort::Plain })
    }
}

/// A space that is a name, in contents and in inline images.
pub(super) fn plain_space(name: &[u8]) -> Option<&'static str> {
    Some(match name {
        b"DeviceGray" | b"G" | b"CalGray" => "DeviceGray",
        b"DeviceRGB" | b"RGB" | b"CalRGB" => "DeviceRGB",
        b"DeviceCMYK" | b"CMYK" | b"CalCMYK" => "DeviceCMYK",
        b"Pattern" => "Pattern",
        _ => return None,
    })
}

fn named(name: &[u8]) -> Option<Space> {
    match plain_space(name)? {
        "DeviceGray" => Space::device(1),
        "DeviceRGB" => Space::device(3),
        "DeviceCMYK" => Space::device(4),
        _ => Some(Space { value: Value::name("Pattern"), components: 0, sort: Sort::Pattern }),
    }
}

impl<'a> Rebuild<'a, '_> {
    /// Reads a colour space; names that are no device's are looked for in
    /// `spaces`. `None`: it cannot be read.
    ///
    /// # Errors
    /// [`Refusal`] beyond a bound.
    pub(super) fn color_space(
        &mut self,
        object: Object<'a>,
        spaces: &Dict<'a>,
        depth: u32,
    ) -> Result<Option<Space>, Refusal> {
        self.budget.steps(50)?;
        if depth > MAX_DEPTH {
            return Ok(None);
        }
        match object {
            Object::Name(name) => {
                if let Some(space) = named(&name) {
                    return Ok(Some(space));
                }
                match spaces.get::<Object<'a>>(&*name) {
                    Some(other) => self.color_space(other, &Dict::empty(), depth + 1),
                    None => Ok(None),
                }
            }
            Object::Array(array) => self.space_of(&array, spaces, depth),
            _ => Ok(None),
        }
    }

    fn space_of(&mut self, array: &Array<'a>, spaces: &Dict<'a>, depth: u32) -> Result<Option<Space>, Refusal> {
        let mut items = array.iter::<Object<'a>>();
        let Some(Object::Name(family)) = items.next() else { return Ok(None) };
        let first = items.next();
        match &*family {
            b"ICCBased" => self.profile(first, spaces, depth),
            b"CalGray" => Ok(first.and_then(Object::into_dict).map(|dict| measured("CalGray", &dict, 1))),
            b"CalRGB" => Ok(first.and_then(Object::into_dict).map(|dict| measured("CalRGB", &dict, 3))),
            b"Lab" => Ok(first.and_then(Object::into_dict).map(|dict| measured("Lab", &dict, 3))),
            b"Indexed" | b"I" => self.indexed(first, items.next(), items.next(), (spaces, depth)),
            b"Separation" => {
                let Some(Object::Name(name)) = first else { return Ok(None) };
                let inks = vec![colorant(&name).unwrap_or_else(|| b"Spot".to_vec())];
                self.inks("Separation", inks, items.next(), items.next(), (spaces, depth))
            }
            b"DeviceN" => {
                let Some(Object::Array(names)) = first else { return Ok(None) };
                let inks = distinct(&names);
                self.inks("DeviceN", inks, items.next(), items.next(), (spaces, depth))
            }
            b"Pattern" => {
                let under = match first {
                    Some(under) => self.color_space(under, spaces, depth + 1)?,
                    None => None,
                };
                let value = match under {
                    Some(under) => Value::Array(vec![Value::name("Pattern"), under.value]),
                    None => Value::name("Pattern"),
                };
                Ok(Some(Space { value, components: 0, sort: Sort::Pattern }))
            }
            other => Ok(named(other)),
        }
    }

    /// A profile is a program for colours: the device's space of as many
    /// components stands in for it.
    fn profile(&mut self, stream: Option<Object<'a>>, spaces: &Dict<'a>, depth: u32) -> Result<Option<Space>, Refusal> {
        let Some(Object::Stream(stream)) = stream else { return Ok(None) };
        self.removed.insert(Removal::ColorProfile);
        let dict = stream.dict();
        let components = read::integer(dict, "N").and_then(|count| usize::try_from(count).ok());
        if let Some(space) = components.and_then(Space::device) {
            return Ok(Some(space));
        }
        match dict.get::<Object<'a>>("Alternate") {
            Some(other) => self.color_space(other, spaces, depth + 1),
            None => Ok(None),
        }
    }

    fn indexed(
        &mut self,
        base: Option<Object<'a>>,
        most: Option<Object<'a>>,
        lookup: Option<Object<'a>>,
        (spaces, depth): (&Dict<'a>, u32),
    ) -> Result<Option<Space>, Refusal> {
        let (Some(base), Some(Object::Number(most)), Some(lookup)) = (base, most, lookup) else { return Ok(None) };
        let Some(base) = self.color_space(base, spaces, depth + 1)? else { return Ok(None) };
        if base.components == 0 || base.sort == Sort::Indexed {
            return Ok(None);
        }
        let table = match lookup {
            Object::String(text) => text.as_bytes().to_vec(),
            Object::Stream(stream) => filters::decode(&stream, self.budget)?,
            _ => return Ok(None),
        };
        Ok(Some(palette(&base, most.as_i64(), table)))
    }

    fn inks(
        &mut self,
        family: &'static str,
        inks: Vec<Vec<u8>>,
        alternate: Option<Object<'a>>,
        tint: Option<Object<'a>>,
        (spaces, depth): (&Dict<'a>, u32),
    ) -> Result<Option<Space>, Refusal> {
        let (Some(alternate), Some(tint)) = (alternate, tint) else { return Ok(None) };
        if inks.is_empty() || inks.len() > MAX_COLORANTS {
            return Ok(None);
        }
        let Some(alternate) = self.color_space(alternate, spaces, depth + 1)? else { return Ok(None) };
        let Some(tint) = self.function(tint, 0)? else { return Ok(None) };
        if !matches!(alternate.sort, Sort::Plain | Sort::Lab) {
            return Ok(None);
        }
        let components = inks.len();
        let mut names: Vec<Value> = inks.into_iter().map(Value::Name).collect();
        let names = if family == "DeviceN" { Value::Array(names) } else { names.swap_remove(0) };
        let value = Value::Array(vec![Value::name(family), names, alternate.value, tint]);
        Ok(Some(Space { value, components, sort: Sort::Inks }))
    }

    /// A colour space of an image or a group as a value of its own.
    ///
    /// # Errors
    /// As [`Rebuild::color_space`].
    pub(super) fn space_at(&mut self, dict: &Dict<'a>, key: &str, spaces: &Dict<'a>) -> Result<Option<Space>, Refusal> {
        match dict.get::<Object<'a>>(key) {
            Some(object) => self.color_space(object, spaces, 0),
            None => Ok(None),
        }
    }

    /// The same as an object of its own if it is more than a name, so that
    /// those who share it share it.
    pub(super) fn shared_space(&mut self, source: &[u8], space: &Space) -> Value {
        if !matches!(space.value, Value::Array(_)) {
            return space.value.clone();
        }
        let (place, new) = self.place(source, Role::Space);
        if new {
            self.objects.set(place, space.value.clone());
        }
        place.into()
    }
}

/// An `Indexed` space, its table cut or filled to what it has to be.
pub(super) fn palette(base: &Space, most: i64, mut table: Vec<u8>) -> Space {
    let most = most.clamp(0, 255);
    let entries = usize::try_from(most).unwrap_or_default() + 1;
    table.resize(entries * base.components, 0);
    let value = vec![Value::name("Indexed"), base.value.clone(), Value::Int(most), Value::Text(table)];
    Space { value: Value::Array(value), components: 1, sort: Sort::Indexed }
}

fn measured(family: &'static str, dict: &Dict<'_>, components: usize) -> Space {
    let mut new = Dictionary::new();
    let white =
        read::exactly::<3>(dict, "WhitePoint").filter(|white| white[0] > 0.0 && white[1] == 1.0 && white[2] > 0.0);
    let Some(white) = white else {
        let device = if components == 1 { "DeviceGray" } else { "DeviceRGB" };
        return Space { value: Value::name(device), components, sort: Sort::Plain };
    };
    new.set("WhitePoint", Value::numbers(white));
    new.set_some("BlackPoint", read::exactly::<3>(dict, "BlackPoint").map(Value::numbers));
    match family {
        "CalGray" => new.set_some("Gamma", read::number(dict, "Gamma").map(Value::Real)),
        "CalRGB" => {
            new.set_some("Gamma", read::exactly::<3>(dict, "Gamma").map(Value::numbers));
            new.set_some("Matrix", read::exactly::<9>(dict, "Matrix").map(Value::numbers));
        }
        _ => new.set_some("Range", read::exactly::<4>(dict, "Range").map(Value::numbers)),
    }
    let sort = if family == "Lab" { Sort::Lab } else { Sort::Plain };
    Space { value: Value::Array(vec![Value::name(family), new.into()]), components, sort }
}

/// Colorants with a meaning of their own keep their names; others are spots.
fn colorant(name: &[u8]) -> Option<Vec<u8>> {
    let known: [&[u8]; 6] = [b"All", b"None", b"Cyan", b"Magenta", b"Yellow", b"Black"];
    known.contains(&name).then(|| name.to_vec())
}

/// Names of `DeviceN`, no two the same but `None` (8.6.6.5).
fn distinct(names: &Array<'_>) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    for name in names.iter::<Name<'_>>().take(MAX_COLORANTS + 1) {
        let known = colorant(&name).filter(|name| name != b"All" && (name == b"None" || !found.contains(name)));
        let at = found.len();
        found.push(known.unwrap_or_else(|| format!("Spot{at}").into_bytes()));
    }
    found
}

/// The colour space of an inline image, under its long or its short key.
pub(super) fn inline_space<'x>(stream: &Stream<'x>) -> Option<Object<'x>> {
    stream.dict().get::<Object<'x>>("ColorSpace").or_else(|| stream.dict().get::<Object<'x>>("CS"))
}
