//! A connection takes at most 64 KiB of a mail, whatever its size. Alone in
//! its file: it measures the whole process.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use sekisho_receiver::{Arrival, Body, Config, Limits, Server, Sink, SinkError};
use sekisho_safe_message::{Domain, MailId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Counts and forgets.
#[derive(Clone, Default)]
struct Counter {
    octets: Arc<AtomicU64>,
    largest: Arc<AtomicUsize>,
}

impl Sink for Counter {
    type Body = Self;

    fn room(&self) -> bool {
        true
    }

    fn begin(&self, _: Option<u64>) -> Result<Self, SinkError> {
        Ok(self.clone())
    }
}

impl Body for Counter {
    fn write(&mut self, chunk: &[u8]) -> Result<(), SinkError> {
        self.octets.fetch_add(chunk.len() as u64, Ordering::SeqCst);
        self.largest.fetch_max(chunk.len(), Ordering::SeqCst);
        Ok(())
    }

    async fn commit(self, _: Arrival) -> Result<MailId, SinkError> {
        Ok(MailId::from_bytes([0; 16]))
    }
}

/// The most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

async fn heard(stream: &mut TcpStream, code: &str) {
    let mut octets = [0; 1024];
    let read = stream.read(&mut octets).await.unwrap();
    let reply = String::from_utf8_lossy(&octets[..read]);
    assert!(reply.starts_with(code), "{reply}");
}

/// Sends `blocks` MiB of `block` as one mail.
async fn mail(stream: &mut TcpStream, block: &[u8], blocks: usize) {
    for (line, code) in [("MAIL FROM:<>", "250"), ("RCPT TO:<a@b>", "250"), ("DATA", "354")] {
        stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        heard(stream, code).await;
    }
    for _ in 0..blocks {
        stream.write_all(block).await.unwrap();
    }
    stream.write_all(b"\r\n.\r\n").await.unwrap();
    heard(stream, "250 2.0.0 Ok: queued").await;
}

#[tokio::test]
async fn memory_does_not_grow_with_the_mail() {
    let sink = Counter::default();
    let mut config = Config::new(Domain::parse("mx.example").unwrap());
    config.limits = Limits { message_size: 1 << 30, data_line: usize::MAX, ..Limits::default() };
    let server = Server::bind(&["127.0.0.1:0".parse().unwrap()], config, Arc::new(sink.clone())).await.unwrap();
    let addr = server.local_addrs()[0];
    let task = tokio::spawn(server.run(std::future::pending()));
    let mut stream = TcpStream::connect(addr).await.unwrap();
    heard(&mut stream, "220").await;
    stream.write_all(b"EHLO c\r\n").await.unwrap();
    heard(&mut stream, "250").await;

    // One line without end; many lines; many dots.
    let kinds = [vec![b'x'; 1 << 20], b"0123456789abcd\r\n".repeat(1 << 16), b"..\r\n".repeat(1 << 18)];
    for block in &kinds {
        mail(&mut stream, block, 1).await;
    }
    let before = peak();
    for block in &kinds {
        mail(&mut stream, block, 100).await;
    }
    let grown = peak() - before;
    assert!(grown < 4096, "{grown} KiB more for 300 MiB of mail");
    assert!(sink.largest.load(Ordering::SeqCst) <= 64 << 10);
    assert!(sink.octets.load(Ordering::SeqCst) > 250 << 20);
    task.abort();
}
