//! Octets as lower-case hexadecimal digits, in one spelling.

/// `bytes` in digits.
pub(crate) fn write(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Exactly `N` octets; `None` for anything else, upper case too.
pub(crate) fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != N.checked_mul(2)? {
        return None;
    }
    let mut out = [0; N];
    for (slot, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *slot = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{read, write};

    #[test]
    fn one_spelling() {
        let bytes = [0, 1, 0x7f, 0xff];
        assert_eq!(write(&bytes), "00017fff");
        assert_eq!(read("00017fff"), Some(bytes));
        for bad in ["", "0", "00017ff", "00017FFF", "00017ffg", "00017fff00", "００"] {
            assert_eq!(read::<4>(bad), None, "{bad}");
        }
    }
}
