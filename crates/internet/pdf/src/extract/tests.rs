//! Text out of pages.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
use std::collections::BTreeSet;

use sekisho_disarm::Bounds;
use sekisho_safe_message::Content;

use super::*;
use crate::flatten::sample::{HELVETICA, file, page, stream};

fn text_of(octets: &[u8]) -> Result<String, Refusal> {
    let made = extract(Untrusted::new(octets), &Options::default(), &mut Budget::new(Bounds::default()))?;
    match made.content() {
        Content::Text(text) => Ok(text.as_str().to_owned()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn words_lines_and_spaces() {
    for (contents, text) in [
        ("BT /F1 10 Tf 10 80 Td (Hello world) Tj 0 -12 Td (next) Tj ET", "Hello world\nnext\n"),
        // Written letter by letter, and with gaps instead of spaces.
        ("BT /F1 10 Tf 10 80 Td (H) Tj 7.22 0 Td (i) Tj ET", "Hi\n"),
        ("BT /F1 10 Tf 10 80 Td [(Hello)-300(world)] TJ ET", "Hello world\n"),
        ("BT /F1 10 Tf 10 80 Td [(Hel)10(lo)] TJ ET", "Hello\n"),
        // Filled and stroked, and written twice.
        ("BT 2 Tr /F1 10 Tf 10 80 Td (bold) Tj ET", "bold\n"),
        ("BT /F1 10 Tf 10 80 Td (bold) Tj 0.3 0 Td (bold) Tj ET", "bold\n"),
        // Unseen text over a scan is what makes it searchable.
        ("BT 3 Tr /F1 10 Tf 10 80 Td (scan) Tj ET", "scan\n"),
        // What lies beyond the page, nobody sees.
        ("BT /F1 10 Tf 10 80 Td (seen) Tj 500 0 Td (hidden) Tj ET", "seen\n"),
    ] {
        assert_eq!(text_of(&page(contents, HELVETICA, "", &[])).as_deref(), Ok(text), "{contents}");
    }
}

#[test]
fn a_layer_that_is_off_is_not_read() {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[5 0 R]/D<</OFF[5 0 R]>>>>>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R/Resources<<{HELVETICA}/Properties<</L 5 0 R>>>>>>"
        ),
        stream("", "/OC /L BDC BT /F1 10 Tf 10 80 Td (secret) Tj ET EMC BT /F1 10 Tf 10 60 Td (open) Tj ET"),
        "<</Type/OCG/Name(layer)>>".to_owned(),
    ];
    let octets = file(&objects);
    let made = extract(Untrusted::new(&octets), &Options::default(), &mut Budget::new(Bounds::default())).unwrap();
    assert_eq!(made.removed(), &BTreeSet::from([Removal::Layout, Removal::HiddenLayer]));
    assert_eq!(text_of(&octets).as_deref(), Ok("open\n"));
}

#[test]
fn values_that_no_appearance_shows() {
    let field = |keys: &str| format!("<</Type/Annot/Subtype/Widget/FT/Tx/Rect[10 10 90 30]{keys}>>");
    let look = stream("/Type/XObject/Subtype/Form/BBox[0 0 80 20]/Resources<<>>", "0 0 80 20 re f");
    for (keys, text) in [
        ("/V(typed)", Some("typed\n")),
        ("/V<feff65e5672c>", Some("日本\n")),
        ("/Parent 6 0 R", Some("above\n")),
        ("/V(hidden)/F 2", None),
        ("/V(drawn)/AP<</N 7 0 R>>", None),
        ("/V 5 0 R/Parent 5 0 R", None),
    ] {
        let more = [field(keys), "<</V(above)>>".to_owned(), look.clone()];
        let found = text_of(&page("", "", "/Annots[5 0 R]", &more));
        assert_eq!(found, text.map(str::to_owned).ok_or(Refusal::Unsupported), "{keys}");
    }
}

#[test]
fn a_composite_font_without_its_own_table() {
    let font =
        |encoding: &str| format!("<</Type/Font/Subtype/Type0/BaseFont/X/Encoding/{encoding}/DescendantFonts[6 0 R]>>");
    let descendant = "<</Type/Font/Subtype/CIDFontType0/BaseFont/X\
        /CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 4>>>>"
        .to_owned();
    for (encoding, codes) in [("UniJIS-UTF16-H", "65e5672c"), ("90ms-RKSJ-H", "93fa967b"), ("EUC-H", "c6fccbdc")] {
        let contents = format!("BT /F1 10 Tf 10 80 Td <{codes}> Tj ET");
        let octets = page(&contents, "/Font<</F1 5 0 R>>", "", &[font(encoding), descendant.clone()]);
        assert_eq!(text_of(&octets).as_deref(), Ok("日本\n"), "{encoding}");
    }
}

#[test]
fn pages_are_told_apart_and_a_file_without_text_is_refused() {
    let objects = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        format!("<</Type/Pages/Kids[3 0 R 3 0 R 5 0 R]/Count 3/MediaBox[0 0 200 100]/Resources<<{HELVETICA}>>>>"),
        "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>".to_owned(),
        stream("", "BT /F1 10 Tf 10 80 Td (page) Tj ET"),
        "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>".to_owned(),
    ];
    assert_eq!(text_of(&file(&objects)).as_deref(), Ok("page\n\n----------\n\npage\n"));
    assert_eq!(text_of(&page("0 0 9 9 re f", "", "", &[])), Err(Refusal::Unsupported));
    assert_eq!(text_of(b"%PDF-1.7\n"), Err(Refusal::Malformed));
}

#[test]
fn more_glyphs_than_the_budget_are_refused() {
    let contents = format!("BT /F1 10 Tf 10 80 Td ({}) Tj ET", "a".repeat(20_000));
    let octets = page(&contents, HELVETICA, "", &[]);
    let bounds = Bounds { steps: 100_000, ..Bounds::default() };
    let made = extract(Untrusted::new(&octets), &Options::default(), &mut Budget::new(bounds));
    assert_eq!(made.unwrap_err(), Refusal::TooLarge);
}
