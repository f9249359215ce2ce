//! Cells that no spreadsheet program runs.

use std::fmt;

use crate::{TextError, is_safe_char};

/// Ends a cell, but for a row's last (U+001F, UNIT SEPARATOR).
const CELL: char = '\u{1f}';
/// Ends a row (U+001E, RECORD SEPARATOR).
const ROW: char = '\u{1e}';

/// Rows of cells. A cell is safe text that no spreadsheet program takes for a
/// formula: see [`SafeTable::is_inert`].
///
/// It crosses as one text, in which neither separator can stand otherwise.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SafeTable(String);

impl SafeTable {
    /// 16 MiB: some two hundred thousand rows of a register.
    pub const MAX: usize = 16 << 20;

    /// Accepts `text`, cells and rows ended by their separators, if it is safe
    /// as it stands.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: String) -> Result<Self, TextError> {
        if text.len() > Self::MAX {
            return Err(TextError::TooLong);
        }
        if text.is_empty() {
            return Ok(Self(text));
        }
        let rows = text.strip_suffix(ROW).ok_or(TextError::Edge)?;
        for cell in rows.split([ROW, CELL]) {
            if let Some(bad) = cell.chars().find(|c| !is_safe_char(*c) && *c != '\n' && *c != '\t') {
                return Err(TextError::Forbidden(bad));
            }
            if !Self::is_inert(cell) {
                return Err(TextError::Formula);
            }
        }
        Ok(Self(text))
    }

    /// Makes a table of any decoded cells: forbidden characters vanish, CRLF
    /// and CR become line feeds, and what a program would run gets a `'` in
    /// front. The counts are of characters and of cells.
    ///
    /// # Errors
    /// [`TextError::TooLong`]: a table is never cut.
    pub fn clean<R, C>(rows: R) -> Result<(Self, CellsChanged), TextError>
    where
        R: IntoIterator<Item = C>,
        C: IntoIterator<Item: AsRef<str>>,
    {
        let (mut out, mut changed) = (String::new(), CellsChanged::default());
        for row in rows {
            for (place, cell) in row.into_iter().enumerate() {
                if place > 0 {
                    out.push(CELL);
                }
                push_cell(cell.as_ref(), &mut out, &mut changed);
                if out.len() > Self::MAX {
                    return Err(TextError::TooLong);
                }
            }
            out.push(ROW);
        }
        if out.len() > Self::MAX { Err(TextError::TooLong) } else { Ok((Self(out), changed)) }
    }

    /// Whether no spreadsheet program takes `cell`, or what it makes of a piece
    /// of it, for a formula: see `docs/output-formats.md`, "Cells". Numbers,
    /// dates and telephone numbers (`-1,234.5`, `+81-3-1234-5678`) may begin
    /// with a sign.
    pub fn is_inert(cell: &str) -> bool {
        !is_separator_line(cell) && next_live(cell).is_none()
    }

    /// Rows of cells.
    pub fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = &str>> {
        self.0.split_terminator(ROW).map(|row| row.split(CELL))
    }

    /// The text in which it crosses.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The file (RFC 4180): commas, quotes where a cell needs them, CRLF, and a
    /// byte order mark before anything beyond ASCII. A line end in a cell is a
    /// bare line feed, as Excel writes it.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.0.len() + self.0.len() / 8 + 3);
        if !self.0.is_ascii() {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
        for row in self.rows() {
            for (place, cell) in row.enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_cell(cell, out.is_empty() || out == "\u{feff}".as_bytes(), &mut out);
            }
            out.extend_from_slice(b"\r\n");
        }
        out
    }
}

/// What [`SafeTable::clean`] had to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CellsChanged {
    /// Characters left out.
    pub characters: u64,
    /// Cells that got a `'` before one of their pieces.
    pub formulas: u64,
}

fn push_cell(cell: &str, out: &mut String, changed: &mut CellsChanged) {
    let start = out.len();
    let mut chars = cell.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            '\n' | '\t' => out.push(c),
            _ if is_safe_char(c) => out.push(c),
            _ => changed.characters += 1,
        }
    }
    if SafeTable::is_inert(&out[start..]) {
        return;
    }
    changed.formulas += 1;
    let cell = out.split_off(start);
    out.push_str(if is_separator_line(&cell) { "'" } else { "" });
    let mut first = true;
    for piece in cell.split_inclusive(PIECES) {
        let content = piece.strip_suffix(PIECES).unwrap_or(piece);
        out.push_str(if is_live(content, first) { "'" } else { "" });
        out.push_str(piece);
        first &= minded(content).is_empty();
    }
}

/// Where another program may end a cell: `;` and tab are its separators, or a
/// line's end is a row's.
const PIECES: [char; 3] = ['\n', '\t', ';'];

/// Excel takes `sep=;` for an order, not for a cell.
fn is_separator_line(cell: &str) -> bool {
    let rest = cell.get(..4).filter(|head| head.eq_ignore_ascii_case("sep=")).map(|_| &cell[4..]);
    rest.is_some_and(|rest| rest.chars().count() <= 1)
}

/// The first piece that a program would run.
fn next_live(cell: &str) -> Option<&str> {
    let mut first = true;
    cell.split(PIECES).find(|piece| {
        let live = is_live(piece, first);
        first &= minded(piece).is_empty();
        live
    })
}

/// Blanks, quotes and what cannot be seen before a formula are not minded.
fn minded(piece: &str) -> &str {
    piece.trim_start_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '"' | '\u{201c}' | '\u{201d}' | '\u{200c}' | '\u{200d}')
            || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
    })
}

/// Whether a program would run `piece`. In a later piece than the first, only
/// what calls a function or another program counts: there `- item` is a line of
/// a list.
fn is_live(piece: &str, first: bool) -> bool {
    let minded = minded(piece);
    match minded.chars().next() {
        Some('=' | '@' | '＝' | '＠' | '﹦' | '﹫' | '⁼' | '₌' | '⩵' | '⩶') => true,
        Some('+' | '-' | '＋' | '－' | '﹢' | '﹣' | '−' | '⁺' | '₊' | '⁻' | '₋' | '﬩') => {
            !is_number(minded) && (first || minded.contains(['(', '|', '（', '｜']))
        }
        // Dynamic data exchange without a formula: `cmd|' /C calc'!A0`.
        _ => is_dde(minded),
    }
}

fn write_cell(cell: &str, first: bool, out: &mut Vec<u8>) {
    let at_edge = |c: Option<char>| c.is_some_and(char::is_whitespace);
    let needs_quotes = cell.contains(['"', ',', '\n', '\t', ';'])
        || at_edge(cell.chars().next())
        || at_edge(cell.chars().next_back())
        // Excel reads a file that begins so as SYLK.
        || (first && cell.starts_with("ID"));
    if !needs_quotes {
        out.extend_from_slice(cell.as_bytes());
        return;
    }
    out.push(b'"');
    for piece in cell.split_inclusive('"') {
        out.extend_from_slice(piece.as_bytes());
        if piece.ends_with('"') {
            out.push(b'"');
        }
    }
    out.push(b'"');
}

/// Whether what begins with a sign is a number, a date or a telephone number:
/// nothing but digits can come of it. `-1-2` is a sum to a spreadsheet program
/// and a telephone number to a person.
fn is_number(piece: &str) -> bool {
    let mut text = [0; 64];
    let mut length = 0;
    for c in piece.trim_end().chars() {
        let (Some(place), Some(c)) = (text.get_mut(length), narrow(c)) else { return false };
        *place = c;
        length += 1;
    }
    let text = &text[..length];
    if text.iter().all(|b| matches!(b, b'+' | b'-')) {
        return true;
    }
    let [b'+' | b'-', rest @ ..] = text else { return false };
    let plain = match rest {
        // Narrow forms of per cent and of yen.
        [rest @ .., b'%' | b'Y'] => rest,
        rest => rest,
    };
    let is_plain = plain.iter().all(|b| b.is_ascii_digit() || b",.-()/: \\$".contains(b));
    is_plain && plain.iter().any(u8::is_ascii_digit) || is_scientific(rest)
}

/// ASCII for `c`, which a Japanese spreadsheet program reads alike; `Y` for 円.
fn narrow(c: char) -> Option<u8> {
    match c {
        '０'..='９' | '＋' | '－' | '，' | '．' | '（' | '）' | '／' | '：' | '％' => {
            u8::try_from(u32::from(c) - 0xfee0).ok()
        }
        '−' => Some(b'-'),
        '円' => Some(b'Y'),
        '¥' | '￥' => Some(b'\\'),
        '\u{3000}' => Some(b' '),
        'Y' => None,
        _ => u8::try_from(u32::from(c)).ok().filter(u8::is_ascii),
    }
}

fn is_scientific(number: &[u8]) -> bool {
    let Some(at) = number.iter().position(|b| matches!(b, b'e' | b'E')) else { return false };
    let (number, exponent) = (&number[..at], &number[at + 1..]);
    let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
    let is_run = |run: &[u8], point: bool| {
        run.iter().any(u8::is_ascii_digit) && run.iter().all(|b| b.is_ascii_digit() || (point && *b == b'.'))
    };
    is_run(number, true) && is_run(exponent, false)
}

/// `service|topic!item`: a program's name, a bar, and an exclamation mark
/// somewhere behind.
fn is_dde(piece: &str) -> bool {
    piece.split_once('|').is_some_and(|(service, rest)| {
        (1..=64).contains(&service.len())
            && service.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
            && rest.contains('!')
    })
}

impl fmt::Debug for SafeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafeTable({} octets)", self.0.len())
    }
}

#[cfg(test)]
mod tests;
