//! How much of a chain is older than it has to be kept.

/// A deletion is worth its note when it takes a day's entries, milliseconds.
const WORTH_MS: u64 = 86_400_000;

/// The last entry of the chain `first..=head` that may go: those up to it are
/// of before `before_ms`. `None` while the oldest is not a day older than that.
///
/// Times rise with numbers but for a moment's disorder, so it looks at some
/// forty entries; `at_ms` tells the time of one. The head always stays.
#[must_use]
pub fn expired(first: u64, head: u64, before_ms: u64, mut at_ms: impl FnMut(u64) -> Option<u64>) -> Option<u64> {
    if at_ms(first)?.saturating_add(WORTH_MS) >= before_ms {
        return None;
    }
    // `low` may go, `high` stays.
    let (mut low, mut high) = (first, head);
    while high.saturating_sub(low) > 1 {
        let middle = low + (high - low) / 2;
        if at_ms(middle).is_some_and(|at| at < before_ms) { low = middle } else { high = middle }
    }
    (low < head).then_some(low)
}

#[cfg(test)]
mod tests {
    use super::{WORTH_MS, expired};

    #[test]
    fn what_is_old_goes_a_day_at_a_time_and_the_head_never() {
        let hour = WORTH_MS / 24;
        let at = |number: u64| Some(number * hour);
        assert_eq!(expired(1, 100, 20 * hour, at), None);
        assert_eq!(expired(1, 100, 25 * hour, at), None);
        assert_eq!(expired(1, 100, 26 * hour, at), Some(25));
        assert_eq!(expired(40, 100, 70 * hour, at), Some(69));
        assert_eq!(expired(1, 100, 10_000 * hour, at), Some(99));
        assert_eq!(expired(1, 1, 10_000 * hour, at), None);
        assert_eq!(expired(1, 100, 10_000 * hour, |_| None), None);
    }
}
