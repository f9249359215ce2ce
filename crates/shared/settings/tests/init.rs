//! `telemetry::init` in a process of its own: events and panics reach standard error, escaped.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is the test's failure message")]

use std::process::Command;

use sekisho_settings::telemetry::{self, AlreadySet};
use sekisho_settings::{LogFormat, LogSettings};

/// Set for the child alone: the subscriber and the panic hook belong to a whole process.
const CHILD: &str = "SEKISHO_INIT_TEST_CHILD";

#[test]
fn events_and_panics_are_lines_of_the_log() {
    if std::env::var_os(CHILD).is_some() {
        return child();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "events_and_panics_are_lines_of_the_log", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(output.status.success());
    let lines: Vec<serde_json::Value> =
        String::from_utf8(output.stderr).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(lines[0]["message"], "started");
    assert_eq!(lines[0]["program"], "tester");
    assert!(lines[0]["time"].as_str().unwrap().ends_with('Z'));
    assert_eq!(lines[1]["level"], "ERROR");
    assert_eq!(lines[1]["message"], "panic");
    assert_eq!(lines[1]["cause"], "about \\u{1b}[2J\\u{a}forged");
    assert!(lines[1]["place"].as_str().unwrap().contains("init.rs:"));
}

fn child() {
    let settings = LogSettings { format: LogFormat::Json, filter: "info".parse().unwrap() };
    telemetry::init("tester", &settings).unwrap();
    assert_eq!(telemetry::init("tester", &settings), Err(AlreadySet));
    tracing::info!("started");
    let hostile = "\u{1b}[2J\nforged";
    std::thread::spawn(move || panic!("about {hostile}")).join().unwrap_err();
}
