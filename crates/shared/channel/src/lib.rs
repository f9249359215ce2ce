//! What Sekisho's programs say to each other.
//!
//! Owns: the [`handoff`]'s transport (frames one way, one octet back; a Unix
//! socket on one host, mutual TLS on two), the [`admin`] socket through which
//! the operator's command asks a program, the TLS set-up of both, and how each
//! [`program`] begins and ends.
//!
//! Never: what a frame means, what a request does, mail.
#![forbid(unsafe_code)]

pub mod admin;
mod error;
pub mod handoff;
pub mod keyfile;
pub mod program;
pub mod tls;
mod unix;

pub use error::ChannelError;
