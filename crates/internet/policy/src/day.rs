//! A day of the calendar in Japan, on which an exception ends.

use std::fmt;

use sekisho_safe_message::Timestamp;
use serde::{Deserialize, Serialize};

/// A date in Japan Standard Time, in the order of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// The date that `text` writes as `2027-03-31`; `None` if there is no such.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |range: std::ops::Range<usize>| {
            let digits = text.get(range)?;
            let all = digits.bytes().all(|b| b.is_ascii_digit());
            all.then(|| digits.parse::<u16>().ok()).flatten()
        };
        let dashes = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let sound = dashes && year >= 1900 && (1..=days_of(year, month)).contains(&day);
        Some(Self { year, month: u8::try_from(month).ok()?, day: u8::try_from(day).ok()? }).filter(|_| sound)
    }
}

/// Days of a month; 0 if there is no such month.
fn days_of(year: u16, month: u16) -> u16 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u16::from(leap),
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    }
}

impl From<Timestamp> for Day {
    fn from(time: Timestamp) -> Self {
        let civil = time.in_jst().civil();
        // A timestamp lies in the years 1900 to 9999.
        let narrow = |value: i64| u8::try_from(value).unwrap_or(u8::MAX);
        Self { year: u16::try_from(civil.year).unwrap_or(u16::MAX), month: narrow(civil.month), day: narrow(civil.day) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn dates_are_written_one_way() {
        for good in ["2027-03-31", "2024-02-29", "2000-02-29", "1900-01-01", "9999-12-31"] {
            assert_eq!(Day::parse(good).unwrap().to_string(), good);
        }
        for bad in ["2027-3-31", "2027-02-29", "1900-02-29", "2027-13-01", "2027-00-01", "2027-01-00", "27-01-01"] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
        for bad in ["", "2027/03/31", "2027-03-31T00:00:00", "+027-03-31", "２０２７-03-31", "2027-04-31"] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_in_japan() {
        // 2026-11-23T15:00:00Z is midnight in Japan.
        let day = |unix| Day::from(Timestamp::new(unix, 0).unwrap()).to_string();
        assert_eq!(day(1_795_446_000), "2026-11-24");
        assert_eq!(day(1_795_445_999), "2026-11-23");
        assert!(Day::parse("2026-11-24") > Day::parse("2026-11-23"));
    }
}
