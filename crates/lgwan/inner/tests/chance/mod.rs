//! Messages by chance, for the tests of the renderer.
#![allow(dead_code, clippy::unwrap_used, reason = "each suite uses a part; tests may panic")]

use sekisho_safe_message::*;

/// A small generator (splitmix64): the same seed gives the same messages.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> usize {
        usize::try_from(self.next() % bound).unwrap()
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64)]
    }

    /// Words that hurt encoders, to `len` characters or so.
    pub(crate) fn words(&mut self, len: usize) -> String {
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

    pub(crate) fn line(&mut self) -> SafeLine {
        let len = *self.pick(&[0, 1, 10, 38, 39, 40, 60, 61, 80, 300, 1999]);
        SafeLine::clean(&self.words(len)).value
    }

    pub(crate) fn text(&mut self) -> SafeText {
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

    pub(crate) fn address(&mut self) -> Address {
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

    pub(crate) fn mailbox(&mut self) -> Mailbox {
        let name = (self.below(3) > 0).then(|| self.line());
        Mailbox { name, address: self.address() }
    }

    pub(crate) fn mailboxes(&mut self) -> Vec<Mailbox> {
        let count = *self.pick(&[0, 0, 1, 2, 3, 7]);
        (0..count).map(|_| self.mailbox()).collect()
    }

    pub(crate) fn message_id(&mut self) -> MessageId {
        let len = *self.pick(&[1, 20, 60, 120, 245]);
        MessageId::parse(&format!("{}=?$@h", "i".repeat(len))).unwrap()
    }

    pub(crate) fn ids(&mut self) -> Vec<MessageId> {
        let count = *self.pick(&[0, 1, 5, MAX_REFERENCES]);
        (0..count).map(|_| self.message_id()).collect()
    }

    pub(crate) fn notices(&mut self) -> Vec<Notice> {
        let count = *self.pick(&[0, 1, 3, MAX_NOTICES]);
        (0..count).map(|_| self.notice()).collect()
    }

    pub(crate) fn notice(&mut self) -> Notice {
        let reasons = [
            RemovalReason::Attachment,
            RemovalReason::InlineImage,
            RemovalReason::NestedMail,
            RemovalReason::Technical,
            RemovalReason::Ambiguous,
            RemovalReason::Encrypted,
        ];
        match self.below(16) {
            0 => Notice::BodyFromHtml,
            9 => Notice::TwinsDiffer,
            10 => Notice::SenderStandIn(self.line()),
            11 => Notice::Authenticated(Authentication { spf: Some(AuthResult::Fail), ..Authentication::default() }),
            12 => Notice::Signed(*self.pick(&[SignatureKind::OpenPgp, SignatureKind::Smime])),
            13 => Notice::LinksRemoved(2),
            14 => Notice::Original { address: self.address(), token: self.line() },
            15 => Notice::Reviewed,
            8 => Notice::MailsShown(1),
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

    pub(crate) fn headers(&mut self) -> SafeHeaders {
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

    pub(crate) fn message(&mut self) -> SafeMessage {
        let (headers, text, notices) = (self.headers(), self.text(), self.notices());
        let language = *self.pick(&[Language::Ja, Language::En]);
        build(self.next(), headers, text, notices, language)
    }
}

pub(crate) fn build(
    seed: u64,
    headers: SafeHeaders,
    text: SafeText,
    notices: Vec<Notice>,
    language: Language,
) -> SafeMessage {
    let id = MailId::new(seed, [7; 10]);
    let profile = ProfileName::parse("text-only").unwrap();
    SafeMessage::new(id, envelope(1), headers, text, notices, language, profile).unwrap()
}

pub(crate) fn envelope(count: usize) -> Envelope {
    let to = (0..count).map(|n| format!("user{n}@city.example").parse().unwrap()).collect();
    Envelope::new(None, to).unwrap()
}
