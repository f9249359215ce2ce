//! Files as offices send them, made in code: real ones of their kind, so that
//! what is measured on them is what a true file costs.
//!
//! The same seed makes the same octets.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use crate::mails::Noise;

/// What a camera of today writes, about.
const QUALITY: u8 = 88;

/// Octets that a pixel takes at that quality in these pictures, about.
const PER_PIXEL: f64 = 0.215;

/// Points of A4 (ISO 216), upright.
const PAGE: (u32, u32) = (595, 842);

/// Lines of text of a page.
const LINES: u32 = 40;

/// A photograph of about `size` octets (JPEG, baseline): light that changes
/// slowly, edges, and the grain of a sensor.
pub fn jpeg(size: usize, noise: &mut Noise) -> Vec<u8> {
    photograph((size as f64 / PER_PIXEL).max(1024.0), noise)
}

/// So many pixels of a scene: a few waves of light, a few hard-edged boxes,
/// grain.
fn photograph(pixels: f64, noise: &mut Noise) -> Vec<u8> {
    // 4 to 3, as cameras have it; a picture in a mail is far below 2^16 wide.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and far below 2^32")]
    let (width, height) = ((pixels * 4.0 / 3.0).sqrt() as u32, (pixels * 3.0 / 4.0).sqrt() as u32);
    let light = Light::of(width, height, noise);
    let boxes: Vec<[u32; 5]> = (0..12)
        .map(|_| {
            let (x, y) = (noise.below(width), noise.below(height));
            [x, y, x + noise.below(width / 3 + 1), y + noise.below(height / 3 + 1), noise.below(60)]
        })
        .collect();
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        let here: Vec<_> = boxes.iter().filter(|[_, top, _, bottom, _]| (*top..*bottom).contains(&y)).collect();
        for x in 0..width {
            let inside = here.iter().filter(|[left, _, right, _, _]| (*left..*right).contains(&x));
            let shade: u32 = inside.map(|[.., shade]| *shade).sum();
            let (light, grain) = (light.at(x, y), noise.below(17) as f32 - 8.0);
            rgb.extend([(128.0, 1.0), (140.0, 0.8), (150.0, 0.6)].map(|(base, tint)| {
                let value = (base + light * tint - shade as f32 + grain).clamp(0.0, 255.0);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to an octet")]
                let octet = value as u8;
                octet
            }));
        }
    }
    let mut octets = Vec::new();
    // Memory takes every write, and the size is one that the format has.
    let _ = JpegEncoder::new_with_quality(&mut octets, QUALITY).encode(&rgb, width, height, ExtendedColorType::Rgb8);
    octets
}

/// Waves over a picture. The sine of a sum is made of sines of its parts, so
/// that a pixel costs two products a wave.
struct Light {
    across: Vec<[(f32, f32); 6]>,
    down: Vec<[(f32, f32); 6]>,
}

impl Light {
    fn of(width: u32, height: u32, noise: &mut Noise) -> Self {
        let mut part = || noise.below(1000) as f32 / 1000.0;
        let waves = [(); 6].map(|()| [part(), part(), part(), part()]);
        let along = |at: u32, of: u32| at as f32 / of as f32 * 9.0;
        let across = |x| waves.map(|[a, ..]| (along(x, width) * a).sin_cos());
        let down = |y| {
            waves.map(|[_, b, c, strength]| {
                let (sine, cosine) = (along(y, height) * b + c * 6.3).sin_cos();
                (sine * strength * 28.0, cosine * strength * 28.0)
            })
        };
        Self { across: (0..width).map(across).collect(), down: (0..height).map(down).collect() }
    }

    fn at(&self, x: u32, y: u32) -> f32 {
        let waves =
            self.across.get(x as usize).into_iter().flatten().zip(self.down.get(y as usize).into_iter().flatten());
        waves.map(|((sine, cosine), (other_sine, other_cosine))| sine * other_cosine + cosine * other_sine).sum()
    }
}

/// A document of some pages (PDF 1.7) of about `size` octets: headings and
/// text in standard fonts and in a Japanese one that is not embedded, rules,
/// and a picture on each page, all streams compressed.
pub fn pdf(size: usize, noise: &mut Noise) -> Vec<u8> {
    // A page of text takes some 1.5 kB compressed, its picture the rest.
    let pages = u32::try_from((size / 35_000).clamp(1, 20)).unwrap_or(1);
    let picture = (size / pages as usize).saturating_sub(2_500).max(2_000);
    let mut file = Objects::new();
    let kids: String = (0..pages).map(|page| format!("{} 0 R ", 6 + page * 3)).collect();
    file.object("<</Type/Catalog/Pages 2 0 R>>");
    file.object(&format!("<</Type/Pages/Count {pages}/Kids[{kids}]>>"));
    file.object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>");
    file.object("<</Type/Font/Subtype/Type0/BaseFont/HeiseiMin-W3/Encoding/UniJIS-UTF16-H/DescendantFonts[5 0 R]>>");
    file.object(
        "<</Type/Font/Subtype/CIDFontType0/BaseFont/HeiseiMin-W3\
         /CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>/DW 1000\
         /FontDescriptor<</Type/FontDescriptor/FontName/HeiseiMin-W3/Flags 6/FontBBox[-123 -257 1001 910]\
         /ItalicAngle 0/Ascent 709/Descent -241/CapHeight 709/StemV 69>>>>",
    );
    for page in 0..pages {
        let own = 6 + page * 3;
        file.object(&format!(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 {} {}]/Contents {} 0 R\
             /Resources<</Font<</F1 3 0 R/F2 4 0 R>>/XObject<</Im1 {} 0 R>>>>>>",
            PAGE.0,
            PAGE.1,
            own + 1,
            own + 2
        ));
        file.stream("/Filter/FlateDecode", &deflated(text_of_page(page, noise).as_bytes()));
        let (width, height, octets) = picture_of_page(picture, noise);
        let dictionary = format!(
            "/Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode"
        );
        file.stream(&dictionary, &octets);
    }
    file.end()
}

fn picture_of_page(size: usize, noise: &mut Noise) -> (u32, u32, Vec<u8>) {
    let octets = jpeg(size, noise);
    // ITU-T T.81 B.2.2: behind the marker of a baseline frame come a length, a precision, height, width.
    let frame = octets.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap_or(0);
    let number = |at: usize| octets.get(at..at + 2).map_or(1, |pair| u32::from(pair[0]) << 8 | u32::from(pair[1]));
    (number(frame + 7), number(frame + 5), octets)
}

/// Drawing orders (ISO 32000-1 9.4): a heading, two rules, lines of text, the picture.
fn text_of_page(page: u32, noise: &mut Noise) -> String {
    let mut text = format!(
        "q 1 0 0 RG 60 770 m 535 770 l S 60 60 m 535 60 l S Q\nBT /F1 16 Tf 60 780 Td (Minutes, page {}) Tj ET\n",
        page + 1
    );
    text.push_str("BT /F2 10 Tf 12 TL 60 750 Td\n");
    for line in 0..LINES {
        if line % 3 == 0 {
            let _ = writeln!(text, "/F2 10 Tf <{}> Tj T*", utf16("会議の議事録と配布資料を次のとおり送付します。"));
        } else {
            let words: Vec<String> = (0..9).map(|_| format!("item{}", noise.below(900))).collect();
            let _ = writeln!(text, "/F1 10 Tf ({}) Tj T*", words.join(" "));
        }
    }
    text + "ET\nq 300 0 0 200 60 70 cm /Im1 Do Q\n"
}

fn utf16(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("{unit:04X}")).collect()
}

/// RFC 1950.
fn deflated(octets: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Memory takes every write.
    let _ = encoder.write_all(octets);
    encoder.finish().unwrap_or_default()
}

/// Objects of a PDF, numbered as they come (ISO 32000-1 7.5).
struct Objects {
    octets: Vec<u8>,
    places: Vec<usize>,
}

impl Objects {
    fn new() -> Self {
        Self { octets: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec(), places: Vec::new() }
    }

    fn object(&mut self, content: &str) {
        self.begin();
        self.octets.extend_from_slice(content.as_bytes());
        self.octets.extend_from_slice(b"\nendobj\n");
    }

    fn stream(&mut self, dictionary: &str, content: &[u8]) {
        self.begin();
        self.octets.extend_from_slice(format!("<<{dictionary}/Length {}>>\nstream\n", content.len()).as_bytes());
        self.octets.extend_from_slice(content);
        self.octets.extend_from_slice(b"\nendstream\nendobj\n");
    }

    fn begin(&mut self) {
        self.places.push(self.octets.len());
        self.octets.extend_from_slice(format!("{} 0 obj\n", self.places.len()).as_bytes());
    }

    fn end(mut self) -> Vec<u8> {
        let (start, count) = (self.octets.len(), self.places.len() + 1);
        let places: String = self.places.iter().map(|place| format!("{place:010} 00000 n \n")).collect();
        let table = format!(
            "xref\n0 {count}\n0000000000 65535 f \n{places}trailer\n<</Size {count}/Root 1 0 R>>\nstartxref\n{start}\n%%EOF\n"
        );
        self.octets.extend_from_slice(table.as_bytes());
        self.octets
    }
}

/// A Word document of about `size` octets: the parts that every reader asks
/// for, and a picture.
pub fn docx(size: usize, noise: &mut Noise) -> Vec<u8> {
    let text: String = (0..40)
        .map(|line| format!("<w:p><w:r><w:t>{line}. 申請書の様式を次のとおり定めます。</w:t></w:r></w:p>"))
        .collect();
    let document = format!(
        "{XML}<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{text}</w:body></w:document>"
    );
    // What is not pictures takes about so much. A large document shows one picture many times.
    let rest = size.saturating_sub(document.len() + 1_500);
    let times = rest.div_ceil(LARGEST_PICTURE).max(1);
    let picture = jpeg(rest / times, noise);
    let names: Vec<String> = (1..=times).map(|number| format!("word/media/image{number}.jpeg")).collect();
    let mut entries = vec![
        ("[Content_Types].xml", CONTENT_TYPES.as_bytes()),
        ("_rels/.rels", RELATIONS.as_bytes()),
        ("word/document.xml", document.as_bytes()),
        ("word/_rels/document.xml.rels", RELATIONS_OF_DOCUMENT.as_bytes()),
    ];
    entries.extend(names.iter().map(|name| (name.as_str(), picture.as_slice())));
    zip(&entries)
}

/// Octets of a picture in a document.
const LARGEST_PICTURE: usize = 1_000_000;

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";
const CONTENT_TYPES: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
    <Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
    <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
    <Default Extension=\"jpeg\" ContentType=\"image/jpeg\"/>\
    <Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
const RELATIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>";
const RELATIONS_OF_DOCUMENT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
    <Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
    <Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/image\" Target=\"media/image1.jpeg\"/></Relationships>";

/// An archive of about `size` octets: drawings as PDF, a photograph, a list.
pub fn archive(size: usize, noise: &mut Noise) -> Vec<u8> {
    let (drawing, photograph) = (pdf(size / 2, noise), jpeg(size / 2, noise));
    let list = "番号,名称,縮尺\r\n1,平面図,1/100\r\n2,立面図,1/50\r\n";
    zip(&[("plan.pdf", &drawing), ("photo.jpg", &photograph), ("list.csv", list.as_bytes())])
}

/// APPNOTE.TXT 4.3: entries stored as they are, and their directory.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let place = length(file.len());
        let mut crc = flate2::Crc::new();
        crc.update(content);
        // Version 2.0, no flags, stored, 2026-03-02 10:15.
        let common = [
            &b"\x14\0\0\0\0\0\xe0\x51\x62\x5c"[..],
            &crc.sum().to_le_bytes(),
            &length(content.len()),
            &length(content.len()),
            &length(name.len())[..2],
            b"\0\0",
        ]
        .concat();
        file.extend_from_slice(&[&b"PK\x03\x04"[..], &common, name.as_bytes(), content].concat());
        directory.extend_from_slice(&[&b"PK\x01\x02\x14\0"[..], &common, &[0; 10], &place, name.as_bytes()].concat());
    }
    let (place, count) = (length(file.len()), length(entries.len()));
    let end =
        [&b"PK\x05\x06\0\0\0\0"[..], &count[..2], &count[..2], &length(directory.len()), &place, b"\0\0"].concat();
    [file, directory, end].concat()
}

/// None here comes near 4 GiB.
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_their_sizes_and_one_seed_makes_one_file() {
        type Make = fn(usize, &mut Noise) -> Vec<u8>;
        let kinds: [(&str, Make); 4] = [("jpeg", jpeg), ("pdf", pdf), ("docx", docx), ("zip", archive)];
        for (name, make) in kinds {
            for size in [60_000, 141_000] {
                let [one, same, other] = [7, 7, 8].map(|seed| make(size, &mut Noise::new(seed)));
                assert!(one == same && one != other, "{name}");
                assert!((size * 8 / 10..size * 12 / 10).contains(&one.len()), "{name} of {size}: {}", one.len());
            }
        }
    }

    #[test]
    fn a_picture_knows_its_size() {
        let (width, height, octets) = picture_of_page(40_000, &mut Noise::new(1));
        let picture = image::load_from_memory(&octets).map(|picture| (picture.width(), picture.height()));
        assert_eq!(picture.ok(), Some((width, height)));
    }
}
