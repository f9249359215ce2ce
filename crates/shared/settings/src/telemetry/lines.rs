//! The layer that makes a line of each event.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;

/// How a line looks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Human { color: bool },
    Json,
}

/// Writes a line for each event, in one `write`.
pub(super) struct Lines<W, T> {
    pub(super) program: &'static str,
    pub(super) form: Form,
    pub(super) writer: W,
    pub(super) time: T,
}

impl<S, W, T> Layer<S> for Lines<W, T>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
    T: FormatTime + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // From the innermost span outwards.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields = fields.under(outer);
            }
        }
        let line = self.line(event, &fields);
        // Nobody is left to be told that standard error is gone.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(line.as_bytes());
    }
}

impl<W, T: FormatTime> Lines<W, T> {
    fn line(&self, event: &Event<'_>, fields: &Fields) -> String {
        let mut time = String::new();
        // A clock that cannot be formatted leaves the time out.
        let _ = self.time.format_time(&mut Writer::new(&mut time));
        let head =
            Head { time, level: *event.metadata().level(), program: self.program, target: event.metadata().target() };
        match self.form {
            Form::Human { color } => human(&head, fields, color),
            Form::Json => json(&head, fields),
        }
    }
}

struct Head {
    time: String,
    level: Level,
    program: &'static str,
    target: &'static str,
}

fn human(head: &Head, fields: &Fields, color: bool) -> String {
    let (on, off) = if color { (paint(head.level), "\u{1b}[0m") } else { ("", "") };
    let mut line = format!("{} {on}{:5}{off} {}", head.time, head.level.as_str(), head.program);
    // The event's name is the sentence of a line that has no other.
    let event = fields.named.iter().find(|(name, _)| *name == "event").and_then(|(_, value)| value.as_str());
    for words in [event.unwrap_or_default(), &fields.message] {
        if !words.is_empty() {
            let _ = write!(line, " {words}");
        }
    }
    for (name, value) in fields.named.iter().filter(|(name, _)| *name != "event") {
        let _ = write!(line, " {name}={}", human_value(value));
    }
    line.push('\n');
    line
}

/// A text that could be taken for several fields is quoted, and its own quotes escaped.
fn human_value(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() || text.contains([' ', '"', '=', '\u{3000}']) => {
            format!("\"{}\"", text.replace('"', "\\u{22}"))
        }
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

fn paint(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\u{1b}[31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        Level::DEBUG => "\u{1b}[34m",
        Level::TRACE => "\u{1b}[35m",
    }
}

fn json(head: &Head, fields: &Fields) -> String {
    let own = [
        ("time", head.time.as_str()),
        ("level", head.level.as_str()),
        ("program", head.program),
        ("target", head.target),
        ("message", fields.message.as_str()),
    ];
    let mut line = String::from("{");
    for (name, text) in own.into_iter().filter(|(_, text)| !text.is_empty()) {
        let comma = if line.len() > 1 { "," } else { "" };
        let _ = write!(line, "{comma}\"{name}\":{}", Value::from(text));
    }
    // A field of a reserved name would make two of it: readers differ on which one counts.
    for (name, value) in &fields.named {
        if own.iter().all(|(reserved, _)| reserved != name) {
            let _ = write!(line, ",{}:{value}", Value::from(*name));
        }
    }
    line.push_str("}\n");
    line
}
