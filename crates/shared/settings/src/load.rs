//! Loading: defaults < file < environment, by the `config` crate, after both have been checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError, File, FileFormat};
use serde_json::Value;

use crate::convert;
use crate::document::{self, Lines};
use crate::environment::{self, Override};
use crate::error::{Origin, Problem, SettingsError, SettingsErrors, masked};
use crate::keys::{KEYS, Preset};
use crate::reading::{Reader, Reading};
use crate::written::Written;
use crate::{CommandSettings, GatewaySettings, InnerSettings, OuterSettings, Surroundings};

/// A configuration that was read: every key known, every type right. What each program uses is
/// validated when the program asks for it, so that one side's mistakes do not stop the other.
#[derive(Debug)]
pub struct Configuration {
    written: Written,
    origins: Origins,
    surroundings: Surroundings,
}

impl Configuration {
    /// Reads `file`, or nothing but the environment without one.
    ///
    /// # Errors
    /// The file cannot be read or is not TOML; a key is unknown or of the wrong type.
    pub fn load(file: Option<&Path>, surroundings: &Surroundings) -> Result<Self, SettingsErrors> {
        let Some(path) = file else {
            return Self::layered(Path::new(""), "", surroundings);
        };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::layered(path, &text, surroundings),
            Err(cause) => Err(SettingsErrors(vec![SettingsError {
                origin: Origin::File { path: path.to_owned(), line: None },
                key: None,
                value: None,
                problem: Problem::Unreadable(cause.to_string()),
            }])),
        }
    }

    /// Reads a text as if it stood in `path`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_text(path: &Path, text: &str, surroundings: &Surroundings) -> Result<Self, SettingsErrors> {
        Self::layered(path, text, surroundings)
    }

    /// What `sekisho-outer` uses.
    ///
    /// # Errors
    /// Everything that is wrong with the sections it may see.
    pub fn outer(&self) -> Result<OuterSettings, SettingsErrors> {
        self.reading(Reader::Program).finish(convert::outer)
    }

    /// What `sekisho-inner` uses.
    ///
    /// # Errors
    /// Everything that is wrong with the sections it may see.
    pub fn inner(&self) -> Result<InnerSettings, SettingsErrors> {
        self.reading(Reader::Program).finish(convert::inner)
    }

    /// What `sekisho serve` uses.
    ///
    /// # Errors
    /// Everything that is wrong with the sections of both programs.
    pub fn gateway(&self) -> Result<GatewaySettings, SettingsErrors> {
        self.reading(Reader::Program).finish(convert::gateway)
    }

    /// What the operator's command uses.
    ///
    /// # Errors
    /// Everything that is wrong with the sections it may see.
    pub fn command(&self) -> Result<CommandSettings, SettingsErrors> {
        self.reading(Reader::Program).finish(convert::command)
    }

    /// Whether everything in it is right, on both sides; for `sekisho config check`.
    ///
    /// # Errors
    /// Everything that is wrong anywhere.
    pub fn check(&self) -> Result<(), SettingsErrors> {
        self.reading(Reader::Onlooker).finish(convert::whole).map(|_| ())
    }

    /// Every key with the value in force and where it comes from, in the order of the manual.
    ///
    /// # Errors
    /// Everything that is wrong anywhere.
    pub fn effective(&self) -> Result<Vec<Effective>, SettingsErrors> {
        let mut reading = self.reading(Reader::Onlooker);
        let whole = convert::whole(&mut reading);
        let derived = std::mem::take(&mut reading.derived);
        reading.finish(|_| whole)?;
        let written = serde_json::to_value(&self.written).unwrap_or_default();
        Ok(KEYS
            .iter()
            .map(|key| Effective {
                key: key.name,
                value: value_text(&written, key.name).or_else(|| derived.get(key.name).cloned()),
                origin: self.origins.of(key.name, None),
            })
            .collect())
    }

    /// Files that the configuration names and that do not exist: certificates and keys. Their
    /// content is not read, and one that this user may not look at is no error here.
    #[must_use]
    pub fn missing_files(&self) -> Vec<SettingsError> {
        let mut reading = self.reading(Reader::Onlooker);
        let _ = convert::whole(&mut reading);
        let missing = |path: &PathBuf| matches!(path.try_exists(), Ok(false));
        reading
            .files
            .iter()
            .filter(|(_, path)| missing(path))
            .map(|(key, path)| SettingsError {
                origin: self.origins.of(key, None),
                key: Some((*key).to_owned()),
                value: None,
                problem: Problem::NoSuchFile(path.clone()),
            })
            .collect()
    }

    fn reading(&self, reader: Reader) -> Reading<'_> {
        Reading::new(&self.written, &self.origins, &self.surroundings, reader)
    }

    fn layered(path: &Path, text: &str, surroundings: &Surroundings) -> Result<Self, SettingsErrors> {
        let (lines, overrides) = match (document::read(path, text), environment::read(surroundings)) {
            (Ok(lines), Ok(overrides)) => (lines, overrides),
            (Err(errors), Ok(_)) | (Ok(_), Err(errors)) => return Err(SettingsErrors(errors)),
            (Err(mut errors), Err(more)) => {
                errors.extend(more);
                return Err(SettingsErrors(errors));
            }
        };
        let written = layer(text, &overrides)?;
        Ok(Self { written, origins: Origins::new(path, lines, &overrides), surroundings: surroundings.clone() })
    }
}

/// A key's value in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// `section.key`.
    pub key: &'static str,
    /// The value as TOML, passwords masked; `None`: not set.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where each key was written.
#[derive(Debug)]
pub(crate) struct Origins {
    path: PathBuf,
    lines: Lines,
    variables: BTreeMap<&'static str, String>,
}

impl Origins {
    fn new(path: &Path, lines: Lines, overrides: &[Override]) -> Self {
        Self {
            path: path.to_owned(),
            lines,
            variables: overrides.iter().map(|found| (found.key.name, found.variable.clone())).collect(),
        }
    }

    /// Where a key, or one element of its list, was written.
    pub(crate) fn of(&self, key: &str, element: Option<usize>) -> Origin {
        if let Some(variable) = self.variables.get(key) {
            return Origin::Variable(variable.clone());
        }
        match self.lines.of(key, element) {
            Some(line) => Origin::File { path: self.path.clone(), line: Some(line) },
            None => Origin::Default,
        }
    }
}

/// Keys and types have been checked before, so an error here is our own mistake.
fn layer(text: &str, overrides: &[Override]) -> Result<Written, SettingsErrors> {
    let merged = merge(text, overrides).map_err(|error| bug(None, &error))?;
    serde_path_to_error::deserialize(merged).map_err(|error| bug(Some(error.path().to_string()), error.inner()))
}

fn merge(text: &str, overrides: &[Override]) -> Result<Config, ConfigError> {
    let mut builder = Config::builder();
    for key in KEYS {
        builder = match key.preset {
            Preset::Text(text) => builder.set_default(key.name, text)?,
            Preset::List(texts) => builder.set_default(key.name, texts.to_vec())?,
            Preset::Count(count) => builder.set_default(key.name, count)?,
            Preset::Flag(flag) => builder.set_default(key.name, flag)?,
            Preset::Derived(..) | Preset::Unset => builder,
        };
    }
    builder = builder.add_source(File::from_str(text, FileFormat::Toml));
    for found in overrides {
        builder = builder.set_override(found.key.name, found.value.clone())?;
    }
    builder.build()
}

fn bug(key: Option<String>, error: &ConfigError) -> SettingsErrors {
    SettingsErrors(vec![SettingsError {
        origin: Origin::Default,
        key,
        value: None,
        problem: Problem::Bug(error.to_string()),
    }])
}

/// JSON's text of a string, number, flag or list of strings is TOML's too.
fn value_text(written: &Value, name: &str) -> Option<String> {
    let value = name.split('.').try_fold(written, |value, part| value.get(part))?;
    match value {
        Value::Null => None,
        Value::String(text) => Some(Value::from(masked(text)).to_string()),
        Value::Array(elements) => {
            let texts: Vec<_> = elements.iter().map(Value::to_string).collect();
            Some(format!("[{}]", texts.join(", ")))
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => Some(value.to_string()),
    }
}
