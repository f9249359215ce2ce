//! The doors to the Internet: command lines, the conversation, DATA.

use sekisho_receiver::command::{self, Command};
use sekisho_receiver::data::{Decoder, Piece};
use sekisho_receiver::line::{Line, LineReader};
use sekisho_receiver::session::{Channel, Effect, Session};
use sekisho_receiver::{Config, Domains, Offence, Reply};
use sekisho_safe_message::{Domain, Untrusted};

use super::{Target, Verdict, must, way};
use crate::mutate::Chance;

/// Octets of a command line with CRLF here.
const LINE: usize = 1000;

/// Command lines.
pub(super) const COMMAND: Target = Target {
    name: "command",
    about: "lines do not depend on how octets arrive; no line with CR, LF, NUL or 8-bit octets is a command",
    words: &[
        b"EHLO ",
        b"HELO ",
        b"MAIL FROM:<",
        b"RCPT TO:<",
        b"> SIZE=",
        b" BODY=8BITMIME",
        b"DATA\r\n",
        b"\r\n",
        b"@",
        b"postmaster",
        b"[IPv6:",
        b"\"",
        b"\\",
        b"BDAT 5 LAST\r\n",
        b"STARTTLS\r\n",
    ],
    run: command,
};

fn command(input: &[u8]) -> Verdict {
    let whole = lines(input, &[input]);
    must(whole == lines(input, &chunks(input)), "lines depend on how octets arrive")?;
    let mut ways = Vec::new();
    for line in &whole {
        let read = match line {
            Read::Line(line) => command::parse(Untrusted::new(line)),
            Read::Bad(offence) => {
                ways.push(format!("{offence:?}"));
                continue;
            }
        };
        let printable =
            |line: &Read| matches!(line, Read::Line(l) if l.iter().all(|b| matches!(b, b' '..=b'~' | b'\t')));
        must(read.is_err() || printable(line), "a command with controls or 8-bit octets")?;
        ways.push(match read {
            Ok(Command::Mail(mail)) => {
                format!("MAIL {} {:?} {}", mail.sender.is_some(), mail.body, mail.size.is_some())
            }
            Ok(command) => format!("{command:?}").split('(').next().unwrap_or_default().to_owned(),
            Err(offence) => format!("{offence:?}"),
        });
    }
    // Long conversations are ways too, but not each of them.
    ways.truncate(3);
    Ok(way(ways))
}

#[derive(PartialEq, Eq)]
enum Read {
    Line(Vec<u8>),
    Bad(Offence),
}

fn lines(_: &[u8], chunks: &[&[u8]]) -> Vec<Read> {
    let mut reader = LineReader::new(LINE);
    let mut read = Vec::new();
    for chunk in chunks {
        let mut input = *chunk;
        loop {
            match reader.next(&mut input) {
                Line::Whole(line) => read.push(Read::Line(line.read().to_vec())),
                Line::More => break,
                Line::Bad(offence) => {
                    read.push(Read::Bad(offence));
                    if offence.is_fatal() {
                        return read;
                    }
                }
            }
        }
    }
    read
}

/// `input` cut somewhere, the same way each time.
fn chunks(input: &[u8]) -> Vec<&[u8]> {
    let mut chance = Chance::new(way(input));
    let mut rest = input;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let (chunk, behind) = rest.split_at(1 + chance.below(rest.len().min(17)));
        chunks.push(chunk);
        rest = behind;
    }
    chunks
}

/// DATA.
pub(super) const DATA: Target = Target {
    name: "data",
    about: "the end of a mail is where RFC 5321 says, however octets arrive, and a second reader finds the same",
    words: &[
        b"\r\n.\r\n",
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r\n..\r\n",
        b"\r\n\0.\r\n",
        b"\r\r\n",
        b"\r\n",
        b".",
    ],
    run: data,
};

fn data(input: &[u8]) -> Verdict {
    let whole = decode(&[input]);
    must(whole == decode(&chunks(input)), "the mail depends on how octets arrive")?;
    match (&whole.end, model(input)) {
        (End::Over(rest), Model::Over(mail, end)) => {
            must(whole.mail == mail, "the mail is not what a second reader finds")?;
            must(*rest == input.len() - end, "the mail does not end where a second reader finds its end")?;
        }
        (End::Open, Model::Open) | (End::Broken(_), Model::Broken) => {}
        (end, _) => return Err(format!("a second reader does not see {end:?}")),
    }
    let dots = input.windows(3).filter(|run| *run == b"\n..").count().min(2);
    Ok(way((format!("{:?}", std::mem::discriminant(&whole.end)), broken(&whole.end), dots, whole.mail.len().min(3))))
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    /// So many octets are left.
    Over(usize),
    Open,
    Broken(Offence),
}

#[derive(PartialEq, Eq)]
struct Decoded {
    mail: Vec<u8>,
    end: End,
}

fn broken(end: &End) -> Option<String> {
    match end {
        End::Broken(offence) => Some(offence.to_string()),
        End::Over(_) | End::Open => None,
    }
}

fn decode(chunks: &[&[u8]]) -> Decoded {
    let mut decoder = Decoder::default();
    let mut mail = Vec::new();
    for (at, chunk) in chunks.iter().enumerate() {
        let mut input = *chunk;
        loop {
            match decoder.next(&mut input) {
                Piece::Clean(run) => mail.extend_from_slice(run.read()),
                Piece::More => break,
                Piece::End => {
                    let rest = input.len() + chunks[at + 1..].iter().map(|c| c.len()).sum::<usize>();
                    return Decoded { mail, end: End::Over(rest) };
                }
                // What came before it is thrown away, and depends on the chunks.
                Piece::Broken(offence) => return Decoded { mail: Vec::new(), end: End::Broken(offence) },
            }
        }
    }
    Decoded { mail, end: End::Open }
}

enum Model {
    Over(Vec<u8>, usize),
    Open,
    Broken,
}

/// The same rules once more, slowly.
fn model(input: &[u8]) -> Model {
    let at_start = |at: usize| at == 0 || at >= 2 && &input[at - 2..at] == b"\r\n";
    let mut mail = Vec::new();
    for (at, octet) in input.iter().enumerate() {
        let (before, behind) = (at.checked_sub(1).map(|b| input[b]), input.get(at + 1));
        if at_start(at) && input[at..].starts_with(b".\r\n") {
            return Model::Over(mail, at + 3);
        }
        match octet {
            0 => return Model::Broken,
            b'\r' if behind.is_some_and(|b| *b != b'\n') => return Model::Broken,
            b'\n' if before != Some(b'\r') => return Model::Broken,
            b'.' if at_start(at) => {}
            _ => mail.push(*octet),
        }
    }
    Model::Open
}

/// The conversation.
pub(super) const SESSION: Target = Target {
    name: "session",
    about: "a mail is taken only after MAIL and RCPT were, for our domains and within the limits, in every order",
    words: &[
        b"EHLO a\n",
        b"HELO a\n",
        b"MAIL FROM:<>\n",
        b"MAIL FROM:<a@b.example> SIZE=10\n",
        b"RCPT TO:<a@city.example>\n",
        b"RCPT TO:<b@city.example>\n",
        b"RCPT TO:<a@other.example>\n",
        b"RCPT TO:<a%b@city.example>\n",
        b"RCPT TO:<postmaster>\n",
        b"DATA\n",
        b"RSET\n",
        b"NOOP\n",
        b"STARTTLS\n",
        b"BDAT 1\n",
        b"QUIT\n",
        b"VRFY a\n",
    ],
    run: session,
};

fn session(input: &[u8]) -> Verdict {
    let config = config()?;
    let mut session = Session::new(Channel::Plain);
    let (mut sender, mut recipients) = (false, 0);
    let mut ways = Vec::new();
    for line in input.split(|octet| *octet == b'\n').take(64) {
        let Ok(command) = command::parse(Untrusted::new(line)) else { continue };
        let forgets = matches!(command, Command::Ehlo(_) | Command::Helo(_) | Command::Rset);
        let (next, effect) = session.step(command, &config, || true);
        session = next;
        match &effect {
            Effect::Say(reply) if *reply == Reply::SENDER_OK => {
                must(!sender, "MAIL inside a mail")?;
                sender = true;
            }
            Effect::Say(reply) if *reply == Reply::RECIPIENT_OK => {
                must(sender, "RCPT before MAIL")?;
                recipients += 1;
            }
            Effect::Receive(mail) => {
                let to = mail.envelope.to();
                must(sender && recipients > 0, "DATA before MAIL and RCPT")?;
                must((1..=recipients.min(3)).contains(&to.len()), "recipients that were not taken")?;
                must(to.iter().all(|a| config.domains.accepts(a.domain())), "a recipient of a foreign domain")?;
                must(!to.iter().any(|a| a.local().contains(['%', '!'])), "a recipient with a route")?;
                must(to.iter().enumerate().all(|(at, a)| !to[..at].contains(a)), "a recipient twice")?;
                (sender, recipients) = (false, 0);
            }
            Effect::Quit | Effect::Break(_) | Effect::StartTls => return Ok(way(ways)),
            Effect::Say(_) | Effect::SayHelo | Effect::SayEhlo { .. } => {}
        }
        if forgets {
            (sender, recipients) = (false, 0);
        }
        if ways.len() < 5 {
            ways.push(
                format!("{effect:?}").split([' ', '(']).next().unwrap_or_default().to_owned() + &reply_of(&effect),
            );
        }
    }
    Ok(way(ways))
}

fn reply_of(effect: &Effect) -> String {
    match effect {
        Effect::Say(reply) => format!("{reply:?}"),
        Effect::SayHelo
        | Effect::SayEhlo { .. }
        | Effect::StartTls
        | Effect::Receive(_)
        | Effect::Quit
        | Effect::Break(_) => String::new(),
    }
}

fn config() -> Result<Config, String> {
    let domain = |name| Domain::parse(name).map_err(|_| "the target's own domain is none".to_owned());
    let mut config = Config::new(domain("mx.city.example")?);
    config.domains = Domains::List(vec![domain("city.example")?]);
    config.postmaster = Some(domain("city.example")?);
    config.limits.recipients = 3;
    config.limits.message_size = 1000;
    Ok(config)
}
