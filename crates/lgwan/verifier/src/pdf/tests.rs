//! Files written by hand, and what is wrong with them.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sekisho_safe_message::Untrusted;
use sekisho_verify::Fault;

use super::pdf;

/// A file of these objects, the first of which is the root.
pub(super) fn build(objects: &[&str]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\x80\x80\x80\x80\n".to_vec();
    let mut places = Vec::new();
    for (place, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n{object}\nendobj\n", place + 1).bytes());
    }
    let (start, size) = (out.len(), objects.len() + 1);
    out.extend(format!("xref\n0 {size}\n0000000000 65535 f \n").bytes());
    for place in places {
        out.extend(format!("{place:010} 00000 n \n").bytes());
    }
    out.extend(format!("trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n").bytes());
    out
}

pub(super) fn stream(keys: &str, data: &str) -> String {
    format!("<<{keys}/Length {}>>\nstream\n{data}\nendstream", data.len())
}

const CATALOG: &str = "<</Type/Catalog/Pages 2 0 R>>";
const PAGES: &str = "<</Type/Pages/Kids[3 0 R]/Count 1>>";
const PAGE: &str = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<<>>/Contents 4 0 R>>";

/// One empty page.
pub(super) fn minimal() -> Vec<u8> {
    build(&[CATALOG, PAGES, PAGE, &stream("", "0 0 5 5 re f")])
}

/// A page with something of everything.
pub(crate) fn rich() -> Vec<u8> {
    build(&[
        "<</Type/Catalog/Pages 2 0 R/Outlines 5 0 R/Lang(ja)/PageLabels<</Nums[0<</S/D>>]>>>>",
        PAGES,
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources 7 0 R/Contents 4 0 R/Group<</S/Transparency/CS/DeviceRGB>>\
            /Annots[<</Subtype/Link/Rect[0 0 1 1]/Border[0 0 0]/A<</S/URI/URI(https://a.jp/)>>>>]>>",
        &stream("", "q /G1 gs /P1 scn 0 0 5 5 re f /X1 Do /X2 Do /S1 sh Q BT /F1 9 Tf (a) Tj /F2 9 Tf [(a) 1] TJ ET"),
        "<</First 6 0 R/Last 6 0 R/Count 1>>",
        "<</Title<feff3042>/Parent 5 0 R/Dest[3 0 R/XYZ 0 9 null]>>",
        "<</ExtGState<</G1 8 0 R>>/Pattern<</P1 9 0 R>>/XObject<</X1 10 0 R/X2 11 0 R>>/Shading<</S1 12 0 R>>\
            /Font<</F1 14 0 R/F2 17 0 R>>/ColorSpace<</C1[/Separation/Ink/DeviceRGB 13 0 R]>>>>",
        "<</ca 0.5/BM/Multiply/SMask<</S/Luminosity/G 11 0 R/BC[0]>>/D[[1 2] 0]>>",
        &stream("/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep 1/YStep 1/Resources<<>>", "0 0 1 1 re f"),
        &stream(
            "/Subtype/Image/Width 2/Height 2/BitsPerComponent 8/ColorSpace[/Indexed/DeviceRGB 1<000000ffffff>]",
            "\0\x01\0\x01",
        ),
        &stream("/Subtype/Form/BBox[0 0 1 1]/Resources<<>>/Group<</S/Transparency>>", "0 g"),
        "<</ShadingType 2/ColorSpace/DeviceGray/Coords[0 0 1 1]/Function 18 0 R/Extend[true false]>>",
        &stream("/FunctionType 4/Domain[0 1]/Range[0 1 0 1 0 1]", "{dup dup 0.5 mul}"),
        "<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 15 0 R>>\
            /Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[1]/Resources<<>>/ToUnicode 16 0 R>>",
        &stream("", "1 0 d0 0 0 1 1 re f"),
        &stream(
            "",
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /A def\n/CMapType 2 def\n\
            1 begincodespacerange\n<00> <ff>\nendcodespacerange\n1 beginbfchar\n<61> <0061>\nendbfchar\nendcmap\n\
            CMapName currentdict /CMap defineresource pop\nend\nend\n",
        ),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        "<</FunctionType 3/Domain[0 1]/Functions[19 0 R]/Bounds[]/Encode[0 1]>>",
        &stream("/FunctionType 0/Domain[0 1]/Range[0 1]/Size[2]/BitsPerSample 8", "az"),
    ])
}

#[test]
fn something_of_everything() {
    assert_eq!(pdf(Untrusted::new(&rich())), Ok(()));
}

fn fault(file: &[u8]) -> Option<Fault> {
    pdf(Untrusted::new(file)).err().map(|flaw| flaw.fault)
}

/// The minimal file with another page and further objects from 5 on.
fn with_page(page: &str, contents: &str, more: &[&str]) -> Option<Fault> {
    let page = format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R{page}>>");
    let contents = stream("", contents);
    fault(&build(&[&[CATALOG, PAGES, &page, &contents], more].concat()))
}

#[test]
fn one_page() {
    assert_eq!(fault(&minimal()), None);
}

#[test]
fn changed_files_are_refused() {
    let file = minimal();
    // What may be another: octets of the mark, of the box and of the contents.
    let find = |what: &[u8]| file.windows(what.len()).position(|window| window == what).unwrap();
    let free = [
        (10, 14),
        (find(b"[0 0 9 9]") + 1, find(b"[0 0 9 9]") + 8),
        (find(b"0 0 5 5 re f"), find(b"0 0 5 5 re f") + 12),
    ];
    crate::tests::assert_fragile(&file, |changed| {
        let at = changed.iter().zip(&file).position(|(a, b)| a != b);
        let is_free = at.is_some_and(|at| free.iter().any(|(begin, end)| (*begin..*end).contains(&at)));
        match pdf(Untrusted::new(changed)) {
            Ok(()) if changed.len() == file.len() && is_free => Err(sekisho_verify::Flaw::at(Fault::Unread, 0)),
            other => other,
        }
    });
}

#[test]
fn what_may_stand_nowhere() {
    for (catalog, want) in [
        ("/OpenAction<</S/JavaScript/JS(x)>>", Fault::Key),
        ("/AA<<>>", Fault::Key),
        ("/Names<<>>", Fault::Key),
        ("/AcroForm<<>>", Fault::Key),
        ("/Metadata 4 0 R", Fault::Key),
        ("/PageMode/UseAttachments", Fault::Value),
        ("/Type/Catalog", Fault::Key),
    ] {
        let root = format!("<</Type/Catalog/Pages 2 0 R{catalog}>>");
        assert_eq!(fault(&build(&[&root, PAGES, PAGE, &stream("", "")])), Some(want), "{catalog}");
    }
    for (page, want) in [
        ("/AA<<>>", Fault::Key),
        ("/Resources<</Properties<<>>>>", Fault::Key),
        ("/Resources<<>>/Metadata 4 0 R", Fault::Key),
        ("", Fault::Missing),
        ("/Resources<<>>/Rotate 45", Fault::Value),
        ("/Resources<<>>/Annots[<</Subtype/Widget/Rect[0 0 1 1]/Border[0 0 0]>>]", Fault::Value),
        ("/Resources<<>>/Annots[<</Subtype/Link/Rect[0 0 1 1]/Border[0 0 0]>>]", Fault::Action),
        ("/Resources<<>>/Annots[<</Subtype/Link/Rect[0 0 1 1]/Border[0 0 0]/A<</S/Launch/F(x)>>>>]", Fault::Key),
        (
            "/Resources<<>>/Annots[<</Subtype/Link/Rect[0 0 1 1]/Border[0 0 0]/A<</S/URI/URI(file:///x)>>>>]",
            Fault::Action,
        ),
        ("/Resources<<>>/Annots[<</Subtype/Link/Rect[0 0 1 1]/Border[0 0 0]/Dest[2 0 R/Fit]>>]", Fault::Reference),
    ] {
        assert_eq!(with_page(page, "", &[]), Some(want), "{page}");
    }
    let link = "/Resources<<>>/Annots[<</Subtype/Link/Rect[0 0 1 1]/Border[0 0 0]/Dest[3 0 R/XYZ 0 null 0]>>]";
    assert_eq!(with_page(link, "", &[]), None);
    let link = "/Resources<<>>/Annots[<</Subtype/Link/Rect[0 0 1 1]/Border[0 0 0]/A<</S/URI/URI(https://a.jp/)>>>>]";
    assert_eq!(with_page(link, "", &[]), None);
}

#[test]
fn layout() {
    let file = minimal();
    assert_eq!(fault(&[b"x", file.as_slice()].concat()), Some(Fault::Signature));
    assert_eq!(fault(&[file.as_slice(), b"\n"].concat()), Some(Fault::Trailing));
    assert_eq!(fault(&build(&[CATALOG, PAGES, PAGE, &stream("", ""), "<<>>"])), Some(Fault::Unreachable));
    assert_eq!(fault(&build(&[CATALOG, PAGES, PAGE])), Some(Fault::Reference));
    assert_eq!(fault(&build(&[CATALOG, PAGES, PAGE, "<<>>"])), Some(Fault::Role));
    assert_eq!(fault(&build(&[CATALOG, PAGES, PAGE, &stream("/Filter/LZWDecode", "")])), Some(Fault::Value));
    assert_eq!(fault(&build(&[CATALOG, PAGES, PAGE, &stream("/F(x)", "")])), Some(Fault::Key));
    assert_eq!(fault(&build(&[CATALOG, PAGES, PAGE, &stream("/Filter/FlateDecode", "x")])), Some(Fault::Packed));
}

#[test]
fn the_tree_of_pages() {
    let kid = "<</Type/Pages/Kids[3 0 R]/Count 1/Parent 2 0 R>>";
    let contents = stream("", "");
    for (pages, extra, want) in [
        ("<</Type/Pages/Kids[3 0 R]/Count 2>>", None, Fault::Value),
        ("<</Type/Pages/Kids[3 0 R 3 0 R]/Count 2>>", None, Fault::Role),
        ("<</Type/Pages/Kids[2 0 R]/Count 1>>", None, Fault::Role),
        ("<</Type/Pages/Kids[]/Count 0>>", None, Fault::Value),
        ("<</Type/Pages/Kids[5 0 R]/Count 1>>", Some(kid), Fault::Reference),
    ] {
        let objects: Vec<_> = [CATALOG, pages, PAGE, &contents].into_iter().chain(extra).collect();
        assert_eq!(fault(&build(&objects)), Some(want), "{pages}");
    }
}

#[test]
fn pictures() {
    let image = |keys: &str, data: &str| {
        let image = stream(&format!("/Subtype/Image/Width 2/Height 2{keys}"), data);
        with_page("/Resources<</XObject<</X1 5 0 R>>>>", "/X1 Do", &[&image])
    };
    assert_eq!(image("/ColorSpace/DeviceGray/BitsPerComponent 8", "abcd"), None);
    assert_eq!(image("/ColorSpace/DeviceGray/BitsPerComponent 8", "abcde"), Some(Fault::Packed));
    assert_eq!(image("/ImageMask true/BitsPerComponent 1", "ab"), None);
    assert_eq!(image("/ColorSpace/DeviceGray/BitsPerComponent 3", "ab"), Some(Fault::Value));
    assert_eq!(image("/ColorSpace[/ICCBased 4 0 R]/BitsPerComponent 8", "abcd"), Some(Fault::Value));
    assert_eq!(image("/ColorSpace[/Indexed/DeviceRGB 1(abcdef)]/BitsPerComponent 8", "abcd"), None);
    assert_eq!(image("/ColorSpace[/Indexed/DeviceRGB 1(abcde)]/BitsPerComponent 8", "abcd"), Some(Fault::Value));
    assert_eq!(image("/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode", "abcd"), Some(Fault::Signature));
    assert_eq!(image("/ColorSpace/DeviceGray/BitsPerComponent 8/OPI<<>>", "abcd"), Some(Fault::Key));
}

#[test]
fn nothing_uses_itself() {
    let form = |resources: &str, contents: &str| {
        stream(&format!("/Subtype/Form/BBox[0 0 1 1]/Resources{resources}"), contents)
    };
    let page = "/Resources<</XObject<</X1 5 0 R>>>>";
    assert_eq!(with_page(page, "/X1 Do", &[&form("<<>>", "")]), None);
    // A name that nobody uses does no harm.
    assert_eq!(with_page(page, "/X1 Do", &[&form("<</XObject<</X1 5 0 R>>>>", "")]), None);
    assert_eq!(with_page(page, "/X1 Do", &[&form("<</XObject<</X1 5 0 R>>>>", "/X1 Do")]), Some(Fault::Depth));
    let looped = "<</FunctionType 3/Domain[0 1]/Functions[6 0 R]/Bounds[]/Encode[0 1]>>";
    let shading = "<</ShadingType 2/ColorSpace/DeviceGray/Coords[0 0 1 1]/Function 6 0 R>>";
    let page = "/Resources<</Shading<</S1 5 0 R>>>>";
    assert_eq!(with_page(page, "/S1 sh", &[shading, looped]), Some(Fault::Depth));
    let sound = "<</FunctionType 2/Domain[0 1]/N 1>>";
    assert_eq!(with_page(page, "/S1 sh", &[shading, sound]), None);
}

#[test]
fn fonts() {
    let page = "/Resources<</Font<</F1 5 0 R>>>>";
    let used = "BT /F1 9 Tf (a) Tj ET";
    let simple = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";
    assert_eq!(with_page(page, used, &[simple]), None);
    let drawn = "<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 6 0 R>>\
        /Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[1]/Resources<<>>>>";
    assert_eq!(with_page(page, used, &[drawn, &stream("", "1 0 d0")]), None);
    assert_eq!(with_page(page, used, &[drawn, &stream("", "0 0 m")]), Some(Fault::Operator));
    let composite = "<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/90ms-RKSJ-H/DescendantFonts[6 0 R]>>";
    let descendant = "<</Type/Font/Subtype/CIDFontType0/BaseFont/A/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)\
        /Supplement 2>>/FontDescriptor<</Type/FontDescriptor/FontName/A/Flags 4>>/W[1[500 600] 5 9 1000]>>";
    assert_eq!(with_page(page, used, &[composite, descendant]), None);
    let unknown = composite.replace("90ms-RKSJ-H", "Other-H");
    assert_eq!(with_page(page, used, &[&unknown, descendant]), Some(Fault::Value));
    let program = simple.replace(">>", "/FontDescriptor<</Type/FontDescriptor/FontName/A/Flags 4/FontFile 6 0 R>>>>");
    assert_eq!(with_page(page, used, &[&program, &stream("", "x")]), Some(Fault::Key));
}

#[test]
fn outlines() {
    let root = "<</Type/Catalog/Pages 2 0 R/Outlines 5 0 R>>";
    let contents = stream("", "");
    let checked = |list: &str, items: &[&str]| fault(&build(&[&[root, PAGES, PAGE, &contents, list], items].concat()));
    let list = "<</First 6 0 R/Last 7 0 R/Count 2>>";
    let first = "<</Title(a)/Parent 5 0 R/Next 7 0 R/Dest[3 0 R/Fit]>>";
    let last = "<</Title(b)/Parent 5 0 R/Prev 6 0 R>>";
    assert_eq!(checked(list, &[first, last]), None);
    assert_eq!(checked(list, &[first, "<</Title(b)/Parent 5 0 R>>"]), Some(Fault::Reference));
    assert_eq!(checked(list, &[first, "<</Title(b)/Parent 5 0 R/Prev 6 0 R/Next 6 0 R>>"]), Some(Fault::Role));
    assert_eq!(
        checked(list, &[first, "<</Title(b)/Parent 5 0 R/Prev 6 0 R/A<</S/URI/URI(http://a)>>>>"]),
        Some(Fault::Key)
    );
}
