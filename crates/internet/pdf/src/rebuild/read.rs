//! Values of dictionaries, read as what they have to be.

use hayro_syntax::object::{Array, Dict, Name, Number, Object, String as PdfString};
use hayro_syntax::xref::XRef;

use crate::write::Value;

/// Numbers of one array.
const MAX_NUMBERS: usize = 4096;

/// A finite number.
pub(super) fn number(dict: &Dict<'_>, key: &str) -> Option<f64> {
    dict.get::<Number>(key).map(|number| number.as_f64()).filter(|number| number.is_finite())
}

/// A whole number; one that is written with a point is cut.
pub(super) fn integer(dict: &Dict<'_>, key: &str) -> Option<i64> {
    dict.get::<Number>(key).map(|number| number.as_i64())
}

/// An array of finite numbers, nothing else in it.
pub(super) fn numbers(dict: &Dict<'_>, key: &str) -> Option<Vec<f64>> {
    numbers_of(&dict.get::<Array<'_>>(key)?)
}

/// The same for an array at hand.
pub(super) fn numbers_of(array: &Array<'_>) -> Option<Vec<f64>> {
    let mut found = Vec::new();
    for item in array.iter::<Object<'_>>() {
        match item {
            Object::Number(number) if number.as_f64().is_finite() && found.len() < MAX_NUMBERS => {
                found.push(number.as_f64());
            }
            _ => return None,
        }
    }
    Some(found)
}

/// An array of just so many numbers.
pub(super) fn exactly<const N: usize>(dict: &Dict<'_>, key: &str) -> Option<[f64; N]> {
    let array = dict.get::<Array<'_>>(key)?;
    let mut items = array.iter::<Object<'_>>();
    let mut found = [0.0; N];
    for place in &mut found {
        *place = items.next()?.into_number()?.as_f64();
    }
    found.iter().all(|number| number.is_finite()).then_some(found)
}

/// Numbers as a value.
pub(super) fn copied(dict: &Dict<'_>, key: &str) -> Option<Value> {
    numbers(dict, key).map(Value::numbers)
}

/// A rectangle, corners put in order (7.9.5).
pub(super) fn rectangle(dict: &Dict<'_>, key: &str) -> Option<[f64; 4]> {
    exactly::<4>(dict, key).map(ordered)
}

/// The corners of a rectangle in order.
pub(super) fn ordered([a, b, c, d]: [f64; 4]) -> [f64; 4] {
    [a.min(c), b.min(d), a.max(c), b.max(d)]
}

/// One of a list of names.
pub(super) fn listed(dict: &Dict<'_>, key: &str, list: &[&'static str]) -> Option<Value> {
    let name = dict.get::<Name<'_>>(key)?;
    one_of(&name, list)
}

/// The name of `list` that `name` is.
pub(super) fn one_of(name: &[u8], list: &[&'static str]) -> Option<Value> {
    list.iter().find(|known| known.as_bytes() == name).map(|known| Value::name(known))
}

/// A truth value.
pub(super) fn truth(dict: &Dict<'_>, key: &str) -> Option<Value> {
    dict.get::<bool>(key).map(Value::Bool)
}

/// The resources that `dict` names. Read afresh: hayro does not follow a
/// reference back to an object that it is in, and forms often share the
/// resources that they are in.
pub(super) fn resources<'a>(xref: &'a XRef, dict: &Dict<'a>) -> Option<Dict<'a>> {
    match dict.get_ref("Resources") {
        Some(target) => xref.get::<Dict<'a>>(target.into()),
        None => dict.get::<Dict<'a>>("Resources"),
    }
}

/// A language tag (RFC 5646: letters, digits, hyphens).
pub(super) fn language(dict: &Dict<'_>) -> Option<Value> {
    let text = dict.get::<PdfString<'_>>("Lang")?;
    let tag = text.as_bytes();
    let plain =
        (2..=35).contains(&tag.len()) && tag.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-');
    plain.then(|| Value::Text(tag.to_vec()))
}
