//! Cells that act, and cells that do not.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
use super::*;

#[test]
fn cells_that_stay() {
    for cell in [
        "",
        "山田 太郎",
        "-1234",
        "-1,234.5",
        " -200",
        "－１，２３４",
        "−5",
        "-12%",
        "-500円",
        "-¥1,000",
        "+81-3-1234-5678",
        "+81 (3) 1234-5678",
        "-1.5e-10",
        "-",
        "---",
        "+",
        "'=1+1",
        "'cmd|x!y",
        "\"-5",
        "a=1",
        "x | y!",
        "注意|重要!",
        "見出し\n- 項目\n+ 項目",
        "a; -b",
        "sep",
        "sep=ab",
        "1-2",
        "yamada@example.jp",
    ] {
        assert!(SafeTable::is_inert(cell), "{cell:?}");
        let (table, changed) = SafeTable::clean([[cell]]).unwrap();
        assert_eq!((table.rows().next().unwrap().next(), changed), (Some(cell), CellsChanged::default()));
    }
}

#[test]
fn cells_that_become_text() {
    for (cell, made) in [
        ("=1+1", "'=1+1"),
        (" =1+1", "' =1+1"),
        ("\u{feff}=1", "'=1"),
        ("\0=1", "'=1"),
        ("＝1+1", "'＝1+1"),
        ("﹦1", "'﹦1"),
        ("\"=1", "'\"=1"),
        ("@SUM(1)*cmd|' /C notepad'!A0", "'@SUM(1)*cmd|' /C notepad'!A0"),
        ("cmd|' /C calc'!A0", "'cmd|' /C calc'!A0"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("-A1", "'-A1"),
        ("- 項目", "'- 項目"),
        ("+HYPERLINK(\"x\")", "'+HYPERLINK(\"x\")"),
        ("\r=1+1", "\n'=1+1"),
        ("\t=1+1", "\t'=1+1"),
        ("a;=1+1", "a;'=1+1"),
        ("a\n=1\r\n@b", "a\n'=1\n'@b"),
        ("a;-HYPERLINK(1)", "a;'-HYPERLINK(1)"),
        ("\u{200d}\u{fe0f}=1", "'\u{200d}\u{fe0f}=1"),
        ("sep=;", "'sep=;"),
        ("SEP=", "'SEP="),
        ("=;=", "'=;'="),
        ("-1e5x", "'-1e5x"),
    ] {
        let (table, changed) = SafeTable::clean([[cell]]).unwrap();
        assert_eq!(table.rows().next().unwrap().next(), Some(made), "{cell:?}");
        assert_eq!(changed.formulas, 1);
        // A second time nothing changes.
        assert_eq!(SafeTable::clean([[made]]).unwrap(), (table, CellsChanged::default()));
    }
}

#[test]
fn the_file() {
    for (rows, file) in [
        (&[&["a", "b"][..]][..], "a,b\r\n"),
        (&[&["", ""], &[""], &["c"]], ",\r\n\r\nc\r\n"),
        (&[&["名", "x,\"y\""]], "\u{feff}名,\"x,\"\"y\"\"\"\r\n"),
        (&[&["ID", "ID"]], "\"ID\",ID\r\n"),
        (&[&["IDは", "ID"]], "\u{feff}\"IDは\",ID\r\n"),
        (&[&["a\nb", " c", "d;", "\t"]], "\"a\nb\",\" c\",\"d;\",\"\t\"\r\n"),
        (&[], ""),
    ] {
        let (table, _) = SafeTable::clean(rows.iter().map(|row| row.iter())).unwrap();
        assert_eq!(String::from_utf8(table.write()).unwrap(), file);
    }
}

/// RFC 4180 as a reader, apart from the writer.
fn read(file: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut chars = file.strip_prefix('\u{feff}').unwrap_or(file).chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        let row = rows.last_mut().unwrap();
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => row.last_mut().unwrap().push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\r' if !quoted && chars.next_if_eq(&'\n').is_some() => rows.push(vec![String::new()]),
            _ => row.last_mut().unwrap().push(c),
        }
    }
    assert_eq!(rows.pop(), Some(vec![String::new()]), "the last row is ended");
    rows
}

#[test]
fn any_cells_make_a_table_that_reads_back() {
    let signs: Vec<char> = "=+-@\"',;\t\r\n|!( 1aあ＝\u{200b}\0\u{1e}\u{1f}".chars().collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut chance = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % bound as u64).unwrap()
    };
    for _ in 0..5_000 {
        let mut rows: Vec<Vec<String>> = Vec::new();
        for _ in 0..=chance(3) {
            let cells = 1 + chance(3);
            let mut cell = || (0..chance(6)).map(|_| signs[chance(signs.len())]).collect();
            rows.push((0..cells).map(|_| cell()).collect());
        }
        let (table, _) = SafeTable::clean(&rows).unwrap();
        assert_eq!(SafeTable::parse(table.as_str().to_owned()).as_ref(), Ok(&table), "{rows:?}");
        let kept: Vec<Vec<String>> = table.rows().map(|row| row.map(str::to_owned).collect()).collect();
        assert_eq!(kept.iter().map(Vec::len).collect::<Vec<_>>(), rows.iter().map(Vec::len).collect::<Vec<_>>());
        assert_eq!(read(&String::from_utf8(table.write()).unwrap()), kept);
        let (again, changed) = SafeTable::clean(&kept).unwrap();
        assert_eq!((again, changed.formulas), (table, 0));
    }
}

#[test]
fn what_breaks_a_rule_is_refused() {
    for (text, error) in [
        ("a", TextError::Edge),
        ("=1\u{1e}", TextError::Formula),
        ("a\u{1f}b;=1\u{1e}", TextError::Formula),
        ("a\r\u{1e}", TextError::Forbidden('\r')),
        ("\u{feff}\u{1e}", TextError::Forbidden('\u{feff}')),
    ] {
        assert_eq!(SafeTable::parse(text.to_owned()), Err(error), "{text:?}");
    }
    assert_eq!(SafeTable::parse("x".repeat(SafeTable::MAX + 1)), Err(TextError::TooLong));
    assert_eq!(SafeTable::clean([["x".repeat(SafeTable::MAX)]]).map(drop), Err(TextError::TooLong));
    assert_eq!(SafeTable::clean([["=\n".repeat(SafeTable::MAX / 2)]]).map(drop), Err(TextError::TooLong));
}
