//! SMTP to one server, by lettre's connection-level client.
//!
//! Not by its `send()`, which gives up at the first recipient that is refused:
//! here every recipient has a verdict. Connections are kept and used again; a
//! kept one that turns out dead costs one new connection, never a verdict.

mod line;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Noop, Quit};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error as SmtpError, response::Response};
use sekisho_safe_message::Address;
use sekisho_settings::{HostPort, RelayTls};
use sekisho_verify::VerifiedMail;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use self::line::{Broken, Line};
use super::Transport;
use super::outcome::{Attempt, Cause, Meaning, Reply, Trouble, Verdict};
use super::wire::Wire;

/// Recipients of one transaction: RFC 5321 4.5.3.1.8 lets a server take no
/// more; the rest follows in the next transaction.
const RECIPIENTS: usize = 100;
/// Octets of one write of the data.
const CHUNK: usize = 64 * 1024;
/// Mails over one connection, so that a server which is replaced behind its
/// name gets its share.
const MAILS: u32 = 200;

/// How long each step may take; by default RFC 5321 4.5.3.2 or a little less.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To connect.
    pub connect: Duration,
    /// From connecting to the end of EHLO and of STARTTLS, each.
    pub greeting: Duration,
    /// For the reply to MAIL, RCPT, DATA, RSET.
    pub command: Duration,
    /// For the whole of the data and the reply to its end.
    pub data: Duration,
    /// How long an idle connection is kept.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(30),
            greeting: seconds(120),
            command: seconds(300),
            data: seconds(900),
            idle: seconds(20),
        }
    }
}

/// Encryption, with certificates read and keys checked.
#[derive(Clone)]
pub enum Security {
    /// Never.
    None,
    /// When the server offers it.
    Opportunistic(TlsParameters),
    /// Or no delivery.
    Required(TlsParameters),
}

/// Why a transport cannot be set up.
#[derive(Debug)]
pub enum SetUpError {
    /// The file with the authority's certificates cannot be used.
    Certificates(PathBuf, String),
    /// The Maildir cannot be made.
    Maildir(PathBuf, std::io::Error),
}

/// One mail server.
pub struct Smtp {
    server: HostPort,
    hello: ClientId,
    security: Security,
    limits: Limits,
    idle: Mutex<Vec<Kept>>,
}

/// A connection between two mails.
struct Kept {
    line: Line,
    since: Instant,
    mails: u32,
}

/// How a transaction ended.
enum Ended {
    /// The connection was dead before MAIL was answered: nothing happened.
    Stale(Trouble),
    /// Verdicts, and whether the connection is good for another mail.
    Judged(Vec<Verdict>, bool),
}

impl Security {
    /// Reads what `tls` names, for a server of this name.
    ///
    /// # Errors
    /// [`SetUpError::Certificates`].
    pub fn load(tls: &RelayTls, server: &HostPort) -> Result<Self, SetUpError> {
        match tls {
            RelayTls::None => Ok(Self::None),
            // Encrypted to whoever answers is more than not encrypted.
            RelayTls::Opportunistic { ca_file: None } => {
                let any = TlsParameters::builder(server.host.clone())
                    .certificate_store(CertificateStore::None)
                    .dangerous_accept_invalid_certs(true);
                let built = any.build_rustls();
                built.map(Self::Opportunistic).map_err(|err| wrong_certificates(Path::new(""), err))
            }
            RelayTls::Opportunistic { ca_file: Some(file) } => trusting(file, server).map(Self::Opportunistic),
            RelayTls::Required { ca_file } => trusting(ca_file, server).map(Self::Required),
        }
    }
}

fn trusting(file: &Path, server: &HostPort) -> Result<TlsParameters, SetUpError> {
    let wrong = |why: &dyn fmt::Display| wrong_certificates(file, why);
    let pem = std::fs::read(file).map_err(|err| wrong(&err))?;
    if !pem.windows(27).any(|part| part == b"-----BEGIN CERTIFICATE-----") {
        return Err(wrong(&"it holds no certificate"));
    }
    let roots = Certificate::from_pem(&pem).map_err(|err| wrong(&err))?;
    TlsParameters::builder(server.host.clone())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(roots)
        .build_rustls()
        .map_err(|err| wrong(&err))
}

fn wrong_certificates(file: &Path, why: impl fmt::Display) -> SetUpError {
    SetUpError::Certificates(file.to_owned(), why.to_string())
}

impl Smtp {
    /// A transport to `server`, which greets as `hello`. Connects to nothing.
    pub fn new(server: HostPort, hello: &str, security: Security, limits: Limits) -> Self {
        let hello = ClientId::Domain(hello.to_owned());
        Self { server, hello, security, limits, idle: Mutex::new(Vec::new()) }
    }

    /// A connection that greeted and, if so configured, is encrypted.
    async fn connect(&self) -> Result<Line, Trouble> {
        let limits = &self.limits;
        let connecting = TcpStream::connect((self.server.host.as_str(), self.server.port));
        let tcp = timeout(limits.connect, connecting).await.map_err(|_| Trouble::Timeout)?;
        let tcp = tcp.map_err(|_| Trouble::Connect)?;
        tcp.set_nodelay(true).map_err(|_| Trouble::Lost)?;
        let wire = Wire::new(tcp);
        let offered = wire.pipelining();
        let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &self.hello);
        let mut connection =
            timeout(limits.greeting, greeting).await.map_err(|_| Trouble::Timeout)?.map_err(greeted)?;
        let in_clear = |connection| Ok(Line { connection, pipelining: offered.load(Ordering::Relaxed) });
        let parameters = match &self.security {
            Security::None => return in_clear(connection),
            Security::Opportunistic(_) if !connection.can_starttls() => return in_clear(connection),
            Security::Required(_) if !connection.can_starttls() => return Err(Trouble::TlsMissing),
            Security::Opportunistic(parameters) | Security::Required(parameters) => parameters.clone(),
        };
        let starting = connection.starttls(parameters, &self.hello);
        // Whatever goes wrong from here, nothing is sent in clear instead.
        let started = timeout(limits.greeting, starting).await.map_err(|_| Trouble::Timeout)?;
        started.map_err(|err| match greeted(err) {
            Trouble::Greeting(reply) => Trouble::Greeting(reply),
            _ => Trouble::Tls,
        })?;
        // What was offered in clear counts no longer (RFC 3207 4.2), and lettre does not tell what is offered now.
        Ok(Line { connection, pipelining: false })
    }

    /// A kept connection that is still fresh.
    fn kept(&self) -> Option<Kept> {
        let mut idle = self.lock();
        idle.retain(|kept| kept.since.elapsed() < self.limits.idle);
        idle.pop()
    }

    /// Keeps a connection for the next mail.
    async fn keep(&self, mut line: Line, mails: u32) {
        if mails >= MAILS {
            // Politeness: nothing depends on the answer.
            let _ = timeout(Duration::from_secs(5), line.connection.command(Quit)).await;
            return;
        }
        self.lock().push(Kept { line, since: Instant::now(), mails });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        // A list of connections cannot be half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction, over a kept connection if there is a live one.
    async fn transaction(&self, mail: &VerifiedMail, to: &[Address]) -> Attempt {
        if let Some(Kept { mut line, mails, .. }) = self.kept() {
            match self.transact(&mut line, mail, to).await {
                Ended::Judged(verdicts, reusable) => {
                    if reusable {
                        self.keep(line, mails + 1).await;
                    }
                    return Attempt::Judged(verdicts);
                }
                // Closed while it lay idle: a fresh one, at once.
                Ended::Stale(_) => {}
            }
        }
        let mut line = match self.connect().await {
            Ok(line) => line,
            Err(trouble) => return Attempt::Closed(trouble),
        };
        match self.transact(&mut line, mail, to).await {
            Ended::Judged(verdicts, reusable) => {
                if reusable {
                    self.keep(line, 1).await;
                }
                Attempt::Judged(verdicts)
            }
            // The server greeted and then broke off: this mail may be why, and
            // must not stop the others.
            Ended::Stale(trouble) => Attempt::Judged(vec![Verdict::Later(Cause::Trouble(trouble)); to.len()]),
        }
    }

    async fn transact(&self, line: &mut Line, mail: &VerifiedMail, to: &[Address]) -> Ended {
        let limit = self.limits.command;
        let all = |verdict: Verdict| vec![verdict; to.len()];
        let opened = match line.open(mail.envelope().from(), to, limit).await {
            Ok(opened) => opened,
            Err(Broken::Before(trouble)) => return Ended::Stale(trouble),
            Err(Broken::After(trouble)) => {
                return Ended::Judged(all(Verdict::Later(Cause::Trouble(trouble))), false);
            }
        };
        // 421: it closes, which a kept connection may do at any time.
        if opened.mail.code == 421 {
            return Ended::Stale(Trouble::Greeting(opened.mail));
        }
        let began = opened.mail.meaning() == Meaning::Yes;
        let asked_for_data = opened.data.is_some_and(|reply| reply.meaning() == Meaning::GoOn);
        let refused: Vec<Option<Verdict>> = match opened.mail.meaning() {
            Meaning::Yes => {
                let refusal = |reply: Reply| (reply.meaning() != Meaning::Yes).then(|| negative(reply));
                opened.to.into_iter().map(refusal).collect()
            }
            Meaning::GoOn | Meaning::NotNow | Meaning::Never => vec![Some(negative(opened.mail)); to.len()],
        };
        if refused.iter().all(Option::is_some) {
            let verdicts = refused.into_iter().flatten().collect();
            if asked_for_data {
                // RFC 2920 3.1 ends such data by a dot; a server that refused MAIL could take that for a mail.
                if began {
                    line.nothing(limit).await;
                }
                return Ended::Judged(verdicts, false);
            }
            return Ended::Judged(verdicts, reset(&mut line.connection, limit).await);
        }
        let (accepted, reusable) = self.data(line, opened.data, mail.bytes()).await;
        let verdicts = refused.into_iter().map(|refused| refused.unwrap_or(accepted)).collect();
        Ended::Judged(verdicts, reusable)
    }

    /// The data after the reply to DATA, and the verdict for all who were
    /// accepted.
    async fn data(&self, line: &mut Line, reply: Option<Reply>, bytes: &[u8]) -> (Verdict, bool) {
        match reply {
            Some(reply) if reply.meaning() == Meaning::GoOn => {}
            Some(reply) if reply.meaning() != Meaning::Yes => {
                return (negative(reply), reset(&mut line.connection, self.limits.command).await);
            }
            Some(_) | None => return (Verdict::Later(Cause::Trouble(Trouble::Protocol)), false),
        }
        match line.content(bytes, &self.limits).await {
            Ok(reply) if reply.meaning() == Meaning::Yes => (Verdict::Done(Some(reply)), true),
            Ok(reply) => (negative(reply), reply.code != 421),
            // Perhaps it has the mail and we do not know: it gets it again.
            // RFC 5321 4.5.3.2.6 prefers two to none.
            Err(trouble) => (Verdict::Later(Cause::Trouble(trouble)), false),
        }
    }
}

impl Transport for Smtp {
    async fn deliver(&self, mail: &VerifiedMail) -> Attempt {
        let mut verdicts = Vec::with_capacity(mail.envelope().to().len());
        for to in mail.envelope().to().chunks(RECIPIENTS) {
            match self.transaction(mail, to).await {
                Attempt::Judged(more) => verdicts.extend(more),
                Attempt::Closed(trouble) if verdicts.is_empty() => return Attempt::Closed(trouble),
                // Some have their verdict already, which must be kept.
                Attempt::Closed(trouble) => {
                    verdicts.extend(vec![Verdict::Later(Cause::Trouble(trouble)); to.len()]);
                }
            }
        }
        Attempt::Judged(verdicts)
    }

    async fn probe(&self) -> Result<(), Trouble> {
        let mut connection = self.connect().await?.connection;
        let reply = say(&mut connection, Noop, self.limits.command).await?;
        let _ = timeout(Duration::from_secs(5), connection.command(Quit)).await;
        match reply.meaning() {
            Meaning::Yes => Ok(()),
            Meaning::GoOn | Meaning::NotNow | Meaning::Never => Err(Trouble::Greeting(reply)),
        }
    }
}

/// Our canonical spelling is a valid path already (RFC 5321 4.1.2).
fn to_lettre(address: &Address) -> lettre::Address {
    lettre::Address::new_dangerous(address.local(), address.domain().as_str())
}

/// A reply that is not a yes.
fn negative(reply: Reply) -> Verdict {
    match reply.meaning() {
        Meaning::NotNow => Verdict::Later(Cause::Reply(reply)),
        Meaning::Never => Verdict::Refused(reply),
        Meaning::Yes | Meaning::GoOn => Verdict::Later(Cause::Trouble(Trouble::Protocol)),
    }
}

/// Ends a transaction without data; whether the connection is good for more.
async fn reset(connection: &mut AsyncSmtpConnection, limit: Duration) -> bool {
    matches!(say(connection, "RSET\r\n", limit).await, Ok(reply) if reply.meaning() == Meaning::Yes)
}

async fn say(
    connection: &mut AsyncSmtpConnection,
    command: impl fmt::Display,
    limit: Duration,
) -> Result<Reply, Trouble> {
    understood(timeout(limit, connection.command(command)).await)
}

/// lettre gives negative replies as errors; they are replies all the same.
fn understood(answer: Result<Result<Response, SmtpError>, tokio::time::error::Elapsed>) -> Result<Reply, Trouble> {
    match answer {
        Err(_elapsed) => Err(Trouble::Timeout),
        Ok(Ok(response)) => Ok(Reply::new(response.code().into(), response.first_line().unwrap_or_default())),
        Ok(Err(error)) => reply_of(&error).ok_or_else(|| trouble_of(&error)),
    }
}

fn reply_of(error: &SmtpError) -> Option<Reply> {
    let words = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    error.status().map(|code| Reply::new(code.into(), &words))
}

fn trouble_of(error: &SmtpError) -> Trouble {
    if error.is_tls() {
        return Trouble::Tls;
    }
    // lettre says "incomplete response" for a connection that ended.
    let ended = std::error::Error::source(error).is_none_or(|source| source.to_string() == "incomplete response");
    if error.is_response() && !ended { Trouble::Protocol } else { Trouble::Lost }
}

/// What an error before any mail means.
fn greeted(error: SmtpError) -> Trouble {
    reply_of(&error).map_or_else(|| trouble_of(&error), Trouble::Greeting)
}

impl fmt::Display for SetUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificates(file, why) => write!(f, "{}: {why}", file.display()),
            Self::Maildir(dir, err) => write!(f, "{}: {err}", dir.display()),
        }
    }
}

impl std::error::Error for SetUpError {}
