//! A mail without the middles of its long files in base64.
//!
//! The second reader decodes whatever it finds, and of a file that is most of
//! its time. Whole lines of the base64 alphabet tell no reader anything about
//! structure: they hold no `-` (boundaries), no `:` (fields), no `=` (padding,
//! quoted-printable) and no blank (folding), and lines of one length that is a
//! multiple of four leave every group of four where it was. Lines on both
//! sides of a cut stay, so that what begins and ends there still does.
//!
//! Never: what the strict reading reads. That one sees every octet.

use std::borrow::Cow;

use memchr::memchr_iter;

/// Lines that stay at the beginning and at the end of a run.
const KEPT: usize = 16;
/// Shorter runs are not worth a cut.
const WORTH: usize = 64;

/// A shortened mail, and where its octets come from.
pub(super) struct Shortened<'a> {
    pub(super) octets: Cow<'a, [u8]>,
    /// Where something was cut out, as a place in `octets`, and how much was cut out up to there; rising.
    cuts: Vec<(usize, usize)>,
}

impl<'a> Shortened<'a> {
    pub(super) fn new(raw: &'a [u8]) -> Self {
        let runs = runs(raw);
        if runs.is_empty() {
            return Self { octets: Cow::Borrowed(raw), cuts: Vec::new() };
        }
        let (mut octets, mut cuts) = (Vec::new(), Vec::with_capacity(runs.len()));
        let (mut from, mut removed) = (0, 0);
        for run in runs {
            let (start, end) = (run.at + KEPT * run.width, run.at + (run.lines - KEPT) * run.width);
            octets.extend_from_slice(&raw[from..start]);
            removed += end - start;
            cuts.push((octets.len(), removed));
            from = end;
        }
        octets.extend_from_slice(&raw[from..]);
        Self { octets: Cow::Owned(octets), cuts }
    }

    /// Where in the whole mail the place `at` of `octets` is.
    pub(super) fn place(&self, at: usize) -> usize {
        let before = self.cuts.partition_point(|(cut, _)| *cut < at);
        at + before.checked_sub(1).and_then(|last| self.cuts.get(last)).map_or(0, |(_, removed)| *removed)
    }
}

/// Lines of one width, all of the alphabet.
#[derive(Clone, Copy)]
struct Run {
    at: usize,
    /// Octets of a line, its end included.
    width: usize,
    lines: usize,
}

/// The runs that are worth a cut.
fn runs(raw: &[u8]) -> Vec<Run> {
    let mut found = Vec::new();
    let mut run = Run { at: 0, width: 0, lines: 0 };
    let mut start = 0;
    for end in memchr_iter(b'\n', raw) {
        let line = &raw[start..=end];
        if is_base64(line) {
            if line.len() == run.width {
                run.lines += 1;
            } else {
                found.extend(Some(run).filter(is_worth));
                run = Run { at: start, width: line.len(), lines: 1 };
            }
        } else if run.lines > 0 {
            found.extend(Some(run).filter(is_worth));
            run = Run { at: 0, width: 0, lines: 0 };
        }
        start = end + 1;
    }
    found.extend(Some(run).filter(is_worth));
    found
}

fn is_worth(run: &Run) -> bool {
    run.lines > 2 * KEPT + WORTH
}

/// Whole groups of four and CRLF, no padding.
fn is_base64(line: &[u8]) -> bool {
    let Some(text) = line.strip_suffix(b"\r\n") else { return false };
    // The first octet tells most lines apart; the rest is told without a branch an octet.
    !text.is_empty()
        && text.len().is_multiple_of(4)
        && is_sextet(text[0])
        && text.iter().fold(true, |all, octet| all & is_sextet(*octet))
}

fn is_sextet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() | (octet == b'+') | (octet == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize, line: &str) -> String {
        format!("{line}\r\n").repeat(count)
    }

    #[test]
    fn middles_of_long_runs_go_and_places_are_found_again() {
        let (first, second) = (lines(500, &"QUJD".repeat(19)), lines(200, &"QUJE".repeat(10)));
        let whole = format!("A: b\r\n\r\n--x\r\n\r\n{first}QUI=\r\n--x\r\n\r\n{second}--x--\r\n");
        let shortened = Shortened::new(whole.as_bytes());
        assert!(shortened.octets.len() < whole.len() / 8);
        let text = String::from_utf8_lossy(&shortened.octets).into_owned();
        for mark in ["A: b", "QUI=", "--x\r\n\r\nQUJE", "--x--"] {
            let (there, here) = (whole.find(mark), text.find(mark));
            assert_eq!(here.map(|at| shortened.place(at)), there, "{mark}");
        }
        assert_eq!(shortened.place(shortened.octets.len()), whole.len());
    }

    #[test]
    fn what_is_not_long_base64_stays() {
        for mail in [
            String::new(),
            lines(2 * KEPT + WORTH, "QUJD"),
            lines(1000, "QUJ"),
            lines(1000, "QU=="),
            lines(1000, "--QUJDab"),
            lines(1000, "QUJD QUJD"),
            "QUJD\n".repeat(1000),
            (0..1000).map(|n| lines(1, &"QUJD".repeat(1 + n % 2))).collect(),
        ] {
            let shortened = Shortened::new(mail.as_bytes());
            assert_eq!(*shortened.octets, *mail.as_bytes());
            assert_eq!(shortened.place(7), 7);
        }
    }
}
