//! Visiting cards (vCard 2.1, 3.0, 4.0), written anew as vCard 3.0, which
//! every program here reads.

use sekisho_disarm::{Budget, Decoded, Disarmed, Refusal};
use sekisho_safe_message::{Content, RecordLine, Removal, SafeRecord};

use super::calendar::refusal;
use super::content::{self, Property};
use super::tree::{self, Component, Lines, with_parameter};
use super::values::{fields, line, long_text, pieces, text, texts};

/// Lines of cards, understood.
struct Cards(Vec<RecordLine>);

impl Decoded for Cards {
    fn content(self) -> Result<Content, Refusal> {
        SafeRecord::card(&self.0).map(Content::Card).map_err(refusal)
    }
}

/// Cards, written anew.
pub(super) fn rebuild(octets: &[u8], budget: &mut Budget) -> Result<Disarmed, Refusal> {
    let (properties, removed) = content::read(octets, budget)?;
    let cards = tree::read(properties)?;
    let mut lines = Lines { made: Vec::new(), removed };
    if cards.is_empty() || cards.iter().any(|card| card.name != "VCARD") {
        return Err(Refusal::Malformed);
    }
    for card in &cards {
        write(card, &mut lines)?;
    }
    Ok(Disarmed::of(Cards(lines.made))?.without(lines.removed))
}

/// What a property is, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Text,
    Long,
    Texts,
    /// With semicolons between: so many; 0 for as many as there are.
    Fields(usize),
    /// A number or an address, with a scheme before it in vCard 4.0.
    Reach(&'static str),
    Birthday,
    Place,
    Revision,
    Link,
}

use Sort::{Birthday, Fields, Link, Long, Place, Reach, Revision, Text, Texts};

const PROPERTIES: [(&str, Sort); 22] = [
    ("FN", Text),
    ("N", Fields(5)),
    ("NICKNAME", Texts),
    ("ORG", Fields(0)),
    ("TITLE", Text),
    ("ROLE", Text),
    ("NOTE", Long),
    ("TEL", Reach("tel:")),
    ("EMAIL", Reach("mailto:")),
    ("LABEL", Text),
    ("ADR", Fields(7)),
    ("CATEGORIES", Texts),
    ("BDAY", Birthday),
    ("GEO", Place),
    ("TZ", Text),
    ("URL", Link),
    ("REV", Revision),
    ("UID", Text),
    ("SORT-STRING", Text),
    ("X-PHONETIC-FIRST-NAME", Text),
    ("X-PHONETIC-MIDDLE-NAME", Text),
    ("X-PHONETIC-LAST-NAME", Text),
];

fn write(card: &Component, lines: &mut Lines) -> Result<(), Refusal> {
    lines.begin("VCARD");
    let start = lines.made.len();
    lines.made.push(line("VERSION", "3.0"));
    for property in &card.properties {
        let known = PROPERTIES.iter().find(|(name, _)| *name == property.name && !property.is_binary());
        let Some((name, sort)) = known else {
            other(property, start, lines);
            continue;
        };
        let made = made(property, name, *sort, lines);
        if made.value.is_empty() || lines.put("VCARD", start, made) {
            continue;
        }
        lines.removed.insert(match sort {
            Link => Removal::Link,
            Revision => Removal::Metadata,
            Text | Long | Texts | Fields(_) | Reach(_) | Birthday | Place => Removal::Property,
        });
    }
    if !card.inner.is_empty() {
        lines.removed.insert(Removal::EmbeddedFile);
    }
    complete(start, lines)?;
    lines.end("VCARD");
    Ok(())
}

/// What stays in another form, or not at all.
fn other(property: &Property, start: usize, lines: &mut Lines) {
    match property.name.as_str() {
        "VERSION" | "PRODID" | "KIND" => {}
        // How Japanese telephones write a reading: `SOUND;X-IRMC-N:ﾔﾏﾀﾞ;ﾀﾛｳ;;;`
        "SOUND" if property.types().any(|kind| kind == "X-IRMC-N") => {
            for (at, name) in [(0, "X-PHONETIC-LAST-NAME"), (1, "X-PHONETIC-FIRST-NAME")] {
                let reading = pieces(&property.value, ';').nth(at).unwrap_or("");
                let reading = text(reading, &mut lines.removed);
                if !reading.is_empty() {
                    lines.put("VCARD", start, line(name, reading));
                }
            }
        }
        "SOUND" => drop(lines.removed.insert(Removal::Multimedia)),
        "PHOTO" | "LOGO" | "KEY" | "AGENT" => drop(lines.removed.insert(Removal::EmbeddedFile)),
        _ => drop(lines.removed.insert(Removal::Property)),
    }
}

fn made(property: &Property, name: &'static str, sort: Sort, lines: &mut Lines) -> RecordLine {
    let (value, removed) = (property.value.as_str(), &mut lines.removed);
    let value = match sort {
        Text => text(value, removed),
        Long => long_text(value, removed),
        Texts => texts(value, removed),
        Fields(0) => fields(value, pieces(value, ';').count().min(10), removed),
        Fields(count) => fields(value, count, removed),
        Reach(scheme) => text(without_scheme(value, scheme), removed),
        Birthday => value.split(['T', 't', ' ']).next().unwrap_or("").to_owned(),
        Place => without_scheme(value, "geo:").replace(',', ";"),
        Revision => revision(value),
        Link => value.to_owned(),
    };
    let types = types(property);
    with_parameter("VCARD", line(name, value), "TYPE", (!types.is_empty()).then(|| types.join(",")))
}

/// Types under their names in vCard 3.0, each once.
fn types(property: &Property) -> Vec<&'static str> {
    const TYPES: [(&str, &str); 19] = [
        ("HOME", "HOME"),
        ("WORK", "WORK"),
        ("PREF", "PREF"),
        ("FAX", "FAX"),
        ("CELL", "CELL"),
        ("IPHONE", "CELL"),
        ("MOBILE", "CELL"),
        ("VOICE", "VOICE"),
        ("MSG", "MSG"),
        ("TEXT", "MSG"),
        ("PAGER", "PAGER"),
        ("CAR", "CAR"),
        ("VIDEO", "VIDEO"),
        ("ISDN", "ISDN"),
        ("PCS", "PCS"),
        ("INTERNET", "INTERNET"),
        ("DOM", "DOM"),
        ("INTL", "INTL"),
        ("POSTAL", "POSTAL"),
    ];
    let mut types = Vec::new();
    for kind in property.types().take(20) {
        let known = TYPES.iter().find(|(written, _)| *written == kind).map(|(_, name)| *name);
        types.extend(known.filter(|name| types.len() < 10 && !types.contains(name)));
    }
    types
}

fn without_scheme<'a>(value: &'a str, scheme: &str) -> &'a str {
    match value.split_at_checked(scheme.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(scheme) => rest,
        Some(_) | None => value,
    }
}

/// `2026-04-01T00:00:00Z` as `20260401T000000Z`.
fn revision(value: &str) -> String {
    let plain: String = value.chars().filter(|c| *c != '-' && *c != ':').collect();
    let (whole, _) = plain.split_once('.').unwrap_or((&plain, ""));
    let whole = whole.trim_end_matches('Z');
    format!("{whole}Z")
}

/// RFC 2426 wants both a name in its parts and a name as it is shown.
fn complete(start: usize, lines: &mut Lines) -> Result<(), Refusal> {
    let first = |lines: &Lines, name: &str| {
        let found = lines.made[start..].iter().find(|made| made.name == name);
        found.map(|made| made.value.clone()).filter(|value| value.chars().any(|c| c != ';'))
    };
    let shown = match (first(lines, "FN"), first(lines, "N")) {
        (Some(_), Some(_)) => return Ok(()),
        (Some(shown), None) => shown,
        (None, Some(parts)) => joined(&parts),
        (None, None) => ["ORG", "NICKNAME", "EMAIL", "TEL"]
            .iter()
            .find_map(|name| first(lines, name))
            .map(|value| joined(&value))
            .ok_or(Refusal::Malformed)?,
    };
    if first(lines, "FN").is_none() {
        lines.made.insert(start + 1, line("FN", shown.clone()));
    }
    let has_parts = lines.made[start..].iter().any(|made| made.name == "N");
    if !has_parts {
        lines.made.insert(start + 1, line("N", format!("{shown};;;;")));
    }
    Ok(())
}

/// Fields as one text.
fn joined(value: &str) -> String {
    let fields: Vec<&str> =
        pieces(value, ';').flat_map(|field| pieces(field, ',')).filter(|one| !one.is_empty()).collect();
    fields.join(" ")
}
