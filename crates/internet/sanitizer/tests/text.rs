//! What a reader gets of honest mail.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use common::delivered;
use sekisho_job::{Action, Anomaly, BodySource};
use sekisho_safe_message::{AutoSubmitted, Language, Mailbox, Notice, RemovalReason, Sha256};

#[test]
fn headers_are_rebuilt() {
    let (message, _) = delivered(
        "Received: x\nFrom: =?iso-2022-jp?B?GyRCNFg9ahsoQg==?= <A@Example.JP>\nTo: b@c, \"D, E\" <d@e>, junk\n\
         Cc: G: f@g;\nReply-To: r@s\nSubject: =?utf-8?B?6Zai?=\n =?utf-8?B?5omA?=\nDate: Tue, 24 Nov 2026 09:05:00 +0900\n\
         Message-ID: <1@x>\nIn-Reply-To: <0@x>\nReferences: <a@x> <b@x>\nAuto-Submitted: auto-replied; x=y\n\
         List-Id: Our list <l.example.jp>\nX-Spam: no\nAuthentication-Results: forged\n\ntext\n",
    );
    let headers = message.headers();
    assert_eq!(headers.from.name.as_ref().unwrap().as_str(), "関所");
    assert_eq!(headers.from.address.to_string(), "A@example.jp");
    assert_eq!(headers.to.len(), 2);
    assert_eq!(headers.to[1].name.as_ref().unwrap().as_str(), "D, E");
    assert_eq!(headers.cc[0].address.to_string(), "f@g");
    assert_eq!(headers.reply_to[0].address.to_string(), "r@s");
    assert_eq!(headers.subject.as_str(), "関所");
    assert_eq!(headers.date.rfc3339(), "2026-11-24T09:05:00+09:00");
    assert_eq!(headers.message_id.as_ref().unwrap().as_str(), "1@x");
    assert_eq!(headers.in_reply_to[0].as_str(), "0@x");
    assert_eq!(headers.references.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["a@x", "b@x"]);
    assert_eq!(headers.auto_submitted, Some(AutoSubmitted::Replied));
    assert_eq!(String::from(headers.list_id.clone().unwrap()), "l.example.jp");
}

#[test]
fn charsets_and_encodings() {
    for (header, body, text) in [
        ("charset=iso-2022-jp", &b"\x1b$B4X=j\x1b(B"[..], "関所\n"),
        ("charset=Shift_JIS", b"\x8a\xd6\x8f\x8a", "関所\n"),
        ("charset=euc-jp", b"\xb4\xd8\xbd\xea", "関所\n"),
        ("charset=utf-8\nContent-Transfer-Encoding: base64", b"6Zai5omA", "関所\n"),
        ("charset=utf-8\nContent-Transfer-Encoding: quoted-printable", b"=E9=96=A2=\n=E6=89=80", "関所\n"),
        ("charset=iso-2022-jp", b"\x1b(I6@7\x1b(B", "ｶﾀｷ\n"),
        ("charset=x-none", b"abc", "abc\n"),
        ("charset=iso-2022-jp", b"\x8a\xd6\x8f\x8a", "関所\n"),
        ("charset=iso-2022-jp", b"\xe9\x96\xa2\xe6\x89\x80", "関所\n"),
        ("charset=iso-2022-jp\nContent-Transfer-Encoding: quoted-printable", b"=1B$B4X=3Dj=1B(B", "関所\n"),
        ("charset=iso-2022-jp-3", b"\x1b$(Q$w\x1b(B", "か゚\n"),
        ("charset=utf-16\nContent-Transfer-Encoding: base64", b"laJiQA==", "関所\n"),
        ("charset=x-ms-cp932", b"\x87\x40\x87\x8a\xfb\xfc", "①㈱髙\n"),
    ] {
        let head = format!("From: a@b\nContent-Type: text/plain; {header}\n\n");
        assert_eq!(delivered([head.as_bytes(), body, b"\n"].concat()).0.text().as_str(), text, "{header}");
    }
}

#[test]
fn file_names_in_every_form() {
    for (parameter, name) in [
        (&b"filename=\"\x8a\xd6\x8f\x8a.txt\""[..], "関所.txt"),
        // The last octet of this character looks like the mark that escapes.
        (b"filename=\"\x95\\\"", "表"),
        (b"filename=\"\x94\\\x97\xcd\x95\\.xls\"; size=3", "能力表.xls"),
        (b"filename=\"\x1b$B4X=j\x1b(B.txt\"", "関所.txt"),
        (b"filename=\"\xb4\xd8\xbd\xea\xa4\xce.txt\"", "関所の.txt"),
        (b"filename=\"\xe9\x96\xa2\xe6\x89\x80.txt\"", "関所.txt"),
        (b"filename=\"=?iso-2022-jp?B?GyRCNFg9ahsoQg==?=.txt\"", "関所.txt"),
        (b"filename=\"=?cp932?B?h0CHinh4?=\"", "①㈱xx"),
        (b"filename==?utf-8?B?6Zai?=\n =?utf-8?B?5omA?=", "関所"),
        (b"filename*=iso-2022-jp''%1B%24B4X%3Dj%1B%28B.txt", "関所.txt"),
        (b"filename*0*=utf-8''%E9%96%A2%E6;\n filename*1*=%89%80.txt", "関所.txt"),
        // RFC 6266 4.3: of both forms the extended one counts.
        (b"filename=\"?.txt\"; filename*=utf-8''%E9%96%A2.txt", "関.txt"),
        (b"filename=\"\x1b(I6@7\x1b(B.txt\"", "ｶﾀｷ.txt"),
    ] {
        let head = b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n--x\n\
            Content-Type: application/pdf\nContent-Disposition: attachment; ";
        let mail = [head, parameter, b"\n\nx\n--x--\n"].concat();
        let (message, _) = delivered(mail);
        let removed = message.notices().iter().find_map(|notice| match notice {
            Notice::Removed(part) => part.name.as_ref().map(|name| name.as_str().to_owned()),
            _ => None,
        });
        assert_eq!(removed.as_deref(), Some(name), "{parameter:?}");
    }
}

#[test]
fn headers_in_eight_bits() {
    for (octets, subject) in [
        (&b"\x8a\xd6\x8f\x8a"[..], "関所"),
        (b"\xb4\xd8\xbd\xea\xa4\xce", "関所の"),
        (b"\xe9\x96\xa2\xe6\x89\x80", "関所"),
        (b"\x1b$B4X=j\x1b(B", "関所"),
        (b"Re: \x1b$B4X=j\x1b(B =?utf-8?B?6Zai5omA?=", "Re: 関所 関所"),
        (b"caf\xe9", "café"),
    ] {
        let mail = [b"From: \"", octets, b"\" <a@b>\nSubject: ", octets, b"\n\nx\n"].concat();
        let (message, _) = delivered(mail);
        assert_eq!(message.headers().subject.as_str(), subject);
        assert_eq!(message.headers().from.name.as_ref().unwrap().as_str(), subject);
    }
}

#[test]
fn domains_beyond_ascii_can_be_answered() {
    let (message, report) = delivered(
        "From: yamada@例え.jp\nTo: 例 <info@例え.jp>, ø@b.example\nReply-To: <x@例え.JP>\nCc: b@ｃ．example, c@d.example\n\nx\n",
    );
    let headers = message.headers();
    let shown = |mailbox: &Mailbox| (mailbox.name.as_ref().unwrap().to_string(), mailbox.address.to_string());
    assert_eq!(shown(&headers.from), ("yamada@例え.jp".to_owned(), "yamada@xn--r8jz45g.jp".to_owned()));
    assert_eq!(headers.to.len(), 1);
    assert_eq!(shown(&headers.to[0]), ("例".to_owned(), "info@xn--r8jz45g.jp".to_owned()));
    assert_eq!(headers.reply_to[0].address.to_string(), "x@xn--r8jz45g.jp");
    assert_eq!(headers.cc.len(), 1);
    assert_eq!(headers.cc[0].address.to_string(), "c@d.example");
    assert_eq!(message.notices(), []);
    assert!(report.anomalies.contains(&Anomaly::BadAddress));
}

#[test]
fn of_alternatives_one_is_shown() {
    let mail = |first: &str, second: &str| {
        format!(
            "From: a@b\nContent-Type: multipart/alternative; boundary=x\n\n--x\n{first}\n--x\n\
             Content-Type: text/html\n\n{second}\n--x--\n"
        )
    };
    let (message, report) = delivered(mail("\nplain", "<b>html</b>"));
    assert_eq!(message.text().as_str(), "plain\n");
    assert_eq!(message.notices(), [Notice::HtmlTwinLeftOut]);
    assert_eq!(report.parts.iter().map(|p| p.action).collect::<Vec<_>>(), [Action::Open, Action::Body, Action::Twin]);
    let (message, report) = delivered(mail("\n  ", "<b>html</b>"));
    assert_eq!(message.text().as_str(), "html\n");
    assert_eq!(report.body.unwrap().from, BodySource::Html);
}

#[test]
fn twins_that_differ_are_told() {
    let html = "Please pay the invoice of last month to our new bank account today. ".repeat(2);
    let (message, report) = delivered(format!(
        "From: a@b\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\nHi, see you on Sunday\n--x\n\
         Content-Type: text/html\n\n<p>{html}\n--x--\n"
    ));
    assert_eq!(message.text().as_str(), "Hi, see you on Sunday\n");
    assert_eq!(message.notices(), [Notice::HtmlTwinLeftOut, Notice::TwinsDiffer]);
    assert!(report.anomalies.contains(&Anomaly::TwinsDiffer));
}

#[test]
fn flowed_text_is_joined() {
    let flowed = "From: a@b\nContent-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\n\n関 \n所\n";
    assert_eq!(delivered(flowed).0.text().as_str(), "関所\n");
}

#[test]
fn mixed_texts_follow_each_other() {
    let (message, _) = delivered(
        "From: a@b\nContent-Type: multipart/mixed; boundary=x\n\npre\n--x\n\none\n\n--x\nContent-Type: text/html\n\n\
         <p>two\n--x\nContent-Type: text/plain; name=n.txt\n\nfile\n--x--\nfooter\n",
    );
    assert_eq!(message.text().as_str(), "one\n\ntwo\n");
}

#[test]
fn files_are_named_not_carried() {
    let (message, report) = delivered(
        "From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n--x\n\
         Content-Type: application/pdf; name=\"=?utf-8?B?6Zai5omALnBkZg==?=\"\nContent-Transfer-Encoding: base64\n\n\
         QUJD\n--x\nContent-Type: application/x-unknown\n\nsecret\n--x\n\
         Content-Type: image/png\nContent-Disposition: attachment; filename=\"a.png\"; filename*=utf-8''a.exe\n\nx\n--x--\n",
    );
    assert_eq!(message.text().as_str(), "text\n");
    let removed = message.notices().iter().map(|notice| match notice {
        Notice::Removed(part) => (part.name.as_ref().map(|n| n.as_str()), part.declared.as_str(), part.reason),
        other => unreachable!("{other:?}"),
    });
    let removed = removed.collect::<Vec<_>>();
    assert_eq!(
        removed,
        [
            (Some("関所.pdf"), "application/pdf", RemovalReason::Attachment),
            (None, "application/x-unknown", RemovalReason::Attachment),
            (Some("a.exe"), "image/png", RemovalReason::Program),
        ]
    );
    assert_eq!(report.parts[2].sha256, Some(Sha256::of(b"ABC")));
    assert_eq!((report.parts[2].size, report.parts[2].path.to_string()), (3, "2".to_owned()));
}

#[test]
fn the_language_is_the_mails() {
    let language =
        |subject: &str, text: &str| delivered(format!("From: a@b\nSubject: {subject}\n\n{text}\n")).0.language();
    assert_eq!(language("s", "hello"), Language::En);
    assert_eq!(language("s", "こんにちは"), Language::Ja);
    assert_eq!(language("関所", "hello"), Language::Ja);
    assert_eq!(language("s", ""), Language::Ja);
}

#[test]
fn text_is_inert() {
    let (message, report) = delivered("From: a@b\n\nhttp://a.example/\nbegin 644 x.exe\nM\u{202e}x\u{200b}\n");
    assert_eq!(message.text().as_str(), "hxxp://a.example/\n| begin 644 x.exe\nMx\n");
    assert_eq!(message.notices(), [Notice::TextCleaned(3)]);
    assert_eq!(report.anomalies, [Anomaly::FileLikeText, Anomaly::InvisibleText, Anomaly::NoDate]);
}

#[test]
fn nothing_to_show_is_said() {
    for mail in ["From: a@b\n\n", "From: a@b\n", "From: a@b\nContent-Type: image/png\n\nx\n"] {
        let (message, _) = delivered(mail);
        assert_eq!((message.text().as_str(), &message.notices()[0]), ("", &Notice::NoText), "{mail:?}");
    }
}

#[test]
fn the_same_mail_gives_the_same_outcome() {
    let mail = "From: a@b\nContent-Type: text/html\n\n<a href='x'>y</a>\n";
    assert_eq!(common::run(mail), common::run(mail));
}
