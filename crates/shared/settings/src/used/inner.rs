//! What the LGWAN side uses.

use std::path::PathBuf;
use std::time::Duration;

use super::shared::{Handoff, LogSettings, NoticeSettings};
use crate::net::HostPort;
use sekisho_safe_message::{Address, Domain};

/// Everything that `sekisho-inner` may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InnerSettings {
    /// Inner's own folder, `<state_dir>/inner`; the safe spool lives below it.
    pub state_dir: PathBuf,
    /// Inner's admin socket (at most 107 bytes, so that it fits `sockaddr_un`).
    pub admin_socket: PathBuf,
    /// Where safe messages are taken.
    pub handoff: Handoff,
    /// Largest frame taken over the handoff, in bytes.
    pub max_frame_size: u64,
    /// Where verified mails go.
    pub delivery: Delivery,
    /// Our name towards the mail server (EHLO), in Message-IDs and in the trace header.
    pub helo: Domain,
    /// What mails are written in.
    pub charset: Charset,
    /// Whether the verifier starts on a kernel without Landlock.
    pub allow_without_landlock: bool,
    /// When a mail that could not be relayed is tried again.
    pub retry: RetrySchedule,
    /// Mails relayed at one time.
    pub concurrency: usize,
    /// Who gets the reports about buried mails, inside.
    pub postmaster: Address,
    /// Bytes that must stay free on the safe spool's file system.
    pub min_free_space: u64,
    /// How long the record of a finished mail is kept (its bytes go at once).
    pub record_retention: Duration,
    /// The notice below the text.
    pub notice: NoticeSettings,
    /// Log lines.
    pub log: LogSettings,
}

/// What mails are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8: everything.
    Utf8,
    /// ISO-2022-JP with the extensions of CP50220, for old clients.
    Iso2022Jp,
}

/// Where verified mails go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// To a mail server.
    Smtp(Relay),
    /// Into a Maildir.
    Maildir(PathBuf),
}

/// The mail server on the LGWAN side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// Host and port.
    pub server: HostPort,
    /// Transport encryption.
    pub tls: RelayTls,
}

/// Encryption towards the mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelayTls {
    /// Never.
    None,
    /// STARTTLS when offered.
    Opportunistic {
        /// PEM roots to trust; without them the line is encrypted and the certificate not checked.
        ca_file: Option<PathBuf>,
    },
    /// STARTTLS with a certificate that verifies against `ca_file`, or no delivery.
    Required {
        /// PEM roots to trust.
        ca_file: PathBuf,
    },
}

/// Doubling pauses between `min` and `max`, until `lifetime` has passed since arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrySchedule {
    /// The first pause.
    pub min: Duration,
    /// The longest pause; not less than `min`.
    pub max: Duration,
    /// After this a mail is buried with a report; not less than `max`.
    pub lifetime: Duration,
}
