//! When the digest is due.

const MINUTE_MS: u64 = 60 * 1000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
/// Midnight is Japan's.
const JST_MS: u64 = 9 * 60 * MINUTE_MS;

/// When the digest is sent: a time of day in Japan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    /// Minutes from midnight, below 1,440.
    minutes: u16,
}

impl Due {
    /// The time that `HH:MM` names.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let number = |part: &str, below: u16| -> Option<u16> {
            let plain = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            part.parse().ok().filter(|number| plain && *number < below)
        };
        Some(Self { minutes: number(hours, 24)? * 60 + number(minutes, 60)? })
    }

    /// The first such time after the last one was sent (or after now, if none
    /// was), in milliseconds since 1970. It may be past: then it was missed, and
    /// is due at once, for all the days that it was missed.
    pub(crate) fn next(self, last_sent_ms: Option<u64>, now_ms: u64) -> u64 {
        // A clock that was set back must not silence it.
        let after = last_sent_ms.map_or(now_ms, |last| last.min(now_ms)).saturating_add(JST_MS);
        let midnight = after - after % DAY_MS;
        let at = midnight.saturating_add(u64::from(self.minutes) * MINUTE_MS);
        let at = if at > after { at } else { at.saturating_add(DAY_MS) };
        at.saturating_sub(JST_MS)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    /// 2026-11-24T09:00:00+09:00
    const NOW: u64 = 1_795_478_400_000;

    #[test]
    fn it_comes_once_a_day_and_late_rather_than_never() {
        let at = Due::parse("08:30").unwrap();
        let half_past_eight = NOW - 30 * MINUTE_MS;
        for (last, now, want) in [
            (None, NOW, half_past_eight + DAY_MS),
            (None, half_past_eight - 1, half_past_eight),
            (None, half_past_eight, half_past_eight + DAY_MS),
            (Some(half_past_eight), half_past_eight + 1, half_past_eight + DAY_MS),
            (Some(half_past_eight + 5000), NOW, half_past_eight + DAY_MS),
            // Down at half past eight, for one day or three: at once, and once.
            (Some(half_past_eight - DAY_MS), NOW, half_past_eight),
            (Some(half_past_eight - 3 * DAY_MS), NOW, half_past_eight - 2 * DAY_MS),
            // The clock was years ahead when it was sent.
            (Some(u64::MAX), NOW, half_past_eight + DAY_MS),
            (Some(0), 0, half_past_eight % DAY_MS),
        ] {
            assert_eq!(at.next(last, now), want, "{last:?} {now}");
        }
        assert!(at.next(None, u64::MAX) > 0);
        for (text, minutes) in [("00:00", Some(0)), ("23:59", Some(1439)), ("24:00", None), ("8:30", None)] {
            assert_eq!(Due::parse(text).map(|due| due.minutes), minutes, "{text}");
        }
        for text in ["", ":", "08:60", "+8:30", "0830", "08:30:00", "０８:30"] {
            assert_eq!(Due::parse(text), None, "{text}");
        }
    }
}
