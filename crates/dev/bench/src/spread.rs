//! Medians, spreads and percentiles.

use std::fmt;

/// Several readings of one quantity.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spread(Vec<f64>);

/// Latencies, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Percentiles {
    /// Half are not longer.
    pub p50: f64,
    /// 99 of 100 are not longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Spread {
    /// The middle reading (of an even number, the mean of the two); 0 of none.
    pub fn median(&self) -> f64 {
        let (low, high) = (self.0.len().saturating_sub(1) / 2, self.0.len() / 2);
        let at = |at: usize| self.0.get(at).copied().unwrap_or(0.0);
        f64::midpoint(at(low), at(high))
    }

    /// The smallest reading; 0 of none.
    pub fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or(0.0)
    }

    /// The largest reading; 0 of none.
    pub fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or(0.0)
    }

    /// Each reading's share of one in `parts`.
    #[must_use]
    pub fn each(&self, parts: u64) -> Self {
        Self(self.0.iter().map(|reading| reading / parts.max(1) as f64).collect())
    }

    /// How many readings there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no reading.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<f64> for Spread {
    fn from_iter<I: IntoIterator<Item = f64>>(readings: I) -> Self {
        let mut readings: Vec<f64> = readings.into_iter().filter(|reading| reading.is_finite()).collect();
        readings.sort_by(f64::total_cmp);
        Self(readings)
    }
}

/// `median (min-max)`; the precision is that of the format, else three digits.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or_else(|| digits(self.median()));
        write!(f, "{:.digits$} ({:.digits$}-{:.digits$})", self.median(), self.min(), self.max())
    }
}

impl Percentiles {
    /// Of latencies in nanoseconds.
    pub fn of_nanos(mut nanos: Vec<u64>) -> Self {
        nanos.sort_unstable();
        let at = |percent: usize| {
            let rank = (nanos.len() * percent).div_ceil(100).saturating_sub(1);
            nanos.get(rank).map_or(0.0, |nanos| *nanos as f64 / 1e6)
        };
        Self { p50: at(50), p99: at(99), max: at(100) }
    }
}

/// Digits behind the point, so that three stand in all.
fn digits(value: f64) -> usize {
    match value {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::{Percentiles, Spread};

    #[test]
    fn a_spread_shows_its_middle_and_its_ends() {
        for (readings, shown) in [
            (&[][..], "0.00 (0.00-0.00)"),
            (&[2.0], "2.00 (2.00-2.00)"),
            (&[30.0, 10.0, 20.0], "20.0 (10.0-30.0)"),
            (&[400.0, 100.0, f64::NAN], "250 (100-400)"),
        ] {
            assert_eq!(readings.iter().copied().collect::<Spread>().to_string(), shown);
        }
    }

    #[test]
    fn percentiles_are_readings() {
        let hundred = (1..=100).rev().map(|ms| ms * 1_000_000).collect();
        assert_eq!(Percentiles::of_nanos(hundred), Percentiles { p50: 50.0, p99: 99.0, max: 100.0 });
        assert_eq!(Percentiles::of_nanos(Vec::new()), Percentiles::default());
    }
}
