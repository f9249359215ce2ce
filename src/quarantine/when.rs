//! Moments as people write them: `2026-11-24`, `2026-11-24 09:05`, RFC 3339,
//! `3d`, `today`. Without an offset it is Japan Standard Time.

/// Milliseconds of one day.
const DAY: u64 = 86_400_000;
/// Seconds that Japan Standard Time is ahead of UTC.
const JST: i64 = 9 * 3600;
/// 9999-12-31; later is a slip of the keyboard.
const LAST_YEAR: i64 = 9999;

/// Which moment a whole day stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Its first.
    Begin,
    /// That behind its last: `--until 2026-11-24` includes the day.
    End,
}

/// Milliseconds since 1970, if `text` names a moment since then.
pub(crate) fn moment(text: &str, now_ms: u64, edge: Edge) -> Option<u64> {
    let text = text.trim();
    ago(text, now_ms).or_else(|| named_day(text, now_ms, edge)).or_else(|| civil(text, edge))
}

/// `90m`, `12h`, `3d`, `2w`, with or without `ago`.
fn ago(text: &str, now_ms: u64) -> Option<u64> {
    let text = text.strip_suffix("ago").map_or(text, str::trim_end);
    let unit = match text.chars().last()? {
        'm' => DAY / 1440,
        'h' => DAY / 24,
        'd' => DAY,
        'w' => DAY * 7,
        _ => return None,
    };
    let count: u64 = text.get(..text.len() - 1)?.parse().ok()?;
    count.checked_mul(unit).map(|back| now_ms.saturating_sub(back))
}

fn named_day(text: &str, now_ms: u64, edge: Edge) -> Option<u64> {
    let back = match text {
        "today" | "今日" => 0,
        "yesterday" | "昨日" => DAY,
        _ => return None,
    };
    let shift = u64::try_from(JST).ok()?.checked_mul(1000)?;
    let local = now_ms.checked_add(shift)?;
    let begin = (local - local % DAY).checked_sub(back)?.checked_sub(shift)?;
    Some(if edge == Edge::End { begin + DAY } else { begin })
}

/// A day, or a day and a time of day, with an offset or without.
fn civil(text: &str, edge: Edge) -> Option<u64> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time.trim())),
        None => (text, None),
    };
    let days = days(date)?;
    let (second, offset) = match time {
        None => (if edge == Edge::End { 86_400 } else { 0 }, JST),
        Some(time) => {
            let (time, offset) = split_offset(time)?;
            (second_of_day(time)?, offset)
        }
    };
    let unix = days.checked_mul(86_400)?.checked_add(second)?.checked_sub(offset)?;
    u64::try_from(unix).ok()?.checked_mul(1000)
}

/// Days since 1970 to `YYYY-MM-DD` (or with slashes): by years that begin on
/// 1 March, so that the leap day is the last.
fn days(date: &str) -> Option<i64> {
    let mut fields = date.split(['-', '/']);
    let mut next = |range: std::ops::RangeInclusive<i64>| number(fields.next()?).filter(|n| range.contains(n));
    let (year, month, day) = (next(1970..=LAST_YEAR)?, next(1..=12)?, next(1..=31)?);
    if fields.next().is_some() || day > month_length(year, month) {
        return None;
    }
    let from_march = (month + 9) % 12;
    let year = if month <= 2 { year - 1 } else { year };
    let leap_days = year / 4 - year / 100 + year / 400;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    Some(year * 365 + leap_days + (153 * from_march + 2) / 5 + day - 1 - 719_468)
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The time of day, and seconds east of UTC.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let Some(at) = time.find(['+', '-']) else { return Some((time, JST)) };
    let (time, offset) = time.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    Some((time, sign * second_of_day(&offset[1..])?))
}

/// Seconds since midnight of `HH:MM` or `HH:MM:SS`; fractions are dropped.
fn second_of_day(time: &str) -> Option<i64> {
    let whole = time.split_once('.').map_or(time, |(whole, _)| whole);
    let mut fields = whole.split(':');
    let hour = number(fields.next()?).filter(|n| *n < 24)?;
    let minute = number(fields.next()?).filter(|n| *n < 60)?;
    let second = fields.next().map_or(Some(0), number).filter(|n| *n < 60)?;
    fields.next().is_none().then_some(hour * 3600 + minute * 60 + second)
}

/// A number of digits alone, at most four of them.
fn number(text: &str) -> Option<i64> {
    let sound = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if sound { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24T09:05:00+09:00.
    const NOW: u64 = 1_795_478_700_000;

    #[test]
    fn moments() {
        let midnight = 1_795_446_000_000;
        for (text, begin, end) in [
            ("2026-11-24", Some(midnight), Some(midnight + DAY)),
            ("2026/11/24", Some(midnight), Some(midnight + DAY)),
            ("2026-11-24 09:05", Some(NOW), Some(NOW)),
            ("2026-11-24T09:05:00+09:00", Some(NOW), Some(NOW)),
            ("2026-11-24T00:05:00Z", Some(NOW), Some(NOW)),
            ("2026-11-23T19:35:00.5-04:30", Some(NOW), Some(NOW)),
            ("today", Some(midnight), Some(midnight + DAY)),
            ("昨日", Some(midnight - DAY), Some(midnight)),
            ("3d", Some(NOW - 3 * DAY), Some(NOW - 3 * DAY)),
            ("12h ago", Some(NOW - DAY / 2), Some(NOW - DAY / 2)),
            ("2024-02-29", Some(1_709_132_400_000), Some(1_709_132_400_000 + DAY)),
        ] {
            assert_eq!([moment(text, NOW, Edge::Begin), moment(text, NOW, Edge::End)], [begin, end], "{text}");
        }
    }

    #[test]
    fn what_is_no_moment() {
        for text in [
            "",
            "d",
            "2026",
            "2026-11",
            "2026-13-01",
            "2026-02-30",
            "2100-02-29",
            "1969-12-31",
            "2026-11-24 24:00",
            "2026-11-24 09",
            "2026-11-24T09:05:60",
            "99999999999999999999d",
            "tomorrow",
            "-3d",
            "2026-11-24-1",
            "あd",
        ] {
            assert_eq!(moment(text, NOW, Edge::Begin), None, "{text}");
        }
        // No text makes it panic: every prefix and suffix of a long good one.
        let long = "2026-11-24T09:05:00.123+09:00 ago今日";
        for (at, _) in long.char_indices() {
            let _ = (moment(&long[at..], NOW, Edge::End), moment(&long[..at], NOW, Edge::End));
        }
    }
}
