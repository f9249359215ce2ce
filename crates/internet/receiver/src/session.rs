//! The conversation without its wire.
//!
//! Owns which command is legal when (RFC 5321 4.1.4) and what it leaves
//! behind: one struct per state, holding exactly what that state knows.
//! Never reads, writes, waits or looks at a clock; what it must ask the world
//! is an argument.

use sekisho_safe_message::{Address, Domain, Envelope, MAX_RECIPIENTS};

use crate::command::{Command, MailFrom, Recipient};
use crate::sink::{Hello, HelloKind};
use crate::{BodyType, Config, Offence, Reply, Tls};

/// Where a conversation stands.
#[derive(Debug, PartialEq, Eq)]
pub enum Session {
    /// The peer has not said who it is.
    Fresh(Fresh),
    /// It has; no mail is begun.
    Ready(Ready),
    /// MAIL was taken.
    Begun(Begun),
    /// At least one RCPT was taken.
    Addressed(Addressed),
}

/// See [`Session::Fresh`].
#[derive(Debug, PartialEq, Eq)]
pub struct Fresh {
    channel: Channel,
}

/// See [`Session::Ready`].
#[derive(Debug, PartialEq, Eq)]
pub struct Ready {
    channel: Channel,
    hello: Hello,
}

/// See [`Session::Begun`].
#[derive(Debug, PartialEq, Eq)]
pub struct Begun {
    ready: Ready,
    mail: MailFrom,
}

/// See [`Session::Addressed`].
#[derive(Debug, PartialEq, Eq)]
pub struct Addressed {
    begun: Begun,
    /// Never empty, no duplicates.
    to: Vec<Address>,
}

/// What the conversation runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Anybody on the way can read and change it.
    Plain,
    /// TLS.
    Encrypted,
}

/// A mail that may come: what DATA was asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Who sends, who receives.
    pub envelope: Envelope,
    /// Octets that the peer declared.
    pub declared: Option<u64>,
    /// What BODY said.
    pub body: BodyType,
    /// How the peer introduced itself.
    pub hello: Hello,
}

/// What the wire has to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect {
    /// Answer.
    Say(Reply),
    /// Answer HELO.
    SayHelo,
    /// Answer EHLO, with STARTTLS or without.
    SayEhlo {
        /// Whether STARTTLS is offered now.
        starttls: bool,
    },
    /// Answer 220, forget every octet read so far, shake hands, go on with a
    /// fresh session over [`Channel::Encrypted`] (RFC 3207 4.2).
    StartTls,
    /// Open the sink, answer 354, read the mail.
    Receive(Box<Transaction>),
    /// Answer QUIT and close.
    Quit,
    /// Answer the offence and close.
    Break(Offence),
}

impl Session {
    /// A conversation at its beginning.
    pub fn new(channel: Channel) -> Self {
        Self::Fresh(Fresh { channel })
    }

    /// Whether commands may have arrived behind `command` already. Without
    /// EHLO pipelining was not offered; with it, some commands end a group
    /// (RFC 2920 3.1). QUIT may be followed by anything: nobody reads it.
    pub fn may_be_followed(&self, command: &Command) -> bool {
        match command {
            Command::Quit => true,
            Command::Mail(_) | Command::Rcpt(_) | Command::Rset => self.pipelines(),
            Command::Helo(_)
            | Command::Ehlo(_)
            | Command::Data
            | Command::Noop
            | Command::Vrfy
            | Command::StartTls
            | Command::Bdat
            | Command::NotOffered => false,
        }
    }

    /// Whether the peer was offered pipelining.
    pub fn pipelines(&self) -> bool {
        match self.ready() {
            None => false,
            Some(ready) => match ready.hello.kind {
                HelloKind::Helo => false,
                HelloKind::Ehlo => true,
            },
        }
    }

    /// Carries out one command. `room` is asked only where a mail would begin.
    pub fn step(self, command: Command, config: &Config, room: impl FnOnce() -> bool) -> (Self, Effect) {
        if self.must_encrypt(&command, config) {
            return (self, Effect::Say(Reply::TLS_REQUIRED));
        }
        match command {
            Command::Helo(name) => (self.greeted(HelloKind::Helo, name), Effect::SayHelo),
            Command::Ehlo(name) => {
                let starttls = self.offers_tls(config);
                (self.greeted(HelloKind::Ehlo, name), Effect::SayEhlo { starttls })
            }
            Command::Mail(mail) => self.mail(mail, config, room),
            Command::Rcpt(recipient) => self.rcpt(recipient, config),
            Command::Data => self.data(),
            Command::Rset => (self.reset(), Effect::Say(Reply::OK)),
            Command::Noop => (self, Effect::Say(Reply::OK)),
            Command::Vrfy => (self, Effect::Say(Reply::NOT_VERIFIED)),
            Command::NotOffered => (self, Effect::Say(Reply::NOT_OFFERED)),
            Command::StartTls => self.start_tls(config),
            Command::Quit => (self, Effect::Quit),
            Command::Bdat => (self, Effect::Break(Offence::Chunking)),
        }
    }

    /// RFC 3207 4: everything but NOOP, EHLO, STARTTLS and QUIT waits.
    fn must_encrypt(&self, command: &Command, config: &Config) -> bool {
        let required = matches!(config.tls, Tls::Required(_)) && self.channel() == Channel::Plain;
        required
            && match command {
                Command::Noop | Command::Ehlo(_) | Command::StartTls | Command::Quit | Command::Bdat => false,
                Command::Helo(_)
                | Command::Mail(_)
                | Command::Rcpt(_)
                | Command::Data
                | Command::Rset
                | Command::Vrfy
                | Command::NotOffered => true,
            }
    }

    fn offers_tls(&self, config: &Config) -> bool {
        match config.tls {
            Tls::Off => false,
            Tls::Offered(_) | Tls::Required(_) => self.channel() == Channel::Plain,
        }
    }

    fn start_tls(self, config: &Config) -> (Self, Effect) {
        let effect = match &config.tls {
            Tls::Off => Effect::Say(Reply::NOT_OFFERED),
            // RFC 3207 4: the offer stands in the reply to EHLO, and once.
            Tls::Offered(_) | Tls::Required(_) if !self.pipelines() || !self.offers_tls(config) => {
                Effect::Say(Reply::BAD_SEQUENCE)
            }
            Tls::Offered(_) | Tls::Required(_) => Effect::StartTls,
        };
        (self, effect)
    }

    /// RFC 5321 4.1.4: a second EHLO is a RSET.
    fn greeted(self, kind: HelloKind, name: Domain) -> Self {
        Self::Ready(Ready { channel: self.channel(), hello: Hello { kind, name } })
    }

    fn mail(self, mail: MailFrom, config: &Config, room: impl FnOnce() -> bool) -> (Self, Effect) {
        let ready = match self {
            Self::Ready(ready) => ready,
            Self::Fresh(_) | Self::Begun(_) | Self::Addressed(_) => {
                return (self, Effect::Say(Reply::BAD_SEQUENCE));
            }
        };
        let refusal = if mail.extended && ready.hello.kind == HelloKind::Helo {
            Some(Reply::BAD_MAIL_PARAMETER)
        } else if mail.size.is_some_and(|size| size > config.limits.message_size) {
            Some(Reply::TOO_BIG)
        } else if !room() {
            Some(Reply::NO_ROOM)
        } else {
            None
        };
        match refusal {
            Some(reply) => (Self::Ready(ready), Effect::Say(reply)),
            None => (Self::Begun(Begun { ready, mail }), Effect::Say(Reply::SENDER_OK)),
        }
    }

    fn rcpt(self, recipient: Recipient, config: &Config) -> (Self, Effect) {
        let (begun, mut to) = match self {
            Self::Begun(begun) => (begun, Vec::new()),
            Self::Addressed(Addressed { begun, to }) => (begun, to),
            Self::Fresh(_) | Self::Ready(_) => return (self, Effect::Say(Reply::BAD_SEQUENCE)),
        };
        let reply = match admit(recipient, config) {
            Err(reply) => reply,
            Ok(address) if to.contains(&address) => Reply::RECIPIENT_OK,
            Ok(_) if to.len() >= config.limits.recipients.min(MAX_RECIPIENTS) => Reply::TOO_MANY_RECIPIENTS,
            Ok(address) => {
                to.push(address);
                Reply::RECIPIENT_OK
            }
        };
        let next = if to.is_empty() { Self::Begun(begun) } else { Self::Addressed(Addressed { begun, to }) };
        (next, Effect::Say(reply))
    }

    fn data(self) -> (Self, Effect) {
        match self {
            Self::Fresh(_) | Self::Ready(_) => (self, Effect::Say(Reply::BAD_SEQUENCE)),
            // RFC 5321 4.1.1.4: 503 or 554; the transaction stays.
            Self::Begun(_) => (self, Effect::Say(Reply::NO_RECIPIENTS)),
            Self::Addressed(Addressed { begun: Begun { ready, mail }, to }) => {
                let hello = ready.hello.clone();
                match Envelope::new(mail.sender, to) {
                    Some(envelope) => {
                        let transaction = Transaction { envelope, declared: mail.size, body: mail.body, hello };
                        (Self::Ready(ready), Effect::Receive(Box::new(transaction)))
                    }
                    None => (Self::Ready(ready), Effect::Say(Reply::NO_RECIPIENTS)),
                }
            }
        }
    }

    fn reset(self) -> Self {
        match self {
            Self::Fresh(fresh) => Self::Fresh(fresh),
            Self::Ready(ready)
            | Self::Begun(Begun { ready, .. })
            | Self::Addressed(Addressed { begun: Begun { ready, .. }, .. }) => Self::Ready(ready),
        }
    }

    fn channel(&self) -> Channel {
        match self {
            Self::Fresh(fresh) => fresh.channel,
            Self::Ready(ready) => ready.channel,
            Self::Begun(begun) => begun.ready.channel,
            Self::Addressed(addressed) => addressed.begun.ready.channel,
        }
    }

    fn ready(&self) -> Option<&Ready> {
        match self {
            Self::Fresh(_) => None,
            Self::Ready(ready) => Some(ready),
            Self::Begun(begun) => Some(&begun.ready),
            Self::Addressed(addressed) => Some(&addressed.begun.ready),
        }
    }
}

/// The mailbox that `recipient` means, if it is ours.
fn admit(recipient: Recipient, config: &Config) -> Result<Address, Reply> {
    match recipient {
        Recipient::Postmaster => {
            let domain = config.postmaster.as_ref().ok_or(Reply::NO_POSTMASTER)?;
            format!("postmaster@{domain}").parse().map_err(|_| Reply::NO_POSTMASTER)
        }
        Recipient::Address(address) if !config.domains.accepts(address.domain()) => Err(Reply::RELAY_DENIED),
        // `user%else@ours` and the like make the next server a relay for
        // whoever sends: it trusts us.
        Recipient::Address(address) if address.local().contains(['%', '!', '@']) => Err(Reply::ROUTING_DENIED),
        Recipient::Address(address) => Ok(address),
    }
}
