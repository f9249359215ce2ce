//! The Internet side's own work: receive, spool, dispatch, settle, hand over.
//!
//! Owns: the raw spool (which is also the vault: mails are sealed when they
//! arrive, and keeping an original only changes its state), the pool of
//! sandboxed workers, the connection over the border, every decision about what
//! becomes of a mail, what people decide about it, and this side's audit record.
//!
//! Never: a hostile format. A worker's answer is believed only as far as its
//! canonical form and the job's own facts go, and every doubt means *hold*.
//!
//! The operator's command uses [`pool`] and [`policy`] for its offline work:
//! the same workers, the same bounds, the same rules.
#![forbid(unsafe_code)]

mod admin;
mod book;
mod clock;
mod counters;
mod desk;
mod dispatch;
mod handover;
mod intake;
mod meta;
mod original;
mod person;
pub mod policy;
pub mod pool;
mod record;
mod release;
mod retain;
mod rotate;
mod run;
mod settle;
mod small_file;
mod terms;
mod upkeep;
mod vault;

pub use run::{OuterError, files_of, limits_of, rules_of, run};
