//! Content evasion, rows 22 to 35 of the threat table, and the corpora of mails
//! that hide a zip by MIME tricks: what must not appear, and the verdict.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{beside_text, crosses, delivered, visible, waits};
use sekisho_job::{Anomaly, HoldReason};
use sekisho_safe_message::{Notice, RemovalReason};
use sekisho_sanitizer::Outcome;

const CLEAR: &str = "SECRET";
const CODED: &str = "U0VDUkVU";

fn with_body(header: &str, body: &str) -> String {
    format!("From: a@b\nMIME-Version: 1.0\n{header}\n\n{body}\n")
}

fn files(mail: impl AsRef<[u8]>) -> Vec<(String, RemovalReason)> {
    let (message, _) = delivered(mail);
    let removed = message.notices().iter().filter_map(|notice| match notice {
        Notice::Removed(part) => {
            Some((part.name.as_ref().map_or(String::new(), |n| n.as_str().to_owned()), part.reason))
        }
        _ => None,
    });
    removed.collect()
}

#[test]
fn a22_base64_forms() {
    for body in [
        "U.0VDUkVU",
        "U0VDUkVU-",
        "#U0VDUkVU",
        "U0VD:UkVU",
        "U0VD%UkVU",
        "U0VD_UkVU",
        "U0VD\u{200b}UkVU",
        "U0VD\u{b}UkVU",
        "U0VD=UkVU",
        "U0VD==UkVU",
        "U0VDUg==kVU",
        "U0U=Q1JFVA==",
        "U0VDUkVU=A",
        "U0VDUkVU====\nUkVU",
        "junk!\nU0VDUkVU",
        "X-Header: y\nU0VDUkVU",
        "U0VDUkVUQ",
        "data:;base64,U0VDUkVU",
        "U0VDUkVU-_",
    ] {
        for secret in [CLEAR, "U0VD"] {
            assert_eq!(
                waits("A22", with_body("Content-Transfer-Encoding: base64", body), secret),
                HoldReason::AmbiguousStructure,
                "{body}"
            );
        }
        let part = beside_text("Content-Type: text/plain\nContent-Transfer-Encoding: base64\n").replace(CODED, body);
        let (text, anomalies) = crosses("A22", part, CLEAR);
        assert_eq!(text, "hello\n");
        assert!(anomalies.contains(&Anomaly::BadBase64), "{body}");
    }
    // Short lines, one long line and empty lines are read alike by all.
    for body in ["aG\nVs\nbG\n8=", "aGVsbG8=\n\n\n", "\naGVsbG8="] {
        assert_eq!(crosses("A22", with_body("Content-Transfer-Encoding: base64", body), CLEAR).0, "hello\n");
    }
    // Encoded twice, it is text that says base64: shown, never decoded again.
    assert_eq!(crosses("A22", with_body("Content-Transfer-Encoding: base64", "VTBWRFVrVlU="), CLEAR).0, "U0VDUkVU\n");
}

#[test]
fn a23_quoted_printable_forms() {
    for (body, text) in [
        ("a=\nb", "ab\n"),
        ("a= \nb", "ab\n"),
        ("a=3d", "a=\n"),
        ("a=", "a\n"),
        ("a=2", "a=2\n"),
        ("a=@b", "a=@b\n"),
        ("a=\tb", "a=\tb\n"),
        ("a=0x", "a=0x\n"),
        ("=4\n1", "=4\n1\n"),
    ] {
        assert_eq!(
            crosses("A23", with_body("Content-Transfer-Encoding: quoted-printable", body), CLEAR).0,
            text,
            "{body}"
        );
    }
    let long = "=53=45".repeat(4000);
    assert_eq!(crosses("A23", with_body("Content-Transfer-Encoding: quoted-printable", &long), CLEAR).0.len(), 8001);
    // A file is a file, however it decodes.
    let zip = with_body("Content-Transfer-Encoding: quoted-printable", "PK=03=04SECRET");
    assert_eq!(crosses("A23", zip, CLEAR).0, "");
}

#[test]
fn a24_other_encodings() {
    for encoding in [
        "x-uuencode",
        "uuencode",
        "x-uue",
        "uue",
        "x-uu",
        "yenc",
        "x-yenc",
        "binhex",
        "gzip64",
        "utf-7",
        "binary base64",
    ] {
        let header = format!("Content-Transfer-Encoding: {encoding}\n");
        let (text, anomalies) = crosses("A24", beside_text(&header), CODED);
        assert_eq!(text, "hello\n");
        assert!(anomalies.contains(&Anomaly::UnknownEncoding), "{encoding}");
        assert_eq!(waits("A24", with_body(header.trim(), CODED), CODED), HoldReason::AmbiguousStructure);
    }
    let zipped = "Content-Type: application/x\nContent-Encoding: gzip\nContent-Transfer-Encoding: base64\n";
    assert_eq!(crosses("A24", beside_text(zipped), CLEAR).0, "hello\n");
}

#[test]
fn a25_files_inside_text() {
    for line in [
        "begin 644 x.exe",
        "BEGIN 0644 x",
        " begin 755 x",
        "begin-base64 644 x",
        "=ybegin line=128 size=1 name=x",
        "(This file must be converted with BinHex 4.0)",
    ] {
        for (header, body) in [("", line.to_owned()), ("Content-Type: text/html", format!("<pre>{line}</pre>"))] {
            let (text, anomalies) =
                crosses("A25", format!("From: a@b\n{header}\n\nx\n{body}\n").replace("a@b\n\n\n", "a@b\n\n"), "\u{0}");
            assert!(
                text.contains(&format!("| {}", line.trim_start())) || text.contains(&format!("| {line}")),
                "{text}"
            );
            assert!(anomalies.contains(&Anomaly::FileLikeText), "{line}");
        }
    }
}

#[test]
fn a26_containers() {
    for kind in [
        "application/ms-tnef; name=winmail.dat",
        "text/plain; name=winmail.dat",
        "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
    ] {
        let header = format!("Content-Type: {kind}\nContent-Transfer-Encoding: base64\n");
        assert_eq!(crosses("A26", beside_text(&header), CLEAR).0, "hello\n");
    }
}

#[test]
fn a27_types_that_lie() {
    for kind in ["text/plain", "text/html"] {
        for magic in ["TVqQAA", "UEsDBA", "JVBERi0", "0M8R4A", "UmFyIRo", "N3q8rw", "f0VMRg", "e1xydGY"] {
            let header = format!("Content-Type: {kind}\nContent-Transfer-Encoding: base64\n");
            let mail = beside_text(&header).replace(CODED, &format!("{magic}AAAA"));
            let (text, anomalies) = crosses("A27", mail, magic);
            assert_eq!(text, "hello\n");
            assert!(anomalies.contains(&Anomaly::FileAsText), "{magic}");
        }
    }
    let header = "Content-Type: */*\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n";
    assert_eq!(crosses("A27", beside_text(header), CLEAR).0, "hello\n");
}

#[test]
fn a28_file_name_forms() {
    for (header, name) in [
        ("Content-Type: a/b; name=x.txt\nContent-Disposition: attachment; filename=y.exe", "y.exe"),
        ("Content-Disposition: attachment; filename=x.txt; filename=y.exe", "y.exe"),
        ("Content-Disposition: attachment; filename*1=exe; filename*0=y.", "y.exe"),
        ("Content-Disposition: attachment; filename*0=y.; filename*2=exe", "y.exe"),
        ("Content-Disposition: attachment; filename*=''y%2Eexe", "y.exe"),
        ("Content-Disposition: attachment; filename*=utf-16''%00y%00.%00e%00x%00e", "y.exe"),
        ("Content-Disposition: attachment; filename*4294967296=x; filename=y.exe", "y.exe"),
        ("Content-Disposition: attachment; filename=x.txt; filename*=utf-8''y.exe", "y.exe"),
        ("Content-Disposition: attachment; filename=\"=?utf-8?B?eS5leGU=?=\"", "y.exe"),
        ("Content-Disposition: attachment; filename==?utf-8?Q?y=2Eexe?=", "y.exe"),
        ("Content-Disposition: attachment; filename=\"=?utf-7?Q?y+AC4-exe?=\"", "y.exe"),
        ("Content-Disposition: attachment;\n filename*0*=utf-8''y;\n filename*1*=%2E;\n filename*2=exe", "y.exe"),
        ("Content-Disposition: attachment; filename=\"y\\.exe\"", "y.exe"),
    ] {
        assert_eq!(files(with_body(header, "x"))[0].0, name, "{header}");
    }
}

#[test]
fn a29_hostile_names() {
    for (name, cleaned) in [
        ("../../etc/x", "etcx"),
        ("x=?utf-8?q?=0D=0A?=Bcc: y", "x Bcc y"),
        ("a\u{202e}fdp.exe", "afdp.exe"),
        ("C:\\x\\CON", "CxCON"),
        ("x.txt:evil.exe", "x.txtevil.exe"),
        ("<b>x</b>.html", "bxb.html"),
    ] {
        let got = files(with_body(
            &format!(
                "Content-Disposition: attachment; filename*=utf-8''{}",
                name.replace(' ', "%20").replace('"', "%22")
            ),
            "x",
        ));
        let shown = &got[0].0;
        assert!(!shown.contains(['/', '\\', ':', '<', '>', '\n', '\u{202e}']), "{shown}");
        assert_eq!(shown.replace("..", ""), cleaned.replace("..", ""), "{name}");
    }
    let long =
        files(with_body(&format!("Content-Disposition: attachment; filename=\"{}.exe\"", "x".repeat(5000)), "x"));
    assert!(long[0].0.len() <= 240 && long[0].0.ends_with(".exe"));
    let blanks =
        files(with_body(&format!("Content-Disposition: attachment; filename=\"a.pdf{}.exe\"", " ".repeat(200)), "x"));
    assert_eq!(blanks[0].0, "a.pdf .exe");
}

#[test]
fn a30_japanese_names() {
    for (value, name) in [
        (&b"\"\x95\x5c.xls\""[..], "表.xls"),
        (b"\"\x83\x5c\"", "ソ"),
        (b"\"\x1b$BI=\x1b(B.xls\"", "表.xls"),
        (b"\"\x1b$BI=.xls\"", "表"),
        (b"\"\xc9\xbd\xa4\xce.xls\"", "表の.xls"),
        ("\"表.xls\"".as_bytes(), "表.xls"),
        (b"\"=?iso-2022-jp?B?GyRCST0bKEIueGxz?=\"", "表.xls"),
        (b"\"=?shift_jis?B?lVwueGxz?=\"", "表.xls"),
        (b"\"=?cp932?B?h0CHivv8LnhscyA=?=\"", "①㈱髙.xls"),
        (b"\"=?iso-2022-jp?B?GyhJNkA3GyhCLnhscw==?=\"", "ｶﾀｷ.xls"),
    ] {
        let mail = [b"From: a@b\nContent-Disposition: attachment; filename=", value, b"\n\nx\n"].concat();
        let shown = &files(mail)[0].0;
        assert!(shown.starts_with(name), "{value:?}: {shown}");
    }
    let extended = with_body("Content-Disposition: attachment; filename*=iso-2022-jp''%1B%24BI%3D%1B%28B.xls", "x");
    assert_eq!(files(extended)[0].0, "表.xls");
}

#[test]
fn a31_header_injection() {
    for word in [
        "=?utf-8?q?a=0D=0ABcc:_x@y=0D=0A=0D=0Ab?=",
        "=?utf-8?B?YQ0KQmNjOiB4QHkNCg0KYg==?=",
        "=?utf-7?Q?a+AA0ACg-Bcc:_x@y+AA0ACgANAAo-b?=",
        "=?utf-16be?B?AGEADQAKAEIAYwBjADoAIAB4AEAAeQANAAoAYg==?=",
        "=?iso-2022-jp?Q?a=0D=0ABcc:_x@y=1B=28B=0D=0Ab?=",
        "=?utf-8?q?a=E2=80=A8Bcc:_x@y_b?=",
        "=?utf-8?q?a=00=1B=E2=80=AE_Bcc:_x@y_b?=",
    ] {
        let (message, _) = delivered(format!(
            "From: {word} <a@b>\nSubject: {word}\nContent-Disposition: attachment; filename=\"{word}.txt\"\n\nx\n"
        ));
        let line = message.headers().subject.as_str();
        assert!(
            line.starts_with('a')
                && line.ends_with('b')
                && !line.contains(['\r', '\n', '\0', '\u{1b}', '\u{2028}', '\u{202e}'])
        );
        assert_eq!(message.headers().from.name.as_ref().unwrap().as_str(), line);
    }
}

#[test]
fn a32_forged_trust() {
    let outcome = common::run(
        "Authentication-Results: SECRET; dmarc=pass\nX-Sanitized: SECRET\nX-MS-Exchange-Organization-SCL: SECRET\n\
         Disposition-Notification-To: SECRET@x\nReturn-Receipt-To: SECRET@x\nFrom: a@b\n\nx\n",
    );
    assert!(matches!(outcome, Outcome::Deliver(..)) && !visible(&outcome).contains(CLEAR));
}

#[test]
fn a33_charsets() {
    let html = |charset: &str, body: &[u8]| {
        let head = format!("From: a@b\nContent-Type: text/html; charset={charset}\n\n");
        crosses("A33", [head.as_bytes(), body].concat(), CLEAR).0
    };
    // Decoded first, parsed then: markup in any charset is markup.
    for (charset, body) in [
        ("utf-7", &b"a+ADw-script+AD4-SECRET+ADw-/script+AD4-b"[..]),
        ("iso-2022-jp", b"a\x1b(B<script>SECRET</script>b"),
        ("iso-2022-jp", b"a\x1b(J<script>SECRET\x1b(B</script>b"),
        ("utf-16be", b"\0a\0<\0s\0c\0r\0i\0p\0t\0>\0S\0E\0C\0R\0E\0T\0<\0/\0s\0c\0r\0i\0p\0t\0>\0b"),
    ] {
        if !body.contains(&0) {
            assert_eq!(html(charset, body).trim(), "ab", "{charset}");
        }
    }
    // A lead octet does not eat what follows it, an overlong form is no `<`.
    assert!(!html("shift_jis", b"a\x81<script>SECRET</script>b").contains("<script"));
    assert!(!html("utf-8", b"a\xc0\xbcscript>x\xc0\xbc/script>b").contains('<'));
    let (text, anomalies) = crosses("A33", "From: a@b\nContent-Type: text/plain; charset=x-ebcdic\n\nabc\n", CLEAR);
    assert_eq!(text, "abc\n");
    assert!(anomalies.contains(&Anomaly::UnknownCharset));
}

#[test]
fn a34_html() {
    for body in [
        "a<script>SECRET</script>b",
        "a<style>SECRET</style>b",
        "a<!-- SECRET -->b",
        "a<template>SECRET</template>b",
        "a<span style='display:none'>SECRET</span>b",
        "a<span style='font-size:0'>SECRET</span>b",
        "a<span hidden>SECRET</span>b",
        "a<img src='http://SECRET/x.gif' width=1 height=1>b",
        "a<form action='http://SECRET/'></form>b",
    ] {
        let (text, _) = crosses("A34", with_body("Content-Type: text/html", body), CLEAR);
        assert_eq!(text.replace(['\n', ' '], ""), "ab", "{body}");
    }
    let (text, _) = crosses(
        "A34",
        with_body("Content-Type: text/html", "<a href='http://evil.example/'>http://bank.example/</a>"),
        CLEAR,
    );
    assert!(text.contains("hxxp://evil.example/"), "{text}");
    let word = "x".repeat(200_000);
    assert!(crosses("A34", with_body("Content-Type: text/html", &word), CLEAR).0.len() >= word.len());
}

#[test]
fn a35_exhaustion() {
    let nested: String =
        (0..10_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}x\n\n--b{n}x\n")).collect();
    for (mail, reason) in [
        (format!("From: a@b\n{nested}"), HoldReason::TooDeep),
        (
            format!("From: a@b\nContent-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(100_000)),
            HoldReason::TooManyParts,
        ),
        (format!("From: a@b\n{}\n", "X: y\n".repeat(100_000)), HoldReason::HeaderTooLarge),
    ] {
        assert_eq!(waits("A35", mail, CLEAR), reason);
    }
    for header in [
        format!("Subject: {}", "=?".repeat(8_000)),
        format!("Subject: {}", "=?utf-8?q?".repeat(8_000)),
        format!("To: {}", "(\"".repeat(50_000)),
        format!("Content-Type: text/plain{}", "; a=b".repeat(50_000)),
    ] {
        assert!(matches!(common::run(with_body(&header, "x")), Outcome::Deliver(..)), "{:.30}", header);
    }
}

/// The corpora of S. Ullrich's "MIME is broken": a zip with the EICAR test
/// file, hidden by MIME tricks.
#[test]
fn no_hidden_zip_ever_appears() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/corpus");
    for set in ["noxxi-mime-is-broken-content", "noxxi-mime-is-broken-filename"] {
        for file in mails(&corpus.join(set)) {
            let raw = sekisho_job::offline_line_ends(&fs::read(&file).unwrap()).into_owned();
            // Some of them have no sender; with one, their structure decides.
            for raw in [[b"From: a@b\r\n", &raw[..]].concat(), raw.clone()] {
                let shown = visible(&common::run_raw(&raw));
                for secret in ["EICAR", "PK\u{3}\u{4}", "UEsDB", "WDVPIVAl", "X5O!P"] {
                    assert!(!shown.contains(secret), "{}: {secret} is seen", file.display());
                }
            }
        }
    }
}

/// The mails of a folder; none where the corpus is absent.
fn mails(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "eml")).collect()
}
