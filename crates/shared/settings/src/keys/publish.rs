//! The table for readers: a manual page and a JSON Schema.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{KEYS, Key, Preset, SECTIONS, Shape};
use crate::Language;

/// Every setting as a Markdown document, one table a section.
#[must_use]
pub fn manual(language: Language) -> String {
    let mut page = String::new();
    rows(&mut page, "", language);
    for section in SECTIONS {
        let line = match language {
            Language::Ja => section.ja,
            Language::En => section.en,
        };
        let _ = write!(page, "\n## [{}]\n\n{line}\n\n", section.name);
        rows(&mut page, section.name, language);
    }
    page
}

/// The JSON Schema (2020-12) of the file, for editors.
#[must_use]
pub fn schema() -> Value {
    let mut properties = properties_of("");
    for section in SECTIONS {
        let table = json!({
            "type": "object",
            "description": section.en,
            "additionalProperties": false,
            "properties": properties_of(section.name),
        });
        properties.insert(section.name.to_owned(), table);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sekisho configuration",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

fn rows(page: &mut String, section: &str, language: Language) {
    page.push_str(match language {
        Language::Ja => "| キー | 型 | 既定値 | 説明 |\n|---|---|---|---|\n",
        Language::En => "| key | type | default | what it does |\n|---|---|---|---|\n",
    });
    for key in keys_of(section) {
        let shape = shape_text(key, language);
        let preset = key.preset_text(language);
        let doc = key.doc(language);
        let _ = writeln!(page, "| `{}` | {shape} | {preset} | {doc} |", key.name);
    }
}

fn keys_of(section: &str) -> impl Iterator<Item = &'static Key> {
    KEYS.iter().filter(move |key| {
        let of = key.name.split_once('.').map_or("", |(section, _)| section);
        of == section
    })
}

fn shape_text(key: &Key, language: Language) -> String {
    let (en, ja) = match key.shape {
        Shape::Text => ("text", "文字列"),
        Shape::List => ("list of text", "文字列のリスト"),
        Shape::File => ("path", "パス"),
        Shape::Flag => ("true or false", "true か false"),
        Shape::Count(..) => ("number", "整数"),
        Shape::Size(..) => ("size", "大きさ"),
        Shape::Duration(..) => ("duration", "時間"),
        Shape::Choice(words) => return words.join(", "),
    };
    let name = match language {
        Language::Ja => ja,
        Language::En => en,
    };
    key.bounds().map_or_else(|| name.to_owned(), |(min, max)| format!("{name}, {min}..{max}"))
}

fn properties_of(section: &str) -> Map<String, Value> {
    keys_of(section)
        .map(|key| {
            let last = key.name.rsplit('.').next().unwrap_or(key.name);
            (last.to_owned(), property(key))
        })
        .collect()
}

fn property(key: &Key) -> Value {
    let mut property = match key.shape {
        Shape::Text | Shape::File => json!({"type": "string"}),
        Shape::List => json!({"type": "array", "items": {"type": "string"}}),
        Shape::Flag => json!({"type": "boolean"}),
        Shape::Count(min, max) => json!({"type": "integer", "minimum": min, "maximum": max}),
        Shape::Size(..) => json!({"type": "string", "pattern": "^[0-9]+([KMGT]i)?B$"}),
        Shape::Duration(..) => json!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"}),
        Shape::Choice(words) => json!({"enum": words}),
    };
    property["description"] = json!(key.en);
    match key.preset {
        Preset::Text(text) => property["default"] = json!(text),
        Preset::List(texts) => property["default"] = json!(texts),
        Preset::Count(count) => property["default"] = json!(count),
        Preset::Flag(flag) => property["default"] = json!(flag),
        Preset::Derived(..) | Preset::Unset => {}
    }
    property
}
