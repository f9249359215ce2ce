//! `sekisho-fuzz TARGET|all [--seconds N] [--seed S] [--trace] [FILE...]`
//!
//! Owns the clock, the files and what a person reads; see the README.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the terminal")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use sekisho_fuzz::{Engine, Finding, TARGETS, Target, seeds};

/// One input that takes longer is a finding: mails of 32 kB take some
/// milliseconds, even without optimization.
const SLOW: Duration = Duration::from_secs(10);

/// What was asked for.
struct Order {
    targets: Vec<&'static Target>,
    seconds: u64,
    seed: u64,
    trace: bool,
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let Some(order) = order(std::env::args().skip(1)) else {
        eprintln!("usage: sekisho-fuzz TARGET|all [--seconds N] [--seed S] [--trace] [FILE...]\n");
        for target in TARGETS {
            eprintln!("  {:8} {}", target.name, target.about);
        }
        return ExitCode::from(2);
    };
    match run(&order) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(err) => {
            eprintln!("sekisho-fuzz: {err}");
            ExitCode::FAILURE
        }
    }
}

fn order(mut arguments: impl Iterator<Item = String>) -> Option<Order> {
    let name = arguments.next()?;
    let targets: Vec<_> = TARGETS.iter().filter(|target| name == "all" || name == target.name).collect();
    let mut order = Order { targets, seconds: 60, seed: 1, trace: false, files: Vec::new() };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => order.seconds = arguments.next()?.parse().ok()?,
            "--seed" => order.seed = arguments.next()?.parse().ok()?,
            "--trace" => order.trace = true,
            flag if flag.starts_with("--") => return None,
            file => order.files.push(PathBuf::from(file)),
        }
    }
    (!order.targets.is_empty()).then_some(order)
}

/// Whether nothing was found.
fn run(order: &Order) -> io::Result<bool> {
    // The findings tell what panicked; thousands of traces would drown them.
    std::panic::set_hook(Box::new(|_| ()));
    let mut sound = true;
    for target in &order.targets {
        sound &= if order.files.is_empty() { hunt(target, order)? } else { replay(target, order)? };
    }
    Ok(sound)
}

/// Tries the given files, once each.
fn replay(target: &Target, order: &Order) -> io::Result<bool> {
    let mut sound = true;
    for file in &order.files {
        let mut engine = Engine::new(target, Vec::new(), order.seed);
        match engine.run(fs::read(file)?) {
            Ok(()) => println!("{}: {} holds", target.name, file.display()),
            Err(finding) => {
                println!("{}: {}: {}", target.name, file.display(), finding.what);
                sound = false;
            }
        }
    }
    Ok(sound)
}

fn hunt(target: &Target, order: &Order) -> io::Result<bool> {
    let findings = findings_folder()?;
    let mut engine = Engine::new(target, seeds(target)?, order.seed);
    let started = Instant::now();
    let mut slowest = Duration::ZERO;
    while started.elapsed() < Duration::from_secs(order.seconds) {
        let input = engine.next_input();
        if order.trace {
            // What ends the whole process (a stack that overflows) leaves its input here.
            fs::write(findings.join(format!("{}-last", target.name)), &input)?;
        }
        let before = Instant::now();
        let kept = input.clone();
        let verdict = engine.run(input);
        let took = before.elapsed();
        slowest = slowest.max(took);
        let finding = match verdict {
            Err(finding) => finding,
            Ok(()) if took > SLOW => Finding { input: kept, what: format!("takes {} ms", took.as_millis()) },
            Ok(()) => continue,
        };
        let file = findings.join(format!("{}-{}", target.name, order.seed));
        fs::write(&file, &finding.input)?;
        println!("{}: {}\n  input: {}", target.name, finding.what, file.display());
        return Ok(false);
    }
    let progress = engine.progress();
    println!(
        "{:8} {:>9} inputs, {:>5} ways, slowest {:>5} ms",
        target.name,
        progress.runs,
        progress.ways,
        slowest.as_millis()
    );
    Ok(true)
}

fn findings_folder() -> io::Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../target"), PathBuf::from);
    let folder = target.join("fuzz-findings");
    fs::create_dir_all(&folder)?;
    folder.canonicalize()
}
