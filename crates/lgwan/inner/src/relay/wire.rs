//! The stream below lettre's SMTP client, which gives it one line at a time.
//!
//! lettre reads ahead into a buffer of its own and keeps what is in it across
//! STARTTLS: replies that an attacker injects in clear behind `220 go ahead`
//! would count as said under TLS (the class of CVE-2021-38371). Here nothing
//! is read ahead: what follows a line waits below, where the TLS handshake
//! meets it and fails.
//!
//! It also sees whether the server offers PIPELINING, which lettre does not
//! tell, and bounds what a server may say between two things that we say.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Most octets that a server may send in one go: a reply of many lines
/// (lettre takes 100,000) and a TLS handshake are far below.
const MAX_UNASKED: usize = 256 * 1024;

/// A TCP connection read line by line.
#[derive(Debug)]
pub(super) struct Wire {
    tcp: TcpStream,
    /// Read from the socket and not yet given on.
    held: Vec<u8>,
    given: usize,
    /// Octets received since something was sent.
    unasked: usize,
    /// Whether a reply to EHLO named PIPELINING (RFC 2920).
    pipelining: Arc<AtomicBool>,
}

impl Wire {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self { tcp, held: Vec::new(), given: 0, unasked: 0, pipelining: Arc::default() }
    }

    /// Becomes true once the server offers PIPELINING in clear.
    pub(super) fn pipelining(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.pipelining)
    }

    /// Reads from the socket into `held`, which is empty.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut chunk = [0; 4096];
        let mut buf = ReadBuf::new(&mut chunk);
        ready!(Pin::new(&mut self.tcp).poll_read(cx, &mut buf))?;
        self.held.clear();
        self.held.extend_from_slice(buf.filled());
        self.given = 0;
        self.unasked += self.held.len();
        if self.unasked > MAX_UNASKED {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "the server talks without end")));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.given == self.held.len() {
            ready!(self.poll_fill(cx))?;
        }
        let waiting = &self.held[self.given..];
        let line = waiting.iter().position(|b| *b == b'\n').map_or(waiting.len(), |end| end + 1);
        if offers_pipelining(&waiting[..line]) {
            self.pipelining.store(true, Ordering::Relaxed);
        }
        let count = line.min(buf.remaining());
        buf.put_slice(&waiting[..count]);
        self.given += count;
        Poll::Ready(Ok(()))
    }
}

/// A line of the reply to EHLO (RFC 5321 4.1.1.1). One that is read in pieces is not seen: then nothing is pipelined.
fn offers_pipelining(line: &[u8]) -> bool {
    matches!(line, [b'2', b'5', b'0', b'-' | b' ', keyword @ ..] if keyword.trim_ascii().eq_ignore_ascii_case(b"PIPELINING"))
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.unasked = 0;
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}
