//! A mail server of the tests' own, which answers as its script says.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{free_address, within};

/// A moment at which a script may answer other than yes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment<'a> {
    /// A connection was opened.
    Connected,
    /// MAIL, with the sender.
    Mail(&'a str),
    /// RCPT, with the recipient.
    Rcpt(&'a str),
    /// The mail has come; what is answered decides whose it is.
    End(&'a [u8]),
}

/// A mail that the server answered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) data: Vec<u8>,
}

type Script = dyn Fn(Moment<'_>) -> Option<String> + Send + Sync;

struct Shared {
    script: Box<Script>,
    arrived: Mutex<Vec<Arrived>>,
    over: AtomicBool,
}

/// A running server. Dropped, it is gone, and so are its connections.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl Sink {
    /// A server that takes everything.
    pub(crate) fn start() -> Self {
        Self::scripted(|_| None)
    }

    /// A server with a script: `None` is yes, else a whole reply line.
    pub(crate) fn scripted(script: impl Fn(Moment<'_>) -> Option<String> + Send + Sync + 'static) -> Self {
        Self::start_at(free_address(), script)
    }

    /// The same at an address where a former one may have been.
    pub(crate) fn start_at(
        address: SocketAddr,
        script: impl Fn(Moment<'_>) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            arrived: Mutex::new(Vec::new()),
            over: AtomicBool::new(false),
        });
        let acceptor = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// As `inner.deliver` names it.
    pub(crate) fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// What has arrived so far.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.shared.arrived.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many have arrived so far.
    pub(crate) fn count(&self) -> usize {
        self.shared.arrived.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits until a mail for which `wanted` says yes has arrived.
    #[track_caller]
    pub(crate) fn receives(&self, what: &str, wanted: impl Fn(&Arrived) -> bool) -> Arrived {
        within(what, || self.arrived().into_iter().find(|mail| wanted(mail)))
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the acceptor; it may be gone already.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            acceptor.join().unwrap_or_default();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut talks = Vec::new();
    for stream in listener.incoming() {
        if shared.over.load(Ordering::SeqCst) {
            break;
        }
        let (Ok(stream), shared) = (stream, Arc::clone(shared)) else { continue };
        // An error is the peer's going away, or ours.
        talks.push(std::thread::spawn(move || talk(stream, &shared).unwrap_or_default()));
    }
    for talk in talks {
        talk.join().unwrap_or_default();
    }
}

/// One connection, until somebody goes.
fn talk(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(50)))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let script = |moment: Moment<'_>, yes: &str| (shared.script)(moment).unwrap_or_else(|| yes.to_owned());
    say(&mut stream, &script(Moment::Connected, "220 sink.example ESMTP"))?;
    let (mut from, mut to) = (String::new(), Vec::new());
    loop {
        let line = String::from_utf8_lossy(&line(&mut reader, shared)?).trim_end().to_owned();
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say(&mut stream, "250-sink.example\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME")?,
            "MAIL" => {
                (from, to) = (path(&line), Vec::new());
                say(&mut stream, &script(Moment::Mail(&from), "250 2.1.0 Ok"))?;
            }
            "RCPT" => {
                let reply = script(Moment::Rcpt(&path(&line)), "250 2.1.5 Ok");
                if reply.starts_with('2') {
                    to.push(path(&line));
                }
                say(&mut stream, &reply)?;
            }
            "DATA" => {
                say(&mut stream, "354 Go on")?;
                let data = mail(&mut reader, shared)?;
                let reply = script(Moment::End(&data), "250 2.0.0 Ok");
                if reply.starts_with('2') {
                    let mail = Arrived { from: from.clone(), to: std::mem::take(&mut to), data };
                    shared.arrived.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
                }
                say(&mut stream, &reply)?;
            }
            "QUIT" => return say(&mut stream, "221 2.0.0 Bye"),
            "RSET" | "NOOP" => say(&mut stream, "250 2.0.0 Ok")?,
            _ => say(&mut stream, "502 5.5.1 No")?,
        }
    }
}

fn say(stream: &mut TcpStream, reply: &str) -> io::Result<()> {
    stream.write_all(format!("{reply}\r\n").as_bytes())
}

/// What stands between the angle brackets.
fn path(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or_else(String::new, |(path, _)| path.to_owned())
}

/// One line with its line end, patient until the server is over.
fn line(reader: &mut BufReader<TcpStream>, shared: &Shared) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        match reader.read_until(b'\n', &mut line) {
            Ok(_) if line.ends_with(b"\n") => return Ok(line),
            Ok(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(err) if matches!(err.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(err) => return Err(err),
        }
        if shared.over.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
}

fn mail(reader: &mut BufReader<TcpStream>, shared: &Shared) -> io::Result<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let line = line(reader, shared)?;
        match line.strip_prefix(b".") {
            Some(b"\r\n") => return Ok(data),
            Some(stuffed) => data.extend_from_slice(stuffed),
            None => data.extend_from_slice(&line),
        }
    }
}
