//! What a calendar holds, as written: its method, entries and zones.

use super::lines::{self, Property};
use super::zone::{self, Zone};

/// Most entries that are shown; the rest is counted.
const MAX_ENTRIES: usize = 50;
/// Deepest nesting; RFC 5545 has three levels.
const MAX_DEPTH: usize = 16;

/// A calendar.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// In upper case; empty if there is none.
    pub(super) method: String,
    pub(super) entries: Vec<Entry>,
    /// Entries that have no place.
    pub(super) more: usize,
    pub(super) zones: Vec<Zone>,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Event,
    Task,
}

/// An event or a task.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) sort: Sort,
    properties: Vec<Property>,
}

impl Entry {
    /// The first property of this name.
    pub(super) fn first(&self, name: &str) -> Option<&Property> {
        self.all(name).next()
    }

    /// All properties of this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }

    /// The first one's text, empty if there is none.
    pub(super) fn text(&self, name: &str) -> String {
        self.first(name).map(Property::text).unwrap_or_default()
    }
}

/// The part of a calendar in which a property stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Calendar,
    Entry,
    /// An entry beyond the bound, an alarm, or what we do not know.
    Ignored,
    Zone,
    Observance,
}

/// Reads a calendar. What is never closed ends with it.
pub(super) fn read(text: &str) -> Contents {
    let mut contents = Contents::default();
    let mut places: Vec<Place> = Vec::new();
    for property in lines::read(text) {
        match property.name.as_str() {
            "BEGIN" if places.len() < MAX_DEPTH => {
                let outer = places.last().copied();
                places.push(contents.begin(&component(&property), outer));
            }
            "BEGIN" => {}
            "END" => drop(places.pop()),
            _ => contents.take(property, places.last().copied().unwrap_or(Place::Calendar)),
        }
    }
    contents
}

fn component(property: &Property) -> String {
    property.raw().split(char::is_whitespace).next().unwrap_or("").to_ascii_uppercase()
}

impl Contents {
    fn begin(&mut self, name: &str, outer: Option<Place>) -> Place {
        match (name, outer) {
            ("VCALENDAR", _) => Place::Calendar,
            ("VEVENT", _) => self.begin_entry(Sort::Event),
            ("VTODO", _) => self.begin_entry(Sort::Task),
            ("VTIMEZONE", _) => {
                zone::begin_zone(&mut self.zones);
                Place::Zone
            }
            ("STANDARD" | "DAYLIGHT", Some(Place::Zone)) => {
                zone::begin_observance(&mut self.zones);
                Place::Observance
            }
            _ => Place::Ignored,
        }
    }

    fn begin_entry(&mut self, sort: Sort) -> Place {
        if self.entries.len() == MAX_ENTRIES {
            self.more += 1;
            return Place::Ignored;
        }
        self.entries.push(Entry { sort, properties: Vec::new() });
        Place::Entry
    }

    fn take(&mut self, property: Property, place: Place) {
        match place {
            Place::Calendar if property.name == "METHOD" => self.method = property.raw().trim().to_ascii_uppercase(),
            Place::Calendar | Place::Ignored => {}
            Place::Zone | Place::Observance => zone::take(&mut self.zones, &property),
            Place::Entry => {
                if let Some(entry) = self.entries.last_mut() {
                    entry.properties.push(property);
                }
            }
        }
    }
}
