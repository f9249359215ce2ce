//! What is wrong with a configuration, for the person who wrote it.

mod forms;
mod words;

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use crate::Language;
use crate::names::DomainError;
use crate::net::NetError;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nothing was written; the default is in force.
    Default,
    /// The file. No line where the whole file is meant.
    File {
        /// As given by the caller.
        path: PathBuf,
        /// Counted from 1.
        line: Option<usize>,
    },
    /// A file that the configuration names, such as a policy.
    Named {
        /// As used.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
    },
    /// An environment variable.
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::Named { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) => write!(f, "env {name}"),
        }
    }
}

/// One thing that is wrong: where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// Where the offending value was written.
    pub origin: Origin,
    /// `section.key`; none where no key is to blame.
    pub key: Option<String>,
    /// The value as TOML, with passwords masked; none where it does not matter.
    pub value: Option<String>,
    /// What is wrong with it.
    pub problem: Problem,
}

impl SettingsError {
    /// The whole message: place, key, value, problem, and the remedy on a second line.
    #[must_use]
    pub fn localized(&self, language: Language) -> String {
        let mut text = format!("{}: ", self.origin);
        if let Some(key) = &self.key {
            text.push_str(&escape(key));
            if let Some(value) = &self.value {
                text.push_str(" = ");
                text.push_str(&escape(value));
            }
            text.push_str(": ");
        }
        text.push_str(&self.what(language));
        let label = match language {
            Language::Ja => "対処",
            Language::En => "remedy",
        };
        format!("{text}\n  {label}: {}", self.remedy(language))
    }

    /// What is wrong, in a few words.
    #[must_use]
    pub fn what(&self, language: Language) -> String {
        words::problem(&self.problem).into(language)
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self, language: Language) -> String {
        words::remedy(&self.problem, self.key.as_deref().unwrap_or_default()).into(language)
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.localized(Language::En))
    }
}

impl Error for SettingsError {}

/// Everything that is wrong with a configuration; at least one error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsErrors(pub Vec<SettingsError>);

impl SettingsErrors {
    /// One message after the other.
    #[must_use]
    pub fn localized(&self, language: Language) -> String {
        let texts: Vec<_> = self.0.iter().map(|e| e.localized(language)).collect();
        texts.join("\n")
    }
}

impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.localized(Language::En))
    }
}

impl Error for SettingsErrors {}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The file cannot be read; the system's words.
    Unreadable(String),
    /// The file is not TOML; the parser's words.
    Syntax(String),
    /// No such key or section; the one that was probably meant.
    Unknown(Option<&'static str>),
    /// Another TOML type is wanted.
    WrongType {
        /// Wanted.
        expected: TomlType,
        /// Written.
        found: TomlType,
    },
    /// Not written in the form that the key wants.
    NotA(Form),
    /// Outside the bounds, both inclusive.
    OutOfRange {
        /// The least, as it would be written.
        min: String,
        /// The most, as it would be written.
        max: String,
    },
    /// None of the words.
    NotOneOf(&'static [&'static str]),
    /// An empty text or list.
    Empty,
    /// A domain stands in two lists of which one must decide.
    Twice,
    /// Any domain, from anybody: an open relay.
    OpenRelay,
    /// Useless without the other key.
    Needs(&'static str),
    /// Must not be smaller than the other key's value.
    SmallerThan(&'static str),
    /// The other key must have more than this one.
    NotBelow(&'static str),
    /// A socket's path of that many bytes.
    SocketPathTooLong(usize),
    /// `credential:` outside a unit that loads credentials, or with a name that is a path.
    NoCredential,
    /// Must lie within what the other key lists.
    NotWithin(&'static str),
    /// The file that a key names does not exist.
    NoSuchFile(PathBuf),
    /// The file that a key names cannot be read; the system's words.
    UnreadableFile(PathBuf, String),
    /// Found by the reader of a file that a key names, in its words.
    Told(Box<Told>),
    /// The checks above and the structs disagree: our fault.
    Bug(String),
}

/// What the reader of another file found, in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What is wrong, English.
    pub what_en: String,
    /// What is wrong, Japanese.
    pub what_ja: String,
    /// What to do, English.
    pub remedy_en: String,
    /// What to do, Japanese.
    pub remedy_ja: String,
}

impl From<DomainError> for Problem {
    fn from(error: DomainError) -> Self {
        Self::NotA(Form::Domain(error))
    }
}

impl From<NetError> for Problem {
    fn from(error: NetError) -> Self {
        Self::NotA(Form::Network(error))
    }
}

/// How a value has to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Unicode text (environment).
    Unicode,
    /// Digits (environment).
    Number,
    /// `true` or `false` (environment).
    Flag,
    /// `50MiB`.
    Size,
    /// `60s`.
    Duration,
    /// A domain name.
    Domain(DomainError),
    /// `local@domain`.
    MailAddress,
    /// `192.0.2.0/24`.
    Network(NetError),
    /// `address:port`.
    ListenAddress,
    /// `smtp://host:port` or `maildir:path`.
    Delivery,
    /// `smtp://host:port`.
    MailServer,
    /// A user of the system.
    User,
    /// `08:30`.
    TimeOfDay,
    /// A key of the vault.
    KeyId,
    /// `unix:path` or `tls://host:port`.
    Handoff,
    /// `info`, perhaps with exceptions.
    Level,
}

/// TOML's types, as far as a person must tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TomlType {
    /// `"text"`.
    Text,
    /// `10`.
    Integer,
    /// `1.5`.
    Float,
    /// `true`.
    Boolean,
    /// `2026-01-01`.
    Date,
    /// `["a", "b"]`.
    List,
    /// `[section]`.
    Table,
}

/// A value as it may be shown: a password in a URL (`smtp://user:password@host`) is masked.
pub(crate) fn masked(value: &str) -> String {
    let Some(start) = value.find("://").map(|at| at + "://".len()) else {
        return value.to_owned();
    };
    match value[start..].rfind('@') {
        Some(at) => format!("{}***{}", &value[..start], &value[start + at..]),
        None => value.to_owned(),
    }
}

fn escape(text: &str) -> String {
    crate::telemetry::Shown::new(text).to_string()
}
