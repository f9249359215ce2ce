//! `sekisho-bench`: with `load` what `sekisho bench` starts, for operators;
//! with `linear` how cost grows; else the gateway and a plain Postfix, round by round, on one machine, for
//! those who work on the gateway. Tables on standard output, progress on
//! standard error.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its tables")]

mod linear;
mod plan;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use plan::{Options, Plan};
use sekisho_bench::BenchError;
use sekisho_bench::load::command;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let behind = |name: &str| std::iter::once(name.into()).chain(arguments.iter().skip(2).cloned());
    let measured = match arguments.get(1).and_then(|first| first.to_str()) {
        Some("load") => return command::main(behind("sekisho bench")),
        Some("linear") => linear::run(&linear::Options::parse_from(behind("sekisho-bench linear"))),
        _ => Plan::new(Options::parse()).and_then(|plan| plan.run()),
    };
    exit(measured)
}

fn exit(measured: Result<bool, BenchError>) -> ExitCode {
    match measured {
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
