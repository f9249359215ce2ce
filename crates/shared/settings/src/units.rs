//! Sizes and durations as an operator writes them: a number and a unit, nothing else.

use std::time::Duration;

const SIZES: [(&str, u64); 5] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

const DURATIONS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Bytes of `50MiB`; `None` if the text is anything but digits and one of the units.
pub(crate) fn size(text: &str) -> Option<u64> {
    scaled(text, &SIZES)
}

/// `60s`, `5d`, `500ms`; `None` if the text is anything but digits and one of the units.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    scaled(text, &DURATIONS).map(Duration::from_millis)
}

/// The shortest exact text of a size.
pub(crate) fn size_text(bytes: u64) -> String {
    text(bytes, &SIZES)
}

/// The shortest exact text of a duration of whole milliseconds.
pub(crate) fn duration_text(milliseconds: u64) -> String {
    text(milliseconds, &DURATIONS)
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, unit) = text.split_at(end);
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    digits.parse::<u64>().ok()?.checked_mul(*scale)
}

fn text(amount: u64, units: &[(&str, u64)]) -> String {
    units
        .iter()
        .rev()
        .find(|(_, scale)| amount >= *scale && amount.is_multiple_of(*scale))
        .map_or_else(|| format!("0{}", units[0].0), |(name, scale)| format!("{}{name}", amount / scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_a_number_and_a_binary_unit() {
        for (written, bytes) in [
            ("0B", Some(0)),
            ("64KiB", Some(65_536)),
            ("50MiB", Some(52_428_800)),
            ("1TiB", Some(1 << 40)),
            ("50MB", None),
            ("50 MiB", None),
            ("50mib", None),
            ("1.5MiB", None),
            ("+1MiB", None),
            ("-1MiB", None),
            ("50", None),
            ("MiB", None),
            ("", None),
            ("５MiB", None),
            ("99999999999TiB", None),
        ] {
            assert_eq!(size(written), bytes, "{written}");
        }
    }

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (written, milliseconds) in [
            ("500ms", Some(500)),
            ("60s", Some(60_000)),
            ("5m", Some(300_000)),
            ("1h", Some(3_600_000)),
            ("5d", Some(432_000_000)),
            ("5", None),
            ("5 s", None),
            ("1h30m", None),
            ("5S", None),
            ("999999999999999d", None),
        ] {
            assert_eq!(duration(written), milliseconds.map(Duration::from_millis), "{written}");
        }
    }

    #[test]
    fn texts_are_read_back_as_the_same_amount() {
        for bytes in [0, 1, 1023, 1024, 52_428_800, 52_428_801, u64::MAX] {
            assert_eq!(size(&size_text(bytes)), Some(bytes));
            assert_eq!(duration(&duration_text(bytes)), Some(Duration::from_millis(bytes)));
        }
        assert_eq!(size_text(52_428_800), "50MiB");
        assert_eq!(duration_text(86_400_000), "1d");
    }
}
