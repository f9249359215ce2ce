//! JIS X 0208 as mail in Japan has it: with row 13 of NEC, and with the
//! characters of IBM in rows 89 to 92 (CP50220).

/// Rows of the set, and cells of a row.
const SIDE: usize = 94;

/// One line a row, one character a cell; `.` where there is none. A character
/// that stands twice in the set stands here in its first place alone, so that
/// each has one spelling.
const ROWS: &str = include_str!("jisx0208.txt");

/// The characters by row and cell, each counted from 0; 0 where there is none.
static CELLS: [u16; SIDE * SIDE] = cells();

/// The character of two octets in `ESC $ B`, if there is one.
pub const fn character(first: u8, second: u8) -> Option<char> {
    match (first, second) {
        (0x21..=0x7e, 0x21..=0x7e) => match CELLS[(first - 0x21) as usize * SIDE + (second - 0x21) as usize] {
            0 => None,
            code => char::from_u32(code as u32),
        },
        _ => None,
    }
}

/// Read at compile time, so that nothing has to be set up.
#[expect(clippy::cast_possible_truncation, reason = "three octets of UTF-8 hold 16 bits")]
const fn cells() -> [u16; SIDE * SIDE] {
    let text = ROWS.as_bytes();
    let mut out = [0; SIDE * SIDE];
    let (mut at, mut row, mut cell) = (0, 0, 0);
    while at < text.len() {
        let first = text[at] as u32;
        // RFC 3629 3: nothing of the set lies beyond three octets.
        let (code, len) = match first {
            0..0x80 => (first, 1),
            0x80..0xe0 => ((first & 0x1f) << 6 | continuation(text[at + 1]), 2),
            _ => ((first & 0x0f) << 12 | continuation(text[at + 1]) << 6 | continuation(text[at + 2]), 3),
        };
        at += len;
        match code {
            0x0a => (row, cell) = (row + 1, 0),
            _ => {
                if code != '.' as u32 {
                    out[row * SIDE + cell] = code as u16;
                }
                cell += 1;
            }
        }
    }
    assert!(row == SIDE, "a row is missing");
    out
}

const fn continuation(octet: u8) -> u32 {
    (octet & 0x3f) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair, against a table of other origin.
    #[test]
    fn it_is_the_table_of_the_platform() {
        let mut seen = std::collections::BTreeSet::new();
        let mut rows = std::collections::BTreeSet::new();
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let in_the_set = (0x21..=0x7e).contains(&first) && (0x21..=0x7e).contains(&second);
                let (text, lossy) = if in_the_set {
                    encoding_rs::EUC_JP
                        .decode_without_bom_handling_and_without_replacement(&[first | 0x80, second | 0x80])
                        .map_or((String::new(), true), |text| (text.into_owned(), false))
                } else {
                    (String::new(), true)
                };
                let want = text.chars().next().filter(|c| !lossy && (first <= 0x7c) && seen.insert(*c));
                assert_eq!(character(first, second), want, "{first:02x} {second:02x}");
                rows.extend(want.map(|_| first - 0x20));
            }
        }
        assert_eq!(seen.len(), 7326);
        let known: Vec<u8> = (1..=8).chain([13]).chain(16..=84).chain(89..=92).collect();
        assert_eq!(rows.into_iter().collect::<Vec<_>>(), known);
    }

    #[test]
    fn names_of_residents_are_in_it() {
        for (octets, want) in [([0x24, 0x22], 'あ'), ([0x2d, 0x21], '①'), ([0x2d, 0x6a], '㈱'), ([0x7c, 0x62], '髙')]
        {
            assert_eq!(character(octets[0], octets[1]), Some(want));
        }
    }
}
