//! Every mail of the shared corpus through the real programs: real mail, and
//! the test mails of many other parsers.
//!
//! Without the corpus nothing is tested, and the test says so; with
//! `SEKISHO_REQUIRE_CORPUS=1` (CI) its absence is a failure.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells what it read")]

mod programs;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sekisho_job::{HoldReason, Report, Verdict};
use sekisho_safe_message::Untrusted;

use programs::sekisho;

/// Reasons that no mail may ever give, whatever is in it: they mean that the
/// worker did not do its work.
const FAULTS: [HoldReason; 9] = [
    HoldReason::Internal,
    HoldReason::Unsafe,
    HoldReason::WorkerCrashed,
    HoldReason::WorkerForbidden,
    HoldReason::WorkerTimeout,
    HoldReason::WorkerMemory,
    HoldReason::WorkerOutput,
    HoldReason::WorkerGarbage,
    HoldReason::Refused,
];

#[test]
fn no_mail_of_the_corpus_does_harm() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let corpus = shared.join("corpus");
    if !corpus.is_dir() {
        let required = std::env::var_os("SEKISHO_REQUIRE_CORPUS").is_some_and(|value| value == "1");
        assert!(!required, "{} is not there, and SEKISHO_REQUIRE_CORPUS=1", corpus.display());
        println!("0 mails read: {} is not there", corpus.display());
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let (out, report) = (scratch.path().join("out"), scratch.path().join("report.ndjson"));
    sanitize(&corpus, &out, &report);
    let reports = reports(&report);
    println!("{} mails read", reports.len());
    assert_eq!(reports.len(), files(&corpus).len(), "every file has a report");
    for (name, report) in &reports {
        if let Some(reason) = report.hold_reason {
            assert!(!FAULTS.contains(&reason), "{name}: {}", reason.code());
        }
        assert_eq!(out.join(name).is_file(), report.outcome == Verdict::Deliver, "{name}: report and output differ");
    }
    verify(&out);
    judge(&shared.join("tools/judge_mail.py"), &corpus, &out);
}

fn sanitize(corpus: &Path, out: &Path, report: &Path) {
    let Output { status, stdout, stderr } = Command::new(sekisho())
        .args(["sanitize", "--lang", "en", "--now", "1795478400", "--out"])
        .args([out, Path::new("--report"), report, corpus])
        .env_remove("SEKISHO_CONFIG")
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&stdout));
    // 3: some were held.
    assert!(matches!(status.code(), Some(0 | 3)), "sanitize: {status}: {}", String::from_utf8_lossy(&stderr));
}

/// Every report by the name of its input.
fn reports(file: &Path) -> BTreeMap<String, Report> {
    let text = std::fs::read_to_string(file).unwrap();
    let report = |line: &str| {
        let report: Report = serde_json::from_str(line).unwrap();
        (report.input.clone().unwrap(), report)
    };
    text.lines().map(report).collect()
}

/// By the command, as a user would, and here, to name the one that fails.
fn verify(out: &Path) {
    for file in files(out) {
        let mail = std::fs::read(&file).unwrap();
        if let Err(violation) = sekisho_verify::read_with(Untrusted::new(&mail), &mut sekisho_verifier::check) {
            panic!("{}: {violation}", file.display());
        }
    }
    let command = Command::new(sekisho()).args(["verify", "--lang", "en"]).arg(out).output().unwrap();
    assert_eq!(command.status.code(), Some(0), "verify: {}", String::from_utf8_lossy(&command.stdout));
}

/// By code that shares nothing with ours.
fn judge(tool: &Path, corpus: &Path, out: &Path) {
    let Output { status, stdout, stderr } = Command::new("python3").arg(tool).args([corpus, out]).output().unwrap();
    println!("{}", String::from_utf8_lossy(&stdout));
    assert!(status.success(), "{}: {status}: {}", tool.display(), String::from_utf8_lossy(&stderr));
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => open.push(entry.path()),
                kind if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found
}
