//! `cargo xtask corpus`: real mails through the pipeline, judged by code that
//! shares nothing with it.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::shell::{self, Failure};

pub(crate) fn run(arguments: &[OsString]) -> Result<(), Failure> {
    let root = shell::root();
    let corpus = arguments.first().map_or_else(|| root.join("../shared/corpus"), PathBuf::from);
    if !corpus.is_dir() {
        return Err(Failure::Wrong(format!("{}: there is no such folder", corpus.display())));
    }
    let out = shell::program("../corpus");
    if out.is_dir() {
        std::fs::remove_dir_all(&out).map_err(|err| Failure::Io(out.display().to_string(), err))?;
    }
    std::fs::create_dir_all(&out).map_err(|err| Failure::Io(out.display().to_string(), err))?;
    shell::cargo(["build"])?;
    let mails = out.join("mails");
    let mut sanitize = shell::command(shell::program("sekisho"));
    sanitize.args(["sanitize", "--now", "1795478400", "--out"]).args([&mails]);
    sanitize.arg("--report").args([&out.join("report.ndjson"), &corpus]);
    match shell::run(&mut sanitize) {
        // Some held, some not: what a corpus of odd mails comes to.
        Ok(()) | Err(Failure::Exit { code: 3, .. }) => {}
        Err(failure) => return Err(failure),
    }
    println!("mails and report: {}", out.display());
    let judge = root.join("../shared/tools/judge_mail.py");
    if !judge.is_file() {
        println!("{}: not there, so nothing is judged", judge.display());
        return Ok(());
    }
    shell::run(shell::command("python3").arg(judge).args([&corpus, &mails]).arg("--json").arg(out.join("judged.json")))
}
