//! What may stand in which component: the tables of `docs/output-formats.md`,
//! "Calendars and cards".

/// A component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Component {
    Calendar,
    Zone,
    Standard,
    Daylight,
    Event,
    Task,
    Alarm,
    Card,
}

/// How often a property may stand in its component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    One,
    Maybe,
    Any,
}

/// What a property's value is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    OneOf(&'static [&'static str]),
    Text,
    Texts,
    /// Texts with semicolons between: at least so many, at most so many.
    Fields(usize, usize),
    When,
    Whens,
    Local,
    Locals,
    Utc,
    Duration,
    Trigger,
    Offset,
    /// From 0 to this.
    Number(u32),
    Geo,
    Link,
    Mailbox,
    Recur,
    Birthday,
}

/// A property of a component.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) count: Count,
    pub(super) value: Value,
    pub(super) parameters: &'static [&'static str],
}

const fn rule(name: &'static str, count: Count, value: Value, parameters: &'static [&'static str]) -> Rule {
    Rule { name, count, value, parameters }
}

impl Component {
    const ALL: [Self; 8] =
        [Self::Calendar, Self::Zone, Self::Standard, Self::Daylight, Self::Event, Self::Task, Self::Alarm, Self::Card];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Calendar => "VCALENDAR",
            Self::Zone => "VTIMEZONE",
            Self::Standard => "STANDARD",
            Self::Daylight => "DAYLIGHT",
            Self::Event => "VEVENT",
            Self::Task => "VTODO",
            Self::Alarm => "VALARM",
            Self::Card => "VCARD",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.name() == name)
    }

    /// Whether `inner` may stand in it.
    pub(super) fn holds(self, inner: Self) -> bool {
        match self {
            Self::Calendar => matches!(inner, Self::Zone | Self::Event | Self::Task),
            Self::Zone => matches!(inner, Self::Standard | Self::Daylight),
            Self::Event | Self::Task => inner == Self::Alarm,
            Self::Standard | Self::Daylight | Self::Alarm | Self::Card => false,
        }
    }

    /// Its properties, in two lists; at most 64 in all.
    pub(super) fn rules(self) -> impl Iterator<Item = &'static Rule> {
        let (all, own): (&[Rule], &[Rule]) = match self {
            Self::Calendar => (&CALENDAR, &[]),
            Self::Zone => (&ZONE, &[]),
            Self::Standard | Self::Daylight => (&OBSERVANCE, &[]),
            Self::Event => (&ENTRY, &EVENT),
            Self::Task => (&ENTRY, &TASK),
            Self::Alarm => (&ALARM, &[]),
            Self::Card => (&CARD, &[]),
        };
        all.iter().chain(own)
    }
}

use Count::{Any, Maybe, One};
use Value::{
    Birthday, Duration, Fields, Geo, Link, Local, Locals, Mailbox, Number, Offset, OneOf, Recur, Text, Texts, Trigger,
    Utc, When, Whens,
};

const NONE: &[&str] = &[];
const DATED: &[&str] = &["VALUE", "TZID"];
const WORDED: &[&str] = &["LANGUAGE"];
const TYPED: &[&str] = &["TYPE"];

const METHODS: &[&str] = &["PUBLISH", "REQUEST", "REPLY", "ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER"];

static CALENDAR: [Rule; 4] = [
    rule("VERSION", One, OneOf(&["2.0"]), NONE),
    rule("PRODID", One, OneOf(&["-//Sekisho//Sekisho//EN"]), NONE),
    rule("CALSCALE", Maybe, OneOf(&["GREGORIAN"]), NONE),
    rule("METHOD", Maybe, OneOf(METHODS), NONE),
];

static ZONE: [Rule; 2] = [rule("TZID", One, Text, NONE), rule("LAST-MODIFIED", Maybe, Utc, NONE)];

static OBSERVANCE: [Rule; 7] = [
    rule("DTSTART", One, Local, NONE),
    rule("TZOFFSETFROM", One, Offset, NONE),
    rule("TZOFFSETTO", One, Offset, NONE),
    rule("TZNAME", Any, Text, NONE),
    rule("RRULE", Maybe, Recur, NONE),
    rule("RDATE", Any, Locals, NONE),
    rule("COMMENT", Any, Text, NONE),
];

static ENTRY: [Rule; 24] = [
    rule("UID", One, Text, NONE),
    rule("DTSTAMP", One, Utc, NONE),
    rule("DTSTART", Maybe, When, DATED),
    rule("DURATION", Maybe, Duration, NONE),
    rule("RRULE", Maybe, Recur, NONE),
    rule("RDATE", Any, Whens, DATED),
    rule("EXDATE", Any, Whens, DATED),
    rule("RECURRENCE-ID", Maybe, When, &["VALUE", "TZID", "RANGE"]),
    rule("SEQUENCE", Maybe, Number(99_999_999), NONE),
    rule("CREATED", Maybe, Utc, NONE),
    rule("LAST-MODIFIED", Maybe, Utc, NONE),
    rule("SUMMARY", Maybe, Text, WORDED),
    rule("DESCRIPTION", Maybe, Text, WORDED),
    rule("LOCATION", Maybe, Text, WORDED),
    rule("COMMENT", Any, Text, WORDED),
    rule("CONTACT", Any, Text, WORDED),
    rule("CATEGORIES", Any, Texts, WORDED),
    rule("RESOURCES", Any, Texts, WORDED),
    rule("CLASS", Maybe, OneOf(&["PUBLIC", "PRIVATE", "CONFIDENTIAL"]), NONE),
    rule("PRIORITY", Maybe, Number(9), NONE),
    rule("GEO", Maybe, Geo, NONE),
    rule("URL", Maybe, Link, NONE),
    rule("ORGANIZER", Maybe, Mailbox, &["CN", "LANGUAGE"]),
    rule("ATTENDEE", Any, Mailbox, &["CN", "ROLE", "PARTSTAT", "RSVP", "CUTYPE", "LANGUAGE"]),
];

static EVENT: [Rule; 3] = [
    rule("DTEND", Maybe, When, DATED),
    rule("TRANSP", Maybe, OneOf(&["OPAQUE", "TRANSPARENT"]), NONE),
    rule("STATUS", Maybe, OneOf(&["TENTATIVE", "CONFIRMED", "CANCELLED"]), NONE),
];

static TASK: [Rule; 4] = [
    rule("DUE", Maybe, When, DATED),
    rule("COMPLETED", Maybe, Utc, NONE),
    rule("PERCENT-COMPLETE", Maybe, Number(100), NONE),
    rule("STATUS", Maybe, OneOf(&["NEEDS-ACTION", "COMPLETED", "IN-PROCESS", "CANCELLED"]), NONE),
];

static ALARM: [Rule; 3] = [
    rule("ACTION", One, OneOf(&["DISPLAY"]), NONE),
    rule("DESCRIPTION", One, Text, NONE),
    rule("TRIGGER", One, Trigger, &["VALUE", "RELATED"]),
];

static CARD: [Rule; 23] = [
    rule("VERSION", One, OneOf(&["3.0"]), NONE),
    rule("N", One, Fields(5, 5), NONE),
    rule("FN", One, Text, NONE),
    rule("NICKNAME", Any, Texts, NONE),
    rule("ORG", Any, Fields(1, 10), NONE),
    rule("TITLE", Any, Text, NONE),
    rule("ROLE", Any, Text, NONE),
    rule("NOTE", Any, Text, NONE),
    rule("TEL", Any, Text, TYPED),
    rule("EMAIL", Any, Text, TYPED),
    rule("LABEL", Any, Text, TYPED),
    rule("ADR", Any, Fields(7, 7), TYPED),
    rule("CATEGORIES", Any, Texts, NONE),
    rule("BDAY", Maybe, Birthday, NONE),
    rule("GEO", Maybe, Geo, NONE),
    rule("TZ", Maybe, Text, NONE),
    rule("URL", Any, Link, NONE),
    rule("REV", Maybe, Utc, NONE),
    rule("UID", Maybe, Text, NONE),
    rule("SORT-STRING", Maybe, Text, NONE),
    rule("X-PHONETIC-FIRST-NAME", Maybe, Text, NONE),
    rule("X-PHONETIC-MIDDLE-NAME", Maybe, Text, NONE),
    rule("X-PHONETIC-LAST-NAME", Maybe, Text, NONE),
];
