//! UTF-7 (RFC 2152), read because old mail has it; what it says is text like
//! any other, and HTML in it is parsed after decoding only.

/// The text, and how many characters could not be read.
pub(super) fn read(octets: &[u8]) -> (String, u64) {
    let mut out = String::with_capacity(octets.len());
    let mut errors = 0;
    let mut rest = octets;
    while let Some((&b, behind)) = rest.split_first() {
        if b != b'+' {
            let safe = b.is_ascii();
            out.push(if safe { char::from(b) } else { '\u{fffd}' });
            errors += u64::from(!safe);
            rest = behind;
            continue;
        }
        let len = behind.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'+' || **b == b'/').count();
        let (run, after) = behind.split_at(len);
        let closed = after.first() == Some(&b'-');
        if run.is_empty() {
            out.push('+'); // `+-`, or one that stands alone
        } else {
            errors += units(run, &mut out);
        }
        rest = if closed { &after[1..] } else { after };
    }
    (out, errors)
}

/// A run of modified base64: UTF-16 in big-endian order.
fn units(run: &[u8], out: &mut String) -> u64 {
    let (mut bits, mut count) = (0u32, 0);
    let mut units = Vec::with_capacity(run.len() * 3 / 8 + 1);
    for &b in run {
        bits = bits << 6 | u32::from(sextet(b));
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push(u16::try_from(bits >> count & 0xffff).unwrap_or(0));
        }
    }
    let mut errors = 0;
    for unit in char::decode_utf16(units) {
        errors += u64::from(unit.is_err());
        out.push(unit.unwrap_or('\u{fffd}'));
    }
    errors
}

fn sextet(b: u8) -> u8 {
    match b {
        b'A'..=b'Z' => b - b'A',
        b'a'..=b'z' => b - b'a' + 26,
        b'0'..=b'9' => b - b'0' + 52,
        b'+' => 62,
        _ => 63,
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn runs() {
        for (octets, text, errors) in [
            ("Hi Mom -+Jjo--!", "Hi Mom -\u{263a}-!", 0),
            ("A+ImIDkQ.", "A\u{2262}\u{391}.", 0),
            ("+ZeVnLIqe-", "日本語", 0),
            ("1 +- 1", "1 + 1", 0),
            ("Fr+APY-sche", "Frösche", 0),
            ("+2D3eAA-", "\u{1f600}", 0),
            ("+2D0-", "\u{fffd}", 1),
            ("+", "+", 0),
        ] {
            assert_eq!(read(octets.as_bytes()), (text.to_owned(), errors), "{octets}");
        }
        assert_eq!(read(b"a\xff"), ("a\u{fffd}".to_owned(), 1));
    }
}
