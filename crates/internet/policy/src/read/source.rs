//! The text of a policy: places, typed values, errors.

use std::ops::Range;

use toml_edit::{Item, TableLike, Value};

use crate::PolicyError;
use crate::error::{Problem, Shape};
use crate::near::nearest;

/// Errors that are told; a reader corrects the first ones first.
const MAX_ERRORS: usize = 100;

/// A key with its value.
pub(crate) struct Entry<'a> {
    /// How errors call it.
    key: String,
    /// Its name alone.
    name: String,
    /// Its value.
    pub(crate) item: &'a Item,
    span: Option<Range<usize>>,
}

impl<'a> Entry<'a> {
    /// The key `name` of `table`, which errors call `prefix` and its name.
    pub(crate) fn new(table: &dyn TableLike, name: &str, item: &'a Item, prefix: &str) -> Self {
        let span = table.get_key_value(name).and_then(|(key, item)| key.span().or_else(|| item.span()));
        Self { key: format!("{prefix}{name}"), name: name.to_owned(), item, span }
    }

    /// How the errors of what stands inside it begin.
    pub(crate) fn prefix(&self) -> String {
        format!("{}.", self.key)
    }
}

/// The text, and what is wrong with it.
pub(crate) struct Source<'a> {
    text: &'a str,
    errors: Vec<PolicyError>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, errors: Vec::new() }
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.errors.is_empty()
    }

    /// Everything that is wrong, in the order of the text.
    pub(crate) fn into_errors(mut self) -> Vec<PolicyError> {
        self.errors.sort_by_key(|error| (error.line, error.column));
        self.errors
    }

    /// The line on which an octet stands, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        1 + self.before(at).matches('\n').count()
    }

    fn column(&self, at: usize) -> usize {
        1 + self.before(at).chars().rev().take_while(|c| *c != '\n').count()
    }

    fn before(&self, at: usize) -> &'a str {
        self.text.get(..at).unwrap_or_default()
    }

    pub(crate) fn error(
        &mut self,
        span: Option<Range<usize>>,
        key: Option<String>,
        value: Option<String>,
        problem: Problem,
    ) {
        if self.errors.len() < MAX_ERRORS {
            let at = span.map_or(0, |span| span.start);
            self.errors.push(PolicyError { line: self.line(at), column: self.column(at), key, value, problem });
        }
    }

    /// Something is wrong with the whole.
    pub(crate) fn whole(&mut self, problem: Problem) {
        self.error(None, None, None, problem);
    }

    /// Something is wrong with a key's value. Always `None`, for callers that
    /// have to answer with something.
    pub(crate) fn blame<T>(&mut self, entry: &Entry<'_>, problem: Problem) -> Option<T> {
        let value = entry.item.as_value().and_then(Value::span).and_then(|span| self.text.get(span));
        self.error(entry.span.clone(), Some(entry.key.clone()), value.map(str::to_owned), problem);
        None
    }

    /// There is no such key.
    pub(crate) fn unknown(&mut self, entry: &Entry<'_>, known: &'static [&'static str]) {
        let near = nearest(&entry.name, known.iter().copied());
        self.error(entry.span.clone(), Some(entry.key.clone()), None, Problem::Unknown(near, known));
    }

    /// What `parse` makes of a text.
    pub(crate) fn parsed<T>(&mut self, entry: &Entry<'_>, parse: impl FnOnce(&str) -> Result<T, Problem>) -> Option<T> {
        let Some(text) = entry.item.as_str() else {
            return self.blame(entry, Problem::WrongType(Shape::Text));
        };
        parse(text).or_else(|problem| self.blame(entry, problem).ok_or(())).ok()
    }

    /// What `parse` makes of a text, or of each text of a list.
    pub(crate) fn each<T>(&mut self, entry: &Entry<'_>, parse: impl Fn(&str) -> Result<T, Problem>) -> Option<Vec<T>> {
        let Some(array) = entry.item.as_array() else {
            return match entry.item.as_str() {
                Some(_) => self.parsed(entry, parse).map(|one| vec![one]),
                None => self.blame(entry, Problem::WrongType(Shape::Texts)),
            };
        };
        if array.is_empty() {
            return self.blame(entry, Problem::Empty);
        }
        let mut values = Some(Vec::new());
        for value in array {
            let parsed = value.as_str().ok_or(Problem::WrongType(Shape::Texts)).and_then(&parse);
            match (parsed, &mut values) {
                (Ok(parsed), Some(values)) => values.push(parsed),
                (Ok(_), None) => {}
                (Err(problem), _) => {
                    let written = value.span().and_then(|span| self.text.get(span)).map(str::to_owned);
                    self.error(value.span(), Some(entry.key.clone()), written, problem);
                    values = None;
                }
            }
        }
        values
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, entry: &Entry<'_>) -> Option<bool> {
        entry.item.as_bool().or_else(|| self.blame(entry, Problem::WrongType(Shape::Flag)))
    }

    /// A number from 0 to `max`.
    pub(crate) fn number(&mut self, entry: &Entry<'_>, max: u32) -> Option<u32> {
        let number = entry.item.as_integer().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| *number <= max);
        number.or_else(|| self.blame(entry, Problem::WrongType(Shape::Number)))
    }
}
