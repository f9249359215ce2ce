//! What hostile mail tries.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use common::{delivered, held, run_raw};
use sekisho_job::{Anomaly, HoldReason};
use sekisho_safe_message::Notice;
use sekisho_sanitizer::Outcome;

#[test]
fn there_is_one_sender() {
    for (from, reason) in [
        ("", HoldReason::NoSender),
        ("From: \n", HoldReason::NoSender),
        ("From: nobody\n", HoldReason::NoSender),
        ("From: \"a@b\n", HoldReason::NoSender),
        ("From: =?utf-8?q?admin=40bank?=\n", HoldReason::NoSender),
        ("From: <@evil,@x:admin@bank>\n", HoldReason::NoSender),
        ("From: G:;\n", HoldReason::NoSender),
        ("From: a@b\nFrom: c@d\n", HoldReason::AmbiguousSender),
        ("From: a@b, c@d\n", HoldReason::AmbiguousSender),
        ("From: a@b, junk\n", HoldReason::AmbiguousSender),
        ("From: G: a@b;\n", HoldReason::AmbiguousSender),
        ("Sender: a@b\nResent-From: c@d\n", HoldReason::NoSender),
        ("From : a@b\n", HoldReason::AmbiguousStructure),
    ] {
        assert_eq!(held(format!("Subject: s\n{from}\ntext\n")).0, reason, "{from:?}");
    }
}

#[test]
fn a_name_that_shows_another_address_is_told() {
    let (message, report) = delivered("From: \"admin@bank.example\" <x@evil.example>\n\ntext\n");
    assert_eq!(message.notices(), [Notice::SenderNameMisleads("x@evil.example".parse().unwrap())]);
    assert!(report.anomalies.contains(&Anomaly::MisleadingName));
}

#[test]
fn decoded_headers_cannot_inject() {
    for word in ["=?utf-8?q?a=0D=0ABcc:_x@y=0D=0A=0D=0Ab?=", "=?utf-8?B?YQ0KQmNjOiB4QHkNCg0KYg==?="] {
        let (message, _) = delivered(format!("From: {word} <a@b>\nSubject: {word}\n\ntext\n"));
        assert_eq!(message.headers().subject.as_str(), "a Bcc: x@y b");
        assert_eq!(message.headers().from.name.as_ref().unwrap().as_str(), "a Bcc: x@y b");
    }
}

#[test]
fn octets_that_no_mail_has() {
    for (raw, found) in [
        (&b"From: a@b\r\n\r\nx\0y\r\n"[..], Anomaly::Nul),
        (b"From: a@b\r\nX: y\rz\r\n\r\nx\r\n", Anomaly::BareCr),
        (b"From: a@b\r\nX: y\nz: z\r\n\r\nx\r\n", Anomaly::BareLf),
        (b"From: a@b\r\nSubject: y\n z\r\n\r\nx\r\n", Anomaly::BareLf),
        (b"From: a@b\r\n\nx\r\n", Anomaly::BareLf),
        (b"From: a@b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\n--b--\r\n", Anomaly::BareLf),
        (
            b"From: a@b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r--b\r\n--b--\r\n",
            Anomaly::BareCr,
        ),
    ] {
        let Outcome::Hold(reason, report) = run_raw(raw) else { unreachable!("{found:?}") };
        assert_eq!((reason, report.anomalies.contains(&found)), (HoldReason::AmbiguousStructure, true));
    }
}

#[test]
fn a_line_end_that_changes_no_structure_is_noted() {
    let Outcome::Deliver(message, report) = run_raw(b"X-A: a\n b\r\nFrom: a@b\r\n\r\nx\ny\rz\r\n") else {
        unreachable!()
    };
    assert_eq!(message.text().as_str(), "x\ny\nz\n");
    assert!(report.anomalies.contains(&Anomaly::LineEndInText));
}

#[test]
fn structure_is_read_one_way_or_not_at_all() {
    let part = "Content-Type: text/plain\n\nx\n";
    for (body, found) in [
        (format!("--b\n{part}"), Anomaly::MissingEnd),
        (format!("--b\n{part}--b--\n--b\n{part}--b--\n"), Anomaly::RepeatedEnd),
        (format!("--b\n{part}--bx\n{part}--b--\n"), Anomaly::BoundaryLike),
        (format!("--b\n{part}--b--x\n"), Anomaly::BoundaryLike),
        ("--b\nContent-Type: text/plain\n--b--\n".to_owned(), Anomaly::PartHeader),
        ("--b\njunk\n\nx\n--b--\n".to_owned(), Anomaly::PartHeader),
        (format!("--b\njunk multipart/mixed\n\nx\n--b\n{part}--b--\n"), Anomaly::HeaderJunk),
        ("text\n--b--\n".to_owned(), Anomaly::NoParts),
        (format!("--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n{part}--b--\n"), Anomaly::BoundaryClash),
        (format!("--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n{part}--b--\n"), Anomaly::MissingEnd),
        (format!("--b\nContent-Type: text/plain\n\nx --b y\n--b\n{part}--b--\n"), Anomaly::TwoReadings),
    ] {
        let (reason, anomalies) = held(format!("From: a@b\nContent-Type: multipart/mixed; boundary=b\n\n{body}"));
        assert_eq!(reason, HoldReason::AmbiguousStructure, "{body}");
        assert!(anomalies.contains(&found), "{body}: {anomalies:?}");
    }
}

#[test]
fn a_part_outside_the_boundaries_is_told() {
    let (message, report) = delivered(
        "From: a@b\nContent-Type: multipart/mixed; boundary=b\n\nContent-Type: text/plain\n\nhidden\n--b\n\nx\n--b--\n",
    );
    assert_eq!(message.text().as_str(), "x\n");
    assert_eq!(message.notices(), [Notice::Ambiguous]);
    assert!(report.anomalies.contains(&Anomaly::HiddenPart));
}

#[test]
fn ambiguous_encodings_are_no_text() {
    for body in ["QUJD.REVG", "QUJD=REVG", "QUJDR", "text!\nQUJD"] {
        let mail = format!("From: a@b\nContent-Transfer-Encoding: base64\n\n{body}\n");
        let (reason, anomalies) = held(mail);
        assert_eq!(reason, HoldReason::AmbiguousStructure, "{body}");
        assert!(anomalies.contains(&Anomaly::BadBase64), "{body}");
    }
}

#[test]
fn a_file_that_calls_itself_text_is_a_file() {
    for body in [&b"PK\x03\x04xxxx"[..], b"%PDF-1.7"] {
        let (message, report) = delivered([b"From: a@b\nContent-Type: text/plain\n\n", body].concat());
        assert_eq!(message.text().as_str(), "");
        assert!(message.notices().contains(&Notice::Ambiguous));
        assert!(report.anomalies.contains(&Anomaly::FileAsText));
    }
}

#[test]
fn fragments_and_loops_wait() {
    for kind in ["message/partial; id=x; number=1", "message/external-body; access-type=URL"] {
        assert_eq!(held(format!("From: a@b\nContent-Type: {kind}\n\nx\n")).0, HoldReason::Partial);
    }
    assert_eq!(held("From: a@b\nX-Sekisho-Id: 1\n\nx\n").0, HoldReason::Loop);
}

#[test]
fn what_is_no_mail_waits() {
    for raw in [&b""[..], b"\r\n", b"hello\r\n", b"\xff\xfe\r\n\r\n"] {
        let Outcome::Hold(reason, _) = run_raw(raw) else { unreachable!("{raw:?}") };
        assert!(matches!(reason, HoldReason::NoHeader | HoldReason::AmbiguousStructure), "{reason:?}");
    }
}

#[test]
fn addresses_split_by_what_cannot_be_seen_are_inert() {
    for invisible in ["\u{200b}", "\u{1}", "\u{e0041}", "\u{202e}", "\u{feff}"] {
        for markup in ["text/plain", "text/html"] {
            let (message, report) = delivered(format!(
                "From: a@b\nContent-Type: {markup}; charset=utf-8\n\nh{invisible}ttp://a.example ww{invisible}w.b.example\n"
            ));
            assert_eq!(message.text().as_str(), "hxxp://a.example www[.]b.example\n", "{markup} {invisible:?}");
            let told = report.anomalies.contains(&Anomaly::InvisibleText);
            assert!(told || markup == "text/html");
        }
    }
}
