//! When a mail is tried again. Pure: time and chance are arguments.

use std::time::Duration;

use sekisho_settings::RetrySchedule;

/// What follows an attempt that left recipients waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Another attempt, at this time (milliseconds since 1970).
    At(u64),
    /// Its lifetime is over.
    Expired,
}

/// The next attempt after `attempts` that failed (this one included), of a
/// mail that arrived at `arrived_ms`.
///
/// Pauses double from `min` to `max` and are spread by a quarter either way,
/// so that mails which failed together do not come back together. The last
/// attempt falls on the end of the lifetime.
pub fn next(schedule: &RetrySchedule, attempts: u32, arrived_ms: u64, now_ms: u64, chance: u32) -> Next {
    let end = arrived_ms.saturating_add(millis(schedule.lifetime));
    if now_ms >= end {
        return Next::Expired;
    }
    let doublings = attempts.saturating_sub(1).min(32);
    let (min, max) = (millis(schedule.min), millis(schedule.max));
    let pause = min.saturating_mul(1 << doublings).min(max);
    // Three quarters, and up to half of it more.
    let spread = (u128::from(pause) / 2 * u128::from(chance)) >> 32;
    let pause = pause / 4 * 3 + u64::try_from(spread).unwrap_or(0);
    Next::At(now_ms.saturating_add(pause.max(1)).min(end))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: RetrySchedule = RetrySchedule {
        min: Duration::from_secs(60),
        max: Duration::from_secs(3600),
        lifetime: Duration::from_secs(5 * 86_400),
    };

    #[test]
    fn pauses_double_within_their_bounds() {
        for (attempts, chance, seconds) in [
            (1, u32::MAX / 2, 60),
            (1, 0, 45),
            (1, u32::MAX, 75),
            (2, u32::MAX / 2, 120),
            (5, u32::MAX / 2, 960),
            (7, u32::MAX / 2, 3600),
            (u32::MAX, u32::MAX / 2, 3600),
            (0, u32::MAX / 2, 60),
        ] {
            let Next::At(at) = next(&SCHEDULE, attempts, 0, 1_000_000, chance) else {
                panic!("not expired");
            };
            assert_eq!((at - 1_000_000 + 500) / 1000, seconds, "{attempts} {chance}");
        }
    }

    #[test]
    fn the_last_attempt_falls_on_the_end_of_its_life() {
        let end = 5 * 86_400_000;
        assert_eq!(next(&SCHEDULE, 9, 0, end - 1000, 0), Next::At(end));
        assert_eq!(next(&SCHEDULE, 9, 0, end, 0), Next::Expired);
        assert_eq!(next(&SCHEDULE, 1, u64::MAX, 5, 0), Next::At(5 + 45_000));
    }
}
