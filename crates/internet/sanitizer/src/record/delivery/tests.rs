//! Bounces of many programs.
use super::*;

const POSTFIX: &str = "Reporting-MTA: dns; mail.city.example.jp\r\nX-Postfix-Queue-ID: 7874F1FB8E\r\n\
    X-Postfix-Sender: rfc822; soumu@city.example.jp\r\nArrival-Date: Tue, 24 Nov 2026 10:00:00 +0900 (JST)\r\n\r\n\
    Final-Recipient: rfc822; sato@example.co.jp\r\nOriginal-Recipient: rfc822;sato@example.co.jp\r\nAction: failed\r\n\
    Status: 5.1.1\r\nRemote-MTA: dns; mx.example.co.jp\r\n\
    Diagnostic-Code: smtp; 550 5.1.1 <sato@example.co.jp>: Recipient address\r\n    rejected: User unknown\r\n\r\n\
    Final-Recipient: rfc822; kato@example.com\r\nAction: delayed\r\nStatus: 4.4.1\r\n\
    Diagnostic-Code: X-Postfix; connect to mx.example.com[192.0.2.1]:25: Connection timed out\r\n\
    Will-Retry-Until: Sun, 29 Nov 2026 10:00:00 +0900 (JST)\r\n";

const POSTFIX_JA: &str = "\
【配送状況】
宛先　　　　：sato@example.co.jp
結果　　　　：配送できませんでした
理由　　　　：宛先のアドレスが存在しません（5.1.1）
応答内容　　：550 5.1.1 <sato@example.co.jp>: Recipient address rejected: User unknown
相手サーバー：mx.example.co.jp

【配送状況】
宛先　　：kato@example.com
結果　　：配送が遅れています（再送を続けています）
理由　　：相手のサーバーが応答しません（4.4.1）
応答内容：connect to mx.example.com[192.0.2.1]:25: Connection timed out
再送期限：2026年11月29日(日) 10:00

【配送通知の情報】
報告サーバー：mail.city.example.jp
受付日時　　：2026年11月24日(火) 10:00
";

#[test]
fn postfix() {
    assert_eq!(to_text(POSTFIX, Language::Ja).as_deref(), Some(POSTFIX_JA));
}

#[test]
fn exchange_in_english() {
    let text = "Reporting-MTA: dns;ex1.example.net\r\nReceived-From-MTA: dns;ex2.example.net\r\n\
        Arrival-Date: Tue, 24 Nov 2026 01:00:00 +0000\r\n\r\nOriginal-Recipient: rfc822;old@example.net\r\n\
        Final-Recipient: rfc822;new@example.net\r\nAction: failed\r\nStatus: 5.2.2\r\n\
        Diagnostic-Code: smtp;550 5.2.2 STOREDRV.Deliver: mailbox full\r\nX-Display-Name: Neko\r\n";
    let expected = "\
[Delivery status]
Recipient: new@example.net
Sent to:   old@example.net
Result:    not delivered
Reason:    the recipient's mailbox is full (5.2.2)
Response:  550 5.2.2 STOREDRV.Deliver: mailbox full

[About this report]
Reported by:   ex1.example.net
Received from: ex2.example.net
Accepted:      Tue 24 Nov 2026 10:00 JST
";
    assert_eq!(to_text(text, Language::En).as_deref(), Some(expected));
}

/// As sendmail writes it, but with no empty lines and with free text.
#[test]
fn groups_that_no_line_parts() {
    let text = "Reporting-MTA: dns; mx2.example.net\nReceived-From-MTA: DNS; mail0.example.co.jp\n\
        Arrival-Date: Tue, 24 Nov 2026 23:34:45 +0900\nFinal-Recipient: RFC822; a@example.org\n\
        X-Actual-Recipient: RFC822; b@example.co.jp\nAction: failed (bad address)\nStatus: 5.7.1\n\
        Last-Attempt-Date: yesterday\nFinal-Recipient: RFC822; c@example.org\nAction: relayed\nStatus: 2.0.0\n\
        宛先のサーバーが受信を拒否しました。\n";
    let expected = "\
【配送状況】
宛先　　：a@example.org
結果　　：配送できませんでした
理由　　：相手の方針により受信を拒否されました（5.7.1）
最終試行：yesterday

【配送状況】
宛先：c@example.org
結果：中継されました（この先の結果は通知されません）
理由：正常に処理されました（2.0.0）
記載事項：
　宛先のサーバーが受信を拒否しました。

【配送通知の情報】
報告サーバー：mx2.example.net
送信サーバー：mail0.example.co.jp
受付日時　　：2026年11月24日(火) 23:34
";
    assert_eq!(to_text(text, Language::Ja).as_deref(), Some(expected));
}

#[test]
fn odd_orders_stay_one_group() {
    let text = "Action: failed\nStatus: 5.0.0\nFinal-Recipient: rfc822; a@b.example\nOriginal-Recipient: rfc822; A@b.example\n";
    let expected =
        "[Delivery status]\nRecipient: a@b.example\nResult:    not delivered\nReason:    another reason (5.0.0)\n";
    assert_eq!(to_text(text, Language::En).as_deref(), Some(expected));
}

#[test]
fn a_reply_says_more_than_a_vague_status() {
    for (status, diagnostic, reason) in [
        ("5.0.0", "smtp; 550-5.1.1 no such user", "the recipient's address does not exist (5.1.1)"),
        ("5.0.0", "smtp; 553 sorry (#5.7.1)", "the other side's policy refuses it (5.7.1)"),
        ("5.0.0", "smtp; 550 from 192.0.2.1, version 5.1.1", "another reason (5.0.0)"),
        ("5.2.2", "smtp; 550 5.1.1 no", "the recipient's mailbox is full (5.2.2)"),
        ("", "smtp; 550 5.1.1 no", "the recipient's address does not exist (5.1.1)"),
        ("553 too big", "smtp; no", "553 too big"),
    ] {
        let text = format!("Final-Recipient: a@example.jp\nStatus: {status}\nDiagnostic-Code: {diagnostic}\n");
        let text = to_text(&text, Language::En).unwrap_or_default();
        assert!(text.contains(&format!("\nReason:    {reason}\n")), "{text}");
    }
}

#[test]
fn recipients_wrapped_in_base64() {
    // Final-Recipient: rfc822; a@b.example / Action: failed / Status: 5.1.1
    let text = "Reporting-MTA: dns; mx.example\nContent-Transfer-Encoding: base64\n\n\n\
        RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFAYi5leGFtcGxlCkFjdGlvbjogZmFp\nbGVkClN0YXR1czogNS4xLjEK\n";
    let expected = "[Delivery status]\nRecipient: a@b.example\nResult:    not delivered\n\
        Reason:    the recipient's address does not exist (5.1.1)\n\n[About this report]\nReported by: mx.example\n";
    assert_eq!(to_text(text, Language::En).as_deref(), Some(expected));
    // Without the word for it, it is shown neither way.
    assert_eq!(
        to_text(&text.replace("Transfer", "Other"), Language::En).as_deref(),
        Some("[About this report]\nReported by: mx.example\n")
    );
}

#[test]
fn characters_beyond_ascii() {
    let text = "Final-Recipient: utf-8; \\x{6771}\\x{4eac}@example.jp\nAction: delivered\n";
    assert_eq!(
        to_text(text, Language::Ja).as_deref(),
        Some("【配送状況】\n宛先：東京@example.jp\n結果：配送されました\n")
    );
}

#[test]
fn nothing_and_too_much() {
    for text in ["", "\n\n", "X-Other: 1\n"] {
        assert_eq!(to_text(text, Language::Ja), None, "{text}");
    }
    let many = "Final-Recipient: rfc822; a@example.jp\n".repeat(MAX_RECIPIENTS + 7);
    let text = to_text(&many, Language::Ja).unwrap_or_default();
    assert_eq!(text.matches("宛先：").count(), MAX_RECIPIENTS);
    assert!(text.ends_with("（ほかに7件の宛先があります）\n"));
}
