//! Structured field values: `head; name=value; ...` (RFC 2045 5.1, RFC 2183).

use crate::charset;

/// Most parameters of one field that are read: honest mail has five.
const MAX_PARAMS: usize = 100;

/// A field's value taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// Before the first semicolon, in lower case.
    pub(crate) head: String,
    /// The parameters, in order.
    pub(crate) params: Vec<Param>,
    /// There are comments in it.
    pub(crate) comments: bool,
    /// Something in it breaks the grammar, so that programs read the
    /// parameters in different ways.
    pub(crate) junk: bool,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Param {
    /// Its name in lower case; with the stars of RFC 2231, if any.
    pub(crate) name: String,
    /// Its value, unquoted, undecoded.
    pub(crate) value: Vec<u8>,
}

/// Takes an unfolded value apart; `None` when not even its head can be read.
pub(crate) fn parse(text: &[u8]) -> Option<Value> {
    let mut scan = Scan { text, at: 0, pairs: charset::hides_ascii(text), stop: 0, comments: false, junk: false };
    scan.skip_blanks();
    let head = scan.take_while(|b| is_token(b) || b == b'/');
    scan.skip_blanks();
    if head.is_empty() || !matches!(scan.peek(), None | Some(b';')) {
        return None;
    }
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut params = Vec::new();
    while scan.next_param() {
        if params.len() == MAX_PARAMS {
            scan.junk = true;
            break;
        }
        params.extend(scan.param());
    }
    Some(Value { head, params, comments: scan.comments, junk: scan.junk })
}

/// RFC 2045 5.1, without `/`, which tspecials have.
fn is_token(b: u8) -> bool {
    b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b)
}

/// Whether an escape to ASCII stands here.
fn closes(rest: &[u8]) -> bool {
    matches!(rest, [0x1b, b'(', b'B' | b'J' | b'H', ..])
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    /// The second octet of a character may look like `\`.
    pairs: bool,
    /// Where a run of ISO-2022-JP stops, once that was looked for; behind
    /// `at`, it is to be looked for again.
    stop: usize,
    comments: bool,
    junk: bool,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = &self.text[self.at..];
        let len = rest.iter().position(|b| !wanted(*b)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    /// How many octets from here belong together, whatever they look like: a
    /// run of ISO-2022-JP to its closing escape, or a character of Shift_JIS.
    /// 0 for all else.
    fn japanese(&mut self) -> usize {
        let rest = &self.text[self.at..];
        if rest.starts_with(b"\x1b$") || rest.starts_with(b"\x1b(I") {
            if self.stop < self.at {
                let mut octets = rest.iter().enumerate();
                let stop = octets.position(|(at, b)| match b {
                    0x1b => closes(&rest[at..]),
                    _ => !b.is_ascii_graphic(),
                });
                self.stop = stop.map_or(self.text.len(), |stop| self.at + stop);
            }
            return if closes(&self.text[self.stop..]) { self.stop + 3 - self.at } else { 0 };
        }
        let is_pair = matches!(rest, [0x81..=0x9f | 0xe0..=0xfc, 0x40..=0x7e | 0x80..=0xfc, ..]);
        if self.pairs && is_pair { 2 } else { 0 }
    }

    /// Blanks and comments (RFC 5322 3.2.2); the depth of comments is a
    /// number, not a stack.
    fn skip_blanks(&mut self) {
        let mut depth = 0u32;
        while let Some(b) = self.peek() {
            match b {
                b' ' | b'\t' => {}
                b'(' => {
                    depth += 1;
                    self.comments = true;
                }
                b')' if depth > 0 => depth -= 1,
                b'\\' if depth > 0 => self.at += 1,
                _ if depth > 0 => {}
                _ => return,
            }
            self.at += 1;
        }
        self.at = self.text.len();
        self.junk |= depth > 0;
    }

    /// Moves behind the semicolons before the next parameter, if there is one.
    fn next_param(&mut self) -> bool {
        self.skip_blanks();
        if !matches!(self.peek(), None | Some(b';')) {
            self.junk = true;
            self.take_while(|b| b != b';');
        }
        while self.peek() == Some(b';') {
            self.at += 1;
            self.skip_blanks();
        }
        self.peek().is_some()
    }

    fn param(&mut self) -> Option<Param> {
        let name = self.take_while(is_token);
        let plain = self.peek() == Some(b'=');
        self.skip_blanks();
        self.junk |= name.is_empty() || !plain;
        if self.peek() != Some(b'=') {
            self.take_while(|b| b != b';');
            return None;
        }
        self.at += 1;
        self.junk |= matches!(self.peek(), None | Some(b' ' | b'\t' | b'(' | b';'));
        self.skip_blanks();
        let value = if self.peek() == Some(b'"') { self.quoted() } else { self.bare() };
        Some(Param { name: String::from_utf8_lossy(name).to_ascii_lowercase(), value })
    }

    /// A quoted string. Of Shift_JIS and unencoded ISO-2022-JP some octets
    /// look like `\` and `"`; inside a character they are none.
    fn quoted(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut value = Vec::new();
        while let Some(b) = self.peek() {
            let character = self.japanese();
            if character > 0 {
                value.extend_from_slice(&self.text[self.at..self.at + character]);
                self.at += character;
                continue;
            }
            self.at += 1;
            match b {
                b'"' => return value,
                b'\\' => {
                    value.extend(self.peek());
                    self.at += 1;
                }
                _ => value.push(b),
            }
        }
        self.at = self.text.len();
        self.junk = true;
        value
    }

    /// Unquoted values often have characters that should be quoted; blanks
    /// and quotes within are where readers part.
    fn bare(&mut self) -> Vec<u8> {
        let start = self.at;
        while let Some(b) = self.peek() {
            let character = self.japanese();
            if character == 0 && b" \t;\"(".contains(&b) {
                break;
            }
            self.at += character.max(1);
        }
        let word = &self.text[start..self.at];
        self.skip_blanks();
        if matches!(self.peek(), None | Some(b';')) {
            return word.to_vec();
        }
        self.junk = true;
        self.take_while(|b| b != b';');
        self.text[start..self.at].trim_ascii().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        for (text, head, params, comments, junk) in [
            ("Text/Plain", "text/plain", "", false, false),
            ("text/plain; charset=UTF-8;", "text/plain", "charset=UTF-8", false, false),
            ("text/plain; charset=us-ascii (Plain)", "text/plain", "charset=us-ascii", true, false),
            ("multipart/mixed; boundary=\"a b\\\"c\"; x=y", "multipart/mixed", "boundary=a b\"c,x=y", false, false),
            ("multipart/mixed; boundary=----=_Next", "multipart/mixed", "boundary=----=_Next", false, false),
            ("a/b; name=foo bar.pdf; c=d", "a/b", "name=foo bar.pdf,c=d", false, true),
            ("a/b; x=\"; boundary=bar; y=\"", "a/b", "x=; boundary=bar; y=", false, false),
            ("a/b; x=\"open", "a/b", "x=open", false, true),
            ("a/b; boundary =x", "a/b", "boundary=x", false, true),
            ("a/b; boundary= \"x\"", "a/b", "boundary=x", false, true),
            ("a/b; foo; c=d", "a/b", "c=d", false, true),
            ("a/b; boundary=(c)x", "a/b", "boundary=x", true, true),
            ("a/b; c=\"d\" e=f", "a/b", "c=d", false, true),
            ("a/b; (open", "a/b", "", true, true),
        ] {
            let got = parse(text.as_bytes()).unwrap_or_else(|| unreachable!("{text}"));
            let list: Vec<_> =
                got.params.iter().map(|p| format!("{}={}", p.name, String::from_utf8_lossy(&p.value))).collect();
            let got = (got.head.as_str(), list.join(","), got.comments, got.junk);
            assert_eq!(got, (head, params.to_owned(), comments, junk), "{text}");
        }
        for (text, value) in [
            (&b"a/b; name=\"\x95\\\""[..], &b"\x95\\"[..]),
            (b"a/b; name=\"\x1b$B\"\\4X\x1b(B\"", b"\x1b$B\"\\4X\x1b(B"),
            (b"a/b; name=\x1b$B;q;;\"(\x1b(B.txt", b"\x1b$B;q;;\"(\x1b(B.txt"),
            (b"a/b; name=\"\x1b(I@2\\]\x1b(B\"", b"\x1b(I@2\\]\x1b(B"),
            (b"a/b; name=\"\x1b$B4X\"; x=\"\x1b(B\"", b"\x1b$B4X"),
            (b"a/b; name=\"\x83\x8c\x83|\x81[\x83g\x94\\\"; c=d", b"\x83\x8c\x83|\x81[\x83g\x94\\"),
            // A lead that is a trail hides nothing.
            (b"a/b; name=\"\x83\x81\\\"x\"", b"\x83\x81\"x"),
            // Of UTF-8 and EUC-JP no octet looks like ASCII.
            (b"a/b; name=\"\xe3\x81\x82\\\"x\"", b"\xe3\x81\x82\"x"),
            (b"a/b; name=\"\xa4\xe2\\\"x\"", b"\xa4\xe2\"x"),
        ] {
            let got = parse(text).unwrap_or_else(|| unreachable!("{text:?}"));
            assert_eq!((got.params[0].value.as_slice(), got.junk), (value, false), "{text:?}");
        }
        for text in ["", ";", "text/plain, text/html", "\"text/plain\"", "text/plain text/html", "=?x?="] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
