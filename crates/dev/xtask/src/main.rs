//! The project's own chores: `cargo xtask CHORE`.
//!
//! Owns what a person or CI does to the checkout as a whole, and the rules of
//! the house that no compiler knows. Never shipped.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the terminal")]

mod bench;
mod ci;
mod corpus;
mod deny;
mod manual;
mod samples;
mod shell;
mod tidy;
mod tools;

use std::ffi::OsString;
use std::process::ExitCode;

use shell::Failure;

const USAGE: &str = "\
usage: cargo xtask CHORE

  demo [--once] [...]    build everything and run the demonstration (arguments go to `sekisho demo`)
  serve [...]            build everything and run the gateway (arguments go to `sekisho serve`)
  test [--install] [--keep-going] [--from STEP | --only STEP]
                         everything that CI runs; --install gets missing tools with apt-get (as root)
  tidy                   the rules of the house that no compiler knows
  bless                  write the fixtures' snapshots anew; read every difference before it is committed
  manual                 write the manual's generated tables anew
  corpus [DIR] [--write] sanitize a folder of mails (default ../shared/corpus), judge it, print the figures
  samples [DIR] [--write] disarm a folder of files (default ../shared/samples), judge it, print the figures
  bench [NAME] [...]     measurements; without a name: all of them, beside Postfix
";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let chore = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    let done = match chore.to_str() {
        Some("demo") => run("demo", rest),
        Some("serve") => run("serve", rest),
        Some("test") => ci::run(&rest),
        Some("tidy") => tidy::run(),
        Some("bless") => bless(),
        Some("manual") => manual::run(),
        Some("corpus") => corpus::run(&rest),
        Some("samples") => samples::run(&rest),
        Some("bench") => bench::run(&rest),
        _ => Err(Failure::Usage(USAGE)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(usage)) => {
            eprint!("{usage}");
            ExitCode::from(2)
        }
        // The command has said why, and its exit code is worth something to scripts.
        Err(Failure::Exit { code, .. }) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Builds all programs and runs the operator's command.
fn run(command: &str, arguments: Vec<OsString>) -> Result<(), Failure> {
    shell::cargo(["build"])?;
    shell::run(shell::command(shell::program("sekisho")).arg(command).args(arguments))
}

/// The test that compares the snapshots writes them, so that there is one way
/// in which they are made.
fn bless() -> Result<(), Failure> {
    shell::cargo(["build"])?;
    let mut test = shell::command(shell::cargo_program());
    shell::run(test.args(["test", "--quiet", "--package", "sekisho", "--test", "fixtures"]).env("SEKISHO_BLESS", "1"))
}
