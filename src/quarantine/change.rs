//! `release`, `delete`, `hold`, `unhold`: one line for each mail, one exit code.

use std::io::{self, IsTerminal, Write};

use clap::ArgMatches;
use sekisho_channel::admin::{Release, Reply, Request};
use sekisho_safe_message::{MailId, ProfileName, SafeLine};
use sekisho_settings::CommandSettings;
use serde_json::{Value, json};

use crate::answers::{No, decided_by};
use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::mails::words;
use crate::quarantine::secret::secret;
use crate::quarantine::targets::{Targets, confirmed, named, targets};
use crate::screen::{Screen, Tone};

/// Name and version of each line's schema.
const SCHEMA: &str = "sekisho.quarantine-result/1";

/// A change, as it is asked of one mail after the other.
struct Change<'a> {
    name: &'static str,
    /// Codes of acts after which it is done already.
    same: &'a [&'a str],
    dry_run: bool,
    ask: &'a dyn Fn(MailId) -> Request,
}

/// What came of one mail.
enum Came {
    /// Done: the code of the outcome, and the report where there is one.
    Done(SafeLine, Option<Value>),
    /// It was done before.
    Before(Box<sekisho_channel::admin::Decided>),
    No(No),
    Strange,
}

pub(crate) fn release(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let Some(reason) = matches.get_one::<SafeLine>("reason") else { return Exit::Usage };
    let targets = match targets(matches, settings, screen) {
        Ok(targets) => targets,
        Err(exit) => return exit,
    };
    let secret = match secret(matches, screen) {
        Ok(secret) => secret,
        Err(exit) => return exit,
    };
    let how = Release {
        profile: matches.get_one::<String>("profile").and_then(|name| ProfileName::parse(name).ok()),
        relax: matches.get_many::<SafeLine>("relax").into_iter().flatten().cloned().collect(),
        doubts: matches.get_flag("accept-doubts"),
        again: matches.get_flag("again"),
        secret,
    };
    let dry_run = matches.get_flag("dry-run");
    let ask = |id| Request::Release { id, how: how.clone(), reason: reason.clone(), dry_run };
    let change = Change { name: "release", same: &["release"], dry_run, ask: &ask };
    asked(&change, &targets, matches, settings, screen)
}

pub(crate) fn delete(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let Some(reason) = matches.get_one::<SafeLine>("reason") else { return Exit::Usage };
    let targets = match targets(matches, settings, screen) {
        Ok(targets) => targets,
        Err(exit) => return exit,
    };
    let dry_run = matches.get_flag("dry-run");
    let ask = |id| Request::Delete { id, reason: reason.clone(), dry_run };
    let change = Change { name: "delete", same: &["delete"], dry_run, ask: &ask };
    asked(&change, &targets, matches, settings, screen)
}

/// Puts a legal hold (法的保全) on named mails, or lifts it.
pub(crate) fn legal_hold(matches: &ArgMatches, on: bool, settings: &CommandSettings, screen: &Screen) -> Exit {
    let Some(reason) = matches.get_one::<SafeLine>("reason") else { return Exit::Usage };
    let ids = match named(matches, screen) {
        Ok(ids) => ids,
        Err(exit) => return exit,
    };
    let ask = |id| Request::LegalHold { id, on, reason: reason.clone() };
    let (name, same): (_, &[&str]) = match on {
        true => ("hold", &["hold", "legal-hold"]),
        false => ("unhold", &["unhold", "legal-hold-lifted"]),
    };
    each(&Change { name, same, dry_run: false, ask: &ask }, &ids, settings, screen)
}

/// Asks the person first, where more than one named mail is meant, or where it
/// cannot be undone.
fn asked(
    change: &Change<'_>,
    targets: &Targets,
    matches: &ArgMatches,
    settings: &CommandSettings,
    screen: &Screen,
) -> Exit {
    let count = targets.ids.len();
    if count == 0 {
        screen.error(screen.t("該当するメールはありません。", "no mail"));
        return Exit::NotFound;
    }
    let grave = change.name == "delete" || count > 1 || targets.chosen_by_filter;
    if grave && !change.dry_run && !matches.get_flag("yes") {
        let question = match change.name {
            "delete" => screen.t(
                format!("{count} 通の原本を削除します。元に戻せません。"),
                format!("The originals of {count} mails will be destroyed for good."),
            ),
            _ => screen.t(
                format!("{count} 通を無害化し直して届けます。"),
                format!("{count} mails will be sanitized again and delivered."),
            ),
        };
        if let Err(exit) = confirmed(count, &question, screen) {
            return exit;
        }
    }
    each(change, &targets.ids, settings, screen)
}

fn each(change: &Change<'_>, ids: &[MailId], settings: &CommandSettings, screen: &Screen) -> Exit {
    let mut exits = Vec::new();
    for id in ids {
        match one(change, *id, settings) {
            Ok(came) => {
                let exit = came.exit();
                came.print(change, *id, screen);
                exits.push(exit);
            }
            // Nobody is there for the others either.
            Err(err) => {
                exits.push(ask::unreachable(Side::Outer, &err, screen));
                break;
            }
        }
    }
    let exit = total(&exits);
    if ids.len() > 1 && !screen.is_json() {
        let done = exits.iter().filter(|exit| **exit == Exit::Ok).count();
        screen.line(screen.t(
            format!("{} 通のうち {done} 通を処理しました。", ids.len()),
            format!("{done} of {} mails done.", ids.len()),
        ));
    }
    exit
}

/// All alike: that; some done: partly; else the first that failed.
fn total(exits: &[Exit]) -> Exit {
    let Some(first) = exits.first() else { return Exit::Ok };
    let some = exits.iter().any(|exit| matches!(exit, Exit::Ok | Exit::Partly));
    if exits.iter().all(|exit| exit == first) {
        *first
    } else if some {
        Exit::Partly
    } else {
        *first
    }
}

fn one(change: &Change<'_>, id: MailId, settings: &CommandSettings) -> Result<Came, sekisho_channel::ChannelError> {
    let mut came = None;
    let mut waits = false;
    ask::each(Side::Outer, &settings.admin, &(change.ask)(id), |reply| {
        came = Some(match reply {
            Reply::Working => {
                waits = true;
                tick();
                return true;
            }
            Reply::Released { outcome, report } => Came::Done(outcome, report),
            Reply::Done => Came::Done(SafeLine::clean("done").value, None),
            other => match No::of(&other) {
                Some(No::Decided(decided)) if change.same.contains(&decided.act.what.as_str()) => Came::Before(decided),
                Some(no) => Came::No(no),
                None => Came::Strange,
            },
        });
        false
    })?;
    if waits && io::stderr().is_terminal() {
        let _ = writeln!(io::stderr().lock());
    }
    Ok(came.unwrap_or(Came::No(No::Trouble)))
}

/// A sign of life on a terminal.
fn tick() {
    let mut out = io::stderr().lock();
    if io::stderr().is_terminal() {
        let _ = write!(out, ".").and_then(|()| out.flush());
    }
}

impl Came {
    fn exit(&self) -> Exit {
        match self {
            Self::Done(outcome, _) => match outcome.as_str() {
                "partly" => Exit::Partly,
                "held" | "refused" => Exit::Refused,
                "unreachable" | "begun" => Exit::Unreachable,
                _ => Exit::Ok,
            },
            Self::Before(_) => Exit::Ok,
            Self::No(no) => no.exit(),
            Self::Strange => Exit::Failed,
        }
    }

    fn print(&self, change: &Change<'_>, id: MailId, screen: &Screen) {
        if screen.is_json() {
            return screen.object(&self.object(change, id));
        }
        match self {
            Self::Done(outcome, report) => {
                let tone = if self.exit() == Exit::Ok { Tone::Good } else { Tone::Bad };
                let word = sentence(change, outcome, screen);
                screen.line(format!("{id}  {}{}", screen.paint(tone, &word), why_held(report.as_ref(), screen)));
            }
            Self::Before(decided) => screen.line(format!("{id}  {}", decided_by(&decided.act, screen))),
            Self::No(no) => {
                no.say(&id.to_string(), screen);
            }
            Self::Strange => {
                crate::answers::strange(&id.to_string(), screen);
            }
        }
    }

    fn object(&self, change: &Change<'_>, id: MailId) -> Value {
        let (result, act, report) = match self {
            Self::Done(outcome, report) => (outcome.as_str(), None, report.as_ref()),
            Self::Before(decided) => ("done-before", Some(&decided.act), None),
            Self::No(No::Decided(decided)) => ("decided", Some(&decided.act), None),
            Self::No(no) => (no.code(), None, None),
            Self::Strange => ("strange", None, None),
        };
        json!({
            "schema": SCHEMA, "id": id, "command": change.name, "dry_run": change.dry_run,
            "result": result, "act": act, "report": report,
        })
    }
}

/// What was done, or would be.
fn sentence(change: &Change<'_>, outcome: &SafeLine, screen: &Screen) -> String {
    let word = match (change.name, outcome.as_str()) {
        ("delete", "done") => words::outcome("deleted", screen.language()),
        ("hold", "done") => screen.t("法的保全をかけました", "is under a legal hold"),
        ("unhold", "done") => screen.t("法的保全を解除しました", "its legal hold is lifted"),
        (_, code) => words::outcome(code, screen.language()),
    };
    match change.dry_run {
        true => screen.t(format!("（試行）{word}"), format!("(dry run) {word}")),
        false => word.to_owned(),
    }
}

/// Why it is still held, if the report says so.
fn why_held(report: Option<&Value>, screen: &Screen) -> String {
    let code = report.and_then(|report| report.get("hold_reason")).and_then(Value::as_str);
    let reason = code.and_then(sekisho_job::HoldReason::from_code);
    reason.map_or_else(String::new, |reason| format!(": {} {}", reason.explain(screen.language()), reason.code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_exits_make_one() {
        for (exits, sum) in [
            (&[][..], Exit::Ok),
            (&[Exit::Ok, Exit::Ok], Exit::Ok),
            (&[Exit::Ok, Exit::Refused], Exit::Partly),
            (&[Exit::Refused, Exit::Partly], Exit::Partly),
            (&[Exit::Refused, Exit::Refused], Exit::Refused),
            (&[Exit::NotFound, Exit::Refused], Exit::NotFound),
        ] {
            assert_eq!(total(exits), sum, "{exits:?}");
        }
    }
}
