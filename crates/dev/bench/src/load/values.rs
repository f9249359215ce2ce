//! Values of the command line: read once, checked once.

use std::time::Duration;

/// What `--rate` says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rate {
    /// Mails a second.
    Mails(f64),
    /// Those of the profile's busiest minute.
    Peak,
}

pub(super) fn rate(text: &str) -> Result<Rate, String> {
    if text == "peak" {
        return Ok(Rate::Peak);
    }
    positive(text).map(Rate::Mails).map_err(|why| format!("{why}; or peak"))
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| *value >= 0.001 && *value <= 1e6);
    value.ok_or_else(|| "a number above 0, at most 1000000".to_owned())
}

/// A number of seconds, or with `ms`, `s`, `m`, `h`.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let (number, unit) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor))).unwrap_or((text, 1.0));
    let seconds = number.parse().ok().map(|number: f64| number * unit);
    let seconds = seconds.filter(|seconds| (0.0..=604_800.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "a time as in 30s, 5m, 1h; at most a week".to_owned())
}

/// RFC 5321 4.1.2: it goes into commands as it is.
pub(super) fn domain(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.'));
    if plain && !text.is_empty() && text.len() <= 255 { Ok(text.to_owned()) } else { Err("a domain name".to_owned()) }
}
