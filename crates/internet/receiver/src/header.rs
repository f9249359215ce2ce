//! Loops: hops of a mail, and our own trace.
//!
//! Owns two questions to a mail's header, asked by the names of its fields
//! alone: how often was it received (RFC 5321 6.3), and have we seen it
//! before. Never reads a value, never looks behind the first empty line.

use std::fmt;

use memchr::memchr;

/// Octets of a line that are looked at: the longest name, blanks and a colon.
const LOOK: usize = 80;

/// The name of a header field (RFC 5322 2.2), up to 64 octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName(String);

/// Why a text is not the name of a header field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldNameError;

impl FieldName {
    /// The field of that name.
    ///
    /// # Errors
    /// [`FieldNameError`] unless it is 1 to 64 printable ASCII octets without
    /// a colon or a blank.
    pub fn new(name: &str) -> Result<Self, FieldNameError> {
        let sound = (1..=64).contains(&name.len()) && name.bytes().all(|b| (b'!'..=b'~').contains(&b) && b != b':');
        if sound { Ok(Self(name.to_owned())) } else { Err(FieldNameError) }
    }

    /// The name as configured.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FieldNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a header field is 1 to 64 printable ASCII characters without colon or space")
    }
}

impl std::error::Error for FieldNameError {}

/// Counts hops while a mail streams by.
#[derive(Debug)]
pub(crate) struct Hops {
    place: Place,
    received: usize,
    traced: bool,
}

#[derive(Debug)]
enum Place {
    /// In a header line whose first octets are kept.
    Header { kept: [u8; LOOK], len: usize },
    /// Behind the first empty line.
    Body,
}

impl Hops {
    pub(crate) fn new() -> Self {
        Self { place: Place::Header { kept: [0; LOOK], len: 0 }, received: 0, traced: false }
    }

    /// Takes the next octets of a mail whose lines all end with CRLF.
    pub(crate) fn take(&mut self, mut run: &[u8], trace: Option<&FieldName>) {
        while let Place::Header { kept, len } = &mut self.place {
            let end = memchr(b'\n', run);
            let part = &run[..end.unwrap_or(run.len())];
            let fits = part.len().min(LOOK - *len);
            kept[*len..*len + fits].copy_from_slice(&part[..fits]);
            *len += fits;
            let Some(end) = end else { return };
            run = &run[end + 1..];
            let line = &kept[..*len];
            self.received += usize::from(is_field(line, "Received"));
            self.traced |= trace.is_some_and(|name| is_field(line, name.as_str()));
            if line == b"\r" {
                self.place = Place::Body;
            } else {
                *len = 0;
            }
        }
    }

    /// `Received` fields so far.
    pub(crate) fn received(&self) -> usize {
        self.received
    }

    /// Whether our trace field was seen.
    pub(crate) fn traced(&self) -> bool {
        self.traced
    }
}

/// Blanks before the colon are obsolete (RFC 5322 4.5), yet count as a hop.
fn is_field(line: &[u8], name: &str) -> bool {
    line.split_at_checked(name.len()).is_some_and(|(head, tail)| {
        head.eq_ignore_ascii_case(name.as_bytes()) && tail.trim_ascii_start().first() == Some(&b':')
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn hops() {
        let trace = FieldName::new("X-Sekisho-Trace").unwrap();
        let long = format!("X: {}\r\nReceived: x\r\n", "y".repeat(10_000));
        for (mail, received, traced) in [
            ("Received: a\r\nReceived: b\r\n\r\n", 2, false),
            ("received:\r\nRECEIVED \t: b\r\n\r\n", 2, false),
            ("Received-SPF: a\r\nX-Received: b\r\nReceive: c\r\nReceived\r\n\r\n", 0, false),
            (" Received: folded\r\n\tReceived: x\r\n\r\n", 0, false),
            ("A: b\r\n\r\nReceived: body\r\nx-sekisho-trace: 1\r\n", 0, false),
            ("\r\nReceived: body\r\n", 0, false),
            ("x-sekisho-trace: 1\r\n\r\n", 0, true),
            ("X-Sekisho-Trace2: 1\r\n\r\n", 0, false),
            (&long, 1, false),
            ("Received: no end", 0, false),
        ] {
            for size in [1, 2, 7, 80, mail.len()] {
                let mut hops = Hops::new();
                mail.as_bytes().chunks(size).for_each(|chunk| hops.take(chunk, Some(&trace)));
                assert_eq!((hops.received(), hops.traced()), (received, traced), "{size}: {mail:.60}");
            }
        }
    }

    #[test]
    fn names() {
        for bad in ["", "a b", "a:", "é", &"x".repeat(65)] {
            assert_eq!(FieldName::new(bad), Err(FieldNameError), "{bad}");
        }
    }
}
