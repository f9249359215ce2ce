//! `cargo xtask samples [DIR] [--write]`: real and hostile files through
//! `sekisho disarm`, judged by code that shares nothing with it, as one table.
//!
//! The judge is Python (`PYTHON` names another interpreter than `python3`);
//! what it lacks it says, and skips.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::corpus::{lines, write_between};
use crate::shell::{self, Failure};

const PAGE: &str = "docs/quality.md";
const MARKS: (&str, &str) = ("<!-- samples -->", "<!-- /samples -->");
const USAGE: &str = "usage: cargo xtask samples [DIR] [--write]\n";

/// Folders of kinds that are made anew, and the share of benign files that
/// must come out in the same family.
const KINDS: [(&str, f64); 12] = [
    ("pdf", 0.97),
    ("image", 0.95),
    ("svg", 0.95),
    ("metafile", 0.95),
    ("text", 0.95),
    ("csv", 0.95),
    ("xml", 0.95),
    ("ics-vcf", 0.95),
    ("archive", 0.95),
    ("eml", 0.95),
    ("msg", 0.95),
    ("tnef", 0.95),
];

pub(crate) fn run(arguments: &[OsString]) -> Result<(), Failure> {
    let (mut folder, mut write) = (None, false);
    for argument in arguments {
        match argument.to_str() {
            Some("--write") => write = true,
            Some(flag) if flag.starts_with("--") => return Err(Failure::Usage(USAGE)),
            _ if folder.is_some() => return Err(Failure::Usage(USAGE)),
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let root = shell::root();
    let samples = folder.unwrap_or_else(|| root.join("../shared/samples"));
    if !samples.is_dir() {
        return Err(Failure::Wrong(format!("{}: there is no such folder", samples.display())));
    }
    let out = shell::program("../samples");
    if out.is_dir() {
        std::fs::remove_dir_all(&out).map_err(|err| Failure::Io(out.display().to_string(), err))?;
    }
    std::fs::create_dir_all(&out).map_err(|err| Failure::Io(out.display().to_string(), err))?;
    shell::cargo(["build"])?;
    let (files, report) = (out.join("files"), out.join("report.ndjson"));
    disarm(&samples, &files, &report)?;
    println!("files and report: {}", out.display());
    let judge = root.join("../shared/tools/judge_files.py");
    if !judge.is_file() {
        println!("{}: not there, so nothing is judged", judge.display());
        return Ok(());
    }
    let judged = judged(&judge, &samples, &files, &report, &out.join("judged.json"))?;
    let times = times(&lines(&report)?);
    let (page, faults) = page(&judged, &times);
    print!("{page}");
    if write {
        write_between(&root.join(PAGE), MARKS, &page)?;
    }
    if faults == 0 { Ok(()) } else { Err(Failure::Wrong(format!("{faults} files do not pass"))) }
}

/// Only what lies in folders: the index beside them is no sample.
fn disarm(samples: &Path, files: &Path, report: &Path) -> Result<(), Failure> {
    let mut disarm = shell::command(shell::program("sekisho"));
    disarm
        .args(["disarm", "--lang", "en", "--now", "1795478400", "--out"])
        .arg(files)
        .arg("--report")
        .args([report, samples]);
    disarm.stdout(std::process::Stdio::null());
    match shell::run(&mut disarm) {
        Ok(()) | Err(Failure::Exit { code: 3, .. }) => {}
        Err(failure) => return Err(failure),
    }
    let entries = std::fs::read_dir(files).map_err(|err| Failure::Io(files.display().to_string(), err))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_file() || path.ends_with("SOURCES") {
            let removed = if path.is_file() { std::fs::remove_file(&path) } else { std::fs::remove_dir_all(&path) };
            removed.map_err(|err| Failure::Io(path.display().to_string(), err))?;
        }
    }
    Ok(())
}

fn judged(judge: &Path, samples: &Path, files: &Path, report: &Path, to: &Path) -> Result<Value, Failure> {
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut python = shell::command(python);
    python.arg(judge).args([samples, files]).arg("--fidelity").arg("--report").arg(report).arg("--json").arg(to);
    let output = python.output().map_err(|err| Failure::Io("python".to_owned(), err))?;
    print!("{}", String::from_utf8_lossy(&output.stdout));
    let text = std::fs::read_to_string(to).map_err(|err| {
        Failure::Wrong(format!("{}: {err}\n{}", to.display(), String::from_utf8_lossy(&output.stderr)))
    })?;
    serde_json::from_str(&text).map_err(|err| Failure::Wrong(format!("{}: {err}", to.display())))
}

/// Milliseconds of each file, by folder, ascending.
fn times(reports: &[Value]) -> BTreeMap<String, Vec<f64>> {
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for report in reports {
        let folder = report["input"].as_str().and_then(|input| input.split_once('/')).map(|(folder, _)| folder);
        if let (Some(folder), Some(us)) = (folder, report["timings_us"].as_f64()) {
            all.entry(folder.to_owned()).or_default().push(us / 1000.0);
        }
    }
    all.values_mut().for_each(|times| times.sort_by(f64::total_cmp));
    all
}

/// The table, and how many files do not pass.
fn page(judged: &Value, times: &BTreeMap<String, Vec<f64>>) -> (String, usize) {
    let rows = judged["rows"].as_array().map_or(&[][..], Vec::as_slice);
    let folders: BTreeSet<&str> = rows.iter().filter_map(|row| row["type"].as_str()).collect();
    let mut page = String::from(
        "| folder | files | benign | same family | aim | findings | not open | text | pictures | growth | ms p50 | ms p99 |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let mut faults = 0;
    let order = KINDS.iter().map(|(name, _)| *name).filter(|name| folders.contains(name));
    let rest = folders.iter().copied().filter(|name| KINDS.iter().all(|(kind, _)| kind != name));
    for folder in order.chain(rest) {
        let rows: Vec<_> = rows.iter().filter(|row| row["type"] == folder).collect();
        faults += rows.iter().filter(|row| row["faults"].as_array().is_some_and(|faults| !faults.is_empty())).count();
        let _ = writeln!(page, "{}", line(folder, &rows, &judged["types"][folder], times.get(folder)));
    }
    (page, faults)
}

fn line(folder: &str, rows: &[&Value], summary: &Value, times: Option<&Vec<f64>>) -> String {
    let benign: Vec<_> = rows.iter().filter(|row| is_benign(row)).collect();
    let same = benign.iter().filter(|row| row["delivery"] == "same").count();
    let share =
        if benign.is_empty() { "-".to_owned() } else { format!("{same} ({:.0} %)", percent(same, benign.len())) };
    let aim = KINDS
        .iter()
        .find(|(kind, _)| *kind == folder)
        .map_or("-".to_owned(), |(_, aim)| format!("{:.0} %", aim * 100.0));
    let number = |key: &str| summary[key].as_f64().map_or("-".to_owned(), |value| format!("{value:.3}"));
    let at = |share: f64| {
        times.and_then(|times| times.get(place(times.len(), share))).map_or("-".to_owned(), |ms| format!("{ms:.1}"))
    };
    let findings = rows.iter().filter(|row| {
        row["faults"]
            .as_array()
            .is_some_and(|all| all.iter().any(|fault| !fault.as_str().unwrap_or("").starts_with("does not open")))
    });
    format!(
        "| {folder} | {} | {} | {share} | {aim} | {} | {} | {} | {} | {} | {} | {} |",
        rows.len(),
        benign.len(),
        findings.count(),
        summary["not_open"],
        number("recall"),
        number("ssim"),
        number("growth_median"),
        at(0.5),
        at(0.99),
    )
}

/// Without anything active, and opened by an independent reader.
fn is_benign(row: &Value) -> bool {
    let active = row["before"]["active"].as_object().is_some_and(|active| !active.is_empty());
    !active && row["before"]["opens"] == true
}

#[expect(clippy::cast_precision_loss, reason = "counts of files are small")]
fn percent(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole as f64
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a small count"
)]
fn place(count: usize, share: f64) -> usize {
    ((count.saturating_sub(1)) as f64 * share).round() as usize
}
