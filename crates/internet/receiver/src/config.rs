//! What the embedding program decides.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use sekisho_safe_message::{Domain, MAX_RECIPIENTS};

use crate::{FieldName, Observer};

/// Everything about one receiver but its addresses and its sink.
pub struct Config {
    /// Our name in the greeting and in replies.
    pub hostname: Domain,
    /// Whether a client may connect. IPv4 clients of an IPv6 socket are asked
    /// about as IPv4.
    pub clients: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
    /// Recipients that are accepted.
    pub domains: Domains,
    /// The domain that `<postmaster>` means (RFC 5321 4.5.1); without one it
    /// is refused.
    pub postmaster: Option<Domain>,
    /// The field by which our own output is known: a mail that carries it is
    /// refused as a loop. `None`: only hops are counted.
    pub trace: Option<FieldName>,
    /// Bounds.
    pub limits: Limits,
    /// STARTTLS.
    pub tls: Tls,
    /// Who is told what happens, beside the log.
    pub observer: Box<dyn Observer>,
}

/// Recipient domains that are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Domains {
    /// Every domain. Only sound while [`Config::clients`] is loopback, or this
    /// is an open relay.
    Any,
    /// These and no others.
    List(Vec<Domain>),
}

/// STARTTLS.
#[derive(Clone)]
pub enum Tls {
    /// Not offered.
    Off,
    /// Offered; plain sessions may send mail too.
    Offered(Arc<ServerConfig>),
    /// Plain sessions hear 530 until STARTTLS (RFC 3207 4).
    Required(Arc<ServerConfig>),
}

/// Bounds of RFC 5321 4.5.3 and some more. Lengths in octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// A mail as stored, dots unstuffed; announced as SIZE (RFC 1870).
    pub message_size: u64,
    /// Recipients of one mail, never more than [`MAX_RECIPIENTS`]
    /// (4.5.3.1.8: at least 100).
    pub recipients: usize,
    /// Connections at one time.
    pub connections: usize,
    /// Connections at one time from one IPv4 address or IPv6 /64.
    pub connections_per_client: usize,
    /// Commands answered with 5xx, then 421.
    pub errors: usize,
    /// Commands of one connection, then 421.
    pub commands: usize,
    /// MAIL and RCPT with CRLF (4.5.3.1.4); other commands have 512.
    pub command_line: usize,
    /// A line of a mail with CRLF. 4.5.3.1.6 says 1000; honest mail has more,
    /// and nothing of it is sent on as it came.
    pub data_line: usize,
    /// `Received` fields; one more is a loop (6.3: at least 100 for those who
    /// count nothing else).
    pub received: usize,
    /// What is read and thrown away of a mail that is refused already, so
    /// that an honest peer hears why. Past it the connection is closed.
    pub discard: u64,
    /// From our reply to the end of the next command, however slowly its
    /// octets drip, and for the peer to take a reply (4.5.3.2.7: 5 minutes).
    pub command_timeout: Duration,
    /// Between two blocks of a mail (4.5.3.2.5).
    pub data_timeout: Duration,
    /// From `354` to the end of one mail.
    pub mail_timeout: Duration,
    /// A TLS handshake.
    pub handshake_timeout: Duration,
    /// A connection, looked at between commands: no mail is cut.
    pub session: Duration,
    /// How long mails in progress may go on once we close down.
    pub drain: Duration,
}

impl Config {
    /// Loopback clients, every domain, no TLS, the default limits.
    pub fn new(hostname: Domain) -> Self {
        Self {
            postmaster: Some(hostname.clone()),
            hostname,
            clients: Box::new(|ip| ip.is_loopback()),
            domains: Domains::Any,
            trace: None,
            limits: Limits::default(),
            tls: Tls::Off,
            observer: Box::new(()),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("hostname", &self.hostname)
            .field("domains", &self.domains)
            .field("postmaster", &self.postmaster)
            .field("trace", &self.trace)
            .field("limits", &self.limits)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl Domains {
    /// Whether mail for `domain` is ours.
    pub fn accepts(&self, domain: &Domain) -> bool {
        match self {
            Self::Any => true,
            Self::List(list) => list.contains(domain),
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Offered(_) => "Offered",
            Self::Required(_) => "Required",
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_size: 50 << 20,
            recipients: MAX_RECIPIENTS,
            connections: 200,
            connections_per_client: 50,
            errors: 20,
            commands: 10_000,
            command_line: 1000,
            data_line: 64 << 10,
            received: 50,
            discard: 128 << 20,
            command_timeout: Duration::from_secs(300),
            data_timeout: Duration::from_secs(180),
            mail_timeout: Duration::from_secs(3600),
            handshake_timeout: Duration::from_secs(60),
            session: Duration::from_secs(3600),
            drain: Duration::from_secs(30),
        }
    }
}
