//! What is inside a mail and becomes text: mails, invitations, cards, reports,
//! what a signature wraps.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{delivered, held};
use sekisho_job::{Action, Anomaly, HoldReason};
use sekisho_safe_message::{Notice, RemovalReason, SafeMessage, SignatureKind};

/// A mail with a text and a part.
fn with(part: &str) -> String {
    format!(
        "From: a@b\nContent-Type: multipart/mixed; boundary=out\n\n--out\nContent-Type: text/plain; charset=utf-8\n\n\
         本文\n--out\n{part}\n--out--\n"
    )
}

fn text(message: &SafeMessage) -> &str {
    message.text().as_str()
}

fn removed(message: &SafeMessage) -> Vec<(Option<&str>, RemovalReason)> {
    let removed = message.notices().iter().filter_map(|notice| match notice {
        Notice::Removed(part) => Some((part.name.as_ref().map(|name| name.as_str()), part.reason)),
        _ => None,
    });
    removed.collect()
}

const INNER: &str = "From: =?utf-8?B?6Zai5omA?= <s@x.example>\nTo: c@d\nSubject: =?utf-8?B?5Lya6K2w?=\n\
    Date: Tue, 24 Nov 2026 01:00:00 +0000\nContent-Type: multipart/mixed; boundary=in\n\n--in\n\n\
    See http://x.example/\n--in\nContent-Type: application/zip; name=a.zip\n\nPK\n--in--\n";

const SHOWN: &str = "本文\n\n【添付されたメール】\n差出人：関所 <s@x.example>\n宛先　：c@d\n件名　：会議\n\
    日時　：2026年11月24日(火) 10:00\n\nSee hxxp://x.example/\n【添付されたメール ここまで】\n";

#[test]
fn a_mail_inside_is_text_under_a_heading() {
    let (message, report) = delivered(with(&format!("Content-Type: message/rfc822\n\n{INNER}")));
    assert_eq!(text(&message), SHOWN);
    assert!(message.notices().contains(&Notice::MailsShown(1)));
    assert_eq!(removed(&message), [(Some("a.zip"), RemovalReason::Attachment)]);
    let parts: Vec<_> = report.parts.iter().map(|part| (part.path.to_string(), part.action)).collect();
    let wanted =
        [("0", Action::Open), ("1", Action::Body), ("2", Action::Open), ("2.1", Action::Body), ("2.2", Action::Strip)];
    assert_eq!(parts, wanted.map(|(path, action)| (path.to_owned(), action)));
}

#[test]
fn a_mail_as_a_file_is_shown_too() {
    for inner in [INNER.to_owned(), INNER.replace('\n', "\r\n")] {
        let part = format!(
            "Content-Type: application/octet-stream; name=old.eml\nContent-Transfer-Encoding: base64\n\n{}",
            STANDARD.encode(inner)
        );
        assert_eq!(text(&delivered(with(&part)).0), SHOWN);
    }
}

#[test]
fn an_encoded_mail_inside_is_read_in_two_ways() {
    // RFC 2046 5.2.1 allows no encoding here; some readers undo it anyway.
    let part = format!(
        "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{}",
        STANDARD.encode("Subject: inner\n\nsecret\n")
    );
    let (message, _) = delivered(with(&part));
    assert_eq!(text(&message), "本文\n");
    assert_eq!(removed(&message), [(None, RemovalReason::NestedMail)]);
}

#[test]
fn of_an_ambiguous_mail_inside_the_header_is_shown() {
    // The inner multipart has no end.
    let inner = INNER.replace("--in--\n", "");
    let (message, report) = delivered(with(&format!("Content-Type: message/rfc822\n\n{inner}")));
    let heading = "件名　：会議\n日時　：2026年11月24日(火) 10:00\n（二通りに読めるため、見出しだけを載せています）\n";
    assert!(text(&message).contains(heading), "{}", text(&message));
    assert!(!text(&message).contains("See"));
    assert!(report.anomalies.contains(&Anomaly::BrokenMail));
    assert!(message.notices().contains(&Notice::Ambiguous));
    assert_eq!(removed(&message), [(None, RemovalReason::Ambiguous)]);
    // Of a header that can be read in two ways, nothing.
    let (message, _) = delivered(with("Content-Type: message/rfc822\n\nSubject: x\nSubject y\n\nsecret\n"));
    assert_eq!((text(&message), removed(&message)), ("本文\n", vec![(None, RemovalReason::Ambiguous)]));
}

#[test]
fn an_ambiguous_mail_inside_and_no_text_waits() {
    let mail = "From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\n\
        Subject: x\nSubject y\n\nsecret\n--x--\n";
    assert_eq!(held(mail).0, HoldReason::AmbiguousStructure);
}

#[test]
fn depth_is_bounded() {
    let mut mail = "Subject: innermost\n\nx\n".to_owned();
    for depth in 0..8 {
        mail = format!("Subject: s{depth}\nContent-Type: message/rfc822\n\n{mail}");
    }
    let (message, report) = delivered(with(&format!("Content-Type: message/rfc822\n\n{mail}")));
    let headings = text(&message).matches("[Mail inside]").count();
    assert_eq!(headings, 5);
    assert!(!text(&message).contains("innermost"));
    assert_eq!(removed(&message), [(None, RemovalReason::NestedMail)]);
    assert!(report.parts.iter().any(|part| part.path.to_string() == "2.1.1.1.1.1"));
}

#[test]
fn parts_of_all_mails_count_together() {
    let inner = "Content-Type: message/rfc822\n\nSubject: x\n\nx\n".to_owned();
    let many = vec![inner; 150].join("\n--out\n");
    let (message, _) = delivered(with(&many));
    assert_eq!(text(&message).matches("[Mail inside]").count(), 100);
    assert_eq!(message.notices().iter().filter(|n| matches!(n, Notice::Removed(_))).count(), 50);
}

#[test]
fn invitations_are_words_and_shown_once() {
    let calendar = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:定例会議\nDTSTART:20261124T010000Z\n\
        DTEND:20261124T023000Z\nLOCATION:大会議室\nURL:https://meet.example/x\nEND:VEVENT\nEND:VCALENDAR\n";
    let mail = format!(
        "From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=y\n\n\
         --y\n\nPlease come\n--y\nContent-Type: text/html\n\n<p>Please come\n--y\n\
         Content-Type: text/calendar; charset=utf-8; method=REQUEST\n\n{calendar}\n--y--\n--x\n\
         Content-Type: application/ics; name=invite.ics\nContent-Disposition: attachment; filename=invite.ics\n\n\
         {calendar}\n--x--\n"
    );
    let (message, report) = delivered(mail);
    let text = text(&message);
    assert!(text.starts_with("Please come\n\n【予定】"), "{text}");
    for line in ["定例会議", "2026年11月24日(火) 10:00～11:30", "大会議室", "hxxps://meet.example/x"] {
        assert_eq!(text.matches(line).count(), 1, "{line}\n{text}");
    }
    assert_eq!(removed(&message), []);
    let actions: Vec<_> = report.parts.iter().map(|part| part.action).collect();
    assert_eq!(actions, [Action::Open, Action::Open, Action::Body, Action::Twin, Action::Body, Action::Unused]);
}

#[test]
fn a_file_that_only_calls_itself_a_calendar_is_a_file() {
    let (message, _) = delivered(with("Content-Type: text/calendar; name=x.ics\n\nsecret\n"));
    assert_eq!((text(&message), removed(&message)), ("本文\n", vec![(Some("x.ics"), RemovalReason::Attachment)]));
}

#[test]
fn cards_are_words() {
    let card =
        "BEGIN:VCARD\nVERSION:3.0\nFN:佐藤 太郎\nTEL;TYPE=work:03-1234-5678\nPHOTO;ENCODING=b:U0VDUkVU\nEND:VCARD\n";
    let (message, _) = delivered(with(&format!("Content-Type: text/vcard; charset=utf-8; name=s.vcf\n\n{card}")));
    assert!(text(&message).contains("佐藤 太郎") && text(&message).contains("03-1234-5678"));
    assert!(!text(&message).contains("U0VDUkVU") && !text(&message).contains("SECRET"));
}

/// DER of signed data around `content`.
fn cms(content: &[u8]) -> Vec<u8> {
    fn value(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82, length[0], length[1]], content].concat()
    }
    let oid = |last: u8| value(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, last]);
    let inner = [oid(1), value(0xa0, &value(4, content))].concat();
    let signed = [value(2, &[1]), value(0x31, &[]), value(0x30, &inner), value(0x31, &[])].concat();
    value(0x30, &[oid(2), value(0xa0, &value(0x30, &signed))].concat())
}

#[test]
fn what_a_signature_wraps_is_the_text() {
    for ends in ["\n", "\r\n"] {
        let entity = "Content-Type: text/plain; charset=utf-8\n\n署名した本文\n".replace('\n', ends);
        let mail = format!(
            "From: a@b\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n\
             Content-Transfer-Encoding: base64\n\n{}\n",
            STANDARD.encode(cms(entity.as_bytes()))
        );
        let (message, report) = delivered(mail);
        assert_eq!(text(&message), "署名した本文\n");
        assert_eq!(message.notices(), [Notice::Signed(SignatureKind::Smime)]);
        assert_eq!(report.parts.last().map(|part| part.path.to_string()).as_deref(), Some("1.1"));
    }
}

#[test]
fn signatures_are_told_in_a_line() {
    for (protocol, kind) in [("pgp-signature", SignatureKind::OpenPgp), ("pkcs7-signature", SignatureKind::Smime)] {
        let (message, report) = delivered(format!(
            "From: a@b\nContent-Type: multipart/signed; protocol=\"application/{protocol}\"; boundary=x\n\n--x\n\nhello\n\
             --x\nContent-Type: application/{protocol}; name=signature\n\nxxxx\n--x--\n"
        ));
        assert_eq!((text(&message), message.notices()), ("hello\n", &[Notice::Signed(kind)][..]));
        assert_eq!(report.parts[2].reason, Some(RemovalReason::Technical));
    }
    let (message, _) = delivered(
        "From: a@b\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhello\n-----BEGIN PGP SIGNATURE-----\n\nxx\n\
         -----END PGP SIGNATURE-----\n",
    );
    assert_eq!((text(&message), message.notices()), ("hello\n", &[Notice::Signed(SignatureKind::OpenPgp)][..]));
}

#[test]
fn a_bounce_says_who_and_why() {
    let (message, report) = delivered(
        "From: a@b\nContent-Type: multipart/report; boundary=x\n\n--x\n\nsorry\n--x\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; c@d\n\
         Action: failed\nStatus: 5.1.1\n--x\nContent-Type: text/rfc822-headers\n\nFrom: e@f\nSubject: s\n--x--\n",
    );
    let text = text(&message);
    for line in
        ["宛先", "c@d", "配送できませんでした", "5.1.1", "【返送されたメールの見出し】\n差出人：e@f\n件名　：s\n"]
    {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_eq!(report.parts[3].action, Action::Open);
    assert_eq!(removed(&message), []);
}
