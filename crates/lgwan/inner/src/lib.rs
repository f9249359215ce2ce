//! The LGWAN side: takes safe messages over the handoff, renders them, has
//! them verified, stores them durably and relays them.
//!
//! Owns: [`render`], the safe spool, the [`relay`], the [`checker`] and the
//! [`record`] of every mail; [`program`] puts them together for the `sekisho-inner` binary.
//!
//! Never: a parser of a hostile format, the Internet side's stores, or a mail
//! that `sekisho-verify` has not proven. What goes back over the border is one
//! octet per frame.
#![forbid(unsafe_code)]

pub mod accept;
mod admin;
mod audit;
pub mod checker;
mod clock;
pub mod events;
mod person;
pub mod program;
pub mod record;
pub mod relay;
pub mod render;
mod spool;

pub use checker::Checker;
pub use clock::Clock;
pub use spool::{Found, Spool};
