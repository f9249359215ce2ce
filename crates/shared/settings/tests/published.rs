//! The manual and the schema say what the table says.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]

use sekisho_settings::keys::{self, KEYS, SECTIONS};
use sekisho_settings::{Configuration, Language, Surroundings};

#[test]
fn the_manual_has_a_row_for_every_key_in_both_languages() {
    for language in [Language::En, Language::Ja] {
        let manual = keys::manual(language);
        for key in KEYS {
            let row = manual.lines().find(|line| line.starts_with(&format!("| `{}` |", key.name)));
            let row = row.unwrap_or_else(|| panic!("{} has no row", key.name));
            assert!(row.contains(key.doc(language)), "{row}");
        }
        assert_eq!(manual.matches("\n## [").count(), SECTIONS.len());
    }
}

#[test]
fn the_schema_knows_every_key_and_no_other() {
    let schema = keys::schema();
    let mut names = Vec::new();
    for (name, property) in schema["properties"].as_object().unwrap() {
        match property.get("properties") {
            Some(inner) => names.extend(inner.as_object().unwrap().keys().map(|key| format!("{name}.{key}"))),
            None => names.push(name.clone()),
        }
    }
    names.sort();
    let mut known: Vec<_> = KEYS.iter().map(|key| key.name.to_owned()).collect();
    known.sort();
    assert_eq!(names, known);
    assert_eq!(schema["properties"]["worker"]["properties"]["memory"]["default"], "512MiB");
}

#[test]
fn names_are_unique_and_documented_in_two_languages() {
    for (at, key) in KEYS.iter().enumerate() {
        assert!(KEYS[..at].iter().all(|other| other.name != key.name), "{}", key.name);
        assert!(key.en.is_ascii() && !key.ja.is_ascii(), "{}", key.name);
    }
    assert_eq!(keys::find("outer.max_errors").unwrap().variable(), "SEKISHO_OUTER__MAX_ERRORS");
    assert_eq!(keys::find("state_dir").unwrap().variable(), "SEKISHO_STATE_DIR");
}

#[test]
fn a_default_written_out_changes_nothing() {
    let mut text = String::new();
    for key in KEYS.iter().filter(|key| !matches!(key.preset, keys::Preset::Derived(..) | keys::Preset::Unset)) {
        text.push_str(&format!("{} = {}\n", key.name, key.preset_text(Language::En)));
    }
    let path = std::path::Path::new("defaults.toml");
    let written = Configuration::from_text(path, &text, &Surroundings::none()).unwrap().gateway().unwrap();
    let silent = Configuration::load(None, &Surroundings::none()).unwrap().gateway().unwrap();
    assert_eq!(written, silent);
}
