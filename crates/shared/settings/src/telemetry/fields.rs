//! The fields of an event and of the spans around it, safe to show.

use std::fmt::{self, Write as _};

use serde_json::Value;
use tracing::field::{Field, Visit};

use super::Shown;
use super::shown::Cut;

/// The message may be longer than a field: our own words frame the stranger's.
const LONGEST_MESSAGE: usize = 1_000;

/// Fields in the order in which they were recorded; a later one of the same name replaces.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) named: Vec<(&'static str, Value)>,
}

impl Fields {
    /// Takes over those of an outer span; ours stay in force and stand behind them.
    pub(super) fn under(self, outer: &Self) -> Self {
        let mut merged = outer.clone();
        merged.message = self.message;
        for (name, value) in self.named {
            merged.put(name, value);
        }
        merged
    }

    fn put(&mut self, name: &'static str, value: Value) {
        match self.named.iter_mut().find(|(known, _)| *known == name) {
            Some(slot) => slot.1 = value,
            None => self.named.push((name, value)),
        }
    }

    fn put_shown(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let is_message = field.name() == "message";
        let mut cut = Cut::after(if is_message { LONGEST_MESSAGE } else { Shown::LONGEST });
        // A value whose own formatting fails is shown as far as it came.
        let _ = cut.write_fmt(value);
        if is_message {
            self.message = cut.finish();
        } else {
            self.put(field.name(), Value::from(cut.finish()));
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put_shown(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_shown(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put_shown(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), Value::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), Value::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), Value::from(value));
    }
}
