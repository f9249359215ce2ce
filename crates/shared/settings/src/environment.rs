//! The environment: `SEKISHO_SECTION__KEY`, lists comma separated.

use std::ffi::OsString;

use crate::Surroundings;
use crate::error::{Form, Origin, Problem, SettingsError, masked};
use crate::keys::{self, Key, PREFIX, Shape};

/// A value from the environment, of the type that its key wants.
#[derive(Clone, Debug)]
pub(crate) struct Override {
    pub(crate) key: &'static Key,
    pub(crate) variable: String,
    pub(crate) value: config::Value,
}

/// Every variable of ours. One with `__` that names no key is an error; one without is ours only if
/// it names a key (`SEKISHO_STATE_DIR`): tools around us use the prefix too.
pub(crate) fn read(surroundings: &Surroundings) -> Result<Vec<Override>, Vec<SettingsError>> {
    let mut overrides = Vec::new();
    let mut errors = Vec::new();
    for (name, value) in &surroundings.variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        match entry(name, value) {
            Ok(found) => overrides.extend(found),
            Err(error) => errors.push(*error),
        }
    }
    if errors.is_empty() { Ok(overrides) } else { Err(errors) }
}

fn entry(name: &str, value: &OsString) -> Result<Option<Override>, Box<SettingsError>> {
    let path = name[PREFIX.len()..].to_ascii_lowercase().replace("__", ".");
    let key = keys::find(&path).filter(|key| key.variable() == name);
    let error = |value: Option<&str>, problem| {
        Box::new(SettingsError {
            origin: Origin::Variable(name.to_owned()),
            key: Some(path.clone()),
            value: value.map(masked),
            problem,
        })
    };
    let Some(key) = key else {
        return if name.contains("__") { Err(error(None, Problem::Unknown(keys::nearest(&path)))) } else { Ok(None) };
    };
    let text = value.to_str().ok_or_else(|| error(None, Problem::NotA(Form::Unicode)))?;
    let value = typed(key, text).map_err(|problem| error(Some(text), problem))?;
    Ok(Some(Override { key, variable: name.to_owned(), value }))
}

fn typed(key: &Key, text: &str) -> Result<config::Value, Problem> {
    Ok(match key.shape {
        Shape::Flag => text.parse::<bool>().map_err(|_| Problem::NotA(Form::Flag))?.into(),
        Shape::Count(..) => number(text).ok_or(Problem::NotA(Form::Number))?.into(),
        Shape::List => list(text).into(),
        Shape::Text | Shape::File | Shape::Size(..) | Shape::Duration(..) | Shape::Choice(_) => text.into(),
    })
}

fn number(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|element| element.trim().to_owned()).filter(|element| !element.is_empty()).collect()
}
