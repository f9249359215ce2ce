//! The header: values of the fields that are read, in any order and number.

use sekisho_safe_message::{Mailbox, Notice, SafeMessage};

use super::pass::{Passed, Through, is_trick, pass, power};
use super::{Target, Verdict, must, way};

/// The sanitizer, by its header alone.
pub(super) const HEADER: Target = Target {
    name: "header",
    about: "whatever stands in a field, the output has the fields that its message has, and the sender stood in From",
    words: &[
        b"\xfff",
        b"\xffs",
        b"\xfft",
        b"\xffd",
        b"\xffy",
        b"\xffp",
        b"\xffm",
        b"\xffr",
        b"=?utf-8?B?44GC?=",
        b"=?utf-8?Q?=0D=0ABcc:_x@y?=",
        b"=?iso-2022-jp?B?GyRCJCIbKEI=?=",
        b"=?iso-2022-jp?Q?=1B$B?=",
        b"=?utf-7?Q?+AA0ACg-?=",
        b"=?utf-16be?B?AA0ACg==?=",
        b"=?shift_jis?Q?=83?=",
        b"?= =?",
        b"=E2=80=AE",
        b"\x1b$B$\"\x1b(B",
        b"\x83\x5c",
        b"\xe3\x81\x82",
        b"<admin@bank.example>",
        b"<@evil,@x:admin@bank.example>",
        b"\"admin@bank.example\" ",
        b"(a\\)b(",
        b"group: a@b, c@d;",
        b"\\,",
        b"\xef\xbc\xa0",
        b"@xn--a.example",
        b"\n",
        b"\n ",
        b"; boundary=\"",
        b"; name*0*=utf-8''%e3%81",
        b"; name*1=",
        b"; charset=",
        b"multipart/mixed",
        b"attachment; filename=\"",
        b"Thu, 5 Nov 2026 01:02:03 +0900 (JST)",
    ],
    run: header,
};

/// The letter that names a field in the input.
const FIELDS: [(u8, &str); 14] = [
    (b'f', "From"),
    (b's', "Subject"),
    (b't', "To"),
    (b'c', "Cc"),
    (b'b', "Reply-To"),
    (b'd', "Date"),
    (b'm', "Message-ID"),
    (b'i', "In-Reply-To"),
    (b'r', "References"),
    (b'y', "Content-Type"),
    (b'p', "Content-Disposition"),
    (b'e', "Content-Transfer-Encoding"),
    (b'l', "List-Id"),
    (b'a', "Auto-Submitted"),
];

/// The letter of the field `name`.
pub(crate) fn letter(name: &[u8]) -> Option<u8> {
    FIELDS.iter().find(|(_, known)| known.as_bytes().eq_ignore_ascii_case(name)).map(|(letter, _)| *letter)
}

/// Fields are parted by 0xff, which no charset of mail has; of each the first
/// octet says which. LF is where we fold: what follows goes on in the value.
fn header(input: &[u8]) -> Verdict {
    let fields: Vec<(&str, &[u8])> = input.split(|b| *b == 0xff).filter_map(field).collect();
    let mut mail = Vec::new();
    for (name, value) in &fields {
        mail.extend_from_slice(name.as_bytes());
        mail.extend_from_slice(b": ");
        value.iter().for_each(|b| match b {
            b'\n' => mail.extend_from_slice(b"\r\n "),
            other => mail.push(*other),
        });
        mail.extend_from_slice(b"\r\n");
    }
    if !fields.iter().any(|(name, _)| *name == "From") {
        mail.extend_from_slice(b"From: Sato <sato@city.example>\r\n");
    }
    mail.extend_from_slice(b"MIME-Version: 1.0\r\n\r\nhello\r\n");
    let passed = pass(&mail)?;
    let Passed::Through(through) = &passed else { return Ok(passed.way(())) };
    names_are_clean(&through.message)?;
    let found: Vec<String> = field_names(&through.mail);
    must(found == expected(&through.message), "a field that its message does not have")?;
    sender_stood_there(through, &fields)?;
    Ok(passed.way(seen(through)))
}

fn field(piece: &[u8]) -> Option<(&'static str, &[u8])> {
    let (letter, value) = piece.split_first()?;
    FIELDS.iter().find(|(known, _)| known == letter).map(|(_, name)| (*name, value))
}

fn mailboxes(message: &SafeMessage) -> impl Iterator<Item = &Mailbox> {
    let headers = message.headers();
    [&headers.from].into_iter().chain(&headers.to).chain(&headers.cc).chain(&headers.reply_to)
}

fn names_are_clean(message: &SafeMessage) -> Result<(), String> {
    must(!message.headers().subject.as_str().contains(is_trick), "a subject with a trick in it")?;
    let mut names = mailboxes(message).filter_map(|mailbox| mailbox.name.as_ref());
    must(names.all(|name| !name.as_str().contains(is_trick)), "a name with a trick in it")?;
    let mut addresses = mailboxes(message).map(|mailbox| mailbox.address.to_string());
    must(addresses.all(|address| address.bytes().all(|b| matches!(b, b' '..=b'~'))), "an address beyond ASCII")
}

/// The names of the fields as a simple reader finds them.
fn field_names(mail: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(mail);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let lines = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    lines.map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
}

fn expected(message: &SafeMessage) -> Vec<String> {
    let headers = message.headers();
    let fields = [
        ("From", true),
        ("To", !headers.to.is_empty()),
        ("Cc", !headers.cc.is_empty()),
        ("Reply-To", !headers.reply_to.is_empty()),
        ("Subject", !headers.subject.as_str().is_empty()),
        ("Date", true),
        ("Message-ID", true),
        ("In-Reply-To", !headers.in_reply_to.is_empty()),
        ("References", !headers.references.is_empty()),
        ("Auto-Submitted", headers.auto_submitted.is_some()),
        ("List-Id", headers.list_id.is_some()),
        ("MIME-Version", true),
        ("Content-Type", true),
        // With files each part has one of its own.
        ("Content-Transfer-Encoding", message.attachments().is_empty()),
        ("X-Sekisho-Id", true),
        ("X-Mail-Sanitized", true),
    ];
    fields.into_iter().filter(|(_, there)| *there).map(|(name, _)| name.to_owned()).collect()
}

/// No word can encode an address (RFC 2047 5): the sender's stands in the one
/// From field as it is. A strict reader, to whom encoded words are nothing
/// special, finds that one too, or none.
fn sender_stood_there(through: &Through, fields: &[(&str, &[u8])]) -> Result<(), String> {
    if through.message.notices().iter().any(|notice| matches!(notice, Notice::SenderStandIn(_))) {
        return Ok(());
    }
    let mut values = fields.iter().filter(|(name, _)| *name == "From").map(|(_, value)| *value);
    let Some(value) = values.next() else { return Ok(()) };
    must(values.next().is_none(), "two From fields, and one is believed")?;
    // A domain beyond ASCII is written in another alphabet (RFC 5890).
    if !value.is_ascii() && through.reading.from.address.to_string().contains("xn--") {
        return Ok(());
    }
    // Both are written in one spelling: lower case, quotes only where needed.
    // A fold inside quotes is a blank to one reader and nothing to another.
    let bare = |text: &str| text.to_ascii_lowercase().replace(['"', '\\', ' ', '\t', '\r', '\n'], "");
    let address = through.reading.from.address.to_string();
    let stood = bare(&value.iter().filter(|b| !matches!(b, b'\r' | b'\n')).map(|b| char::from(*b)).collect::<String>());
    let strict = angles(value);
    let differs = !strict.is_empty() && !strict.iter().any(|angle| bare(angle.trim()) == bare(&address));
    must(!differs, &format!("{address} is the sender, and a strict reader finds {strict:?}"))?;
    must(
        stood.contains(&bare(&address)) || !strict.is_empty() || stood.contains('('),
        &format!("{address} stands nowhere in From"),
    )
}

/// What stands in angle brackets, outside quotes and comments (RFC 5322 3.4).
fn angles(value: &[u8]) -> Vec<String> {
    let (mut found, mut open, mut comments) = (Vec::new(), None::<String>, 0_u32);
    let (mut quoted, mut escaped) = (false, false);
    for c in value.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).map(char::from) {
        let literal = escaped;
        escaped = c == '\\' && !literal && (quoted || comments > 0);
        match c {
            _ if literal => {}
            '"' if comments == 0 => quoted = !quoted,
            '(' if !quoted => comments = comments.saturating_add(1),
            ')' if !quoted && comments > 0 => {
                comments -= 1;
                continue;
            }
            '<' if !quoted && comments == 0 && open.is_none() => {
                open = Some(String::new());
                continue;
            }
            '>' if !quoted && comments == 0 => found.extend(open.take()),
            _ => {}
        }
        if let Some(angle) = open.as_mut().filter(|_| comments == 0) {
            angle.push(c);
        }
    }
    found
}

/// How the header came out.
fn seen(through: &Through) -> u64 {
    let headers = through.message.headers();
    let shape = |text: &str| (power(text.len() as u64), text.is_ascii(), text.contains('\u{fffd}'));
    let counts = [headers.to.len(), headers.cc.len(), headers.reply_to.len(), headers.references.len()];
    way((
        headers.from.name.as_ref().map(|name| shape(name.as_str())),
        headers.from.address.to_string().starts_with('"'),
        shape(headers.subject.as_str()),
        counts.map(|count| power(count as u64)),
        (headers.message_id.is_some(), headers.list_id.is_some(), headers.auto_submitted.is_some()),
        through.report.parts.first().map(|part| part.name.is_some()),
    ))
}
