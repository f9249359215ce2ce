//! HZ (RFC 1843): GB 2312 in seven bits, between `~{` and `~}`. Read where
//! the label says so and nowhere else, like UTF-7.

use encoding_rs::GBK;

use super::runs::Runs;

/// The text, and how many characters could not be read.
pub(super) fn read(octets: &[u8]) -> (String, u64) {
    let mut runs = Runs::new(octets.len());
    let mut chinese = false;
    let mut rest = octets;
    while let Some(&b) = rest.first() {
        let len = match *rest {
            [b'~', b'{', ..] => {
                chinese = true;
                2
            }
            [b'~', b'}', ..] => {
                chinese = false;
                2
            }
            [b'~', b'\r', b'\n', ..] => 3,
            [b'~', b'\n', ..] => 2,
            [b'~', b'~', ..] if !chinese => {
                runs.ascii(b);
                2
            }
            [lead @ 0x21..0x7f, trail @ 0x21..0x7f, ..] if chinese => {
                runs.octets(GBK, &[lead | 0x80, trail | 0x80]);
                2
            }
            _ if b.is_ascii() && !(chinese && b.is_ascii_graphic()) => {
                // RFC 1843: a line ends in ASCII.
                chinese &= b != b'\n';
                runs.ascii(b);
                1
            }
            _ => {
                runs.unreadable();
                1
            }
        };
        rest = rest.get(len..).unwrap_or_default();
    }
    runs.end()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn shifts() {
        for (octets, text, errors) in [
            (&b"a ~{VPND~} b"[..], "a 中文 b", 0),
            (b"1 ~~ 2", "1 ~ 2", 0),
            (b"a~\nb", "ab", 0),
            (b"~{VP\nVP", "中\nVP", 0),
            (b"~{V ~}", "\u{fffd} ", 1),
            (b"~{V", "\u{fffd}", 1),
            (b"\x80", "\u{fffd}", 1),
        ] {
            assert_eq!(read(octets), (text.to_owned(), errors), "{octets:?}");
        }
    }
}
