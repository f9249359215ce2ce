//! The plan of a run: which servers, which loads, in which order.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Parser;
use sekisho_bench::cell::{Cell, Load, Target, measure};
use sekisho_bench::gateway::Gateway;
use sekisho_bench::mails::{self, Mail};
use sekisho_bench::postfix::Postfix;
use sekisho_bench::sink::Sink;
use sekisho_bench::spread::Spread;
use sekisho_bench::{BenchError, machine, report};
use tempfile::TempDir;

/// Memory is looked at so often while throughput is measured: a look costs
/// some milliseconds, which are the server's loss.
const SELDOM: Duration = Duration::from_millis(250);

/// And so often while memory itself is the question.
const OFTEN: Duration = Duration::from_millis(15);

/// Mails of a warm-up: caches, pools, the first segment of a spool.
const WARM: u64 = 60;

/// A mail of each size, sent this often while memory is watched.
const MEMORY_MAILS: u64 = 6;

/// Sizes whose memory is compared, in kB.
const SIZES: [(&str, usize); 6] =
    [("2 kB", 2), ("200 kB", 200), ("2 MB", 2_000), ("10 MB", 10_000), ("20 MB", 20_000), ("40 MB", 40_000)];

/// Many connections: the shipped limit of one client. One that has ended may
/// still count when the next begins, so some are put off.
const CROWD: usize = 50;

/// Measure the gateway beside a plain Postfix on this machine.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// Rounds; in each, every server gets every load once.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Mails of a load (a quarter at one connection).
    #[arg(long, default_value_t = 1000)]
    count: u64,
    /// One round of 200 mails, to see that it works.
    #[arg(long)]
    quick: bool,
    /// Only these mails (text2k, html20k, att200k).
    #[arg(long, value_name = "NAME")]
    mail: Vec<String>,
    /// Connections at one time.
    #[arg(long, value_name = "N", default_values_t = [1, 10])]
    connections: Vec<usize>,
    /// Leave Postfix and the tools alone out.
    #[arg(long)]
    alone: bool,
    /// Leave the memory tables out.
    #[arg(long)]
    no_memory: bool,
    /// Where state, queues and logs are made; must be on a real disk.
    #[arg(long, value_name = "DIR", default_value = "/var/tmp")]
    dir: PathBuf,
}

/// A prepared run.
pub(crate) struct Plan {
    options: Options,
    mails: Vec<Mail>,
    sink: Sink,
    // Servers stand before their folder, so that they end before it goes.
    sekisho: Gateway,
    postfix: Option<Postfix>,
    dir: TempDir,
    next: AtomicU64,
}

impl Plan {
    /// Starts everything that is to be measured.
    pub(crate) fn new(mut options: Options) -> Result<Self, BenchError> {
        if options.quick {
            (options.rounds, options.count) = (1, options.count.min(200));
        }
        machine::must_be_on_disk(&options.dir)?;
        let dir = tempfile::Builder::new().prefix("sekisho-bench-").tempdir_in(&options.dir);
        let dir = dir.map_err(BenchError::system(options.dir.display().to_string()))?;
        // Postfix runs as its own user and must reach its queue.
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755))
            .map_err(BenchError::system(dir.path().display().to_string()))?;
        let mails = chosen(&options.mail)?;
        let sink = Sink::start()?;
        let sekisho = Gateway::start(&program()?, dir.path(), sink.address())?;
        let postfix = match Postfix::absent() {
            _ if options.alone => None,
            Some(why) => {
                eprintln!("no comparison: {why}");
                None
            }
            None => Some(Postfix::start(&dir.path().join("postfix"), sink.address())?),
        };
        Ok(Self { options, mails, sink, sekisho, postfix, dir, next: AtomicU64::new(0) })
    }

    /// Measures and prints; `false` if a mail was refused, missing or doubled.
    pub(crate) fn run(&self) -> Result<bool, BenchError> {
        self.print_head();
        let mut syncs = Vec::new();
        let mut cells = Vec::new();
        self.warm_up()?;
        for round in 0..self.options.rounds {
            syncs.push(machine::sync_rate(self.dir.path())?);
            cells.extend(self.round(round)?);
        }
        println!("\n## Delivered end to end\n\n{}", report::throughput(&cells, "postfix"));
        println!(
            "The disk alone: {} writes of 4 KiB made durable a second, one after the other.",
            syncs.iter().copied().collect::<Spread>()
        );
        if !self.options.no_memory {
            let memory = self.memory()?;
            println!("\n## Peak memory, PSS in MiB\n\n{}", report::memory(&memory));
            cells.extend(memory);
        }
        println!("\n## Losses\n\n{}", report::losses(&cells));
        let sound = |cell: &Cell| cell.trouble.refused.is_empty() && cell.missing() == 0 && cell.tally.duplicates == 0;
        Ok(cells.iter().all(sound))
    }

    fn print_head(&self) {
        println!("- machine: {}", machine::describe());
        println!("- commit: {}", commit());
        if self.postfix.is_some() {
            println!("- Postfix {}, its defaults, relaying unfiltered", Postfix::version());
        }
        let Options { rounds, count, .. } = &self.options;
        println!("- {rounds} interleaved rounds of {count} mails a cell ({} at one connection)", self.count(1));
    }

    fn warm_up(&self) -> Result<(), BenchError> {
        for target in self.targets() {
            for mail in &self.mails {
                self.cell(&target, mail, 10, WARM, SELDOM)?;
            }
        }
        Ok(())
    }

    /// Every server under every load; who goes first changes with the round.
    fn round(&self, round: u32) -> Result<Vec<Cell>, BenchError> {
        let mut cells = Vec::new();
        for mail in &self.mails {
            for connections in self.options.connections.iter().copied() {
                let mut targets = self.targets();
                if round % 2 == 1 {
                    targets.reverse();
                }
                for target in targets {
                    let count = self.count(connections);
                    let cell = self.cell(&target, mail, connections, count, SELDOM)?;
                    eprintln!(
                        "round {}/{}  {:8} c={:<3} {:8} {:>7.0} delivered/s  {:>6.2} ms CPU a mail",
                        round + 1,
                        self.options.rounds,
                        cell.mail,
                        connections,
                        cell.target,
                        cell.delivered_rate(),
                        cell.time_per_mail(),
                    );
                    cells.push(cell);
                }
            }
        }
        Ok(cells)
    }

    /// The gateway's memory by the size of a mail, and with many connections.
    fn memory(&self) -> Result<Vec<Cell>, BenchError> {
        let target = self.sekisho.target();
        let mut cells = Vec::new();
        let quick = self.options.quick;
        for (name, kilobytes) in SIZES.into_iter().filter(|(_, kilobytes)| !quick || *kilobytes <= 10_000) {
            let mail = mails::sized(name, kilobytes * 1000);
            eprintln!("memory    {name}");
            cells.push(self.cell(&target, &mail, 1, MEMORY_MAILS, OFTEN)?);
        }
        let mail = mails::sized("200 kB", 200_000);
        for connections in [10, CROWD] {
            eprintln!("memory    200 kB, c={connections}");
            cells.push(self.cell(&target, &mail, connections, self.options.count.min(500), OFTEN)?);
        }
        Ok(cells)
    }

    fn cell(
        &self,
        target: &Target,
        mail: &Mail,
        connections: usize,
        count: u64,
        sampling: Duration,
    ) -> Result<Cell, BenchError> {
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        measure(target, &Load { mail, connections, count, first, sampling }, &self.sink)
    }

    /// What is measured: with Postfix also the tools alone, the floor of all.
    fn targets(&self) -> Vec<Target> {
        let mut targets = vec![self.sekisho.target()];
        if let Some(postfix) = &self.postfix {
            targets.push(postfix.target());
            targets.push(Target { name: "(tools)", root: None, address: self.sink.address() });
        }
        targets
    }

    fn count(&self, connections: usize) -> u64 {
        if connections == 1 { self.options.count.div_ceil(4) } else { self.options.count }
    }
}

fn chosen(names: &[String]) -> Result<Vec<Mail>, BenchError> {
    let standard = mails::standard();
    if let Some(unknown) = names.iter().find(|name| standard.iter().all(|mail| mail.name() != **name)) {
        return Err(BenchError::Plan(format!("no standard mail is called {unknown}")));
    }
    Ok(standard.into_iter().filter(|mail| names.is_empty() || names.iter().any(|name| name == mail.name())).collect())
}

/// The `sekisho` beside this program: both of one build.
fn program() -> Result<PathBuf, BenchError> {
    let own = std::env::current_exe().map_err(BenchError::system("find this program"))?;
    let program = own.with_file_name("sekisho");
    if program.exists() {
        Ok(program)
    } else {
        Err(BenchError::Plan(format!("{} is not built: run `cargo xtask bench`", program.display())))
    }
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match (git(&["rev-parse", "--short", "HEAD"]), git(&["status", "--porcelain"])) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit} and changes not committed"),
        (None, _) => "unknown".to_owned(),
    }
}
