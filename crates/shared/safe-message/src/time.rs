//! Civil time without a clock: what a `Date` field says, and its spellings.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A moment (seconds since 1970, UTC) as seen at an offset (minutes east).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "(i64, i16)", into = "(i64, i16)")]
pub struct Timestamp {
    unix: i64,
    offset: i16,
}

/// A moment taken apart at its own offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year, 1900 to 9999.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: i64,
    /// Day of the month, 1 to 31.
    pub day: i64,
    /// Day of the week, 0 = Sunday.
    pub weekday: i64,
    /// Hour, 0 to 23.
    pub hour: i64,
    /// Minute, 0 to 59.
    pub minute: i64,
    /// Second, 0 to 59.
    pub second: i64,
}

/// 1900-01-01, the first year RFC 5322 3.3 allows.
const EARLIEST: i64 = -2_208_988_800;
/// 9999-12-30, so that every offset still prints four digits of a year.
const LATEST: i64 = 253_402_128_000;
/// Japan Standard Time, minutes east of UTC.
const JST: i16 = 540;

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Timestamp {
    /// `unix` seconds seen at `offset` minutes; `None` outside 1900 to 9999
    /// or beyond 23:59 of offset.
    pub fn new(unix: i64, offset: i16) -> Option<Self> {
        let sound = (EARLIEST + 86_400..=LATEST).contains(&unix) && (-1439..=1439).contains(&offset);
        sound.then_some(Self { unix, offset })
    }

    /// A local clock's milliseconds since 1970, seen at Japan Standard Time.
    pub fn from_unix_ms_jst(unix_ms: u64) -> Self {
        let unix = i64::try_from(unix_ms / 1000).unwrap_or(LATEST).min(LATEST);
        Self { unix, offset: JST }
    }

    /// Seconds since 1970, UTC.
    pub fn unix(self) -> i64 {
        self.unix
    }

    /// The same moment in Japan Standard Time.
    pub fn in_jst(self) -> Self {
        Self { offset: JST, ..self }
    }

    /// Year, month, day, time of day at the own offset.
    pub fn civil(self) -> Civil {
        let local = self.unix + i64::from(self.offset) * 60;
        let (days, rest) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil_of_days(days);
        Civil {
            year,
            month,
            day,
            weekday: (days + 4).rem_euclid(7),
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
        }
    }

    /// As RFC 5322 3.3 writes it: `Tue, 24 Nov 2026 09:05:00 +0900`.
    pub fn rfc5322(self) -> String {
        let c = self.civil();
        let (sign, off) = self.sign_and_offset();
        format!(
            "{}, {} {} {:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            name_of(&DAYS, c.weekday),
            c.day,
            name_of(&MONTHS, c.month - 1),
            c.year,
            c.hour,
            c.minute,
            c.second,
            off / 60,
            off % 60
        )
    }

    /// As RFC 3339 writes it: `2026-11-24T09:05:00+09:00`.
    pub fn rfc3339(self) -> String {
        let c = self.civil();
        let (sign, off) = self.sign_and_offset();
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{sign}{:02}:{:02}",
            c.year,
            c.month,
            c.day,
            c.hour,
            c.minute,
            c.second,
            off / 60,
            off % 60
        )
    }

    fn sign_and_offset(self) -> (char, i16) {
        (if self.offset < 0 { '-' } else { '+' }, self.offset.abs())
    }
}

/// The name at a place that is always in its list.
fn name_of(names: &[&'static str], at: i64) -> &'static str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
}

/// Days since 1970 to a date of the proleptic Gregorian calendar, by 400-year
/// eras of 146,097 days that begin on 1 March.
fn civil_of_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl TryFrom<(i64, i16)> for Timestamp {
    type Error = &'static str;

    fn try_from((unix, offset): (i64, i16)) -> Result<Self, Self::Error> {
        Self::new(unix, offset).ok_or("a time lies in the years 1900 to 9999")
    }
}

impl From<Timestamp> for (i64, i16) {
    fn from(time: Timestamp) -> Self {
        (time.unix, time.offset)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn spellings() {
        for (unix, offset, rfc5322, rfc3339) in [
            (0, 0, "Thu, 1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00+00:00"),
            (951_782_400, 540, "Tue, 29 Feb 2000 09:00:00 +0900", "2000-02-29T09:00:00+09:00"),
            (1_795_478_399, -210, "Mon, 23 Nov 2026 20:29:59 -0330", "2026-11-23T20:29:59-03:30"),
            (-86_400, 0, "Wed, 31 Dec 1969 00:00:00 +0000", "1969-12-31T00:00:00+00:00"),
        ] {
            let time = Timestamp::new(unix, offset).unwrap();
            assert_eq!(time.rfc5322(), rfc5322);
            assert_eq!(time.rfc3339(), rfc3339);
        }
    }

    #[test]
    fn bounds() {
        assert!(Timestamp::new(i64::MAX, 0).is_none());
        assert!(Timestamp::new(0, 1440).is_none());
        assert_eq!(Timestamp::new(LATEST, 1439).unwrap().civil().year, 9999);
        assert_eq!(Timestamp::from_unix_ms_jst(u64::MAX).civil().year, 9999);
    }
}
