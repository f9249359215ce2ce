//! A minimal SMTP client for the demonstration: one mail a connection, said
//! step by step, so that its replies can be shown.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for one reply.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends `mail` (CRLF line ends) and gives the reply to its end.
pub(crate) fn send(server: SocketAddr, from: &str, to: &str, mail: &[u8]) -> io::Result<String> {
    let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut talk = Talk { reader: BufReader::new(stream.try_clone()?), stream };
    talk.reply("220")?;
    talk.say("EHLO demo.localhost", "250")?;
    talk.say(&format!("MAIL FROM:<{from}>"), "250")?;
    talk.say(&format!("RCPT TO:<{to}>"), "250")?;
    talk.say("DATA", "354")?;
    talk.stream.write_all(&dot_stuffed(mail))?;
    let reply = talk.reply("250")?;
    // The mail is taken; how the goodbye goes does not matter.
    let _ = talk.say("QUIT", "221");
    Ok(reply)
}

struct Talk {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Talk {
    fn say(&mut self, command: &str, expected: &str) -> io::Result<String> {
        self.stream.write_all(format!("{command}\r\n").as_bytes())?;
        self.reply(expected)
    }

    /// The last line of a reply, which must carry the code `expected`.
    fn reply(&mut self, expected: &str) -> io::Result<String> {
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end();
            if line.as_bytes().get(3) == Some(&b'-') {
                continue;
            }
            return if line.starts_with(expected) {
                Ok(line.to_owned())
            } else {
                Err(io::Error::other(line.to_owned()))
            };
        }
    }
}

/// RFC 5321 4.5.2, with the end of data.
fn dot_stuffed(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + 64);
    for line in mail.split_inclusive(|b| *b == b'\n') {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_stuffed() {
        assert_eq!(dot_stuffed(b".a\r\nb\r\n..\r\n"), b"..a\r\nb\r\n...\r\n.\r\n");
        assert_eq!(dot_stuffed(b"a"), b"a\r\n.\r\n");
    }
}
