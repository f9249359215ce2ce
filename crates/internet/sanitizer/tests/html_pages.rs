//! What a reader gets of whole pages: each `tests/html/NAME.html` comes out as
//! `NAME.txt`. `SEKISHO_BLESS=1` writes the texts anew; read the differences.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::delivered;

#[test]
fn pages_come_out_as_before() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/html");
    let mut wrong = Vec::new();
    let mut pages = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "html") {
            continue;
        }
        pages += 1;
        let head = "From: a@b\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n";
        let text = delivered(format!("{head}{}", fs::read_to_string(&path).unwrap())).0.text().as_str().to_owned();
        let expected = path.with_extension("txt");
        if std::env::var_os("SEKISHO_BLESS").is_some_and(|value| value == "1") {
            fs::write(&expected, &text).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != text {
            wrong.push(format!("--- {}\n{text}", path.display()));
        }
    }
    assert!(pages >= 10 && wrong.is_empty(), "{}", wrong.join("\n"));
}
