//! Latency at half of the highest rate: what a reader waits for while the
//! server has room. An open loop: it counts from when a mail was due, so that
//! a server that stalls is charged for all mails that it kept waiting.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::cell::Target;
use crate::error::BenchError;
use crate::ledger::Ledger;
use crate::load::drive::{Drive, Pace, mails};
use crate::load::pool::{Letter, Pool};
use crate::mails::Mail;
use crate::sink::Sink;

/// How long each is measured.
pub const DURATION: Duration = Duration::from_secs(10);

/// To see that it works.
pub const QUICK: Duration = Duration::from_secs(2);

/// The head of the table.
pub const HEAD: &str =
    "| mail | server | mails/s | delivered | p50 ms | p99 ms | max ms |\n|---|---|--:|--:|--:|--:|--:|";

/// The shipped limit of one client.
const CONNECTIONS: usize = 50;

/// Nothing has come for so long: nothing comes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Mails of a measurement at half of `highest` a second.
pub fn most_mails(highest: f64, duration: Duration) -> u64 {
    mails(highest / 2.0, duration)
}

/// A row of the table.
///
/// # Errors
/// Those of [`Drive::run`].
pub fn measure(
    target: &Target,
    mail: &Mail,
    highest: f64,
    duration: Duration,
    first: u64,
    sink: &Sink,
) -> Result<String, BenchError> {
    let mut pool = Pool::default();
    pool.push(Letter { mail: mail.clone(), recipients: 1, null_sender: false });
    let ledger = Arc::new(Ledger::new(first, most_mails(highest, duration)));
    sink.note_in(Arc::clone(&ledger));
    let drive = Drive {
        server: target.address,
        connections: CONNECTIONS,
        pool: &pool,
        pace: Pace::Open(highest / 2.0),
        duration: Some(duration),
        stop: &AtomicBool::new(false),
    };
    let trouble = drive.run(&ledger)?;
    ledger.wait(ledger.accepted_count(), PATIENCE);
    let tally = ledger.tally();
    let offered = most_mails(highest, duration);
    let all = if tally.delivered == offered && trouble.refused.is_empty() { "" } else { " **of them**" };
    let due = if all.is_empty() { String::new() } else { format!("{offered}, delivered ") };
    let latency = tally.to_arrival;
    Ok(format!(
        "| {} | {} | {:.0} | {due}{}{all} | {:.1} | {:.1} | {:.1} |",
        mail.name(),
        target.name,
        highest / 2.0,
        tally.delivered,
        latency.p50,
        latency.p99,
        latency.max
    ))
}
