//! Every fixture through the real programs, compared with its snapshot.
//!
//! `cargo xtask bless` runs this with `SEKISHO_BLESS=1`, which writes the
//! snapshots instead; the NOTE beside each says what must be right in them.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod programs;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sekisho_job::{Action, Report, Verdict};
use sekisho_safe_message::{Sha256, Untrusted};

use programs::sekisho;

/// 2026-11-24 09:00:00 +0900: the same input must give the same output.
const NOW: &str = "1795478400";

/// Octets of a file that was kept out: not one run of this length may be seen.
const RUN: usize = 20;

/// One fixture, and what became of it.
struct Case {
    folder: PathBuf,
    before: Vec<u8>,
    after: Option<Vec<u8>>,
    report: Report,
}

#[test]
fn every_fixture_gives_its_snapshot() {
    let cases = cases();
    assert!(cases.len() >= 45, "only {} fixtures were found", cases.len());
    let wrong: Vec<String> = cases.iter().flat_map(compare).collect();
    assert!(wrong.is_empty(), "{}\n(after a change on purpose: cargo xtask bless)", wrong.join("\n"));
}

#[test]
fn every_output_is_verified_and_hides_what_was_kept_out() {
    let mut files = 0;
    for case in cases() {
        let Some(mail) = &case.after else {
            assert_eq!(case.report.outcome, Verdict::Hold, "{}", case.name());
            continue;
        };
        let reading = match sekisho_verify::read_with(Untrusted::new(mail), &mut sekisho_verifier::check) {
            Ok(reading) => reading,
            Err(violation) => panic!("{}: {violation}", case.name()),
        };
        let shown = [reading.subject.as_str(), reading.text.as_str(), reading.notice.as_str()].join("\n").into_bytes();
        let stripped = stripped(&case);
        files += stripped.len();
        for file in stripped {
            // Fields are ours, and a mail inside the mail may have the same.
            let body = mail.windows(4).position(|run| run == b"\r\n\r\n").unwrap();
            for place in [&shown[..], &mail[body..]] {
                assert_eq!(leak(&file, place), None, "{}: octets of a file that was kept out", case.name());
            }
        }
    }
    assert!(files >= 15, "only {files} files were kept out of all fixtures");
}

#[test]
fn a_leak_would_be_seen() {
    let file: Vec<u8> = (0..100).collect();
    assert_eq!(leak(&file, &file[30..30 + RUN]).as_deref(), Some(&file[30..30 + RUN]));
    assert_eq!(leak(&file, &file[30..30 + RUN - 1]), None);
    assert_eq!(leak(b"short", b"short"), None);
    let mail = b"A: b\r\nContent-Transfer-Encoding: base64\r\n\r\n--x\r\nContent-Transfer-Encoding: Base64\r\n\r\nQUJD\r\nRA==\r\n--x--";
    assert!(leaves(mail).contains(&b"ABCD".to_vec()));
}

impl Case {
    fn name(&self) -> String {
        self.folder.file_name().unwrap().to_string_lossy().into_owned()
    }
}

/// What differs from the snapshot, or writes it.
fn compare(case: &Case) -> Vec<String> {
    let report = format!("{}\n", serde_json::to_string_pretty(&case.report).unwrap());
    let (out, json) = (case.folder.join("out.eml"), case.folder.join("report.json"));
    if std::env::var_os("SEKISHO_BLESS").is_some_and(|value| value == "1") {
        match &case.after {
            Some(mail) => fs::write(&out, mail).unwrap(),
            None if out.exists() => fs::remove_file(&out).unwrap(),
            None => {}
        }
        fs::write(json, report).unwrap();
        return Vec::new();
    }
    let mut wrong = Vec::new();
    match (&case.after, fs::read(&out).ok()) {
        (Some(mail), Some(snapshot)) if *mail != snapshot => wrong.push(first_difference(&out, &snapshot, mail)),
        (Some(_), None) => wrong.push(format!("{}: delivered, but there is no out.eml", case.name())),
        (None, Some(_)) => {
            let reason = case.report.hold_reason.map_or("?", sekisho_job::HoldReason::code);
            wrong.push(format!("{}: held ({reason}), but there is an out.eml", case.name()));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let snapshot = fs::read_to_string(&json).unwrap_or_default();
    if snapshot != report {
        wrong.push(first_difference(&json, snapshot.as_bytes(), report.as_bytes()));
    }
    wrong
}

fn first_difference(file: &Path, expected: &[u8], got: &[u8]) -> String {
    let (expected, got) = (String::from_utf8_lossy(expected), String::from_utf8_lossy(got));
    let mut pairs = expected.lines().zip(got.lines()).enumerate();
    match pairs.find(|(_, (a, b))| a != b) {
        Some((at, (a, b))) => format!("{}:{}\n  expected {a}\n  got      {b}", file.display(), at + 1),
        None => format!("{}: one is the beginning of the other", file.display()),
    }
}

/// All fixtures, run once each.
fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut folders: Vec<PathBuf> = ["mail", "offline"]
        .iter()
        .flat_map(|set| fs::read_dir(root.join(set)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders.into_iter().map(run).collect()
}

fn run(folder: PathBuf) -> Case {
    let before = fs::read(folder.join("in.eml")).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let report = scratch.path().join("report.json");
    let number = folder.file_name().unwrap().to_str().unwrap().split('-').next().unwrap().to_owned();
    // A ULID whose chance is the fixture's number; its time is that of NOW.
    let id = format!("01M85DMB00F1XTVRE000000{number:0>3}");
    let Output { status, stdout, stderr } = Command::new(sekisho())
        .args(["sanitize", "--lang", "en", "--now", NOW, "--id", &id, "--report"])
        .args([&report, &folder.join("in.eml")])
        .env_remove("SEKISHO_CONFIG")
        .output()
        .unwrap();
    let code = status.code();
    let name = folder.display();
    assert!(matches!(code, Some(0 | 5)), "{name}: exit {code:?}: {}", String::from_utf8_lossy(&stderr));
    let mut report: Report = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    report.timings_us = 0;
    assert_eq!(report.outcome == Verdict::Deliver, code == Some(0), "{name}: report and exit code differ");
    let after = (code == Some(0)).then_some(stdout);
    assert!(after.is_some() || !stderr.is_empty(), "{name}: nothing was said about a held mail");
    Case { folder, before, after, report }
}

/// The decoded octets of every part that the report says was kept out.
fn stripped(case: &Case) -> Vec<Vec<u8>> {
    let mut leaves = leaves(&case.before);
    // A mail that is attached as a file has parts of its own.
    let inside: Vec<_> =
        leaves.iter().filter(|leaf| leaf.starts_with(b"From: ")).flat_map(|mail| self::leaves(mail)).collect();
    leaves.extend(inside);
    // Files inside files declare no type, and stand in no mail as they are.
    let out = |part: &&sekisho_job::Part| matches!(part.action, Action::Strip | Action::Quarantine);
    let parts = case.report.parts.iter().filter(out).filter(|part| part.size > 0 && !part.type_declared.is_empty());
    parts
        .map(|part| {
            let found = leaves.iter().find(|leaf| Some(Sha256::of(leaf)) == part.sha256);
            found.unwrap_or_else(|| panic!("{}: part {} is not found in the mail", case.name(), part.path)).clone()
        })
        .collect()
}

/// Everything in a mail that could be the content of a part: what stands
/// between an empty line and a line that begins with `--`, as it is and
/// decoded. More than there are; a digest picks the right ones.
fn leaves(mail: &[u8]) -> Vec<Vec<u8>> {
    let text = mail.split_inclusive(|octet| *octet == b'\n').collect::<Vec<_>>();
    let mut found = Vec::new();
    for (at, _) in text.iter().enumerate().filter(|(_, line)| matches!(**line, b"\r\n" | b"\n")) {
        for end in (at + 1..=text.len()).filter(|end| text.get(*end).is_none_or(|line| line.starts_with(b"--"))) {
            let content = text[at + 1..end].concat();
            let bare = content.strip_suffix(b"\r\n").unwrap_or(&content).to_vec();
            found.push(base64(&bare));
            found.push(bare);
            found.push(content);
        }
    }
    found
}

fn base64(text: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut out) = (0u32, 0, Vec::new());
    for value in text.iter().filter_map(|octet| ALPHABET.iter().position(|known| known == octet)) {
        bits = bits << 6 | u32::try_from(value).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    out
}

/// A run of `file` that stands in `place` too.
fn leak(file: &[u8], place: &[u8]) -> Option<Vec<u8>> {
    let seen: HashSet<&[u8]> = place.windows(RUN).collect();
    file.windows(RUN).find(|run| seen.contains(run)).map(<[u8]>::to_vec)
}
