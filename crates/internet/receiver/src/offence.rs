//! Faults of the peer.

use std::fmt;

use crate::Reply;

/// What a peer did against the protocol. The text is ours; none of it is the
/// peer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offence {
    /// A carriage return without a line feed, or a line feed without a
    /// carriage return before it, or NUL, in a command.
    CommandOctets,
    /// A command line without end, past [`crate::line::MAX_DISCARD`].
    EndlessLine,
    /// A command line over the limit.
    LineTooLong,
    /// An octet outside printable ASCII in a command.
    NotAscii,
    /// A verb that nobody knows.
    Unknown,
    /// Arguments that break RFC 5321 4.1.1.
    Syntax,
    /// MAIL with a path that breaks RFC 5321 4.1.2.
    Sender,
    /// RCPT with a path that breaks RFC 5321 4.1.2.
    Recipient,
    /// MAIL with a parameter that was not offered.
    MailParameter,
    /// RCPT with a parameter that was not offered.
    RcptParameter,
    /// A command sent before the reply it had to wait for (RFC 2920 3.1).
    Pipelining,
    /// Octets sent before our greeting (RFC 5321 3.1).
    EarlyTalk,
    /// BDAT, which was not offered: its octets must not be read as commands.
    Chunking,
    /// A bare carriage return in mail data (RFC 5321 2.3.8).
    BareCr,
    /// A bare line feed in mail data (RFC 5321 2.3.8).
    BareLf,
    /// NUL in mail data.
    Nul,
}

impl Offence {
    /// What the peer hears.
    pub fn reply(self) -> Reply {
        match self {
            Self::CommandOctets => Reply::BAD_OCTETS,
            Self::EndlessLine | Self::LineTooLong => Reply::LINE_TOO_LONG,
            Self::NotAscii => Reply::NOT_ASCII,
            Self::Unknown => Reply::UNKNOWN_COMMAND,
            Self::Syntax => Reply::SYNTAX,
            Self::Sender => Reply::BAD_SENDER,
            Self::Recipient => Reply::BAD_RECIPIENT,
            Self::MailParameter => Reply::BAD_MAIL_PARAMETER,
            Self::RcptParameter => Reply::BAD_RCPT_PARAMETER,
            Self::Pipelining => Reply::BAD_PIPELINING,
            Self::EarlyTalk => Reply::EARLY_TALKER,
            Self::Chunking => Reply::NOT_OFFERED,
            Self::BareCr => Reply::BARE_CR,
            Self::BareLf => Reply::BARE_LF,
            Self::Nul => Reply::NUL,
        }
    }

    /// Whether both sides may now see different commands in the same octets,
    /// so that the connection must end (the cause of SMTP smuggling).
    pub fn is_fatal(self) -> bool {
        match self {
            Self::CommandOctets
            | Self::EndlessLine
            | Self::Pipelining
            | Self::EarlyTalk
            | Self::Chunking
            | Self::BareCr
            | Self::BareLf
            | Self::Nul => true,
            Self::LineTooLong
            | Self::NotAscii
            | Self::Unknown
            | Self::Syntax
            | Self::Sender
            | Self::Recipient
            | Self::MailParameter
            | Self::RcptParameter => false,
        }
    }

    /// A stable code for logs and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::CommandOctets => "command-octets",
            Self::EndlessLine => "endless-line",
            Self::LineTooLong => "line-too-long",
            Self::NotAscii => "not-ascii",
            Self::Unknown => "unknown-command",
            Self::Syntax => "syntax",
            Self::Sender => "sender-syntax",
            Self::Recipient => "recipient-syntax",
            Self::MailParameter => "mail-parameter",
            Self::RcptParameter => "rcpt-parameter",
            Self::Pipelining => "pipelining",
            Self::EarlyTalk => "early-talk",
            Self::Chunking => "chunking",
            Self::BareCr => "bare-cr",
            Self::BareLf => "bare-lf",
            Self::Nul => "nul",
        }
    }
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for Offence {}
