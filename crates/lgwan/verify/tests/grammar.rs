//! One mail that keeps the grammar, and what becomes of it when anything in it
//! is bent. Written out by hand, so that no renderer's habits are taken over.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sekisho_safe_message::{Envelope, Untrusted};
use sekisho_verify::{Charset, Field, Language, Rule, read, verify};

const MAIL: &str = "From: =?UTF-8?B?5L2Q6Jek?= <sato@example.jp>\r\n\
    To: \"City Hall\" <info@city.example>,\r\n <\"a b\"@city.example>\r\n\
    Subject: Hello and\r\n goodbye\r\n\
    Date: Tue, 24 Nov 2026 09:05:00 +0900\r\n\
    Message-ID: <1@example.jp>\r\n\
    References: <0@example.jp> <00@example.jp>\r\n\
    Auto-Submitted: auto-replied\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: quoted-printable\r\n\
    X-Sekisho-Id: 01M85EFRXR0C1G60R30C1G60R3\r\n\
    X-Mail-Sanitized: text-only\r\n\
    \r\n\
    Good morning=2C\r\n\
    \r\n\
    ---------- Sekisho ----------\r\n\
    Notice =E2=91=A0\r\n";

fn mail() -> String {
    // A comma stands for itself; the constant above shows one that does not.
    MAIL.replace("=2C", ",")
}

fn broken(mail: &str) -> Option<(Rule, Option<Field>)> {
    read(Untrusted::new(mail.as_bytes())).err().map(|violation| (violation.rule, violation.field))
}

#[test]
fn it_reads() {
    let mail = mail();
    let reading = read(Untrusted::new(mail.as_bytes())).unwrap();
    assert_eq!(reading.from.name.unwrap().as_str(), "佐藤");
    assert_eq!(reading.to.len(), 2);
    assert_eq!(reading.subject.as_str(), "Hello and goodbye");
    assert_eq!(reading.references.len(), 2);
    assert_eq!((reading.text.as_str(), reading.notice.as_str()), ("Good morning,", "Notice ①\n"));
    let envelope = Envelope::new(None, vec!["info@city.example".parse().unwrap()]).unwrap();
    let verified = verify(mail.clone().into_bytes(), envelope.clone()).unwrap();
    assert_eq!((verified.bytes(), verified.envelope(), verified.id()), (mail.as_bytes(), &envelope, reading.id));
}

#[test]
fn bent_headers_are_refused() {
    use Rule::{FieldOrder, HeaderLine, HeaderText, LineLength, MissingField, UnknownField, Value};
    let long = format!("Subject: {}", "x".repeat(320));
    for (from, to, rule, field) in [
        ("From: =?UTF-8?B?5L2Q6Jek?= <sato@example.jp>\r\n", "", MissingField, Some(Field::From)),
        ("To: ", "From: <evil@example.jp>\r\nTo: ", FieldOrder, Some(Field::From)),
        ("Subject: ", "Subject: one\r\nSubject: ", FieldOrder, Some(Field::Subject)),
        ("Date: ", "Bcc: <x@y>\r\nDate: ", UnknownField, None),
        ("Date: ", "Received: from x\r\nDate: ", UnknownField, None),
        ("Date: ", "Authentication-Results: x\r\nDate: ", UnknownField, None),
        ("Message-ID: ", "Message-Id: ", UnknownField, None),
        ("Date: ", "Date : ", UnknownField, None),
        ("Date: ", "Date:", HeaderLine, None),
        ("Date: ", "Date:  ", HeaderLine, None),
        ("+0900\r\n", "+0900 \r\n", HeaderLine, None),
        ("From: ", " From: ", HeaderLine, None),
        ("\r\n goodbye", "\r\n  goodbye", HeaderLine, None),
        ("\r\n goodbye", "\r\n \r\n goodbye", HeaderLine, None),
        ("Subject: Hello", &long, LineLength, None),
        ("<sato@example.jp>", "<sato@example.jp>, <evil@example.jp>", Value, Some(Field::From)),
        ("<sato@example.jp>", "<sato@EXAMPLE.jp>", Value, Some(Field::From)),
        ("\"City Hall\"", "City Hall", Rule::EncodedWord, Some(Field::To)),
        ("Hello and", "Hello =?UTF-8?B?YQ==?=", Value, Some(Field::Subject)),
        ("=?UTF-8?B?5L2Q6Jek?=", "=?UTF-8?B?YQ0KQmNjOiB4?=", HeaderText, Some(Field::From)),
        ("+0900", "JST", Value, Some(Field::Date)),
        ("<1@example.jp>", "1@example.jp", Value, Some(Field::MessageId)),
        ("auto-replied", "no", Value, Some(Field::AutoSubmitted)),
        ("MIME-Version: 1.0", "MIME-Version: 1.1", Value, Some(Field::MimeVersion)),
        ("text/plain; charset=utf-8", "text/html; charset=utf-8", Value, Some(Field::ContentType)),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-7", Value, Some(Field::ContentType)),
        ("text/plain; charset=utf-8", "multipart/mixed; boundary=x", Value, Some(Field::ContentType)),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8; name=a.exe", Value, Some(Field::ContentType)),
        ("quoted-printable", "8bit", Value, Some(Field::ContentTransferEncoding)),
        ("quoted-printable", "Quoted-Printable", Value, Some(Field::ContentTransferEncoding)),
        ("01M85EFRXR0C1G60R30C1G60R3", "01m85efrxr0c1g60r30c1g60r3", Value, Some(Field::SekishoId)),
        ("text-only", "Text Only", Value, Some(Field::MailSanitized)),
        ("X-Mail-Sanitized: text-only\r\n", "", MissingField, Some(Field::MailSanitized)),
    ] {
        let bent = mail().replacen(from, to, 1);
        assert_ne!(bent, mail(), "{from}");
        assert_eq!(broken(&bent), Some((rule, field)), "{from} -> {to}");
    }
}

#[test]
fn bent_bodies_are_refused() {
    for (from, to, rule) in [
        ("Good", "Good\r\n.\r\nevil", Rule::LineStart),
        ("Good", "From Good", Rule::LineStart),
        ("Good", "G\u{e9}od", Rule::SevenBit),
        ("Good", "G\0od", Rule::SevenBit),
        ("Good", "G\nod", Rule::LineEnd),
        ("Good", "G\rod", Rule::LineEnd),
        ("Good", "=47ood", Rule::QuotedPrintable),
        ("Good", "Good=", Rule::QuotedPrintable),
        ("Good", "=FFood", Rule::Utf8),
        ("Good", "=00ood", Rule::BodyText),
        ("Good", "=0D=0Aood", Rule::QuotedPrintable),
        ("Good", "=E2=80=AEood", Rule::BodyText),
        ("Good morning,", "begin 644 x.exe", Rule::BodyText),
        ("\r\n---------- Sekisho ----------\r\n", "\r\n", Rule::Notice),
        ("Good morning,", "---------- Sekisho ----------", Rule::Notice),
        ("Notice =E2=91=A0\r\n", "", Rule::Notice),
        ("Notice =E2=91=A0\r\n", "Notice =E2=91=A0", Rule::LineEnd),
        ("quoted-printable", "base64", Rule::Base64),
    ] {
        let bent = mail().replacen(from, to, 1);
        assert_eq!(broken(&bent).map(|(rule, _)| rule), Some(rule), "{from} -> {to}");
    }
    assert_eq!(broken(MAIL).map(|(rule, _)| rule), Some(Rule::QuotedPrintable));
}

/// The same in ISO-2022-JP; `Subject` and body hold 会議 and ①.
const JAPANESE: &str = "From: =?ISO-2022-JP?B?GyRCOjRGIxsoQg==?= <sato@example.jp>\r\n\
    Subject: =?ISO-2022-JP?B?GyRCMnE1RBsoQg==?=\r\n\
    Date: Tue, 24 Nov 2026 09:05:00 +0900\r\n\
    Message-ID: <1@example.jp>\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=iso-2022-jp\r\n\
    Content-Transfer-Encoding: 7bit\r\n\
    X-Sekisho-Id: 01M85EFRXR0C1G60R30C1G60R3\r\n\
    X-Mail-Sanitized: text-only\r\n\
    \r\n\
    \tHello \x1b$B2q5D\x1b(B \r\n\
    \r\n\
    ---------- Sekisho ----------\r\n\
    \x1b$B-!\x1b(B\r\n";

#[test]
fn japanese_reads() {
    let reading = read(Untrusted::new(JAPANESE.as_bytes())).unwrap();
    assert_eq!((reading.from.name.unwrap().as_str(), reading.subject.as_str()), ("佐藤", "会議"));
    assert_eq!((reading.text.as_str(), reading.notice.as_str()), ("\tHello 会議 ", "①\n"));
    assert_eq!(reading.charset, Charset::Iso2022Jp);
    // `ESC $ B 2 q 5 D ESC ( B CRLF`, the marker and `x` in base64.
    let (header, _) = JAPANESE.split_once("\r\n\r\n").unwrap();
    let base64 = header.replace("7bit", "base64")
        + "\r\n\r\nGyRCMnE1RBsoQg0KDQotLS0tLS0tLS0tIFNla2lzaG8gLS0tLS0tLS0tLQ0KeA0K\r\n";
    let reading = read(Untrusted::new(base64.as_bytes())).unwrap();
    assert_eq!((reading.text.as_str(), reading.notice.as_str()), ("会議", "x\n"));
}

#[test]
fn bent_japanese_is_refused() {
    let long = format!("\t{}", "x".repeat(998));
    for (from, to, rule) in [
        // Never closed at the line's end; half a pair; another way back; another set.
        ("D\x1b(B ", "D", Rule::Iso2022Jp),
        ("5D\x1b", "5\x1b", Rule::Iso2022Jp),
        ("D\x1b(B", "D\x1b(J", Rule::Iso2022Jp),
        ("\x1b$B2", "\x1b$@2", Rule::Iso2022Jp),
        ("\x1b$B2", "\x1b$(D2", Rule::Iso2022Jp),
        ("\x1b$B2", "\x1b(I2", Rule::Iso2022Jp),
        ("\x1b$B2", "\x1b2", Rule::Iso2022Jp),
        // Rows 9 and 93, and a cell that repeats another.
        ("2q5D", ")!5D", Rule::Iso2022Jp),
        ("2q5D", "}!5D", Rule::Iso2022Jp),
        ("2q5D", "-p5D", Rule::Iso2022Jp),
        // Escapes that change nothing.
        ("Hello ", "\x1b(BHello ", Rule::Iso2022Jp),
        ("2q5D", "2q\x1b(B\x1b$B5D", Rule::Iso2022Jp),
        // Blank, tab and controls inside; the eighth bit anywhere.
        ("2q5D", "2q 5D", Rule::Iso2022Jp),
        ("2q5D", "2q\t5D", Rule::Iso2022Jp),
        ("2q5D", "2q\x0e5D", Rule::SevenBit),
        ("2q5D", "2q\x005D", Rule::SevenBit),
        ("2q5D", "2q\x7f5D", Rule::SevenBit),
        ("Hello", "H\u{e9}llo", Rule::SevenBit),
        ("2q5D", "2q\n5D", Rule::LineEnd),
        ("2q5D", "2q\r5D", Rule::LineEnd),
        ("\tHello", &long, Rule::LineLength),
        ("\tHello", ".Hello", Rule::LineStart),
        ("\tHello", "From Hello", Rule::LineStart),
        ("\tHello", "begin 644", Rule::BodyText),
        ("---------- Sekisho", "x---------- Sekisho", Rule::Notice),
        // Encoded words: of the other set, never closed, with a tab.
        ("=?ISO-2022-JP?B?GyRCMnE1RBsoQg==?=", "=?UTF-8?B?5Lya6K2w?=", Rule::Value),
        ("GyRCMnE1RBsoQg==", "GyRCMnE1RA==", Rule::EncodedWord),
        ("GyRCOjRGIxsoQg==", "GyRCOjRGIw==", Rule::EncodedWord),
        ("GyRCMnE1RBsoQg==", "YQli", Rule::EncodedWord),
        // Escapes in a header, and encodings of the other set.
        ("<1@example.jp>", "\x1b(B<1@example.jp>", Rule::SevenBit),
        ("7bit", "8bit", Rule::Value),
        ("7bit", "quoted-printable", Rule::Value),
        ("7bit", "base64", Rule::SevenBit),
        ("iso-2022-jp\r\n", "ISO-2022-JP\r\n", Rule::EncodedWord),
        ("iso-2022-jp\r\n", "iso-2022-jp-2\r\n", Rule::EncodedWord),
    ] {
        let bent = JAPANESE.replacen(from, to, 1);
        assert_ne!(bent, JAPANESE, "{from:?}");
        assert_eq!(broken(&bent).map(|(rule, _)| rule), Some(rule), "{from:?} -> {to:?}");
    }
    let plain = JAPANESE.replacen("=?ISO-2022-JP?B?GyRCMnE1RBsoQg==?=", "Hello", 1).replacen(
        "=?ISO-2022-JP?B?GyRCOjRGIxsoQg==?= ",
        "",
        1,
    );
    for other in ["ISO-2022-JP", "iso-2022-jp-2", "iso-2022-jp; format=flowed"] {
        let bent = plain.replacen("iso-2022-jp", other, 1);
        assert_eq!(broken(&bent), Some((Rule::Value, Some(Field::ContentType))), "{other}");
    }
    assert_eq!(broken(&mail().replacen("quoted-printable", "7bit", 1)).map(|(rule, _)| rule), Some(Rule::Value));
}

#[test]
fn every_cut_is_refused() {
    let mail = mail();
    // The notice's own length is free: only the last cuts leave one.
    let end = mail.find("Notice").unwrap();
    for cut in 0..=end {
        assert!(read(Untrusted::new(&mail.as_bytes()[..cut])).is_err(), "cut at {cut}");
    }
}

#[test]
fn a_violation_says_where_in_both_languages() {
    let bent = mail().replacen("+0900", "JST", 1);
    let violation = read(Untrusted::new(bent.as_bytes())).unwrap_err();
    assert_eq!(violation.line, 6);
    assert_eq!(violation.to_string(), "line 6 (Date): the value does not keep the field's grammar");
    assert_eq!(violation.describe(Language::Ja), "6 行目 (Date): 値がフィールドの文法に合わない");
}

#[test]
fn empty_lines_without_end_are_refused_in_little_memory() {
    let flood = "\r\n".repeat(sekisho_verify::MAX / 2);
    assert!(read(Untrusted::new(flood.as_bytes())).is_err());
    assert_eq!(broken(&"x".repeat(sekisho_verify::MAX + 1)).map(|(rule, _)| rule), Some(Rule::Size));
}
