//! One cell of a table: one server under one load.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::BenchError;
use crate::ledger::{Ledger, Tally};
use crate::machine::{self, Busy, Shares};
use crate::mails::Mail;
use crate::process::{self, Peaks, Sampler};
use crate::sender::{self, Trouble};
use crate::sink::Sink;

/// What is left to do after the last arrival (marks, logs, reaping) counts too.
const AFTER: Duration = Duration::from_millis(200);

/// A mail that has not come so long after the one before does not come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server under test.
#[derive(Debug, Clone)]
pub struct Target {
    /// What it is called in tables.
    pub name: String,
    /// The process above all others of it, if it runs here.
    pub root: Option<u32>,
    /// Where it receives mail.
    pub address: SocketAddr,
}

/// The load of a cell.
#[derive(Debug, Clone, Copy)]
pub struct Load<'a> {
    /// Every mail sent.
    pub mail: &'a Mail,
    /// Connections at one time.
    pub connections: usize,
    /// Recipients of each mail, each with a number of its own.
    pub recipients: u64,
    /// Numbers in all: with one recipient a mail, mails.
    pub count: u64,
    /// The number of the first; no two loads of a run share one.
    pub first: u64,
    /// How often memory is looked at.
    pub sampling: Duration,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Cell {
    /// The server's name.
    pub target: String,
    /// The mail's name.
    pub mail: String,
    /// Connections at one time.
    pub connections: usize,
    /// What became of the mails.
    pub tally: Tally,
    /// What was refused or put off.
    pub trouble: Trouble,
    /// Processor time of the server for all mails together.
    pub time: Duration,
    /// Its memory.
    pub peaks: Peaks,
    /// What the machine did meanwhile.
    pub machine: Shares,
    /// Share of all cores that went to neither the server nor this program, in
    /// percent: kernel threads, and whatever else ran.
    pub others: f64,
}

impl Cell {
    /// Mails that got `250`, a second.
    pub fn accepted_rate(&self) -> f64 {
        rate(self.tally.accepted, self.tally.accepting)
    }

    /// Distinct mails at the sink, a second, from the first connection to the
    /// last arrival.
    pub fn delivered_rate(&self) -> f64 {
        rate(self.tally.delivered, self.tally.delivering)
    }

    /// Processor time of the server for one delivered mail, in milliseconds.
    pub fn time_per_mail(&self) -> f64 {
        self.time.as_secs_f64() * 1e3 / self.tally.delivered.max(1) as f64
    }

    /// Accepted, and not delivered.
    pub fn missing(&self) -> u64 {
        self.tally.accepted.saturating_sub(self.tally.delivered)
    }
}

/// Puts `target` under `load` and waits until everything accepted has come to
/// `sink`, or no more comes.
///
/// # Errors
/// Those of [`sender::closed_loop_to_many`].
pub fn measure(target: &Target, load: &Load<'_>, sink: &Sink) -> Result<Cell, BenchError> {
    let time = || target.root.map_or(Duration::ZERO, process::time);
    let sampler = target.root.map(|root| Sampler::start(root, load.sampling));
    let (busy, before, both, started) = (Busy::now(), time(), time() + process::own_time(), Instant::now());
    let ledger = Arc::new(Ledger::new(load.first, load.count));
    sink.note_in(Arc::clone(&ledger));
    let trouble = sender::closed_loop_to_many(target.address, load.connections, load.mail, load.recipients, &ledger)?;
    ledger.wait(ledger.tally().accepted, PATIENCE);
    let machine = Busy::now().since(busy);
    let ours = (time() + process::own_time()).saturating_sub(both).as_secs_f64();
    let ours = 100.0 * ours / (started.elapsed().as_secs_f64() * machine::cores() as f64);
    thread::sleep(AFTER);
    Ok(Cell {
        target: target.name.clone(),
        mail: load.mail.name().to_owned(),
        connections: load.connections,
        tally: ledger.tally(),
        trouble,
        time: time().saturating_sub(before),
        peaks: sampler.map(Sampler::stop).unwrap_or_default(),
        machine,
        others: (100.0 - machine.idle - machine.stolen - ours).max(0.0),
    })
}

fn rate(count: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { count as f64 / time.as_secs_f64() }
}
