//! A scripted mail server and what every test needs.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![allow(unreachable_pub, reason = "a module of several test programs")]
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sekisho_inner::accept::Acceptor;
use sekisho_inner::record::Record;
use sekisho_inner::relay::{Backoff, Limits, Options, Relay, Security, Smtp, Transport};
use sekisho_inner::render::Charset;
use sekisho_inner::{Clock, Found, Spool};
use sekisho_safe_message::*;
use sekisho_settings::{HostPort, RetrySchedule};
use sekisho_store::State;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// How one connection behaves. A reply of `""` closes the connection.
#[derive(Clone)]
pub struct Script {
    pub banner: &'static str,
    pub ehlo: &'static str,
    pub starttls: &'static str,
    pub mail: &'static str,
    /// By recipient, again and again.
    pub rcpt: Vec<&'static str>,
    pub data: &'static str,
    pub end: End,
    /// MAIL commands after which the server closes without a word.
    pub mails: usize,
    /// Asks for data also when there is nobody to have it.
    pub careless: bool,
}

/// A reply to EHLO that lets commands come in one go.
pub const PIPELINING: &str = "250-test\r\n250-PIPELINING\r\n250 8BITMIME";

#[derive(Clone, Copy, PartialEq)]
pub enum End {
    Reply(&'static str),
    /// Closes after the first line of the data.
    CloseInside,
    /// Takes the mail, and closes instead of replying.
    CloseAfter,
    /// Takes the mail and never replies.
    Silence,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            banner: "220 test",
            ehlo: "250-test\r\n250 8BITMIME",
            starttls: "502 no",
            mail: "250 2.1.0 ok",
            rcpt: vec!["250 2.1.5 ok"],
            data: "354 go on",
            end: End::Reply("250 2.0.0 taken"),
            mails: usize::MAX,
            careless: false,
        }
    }
}

/// A mail as the server has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub bytes: Vec<u8>,
    pub encrypted: bool,
}

#[derive(Default)]
pub struct Log {
    pub received: Vec<Received>,
    pub connections: usize,
    pub commands: Vec<String>,
}

pub struct Server {
    pub address: HostPort,
    pub log: Arc<Mutex<Log>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Serves each connection by the next script; the last one stays.
    pub async fn start(scripts: Vec<Script>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, scripts, tls)
    }

    pub fn on(listener: TcpListener, scripts: Vec<Script>, tls: Option<TlsAcceptor>) -> Self {
        let port = listener.local_addr().unwrap().port();
        let log: Arc<Mutex<Log>> = Arc::default();
        let mut scripts = VecDeque::from(scripts);
        let seen = Arc::clone(&log);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                seen.lock().unwrap().connections += 1;
                let script = if scripts.len() > 1 { scripts.pop_front() } else { scripts.front().cloned() };
                let (seen, tls) = (Arc::clone(&seen), tls.clone());
                tokio::spawn(async move {
                    let _ = greet(stream, script.unwrap(), tls, seen).await;
                });
            }
        });
        Self { address: HostPort { host: "127.0.0.1".to_owned(), port }, log, task }
    }

    pub fn received(&self) -> Vec<Received> {
        self.log.lock().unwrap().received.clone()
    }

    pub fn connections(&self) -> usize {
        self.log.lock().unwrap().connections
    }
}

async fn greet(
    stream: tokio::net::TcpStream,
    script: Script,
    tls: Option<TlsAcceptor>,
    log: Arc<Mutex<Log>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    if !say(&mut stream, script.banner).await? {
        return Ok(());
    }
    if converse(&mut stream, &script, &log, false).await? {
        let Some(tls) = tls else { return Ok(()) };
        let stream = tls.accept(stream.into_inner()).await?;
        converse(&mut BufReader::new(stream), &script, &log, true).await?;
    }
    Ok(())
}

/// Whether the talk goes on under TLS.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    script: &Script,
    log: &Mutex<Log>,
    encrypted: bool,
) -> std::io::Result<bool> {
    let (mut from, mut to, mut asked, mut mails) = (String::new(), Vec::new(), 0, 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let line = line.trim_end().to_owned();
        log.lock().unwrap().commands.push(line.clone());
        let reply = match line.split([' ', ':']).next().unwrap() {
            "EHLO" => script.ehlo,
            "STARTTLS" if script.starttls.starts_with("220") => {
                say(stream, script.starttls).await?;
                return Ok(true);
            }
            "STARTTLS" => script.starttls,
            "MAIL" if mails >= script.mails => return Ok(false),
            "MAIL" => {
                mails += 1;
                (from, to, asked) = (line["MAIL FROM:".len()..].to_owned(), Vec::new(), 0);
                script.mail
            }
            "RCPT" => {
                let reply = script.rcpt[asked % script.rcpt.len()];
                asked += 1;
                if reply.starts_with('2') {
                    to.push(line["RCPT TO:".len()..].to_owned());
                }
                reply
            }
            "DATA" if !script.data.starts_with("354") => script.data,
            "DATA" if to.is_empty() && !script.careless => "503 nobody to have it",
            "DATA" => {
                say(stream, script.data).await?;
                let Some(bytes) = data(stream, script.end).await? else { return Ok(false) };
                let received = Received { from: from.clone(), to: to.clone(), bytes, encrypted };
                if !to.is_empty() && !matches!(script.end, End::Reply(reply) if !reply.starts_with('2')) {
                    log.lock().unwrap().received.push(received);
                }
                match script.end {
                    End::Reply(reply) => reply,
                    End::CloseInside | End::CloseAfter => return Ok(false),
                    End::Silence => {
                        std::future::pending::<()>().await;
                        return Ok(false);
                    }
                }
            }
            "QUIT" => {
                say(stream, "221 bye").await?;
                return Ok(false);
            }
            "RSET" | "NOOP" => "250 ok",
            _ => "500 what",
        };
        if !say(stream, reply).await? {
            return Ok(false);
        }
    }
}

async fn data<S: AsyncRead + Unpin>(stream: &mut BufReader<S>, end: End) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 || end == End::CloseInside {
            return Ok(None);
        }
        if line == b".\r\n" {
            return Ok(Some(bytes));
        }
        bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, reply: &str) -> std::io::Result<bool> {
    if reply.is_empty() {
        return Ok(false);
    }
    stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
    stream.flush().await?;
    Ok(true)
}

/// A relay at work in a directory of its own.
pub struct Bench {
    pub dir: tempfile::TempDir,
    pub spool: Spool,
    pub acceptor: Acceptor,
    stop: watch::Sender<bool>,
    relay: JoinHandle<()>,
}

pub fn schedule(lifetime: Duration) -> RetrySchedule {
    RetrySchedule { min: Duration::from_millis(20), max: Duration::from_millis(40), lifetime }
}

pub fn options(lifetime: Duration) -> Options {
    Options {
        schedule: schedule(lifetime),
        concurrency: 4,
        backoff: Backoff { min: Duration::from_millis(10), max: Duration::from_millis(40) },
        postmaster: "postmaster@city.example".parse().unwrap(),
        daemon: "mailer-daemon@inner.example".parse().unwrap(),
        language: Language::Ja,
        charset: Charset::Utf8,
    }
}

pub fn limits() -> Limits {
    let second = Duration::from_secs(5);
    Limits { connect: second, greeting: second, command: second, data: second, idle: Duration::from_secs(60) }
}

pub const LONG: Duration = Duration::from_secs(86_400);

impl Bench {
    pub fn smtp(server: &Server) -> Self {
        let smtp = Smtp::new(server.address.clone(), "inner.example", Security::None, limits());
        Self::with(smtp, options(LONG))
    }

    pub fn with<T: Transport>(transport: T, options: Options) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let spool = open_spool(dir.path());
        let (stop, stopped) = watch::channel(false);
        let acceptor = Acceptor::new(spool.clone(), Clock::system(), frame::MAX, options.charset);
        let relay = Arc::new(Relay::new(spool.clone(), transport, options, Clock::system()));
        Self { dir, spool, acceptor, stop, relay: tokio::spawn(relay.run(stopped)) }
    }

    /// Hands a mail over, and gives its id.
    pub async fn hand_over(&self, number: u64, to: &[&str]) -> MailId {
        let message = message(number, to, "本文です。\n.\nFrom x\n");
        self.acceptor.take(frame::encode(&message).unwrap()).await.unwrap();
        message.id()
    }

    /// Waits until the mail stands so.
    pub async fn until(&self, id: MailId, state: State) -> Found {
        until(&self.spool, id, |found| found.state == state).await
    }

    pub async fn stop(self) {
        self.stop.send(true).unwrap();
        self.relay.await.unwrap();
    }
}

pub fn open_spool(dir: &Path) -> Spool {
    Spool::open(&dir.join("spool"), 0, LONG).unwrap().0
}

/// Waits for what must come; a minute means that it never does.
pub async fn until(spool: &Spool, id: MailId, good: impl Fn(&Found) -> bool) -> Found {
    for _ in 0..6000 {
        if let Some(found) = spool.find(id).unwrap().filter(&good) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{id} never got there: {:?}", spool.find(id));
}

pub fn record(found: &Found) -> &Record {
    found.record.as_ref().unwrap()
}

pub fn message(number: u64, to: &[&str], text: &str) -> SafeMessage {
    let address: Address = "sender@outside.example".parse().unwrap();
    let headers = SafeHeaders {
        from: Mailbox { name: SafeLine::parse("差出人".to_owned()).ok(), address: address.clone() },
        to: vec![],
        cc: vec![],
        reply_to: vec![],
        subject: SafeLine::parse(format!("件名 {number}")).unwrap(),
        date: Timestamp::new(1_795_478_399, 540).unwrap(),
        message_id: None,
        in_reply_to: vec![],
        references: vec![],
        auto_submitted: None,
        list_id: None,
    };
    let to = to.iter().map(|to| to.parse().unwrap()).collect();
    SafeMessage::new(
        MailId::new(1_795_478_399_000 + number, [3; 10]),
        Envelope::new(Some(address), to).unwrap(),
        headers,
        SafeText::parse(text.to_owned()).unwrap(),
        vec![],
        Language::Ja,
        ProfileName::parse("text-only").unwrap(),
    )
    .unwrap()
}
