//! Octets to lines: CRLF and printable ASCII.

use sekisho_safe_message::Untrusted;

use crate::{MAX, Rule, Violation};

/// One line without its CRLF, printable ASCII only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Counted from 1.
    pub(crate) number: usize,
    pub(crate) text: &'a str,
}

/// The lines of a mail, one at a time: a mail of empty lines costs no memory.
/// Lengths are the business of header and body.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    rest: &'a [u8],
    /// Of the line that comes next.
    number: usize,
    /// Where a part ends.
    stop: Option<Stop>,
}

/// The end of a part.
#[derive(Debug, Clone)]
struct Stop {
    /// What its line begins with, and no other line.
    begin: String,
    /// Whether an empty line stands before it, which is no part's.
    after_blank: bool,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(mail: Untrusted<'a>) -> Result<Self, Violation> {
        if mail.len() > MAX {
            return Err(Violation::at(1, Rule::Size));
        }
        Ok(Self { rest: mail.read(), number: 1, stop: None })
    }

    /// The number of the line that comes next.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Octets that are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// From now on the lines end before the one that begins with `begin` and,
    /// if `after_blank`, before the empty line in front of it.
    pub(crate) fn stop_before(&mut self, begin: &str, after_blank: bool) {
        self.stop = Some(Stop { begin: begin.to_owned(), after_blank });
    }

    /// Goes on behind the end of a part; the empty line before it is taken.
    pub(crate) fn go_on(&mut self) {
        if self.stop.take().is_some_and(|stop| stop.after_blank) {
            self.rest = self.rest.strip_prefix(b"\r\n").unwrap_or(self.rest);
            self.number += 1;
        }
    }

    /// Whether the part ends here.
    fn at_stop(&self) -> bool {
        self.stop.as_ref().is_some_and(|stop| {
            let rest = if stop.after_blank { self.rest.strip_prefix(b"\r\n") } else { Some(self.rest) };
            rest.is_some_and(|rest| rest.starts_with(stop.begin.as_bytes()))
        })
    }

    /// The next line, checked for what all lines have in common; `None` at
    /// the end of the mail.
    pub(crate) fn next(&mut self) -> Result<Option<Line<'a>>, Violation> {
        let Some((number, line)) = self.take(|b| matches!(b, b' '..=b'~'))? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(line).map_err(|_| Violation::at(number, Rule::SevenBit))?;
        Ok(Some(Line { number, text }))
    }

    /// The next line of a body in which escape sequences and tabs may stand,
    /// with its number.
    pub(crate) fn next_with_escapes(&mut self) -> Result<Option<(usize, &'a [u8])>, Violation> {
        self.take(|b| matches!(b, b' '..=b'~' | b'\t' | 0x1b))
    }

    fn take(&mut self, allowed: impl Fn(u8) -> bool) -> Result<Option<(usize, &'a [u8])>, Violation> {
        if self.rest.is_empty() || self.at_stop() {
            return Ok(None);
        }
        let number = self.number;
        let end = self.rest.iter().position(|b| !allowed(*b)).unwrap_or(self.rest.len());
        let (line, behind) = self.rest.split_at(end);
        self.rest = behind.strip_prefix(b"\r\n").ok_or_else(|| Violation::at(number, wrong_end(behind)))?;
        self.number += 1;
        // A boundary elsewhere would end the part for every other reader.
        let is_stop = self.stop.as_ref().is_some_and(|stop| line.starts_with(stop.begin.as_bytes()));
        if line.starts_with(b".") || line.starts_with(b"From ") || is_stop {
            return Err(Violation::at(number, Rule::LineStart));
        }
        Ok(Some((number, line)))
    }
}

fn wrong_end(rest: &[u8]) -> Rule {
    match rest.first() {
        None | Some(b'\r' | b'\n') => Rule::LineEnd,
        Some(_) => Rule::SevenBit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<(), Violation> {
        let mut lines = Lines::of(Untrusted::new(text.as_bytes()))?;
        while lines.next()?.is_some() {}
        Ok(())
    }

    #[test]
    fn only_printable_lines_with_crlf() {
        for (input, rule) in [
            ("a\r\n b\r\n\r\n", None),
            ("a", Some(Rule::LineEnd)),
            ("a\n", Some(Rule::LineEnd)),
            ("a\rb\r\n", Some(Rule::LineEnd)),
            ("a\r\r\n", Some(Rule::LineEnd)),
            ("a\n\r\n", Some(Rule::LineEnd)),
            ("a\tb\r\n", Some(Rule::SevenBit)),
            ("a\0\r\n", Some(Rule::SevenBit)),
            ("あ\r\n", Some(Rule::SevenBit)),
            ("a\u{7f}\r\n", Some(Rule::SevenBit)),
            (".\r\n", Some(Rule::LineStart)),
            ("a\r\n..\r\n", Some(Rule::LineStart)),
            ("From x\r\n", Some(Rule::LineStart)),
        ] {
            let got = all(input).err().map(|v| v.rule);
            assert_eq!(got, rule, "{input:?}");
        }
    }
}
