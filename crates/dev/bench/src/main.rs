//! `sekisho-bench`: with `load` what `sekisho bench` starts, for operators;
//! else the gateway and a plain Postfix, round by round, on one machine, for
//! those who work on the gateway. Tables on standard output, progress on
//! standard error.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its tables")]

mod plan;

use std::process::ExitCode;

use clap::Parser;

use plan::{Options, Plan};
use sekisho_bench::load::command;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    if arguments.by_ref().take(2).skip(1).any(|argument| argument == "load") {
        return command::main(std::iter::once("sekisho bench".into()).chain(arguments));
    }
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
