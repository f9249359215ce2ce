//! What is rendered is verified, whatever the message: the two share a grammar
//! and no code.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod chance;

use chance::{Chance, build, envelope};
use sekisho_inner::render::{Charset, render, render_in};
use sekisho_safe_message::*;
use sekisho_verify::{Reading, read, verify};

/// Renders, verifies, and compares every value with what went in.
fn check(message: &SafeMessage) -> Reading {
    let mail = render(message).into_bytes();
    assert_eq!(mail, render(message).into_bytes(), "one message, one mail");
    let reading = read(Untrusted::new(&mail)).unwrap_or_else(|violation| {
        panic!(
            "{violation}\n{}",
            String::from_utf8_lossy(&mail)
                .lines()
                .skip(violation.line.saturating_sub(4))
                .take(6)
                .collect::<Vec<_>>()
                .join("\n")
        )
    });
    let named = |list: &[Mailbox]| -> Vec<Mailbox> {
        let named = |mailbox: &Mailbox| mailbox.name.clone().filter(|name| !name.is_empty());
        list.iter().map(|mailbox| Mailbox { name: named(mailbox), ..mailbox.clone() }).collect()
    };
    let headers = message.headers();
    assert_eq!(vec![reading.from.clone()], named(std::slice::from_ref(&headers.from)));
    assert_eq!(reading.to, named(&headers.to));
    assert_eq!(reading.cc, named(&headers.cc));
    assert_eq!(reading.reply_to, named(&headers.reply_to));
    assert_eq!(reading.subject, headers.subject);
    assert_eq!(reading.date, headers.date);
    assert_eq!(headers.message_id.as_ref().unwrap_or(&reading.message_id), &reading.message_id);
    assert_eq!((&reading.in_reply_to, &reading.references), (&headers.in_reply_to, &headers.references));
    assert_eq!((reading.auto_submitted, &reading.list_id), (headers.auto_submitted, &headers.list_id));
    assert_eq!((reading.id, &reading.profile), (message.id(), message.profile()));
    let text = message.text().as_str();
    let text = text.strip_suffix('\n').unwrap_or(text).replace(sekisho_verify::MARKER, "");
    let marker = format!("={}", &sekisho_verify::MARKER[1..]);
    assert_eq!(reading.text.as_str().replace(&marker, "").replace(sekisho_verify::MARKER, ""), text);
    assert!(mail.split(|b| *b == b'\n').all(|line| line.len() <= 321));
    let mail = verify(mail, message.envelope().clone()).unwrap();
    assert_eq!(mail.id(), message.id());
    reading
}

#[test]
fn every_message_is_verified() {
    for seed in 0..800 {
        check(&Chance(seed).message());
    }
}

#[test]
fn extremes_are_verified() {
    let mut chance = Chance(1);
    let bare = || SafeHeaders {
        from: Mailbox { name: None, address: "a@b".parse().unwrap() },
        to: vec![],
        cc: vec![],
        reply_to: vec![],
        subject: SafeLine::default(),
        date: Timestamp::new(0, 0).unwrap(),
        message_id: None,
        in_reply_to: vec![],
        references: vec![],
        auto_submitted: None,
        list_id: None,
    };
    let text = |text: String| SafeText::parse(text).unwrap();
    for body in [
        String::new(),
        "\n".to_owned(),
        "\n\n\n".to_owned(),
        "x".repeat(SafeText::MAX),
        "\n".repeat(SafeText::MAX),
        "あ".repeat(SafeText::MAX / 3),
        format!("{}\n", sekisho_verify::MARKER).repeat(SafeText::MAX / 30),
        "From x\n.\n".repeat(SafeText::MAX / 9),
        format!("{} {}", "a".repeat(1 << 20), "=".repeat(1 << 20)),
        " \t\n".repeat(SafeText::MAX / 3),
    ] {
        check(&build(1, bare(), text(body), vec![], Language::Ja));
    }
    let many = |chance: &mut Chance| (0..MAX_ADDRESSES).map(|_| chance.mailbox()).collect();
    let wide = SafeHeaders { to: many(&mut chance), cc: many(&mut chance), reply_to: many(&mut chance), ..bare() };
    check(&build(1, wide, SafeText::default(), vec![], Language::En));
    let mail = render(&build(1, bare(), SafeText::default(), vec![], Language::En)).into_bytes();
    assert_eq!(verify(mail, envelope(MAX_RECIPIENTS)).unwrap().envelope().to().len(), MAX_RECIPIENTS);
}

#[test]
fn the_notice_names_what_is_kept_out_in_the_readers_language() {
    let part = RemovedPart {
        name: SafeName::clean("見積書.pdf").map(|name| name.value),
        declared: SafeLine::clean("application/pdf").value,
        size: 1_300,
        sha256: Sha256::of(b"x"),
        reason: RemovalReason::Attachment,
    };
    let headers = Chance(5).headers();
    let nameless = RemovedPart { name: None, ..part.clone() };
    let notices = vec![Notice::Removed(part), Notice::Removed(nameless), Notice::More(2)];
    for (language, want) in [
        (
            Language::Ja,
            "・見積書.pdf（1.2 KB）添付ファイル\n・名前なし（application/pdf、1.2 KB）添付ファイル\nほかにも2個あります。\n",
        ),
        (
            Language::En,
            "- 見積書.pdf (1.2 KB): attachment\n- no name (application/pdf, 1.2 KB): attachment\nAnd 2 more.\n",
        ),
    ] {
        let reading = check(&build(9, headers.clone(), SafeText::default(), notices.clone(), language));
        let notice = reading.notice.as_str();
        assert!(notice.ends_with(want) && notice.contains(&reading.id.to_string()), "{notice}");
        assert_eq!(notice.lines().count(), 5, "{notice}");
    }
}

#[test]
fn without_news_the_notice_is_one_line() {
    for (language, want) in [(Language::Ja, "無害化済み（管理番号: "), (Language::En, "Sanitized: ")] {
        let notices = vec![Notice::BodyFromHtml, Notice::Authenticated(Authentication::default())];
        let reading = check(&build(9, Chance(5).headers(), SafeText::default(), notices, language));
        let notice = reading.notice.as_str();
        assert!(notice.starts_with(want) && notice.lines().count() == 1, "{notice}");
    }
}

#[test]
fn the_notice_warns_of_a_forged_sender_only_where_dmarc_fails() {
    let results =
        |dmarc| Authentication { spf: Some(AuthResult::Pass), dkim: Some(AuthResult::Fail), dmarc, arc: None };
    for (language, dmarc, want) in [
        (Language::Ja, None, "\n送信元の確認: SPF 合格、DKIM 不合格\n"),
        (
            Language::Ja,
            Some(AuthResult::Fail),
            "\nご注意ください: 差出人が偽られているおそれがあります。送信元の確認: SPF 合格、DKIM 不合格、DMARC 不合格\n",
        ),
        (Language::En, Some(AuthResult::None), "\nSender check: SPF pass, DKIM fail, DMARC none\n"),
        (
            Language::En,
            Some(AuthResult::Fail),
            "\nCaution: the sender may be forged. Sender check: SPF pass, DKIM fail, DMARC fail\n",
        ),
    ] {
        let notices = vec![Notice::Authenticated(results(dmarc))];
        let reading = check(&build(9, Chance(5).headers(), SafeText::default(), notices, language));
        assert!(reading.notice.as_str().ends_with(want), "{}", reading.notice);
    }
}

/// Every octet of a finished mail matters: changed, it is refused or read as
/// another mail of the same grammar; never does it crash.
#[test]
fn flipped_octets_never_panic_and_never_smuggle() {
    let mail = render(&Chance(11).message()).into_bytes();
    for at in (0..mail.len().min(6000)).step_by(7) {
        for with in [b'\r', b'\n', 0, b'.', b'=', b'<', 0x80, mail[at] ^ 1] {
            let mut bad = mail.clone();
            bad[at] = with;
            if let Ok(good) = verify(bad, envelope(1)) {
                let bytes = good.bytes();
                assert!(bytes.iter().all(|b| matches!(b, b'\r' | b'\n' | b' '..=b'~')));
                assert!(!bytes.windows(3).any(|w| w == b"\r\n."));
            }
        }
    }
}

/// A file by chance, of the kinds that `verify` reads itself.
fn file(chance: &mut Chance) -> SafeAttachment {
    let len = *chance.pick(&[0, 1, 20, 50, 60, 61, 240]);
    let stem = chance.words(len);
    let content = if chance.below(2) == 0 {
        Content::Text(chance.text())
    } else {
        let rows: Vec<Vec<String>> = (0..chance.below(6)).map(|_| (0..4).map(|_| chance.words(9)).collect()).collect();
        Content::Table(SafeTable::clean(rows).unwrap().0)
    };
    SafeAttachment::new(&stem, content)
}

#[test]
fn messages_with_files_are_verified() {
    for seed in 0..300 {
        let mut chance = Chance(seed);
        let message = chance.message();
        let mut files: Vec<SafeAttachment> = Vec::new();
        for _ in 0..=chance.below(5) {
            let next = file(&mut chance);
            let lower = |file: &SafeAttachment| file.name().as_str().to_lowercase();
            if files.iter().all(|other| lower(other) != lower(&next)) {
                files.push(next);
            }
        }
        let message = message.with_attachments(files).unwrap();
        for charset in [Charset::Utf8, Charset::Iso2022Jp] {
            let mail = render_in(&message, charset).into_bytes();
            let reading = read(Untrusted::new(&mail)).unwrap_or_else(|violation| {
                panic!("seed {seed}, {charset:?}: {violation}\n{}", String::from_utf8_lossy(&mail))
            });
            assert_eq!(reading.attachments.len(), message.attachments().len());
            for (read, sent) in reading.attachments.iter().zip(message.attachments()) {
                let octets = sent.content().write();
                assert_eq!((&read.name, read.kind), (sent.name(), sent.kind()));
                assert_eq!((read.size, read.sha256), (octets.len() as u64, Sha256::of(&octets)));
            }
        }
    }
}

#[test]
fn the_notice_says_what_became_of_files() {
    let name = |name: &str| SafeName::parse(name.to_owned()).unwrap();
    let part = |from: &str, to: &str, method, removed: &[Removal]| {
        Notice::Rebuilt(RebuiltPart { name: Some(name(from)), output: name(to), method, removed: removed.to_vec() })
    };
    let notices = vec![
        part("a.pdf", "a.pdf", Method::Rebuild, &[]),
        part("見積書.pdf", "見積書.pdf", Method::Rebuild, &[Removal::EmbeddedFile, Removal::Script, Removal::Script]),
        part("b.bmp", "b.png", Method::Rebuild, &[]),
        part("c.pdf", "c.pdf", Method::Flatten, &[]),
        part("d.html", "d.txt", Method::Extract, &[Removal::Script]),
    ];
    for (language, want) in [
        (
            Language::Ja,
            "安全のため作り直してお届けした添付ファイル:\n\
             ・見積書.pdf（取り除いたもの: スクリプト、埋め込まれたファイル）\n\
             ・b.bmp → b.png\n\
             ・c.pdf（画像に変換しました）\n\
             ・d.html → d.txt（文字だけを取り出しました。取り除いたもの: スクリプト）\n",
        ),
        (
            Language::En,
            "Attachments made anew:\n\
             - 見積書.pdf (taken out: scripts, embedded files)\n\
             - b.bmp → b.png\n\
             - c.pdf (as pictures)\n\
             - d.html → d.txt (text only; taken out: scripts)\n",
        ),
    ] {
        let reading = check(&build(9, Chance(5).headers(), SafeText::default(), notices.clone(), language));
        assert!(reading.notice.as_str().ends_with(want), "{}", reading.notice.as_str());
    }
    let quiet = vec![part("a.pdf", "a.pdf", Method::Rebuild, &[])];
    let reading = check(&build(9, Chance(5).headers(), SafeText::default(), quiet, Language::Ja));
    assert_eq!(reading.notice.as_str().lines().count(), 1);
}
