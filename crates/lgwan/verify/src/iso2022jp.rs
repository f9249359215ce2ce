//! ISO-2022-JP (RFC 1468) in one spelling: two escape sequences, each where it
//! is needed, and ASCII at both ends of a line.

use crate::jis;

const TO_JIS: &[u8] = b"\x1b$B";
const TO_ASCII: &[u8] = b"\x1b(B";

/// Appends what `line`, which has no line end, says; `None` unless it is
/// sound. `tabs`: whether tabs may stand in it.
///
/// Not sound: another escape sequence (also `ESC ( J` and `ESC $ @`, which
/// clients map differently), one that changes nothing, half a pair, a pair
/// that the set lacks or that doubles another, a control, the eighth bit, and
/// an end in any state but ASCII.
pub(crate) fn read_line(line: &[u8], tabs: bool, out: &mut String) -> Option<()> {
    let mut rest = line;
    while let Some((first, behind)) = rest.split_first() {
        rest = match first {
            b' '..=b'~' => {
                out.push(char::from(*first));
                behind
            }
            b'\t' if tabs => {
                out.push('\t');
                behind
            }
            _ => read_run(rest.strip_prefix(TO_JIS)?, out)?,
        };
    }
    Some(())
}

/// A run of pairs up to its return to ASCII, and what stands behind.
fn read_run<'a>(run: &'a [u8], out: &mut String) -> Option<&'a [u8]> {
    let mut rest = run;
    loop {
        if let Some(behind) = rest.strip_prefix(TO_ASCII) {
            return (rest.len() < run.len() && !behind.starts_with(TO_JIS)).then_some(behind);
        }
        let (pair, behind) = rest.split_first_chunk::<2>()?;
        out.push(jis::character(pair[0], pair[1])?);
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        for (line, want) in [
            (&b""[..], Some("")),
            (b"plain\ttext", Some("plain\ttext")),
            (b"\x1b$B2q5D\x1b(B", Some("会議")),
            (b"a \x1b$B2q5D\x1b(B b\x1b$B-!\x1b(B", Some("a 会議 b①")),
            (b"\x1b$B|b\x1b(B", Some("髙")),
            // Never closed; closed inside a pair.
            (b"\x1b$B2q5D", None),
            (b"\x1b$B2q5\x1b(B", None),
            (b"\x1b$B2q5D\x1b(", None),
            // Other sets: JIS X 0201, JIS C 6226, JIS X 0212, half-width kana, one of G2.
            (b"\x1b$B2q5D\x1b(J", None),
            (b"\x1b(J\\\x1b(B", None),
            (b"\x1b$@2q5D\x1b(B", None),
            (b"\x1b$(D0!\x1b(B", None),
            (b"\x1b(I6\x1b(B", None),
            (b"\x1b.A\x1bNi", None),
            // Escapes that change nothing.
            (b"\x1b(Ba", None),
            (b"\x1b$B\x1b(B", None),
            (b"\x1b$B2q\x1b(B\x1b$B5D\x1b(B", None),
            (b"\x1b$B2q\x1b$B5D\x1b(B", None),
            // Row 9 is empty, row 13 repeats row 2, row 93 is not CP50220's.
            (b"\x1b$B)!\x1b(B", None),
            (b"\x1b$B-p\x1b(B", None),
            (b"\x1b$B}!\x1b(B", None),
            // Controls, blanks, DEL and the eighth bit inside and outside.
            (b"\x1b$B2\nq5D\x1b(B", None),
            (b"\x1b$B2q 5D\x1b(B", None),
            (b"\x1b$B2q\t\x1b(B", None),
            (b"\x1b$B2\x7f\x1b(B", None),
            (b"\x1b$B\xb2\xf1\x1b(B", None),
            (b"\xb2\xf1", None),
            (b"a\x0eb", None),
            (b"a\rb", None),
            (b"a\x7f", None),
            (b"\x1b", None),
        ] {
            let mut out = String::new();
            assert_eq!(read_line(line, true, &mut out).map(|()| out).as_deref(), want, "{line:?}");
        }
        assert_eq!(read_line(b"a\tb", false, &mut String::new()), None);
    }
}
