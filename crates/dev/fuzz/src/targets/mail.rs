//! The doors for whole mails and texts.

use sekisho_safe_message::{SafeLine, SafeName, SafeText, Untrusted};
use sekisho_verify::{read_with, verify_with};

use super::pass::pass;
use super::{Target, Verdict, must, own_job, way};

/// The sanitizer.
pub(super) const MIME: Target = Target {
    name: "mime",
    about: "every mail is held, or becomes a message that crosses the border unchanged and that verify accepts",
    words: &[
        b"Content-Type: multipart/mixed; boundary=x\r\n",
        b"Content-Type: multipart/alternative; boundary=\"x\"\r\n\r\n--x\r\n",
        b"Content-Type: text/html; charset=iso-2022-jp\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Disposition: attachment; filename*0*=utf-8''%e3%81\r\n",
        b"--x\r\n",
        b"--x--\r\n",
        b"\r\n\r\n",
        b"From: ",
        b"Subject: =?utf-8?B?44GC?= =?iso-2022-jp?Q?=1B$B?=\r\n",
        b"\x1b$B",
        b"\x1b(B",
        b"<table><tr><td>",
        b"<div style=\"display:none\">",
        b"<a href=\"http://x.example/\">",
        b"&#x202e;",
        b"begin 644 x\r\n",
        b"\xe2\x80\xae",
    ],
    run: mime,
};

fn mime(input: &[u8]) -> Verdict {
    Ok(pass(input)?.way(()))
}

/// The second reading.
pub(super) const VERIFY: Target = Target {
    name: "verify",
    about: "what verify accepts is one mail of the grammar: 7-bit, CRLF, short lines, one From, safe text",
    words: &[
        b"From: ",
        b"Bcc: x@y\r\n",
        b"Content-Type: text/html; charset=utf-8\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"=?UTF-8?B?44GC?=",
        b"\r\n ",
        b"=3D",
        b"=\r\n",
        b"=E2=80=AE",
        b"---------- Sekisho ----------",
        b"\r\n\r\n",
    ],
    run: second_reading,
};

fn second_reading(input: &[u8]) -> Verdict {
    let reading = match read_with(Untrusted::new(input), &mut sekisho_verifier::check) {
        Ok(reading) => reading,
        Err(violation) => return Ok(way(format!("{:?}", violation.rule))),
    };
    must(input.iter().all(|b| matches!(b, b' '..=b'~' | b'\r' | b'\n')), "octets beyond printable ASCII")?;
    must(input.ends_with(b"\r\n"), "an open last line")?;
    let lines: Vec<&[u8]> = input.split(|b| *b == b'\n').collect();
    let head = lines.split(|line| *line == b"\r").next().unwrap_or_default();
    must(
        lines[..lines.len() - 1].iter().all(|line| line.ends_with(b"\r") && !line[..line.len() - 1].contains(&b'\r')),
        "line ends",
    )?;
    must(
        lines.iter().all(|line| line.len() <= 999 && !line.starts_with(b".") && !line.starts_with(b"From ")),
        "a line that is no safe line",
    )?;
    must(head.iter().filter(|line| line.starts_with(b"From:")).count() == 1, "not one From")?;
    for text in [&reading.text, &reading.notice] {
        must(SafeText::parse(text.as_str().to_owned()).is_ok(), "text that is not safe")?;
    }
    let envelope = own_job(0).envelope;
    let verified = verify_with(input.to_vec(), envelope, &mut sekisho_verifier::check)
        .map_err(|err| format!("read and verify differ: {err}"))?;
    must(verified.bytes() == input && verified.id() == reading.id, "the verified mail is another")?;
    Ok(way((
        reading.to.len().min(3),
        reading.cc.len().min(3),
        reading.auto_submitted.is_some(),
        reading.subject.is_empty(),
    )))
}

/// Texts.
pub(super) const TEXT: Target = Target {
    name: "text",
    about: "what is cleaned is safe, and cleaning it again changes nothing; what is safe survives cleaning",
    words: &[
        b"begin 644 x",
        b"begin-base64 644 x",
        b"=ybegin line=1",
        b"(This file must be converted with BinHex",
        b"\r\n",
        b"\xe2\x80\xae",
        b"\xe2\x80\xa8",
        b"\xc2\x85",
        b"\xef\xbb\xbf",
        b"\xf3\xa0\x81\x81",
        b"..",
        b"/",
        b".exe",
    ],
    run: text,
};

fn text(input: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(input).into_owned();
    let cleaned = SafeText::clean(&text);
    let again = SafeText::clean(cleaned.value.as_str());
    must(
        SafeText::parse(cleaned.value.as_str().to_owned()).as_ref() == Ok(&cleaned.value),
        "cleaned text is not safe",
    )?;
    must(again.value == cleaned.value && again.changed == 0, "cleaning text twice changes it")?;
    if let Ok(safe) = SafeText::parse(text.clone()) {
        must(cleaned.value == safe && cleaned.changed == 0, "cleaning changes safe text")?;
    }
    let line = SafeLine::clean(&text).value;
    must(SafeLine::parse(line.as_str().to_owned()).as_ref() == Ok(&line), "a cleaned line is not safe")?;
    must(SafeLine::clean(line.as_str()).value == line, "cleaning a line twice changes it")?;
    let name = SafeName::clean(&text).map(|name| name.value);
    if let Some(name) = &name {
        must(SafeName::parse(name.as_str().to_owned()).as_ref() == Ok(name), "a cleaned name is not safe")?;
        must(
            SafeName::clean(name.as_str()).is_some_and(|again| again.value == *name),
            "cleaning a name twice changes it",
        )?;
    }
    Ok(way((
        cleaned.changed.min(4),
        cleaned.cut,
        line.is_empty(),
        name.is_none(),
        SafeText::parse(text).err().map(|e| e.to_string()),
    )))
}
