//! Files of our own making, each with one thing in it.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::sync::Mutex;

use hayro_syntax::Pdf;
use sekisho_disarm::{Bounds, Budget, Options, Passwords, Refusal};
use sekisho_safe_message::{Removal, Secret, Untrusted};

use super::rebuild;
use crate::write::deflate;

/// A file of numbered objects, the first of which is its catalog.
fn file(objects: &[String]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", at + 1).as_bytes());
    }
    let start = out.len();
    out.extend(format!("xref\n0 {}\n0000000000 65535 f \n", places.len() + 1).as_bytes());
    places.iter().for_each(|place| out.extend(format!("{place:010} 00000 n \n").as_bytes()));
    let size = places.len() + 1;
    out.extend(format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").as_bytes());
    out
}

fn stream(dictionary: &str, data: &str) -> String {
    format!("<<{dictionary}/Length {}>>\nstream\n{data}\nendstream", data.len())
}

/// One page with Helvetica as `F1`; objects of `more` are numbered from 6.
fn page(catalog: &str, page: &str, contents: &str, more: &[&str]) -> Vec<u8> {
    let mut objects = vec![
        format!("<</Type/Catalog/Pages 2 0 R{catalog}>>"),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R\
             /Resources<</Font<</F1 5 0 R>>/XObject<</Fm 6 0 R>>/Properties<</L 7 0 R>>>>{page}>>"
        ),
        stream("", contents),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>".to_owned(),
    ];
    objects.extend(more.iter().map(|object| (*object).to_owned()));
    file(&objects)
}

const HELLO: &str = "BT /F1 12 Tf 10 10 Td (hello) Tj ET";

fn rebuilt(octets: &[u8]) -> Result<(Vec<u8>, Vec<Removal>), Refusal> {
    let mut budget = Budget::new(Bounds::default());
    let disarmed = rebuild(Untrusted::new(octets), &Options::default(), &mut budget)?;
    let (content, removed) = disarmed.into_parts();
    Ok((content.write().into_owned(), removed.into_iter().collect()))
}

/// Contents of the first page of `octets`.
fn contents(octets: &[u8]) -> String {
    let pdf = Pdf::new(octets.to_vec()).unwrap();
    String::from_utf8_lossy(pdf.pages()[0].page_stream().unwrap()).into_owned()
}

#[test]
fn what_was_taken_out_is_said() {
    let form = stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]", "0 0 9 9 re f");
    let external = stream("/Subtype/Form/BBox[0 0 9 9]/Ref<</F(a.pdf)/Page 1>>", "");
    let icc = stream("/N 3", "profile");
    for (removal, octets) in [
        (Removal::Script, page("/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>", "", HELLO, &[])),
        (Removal::Script, page("/OpenAction<</S/J#61vaScript/J#53(x)>>", "", HELLO, &[])),
        (Removal::Action, page("/AA<</WC<</S/Launch/F(calc.exe)>>>>", "", HELLO, &[])),
        (Removal::Action, page("", "/Annots[<</Subtype/Link/Rect[0 0 9 9]/A<</S/Launch/F(x)>>>>]", HELLO, &[])),
        (Removal::Link, page("", "/Annots[<</Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(file:///x)>>>>]", HELLO, &[])),
        (Removal::EmbeddedFile, page("/Names<</EmbeddedFiles<</Names[(a) 6 0 R]>>>>", "", HELLO, &["<<>>"])),
        (Removal::Form, page("/AcroForm<</Fields[]>>", "", HELLO, &[])),
        (Removal::Annotation, page("", "/Annots[<</Subtype/Text/Rect[0 0 9 9]>>]", HELLO, &[])),
        (Removal::Multimedia, page("", "/Annots[<</Subtype/RichMedia/Rect[0 0 9 9]>>]", HELLO, &[])),
        (Removal::ExternalReference, page("", "", "/Fm Do", &[&external])),
        (
            Removal::HiddenLayer,
            page("/OCProperties<</D<</OFF[7 0 R]>>>>", "", "/OC /L BDC 0 0 9 9 re f EMC", &[&form, "<</Type/OCG>>"]),
        ),
        (Removal::Metadata, page("", "/PieceInfo<</X 1>>", HELLO, &[])),
        (Removal::Signature, page("", "", HELLO, &["<</Type/Sig/ByteRange[0 1 2 3]>>"])),
        (Removal::ColorProfile, page("", "/Group<</S/Transparency/CS[/ICCBased 6 0 R]>>", HELLO, &[&icc])),
        (Removal::Font, page("", "", HELLO, &["<</FontFile 7 0 R>>"])),
        (Removal::Unknown, page("", "", "1 2 made-up", &[])),
        (Removal::LeadingData, [b"MZ".to_vec(), page("", "", HELLO, &[])].concat()),
        (Removal::TrailingData, [page("", "", HELLO, &[]), b"PK\x03\x04".to_vec()].concat()),
        (Removal::OldRevision, [page("", "", HELLO, &[]), b"startxref\n0\n%%EOF\n".to_vec()].concat()),
    ] {
        let (file, removed) = rebuilt(&octets).unwrap();
        assert!(removed.contains(&removal), "{removal:?} not in {removed:?}");
        for word in [
            "JavaScript",
            "OpenAction",
            "Launch",
            "EmbeddedFiles",
            "AcroForm",
            "file:",
            "RichMedia",
            "PieceInfo",
            "ByteRange",
            "MZ",
            "PK",
        ] {
            assert!(crate::open::find(&file, word.as_bytes()).is_none(), "{word} in the output for {removal:?}");
        }
    }
}

#[test]
fn text_stays_and_nothing_is_said_of_a_plain_file() {
    let (file, removed) = rebuilt(&page("", "", HELLO, &[])).unwrap();
    assert!(contents(&file).contains("(hello)Tj"));
    assert_eq!(removed, []);
}

#[test]
fn a_rebuild_of_a_rebuild_is_the_same() {
    let form = stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]", "q 1 0 0 1 2 3 cm 0 0 9 9 re f Q");
    let outline = "/Outlines<</First<</Title(one)/Dest[3 0 R/XYZ 0 9 null]>>>>";
    let (once, _) = rebuilt(&page(outline, "/Rotate 450", &format!("{HELLO} /Fm Do"), &[&form])).unwrap();
    let (twice, removed) = rebuilt(&once).unwrap();
    assert_eq!(removed, []);
    assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
}

#[test]
fn hidden_layers_do_not_cross() {
    let form = stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/OC 7 0 R", "0 0 9 9 re f");
    let text = "/OC /L BDC BT /F1 9 Tf (secret) Tj ET /Fm Do EMC BT /F1 9 Tf (open) Tj ET /Fm Do";
    let (file, _) = rebuilt(&page("/OCProperties<</D<</OFF[7 0 R]>>>>", "", text, &[&form, "<</Type/OCG>>"])).unwrap();
    let shown = contents(&file);
    assert!(shown.contains("(open)") && !shown.contains("secret") && !shown.contains("Do"), "{shown}");
}

#[test]
fn links_to_the_web_and_inside_stay() {
    let annotations = "/Annots[<</Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(https://example.jp/)>>>>\
                       <</Subtype/Link/Rect[0 0 9 9]/Dest[3 0 R/Fit]>>]";
    let (file, removed) = rebuilt(&page("", annotations, HELLO, &[])).unwrap();
    let text = String::from_utf8_lossy(&file);
    assert!(text.contains("/URI(https://example.jp/)") && text.contains("/Fit]"), "{text}");
    assert_eq!(removed, []);
}

#[test]
fn a_filled_form_stays_filled() {
    let field = "/Annots[<</Subtype/Widget/FT/Tx/V(Yamada)/DA(/Helv 10 Tf)/Rect[10 10 99 30]>>\
                 <</Subtype/Widget/FT/Btn/AS/On/AP<</N<</On 6 0 R/Off 7 0 R>>>>/Rect[10 50 20 60]>>]";
    let on = stream("/Subtype/Form/BBox[0 0 5 5]", "1 0 0 rg 0 0 5 5 re f");
    let off = stream("/Subtype/Form/BBox[0 0 5 5]", "0 1 0 rg");
    let (file, removed) = rebuilt(&page("/AcroForm<</Fields[]>>", field, HELLO, &[&on, &off])).unwrap();
    let all = String::from_utf8_lossy(&file);
    let shown = contents(&file);
    assert!(shown.contains("2 0 0 2 10 50 cm\n/A2 Do"), "{shown}");
    assert!(all.contains("1 0 0 rg") && !all.contains("0 1 0 rg"));
    assert!(all.contains("(Yamada)Tj"), "{all}");
    assert_eq!(removed, [Removal::Form]);
}

#[test]
fn a_value_that_its_appearance_does_not_show_is_shown() {
    let field = "/Annots[<</Subtype/Widget/FT/Tx/V(Yamada)/AP<</N 6 0 R>>/Rect[10 10 99 30]>>]";
    for (appearance, form, shown) in [
        ("/Tx BMC EMC", "/NeedAppearances true", true),
        ("/Tx BMC EMC", "", false),
        ("BT (old) Tj ET", "/NeedAppearances true", false),
    ] {
        let appearance = stream("/Subtype/Form/BBox[0 0 5 5]", appearance);
        let octets = page(&format!("/AcroForm<</Fields[]{form}>>"), field, HELLO, &[&appearance]);
        let (file, _) = rebuilt(&octets).unwrap();
        assert_eq!(crate::open::find(&file, b"(Yamada)Tj").is_some(), shown, "{form}");
    }
}

#[test]
fn an_empty_password_opens() {
    // Made with qpdf of a page of ours: user password empty, owner password `x`, AES-128.
    let (file, removed) = rebuilt(include_bytes!("tests/empty-password.pdf")).unwrap();
    assert!(contents(&file).contains("(hello)Tj"));
    assert!(removed.contains(&Removal::Encryption) && crate::open::find(&file, b"Encrypt").is_none());
    // The same with user password `y`.
    assert_eq!(rebuilt(include_bytes!("tests/password.pdf")).map(drop), Err(Refusal::Encrypted));
}

#[test]
fn a_password_among_others_opens() {
    // The page above, by qpdf: AES-128 (owner `x`), AES-256 and RC4 (owner `o`); user `y`.
    for (file, owner_opens) in [
        (&include_bytes!("tests/password.pdf")[..], None),
        (include_bytes!("tests/password-aes256.pdf"), Some("o")),
        (include_bytes!("tests/password-rc4.pdf"), None),
    ] {
        for (tried, opens) in [(&["n", "y"][..], true), (&["y"], true), (&["n", "Y"], false), (&[], false)] {
            let result = rebuilt_with(file, tried);
            if !opens {
                assert_eq!(result.map(drop), Err(Refusal::Encrypted), "{tried:?}");
                continue;
            }
            let (file, removed) = result.unwrap();
            assert!(contents(&file).contains("(hello)Tj") && crate::open::find(&file, b"Encrypt").is_none());
            assert!(removed.contains(&Removal::Decrypted) && !removed.contains(&Removal::Encryption));
        }
        let tried: Vec<_> = owner_opens.into_iter().collect();
        assert_eq!(rebuilt_with(file, &tried).is_ok(), owner_opens.is_some());
        let budget = &mut Budget::new(Bounds { steps: 200_000, ..Bounds::default() });
        let opened = crate::open::open_with_passwords(Untrusted::new(file), &passwords(&["a"; 30]), budget);
        assert_eq!(opened.map(|_| ()), Err(Refusal::TooLarge));
        let budget = &mut Budget::new(Bounds::default());
        let opened = crate::open::open_with_passwords(Untrusted::new(file), &passwords(&["a", "b", "y"]), budget);
        assert_eq!(opened.ok().and_then(|opened| opened.opened_by), Some(2));
    }
}

fn passwords(texts: &[&str]) -> Passwords {
    Passwords::new(texts.iter().map(|text| Secret::new(*text).unwrap()))
}

fn rebuilt_with(octets: &[u8], tried: &[&str]) -> Result<(Vec<u8>, Vec<Removal>), Refusal> {
    let options = Options { passwords: passwords(tried), ..Options::default() };
    let disarmed = rebuild(Untrusted::new(octets), &options, &mut Budget::new(Bounds::default()))?;
    let (content, removed) = disarmed.into_parts();
    Ok((content.write().into_owned(), removed.into_iter().collect()))
}

#[test]
fn operators_balance_and_have_their_operands() {
    for (given, expected) in [
        ("q q Q", "q\nq\nQ\nQ\n"),
        ("Q Q 1 w", "1 w\n"),
        ("1 2 Td BT 1 2 Td ET T*", "BT\n1 2 Td\nET\n"),
        ("BT BT ET ET", "BT\nET\nBT\nET\n"),
        ("q BT Q", "q\nBT\nET\nQ\n"),
        ("BT q ET Q", "BT\nq\nQ\nET\n"),
        ("1 2 3 m 4 5 l S", "2 3 m\n4 5 l\nS\n"),
        ("1 m (x) w S", "S\n"),
        ("/P MP BX EX F", "f\n"),
        ("/Missing Do /Missing gs /Missing sh", ""),
        ("(text without a font) Tj", ""),
        ("0.1234567 w 9 Tr 3 Tr", "0.12346 w\n3 Tr\n"),
        ("[1 2] 0 d [(x)] 0 d", "[1 2 ] 0 d\n"),
        ("/Perceptual ri /Other ri", "/Perceptual ri\n"),
    ] {
        let (file, _) = rebuilt(&page("", "", given, &[])).unwrap();
        assert_eq!(contents(&file), expected, "{given}");
    }
}

#[test]
fn what_has_no_end_ends() {
    let form = stream("/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</Fm 6 0 R>>>>", "/Fm Do");
    assert!(rebuilt(&page("", "", "/Fm Do", &[&form])).is_ok());
    let outline = "/Outlines<</First 6 0 R>>";
    assert!(rebuilt(&page(outline, "", HELLO, &["<</Title(a)/Next 6 0 R/First 6 0 R>>"])).is_ok());
    let tree = "/PageLabels 6 0 R/Names<</Dests 6 0 R>>";
    assert!(rebuilt(&page(tree, "", HELLO, &["<</Kids[6 0 R 6 0 R]>>"])).is_ok());
    assert_eq!(rebuilt(&page("", "", &"q ".repeat(1000), &[])), Err(Refusal::TooLarge));
}

#[test]
fn bombs_stop_at_the_budget() {
    let bomb = deflate(&vec![b' '; 1 << 24]);
    let mut octets = page("", "", HELLO, &[]);
    let head = format!("9 0 obj\n<</Filter/FlateDecode/Length {}>>\nstream\n", bomb.len());
    octets.extend([head.as_bytes(), &bomb, b"\nendstream\nendobj\n"].concat());
    // Broken on purpose: the table is found again by looking for objects.
    let text = String::from_utf8_lossy(&octets).replace("startxref", "start----");
    assert!(text.len() > 1000);
    let octets: Vec<u8> =
        replaced(&replaced(&octets, b"startxref", b"start----"), b"/Contents 4 0 R", b"/Contents 9 0 R");
    let mut budget = Budget::new(Bounds { octets: 1 << 20, ..Bounds::default() });
    let result = rebuild(Untrusted::new(&octets), &Options::default(), &mut budget);
    assert_eq!(result.map(drop), Err(Refusal::TooLarge));
    let mut budget = Budget::new(Bounds { steps: 20, ..Bounds::default() });
    let result = rebuild(Untrusted::new(&page("", "", HELLO, &[])), &Options::default(), &mut budget);
    assert_eq!(result.map(drop), Err(Refusal::TooLarge));
}

fn replaced(octets: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = octets.to_vec();
    while let Some(at) = crate::open::find(&out, from) {
        out[at..at + to.len()].copy_from_slice(to);
    }
    out
}

#[test]
fn what_cannot_be_opened_is_refused() {
    for (octets, refusal) in [
        (b"no pdf".to_vec(), Refusal::Malformed),
        (b"%PDF-1.7\n%%EOF".to_vec(), Refusal::Malformed),
        (page("/NeedsRendering true", "", HELLO, &[]), Refusal::Unsupported),
    ] {
        assert_eq!(rebuilt(&octets).map(drop), Err(refusal));
    }
}

#[test]
fn any_octets_give_a_file_or_a_refusal() {
    static OURS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|info| {
        // Panics of borrowed decoders are caught; ours must not be.
        let here =
            std::thread::current().name().is_some_and(|name| name.ends_with("any_octets_give_a_file_or_a_refusal"));
        if let Some(place) = info.location().filter(|place| here && place.file().contains("pdf/src")) {
            OURS.lock().unwrap().push(place.to_string());
        }
    }));
    let form = stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]", "BI /W 2 /H 2 /BPC 8 /CS /G ID abcd EI");
    let seed = page(
        "/Outlines<</First<</Title(one)/Dest[3 0 R/Fit]>>>>/PageLabels<</Nums[0<</S/D>>]>>",
        "/Annots[<</Subtype/Widget/FT/Tx/V(a)/Rect[0 0 9 9]>>]",
        &format!("{HELLO} /Fm Do [1 2]0 d [(a)3]TJ"),
        &[&form],
    );
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 8).unwrap()
    };
    for round in 0..600 {
        let mut octets = seed.clone();
        for _ in 0..1 + round % 4 {
            let at = next() % octets.len();
            octets[at] = b"0123456789/<>[]()RqQ \x00\xff-."[next() % 25];
        }
        if round % 5 == 0 {
            octets.truncate(next() % octets.len());
        }
        let _ = rebuilt(&octets);
    }
    std::panic::set_hook(before);
    assert_eq!(*OURS.lock().unwrap(), Vec::<String>::new());
}
