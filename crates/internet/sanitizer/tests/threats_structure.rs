//! MIME ambiguity, rows 1 to 21 of the threat table: each asserts the verdict,
//! and what must not appear.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use common::{beside_text, crosses, waits};
use sekisho_job::{Anomaly, HoldReason};

/// What the encoded part says; neither it nor its base64 form may be seen.
const CLEAR: &str = "SECRET";
const CODED: &str = "U0VDUkVU";

/// The part is kept out under every reading, the text beside it crosses.
fn withheld(row: &str, header: &str, found: Anomaly) {
    for secret in [CLEAR, CODED] {
        let (text, anomalies) = crosses(row, beside_text(header), secret);
        assert_eq!(text, "hello\n", "{row}: {header}");
        assert!(anomalies.contains(&found), "{row}: {header}: {anomalies:?}");
    }
}

/// The mail waits for its structure.
fn held(row: &str, mail: impl AsRef<[u8]>) {
    for secret in [CLEAR, CODED] {
        assert_eq!(waits(row, mail.as_ref(), secret), HoldReason::AmbiguousStructure, "{row}");
    }
}

/// A multipart whose root type field is given, with a secret under boundary
/// `y` and a decoy under `x`.
fn two_faced(kind: &str) -> String {
    format!("From: a@b\nMIME-Version: 1.0\n{kind}\n\n--x\n\ndecoy\n--x--\n--y\n\nSECRET\n--y--\n")
}

#[test]
fn a01_duplicate_encoding() {
    for pair in [
        "base64\nContent-Transfer-Encoding: quoted-printable",
        "quoted-printable\nContent-Transfer-Encoding: base64",
        "base64\nContent-Transfer-Encoding: base64",
        "7bit\nContent-Transfer-Encoding:\nContent-Transfer-Encoding: base64",
        "x-unknown\nContent-Transfer-Encoding: base64",
    ] {
        let header = format!("Content-Transfer-Encoding: {pair}\n");
        withheld("A1", &header, Anomaly::DuplicateEncoding);
        held("A1", format!("From: a@b\n{header}\nU0VDUkVU\n"));
    }
}

#[test]
fn a02_encoding_lists() {
    for value in ["base64, quoted-printable", "\"base64\", x", "base64; x", "base64 x", "7bit base64"] {
        withheld("A2", &format!("Content-Transfer-Encoding: {value}\n"), Anomaly::UnknownEncoding);
    }
}

#[test]
fn a03_misspelled_encodings() {
    for value in [
        "x-base64",
        "base645",
        "base64-",
        "base64base64",
        "\"base64\"",
        "b\\ase64",
        "x base64",
        "\u{b}base64",
        "\u{2000}base64",
        ": base64",
        "base",
        "base 64",
        "(c) base64",
    ] {
        withheld("A3", &format!("Content-Transfer-Encoding: {value}\n"), Anomaly::UnknownEncoding);
    }
    withheld("A3", "Content-Transfer-Encoding base64\n", Anomaly::PartHeader);
    let (text, _) = crosses("A3", "From: a@b\nContent-Transfer-Encoding: BaSe64\n\naGVsbG8=\n", CLEAR);
    assert_eq!(text, "hello\n");
}

#[test]
fn a04_dressed_names() {
    for name in [
        " Content-Transfer-Encoding:",
        "\tContent-Transfer-Encoding:",
        "Content-Transfer-Encoding :",
        "Content-Transfer-Encoding\t:",
        "\u{feff}Content-Transfer-Encoding:",
        "Content-Transfer Encoding:",
        "Content-Transfer-Encoding\n :",
    ] {
        withheld("A4", &format!("{name} base64\n"), Anomaly::PartHeader);
        held("A4", format!("{name} base64\nFrom: a@b\n\nU0VDUkVU\n"));
    }
    for name in ["Content-Transfer-Encoding\0:", "\0Content-Transfer-Encoding:"] {
        held("A4", beside_text(&format!("{name} base64\n")));
    }
    held("A4", "From: a@b\nContent-Type : multipart/mixed; boundary=x\n\n--x\n\nSECRET\n--x--\n");
}

#[test]
fn a05_dressed_values() {
    for value in
        ["\u{1}base64", "base64\u{1}", "ba\n se64", "ba(c)se64", "=?us-ascii?q?base64?=", "base64 (", "(c\n) base64"]
    {
        withheld("A5", &format!("Content-Transfer-Encoding: {value}\n"), Anomaly::UnknownEncoding);
    }
    for value in ["\0base64", "ba\0se64", "base64\0"] {
        held("A5", beside_text(&format!("Content-Transfer-Encoding: {value}\n")));
    }
}

#[test]
fn a06_duplicate_and_mixed_types() {
    for kind in [
        "Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=y",
        "Content-Type: multipart/mixed; boundary=y\nContent-Type: application/x",
        "Content-Type: text/plain, multipart/mixed; boundary=y",
        "Content-Type: multipart/mixed, text/plain; boundary=y",
        "Content-Type: multipart/mixed multipart/mixed; boundary=y",
        "Content-Type: ; boundary=y",
        "Content-Type: multipart; boundary=y",
        "Content-Type: ultipart/mixed; boundary=y",
        "Content-Type: x-multipart/mixed; boundary=y",
        "Content-Type: \"multipart/mixed\"; boundary=y",
        "Content-Type: multi\\part/mixed; boundary=y",
        "Content-Type: =?us-ascii?q?multipart/mixed?=; boundary=y",
        "Content-Type: text/plain; boundary=y",
    ] {
        held("A6", two_faced(kind));
    }
    withheld("A6", "Content-Type: text/plain\nContent-Type: text/html\n", Anomaly::DuplicateType);
}

#[test]
fn a07_any_leaf_that_is_no_text_is_a_file() {
    let coded = "Content-Transfer-Encoding: base64\n";
    for disposition in ["", "Content-Disposition: inline\n", "Content-Disposition: junk\n", "Content-Disposition: ;;\n"]
    {
        let header = format!("Content-Type: application/x-msdownload\n{coded}{disposition}");
        assert_eq!(crosses("A7", beside_text(&header), CLEAR).0, "hello\n");
    }
    let twice =
        format!("Content-Type: text/plain\n{coded}Content-Disposition: inline\nContent-Disposition: attachment\n");
    withheld("A7", &twice, Anomaly::DuplicateDisposition);
}

#[test]
fn a08_odd_line_ends_between_fields() {
    for (odd, reason) in [
        ("\r", true),
        ("\n", true),
        ("\n\r", true),
        ("\r\r\n", true),
        ("\r\n\r", true),
        ("\r\u{13}", true),
        ("\0", true),
    ] {
        let mail = format!("From: a@b\r\nSubject: s{odd}Content-Transfer-Encoding: base64\r\n\r\nU0VDUkVU\r\n");
        let outcome = common::run_raw(mail.as_bytes());
        assert_eq!(
            matches!(outcome, sekisho_sanitizer::Outcome::Hold(HoldReason::AmbiguousStructure, _)),
            reason,
            "A8 {odd:?}"
        );
    }
    for odd in ["\u{b}", "\u{c}", "\u{85}", "\u{2028}"] {
        // No reader ends a line there: all of it is one subject.
        let (text, _) = crosses("A8", format!("From: a@b\nSubject: s{odd}Bcc: x@y\n\nhello\n"), "\nBcc");
        assert_eq!(text, "hello\n");
    }
}

#[test]
fn a09_the_end_of_the_header() {
    for gap in ["\r\r", "\n\n", "\r\n\r", "\r\n \r\n", "\r\n:\r\n", "\r\n\t\r\n\r\n", "\r\njunk\r\n\r\n"] {
        let mail = format!("From: a@b\r\nX: y{gap}Content-Transfer-Encoding: base64\r\n\r\nU0VDUkVU\r\n");
        let outcome = common::run_raw(mail.as_bytes());
        assert!(matches!(outcome, sekisho_sanitizer::Outcome::Hold(..)), "A9 {gap:?}: {outcome:?}");
    }
    // The first empty line ends it: what follows is text for all.
    let (text, _) = crosses("A9", "From: a@b\n\nContent-Transfer-Encoding: base64\n\nx\n", CLEAR);
    assert_eq!(text, "Content-Transfer-Encoding: base64\n\nx\n");
}

#[test]
fn a10_mixed_line_ends() {
    for mail in [&b"From: a@b\r\nSubject: s\nTo: c@d\r\n\r\nSECRET\r\n"[..], b"From: a@b\rSubject: s\r\rSECRET\r"] {
        assert!(matches!(common::run_raw(mail), sekisho_sanitizer::Outcome::Hold(..)), "A10");
    }
}

#[test]
fn a11_two_boundaries() {
    for kind in [
        "Content-Type: multipart/mixed; boundary=x\nContent-Type: multipart/mixed; boundary=y",
        "Content-Type: multipart/mixed; boundary=x; boundary=y",
        "Content-Type: multipart/mixed; boundary=x, boundary=y",
        "Content-Type: multipart/mixed; boundary=x; boundary*=us-ascii''y",
        "Content-Type: multipart/mixed; boundary=x; boundary*0=y",
        "Content-Type: multipart/mixed; boundary((c))=x; boundary=y",
        "Content-Type: multipart/mixed\nContent-Disposition: inline; boundary=y",
    ] {
        held("A11", two_faced(kind));
    }
}

#[test]
fn a12_boundary_lexing() {
    let long = "y".repeat(71);
    for value in [
        "\" y\"",
        "\"y \"",
        "\"y  y\"",
        "\"y;\"",
        "\"\"y",
        "\"x\"y",
        "\"y",
        "y\"",
        "",
        "y\\o",
        "\n y",
        "\"y\n y\"",
        &long,
        "\"\u{e9}\"",
        "\u{1b}$B4X\u{1b}(B",
        "\"y\u{1}\"",
    ] {
        held("A12", two_faced(&format!("Content-Type: multipart/mixed; boundary={value}")));
    }
    held("A12", two_faced("Content-Type: multipart/mixed; boundary =y"));
    held("A12", two_faced("Content-Type: multipart/mixed; boundary= \"y\""));
}

#[test]
fn a13_parameters_before_the_boundary() {
    for before in ["x:y=1; ", "\u{e9}=1; ", "x; ", "x=\"1; ", "x y=1; ", "=1; "] {
        held("A13", two_faced(&format!("Content-Type: multipart/mixed; {before}boundary=y")));
    }
    held("A13", two_faced("Content-Type: multipart/mixed; x=\"; boundary=x; y=\""));
}

#[test]
fn a14_comments_and_codes_in_the_boundary() {
    for boundary in [
        "boundary=(boundary=x)y",
        "boundary=y(c)y",
        "boundary=\"=?us-ascii?q?y?=\"",
        "boundary=a=?us-ascii?q?y?=b c",
        "boundary*=us-ascii'en'y",
        "boundary*0=y",
        "boundary*1=y; boundary*0=x",
        "boundary*0=x; boundary*2=y",
        "boundary*0=x; boundary*0=y",
        "boundary*0*=utf-16''y",
    ] {
        held("A14", two_faced(&format!("Content-Type: multipart/mixed; {boundary}")));
    }
}

#[test]
fn a15_delimiter_lines() {
    let head = "From: a@b\nContent-Type: multipart/mixed; boundary=y\n\n";
    for body in [
        "--yx\n\nSECRET\n--y--\n",
        "--y -\n\nSECRET\n--y--\n",
        "--y\u{b}x\n\nSECRET\n--y--\n",
        "--y-\n\nSECRET\n--y--\n",
        "--y\n\nSECRET\n--y--x\n",
        "--y\n\nSECRET\n",
        "\u{2014}y\n\nSECRET\n--y--\n",
    ] {
        held("A15", format!("{head}{body}"));
    }
    // Before the dashes nothing may stand, yet some reader finds it there.
    held("A15", format!("{head}--y\n\n --y\n\nSECRET\n--y--\n"));
    let (text, _) = crosses("A15", format!("{head}--y  \n\nhello\n--y-- \n"), CLEAR);
    assert_eq!(text, "hello\n");
}

#[test]
fn a16_preamble_and_epilogue() {
    let part = "Content-Type: text/plain\n\nSECRET\n";
    let mail = format!("From: a@b\nContent-Type: multipart/mixed; boundary=y\n\n{part}--y\n\nhello\n--y--\n{part}");
    let (text, anomalies) = crosses("A16", mail, CLEAR);
    assert_eq!(text, "hello\n");
    assert!(anomalies.contains(&Anomaly::HiddenPart));
}

#[test]
fn a17_nesting_tricks() {
    let outer = "From: a@b\nContent-Type: multipart/mixed; boundary=yy\n\n--yy\n";
    for inner in [
        "Content-Type: multipart/mixed; boundary=yy\n\n--yy\n\nSECRET\n--yy--\n",
        "Content-Type: multipart/mixed; boundary=y\n\n--y\n\nSECRET\n--y--\n--yy--\n",
        "Content-Type: multipart/mixed; boundary=yy--\n\n--yy--\n\nSECRET\n--yy----\n--yy--\n",
        "Content-Type: multipart/mixed\n\n--z\n\nSECRET\n--z--\n--yy--\n",
        "Content-Type: multipart/mixed; boundary=z\n--yy--\n\n--z\n\nSECRET\n--z--\n",
    ] {
        held("A17", format!("{outer}{inner}"));
    }
}

#[test]
fn a18_encoded_containers() {
    let inner = "Content-Type: text/plain\n\nSECRET\n";
    for encoding in ["base64", "quoted-printable"] {
        let mail = format!(
            "From: a@b\nContent-Type: multipart/mixed; boundary=y\nContent-Transfer-Encoding: {encoding}\n\n--y\n{inner}--y--\n"
        );
        held("A18", mail);
    }
    for kind in ["message/global", "application/octet-stream; name=x.eml"] {
        let header = format!("Content-Type: {kind}\nContent-Transfer-Encoding: base64\n");
        assert_eq!(crosses("A18", beside_text(&header), CLEAR).0, "hello\n", "{kind}");
    }
}

#[test]
fn a19_fragments_and_references() {
    for kind in
        ["message/partial; id=x; number=1; total=2", "message/external-body; access-type=url; url=\"http://x/\""]
    {
        let reason = waits("A19", format!("From: a@b\nContent-Type: {kind}\n\nSECRET\n"), CLEAR);
        assert_eq!(reason, HoldReason::Partial);
        assert_eq!(waits("A19", beside_text(&format!("Content-Type: {kind}\n")), CODED), HoldReason::Partial);
    }
}

#[test]
fn a20_other_multiparts() {
    for kind in ["alternative", "related", "signed; protocol=x", "report; report-type=x", "x-unknown", "parallel"] {
        let mail = beside_text("Content-Type: application/zip\nContent-Transfer-Encoding: base64\n")
            .replace("multipart/mixed", &format!("multipart/{kind}"));
        assert_eq!(crosses("A20", mail, CLEAR).0, "hello\n", "{kind}");
    }
}

#[test]
fn a21_a_stray_top() {
    for top in ["\n", "junk\n", "\u{feff}", " x\n"] {
        let reason = waits("A21", format!("{top}From: a@b\n\nSECRET\n"), CLEAR);
        assert!(matches!(reason, HoldReason::NoHeader | HoldReason::AmbiguousStructure), "{reason:?}");
    }
    let (text, anomalies) = crosses("A21", "From x Mon Nov 24\nFrom: a@b\n\nFrom: c@d\nSubject: t\n\nx\n", CLEAR);
    assert_eq!(text, "From: c@d\nSubject: t\n\nx\n");
    assert!(anomalies.contains(&Anomaly::MboxLine));
}
