//! One server under one load, watched until everything accepted has come out.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::drive::{Drive, Pace, mails};
use super::figures::Figures;
use super::pool::Pool;
use super::progress::Progress;
use crate::error::BenchError;
use crate::gateway::Gateway;
use crate::ledger::Ledger;
use crate::machine;
use crate::process::{self, Sampler};
use crate::sender::Trouble;
use crate::sink::Sink;

/// Most mails of one measurement; the ledger keeps 40 octets of each.
const MOST: u64 = 4_000_000;

/// What is left to do after the last arrival (marks, logs, reaping) counts too,
/// and a second copy has time to come.
const AFTER: Duration = Duration::from_millis(300);

/// A look at the memory of all programs costs some milliseconds of the server's.
const SAMPLING: Duration = Duration::from_millis(250);

/// How often a wait looks up.
const TICK: Duration = Duration::from_millis(50);

/// The gateway is asked so often what it holds, once nothing more is sent.
const ASK: Duration = Duration::from_secs(1);

/// A server to measure.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// What it is called in tables.
    pub name: &'a str,
    /// Where it receives.
    pub address: SocketAddr,
    /// Where it delivers, if that can be seen.
    pub sink: Option<&'a Sink>,
    /// Where it was started here, so that it can be looked into.
    pub gateway: Option<&'a Gateway>,
}

/// How much is sent, and when.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Closed or open loop.
    pub pace: Pace,
    /// At most so many mails.
    pub count: Option<u64>,
    /// At most so long.
    pub duration: Option<Duration>,
    /// Of that, what is in no rate and no latency.
    pub warm_up: Duration,
}

/// What all measurements of a run share.
#[derive(Debug)]
pub struct Bench<'a> {
    /// The mails.
    pub pool: &'a Pool,
    /// The domain of all recipients.
    pub domain: &'a str,
    /// Connections at one time.
    pub connections: usize,
    /// A mail that has not come so long after the one before does not come.
    pub patience: Duration,
    /// Set to end early.
    pub stop: &'a AtomicBool,
    /// Where it says how far it is.
    pub progress: Progress,
    /// The number of the next mail: none is used twice, so that what is late
    /// from one measurement is strange to the next.
    pub next: AtomicU64,
}

/// What was used up when the warm-up ended.
#[derive(Debug, Default)]
struct Before {
    times: BTreeMap<String, Duration>,
    flushes: Option<u64>,
    accepted: u64,
}

impl Bench<'_> {
    /// Puts `server` under `load` and waits until everything accepted has come
    /// out or is held, or no more comes.
    ///
    /// # Errors
    /// [`BenchError::System`] if a sender cannot be started.
    pub fn measure(&self, server: &Server<'_>, load: &Load) -> Result<Figures, BenchError> {
        let count = load.count.unwrap_or(MOST).min(MOST);
        let count = match (load.pace, load.duration) {
            (Pace::Open(rate), Some(duration)) => count.min(mails(rate, duration)),
            (Pace::Open(_) | Pace::Closed, _) => count,
        };
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        let held_before = server.gateway.and_then(Gateway::held).unwrap_or(0);
        let sampler = root(server).map(|root| Sampler::start(root, SAMPLING));
        let ledger = Arc::new(Ledger::at(self.domain, first, count));
        if let Some(sink) = server.sink {
            sink.note_in(Arc::clone(&ledger));
        }
        let drive = Drive {
            server: server.address,
            connections: self.connections,
            pool: self.pool,
            pace: load.pace,
            duration: load.duration,
            stop: self.stop,
        };
        let done = AtomicBool::new(false);
        let (trouble, before) = thread::scope(|scope| {
            let watcher = scope.spawn(|| self.watch(server, load, &ledger, &done));
            let trouble = drive.run(&ledger);
            done.store(true, Ordering::Relaxed);
            (trouble, watcher.join().unwrap_or_default())
        });
        let trouble = trouble?;
        let held = self.drain(server, &ledger, held_before);
        thread::sleep(AFTER);
        self.progress.clear();
        let mut figures = self.tally(server, &ledger, trouble, held);
        figures.unsent = if load.duration.is_some() && load.pace != Pace::Closed && !self.stopped() {
            drive.offered(count).saturating_sub(figures.accepted + figures.refused.values().sum::<u64>())
        } else {
            0
        };
        figures.timed(&ledger.times(), u64::try_from(load.warm_up.as_nanos()).unwrap_or(u64::MAX));
        cost(server, &before, &mut figures);
        let peaks = sampler.map(Sampler::stop).unwrap_or_default();
        (figures.pss_kib, figures.pss_all_kib) = (peaks.programs, peaks.all);
        Ok(figures)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Shows progress, and looks at the server when the warm-up ends.
    fn watch(&self, server: &Server<'_>, load: &Load, ledger: &Ledger, done: &AtomicBool) -> Before {
        let look = || Before {
            times: root(server).map(process::times).unwrap_or_default(),
            flushes: machine::flushes(),
            accepted: ledger.accepted_count(),
        };
        let (mut before, mut warm) = (look(), load.warm_up.is_zero());
        let mut shown = Instant::now();
        while !done.load(Ordering::Relaxed) {
            if !warm && ledger.elapsed() >= load.warm_up {
                (before, warm) = (look(), true);
            }
            if shown.elapsed() >= SAMPLING {
                self.progress.show(server.name, ledger, load.count);
                shown = Instant::now();
            }
            thread::sleep(TICK);
        }
        before
    }

    /// Waits for what was accepted. Returns what is held, if that is known.
    fn drain(&self, server: &Server<'_>, ledger: &Ledger, held_before: u64) -> Option<u64> {
        let ask = || server.gateway.and_then(Gateway::held).map(|held| held.saturating_sub(held_before));
        server.sink?;
        let mut held = None;
        let (mut seen, mut news, mut asked) = (0, Instant::now(), Instant::now());
        loop {
            let arrived = ledger.arrivals().distinct;
            if arrived != seen {
                (seen, news) = (arrived, Instant::now());
            }
            if arrived + held.unwrap_or(0) >= ledger.accepted_count()
                || news.elapsed() > self.patience
                || self.stopped()
            {
                // It may still have put one aside.
                return ask();
            }
            if asked.elapsed() >= ASK {
                (held, asked) = (ask(), Instant::now());
                self.progress.show(server.name, ledger, None);
            }
            thread::sleep(TICK);
        }
    }

    fn tally(&self, server: &Server<'_>, ledger: &Ledger, trouble: Trouble, held: Option<u64>) -> Figures {
        let (accepted, arrivals) = (ledger.accepted_count(), ledger.arrivals());
        let missing = accepted.saturating_sub(arrivals.distinct + held.unwrap_or(0));
        // Without a sink nothing is known; after Ctrl-C it may be under way.
        let (lost, under_way) = match (server.sink, self.stopped()) {
            (None, _) => (0, 0),
            (Some(_), true) => (0, missing),
            (Some(_), false) => (missing, 0),
        };
        Figures {
            target: server.name.to_owned(),
            accepted,
            refused: trouble.refused,
            put_off: trouble.put_off,
            sink: server.sink.is_some(),
            delivered: arrivals.distinct,
            held,
            lost,
            under_way,
            duplicates: arrivals.again,
            strange: arrivals.strange,
            ..Figures::default()
        }
    }
}

/// What the programs used up since `before`, for one mail.
fn cost(server: &Server<'_>, before: &Before, figures: &mut Figures) {
    let Some(root) = root(server) else { return };
    let mails = figures.accepted.saturating_sub(before.accepted).max(1) as f64;
    for (name, time) in process::times(root) {
        let used = time.saturating_sub(before.times.get(&name).copied().unwrap_or_default());
        figures.cpu_ms.insert(name, used.as_secs_f64() * 1e3 / mails);
    }
    let flushes = machine::flushes().zip(before.flushes).and_then(|(now, before)| now.checked_sub(before));
    figures.flushes_per_mail = flushes.map(|flushes| flushes as f64 / mails);
}

fn root(server: &Server<'_>) -> Option<u32> {
    server.gateway.and_then(|gateway| gateway.target().root)
}
