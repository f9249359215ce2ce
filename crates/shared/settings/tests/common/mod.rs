//! Reading a text as if it stood in the usual place.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::Path;

use sekisho_settings::{Configuration, SettingsError, SettingsErrors, Surroundings};

/// Where the text pretends to stand.
pub(crate) const FILE: &str = "/etc/sekisho/sekisho.toml";

pub(crate) fn read(text: &str) -> Result<Configuration, SettingsErrors> {
    read_with(text, &Surroundings::none())
}

pub(crate) fn read_with(text: &str, surroundings: &Surroundings) -> Result<Configuration, SettingsErrors> {
    Configuration::from_text(Path::new(FILE), text, surroundings)
}

/// Every error that `text` has, at whatever step.
pub(crate) fn errors(text: &str) -> Vec<SettingsError> {
    errors_with(text, &Surroundings::none())
}

pub(crate) fn errors_with(text: &str, surroundings: &Surroundings) -> Vec<SettingsError> {
    match read_with(text, surroundings).and_then(|configuration| configuration.gateway()) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.0,
    }
}

/// The one error that `text` has, in English.
pub(crate) fn complaint(text: &str) -> String {
    let errors = errors(text);
    assert_eq!(errors.len(), 1, "{text}: {errors:?}");
    errors[0].to_string()
}
