//! Mails in ISO-2022-JP: whatever the message, they keep the grammar, a
//! client's own decoder reads them, and the reader knows what was replaced.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod chance;

use std::io::Write;
use std::process::{Command, Stdio};

use chance::{Chance, build};
use sekisho_inner::render::{Charset, render, render_in};
use sekisho_safe_message::*;
use sekisho_verify::{MARKER, Reading, read};

/// Renders, verifies, and reads the 7bit body with a decoder of other origin.
fn check(message: &SafeMessage) -> Reading {
    let mail = render_in(message, Charset::Iso2022Jp).into_bytes();
    assert_eq!(mail, render_in(message, Charset::Iso2022Jp).into_bytes(), "one message, one mail");
    let reading = read(Untrusted::new(&mail)).unwrap_or_else(|violation| {
        panic!("{violation}\n{}", String::from_utf8_lossy(&mail[..mail.len().min(4000)]));
    });
    assert_eq!(reading.charset, sekisho_verify::Charset::Iso2022Jp);
    let text = String::from_utf8(mail).unwrap();
    assert!(text.split("\r\n").all(|line| line.len() <= 998 && !line.starts_with('.') && !line.starts_with("From ")));
    let (header, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(!header.contains('\u{1b}') && header.split("\r\n").all(|line| line.len() <= 320));
    if header.contains("Encoding: 7bit\r\n") {
        let (decoded, _, broken) = encoding_rs::ISO_2022_JP.decode(body.as_bytes());
        let decoded = decoded.replace("\r\n", "\n");
        let blank = if reading.text.as_str().is_empty() { "" } else { "\n\n" };
        assert!(!broken);
        assert!(decoded.ends_with(&format!("{blank}{MARKER}\n{}", reading.notice)), "{decoded}");
        assert!(decoded.starts_with(reading.text.as_str()));
    }
    reading
}

fn plain(subject: &str, name: &str, text: &str) -> SafeMessage {
    let from = Mailbox { name: Some(SafeLine::clean(name).value), address: "sato@example.jp".parse().unwrap() };
    let headers = SafeHeaders {
        from: from.clone(),
        to: vec![from],
        cc: vec![],
        reply_to: vec![],
        subject: SafeLine::parse(subject.to_owned()).unwrap(),
        date: Timestamp::new(0, 540).unwrap(),
        message_id: None,
        in_reply_to: vec![],
        references: vec![],
        auto_submitted: None,
        list_id: None,
    };
    build(1, headers, SafeText::parse(text.to_owned()).unwrap(), vec![], Language::Ja)
}

#[test]
fn every_message_is_verified() {
    for seed in 0..800 {
        check(&Chance(seed).message());
    }
}

#[test]
fn every_character_is_verified() {
    // Beyond plane 3 nothing is assigned but tags and private use.
    let safe: Vec<char> =
        ('\u{20}'..='\u{3ffff}').chain('\u{e0000}'..='\u{e0fff}').filter(|c| is_safe_char(*c)).collect();
    for chunk in safe.chunks(300) {
        let line: String = chunk.iter().collect();
        let spread: String = chunk.iter().flat_map(|c| [*c, 'x', ' ', *c, '\n']).collect();
        let subject = SafeLine::clean(&line.chars().take(200).collect::<String>()).value;
        check(&plain(subject.as_str(), subject.as_str(), SafeText::clean(&format!("{line}\n{spread}")).value.as_str()));
    }
}

#[test]
fn what_the_set_has_comes_back_as_it_was() {
    let text = "髙橋様\n\n①㈱﨑 ～－∥￠ ｶﾞｽ料金 〜\n-- \n\t佐藤";
    let reading = check(&plain("ご案内①", "髙﨑 太郎", text));
    assert_eq!(reading.text.as_str(), "髙橋様\n\n①㈱﨑 ～－∥￠ ガス料金 ～\n-- \n\t佐藤");
    assert_eq!((reading.subject.as_str(), reading.from.name.unwrap().as_str()), ("ご案内①", "髙﨑 太郎"));
    assert_eq!(reading.notice.as_str().lines().count(), 1, "{}", reading.notice);
}

#[test]
fn what_the_set_lacks_is_counted_in_the_notice() {
    let message = plain("Café", "𠮷野", "5 € 😀");
    let reading = check(&message);
    assert_eq!((reading.subject.as_str(), reading.text.as_str()), ("Cafe", "5 EUR 〓"));
    assert_eq!(reading.from.name.unwrap().as_str(), "〓野");
    // The one name stands in From and in To.
    assert!(
        reading.notice.as_str().contains("\n表示できない文字5個を、近い文字か「〓」に置き換えました"),
        "{}",
        reading.notice
    );
    let utf8 = read(Untrusted::new(render(&message).bytes())).unwrap();
    assert!(!utf8.notice.as_str().contains('〓') && utf8.text.as_str() == "5 € 😀");
}

#[test]
fn stand_ins_make_neither_a_marker_nor_a_file() {
    let forged = format!("a\n{}\n𝐛egin 644 x.exe\n.\nFrom x", MARKER.replacen(' ', "\u{a0}", 1));
    let reading = check(&plain("x", "y", &forged));
    assert_eq!(reading.text.as_str(), format!("a\n={}\n| begin 644 x.exe\n.\nFrom x", &MARKER[1..]));
}

/// Nothing is cut: what would grow past a bound stands in UTF-8.
#[test]
fn what_would_not_fit_stands_in_utf_8() {
    let arabic = "ش".repeat(SafeText::MAX / 2);
    for message in [plain("x", "y", &arabic), plain(&arabic[..SafeLine::MAX], "y", "z")] {
        assert_eq!(render_in(&message, Charset::Iso2022Jp), render(&message));
    }
    check(&plain("x", "y", &"あ".repeat(SafeText::MAX / 3)));
    check(&plain("x", "y", &"会 ".repeat(SafeText::MAX / 4)));
    check(&plain("x", "y", &"\n".repeat(SafeText::MAX)));
}

/// Python's own library, as a client that is strict.
#[test]
fn python_reads_it() {
    const READ: &str = "import sys, email, email.policy\n\
        mail = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)\n\
        assert not mail.defects and mail.get_content_charset() == 'iso-2022-jp', mail.defects\n\
        body = mail.get_payload(decode=True).decode('iso2022_jp', 'strict')\n\
        sys.stdout.buffer.write('|'.join([mail['subject'], mail['from'], body]).encode())\n";
    let Ok(mut python) =
        Command::new("python3").args(["-c", READ]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
    else {
        return;
    };
    let subject = "令和8年度 予算説明会のご案内（会場変更のお知らせ）について".repeat(3);
    let mail = render_in(&plain(&subject, "佐藤 太郎", "担当者様\nよろしくお願いします。"), Charset::Iso2022Jp);
    python.stdin.take().unwrap().write_all(mail.bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let read = String::from_utf8(output.stdout).unwrap();
    let want = format!(
        "{subject}|佐藤 太郎 <sato@example.jp>|担当者様\r\nよろしくお願いします。\r\n\r\n{MARKER}\r\n無害化済み"
    );
    assert!(read.starts_with(&want), "{read}");
}
