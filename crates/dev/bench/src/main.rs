//! `sekisho-bench`: the gateway and a plain Postfix, round by round, on one
//! machine. Tables on standard output, progress on standard error.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its tables")]

mod plan;

use std::process::ExitCode;

use clap::Parser;

use plan::{Options, Plan};

fn main() -> ExitCode {
    let options = Options::parse();
    match Plan::new(options).and_then(|plan| plan.run()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("sekisho-bench: mails were refused, missing or doubled: see the last lines");
            ExitCode::FAILURE
        }
        Err(err) => {
            eprintln!("sekisho-bench: {err}");
            ExitCode::FAILURE
        }
    }
}
