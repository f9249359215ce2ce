//! What the Internet side uses.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::inner::Relay;
use super::shared::{
    AuthenticationSettings, FileSettings, Handoff, LinkSettings, LogSettings, NoticeSettings, PolicySettings,
    ReadingLimits, WorkerSettings,
};
use sekisho_safe_message::{Address, Domain, Language};

use crate::names::Domains;
use crate::net::Networks;

/// Everything that `sekisho-outer` may know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OuterSettings {
    /// Outer's own folder, `<state_dir>/outer`; raw spool and vault live below it.
    pub state_dir: PathBuf,
    /// Outer's admin socket (at most 107 bytes, so that it fits `sockaddr_un`).
    pub admin_socket: PathBuf,
    /// The SMTP receiver.
    pub receiver: ReceiverSettings,
    /// Bytes that must stay free on the spool's file system; below it the receiver answers 452.
    pub min_free_space: u64,
    /// Worker processes.
    pub worker: WorkerSettings,
    /// Bounds before parsing, handed to the workers.
    pub limits: ReadingLimits,
    /// Where safe messages are handed over.
    pub handoff: Handoff,
    /// Originals and held mails.
    pub vault: VaultSettings,
    /// Who may do what.
    pub roles: RoleSettings,
    /// What reviewers are told, and when their queue is too long.
    pub review: ReviewSettings,
    /// Originals on request.
    pub original: OriginalSettings,
    /// Passwords of encrypted files.
    pub passwords: PasswordSettings,
    /// What is done to which file.
    pub policy: PolicySettings,
    /// How files are made anew.
    pub files: FileSettings,
    /// The notice below the text: its language is chosen where the mail is read.
    pub notice: NoticeSettings,
    /// How addresses of the web are shown.
    pub links: LinkSettings,
    /// Whose results about the sender are believed.
    pub authentication: AuthenticationSettings,
    /// Log lines.
    pub log: LogSettings,
}

/// What the SMTP receiver needs. Limits are those of RFC 5321 4.5.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverSettings {
    /// Addresses to listen on; at least one.
    pub listen: Vec<SocketAddr>,
    /// Our name in the greeting, in replies and in the trace header.
    pub hostname: Domain,
    /// Recipient domains that are accepted.
    pub domains: Domains,
    /// Networks that may connect.
    pub clients: Networks,
    /// Largest mail, in bytes as sent (RFC 1870 SIZE).
    pub max_message_size: u64,
    /// Recipients of one mail (RFC 5321 4.5.3.1.8: at least 100).
    pub max_recipients: usize,
    /// Connections at one time, over all clients.
    pub max_connections: usize,
    /// Connections at one time from one address.
    pub max_connections_per_client: usize,
    /// Refused commands after which a connection is closed.
    pub max_errors: usize,
    /// Commands of one connection.
    pub max_commands: usize,
    /// Octets of a command line with its CRLF (RFC 5321 4.5.3.1.4).
    pub max_command_line: usize,
    /// Octets of a line of mail data with its CRLF (RFC 5321 4.5.3.1.6).
    pub max_data_line: usize,
    /// `Received` fields after which a mail counts as a loop (RFC 5321 6.3).
    pub max_received: usize,
    /// Longest wait for a command (RFC 5321 4.5.3.2.7).
    pub command_timeout: Duration,
    /// Longest wait for a block of mail data (RFC 5321 4.5.3.2.5).
    pub data_timeout: Duration,
    /// Longest life of a connection.
    pub max_session: Duration,
    /// STARTTLS.
    pub tls: ReceiverTls,
}

/// Whether STARTTLS is offered or demanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverTls {
    /// No certificate: STARTTLS is not offered.
    Off,
    /// Offered; plaintext is taken too.
    Offered(ServerIdentity),
    /// MAIL is refused with 530 before STARTTLS.
    Required(ServerIdentity),
}

/// A certificate chain and its private key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerIdentity {
    /// The chain, leaf first.
    pub cert_file: PathBuf,
    /// The private key.
    pub key_file: PathBuf,
}

/// What is kept on the Internet side, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultSettings {
    /// Whose originals are kept.
    pub keep: Keep,
    /// How long they are kept.
    pub retention: RetentionSettings,
    /// How long the record of a mail is kept after its bytes are gone.
    pub record_retention: Duration,
    /// The keys' file; outer makes one of its own when there is none.
    pub key_file: Option<PathBuf>,
    /// Ids of keys that are lost for good.
    pub lost_keys: Vec<String>,
}

/// How long originals are kept, by what became of their mails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Held, and nobody has decided; `None`: until somebody does.
    pub held: Option<Duration>,
    /// Delivered, with a file that waits for a review.
    pub quarantined: Duration,
    /// Delivered with less than they had, or otherwise than they were.
    pub delivered: Duration,
    /// Delivered as they were.
    pub unchanged: Duration,
    /// Released by somebody.
    pub released: Duration,
}

impl RetentionSettings {
    /// The same for all; held mails wait.
    #[must_use]
    pub fn of(period: Duration) -> Self {
        Self { held: None, quarantined: period, delivered: period, unchanged: period, released: period }
    }
}

/// Who may do what, by the system's names of users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSettings {
    /// Look into mails, release, delete, ask for originals.
    pub reviewer: Vec<String>,
    /// Approve or reject requests for originals.
    pub approver: Vec<String>,
    /// Read the audit record.
    pub auditor: Vec<String>,
    /// See the state, try again, change keys.
    pub operator: Vec<String>,
}

impl RoleSettings {
    /// Whether nobody is named: the program's own user and root do everything.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

/// What reviewers are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewSettings {
    /// Who gets the digest, on the Internet side.
    pub digest_to: Vec<Address>,
    /// When, at Japan Standard Time: hour and minute.
    pub digest_at: (u8, u8),
    /// In which languages, one below the other; at least one.
    pub digest_languages: Vec<Language>,
    /// Held mails above which something is wrong.
    pub held_max: u64,
    /// Age of a held mail above which something is wrong.
    pub age_max: Duration,
}

/// How originals are given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginalSettings {
    /// The server that takes them; none, and none are given out.
    pub relay: Option<Relay>,
    /// Sender of what the gateway itself writes to the Internet side.
    pub sender: Address,
    /// Where readers write for an original.
    pub address: Option<Address>,
    /// How long a request by mail is accepted.
    pub token_lifetime: Duration,
    /// Whether one person may ask and another must approve.
    pub two_persons: bool,
    /// Whether they go out in an encrypted zip.
    pub zip: bool,
    /// Whether every original goes out at once.
    pub dual: bool,
}

/// Passwords of encrypted files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordSettings {
    /// Look for them in following mails.
    pub follow: bool,
    /// For so long.
    pub window: Duration,
}

/// Whose originals the vault keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Held mails only.
    Held,
    /// Held mails, and delivered ones that lost or changed something.
    Changed,
    /// Every mail.
    All,
}
