//! Kinds, one by one, each from a head made by hand.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sekisho_policy::Kind;
use sekisho_safe_message::Untrusted;

use super::{Identity, identify};
use crate::File;

fn told(octets: &[u8], name: &str, declared: &str) -> Identity {
    identify(&File { octets: Untrusted::new(octets), name: (!name.is_empty()).then_some(name), declared })
}

fn kind(octets: &[u8]) -> Kind {
    told(octets, "", "").kind
}

/// A ZIP of stored members.
fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with_flags(members, 0)
}

fn zip_with_flags(members: &[(&str, &[u8])], flags: u8) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in members {
        let start = u32::try_from(out.len()).unwrap();
        let (length, size) = (u16::try_from(name.len()).unwrap(), u32::try_from(data.len()).unwrap());
        let common =
            [&[20, 0, flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &size.to_le_bytes(), &size.to_le_bytes()].concat();
        out.extend([b"PK\x03\x04", &common[..], &length.to_le_bytes(), &[0, 0], name.as_bytes(), data].concat());
        directory.extend(
            [b"PK\x01\x02\x14\0", &common[..], &length.to_le_bytes(), &[0; 12], &start.to_le_bytes(), name.as_bytes()]
                .concat(),
        );
    }
    let (start, size) = (u32::try_from(out.len()).unwrap(), u32::try_from(directory.len()).unwrap());
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    out.extend(directory);
    out.extend(
        [b"PK\x05\x06\0\0\0\0", &count[..], &count, &size.to_le_bytes(), &start.to_le_bytes(), &[0, 0]].concat(),
    );
    out
}

fn office(part: &str, content_type: &str) -> Vec<u8> {
    let types = format!("<Types><Override PartName=\"/{part}\" ContentType=\"application/{content_type}\"/></Types>");
    zip(&[("[Content_Types].xml", types.as_bytes()), (part, b"<x/>")])
}

/// A compound file whose root folder holds streams of these names.
fn compound(names: &[&str], class: &[u8; 16]) -> Vec<u8> {
    let mut out = vec![0; 512];
    out[..8].copy_from_slice(super::compound::MAGIC);
    out[0x1e] = 9;
    out[0x30..0x34].copy_from_slice(&1_u32.to_le_bytes());
    out[0x44..0x48].copy_from_slice(&0xffff_fffe_u32.to_le_bytes());
    out[0x4c..].fill(0xff);
    out[0x4c..0x50].copy_from_slice(&0_u32.to_le_bytes());
    // Sector 0: the table; the folder in sectors 1 and on is one chain.
    let sectors = (names.len() + 1).div_ceil(4);
    let mut table = vec![0xff_u8; 512];
    for sector in 1..=sectors {
        let next = if sector == sectors { 0xffff_fffe } else { u32::try_from(sector + 1).unwrap() };
        table[4 * sector..4 * sector + 4].copy_from_slice(&next.to_le_bytes());
    }
    out.extend(table);
    for (index, name) in std::iter::once(&"Root Entry").chain(names).enumerate() {
        let mut entry = vec![0_u8; 128];
        for (at, unit) in name.encode_utf16().enumerate() {
            entry[2 * at..2 * at + 2].copy_from_slice(&unit.to_le_bytes());
        }
        entry[0x40] = u8::try_from(2 * name.encode_utf16().count() + 2).unwrap();
        entry[0x44..0x50].fill(0xff);
        // Each is the right sibling of the one before.
        let next = u32::try_from(index + 1).unwrap().to_le_bytes();
        if index == 0 {
            entry[0x4c..0x50].copy_from_slice(&next);
            entry[0x50..0x60].copy_from_slice(class);
        } else if index < names.len() {
            entry[0x48..0x4c].copy_from_slice(&next);
        }
        out.extend(entry);
    }
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn tar() -> Vec<u8> {
    let mut header = vec![0_u8; 1024];
    header[..5].copy_from_slice(b"a.txt");
    header[148..156].fill(b' ');
    let sum: u32 = header[..512].iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

fn at(offset: usize, magic: &[u8]) -> Vec<u8> {
    let mut out = vec![0; offset];
    out.extend_from_slice(magic);
    out
}

#[test]
fn structures() {
    let mut emf = at(40, b" EMF");
    emf[0] = 1;
    let mut fixed_disk = vec![0; 1024];
    fixed_disk[512..520].copy_from_slice(b"conectix");
    for (octets, expected) in [
        (vec![], Kind::Empty),
        (b"RIFF\x10\0\0\0WEBPVP8 ".to_vec(), Kind::Webp),
        (b"RIFF\x10\0\0\0WAVEfmt ".to_vec(), Kind::Audio),
        (b"RIFF\x10\0\0\0AVI LIST".to_vec(), Kind::Video),
        (b"FORM\0\0\0\x10AIFFCOMM".to_vec(), Kind::Audio),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(), Kind::Heif),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif".to_vec(), Kind::Avif),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic".to_vec(), Kind::Heif),
        (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif".to_vec(), Kind::Avif),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp41avc1".to_vec(), Kind::Video),
        (b"\0\0\0\x18ftypM4A \0\0\0\0mp42isom".to_vec(), Kind::Audio),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec(), Kind::Bmp),
        (b"BMW is a make of cars.".to_vec(), Kind::Text),
        (b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x10\0\0\0\x16\0\0\0".to_vec(), Kind::Icon),
        (emf, Kind::Emf),
        (b"\x01\0\x09\0\0\x03\x10\0\0\0".to_vec(), Kind::Wmf),
        ([&b"MZ\x90\0\x03\0\0\0"[..], &[0; 64]].concat(), Kind::Executable),
        (b"MZ is how a program begins.".to_vec(), Kind::Text),
        (b"\xca\xfe\xba\xbe\0\0\0\x34".to_vec(), Kind::Java),
        (b"\xca\xfe\xba\xbe\0\0\0\x02".to_vec(), Kind::Executable),
        (b"\x20\x10-lh5-\0".to_vec(), Kind::Lzh),
        (b"BZh91AY&SY\0\0".to_vec(), Kind::Bzip2),
        (b"FWS\x06\x26\xa6\0\0\x78\0".to_vec(), Kind::Flash),
        (b"%PDF-1.7\n".to_vec(), Kind::Pdf),
        (b"junk\n%PDF-1.7\n1 0 obj\nstartxref".to_vec(), Kind::Pdf),
        (b"A PDF begins with %PDF-1.7, they say.".to_vec(), Kind::Text),
        (tar(), Kind::Tar),
        (b"\0\x01\0\0\0\x0c\0\x80\0\x03\0\x40OS/2".to_vec(), Kind::Font),
        (b"ID3\x03\0\0\0\0\0\0".to_vec(), Kind::Audio),
        (b"\xff\xfb\x90\x64\0\0".to_vec(), Kind::Audio),
        (fixed_disk, Kind::DiskImage),
        (at(0x8001, b"CD001"), Kind::DiskImage),
        (b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80".to_vec(), Kind::Smime),
        (b"-----BEGIN PKCS7-----\nMIIB\n".to_vec(), Kind::Smime),
        (b"\x01\x02\x03\x04\x05\x06\x07".to_vec(), Kind::Unknown),
    ] {
        assert_eq!(kind(&octets), expected, "{:?}", String::from_utf8_lossy(&octets));
    }
}

#[test]
fn packages() {
    let word = "vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
    let opaque: &[u8] = b"\0";
    for (octets, expected) in [
        (zip(&[("a.txt", b"a")]), Kind::Zip),
        (zip(&[]), Kind::Zip),
        (office("word/document.xml", word), Kind::Docx),
        (office("doc/odd.xml", word), Kind::Docx),
        (office("word/document.xml", "vnd.ms-word.document.macroEnabled.main+xml"), Kind::Docm),
        (office("word/vbaProject.bin", word), Kind::Docm),
        (office("x.png", &format!("{word}\"/><x ContentType=\"application/vnd.ms-office.vbaProject")), Kind::Docm),
        (office("xl/workbook.xml", "vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml"), Kind::Xlsx),
        (office("xl/workbook.xml", "vnd.ms-excel.addin.macroEnabled.main+xml"), Kind::Xlsm),
        (office("xl/workbook.bin", "vnd.ms-excel.sheet.binary.macroEnabled.main"), Kind::Xlsb),
        (
            office("ppt/presentation.xml", "vnd.openxmlformats-officedocument.presentationml.slideshow.main+xml"),
            Kind::Pptx,
        ),
        (office("ppt/presentation.xml", "vnd.ms-powerpoint.template.macroEnabled.main+xml"), Kind::Pptm),
        (office("ppt/presentation.xml", "octet-stream"), Kind::Pptx),
        (office("visio/document.xml", "vnd.ms-visio.drawing.main+xml"), Kind::OtherPackage),
        (zip(&[("_rels/.rels", opaque), ("word/document.xml", opaque)]), Kind::Docx),
        (zip(&[("mimetype", b"application/vnd.oasis.opendocument.text-template")]), Kind::Odt),
        (zip(&[("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")]), Kind::Ods),
        (zip(&[("mimetype", b"application/vnd.oasis.opendocument.presentation")]), Kind::Odp),
        (zip(&[("mimetype", b"application/vnd.oasis.opendocument.graphics")]), Kind::Odg),
        (zip(&[("mimetype", b"application/epub+zip")]), Kind::OtherPackage),
        (
            zip(&[("content.xml", opaque), ("META-INF/manifest.xml", b"<x t=\"application/vnd.sun.xml.calc\">")]),
            Kind::Ods,
        ),
        (zip(&[("META-INF/MANIFEST.MF", opaque), ("A.class", opaque)]), Kind::Java),
        (zip(&[("Index/Document.iwa", opaque)]), Kind::OtherPackage),
    ] {
        assert_eq!(kind(&octets), expected, "{:?}", String::from_utf8_lossy(&octets));
    }
    let locked = told(&zip_with_flags(&[("a", b"x")], 1), "", "");
    assert!((locked.kind, locked.encrypted) == (Kind::Zip, true) && !told(&zip(&[("a", b"x")]), "", "").encrypted);
    assert!(told(&zip(&[("[Content_Types].xml", b"x"), ("_xmlsignatures/sig1.xml", b"x")]), "", "").signed);
    // An archive whose end is missing still shows what it was.
    let whole = zip(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"x")]);
    assert_eq!(kind(&whole[..120]), Kind::Odt);
}

#[test]
fn compound_files() {
    let installer = b"\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    for (names, class, expected, encrypted) in [
        (&["WordDocument", "1Table"][..], &[0; 16], Kind::Doc, false),
        (&["\u{5}SummaryInformation", "a", "b", "c", "d", "Workbook"], &[0; 16], Kind::Xls, false),
        (&["Book"], &[0; 16], Kind::Xls, false),
        (&["PowerPoint Document", "EncryptedSummary"], &[0; 16], Kind::Ppt, true),
        (&["__properties_version1.0"], &[0; 16], Kind::Msg, false),
        (&["__substg1.0_0037001F"], &[0; 16], Kind::Msg, false),
        (&["EncryptedPackage", "EncryptionInfo"], &[0; 16], Kind::EncryptedOffice, true),
        (&["DocumentText"], &[0; 16], Kind::Ichitaro, false),
        (&["JSCompDocument"], &[0; 16], Kind::Ichitaro, false),
        (&["VisioDocument"], &[0; 16], Kind::CompoundFile, false),
        (&["x"], installer, Kind::Executable, false),
    ] {
        let found = told(&compound(names, class), "", "");
        assert_eq!((found.kind, found.encrypted), (expected, encrypted), "{names:?}");
    }
    assert_eq!(kind(super::compound::MAGIC), Kind::CompoundFile);
    // A folder that follows itself ends.
    let mut circle = compound(&["x"], &[0; 16]);
    circle[512 + 4..512 + 8].copy_from_slice(&1_u32.to_le_bytes());
    assert_eq!(kind(&circle), Kind::CompoundFile);
}

#[test]
fn texts() {
    for (text, expected) in [
        ("こんにちは。\n", Kind::Text),
        ("  \n", Kind::Text),
        ("{\\rtf1\\ansi x}", Kind::Rtf),
        ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", Kind::Calendar),
        ("\u{feff}begin:vcard\r\n", Kind::Card),
        ("{\"a\": [1, 2]}", Kind::Json),
        ("{\n\"a\": \"eval(\"\n}", Kind::Json),
        ("[会議メモ]\nあしたの件\n", Kind::Text),
        ("a,b,c\n1,2,3\n4,5,6\n", Kind::Csv),
        ("Dear A,\nthanks, B, for all\nyours, C\n", Kind::Text),
        ("<?xml version=\"1.0\"?><a/>", Kind::Xml),
        ("<a@example.jp> wrote:\nhello", Kind::Text),
        ("<!-- x --><svg xmlns=\"http://www.w3.org/2000/svg\"/>", Kind::Svg),
        ("<!DOCTYPE svg PUBLIC \"x\" [<!ENTITY a \"b\">]><svg/>", Kind::Svg),
        ("<!DOCTYPE html><p>x", Kind::Html),
        ("<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"/>", Kind::Html),
        ("<p>hello", Kind::Html),
        ("<html><hta:application id=x>", Kind::Script),
        ("<?php echo 1;", Kind::Script),
        ("<office:document xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\">", Kind::FlatOdf),
        ("<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">", Kind::OfficeXml),
        ("<?xml version=\"1.0\"?><w:wordDocument xmlns:w=\"x\">", Kind::OfficeXml),
        ("<xfdf xmlns=\"http://ns.adobe.com/xfdf/\"/>", Kind::PdfForm),
        ("<xsl:stylesheet version=\"1.0\">", Kind::Script),
        ("<libraryDescription>", Kind::Shortcut),
        ("From: a@b\r\nDate: x\r\n\r\nhello", Kind::Mail),
        ("件名: 会議\n日時: 明日\n", Kind::Text),
        ("To: everyone\nSubject: lunch\n\nhello", Kind::Text),
        ("MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>", Kind::Mht),
        ("From: <Saved by Blink>\r\nDate: x\r\nContent-Type: multipart/related; boundary=x\r\n\r\n", Kind::Mht),
        ("From a@b Mon Jun 01 10:00:00 2009\nSubject: x\n\nhello", Kind::Mbox),
        ("From here on, all is text.\n", Kind::Text),
        ("[InternetShortcut]\r\nURL=http://x/\r\n", Kind::Shortcut),
        ("[{000214A0-0000-0000-C000-000000000046}]\nProp3=19,2\n[InternetShortcut]\nURL=x\n", Kind::Shortcut),
        ("[Shell]\r\nCommand=2\r\n", Kind::Shortcut),
        ("[autorun]\r\nopen=a.exe\r\n", Kind::Script),
        ("[Version]\r\nSignature=\"$CHICAGO$\"\r\n", Kind::Script),
        ("full address:s:x\r\n", Kind::Shortcut),
        ("Windows Registry Editor Version 5.00\r\n", Kind::Script),
        ("WEB\r\n1\r\nhttp://x/\r\n", Kind::Script),
        ("ID;PWXL;N;E\r\nC;X1;Y1;K0\r\n", Kind::Script),
        ("ID;Name;Age\r\n1;Taro;20\r\n2;Jiro;22\r\n", Kind::Csv),
        ("#!/bin/sh\n", Kind::Script),
        ("@echo off\r\n", Kind::Script),
        ("WScript.Echo(\"x\");\r\n", Kind::Script),
        ("Set s = CreateObject(\"WScript.Shell\")\r\ns.Run \"x\"\r\nset x = 1\r\n", Kind::Script),
        ("Write-Output \"x\"\r\n", Kind::Script),
        ("Attackers use CreateObject( and the like.\nBeware of it.\nPlease do not open such files.\n", Kind::Text),
    ] {
        assert_eq!(kind(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn charsets_of_text() {
    let shift_jis = encoding_rs::SHIFT_JIS.encode("会議は明日です。資料を送ります。ソ表").0.into_owned();
    let euc = encoding_rs::EUC_JP.encode("会議は明日です。").0.into_owned();
    let jis = b"\x1b$B4X=j\x1b(B\r\n".to_vec();
    let wide: Vec<u8> = "会議は明日です。\r\n資料を送ります。".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked: Vec<u8> = "\u{feff}会議".encode_utf16().flat_map(u16::to_be_bytes).collect();
    for octets in [shift_jis, euc, jis, wide, marked, b"\xef\xbb\xbfabc".to_vec(), b"Fr\xf6sche \xfc".to_vec()] {
        assert_eq!(kind(&octets), Kind::Text, "{octets:?}");
    }
    let noise: Vec<u8> = (0..4096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert_eq!(kind(&noise), Kind::Unknown);
}

#[test]
fn names_choose_only_where_content_does_not() {
    for (octets, name, declared, expected) in [
        (&b"a,b\n"[..], "a.csv", "", Kind::Csv),
        (b"a\tb\n", "a.tsv", "", Kind::Csv),
        (b"a,b\n", "", "text/csv", Kind::Csv),
        (b"hello <b>you</b>", "a.html", "", Kind::Html),
        (b"%PDF-1.7", "a.csv", "text/csv", Kind::Pdf),
        (b"Subject: x\n\nhello", "a.eml", "", Kind::Mail),
        (b"Subject: x\n\nhello", "a.txt", "", Kind::Text),
        (b"hello", "a.eml", "message/rfc822", Kind::Text),
        (b"hello", "a.bat", "", Kind::Script),
        (b"hello", "a.txt .js ", "text/plain", Kind::Script),
        (b"\x01\x02\x03\x04", "a.com", "", Kind::Executable),
        (b"<p>hello", "a.hta", "", Kind::Script),
        (b"\x89PNG\r\n\x1a\n", "a.exe", "", Kind::Png),
        (b"\x01\x02\x03\x04", "a.xdw", "", Kind::DocuWorks),
        (b"\x01\x02\x03\x04", "a.pdf", "application/pdf", Kind::Unknown),
    ] {
        assert_eq!(told(octets, name, declared).kind, expected, "{name} {declared}");
    }
    assert_eq!(told(&zip(&[("a", b"x")]), "a.jar", "").kind, Kind::Java);
    let svgz = [&b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x06\0\xf9\xff"[..], b"<svg/>"].concat();
    assert_eq!((told(&svgz, "a.svgz", "").kind, told(&svgz, "a.gz", "").kind), (Kind::Svg, Kind::Gzip));
}

#[test]
fn what_does_not_fit_is_said() {
    let docx = office("word/document.xml", "vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml");
    for (octets, name, declared, mismatch) in [
        (&b"%PDF-1.7"[..], "a.pdf", "application/pdf", false),
        (b"%PDF-1.7", "a.pdf", "application/octet-stream", false),
        (b"%PDF-1.7", "a.docx", "", true),
        (b"%PDF-1.7", "a", "image/png", true),
        (b"%PDF-1.7", "第1.5版", "", false),
        (b"\x89PNG\r\n\x1a\n", "a.jpg", "image/jpeg", false),
        (b"\x89PNG\r\n\x1a\n", "a.exe", "", true),
        (b"PK\x03\x04", "a.pdf", "", true),
        (b"a,b\n", "a.csv", "application/vnd.ms-excel", false),
        (b"<table><tr>", "a.xls", "application/vnd.ms-excel", true),
        (b"{\\rtf1", "a.doc", "application/msword", false),
        (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "a.jpg", "", true),
        (b"", "a.pdf", "", false),
        (b"#!/bin/sh", "a.txt", "text/plain", true),
        (b"#!/bin/sh", "a.sh", "", false),
        (&docx, "a.doc", "application/msword", false),
        (&docx, "a.zip", "application/zip", false),
        (&docx, "a.txt", "", true),
    ] {
        assert_eq!(told(octets, name, declared).mismatch, mismatch, "{name} {declared}");
    }
}

#[test]
fn second_readers_are_seen_and_containers_are_none() {
    let archive = zip(&[("a.txt", b"x")]);
    let joined = |first: &[u8], second: &[u8]| [first, second].concat();
    let pdf = b"%PDF-1.7\n1 0 obj\nendobj\nstartxref\n%%EOF\n";
    let png = b"\x89PNG\r\n\x1a\n";
    for (octets, polyglot) in [
        (joined(png, &archive), true),
        (joined(b"GIF89a", &archive), true),
        (joined(b"\xff\xd8\xff\xe0", &archive), true),
        (joined(pdf, &archive), true),
        (joined(png, b" %PDF-1.7"), true),
        (joined(png, b"Rar!\x1a\x07\x01\0"), true),
        (joined(b"\xff\xd8\xff\xe0", b"7z\xbc\xaf\x27\x1c"), true),
        (joined(b"<html><!--", pdf), true),
        (joined(b"\r\n", pdf), false),
        (pdf.to_vec(), false),
        (joined(png, b"PK\x05\x06 <script>"), false),
        (zip(&[("a.pdf", b"%PDF-1.7")]), false),
        (zip(&[("%PDF-1.7", b"x")]), true),
        (zip(&[("a/", b""), ("b.pdf", b"%PDF-1.7")]), false),
        (joined(&tar(), &archive), false),
        (archive.clone(), false),
    ] {
        assert_eq!(told(&octets, "", "").polyglot, polyglot, "{:?}", String::from_utf8_lossy(&octets));
    }
}

#[test]
fn signatures_are_seen() {
    assert!(told(b"%PDF-1.7 /ByteRange [0 1 2 3]", "", "").signed && !told(b"%PDF-1.7", "", "").signed);
    let mail = b"From: a@b\r\nDate: x\r\nContent-Type: Multipart/Signed; boundary=x\r\n\r\n";
    assert!(told(mail, "", "").signed);
    let enveloped = told(b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x80", "", "");
    assert!((enveloped.encrypted, enveloped.signed) == (true, false));
}

/// Whatever the octets are, there is an answer: pieces of good files cut,
/// turned and joined by chance that is always the same.
#[test]
fn any_octets_have_a_kind() {
    let seeds = [
        zip(&[("[Content_Types].xml", b"x"), ("word/document.xml", b"y")]),
        compound(&["WordDocument", "a", "b", "c", "d"], &[0; 16]),
        tar(),
        b"From: a@b\r\nDate: x\r\n\r\n".to_vec(),
        b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"c\">]><svg:svg/>".to_vec(),
        b"\x1f\x8b\x08\x04\x02\0<svg/>\xff\xfb\x90\0ftypmif1".to_vec(),
        b"{\"a\":[\"\\u30\", 1e5, \xe3\x81]}\r\nID;P\r\nC;X1".to_vec(),
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut chance = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).unwrap()
    };
    for round in 0..20_000 {
        let mut octets = seeds[round % seeds.len()].clone();
        octets.truncate(1 + chance(octets.len()));
        for _ in 0..chance(6) {
            let at = chance(octets.len());
            octets[at] = u8::try_from(chance(256)).unwrap();
        }
        if chance(3) == 0 {
            octets.extend_from_slice(&seeds[chance(seeds.len())]);
        }
        let name = ["a.svgz", "a.zip", "a.exe", ""][chance(4)];
        let found = told(&octets, name, "");
        assert_ne!(found.kind, Kind::Empty);
    }
}
