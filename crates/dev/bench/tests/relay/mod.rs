//! A relay for tests: takes each mail, waits, and passes on as many copies as
//! it is told.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What it took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taken {
    pub(crate) recipients: Vec<String>,
    /// As it came over the wire, without the final dot.
    pub(crate) content: String,
}

/// A running relay; it ends with the process.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    pub(crate) sink: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    sink: SocketAddr,
    delay: Duration,
    copies: fn(usize) -> usize,
    refuse: AtomicUsize,
    taken: Mutex<Vec<Taken>>,
}

impl Relay {
    /// Passes `copies` of the mail that is the n-th (from 0) on to `sink`,
    /// after at least `delay` before its reply.
    pub(crate) fn start(sink: SocketAddr, delay: Duration, copies: fn(usize) -> usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { sink, delay, copies, refuse: AtomicUsize::new(0), taken: Mutex::default() });
        let relay = Self { address, sink, shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &shared));
            }
        });
        relay
    }

    /// The first so many are refused with 552.
    pub(crate) fn refusing(self, count: usize) -> Self {
        self.shared.refuse.store(count, Ordering::SeqCst);
        self
    }

    pub(crate) fn mails(&self) -> Vec<Taken> {
        self.shared.taken.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut taken = Taken::default();
    let mut line = String::new();
    // The one that looks whether somebody is here says nothing and goes.
    let mut say = |text: &str| stream.write_all(text.as_bytes()).is_ok();
    say("220 relay.example ESMTP\r\n");
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let reply = match line.get(..4).unwrap_or_default() {
            "RCPT" => {
                taken.recipients.push(line.trim_end().to_owned());
                "250 ok\r\n"
            }
            "DATA" => {
                say("354 go on\r\n");
                taken.content = content(&mut reader);
                thread::sleep(shared.delay);
                take(std::mem::take(&mut taken), shared)
            }
            "QUIT" => {
                say("221 bye\r\n");
                return;
            }
            _ => "250 ok\r\n",
        };
        say(reply);
    }
}

fn content(reader: &mut impl BufRead) -> String {
    let mut content = Vec::new();
    loop {
        let start = content.len();
        if reader.read_until(b'\n', &mut content).unwrap() == 0 || &content[start..] == b".\r\n" {
            content.truncate(start);
            return String::from_utf8_lossy(&content).into_owned();
        }
    }
}

fn take(mail: Taken, shared: &Shared) -> &'static str {
    if shared.refuse.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
        return "552 too much\r\n";
    }
    let number = {
        let mut taken = shared.taken.lock().unwrap();
        taken.push(mail.clone());
        taken.len() - 1
    };
    for _ in 0..(shared.copies)(number) {
        // What measures may have ended already.
        let _ = pass_on(&mail, shared.sink);
    }
    "250 taken\r\n"
}

fn pass_on(mail: &Taken, sink: SocketAddr) -> std::io::Result<()> {
    let stream = TcpStream::connect(sink)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    let mut line = String::new();
    let mut after = |text: &str| -> std::io::Result<()> {
        line.clear();
        reader.read_line(&mut line)?;
        writer.write_all(text.as_bytes())
    };
    after("HELO relay.example\r\n")?;
    after("MAIL FROM:<>\r\n")?;
    for recipient in &mail.recipients {
        after(&format!("{recipient}\r\n"))?;
    }
    after("DATA\r\n")?;
    after(&format!("{}.\r\n", mail.content))?;
    after("QUIT\r\n")?;
    reader.read_line(&mut line).map(drop)
}
