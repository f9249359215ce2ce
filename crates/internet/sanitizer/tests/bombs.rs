//! Mails made to exhaust their reader. Each must end: a hang is the test
//! runner's time limit, a deep stack its crash.

mod common;

use common::{held, run};
use sekisho_job::HoldReason;
use sekisho_sanitizer::Outcome;

const HEAD: &str = "From: a@b\nMIME-Version: 1.0\n";

#[test]
fn bounds_hold() {
    let nested: String =
        (0..100_000).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}x\n\n--b{n}x\n")).collect();
    let parts = format!("Content-Type: multipart/mixed; boundary=b\n\n{}--b--\n", "--b\n\nx\n".repeat(100_000));
    for (rest, reason) in [
        (nested, HoldReason::TooDeep),
        (parts, HoldReason::TooManyParts),
        (format!("{}\nx\n", "X: y\n".repeat(100_000)), HoldReason::HeaderTooLarge),
        (format!("To: {}c@d\n\nx\n", "a@b,\n ".repeat(100_000)), HoldReason::HeaderTooLarge),
        (format!("\n{}\n", "a".repeat(5 << 20)), HoldReason::TextTooLarge),
        (format!("Content-Type: text/html\n\n{}\n", "<p>x</p>\n".repeat(2 << 20)), HoldReason::TextTooLarge),
    ] {
        assert_eq!(held(format!("{HEAD}{rest}")).0, reason);
    }
}

#[test]
fn floods_within_the_bounds_are_answered() {
    let html = |markup: &str, times| format!("Content-Type: text/html\n\n{}x\n", markup.repeat(times));
    for rest in [
        html("<div>", 100_000),
        html("<blockquote>", 100_000),
        html("<ul><li>", 100_000),
        html("</x></div>", 100_000),
        html("<", 1_000_000),
        html("<b a=1 ", 50_000),
        format!("Subject: {}\n\nx\n", "=?".repeat(8_000)),
        format!("Subject: {}?=\n\nx\n", "=?utf-8?q?".repeat(20_000)),
        format!("Subject: {}\n\nx\n", "(\"".repeat(100_000)),
        format!("To: {}\n\nx\n", "(".repeat(200_000)),
        format!("Content-Type: text/plain{}\n\nx\n", "; a=b".repeat(50_000)),
        format!("Content-Type: text/plain; name*4294967295=x{}\n\nx\n", "; name*1=y".repeat(20_000)),
        format!("\n{}\n", "a".repeat(3 << 20)),
        format!("\n{}\n", "://".repeat(1 << 20)),
        format!("Content-Type: message/rfc822\n\n{}", "From: a@b\nContent-Type: message/rfc822\n\n".repeat(10_000)),
    ] {
        let outcome = run(format!("{HEAD}{rest}"));
        assert!(matches!(outcome, Outcome::Deliver(..)), "{:.40}: {outcome:?}", &rest[..40]);
    }
}
