//! What is rendered is verified, whatever the message: the two share a grammar
//! and no code.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use sekisho_inner::render::render;
use sekisho_safe_message::*;
use sekisho_verify::{Reading, read, verify};

/// A small generator (splitmix64): the same seed gives the same messages.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> usize {
        usize::try_from(self.next() % bound).unwrap()
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64)]
    }

    /// Words that hurt encoders, to `len` characters or so.
    fn words(&mut self, len: usize) -> String {
        const PIECES: [&str; 26] = [
            "a",
            "word",
            " ",
            "  ",
            ".",
            "From ",
            "=",
            "=?UTF-8?B?YQ==?=",
            "?=",
            "\"",
            "\\",
            "<",
            ">",
            ",",
            "日本語",
            "①㈱髙﨑",
            "é",
            "😀",
            "葛\u{e0100}",
            "\u{a0}",
            "\u{3000}",
            "begin 644 x",
            "_",
            "(c)",
            "@",
            ";",
        ];
        let mut out = String::new();
        while out.len() < len {
            let piece: &str = self.pick::<&str>(&PIECES);
            out.push_str(piece);
        }
        out
    }

    fn line(&mut self) -> SafeLine {
        let len = *self.pick(&[0, 1, 10, 38, 39, 40, 60, 61, 80, 300, 1999]);
        SafeLine::clean(&self.words(len)).value
    }

    fn text(&mut self) -> SafeText {
        let mut text = String::new();
        for _ in 0..self.below(40) {
            let len = *self.pick(&[0, 1, 20, 73, 74, 75, 76, 77, 78, 200, 2000]);
            text.push_str(&match self.below(6) {
                0 => "x".repeat(len),
                1 => "あ".repeat(len / 3),
                2 => " ".repeat(len),
                3 => format!("{}.", "y".repeat(len)),
                4 => format!("\t{}", self.words(len)),
                _ => self.words(len),
            });
            text.push_str(self.pick::<&str>(&["\n", "\n\n", "", " \n", "\t\n", ".\n", "\nFrom x\n", "\n.\n"]));
            if self.below(9) == 0 {
                text.push_str(&format!("\n{}\n", sekisho_verify::MARKER));
            }
        }
        SafeText::clean(&text).value
    }

    fn address(&mut self) -> Address {
        let long_domain = format!("{}.{}.{}.example", "d".repeat(60), "e".repeat(60), "f".repeat(60));
        let long_local = "l".repeat(61);
        let full = format!("{long_local}@{}.{long_domain}", "x");
        let options = [
            "a@b.example".to_owned(),
            "\"a b\\\"<>,\"@b.example".to_owned(),
            "\"\\\\\"@b.example".to_owned(),
            "abc..d.@carrier.example".to_owned(),
            "a@[192.0.2.1]".to_owned(),
            "a@[ipv6:2001:db8::1]".to_owned(),
            format!("{}@b.example", "q".repeat(190)),
            format!("\"{}  {}\"@b.example", "q".repeat(90), "r".repeat(90)),
            full,
        ];
        self.pick(&options).parse().unwrap()
    }

    fn mailbox(&mut self) -> Mailbox {
        let name = (self.below(3) > 0).then(|| self.line());
        Mailbox { name, address: self.address() }
    }

    fn mailboxes(&mut self) -> Vec<Mailbox> {
        let count = *self.pick(&[0, 0, 1, 2, 3, 7]);
        (0..count).map(|_| self.mailbox()).collect()
    }

    fn message_id(&mut self) -> MessageId {
        let len = *self.pick(&[1, 20, 60, 120, 245]);
        MessageId::parse(&format!("{}=?$@h", "i".repeat(len))).unwrap()
    }

    fn ids(&mut self) -> Vec<MessageId> {
        let count = *self.pick(&[0, 1, 5, MAX_REFERENCES]);
        (0..count).map(|_| self.message_id()).collect()
    }

    fn notices(&mut self) -> Vec<Notice> {
        let count = *self.pick(&[0, 1, 3, MAX_NOTICES]);
        (0..count).map(|_| self.notice()).collect()
    }

    fn notice(&mut self) -> Notice {
        let reasons = [
            RemovalReason::Attachment,
            RemovalReason::InlineImage,
            RemovalReason::NestedMail,
            RemovalReason::Technical,
            RemovalReason::Ambiguous,
            RemovalReason::Encrypted,
        ];
        match self.below(9) {
            0 => Notice::BodyFromHtml,
            1 => Notice::HtmlTwinLeftOut,
            2 => Notice::NoText,
            3 => Notice::Unreadable(u32::MAX),
            4 => Notice::TextCleaned(1),
            5 => Notice::More(3),
            6 => Notice::SenderNameMisleads(self.address()),
            7 => Notice::Ambiguous,
            _ => Notice::Removed(RemovedPart {
                name: SafeName::clean(&self.words(100)).map(|name| name.value),
                declared: self.line(),
                size: self.next(),
                sha256: Sha256::of(&self.next().to_be_bytes()),
                reason: *self.pick(&reasons),
            }),
        }
    }

    fn headers(&mut self) -> SafeHeaders {
        SafeHeaders {
            from: self.mailbox(),
            to: self.mailboxes(),
            cc: self.mailboxes(),
            reply_to: self.mailboxes(),
            subject: self.line(),
            date: Timestamp::new(
                (self.next() % 250_000_000_000) as i64 - 2_000_000_000,
                i16::try_from(self.below(2879)).unwrap() - 1439,
            )
            .unwrap(),
            message_id: (self.below(2) == 0).then(|| self.message_id()),
            in_reply_to: self.ids(),
            references: self.ids(),
            auto_submitted: *self.pick(&[
                None,
                Some(AutoSubmitted::Generated),
                Some(AutoSubmitted::Replied),
                Some(AutoSubmitted::Notified),
            ]),
            list_id: (self.below(2) == 0).then(|| ListId::parse(&format!("{}.example", "l".repeat(190))).unwrap()),
        }
    }

    fn message(&mut self) -> SafeMessage {
        let (headers, text, notices) = (self.headers(), self.text(), self.notices());
        let language = *self.pick(&[Language::Ja, Language::En]);
        build(self.next(), headers, text, notices, language)
    }
}

fn build(seed: u64, headers: SafeHeaders, text: SafeText, notices: Vec<Notice>, language: Language) -> SafeMessage {
    let id = MailId::new(seed, [7; 10]);
    let profile = ProfileName::parse("text-only").unwrap();
    SafeMessage::new(id, envelope(1), headers, text, notices, language, profile).unwrap()
}

fn envelope(count: usize) -> Envelope {
    let to = (0..count).map(|n| format!("user{n}@city.example").parse().unwrap()).collect();
    Envelope::new(None, to).unwrap()
}

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
    let notices = vec![Notice::Removed(part), Notice::More(2)];
    for (language, words) in [
        (
            Language::Ja,
            ["1. 見積書.pdf（1.2 KB、application/pdf）\n", "添付ファイルはお届けしていません", "原本", "管理番号: "],
        ),
        (
            Language::En,
            ["1. 見積書.pdf (1.2 KB, application/pdf)\n", "Attachments are not delivered", "original", "id: "],
        ),
    ] {
        let reading = check(&build(9, headers.clone(), SafeText::default(), notices.clone(), language));
        let digest = Sha256::of(b"x").to_string();
        for word in words.into_iter().chain([digest.as_str(), "text-only"]) {
            assert!(reading.notice.as_str().contains(word), "{word}\n{}", reading.notice);
        }
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
