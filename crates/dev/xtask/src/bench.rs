//! `cargo xtask bench`: measurements, in release builds.

use std::ffi::OsString;

use crate::shell::{self, Failure};

/// A measurement: its name, its package, how cargo finds it, what it tells,
/// and whether it belongs to a quick look.
struct Bench {
    name: &'static str,
    package: &'static str,
    which: &'static [&'static str],
    about: &'static str,
    quick: bool,
}

const ALL: [Bench; 6] = [
    Bench {
        name: "gateway",
        package: "sekisho-bench",
        which: &["--bin", "sekisho-bench", "--"],
        about: "mails a second from SMTP to SMTP, latency, memory; beside Postfix",
        quick: true,
    },
    Bench {
        name: "linear",
        package: "sekisho-bench",
        which: &["--bin", "sekisho-bench", "--", "linear"],
        about: "cost by size, recipients, parts; deliveries by the length of the queue",
        quick: false,
    },
    Bench {
        name: "stages",
        package: "sekisho-bench",
        which: &["--example", "stages", "--"],
        about: "each stage of a mail and each kind of file alone, on one core",
        quick: true,
    },
    Bench {
        name: "instructions",
        package: "sekisho-bench",
        which: &["--example", "instructions", "--"],
        about: "instructions of the text path, counted by valgrind",
        quick: false,
    },
    Bench {
        name: "worker",
        package: "sekisho-sandbox",
        which: &["--example", "job_cost", "--"],
        about: "what a fresh process per mail costs",
        quick: false,
    },
    // On a real disk: what is in memory syncs for nothing.
    Bench {
        name: "store",
        package: "sekisho-store",
        which: &["--example", "commit_rate", "--", "/var/tmp"],
        about: "durable commits a second",
        quick: false,
    },
];

/// All measurements in turn, or the one that is named first. Options go to the
/// one named, or to `gateway`.
pub(crate) fn run(arguments: &[OsString]) -> Result<(), Failure> {
    let first = arguments.first().and_then(|first| first.to_str());
    // What is measured is what is shipped; built apart, so that no feature comes in with a bench.
    match (first, ALL.iter().find(|bench| Some(bench.name) == first)) {
        (None, _) => measure_all(&[]),
        (Some(option), None) if option.starts_with("--") => measure_all(arguments),
        (Some(_), Some(bench)) => {
            shell::cargo(["build", "--release"])?;
            measure(bench, &arguments[1..])
        }
        (Some(_), None) => {
            let names: String = ALL.iter().map(|bench| format!("\n  {:12} {}", bench.name, bench.about)).collect();
            Err(Failure::Wrong(format!("cargo xtask bench [NAME] [options]; without a name: all of\n{names}")))
        }
    }
}

fn measure_all(options: &[OsString]) -> Result<(), Failure> {
    let quick = options.iter().any(|option| option == "--quick");
    shell::cargo(["build", "--release"])?;
    for bench in ALL.iter().filter(|bench| bench.quick || !quick) {
        println!("\n# {}: {}\n", bench.name, bench.about);
        measure(bench, if bench.name == "gateway" { options } else { &[] })?;
    }
    Ok(())
}

fn measure(bench: &Bench, options: &[OsString]) -> Result<(), Failure> {
    let mut cargo = shell::command(shell::cargo_program());
    shell::run(cargo.args(["run", "--release", "--quiet", "--package", bench.package]).args(bench.which).args(options))
}
