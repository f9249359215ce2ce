//! `cargo xtask test`: everything that CI runs, cheapest first.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use crate::shell::{self, Failure};
use crate::{deny, tidy, tools};

/// A step: its name, what it is for, and how it is done.
type Step = (&'static str, &'static str, fn() -> Result<(), Failure>);

const STEPS: [Step; 9] = [
    ("format", "cargo fmt --check", || shell::cargo(["fmt", "--all", "--check"])),
    ("tidy", "the rules of the house that no compiler knows", tidy::run),
    ("deny", "licences, bans and sources of what we link", deny::run),
    ("lint", "clippy, warnings denied", lint),
    ("docs", "rustdoc, warnings denied", docs),
    ("build", "the programs", || shell::cargo(["build", "--locked"])),
    ("test", "every test, the end-to-end suites among them", || {
        shell::cargo(["test", "--locked", "--workspace", "--no-fail-fast"])
    }),
    ("fuzz", "every fuzz target for some seconds", fuzz),
    ("units", "systemd units and their hardening", units),
];

const USAGE: &str = "usage: cargo xtask test [--install] [--keep-going] [--from STEP | --only STEP]
steps: format tidy deny lint docs build test fuzz units
";

/// What was asked for.
#[derive(Default)]
struct Order {
    install: bool,
    keep_going: bool,
    from: Option<String>,
    only: Option<String>,
}

pub(crate) fn run(arguments: &[OsString]) -> Result<(), Failure> {
    let order = order(arguments)?;
    let steps = match (&order.from, &order.only) {
        (None, None) => &STEPS[..],
        (Some(name), None) => &STEPS[position(name)?..],
        (None, Some(name)) => &STEPS[position(name)?..=position(name)?],
        (Some(_), Some(_)) => return Err(Failure::Usage(USAGE)),
    };
    tools::ensure(order.install)?;
    let mut failed = Vec::new();
    let mut times = Vec::new();
    for (name, about, step) in steps {
        println!("\n=== {name}: {about}");
        let started = Instant::now();
        let done = step();
        let took = started.elapsed();
        times.push((*name, took));
        match done {
            Ok(()) => println!("=== {name}: ok, {}", shown(took)),
            Err(failure) => {
                println!("=== {name}: FAILED, {}: {failure}", shown(took));
                failed.push(*name);
                if !order.keep_going {
                    break;
                }
            }
        }
    }
    conclude(&times, &failed)
}

fn position(name: &str) -> Result<usize, Failure> {
    STEPS.iter().position(|step| step.0 == name).ok_or(Failure::Usage(USAGE))
}

fn order(arguments: &[OsString]) -> Result<Order, Failure> {
    let mut order = Order::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.to_str() {
            Some("--install") => order.install = true,
            Some("--keep-going") => order.keep_going = true,
            Some(flag @ ("--from" | "--only")) => {
                let name = rest.next().and_then(|name| name.to_str()).ok_or(Failure::Usage(USAGE))?.to_owned();
                *(if flag == "--from" { &mut order.from } else { &mut order.only }) = Some(name);
            }
            _ => return Err(Failure::Usage(USAGE)),
        }
    }
    Ok(order)
}

fn conclude(times: &[(&str, Duration)], failed: &[&str]) -> Result<(), Failure> {
    println!("\n=== summary");
    for (name, took) in times {
        println!("{name:8} {:>9}  {}", shown(*took), if failed.contains(name) { "FAILED" } else { "ok" });
    }
    println!("{:8} {:>9}", "in all", shown(times.iter().map(|(_, took)| *took).sum()));
    if failed.is_empty() { Ok(()) } else { Err(Failure::Wrong(format!("failed: {}", failed.join(", ")))) }
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f32())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

fn lint() -> Result<(), Failure> {
    shell::cargo(["clippy", "--locked", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"])
}

fn docs() -> Result<(), Failure> {
    let mut docs = shell::command(shell::cargo_program());
    docs.args(["doc", "--locked", "--workspace", "--no-deps", "--quiet"]);
    shell::run(docs.env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Some seconds each; a change of the seed now and then finds what the same
/// inputs cannot.
fn fuzz() -> Result<(), Failure> {
    shell::cargo(["run", "--quiet", "--package", "sekisho-fuzz", "--", "all", "--seconds", "10"])
}

fn units() -> Result<(), Failure> {
    shell::run(&mut shell::command(shell::root().join("deploy/check.sh")))
}
