//! Dates and times of a calendar: as written, resolved, in words.

use sekisho_safe_message::Language;

use super::date::{self, Civil, DAY, HOUR, JST, MINUTE};
use super::lines::Property;
use super::zone::{self, Zone};

/// A date or time as written (RFC 5545 3.3.4, 3.3.5). Days since 1970, or
/// seconds since then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    Day(i64),
    /// By the clock of some place.
    Local(i64),
    Utc(i64),
}

impl Stamp {
    /// Reads `20261124`, `20261124T100000`, `20261124T100000Z`, and the same
    /// with the separators of ISO 8601.
    pub(super) fn read(value: &str) -> Option<Self> {
        let plain: String = value.trim().chars().filter(|c| *c != '-' && *c != ':').take(20).collect();
        let (date, time) = match plain.split_once(['T', 't']) {
            Some((date, time)) => (date, Some(time)),
            None => (plain.as_str(), None),
        };
        let sound = date.len() == 8 && date.is_ascii();
        let day = Civil::new(digits(date, 0, 4)?, digits(date, 4, 2)?, digits(date, 6, 2)?).filter(|_| sound)?.days();
        let Some(time) = time else { return Some(Self::Day(day)) };
        let (hour, minute, second) = (digits(time, 0, 2)?, digits(time, 2, 2)?, digits(time, 4, 2).unwrap_or(0));
        let sound = hour <= 24 && minute < 60 && second <= 60;
        let seconds = day * DAY + hour * HOUR + minute * MINUTE + second;
        let utc = time.ends_with(['Z', 'z']);
        sound.then_some(if utc { Self::Utc(seconds) } else { Self::Local(seconds) })
    }
}

fn digits(text: &str, at: usize, count: usize) -> Option<i64> {
    let digits = text.get(at..at + count).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok()
}

/// Seconds of a duration (RFC 5545 3.3.6): `PT1H30M`, `P1D`, `P2W`.
pub(super) fn duration(value: &str) -> Option<i64> {
    let value = value.trim().to_ascii_uppercase();
    let rest = value.strip_prefix('+').unwrap_or(&value).strip_prefix('P')?;
    let (mut sum, mut number) = (0_i64, 0_i64);
    for c in rest.chars().take(40) {
        let unit = match c {
            '0'..='9' => {
                number = number * 10 + i64::from(c.to_digit(10)?);
                // A hundred years in seconds; longer is nonsense.
                (number <= 3_200_000_000).then_some(())?;
                continue;
            }
            'W' => 7 * DAY,
            'D' => DAY,
            'T' => 0,
            'H' => HOUR,
            'M' => MINUTE,
            'S' => 1,
            _ => return None,
        };
        sum += std::mem::take(&mut number) * unit;
        (sum <= 3_200_000_000).then_some(())?;
    }
    Some(sum)
}

/// A date or time as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Time {
    Day(i64),
    /// In Japan's time. `moved`: it was written by the clock of another place.
    Japan {
        local: i64,
        moved: bool,
        /// Whether the day is another one there.
        other_day: bool,
    },
    /// By the clock of a place, named unless it is the reader's.
    Place {
        local: i64,
        name: String,
    },
}

impl Time {
    /// The value of a property with its zone resolved.
    pub(super) fn of(property: &Property, zones: &[Zone]) -> Option<Self> {
        Self::resolve(Stamp::read(&property.raw())?, property.param("TZID").unwrap_or(""), zones)
    }

    fn resolve(stamp: Stamp, id: &str, zones: &[Zone]) -> Option<Self> {
        let local = match stamp {
            Stamp::Day(day) => return Some(Self::Day(day)),
            Stamp::Utc(seconds) => return Some(Self::Japan { local: seconds + JST, moved: false, other_day: false }),
            Stamp::Local(local) => local,
        };
        Some(match zone::offset(zones, id, local) {
            Some(offset) => {
                let japan = local - offset + JST;
                let other_day = japan.div_euclid(DAY) != local.div_euclid(DAY);
                Self::Japan { local: japan, moved: offset != JST && offset != 0, other_day }
            }
            None => Self::Place { local, name: id.trim().to_owned() },
        })
    }

    /// Days since 1970 of the day that is shown.
    pub(super) fn day(&self) -> i64 {
        match self {
            Self::Day(day) => *day,
            Self::Japan { local, .. } | Self::Place { local, .. } => local.div_euclid(DAY),
        }
    }

    /// This time and so much more.
    pub(super) fn plus(&self, seconds: i64) -> Self {
        let mut later = self.clone();
        match &mut later {
            Self::Day(day) => *day += seconds.div_euclid(DAY),
            Self::Japan { local, .. } | Self::Place { local, .. } => *local += seconds,
        }
        later
    }

    /// The day alone, where it is midnight.
    pub(super) fn whole_day(&self) -> Option<Self> {
        match self {
            Self::Day(day) => Some(Self::Day(*day)),
            Self::Japan { local, .. } | Self::Place { local, .. } => {
                (local.rem_euclid(DAY) == 0).then_some(Self::Day(local.div_euclid(DAY)))
            }
        }
    }

    /// In words.
    pub(super) fn words(&self, language: Language) -> String {
        format!("{}{}", self.without_remark(language), self.remark(language))
    }

    fn without_remark(&self, language: Language) -> String {
        match self {
            Self::Day(day) => date::day(*day, language),
            Self::Japan { local, .. } | Self::Place { local, .. } => {
                format!("{} {}", date::day(self.day(), language), date::clock(*local))
            }
        }
    }

    fn remark(&self, language: Language) -> String {
        match (self, language) {
            (Self::Day(_), Language::Ja | Language::En) => String::new(),
            (Self::Japan { moved, .. }, Language::Ja) => if *moved { "（日本時間）" } else { "" }.to_owned(),
            (Self::Japan { .. }, Language::En) => " JST".to_owned(),
            (Self::Place { name, .. }, Language::Ja | Language::En) if name.is_empty() => String::new(),
            (Self::Place { name, .. }, Language::Ja) => format!("（{name} の時刻）"),
            (Self::Place { name, .. }, Language::En) => format!(" ({name} time)"),
        }
    }
}

/// From `start` to `end`, the latter without its day where it is the same.
pub(super) fn period(start: &Time, end: Option<&Time>, language: Language) -> String {
    let dash = match language {
        Language::Ja => "～",
        Language::En => "-",
    };
    let Some(end) = end else {
        return match start {
            Time::Day(_) => days(start.day(), start.day(), language),
            Time::Japan { .. } | Time::Place { .. } => start.words(language),
        };
    };
    match (start, end) {
        // RFC 5545 3.6.1: the end is not part of the event.
        (Time::Day(start), Time::Day(end)) => days(*start, (end - 1).max(*start), language),
        (Time::Japan { local, .. }, Time::Japan { local: until, .. })
        | (Time::Place { local, .. }, Time::Place { local: until, .. })
            if start.remark(language) == end.remark(language) =>
        {
            let until = match until - local {
                0 => String::new(),
                _ if start.day() == end.day() => format!("{dash}{}", date::clock(*until)),
                _ => spaced(dash, &end.without_remark(language), language),
            };
            format!("{}{until}{}", start.without_remark(language), start.remark(language))
        }
        // Two clocks, or a day and a time.
        (
            Time::Day(_) | Time::Japan { .. } | Time::Place { .. },
            Time::Day(_) | Time::Japan { .. } | Time::Place { .. },
        ) => {
            format!("{}{}", start.words(language), spaced(dash, &end.words(language), language))
        }
    }
}

fn spaced(dash: &str, end: &str, language: Language) -> String {
    match language {
        Language::Ja => format!("{dash}{end}"),
        Language::En => format!(" {dash} {end}"),
    }
}

fn days(first: i64, last: i64, language: Language) -> String {
    let (ja, en) = ("（終日）", ", all day");
    let remark = super::say(language, ja, en);
    let first_day = date::day(first, language);
    if first == last {
        return first_day + remark;
    }
    let dash = super::say(language, "～", "-");
    format!("{first_day}{}{remark}", spaced(dash, &date::day(last, language), language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_and_durations() {
        for (value, stamp) in [
            ("20261124", Some(Stamp::Day(20781))),
            ("2026-11-24", Some(Stamp::Day(20781))),
            ("20261124T100000", Some(Stamp::Local(20781 * DAY + 10 * HOUR))),
            ("20261124T1000Z", Some(Stamp::Utc(20781 * DAY + 10 * HOUR))),
            ("20261324", None),
            ("20261124T256100", None),
            ("2026112４", None),
            ("", None),
        ] {
            assert_eq!(Stamp::read(value), stamp, "{value}");
        }
        for (value, seconds) in [
            ("PT1H30M", Some(5400)),
            ("p1dt12h", Some(129_600)),
            ("P2W", Some(14 * DAY)),
            ("PT", Some(0)),
            ("-PT15M", None),
            ("P99999999999999999999W", None),
            ("P1X", None),
        ] {
            assert_eq!(duration(value), seconds, "{value}");
        }
    }

    #[test]
    fn periods() {
        let japan = |local, moved| Time::Japan { local, moved, other_day: false };
        let place = |local, name: &str| Time::Place { local, name: name.to_owned() };
        let ten = 20781 * DAY + 10 * HOUR;
        for (start, end, ja, en) in [
            (
                japan(ten, false),
                Some(japan(ten + 5400, false)),
                "2026年11月24日(火) 10:00～11:30",
                "Tue 24 Nov 2026 10:00-11:30 JST",
            ),
            (japan(ten, true), None, "2026年11月24日(火) 10:00（日本時間）", "Tue 24 Nov 2026 10:00 JST"),
            (japan(ten, false), Some(japan(ten, false)), "2026年11月24日(火) 10:00", "Tue 24 Nov 2026 10:00 JST"),
            (
                japan(ten, false),
                Some(japan(ten + DAY, false)),
                "2026年11月24日(火) 10:00～2026年11月25日(水) 10:00",
                "Tue 24 Nov 2026 10:00 - Wed 25 Nov 2026 10:00 JST",
            ),
            (
                place(ten, "Mars/Base"),
                Some(place(ten + HOUR, "Mars/Base")),
                "2026年11月24日(火) 10:00～11:00（Mars/Base の時刻）",
                "Tue 24 Nov 2026 10:00-11:00 (Mars/Base time)",
            ),
            (
                place(ten, ""),
                Some(place(ten + HOUR, "")),
                "2026年11月24日(火) 10:00～11:00",
                "Tue 24 Nov 2026 10:00-11:00",
            ),
            (Time::Day(20781), None, "2026年11月24日(火)（終日）", "Tue 24 Nov 2026, all day"),
            (Time::Day(20781), Some(Time::Day(20782)), "2026年11月24日(火)（終日）", "Tue 24 Nov 2026, all day"),
            (
                Time::Day(20781),
                Some(Time::Day(20784)),
                "2026年11月24日(火)～2026年11月26日(木)（終日）",
                "Tue 24 Nov 2026 - Thu 26 Nov 2026, all day",
            ),
            (
                japan(ten, false),
                Some(Time::Day(20782)),
                "2026年11月24日(火) 10:00～2026年11月25日(水)",
                "Tue 24 Nov 2026 10:00 JST - Wed 25 Nov 2026",
            ),
        ] {
            assert_eq!(period(&start, end.as_ref(), Language::Ja), ja);
            assert_eq!(period(&start, end.as_ref(), Language::En), en);
        }
    }
}
