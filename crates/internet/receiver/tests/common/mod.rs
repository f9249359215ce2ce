//! A receiver on a free port, a sink in memory, and a client that sends raw
//! octets.
#![allow(dead_code, reason = "every test file takes what it needs")]
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sekisho_receiver::{Arrival, Body, Config, Event, Observer, Server, Sink, SinkError};
use sekisho_safe_message::{Domain, MailId};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// No test waits longer; reaching it is a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What happens to mail.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) mails: Mutex<Vec<(Arrival, Vec<u8>)>>,
    pub(crate) full: AtomicBool,
    pub(crate) fail_begin: Mutex<Option<SinkError>>,
    pub(crate) fail_write: Mutex<Option<SinkError>>,
    pub(crate) fail_commit: Mutex<Option<SinkError>>,
    /// Bodies that were begun.
    pub(crate) begun: AtomicUsize,
    /// Bodies that live, begun and neither dropped nor committed.
    pub(crate) open: AtomicUsize,
    /// The largest run that a body was given.
    pub(crate) largest: AtomicUsize,
    /// Taken by every commit; `None` lets all pass.
    pub(crate) gate: Option<Semaphore>,
    /// Every size hint.
    pub(crate) hints: Mutex<Vec<Option<u64>>>,
}

pub(crate) struct MemoryBody {
    memory: Arc<Memory>,
    octets: Vec<u8>,
}

/// A sink must be nameable from the body, so it is a handle.
pub(crate) struct Handle(pub(crate) Arc<Memory>);

impl Sink for Handle {
    type Body = MemoryBody;

    fn room(&self) -> bool {
        !self.0.full.load(Ordering::SeqCst)
    }

    fn begin(&self, size_hint: Option<u64>) -> Result<MemoryBody, SinkError> {
        self.0.hints.lock().unwrap().push(size_hint);
        if let Some(error) = *self.0.fail_begin.lock().unwrap() {
            return Err(error);
        }
        self.0.begun.fetch_add(1, Ordering::SeqCst);
        self.0.open.fetch_add(1, Ordering::SeqCst);
        Ok(MemoryBody { memory: Arc::clone(&self.0), octets: Vec::new() })
    }
}

impl Drop for MemoryBody {
    fn drop(&mut self) {
        self.memory.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Body for MemoryBody {
    fn write(&mut self, chunk: &[u8]) -> Result<(), SinkError> {
        if let Some(error) = *self.memory.fail_write.lock().unwrap() {
            return Err(error);
        }
        self.memory.largest.fetch_max(chunk.len(), Ordering::SeqCst);
        self.octets.extend_from_slice(chunk);
        Ok(())
    }

    async fn commit(mut self, arrival: Arrival) -> Result<MailId, SinkError> {
        if let Some(gate) = &self.memory.gate {
            gate.acquire().await.unwrap().forget();
        }
        if let Some(error) = *self.memory.fail_commit.lock().unwrap() {
            return Err(error);
        }
        let octets = std::mem::take(&mut self.octets);
        let mut mails = self.memory.mails.lock().unwrap();
        mails.push((arrival, octets));
        Ok(id(mails.len()))
    }
}

/// The id of the `number`th mail.
pub(crate) fn id(number: usize) -> MailId {
    MailId::new(number as u64, [7; 10])
}

/// Passes events on to a test.
pub(crate) struct Events(pub(crate) mpsc::UnboundedSender<Event>);

impl Observer for Events {
    fn observe(&self, event: &Event) {
        // A test that no longer listens does not care.
        self.0.send(*event).unwrap_or_default();
    }
}

/// A running receiver.
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) memory: Arc<Memory>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

pub(crate) fn config() -> Config {
    Config::new(Domain::parse("mx.example").unwrap())
}

pub(crate) async fn start(config: Config) -> Running {
    start_with(config, Memory::default()).await
}

pub(crate) async fn start_with(config: Config, memory: Memory) -> Running {
    let memory = Arc::new(memory);
    let sink = Arc::new(Handle(Arc::clone(&memory)));
    let server = Server::bind(&["127.0.0.1:0".parse().unwrap()], config, sink).await.unwrap();
    let addr = server.local_addrs()[0];
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(server.run(async { stopped.await.unwrap_or_default() }));
    Running { addr, memory, stop: Some(stop), task }
}

impl Running {
    /// Connects and takes the greeting.
    pub(crate) async fn client(&self) -> Client<TcpStream> {
        let mut client = self.raw().await;
        assert_eq!(client.reply().await, "220 mx.example ESMTP Sekisho\r\n");
        client
    }

    /// Connects and says EHLO.
    pub(crate) async fn greeted(&self) -> Client<TcpStream> {
        let mut client = self.client().await;
        assert!(client.ask("EHLO client.example").await.starts_with("250-mx.example\r\n"));
        client
    }

    /// Connects.
    pub(crate) async fn raw(&self) -> Client<TcpStream> {
        let stream = TcpStream::connect(self.addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client::new(stream)
    }

    /// Asks it to close down.
    pub(crate) fn close(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Closes down and waits until it has.
    pub(crate) async fn finish(mut self) -> Arc<Memory> {
        if self.stop.is_some() {
            self.close();
        }
        timeout(PATIENCE, self.task).await.expect("the server did not end").unwrap();
        self.memory
    }

    pub(crate) fn mails(&self) -> Vec<(Arrival, Vec<u8>)> {
        self.memory.mails.lock().unwrap().clone()
    }
}

/// Sends octets and reads replies.
pub(crate) struct Client<IO> {
    pub(crate) io: IO,
    heard: Vec<u8>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Client<IO> {
    pub(crate) fn new(io: IO) -> Self {
        Self { io, heard: Vec::new() }
    }

    /// One write.
    pub(crate) async fn send(&mut self, octets: impl AsRef<[u8]>) {
        timeout(PATIENCE, self.io.write_all(octets.as_ref())).await.expect("the server does not read").unwrap();
        self.io.flush().await.unwrap();
    }

    /// A write that may fail because the server has closed already.
    pub(crate) async fn try_send(&mut self, octets: impl AsRef<[u8]>) -> bool {
        timeout(PATIENCE, self.io.write_all(octets.as_ref())).await.expect("the server does not read").is_ok()
    }

    /// One command, one reply.
    pub(crate) async fn ask(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n")).await;
        self.reply().await
    }

    /// Asks, and wants this code.
    pub(crate) async fn expect(&mut self, line: &str, code: &str) -> String {
        let reply = self.ask(line).await;
        assert!(reply.starts_with(code), "{line}: wanted {code}, heard {reply}");
        reply
    }

    /// The next reply, all its lines; empty at the end of the stream.
    pub(crate) async fn reply(&mut self) -> String {
        loop {
            if let Some(end) = end_of_reply(&self.heard) {
                return String::from_utf8(self.heard.drain(..end).collect()).unwrap();
            }
            if !self.hear().await {
                assert!(self.heard.is_empty(), "half a reply: {:?}", self.heard);
                return String::new();
            }
        }
    }

    /// Everything until the server closes.
    pub(crate) async fn rest(&mut self) -> String {
        while self.hear().await {}
        String::from_utf8(std::mem::take(&mut self.heard)).unwrap()
    }

    async fn hear(&mut self) -> bool {
        let mut octets = [0; 4096];
        let read = timeout(PATIENCE, self.io.read(&mut octets)).await.expect("the server says nothing");
        let read = read.unwrap_or(0);
        self.heard.extend_from_slice(&octets[..read]);
        read > 0
    }

    /// MAIL, RCPT and DATA, up to 354.
    pub(crate) async fn begin(&mut self) {
        self.expect("MAIL FROM:<a@client.example>", "250 2.1.0").await;
        self.expect("RCPT TO:<b@city.example>", "250 2.1.5").await;
        self.expect("DATA", "354 ").await;
    }
}

fn end_of_reply(heard: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let end = start + heard[start..].iter().position(|b| *b == b'\n')? + 1;
        if heard[start..].get(3) != Some(&b'-') {
            return Some(end);
        }
        start = end;
    }
}
