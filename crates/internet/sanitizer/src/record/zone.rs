//! Time zones: a few names, and the zones that a calendar brings along.
//!
//! Never: has a database of zones. What cannot be resolved stays local time.

use super::date::{Civil, DAY, HOUR, JST, MINUTE, digits};
use super::lines::Property;
use super::rule::Rule;
use super::when::Stamp;

/// Most zones of a calendar, observances of a zone, extra dates of one.
const MAX_ZONES: usize = 20;
const MAX_OBSERVANCES: usize = 200;
const MAX_DATES: usize = 200;

/// Zones without summer time, as IANA's last component or as Windows calls
/// them, in lower case; minutes east of Greenwich.
const FIXED: [(&str, i64); 22] = [
    ("tokyo", 540),
    ("tokyo standard time", 540),
    ("japan", 540),
    ("jst", 540),
    ("seoul", 540),
    ("korea standard time", 540),
    ("shanghai", 480),
    ("china standard time", 480),
    ("hong_kong", 480),
    ("taipei", 480),
    ("taipei standard time", 480),
    ("singapore", 480),
    ("singapore standard time", 480),
    ("manila", 480),
    ("bangkok", 420),
    ("ho_chi_minh", 420),
    ("se asia standard time", 420),
    ("kolkata", 330),
    ("india standard time", 330),
    ("utc", 0),
    ("gmt", 0),
    ("z", 0),
];

/// A zone that a calendar describes (RFC 5545 3.6.5).
#[derive(Debug, Default)]
pub(super) struct Zone {
    id: String,
    observances: Vec<Observance>,
}

/// From when on, and how far from Greenwich. Local seconds since 1970.
#[derive(Debug, Default)]
struct Observance {
    start: Option<i64>,
    from: i64,
    to: Option<i64>,
    rule: Yearly,
    dates: Vec<i64>,
}

#[derive(Debug, Default)]
enum Yearly {
    #[default]
    Never,
    Known(Rule),
    Unknown,
}

/// Adds a zone to those that are read, if there is room.
pub(super) fn begin_zone(zones: &mut Vec<Zone>) {
    if zones.len() < MAX_ZONES {
        zones.push(Zone::default());
    }
}

/// Adds an observance to the last zone, if there is room.
pub(super) fn begin_observance(zones: &mut [Zone]) {
    if let Some(zone) = zones.last_mut().filter(|zone| zone.observances.len() < MAX_OBSERVANCES) {
        zone.observances.push(Observance::default());
    }
}

/// Takes a property of the last zone or of its last observance.
pub(super) fn take(zones: &mut [Zone], property: &Property) {
    let Some(zone) = zones.last_mut() else { return };
    let value = property.raw();
    if property.name == "TZID" {
        zone.id = value.trim().to_owned();
        return;
    }
    let Some(observance) = zone.observances.last_mut() else { return };
    match property.name.as_str() {
        "DTSTART" => observance.start = local(&value),
        "TZOFFSETFROM" => observance.from = digits(value.trim()).unwrap_or(0),
        "TZOFFSETTO" => observance.to = digits(value.trim()),
        "RRULE" => observance.rule = Rule::read(&value).map_or(Yearly::Unknown, Yearly::Known),
        "RDATE" => {
            let room = MAX_DATES - observance.dates.len();
            observance.dates.extend(value.split(',').filter_map(local).take(room));
        }
        _ => {}
    }
}

fn local(value: &str) -> Option<i64> {
    match Stamp::read(value)? {
        Stamp::Day(day) => Some(day * DAY),
        Stamp::Local(seconds) | Stamp::Utc(seconds) => Some(seconds),
    }
}

/// How many seconds east of Greenwich the zone `id` is when its clocks show `local`.
pub(super) fn offset(zones: &[Zone], id: &str, local: i64) -> Option<i64> {
    let id = id.trim();
    named(id).or_else(|| zones.iter().find(|zone| !id.is_empty() && zone.id == id)?.offset(local))
}

fn named(id: &str) -> Option<i64> {
    let id = id.to_lowercase();
    // `/mozilla.org/20050126_1/Asia/Tokyo`, `(UTC+09:00) Osaka, Sapporo, Tokyo`
    let last = id.rsplit('/').next().unwrap_or("");
    if id.starts_with('(') && (id.contains("tokyo") || id.contains("東京")) {
        return Some(JST);
    }
    let fixed = FIXED.iter().find(|(name, _)| *name == last).map(|(_, minutes)| minutes * MINUTE);
    let digits_alone = || digits(id.strip_prefix("utc").or_else(|| id.strip_prefix("gmt")).unwrap_or(&id));
    fixed.or_else(digits_alone).filter(|offset| offset.abs() <= 24 * HOUR)
}

impl Zone {
    /// The observance that began last; before the first, what was before it.
    fn offset(&self, local: i64) -> Option<i64> {
        let known = || self.observances.iter().filter(|observance| observance.to.is_some());
        let first = known().next()?;
        if known().all(|observance| observance.to == first.to) {
            return first.to;
        }
        let mut last: Option<(i64, i64)> = None;
        let mut earliest: Option<(i64, i64)> = None;
        for observance in known() {
            let (start, to) = (observance.start?, observance.to?);
            earliest = earliest.filter(|(other, _)| *other <= start).or(Some((start, observance.from)));
            let onset = observance.onset(start, local)?;
            last = [last, onset.map(|onset| (onset, to))].into_iter().flatten().max_by_key(|(onset, _)| *onset);
        }
        last.or(earliest).map(|(_, offset)| offset)
    }
}

impl Observance {
    /// When it last began before `local`; `None` where the rule has a form
    /// that we do not know, `Some(None)` where it had not begun yet.
    fn onset(&self, start: i64, local: i64) -> Option<Option<i64>> {
        let dates = self.dates.iter().copied().chain([start]);
        let latest = dates.filter(|onset| *onset <= local).max();
        let rule = match &self.rule {
            Yearly::Never => return Some(latest),
            Yearly::Unknown => return None,
            Yearly::Known(rule) => rule,
        };
        let until = match rule.until() {
            None => i64::MAX,
            Some(Stamp::Day(day)) => day * DAY + DAY - 1,
            Some(Stamp::Local(seconds)) => seconds,
            Some(Stamp::Utc(seconds)) => seconds + self.from,
        };
        let first = Civil::from_days(start.div_euclid(DAY));
        let year = Civil::from_days(local.min(until).div_euclid(DAY)).year;
        let mut latest = latest;
        for year in [year, year - 1] {
            let onset = rule.yearly_day(year.max(1), first)? * DAY + start.rem_euclid(DAY);
            if (start..=local.min(until)).contains(&onset) {
                latest = latest.max(Some(onset));
            }
        }
        Some(latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::lines;

    const EUROPE: &str = "TZID:W. Europe Standard Time\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\n\
        TZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\n\
        DTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\n";
    /// Summer time was given up in 2010.
    const ENDED: &str = "TZID:Ended\nBEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0400\nTZOFFSETTO:+0300\n\
        RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10;UNTIL=20101031T000000Z\nBEGIN:DAYLIGHT\nDTSTART:19810329T020000\n\
        TZOFFSETFROM:+0300\nTZOFFSETTO:+0400\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3;UNTIL=20100328T000000Z\n";
    const ODD: &str = "TZID:Odd\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0000\n\
        RRULE:FREQ=HOURLY\nBEGIN:DAYLIGHT\nDTSTART:19700601T000000\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0100\n";
    const ONE: &str = "TZID:One\nBEGIN:STANDARD\nTZOFFSETTO:+0545\n";

    fn zones() -> Vec<Zone> {
        let mut zones = Vec::new();
        for text in [EUROPE, ENDED, ODD, ONE] {
            begin_zone(&mut zones);
            for property in lines::read(text) {
                match property.name.as_str() {
                    "BEGIN" => begin_observance(&mut zones),
                    _ => take(&mut zones, &property),
                }
            }
        }
        zones
    }

    #[test]
    fn offsets() {
        let zones = zones();
        for (id, at, minutes) in [
            ("Asia/Tokyo", "20261124T100000", Some(540)),
            ("Tokyo Standard Time", "20261124T100000", Some(540)),
            ("/mozilla.org/20050126_1/Asia/Tokyo", "20261124T100000", Some(540)),
            ("(UTC+09:00) 大阪、札幌、東京", "20261124T100000", Some(540)),
            ("Asia/Seoul", "20261124T100000", Some(540)),
            ("Etc/UTC", "20261124T100000", Some(0)),
            ("GMT+0530", "20261124T100000", Some(330)),
            ("GMT Standard Time", "20261124T100000", None),
            ("W. Europe Standard Time", "20261124T100000", Some(60)),
            ("W. Europe Standard Time", "20260724T100000", Some(120)),
            ("W. Europe Standard Time", "20260329T015959", Some(60)),
            ("W. Europe Standard Time", "20260329T030000", Some(120)),
            ("W. Europe Standard Time", "20261025T030000", Some(60)),
            ("W. Europe Standard Time", "15000101T000000", Some(60)),
            ("Ended", "20100701T000000", Some(240)),
            ("Ended", "20260701T000000", Some(180)),
            ("Ended", "20260101T000000", Some(180)),
            ("Odd", "20260101T000000", None),
            ("One", "20260101T000000", Some(345)),
            ("Mars/Base", "20260101T000000", None),
            ("", "20260101T000000", None),
        ] {
            let local = local(at).unwrap_or(i64::MIN);
            assert_eq!(offset(&zones, id, local), minutes.map(|m: i64| m * MINUTE), "{id} {at}");
        }
    }
}
