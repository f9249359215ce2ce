//! Calendars (RFC 5545, vCalendar 1.0), written anew: entries, their time
//! zones, and reminders that only show themselves.
//!
//! What would change an entry's time or rule if it were left out makes the
//! calendar unsupported: its words are shown instead.

use sekisho_disarm::{Budget, Decoded, Disarmed, Refusal};
use sekisho_safe_message::{Content, RecordLine, Removal, SafeRecord, TextError};

use super::tree::{self, Component, Lines};
use super::values::{line, text};
use super::{content, entry};

/// Lines of a calendar, understood.
struct Calendar(Vec<RecordLine>);

impl Decoded for Calendar {
    fn content(self) -> Result<Content, Refusal> {
        SafeRecord::calendar(&self.0).map(Content::Calendar).map_err(refusal)
    }
}

/// Why lines are no record. Each was asked for before, so that only their
/// number and the frame can be wrong.
pub(super) fn refusal(error: TextError) -> Refusal {
    match error {
        TextError::TooLong => Refusal::TooLarge,
        TextError::Forbidden(_) | TextError::FileLike | TextError::Formula => Refusal::Malformed,
        TextError::Empty | TextError::Edge | TextError::Property => Refusal::Malformed,
    }
}

/// A calendar, written anew.
pub(super) fn rebuild(octets: &[u8], budget: &mut Budget) -> Result<Disarmed, Refusal> {
    let (properties, removed) = content::read(octets, budget)?;
    let calendars = tree::read(properties)?;
    if calendars.is_empty() || calendars.iter().any(|calendar| calendar.name != "VCALENDAR") {
        return Err(Refusal::Malformed);
    }
    let mut lines = Lines { made: Vec::new(), removed };
    lines.begin("VCALENDAR");
    lines.made.push(line("VERSION", "2.0"));
    lines.made.push(line("PRODID", "-//Sekisho//Sekisho//EN"));
    head(&calendars, &mut lines)?;
    let inner = || calendars.iter().flat_map(|calendar| &calendar.inner);
    for zone in inner().filter(|inner| inner.name == "VTIMEZONE") {
        zone_lines(zone, &mut lines)?;
    }
    let before = lines.made.len();
    for component in inner() {
        match component.name.as_str() {
            "VEVENT" => entry::write(component, "VEVENT", &mut lines)?,
            "VTODO" => entry::write(component, "VTODO", &mut lines)?,
            "VTIMEZONE" => {}
            // Journals, free and busy times, and what nobody knows.
            _ => drop(lines.removed.insert(Removal::Property)),
        }
    }
    if lines.made.len() == before {
        return Err(Refusal::Unsupported);
    }
    lines.end("VCALENDAR");
    Ok(Disarmed::of(Calendar(lines.made))?.without(lines.removed))
}

/// The calendar's own properties; of several calendars in one file, those
/// must be the same.
fn head(calendars: &[Component], lines: &mut Lines) -> Result<(), Refusal> {
    let value = |calendar: &Component, name: &str| {
        calendar.properties.iter().find(|p| p.name == name).map(|p| p.value.to_ascii_uppercase())
    };
    let methods: Vec<_> = calendars.iter().map(|calendar| value(calendar, "METHOD")).collect();
    let other = |calendar| value(calendar, "CALSCALE").is_some_and(|scale| scale != "GREGORIAN");
    if methods.windows(2).any(|pair| pair[0] != pair[1]) || calendars.iter().any(other) {
        return Err(Refusal::Unsupported);
    }
    if let Some(method) = methods.into_iter().flatten().next()
        && !lines.put("VCALENDAR", 0, line("METHOD", method))
    {
        lines.removed.insert(Removal::Property);
    }
    let known = ["VERSION", "PRODID", "METHOD", "CALSCALE"];
    let unknown = calendars.iter().flat_map(|c| &c.properties).any(|p| !known.contains(&p.name.as_str()));
    lines.removed.extend(unknown.then_some(Removal::Property));
    Ok(())
}

/// A time zone, all of it or none: half of one gives other times.
fn zone_lines(zone: &Component, lines: &mut Lines) -> Result<(), Refusal> {
    let id = zone.properties.iter().find(|p| p.name == "TZID").ok_or(Refusal::Malformed)?;
    let id = line("TZID", text(&id.value, &mut lines.removed));
    if lines.made.contains(&id) {
        return Ok(());
    }
    lines.begin("VTIMEZONE");
    if !lines.put("VTIMEZONE", lines.made.len(), id) {
        return Err(Refusal::Malformed);
    }
    let unknown = zone.properties.iter().any(|p| p.name != "TZID" && p.name != "LAST-MODIFIED");
    lines.removed.extend(unknown.then_some(Removal::Property));
    for part in &zone.inner {
        let name = match part.name.as_str() {
            "STANDARD" => "STANDARD",
            "DAYLIGHT" => "DAYLIGHT",
            _ => return Err(Refusal::Unsupported),
        };
        observance(part, name, lines)?;
    }
    lines.end("VTIMEZONE");
    Ok(())
}

fn observance(part: &Component, name: &'static str, lines: &mut Lines) -> Result<(), Refusal> {
    lines.begin(name);
    let start = lines.made.len();
    for property in &part.properties {
        let value = property.value.to_ascii_uppercase();
        let line = match property.name.as_str() {
            "DTSTART" => line("DTSTART", value),
            "TZOFFSETFROM" => line("TZOFFSETFROM", value),
            "TZOFFSETTO" => line("TZOFFSETTO", value),
            "RRULE" => line("RRULE", entry::rule(&value)),
            "RDATE" => line("RDATE", value),
            "TZNAME" => line("TZNAME", text(&property.value, &mut lines.removed)),
            _ => {
                lines.removed.insert(Removal::Property);
                continue;
            }
        };
        if !lines.put(name, start, line) {
            return Err(Refusal::Unsupported);
        }
    }
    lines.end(name);
    Ok(())
}
