//! Components of calendars and cards, as they stand in each other, and the
//! lines that are made of them.

use std::collections::BTreeSet;

use sekisho_disarm::Refusal;
use sekisho_safe_message::{RecordLine, Removal, SafeRecord};

use super::content::Property;
use super::values::line;

/// Deepest nesting; RFC 5545 has three levels.
const MAX_DEPTH: usize = 8;

/// A component.
#[derive(Debug, Default)]
pub(super) struct Component {
    /// In upper case.
    pub(super) name: String,
    pub(super) properties: Vec<Property>,
    pub(super) inner: Vec<Component>,
}

/// The outermost components of `properties`. What is never closed, closed
/// twice, or stands outside is damage.
pub(super) fn read(properties: Vec<Property>) -> Result<Vec<Component>, Refusal> {
    let mut open = vec![Component::default()];
    for property in properties {
        let name = property.value.to_ascii_uppercase();
        match property.name.as_str() {
            "BEGIN" if open.len() > MAX_DEPTH => return Err(Refusal::Malformed),
            "BEGIN" => open.push(Component { name, ..Component::default() }),
            "END" => {
                let (Some(closed), Some(outer)) = (open.pop(), open.last_mut()) else { return Err(Refusal::Malformed) };
                if closed.name != name {
                    return Err(Refusal::Malformed);
                }
                outer.inner.push(closed);
            }
            _ if open.len() == 1 => return Err(Refusal::Malformed),
            _ => open.last_mut().ok_or(Refusal::Malformed)?.properties.push(property),
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(all), true) => Ok(all.inner),
        _ => Err(Refusal::Malformed),
    }
}

/// Lines that may cross, and what was left out.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) made: Vec<RecordLine>,
    pub(super) removed: BTreeSet<Removal>,
}

/// Properties of which a component may have many.
const MANY: [&str; 18] = [
    "ADR",
    "ATTENDEE",
    "CATEGORIES",
    "COMMENT",
    "CONTACT",
    "EMAIL",
    "EXDATE",
    "LABEL",
    "NICKNAME",
    "NOTE",
    "ORG",
    "RDATE",
    "RESOURCES",
    "ROLE",
    "TEL",
    "TITLE",
    "TZNAME",
    "URL",
];

impl Lines {
    pub(super) fn begin(&mut self, component: &'static str) {
        self.made.push(line("BEGIN", component));
    }

    pub(super) fn end(&mut self, component: &'static str) {
        self.made.push(line("END", component));
    }

    /// Puts `line` there if `component` takes it there; `start` is where the
    /// component's own lines begin. Returns whether it did.
    pub(super) fn put(&mut self, component: &str, start: usize, line: RecordLine) -> bool {
        let single = component != "VCARD" && line.name == "URL" || !MANY.contains(&line.name);
        let again = single && self.made[start..].iter().any(|made| made.name == line.name);
        let fits = !again && SafeRecord::takes(component, &line);
        if fits {
            self.made.push(line);
        }
        fits
    }
}

/// `line` with the parameter, if `component` takes it so.
pub(super) fn with_parameter(
    component: &str,
    mut line: RecordLine,
    name: &'static str,
    value: Option<String>,
) -> RecordLine {
    let Some(value) = value else { return line };
    line.parameters.push((name, value));
    if !SafeRecord::takes(component, &line) {
        line.parameters.pop();
    }
    line
}
