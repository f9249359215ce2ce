//! Ten clients that do not give up: a mail whose `250` was not heard is not
//! accepted, and is sent again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sekisho_safe_message::MailId;

use crate::support::{Client, Mail, PATIENCE, within};

/// Connections at one time.
pub(crate) const CONNECTIONS: usize = 10;
/// Mails over one connection.
const SESSION: usize = 7;

/// Clients at work.
pub(crate) struct Load {
    clients: Vec<JoinHandle<()>>,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    mails: usize,
    next: AtomicUsize,
    accepted: AtomicUsize,
    heard: Mutex<Vec<(usize, MailId)>>,
}

impl Load {
    /// Starts to send mails 0 to `mails`.
    pub(crate) fn start(server: SocketAddr, mails: usize) -> Self {
        let shared = Arc::new(Shared {
            server,
            mails,
            next: AtomicUsize::new(0),
            accepted: AtomicUsize::new(0),
            heard: Mutex::new(Vec::new()),
        });
        let client = |_| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.work())
        };
        Self { clients: (0..CONNECTIONS).map(client).collect(), shared }
    }

    /// Waits until so many are accepted.
    #[track_caller]
    pub(crate) fn has_accepted(&self, count: usize) {
        within(&format!("{count} mails are accepted"), || {
            (self.shared.accepted.load(Ordering::SeqCst) >= count).then_some(())
        });
    }

    /// Waits until all are accepted; the number and id of each.
    pub(crate) fn finish(self) -> Vec<(usize, MailId)> {
        for client in self.clients {
            client.join().expect("a client gave up");
        }
        std::mem::take(&mut *self.shared.heard.lock().unwrap())
    }
}

impl Shared {
    fn work(&self) {
        let (mut client, mut left) = (None, 0);
        loop {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            if number >= self.mails {
                return;
            }
            let until = Instant::now() + PATIENCE;
            let id = loop {
                if left == 0 {
                    client = None;
                    left = SESSION;
                }
                if let Ok(id) = self.attempt(&mut client, number) {
                    left -= 1;
                    break id;
                }
                client = None;
                assert!(Instant::now() < until, "mail {number} is not taken");
                std::thread::sleep(Duration::from_millis(10));
            };
            self.heard.lock().unwrap().push((number, id));
            self.accepted.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn attempt(&self, kept: &mut Option<Client>, number: usize) -> std::io::Result<MailId> {
        let client = match kept {
            Some(client) => client,
            None => kept.insert(Client::greeted(self.server)?),
        };
        let reply = client.send("load@sender.example", &["shimin@city.example.lg.jp"], &mail(number))?;
        let reply = reply.expected(250)?;
        reply.id().ok_or_else(|| std::io::Error::other(reply.text))
    }
}

/// One of these must be held: a fragment.
pub(crate) fn is_to_be_held(number: usize) -> bool {
    number % 50 == 49
}

/// One of these takes a worker some time.
fn is_heavy(number: usize) -> bool {
    number % 10 == 3
}

fn mail(number: usize) -> Vec<u8> {
    let kind = match (is_to_be_held(number), is_heavy(number)) {
        (true, _) => format!("message/partial; id=\"{number}\"; number=1; total=2"),
        (_, true) => "text/html; charset=UTF-8".to_owned(),
        (false, false) => "text/plain; charset=UTF-8".to_owned(),
    };
    format!(
        "From: load@sender.example\r\nTo: shimin@city.example.lg.jp\r\nSubject: number {number}\r\n\
         Date: Tue, 24 Nov 2026 09:05:00 +0900\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n{}",
        body(number)
    )
    .into_bytes()
}

fn body(number: usize) -> String {
    let line = format!("<p>line of {number}</p>\r\n");
    if is_heavy(number) { line.repeat(6_000) } else { format!("text of {number}\r\n").repeat(20) }
}

/// The number in a mail's subject.
#[track_caller]
pub(crate) fn number_of(mail: &Mail) -> usize {
    let number = mail.subject().strip_prefix("number ").and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("{mail:?} was never sent"))
}

/// Whether the text is that of mail `number`, all of it.
pub(crate) fn is_whole(mail: &Mail, number: usize) -> bool {
    let (line, lines) =
        if is_heavy(number) { (format!("line of {number}"), 6_000) } else { (format!("text of {number}"), 20) };
    let full = mail.text().lines().filter(|text| !text.is_empty());
    full.clone().count() == lines && full.clone().all(|text| text == line)
}
