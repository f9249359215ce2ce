//! The tamper-evident record (監査記録): what an entry says, how entries are chained, and how a chain is checked.
//!
//! Owns the form of an [`Entry`], the hash that [`link`]s it to the one before,
//! the signatures over the chain ([`Checkpointer`]), its [`Checker`], and the
//! rows of the table for auditors ([`csv`]). Never: I/O, a clock, chance, the
//! text of a mail.
#![forbid(unsafe_code)]

mod chain;
mod check;
mod checkpoint;
mod code;
pub mod csv;
mod entry;
mod fault;
mod hex;
mod retention;
mod sign;

pub use chain::{Hash, START, link};
pub use check::{Checker, Summary, Verdict};
pub use checkpoint::Checkpointer;
pub use code::Code;
pub use entry::{
    Act, Chain, Checkpoint, Digest, Entry, Kind, MAX_ENTRY, MAX_PARTS, Mail, Malformed, Outcome, Part, Pruned, Relay,
    SafeMail, Share, Start, Tally, head,
};
pub use fault::{Fault, What};
pub use retention::expired;
pub use sign::{KeyError, PublicKey, Signature, Signer};
