//! A mail as it is read, in pieces as SMTP's data wants them.

use std::io::{self, Read};

/// Octets of one piece.
const PIECE: usize = 64 * 1024;

/// A mail's octets: all but the last CRLF, which the end of the data brings.
///
/// A bare CR or LF fails it. The receiver lets none in; a server that takes
/// one for a line's end could be made to see the end of the data where there
/// is none, and what follows as a second mail.
pub(super) struct Source<R> {
    reader: R,
    state: State,
    /// CR, or CRLF: whether more follows is not known yet.
    pending: &'static [u8],
}

enum State {
    Open,
    Ended,
    Failed(io::Error),
}

impl<R: Read> Source<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, state: State::Open, pending: b"" }
    }

    /// The next piece, `None` at the end. `failing` is called before the
    /// `None` that comes of a failure.
    pub(super) fn next_or(&mut self, failing: impl FnOnce()) -> Option<Vec<u8>> {
        if !matches!(self.state, State::Open) {
            return None;
        }
        match self.piece() {
            Ok(Some(piece)) => return Some(piece),
            Ok(None) => self.state = State::Ended,
            Err(error) => {
                failing();
                self.state = State::Failed(error);
            }
        }
        None
    }

    /// What stopped it, if something did.
    pub(super) fn failed(self) -> Option<io::Error> {
        match self.state {
            State::Failed(error) => Some(error),
            State::Open | State::Ended => None,
        }
    }

    fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut piece = self.pending.to_vec();
        let count = (&mut self.reader).take(PIECE as u64).read_to_end(&mut piece)?;
        if count == 0 {
            return if self.pending == b"\r" { Err(bare()) } else { Ok(None) };
        }
        if !has_whole_line_ends(&piece) {
            return Err(bare());
        }
        self.pending = match &piece[..] {
            [.., b'\r', b'\n'] => b"\r\n",
            [.., b'\r'] => b"\r",
            _ => b"",
        };
        piece.truncate(piece.len() - self.pending.len());
        Ok(Some(piece))
    }
}

fn bare() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a bare CR or LF")
}

/// Whether each CR has its LF and the reverse; the last octet may be a CR.
fn has_whole_line_ends(piece: &[u8]) -> bool {
    piece.first() != Some(&b'\n') && piece.windows(2).all(|pair| (pair[0] == b'\r') == (pair[1] == b'\n'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    /// Gives octets in bits of one length, to end or to fail.
    struct Bits(Vec<u8>, usize, bool);

    impl Read for Bits {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() && self.2 {
                return Err(io::Error::other("damaged"));
            }
            let count = self.1.min(buf.len()).min(self.0.len());
            buf[..count].copy_from_slice(&self.0[..count]);
            self.0.drain(..count);
            Ok(count)
        }
    }

    fn sent(source: Bits) -> Result<Vec<u8>, String> {
        let (mut source, mut out, mut cut) = (Source::new(source), Vec::new(), false);
        while let Some(piece) = source.next_or(|| cut = true) {
            out.extend(piece);
        }
        assert_eq!(source.next_or(|| panic!("twice")), None);
        let failed = source.failed().map(|error| error.to_string());
        assert_eq!(failed.is_some(), cut);
        failed.map_or(Ok(out), Err)
    }

    #[test]
    fn the_last_line_end_stays_back() {
        let edge = |behind: &str| format!("{}{behind}", "x".repeat(PIECE - 1));
        for text in [
            String::new(),
            "a".to_owned(),
            "a\r\n".to_owned(),
            "a\r\n\r\n".to_owned(),
            "\r\n".to_owned(),
            edge("\r\n"),
            edge("\r\ny\r\n"),
            edge("y\r\n"),
            edge("yz"),
        ] {
            for bits in [1, 7, PIECE * 2] {
                let got = sent(Bits(text.clone().into_bytes(), bits, false)).unwrap();
                assert_eq!(String::from_utf8(got).unwrap(), text.strip_suffix("\r\n").unwrap_or(&text));
            }
        }
    }

    #[test]
    fn bare_line_ends_and_failures_are_told() {
        for text in ["\n", "a\nb", "a\r", "a\rb\r\n", "\r\r\n", "\r\n\n.\r\n", &format!("{}\r", "x".repeat(PIECE - 1))]
        {
            for bits in [1, PIECE * 2] {
                assert_eq!(sent(Bits(text.into(), bits, false)).unwrap_err(), "a bare CR or LF", "{text:?}");
            }
        }
        assert_eq!(sent(Bits("a\r\n".into(), 9, true)).unwrap_err(), "damaged");
        assert_eq!(sent(Bits(vec![b'x'; PIECE * 2], 9, true)).unwrap_err(), "damaged");
    }
}
