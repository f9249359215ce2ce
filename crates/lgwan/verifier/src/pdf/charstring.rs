//! Charstrings of our own (Adobe technical note 5177): a width, moves, lines,
//! curves, an end. No hints, no subroutines, no arithmetic.

/// Numbers of one operator (5177, appendix B).
const MAX_NUMBERS: usize = 48;

/// Reads a glyph; `None` if it breaks a rule.
pub(super) fn check(code: &[u8]) -> Option<()> {
    let mut rest = code;
    let mut numbers = 0usize;
    let mut first = true;
    while let Some((octet, behind)) = rest.split_first() {
        rest = behind;
        let skipped = match octet {
            28 => 2,
            32..=246 => 0,
            247..=254 => 1,
            255 => 4,
            operator => {
                // The width stands before the first operator, which is not one
                // that draws.
                let drawn = if first { numbers.checked_sub(1)? } else { numbers };
                let sound = match operator {
                    21 => drawn == 2,
                    5 => !first && drawn >= 2 && drawn.is_multiple_of(2),
                    8 => !first && drawn >= 6 && drawn.is_multiple_of(6),
                    14 => return (drawn == 0 && rest.is_empty()).then_some(()),
                    _ => false,
                };
                sound.then_some(())?;
                (numbers, first) = (0, false);
                continue;
            }
        };
        rest = rest.get(skipped..)?;
        numbers += 1;
        (numbers <= MAX_NUMBERS).then_some(())?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charstrings() {
        for (code, sound) in [
            (&[139, 14][..], true),
            (&[139, 140, 141, 21, 140, 140, 5, 1 + 139, 2 + 139, 3 + 139, 4 + 139, 5 + 139, 6 + 139, 8, 14], true),
            (&[28, 1, 2, 247, 3, 255, 0, 1, 0, 0, 21, 14], true),
            (&[], false),
            (&[14], false),
            (&[139], false),
            (&[139, 14, 14], false),
            (&[139, 140, 21, 14], false),
            (&[139, 139, 139, 5, 14], false),
            (&[139, 140, 141, 21, 139, 14], false),
            (&[139, 140, 141, 21, 5, 14], false),
            (&[139, 140, 141, 21, 139, 139, 8, 14], false),
            (&[139, 139, 139, 1, 14], false),
            (&[139, 10, 14], false),
            (&[139, 12, 10, 14], false),
            (&[28, 0], false),
            (&[139; 60], false),
        ] {
            assert_eq!(check(code).is_some(), sound, "{code:?}");
        }
    }
}
