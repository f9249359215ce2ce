//! How fast a large store answers: pages, counts, the chain, and what terms and entries cost a mail.
//!
//! `cargo run --release -p sekisho-store --example million [COUNT [DIR]]`: fills a new store of `COUNT` items
//! (default: a million; about 3 GB) in `DIR` (default: the system's temporary directory), prints milliseconds, and
//! removes it.
#![allow(clippy::print_stdout, reason = "an example prints its table")]

use std::collections::VecDeque;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::time::ClockId;
use sekisho_store::{
    Committed, Cursor, Durable, ItemId, ItemView, NewItem, Options, Order, Query, Settled, State, Store,
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Milliseconds between two arrivals.
const STEP_MS: u64 = 1_000;
/// Every so-manieth item is held.
const HELD_EVERY: u64 = 10_000;
/// Answers that are waited for at once.
const WINDOW: usize = 1_024;
const ENTRY: usize = 600;
const MAILS: u64 = 10_000;
const ROUNDS: usize = 4;

fn main() -> Result<()> {
    let count: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |count| count.parse())?;
    let dir = match std::env::args_os().nth(2) {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    cost(dir.path())?;
    let store = fill(&dir.path().join("million"), count)?;
    lone_commits(&store, count)?;
    lists(&store, count)?;
    chain(&store)
}

/// Ten codes from small sets, twenty tokens from a large one; even and odd items have a token each.
fn terms(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let parity = if number.is_multiple_of(2) { "even" } else { "odd" };
    let mut terms = vec![parity.to_owned(), format!("k{:x}", next(40))];
    terms.extend((0..8).map(|set| format!("c{set}x{:x}", next(20))));
    terms.extend((0..20).map(|_| format!("s{:012x}", next(100_000).wrapping_mul(0x9e37_79b9) & 0xffff_ffff_ffff)));
    if number % 300_000 == 7 {
        terms.push("rare".to_owned());
    }
    terms.join(" ")
}

fn item(number: u64) -> NewItem {
    NewItem::new(ItemId(u128::from(number).to_be_bytes()), vec![b'm'; 300], number * STEP_MS)
}

fn place(store: &Store, number: u64) -> Durable<Committed> {
    let state = if number.is_multiple_of(HELD_EVERY) { State::Held } else { State::Kept };
    let label = if state == State::Held { "encrypted-file" } else { "cleaned" };
    let settled = Settled::new(label).record(vec![b'r'; 1_000]).terms(terms(number)).entry(vec![b'e'; ENTRY]);
    store.commit_as(store.body(), item(number), state, settled)
}

fn fill(dir: &Path, count: u64) -> Result<Store> {
    let (store, _) = Store::open(dir, Options::default())?;
    let started = Instant::now();
    let mut answers = VecDeque::new();
    let mut slowest = Duration::ZERO;
    for number in 0..count {
        answers.push_back(place(&store, number));
        if answers.len() >= WINDOW
            && let Some(answer) = answers.pop_front()
        {
            let waiting = Instant::now();
            answer.wait()?;
            slowest = slowest.max(waiting.elapsed());
        }
    }
    for answer in answers {
        answer.wait()?;
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "filled {count} in {seconds:.0} s, {:.0}/s; longest wait for a batch {slowest:.0?}",
        count as f64 / seconds
    );
    Ok(store)
}

/// One at a time, each a transaction of its own; every other one bare.
fn lone_commits(store: &Store, count: u64) -> Result<()> {
    let (mut dressed, mut bare) = (Vec::new(), Vec::new());
    for number in (count..count + 6_000).step_by(2) {
        let started = Instant::now();
        place(store, number).wait()?;
        dressed.push(started.elapsed());
        let started = Instant::now();
        let settled = Settled::new("cleaned").record(vec![b'r'; 1_000]);
        store.commit_as(store.body(), item(number + 1), State::Kept, settled).wait()?;
        bare.push(started.elapsed());
    }
    for (name, mut times) in [("bare", bare), ("with terms and entry", dressed)] {
        times.sort_unstable();
        let at = |part: usize| times[(times.len() - 1) * part / 1_000];
        println!("one commit, {name}: median {:.1?}, 99 % {:.1?}, longest {:.1?}", at(500), at(990), at(1_000));
    }
    Ok(())
}

fn lists(store: &Store, count: u64) -> Result<()> {
    let newest = Query { order: Order::NewestFirst, ..Query::default() };
    let of = |terms: &[&str]| Query { terms: terms.iter().map(|&t| t.to_owned()).collect(), ..newest.clone() };
    let last: Cursor = store.list(&newest)?.last().ok_or("an empty store")?.cursor;
    let deep: Cursor = (last.to_string().parse::<u64>()? / 2).to_string().parse()?;
    let middle =
        Query { since_ms: Some(count / 2 * STEP_MS), until_ms: Some((count / 2 + 50) * STEP_MS), ..newest.clone() };
    let held = vec![State::Held];
    let cases = [
        ("newest page, no filter", newest.clone()),
        ("oldest page, no filter", Query::default()),
        ("rare token", of(&["rare"])),
        ("common token", of(&["even"])),
        ("two common tokens that never meet", of(&["even", "odd"])),
        ("four tokens of small sets", of(&["even", "k1", "c0x2", "c1x3"])),
        ("rare state", Query { states: held.clone(), ..newest.clone() }),
        ("rare state, common token", Query { states: held.clone(), ..of(&["even"]) }),
        ("rare state, common token, none", Query { states: held, ..of(&["odd"]) }),
        ("time range in the middle", middle.clone()),
        ("time range, common token", Query { terms: vec!["even".to_owned()], ..middle }),
        ("deep cursor", Query { after: Some(deep), ..newest.clone() }),
        ("deep cursor, common token", Query { after: Some(deep), ..of(&["even"]) }),
        (
            "deep cursor, common token, oldest first",
            Query { after: Some(deep), order: Order::OldestFirst, ..of(&["even"]) },
        ),
    ];
    for (name, query) in cases {
        let page = timed(&format!("list, {name}"), || Ok(store.list(&query)?))?;
        let counted = timed("  its count up to 10,000", || Ok(store.count(&query, 10_000)?))?;
        println!("  {} items, {counted:?}; {}", page.len(), ends(&page));
    }
    timed("count of a common token, all", || Ok(store.count(&of(&["even"]), u64::MAX)?))?;
    timed("tallies of the held", || Ok(store.tallies(State::Held)?))?;
    timed("tallies of the kept", || Ok(store.tallies(State::Kept)?))?;
    timed("shared bytes", || Ok(store.shared_bytes()?))?;
    Ok(())
}

fn ends(page: &[ItemView]) -> String {
    let place = |view: Option<&ItemView>| view.map_or("-".to_owned(), |view| view.cursor.to_string());
    format!("{} to {}", place(page.first()), place(page.last()))
}

/// The first time, and the longest of five more with its time on the processor, which other programs do not stretch.
fn timed<T>(name: &str, ask: impl Fn() -> Result<T>) -> Result<T> {
    let once = || {
        let (started, before) = (Instant::now(), processor(ClockId::ThreadCPUTime)?);
        let answer = ask()?;
        Ok::<_, Box<dyn Error + Send + Sync>>((answer, started.elapsed(), processor(ClockId::ThreadCPUTime)? - before))
    };
    let (answer, first, _) = once()?;
    let (mut longest, mut busiest) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..5 {
        let (_, took, busy) = once()?;
        (longest, busiest) = (longest.max(took), busiest.max(busy));
    }
    let [first, longest, busiest] = [first, longest, busiest].map(|time| time.as_secs_f64() * 1e3);
    println!("{name}: first {first:.1} ms, then {longest:.1} ms, {busiest:.1} ms of processor");
    Ok(answer)
}

fn chain(store: &Store) -> Result<()> {
    let started = Instant::now();
    let (mut number, mut hash) = (0, sekisho_audit::START);
    loop {
        let page = store.chain(number, sekisho_store::PAGE_MAX)?;
        if page.is_empty() {
            break;
        }
        for row in page {
            number += 1;
            hash = sekisho_audit::link(&hash, number, &row.entry);
            if (row.number, row.hash) != (number, hash) {
                return Err("the chain is broken".into());
            }
        }
    }
    if store.chain_head()? != (number, hash) {
        return Err("the chain ends elsewhere".into());
    }
    println!("chain of {number} entries of {ENTRY} bytes read and hashed: {:.1} s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    store.prune_chain(number / 2, b"note".to_vec()).wait()?;
    println!("half of it taken away: {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    let (started, mut steps) = (Instant::now(), 1);
    while store.sweep(0).wait()?.more {
        steps += 1;
    }
    println!("and deleted: {:.1} s, {steps} steps", started.elapsed().as_secs_f64());
    Ok(())
}

/// What a mail costs (arrival and settlement), and what entries and terms add: the best of some rounds, of which each
/// has all kinds.
fn cost(dir: &Path) -> Result<()> {
    let kinds: [(&str, bool, Dress); 5] = [
        ("bare", false, |_, settled| settled),
        ("with an entry", false, |_, settled| entry(settled)),
        ("with terms", false, |number, settled| settled.terms(terms(number))),
        ("with both", false, |number, settled| entry(settled.terms(terms(number)))),
        ("with both, and terms at its arrival", true, |number, settled| entry(settled.terms(terms(number)))),
    ];
    let mut best = [Took::MAX; 5];
    for _ in 0..ROUNDS {
        for ((name, early, dress), best) in kinds.iter().zip(&mut best) {
            let took = mails(&dir.join(name), *early, *dress)?;
            *best = Took { wall: best.wall.min(took.wall), cpu: best.cpu.min(took.cpu) };
        }
    }
    let micros = |time: Duration| time.as_secs_f64() * 1e6 / MAILS as f64;
    for ((name, ..), Took { wall, cpu }) in kinds.iter().zip(best) {
        let (wall_ratio, cpu_ratio) = (micros(wall) / micros(best[0].wall), micros(cpu) / micros(best[0].cpu));
        println!(
            "a mail of 20 kB, {name}: {:.0} us ({wall_ratio:.2} of bare), {:.0} us of processor ({cpu_ratio:.2})",
            micros(wall),
            micros(cpu)
        );
    }
    Ok(())
}

/// What a mail's settlement has on top.
type Dress = fn(u64, Settled) -> Settled;

fn entry(settled: Settled) -> Settled {
    settled.entry(vec![b'e'; ENTRY])
}

#[derive(Clone, Copy)]
struct Took {
    wall: Duration,
    cpu: Duration,
}

impl Took {
    const MAX: Self = Self { wall: Duration::MAX, cpu: Duration::MAX };
}

fn processor(clock: ClockId) -> Result<Duration> {
    Ok(rustix::time::clock_gettime(clock).try_into()?)
}

fn mails(dir: &Path, early: bool, dress: Dress) -> Result<Took> {
    let (store, _) = Store::open(dir, Options::default())?;
    let bytes = vec![b'x'; 20_000];
    let (started, before) = (Instant::now(), processor(ClockId::ProcessCPUTime)?);
    let mut settled = VecDeque::new();
    let mut number = 0;
    // Fifty arrive at a time, as from so many connections.
    while number < MAILS {
        let mut arrivals = Vec::new();
        for _ in 0..50 {
            let mut body = store.body();
            body.write(&bytes)?;
            let arrived = if early { item(number).terms(terms(number + 1_000_000)) } else { item(number) };
            arrivals.push(store.commit(body, arrived));
            number += 1;
        }
        for arrival in arrivals {
            arrival.wait()?;
        }
        // Settled in another order than they came.
        let mut leases = Vec::new();
        while let Some(lease) = store.next(u64::MAX)? {
            leases.push(lease);
        }
        for lease in leases.into_iter().rev() {
            let made = Settled::new("cleaned").record(vec![b'r'; 1_000]).lazy();
            let number = u64::try_from(u128::from_be_bytes(lease.id().0))?;
            settled.push_back(lease.keep(1, dress(number, made)));
        }
        while settled.len() > WINDOW
            && let Some(answer) = settled.pop_front()
        {
            answer.wait()?;
        }
    }
    for answer in settled {
        answer.wait()?;
    }
    let took = Took { wall: started.elapsed(), cpu: processor(ClockId::ProcessCPUTime)?.saturating_sub(before) };
    drop(store);
    std::fs::remove_dir_all(dir)?;
    Ok(took)
}
