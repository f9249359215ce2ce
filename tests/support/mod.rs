//! What the tests with real programs share: programs that are started and
//! surely ended, a client and a server of the tests' own, bounded waits.
#![allow(clippy::print_stderr, reason = "why a test failed, or was skipped")]
#![allow(dead_code, unused_imports, reason = "every test file uses its own part of it")]

#[path = "../programs/mod.rs"]
mod programs;

mod gateway;
mod mail;
mod process;
mod sink;
mod smtp;
mod tools;

use std::time::{Duration, Instant};

pub(crate) use gateway::{Gateway, Outcome, Place, free_address};
pub(crate) use mail::{Mail, attachment, fixture, id_of, is_verified, plain, reading};
pub(crate) use process::{Process, signal};
pub(crate) use programs::sekisho;
pub(crate) use sink::{Arrived, Moment, Sink};
pub(crate) use smtp::{Client, Reply, deliver};
pub(crate) use tools::{certificate, program, python};

/// How long anything may take on a machine that is busy with other things. It
/// bounds a failure; a success never waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(15);

/// Waits until `probe` gives something; panics with `what` after [`PATIENCE`].
#[track_caller]
pub(crate) fn within<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < until, "not within {} s: {what}", PATIENCE.as_secs());
        std::thread::sleep(LOOK);
    }
}
