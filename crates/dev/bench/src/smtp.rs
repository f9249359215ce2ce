//! The little SMTP that sender and sink share: lines on a socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longest line that is read: RFC 5321 4.5.3.1.6 allows 1000 octets.
const LINE: u64 = 64 * 1024;

/// One connection, read by lines.
pub(crate) struct Wire {
    reader: BufReader<TcpStream>,
    line: Vec<u8>,
}

impl Wire {
    /// Nothing is held back on the way out; a peer that is silent for
    /// `patience` is an error.
    pub(crate) fn new(stream: TcpStream, patience: Duration) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { reader: BufReader::with_capacity(64 * 1024, stream), line: Vec::new() })
    }

    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(octets)
    }

    /// The next line with its line end; `None` at the end of the stream.
    pub(crate) fn line(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let read = (&mut self.reader).take(LINE).read_until(b'\n', &mut self.line)?;
        Ok((read > 0).then_some(&self.line))
    }

    /// The code of the next reply, after its last line (RFC 5321 4.2.1).
    pub(crate) fn reply(&mut self) -> io::Result<u16> {
        loop {
            let Some(line) = self.line()? else { return Err(io::ErrorKind::UnexpectedEof.into()) };
            let (code, rest) = line.split_at_checked(3).ok_or(io::ErrorKind::InvalidData)?;
            if rest.first() == Some(&b'-') {
                continue;
            }
            return std::str::from_utf8(code)
                .ok()
                .and_then(|code| code.parse().ok())
                .ok_or_else(|| io::ErrorKind::InvalidData.into());
        }
    }

    /// Sends a line and waits for its reply.
    pub(crate) fn command(&mut self, line: &str) -> io::Result<u16> {
        self.write(line.as_bytes())?;
        self.reply()
    }
}
