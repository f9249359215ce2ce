//! Every metric of the table is printed, and nothing else.

#![allow(clippy::unwrap_used, reason = "tests may panic")]
use std::collections::BTreeSet;

use sekisho_channel::admin::{AuditState, Refused, RequestState, Stage};
use sekisho_safe_message::SafeLine;
use sekisho_settings::metrics::METRICS;

use super::*;

fn line(text: &str) -> SafeLine {
    SafeLine::clean(text).value
}

fn status(counters: &[&str]) -> Status {
    Status {
        program: "sekisho-outer".to_owned(),
        version: "0.1.0".to_owned(),
        pid: 7,
        started_ms: 1_500,
        profile: Some("a\"b\\c".to_owned()),
        listening: Vec::new(),
        stages: vec![Stage { state: MailState::Held, count: 3, bytes: 30, oldest_ms: Some(2_005) }],
        free_bytes: 10,
        floor_bytes: 5,
        layers: vec![("seccomp".to_owned(), "active".to_owned()), ("landlock".to_owned(), "no".to_owned())],
        counters: (1..).zip(counters).map(|(n, name)| ((*name).to_owned(), n)).collect(),
        problems: vec![Problem::OldHeld],
        refusals: vec![Refused { what: "mail".to_owned(), reason: "too-big".to_owned(), count: 4 }],
        audit: AuditState { entries: 12, signed_ms: Some(3_000) },
    }
}

fn stats() -> Stats {
    Stats {
        held: vec![(line("rule"), 3, Some(2_005))],
        kept: vec![(line("changed"), 2, None)],
        requests: vec![(RequestState::Pending, 1)],
        bytes: 100,
        shared_bytes: 50,
        room_bytes: 5,
        keys: Vec::new(),
    }
}

fn page() -> String {
    let mut page = Page::default();
    page.put("sekisho_up", &["outer"], Value::Whole(1));
    page.put("sekisho_up", &["inner"], Value::Whole(0));
    let outer = ["received", "delivered", "held", "worker-failures", "refused", "repeats"];
    of_status(Side::Outer, &status(&outer), &mut page);
    of_stats(Side::Outer, &stats(), &mut page);
    let inner = ["taken", "repeated", "refused", "relayed", "deferred", "buried"];
    of_status(Side::Inner, &Status { profile: None, ..status(&inner) }, &mut page);
    page.to_string()
}

#[test]
fn every_metric_of_the_table_has_its_value_and_its_help_once() {
    let page = page();
    let named: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
    let shown: BTreeSet<_> =
        page.lines().filter(|line| !line.starts_with('#')).map(|l| &l[..l.find('{').unwrap()]).collect();
    assert_eq!(shown, named);
    for metric in METRICS {
        let help = format!("# HELP {} ", metric.name);
        assert_eq!(page.matches(&help).count(), 1, "{page}");
        assert!(page.contains(&format!("# TYPE {} {}\n", metric.name, metric.kind.word())));
    }
}

#[test]
fn values_and_labels_are_as_the_format_wants_them() {
    let page = page();
    for line in [
        "sekisho_up{side=\"inner\"} 0",
        r#"sekisho_info{side="outer",version="0.1.0",profile="a\"b\\c"} 1"#,
        "sekisho_start_time_seconds{side=\"outer\"} 1.500",
        "sekisho_problem{side=\"outer\",problem=\"old-held\"} 1",
        "sekisho_problem{side=\"outer\",problem=\"low-space\"} 0",
        "sekisho_mails{side=\"outer\",state=\"held\"} 3",
        "sekisho_held_oldest_time_seconds{side=\"outer\",reason=\"rule\"} 2.005",
        "sekisho_layer_active{side=\"outer\",layer=\"landlock\"} 0",
        "sekisho_received_total{side=\"outer\"} 1",
        "sekisho_relayed_total{side=\"inner\"} 4",
        "sekisho_receive_refusals_total{side=\"outer\",what=\"mail\",reason=\"too-big\"} 4",
        "sekisho_original_requests{side=\"outer\",state=\"pending\"} 1",
        "sekisho_audit_checkpoint_time_seconds{side=\"inner\"} 3.000",
    ] {
        assert!(page.lines().any(|shown| shown == line), "{line}\n{page}");
    }
    // Every problem that a program can name is a gauge, and of its own side.
    assert!(!page.contains("side=\"inner\",problem=\"old-held\""));
}

#[test]
fn a_file_is_replaced_in_one_step() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sekisho.prom");
    written("old\n", Some(&file)).unwrap();
    written("new\n", Some(&file)).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "new\n");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    // A directory is in its place: an error, and nothing is left either.
    let folder = dir.path().join("folder.prom");
    fs::create_dir_all(folder.join("full")).unwrap();
    assert!(written("new\n", Some(&folder)).is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
}
