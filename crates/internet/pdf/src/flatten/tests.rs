//! Pages as pictures.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
use std::collections::BTreeSet;
use std::sync::Arc;

use hayro_syntax::object::{Dict, Stream};
use sekisho_disarm::Bounds;
use sekisho_safe_message::{Content, Removal};

use super::*;
use crate::flatten::sample::{HELVETICA, page, stream};
use crate::open::open;

fn flat(octets: &[u8]) -> Result<Disarmed, Refusal> {
    flat_under(octets, Bounds::default(), &Fonts::none())
}

fn flat_under(octets: &[u8], bounds: Bounds, fonts: &Fonts) -> Result<Disarmed, Refusal> {
    flatten_with_fonts(Untrusted::new(octets), &Options::default(), fonts, &mut Budget::new(bounds))
}

type Pair = (f64, f64);

/// The words that a reader finds in what was made, their places, and the sides of the page.
fn reread(made: &Disarmed) -> (Vec<String>, Vec<Pair>, Pair) {
    let Content::Pdf(file) = made.content() else { panic!("no PDF") };
    let mut budget = Budget::new(Bounds::default());
    let opened = open(Untrusted::new(file.octets()), &mut budget).unwrap();
    let settings = Fonts::none().settings();
    let (cache, collections) = (InterpreterCache::new(), Collections::default());
    let page = &opened.pdf.pages()[0];
    let (width, height) = page.render_dimensions();
    let view = View { scale: 1.0, sides: (1000, 1000), cache: &cache, settings: &settings, collections: &collections };
    let words = read(page, &view, &mut budget).unwrap();
    let places = words.iter().map(|word| word.origin).collect();
    let texts = words.into_iter().map(|word| word.text).collect();
    (texts, places, (f64::from(width), f64::from(height)))
}

/// Whether any pixel of the page is dark.
fn is_inked(made: &Disarmed) -> bool {
    let Content::Pdf(file) = made.content() else { panic!("no PDF") };
    let pdf = open(Untrusted::new(file.octets()), &mut Budget::new(Bounds::default())).unwrap().pdf;
    let page = &pdf.pages()[0];
    let sheet = Sheet::of(page, 72);
    let settings = Fonts::none().settings();
    let pixels = sheet.draw(page, &RenderCache::new(), &settings).unwrap();
    pixels.data().iter().any(|part| *part < 100)
}

#[test]
fn a_page_is_a_picture_with_its_words_where_they_were() {
    let made = flat(&page("BT /F1 20 Tf 20 50 Td (Hello) Tj 60 0 Td (world) Tj ET", HELVETICA, "", &[])).unwrap();
    let (words, places, size) = reread(&made);
    assert_eq!((words, size), (vec!["Hello".to_owned(), "world".to_owned()], (200.0, 100.0)));
    assert!((places[0].0 - 20.0).abs() < 0.1 && (places[0].1 - 50.0).abs() < 0.1, "{places:?}");
    assert!((places[1].0 - 80.0).abs() < 0.1, "{places:?}");
    assert!(is_inked(&made));
}

#[test]
fn nothing_of_the_file_goes_on_but_pixels_and_characters() {
    let more = ["<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(http://a.example/)>>>>".to_owned()];
    let contents = "BT /F1 20 Tf 20 50 Td (Hello) Tj ET";
    let made = flat(&page(contents, HELVETICA, "/Annots[5 0 R]/AA<</O<</S/JavaScript/JS(x)>>>>", &more)).unwrap();
    let wanted = [Removal::Script, Removal::Action, Removal::Form, Removal::Annotation, Removal::Link];
    assert_eq!(made.removed(), &BTreeSet::from(wanted));
    let Content::Pdf(file) = made.content() else { panic!("no PDF") };
    for word in ["JavaScript", "Annot", "URI", "Helvetica", "/AA"] {
        assert!(!file.octets().windows(word.len()).any(|octets| octets == word.as_bytes()), "{word}");
    }
    assert_eq!(
        made,
        flat(&page(contents, HELVETICA, "/Annots[5 0 R]/AA<</O<</S/JavaScript/JS(x)>>>>", &more)).unwrap()
    );
}

#[test]
fn a_turned_page_stands_upright() {
    let made = flat(&page("BT /F1 20 Tf 20 50 Td (Hello) Tj ET", HELVETICA, "/Rotate 90", &[])).unwrap();
    let (words, places, size) = reread(&made);
    assert_eq!((words, size), (vec!["Hello".to_owned()], (100.0, 200.0)));
    assert!((places[0].0 - 50.0).abs() < 0.1 && (places[0].1 - 20.0).abs() < 0.1, "{places:?}");
}

#[test]
fn a_sheet_beyond_all_measure_is_drawn_smaller() {
    let made = flat(&page("0 0 900000 9 re f", "", "/MediaBox[0 0 900000 900000]", &[])).unwrap();
    let (_, _, (width, height)) = reread(&made);
    assert_eq!((width, height), (14_400.0, 14_400.0));
    let Content::Pdf(file) = made.content() else { panic!("no PDF") };
    let pdf = open(Untrusted::new(file.octets()), &mut Budget::new(Bounds::default())).unwrap().pdf;
    let images = pdf.pages()[0].raw().get::<Dict<'_>>("Resources").unwrap().get::<Dict<'_>>("XObject").unwrap();
    assert_eq!(images.get::<Stream<'_>>("X0").unwrap().dict().get::<u32>("Width"), Some(4000));
}

#[test]
fn every_removal_is_told() {
    for (object, removal) in [
        ("<</S/JavaScript/JS(x)>>", Removal::Script),
        ("<</S/Launch>>", Removal::Action),
        ("<</Type/Filespec/EF<<>>>>", Removal::EmbeddedFile),
        ("<</S/GoToR>>", Removal::ExternalReference),
        ("<</Subtype/RichMedia>>", Removal::Multimedia),
        ("<</FT/Sig>>", Removal::Signature),
        ("<</FontFile2 4 0 R>>", Removal::Font),
        ("<</Metadata 4 0 R>>", Removal::Metadata),
        ("<</S/URI>>", Removal::Link),
        ("<</OCProperties<</D<</OFF[4 0 R]>>>>>>", Removal::HiddenLayer),
    ] {
        let octets = page("", "", "", &[object.to_owned()]);
        let opened = open(Untrusted::new(&octets), &mut Budget::new(Bounds::default())).unwrap();
        let removed = seen::removals(&opened.pdf, &mut Budget::new(Bounds::default())).unwrap();
        assert_eq!(removed, BTreeSet::from([Removal::Form, removal]), "{object}");
    }
}

#[test]
fn text_in_a_font_that_the_site_has_is_drawn() {
    let Ok(octets) = std::fs::read("/usr/share/fonts/opentype/ipafont-mincho/ipam.ttf") else {
        return;
    };
    let font = "<</Type/Font/Subtype/Type0/BaseFont/Ryumin-Light/Encoding/UniJIS-UTF16-V/DescendantFonts[6 0 R]>>";
    let descendant = "<</Type/Font/Subtype/CIDFontType0/BaseFont/Ryumin-Light\
        /CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 4>>>>";
    let contents = "BT /F1 20 Tf 100 90 Td <65e5672c8a9e> Tj ET";
    let file = page(contents, "/Font<</F1 5 0 R>>", "", &[font.to_owned(), descendant.to_owned()]);
    let with = flat_under(&file, Bounds::default(), &Fonts::new(None, Some(Arc::new(octets)))).unwrap();
    let without = flat(&file).unwrap();
    assert!(is_inked(&with) && !is_inked(&without));
    // What is said does not hang on what can be drawn.
    for made in [&with, &without] {
        let (words, places, _) = reread(made);
        assert_eq!(words, ["日本語"]);
        assert!((places[0].0 - 100.0).abs() < 0.5 && (places[0].1 - 10.0).abs() < 0.5, "{places:?}");
    }
}

/// Drawings that never end, or would take all memory, are refused before they
/// are drawn.
#[test]
fn endless_drawings_are_refused() {
    let tile = |contents: &str, step: &str, inner: &str| {
        let keys = format!(
            "/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9000 9000]/XStep {step}/YStep {step}\
            /Resources<</Pattern<</P1 {inner} 0 R>>>>"
        );
        stream(&keys, contents)
    };
    let use_tile = "/Pattern cs /P1 scn 0 0 100 100 re f";
    let patterns = "/Pattern<</P1 5 0 R>>";
    let in_itself = page(use_tile, patterns, "", &[tile(use_tile, "50", "6"), tile(use_tile, "50", "5")]);
    assert_eq!(flat(&in_itself).unwrap_err(), Refusal::TooLarge);
    let in_tiny_steps = page(use_tile, patterns, "", &[tile("0 0 1 1 re f", "0.01", "5")]);
    assert_eq!(flat(&in_tiny_steps).unwrap_err(), Refusal::TooLarge);
    let glyph = "<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 6 0 R>>\
        /Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[1]>>";
    let show = "BT /F1 9 Tf (a) Tj ET";
    let glyph_in_itself =
        page(show, "/Font<</F1 5 0 R>>", "", &[glyph.to_owned(), stream("", &format!("1 0 d0 {show}"))]);
    assert_eq!(flat(&glyph_in_itself).unwrap_err(), Refusal::Malformed);
    let forms: Vec<String> = (5..25)
        .map(|at| {
            let keys = format!("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X {} 0 R>>>>", at + 1);
            stream(&keys, "/X Do /X Do /X Do /X Do")
        })
        .collect();
    let doubling = page("/X Do", "/XObject<</X 5 0 R>>", "", &forms);
    let bounds = Bounds { steps: 2_000_000, ..Bounds::default() };
    assert_eq!(flat_under(&doubling, bounds, &Fonts::none()).unwrap_err(), Refusal::TooLarge);
    let image =
        stream("/Type/XObject/Subtype/Image/Width 60000/Height 60000/ColorSpace/DeviceGray/BitsPerComponent 8", "");
    let huge = page("/X Do", "/XObject<</X 5 0 R>>", "", &[image]);
    assert_eq!(flat(&huge).unwrap_err(), Refusal::TooLarge);
}

/// No damage makes it panic or run on; what comes out can be read again.
#[test]
fn damage_is_survived() {
    let whole = page(
        "q 1 0 0 rg 0 0 50 50 re f Q BT /F1 20 Tf 20 50 Td (Hello) Tj ET /X Do",
        &format!("{HELVETICA}/XObject<</X 5 0 R>>"),
        "/Annots[6 0 R]",
        &[
            stream("/Type/XObject/Subtype/Form/BBox[0 0 90 90]/Group<</S/Transparency>>", "0 g 10 10 20 20 re B"),
            "<</Type/Annot/Subtype/Widget/FT/Tx/V(value)/Rect[10 10 90 30]>>".to_owned(),
        ],
    );
    assert!(reread(&flat(&whole).unwrap()).0.contains(&"value".to_owned()));
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..120_usize {
        let mut broken = whole.clone();
        for _ in 0..=round % 4 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let at = usize::try_from(seed % whole.len() as u64).unwrap();
            broken[at] ^= 1 << (seed >> 40 & 7);
        }
        if round % 3 == 0 {
            broken.truncate(whole.len() * round / 120);
        }
        let bounds = Bounds { pixels: 5_000_000, steps: 1_000_000, ..Bounds::default() };
        if let Ok(made) = flat_under(&broken, bounds, &Fonts::none()) {
            reread(&made);
        }
    }
}
