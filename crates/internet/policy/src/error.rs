//! What is wrong with a policy, for the person who wrote it.

mod words;

use std::error::Error;
use std::fmt;

use sekisho_safe_message::{Language, is_safe_char};

/// One thing that is wrong: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The key, below its rule: `photos: when.kind`; none for the whole file.
    pub key: Option<String>,
    /// The value as it stands in the file; none where it does not matter.
    pub value: Option<String>,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// More octets than a policy may have.
    TooLong,
    /// More rules than a policy may have.
    TooManyRules,
    /// Not TOML; the parser's words.
    Syntax(String),
    /// No such key; the one that was probably meant, and all there are.
    Unknown(Option<&'static str>, &'static [&'static str]),
    /// A key that must stand there is missing.
    Missing(&'static str),
    /// Another type is wanted.
    WrongType(Shape),
    /// None of these words; the one that was probably meant.
    NotOneOf(Option<&'static str>, &'static [&'static str]),
    /// No kind or group of kinds; the one that was probably meant.
    NoKind(Option<&'static str>),
    /// Not written in the form that the key wants.
    NotA(Form),
    /// An empty list.
    Empty,
    /// A chain that does not end in `strip`, `quarantine` or `hold`.
    NoEnd,
    /// A way stands twice in a chain, or something stands behind its end.
    Chain,
    /// Another rule has the id; its line.
    Duplicate(usize),
    /// Conditions that nothing can meet.
    Never,
    /// An earlier rule decides all that this one could: its id and line.
    Unreachable(String, usize),
    /// Nobody offers any of the ways for any of the kinds.
    NoMethod,
    /// `owner` and `reason` without `until`: not an exception.
    NoException,
}

/// TOML's types, as far as a policy needs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `"text"`.
    Text,
    /// `"text"` or `["text", "text"]`.
    Texts,
    /// `true` or `false`.
    Flag,
    /// A whole number from 0 on.
    Number,
    /// `{ key = value }`.
    Table,
    /// `[[rule]]`.
    Rules,
}

/// How a text has to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `10MiB`.
    Size,
    /// `a@b.example`, `@b.example`, `.b.example`.
    Who,
    /// `2027-03-31`.
    Day,
    /// `a-z 0-9 -`, and not `default`.
    Id,
    /// `a-z 0-9 -`.
    Profile,
    /// `*.pdf`.
    Name,
    /// A short line.
    Line,
}

impl PolicyError {
    /// The whole message: place, key, value, problem, and the remedy on a
    /// second line. `file` is how the reader calls the policy.
    pub fn localized(&self, file: &str, language: Language) -> String {
        let mut text = format!("{file}:{}:{}: ", self.line, self.column);
        if let Some(key) = &self.key {
            text.push_str(&shown(key));
            if let Some(value) = &self.value {
                text.push_str(" = ");
                text.push_str(&shown(value));
            }
            text.push_str(": ");
        }
        let label = match language {
            Language::Ja => "対処",
            Language::En => "remedy",
        };
        format!("{text}{}\n  {label}: {}", self.what(language), self.remedy(language))
    }

    /// What is wrong, in a few words.
    pub fn what(&self, language: Language) -> String {
        words::what(&self.problem, language)
    }

    /// What to do about it.
    pub fn remedy(&self, language: Language) -> String {
        words::remedy(&self.problem, language)
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.localized("policy", Language::En))
    }
}

impl Error for PolicyError {}

/// Longest key or value in a message, in characters.
const SHOWN: usize = 160;

/// A text of somebody's file, as it may stand on a terminal.
fn shown(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(SHOWN) {
        if c != '\n' && is_safe_char(c) { out.push(c) } else { out.extend(c.escape_default()) }
    }
    if text.chars().nth(SHOWN).is_some() {
        out.push('…');
    }
    out
}
