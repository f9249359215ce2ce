//! JIS X 0213: the table of what it has beyond JIS X 0208, and the two
//! encodings that carry it in eight bits.

use encoding_rs::EUC_JP;

use super::runs::Runs;

/// By plane, row and cell, in order.
const TEXT: &[u8] = include_bytes!("jisx0213.txt");

/// How many characters there are: JIS X 0213 has 11,233, of which 6,879 are in
/// JIS X 0208.
const COUNT: usize = 4354;

/// The table as the compiler reads it: no build goes through with a broken one.
static TABLE: [Entry; COUNT] = table();

/// Where a character stands, and what it is in Unicode, which writes some of
/// them with two.
type Entry = (u16, char, Option<char>);

/// A plane of 94 rows of 94 characters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Plane {
    /// That of JIS X 0208, with its gaps filled.
    First,
    /// Characters that are seldom used.
    Second,
}

/// Puts the character of a row and a cell (1 to 94) into `runs`.
pub(super) fn put(plane: Plane, place: [u8; 2], runs: &mut Runs) {
    match (find(plane, place), plane) {
        (Some((_, first, second)), _) => {
            runs.character(*first);
            second.iter().for_each(|c| runs.character(*c));
        }
        (None, Plane::First) => runs.octets(EUC_JP, &place.map(|number| number + 0xa0)),
        (None, Plane::Second) => runs.unreadable(),
    }
}

fn find(plane: Plane, [row, cell]: [u8; 2]) -> Option<&'static Entry> {
    let plane = match plane {
        Plane::First => 1,
        Plane::Second => 2,
    };
    TABLE.binary_search_by_key(&key([plane, row, cell]), |(key, _, _)| *key).ok().and_then(|at| TABLE.get(at))
}

const fn key([plane, row, cell]: [u8; 3]) -> u16 {
    (plane as u16) << 14 | (row as u16) << 7 | cell as u16
}

const fn table() -> [Entry; COUNT] {
    let mut table = [(0, '\0', None); COUNT];
    let (mut at, mut count) = (0, 0);
    while at < TEXT.len() {
        if TEXT[at] == b'#' {
            while TEXT[at] != b'\n' {
                at += 1;
            }
        } else {
            let mut place = [0; 3];
            (place[0], at) = number(at);
            (place[1], at) = number(at);
            (place[2], at) = number(at);
            let numbered = TEXT[at] == b'U';
            while TEXT[at] != b'\n' {
                let (first, second);
                (first, second, at) = if numbered { by_number(at + 2) } else { by_itself(at) };
                table[count] = (key(place), first, second);
                count += 1;
                place[2] += 1;
            }
        }
        at += 1;
    }
    assert!(count == COUNT, "characters are missing");
    table
}

/// A decimal number, and where the octet behind the mark behind it stands.
const fn number(mut at: usize) -> (u8, usize) {
    let mut number = 0;
    while TEXT[at].is_ascii_digit() {
        number = number * 10 + (TEXT[at] - b'0');
        at += 1;
    }
    (number, at + 1)
}

/// `304B+309A `, and where the next stands.
const fn by_number(at: usize) -> (char, Option<char>, usize) {
    let (first, mut at) = hex(at);
    let mut second = None;
    if TEXT[at] == b'+' {
        let (c, next) = hex(at + 1);
        (second, at) = (Some(c), next);
    }
    if TEXT[at] == b' ' {
        at += 1;
    }
    (first, second, at)
}

const fn hex(mut at: usize) -> (char, usize) {
    let mut number = 0;
    while let Some(digit) = (TEXT[at] as char).to_digit(16) {
        number = number << 4 | digit;
        at += 1;
    }
    (char(number), at)
}

/// A character of UTF-8, and where the next stands.
const fn by_itself(at: usize) -> (char, Option<char>, usize) {
    let (len, mask) = match TEXT[at] {
        0xf0.. => (4, 0x07),
        0xe0.. => (3, 0x0f),
        0xc0.. => (2, 0x1f),
        _ => (1, 0x7f),
    };
    let mut number = (TEXT[at] & mask) as u32;
    let mut next = at + 1;
    while next < at + len {
        number = number << 6 | (TEXT[next] & 0x3f) as u32;
        next += 1;
    }
    (char(number), None, next)
}

const fn char(number: u32) -> char {
    match char::from_u32(number) {
        Some(c) => c,
        None => panic!("no character"),
    }
}

/// The two eight-bit encodings of JIS X 0213:2004.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Encoded {
    /// EUC-JIS-2004, and EUC-JISX0213 before it.
    Euc,
    /// Shift_JIS-2004, and Shift_JISX0213 before it.
    ShiftJis,
}

impl Encoded {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Euc => "euc-jis-2004",
            Self::ShiftJis => "shift_jis-2004",
        }
    }

    /// The text, and how many characters could not be read.
    pub(super) fn read(self, octets: &[u8]) -> (String, u64) {
        let mut runs = Runs::new(octets.len());
        let mut rest = octets;
        while let Some((&b, behind)) = rest.split_first() {
            if b.is_ascii() {
                runs.ascii(b);
                rest = behind;
                continue;
            }
            let len = match self {
                Self::Euc => euc(rest, &mut runs),
                Self::ShiftJis => shift_jis(rest, &mut runs),
            };
            if len == 0 {
                runs.unreadable();
            }
            rest = rest.get(len.max(1)..).unwrap_or_default();
        }
        runs.end()
    }
}

/// Reads one character; gives its length, 0 if it is none. Three octets stand
/// for the second plane or for JIS X 0212, whose rows are others.
fn euc(rest: &[u8], runs: &mut Runs) -> usize {
    match *rest {
        [0x8e, kana @ 0xa1..=0xdf, ..] => {
            runs.octets(EUC_JP, &[0x8e, kana]);
            2
        }
        [0x8f, row @ 0xa1..=0xfe, cell @ 0xa1..=0xfe, ..] => {
            let place = [row - 0xa0, cell - 0xa0];
            match find(Plane::Second, place) {
                Some(_) => put(Plane::Second, place, runs),
                None => runs.octets(EUC_JP, &[0x8f, row, cell]),
            }
            3
        }
        [row @ 0xa1..=0xfe, cell @ 0xa1..=0xfe, ..] => {
            put(Plane::First, [row - 0xa0, cell - 0xa0], runs);
            2
        }
        _ => 0,
    }
}

/// Reads one character; gives its length, 0 if it is none.
fn shift_jis(rest: &[u8], runs: &mut Runs) -> usize {
    match *rest {
        [kana @ 0xa1..=0xdf, ..] => {
            runs.octets(EUC_JP, &[0x8e, kana]);
            1
        }
        [lead @ (0x81..=0x9f | 0xe0..=0xfc), trail @ (0x40..=0x7e | 0x80..=0xfc), ..] => {
            let index = trail - 0x40 - u8::from(trail > 0x7f);
            let (second, cell) = (index >= 94, index % 94 + 1);
            let (plane, rows) = rows(lead);
            put(plane, [if second { rows[1] } else { rows[0] }, cell], runs);
            2
        }
        _ => 0,
    }
}

/// The two rows that a lead octet of Shift_JIS-2004 stands for.
fn rows(lead: u8) -> (Plane, [u8; 2]) {
    let pair = |first: u8| [first, first + 1];
    match lead {
        ..0xa0 => (Plane::First, pair((lead - 0x81) * 2 + 1)),
        0xa0..0xf0 => (Plane::First, pair((lead - 0xc1) * 2 + 1)),
        0xf0 => (Plane::Second, [1, 8]),
        0xf1 => (Plane::Second, [3, 4]),
        0xf2 => (Plane::Second, [5, 12]),
        0xf3 => (Plane::Second, [13, 14]),
        0xf4 => (Plane::Second, [15, 78]),
        0xf5.. => (Plane::Second, pair((lead - 0xf5) * 2 + 79)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order() {
        assert!(TABLE.is_sorted_by(|(one, _, _), (other, _, _)| one < other));
        assert_eq!(TABLE.iter().filter(|(_, _, second)| second.is_some()).count(), 25);
        assert!(TABLE.iter().all(|(key, _, _)| (1..=94).contains(&(key & 0x7f))));
    }

    #[test]
    fn characters_of_both_planes() {
        for (text, euc, shift_jis) in [
            ("𠮟る", &b"\xcf\xd4\xa4\xeb"[..], &b"\x98s\x82\xe9"[..]),
            ("𡈽", &b"\xaf\xc2"[..], &b"\x88a"[..]),
            ("ㇰㇷ゚", &b"\xa6\xee\xa6\xf8"[..], &b"\x83\xec\x83\xf6"[..]),
            ("か゚キ゚ト゚", &b"\xa4\xf7\xa5\xf8\xa5\xfe"[..], &b"\x82\xf5\x83\x98\x83\x9e"[..]),
            ("☎☃", &b"\xa6\xe7\xa6\xeb"[..], &b"\x83\xe5\x83\xe9"[..]),
            ("①㈱Ⅲ", &b"\xad\xa1\xad\xea\xad\xb7"[..], &b"\x87@\x87\x8a\x87V"[..]),
            ("﨑", &b"\xcf\xf2"[..], &b"\x98\x92"[..]),
            ("俱剝", &b"\xae\xa1\xaf\xfe"[..], &b"\x87\x9f\x88\x9e"[..]),
            ("♤☖", &b"\xa6\xb9\xa6\xe4"[..], &b"\x83\xb7\x83\xe2"[..]),
            ("ゔヷヺ", &b"\xa4\xf4\xa7\xf2\xa7\xf5"[..], &b"\x82\xf2\x84\x92\x84\x95"[..]),
            ("Åéœ", &b"\xa9\xbc\xa9\xdf\xab\xaa"[..], &b"\x85[\x85~\x86I"[..]),
            ("ɔ̀", &b"\xab\xc8"[..], &b"\x86g"[..]),
            ("˩˥", &b"\xab\xe5"[..], &b"\x86\x85"[..]),
            ("㋐", &b"\xac\xdb"[..], &b"\x86\xd9"[..]),
            ("ⓐ❶", &b"\xac\xc1\xac\xa1"[..], &b"\x86\xbf\x86\x9f"[..]),
            ("𠀋", &b"\xae\xa2"[..], &b"\x87\xa0"[..]),
            ("𠂉", &b"\x8f\xa1\xa1"[..], &b"\xf0@"[..]),
            ("𩸽", &b"\x8f\xfd\xcc"[..], &b"\xfck"[..]),
            ("鷗", &b"\xfe\xe5"[..], &b"\xef\xe3"[..]),
            ("鄧", &b"\xfc\xf0"[..], &b"\xee\xee"[..]),
            ("彅", &b"\xf4\xba"[..], &b"\xea\xb8"[..]),
            ("丂兠", &b"\x8f\xa1\xa2\x8f\xa3\xa6"[..], &b"\xf0A\xf1E"[..]),
            ("儈唼堠", &b"\x8f\xa3\xa1\x8f\xa4\xa1\x8f\xa5\xa1"[..], &b"\xf1@\xf1\x9f\xf2@"[..]),
            (
                "宖幮抙晛棙",
                &b"\x8f\xa8\xa1\x8f\xac\xa1\x8f\xad\xa1\x8f\xae\xa1\x8f\xaf\xa1"[..],
                &b"\xf0\x9f\xf2\x9f\xf3@\xf3\x9f\xf4@"[..],
            ),
            ("殛溧", &b"\x8f\xee\xa1\x8f\xef\xa2"[..], &b"\xf4\x9f\xf5A"[..]),
            ("熳璠", &b"\x8f\xf0\xa1\x8f\xf1\xa1"[..], &b"\xf5\x9f\xf6@"[..]),
            ("稸糍", &b"\x8f\xf3\xa1\x8f\xf4\xa1"[..], &b"\xf7@\xf7\x9f"[..]),
            ("翲芲", &b"\x8f\xf5\xa1\x8f\xf6\xa1"[..], &b"\xf8@\xf8\x9f"[..]),
            ("鳦", &b"\x8f\xfe\xa1"[..], &b"\xfc\x9f"[..]),
            ("〻ヿゟ", &b"\xa2\xb6\xa2\xb8\xa2\xb9"[..], &b"\x81\xb4\x81\xb6\x81\xb7"[..]),
            ("⇄€", &b"\xa3\xa9\xa9\xa1"[..], &b"\x82H\x85@"[..]),
            ("関所の", &b"\xb4\xd8\xbd\xea\xa4\xce"[..], &b"\x8a\xd6\x8f\x8a\x82\xcc"[..]),
        ] {
            assert_eq!(Encoded::Euc.read(euc), (text.to_owned(), 0), "{text}");
            assert_eq!(Encoded::ShiftJis.read(shift_jis), (text.to_owned(), 0), "{text}");
        }
    }

    #[test]
    fn what_the_table_lacks() {
        // JIS X 0212 in three octets; its rows and the second plane's are apart.
        assert_eq!(Encoded::Euc.read(b"\x8f\xb0\xa8"), ("两".to_owned(), 0));
        // The wave and the minus of JIS X 0208 as Windows reads them.
        assert_eq!(Encoded::Euc.read(b"\xa1\xc1\xa1\xdd"), ("～－".to_owned(), 0));
        assert_eq!(Encoded::ShiftJis.read(b"\xfc\xfc\x80"), ("\u{fffd}\u{fffd}".to_owned(), 2));
        assert_eq!(Encoded::ShiftJis.read(b"\x83"), ("\u{fffd}".to_owned(), 1));
        assert_eq!(Encoded::Euc.read(b"\x8f\xa1"), ("\u{fffd}\u{fffd}".to_owned(), 2));
    }
}
