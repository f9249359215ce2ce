//! Every file of the shared samples through `sekisho disarm`: real files, and
//! the test files of many other readers.
//!
//! Without the samples nothing is tested, and the test says so; with
//! `SEKISHO_REQUIRE_CORPUS=1` (CI) their absence is a failure.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and tells what it read")]

mod programs;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sekisho_safe_message::{SafeKind, Untrusted};
use serde_json::Value;

use programs::sekisho;

/// Folders whose kinds are made anew here; the other ones are for kinds that
/// stay out, or for Office.
const FOLDERS: [&str; 15] = [
    "archive", "csv", "eml", "exec", "html", "ics-vcf", "image", "metafile", "msg", "polyglot", "smime", "svg", "text",
    "tnef", "pdf",
];

/// Reasons that no file may ever give, whatever is in it.
const FAULTS: [&str; 9] = [
    "internal",
    "unsafe-result",
    "worker-crashed",
    "worker-forbidden",
    "worker-timeout",
    "worker-memory",
    "worker-output",
    "worker-garbage",
    "refused",
];

#[test]
fn no_file_of_the_samples_does_harm() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples");
    if !samples.is_dir() {
        let required = std::env::var_os("SEKISHO_REQUIRE_CORPUS").is_some_and(|value| value == "1");
        assert!(!required, "{} is not there, and SEKISHO_REQUIRE_CORPUS=1", samples.display());
        println!("0 files read: {} is not there", samples.display());
        return;
    }
    let mut count = 0;
    for folder in FOLDERS {
        let scratch = tempfile::tempdir().unwrap();
        let (out, report) = (scratch.path().join("out"), scratch.path().join("report.ndjson"));
        disarm(&samples.join(folder), &out, &report);
        for line in std::fs::read_to_string(&report).unwrap().lines() {
            let report: Value = serde_json::from_str(line).unwrap();
            let name = report["input"].as_str().unwrap();
            let reason = report["hold_reason"].as_str().unwrap_or_default();
            assert!(!FAULTS.contains(&reason), "{folder}/{name}: {reason}");
            for output in report["outputs"].as_array().unwrap() {
                verify(&out.join(output.as_str().unwrap()));
            }
            count += 1;
        }
    }
    println!("{count} files read");
}

fn disarm(samples: &Path, out: &Path, report: &Path) {
    let Output { status, stderr, .. } = Command::new(sekisho())
        .args(["disarm", "--lang", "en", "--now", "1795478400", "--out"])
        .args([out, Path::new("--report"), report, samples])
        .env_remove("SEKISHO_CONFIG")
        .output()
        .unwrap();
    // 3: some were kept out; 5: all were.
    assert!(matches!(status.code(), Some(0 | 3 | 5)), "disarm: {status}: {}", String::from_utf8_lossy(&stderr));
}

/// By the reader of the LGWAN side, under the kind that the name says.
fn verify(file: &PathBuf) {
    let ending = file.extension().unwrap().to_str().unwrap().to_lowercase();
    let kind = match ending.as_str() {
        "jpeg" => SafeKind::Jpeg,
        ending => SafeKind::from_extension(ending).unwrap_or_else(|| panic!("{}: no kind of ours", file.display())),
    };
    let octets = std::fs::read(file).unwrap();
    if let Err(flaw) = sekisho_verifier::check(kind, Untrusted::new(&octets)) {
        panic!("{}: {flaw}", file.display());
    }
}
