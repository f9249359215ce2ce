//! From written to used: takes values one by one and collects everything that is wrong on the way.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{Form, Origin, Problem, SettingsError, SettingsErrors, masked};
use crate::keys::{self, Shape};
use crate::load::Origins;
use crate::written::Written;
use crate::{Surroundings, units};

/// A key's name beside its written value, so that the two cannot be confused: see [`given!`].
pub(crate) struct Given<'a, T> {
    pub(crate) key: &'static str,
    pub(crate) value: Option<&'a T>,
}

// Derived, it would ask for `T: Copy`.
impl<T> Clone for Given<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Given<'_, T> {}

/// `given!(written.outer.listen)`: the field and its key name.
macro_rules! given {
    ($written:ident.$section:ident.$key:ident) => {
        $crate::reading::Given {
            key: concat!(stringify!($section), ".", stringify!($key)),
            value: $written.$section.$key.as_ref(),
        }
    };
    ($written:ident.$key:ident) => {
        $crate::reading::Given { key: stringify!($key), value: $written.$key.as_ref() }
    };
}
pub(crate) use given;

/// Who asks for the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A program that is going to use them.
    Program,
    /// Somebody who looks at them from outside the unit, where its credentials are not to be seen.
    Onlooker,
}

/// The state of a conversion. Methods answer `None` after they have noted an error; the struct is
/// put together only when every value is there.
pub(crate) struct Reading<'a> {
    pub(crate) written: &'a Written,
    pub(crate) surroundings: &'a Surroundings,
    /// Values found out at start, as TOML.
    pub(crate) derived: BTreeMap<&'static str, String>,
    /// Files that the settings name.
    pub(crate) files: BTreeMap<&'static str, PathBuf>,
    /// Who asks.
    pub(crate) reader: Reader,
    origins: &'a Origins,
    errors: Vec<SettingsError>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(
        written: &'a Written,
        origins: &'a Origins,
        surroundings: &'a Surroundings,
        reader: Reader,
    ) -> Self {
        Self {
            written,
            surroundings,
            derived: BTreeMap::new(),
            files: BTreeMap::new(),
            reader,
            origins,
            errors: Vec::new(),
        }
    }

    /// Converts, and answers with the value or with every error.
    pub(crate) fn finish<T>(mut self, convert: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, SettingsErrors> {
        let value = convert(&mut self);
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            Some(_) | None => Err(SettingsErrors(self.complaints())),
        }
    }

    /// The text of a key with a default.
    pub(crate) fn text(&mut self, given: Given<'a, String>) -> Option<&'a str> {
        self.parsed(given, Ok)
    }

    /// What `parse` makes of the text of a key with a default.
    pub(crate) fn parsed<T>(
        &mut self,
        given: Given<'a, String>,
        parse: impl FnOnce(&'a str) -> Result<T, Problem>,
    ) -> Option<T> {
        match self.optional(given, parse)? {
            Some(value) => Some(value),
            None => self.blame(given.key, Problem::Bug("a default is missing".to_owned())),
        }
    }

    /// What `parse` makes of the text of a key without a default; `Some(None)`: not set.
    #[expect(clippy::option_option, reason = "outside: an error was noted; inside: not set")]
    pub(crate) fn optional<T>(
        &mut self,
        given: Given<'a, String>,
        parse: impl FnOnce(&'a str) -> Result<T, Problem>,
    ) -> Option<Option<T>> {
        let Some(text) = given.value else {
            return Some(None);
        };
        let parsed = if text.is_empty() { Err(Problem::Empty) } else { parse(text) };
        match parsed {
            Ok(value) => Some(Some(value)),
            Err(problem) => self.note(given.key, None, Some(&quoted(text)), problem),
        }
    }

    /// What `parse` makes of every element of a list with a default.
    pub(crate) fn list<T>(
        &mut self,
        given: Given<'a, Vec<String>>,
        parse: impl Fn(&'a str) -> Result<Vec<T>, Problem>,
    ) -> Option<Vec<T>> {
        let elements = given.value?;
        if elements.is_empty() {
            return self.note(given.key, None, Some("[]"), Problem::Empty);
        }
        let mut values = Some(Vec::new());
        for (index, text) in elements.iter().enumerate() {
            match (parse(text), &mut values) {
                (Ok(parsed), Some(values)) => values.extend(parsed),
                (Ok(_), None) => {}
                (Err(problem), _) => {
                    values = self.note(given.key, Some(index), Some(&quoted(text)), problem);
                }
            }
        }
        values
    }

    /// A list that may be empty.
    pub(crate) fn list_or_none<T>(
        &mut self,
        given: Given<'a, Vec<String>>,
        parse: impl Fn(&'a str) -> Result<T, Problem>,
    ) -> Option<Vec<T>> {
        if given.value.is_none_or(Vec::is_empty) {
            return Some(Vec::new());
        }
        self.list(given, |text| Ok(vec![parse(text)?]))
    }

    /// Bytes.
    pub(crate) fn size(&mut self, given: Given<'a, String>) -> Option<u64> {
        self.parsed(given, |text| within(given.key, units::size(text).ok_or(Problem::NotA(Form::Size))?))
    }

    /// Bytes that are held in memory.
    pub(crate) fn length(&mut self, given: Given<'a, String>) -> Option<usize> {
        self.size(given).and_then(|bytes| usize::try_from(bytes).ok())
    }

    /// A span of time.
    pub(crate) fn duration(&mut self, given: Given<'a, String>) -> Option<Duration> {
        self.parsed(given, |text| span(given.key, text))
    }

    /// A span of time without a default; `Some(None)`: not set.
    #[expect(clippy::option_option, reason = "outside: an error was noted; inside: not set")]
    pub(crate) fn duration_if(&mut self, given: Given<'a, String>) -> Option<Option<Duration>> {
        self.optional(given, |text| span(given.key, text))
    }

    /// A span of time, or that of another key.
    pub(crate) fn duration_or(&mut self, given: Given<'a, String>, other: Option<Duration>) -> Option<Duration> {
        match self.duration_if(given)? {
            Some(duration) => Some(duration),
            None => {
                let other = other?;
                let milliseconds = u64::try_from(other.as_millis()).unwrap_or(u64::MAX);
                self.derive(given.key, units::duration_text(milliseconds));
                Some(other)
            }
        }
    }

    /// A number with a default.
    pub(crate) fn count(&mut self, given: Given<'a, i64>) -> Option<usize> {
        match given.value {
            Some(_) => self.count_or(given, 0),
            None => self.blame(given.key, Problem::Bug("a default is missing".to_owned())),
        }
    }

    /// A number, or what was found out at start.
    pub(crate) fn count_or(&mut self, given: Given<'a, i64>, derived: usize) -> Option<usize> {
        let Some(written) = given.value else {
            self.derived.insert(given.key, derived.to_string());
            return Some(derived);
        };
        let number = u64::try_from(*written).map_or_else(|_| out_of(given.key), Ok);
        match number.and_then(|number| within(given.key, number)) {
            Ok(number) => usize::try_from(number).ok(),
            Err(problem) => self.note(given.key, None, Some(&written.to_string()), problem),
        }
    }

    /// Notes a value that was found out at start and gives it back.
    pub(crate) fn derive<T: ToString>(&mut self, key: &'static str, value: T) -> T {
        self.derived.insert(key, quoted(&value.to_string()));
        value
    }

    /// Where a key was written.
    pub(crate) fn origin(&self, key: &str) -> Origin {
        self.origins.of(key, None)
    }

    /// Notes that a key as a whole is wrong.
    pub(crate) fn blame<T>(&mut self, key: &'static str, problem: Problem) -> Option<T> {
        self.note(key, None, None, problem)
    }

    /// Notes that a key's value is wrong, when that shows only beside another.
    pub(crate) fn blame_value<T>(&mut self, given: Given<'a, String>, problem: Problem) -> Option<T> {
        let value = given.value.map(|text| quoted(text));
        self.note(given.key, None, value.as_deref(), problem)
    }

    fn note<T>(
        &mut self,
        key: &'static str,
        element: Option<usize>,
        value: Option<&str>,
        problem: Problem,
    ) -> Option<T> {
        let error = SettingsError {
            origin: self.origins.of(key, element),
            key: Some(key.to_owned()),
            value: value.map(masked),
            problem,
        };
        // Two programs' structs share sections: the same complaint is made once.
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
        None
    }

    fn complaints(mut self) -> Vec<SettingsError> {
        if self.errors.is_empty() {
            let cause = "a value is missing and no error was noted".to_owned();
            self.blame::<()>("version", Problem::Bug(cause));
        }
        self.errors
    }
}

fn span(key: &str, text: &str) -> Result<Duration, Problem> {
    let duration = units::duration(text).ok_or(Problem::NotA(Form::Duration))?;
    let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    within(key, milliseconds).map(|_| duration)
}

/// The value if it lies within the bounds that the table gives for the key.
fn within(key: &str, value: u64) -> Result<u64, Problem> {
    match keys::find(key).map(|key| key.shape) {
        Some(Shape::Count(min, max) | Shape::Size(min, max) | Shape::Duration(min, max)) => {
            if (min..=max).contains(&value) { Ok(value) } else { out_of(key) }
        }
        Some(Shape::Text | Shape::List | Shape::File | Shape::Flag | Shape::Choice(_)) | None => Ok(value),
    }
}

fn out_of<T>(key: &str) -> Result<T, Problem> {
    let (min, max) = keys::find(key).and_then(keys::Key::bounds).unwrap_or_default();
    Err(Problem::OutOfRange { min, max })
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
