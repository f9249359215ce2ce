//! Sender spoofing and reports (table D): exactly one author with exactly one
//! address, or the mail waits.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use common::{crosses, delivered, held, run, waits};
use sekisho_job::{Anomaly, HoldReason};
use sekisho_safe_message::Notice;
use sekisho_sanitizer::Outcome;

/// The mail with this header waits, and for one of the sender's reasons.
fn no_author(header: &str) {
    let reason = waits("From", format!("{header}Subject: s\n\nSECRET\n"), "SECRET");
    let expected = [HoldReason::NoSender, HoldReason::AmbiguousSender, HoldReason::AmbiguousStructure];
    assert!(expected.contains(&reason), "{header}: {reason:?}");
}

#[test]
fn s01_two_from_fields() {
    no_author("From: admin@bank.example\nFrom: x@evil.example\n");
    no_author("From: x@evil.example\nFrom: admin@bank.example\n");
    no_author("From: a@b\nFROM: a@b\n");
}

#[test]
fn s02_dressed_from_fields() {
    for header in [
        " From: admin@bank.example\nFrom: x@evil.example\n",
        "From : admin@bank.example\nFrom: x@evil.example\n",
        "From\n : admin@bank.example\nFrom: x@evil.example\n",
        "From\0: admin@bank.example\nFrom: x@evil.example\n",
        "X: y\rFrom: admin@bank.example\nFrom: x@evil.example\n",
    ] {
        no_author(header);
    }
}

#[test]
fn s03_no_from() {
    no_author("Sender: admin@bank.example\nResent-From: x@evil.example\n");
    no_author("From:\n");
}

#[test]
fn s04_lists_and_groups() {
    for from in [
        "admin@bank.example, x@evil.example",
        "G: admin@bank.example;",
        "G:;",
        "G:;, x@evil.example",
        "admin@bank.example; x@evil.example",
    ] {
        no_author(&format!("From: {from}\n"));
    }
}

#[test]
fn s05_addresses_in_encoded_words() {
    for from in [
        "=?utf-8?q?admin=40bank.example?=",
        "=?utf-8?B?YWRtaW5AYmFuay5leGFtcGxl?=",
        "=?utf-8?q?<admin=40bank.example>=00?=",
    ] {
        no_author(&format!("From: {from}\n"));
    }
    let (message, report) = delivered("From: =?utf-8?q?admin=40bank.example=00?= <x@evil.example>\n\nx\n");
    assert_eq!(message.headers().from.address.to_string(), "x@evil.example");
    assert!(report.anomalies.contains(&Anomaly::MisleadingName));
}

#[test]
fn s06_routes_quoted_pairs_and_angles() {
    for from in [
        "<@evil.example,@x:admin@bank.example>",
        "<admin@bank.example>\\,<x@evil.example>",
        "<x@evil.example>admin@bank.example",
        "<<admin@bank.example>>",
        "<admin@bank.example<x@evil.example>>",
        "<admin@bank.example> <x@evil.example>",
        "<admin@bank.example>, <x@evil.example",
        "admin@bank.example <x@evil.example",
        "<admin@bank.example>@evil.example",
    ] {
        no_author(&format!("From: {from}\n"));
    }
}

#[test]
fn s07_names_that_are_addresses() {
    for name in
        ["admin@bank.example", "\"admin@bank.example\"", "\"admin＠bank.example\"", "\"Bank (admin@bank.example)\""]
    {
        let padded = format!("{name}{}", " ".repeat(300));
        let (message, _) = delivered(format!("From: {padded} <x@evil.example>\n\nx\n"));
        let real = "x@evil.example".parse().unwrap();
        assert!(message.notices().contains(&Notice::SenderNameMisleads(real)), "{name}");
    }
}

#[test]
fn s08_odd_addresses() {
    for from in [
        "\"admin@bank.example \"@evil.example x",
        "admin@bank.example@evil.example",
        "admin(c)@bank.example(c) <",
        "x@evil.example\u{202e}",
        "admin@bank\u{200b}.example",
        "admin＠bank.example",
        "admin @bank.example x",
        "x@[1.2.3.4.5]",
        "x@-evil.example",
        "x@evil..example",
        "ad\u{200b}min@bank.example",
    ] {
        no_author(&format!("From: {from}\n"));
    }
    // Routing by `%` and `!` is a local part like any other: shown as it stands.
    let (message, _) = delivered("From: admin%bank.example@evil.example\n\nx\n");
    assert_eq!(message.headers().from.address.to_string(), "admin%bank.example@evil.example");
    let (message, _) = delivered("From: \"admin@bank.example \"@evil.example\n\nx\n");
    assert_eq!(message.headers().from.address.domain().as_str(), "evil.example");
}

#[test]
fn s09_an_address_beyond_ascii_gets_a_stand_in() {
    let (message, _) = delivered("From: 銀行 <admin@bаnk.example>\n\nx\n");
    assert_eq!(message.headers().from.address.to_string(), "international-address@sender.invalid");
    assert!(
        message.notices().iter().any(|n| matches!(n, Notice::SenderStandIn(a) if a.as_str() == "admin@bаnk.example"))
    );
}

#[test]
fn s09_a_domain_beyond_ascii_is_shown_as_it_is_asked_for() {
    let (message, report) = delivered("From: \"admin@bank.example\" <admin@bänk.example>\n\nx\n");
    assert_eq!(message.headers().from.address.to_string(), "admin@xn--bnk-qla.example");
    assert!(report.anomalies.contains(&Anomaly::MisleadingName));
    for from in
        ["admin＠例え.jp", "<@例え.jp:admin@bank.example>", "<admin@例え.jp> <x@evil.example>", "admin@例え..jp"]
    {
        no_author(&format!("From: {from}\n"));
    }
    // What more than one mapping reads in more than one way has a stand-in.
    for from in ["admin@straße.example", "admin@ﬁn.example", "admin@か\u{3099}.example"] {
        let (message, _) = delivered(format!("From: {from}\n\nx\n"));
        assert_eq!(message.headers().from.address.to_string(), "international-address@sender.invalid", "{from}");
    }
}

#[test]
fn s10_names_lose_controls_and_directions() {
    let (message, _) = delivered("From: =?utf-8?q?a=E2=80=AEb=E2=80=8Bc=07?= <x@evil.example>\n\nx\n");
    assert_eq!(message.headers().from.name.as_ref().unwrap().as_str(), "abc");
}

const REPORT: &str = "From: MAILER-DAEMON@b\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\n\n\
    --r\n\nsorry\n--r\nContent-Type: message/delivery-status\n\n";

#[test]
fn d01_a_delivery_report_is_text() {
    let (text, _) = crosses(
        "D",
        format!(
            "{REPORT}Reporting-MTA: dns; m.example\n\nFinal-Recipient: rfc822; c@d.example\nAction: failed\nStatus: 5.1.1\n\
             --r\nContent-Type: message/rfc822\n\nSubject: x\nContent-Type: application/zip\n\nSECRET\n--r--\n"
        ),
        "SECRET",
    );
    assert!(text.contains("sorry") && text.contains("c@d.example") && text.contains("5.1.1"), "{text}");
}

#[test]
fn d02_malformed_reports_are_text() {
    for fields in [
        "Final-Recipient: rfc822; c@d\u{7}.example\nAction: failed",
        "no blank line\nAction: failed",
        "\u{1b}$B4X=j\u{1b}(B: x",
    ] {
        let (text, _) = crosses("D", format!("{REPORT}{fields}\n--r--\n"), "\u{7}");
        assert!(text.starts_with("sorry\n"), "{text}");
    }
    let (text, _) = crosses("D", "From: a@b\n\n\u{1b}$B4X=j\u{1b}(B\n", "\u{1b}");
    assert_eq!(text, "関所\n");
}

#[test]
fn d03_auto_submitted_is_kept_receipts_are_not() {
    let outcome = run("From: a@b\nAuto-Submitted: auto-replied\nDisposition-Notification-To: SECRET@x\n\nx\n");
    assert!(!common::visible(&outcome).contains("SECRET"));
}

#[test]
fn d04_loops() {
    assert_eq!(waits("D", "From: a@b\nX-Sekisho-Id: 1\n\nSECRET\n", "SECRET"), HoldReason::Loop);
}

#[test]
fn quotes_inside_an_encoded_word_hide_no_author() {
    for from in [
        "=?utf-8?Q?\"?= <a@b.example> (\" <c@d.example> (x))",
        "=?utf-8?Q?<c@d.example>?= <a@b.example>",
        "=?utf-8?Q?(?= <a@b.example> ) <c@d.example>",
        "=?utf-8?Q?x,c@d.example,?= <a@b.example>",
    ] {
        let reason = held(format!("From: {from}\n\nx\n")).0;
        assert!(matches!(reason, HoldReason::AmbiguousSender | HoldReason::NoSender), "{from}");
    }
    // A comma or a quote in a name is common, and hides nobody.
    for from in [
        "=?utf-8?Q?Sato,_Taro?= <a@b.example>",
        "=?iso-2022-jp?B?GyRCNFg9ahsoQg==?= <a@b.example>",
        "=?utf-8?Q?\"x\"?= <a@b.example>",
    ] {
        assert_eq!(
            delivered(format!("From: {from}\n\nx\n")).0.headers().from.address.to_string(),
            "a@b.example",
            "{from}"
        );
    }
}

#[test]
fn a_guessed_character_makes_no_domain() {
    // Shift_JIS, an octet that would be a full stop in it, ISO-2022-JP.
    for from in
        [&b"a@\x97\xe1\x82\xa6.jp"[..], b"\x8a\xd6\x8f\x8a <a@city.examp\xa1e>", b"x@\x1b$B4X=j\x1b(Bevil.example"]
    {
        match run([b"From: ", from, b"\n\nx\n"].concat()) {
            Outcome::Deliver(message, _) => {
                assert_eq!(message.headers().from.address.to_string(), "international-address@sender.invalid");
            }
            Outcome::Hold(reason, _) => {
                assert!(matches!(reason, HoldReason::NoSender | HoldReason::AmbiguousSender), "{reason:?}");
            }
        }
    }
}
