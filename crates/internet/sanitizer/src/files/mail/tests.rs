//! Mails of every format, made by hand.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::io::{Cursor, Write};
use std::path::Path;

use sekisho_disarm::{Bounds, Budget, Refusal};
use sekisho_policy::Kind;
use sekisho_safe_message::{Removal, Untrusted};

use super::{MailFile, open};

fn opened(kind: Kind, octets: &[u8]) -> Result<MailFile, Refusal> {
    open(kind, Untrusted::new(octets), &mut Budget::new(Bounds::default()))
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A moment as Outlook has it: 2026-11-24 01:00 in UTC.
fn moment() -> [u8; 8] {
    ((1_795_482_000_u64 + 11_644_473_600) * 10_000_000).to_le_bytes()
}

/// Property streams of a storage, by tag.
type Streams<'a> = &'a [(&'a str, Vec<u8>)];

struct Outlook(cfb::CompoundFile<Cursor<Vec<u8>>>);

impl Outlook {
    fn new() -> Self {
        Self(cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap())
    }

    fn stream(&mut self, path: &Path, octets: &[u8]) {
        self.0.create_stream(path).unwrap().write_all(octets).unwrap();
    }

    /// A storage with properties of fixed size behind a header, and others.
    fn storage(&mut self, path: &str, header: usize, fixed: &[(u32, [u8; 8])], streams: Streams<'_>) {
        if path != "/" {
            self.0.create_storage(path).unwrap();
        }
        let mut octets = vec![0; header];
        for (tag, value) in fixed {
            octets.extend([&tag.to_le_bytes()[..], &[0; 4], value].concat());
        }
        self.stream(&Path::new(path).join("__properties_version1.0"), &octets);
        for (tag, value) in streams {
            self.stream(&Path::new(path).join(format!("__substg1.0_{tag}")), value);
        }
    }

    fn octets(self) -> Vec<u8> {
        self.0.into_inner().into_inner()
    }
}

fn small(number: u32) -> [u8; 8] {
    u64::from(number).to_le_bytes()
}

fn outlook() -> Outlook {
    let mut file = Outlook::new();
    let body = ("1000001F", wide("明日の会議です。"));
    let streams =
        [("0037001F", wide("会議")), ("0C1A001F", wide("山田")), ("5D01001F", wide("yamada@example.jp")), body];
    file.storage("/", 32, &[(0x0039_0040, moment())], &streams);
    let one = [("3001001F", wide("佐藤")), ("39FE001F", wide("sato@example.jp"))];
    file.storage("/__recip_version1.0_#00000000", 8, &[(0x0c15_0003, small(1))], &one);
    file
}

#[test]
fn outlook_message() {
    let mut file = outlook();
    let data = [("37010102", b"%PDF".to_vec()), ("3707001F", wide("資料.pdf")), ("370E001F", wide("Application/PDF"))];
    file.storage("/__attach_version1.0_#00000000", 8, &[(0x3705_0003, small(1))], &data);
    file.storage("/__attach_version1.0_#00000001", 8, &[(0x3705_0003, small(7))], &[]);
    file.storage("/__attach_version1.0_#00000002", 8, &[(0x3705_0003, small(6))], &[]);
    file.0.create_storage("/__attach_version1.0_#00000002/__substg1.0_3701000D").unwrap();
    file.storage("/__attach_version1.0_#00000003", 8, &[(0x3705_0003, small(5))], &[]);
    let inside = [("0037001E", b"Fr\xf6sche\0".to_vec()), ("1000001E", b"quak\0".to_vec())];
    file.storage("/__attach_version1.0_#00000003/__substg1.0_3701000D", 24, &[(0x3ffd_0003, small(1252))], &inside);
    let mail = opened(Kind::Msg, &file.octets()).unwrap();
    let text = "【添付されたメール】\n差出人：山田 <yamada@example.jp>\n宛先　：佐藤 <sato@example.jp>\n件名　：会議\n\
                日時　：2026年11月24日(火) 10:00\n\n明日の会議です。\n\n[Mail inside]\nSubject: Frösche\n\nquak\n\
                [End of the mail inside]\n【添付されたメール ここまで】\n";
    assert_eq!(mail.text, text);
    assert_eq!(mail.files, [("資料.pdf".to_owned(), "application/pdf".to_owned(), b"%PDF".to_vec())]);
    assert_eq!(mail.removed, [Removal::EmbeddedFile, Removal::ExternalReference].into());
}

#[test]
fn bodies_of_outlook() {
    let rtf = b"{\\rtf1\\ansi\\fromhtml1{\\*\\htmltag64 <p>}hello{\\*\\htmltag72 </p>}}";
    let size = u32::try_from(rtf.len()).unwrap().to_le_bytes();
    let packed = [&[0; 4], &size[..], b"MELA", &[0; 4], rtf].concat();
    for (tag, value, page, text) in [
        ("1000001E", b"\x96\xbe\x93\xfa\0".to_vec(), 932, "明日"),
        ("10130102", b"<p>\x96\xbe\x93\xfa</p>".to_vec(), 932, "明日"),
        ("10130102", "<p>明日</p>".as_bytes().to_vec(), 65_001, "明日"),
        ("10090102", packed, 1252, "hello"),
    ] {
        let mut file = Outlook::new();
        file.storage("/", 32, &[(0x3fde_0003, small(page))], &[(tag, value)]);
        assert_eq!(opened(Kind::Msg, &file.octets()).unwrap().text.trim(), text, "{tag}");
    }
}

#[test]
fn appointments_of_outlook() {
    let mut file = Outlook::new();
    let moments = [(0x8000_0040, moment()), (0x8001_0040, moment())];
    file.storage("/", 32, &moments, &[("8002001F", wide("第一会議室")), ("0037001F", wide("会議"))]);
    file.0.create_storage("/__nameid_version1.0").unwrap();
    let sets = b"\x02\x20\x06\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    file.stream(Path::new("/__nameid_version1.0/__substg1.0_00020102"), sets);
    let entry = |id: u32, index: u8| [&id.to_le_bytes()[..], &[6, 0, index, 0]].concat();
    let entries = [entry(0x820d, 0), entry(0x820e, 1), entry(0x8208, 2)].concat();
    file.stream(Path::new("/__nameid_version1.0/__substg1.0_00030102"), &entries);
    let text = opened(Kind::Msg, &file.octets()).unwrap().text;
    for line in
        ["件名：会議\n", "開始：2026年11月24日(火) 10:00\n", "終了：2026年11月24日(火) 10:00\n", "場所：第一会議室\n"]
    {
        assert!(text.contains(line), "{text}");
    }
}

/// Attributes of TNEF: level, id, value.
fn tnef(attributes: &[(u8, u32, Vec<u8>)]) -> Vec<u8> {
    let mut out = b"\x78\x9f\x3e\x22\x01\0".to_vec();
    for (level, id, value) in attributes {
        let size = u32::try_from(value.len()).unwrap().to_le_bytes();
        out.extend([&[*level][..], &id.to_le_bytes(), &size, value, &[0, 0]].concat());
    }
    out
}

/// Properties of TNEF: tag (id and type) and value, variable ones whole.
fn list(properties: &[(u32, &[u8])]) -> Vec<u8> {
    let mut out = u32::try_from(properties.len()).unwrap().to_le_bytes().to_vec();
    for (tag, value) in properties {
        out.extend(tag.to_le_bytes());
        if matches!(tag & 0xffff, 0x1e | 0x1f | 0x102 | 0x0d) {
            out.extend(1_u32.to_le_bytes());
            out.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        }
        out.extend_from_slice(value);
        out.resize(out.len() + (4 - value.len() % 4) % 4, 0);
    }
    out
}

fn winmail() -> Vec<u8> {
    let inside = tnef(&[(1, 0x0001_8004, b"inside\0".to_vec()), (1, 0x0002_800c, b"text\0".to_vec())]);
    let object = [&[0; 16][..], &inside].concat();
    tnef(&[
        (1, 0x0006_9007, vec![0xa4, 3, 0, 0, 0, 0, 0, 0]),
        (1, 0x0001_8004, b"\x89\xef\x8bc\0".to_vec()),
        (1, 0x0006_9003, list(&[(0x1000_001f, &wide("本文です。")), (0x0039_0040, &moment())])),
        (2, 0x0006_9002, vec![0; 14]),
        (2, 0x0001_8010, b"\x8e\x91\x97\xbf.doc\0".to_vec()),
        (2, 0x0006_800f, b"\xd0\xcf".to_vec()),
        (2, 0x0006_9002, vec![0; 14]),
        (2, 0x0006_9005, list(&[(0x3701_000d, &object)])),
        (2, 0x0006_9002, vec![0; 14]),
        (2, 0x0006_9005, list(&[(0x3701_000d, &[1; 20])])),
    ])
}

#[test]
fn winmail_dat() {
    let mail = opened(Kind::Tnef, &winmail()).unwrap();
    let text = "【添付されたメール】\n件名：会議\n日時：2026年11月24日(火) 10:00\n\n本文です。\n\n\
                [Mail inside]\nSubject: inside\n\ntext\n[End of the mail inside]\n【添付されたメール ここまで】\n";
    assert_eq!(mail.text, text);
    assert_eq!(mail.files, [("資料.doc".to_owned(), String::new(), b"\xd0\xcf".to_vec())]);
    assert_eq!(mail.removed, [Removal::EmbeddedFile].into());
}

#[test]
fn tnef_that_is_none() {
    let whole = winmail();
    assert_eq!(opened(Kind::Tnef, b"nope").unwrap_err(), Refusal::Malformed);
    assert_eq!(opened(Kind::Tnef, &whole[..20]).unwrap_err(), Refusal::Malformed);
    let lie = tnef(&[(1, 0x0006_9003, b"\xff\xff\xff\xff".to_vec())]);
    assert_eq!(opened(Kind::Tnef, &lie).unwrap_err(), Refusal::Malformed);
    // A mail in a mail in a mail, without end.
    let mut deep = tnef(&[]);
    for _ in 0..8 {
        let object = [&[0; 16][..], &deep].concat();
        deep = tnef(&[(2, 0x0006_9002, vec![0; 14]), (2, 0x0006_9005, list(&[(0x3701_000d, &object)]))]);
    }
    assert_eq!(opened(Kind::Tnef, &deep).unwrap_err(), Refusal::TooLarge);
}

const MAIL: &str = "From: =?utf-8?B?5bGx55Sw?= <yamada@example.jp>\r\nTo: sato@example.jp\r\nSubject: x\r\n\
    Date: Tue, 24 Nov 2026 10:00:00 +0900\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain\r\n\r\nplain\r\n\
    --c\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--c--\r\n\
    --b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n\
    --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: b@example.jp\r\nSubject: inner\r\n\r\ninner text\r\n--b--\r\n";

#[test]
fn mail_file() {
    for mail in [MAIL.to_owned(), MAIL.replace("\r\n", "\n")] {
        let opened = opened(Kind::Mail, mail.as_bytes()).unwrap();
        let text = "【添付されたメール】\n差出人：山田 <yamada@example.jp>\n宛先　：sato@example.jp\n件名　：x\n\
                    日時　：2026年11月24日(火) 10:00\n\nplain\n\n[Mail inside]\nFrom:    b@example.jp\nSubject: inner\n\n\
                    inner text\n[End of the mail inside]\n【添付されたメール ここまで】\n";
        assert_eq!(opened.text, text);
        assert_eq!(opened.files, [("a.pdf".to_owned(), "application/pdf".to_owned(), b"%PDF".to_vec())]);
        assert!(opened.removed.is_empty());
    }
    let broken = MAIL.replace("JVBERg==", "JVB!Rg=x");
    let kept = opened(Kind::Mail, broken.as_bytes()).unwrap();
    assert_eq!((kept.files.len(), kept.removed), (0, [Removal::EmbeddedFile].into()));
    let partial = "From: a@b.jp\r\nContent-Type: message/partial; id=x\r\n\r\nx";
    assert_eq!(opened(Kind::Mail, partial.as_bytes()).unwrap_err(), Refusal::Ambiguous);
}

#[test]
fn mailbox() {
    let mail = "From a@b Mon Jun 01 10:00:00 2009\nFrom: a@example.jp\nSubject: one\n\n>From here\n\n";
    let both = opened(Kind::Mbox, [mail, mail].concat().as_bytes()).unwrap();
    assert_eq!((both.text.matches("Subject: one").count(), both.text.matches("\nFrom here\n").count()), (2, 2));
    let bad = "From a@b Mon Jun 01 10:00:00 2009\nFrom: a@example.jp\nContent-Type: message/partial; id=x\n\nx\n\n";
    let one = opened(Kind::Mbox, [mail, bad].concat().as_bytes()).unwrap();
    assert!(one.text.contains("(One mail could not be read safely"), "{}", one.text);
    let japanese = opened(Kind::Mbox, [mail.replace("one", "会議").as_str(), bad].concat().as_bytes()).unwrap();
    assert!(japanese.text.contains("（安全に読み取れないメールが1通"), "{}", japanese.text);
    assert_eq!(one.removed, [Removal::EmbeddedFile].into());
    assert_eq!(opened(Kind::Mbox, bad.as_bytes()).unwrap_err(), Refusal::Malformed);
    assert_eq!(opened(Kind::Mbox, mail.repeat(501).as_bytes()).unwrap_err(), Refusal::TooLarge);
}

fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let size = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, size[0], size[1]], value].concat()
}

/// What a signature wraps, without the signature.
fn signed(content: &[u8]) -> Vec<u8> {
    let data = [&b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"[..], &der(0xa0, &der(0x04, content))].concat();
    let inside = [&b"\x02\x01\x01\x31\x00"[..], &der(0x30, &data), b"\x31\x00"].concat();
    der(0x30, &[&b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"[..], &der(0xa0, &der(0x30, &inside))].concat())
}

#[test]
fn signed_mail() {
    let mail = opened(Kind::Smime, &signed(b"Content-Type: text/plain\r\n\r\nhello\r\n")).unwrap();
    assert_eq!((mail.text.as_str(), mail.removed), ("hello\n", [Removal::Signature].into()));
    let file = opened(Kind::Smime, &signed(b"<?xml version=\"1.0\"?>")).unwrap();
    assert_eq!(file.files.len(), 1);
    let armoured = "-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n";
    assert_eq!(opened(Kind::Smime, armoured.as_bytes()).unwrap_err(), Refusal::Unsupported);
    let enveloped = der(0x30, b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03\xa0\x00");
    assert_eq!(opened(Kind::Smime, &enveloped).unwrap_err(), Refusal::Encrypted);
    assert_eq!(opened(Kind::Pdf, b"%PDF").unwrap_err(), Refusal::Unsupported);
}

/// Good files cut and turned by chance that is always the same: text and
/// files, or a refusal.
#[test]
fn any_octets_are_a_mail_or_refused() {
    let seeds = [
        (Kind::Msg, outlook().octets()),
        (Kind::Tnef, winmail()),
        (Kind::Mail, MAIL.as_bytes().to_vec()),
        (Kind::Mbox, format!("From a@b Mon Jun 01 10:00:00 2009\n{MAIL}").into_bytes()),
        (Kind::Smime, signed(MAIL.as_bytes())),
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut chance = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below.max(1) as u64).unwrap()
    };
    for round in 0..4_000 {
        let (kind, mut octets) = seeds[round % seeds.len()].clone();
        if chance(4) == 0 {
            octets.truncate(chance(octets.len()));
        }
        for _ in 0..chance(8) {
            let at = chance(octets.len());
            if let Some(octet) = octets.get_mut(at) {
                *octet = u8::try_from(chance(256)).unwrap();
            }
        }
        if let Ok(mail) = opened(kind, &octets) {
            assert!(mail.text.len() < 1 << 20);
        }
    }
}
