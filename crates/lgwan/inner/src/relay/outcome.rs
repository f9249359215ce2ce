//! What became of a mail: replies and troubles, per recipient.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A server's reply without its words, which are a stranger's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// RFC 5321 4.2: 200 to 599.
    pub code: u16,
    /// RFC 3463, if the server gave one that fits its code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub enhanced: Option<Enhanced>,
}

/// An enhanced status code (RFC 3463), digits and dots only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Enhanced {
    class: u8,
    subject: u16,
    detail: u16,
}

/// What a reply means (RFC 5321 4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// 2yz
    Yes,
    /// 3yz: go on with the data.
    GoOn,
    /// 4yz: not now.
    NotNow,
    /// 5yz: never.
    Never,
}

impl Reply {
    /// A reply with this code, and with the enhanced code that `words` begin
    /// with, if it is of the same class (RFC 2034 4).
    pub(crate) fn new(code: u16, words: &str) -> Self {
        let first = words.split_whitespace().next().and_then(|word| word.parse::<Enhanced>().ok());
        Self { code, enhanced: first.filter(|enhanced| u16::from(enhanced.class) == code / 100) }
    }

    /// What it means.
    pub fn meaning(self) -> Meaning {
        match self.code {
            0..300 => Meaning::Yes,
            300..400 => Meaning::GoOn,
            400..500 => Meaning::NotNow,
            500.. => Meaning::Never,
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        self.enhanced.map_or(Ok(()), |enhanced| write!(f, " {enhanced}"))
    }
}

impl FromStr for Enhanced {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "an enhanced status code is class.subject.detail";
        let short = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let mut parts = text.split('.');
        let (Some(class), Some(subject), Some(detail), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(WRONG);
        };
        if !matches!(class, "2" | "4" | "5") || !short(subject) || !short(detail) {
            return Err(WRONG);
        }
        let number = |part: &str| part.parse::<u16>().map_err(|_| WRONG);
        Ok(Self { class: class.parse().map_err(|_| WRONG)?, subject: number(subject)?, detail: number(detail)? })
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl TryFrom<String> for Enhanced {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Enhanced> for String {
    fn from(code: Enhanced) -> Self {
        code.to_string()
    }
}

/// Why there is no reply, or none that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody listens, or the name does not resolve.
    Connect,
    /// The connection broke.
    Lost,
    /// Too slow.
    Timeout,
    /// What came is no reply of SMTP, or out of turn.
    Protocol,
    /// The server turned us away before any mail.
    Greeting(Reply),
    /// Encryption is required and not offered.
    TlsMissing,
    /// The TLS handshake failed, or the certificate is not to be trusted.
    Tls,
    /// The Maildir cannot be written.
    Disk,
}

impl Trouble {
    /// The code in records and log lines.
    pub fn code(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Lost => "lost",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Greeting(_) => "greeting",
            Self::TlsMissing => "tls-missing",
            Self::Tls => "tls",
            Self::Disk => "disk",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Greeting(reply) => write!(f, "greeting {reply}"),
            Self::Connect | Self::Lost | Self::Timeout | Self::Protocol | Self::TlsMissing | Self::Tls | Self::Disk => {
                f.write_str(self.code())
            }
        }
    }
}

/// What became of one recipient in one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The next server answers for it; no reply where there is no server.
    Done(Option<Reply>),
    /// Try again later.
    Later(Cause),
    /// Refused for good.
    Refused(Reply),
}

/// Why something has to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A 4yz reply.
    Reply(Reply),
    /// No usable reply.
    Trouble(Trouble),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(reply) => reply.fmt(f),
            Self::Trouble(trouble) => trouble.fmt(f),
        }
    }
}

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The way itself is closed; no mail was judged and none is at fault.
    Closed(Trouble),
    /// A verdict for every recipient, in the envelope's order.
    Judged(Vec<Verdict>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enhanced_codes_must_fit_the_reply() {
        for (code, words, want) in [
            (550, "5.1.1 no such user", "550 5.1.1"),
            (550, "4.1.1 no such user", "550"),
            (550, "no such user", "550"),
            (250, "2.0.0", "250 2.0.0"),
            (451, "4.7.1.2 x", "451"),
            (451, "4.7.1000 x", "451"),
            (451, "", "451"),
        ] {
            assert_eq!(Reply::new(code, words).to_string(), want);
        }
    }
}
