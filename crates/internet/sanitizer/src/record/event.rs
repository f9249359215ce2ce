//! One event or task in words.

use sekisho_safe_message::Language;

use super::contents::{Contents, Entry, Sort};
use super::lines::Property;
use super::people;
use super::rows::Rows;
use super::rule::Rule;
use super::say;
use super::when::{Time, duration, period};
use super::zone::Zone;
use crate::html;

/// Most dates, addresses and attachments of one entry that are shown.
const MAX_SHOWN: usize = 10;

/// What such rules are made of.
const RULE: [char; 4] = ['-', ':', '~', '_'];

pub(super) fn rows(entry: &Entry, contents: &Contents, language: Language) -> Rows {
    let mut rows = Rows::new(language, heading(entry, &contents.method, language));
    rows.row("件名", "Subject", &entry.text("SUMMARY"));
    if let Some(words) = status(entry, language) {
        rows.row("状態", "Status", words);
    }
    times(&mut rows, entry, &contents.zones);
    rows.row("場所", "Place", &entry.text("LOCATION"));
    people::rows(&mut rows, entry);
    addresses(&mut rows, entry);
    attachments(&mut rows, entry);
    rows.block("コメント", "Comment", &entry.text("COMMENT"));
    rows.block("説明", "Description", &description(entry));
    rows
}

fn heading(entry: &Entry, method: &str, language: Language) -> String {
    let sort = match entry.sort {
        Sort::Event => say(language, "【予定】", "[Event] "),
        Sort::Task => say(language, "【作業依頼】", "[Task] "),
    };
    // RFC 5546 1.4 and 3.2; a number in sequence is counted up by changes.
    let changed = entry.first("SEQUENCE").is_some_and(|sequence| sequence.raw().parse::<u64>().is_ok_and(|n| n > 0));
    let method = match method {
        "REQUEST" if changed => say(language, "招待（変更）", "Updated invitation"),
        "REQUEST" => say(language, "招待", "Invitation"),
        "CANCEL" => say(language, "取消", "Cancelled"),
        "REPLY" => people::reply(entry, language),
        "PUBLISH" => say(language, "お知らせ", "Announcement"),
        "ADD" => say(language, "日程の追加", "Further dates"),
        "COUNTER" => say(language, "変更の提案", "Proposal of a change"),
        "DECLINECOUNTER" => say(language, "変更の提案を却下", "Proposal of a change declined"),
        "REFRESH" => say(language, "最新の内容の請求", "Request for the latest version"),
        _ => "",
    };
    format!("{sort}{method}").trim_end().to_owned()
}

fn status(entry: &Entry, language: Language) -> Option<&'static str> {
    match entry.text("STATUS").trim().to_ascii_uppercase().as_str() {
        "CANCELLED" | "CANCELED" => Some(say(language, "取り消されました", "cancelled")),
        "TENTATIVE" => Some(say(language, "仮の予定", "tentative")),
        "NEEDS-ACTION" => Some(say(language, "未着手", "to be done")),
        "IN-PROCESS" => Some(say(language, "進行中", "in progress")),
        "COMPLETED" => Some(say(language, "完了", "completed")),
        _ => None,
    }
}

fn times(rows: &mut Rows, entry: &Entry, zones: &[Zone]) {
    let language = rows.language();
    let time = |name| entry.first(name).and_then(|property| Time::of(property, zones));
    let mut start = time("DTSTART");
    let after = || start.as_ref().zip(duration(&entry.text("DURATION"))).map(|(start, more)| start.plus(more));
    let mut end = time("DTEND").or_else(after);
    // Outlook writes days as times from midnight to midnight.
    if entry.text("X-MICROSOFT-CDO-ALLDAYEVENT").trim().eq_ignore_ascii_case("TRUE") {
        let whole = |time: &Option<Time>| time.as_ref().and_then(Time::whole_day);
        if let (Some(first), Some(last)) = (whole(&start), whole(&end)) {
            (start, end) = (Some(first), Some(last));
        }
    }
    match (&start, entry.first("DTSTART")) {
        (Some(start), _) => rows.row("日時", "When", &period(start, end.as_ref(), language)),
        (None, Some(unread)) => rows.row("日時", "When", &unread.raw()),
        (None, None) => {}
    }
    match (time("DUE"), entry.first("DUE")) {
        (Some(due), _) => rows.row("期限", "Due", &due.words(language)),
        (None, Some(unread)) => rows.row("期限", "Due", &unread.raw()),
        (None, None) => {}
    }
    for rule in entry.all("RRULE").take(MAX_SHOWN) {
        rows.row("繰返し", "Repeats", &rule_words(&rule.raw(), start.as_ref(), language));
    }
    for (name, ja, en) in
        [("RDATE", "追加日", "Also on"), ("EXDATE", "除外日", "Except on"), ("RECURRENCE-ID", "対象回", "Occurrence")]
    {
        rows.row(ja, en, &dates(entry, name, zones, language));
    }
}

fn rule_words(rule: &str, start: Option<&Time>, language: Language) -> String {
    let Some(words) = Rule::read(rule).and_then(|rule| rule.words(start.map(Time::day), language)) else {
        return rule.to_owned();
    };
    // The weekday of New York is not the one of Tokyo.
    match start {
        Some(Time::Japan { other_day: true, .. }) => {
            words + say(language, "（曜日・日付は現地のもの）", " (days of the organizer's place)")
        }
        Some(Time::Japan { .. } | Time::Place { .. } | Time::Day(_)) | None => words,
    }
}

fn dates(entry: &Entry, name: &str, zones: &[Zone], language: Language) -> String {
    let all = entry.all(name).flat_map(|property| property.each().map(|one| words_of_date(&one, zones, language)));
    // One more than is shown tells whether there are more.
    let mut shown: Vec<String> = all.take(MAX_SHOWN + 1).collect();
    if shown.len() > MAX_SHOWN {
        shown.truncate(MAX_SHOWN);
        shown.push(say(language, "ほか", "and more").to_owned());
    }
    shown.join(say(language, "、", "; "))
}

fn words_of_date(property: &Property, zones: &[Zone], language: Language) -> String {
    let time = Time::of(property, zones);
    time.map_or_else(|| property.raw().into_owned(), |time| time.words(language))
}

/// Where to meet online, and other addresses. They are shown, not used.
fn addresses(rows: &mut Rows, entry: &Entry) {
    let mut seen: Vec<String> = Vec::new();
    for name in ["X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL", "CONFERENCE", "URL"] {
        for property in entry.all(name).take(MAX_SHOWN) {
            let address = property.raw().trim().to_owned();
            if address.is_empty() || seen.contains(&address) {
                continue;
            }
            match name {
                "URL" => rows.row("リンク", "Link", &address),
                _ => rows.row("接続先", "Meeting URL", &address),
            }
            seen.push(address);
        }
    }
}

fn attachments(rows: &mut Rows, entry: &Entry) {
    let language = rows.language();
    let count = entry.all("ATTACH").count();
    for property in entry.all("ATTACH").take(MAX_SHOWN) {
        let name =
            ["FILENAME", "X-FILENAME", "X-APPLE-FILENAME"].iter().find_map(|name| property.param(name)).unwrap_or("");
        let address = property.raw();
        let words = match (name, address.trim()) {
            ("", "") => say(language, "添付あり", "attached file").to_owned(),
            (name, "") => format!("{}: {name}", say(language, "添付あり", "attached file")),
            ("", address) => address.to_owned(),
            (name, address) => format!("{name} {address}"),
        };
        rows.row("添付", "Attached", &words);
    }
    if count > MAX_SHOWN {
        let rest = count - MAX_SHOWN;
        rows.row(
            "添付",
            "Attached",
            &match language {
                Language::Ja => format!("ほか{rest}件"),
                Language::En => format!("{rest} more"),
            },
        );
    }
}

/// Plain text; markup, which Google and Outlook put there, is turned into it.
fn description(entry: &Entry) -> String {
    let plain = entry.text("DESCRIPTION");
    let markup = if plain.trim().is_empty() { entry.text("X-ALT-DESC") } else { plain };
    let lower = markup.to_ascii_lowercase();
    let tags = ["<br", "<p>", "</p>", "</a>", "<html", "</li>", "<!doctype"];
    without_rules(&if tags.iter().any(|tag| lower.contains(tag)) { html::to_text(&markup).text } else { markup })
}

/// Meeting services rule off their part with eighty characters and more.
fn without_rules(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(RULE) {
        let end = rest[start..].find(|c| !RULE.contains(&c)).map_or(rest.len(), |length| start + length);
        out.push_str(&rest[..start]);
        out.push_str(if end - start >= 20 { "-----" } else { &rest[start..end] });
        rest = &rest[end..];
    }
    out + rest
}
