//! Base64 (RFC 4648 4), canonical only.

/// The octets of `text`; `None` unless it is the one spelling of them.
pub(crate) fn decode(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let (last, whole) = text.rchunks_exact(4).next().map_or((text, text), |last| (last, &text[..text.len() - 4]));
    for quad in whole.chunks_exact(4) {
        let bits = quad.iter().try_fold(0u32, |bits, c| Some(bits << 6 | value(*c)?))?;
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    if last.is_empty() { Some(()) } else { decode_last(last, out) }
}

/// The last four characters: up to two pads, and no bit set that is thrown
/// away.
fn decode_last(quad: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let pads = quad.iter().rev().take_while(|c| **c == b'=').count().min(2);
    let bits = quad[..4 - pads].iter().try_fold(0u32, |bits, c| Some(bits << 6 | value(*c)?))?;
    let (bits, kept) = (bits << (6 * pads), 3 - pads);
    let octets = bits.to_be_bytes();
    if octets[1 + kept..].iter().any(|rest| *rest != 0) {
        return None;
    }
    out.extend_from_slice(&octets[1..=kept]);
    Some(())
}

fn value(c: u8) -> Option<u32> {
    Some(match c {
        b'A'..=b'Z' => u32::from(c - b'A'),
        b'a'..=b'z' => u32::from(c - b'a') + 26,
        b'0'..=b'9' => u32::from(c - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4648_vectors_and_nothing_else() {
        for (text, octets) in [
            ("", Some("")),
            ("Zg==", Some("f")),
            ("Zm8=", Some("fo")),
            ("Zm9v", Some("foo")),
            ("Zm9vYg==", Some("foob")),
            ("Zm9vYmFy", Some("foobar")),
            ("Zh==", None),
            ("Zm9=", None),
            ("Zg=", None),
            ("Zg", None),
            ("Z===", None),
            ("====", None),
            ("Zg==Zg==", None),
            ("Zm9v\n", None),
            ("Zm-v", None),
            ("Z g=", None),
        ] {
            let mut out = Vec::new();
            let got = decode(text.as_bytes(), &mut out).map(|()| out);
            assert_eq!(got.as_deref(), octets.map(str::as_bytes), "{text}");
        }
    }
}
