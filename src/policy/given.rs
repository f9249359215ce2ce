//! What a policy decides about mails and files that are given: the gateway's
//! own worker reads them, and the report says which rule decided.

use std::io;

use clap::ArgMatches;
use sekisho_job::{Part, Report, offline_line_ends};
use sekisho_policy::Policy;
use sekisho_safe_message::Envelope;
use sekisho_settings::CommandSettings;

use crate::batch;
use crate::disarm;
use crate::exit::Exit;
use crate::files::{self, Input};
use crate::offline::Offline;
use crate::screen::{Screen, Tone};

/// Shows the decision about every file of what is given; with `other` only
/// those that it would decide otherwise.
pub(super) fn run(
    matches: &ArgMatches,
    settings: &CommandSettings,
    policy: &Policy,
    other: Option<&Policy>,
    screen: &Screen,
) -> Exit {
    let inputs = match batch::inputs(matches, screen) {
        Ok(inputs) => inputs,
        Err(exit) => return exit,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => return batch::failed(screen, &err),
    };
    let read = |policy: &Policy| runtime.block_on(reports(settings, policy.clone(), &inputs));
    let decided = read(policy).and_then(|reports| Ok((reports, other.map(read).transpose()?)));
    match decided {
        Ok((reports, others)) => show(&inputs, &reports, others.as_deref(), screen),
        Err(err) => batch::failed(screen, &err),
    }
}

async fn reports(settings: &CommandSettings, policy: Policy, inputs: &[Input]) -> io::Result<Vec<Report>> {
    let to = "postmaster@localhost".parse().ok().and_then(|to| Envelope::new(None, vec![to]));
    let envelope = to.ok_or_else(|| io::Error::other("no recipient"))?;
    let offline = Offline::start(settings, policy, envelope).await?;
    let mut reports = Vec::with_capacity(inputs.len());
    for input in inputs {
        let octets = files::read(input, settings.max_message_size).map_err(|err| batch::named(&input.name, err))?;
        let (id, received) = batch::identity(None, None, &input.name);
        let is_mail = input.name.extension().is_none_or(|ending| ending.eq_ignore_ascii_case("eml"));
        let mail = match is_mail {
            true => offline_line_ends(&octets).into_owned(),
            false => disarm::carrier(id, received, &disarm::base_name(input), &octets),
        };
        reports.push(offline.disarm(id, received, &mail).await.map_err(io::Error::other)?.report);
    }
    Ok(reports)
}

/// Parts that a rule decided about.
fn decided(report: &Report) -> impl Iterator<Item = &Part> {
    report.parts.iter().filter(|part| part.rule.is_some())
}

fn show(inputs: &[Input], reports: &[Report], others: Option<&[Report]>, screen: &Screen) -> Exit {
    let mut rows = Vec::new();
    for (at, (input, report)) in inputs.iter().zip(reports).enumerate() {
        let name = input.name.to_string_lossy();
        for part in decided(report) {
            let instead = others
                .and_then(|others| others.get(at))
                .and_then(|other| other.parts.iter().find(|candidate| candidate.path == part.path));
            // Of an archive that stays out nobody decides about the entries.
            if others.is_some() && instead.is_none_or(|other| is_same(part, other)) {
                continue;
            }
            if screen.is_json() {
                screen.object(&serde_json::json!({
                    "schema": "sekisho.policy-explained/1", "input": name, "part": part, "instead": instead,
                }));
            }
            rows.push(row(&name, part, instead, screen));
        }
    }
    if screen.is_json() {
        return Exit::Ok;
    }
    if rows.is_empty() {
        screen.line(screen.t("ルールが扱いを変えるファイルはありません。", "No rule has anything to say about it."));
        return Exit::Ok;
    }
    let head = [
        screen.t("入力", "input"),
        screen.t("ファイル", "file"),
        screen.t("種類", "kind"),
        screen.t("ルール", "rule"),
        screen.t("扱い", "what becomes of it"),
    ];
    screen.table(&head, &rows);
    Exit::Ok
}

fn is_same(part: &Part, other: &Part) -> bool {
    (&part.rule, part.action, part.reason) == (&other.rule, other.action, other.reason)
}

fn row(input: &str, part: &Part, instead: Option<&Part>, screen: &Screen) -> Vec<(Tone, String)> {
    let language = screen.language();
    let name = part.name.as_ref().map_or_else(|| part.path.to_string(), |name| name.as_str().to_owned());
    let kind = part.kind_detected.map_or("", |kind| kind.name(language));
    let rule = part.rule.as_ref().map_or("", |rule| rule.as_str()).to_owned();
    let what = |part: &Part| match part.reason {
        Some(reason) => format!("{} ({})", part.action.code(), reason.code()),
        None => part.action.code().to_owned(),
    };
    let becomes = match instead {
        Some(other) => {
            let other_rule = other.rule.as_ref().map_or("", |rule| rule.as_str());
            format!("{} → {} [{other_rule}]", what(part), what(other))
        }
        None => what(part),
    };
    let tone = if part.reason.is_some() { Tone::Warn } else { Tone::Good };
    vec![
        (Tone::Dim, input.to_owned()),
        (Tone::Plain, name),
        (Tone::Plain, kind.to_owned()),
        (Tone::Head, rule),
        (tone, becomes),
    ]
}
