//! The file: which key stands on which line, and whether each has the type it should.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike, Value};

use crate::error::{Origin, Problem, SettingsError, TomlType, masked};
use crate::keys::{self, Key, SECTIONS, Shape};

/// Lines of the keys of a file that parsed, with every key known and of the right type.
#[derive(Debug, Default)]
pub(crate) struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// The line of a key, or of the list's element when it has one of its own.
    pub(crate) fn of(&self, key: &str, element: Option<usize>) -> Option<usize> {
        element.and_then(|index| self.0.get(&element_name(key, index))).or_else(|| self.0.get(key)).copied()
    }
}

/// Reads `text`; `path` is for messages only. All errors are found, not the first alone (a syntax
/// error ends the reading).
pub(crate) fn read(path: &Path, text: &str) -> Result<Lines, Vec<SettingsError>> {
    let mut walk = Walk { path: path.to_owned(), text, lines: BTreeMap::new(), errors: Vec::new() };
    match Document::parse(text) {
        Ok(document) => walk.root(document.as_table()),
        Err(error) => {
            let problem = Problem::Syntax(error.message().to_owned());
            walk.error(error.span(), None, None, problem);
        }
    }
    if walk.errors.is_empty() { Ok(Lines(walk.lines)) } else { Err(walk.errors) }
}

struct Walk<'a> {
    path: PathBuf,
    text: &'a str,
    lines: BTreeMap<String, usize>,
    errors: Vec<SettingsError>,
}

impl Walk<'_> {
    fn root(&mut self, root: &dyn TableLike) {
        for (name, item) in root.iter() {
            let span = span_of(root, name);
            if !SECTIONS.iter().any(|section| section.name == name) {
                self.entry(name.to_owned(), item, span);
            } else if let Some(table) = item.as_table_like() {
                self.section(name, table);
            } else {
                let problem = wrong(TomlType::Table, item);
                self.error(span, Some(name), None, problem);
            }
        }
    }

    fn section(&mut self, section: &str, table: &dyn TableLike) {
        for (name, item) in table.iter() {
            self.entry(format!("{section}.{name}"), item, span_of(table, name));
        }
    }

    fn entry(&mut self, name: String, item: &Item, span: Option<Range<usize>>) {
        let Some(key) = keys::find(&name) else {
            let problem = Problem::Unknown(keys::nearest(&name));
            return self.error(span, Some(&name), None, problem);
        };
        if let Some(line) = self.line(span.as_ref()) {
            self.lines.insert(name, line);
        }
        let expected = toml_type(key.shape);
        if found(item) != expected {
            let value = item.as_value().and_then(|value| self.source(value));
            return self.error(span, Some(key.name), value, wrong(expected, item));
        }
        if let Some(array) = item.as_array() {
            for (index, value) in array.iter().enumerate() {
                self.element(key, index, value);
            }
        }
    }

    fn element(&mut self, key: &Key, index: usize, value: &Value) {
        if let Some(line) = self.line(value.span().as_ref()) {
            self.lines.insert(element_name(key.name, index), line);
        }
        if !value.is_str() {
            let problem = Problem::WrongType { expected: TomlType::Text, found: value_type(value) };
            self.error(value.span(), Some(key.name), self.source(value), problem);
        }
    }

    /// The value as it stands in the file.
    fn source(&self, value: &Value) -> Option<String> {
        value.span().and_then(|span| self.text.get(span)).map(masked)
    }

    fn line(&self, span: Option<&Range<usize>>) -> Option<usize> {
        let before = self.text.as_bytes().get(..span?.start)?;
        Some(1 + before.iter().filter(|byte| **byte == b'\n').count())
    }

    fn error(&mut self, span: Option<Range<usize>>, key: Option<&str>, value: Option<String>, problem: Problem) {
        let line = self.line(span.as_ref());
        self.errors.push(SettingsError {
            origin: Origin::File { path: self.path.clone(), line },
            key: key.map(str::to_owned),
            value,
            problem,
        });
    }
}

fn element_name(key: &str, index: usize) -> String {
    format!("{key}[{index}]")
}

fn span_of(table: &dyn TableLike, name: &str) -> Option<Range<usize>> {
    let (key, item) = table.get_key_value(name)?;
    key.span().or_else(|| item.span())
}

fn wrong(expected: TomlType, item: &Item) -> Problem {
    Problem::WrongType { expected, found: found(item) }
}

fn toml_type(shape: Shape) -> TomlType {
    match shape {
        Shape::Count(..) => TomlType::Integer,
        Shape::Flag => TomlType::Boolean,
        Shape::List => TomlType::List,
        Shape::Text | Shape::File | Shape::Size(..) | Shape::Duration(..) | Shape::Choice(_) => TomlType::Text,
    }
}

fn found(item: &Item) -> TomlType {
    match item {
        Item::Value(value) => value_type(value),
        Item::ArrayOfTables(_) => TomlType::List,
        Item::Table(_) | Item::None => TomlType::Table,
    }
}

fn value_type(value: &Value) -> TomlType {
    match value {
        Value::String(_) => TomlType::Text,
        Value::Integer(_) => TomlType::Integer,
        Value::Float(_) => TomlType::Float,
        Value::Boolean(_) => TomlType::Boolean,
        Value::Datetime(_) => TomlType::Date,
        Value::Array(_) => TomlType::List,
        Value::InlineTable(_) => TomlType::Table,
    }
}
