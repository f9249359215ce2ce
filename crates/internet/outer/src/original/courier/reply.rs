//! What became of a mail: digits of replies, and troubles. Never what a server
//! wrote, which is a stranger's.

use std::fmt;
use std::io;

use sekisho_safe_message::SafeLine;

/// A server's reply without its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply {
    /// RFC 5321 4.2: 200 to 599.
    pub(crate) code: u16,
    /// RFC 3463, if the server gave one that fits its code.
    enhanced: Option<[u16; 3]>,
}

/// What a reply means (RFC 5321 4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// 2yz
    Yes,
    /// 3yz: go on with the data.
    GoOn,
    /// 4yz: not now.
    NotNow,
    /// 5yz: never.
    Never,
}

/// What became of a mail for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The server has it.
    Delivered(Reply),
    /// Not now.
    Later(Cause),
    /// Never.
    Refused(Reply),
}

/// Why not now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The server said so.
    Reply(Reply),
    /// There was no reply that counts: a code.
    Trouble(&'static str),
}

/// Why there is no verdict for anybody.
#[derive(Debug)]
pub(crate) enum Trouble {
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
    /// The mail itself could not be read to its end.
    Body(io::Error),
}

impl Reply {
    /// A reply with this code, and with the enhanced code that `words` begin
    /// with, if it is of the same class (RFC 2034 4).
    pub(super) fn new(code: u16, words: &str) -> Self {
        let enhanced = words.split_whitespace().next().and_then(enhanced);
        Self { code, enhanced: enhanced.filter(|enhanced| enhanced[0] == code / 100) }
    }

    pub(super) fn meaning(self) -> Meaning {
        match self.code {
            0..300 => Meaning::Yes,
            300..400 => Meaning::GoOn,
            400..500 => Meaning::NotNow,
            500.. => Meaning::Never,
        }
    }
}

/// RFC 3463 2: class.subject.detail, one digit and twice up to three.
fn enhanced(word: &str) -> Option<[u16; 3]> {
    let mut numbers = [0; 3];
    let mut parts = word.split('.');
    for (number, longest) in numbers.iter_mut().zip([1, 3, 3]) {
        let part = parts.next()?;
        let plain = (1..=longest).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        *number = part.parse().ok().filter(|_| plain)?;
    }
    parts.next().is_none().then_some(numbers)
}

impl Trouble {
    /// The code in records and log lines.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Lost => "lost",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Greeting(_) => "greeting",
            Self::TlsMissing => "tls-missing",
            Self::Tls => "tls",
            Self::Body(_) => "unreadable",
        }
    }
}

impl Verdict {
    /// What a record says of it: digits, or a code of ours.
    pub(crate) fn said(self) -> SafeLine {
        SafeLine::clean(&match self {
            Self::Delivered(reply) | Self::Refused(reply) | Self::Later(Cause::Reply(reply)) => reply.to_string(),
            Self::Later(Cause::Trouble(code)) => code.to_owned(),
        })
        .value
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        self.enhanced.map_or(Ok(()), |[class, subject, detail]| write!(f, " {class}.{subject}.{detail}"))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Greeting(reply) => write!(f, "{}: {reply}", self.code()),
            Self::Body(error) => write!(f, "{}: {error}", self.code()),
            Self::Connect | Self::Lost | Self::Timeout | Self::Protocol | Self::TlsMissing | Self::Tls => {
                f.write_str(self.code())
            }
        }
    }
}

impl std::error::Error for Trouble {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_reply_the_digits_stay() {
        for (code, words, want) in [
            (250, "2.1.5 ok", "250 2.1.5"),
            (550, "5.7.1 go away, you", "550 5.7.1"),
            (450, "5.1.1 contradicts itself", "450"),
            (250, "ok", "250"),
            (250, "", "250"),
            (550, "5.1", "550"),
            (550, "5.1.1.1", "550"),
            (550, "5.1000.1", "550"),
            (550, "5.+1.1", "550"),
            (550, "55.1.1", "550"),
        ] {
            assert_eq!(Reply::new(code, words).to_string(), want, "{words}");
        }
    }

    #[test]
    fn records_hold_codes() {
        assert_eq!(Verdict::Refused(Reply::new(550, "5.1.1 <script>")).said().as_str(), "550 5.1.1");
        assert_eq!(Verdict::Later(Cause::Trouble(Trouble::Lost.code())).said().as_str(), "lost");
    }
}
