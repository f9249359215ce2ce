//! What the peer hears: a closed table.
//!
//! Owns every reply line of the receiver with its RFC 3463 status. Never
//! repeats a word of the peer, an error's text or a path: the only variable
//! parts are our own name, our own size limit and the id of a mail.

use sekisho_safe_message::{Domain, MailId};

/// One row of the table: a reply of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    /// RFC 3463, or empty where RFC 2034 3 asks for none (3xx).
    status: &'static str,
    text: &'static str,
}

macro_rules! table {
    ($($(#[$doc:meta])* $name:ident = $code:literal $status:literal $text:literal;)+) => {
        impl Reply {
            $($(#[$doc])* pub const $name: Self = Self { code: $code, status: $status, text: $text };)+

            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),+];
        }
    };
}

table! {
    /// A command was carried out.
    OK = 250 "2.0.0" "Ok";
    /// MAIL was taken.
    SENDER_OK = 250 "2.1.0" "Ok";
    /// RCPT was taken.
    RECIPIENT_OK = 250 "2.1.5" "Ok";
    /// VRFY is never answered with a mailbox (RFC 5321 3.5.3).
    NOT_VERIFIED = 252 "2.0.0" "Cannot verify, but will take mail for our domains";
    /// QUIT.
    BYE = 221 "2.0.0" "Bye";
    /// STARTTLS: the handshake may begin.
    START_TLS = 220 "2.0.0" "Ready to start TLS";
    /// DATA: the mail may come.
    START_MAIL = 354 "" "End data with <CR><LF>.<CR><LF>";

    /// The connection is idle and we are closing down.
    CLOSING_DOWN = 421 "4.3.2" "Service is closing down, try again";
    /// All connections are taken.
    TOO_MANY_CONNECTIONS = 421 "4.3.2" "Too many connections, try again";
    /// This client has taken its share of connections.
    TOO_MANY_FROM_CLIENT = 421 "4.7.0" "Too many connections from your address, try again";
    /// Refused commands passed the limit.
    TOO_MANY_ERRORS = 421 "4.7.0" "Too many errors";
    /// Commands passed the limit.
    TOO_MANY_COMMANDS = 421 "4.7.0" "Too many commands in one session";
    /// Nothing, or too little, came in time.
    TIMEOUT = 421 "4.4.2" "Timeout";
    /// The session has lasted its time.
    SESSION_OVER = 421 "4.4.2" "Session has lasted too long, connect again";
    /// The store failed; the mail is not kept.
    LOCAL_TROUBLE = 451 "4.3.0" "Local trouble, try again";
    /// The store is full; the mail is not kept.
    NO_ROOM = 452 "4.3.1" "Not enough storage, try again";
    /// RCPT over the limit (RFC 5321 4.5.3.1.10): the rest in another mail.
    TOO_MANY_RECIPIENTS = 452 "4.5.3" "Too many recipients, send the rest in another mail";

    /// No such verb.
    UNKNOWN_COMMAND = 500 "5.5.1" "Command not recognized";
    /// A command line over the limit; it was dropped whole.
    LINE_TOO_LONG = 500 "5.5.2" "Line too long";
    /// Bare CR, bare LF or NUL in a command.
    BAD_OCTETS = 500 "5.5.2" "Bare CR, bare LF or NUL in a command";
    /// The arguments break the grammar.
    SYNTAX = 501 "5.5.4" "Syntax error in arguments";
    /// Octets outside printable ASCII in a command.
    NOT_ASCII = 501 "5.5.2" "Only printable ASCII may stand in a command";
    /// MAIL with an address that RFC 5321 does not allow, or a source route.
    BAD_SENDER = 501 "5.1.7" "Bad sender address syntax";
    /// RCPT with an address that RFC 5321 does not allow, or a source route.
    BAD_RECIPIENT = 501 "5.1.3" "Bad recipient address syntax";
    /// A verb that exists elsewhere and is not offered here.
    NOT_OFFERED = 502 "5.5.1" "Command not offered";
    /// A verb in the wrong place.
    BAD_SEQUENCE = 503 "5.5.1" "Bad sequence of commands";
    /// Commands sent before the reply that they must wait for (RFC 2920 3.1).
    BAD_PIPELINING = 503 "5.5.0" "Improper use of command pipelining";
    /// STARTTLS must come first (RFC 3207 4).
    TLS_REQUIRED = 530 "5.7.0" "Must issue a STARTTLS command first";
    /// Bare CR in mail data.
    BARE_CR = 550 "5.5.2" "Bare CR in the mail, only CRLF ends a line";
    /// Bare LF in mail data.
    BARE_LF = 550 "5.5.2" "Bare LF in the mail, only CRLF ends a line";
    /// NUL in mail data.
    NUL = 550 "5.5.2" "NUL in the mail";
    /// A recipient outside our domains.
    RELAY_DENIED = 550 "5.7.1" "Relay access denied";
    /// A recipient that asks the next server to route (`%`, `!`, a quoted `@`).
    ROUTING_DENIED = 550 "5.7.1" "Sender-specified routing is not allowed";
    /// `<postmaster>` where no domain stands for it.
    NO_POSTMASTER = 550 "5.1.1" "No postmaster without a domain";
    /// A mail, declared or sent, over the size limit.
    TOO_BIG = 552 "5.3.4" "Message size exceeds the fixed limit";
    /// A line of mail data over the limit.
    DATA_LINE_TOO_LONG = 552 "5.3.4" "A line of the message exceeds the fixed limit";
    /// The client is not one of ours.
    CLIENT_DENIED = 554 "5.7.1" "Client access denied";
    /// The client spoke before the greeting.
    EARLY_TALKER = 554 "5.5.0" "Spoke before the greeting";
    /// DATA, but every RCPT was refused.
    NO_RECIPIENTS = 554 "5.5.1" "No valid recipients";
    /// Too many hops, or our own trace.
    LOOP = 554 "5.4.6" "Mail is looping";
    /// MAIL with a parameter that was not offered, SMTPUTF8 among them.
    BAD_MAIL_PARAMETER = 555 "5.5.4" "Unsupported MAIL parameter";
    /// RCPT with a parameter; none is offered.
    BAD_RCPT_PARAMETER = 555 "5.5.4" "Unsupported RCPT parameter";
}

impl Reply {
    /// The three digits of RFC 5321 4.2.
    pub fn code(self) -> u16 {
        self.code
    }

    /// The status of RFC 3463, empty for 354.
    pub fn status(self) -> &'static str {
        self.status
    }

    /// Whether the peer is told that its command was wrong (5xx).
    pub fn is_permanent(self) -> bool {
        self.code >= 500
    }

    /// Appends the line with its CRLF.
    pub fn write(self, out: &mut Vec<u8>) {
        let gap = if self.status.is_empty() { "" } else { " " };
        line(out, &format!("{} {}{gap}{}", self.code, self.status, self.text));
    }
}

/// Appends the greeting (RFC 5321 4.2: our name stands first).
pub(crate) fn write_banner(hostname: &Domain, out: &mut Vec<u8>) {
    line(out, &format!("220 {hostname} ESMTP Sekisho"));
}

/// Appends the reply to HELO.
pub(crate) fn write_helo(hostname: &Domain, out: &mut Vec<u8>) {
    line(out, &format!("250 {hostname}"));
}

/// Appends the reply to EHLO with what we offer; `size` in octets (RFC 1870).
pub(crate) fn write_ehlo(hostname: &Domain, size: u64, starttls: bool, out: &mut Vec<u8>) {
    line(out, &format!("250-{hostname}"));
    line(out, "250-PIPELINING");
    line(out, &format!("250-SIZE {size}"));
    if starttls {
        line(out, "250-STARTTLS");
    }
    line(out, "250-ENHANCEDSTATUSCODES");
    line(out, "250 8BITMIME");
}

/// Appends the reply by which we answer for a mail (RFC 5321 6.1).
pub(crate) fn write_queued(id: MailId, out: &mut Vec<u8>) {
    line(out, &format!("250 2.0.0 Ok: queued as {id}"));
}

fn line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn every_row_is_well_formed() {
        for reply in Reply::ALL {
            let mut out = Vec::new();
            reply.write(&mut out);
            let text = String::from_utf8(out).unwrap();
            // RFC 5321 4.5.3.1.5: 512 octets with CRLF.
            assert!(text.len() <= 512 && text.ends_with("\r\n"), "{text}");
            assert!(text.trim_end().bytes().all(|b| (32..127).contains(&b)), "{text}");
            let class = (reply.code / 100).to_string();
            // RFC 2034 4: the status agrees with the code; 354 has none.
            assert!(reply.code == 354 || reply.status.split('.').next() == Some(&class), "{text}");
            assert!(matches!(reply.code / 100, 2..=5) && (200..=559).contains(&reply.code), "{text}");
        }
    }

    #[test]
    fn variable_replies() {
        let host = Domain::parse("mx.example").unwrap();
        let mut out = Vec::new();
        write_ehlo(&host, 1000, true, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().last(), Some("250 8BITMIME"));
        assert!(text.contains("250-SIZE 1000\r\n") && text.contains("250-STARTTLS\r\n"));
        let mut out = Vec::new();
        write_ehlo(&host, 1000, false, &mut out);
        assert!(!String::from_utf8(out).unwrap().contains("STARTTLS"));
        let mut out = Vec::new();
        write_queued(MailId::from_bytes([0; 16]), &mut out);
        assert_eq!(out, b"250 2.0.0 Ok: queued as 00000000000000000000000000\r\n");
    }
}
