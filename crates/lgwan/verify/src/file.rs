//! Files whose grammar is small enough to be read here: text, cells, calendars
//! and cards.
//!
//! Owns the spelling of each file: line ends, byte order mark, quotes, folds.
//! Whether what it spells is safe is the word of the types that both sides
//! share, which check themselves.

use sekisho_safe_message::{SafeKind, SafeRecord, SafeTable, SafeText, TextError, Untrusted};

use crate::{Fault, Flaw};

/// Octets of one folded line (RFC 5545 3.1, RFC 6350 3.2).
const FOLD: usize = 75;
const MARK: &str = "\u{feff}";

/// Whether `octets` are a file of `kind` as it is written.
///
/// # Errors
/// The first rule that they break; of the other kinds [`Fault::Unread`].
pub fn plain(kind: SafeKind, octets: Untrusted<'_>) -> Result<(), Flaw> {
    let text = std::str::from_utf8(octets.read()).map_err(|err| Flaw::at(Fault::Utf8, err.valid_up_to()))?;
    match kind {
        SafeKind::Text => read_text(text),
        SafeKind::Csv => read_cells(text),
        SafeKind::Calendar => read_record(text, SafeRecord::parse_calendar),
        SafeKind::Card => read_record(text, SafeRecord::parse_card),
        SafeKind::Png | SafeKind::Jpeg | SafeKind::Gif | SafeKind::Pdf | SafeKind::Zip => {
            Err(Flaw::at(Fault::Unread, 0))
        }
    }
}

/// Safe text with CRLF line ends.
fn read_text(text: &str) -> Result<(), Flaw> {
    let mut plain = String::with_capacity(text.len());
    let mut at = 0;
    for piece in text.split_inclusive('\n') {
        let line = match piece.strip_suffix('\n') {
            Some(rest) => rest.strip_suffix('\r').ok_or(Flaw::at(Fault::LineEnd, at))?,
            None => piece,
        };
        if line.contains('\r') {
            return Err(Flaw::at(Fault::LineEnd, at));
        }
        plain.push_str(line);
        if line.len() < piece.len() {
            plain.push('\n');
        }
        at += piece.len();
    }
    SafeText::parse(plain).map(|_| ()).map_err(|err| flaw(err, Fault::Text))
}

/// RFC 4180, in one spelling: quotes only where they are needed.
fn read_cells(text: &str) -> Result<(), Flaw> {
    let (marked, rows) = text.strip_prefix(MARK).map_or((false, text), |rest| (true, rest));
    if marked == rows.is_ascii() {
        return Err(Flaw::at(Fault::Mark, 0));
    }
    let offset = text.len() - rows.len();
    let mut crossing = String::with_capacity(rows.len());
    let mut rest = rows;
    while !rest.is_empty() {
        let at = offset + rows.len() - rest.len();
        let (cell, behind) =
            read_cell(rest, crossing.is_empty() && at == offset).map_err(|fault| Flaw::at(fault, at))?;
        // Their separators stand between cells that have none (U+001F, U+001E).
        if cell.contains(['\u{1e}', '\u{1f}']) {
            return Err(Flaw::at(Fault::Cell, at));
        }
        crossing.push_str(&cell);
        if let Some(next) = behind.strip_prefix(',') {
            crossing.push('\u{1f}');
            // A comma has a cell behind it.
            if next.is_empty() {
                return Err(Flaw::at(Fault::LineEnd, at));
            }
            rest = next;
        } else {
            crossing.push('\u{1e}');
            rest = behind.strip_prefix("\r\n").ok_or(Flaw::at(Fault::LineEnd, at))?;
        }
    }
    SafeTable::parse(crossing).map(|_| ()).map_err(|err| flaw(err, Fault::Cell))
}

/// The first cell of `rest`, and what stands behind it; `first`: it is the
/// file's.
fn read_cell(rest: &str, first: bool) -> Result<(String, &str), Fault> {
    let Some(quoted) = rest.strip_prefix('"') else {
        let end = rest.find([',', '\r', '\n', '"']).unwrap_or(rest.len());
        let cell = &rest[..end];
        return if needs_quotes(cell, first) { Err(Fault::Quote) } else { Ok((cell.to_owned(), &rest[end..])) };
    };
    let mut cell = String::new();
    let mut left = quoted;
    loop {
        let (piece, behind) = left.split_once('"').ok_or(Fault::Quote)?;
        cell.push_str(piece);
        match behind.strip_prefix('"') {
            Some(more) => {
                cell.push('"');
                left = more;
            }
            None => {
                // A line end in a cell is LF alone, as Excel writes it.
                let sound = !cell.contains('\r') && needs_quotes(&cell, first);
                return if sound { Ok((cell, behind)) } else { Err(Fault::Quote) };
            }
        }
    }
}

/// Separators and quotes, blanks at an end, and what Excel takes for SYLK.
fn needs_quotes(cell: &str, first: bool) -> bool {
    let edge = cell.starts_with(char::is_whitespace) || cell.ends_with(char::is_whitespace);
    cell.contains(['"', ',', '\n', '\t', ';']) || edge || (first && cell.starts_with("ID"))
}

/// Lines folded as late as they can be, between characters.
fn read_record(text: &str, parse: fn(String) -> Result<SafeRecord, TextError>) -> Result<(), Flaw> {
    let mut plain = String::with_capacity(text.len());
    // Octets of the line before.
    let mut before = 0;
    let mut at = 0;
    for piece in text.split_inclusive('\n') {
        let line = piece.strip_suffix("\r\n").ok_or(Flaw::at(Fault::LineEnd, at))?;
        if line.contains('\r') {
            return Err(Flaw::at(Fault::LineEnd, at));
        }
        match line.strip_prefix(' ') {
            Some(more) => {
                let next = more.chars().next().map_or(0, char::len_utf8);
                if plain.pop() != Some('\n') || next == 0 || before + next <= FOLD {
                    return Err(Flaw::at(Fault::Fold, at));
                }
                plain.push_str(more);
            }
            None => plain.push_str(line),
        }
        if line.len() > FOLD {
            return Err(Flaw::at(Fault::Fold, at));
        }
        plain.push('\n');
        before = line.len();
        at += piece.len();
    }
    parse(plain).map(|_| ()).map_err(|err| flaw(err, Fault::Record))
}

fn flaw(err: TextError, fault: Fault) -> Flaw {
    let fault = match err {
        TextError::TooLong => Fault::Size,
        TextError::Forbidden(_)
        | TextError::FileLike
        | TextError::Empty
        | TextError::Edge
        | TextError::Formula
        | TextError::Property => fault,
    };
    Flaw::at(fault, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: SafeKind, text: &str) -> Option<Fault> {
        plain(kind, Untrusted::new(text.as_bytes())).err().map(|flaw| flaw.fault)
    }

    #[test]
    fn text() {
        for (text, want) in [
            ("", None),
            ("a\r\nあ\tb", None),
            ("a\n", Some(Fault::LineEnd)),
            ("a\rb", Some(Fault::LineEnd)),
            ("a\r\r\n", Some(Fault::LineEnd)),
            ("\u{feff}a", Some(Fault::Text)),
            ("a\u{202e}b", Some(Fault::Text)),
            ("a\0", Some(Fault::Text)),
            ("begin 644 x\r\n", Some(Fault::Text)),
        ] {
            assert_eq!(fault(SafeKind::Text, text), want, "{text:?}");
        }
        assert_eq!(plain(SafeKind::Text, Untrusted::new(b"\xff")).err().map(|flaw| flaw.fault), Some(Fault::Utf8));
        assert_eq!(fault(SafeKind::Png, ""), Some(Fault::Unread));
    }

    #[test]
    fn cells() {
        for (text, want) in [
            ("", None),
            ("a,b\r\nc\r\n", None),
            ("\r\n", None),
            ("a,\r\n", None),
            ("\u{feff}あ,b\r\n", None),
            ("\"a,b\",\"c\"\"d\",\"e\nf\"\r\n", None),
            ("'=1+1\r\n", None),
            ("\"ID\",ID\r\n", None),
            ("ID\r\n", Some(Fault::Quote)),
            ("あ\r\n", Some(Fault::Mark)),
            ("\u{feff}a\r\n", Some(Fault::Mark)),
            ("a", Some(Fault::LineEnd)),
            ("a,", Some(Fault::LineEnd)),
            ("a\n", Some(Fault::LineEnd)),
            ("a\"b\r\n", Some(Fault::LineEnd)),
            ("\"a\"\r\n", Some(Fault::Quote)),
            ("\"a,b\r\n", Some(Fault::Quote)),
            ("\"a,b\"c\r\n", Some(Fault::LineEnd)),
            ("\"a\r\nb\"\r\n", Some(Fault::Quote)),
            (" a\r\n", Some(Fault::Quote)),
            ("=1+1\r\n", Some(Fault::Cell)),
            ("a\u{1f}b\r\n", Some(Fault::Cell)),
            ("a\u{200b}\r\n", Some(Fault::Mark)),
            ("\u{feff}a\u{200b}\r\n", Some(Fault::Cell)),
        ] {
            assert_eq!(fault(SafeKind::Csv, text), want, "{text:?}");
        }
    }

    #[test]
    fn folds() {
        let card = |note: &str| format!("BEGIN:VCARD\r\nVERSION:3.0\r\nN:a;;;;\r\nFN:a\r\n{note}END:VCARD\r\n");
        let full = "x".repeat(70);
        for (note, want) in [
            (String::new(), None),
            (format!("NOTE:{full}\r\n"), None),
            (format!("NOTE:{full}\r\n y\r\n"), None),
            (format!("NOTE:{full}y\r\n"), Some(Fault::Fold)),
            (format!("NOTE:{}\r\n y\r\n", &full[1..]), Some(Fault::Fold)),
            (format!("NOTE:{}\r\n あ\r\n", &full[2..]), None),
            (format!("NOTE:{}\r\n あ\r\n", &full[3..]), Some(Fault::Fold)),
            (format!("NOTE:{full}\r\n \r\n"), Some(Fault::Fold)),
            (format!("NOTE:{full}\n"), Some(Fault::LineEnd)),
            ("PHOTO:x\r\n".to_owned(), Some(Fault::Record)),
        ] {
            assert_eq!(fault(SafeKind::Card, &card(&note)), want, "{note}");
        }
        assert_eq!(fault(SafeKind::Card, " BEGIN:VCARD\r\n"), Some(Fault::Fold));
        assert_eq!(fault(SafeKind::Calendar, &card("")), Some(Fault::Record));
    }
}
