//! Log lines: form, fields, bounds, and nothing in them that plays with a reader.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use sekisho_settings::telemetry::{Shown, Surface, subscriber};
use sekisho_settings::{LogFilter, LogFormat, LogLevel, LogSettings};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const FILE: Surface = Surface { terminal: false, no_color: false };
const TERMINAL: Surface = Surface { terminal: true, no_color: false };

fn settings(format: LogFormat, level: &str) -> LogSettings {
    LogSettings { format, filter: level.parse().unwrap() }
}

/// What `act` logs, without the time.
fn logged(settings: &LogSettings, surface: Surface, act: impl FnOnce()) -> String {
    let sink = Sink::default();
    let copy = sink.clone();
    let subscriber = subscriber("outer", settings, surface, move || copy.clone(), ());
    tracing::subscriber::with_default(subscriber, act);
    let bytes = sink.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn human(act: impl FnOnce()) -> String {
    logged(&settings(LogFormat::Human, "info"), FILE, act)
}

fn json(act: impl FnOnce()) -> serde_json::Value {
    let text = logged(&settings(LogFormat::Json, "info"), FILE, act);
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_human_line_has_level_program_message_and_fields() {
    let line = human(|| tracing::info!(size = 12, from = "a@example.jp", ok = true, "mail taken"));
    assert_eq!(line, " INFO  outer mail taken size=12 from=a@example.jp ok=true\n");
}

#[test]
fn a_json_line_is_one_object() {
    let line = json(|| tracing::warn!(size = 12, from = "a@example.jp", "mail held"));
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["program"], "outer");
    assert_eq!(line["target"], "telemetry");
    assert_eq!(line["message"], "mail held");
    assert_eq!(line["size"], 12);
    assert_eq!(line["from"], "a@example.jp");
}

#[test]
fn a_field_of_a_reserved_name_cannot_stand_in_for_ours() {
    let sink = logged(&settings(LogFormat::Json, "info"), FILE, || tracing::info!(level = "ERROR", "x"));
    assert_eq!(sink.matches("\"level\"").count(), 1, "{sink}");
    assert!(sink.contains("\"level\":\"INFO\""), "{sink}");
}

#[test]
fn every_line_of_a_mail_carries_its_id() {
    let act = || {
        let outside = tracing::info_span!("connection", peer = "192.0.2.1", id = tracing::field::Empty);
        let _outside = outside.enter();
        let inside = tracing::info_span!("mail", id = "01J0");
        let _inside = inside.enter();
        outside.record("id", "later");
        tracing::info!(stage = "spool", "stored");
    };
    assert_eq!(human(act), " INFO  outer stored peer=192.0.2.1 id=01J0 stage=spool\n");
    let line = json(act);
    assert_eq!(line["id"], "01J0");
    assert_eq!(line["peer"], "192.0.2.1");
}

#[test]
fn hostile_text_stays_one_field_of_one_line() {
    let hostile = "x\r\nINFO forged id=1 \u{1b}[2J\u{202e}\u{2028}\"";
    let as_text = || tracing::info!(from = hostile, "mail {}", hostile);
    let as_display = || tracing::info!(from = %Shown::new(hostile), "mail");
    let as_error = || tracing::info!(from = &io::Error::other(hostile) as &dyn std::error::Error, "mail");
    let as_span = || tracing::info_span!("s", from = hostile).in_scope(|| tracing::info!("mail"));
    let acts: [&dyn Fn(); 4] = [&as_text, &as_display, &as_error, &as_span];
    let field = "from=\"x\\u{d}\\u{a}INFO forged id=1 \\u{1b}[2J\\u{202e}\\u{2028}\\u{22}\"\n";
    for act in acts {
        let line = human(act);
        assert!(line.ends_with(field), "{line}");
        assert!(line.chars().filter(|c| c.is_control()).eq(['\n']), "{line:?}");
        let line = json(act);
        assert_eq!(line["from"], "x\\u{d}\\u{a}INFO forged id=1 \\u{1b}[2J\\u{202e}\\u{2028}\"");
    }
}

#[test]
fn long_fields_and_messages_are_cut() {
    let long = "a".repeat(5_000);
    let line = json(|| tracing::info!(subject = long, shown = ?long, "{long}"));
    assert_eq!(line["subject"], format!("{}…(+4800)", "a".repeat(200)));
    assert!(line["shown"].as_str().unwrap().ends_with("…(+4802)"));
    assert_eq!(line["message"], format!("{}…(+4000)", "a".repeat(1_000)));
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let act = || tracing::error!("x");
    for (format, surface, form) in [
        (LogFormat::Auto, TERMINAL, "color"),
        (LogFormat::Human, TERMINAL, "color"),
        (LogFormat::Auto, Surface { no_color: true, ..TERMINAL }, "plain"),
        (LogFormat::Human, FILE, "plain"),
        (LogFormat::Auto, FILE, "json"),
        (LogFormat::Json, TERMINAL, "json"),
    ] {
        let line = logged(&settings(format, "info"), surface, act);
        let found = match (line.starts_with('{'), line.contains('\u{1b}')) {
            (true, _) => "json",
            (false, true) => "color",
            (false, false) => "plain",
        };
        assert_eq!(found, form, "{format:?} {surface:?}");
    }
}

#[test]
fn the_filter_admits_what_the_settings_say() {
    let act = || {
        tracing::info!(target: "sekisho_outer", "a");
        tracing::debug!(target: "sekisho_receiver::session", "b");
        tracing::debug!(target: "sekisho_outer", "c");
    };
    let lines = logged(&settings(LogFormat::Human, "warn,sekisho_receiver=debug"), FILE, act);
    assert_eq!(lines, " DEBUG outer b\n");
    let everything =
        LogSettings { format: LogFormat::Human, filter: LogFilter { level: LogLevel::Trace, targets: Vec::new() } };
    assert_eq!(logged(&everything, FILE, act).lines().count(), 3);
}
