//! Drawings, honest and hostile.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sekisho_disarm::Bounds;

use super::*;

fn run(svg: &[u8]) -> Result<Picture, Refusal> {
    draw_svg(svg, &Fonts::none(), &mut Budget::new(Bounds::default()))
}

fn svg(inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" \
         xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"100\" height=\"50\">{inside}</svg>"
    )
}

/// The colour in the middle of the picture.
fn middle(picture: &Picture) -> [u8; 3] {
    let pixels = &picture.pixels;
    let at = (pixels.height() as usize / 2 * pixels.width() as usize + pixels.width() as usize / 2) * 3;
    pixels.data()[at..at + 3].try_into().unwrap()
}

const RED: &str = "<rect width=\"100\" height=\"50\" fill=\"#f00\"/>";

#[test]
fn it_is_drawn_on_white() {
    let red = run(svg(RED).as_bytes()).unwrap();
    assert_eq!((red.pixels.width(), red.pixels.height(), middle(&red)), (400, 200, [255, 0, 0]));
    assert_eq!(red.removed, BTreeSet::new());
    assert_eq!(middle(&run(svg("").as_bytes()).unwrap()), [255, 255, 255]);
}

#[test]
fn packed_and_wide_texts_are_read() {
    use std::io::Write;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(svg(RED).as_bytes()).unwrap();
    let mut wide = vec![0xFF, 0xFE];
    wide.extend(svg(RED).replace("<?xml version=\"1.0\"?>", "").encode_utf16().flat_map(u16::to_le_bytes));
    for file in [gzip.finish().unwrap(), wide] {
        assert_eq!(middle(&run(&file).unwrap()), [255, 0, 0]);
    }
}

#[test]
fn what_acts_or_leads_outward_is_told_and_does_nothing() {
    let cases = [
        ("<script>alert(1)</script>", Removal::Script),
        ("<rect onload=\"a()\"/>", Removal::Script),
        ("<a xlink:href=\"javascript:a()\"/>", Removal::Script),
        ("<a href=\"http://example.org/\"/>", Removal::Link),
        ("<image href=\"http://example.org/a.png\" width=\"1\" height=\"1\"/>", Removal::ExternalReference),
        ("<image xlink:href=\"file:///etc/hostname\" width=\"1\" height=\"1\"/>", Removal::ExternalReference),
        ("<use href=\"other.svg#a\"/>", Removal::ExternalReference),
        ("<style>@import url(http://example.org/a.css);</style>", Removal::ExternalReference),
        ("<rect fill=\"url(http://example.org/a#b)\"/>", Removal::ExternalReference),
        ("<?xml-stylesheet href=\"a.xsl\"?>", Removal::ExternalReference),
        ("<foreignObject><p>x</p></foreignObject>", Removal::Markup),
        ("<set attributeName=\"href\" to=\"javascript:a()\"/>", Removal::Action),
        ("<metadata>me</metadata>", Removal::Metadata),
        ("<!-- me -->", Removal::Comment),
        ("<video/>", Removal::Multimedia),
        ("<embed/>", Removal::EmbeddedFile),
        ("<use href=\"data:text/html,a\"/>", Removal::EmbeddedFile),
        ("<image href=\"data:image/svg+xml;base64,PHN2Zy8+\" width=\"9\" height=\"9\"/>", Removal::EmbeddedFile),
    ];
    for (inside, removal) in cases {
        let picture = run(svg(&format!("{inside}{RED}")).as_bytes()).unwrap();
        assert_eq!((middle(&picture), picture.removed), ([255, 0, 0], BTreeSet::from([removal])), "{inside}");
    }
}

#[test]
fn a_picture_inside_is_decoded_here() {
    let png = encode_png(&Pixels::new(1, 1, Form::Rgb8, vec![0, 0, 255]).unwrap()).unwrap();
    let base64 = base64(&png);
    let inside = format!(
        "<image href=\"data:image/png;base64,{base64}\" width=\"100\" height=\"50\" preserveAspectRatio=\"none\"/>"
    );
    let picture = run(svg(&inside).as_bytes()).unwrap();
    assert_eq!((middle(&picture), picture.removed), ([0, 0, 255], BTreeSet::new()));
}

fn base64(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in octets.chunks(3) {
        let bits = three.iter().chain([&0; 3]).take(3).fold(0u32, |bits, octet| bits << 8 | u32::from(*octet));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at > three.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

#[test]
fn text_without_fonts_is_refused() {
    assert_eq!(run(svg("<text y=\"9\">text</text>").as_bytes()).unwrap_err(), Refusal::Unsupported);
    assert!(run(svg("<text y=\"9\"> </text>").as_bytes()).is_ok());
}

#[test]
fn entities_are_refused() {
    let file = svg(RED).replace("<svg", "<!DOCTYPE svg [<!ENTITY a SYSTEM \"file:///etc/hostname\">]><svg");
    assert_eq!(run(file.as_bytes()).unwrap_err(), Refusal::Unsupported);
    let plain = svg(RED)
        .replace("<svg", "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/svg11.dtd\"><svg");
    assert!(run(plain.as_bytes()).is_ok());
}

/// Ten copies of ten copies of ...
fn laughs(element: impl Fn(usize) -> String) -> String {
    svg(&(0..8).map(element).collect::<String>())
}

#[test]
fn bombs_are_refused() {
    let by_use = laughs(|at| {
        let uses = format!("<use href=\"#g{}\"/>", at.wrapping_sub(1)).repeat(10);
        format!("<g id=\"g{at}\">{}</g>", if at == 0 { RED } else { &uses })
    });
    let by_pattern = laughs(|at| {
        let rect = format!("<rect width=\"9\" height=\"9\" fill=\"url(#p{})\"/>", at.wrapping_sub(1)).repeat(10);
        format!("<pattern id=\"p{at}\" width=\"9\" height=\"9\">{}</pattern>", if at == 0 { RED } else { &rect })
    })
    .replace("</svg>", "<rect width=\"99\" height=\"49\" fill=\"url(#p7)\"/></svg>");
    let by_style = by_pattern
        .replace("fill=\"url(#p7)\"", "class=\"x\"")
        .replace("</svg>", "<style>.x{fill:url(#p7)}</style></svg>");
    let deep = svg(&format!("{}{}", "<g>".repeat(100_000), "</g>".repeat(100_000)));
    let circle = svg("<g id=\"a\"><use href=\"#b\"/></g><g id=\"b\"><use href=\"#a\"/></g>");
    let blur = "<filter id=\"f\">".to_owned() + &"<feGaussianBlur stdDeviation=\"9\"/>".repeat(3000) + "</filter>";
    let filters = svg(&format!("{blur}{}", "<rect width=\"100\" height=\"50\" filter=\"url(#f)\"/>".repeat(40)));
    let turbulence = svg("<filter id=\"f\"><feTurbulence numOctaves=\"100000\" baseFrequency=\"0.1\"/></filter>\
                          <rect width=\"100\" height=\"50\" filter=\"url(#f)\"/>");
    let many = svg(&RED.repeat(80_000));
    for (name, file) in [
        ("use", by_use),
        ("pattern", by_pattern),
        ("style", by_style),
        ("deep", deep),
        ("circle", circle),
        ("filters", filters),
        ("turbulence", turbulence),
        ("many", many),
    ] {
        assert_eq!(run(file.as_bytes()).unwrap_err(), Refusal::TooLarge, "{name}");
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, &vec![b' '; 20 << 20]).unwrap();
    assert_eq!(run(&gzip.finish().unwrap()).unwrap_err(), Refusal::TooLarge);
}

#[test]
fn the_deepest_that_is_allowed_is_drawn() {
    let depth = 90;
    let groups = svg(&format!("{}{RED}{}", "<g opacity=\"0.99\">".repeat(depth), "</g>".repeat(depth)));
    assert!(run(groups.as_bytes()).is_ok());
}

#[test]
fn cut_and_changed_drawings_do_no_harm() {
    let good = svg(&format!(
        "<defs><pattern id=\"p\" width=\"9\" height=\"9\">{RED}</pattern></defs><g transform=\"scale(2)\" opacity=\"0.5\"><path d=\"M0 0 C 1 2 3 4 50 50 z\" stroke=\"#00f\" fill=\"url(#p)\"/></g>"
    ));
    let mut chance = crate::noise::Chance::new([6; 32]);
    for _ in 0..150 {
        let mut changed = good.clone().into_bytes();
        for _ in 0..3 {
            let at = usize::try_from(chance.next() % changed.len() as u64).unwrap();
            changed[at] = b' ' + (chance.next() % 90) as u8;
        }
        let _ = run(&changed);
        let _ = run(&changed[..usize::try_from(chance.next() % changed.len() as u64).unwrap()]);
    }
}

#[test]
fn a_metafile_is_drawn() {
    // A rectangle of 40 by 40 from (10, 10), filled black, in an EMF of 60 by 60.
    let mut emf = Vec::new();
    let mut record = |kind: u32, body: &[i32]| {
        emf.extend_from_slice(&kind.to_le_bytes());
        emf.extend_from_slice(&u32::try_from(8 + body.len() * 4).unwrap().to_le_bytes());
        emf.extend(body.iter().flat_map(|value| value.to_le_bytes()));
    };
    // MS-EMF 2.3.4.2: bounds, frame, signature, version, octets, records, handles, description, palette, device, millimetres.
    record(
        1,
        &[
            0,
            0,
            59,
            59,
            0,
            0,
            1587,
            1587,
            0x464D_4520,
            0x1_0000,
            88 + 28 + 24 + 20,
            4,
            1,
            0,
            0,
            0,
            1920,
            1080,
            508,
            286,
        ],
    );
    record(37, &[0x8000_0004_u32.cast_signed()]);
    record(43, &[10, 10, 50, 50]);
    record(14, &[0, 0, 20]);
    let length = u32::try_from(emf.len()).unwrap().to_le_bytes();
    emf[48..52].copy_from_slice(&length);
    let mut budget = Budget::new(Bounds::default());
    let picture = draw_metafile(&emf, &Fonts::none(), &mut budget).unwrap();
    assert_eq!(middle(&picture), [0, 0, 0]);
    let mut chance = crate::noise::Chance::new([7; 32]);
    for _ in 0..300 {
        let mut changed = emf.clone();
        let at = usize::try_from(chance.next() % changed.len() as u64).unwrap();
        changed[at] = (chance.next() & 15) as u8;
        let _ = draw_metafile(&changed, &Fonts::none(), &mut Budget::new(Bounds::default()));
    }
}
