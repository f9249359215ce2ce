//! `sekisho quarantine list`.

use std::ops::ControlFlow;

use clap::ArgMatches;
use sekisho_channel::admin::Item;
use sekisho_safe_message::{SafeLine, Timestamp};
use sekisho_settings::CommandSettings;
use serde_json::{Map, Value, json};

use crate::ask::Side;
use crate::exit::Exit;
use crate::mails::{clock, label, sender, state_tone, state_word};
use crate::quarantine::filter::selection;
use crate::quarantine::now_ms;
use crate::quarantine::pages::{Place, Walk};
use crate::quarantine::table::Stream;
use crate::screen::{Screen, Tone, fit, size};

/// What `--fields` knows, in the order of JSON objects.
pub(crate) const FIELDS: [&str; 9] = ["id", "received", "state", "code", "size", "attempts", "from", "to", "subject"];
/// Columns without `--fields`.
const USUAL: [&str; 7] = ["id", "received", "state", "code", "from", "to", "subject"];
/// Name and version of each object's schema.
const SCHEMA: &str = "sekisho.quarantine-item/1";

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let selection = match selection(matches, now_ms(), screen) {
        Ok(selection) => selection,
        Err(exit) => return exit,
    };
    let walk = Walk {
        side: Side::Outer,
        settings,
        sections: &selection.sections,
        limit: limit(matches),
        newest_first: !matches.get_flag("oldest-first"),
    };
    let start = matches.get_one::<Place>("after").cloned().unwrap_or_default();
    let fields: Vec<&str> = matches.get_many::<String>("fields").into_iter().flatten().map(String::as_str).collect();
    match screen.is_json() {
        true => objects(&walk, start, &fields, screen),
        false => table(&walk, start, &fields, !matches.get_flag("no-pager"), screen),
    }
}

/// The bound that `--limit` sets; 0 sets none.
pub(crate) fn limit(matches: &ArgMatches) -> Option<u64> {
    matches.get_one::<u64>("limit").copied().filter(|limit| *limit > 0)
}

fn objects(walk: &Walk<'_>, start: Place, fields: &[&str], screen: &Screen) -> Exit {
    let next = walk.run(start, |_, item| {
        screen.object(&object(&item, fields));
        ControlFlow::Continue(())
    });
    match next {
        Ok(next) => {
            page_end(next.as_ref(), screen);
            Exit::Ok
        }
        Err(stop) => stop.say(walk.side, screen),
    }
}

/// Where a list goes on, for scripts; nothing at its end.
pub(crate) fn page_end(next: Option<&Place>, screen: &Screen) {
    if let Some(next) = next {
        screen.object(&json!({ "schema": "sekisho.page/1", "next": next.to_string() }));
    }
}

fn object(item: &Item, fields: &[&str]) -> Value {
    let mut object = Map::new();
    object.insert("schema".to_owned(), json!(SCHEMA));
    for field in FIELDS {
        if !fields.is_empty() && !fields.contains(&field) {
            continue;
        }
        let value = match field {
            "id" => json!(item.id),
            "received" => json!(Timestamp::from_unix_ms_jst(item.arrived_ms).rfc3339()),
            "state" => json!(item.state),
            "code" => json!(item.label),
            "size" => json!(item.size),
            "attempts" => json!(item.attempts),
            "from" => json!(item.from),
            "to" => json!(item.to),
            _ => json!(item.subject),
        };
        object.insert(field.to_owned(), value);
    }
    Value::Object(object)
}

fn table(walk: &Walk<'_>, start: Place, fields: &[&str], may_page: bool, screen: &Screen) -> Exit {
    let fields = if fields.is_empty() { &USUAL[..] } else { fields };
    let head = fields.iter().map(|field| title(field, screen)).collect();
    let mut stream = Stream::new(head, may_page, screen);
    let next = walk.run(start, |_, item| stream.row(fields.iter().map(|field| cell(&item, field, screen)).collect()));
    match next {
        Ok(next) => {
            let none = screen.t("該当するメールはありません。", "No mail.");
            stream.finish(none, next.map(|next| more(&next, screen)));
            Exit::Ok
        }
        Err(stop) => {
            stream.finish("", None);
            stop.say(walk.side, screen)
        }
    }
}

/// How to see the rest.
pub(crate) fn more(next: &Place, screen: &Screen) -> String {
    screen.t(
        format!("続きがあります。同じ条件に --after {next} を付けてください。"),
        format!("There is more: give the same flags and --after {next}"),
    )
}

fn title(field: &str, screen: &Screen) -> &'static str {
    match field {
        "id" => "ID",
        "received" => screen.t("受信", "received"),
        "state" => screen.t("状態", "state"),
        "code" => screen.t("符号", "code"),
        "size" => screen.t("大きさ", "size"),
        "attempts" => screen.t("試行", "attempts"),
        "from" => screen.t("差出人", "from"),
        "to" => screen.t("宛先", "to"),
        _ => screen.t("件名", "subject"),
    }
}

fn cell(item: &Item, field: &str, screen: &Screen) -> (Tone, String) {
    match field {
        "id" => (Tone::Plain, item.id.to_string()),
        // To the minute: a person looks for a mail, not for a second.
        "received" => (Tone::Plain, clock(item.arrived_ms).chars().take(16).collect()),
        "state" => (state_tone(item.state), state_word(item.state, screen).to_owned()),
        "code" => (Tone::Plain, label(item)),
        "size" => (Tone::Plain, size(item.size)),
        "attempts" => (Tone::Plain, item.attempts.to_string()),
        "from" => (Tone::Plain, fit(&sender(item), 28)),
        "to" => (Tone::Plain, fit(&recipients(item), 28)),
        _ => (Tone::Plain, item.subject.as_ref().map_or("", SafeLine::as_str).to_owned()),
    }
}

/// The first recipient, and how many more there are.
pub(crate) fn recipients(item: &Item) -> String {
    match item.to.as_slice() {
        [] => String::new(),
        [only] => only.to_string(),
        [first, others @ ..] => format!("{first} +{}", others.len()),
    }
}
