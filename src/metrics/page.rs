//! A page in the text exposition format 0.0.4 of Prometheus: names from the
//! table, values grouped below their names, labels escaped.

use std::fmt::{self, Write as _};

use sekisho_settings::metrics::{METRICS, Metric, find};

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// As it is.
    Whole(u64),
    /// Milliseconds since 1970, shown as seconds.
    Time(u64),
}

/// What goes on the page.
#[derive(Debug, Default)]
pub(super) struct Page(Vec<(&'static Metric, String, Value)>);

impl Page {
    /// Adds a value with its labels, in the order of the table. What the table
    /// does not name is not shown.
    pub(super) fn put(&mut self, name: &str, labels: &[&str], value: Value) {
        let Some(metric) = find(name) else { return };
        let labels: Vec<_> =
            metric.labels.iter().zip(labels).map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
        self.0.push((metric, labels.join(","), value));
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for metric in METRICS {
            let mut values = self.0.iter().filter(|(of, ..)| of.name == metric.name).peekable();
            if values.peek().is_none() {
                continue;
            }
            writeln!(f, "# HELP {} {}", metric.name, metric.en.replace('\\', "\\\\"))?;
            writeln!(f, "# TYPE {} {}", metric.name, metric.kind.word())?;
            for (_, labels, value) in values {
                writeln!(f, "{}{{{labels}}} {value}", metric.name)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(f),
            Self::Time(ms) => write!(f, "{}.{:03}", ms / 1_000, ms % 1_000),
        }
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            c => {
                let _ = escaped.write_char(c);
            }
        }
    }
    escaped
}
