//! A connection on which transactions are spoken: what is said in one go where the server allows it (RFC 2920), and
//! command by command where it does not.
//!
//! Owns: the order of commands and replies. Every reply is read, whatever the one before it said, so that no reply is
//! ever taken for that to another command. Never: what follows from a reply.

use std::fmt;
use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use sekisho_safe_message::Address;
use tokio::time::timeout;

use super::{CHUNK, Limits, say, to_lettre, understood};
use crate::relay::outcome::{Meaning, Reply, Trouble};

/// Mails up to this are said in one write, their end included.
const SHORT: usize = 64 * 1024;

/// A connection that greeted.
pub(super) struct Line {
    pub(super) connection: AsyncSmtpConnection,
    /// Whether several commands may be sent before the first reply is there.
    pub(super) pipelining: bool,
}

/// What a server said to the envelope of one mail.
pub(super) struct Opened {
    /// To MAIL.
    pub(super) mail: Reply,
    /// To each RCPT; none where MAIL was refused.
    pub(super) to: Vec<Reply>,
    /// To DATA, if that was said.
    pub(super) data: Option<Reply>,
}

/// How an envelope went wrong.
pub(super) enum Broken {
    /// Before MAIL was answered.
    Before(Trouble),
    /// After it: nobody has the mail, as there was no data.
    After(Trouble),
}

impl Line {
    /// Says MAIL, RCPT for each of `to`, and DATA unless nobody is left to have it.
    pub(super) async fn open(
        &mut self,
        from: Option<&Address>,
        to: &[Address],
        limit: Duration,
    ) -> Result<Opened, Broken> {
        let from = Mail::new(from.map(to_lettre), Vec::new());
        let to: Vec<_> = to.iter().map(|address| Rcpt::new(to_lettre(address), Vec::new())).collect();
        if self.pipelining {
            self.open_at_once(from, &to, limit).await
        } else {
            self.open_by_turns(from, to, limit).await
        }
    }

    async fn open_by_turns(&mut self, from: Mail, to: Vec<Rcpt>, limit: Duration) -> Result<Opened, Broken> {
        let mail = say(&mut self.connection, from, limit).await.map_err(Broken::Before)?;
        let mut opened = Opened { mail, to: Vec::with_capacity(to.len()), data: None };
        if opened.mail.meaning() != Meaning::Yes {
            return Ok(opened);
        }
        for rcpt in to {
            opened.to.push(say(&mut self.connection, rcpt, limit).await.map_err(Broken::After)?);
        }
        if opened.to.iter().any(|reply| reply.meaning() == Meaning::Yes) {
            opened.data = Some(say(&mut self.connection, Data, limit).await.map_err(Broken::After)?);
        }
        Ok(opened)
    }

    async fn open_at_once(&mut self, from: Mail, to: &[Rcpt], limit: Duration) -> Result<Opened, Broken> {
        let rcpts: String = to.iter().map(ToString::to_string).collect();
        let mail = say(&mut self.connection, format!("{from}{rcpts}{Data}"), limit).await;
        let mail = mail.map_err(Broken::Before)?;
        if mail.code == 421 {
            return Ok(Opened { mail, to: Vec::new(), data: None });
        }
        let mut answers = Vec::with_capacity(to.len());
        for _ in to {
            answers.push(self.hear(limit).await.map_err(Broken::After)?);
        }
        let data = self.hear(limit).await.map_err(Broken::After)?;
        if mail.meaning() != Meaning::Yes {
            answers.clear();
        }
        Ok(Opened { mail, to: answers, data: Some(data) })
    }

    /// The next reply to what was said already.
    async fn hear(&mut self, limit: Duration) -> Result<Reply, Trouble> {
        understood(timeout(limit, self.connection.read_response()).await)
    }

    /// Says the mail itself, after 354.
    pub(super) async fn content(&mut self, bytes: &[u8], limits: &Limits) -> Result<Reply, Trouble> {
        // What ends the data brings the CRLF before the dot, and the mail has its last CRLF.
        let body = bytes.strip_suffix(b"\r\n").unwrap_or(bytes);
        if let Some(text) = str::from_utf8(body).ok().filter(|text| text.len() <= SHORT) {
            return say(&mut self.connection, Stuffed(text), limits.data).await;
        }
        understood(timeout(limits.data, self.connection.message_iter(body.chunks(CHUNK))).await)
    }

    /// Ends data that nobody is to have (RFC 2920 3.1): the server asked for it although it took no recipient.
    pub(super) async fn nothing(&mut self, limit: Duration) {
        // Nothing depends on the answer; the connection is given up.
        let _ = say(&mut self.connection, ".\r\n", limit).await;
    }
}

/// A mail as it stands on the wire (RFC 5321 4.5.2), with its end.
struct Stuffed<'a>(&'a str);

impl fmt::Display for Stuffed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.split_inclusive("\r\n") {
            if line.starts_with('.') {
                f.write_str(".")?;
            }
            f.write_str(line)?;
        }
        f.write_str("\r\n.\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_stuffed() {
        for (mail, wire) in [
            ("a\r\nb", "a\r\nb\r\n.\r\n"),
            (".\r\n..\r\n.a", "..\r\n...\r\n..a\r\n.\r\n"),
            ("a.\r\n\r\n b.", "a.\r\n\r\n b.\r\n.\r\n"),
            ("", "\r\n.\r\n"),
        ] {
            assert_eq!(Stuffed(mail).to_string(), wire, "{mail:?}");
        }
    }
}
