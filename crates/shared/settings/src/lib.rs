//! Configuration as written -> as used, and telemetry set-up.
//!
//! Owns the names, types, defaults and documentation of every setting ([`keys`]), the reading of the
//! file and of the environment ([`Configuration`]), the errors that a person gets to see
//! ([`SettingsError`]), and the form of every log line ([`telemetry`]).
//!
//! It never opens a socket, a spool or a key: it hands out typed values and paths. It never guesses:
//! what is not understood is an error that names file, line, key, value and remedy.

#![forbid(unsafe_code)]

mod convert;
mod document;
mod environment;
mod error;
pub mod keys;
mod language;
mod load;
pub mod metrics;
mod names;
mod net;
mod reading;
mod surroundings;
pub mod telemetry;
mod units;
mod used;
mod written;

pub use convert::NoLevel;
pub use error::{Form, Origin, Problem, SettingsError, SettingsErrors, Told, TomlType};
pub use load::{Configuration, Effective};
pub use names::{DomainError, Domains};
pub use net::{HostPort, HostPortError, IpNet, NetError, Networks};
pub use sekisho_safe_message::{Address, Domain, Language};
pub use surroundings::Surroundings;
pub use used::{
    AdminSockets, AuthenticationSettings, Charset, CommandSettings, Delivery, FileSettings, GatewaySettings, Handoff,
    HandoffAddress, HandoffTls, InnerSettings, Keep, LanguageChoice, LinkForm, LinkSettings, LogFilter, LogFormat,
    LogLevel, LogSettings, NoticeSettings, OriginalSettings, OuterSettings, PasswordSettings, PolicyProfile,
    PolicySettings, ReadingLimits, ReceiverSettings, ReceiverTls, Relay, RelayTls, RetentionSettings, RetrySchedule,
    ReviewSettings, RoleSettings, ServerIdentity, VaultSettings, WorkerSettings,
};
