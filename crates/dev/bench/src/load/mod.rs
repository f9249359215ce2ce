//! `sekisho bench`: load from sample mailboxes or a built-in profile, on a
//! private gateway or any receiver, and what became of every mail.
//!
//! Owns: the command line, the mails to send, when each is due, the figures
//! made of it, and the three forms in which they are shown.
//!
//! Never: a latency that counts from when the sender got round to it (in an
//! open loop it counts from when the mail was due), a mail taken for
//! delivered that no sink has seen, or a file that the browser must fetch.

pub mod chart;
pub mod command;
pub mod compare;
pub mod compose;
pub mod drive;
pub mod figures;
pub mod files;
pub mod grammar;
pub mod measure;
pub mod options;
pub mod page;
pub mod pool;
pub mod profile;
pub mod progress;
pub mod ramp;
pub mod table;
mod targets;
mod values;
pub mod verdict;
pub mod words;
