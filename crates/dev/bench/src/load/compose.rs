//! Japanese mails of every kind that an office gets, made in code.
//!
//! Names, addresses and texts are invented; domains are those of RFC 2606.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use encoding_rs::ISO_2022_JP;

use super::profile::{BOUNCE, DOCUMENT, HTML, TEXT, size};
use crate::documents;
use crate::mails::{Mail, Noise, base64_lines, page, quoted_printable, word};

/// A kind of mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Plain text in ISO-2022-JP.
    Jis,
    /// Plain text in UTF-8.
    Utf8,
    /// Plain text with the mail that it answers, quoted.
    Reply,
    /// A newsletter: text and HTML.
    Newsletter,
    /// A text with a PDF.
    Pdf,
    /// A text with a Word document.
    Office,
    /// A text with a ZIP archive.
    Zip,
    /// A text with a photograph.
    Jpeg,
    /// An invitation to a meeting (RFC 5545, RFC 6047).
    Invitation,
    /// A delivery status notification (RFC 3464).
    Bounce,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Jis,
        Self::Utf8,
        Self::Reply,
        Self::Newsletter,
        Self::Pdf,
        Self::Office,
        Self::Zip,
        Self::Jpeg,
        Self::Invitation,
        Self::Bounce,
    ];
}

const SENTENCES: [&str; 10] = [
    "いつもお世話になっております。",
    "先日ご連絡いたしました件につきまして、下記のとおりご回答申し上げます。",
    "会議は第2会議室で午後1時30分から行いますので、ご出席をお願いいたします。",
    "お忙しいところ恐れ入りますが、今週金曜日までにご提出くださいますようお願いいたします。",
    "申請書の様式が一部変更になりましたので、ご確認ください。",
    "ご不明な点がございましたら、担当までお問い合わせください。",
    "住民説明会の開催日程が決まりましたのでお知らせします。",
    "予算要求に関する資料を取りまとめましたので、ご査収ください。",
    "なお、本件は各課へ転送のうえ周知をお願いいたします。",
    "以上、よろしくお願いいたします。",
];

const SUBJECTS: [&str; 6] = [
    "会議資料の送付について",
    "【照会】補助金の申請状況について",
    "住民説明会の日程(案)",
    "様式変更のお知らせ",
    "見積書の送付",
    "防災訓練の実施について",
];

const PEOPLE: [(&str, &str); 5] = [
    ("山田太郎", "yamada"),
    ("佐藤花子", "sato"),
    ("県庁市町村課", "shichoson"),
    ("株式会社サンプル 営業部", "eigyo"),
    ("髙橋一郎", "takahashi"),
];

/// A mail of that kind; its size is drawn too.
pub(super) fn mail(kind: Kind, noise: &mut Noise) -> Mail {
    let octets = match kind {
        Kind::Jis => jis(noise),
        Kind::Utf8 => utf8(text(size(TEXT, noise), noise), "", noise),
        Kind::Reply => reply(noise),
        Kind::Newsletter => newsletter(noise),
        Kind::Pdf => with_file("application/pdf", "会議資料.pdf", documents::pdf, noise),
        Kind::Office => with_file(
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "申請書(様式第1号).docx",
            documents::docx,
            noise,
        ),
        Kind::Zip => with_file("application/zip", "図面一式.zip", documents::archive, noise),
        Kind::Jpeg => with_file("image/jpeg", "現場写真①.jpg", documents::jpeg, noise),
        Kind::Invitation => invitation(noise),
        Kind::Bounce => bounce(noise),
    };
    Mail::new(format!("{kind:?}").to_lowercase(), octets)
}

fn header(subject: &str, noise: &mut Noise) -> String {
    let (name, local) = one(&PEOPLE, noise);
    let (minute, id) = (noise.below(60), noise.next());
    let day = 2 + noise.below(5);
    let weekday = ["Mon", "Tue", "Wed", "Thu", "Fri"][day as usize - 2];
    format!(
        "Received: from mail.internet.example (mail.internet.example [192.0.2.10])\r\n\
         \tby mx.internet.example with ESMTPS id {id:08X}; {weekday}, {day} Mar 2026 10:{minute:02}:30 +0900 (JST)\r\n\
         Message-ID: <{id:08x}.{minute}@internet.example>\r\n\
         Date: {weekday}, {day:02} Mar 2026 10:{minute:02}:30 +0900\r\n\
         From: {} <{local}@internet.example>\r\n\
         To: {} <soumu@bench.example>\r\n\
         Subject: {}\r\n\
         MIME-Version: 1.0\r\n",
        word(name),
        word("総務課"),
        word(subject),
    )
}

/// At least `octets` of UTF-8 in lines as people write them.
fn text(octets: usize, noise: &mut Noise) -> String {
    let mut text = String::with_capacity(octets + 256);
    while text.len() < octets {
        text.push_str(one(&SENTENCES, noise));
        if noise.below(3) == 0 {
            text.push('\n');
        }
        text.push('\n');
    }
    text + "\n--\n〇〇市役所 総務課\n電話 00-0000-0000\n"
}

fn jis(noise: &mut Noise) -> Vec<u8> {
    let mut mail = header(one(&SUBJECTS, noise), noise).into_bytes();
    mail.extend_from_slice(b"Content-Type: text/plain; charset=ISO-2022-JP\r\nContent-Transfer-Encoding: 7bit\r\n\r\n");
    // Two octets a kanji, three in UTF-8.
    let text = text(size(TEXT, noise) * 3 / 2, noise).replace('\n', "\r\n");
    mail.extend_from_slice(&ISO_2022_JP.encode(&text).0);
    mail
}

fn utf8(text: String, subject: &str, noise: &mut Noise) -> Vec<u8> {
    let subject = if subject.is_empty() { one(&SUBJECTS, noise) } else { subject };
    let head = header(subject, noise);
    format!(
        "{head}Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        base64_lines(text.as_bytes())
    )
    .into_bytes()
}

/// Half of it is new, half is quoted, and what that quoted in turn.
fn reply(noise: &mut Noise) -> Vec<u8> {
    let octets = size(TEXT, noise);
    let mut text_of_reply = text(octets / 2, noise);
    text_of_reply.push_str("\n2026年3月2日(月) 10:15 山田太郎 <yamada@internet.example>:\n");
    let quoted = text(octets / 2, noise);
    for (at, line) in quoted.lines().enumerate() {
        let mark = if at * 3 > quoted.lines().count() * 2 { "> > " } else { "> " };
        text_of_reply.push_str(mark);
        text_of_reply.push_str(line);
        text_of_reply.push('\n');
    }
    let subject = format!("Re: {}", one(&SUBJECTS, noise));
    utf8(text_of_reply, &subject, noise)
}

fn newsletter(noise: &mut Noise) -> Vec<u8> {
    let html = size(HTML, noise);
    let head = header("【メールマガジン】今月の新着情報", noise);
    let body = alternative(&text(html / 8, noise), &page(html));
    format!(
        "{head}List-Id: <news.internet.example>\r\nContent-Type: multipart/alternative; boundary=\"b1\"\r\n\r\n{body}"
    )
    .into_bytes()
}

fn alternative(plain: &str, html: &str) -> String {
    format!(
        "--b1\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\
         --b1\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}\
         --b1--\r\n",
        base64_lines(plain.as_bytes()),
        quoted_printable(html)
    )
}

/// A short text and a file of a drawn size.
fn with_file(kind: &str, name: &str, make: fn(usize, &mut Noise) -> Vec<u8>, noise: &mut Noise) -> Vec<u8> {
    let content = make(size(DOCUMENT, noise), noise);
    let name = format!("=?UTF-8?B?{}?=", BASE64_STANDARD.encode(name));
    let head = header(one(&SUBJECTS, noise), noise);
    let text = base64_lines(text(600, noise).as_bytes());
    format!(
        "{head}Content-Type: multipart/mixed; boundary=\"m1\"\r\n\r\n\
         --m1\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{text}\
         --m1\r\nContent-Type: {kind};\r\n name=\"{name}\"\r\n\
         Content-Disposition: attachment;\r\n filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}--m1--\r\n",
        base64_lines(&content)
    )
    .into_bytes()
}

fn invitation(noise: &mut Noise) -> Vec<u8> {
    let (id, hour) = (noise.next(), 9 + noise.below(8));
    let event = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Calendar//JA\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n\
         UID:{id:08x}@internet.example\r\nDTSTAMP:20260302T011530Z\r\n\
         DTSTART;TZID=Asia/Tokyo:20260310T{hour:02}0000\r\nDTEND;TZID=Asia/Tokyo:20260310T{:02}0000\r\n\
         SUMMARY:定例会議\r\nLOCATION:第2会議室\r\n\
         ORGANIZER;CN=山田太郎:mailto:yamada@internet.example\r\n\
         ATTENDEE;RSVP=TRUE:mailto:soumu@bench.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        hour + 1
    );
    let head = header("定例会議のご案内", noise);
    let text = base64_lines(text(400, noise).as_bytes());
    format!(
        "{head}Content-Type: multipart/alternative; boundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{text}\
         --b1\r\nContent-Type: text/calendar; charset=UTF-8; method=REQUEST\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\
         --b1--\r\n",
        base64_lines(event.as_bytes())
    )
    .into_bytes()
}

fn bounce(noise: &mut Noise) -> Vec<u8> {
    let id = noise.next();
    let mut words = String::new();
    let octets = size(BOUNCE, noise);
    while words.len() < octets {
        let _ = write!(
            words,
            "<user{}@other.example>: host mx.other.example said:\r\n    550 5.1.1 User unknown\r\n",
            noise.below(999)
        );
    }
    let head = header("Undelivered Mail Returned to Sender", noise);
    format!(
        "{head}Auto-Submitted: auto-replied\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"r1\"\r\n\r\n\
         --r1\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
         This is the mail system at host mx.internet.example.\r\n\r\n{words}\r\n\
         --r1\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.internet.example\r\n\r\n\
         Final-Recipient: rfc822; user@other.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n\
         --r1\r\nContent-Type: text/rfc822-headers\r\n\r\n\
         Message-ID: <{id:08x}@bench.example>\r\nFrom: <soumu@bench.example>\r\nTo: <user@other.example>\r\n\r\n\
         --r1--\r\n"
    )
    .into_bytes()
}

fn one<T: Copy>(of: &[T], noise: &mut Noise) -> T {
    // Fewer than 2^32 stand in any list here.
    of[noise.below(u32::try_from(of.len()).unwrap_or(1)) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_one_of_smtp() {
        let mut noise = Noise::new(3);
        for kind in Kind::ALL.into_iter().cycle().take(40) {
            let mail = mail(kind, &mut noise);
            assert!(mail.octets().ends_with(b"\r\n"), "{kind:?}");
            for line in mail.octets().split_inclusive(|octet| *octet == b'\n') {
                let content = line.strip_suffix(b"\r\n").unwrap_or(b"\r");
                assert!(content.len() <= 998 && !content.contains(&b'\r') && content.is_ascii(), "{kind:?}");
            }
        }
    }
}
