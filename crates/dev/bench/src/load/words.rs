//! The two languages.

use std::env;

use unicode_width::UnicodeWidthStr;

/// A language that everything shown exists in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Japanese.
    Ja,
    /// English.
    En,
}

impl Language {
    /// The one that `--lang` asks for, or that of the locale. Read ahead of
    /// everything else: help and usage errors speak it too.
    pub fn of_this_process() -> Self {
        let arguments: Vec<_> = env::args().collect();
        let asked =
            arguments.iter().enumerate().rev().find_map(|(at, argument)| match argument.strip_prefix("--lang") {
                Some("") => arguments.get(at + 1).cloned(),
                Some(value) => value.strip_prefix('=').map(str::to_owned),
                None => None,
            });
        let locale = || {
            let set = |name| env::var(name).ok().filter(|value: &String| !value.is_empty());
            set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG")).unwrap_or_default()
        };
        if asked.unwrap_or_else(locale).starts_with("ja") { Self::Ja } else { Self::En }
    }

    /// One of two wordings.
    pub fn pick<T>(self, ja: T, en: T) -> T {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }
}

/// `text`, filled up to `width` columns: before it if `right`.
pub fn pad(text: &str, width: usize, right: bool) -> String {
    let fill = " ".repeat(width.saturating_sub(text.width()));
    if right { fill + text } else { text.to_owned() + &fill }
}

/// A figure with three digits, or all that stand before the point.
pub fn number(value: f64) -> String {
    match value {
        value if !value.is_finite() => "-".to_owned(),
        value if value >= 1000.0 => thousands(value.round()),
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A count.
pub fn count(value: u64) -> String {
    thousands(value as f64)
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{count, number, pad};

    #[test]
    fn figures_have_three_digits() {
        for (value, shown) in
            [(0.0, "0.00"), (1.234, "1.23"), (12.34, "12.3"), (999.4, "999"), (12_345.6, "12,346"), (f64::NAN, "-")]
        {
            assert_eq!(number(value), shown);
        }
        assert_eq!([count(0), count(999), count(1_000_000)], ["0", "999", "1,000,000"]);
    }

    #[test]
    fn columns_count_by_width() {
        assert_eq!([pad("関所", 6, true), pad("ab", 4, false)], ["  関所", "ab  "]);
    }
}
