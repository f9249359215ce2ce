//! `cargo xtask bench linear`: what a mail costs by its size, its recipients and
//! its parts, and how fast mails leave a long queue.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use sekisho_bench::cell::{Cell, Load, measure};
use sekisho_bench::gateway::{Gateway, free_address};
use sekisho_bench::ledger::Ledger;
use sekisho_bench::line::{Point, growth};
use sekisho_bench::mails::{self, Mail};
use sekisho_bench::settings::Settings;
use sekisho_bench::sink::Sink;
use sekisho_bench::{BenchError, machine, place, sender};

/// Memory is not the question.
const SELDOM: Duration = Duration::from_secs(1);

/// What goes to a queue meanwhile nobody takes from it.
const CONNECTIONS: usize = 10;

/// A queue that does not fill, or whose way does not open again, is broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Deliveries from which a rate is taken; the first ones open the connections.
const TIMED: u64 = 4_000;

const SIZES: [(&str, usize, u64); 5] = [
    ("2 kB", 2_000, 400),
    ("20 kB", 20_000, 400),
    ("200 kB", 200_000, 200),
    ("2 MB", 2_000_000, 40),
    ("20 MB", 20_000_000, 6),
];
const RECIPIENTS: [(u64, u64); 4] = [(1, 400), (10, 200), (100, 50), (1_000, 10)];
const PARTS: [(usize, u64); 4] = [(1, 400), (10, 200), (100, 100), (900, 30)];
const QUEUES: [u64; 3] = [5_000, 20_000, 100_000];

/// Measure whether cost grows linearly.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// A quarter of the mails, and short queues.
    #[arg(long)]
    quick: bool,
    /// Only this: size, recipients, parts or queue.
    #[arg(long, value_name = "WHAT")]
    only: Option<String>,
    /// Where state and logs are made; must be on a real disk.
    #[arg(long, value_name = "DIR", default_value = "/var/tmp")]
    dir: PathBuf,
}

/// Measures and prints; `false` if a mail was refused, missing or doubled.
pub(crate) fn run(options: &Options) -> Result<bool, BenchError> {
    println!("- machine: {}\n- commit: {}", machine::describe(), place::commit());
    let asked = |name: &str| options.only.as_deref().is_none_or(|only| only == name);
    let mut sound = true;
    if ["size", "recipients", "parts"].into_iter().any(asked) {
        sound &= costs(options, &asked)?;
    }
    if asked("queue") {
        sound &= queues(options)?;
    }
    Ok(sound)
}

/// A gateway with what comes out of it.
struct Bench {
    gateway: Gateway,
    sink: Sink,
    next: AtomicU64,
    quick: bool,
}

fn costs(options: &Options, asked: &dyn Fn(&str) -> bool) -> Result<bool, BenchError> {
    let dir = place::folder(&options.dir)?;
    let sink = Sink::start()?;
    let gateway = Gateway::start(&place::program()?, dir.path(), sink.address(), &Settings::default())?;
    let bench = Bench { gateway, sink, next: AtomicU64::new(0), quick: options.quick };
    // Pools, the first segment, the first connection.
    bench.cell(&mails::sized("warm", 20_000), 1, 200)?;
    let mut sound = true;
    if asked("size") {
        let sizes = SIZES.map(|(name, size, count)| (name.to_owned(), size as f64, mails::sized(name, size), 1, count));
        sound &= bench.table("size", &sizes)?;
    }
    if asked("recipients") {
        let mail = mails::sized("text", 2_000);
        let recipients = RECIPIENTS.map(|(many, count)| (many.to_string(), many as f64, mail.clone(), many, count));
        sound &= bench.table("recipients", &recipients)?;
    }
    if asked("parts") {
        let parts =
            PARTS.map(|(many, count)| (many.to_string(), many as f64, mails::of_parts("parts", many), 1, count));
        sound &= bench.table("parts", &parts)?;
    }
    Ok(sound)
}

/// A row to be: its name, its size, the mail, recipients, mails.
type Step = (String, f64, Mail, u64, u64);

impl Bench {
    fn table(&self, what: &str, steps: &[Step]) -> Result<bool, BenchError> {
        let mut rows: Vec<(&Step, Cell)> = Vec::new();
        for step in steps {
            eprintln!("{what} {}", step.0);
            rows.push((step, self.cell(&step.2, step.3, step.4)?));
        }
        let mails = |step: &Step, cell: &Cell| cell.tally.delivered as f64 / step.3 as f64;
        let wall = |step: &Step, cell: &Cell| cell.tally.delivering.as_secs_f64() * 1e3 / mails(step, cell).max(1.0);
        let time = |step: &Step, cell: &Cell| cell.time.as_secs_f64() * 1e3 / mails(step, cell).max(1.0);
        let points = |cost: &dyn Fn(&Step, &Cell) -> f64| -> Vec<Point> {
            rows.iter().map(|(step, cell)| Point { size: step.1, cost: cost(step, cell) }).collect()
        };
        let (of_wall, of_time) = (growth(&points(&wall)), growth(&points(&time)));
        println!(
            "\n## By {what}\n\n| {what} | mails | wall ms/mail | to the line | CPU ms/mail | to the line |\n|---|--:|--:|--:|--:|--:|"
        );
        let ratio = |ratio: Option<f64>| ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        for ((step, cell), (of_wall, of_time)) in rows.iter().zip(of_wall.into_iter().zip(of_time)) {
            let (wall, time) = (wall(step, cell), time(step, cell));
            let (of_wall, of_time) = (ratio(of_wall), ratio(of_time));
            println!("| {} | {:.0} | {wall:.2} | {of_wall} | {time:.2} | {of_time} |", step.0, mails(step, cell));
        }
        let sound = |cell: &Cell| cell.trouble.refused.is_empty() && cell.missing() == 0 && cell.tally.duplicates == 0;
        for (step, cell) in rows.iter().filter(|(_, cell)| !sound(cell)) {
            println!(
                "\n{what} {}: {} missing, {} doubled, refused {:?}",
                step.0,
                cell.missing(),
                cell.tally.duplicates,
                cell.trouble.refused
            );
        }
        Ok(rows.iter().all(|(_, cell)| sound(cell)))
    }

    fn cell(&self, mail: &Mail, recipients: u64, mails: u64) -> Result<Cell, BenchError> {
        let mails = if self.quick { mails.div_ceil(4) } else { mails };
        let count = mails * recipients;
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        let load = Load { mail, connections: 1, recipients, count, first, sampling: SELDOM };
        measure(&self.gateway.target(), &load, &self.sink)
    }
}

fn queues(options: &Options) -> Result<bool, BenchError> {
    println!(
        "\n## By mails waiting inside, while the mail server was away\n\n| waiting | delivered/s of the first {TIMED} | to the shortest |\n|--:|--:|--:|"
    );
    let mut shortest = None;
    let mut sound = true;
    let lengths = QUEUES.into_iter().filter(|length| !options.quick || *length <= 20_000);
    for waiting in lengths {
        let (rate, all) = queue(options, waiting)?;
        let first = *shortest.get_or_insert(rate);
        println!("| {waiting} | {rate:.0} | {:.2} |", rate / first);
        sound &= all;
    }
    Ok(sound)
}

/// Fills a queue while nobody listens behind it, then listens: deliveries a
/// second, and whether all came once.
fn queue(options: &Options, waiting: u64) -> Result<(f64, bool), BenchError> {
    let dir = place::folder(&options.dir)?;
    let away = free_address().map_err(BenchError::system("find a free port"))?;
    let gateway = Gateway::start(&place::program()?, dir.path(), away, &Settings::default())?;
    let ledger = Arc::new(Ledger::new(0, waiting));
    let mail = mails::sized("text", 2_000);
    eprintln!("queue {waiting}: filling");
    let trouble = sender::closed_loop(gateway.target().address, CONNECTIONS, &mail, &ledger)?;
    wait_for(&gateway, ledger.accepted_count())?;
    let sink = Sink::listen(away)?;
    sink.note_in(Arc::clone(&ledger));
    eprintln!("queue {waiting}: draining");
    let all = ledger.wait(ledger.accepted_count(), PATIENCE);
    let mut arrivals: Vec<u64> = ledger.times().iter().map(|mail| mail.arrived).filter(|at| *at > 0).collect();
    arrivals.sort_unstable();
    let tally = ledger.tally();
    Ok((rate(&arrivals), all && trouble.refused.is_empty() && tally.duplicates == 0))
}

/// Of the first arrivals but the very first.
fn rate(arrivals: &[u64]) -> f64 {
    let warm = arrivals.len() / 100;
    let timed = arrivals.get(warm..).unwrap_or_default();
    let last = timed.len().min(usize::try_from(TIMED).unwrap_or(usize::MAX)).saturating_sub(1);
    match (timed.first(), timed.get(last)) {
        (Some(first), Some(end)) if end > first => last as f64 * 1e9 / (end - first) as f64,
        _ => 0.0,
    }
}

/// Until the inner side has taken so many.
fn wait_for(gateway: &Gateway, count: u64) -> Result<(), BenchError> {
    let (mut seen, mut news) = (0, Instant::now());
    loop {
        let taken = gateway.taken().unwrap_or(0);
        if taken >= count {
            return Ok(());
        }
        if taken != seen {
            (seen, news) = (taken, Instant::now());
        }
        if news.elapsed() > PATIENCE {
            return Err(BenchError::Plan(format!("only {taken} of {count} mails came to the inner side")));
        }
        thread::sleep(Duration::from_millis(500));
    }
}
