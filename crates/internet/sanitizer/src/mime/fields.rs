//! Header blocks: lines to fields (RFC 5322 2.2).

use std::borrow::Cow;

use sekisho_job::Anomaly;

use crate::findings::Findings;

/// One field of a header block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// Its name, as written.
    pub(crate) name: &'a str,
    /// Behind the colon, folding included, without the last line end.
    pub(crate) value: &'a [u8],
}

impl Field<'_> {
    /// Whether this is the field `name`.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The fields of `block`. What is no field is left out and makes the mail
/// ambiguous: one reader ends the header there, another skips the line.
pub(crate) fn parse<'a>(block: &'a [u8], findings: &mut Findings) -> Vec<Field<'a>> {
    let mut fields = Vec::new();
    let mut start = 0;
    while start < block.len() {
        let end = field_end(block, start);
        let field = trim_line_end(&block[start..end]);
        if start == 0 && is_mbox_line(field) {
            // A mailbox's separator that stayed: every reader that finds a
            // header at all skips it.
            findings.found(Anomaly::MboxLine);
        } else if let Some(field) = one(field, findings) {
            fields.push(field);
        }
        start = end;
    }
    fields
}

/// A mailbox's separator; never a sender's field with blanks before its colon.
fn is_mbox_line(line: &[u8]) -> bool {
    line.strip_prefix(b"From ").is_some_and(|rest| !rest.trim_ascii_start().starts_with(b":"))
}

/// Where the field that begins at `start` ends: before the first line that is
/// no continuation.
fn field_end(block: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        let Some(feed) = block[at..].iter().position(|b| *b == b'\n') else { return block.len() };
        at += feed + 1;
        if !matches!(block.get(at), Some(b' ' | b'\t')) {
            return at;
        }
    }
}

fn one<'a>(field: &'a [u8], findings: &mut Findings) -> Option<Field<'a>> {
    let Some(colon) = field.iter().position(|b| *b == b':') else {
        findings.found(Anomaly::HeaderJunk);
        return None;
    };
    let (name, value) = (&field[..colon], &field[colon + 1..]);
    // RFC 5322 4.2: a continuation of blanks alone looks like the header's end.
    if value.split(|b| *b == b'\n').skip(1).any(|line| line.trim_ascii().is_empty()) {
        findings.found(Anomaly::HeaderJunk);
    }
    // RFC 5322 2.2: printable ASCII without colon, and nothing beside it.
    let name = std::str::from_utf8(name).ok().filter(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_graphic()));
    let Some(name) = name else {
        findings.found(Anomaly::HeaderName);
        return None;
    };
    if value.iter().any(|b| *b >= 0x80) {
        findings.found(Anomaly::HeaderRaw8Bit);
    }
    // ESC begins an unencoded ISO-2022-JP run, which is sloppy, not hostile.
    if value.iter().any(|b| b.is_ascii_control() && !b"\r\n\t\x1b".contains(b)) {
        findings.found(Anomaly::HeaderControl);
    }
    Some(Field { name, value })
}

fn trim_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// `value` on one line, without blanks at its ends (RFC 5322 2.2.3: unfolding
/// removes the CRLF alone).
pub(crate) fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    let value = value.trim_ascii();
    if value.iter().any(|b| matches!(b, b'\r' | b'\n')) {
        Cow::Owned(value.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect())
    } else {
        Cow::Borrowed(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_what_is_none() {
        for (block, names, found) in [
            (&b"A: 1\r\nB-c:2\r\n\tx\r\n"[..], &["A", "B-c"][..], None),
            (b"A : 1\r\nB: 2\r\n", &["B"], Some(Anomaly::HeaderName)),
            (b"A\xe3: 1\r\n", &[], Some(Anomaly::HeaderName)),
            (b"A(c): 1\r\n", &["A(c)"], None),
            (b": 1\r\n", &[], Some(Anomaly::HeaderName)),
            (b" x: 1\r\nB: 2\r\n", &["B"], Some(Anomaly::HeaderName)),
            (b"junk\r\nB: 2\r\n", &["B"], Some(Anomaly::HeaderJunk)),
            (b"A: 1\r\n \r\nB: 2\r\n", &["A", "B"], Some(Anomaly::HeaderJunk)),
            (b"From a@b Mon\r\nB: 2\r\n", &["B"], Some(Anomaly::MboxLine)),
            (b"From : a@b\r\nB: 2\r\n", &["B"], Some(Anomaly::HeaderName)),
            (b"A: \x01\r\n", &["A"], Some(Anomaly::HeaderControl)),
            (b"A: \xe3\x81\x82\r\n", &["A"], Some(Anomaly::HeaderRaw8Bit)),
        ] {
            let mut findings = Findings::default();
            let fields = parse(block, &mut findings);
            assert_eq!(fields.iter().map(|f| f.name).collect::<Vec<_>>(), names, "{block:?}");
            assert_eq!(findings.anomalies(), found.into_iter().collect::<Vec<_>>(), "{block:?}");
        }
    }

    #[test]
    fn unfolding() {
        assert_eq!(&*unfold(b" a\r\n b\r\n\tc "), b"a b\tc");
        assert_eq!(&*unfold(b" a "), b"a");
    }
}
