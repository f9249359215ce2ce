//! One connection, from greeting to close.
//!
//! Owns time and the order of reads and writes. Never decides what is legal:
//! that is [`Session`]'s, the grammar's and the decoder's.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::net::RecvFlags;
use rustls::ServerConfig;
use sekisho_safe_message::MailId;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::command::{self, Command};
use crate::data::{Decoder, Piece};
use crate::drain::Drain;
use crate::intake::{Complete, Flood, Intake};
use crate::line::{Line, LineReader};
use crate::session::{Channel, Effect, Session, Transaction};
use crate::sink::{Arrival, Body, Sink};
use crate::wire::{LINGER_TIME, Wire};
use crate::{Closing, Config, Event, Offence, Refusal, Reply, Tls, TlsSession, reply};

/// What all connections of a server share.
pub(crate) struct Shared<S> {
    pub(crate) config: Config,
    pub(crate) sink: Arc<S>,
}

/// What stays the same when a connection is encrypted.
struct Visit<S> {
    shared: Arc<Shared<S>>,
    peer: SocketAddr,
    drain: Drain,
    /// When no further command is awaited.
    ends: Instant,
    commands: usize,
    errors: usize,
}

/// A conversation over one stream. Encryption makes a new one, so that
/// nothing heard in the clear can leak into it (RFC 3207 4.2).
struct Connection<IO, S> {
    wire: Wire<IO>,
    visit: Visit<S>,
    lines: LineReader,
    tls: Option<TlsSession>,
}

/// Why a conversation over one stream is over.
enum Stop {
    /// It goes on over TLS.
    Encrypt(Arc<ServerConfig>),
    Close(Closing),
}

/// Talks to one client until it or we have had enough.
pub(crate) async fn serve<S: Sink>(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared<S>>, drain: Drain) {
    let ends = Instant::now() + shared.config.limits.session;
    let visit = Visit { shared, peer, drain, ends, commands: 0, errors: 0 };
    visit.tell(Event::Connected { peer });
    let early = spoke_early(&stream);
    let mut plain = Connection::new(stream, visit, None);
    let stop = if early { Stop::Close(Closing::Offence(Offence::EarlyTalk)) } else { plain.talk(Channel::Plain).await };
    match stop {
        Stop::Close(closing) => plain.close(closing).await,
        Stop::Encrypt(config) => {
            let Connection { wire, visit, .. } = plain;
            encrypted(wire.into_io(), visit, config).await;
        }
    }
}

/// Whether octets wait before we have said anything (RFC 5321 3.1). Costs one
/// system call and no time.
fn spoke_early(stream: &TcpStream) -> bool {
    let mut octet = [0; 1];
    let peeked = rustix::net::recv(stream, &mut octet[..], RecvFlags::PEEK | RecvFlags::DONTWAIT);
    matches!(peeked, Ok((_, octets)) if octets > 0)
}

async fn encrypted<S: Sink>(stream: TcpStream, mut visit: Visit<S>, config: Arc<ServerConfig>) {
    let limit = visit.shared.config.limits.handshake_timeout;
    let shaken = tokio::select! {
        biased;
        () = visit.drain.begun() => None,
        shaken = timeout(limit, TlsAcceptor::from(config).accept(stream)) => shaken.ok().and_then(Result::ok),
    };
    let Some(stream) = shaken else {
        return visit.tell(Event::Closed { peer: visit.peer, closing: Closing::Handshake });
    };
    let tls = session_of(&stream);
    visit.tell(Event::Secured { peer: visit.peer, tls });
    let mut connection = Connection::new(stream, visit, Some(tls));
    let closing = match connection.talk(Channel::Encrypted).await {
        Stop::Close(closing) => closing,
        // The session offers STARTTLS once.
        Stop::Encrypt(_) => Closing::Limit(Reply::BAD_SEQUENCE),
    };
    connection.close(closing).await;
}

fn session_of(stream: &TlsStream<TcpStream>) -> TlsSession {
    let (_, session) = stream.get_ref();
    TlsSession {
        version: session.protocol_version().and_then(|version| version.as_str()).unwrap_or("unknown"),
        cipher: session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or("unknown"),
    }
}

impl<S: Sink> Visit<S> {
    fn tell(&self, event: Event) {
        event.log();
        self.shared.config.observer.observe(&event);
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin, S: Sink> Connection<IO, S> {
    fn new(io: IO, visit: Visit<S>, tls: Option<TlsSession>) -> Self {
        let lines = LineReader::new(visit.shared.config.limits.command_line);
        Self { wire: Wire::new(io), visit, lines, tls }
    }

    async fn talk(&mut self, channel: Channel) -> Stop {
        let mut session = Session::new(channel);
        if channel == Channel::Plain {
            reply::write_banner(&self.visit.shared.config.hostname, &mut self.wire.out);
        }
        loop {
            session = match self.turn(session).await {
                Ok(session) => session,
                Err(stop) => return stop,
            };
        }
    }

    /// One command and its answer.
    async fn turn(&mut self, session: Session) -> Result<Session, Stop> {
        // Sent while we were busy, by a peer that was not offered pipelining.
        let early = !self.wire.pending().is_empty() && !session.pipelines();
        let command = self.command().await?;
        self.visit.commands += 1;
        if self.visit.commands > self.visit.shared.config.limits.commands {
            return Err(Stop::Close(Closing::Limit(Reply::TOO_MANY_COMMANDS)));
        }
        if let Err(offence) = command
            && offence.is_fatal()
        {
            return Err(Stop::Close(Closing::Offence(offence)));
        }
        if (early && command != Ok(Command::Quit)) || !self.in_order(&session, &command) {
            return Err(Stop::Close(Closing::Offence(Offence::Pipelining)));
        }
        let command = match command {
            Ok(command) => command,
            Err(offence) => return self.say(offence.reply()).await.map(|()| session),
        };
        let shared = Arc::clone(&self.visit.shared);
        let (session, effect) = session.step(command, &shared.config, || shared.sink.room());
        self.carry_out(effect).await?;
        Ok(session)
    }

    /// Whether what stands in the buffer behind this command may stand there.
    fn in_order(&self, session: &Session, command: &Result<Command, Offence>) -> bool {
        self.wire.pending().is_empty()
            || match command {
                Ok(command) => session.may_be_followed(command),
                Err(_) => session.pipelines(),
            }
    }

    async fn carry_out(&mut self, effect: Effect) -> Result<(), Stop> {
        let config = &self.visit.shared.config;
        match effect {
            Effect::Say(reply) => self.say(reply).await?,
            Effect::SayHelo => reply::write_helo(&config.hostname, &mut self.wire.out),
            Effect::SayEhlo { starttls } => {
                reply::write_ehlo(&config.hostname, config.limits.message_size, starttls, &mut self.wire.out);
            }
            Effect::StartTls => {
                let tls = match &config.tls {
                    Tls::Offered(tls) | Tls::Required(tls) => Arc::clone(tls),
                    Tls::Off => return self.say(Reply::NOT_OFFERED).await,
                };
                self.say(Reply::START_TLS).await?;
                self.flush().await?;
                return Err(Stop::Encrypt(tls));
            }
            Effect::Receive(transaction) => self.receive(*transaction).await?,
            Effect::Quit => return Err(Stop::Close(Closing::Quit)),
            Effect::Break(offence) => return Err(Stop::Close(Closing::Offence(offence))),
        }
        Ok(())
    }

    /// The next command line. Replies are held back only while whole commands
    /// wait in the buffer (RFC 2920 3.2).
    async fn command(&mut self) -> Result<Result<Command, Offence>, Stop> {
        // From the first wait to the last octet: drips do not stretch it.
        let deadline = Instant::now() + self.visit.shared.config.limits.command_timeout;
        loop {
            let mut rest = self.wire.pending();
            let command = match self.lines.next(&mut rest) {
                Line::Whole(line) => Some(command::parse(line)),
                Line::Bad(offence) => Some(Err(offence)),
                Line::More => None,
            };
            let left = rest.len();
            self.wire.keep_last(left);
            if let Some(command) = command {
                return Ok(command);
            }
            self.flush().await?;
            self.wait_for_command(deadline).await?;
        }
    }

    async fn wait_for_command(&mut self, deadline: Instant) -> Result<(), Stop> {
        let ends = self.visit.ends;
        // Checked here too, for a timer does not fire while octets keep coming.
        let now = Instant::now();
        if now >= ends {
            return Err(Stop::Close(Closing::Limit(Reply::SESSION_OVER)));
        }
        if now >= deadline {
            return Err(Stop::Close(Closing::Limit(Reply::TIMEOUT)));
        }
        let read = tokio::select! {
            biased;
            () = self.visit.drain.begun() => return Err(Stop::Close(Closing::Limit(Reply::CLOSING_DOWN))),
            read = timeout_at(deadline.min(ends), self.wire.fill()) => read,
        };
        match read {
            Err(_) if ends < deadline => Err(Stop::Close(Closing::Limit(Reply::SESSION_OVER))),
            Err(_) => Err(Stop::Close(Closing::Limit(Reply::TIMEOUT))),
            Ok(read) => heard(read),
        }
    }

    /// Queues a reply and counts it.
    async fn say(&mut self, reply: Reply) -> Result<(), Stop> {
        if reply.code() >= 400 {
            self.visit.tell(Event::Refused { peer: self.visit.peer, reply });
        }
        // 4xx are not the peer's fault, and too many recipients are common.
        self.visit.errors += usize::from(reply.is_permanent());
        if reply.is_permanent() && self.visit.errors >= self.visit.shared.config.limits.errors {
            return Err(Stop::Close(Closing::Limit(Reply::TOO_MANY_ERRORS)));
        }
        reply.write(&mut self.wire.out);
        if self.wire.is_full() { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), Stop> {
        let limit = self.visit.shared.config.limits.command_timeout;
        match timeout(limit, self.wire.flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Stop::Close(Closing::Lost)),
        }
    }

    /// DATA, from the sink's consent to the final reply.
    async fn receive(&mut self, transaction: Transaction) -> Result<(), Stop> {
        let peer = self.visit.peer;
        let body = match self.visit.shared.sink.begin(transaction.declared) {
            Ok(body) => body,
            Err(error) => return self.refuse(Refusal::Sink(error)).await,
        };
        self.say(Reply::START_MAIL).await?;
        self.flush().await?;
        let ended = self.mail(body).await.inspect_err(|_| self.visit.tell(Event::Interrupted { peer }))?;
        match ended {
            Err(refusal) => self.refuse(refusal).await,
            Ok(complete) => self.keep(transaction, complete).await,
        }
    }

    async fn refuse(&mut self, refusal: Refusal) -> Result<(), Stop> {
        self.visit.tell(Event::MailRefused { peer: self.visit.peer, refusal });
        self.say(refusal.reply()).await
    }

    /// Reads one mail to its end.
    async fn mail<B: Body>(&mut self, body: B) -> Result<Result<Complete<B>, Refusal>, Stop> {
        let shared = Arc::clone(&self.visit.shared);
        let (limits, trace) = (&shared.config.limits, shared.config.trace.as_ref());
        let deadline = Instant::now() + limits.mail_timeout;
        let mut decoder = Decoder::default();
        let mut intake = Intake::new(body);
        loop {
            let mut rest = self.wire.pending();
            let piece = decoder.next(&mut rest);
            let left = rest.len();
            match piece {
                Piece::Clean(run) => {
                    let taken = intake.take(run.read(), decoder.longest_line(), limits, trace);
                    intake = taken.map_err(|Flood(refusal)| Stop::Close(Closing::Flood(refusal)))?;
                }
                Piece::Broken(offence) => return Err(Stop::Close(Closing::Offence(offence))),
                Piece::End => {
                    self.wire.keep_last(left);
                    return Ok(intake.end());
                }
                Piece::More => {
                    // The start of an end, `CRLF.`, may be used although nothing came of it yet.
                    self.wire.keep_last(left);
                    let until = deadline.min(Instant::now() + limits.data_timeout);
                    match timeout_at(until, self.wire.fill()).await {
                        Err(_) => return Err(Stop::Close(Closing::Limit(Reply::TIMEOUT))),
                        Ok(read) => heard(read)?,
                    }
                    continue;
                }
            }
            self.wire.keep_last(left);
        }
    }

    /// Makes a mail durable; only then says `250` (RFC 5321 6.1).
    async fn keep<B: Body>(&mut self, transaction: Transaction, complete: Complete<B>) -> Result<(), Stop> {
        let Complete { body, size, received } = complete;
        let Transaction { envelope, declared: _, body: body_type, hello } = transaction;
        let peer = SocketAddr::new(self.visit.peer.ip().to_canonical(), self.visit.peer.port());
        let recipients = envelope.to().len();
        let arrival = Arrival { envelope, peer, hello, tls: self.tls, body: body_type, received, size };
        match body.commit(arrival).await {
            Ok(id) => self.accepted(id, size, recipients).await,
            Err(error) => self.refuse(Refusal::Sink(error)).await,
        }
    }

    async fn accepted(&mut self, id: MailId, size: u64, recipients: usize) -> Result<(), Stop> {
        self.visit.tell(Event::Accepted { peer: self.visit.peer, id, size, recipients });
        reply::write_queued(id, &mut self.wire.out);
        // At once: until the peer hears it, a broken line means a duplicate.
        self.flush().await
    }

    async fn close(mut self, closing: Closing) {
        if let Some(reply) = closing.reply() {
            reply.write(&mut self.wire.out);
            let limit = self.visit.shared.config.limits.command_timeout;
            // An idle peer has nothing under way, and the drain shall be short.
            let idle = closing == Closing::Limit(Reply::CLOSING_DOWN);
            let linger = if idle { Duration::ZERO } else { LINGER_TIME };
            // The peer may be gone or deaf; there is nobody else to tell.
            drop(timeout(limit, self.wire.close(linger)).await);
        }
        self.visit.tell(Event::Closed { peer: self.visit.peer, closing });
    }
}

fn heard(read: io::Result<usize>) -> Result<(), Stop> {
    match read {
        Ok(1..) => Ok(()),
        Ok(0) | Err(_) => Err(Stop::Close(Closing::Lost)),
    }
}
