//! Names, descriptors and encodings of fonts.

use std::collections::BTreeMap;

use hayro_syntax::object::{Array, Dict, Name, Object, String as PdfString};

use super::super::read;
use crate::write::{Dictionary, Value};

/// Names that mean something elsewhere and are no name of a font or glyph.
const NO_NAMES: [&[u8]; 14] = [
    b"AA",
    b"OpenAction",
    b"Names",
    b"AcroForm",
    b"JS",
    b"JavaScript",
    b"EmbeddedFiles",
    b"EmbeddedFile",
    b"Launch",
    b"RichMedia",
    b"XFA",
    b"AF",
    b"Metadata",
    b"URI",
];

/// The name of a font without a program, as far as it may be one.
pub(super) fn base_font(source: &Dict<'_>) -> Vec<u8> {
    let name = source.get::<Name<'_>>("BaseFont").map(|name| name.to_vec()).unwrap_or_default();
    let plain = (1..=127).contains(&name.len()) && name.iter().all(|octet| *octet >= 32 && *octet != 127);
    if plain && !NO_NAMES.contains(&name.as_slice()) { name } else { b"Helvetica".to_vec() }
}

/// A tag of six letters that counts the fonts (9.6.4), and what is plain in
/// the name.
pub(super) fn subset_name(source: &Dict<'_>, number: usize) -> String {
    let mut tag = [b'A'; 6];
    let mut rest = number;
    for letter in tag.iter_mut().rev() {
        *letter += u8::try_from(rest % 26).unwrap_or_default();
        rest /= 26;
    }
    let name = source.get::<Name<'_>>("BaseFont").map(|name| name.to_vec()).unwrap_or_default();
    let name = name.split(|octet| *octet == b'+').next_back().unwrap_or_default();
    let plain = name.iter().filter(|octet| octet.is_ascii_alphanumeric() || **octet == b'-').take(60);
    let plain: String = plain.map(|octet| char::from(*octet)).collect();
    format!("{}+{}", String::from_utf8_lossy(&tag), if plain.is_empty() { "Font" } else { &plain })
}

/// A descriptor's measures; never its program.
pub(super) fn described(source: &Dict<'_>, name: &[u8]) -> Dictionary {
    let mut new = Dictionary::of_type("FontDescriptor").with("FontName", Value::Name(name.to_vec()));
    let flags = read::integer(source, "Flags").filter(|flags| (0..1 << 19).contains(flags)).unwrap_or(4);
    new.set("Flags", Value::Int(if flags & 0x24 == 0 { flags | 4 } else { flags }));
    let bbox = read::rectangle(source, "FontBBox").unwrap_or([0.0, -200.0, 1000.0, 900.0]);
    new.set("FontBBox", Value::numbers(bbox));
    for (key, default) in
        [("ItalicAngle", 0.0), ("Ascent", 880.0), ("Descent", -120.0), ("CapHeight", 700.0), ("StemV", 80.0)]
    {
        new.set(key, Value::Real(read::number(source, key).unwrap_or(default)));
    }
    for key in ["Leading", "XHeight", "StemH", "AvgWidth", "MaxWidth", "MissingWidth"] {
        new.set_some(key, read::number(source, key).map(Value::Real));
    }
    new
}

const ENCODINGS: &[&str] = &["WinAnsiEncoding", "MacRomanEncoding", "MacExpertEncoding", "StandardEncoding"];

/// The encoding of a font without a program.
pub(super) fn simple_encoding(source: &Dict<'_>) -> Option<Value> {
    match source.get::<Object<'_>>("Encoding")? {
        Object::Name(name) => read::one_of(&name, ENCODINGS),
        Object::Dict(dict) => {
            let mut new = Dictionary::of_type("Encoding");
            new.set_some("BaseEncoding", read::listed(&dict, "BaseEncoding", ENCODINGS));
            new.set_some("Differences", differences(&dict));
            Some(new.into())
        }
        _ => None,
    }
}

/// One name for each code that has one, in runs.
fn differences(encoding: &Dict<'_>) -> Option<Value> {
    let mut names: BTreeMap<u8, Value> = BTreeMap::new();
    let mut code = None;
    for item in encoding.get::<Array<'_>>("Differences")?.iter::<Object<'_>>().take(2048) {
        match (item, code) {
            (Object::Number(number), _) => code = u8::try_from(number.as_i64()).ok(),
            (Object::Name(name), Some(at)) => {
                names.insert(at, glyph_name(&name));
                code = at.checked_add(1);
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    let mut expected = None;
    for (at, name) in names {
        if expected != Some(at) {
            found.push(Value::Int(at.into()));
        }
        found.push(name);
        expected = at.checked_add(1);
    }
    (!found.is_empty()).then_some(Value::Array(found))
}

fn glyph_name(name: &[u8]) -> Value {
    let plain = (1..=63).contains(&name.len())
        && name.iter().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'_'))
        && !NO_NAMES.contains(&name);
    if plain { Value::Name(name.to_vec()) } else { Value::name(".notdef") }
}

/// Which characters the CIDs of a font without a program are.
pub(super) fn system_info(child: &Dict<'_>, redrawn: bool) -> Value {
    let info = child.get::<Dict<'_>>("CIDSystemInfo").unwrap_or_default();
    let ordering = info.get::<PdfString<'_>>("Ordering").map(|text| text.as_bytes().to_vec()).unwrap_or_default();
    let known = ["Japan1", "GB1", "CNS1", "Korea1", "KR"].into_iter().find(|known| known.as_bytes() == ordering);
    let (ordering, supplement) = match known {
        Some(known) if !redrawn => (known, read::integer(&info, "Supplement").unwrap_or(0).clamp(0, 9)),
        _ => ("Identity", 0),
    };
    let new = Dictionary::new().with("Registry", Value::Text(b"Adobe".to_vec()));
    new.with("Ordering", Value::Text(ordering.into())).with("Supplement", Value::Int(supplement)).into()
}
