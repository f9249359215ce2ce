//! `cargo xtask corpus [DIR] [--write]`: real mails through the pipeline,
//! judged by code that shares nothing with it, as one table of figures.
//!
//! Owns: the order of the steps, and what ends the chore with an error: an
//! output that breaks the grammar, a leak, a refusal of the verifier.

mod figures;
mod table;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::shell::{self, Failure};
use figures::Figures;

/// More than any corpus has: the judge then tells the value of every mail.
const ALL: &str = "100000";

/// Where `--write` puts the table.
const PAGE: &str = "docs/quality.md";
const MARKS: (&str, &str) = ("<!-- figures -->", "<!-- /figures -->");

const USAGE: &str = "usage: cargo xtask corpus [DIR] [--write]\n";

pub(crate) fn run(arguments: &[OsString]) -> Result<(), Failure> {
    let (folder, write) = order(arguments)?;
    let root = shell::root();
    let corpus = folder.unwrap_or_else(|| root.join("../shared/corpus"));
    if !corpus.is_dir() {
        return Err(Failure::Wrong(format!("{}: there is no such folder", corpus.display())));
    }
    let out = shell::program("../corpus");
    if out.is_dir() {
        std::fs::remove_dir_all(&out).map_err(|err| Failure::Io(out.display().to_string(), err))?;
    }
    std::fs::create_dir_all(&out).map_err(|err| Failure::Io(out.display().to_string(), err))?;
    shell::cargo(["build"])?;
    let (mails, report) = (out.join("mails"), out.join("report.ndjson"));
    sanitize(&corpus, &mails, &report)?;
    let verified = verify(&mails)?;
    println!("mails and report: {}", out.display());
    let judge = root.join("../shared/tools/judge_mail.py");
    if !judge.is_file() {
        println!("{}: not there, so nothing is judged", judge.display());
        return Ok(());
    }
    let judged = judged(&judge, &corpus, &mails, &out.join("judged.json"))?;
    let figures = Figures::new(&judged, &lines(&report)?, &verified, &shell::read("docs/yardstick.tsv")?)?;
    let page = figures.markdown();
    print!("{page}");
    if write {
        write_between(&root.join(PAGE), MARKS, &page)?;
    }
    figures.verdict()
}

fn order(arguments: &[OsString]) -> Result<(Option<PathBuf>, bool), Failure> {
    let (mut folder, mut write) = (None, false);
    for argument in arguments {
        match argument.to_str() {
            Some("--write") => write = true,
            Some(flag) if flag.starts_with("--") => return Err(Failure::Usage(USAGE)),
            _ if folder.is_some() => return Err(Failure::Usage(USAGE)),
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    Ok((folder, write))
}

fn sanitize(corpus: &Path, mails: &Path, report: &Path) -> Result<(), Failure> {
    let mut sanitize = shell::command(shell::program("sekisho"));
    sanitize.args(["sanitize", "--now", "1795478400", "--out"]).arg(mails).arg("--report").args([report, corpus]);
    match shell::run(&mut sanitize) {
        // Some held, some not: what a corpus of odd mails comes to.
        Ok(()) | Err(Failure::Exit { code: 3, .. }) => Ok(()),
        Err(failure) => Err(failure),
    }
}

/// One object a mail, with the verifier's verdict.
fn verify(mails: &Path) -> Result<Vec<Value>, Failure> {
    let mut verify = shell::command(shell::program("sekisho"));
    // Its exit code says no more than the lines.
    let output = verify.args(["verify", "--json"]).arg(mails).output();
    let output = output.map_err(|err| Failure::Io("sekisho verify".to_owned(), err))?;
    let objects = parse_lines(&String::from_utf8_lossy(&output.stdout))?;
    if objects.is_empty() {
        return Err(Failure::Wrong(format!("sekisho verify: {}", String::from_utf8_lossy(&output.stderr))));
    }
    Ok(objects)
}

fn judged(judge: &Path, corpus: &Path, mails: &Path, to: &Path) -> Result<Value, Failure> {
    let mut python = shell::command("python3");
    python.arg(judge).args([corpus, mails]).args(["--worst", ALL, "--json"]).arg(to);
    // It ends with 1 if the grammar breaks; so do we, with the table.
    let _ = python.output().map_err(|err| Failure::Io("python3".to_owned(), err))?;
    let text = std::fs::read_to_string(to).map_err(|err| Failure::Io(to.display().to_string(), err))?;
    serde_json::from_str(&text).map_err(|err| Failure::Wrong(format!("{}: {err}", to.display())))
}

/// The objects of a file, one a line.
pub(crate) fn lines(file: &Path) -> Result<Vec<Value>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|err| Failure::Io(file.display().to_string(), err))?;
    parse_lines(&text)
}

fn parse_lines(text: &str) -> Result<Vec<Value>, Failure> {
    let objects = text.lines().filter(|line| !line.is_empty()).map(serde_json::from_str);
    objects.collect::<Result<_, _>>().map_err(|err| Failure::Wrong(format!("a line that is no object: {err}")))
}

/// Writes `page` between two marks of `file`.
pub(crate) fn write_between(file: &Path, (begin, end): (&str, &str), page: &str) -> Result<(), Failure> {
    let failed = |err| Failure::Io(file.display().to_string(), err);
    let text = std::fs::read_to_string(file).map_err(failed)?;
    let Some((from, to)) = text.find(begin).zip(text.find(end)).filter(|(from, to)| from < to) else {
        return Err(Failure::Wrong(format!("{}: no lines {begin} and {end} to write between", file.display())));
    };
    let whole = format!("{}{begin}\n\n{page}\n{}", &text[..from], &text[to..]);
    std::fs::write(file, whole).map_err(failed)
}
