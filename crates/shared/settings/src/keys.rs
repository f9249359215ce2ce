//! Every setting: name, shape, default and one line of documentation in both languages.
//!
//! One table ([`KEYS`]) is the only place where a default or a range stands. The loader, the manual,
//! the JSON Schema and the tests over `config/*.toml` all read it.

mod near;
mod publish;
mod table;

use crate::Language;
use crate::units;

pub(crate) use near::nearest;
pub use publish::{manual, schema};
pub use table::{KEYS, SECTIONS};

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// `section.key`, or the key alone at the top of the file.
    pub name: &'static str,
    /// What may be written.
    pub shape: Shape,
    /// What is used when nothing is written.
    pub preset: Preset,
    /// One line, English.
    pub en: &'static str,
    /// One line, Japanese.
    pub ja: &'static str,
}

/// A table of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// One line, English.
    pub en: &'static str,
    /// One line, Japanese.
    pub ja: &'static str,
}

/// What may be written for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text whose rule the documentation gives.
    Text,
    /// A list of such texts.
    List,
    /// A path, or `credential:NAME` for a systemd credential. Relative: to the folder of the file.
    File,
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds.
    Count(u64, u64),
    /// Bytes within bounds, written like `50MiB`.
    Size(u64, u64),
    /// Milliseconds within bounds, written like `60s`.
    Duration(u64, u64),
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// What is used when nothing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// This text.
    Text(&'static str),
    /// These texts.
    List(&'static [&'static str]),
    /// This number.
    Count(u64),
    /// This.
    Flag(bool),
    /// Something found out at start: in English, in Japanese.
    Derived(&'static str, &'static str),
    /// Nothing.
    Unset,
}

impl Key {
    /// The documentation line.
    #[must_use]
    pub fn doc(&self, language: Language) -> &'static str {
        match language {
            Language::Ja => self.ja,
            Language::En => self.en,
        }
    }

    /// The environment variable that overrides the file.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.replace('.', "__").to_ascii_uppercase())
    }

    /// The default as it would be written in TOML, or in words where it is found out at start.
    #[must_use]
    pub fn preset_text(&self, language: Language) -> String {
        match self.preset {
            Preset::Text(text) => format!("\"{text}\""),
            Preset::List(texts) => {
                let quoted: Vec<_> = texts.iter().map(|t| format!("\"{t}\"")).collect();
                format!("[{}]", quoted.join(", "))
            }
            Preset::Count(count) => count.to_string(),
            Preset::Flag(flag) => flag.to_string(),
            Preset::Derived(en, ja) => match language {
                Language::Ja => ja.to_owned(),
                Language::En => en.to_owned(),
            },
            Preset::Unset => match language {
                Language::Ja => "なし".to_owned(),
                Language::En => "none".to_owned(),
            },
        }
    }

    /// The bounds as they would be written, if the shape has any.
    #[must_use]
    pub fn bounds(&self) -> Option<(String, String)> {
        match self.shape {
            Shape::Count(min, max) => Some((min.to_string(), max.to_string())),
            Shape::Size(min, max) => Some((units::size_text(min), units::size_text(max))),
            Shape::Duration(min, max) => Some((units::duration_text(min), units::duration_text(max))),
            Shape::Text | Shape::List | Shape::File | Shape::Flag | Shape::Choice(_) => None,
        }
    }
}

/// The setting of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// What every variable of ours begins with.
pub(crate) const PREFIX: &str = "SEKISHO_";
