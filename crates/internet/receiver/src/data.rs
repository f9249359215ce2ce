//! Octets behind DATA -> the mail, and where it ends.
//!
//! Owns the two rules of RFC 5321 4.5.2 (a dot that begins a line is taken
//! away; CRLF dot CRLF ends the mail) and the ban on whatever another server
//! could take for a line's end: bare CR, bare LF, NUL. Never holds octets
//! back, never allocates, never repairs.

use memchr::memchr3;
use sekisho_safe_message::Untrusted;

use crate::Offence;

/// Reads the stream behind `354`.
///
/// ```
/// use sekisho_receiver::data::{Decoder, Piece};
/// let mut decoder = Decoder::default();
/// let mut input = &b"..x\r\n.\r\nMAIL"[..];
/// let mut mail = Vec::new();
/// loop {
///     match decoder.next(&mut input) {
///         Piece::Clean(run) => mail.extend_from_slice(run.read()),
///         Piece::End => break,
///         Piece::More | Piece::Broken(_) => panic!("this mail is whole"),
///     }
/// }
/// assert_eq!((&mail[..], input), (&b".x\r\n"[..], &b"MAIL"[..]));
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    place: Place,
    /// Octets of the line so far, with its CRLF, without the dot taken away.
    line: usize,
    longest: usize,
}

/// Where in a line the next octet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    /// First of a line. The line before it ended with CRLF, or there is none
    /// (RFC 5321 4.1.1.4: the CRLF of DATA counts).
    #[default]
    Start,
    /// Behind a dot that began the line.
    Dot,
    /// Behind dot and CR that began the line: only LF may follow.
    DotCr,
    /// Anywhere else.
    Within,
    /// Behind a CR: only LF may follow.
    AfterCr,
}

/// What the octets amount to.
#[derive(Debug)]
pub enum Piece<'a> {
    /// Octets of the mail, in order, CRLF kept.
    Clean(Untrusted<'a>),
    /// The input is used up, the mail is not over.
    More,
    /// The mail is over. What is left of the input is no part of it.
    End,
    /// No mail. The connection must end: nothing behind this may be read as
    /// commands.
    Broken(Offence),
}

impl Decoder {
    /// Takes octets from the front of `input`. The run handed out is as long
    /// as the input allows: it stops only at dots that are taken away.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Piece<'a> {
        match self.enter(input) {
            Some(piece) => piece,
            None => match self.run(input) {
                Ok(end) => {
                    let (run, rest) = input.split_at(end);
                    *input = rest;
                    Piece::Clean(Untrusted::new(run))
                }
                Err(offence) => Piece::Broken(offence),
            },
        }
    }

    /// Octets of the longest line so far, with its CRLF.
    pub fn longest_line(&self) -> usize {
        self.longest
    }

    /// Reads what yields no octets of the mail: a dot at the start of a line,
    /// or the end. `None` if octets of the mail are next.
    fn enter(&mut self, input: &mut &[u8]) -> Option<Piece<'static>> {
        loop {
            let Some(first) = input.first() else { return Some(Piece::More) };
            match (self.place, first) {
                (Place::Start, b'.') => self.place = Place::Dot,
                (Place::Dot, b'\r') => self.place = Place::DotCr,
                (Place::DotCr, b'\n') => {
                    *input = &input[1..];
                    self.place = Place::Start;
                    return Some(Piece::End);
                }
                (Place::DotCr, _) => return Some(Piece::Broken(Offence::BareCr)),
                (Place::Dot, _) => {
                    self.place = Place::Within;
                    return None;
                }
                (Place::Start | Place::Within | Place::AfterCr, _) => return None,
            }
            *input = &input[1..];
        }
    }

    /// How far octets of the mail reach without a dot to take away.
    fn run(&mut self, input: &[u8]) -> Result<usize, Offence> {
        let mut at = 0;
        if self.place == Place::AfterCr {
            at = self.end_line(input, 0)?;
        }
        while at < input.len() {
            if self.place == Place::Start {
                if input[at] == b'.' {
                    return Ok(at);
                }
                self.place = Place::Within;
            }
            let Some(found) = memchr3(b'\r', b'\n', 0, &input[at..]) else {
                self.lengthen(input.len() - at);
                return Ok(input.len());
            };
            match input[at + found] {
                b'\r' => {}
                b'\n' => return Err(Offence::BareLf),
                _ => return Err(Offence::Nul),
            }
            self.lengthen(found + 1);
            at += found + 1;
            self.place = Place::AfterCr;
            if at < input.len() {
                at = self.end_line(input, at)?;
            }
        }
        Ok(at)
    }

    /// Takes the LF that must stand at `at`, behind a CR.
    fn end_line(&mut self, input: &[u8], at: usize) -> Result<usize, Offence> {
        if input[at] != b'\n' {
            return Err(Offence::BareCr);
        }
        self.lengthen(1);
        self.line = 0;
        self.place = Place::Start;
        Ok(at + 1)
    }

    fn lengthen(&mut self, octets: usize) {
        self.line = self.line.saturating_add(octets);
        self.longest = self.longest.max(self.line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (Vec<u8>, Result<Vec<u8>, Offence>);

    /// The mail; then what was left behind its end, or the offence.
    fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Option<Read> {
        let mut decoder = Decoder::default();
        let mut mail = Vec::new();
        let mut chunks = chunks.into_iter();
        while let Some(mut input) = chunks.next() {
            loop {
                match decoder.next(&mut input) {
                    Piece::Clean(run) => {
                        assert!(!run.is_empty(), "an empty run");
                        mail.extend_from_slice(run.read());
                    }
                    Piece::More => break,
                    Piece::End => {
                        return Some((mail, Ok(chunks.fold(input.to_vec(), |left, chunk| [&left, chunk].concat()))));
                    }
                    Piece::Broken(offence) => return Some((Vec::new(), Err(offence))),
                }
            }
        }
        None
    }

    /// The same however the octets are cut.
    fn everywhere(input: &[u8]) -> Option<Read> {
        let whole = read([input]);
        assert_eq!(read(input.chunks(1)), whole, "one by one: {input:?}");
        for at in 0..=input.len() {
            let (a, b) = input.split_at(at);
            assert_eq!(read([a, b]), whole, "cut at {at}: {input:?}");
            for more in 0..=b.len() {
                let (b, c) = b.split_at(more);
                assert_eq!(read([a, b, c]), whole, "cut at {at} and {more}: {input:?}");
            }
        }
        whole
    }

    #[test]
    fn mails() {
        for (input, mail, left) in [
            (&b".\r\n"[..], &b""[..], &b""[..]),
            (b"a\r\n.\r\n", b"a\r\n", b""),
            (b"a\r\n.\r\nQUIT\r\n", b"a\r\n", b"QUIT\r\n"),
            (b"\r\n.\r\n", b"\r\n", b""),
            (b"..\r\n.\r\n", b".\r\n", b""),
            (b"...a\r\n.\r\n", b"..a\r\n", b""),
            (b".a\r\n.\r\n", b"a\r\n", b""),
            (b"a\r\n.b\r\n..\r\n.\r\n", b"a\r\nb\r\n.\r\n", b""),
            (b"a.\r\nb .\r\n.\r\n", b"a.\r\nb .\r\n", b""),
            (b"a\r\n\r\n\r\n.\r\n", b"a\r\n\r\n\r\n", b""),
            (b"a\r\n. \r\n.\r\n", b"a\r\n \r\n", b""),
            (b"\xff\x1b\x80\r\n.\r\n.\r\n", b"\xff\x1b\x80\r\n", b".\r\n"),
        ] {
            assert_eq!(everywhere(input), Some((mail.to_vec(), Ok(left.to_vec()))), "{input:?}");
        }
        for unfinished in [&b""[..], b"a", b"a\r", b"a\r\n", b"a\r\n.", b"a\r\n.\r", b"a.\r\n", b".x\r\n"] {
            assert_eq!(everywhere(unfinished), None, "{unfinished:?}");
        }
    }

    /// threats.md B: whatever else somebody takes for the end of data.
    #[test]
    fn only_one_end() {
        for (end, offence) in [
            (&b"\n.\n"[..], Offence::BareLf),
            (b"\n.\r", Offence::BareLf),
            (b"\r.\n", Offence::BareCr),
            (b"\r.\r", Offence::BareCr),
            (b"\n.\r\n", Offence::BareLf),
            (b"\r.\r\n", Offence::BareCr),
            (b"\r\n.\n", Offence::BareLf),
            (b"\r\n.\r", Offence::BareCr),
            (b"\r\n.\r\r\n", Offence::BareCr),
            (b"\r\r\n.\r\r\n", Offence::BareCr),
            (b"\r\n\0.\r\n", Offence::Nul),
            (b"\r\n.\0\r\n", Offence::Nul),
            (b"\r\n.\r\0\n", Offence::BareCr),
        ] {
            let input = [b"a", end, b"x\r\n.\r\n"].concat();
            assert_eq!(everywhere(&input), Some((Vec::new(), Err(offence))), "{end:?}");
        }
    }

    #[test]
    fn stuffing_round_trip() {
        // Every mail of up to five of these tokens.
        let tokens: [&[u8]; 4] = [b".", b"\r\n", b"a", b"b."];
        for number in 0..tokens.len().pow(5) {
            let mut mail: Vec<u8> =
                (0..5).flat_map(|place| tokens[number / tokens.len().pow(place) % tokens.len()]).copied().collect();
            mail.extend_from_slice(b"\r\n");
            let mut wire = Vec::new();
            for line in mail.split_inclusive(|b| *b == b'\n') {
                wire.extend_from_slice(if line.starts_with(b".") { b"." } else { b"" });
                wire.extend_from_slice(line);
            }
            wire.extend_from_slice(b".\r\n");
            assert_eq!(everywhere(&wire), Some((mail, Ok(Vec::new()))));
        }
    }

    #[test]
    fn the_longest_line() {
        let mut decoder = Decoder::default();
        for (chunk, longest) in [(&b"ab"[..], 2), (b"c\r", 4), (b"\n", 5), (b"..d\r\n", 5), (b"abcd\r\n.", 6)] {
            let mut input = chunk;
            while let Piece::Clean(_) = decoder.next(&mut input) {}
            assert_eq!(decoder.longest_line(), longest, "{chunk:?}");
        }
    }

    #[test]
    fn lines_without_dots_come_as_one_run() {
        let input = b"abc\r\n".repeat(100);
        let mut rest = &input[..];
        assert!(matches!(Decoder::default().next(&mut rest), Piece::Clean(run) if run.len() == input.len()));
    }
}
