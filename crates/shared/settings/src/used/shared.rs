//! What several programs use, and the two structs of the operator's command.

use std::path::PathBuf;
use std::time::Duration;

use super::inner::{Charset, InnerSettings};
use super::outer::OuterSettings;
use crate::net::HostPort;
use sekisho_safe_message::Domain;

/// What `sekisho serve` starts: both programs on one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySettings {
    /// `<state_dir>` itself; outer and inner have their folders below it.
    pub state_dir: PathBuf,
    /// The Internet side.
    pub outer: OuterSettings,
    /// The LGWAN side.
    pub inner: InnerSettings,
    /// Log lines of the supervisor.
    pub log: LogSettings,
}

/// What the operator's command needs beside `serve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSettings {
    /// `<state_dir>` itself.
    pub state_dir: PathBuf,
    /// Where the programs answer.
    pub admin: AdminSockets,
    /// Language of what the command prints.
    pub language: LanguageChoice,
    /// Our name, for `sanitize` and `verify` offline (trace header, Message-IDs).
    pub helo: Domain,
    /// Largest mail that `sanitize` reads, in bytes.
    pub max_message_size: u64,
    /// Worker processes of `sanitize`.
    pub worker: WorkerSettings,
    /// Bounds before parsing.
    pub limits: ReadingLimits,
    /// What is done to which file.
    pub policy: PolicySettings,
    /// How files are made anew.
    pub files: FileSettings,
    /// The notice below the text.
    pub notice: NoticeSettings,
    /// How addresses of the web are shown.
    pub links: LinkSettings,
    /// Whose results about the sender are believed.
    pub authentication: AuthenticationSettings,
    /// What mails are written in.
    pub charset: Charset,
    /// Log lines.
    pub log: LogSettings,
}

/// The admin sockets of both programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminSockets {
    /// Outer's.
    pub outer: PathBuf,
    /// Inner's.
    pub inner: PathBuf,
}

/// Worker processes: one mail each, forked from `count` zygotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerSettings {
    /// Zygotes, and so mails sanitized at one time; at least one.
    pub count: usize,
    /// Wall-clock time for one mail.
    pub deadline: Duration,
    /// Octets of memory that one worker may use.
    pub memory: u64,
    /// Largest frame that a worker may write, in bytes.
    pub output_max: u64,
    /// Whether a kernel without Landlock is accepted.
    pub allow_without_landlock: bool,
    /// Mails after which a zygote is replaced (fresh address layout).
    pub renew_after: u64,
}

/// Bounds that a mail must keep before and while it is parsed (threats.md, rule G8). Past one: hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingLimits {
    /// Nesting of multiparts and enclosed mails.
    pub depth: usize,
    /// Parts of one mail.
    pub parts: usize,
    /// Fields of one header section.
    pub headers: usize,
    /// Bytes of one header section.
    pub header_bytes: usize,
    /// Bytes of the safe body text (UTF-8).
    pub text_bytes: usize,
    /// Bytes of decoded HTML that are converted to text.
    pub html_bytes: usize,
}

/// The border between the two sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handoff {
    /// Where inner listens and outer connects.
    pub address: HandoffAddress,
    /// How long outer waits for the answer to one frame, and inner for the next block of it.
    pub timeout: Duration,
}

/// Where the handoff is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandoffAddress {
    /// One host: a Unix socket (at most 107 bytes).
    Unix(PathBuf),
    /// Two hosts: mutual TLS.
    Tls(HandoffTls),
}

/// Mutual TLS for the handoff. The CA is one of its own for this link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandoffTls {
    /// Where inner listens and outer connects.
    pub endpoint: HostPort,
    /// The name (or IP address) that inner's certificate must carry; default: the endpoint's host.
    pub server_name: String,
    /// PEM roots that the peer's certificate must verify against.
    pub ca_file: PathBuf,
    /// Our own chain, PEM, leaf first.
    pub cert_file: PathBuf,
    /// Our own private key, PEM.
    pub key_file: PathBuf,
}

/// What is done to which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySettings {
    /// The built-in policy, where `file` names no other.
    pub profile: PolicyProfile,
    /// A policy of the site's own, instead. Whoever uses it reads and checks it.
    pub file: Option<PathBuf>,
}

/// The built-in policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyProfile {
    /// The text crosses; every file is stripped and named in the notice.
    TextOnly,
    /// Files are made anew; what cannot be is kept out, or the mail waits.
    RebuildOrHold,
    /// The same, but of documents only pictures of their pages cross.
    Pixels,
}

impl PolicyProfile {
    /// The name as written in the configuration, in notices and in records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TextOnly => "text-only",
            Self::RebuildOrHold => "rebuild-or-hold",
            Self::Pixels => "pixels",
        }
    }
}

/// How files are made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSettings {
    /// Quality of JPEG pictures, 1 to 100.
    pub jpeg_quality: u8,
    /// Frames of an animated picture; the rest is left out.
    pub frames: u32,
    /// Whether the lowest bit of each pixel is changed at random, against hidden messages.
    pub noise: bool,
    /// Whether a PDF keeps its fonts; without them its pages become pictures.
    pub fonts: bool,
    /// Dots per inch of pages that become pictures.
    pub dpi: u16,
}

/// The notice below the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeSettings {
    /// Its language; `Auto` follows the mail.
    pub language: LanguageChoice,
}

/// Addresses of the web in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSettings {
    /// How they are shown.
    pub form: LinkForm,
    /// Domains, each with all below it, that are shown otherwise; each stands once.
    pub exceptions: Vec<(Domain, LinkForm)>,
}

/// How an address of the web is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkForm {
    /// Readable, but nothing to click.
    Show,
    /// As it is.
    Plain,
    /// Not at all.
    Remove,
}

/// What other servers found out about the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationSettings {
    /// The servers that are believed, by their authserv-id (RFC 8601 2.5).
    pub servers: Vec<Domain>,
}

/// A language, or the reader's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LanguageChoice {
    /// Notices: the mail's language. Command: the locale.
    Auto,
    /// Japanese.
    Ja,
    /// English.
    En,
}

/// Log lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// Their form.
    pub format: LogFormat,
    /// What is logged.
    pub filter: LogFilter,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Human on a terminal, JSON otherwise.
    Auto,
    /// One readable line each.
    Human,
    /// One JSON object a line.
    Json,
}

/// From which level on something is logged, with exceptions per target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter {
    /// Level of everything that no exception names.
    pub level: LogLevel,
    /// Exceptions: target prefix (a Rust module path) and its level.
    pub targets: Vec<(String, LogLevel)>,
}

/// Levels, from silent to chatty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Somebody must act.
    Error,
    /// Somebody should look.
    Warn,
    /// What happened to every mail.
    Info,
    /// Why.
    Debug,
    /// Everything.
    Trace,
}
