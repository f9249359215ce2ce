//! The gateway under load: beside Postfix on the same machine in the same run,
//! and in [`load`] what `sekisho bench` does for an operator.
//!
//! Owns: the standard mails, a sender and a sink that know each mail again by
//! its recipients, the private gateways, what the kernel says about their
//! processor time and memory, and the tables made of it.
//!
//! Never: a setting that the shipped product does not have (the gateway runs
//! on its defaults unless others are asked for), a file system in memory (a sync would cost nothing), or
//! a figure without its spread.
#![forbid(unsafe_code)]

pub mod cell;
pub mod documents;
mod error;
pub mod gateway;
pub mod half;
pub mod ledger;
pub mod line;
pub mod load;
pub mod machine;
pub mod mails;
pub mod place;
pub mod postfix;
pub mod process;
pub mod report;
pub mod sender;
pub mod settings;
pub mod sink;
mod smtp;
pub mod spread;

pub use error::BenchError;
