//! Line ends of mails that come from files, not by SMTP.

use std::borrow::Cow;

/// A mail as a file holds it, read as it came by SMTP: where every line ends
/// with a bare LF (as most tools store mails), each becomes CRLF. A file with
/// any CR stays as it is, so that mixed and bare ends remain the anomalies
/// they are.
pub fn offline_line_ends(raw: &[u8]) -> Cow<'_, [u8]> {
    let feeds = raw.iter().filter(|b| **b == b'\n').count();
    if feeds == 0 || raw.contains(&b'\r') {
        return Cow::Borrowed(raw);
    }
    let mut out = Vec::with_capacity(raw.len() + feeds);
    for line in raw.split_inclusive(|b| *b == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(content) => {
                out.extend_from_slice(content);
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pure_lf_files_change() {
        for (file, read) in [
            (&b"a: b\n\nc\n"[..], &b"a: b\r\n\r\nc\r\n"[..]),
            (b"a\nb", b"a\r\nb"),
            (b"a\r\nb\n", b"a\r\nb\n"),
            (b"a\rb\n", b"a\rb\n"),
            (b"a\r\n", b"a\r\n"),
            (b"", b""),
        ] {
            assert_eq!(&*offline_line_ends(file), read);
        }
    }
}
