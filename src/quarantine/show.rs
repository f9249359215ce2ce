//! `sekisho quarantine show`: everything known, and what could be done next.

use clap::ArgMatches;
use sekisho_channel::admin::{Item, Kept, MailState, Reply, Request, RequestState};
use sekisho_job::{HoldReason, Report};
use sekisho_safe_message::MailId;
use sekisho_settings::CommandSettings;

use crate::answers::{No, strange};
use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::mails::detail::Detail;
use crate::quarantine::targets::named;
use crate::screen::{Screen, Tone};

/// Name and version of each object's schema.
const SCHEMA: &str = "sekisho.quarantine-mail/1";

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let ids = match named(matches, screen) {
        Ok(ids) => ids,
        Err(exit) => return exit,
    };
    let mut exits = Vec::new();
    for id in &ids {
        match one(*id, matches.get_flag("long"), settings, screen) {
            Ok(exit) => exits.push(exit),
            Err(err) => return ask::unreachable(Side::Outer, &err, screen),
        }
    }
    let found = exits.iter().filter(|exit| **exit == Exit::Ok).count();
    match exits.iter().find(|exit| **exit != Exit::Ok) {
        None => Exit::Ok,
        Some(_) if found > 0 => Exit::Partly,
        Some(exit) => *exit,
    }
}

fn one(
    id: MailId,
    long: bool,
    settings: &CommandSettings,
    screen: &Screen,
) -> Result<Exit, sekisho_channel::ChannelError> {
    let replies = ask::ask(Side::Outer, &settings.admin, &Request::Show { id })?;
    Ok(match replies.first() {
        Some(Reply::Detail { item, record, kept }) => {
            let detail = Detail { side: Side::Outer, item, record: record.as_ref(), kept: kept.as_deref() };
            if screen.is_json() {
                screen.object(&detail.object(SCHEMA));
            } else {
                detail.print(long, screen);
                for command in next(item, detail.report().as_ref(), kept.as_deref()) {
                    let word = screen.t("次に:", "next:");
                    screen.line(screen.paint(Tone::Dim, &format!("  {word} {command}")));
                }
                screen.line("");
            }
            Exit::Ok
        }
        Some(other) => match No::of(other) {
            Some(no) => no.say(&id.to_string(), screen),
            None => strange(&id.to_string(), screen),
        },
        None => strange(&id.to_string(), screen),
    })
}

/// The commands that make sense now, the likeliest first.
fn next(item: &Item, report: Option<&Report>, kept: Option<&Kept>) -> Vec<String> {
    let id = item.id;
    let original = kept.is_none_or(|kept| kept.original);
    let pending = kept.is_some_and(|kept| kept.requests.iter().any(|one| one.state == RequestState::Pending));
    let mut commands = Vec::new();
    if pending {
        commands.push(format!("sekisho original approve {id} --reason …"));
    }
    match item.state {
        MailState::Held if original => {
            commands.push(format!("sekisho quarantine preview {id}"));
            commands.push(format!("sekisho quarantine release {id}{} --reason …", way(report)));
        }
        MailState::Kept if original => {
            commands.push(format!("sekisho quarantine release {id}{} --reason …", relaxed(report)));
            if !pending {
                commands.push(format!("sekisho original request {id} --reason …"));
            }
        }
        MailState::Ready
        | MailState::Waiting
        | MailState::Held
        | MailState::Kept
        | MailState::Done
        | MailState::Buried => commands.push(format!("sekisho trace {id}")),
    }
    commands
}

/// What a release takes to come to another end than before.
fn way(report: Option<&Report>) -> String {
    let Some(reason) = report.and_then(|report| report.hold_reason) else { return String::new() };
    match reason {
        HoldReason::EncryptedFile => " --password-stdin".to_owned(),
        HoldReason::AmbiguousSender | HoldReason::AmbiguousStructure => " --accept-doubts".to_owned(),
        HoldReason::Rule => relaxed(report),
        _ => String::new(),
    }
}

/// The first kind that was kept out or held, to be relaxed.
fn relaxed(report: Option<&Report>) -> String {
    let parts = report.map_or(&[][..], |report| &report.parts);
    let kind =
        parts.iter().find(|part| part.output.is_none() && part.rule.is_some()).and_then(|part| part.kind_detected);
    kind.map_or_else(String::new, |kind| format!(" --relax {}", kind.code()))
}
