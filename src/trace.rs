//! `sekisho trace`: one mail's way through both programs, step by step.

mod grammar;
mod steps;

use std::ops::ControlFlow;

use clap::ArgMatches;
use sekisho_channel::ChannelError;
use sekisho_channel::admin::{Filter, Item, Kept, Reply, Request};
use sekisho_safe_message::{MailId, SafeLine};
use sekisho_settings::CommandSettings;
use serde_json::{Value, json};

use crate::answers::No;
use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::mails::{sender, state_tone, state_word};
use crate::quarantine::filter::selection;
use crate::quarantine::list::{limit, recipients};
use crate::quarantine::now_ms;
use crate::quarantine::pages::{Place, Walk};
use crate::quarantine::targets::named;
use crate::screen::{Screen, Tone};

pub(crate) use grammar::grammar;

/// What one program says of one mail.
struct Found {
    side: Side,
    item: Item,
    record: Option<Value>,
    kept: Option<Box<Kept>>,
}

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let ids = match wanted(matches, settings, screen) {
        Ok(ids) => ids,
        Err(exit) => return exit,
    };
    if ids.is_empty() {
        screen.error(screen.t("該当するメールはありません。", "no mail"));
        return Exit::NotFound;
    }
    let (mut exit, mut silent) = (Exit::Ok, Vec::new());
    for id in ids {
        let mut found = Vec::new();
        for side in Side::asked(matches).filter(|side| !silent.contains(side)).collect::<Vec<_>>() {
            match look(side, id, settings, &mut found) {
                Ok(None) => {}
                Ok(Some(no)) => exit = no.say(&id.to_string(), screen),
                Err(err) => {
                    // Said once, however many mails there are.
                    silent.push(side);
                    exit = ask::unreachable(side, &err, screen);
                }
            }
        }
        if !found.is_empty() {
            print(id, &found, screen);
        } else if exit == Exit::Ok {
            exit = No::NotFound.say(&id.to_string(), screen);
        }
    }
    exit
}

/// The ids named, or those that the filter finds outside, newest first. The
/// LGWAN side is asked by id: it knows each mail by the same one.
fn wanted(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Result<Vec<MailId>, Exit> {
    let selection = selection(matches, now_ms(), screen)?;
    if matches.contains_id("id") {
        return named(matches, screen);
    }
    if !selection.narrowed {
        screen.error(screen.t(
            "管理番号か絞り込み（--to、--subject、--since など）を指定してください。",
            "name a mail, or give filters (--to, --subject, --since...)",
        ));
        return Err(Exit::Usage);
    }
    let states = selection.sections.first().map(|section| section.states.clone());
    let named_states = matches.contains_id("state");
    let section = Filter { states: states.filter(|_| named_states).unwrap_or_default(), ..selection.base };
    let walk = Walk { side: Side::Outer, settings, sections: &[section], limit: limit(matches), newest_first: true };
    let mut ids = Vec::new();
    let walked = walk.run(Place::default(), |_, item| {
        ids.push(item.id);
        ControlFlow::Continue(())
    });
    match walked {
        Ok(next) => {
            if next.is_some() {
                screen.error(screen.t(
                    "ほかにもあります。絞り込むか --limit を増やしてください。",
                    "there are more: narrow it down, or raise --limit",
                ));
            }
            Ok(ids)
        }
        Err(stop) => Err(stop.say(Side::Outer, screen)),
    }
}

/// Asks one side about a mail, and the LGWAN side about each share and release
/// of it that went under an id of its own.
fn look(
    side: Side,
    id: MailId,
    settings: &CommandSettings,
    found: &mut Vec<Found>,
) -> Result<Option<No>, ChannelError> {
    let mut ids = vec![id];
    if side == Side::Inner {
        let others = found.first().map(|outer| crossed(outer.record.as_ref())).unwrap_or_default();
        ids.extend(others.into_iter().filter(|other| *other != id));
    }
    let mut denied = None;
    for id in ids {
        for reply in ask::ask(side, &settings.admin, &Request::Show { id })? {
            match reply {
                Reply::Detail { item, record, kept } => found.push(Found { side, item: *item, record, kept }),
                other => match No::of(&other) {
                    Some(No::NotFound) | None => {}
                    Some(no) => denied = Some(no),
                },
            }
        }
    }
    Ok(denied)
}

/// Ids under which a mail may have crossed: that of its last reading (a release
/// has one of its own), and those of the shares that it was divided into.
fn crossed(record: Option<&Value>) -> Vec<MailId> {
    let report = record.and_then(|record| record.get("report"));
    let shares = record.and_then(|record| record.get("shares")).and_then(Value::as_array);
    let all = report.into_iter().chain(shares.into_iter().flatten());
    all.filter_map(|one| one.get("id")?.as_str()?.parse().ok()).collect()
}

fn print(id: MailId, found: &[Found], screen: &Screen) {
    let steps: Vec<_> = found.iter().flat_map(|one| steps::of(one, screen)).collect();
    if screen.is_json() {
        let sides: Vec<_> = found
            .iter()
            .map(|one| json!({ "side": one.side.name(), "id": one.item.id, "state": one.item.state, "code": one.item.label }))
            .collect();
        let steps: Vec<_> = steps.iter().map(steps::Step::object).collect();
        return screen.object(&json!({ "schema": "sekisho.trace/1", "id": id, "where": sides, "steps": steps }));
    }
    if let Some(first) = found.first() {
        let subject = first.item.subject.as_ref().map_or("", SafeLine::as_str);
        screen.line(format!("{}  {subject}", screen.paint(Tone::Head, &id.to_string())));
        screen.line(format!("  {} → {}", sender(&first.item), recipients(&first.item)));
    }
    let rows: Vec<_> = steps.iter().map(steps::Step::row).collect();
    screen.table(&[""; 4], &rows);
    for one in found {
        let state = screen.paint(state_tone(one.item.state), state_word(one.item.state, screen));
        screen.line(format!("  {} {}: {state}", screen.t("現在", "now"), one.side.label(screen)));
    }
    screen.line("");
}
