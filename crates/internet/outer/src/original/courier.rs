//! SMTP to the mail server that holds the Internet-side mailboxes, by lettre's
//! connection-level client: one connection a delivery, a verdict for every
//! recipient.
//!
//! Octets pass as they come. A source that fails half-way ends the connection
//! before the end of the data, so that nobody takes half a mail for the whole.
//!
//! Never: a look into the mail, beyond its line ends.

mod reply;
mod source;
mod wire;

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use sekisho_safe_message::Address;
use tokio::net::TcpStream;
use tokio::time::timeout;

use reply::Meaning;
pub(crate) use reply::{Cause, Reply, Trouble, Verdict};
use source::Source;
use wire::{Cut, Wire};

/// Where the Internet-side mailboxes are, and how to speak to them.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// A DNS name or an IP address without brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// What we call ourselves.
    pub(crate) hello: String,
    /// Encryption.
    pub(crate) tls: Tls,
}

/// Encryption towards the server.
#[derive(Debug, Clone)]
pub(crate) enum Tls {
    /// Never.
    None,
    /// STARTTLS when offered; without a file the certificate is not checked.
    Opportunistic {
        /// PEM roots to trust.
        ca_file: Option<PathBuf>,
    },
    /// STARTTLS with a certificate that verifies, or no delivery.
    Required {
        /// PEM roots to trust.
        ca_file: PathBuf,
    },
}

/// How long each step may take; by default RFC 5321 4.5.3.2 or a little less.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// To connect.
    pub(crate) connect: Duration,
    /// From connecting to the end of EHLO and of STARTTLS, each.
    pub(crate) greeting: Duration,
    /// For the reply to MAIL, RCPT, DATA.
    pub(crate) command: Duration,
    /// For the whole of the data and the reply to its end.
    pub(crate) data: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(30), greeting: seconds(120), command: seconds(300), data: seconds(900) }
    }
}

/// The file with the authority's certificates cannot be used.
#[derive(Debug)]
pub(crate) struct CertificatesError(PathBuf, String);

/// Carries originals, and the gateway's own letters, to one mail server.
pub(crate) struct Courier {
    host: String,
    port: u16,
    hello: ClientId,
    security: Security,
    patience: Patience,
}

/// Encryption, with certificates read and keys checked.
enum Security {
    None,
    Opportunistic(TlsParameters),
    Required(TlsParameters),
}

/// One conversation.
struct Line {
    connection: AsyncSmtpConnection,
    /// Ends it without another octet.
    cut: Cut,
}

impl Courier {
    /// A courier to `server`. Connects to nothing.
    ///
    /// # Errors
    /// [`CertificatesError`] names the file.
    pub(crate) fn new(server: Server, patience: Patience) -> Result<Self, CertificatesError> {
        let security = Security::load(&server.tls, &server.host)?;
        let Server { host, port, hello, tls: _ } = server;
        Ok(Self { host, port, hello: ClientId::Domain(hello), security, patience })
    }

    /// Sends one mail, and says for each of `to` what became of it. A recipient
    /// whom the server did not want in this transaction (RFC 5321 4.5.3.1.8
    /// promises a hundred) is one for later.
    ///
    /// `body` is read in this task; it is a file or memory.
    ///
    /// # Errors
    /// What went wrong before anybody could have the mail.
    pub(crate) async fn send(
        &self,
        from: Option<&Address>,
        to: &[Address],
        body: impl Read + Send,
    ) -> Result<Vec<Verdict>, Trouble> {
        let mut line = self.connect().await?;
        let verdicts = self.transact(&mut line, from, to, body).await;
        if verdicts.is_ok() {
            // Politeness: nothing depends on the answer.
            let _ = timeout(Duration::from_secs(5), line.connection.command(Quit)).await;
        }
        verdicts
    }

    /// A connection that greeted and, if so configured, is encrypted.
    async fn connect(&self) -> Result<Line, Trouble> {
        let patience = &self.patience;
        let connecting = TcpStream::connect((self.host.as_str(), self.port));
        let tcp = timeout(patience.connect, connecting).await.map_err(|_| Trouble::Timeout)?;
        let tcp = tcp.map_err(|_| Trouble::Connect)?;
        tcp.set_nodelay(true).map_err(|_| Trouble::Lost)?;
        let (wire, cut) = Wire::new(tcp);
        let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &self.hello);
        let mut connection =
            timeout(patience.greeting, greeting).await.map_err(|_| Trouble::Timeout)?.map_err(|err| greeted(&err))?;
        let parameters = match &self.security {
            Security::None => return Ok(Line { connection, cut }),
            Security::Opportunistic(_) if !connection.can_starttls() => return Ok(Line { connection, cut }),
            Security::Required(_) if !connection.can_starttls() => return Err(Trouble::TlsMissing),
            Security::Opportunistic(parameters) | Security::Required(parameters) => parameters.clone(),
        };
        let starting = connection.starttls(parameters, &self.hello);
        // Whatever goes wrong from here, nothing is sent in clear instead.
        let started = timeout(patience.greeting, starting).await.map_err(|_| Trouble::Timeout)?;
        started.map_err(|err| match greeted(&err) {
            Trouble::Greeting(reply) => Trouble::Greeting(reply),
            _ => Trouble::Tls,
        })?;
        Ok(Line { connection, cut })
    }

    async fn transact(
        &self,
        line: &mut Line,
        from: Option<&Address>,
        to: &[Address],
        body: impl Read + Send,
    ) -> Result<Vec<Verdict>, Trouble> {
        let limit = self.patience.command;
        // Perhaps it has none of these octets; nobody looked (RFC 6152 3 allows it).
        let eight = line.connection.server_info().supports_feature(Extension::EightBitMime);
        let parameters = eight.then_some(MailParameter::Body(MailBodyParameter::EightBitMime));
        let mail = Mail::new(from.map(to_lettre), parameters.into_iter().collect());
        match say(&mut line.connection, mail, limit).await? {
            reply if reply.meaning() == Meaning::Yes => {}
            reply if reply.code == 421 => return Err(Trouble::Greeting(reply)),
            reply => return Ok(vec![negative(reply); to.len()]),
        }
        let mut verdicts = Vec::with_capacity(to.len());
        for address in to {
            let reply = say(&mut line.connection, Rcpt::new(to_lettre(address), Vec::new()), limit).await?;
            verdicts.push((reply.meaning() != Meaning::Yes).then(|| negative(reply)));
        }
        if verdicts.iter().all(Option::is_some) {
            return Ok(verdicts.into_iter().flatten().collect());
        }
        let accepted = self.data(line, body).await?;
        Ok(verdicts.into_iter().map(|refused| refused.unwrap_or(accepted)).collect())
    }

    /// The data, and the verdict for all who were accepted.
    async fn data(&self, line: &mut Line, body: impl Read + Send) -> Result<Verdict, Trouble> {
        match say(&mut line.connection, Data, self.patience.command).await? {
            reply if reply.meaning() == Meaning::GoOn => {}
            reply if reply.meaning() == Meaning::Yes => return Err(Trouble::Protocol),
            reply => return Ok(negative(reply)),
        }
        // lettre doubles leading dots and ends with CRLF.CRLF, which a source
        // that fails must not see: the cut lets no octet out any more.
        let mut source = Source::new(body);
        let pieces = std::iter::from_fn(|| source.next_or(|| line.cut.now()));
        let sending = line.connection.message_iter(pieces);
        let answer = understood(timeout(self.patience.data, sending).await);
        if let Some(error) = source.failed() {
            return Err(Trouble::Body(error));
        }
        Ok(match answer {
            Ok(reply) if reply.meaning() == Meaning::Yes => Verdict::Delivered(reply),
            Ok(reply) => negative(reply),
            // Perhaps it has the mail and we do not know: it gets it again.
            // RFC 5321 4.5.3.2.6 prefers two to none.
            Err(trouble) => Verdict::Later(Cause::Trouble(trouble.code())),
        })
    }
}

impl Security {
    fn load(tls: &Tls, host: &str) -> Result<Self, CertificatesError> {
        match tls {
            Tls::None => Ok(Self::None),
            // Encrypted to whoever answers is more than not encrypted.
            Tls::Opportunistic { ca_file: None } => TlsParameters::builder(host.to_owned())
                .certificate_store(CertificateStore::None)
                .dangerous_accept_invalid_certs(true)
                .build_rustls()
                .map(Self::Opportunistic)
                .map_err(|err| CertificatesError(PathBuf::new(), err.to_string())),
            Tls::Opportunistic { ca_file: Some(file) } => trusting(file, host).map(Self::Opportunistic),
            Tls::Required { ca_file } => trusting(ca_file, host).map(Self::Required),
        }
    }
}

fn trusting(file: &Path, host: &str) -> Result<TlsParameters, CertificatesError> {
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    let wrong = |why: &dyn fmt::Display| CertificatesError(file.to_owned(), why.to_string());
    let pem = std::fs::read(file).map_err(|err| wrong(&err))?;
    // lettre takes a file without any for an authority without certificates.
    if !pem.windows(BEGIN.len()).any(|part| part == BEGIN) {
        return Err(wrong(&"it holds no certificate"));
    }
    let roots = Certificate::from_pem(&pem).map_err(|err| wrong(&err))?;
    TlsParameters::builder(host.to_owned())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(roots)
        .build_rustls()
        .map_err(|err| wrong(&err))
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
        Meaning::Yes | Meaning::GoOn => Verdict::Later(Cause::Trouble(Trouble::Protocol.code())),
    }
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
fn greeted(error: &SmtpError) -> Trouble {
    reply_of(error).map_or_else(|| trouble_of(error), Trouble::Greeting)
}

impl fmt::Display for CertificatesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.display(), self.1)
    }
}

impl std::error::Error for CertificatesError {}

#[cfg(test)]
mod tests;
