//! Events and tasks of a calendar.

use sekisho_disarm::Refusal;
use sekisho_safe_message::{RecordLine, Removal, Sha256};

use super::content::Property;
use super::tree::{Component, Lines, with_parameter};
use super::values::{line, long_text, parameter, text, texts};

/// What a property is, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Text,
    Long,
    Texts,
    /// Dates and times: the entry is another one without.
    When,
    /// A rule or a duration: likewise.
    Rule,
    /// A word or number of a closed list; left out if it is another.
    Word,
    Link,
    Person,
}

use Sort::{Link, Long, Person, Rule, Text, Texts, When, Word};

const PROPERTIES: [(&str, Sort); 30] = [
    ("UID", Text),
    ("DTSTAMP", Word),
    ("DTSTART", When),
    ("DTEND", When),
    ("DUE", When),
    ("DURATION", Rule),
    ("RRULE", Rule),
    ("RDATE", When),
    ("EXDATE", When),
    ("RECURRENCE-ID", When),
    ("SEQUENCE", Word),
    ("CREATED", Word),
    ("LAST-MODIFIED", Word),
    ("COMPLETED", Word),
    ("SUMMARY", Text),
    ("DESCRIPTION", Long),
    ("LOCATION", Text),
    ("COMMENT", Long),
    ("CONTACT", Text),
    ("CATEGORIES", Texts),
    ("RESOURCES", Texts),
    ("CLASS", Word),
    ("PRIORITY", Word),
    ("PERCENT-COMPLETE", Word),
    ("GEO", Word),
    ("STATUS", Word),
    ("TRANSP", Word),
    ("URL", Link),
    ("ORGANIZER", Person),
    ("ATTENDEE", Person),
];

/// Writes an event or a task.
pub(super) fn write(entry: &Component, component: &'static str, lines: &mut Lines) -> Result<(), Refusal> {
    lines.begin(component);
    let start = lines.made.len();
    for property in &entry.properties {
        let Some((name, sort)) = PROPERTIES.iter().find(|(name, _)| *name == property.name) else {
            lines.removed.insert(left_out(property));
            continue;
        };
        let line = made(component, property, name, *sort, lines);
        let is_empty = line.value.is_empty();
        if is_empty || lines.put(component, start, line) {
            continue;
        }
        match sort {
            When | Rule => return Err(Refusal::Unsupported),
            Link => lines.removed.insert(Removal::Link),
            Text | Long | Texts | Word | Person => lines.removed.insert(Removal::Property),
        };
    }
    complete(component, start, lines);
    for inner in &entry.inner {
        if !alarm(inner, lines) {
            lines.removed.insert(Removal::Alarm);
        }
    }
    lines.end(component);
    Ok(())
}

fn left_out(property: &Property) -> Removal {
    match property.name.as_str() {
        "X-ALT-DESC" => Removal::Markup,
        "ATTACH" if property.value.contains("://") && !property.is_binary() => Removal::Link,
        "ATTACH" => Removal::EmbeddedFile,
        // vCalendar 1.0.
        "AALARM" | "DALARM" | "MALARM" | "PALARM" => Removal::Alarm,
        _ => Removal::Property,
    }
}

fn made(component: &str, property: &Property, name: &'static str, sort: Sort, lines: &mut Lines) -> RecordLine {
    let removed = &mut lines.removed;
    match sort {
        Text | Long | Texts => {
            let value = match sort {
                Long => long_text(&property.value, removed),
                Texts => texts(&property.value, removed),
                Text | When | Rule | Word | Link | Person => text(&property.value, removed),
            };
            let language = property.parameter("LANGUAGE").map(str::to_owned);
            with_parameter(component, line(name, value), "LANGUAGE", language)
        }
        When => when(property, name, lines),
        Rule if name == "RRULE" => line(name, rule(&property.value.to_ascii_uppercase())),
        Rule => line(name, property.value.to_ascii_uppercase()),
        Word => line(name, word(&property.value)),
        Link => line(name, property.value.clone()),
        Person => person(component, property, name, lines),
    }
}

/// A word or number as the lists have it.
fn word(value: &str) -> String {
    let upper = value.to_ascii_uppercase();
    let is_number = !upper.is_empty() && upper.bytes().all(|b| b.is_ascii_digit());
    if is_number { without_zeros(&upper).to_owned() } else { upper }
}

fn without_zeros(digits: &str) -> &str {
    let rest = digits.trim_start_matches('0');
    if rest.is_empty() && !digits.is_empty() { "0" } else { rest }
}

/// A rule with its frequency in front and its numbers without zeros.
pub(super) fn rule(value: &str) -> String {
    let (mut first, mut others) = (Vec::new(), Vec::new());
    for part in value.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, list) = part.split_once('=').unwrap_or((part, ""));
        let plain = |one: &str| {
            let digits = one.trim_start_matches(['+', '-']);
            let sign = &one[..one.len() - digits.len()];
            let sign = if sign == "+" { "" } else { sign };
            format!("{sign}{}", digits.trim_start_matches('0'))
        };
        let list = match name {
            "UNTIL" | "FREQ" | "WKST" => list.to_owned(),
            _ => list.split(',').map(plain).collect::<Vec<_>>().join(","),
        };
        let list = if part.contains('=') { format!("{name}={list}") } else { part.to_owned() };
        if name == "FREQ" { &mut first } else { &mut others }.push(list);
    }
    first.append(&mut others);
    first.join(";")
}

/// Dates or times with what says how they are to be read.
fn when(property: &Property, name: &'static str, lines: &mut Lines) -> RecordLine {
    let value = property.value.to_ascii_uppercase();
    let is_day = |one: &str| one.len() == 8 && one.bytes().all(|b| b.is_ascii_digit());
    let says_day = property.parameter("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("DATE"));
    // Some programs say that it is a day, and give a time.
    let day = |one: &str| one.split_once('T').map_or(one, |(day, _)| day).to_owned();
    let each = value.split([',', ';']).map(str::trim).filter(|one| !one.is_empty());
    let each: Vec<String> = each.map(|one| if says_day { day(one) } else { one.to_owned() }).collect();
    let mut made = line(name, each.join(","));
    if each.first().is_some_and(|one| is_day(one)) {
        made.parameters.push(("VALUE", "DATE".to_owned()));
    } else if !each.first().is_some_and(|one| one.ends_with('Z')) {
        let zone = property.parameter("TZID").and_then(|zone| parameter(zone, &mut lines.removed));
        made.parameters.extend(zone.map(|zone| ("TZID", zone)));
    }
    let future = property.parameter("RANGE").is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"));
    if future && name == "RECURRENCE-ID" {
        made.parameters.push(("RANGE", "THISANDFUTURE".to_owned()));
    }
    made
}

/// Somebody with an address of mail; nobody else can be asked or answered.
fn person(component: &str, property: &Property, name: &'static str, lines: &mut Lines) -> RecordLine {
    let value = property.value.trim();
    let is_mail = value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let address = if is_mail { value[7..].trim() } else { value };
    let mut made = line(name, format!("mailto:{address}"));
    let common = property.parameter("CN").and_then(|common| parameter(common, &mut lines.removed));
    made = with_parameter(component, made, "CN", common);
    for name in ["ROLE", "PARTSTAT", "RSVP", "CUTYPE"] {
        let value = property.parameter(name).map(str::to_ascii_uppercase);
        made = with_parameter(component, made, name, value);
    }
    made
}

/// Gives an entry what it must have. An entry without an identity gets one of
/// its content; one that does not say when it was written is the oldest, so
/// that it never replaces another.
fn complete(component: &'static str, start: usize, lines: &mut Lines) {
    let has = |lines: &Lines, name: &str| lines.made[start..].iter().find(|made| made.name == name).cloned();
    if has(lines, "UID").is_none() {
        let all: Vec<String> =
            lines.made[start..].iter().map(|made| format!("{}:{}\n", made.name, made.value)).collect();
        let digest = Sha256::of(all.concat().as_bytes()).to_string();
        lines.put(component, start, line("UID", format!("{}@sekisho", &digest[..32])));
    }
    if has(lines, "DTSTAMP").is_none() {
        let written = has(lines, "LAST-MODIFIED").or_else(|| has(lines, "CREATED"));
        let written = written.map_or_else(|| "19700101T000000Z".to_owned(), |made| made.value);
        lines.put(component, start, line("DTSTAMP", written));
    }
}

/// A reminder that shows itself and does nothing else; returns whether all of
/// it stays.
fn alarm(alarm: &Component, lines: &mut Lines) -> bool {
    let value = |name: &str| alarm.properties.iter().find(|property| property.name == name);
    let shows = value("ACTION").is_some_and(|action| action.value.eq_ignore_ascii_case("DISPLAY"));
    let (Some(trigger), true) = (value("TRIGGER"), shows && alarm.name == "VALARM" && alarm.inner.is_empty()) else {
        return false;
    };
    let mut when = line("TRIGGER", trigger.value.to_ascii_uppercase());
    for name in ["VALUE", "RELATED"] {
        let value = trigger.parameter(name).map(str::to_ascii_uppercase).filter(|value| value != "DURATION");
        // The value decides how it is read, so both come before it is asked for.
        when.parameters.extend(value.map(|value| (name, value)));
    }
    let begin = lines.made.len();
    lines.begin("VALARM");
    let start = lines.made.len();
    lines.made.push(line("ACTION", "DISPLAY"));
    let words = value("DESCRIPTION").map(|words| text(&words.value, &mut lines.removed)).unwrap_or_default();
    let words = if words.is_empty() { "Reminder".to_owned() } else { words };
    let fits = lines.put("VALARM", start, line("DESCRIPTION", words)) && lines.put("VALARM", start, when);
    if !fits {
        lines.made.truncate(begin);
        return false;
    }
    lines.end("VALARM");
    let kept = ["ACTION", "TRIGGER", "DESCRIPTION"];
    alarm.properties.iter().all(|property| kept.contains(&property.name.as_str()))
}
