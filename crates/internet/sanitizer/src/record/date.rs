//! Dates and times: counting days, reading the dates of mail, and words.
//!
//! Never: asks what time it is.

use sekisho_safe_message::Language;

pub(super) const MINUTE: i64 = 60;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;
/// Japan Standard Time, before UTC; no summer time since 1951.
pub(super) const JST: i64 = 9 * HOUR;

const WEEKDAYS_JA: [&str; 7] = ["日", "月", "火", "水", "木", "金", "土"];
const WEEKDAYS_EN: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i64,
    /// 1 to 12.
    pub(super) month: i64,
    /// 1 to 31.
    pub(super) day: i64,
}

impl Civil {
    /// The day, if there is one of the years 1 to 9999.
    pub(super) fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let sound = (1..=9999).contains(&year) && (1..=12).contains(&month);
        (sound && (1..=days_in(year, month)).contains(&day)).then_some(Self { year, month, day })
    }

    /// Days since 1970-01-01.
    pub(super) fn days(self) -> i64 {
        // Years begin in March here, so that the leap day is the last.
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }

    pub(super) fn from_days(days: i64) -> Self {
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        Self { year: year + era * 400 + i64::from(month <= 2), month, day }
    }
}

pub(super) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// 0 is Sunday.
pub(super) fn weekday(days: i64) -> usize {
    usize::try_from((days + 4).rem_euclid(7)).unwrap_or(0)
}

/// The name of a weekday; 0 is Sunday.
pub(super) fn weekday_name(weekday: usize, language: Language) -> &'static str {
    match language {
        Language::Ja => WEEKDAYS_JA[weekday % 7],
        Language::En => WEEKDAYS_EN[weekday % 7],
    }
}

/// The name of a month in English; 1 is January.
pub(super) fn month_name(month: i64) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or("")
}

/// `2026年11月24日(火)`, `Tue 24 Nov 2026`
pub(super) fn day(days: i64, language: Language) -> String {
    let Civil { year, month, day } = Civil::from_days(days);
    let weekday = weekday_name(weekday(days), language);
    match language {
        Language::Ja => format!("{year}年{month}月{day}日({weekday})"),
        Language::En => format!("{weekday} {day} {} {year}", month_name(month)),
    }
}

/// `10:00`
pub(super) fn clock(seconds: i64) -> String {
    let of_day = seconds.rem_euclid(DAY);
    format!("{:02}:{:02}", of_day / HOUR, of_day % HOUR / MINUTE)
}

/// A moment (seconds since 1970 in UTC) in Japan's time.
pub(crate) fn in_japan(seconds: i64, language: Language) -> String {
    let local = seconds + JST;
    let text = format!("{} {}", day(local.div_euclid(DAY), language), clock(local));
    match language {
        Language::Ja => text,
        Language::En => text + " JST",
    }
}

/// A date of a mail's field in Japan's time; as written if it is none.
pub(super) fn of_field(value: &str, language: Language) -> String {
    read(value).map_or_else(|| value.to_owned(), |moment| in_japan(moment, language))
}

/// Reads a date of RFC 5322 3.3, leniently: `Tue, 24 Nov 2026 10:00:00 +0900 (JST)`.
fn read(value: &str) -> Option<i64> {
    let words: Vec<&str> = value.split([' ', '\t', ',']).filter(|word| !word.is_empty()).take(8).collect();
    let skipped = usize::from(words.first()?.starts_with(|c: char| c.is_ascii_alphabetic()));
    let [day, month, year, time, zone @ ..] = words.get(skipped..)? else { return None };
    let month = MONTHS.iter().position(|name| month.get(..3).is_some_and(|word| word.eq_ignore_ascii_case(name)))?;
    let year: i64 = number(year)?;
    // RFC 5322 4.3: years of two digits.
    let year = match year {
        0..=49 => year + 2000,
        50..=999 => year + 1900,
        _ => year,
    };
    let date = Civil::new(year, i64::try_from(month).ok()? + 1, number(day)?)?;
    let mut parts = time.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = parts.next().map_or(Some(0), number)?;
    let sound = hour < 24 && minute < 60 && second <= 60;
    sound.then_some(())?;
    let offset = offset(zone.first()?)?;
    Some(date.days() * DAY + hour * HOUR + minute * MINUTE + second - offset)
}

fn number(text: &str) -> Option<i64> {
    // Nine digits fit and are more than any date has.
    let sound = (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    sound.then(|| text.parse().ok()).flatten()
}

/// `+0900`, or one of RFC 5322 4.3's names.
fn offset(zone: &str) -> Option<i64> {
    let hours = match zone.to_ascii_uppercase().as_str() {
        "UT" | "UTC" | "GMT" | "Z" => 0,
        "JST" => 9,
        "EST" | "CDT" => -5,
        "EDT" => -4,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        _ => return digits(zone),
    };
    Some(hours * HOUR)
}

/// `+0900`, `+09:00` or `+090000`: seconds east of Greenwich.
pub(super) fn digits(zone: &str) -> Option<i64> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits: String = digits.chars().filter(|c| *c != ':').take(7).collect();
    let two = |at: usize| digits.get(at..at + 2).and_then(number);
    let sound = digits.len() == 4 || digits.len() == 6;
    let (hours, minutes) = (two(0)?, two(2)?);
    // No zone is further than 14 hours away; 24 keeps the sums sane.
    (sound && hours < 24 && minutes < 60).then_some(sign * (hours * HOUR + minutes * MINUTE + two(4).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_back() {
        for (year, month, day, days, name) in [
            (1970, 1, 1, 0, "Thu"),
            (2000, 2, 29, 11016, "Tue"),
            (2026, 11, 24, 20781, "Tue"),
            (1969, 12, 31, -1, "Wed"),
            (1, 1, 1, -719_162, "Mon"),
            (9999, 12, 31, 2_932_896, "Fri"),
        ] {
            let civil = Civil::new(year, month, day).map(Civil::days);
            assert_eq!(civil, Some(days), "{year}-{month}-{day}");
            assert_eq!(Civil::from_days(days), Civil { year, month, day });
            assert_eq!(weekday_name(weekday(days), Language::En), name);
        }
        for days in -800_000..-780_000 {
            let Civil { year, month, day } = Civil::from_days(days);
            assert_eq!(Civil { year, month, day }.days(), days);
        }
        assert_eq!(Civil::new(2026, 2, 29), None);
        assert_eq!(Civil::new(2026, 13, 1), None);
    }

    #[test]
    fn dates_of_mail() {
        for (value, ja, en) in [
            ("Tue, 24 Nov 2026 10:00:00 +0900 (JST)", "2026年11月24日(火) 10:00", "Tue 24 Nov 2026 10:00 JST"),
            ("24 Nov 26 20:30 GMT", "2026年11月25日(水) 05:30", "Wed 25 Nov 2026 05:30 JST"),
            ("Thu, 29 Feb 2024 23:59:60 -0500", "2024年3月1日(金) 14:00", "Fri 1 Mar 2024 14:00 JST"),
            ("昨日", "昨日", "昨日"),
            ("Tue, 31 Nov 2026 10:00:00 +0900", "Tue, 31 Nov 2026 10:00:00 +0900", "Tue, 31 Nov 2026 10:00:00 +0900"),
            ("Tue, 24 Nov 2026 10:00:00", "Tue, 24 Nov 2026 10:00:00", "Tue, 24 Nov 2026 10:00:00"),
            ("", "", ""),
        ] {
            assert_eq!((of_field(value, Language::Ja).as_str(), of_field(value, Language::En).as_str()), (ja, en));
        }
    }

    #[test]
    fn offsets() {
        for (zone, seconds) in [
            ("+0900", Some(32400)),
            ("-0330", Some(-12600)),
            ("+09:00", Some(32400)),
            ("+091859", Some(33539)),
            ("0900", None),
            ("+9", None),
            ("+99999", None),
            ("+あああ", None),
        ] {
            assert_eq!(digits(zone), seconds, "{zone}");
        }
    }
}
