//! Octets in, octets out, in bounded memory.
//!
//! Owns one buffer each way. Never knows what the octets mean.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Octets read at once. With the output and TLS's own records a connection
/// stays within 64 KiB, whatever the size of the mail.
const INPUT: usize = 32 * 1024;

/// Replies of one group that wait for one write; more are written earlier.
const OUTPUT: usize = 4 * 1024;

/// What is read of a peer that goes on talking behind our last reply. Closing
/// on unread octets would make TCP throw the reply away (RFC 9293 3.6.1).
const LINGER: usize = 1 << 20;

/// How long that may take.
pub(crate) const LINGER_TIME: Duration = Duration::from_secs(2);

/// One end of a connection.
pub(crate) struct Wire<IO> {
    io: IO,
    input: Box<[u8]>,
    start: usize,
    end: usize,
    /// Replies that were not sent yet.
    pub(crate) out: Vec<u8>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Wire<IO> {
    pub(crate) fn new(io: IO) -> Self {
        Self { io, input: vec![0; INPUT].into(), start: 0, end: 0, out: Vec::new() }
    }

    /// Octets that were read and not used.
    pub(crate) fn pending(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    /// All but the last `left` octets of [`Wire::pending`] are used.
    pub(crate) fn keep_last(&mut self, left: usize) {
        self.start = self.end.saturating_sub(left).max(self.start);
    }

    /// Reads more; all that is pending must be used. Zero octets: the peer is
    /// gone. Nothing is lost if the future is dropped.
    pub(crate) async fn fill(&mut self) -> io::Result<usize> {
        debug_assert!(self.pending().is_empty(), "octets would be lost");
        (self.start, self.end) = (0, 0);
        self.end = self.io.read(&mut self.input).await?;
        Ok(self.end)
    }

    /// Whether replies should not wait any longer for their group.
    pub(crate) fn is_full(&self) -> bool {
        self.out.len() >= OUTPUT
    }

    /// Sends what waits.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        self.io.write_all(&self.out).await?;
        self.out.clear();
        self.io.flush().await
    }

    /// Sends what waits, ends our half, and gives the peer until `linger` is
    /// over to hear it.
    pub(crate) async fn close(&mut self, linger: Duration) -> io::Result<()> {
        self.flush().await?;
        self.io.shutdown().await?;
        let listen = async {
            let mut read = 0;
            while read < LINGER {
                match self.io.read(&mut self.input).await {
                    Ok(0) | Err(_) => break,
                    Ok(octets) => read += octets,
                }
            }
        };
        // Late or not: all was said.
        timeout(linger, listen).await.unwrap_or_default();
        Ok(())
    }

    /// The stream alone: what was read and not used is forgotten.
    pub(crate) fn into_io(self) -> IO {
        self.io
    }
}
