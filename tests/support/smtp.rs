//! An SMTP client of the tests' own: it says exactly what it is told to.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use sekisho_safe_message::MailId;

use super::PATIENCE;

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

/// One reply, of all its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) text: String,
}

impl Reply {
    /// The id that the receiver gave a mail.
    pub(crate) fn id(&self) -> Option<MailId> {
        self.text.split(|c: char| !c.is_ascii_alphanumeric()).find_map(|word| word.parse().ok())
    }

    /// Whether it is a 2yz or 3yz.
    pub(crate) fn is_yes(&self) -> bool {
        self.code < 400
    }
}

impl Client {
    /// Connects; says and hears nothing.
    pub(crate) fn connect(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream.try_clone()?), stream })
    }

    /// Connects, hears the greeting and says EHLO.
    pub(crate) fn greeted(server: SocketAddr) -> io::Result<Self> {
        let mut client = Self::connect(server)?;
        client.reply()?.expected(220)?;
        client.ask("EHLO client.example")?.expected(250)?;
        Ok(client)
    }

    /// One reply.
    pub(crate) fn reply(&mut self) -> io::Result<Reply> {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let goes_on = line.as_bytes().get(3) == Some(&b'-');
            let code = line.get(..3).and_then(|code| code.parse().ok());
            text.push_str(&line);
            if !goes_on {
                let code = code.ok_or_else(|| io::Error::other(line.clone()))?;
                return Ok(Reply { code, text: text.trim_end().to_owned() });
            }
        }
    }

    /// Sends octets as they are.
    pub(crate) fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets)
    }

    /// Sends a line and gives the reply.
    pub(crate) fn ask(&mut self, line: &str) -> io::Result<Reply> {
        self.write(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// MAIL, RCPT (all of them) and DATA, which must all be taken.
    pub(crate) fn begin(&mut self, from: &str, to: &[&str]) -> io::Result<()> {
        self.ask(&format!("MAIL FROM:<{from}>"))?.expected(250)?;
        for to in to {
            self.ask(&format!("RCPT TO:<{to}>"))?.expected(250)?;
        }
        self.ask("DATA")?.expected(354)?;
        Ok(())
    }

    /// A whole mail (CRLF line ends); the reply to its end.
    pub(crate) fn send(&mut self, from: &str, to: &[&str], mail: &[u8]) -> io::Result<Reply> {
        self.begin(from, to)?;
        self.write(&stuffed(mail))?;
        self.reply()
    }

    /// Everything until the server closes; a reset counts as closing.
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        match self.reader.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(err) if matches!(err.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {}
            Err(err) => panic!("the server does not close: {err}"),
        }
        String::from_utf8_lossy(&rest).into_owned()
    }
}

impl Reply {
    /// The reply, if it has this code.
    pub(crate) fn expected(self, code: u16) -> io::Result<Self> {
        if self.code == code { Ok(self) } else { Err(io::Error::other(self.text)) }
    }
}

/// Sends one mail over a connection of its own; it must be taken.
#[track_caller]
pub(crate) fn deliver(server: SocketAddr, mail: &[u8]) -> MailId {
    let sent = Client::greeted(server)
        .and_then(|mut client| client.send("hanako@sender.example", &["shimin@city.example.lg.jp"], mail));
    match sent {
        Ok(reply) if reply.code == 250 => reply.id().unwrap_or_else(|| panic!("no id in {}", reply.text)),
        Ok(reply) => panic!("not taken: {}", reply.text),
        Err(err) => panic!("not taken: {err}"),
    }
}

/// RFC 5321 4.5.2, with the end of data.
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + 64);
    for line in mail.split_inclusive(|octet| *octet == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}
