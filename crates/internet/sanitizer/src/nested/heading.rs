//! The heading of a mail inside: who wrote it to whom, about what, when.

use sekisho_job::{NoticeLanguage, Rules};
use sekisho_safe_message::Language;

use super::{Kind, Place};
use crate::language::has_japanese;
use crate::mime::Mime;
use crate::record::date::in_japan;
use crate::record::rows::Rows;
use crate::record::say;
use crate::{address, body, words};

/// Most addresses of one field that are shown.
const MAX_NAMED: usize = 10;

/// Whether the octets have the header of a mail: text that was only called
/// one has none of these.
pub(super) fn is_mail(mime: &Mime<'_>) -> bool {
    const FIELDS: [&str; 6] = ["From", "To", "Subject", "Date", "Message-ID", "Received"];
    FIELDS.iter().any(|name| mime.header.iter().any(|field| field.is(name)))
}

/// `text` under the heading of its mail; without text, the heading alone.
pub(super) fn put_above(mime: &Mime<'_>, place: Place<'_>, text: Option<&str>, rules: &Rules) -> String {
    let field = |name: &str| mime.header.iter().find(|field| field.is(name)).map(|field| field.value);
    let subject = field("Subject").map(words::text).unwrap_or_default();
    let people: Vec<_> = ["From", "To", "Cc"].iter().map(|name| field(name).map(named)).collect();
    let seen = || people.iter().flatten().any(|names| has_japanese(names)) || has_japanese(&subject);
    let language = match rules.notice {
        NoticeLanguage::Ja => Language::Ja,
        NoticeLanguage::En => Language::En,
        NoticeLanguage::Auto if place.in_report || text.is_some_and(has_japanese) || seen() => Language::Ja,
        NoticeLanguage::Auto => Language::En,
    };
    let (name, end) = names(place.kind, language);
    let mut rows = Rows::new(language, name.to_owned());
    for (value, (ja, en)) in people.iter().zip([("差出人", "From"), ("宛先", "To"), ("写し", "Cc")]) {
        rows.row(ja, en, value.as_deref().unwrap_or_default());
    }
    rows.row("件名", "Subject", &subject);
    rows.row("日時", "Date", &mime.date.map(|date| in_japan(date.unix(), language)).unwrap_or_default());
    let mut heading = String::new();
    rows.write(&mut heading);
    let mut out = body::inert(&heading, rules, false).text;
    match text {
        Some(text) => body::join(&mut out, text),
        None if place.kind == Kind::Mail => out.push_str(say(
            language,
            "（二通りに読めるため、見出しだけを載せています）\n",
            "(It can be read in two ways; no more than its header is shown.)\n",
        )),
        None => {}
    }
    out.push_str(end);
    out.push('\n');
    out
}

fn names(kind: Kind, language: Language) -> (&'static str, &'static str) {
    match (kind, language) {
        (Kind::Header, Language::Ja) => ("【返送されたメールの見出し】", "【見出し ここまで】"),
        (Kind::Header, Language::En) => ("[Header of the mail returned]", "[End of the header]"),
        (Kind::Mail | Kind::Signed, Language::Ja) => ("【添付されたメール】", "【添付されたメール ここまで】"),
        (Kind::Mail | Kind::Signed, Language::En) => ("[Mail inside]", "[End of the mail inside]"),
    }
}

/// The addresses of a field with their names; as written where there is none.
fn named(value: &[u8]) -> String {
    let list = address::parse(value);
    let one = |name: Option<&str>, address: &str| match name.filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} <{address}>"),
        None => address.to_owned(),
    };
    let plain = list.mailboxes.iter().map(|m| one(m.name.as_ref().map(|n| n.as_str()), &m.address.to_string()));
    let others = list.international.iter().map(|(name, a)| one(name.as_ref().map(|n| n.as_str()), a.as_str()));
    let all: Vec<_> = plain.chain(others).take(MAX_NAMED + 1).collect();
    match all.len() {
        0 => words::text(value),
        count if count > MAX_NAMED => format!("{}, …", all[..MAX_NAMED].join(", ")),
        _ => all.join(", "),
    }
}
