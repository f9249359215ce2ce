//! The plan of a run: which servers, which loads, in which order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Parser;
use sekisho_bench::cell::{Cell, Load, Target, measure};
use sekisho_bench::gateway::{self, Gateway};
use sekisho_bench::mails::{self, Mail};
use sekisho_bench::postfix::Postfix;
use sekisho_bench::settings::{Setting, Settings, Variant};
use sekisho_bench::sink::Sink;
use sekisho_bench::spread::Spread;
use sekisho_bench::{BenchError, half, machine, place, report};
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
    /// Only these mails (text2k, html20k, att200k, jpeg140k, pdf140k, or rebuilt for the last two).
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
    /// Leave out the latency at half of the highest rate.
    #[arg(long)]
    no_half: bool,
    /// Run the gateway with this configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Change one setting of the gateway, and of every variant.
    #[arg(long, value_name = "SECTION.KEY=VALUE")]
    set: Vec<Setting>,
    /// One more gateway beside it, with another setting; a name given twice is
    /// one gateway with both.
    #[arg(long, value_name = "NAME=SECTION.KEY=VALUE")]
    variant: Vec<Variant>,
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
    variants: Vec<Gateway>,
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
        let dir = place::folder(&options.dir)?;
        let mails = chosen(&options.mail)?;
        let sink = Sink::start()?;
        let own = Settings { config: options.config.clone(), set: options.set.clone() };
        let sekisho = Gateway::start(&place::program()?, dir.path(), sink.address(), &own)?;
        let variants = variants(&own, &options.variant, dir.path(), &sink)?;
        let postfix = match Postfix::absent() {
            _ if options.alone => None,
            Some(why) => {
                eprintln!("no comparison: {why}");
                None
            }
            None => Some(Postfix::start(&dir.path().join("postfix"), sink.address())?),
        };
        Ok(Self { options, mails, sink, sekisho, variants, postfix, dir, next: AtomicU64::new(0) })
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
        println!("\n## Delivered end to end\n\n{}", report::throughput(&cells, &self.references()));
        println!(
            "The disk alone: {} writes of 4 KiB made durable a second, one after the other.",
            syncs.iter().copied().collect::<Spread>()
        );
        if !self.options.no_half {
            self.half(&cells)?;
        }
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
        println!("- commit: {}", place::commit());
        for Variant { name, setting } in &self.options.variant {
            println!("- {name}: the gateway with {setting}");
        }
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
        measure(target, &Load { mail, connections, recipients: 1, count, first, sampling }, &self.sink)
    }

    /// What is measured: with Postfix also the tools alone, the floor of all.
    fn targets(&self) -> Vec<Target> {
        let mut targets = vec![self.sekisho.target()];
        targets.extend(self.variants.iter().map(Gateway::target));
        if let Some(postfix) = &self.postfix {
            targets.push(postfix.target());
            targets.push(Target { name: "(tools)".to_owned(), root: None, address: self.sink.address() });
        }
        targets
    }

    fn count(&self, connections: usize) -> u64 {
        if connections == 1 { self.options.count.div_ceil(4) } else { self.options.count }
    }
}

/// The latency of each server, but not of the tools alone, in an open loop at
/// half of what it was found to deliver at most.
impl Plan {
    fn half(&self, cells: &[Cell]) -> Result<(), BenchError> {
        let Some(most) = self.options.connections.iter().max() else { return Ok(()) };
        println!("\n## Latency at half of the highest rate, from when a mail was due to the sink\n\n{}", half::HEAD);
        let duration = if self.options.quick { half::QUICK } else { half::DURATION };
        for mail in &self.mails {
            for target in self.targets().into_iter().filter(|target| target.root.is_some()) {
                let of =
                    |cell: &&Cell| cell.mail == mail.name() && cell.connections == *most && cell.target == target.name;
                let highest = cells.iter().filter(of).map(Cell::delivered_rate).collect::<Spread>().median();
                let first = self.next.fetch_add(half::most_mails(highest, duration), Ordering::Relaxed);
                eprintln!("half      {:8} {:8} {:.0} a second", mail.name(), target.name, highest / 2.0);
                println!("{}", half::measure(&target, mail, highest, duration, first, &self.sink)?);
            }
        }
        Ok(())
    }

    /// Whom the others are compared with.
    fn references(&self) -> Vec<&'static str> {
        let own = (!self.variants.is_empty()).then_some(gateway::NAME);
        own.into_iter().chain(["postfix"]).collect()
    }
}

/// A gateway for each name, with everything that is set for it.
fn variants(own: &Settings, asked: &[Variant], dir: &Path, sink: &Sink) -> Result<Vec<Gateway>, BenchError> {
    let mut named: BTreeMap<&str, Settings> = BTreeMap::new();
    for Variant { name, setting } in asked {
        named.entry(name).or_insert_with(|| own.clone()).set.push(setting.clone());
    }
    let start = |(name, settings): (&str, Settings)| {
        let dir = dir.join(format!("variant-{name}"));
        std::fs::create_dir(&dir).map_err(BenchError::system(dir.display().to_string()))?;
        Ok(Gateway::start(&place::program()?, &dir, sink.address(), &settings)?.called(name))
    };
    named.into_iter().map(start).collect()
}

fn chosen(names: &[String]) -> Result<Vec<Mail>, BenchError> {
    let rebuilt = |name: &str| name == "jpeg140k" || name == "pdf140k";
    let is = |mail: &Mail, name: &String| mail.name() == name || (name == "rebuilt" && rebuilt(mail.name()));
    let all: Vec<Mail> = mails::standard().into_iter().chain(mails::rebuilt()).collect();
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|mail| is(mail, name))) {
        return Err(BenchError::Plan(format!("no standard mail is called {unknown}")));
    }
    Ok(all.into_iter().filter(|mail| names.is_empty() || names.iter().any(|name| is(mail, name))).collect())
}
