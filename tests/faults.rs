//! What breaks while people decide: programs that are killed, many persons at
//! once, a full disk, a damaged vault, a record that somebody bent. Always
//! through the real programs, real mail and the real command.
//!
//! `SEKISHO_FAULT_KILLS` and `SEKISHO_FAULT_SEED` say how often, and when,
//! somebody dies in the middle of an act.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![allow(clippy::print_stdout, reason = "figures that a reader of the run wants to see")]
#![allow(clippy::print_stderr, reason = "why a test was skipped")]

#[path = "faults/border.rs"]
mod border;
#[path = "faults/damage.rs"]
mod damage;
#[path = "faults/desk.rs"]
mod desk;
#[path = "faults/keys.rs"]
mod keys;
#[path = "faults/kills.rs"]
mod kills;
#[path = "faults/races.rs"]
mod races;
#[path = "crash/reaper.rs"]
#[allow(dead_code, reason = "the other test that uses it lets it choose the victims")]
mod reaper;
#[path = "faults/record.rs"]
mod record;
#[path = "faults/space.rs"]
mod space;
mod support;
