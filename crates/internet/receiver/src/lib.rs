//! The SMTP receiver: from a connection to `250`, or to a refusal.
//!
//! Owns the conversation of RFC 5321: command lines, who may send what when,
//! where a mail ends, what a peer hears. Never looks into a mail beyond the
//! names of its header fields (loops), knows no MIME and no policy, and keeps
//! nothing: a mail goes to the [`Sink`], and `250` goes out only when the sink
//! says that it is durable.
//!
//! # How it is built
//!
//! | module | turns | into |
//! |---|---|---|
//! | [`mod@line`] | octets | lines that end with CRLF |
//! | [`command`] | a line | a [`command::Command`] |
//! | [`session`] | a command | the next state and an effect |
//! | [`data`] | octets behind `354` | the mail, and its end |
//! | [`Reply`] | | the closed table of what a peer hears |
//!
//! None of these does I/O; [`Server`] puts tokio and TLS around them. There is
//! one reader of the stream and no second opinion: a bare CR, a bare LF or NUL,
//! in a command or in a mail, ends the connection, since another server could
//! read another mail in the same octets (SMTP smuggling).
//!
//! Whatever the size of a mail, a connection takes at most 64 KiB, and the
//! sink sees the octets as they come.
#![forbid(unsafe_code)]

pub mod command;
mod config;
mod connection;
pub mod data;
mod door;
mod drain;
mod event;
mod header;
mod intake;
pub mod line;
mod offence;
mod reply;
mod server;
pub mod session;
mod sink;
mod tls;
mod wire;

pub use command::BodyType;
pub use config::{Config, Domains, Limits, Tls};
pub use event::{Closing, Denial, Event, Observer};
pub use header::{FieldName, FieldNameError};
pub use intake::Refusal;
pub use offence::Offence;
pub use reply::Reply;
pub use server::{BindError, Server};
pub use sink::{Arrival, Body, Hello, HelloKind, Sink, SinkError, TlsSession};
pub use tls::{TlsError, server_config};
