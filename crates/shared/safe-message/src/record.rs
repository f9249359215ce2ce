//! Calendars and cards: content lines of closed lists.
//!
//! What may stand where is written down in `docs/output-formats.md`,
//! "Calendars and cards"; `lists` has its tables, `values` its grammars. All
//! of it is checked when a record is made and again when it has crossed.
//!
//! Never: reads a calendar that somebody else wrote. The worker does, and
//! makes [`RecordLine`]s of what it understood.

mod lists;
mod markup;
mod values;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use crate::{TextError, is_safe_char};
use lists::{Component, Count, Rule};
use values::Form;

/// Octets of one line of the file, without its end (RFC 5545 3.1).
const FOLD: usize = 75;

/// One property of a record, or the begin or end of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLine {
    /// Its name, upper case: `DTSTART`, `BEGIN`.
    pub name: &'static str,
    /// Parameters, each a name and a value without quotes.
    pub parameters: Vec<(&'static str, String)>,
    /// The value as it stands behind the colon, escapes included
    /// (RFC 5545 3.3.11).
    pub value: String,
}

/// A calendar (RFC 5545) or cards (RFC 2426): unfolded content lines, each
/// `NAME;PARAMETER=VALUE:VALUE`, with names of closed lists only.
#[derive(Clone, PartialEq, Eq)]
pub struct SafeRecord(String);

impl SafeRecord {
    /// 2 MiB: an invitation has 2 kB, a year's calendar some hundred.
    pub const MAX: usize = 2 << 20;

    /// Most lines: an address book of two thousand people.
    pub const MAX_LINES: usize = 20_000;

    /// Octets of one line: a description of some twenty thousand characters.
    pub const MAX_LINE: usize = 64 << 10;

    /// Schemes that may not stand in a text, each with its colon, lower case:
    /// a client makes a link of them, to a file or a program.
    pub const SCHEMES: [&str; 7] = values::SCHEMES;

    /// A calendar of these lines.
    ///
    /// # Errors
    /// The first rule that they break.
    pub fn calendar(lines: &[RecordLine]) -> Result<Self, TextError> {
        Self::parse_calendar(written(lines)?)
    }

    /// Cards of these lines.
    ///
    /// # Errors
    /// The first rule that they break.
    pub fn card(lines: &[RecordLine]) -> Result<Self, TextError> {
        Self::parse_card(written(lines)?)
    }

    /// Accepts unfolded lines, each ended by `\n`, as a calendar.
    ///
    /// # Errors
    /// The first rule that they break.
    pub fn parse_calendar(text: String) -> Result<Self, TextError> {
        Self::parse(text, Component::Calendar)
    }

    /// The same for cards.
    ///
    /// # Errors
    /// The first rule that they break.
    pub fn parse_card(text: String) -> Result<Self, TextError> {
        Self::parse(text, Component::Card)
    }

    /// `text` with full-width forms in place of signs that make markup of it,
    /// which a browser, a mail client or an office program would act on.
    pub fn inert_markup(text: &str) -> Cow<'_, str> {
        markup::inert(text)
    }

    /// Whether `line` may stand in the component of this name (`VEVENT`), for
    /// itself.
    pub fn takes(component: &str, line: &RecordLine) -> bool {
        let Ok(written) = written(std::slice::from_ref(line)) else { return false };
        let Some(text) = written.strip_suffix('\n').filter(|text| text.len() <= Self::MAX_LINE) else { return false };
        let is_safe = text.chars().all(is_safe_char);
        let rule = Component::named(component).and_then(|c| c.rules().find(|rule| rule.name == line.name));
        is_safe && rule.zip(Line::split(text)).is_some_and(|(rule, line)| line.follows(rule))
    }

    fn parse(text: String, outermost: Component) -> Result<Self, TextError> {
        if text.len() > Self::MAX {
            return Err(TextError::TooLong);
        }
        if let Some(bad) = text.chars().find(|c| !is_safe_char(*c) && *c != '\n') {
            return Err(TextError::Forbidden(bad));
        }
        let lines = text.strip_suffix('\n').ok_or(TextError::Edge)?;
        let mut reader = Reader { outermost, open: Vec::new(), top: 0 };
        for (at, line) in lines.split('\n').enumerate() {
            if at >= Self::MAX_LINES || line.len() > Self::MAX_LINE {
                return Err(TextError::TooLong);
            }
            reader.line(line)?;
        }
        let whole = reader.top == 1 || (reader.top > 1 && outermost == Component::Card);
        if whole && reader.open.is_empty() { Ok(Self(text)) } else { Err(TextError::Edge) }
    }

    /// The unfolded lines, each ended by `\n`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The file: lines of at most 75 octets, folded between characters, CRLF.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.0.len() + self.0.len() / 32);
        for line in self.0.split_terminator('\n') {
            let mut column = 0;
            for c in line.chars() {
                if column + c.len_utf8() > FOLD {
                    out.extend_from_slice(b"\r\n ");
                    column = 1;
                }
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                column += c.len_utf8();
            }
            out.extend_from_slice(b"\r\n");
        }
        out
    }
}

fn written(lines: &[RecordLine]) -> Result<String, TextError> {
    let mut out = String::new();
    for line in lines {
        out.push_str(line.name);
        for (name, value) in &line.parameters {
            let quote = if *name != "TYPE" && value.contains([':', ';', ',']) { "\"" } else { "" };
            for piece in [";", name, "=", quote, value, quote] {
                out.push_str(piece);
            }
        }
        out.push(':');
        out.push_str(&line.value);
        out.push('\n');
        if out.len() > SafeRecord::MAX {
            return Err(TextError::TooLong);
        }
    }
    Ok(out)
}

/// A component that is open, and what of it was seen.
struct Open {
    component: Component,
    /// One bit for each of its rules.
    seen: u64,
    inner: Option<Component>,
}

/// Goes through the lines of a record. Nesting is bounded by
/// [`Component::holds`]: three deep.
struct Reader {
    outermost: Component,
    open: Vec<Open>,
    /// Outermost components.
    top: usize,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), TextError> {
        let line = Line::split(line).ok_or(TextError::Property)?;
        let fits = match line.name {
            "BEGIN" => line.parameters.is_empty() && self.begin(line.value),
            "END" => line.parameters.is_empty() && self.end(line.value),
            _ => self.open.last_mut().is_some_and(|open| open.property(&line)),
        };
        if fits { Ok(()) } else { Err(TextError::Property) }
    }

    fn begin(&mut self, name: &str) -> bool {
        let Some(component) = Component::named(name) else { return false };
        let fits = match self.open.last_mut() {
            None => component == self.outermost,
            Some(outer) => {
                let late = component == Component::Zone && !matches!(outer.inner, None | Some(Component::Zone));
                outer.inner = Some(component);
                outer.component.holds(component) && !late
            }
        };
        self.top += usize::from(self.open.is_empty());
        self.open.push(Open { component, seen: 0, inner: None });
        fits
    }

    fn end(&mut self, name: &str) -> bool {
        self.open.pop().is_some_and(|open| open.component.name() == name && open.is_complete())
    }
}

impl Open {
    fn property(&mut self, line: &Line<'_>) -> bool {
        let found = self.component.rules().enumerate().find(|(_, rule)| rule.name == line.name);
        let Some((at, rule)) = found else { return false };
        let bit = 1 << at;
        let again = self.seen & bit != 0 && rule.count != Count::Any;
        let in_order = match self.component {
            Component::Calendar => self.seen >> at == 0,
            // RFC 6350 6.7.9: the version stands first.
            Component::Card => at == 0 || self.seen != 0,
            Component::Zone | Component::Standard | Component::Daylight => true,
            Component::Event | Component::Task | Component::Alarm => true,
        };
        self.seen |= bit;
        // Properties stand before the components inside.
        !again && in_order && self.inner.is_none() && line.follows(rule)
    }

    fn is_complete(&self) -> bool {
        let seen = |at: usize| self.seen & (1 << at) != 0;
        let inside = match self.component {
            Component::Calendar => matches!(self.inner, Some(Component::Event | Component::Task)),
            Component::Zone => self.inner.is_some(),
            Component::Standard | Component::Daylight | Component::Alarm | Component::Card => true,
            Component::Event | Component::Task => true,
        };
        inside && self.component.rules().enumerate().all(|(at, rule)| rule.count != Count::One || seen(at))
    }
}

/// A content line, taken apart.
struct Line<'a> {
    name: &'a str,
    /// Name, value, and whether that stands in quotes.
    parameters: Vec<(&'a str, &'a str, bool)>,
    value: &'a str,
}

impl<'a> Line<'a> {
    fn split(line: &'a str) -> Option<Self> {
        let end = line.find([';', ':'])?;
        let (name, mut rest) = line.split_at(end);
        let mut parameters = Vec::new();
        while let Some(parameter) = rest.strip_prefix(';') {
            let (name, value) = parameter.split_once('=')?;
            let (value, behind, quoted) = match value.strip_prefix('"') {
                Some(value) => value.split_once('"').map(|(value, behind)| (value, behind, true))?,
                None => {
                    let (value, behind) = value.split_at(value.find([';', ':'])?);
                    (value, behind, false)
                }
            };
            // No rule has more than six.
            if parameters.len() == 6 {
                return None;
            }
            parameters.push((name, value, quoted));
            rest = behind;
        }
        Some(Self { name, parameters, value: rest.strip_prefix(':')? })
    }

    fn follows(&self, rule: &Rule) -> bool {
        let known = self.parameters.iter().enumerate().all(|(at, (name, value, quoted))| {
            let again = self.parameters[..at].iter().any(|(other, ..)| other == name);
            !again && rule.parameters.contains(name) && values::is_parameter(name, value, *quoted)
        });
        let has = |name: &str, value: Option<&str>| {
            self.parameters.iter().any(|(n, v, _)| *n == name && value.is_none_or(|value| *v == value))
        };
        let form =
            Form { date: has("VALUE", Some("DATE")), time: has("VALUE", Some("DATE-TIME")), zone: has("TZID", None) };
        known && values::is_value(rule.value, self.value, form)
    }
}

impl fmt::Debug for SafeRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafeRecord({} octets)", self.0.len())
    }
}
