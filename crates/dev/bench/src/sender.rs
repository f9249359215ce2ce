//! The sender: a fixed number of connections, each always with one mail under
//! way (a closed loop), one mail a connection.
//!
//! Never: a second try for a mail that was spoken of. What is refused is
//! counted by its reply; a greeting of 421 (come later) puts a mail off.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::thread;
use std::time::Duration;

use crate::error::BenchError;
use crate::ledger::Ledger;
use crate::mails::Mail;
use crate::smtp::Wire;

/// How long a reply may take. RFC 5321 4.5.3.2.6 says ten minutes for the
/// last; by then no figure is worth having.
const PATIENCE: Duration = Duration::from_secs(120);

/// A thread waits on its socket; it needs little.
pub(crate) const STACK: usize = 256 * 1024;

/// How often a mail is put off, and how long each time, before it counts as
/// refused.
const PUT_OFF: (u32, Duration) = (200, Duration::from_millis(25));

/// The envelope sender of the standard mails.
const SENDER: &str = "sender@internet.example";

/// A mail and its envelope.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Letter<'a> {
    pub(crate) mail: &'a Mail,
    /// Empty for the null sender.
    pub(crate) sender: &'a str,
    /// How many under each number; the ledger gives them their names.
    pub(crate) recipients: u8,
}

/// What did not go smoothly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Mails that were refused, or whose connection broke: reply code or kind
    /// of failure, and how many.
    pub refused: BTreeMap<String, u64>,
    /// How often a connection was greeted with 421 and tried again.
    pub put_off: u64,
}

/// Sends every mail of `ledger` to `server` over `connections` connections at
/// one time, and returns when the last has its answer.
///
/// # Errors
/// Only when a thread cannot be started; what the server does is counted.
pub fn closed_loop(
    server: SocketAddr,
    connections: usize,
    mail: &Mail,
    ledger: &Ledger,
) -> Result<Trouble, BenchError> {
    closed_loop_to_many(server, connections, mail, 1, ledger)
}

/// The same, each mail going to `recipients`, each of which has a number of its
/// own in `ledger`.
///
/// # Errors
/// Those of [`closed_loop`].
pub fn closed_loop_to_many(
    server: SocketAddr,
    connections: usize,
    mail: &Mail,
    recipients: u64,
    ledger: &Ledger,
) -> Result<Trouble, BenchError> {
    let letter = Letter { mail, sender: SENDER, recipients: 1 };
    let send_all = || {
        let mut trouble = Trouble::default();
        while let Some(numbers) = ledger.take_many(recipients) {
            deliver(server, &letter, numbers, ledger, &mut trouble);
        }
        trouble
    };
    thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, send_all);
        let senders = (0..connections).map(spawn).collect::<io::Result<Vec<_>>>();
        let senders = senders.map_err(BenchError::system("start a sender"))?;
        let mut all = Trouble::default();
        senders.into_iter().for_each(|sender| all.add(sender.join().unwrap_or_default()));
        Ok(all)
    })
}

/// Sends one mail to the recipients of these numbers, and notes in `ledger` and
/// `trouble` what came of it.
pub(crate) fn deliver(
    server: SocketAddr,
    letter: &Letter<'_>,
    numbers: Range<u64>,
    ledger: &Ledger,
    trouble: &mut Trouble,
) {
    if let Err(why) = patiently(&mut trouble.put_off, || send(server, letter, &numbers, ledger)) {
        *trouble.refused.entry(why).or_default() += 1;
    }
}

impl Trouble {
    /// Takes the trouble of another in.
    pub(crate) fn add(&mut self, other: Self) {
        self.put_off += other.put_off;
        for (why, count) in other.refused {
            *self.refused.entry(why).or_default() += count;
        }
    }
}

/// Why a mail was not sent.
enum Failure {
    /// The greeting was 421 (RFC 5321 3.1): nothing was said about the mail.
    Later,
    /// Reply code or kind of failure.
    Refused(String),
}

fn patiently(put_off: &mut u64, mut send: impl FnMut() -> Result<(), Failure>) -> Result<(), String> {
    for _ in 0..PUT_OFF.0 {
        match send() {
            Ok(()) => return Ok(()),
            Err(Failure::Refused(why)) => return Err(why),
            Err(Failure::Later) => {
                *put_off += 1;
                thread::sleep(PUT_OFF.1);
            }
        }
    }
    Err("421".to_owned())
}

/// One connection with one mail.
fn send(server: SocketAddr, letter: &Letter<'_>, numbers: &Range<u64>, ledger: &Ledger) -> Result<(), Failure> {
    let broken = |err: io::Error| Failure::Refused(format!("{:?}", err.kind()));
    let stream = TcpStream::connect(server).map_err(broken)?;
    let mut wire = Wire::new(stream, PATIENCE).map_err(broken)?;
    match wire.reply().map_err(broken)? {
        421 => return Err(Failure::Later),
        greeting => expect(220, greeting)?,
    }
    expect(250, wire.command("EHLO client.example\r\n").map_err(broken)?)?;
    expect(250, wire.command(&format!("MAIL FROM:<{}>\r\n", letter.sender)).map_err(broken)?)?;
    for recipient in numbers.clone().flat_map(|number| ledger.recipients(number, letter.recipients)) {
        expect(250, wire.command(&format!("RCPT TO:<{recipient}>\r\n")).map_err(broken)?)?;
    }
    expect(354, wire.command("DATA\r\n").map_err(broken)?)?;
    let (content, dot) = letter.mail.wire();
    wire.write(content).map_err(broken)?;
    numbers.clone().for_each(|number| ledger.dotted(number));
    wire.write(dot).map_err(broken)?;
    expect(250, wire.reply().map_err(broken)?)?;
    numbers.clone().for_each(|number| ledger.accepted(number));
    // Whatever comes of QUIT, the mail is the server's now. To wait for its end keeps
    // this client within the number of connections that it was told to have.
    let _ = wire.command("QUIT\r\n").and_then(|_| wire.line().map(|_| ()));
    Ok(())
}

fn expect(wanted: u16, got: u16) -> Result<(), Failure> {
    if wanted == got { Ok(()) } else { Err(Failure::Refused(got.to_string())) }
}
