//! `Tue, 24 Nov 2026 09:05:00 +0900`, and no other spelling of RFC 5322 3.3.

use sekisho_safe_message::Timestamp;

use crate::Rule;
use crate::field::Folded;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads a date and compares with how the moment is written: days that no
/// calendar has, wrong weekdays and other spellings all differ.
pub(crate) fn parse(value: &Folded) -> Result<Timestamp, Rule> {
    let text = value.as_str();
    moment(text).filter(|time| time.rfc5322() == text).ok_or(Rule::Value)
}

fn moment(text: &str) -> Option<Timestamp> {
    let mut words = text.split(' ');
    let mut next = || words.next();
    let (_weekday, day, month, year, clock, zone) = (next()?, next()?, next()?, next()?, next()?, next()?);
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let mut clock = clock.split(':').map(number);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let (sign, digits) = zone.split_at_checked(1)?;
    let (hours, minutes) = digits.split_at_checked(2)?;
    let east = number(hours)? * 60 + number(minutes)?;
    let offset = match sign {
        "+" => east,
        "-" => -east,
        _ => return None,
    };
    let days = days_since_1970(number(year)?, month, number(day)?);
    let local = days * 86_400 + hour * 3600 + minute * 60 + second;
    Timestamp::new(local - offset * 60, i16::try_from(offset).ok()?)
}

/// A number of at most four digits, so that nothing overflows.
fn number(digits: &str) -> Option<i64> {
    let sound = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    sound.then(|| digits.parse().ok()).flatten()
}

/// By counting leap days up to the year before, then months.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let past = year - 1;
    let leaps = (past / 4 - past / 100 + past / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
    let month_index = usize::try_from(month - 1).unwrap_or(0).min(11);
    (year - 1970) * 365 + leaps + BEFORE[month_index] + i64::from(leap && month > 2) + day - 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn every_moment_written_is_read() {
        let mut unix = -2_208_902_400;
        while unix < 253_402_128_000 {
            for offset in [-1439, -210, 0, 540, 1439] {
                let time = Timestamp::new(unix, offset).unwrap();
                assert_eq!(parse(&Folded::test(&time.rfc5322())), Ok(time));
            }
            unix += 40_000_000 + 12_345;
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for bad in [
            "",
            "24 Nov 2026 09:05:00 +0900",
            "Mon, 24 Nov 2026 09:05:00 +0900",
            "Tue, 24 Nov 2026 09:05:00 JST",
            "Tue, 24 Nov 2026 09:05:00 -0000",
            "Tue, 24 Nov 2026 09:05 +0900",
            "Tue, 24 Nov 2026 09:05:00 +0900 (JST)",
            "Tue,\n24 Nov 2026 09:05:00 +0900",
            "Tue, 31 Feb 2026 09:05:00 +0900",
            "Tue, 024 Nov 2026 09:05:00 +0900",
            "Tue, 24 Nov 2026 09:05:60 +0900",
            "Tue, 24 Nov 26 09:05:00 +0900",
        ] {
            assert!(parse(&Folded::test(bad)).is_err(), "{bad}");
        }
        assert!(parse(&Folded::test("Tue, 24 Nov 2026 09:05:00 +0900")).is_ok());
    }
}
