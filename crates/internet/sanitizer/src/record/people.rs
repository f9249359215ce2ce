//! Who organizes an event, who is invited, who comes.

use sekisho_safe_message::Language;

use super::contents::Entry;
use super::lines::Property;
use super::rows::Rows;
use super::say;

/// Most attendees that are shown; the rest is counted.
const MAX_ATTENDEES: usize = 50;

pub(super) fn rows(rows: &mut Rows, entry: &Entry) {
    let language = rows.language();
    if let Some(organizer) = entry.first("ORGANIZER") {
        rows.row("主催者", "Organizer", &organizer_words(organizer, language));
    }
    for attendee in entry.all("ATTENDEE").take(MAX_ATTENDEES) {
        rows.row("出席者", "Attendees", &attendee_words(attendee, language));
    }
    let rest = entry.all("ATTENDEE").count().saturating_sub(MAX_ATTENDEES);
    if rest > 0 {
        rows.row(
            "出席者",
            "Attendees",
            &match language {
                Language::Ja => format!("ほか{rest}名"),
                Language::En => format!("{rest} more"),
            },
        );
    }
}

/// What a reply says: it has one attendee, who answers (RFC 5546 3.2.3).
pub(super) fn reply(entry: &Entry, language: Language) -> &'static str {
    match entry.first("ATTENDEE").map(answer) {
        Some(Answer::Accepted) => say(language, "返信：出席", "Reply: accepted"),
        Some(Answer::Declined) => say(language, "返信：欠席", "Reply: declined"),
        Some(Answer::Tentative) => say(language, "返信：未定", "Reply: tentative"),
        Some(Answer::Delegated) => say(language, "返信：代理を指名", "Reply: delegated"),
        Some(Answer::Completed) => say(language, "返信：完了", "Reply: completed"),
        Some(Answer::InProcess) => say(language, "返信：進行中", "Reply: in progress"),
        Some(Answer::Waiting) | None => say(language, "返信", "Reply"),
    }
}

/// An attendee's `PARTSTAT` (RFC 5545 3.2.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accepted,
    Declined,
    Tentative,
    Delegated,
    Completed,
    InProcess,
    Waiting,
}

fn answer(attendee: &Property) -> Answer {
    match attendee.param("PARTSTAT").unwrap_or("").trim().to_ascii_uppercase().as_str() {
        "ACCEPTED" => Answer::Accepted,
        "DECLINED" => Answer::Declined,
        "TENTATIVE" => Answer::Tentative,
        "DELEGATED" => Answer::Delegated,
        "COMPLETED" => Answer::Completed,
        "IN-PROCESS" => Answer::InProcess,
        _ => Answer::Waiting,
    }
}

fn attendee_words(attendee: &Property, language: Language) -> String {
    let is = |param, value| attendee.param(param).is_some_and(|text| text.trim().eq_ignore_ascii_case(value));
    let answer = match answer(attendee) {
        Answer::Accepted => say(language, "出席", "accepted"),
        Answer::Declined => say(language, "欠席", "declined"),
        Answer::Tentative => say(language, "未定", "tentative"),
        Answer::Delegated => say(language, "代理を指名", "delegated"),
        Answer::Completed => say(language, "完了", "completed"),
        Answer::InProcess => say(language, "進行中", "in progress"),
        Answer::Waiting => say(language, "返事待ち", "no answer yet"),
    };
    let role = if is("CUTYPE", "ROOM") || is("CUTYPE", "RESOURCE") {
        say(language, "設備・", "resource, ")
    } else if is("ROLE", "OPT-PARTICIPANT") || is("ROLE", "NON-PARTICIPANT") {
        say(language, "任意・", "optional, ")
    } else {
        ""
    };
    match language {
        Language::Ja => format!("{}（{role}{answer}）", person(attendee)),
        Language::En => format!("{} ({role}{answer})", person(attendee)),
    }
}

fn organizer_words(organizer: &Property, language: Language) -> String {
    let sender = organizer.param("SENT-BY").map(address).filter(|sender| !sender.is_empty());
    let person = person(organizer);
    match (sender, language) {
        (None, Language::Ja | Language::En) => person,
        (Some(sender), Language::Ja) => format!("{person}（代理送信: {sender}）"),
        (Some(sender), Language::En) => format!("{person} (sent by {sender})"),
    }
}

/// `name <address>`. Angle brackets in the name would look like an address.
fn person(property: &Property) -> String {
    let raw = property.raw();
    let address = address(&raw);
    let name = property.param("CN").unwrap_or("").replace(['<', '>'], "");
    match (name.trim(), address) {
        ("", address) => address.to_owned(),
        (name, "") => name.to_owned(),
        (name, address) if name.eq_ignore_ascii_case(address) => address.to_owned(),
        (name, address) => format!("{name} <{address}>"),
    }
}

/// A calendar address without its scheme; empty where it names no mailbox.
fn address(uri: &str) -> &str {
    let uri = uri.trim();
    match uri.split_once(':') {
        // Exchange's way to say that there is none.
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("invalid") => "",
        Some((scheme, address)) if scheme.eq_ignore_ascii_case("mailto") => address.trim(),
        Some(_) | None => uri,
    }
}
