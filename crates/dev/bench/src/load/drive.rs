//! The two loops.
//!
//! Closed: a number of connections, each with a mail under way at all times.
//! Open: mails are due at a fixed rate whatever the server does; the latency
//! of each counts from when it was due, so that a server that stalls is
//! charged for all mails that it kept waiting (no coordinated omission).
//! One mail a connection in both.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::pool::Pool;
use crate::error::BenchError;
use crate::ledger::Ledger;
use crate::sender::{self, STACK, Trouble};

/// How long a sender may sleep before it looks whether to stop.
const NAP: Duration = Duration::from_millis(50);

/// An open loop that is so late at its end leaves the rest unsent.
const LATE: Duration = Duration::from_secs(1);

/// When mails are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// Each connection sends its next when the last has its answer.
    Closed,
    /// So many a second.
    Open(f64),
}

/// Who sends what where.
#[derive(Debug, Clone, Copy)]
pub struct Drive<'a> {
    /// The receiver.
    pub server: SocketAddr,
    /// Connections at one time; in an open loop at most.
    pub connections: usize,
    /// The mails.
    pub pool: &'a Pool,
    /// When.
    pub pace: Pace,
    /// For how long; without it until the ledger is full.
    pub duration: Option<Duration>,
    /// Set to end early.
    pub stop: &'a AtomicBool,
}

impl Drive<'_> {
    /// Sends, and returns when the last mail has its answer.
    ///
    /// # Errors
    /// Only when a thread cannot be started; what the server does is counted.
    pub fn run(&self, ledger: &Ledger) -> Result<Trouble, BenchError> {
        thread::scope(|scope| {
            let spawn = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || self.send_all(ledger));
            let senders = (0..self.connections).map(spawn).collect::<io::Result<Vec<_>>>();
            let senders = senders.map_err(|err| {
                // Those that run would go on, and the scope would wait for them.
                self.stop.store(true, Ordering::Relaxed);
                BenchError::System("start a sender".to_owned(), err)
            })?;
            let mut all = Trouble::default();
            senders.into_iter().for_each(|sender| all.add(sender.join().unwrap_or_default()));
            Ok(all)
        })
    }

    /// Mails that should have been sent by the end of an open loop.
    pub fn offered(&self, count: u64) -> u64 {
        match (self.pace, self.duration) {
            (Pace::Open(rate), Some(duration)) => count.min(mails(rate, duration)),
            (Pace::Open(_) | Pace::Closed, _) => count,
        }
    }

    fn send_all(&self, ledger: &Ledger) -> Trouble {
        let mut trouble = Trouble::default();
        while !self.over(ledger) {
            let Some(number) = ledger.take() else { break };
            let place = ledger.place(number);
            if !self.await_turn(place, number, ledger) {
                break;
            }
            let Some(letter) = self.pool.at(place) else { break };
            let sender = if letter.null_sender { "" } else { "sender@internet.example" };
            let letter = sender::Letter { mail: &letter.mail, sender, recipients: letter.recipients };
            sender::deliver(self.server, &letter, number..number + 1, ledger, &mut trouble);
        }
        trouble
    }

    fn over(&self, ledger: &Ledger) -> bool {
        let late = match self.pace {
            Pace::Closed => Duration::ZERO,
            Pace::Open(_) => LATE,
        };
        self.stop.load(Ordering::Relaxed)
            || self.duration.is_some_and(|duration| ledger.elapsed() >= duration.saturating_add(late))
    }

    /// Sleeps until the mail is due; `false` if that never comes.
    fn await_turn(&self, place: u64, number: u64, ledger: &Ledger) -> bool {
        let Pace::Open(rate) = self.pace else { return true };
        let due = Duration::from_secs_f64(place as f64 / rate);
        if self.duration.is_some_and(|duration| due >= duration) {
            return false;
        }
        ledger.due(number, due);
        while let Some(left) = due.checked_sub(ledger.elapsed()).filter(|left| !left.is_zero()) {
            if self.stop.load(Ordering::Relaxed) {
                return false;
            }
            thread::sleep(left.min(NAP));
        }
        true
    }
}

/// Mails that are due in a time.
pub fn mails(rate: f64, duration: Duration) -> u64 {
    // A rate and a time from the command line: far below 2^53.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rates and times are positive and small"
    )]
    let mails = (rate * duration.as_secs_f64()).ceil() as u64;
    mails
}
