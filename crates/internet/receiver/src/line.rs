//! Octets -> command lines.
//!
//! Owns the one rule of where a command ends: at CRLF and nowhere else. Never
//! cuts a line in two: one that is too long is dropped whole, so that its tail
//! cannot be read as a command.

use memchr::memchr3;
use sekisho_safe_message::Untrusted;

use crate::Offence;

/// Octets of one overlong line that are read to find its end. Past them the
/// peer sends no commands but a flood.
pub const MAX_DISCARD: usize = 64 * 1024;

/// Collects one command line at a time.
#[derive(Debug)]
pub struct LineReader {
    /// The line so far, without CRLF; never longer than `max`.
    line: Vec<u8>,
    state: State,
    /// Octets of a line with its CRLF.
    max: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Collecting; the octets so far are in `line`.
    Within,
    /// A CR was read; only LF may follow.
    AfterCr,
    /// Over the limit; this many octets were dropped.
    Dropping(usize),
    /// Over the limit, and a CR was read.
    DroppingAfterCr(usize),
    /// A whole line is in `line` and was handed out.
    Done,
}

/// What the octets amount to.
#[derive(Debug)]
pub enum Line<'a> {
    /// A line without its CRLF.
    Whole(Untrusted<'a>),
    /// No line yet.
    More,
    /// Not a line. If the offence is not fatal, the line has been skipped.
    Bad(Offence),
}

impl LineReader {
    /// A reader of lines of `max` octets with CRLF (RFC 5321 4.5.3.1.4).
    pub fn new(max: usize) -> Self {
        Self { line: Vec::new(), state: State::Within, max }
    }

    /// Takes octets from the front of `input` up to the end of one line.
    pub fn next(&mut self, input: &mut &[u8]) -> Line<'_> {
        if self.state == State::Done {
            self.line.clear();
            self.state = State::Within;
        }
        loop {
            match self.state {
                State::AfterCr | State::DroppingAfterCr(_) => match input.split_off_first() {
                    None => return Line::More,
                    Some(b'\n') => return self.ended(),
                    Some(_) => return Line::Bad(Offence::CommandOctets),
                },
                State::Within | State::Dropping(_) | State::Done => {
                    let end = memchr3(b'\r', b'\n', 0, input);
                    let (run, rest) = input.split_at(end.unwrap_or(input.len()));
                    self.collect(run);
                    *input = rest;
                    match input.split_off_first() {
                        None if matches!(self.state, State::Dropping(n) if n > MAX_DISCARD) => {
                            return Line::Bad(Offence::EndlessLine);
                        }
                        None => return Line::More,
                        Some(b'\r') => self.after_cr(),
                        Some(_) => return Line::Bad(Offence::CommandOctets),
                    }
                }
            }
        }
    }

    fn collect(&mut self, run: &[u8]) {
        match self.state {
            State::Dropping(dropped) => self.state = State::Dropping(dropped.saturating_add(run.len())),
            State::Within if self.line.len() + run.len() + 2 > self.max => {
                self.state = State::Dropping(self.line.len() + run.len());
                self.line.clear();
            }
            State::Within => self.line.extend_from_slice(run),
            State::AfterCr | State::DroppingAfterCr(_) | State::Done => {}
        }
    }

    fn after_cr(&mut self) {
        self.state = match self.state {
            State::Dropping(dropped) | State::DroppingAfterCr(dropped) => State::DroppingAfterCr(dropped),
            State::Within | State::AfterCr | State::Done => State::AfterCr,
        };
    }

    fn ended(&mut self) -> Line<'_> {
        let long = matches!(self.state, State::DroppingAfterCr(_));
        self.state = State::Done;
        if long { Line::Bad(Offence::LineTooLong) } else { Line::Whole(Untrusted::new(&self.line)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as text, offences as `!code`; reading stops at a fatal one.
    fn read(chunks: &[&[u8]], max: usize) -> Vec<String> {
        let mut reader = LineReader::new(max);
        let mut seen = Vec::new();
        for chunk in chunks {
            let mut input = *chunk;
            loop {
                match reader.next(&mut input) {
                    Line::Whole(line) => seen.push(String::from_utf8_lossy(line.read()).into_owned()),
                    Line::More => break,
                    Line::Bad(offence) => {
                        seen.push(format!("!{offence}"));
                        if offence.is_fatal() {
                            return seen;
                        }
                    }
                }
            }
        }
        seen
    }

    #[test]
    fn lines() {
        for (input, expected) in [
            (&b"NOOP\r\nQUIT\r\n"[..], &["NOOP", "QUIT"][..]),
            (b"\r\n\r\nA\r\n", &["", "", "A"]),
            (b"NOOP\nQUIT\r\n", &["!command-octets"]),
            (b"NOOP\rQUIT\r\n", &["!command-octets"]),
            (b"NOOP\r\r\n", &["!command-octets"]),
            (b"NO\0OP\r\n", &["!command-octets"]),
            (b"NOOP\r\0\n", &["!command-octets"]),
            (b"0123456789\r\n", &["!line-too-long"]),
            (b"012345678\r\nA\r\n", &["!line-too-long", "A"]),
            (b"01234567\r\nA\r\n", &["01234567", "A"]),
            (b"0123456789\nA\r\n", &["!command-octets"]),
            (b"0123456789\r\r\n", &["!command-octets"]),
            (b"A", &[]),
        ] {
            assert_eq!(read(&[input], 10), expected, "{input:?}");
            let single: Vec<&[u8]> = input.chunks(1).collect();
            assert_eq!(read(&single, 10), expected, "one by one: {input:?}");
            for at in 0..input.len() {
                assert_eq!(read(&[&input[..at], &input[at..]], 10), expected, "{at}: {input:?}");
            }
        }
    }

    #[test]
    fn a_line_without_end_is_given_up_and_not_kept() {
        let mut reader = LineReader::new(512);
        let flood = [b'x'; 4096];
        let mut read = 0;
        loop {
            let mut input = &flood[..];
            match reader.next(&mut input) {
                Line::More => read += flood.len(),
                Line::Whole(_) => panic!("a line"),
                Line::Bad(offence) => {
                    assert_eq!(offence, Offence::EndlessLine);
                    break;
                }
            }
            assert!(read <= MAX_DISCARD && reader.line.capacity() <= 512);
        }
    }
}
