//! OpenPGP inside text (RFC 9580 6.2, 7): the armour of a signature is
//! reduced to what it signs, a ciphertext to a word that it was there.
//!
//! A block without its end is left as it stands: nothing is lost by doubt.

use std::borrow::Cow;

use crate::language::has_japanese;

const SIGNED: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const SIGNATURE_END: &str = "-----END PGP SIGNATURE-----";
const MESSAGE: &str = "-----BEGIN PGP MESSAGE-----";
const MESSAGE_END: &str = "-----END PGP MESSAGE-----";

/// Text without its armour.
#[derive(Debug)]
pub(super) struct Reduced<'a> {
    pub(super) text: Cow<'a, str>,
    /// It had a signature.
    pub(super) signed: bool,
    /// It had a ciphertext.
    pub(super) encrypted: bool,
}

/// `text` without armour, in one pass over its lines.
pub(super) fn reduce(text: &str) -> Reduced<'_> {
    let mut reduced = Reduced { text: Cow::Borrowed(text), signed: false, encrypted: false };
    if !text.contains("-----BEGIN PGP ") {
        return reduced;
    }
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
    let ends = Ends::of(&lines);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at = match line.trim_end() {
            SIGNED if signed(&ends, at).is_some() => {
                reduced.signed = true;
                signed(&ends, at).map_or(at + 1, |block| push_signed(&lines, at, block, &mut out))
            }
            MESSAGE if ends.next(&ends.messages, at).is_some() => {
                reduced.encrypted = true;
                out.push_str(if has_japanese(text) { "［PGPの暗号文］\n" } else { "[PGP ciphertext]\n" });
                ends.next(&ends.messages, at).map_or(at, |end| end) + 1
            }
            _ => {
                out.push_str(line);
                out.push('\n');
                at + 1
            }
        };
    }
    out.pop();
    reduced.text = Cow::Owned(out);
    reduced
}

/// Where the lines stand that end or divide blocks, in rising order.
struct Ends {
    starts: Vec<usize>,
    signatures: Vec<usize>,
    signature_ends: Vec<usize>,
    messages: Vec<usize>,
}

impl Ends {
    fn of(lines: &[&str]) -> Self {
        let places = |mark: &str| {
            let found = lines.iter().enumerate().filter(|(_, line)| line.trim_end() == mark);
            found.map(|(at, _)| at).collect::<Vec<_>>()
        };
        Self {
            starts: places(SIGNED),
            signatures: places(SIGNATURE),
            signature_ends: places(SIGNATURE_END),
            messages: places(MESSAGE_END),
        }
    }

    /// The first of `places` behind `at`.
    fn next(&self, places: &[usize], at: usize) -> Option<usize> {
        places.get(places.partition_point(|place| *place <= at)).copied()
    }
}

/// Where the signature of a signed text begins and ends; none if another
/// signed text begins before.
fn signed(ends: &Ends, at: usize) -> Option<(usize, usize)> {
    let signature = ends.next(&ends.signatures, at)?;
    let end = ends.next(&ends.signature_ends, signature)?;
    let other = ends.next(&ends.starts, at);
    other.is_none_or(|other| other > end).then_some((signature, end))
}

/// Writes what is signed, without the header of the armour (`Hash: SHA256`)
/// and the dashes that RFC 9580 7.1 puts before dashes.
fn push_signed(lines: &[&str], at: usize, (signature, end): (usize, usize), out: &mut String) -> usize {
    let is_header = |line: &&&str| line.split_once(": ").is_some_and(|(name, _)| !name.contains(' '));
    let headers = lines[at + 1..signature].iter().take_while(is_header).count();
    let body = &lines[at + 1 + headers..signature];
    let body = if body.first().is_some_and(|line| line.trim().is_empty()) { &body[1..] } else { body };
    for line in body {
        out.push_str(line.strip_prefix("- ").unwrap_or(line));
        out.push('\n');
    }
    end + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn armour_goes_and_text_stays() {
        let signature = format!("{SIGNATURE}\nVersion: x\n\niQEz\n=abcd\n{SIGNATURE_END}\n");
        for (text, reduced, found) in [
            ("plain\n".to_owned(), "plain\n", (false, false)),
            (
                format!("a\n{SIGNED}\nHash: SHA256\n\nb\n- --\n- - c\n\n{signature}d\n"),
                "a\nb\n--\n- c\n\nd\n",
                (true, false),
            ),
            (format!("{SIGNED}\r\n\r\nb\r\n{SIGNATURE}\r\nx\r\n{SIGNATURE_END}\r\n"), "b\n", (true, false)),
            (format!("関\n{MESSAGE}\n\nxx\n{MESSAGE_END}\n所\n"), "関\n［PGPの暗号文］\n所\n", (false, true)),
            (format!("{MESSAGE}\nx\n{MESSAGE_END}"), "[PGP ciphertext]", (false, true)),
        ] {
            let read = reduce(&text);
            assert_eq!((&*read.text, (read.signed, read.encrypted)), (reduced, found), "{text}");
        }
    }

    #[test]
    fn a_block_without_its_end_stays() {
        for text in [
            format!("{SIGNED}\n\nb\n{SIGNATURE}\nx\n"),
            format!("{SIGNED}\n\nb\n"),
            format!("{MESSAGE}\nx\n"),
            format!("{SIGNATURE}\nx\n{SIGNATURE_END}\n"),
        ] {
            assert_eq!(reduce(&text).text, text);
        }
        let twice = format!("{SIGNED}\n\nb\n{SIGNED}\n\nc\n{SIGNATURE}\nx\n{SIGNATURE_END}\n");
        assert_eq!(reduce(&twice).text, format!("{SIGNED}\n\nb\nc\n"));
    }

    #[test]
    fn many_starts_are_linear() {
        let text = format!("{SIGNED}\n{MESSAGE}\n").repeat(20_000);
        assert_eq!(reduce(&text).text.len(), text.len());
    }
}
