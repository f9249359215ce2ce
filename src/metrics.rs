//! `sekisho metrics`: what the programs count and measure, as a page in the
//! text format of Prometheus, for a textfile collector or whoever starts us.
//!
//! Never: a listener. Names come from the one table of the settings.

mod page;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use sekisho_channel::admin::{MailState, Problem, Reply, Request, Stats, Status};
use sekisho_settings::CommandSettings;
use serde::Serialize;

use crate::answers::No;
use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::screen::Screen;
use page::{Page, Value};

/// What each program counts: its own name, and the metric.
const COUNTERS: [(&str, &str); 11] = [
    ("received", "sekisho_received_total"),
    ("delivered", "sekisho_handed_over_total"),
    ("held", "sekisho_held_total"),
    ("worker-failures", "sekisho_worker_failures_total"),
    ("refused", "sekisho_verification_refusals_total"),
    ("repeats", "sekisho_handoff_repeats_total"),
    ("taken", "sekisho_taken_total"),
    ("repeated", "sekisho_handoff_repeats_total"),
    ("relayed", "sekisho_relayed_total"),
    ("deferred", "sekisho_deferred_total"),
    ("buried", "sekisho_buried_total"),
];

/// What a program can name as wrong.
const PROBLEMS: [(Side, &[Problem]); 2] = [
    (
        Side::Outer,
        &[
            Problem::LowSpace,
            Problem::NoWorkers,
            Problem::HandoffDown,
            Problem::OldMail,
            Problem::Refusals,
            Problem::ManyHeld,
            Problem::OldHeld,
            Problem::HeldLeaving,
            Problem::OriginalsDown,
        ],
    ),
    (Side::Inner, &[Problem::LowSpace, Problem::RelayDown, Problem::OldMail, Problem::Refusals]),
];

pub(crate) fn grammar(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("metrics")
        .about(t(
            "稼働状況の数値をPrometheusのテキスト形式で出力",
            "Print counters and gauges in the text format of Prometheus",
        ))
        .arg(crate::cli::side(&t))
        .arg(Arg::new("out").long("out").value_name("FILE").value_parser(value_parser!(PathBuf)).help(t(
            "このファイルに一度に置き換えて書く（node_exporterのtextfile用）",
            "Replace this file in one step (for node_exporter's textfile collector)",
        )))
}

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let (mut page, mut answered, mut exit) = (Page::default(), false, Exit::Ok);
    let mut silent = Vec::new();
    for side in Side::asked(matches) {
        let (status, stats) = match asked(side, settings) {
            Ok(facts) => facts,
            Err(Trouble::Silent(err)) => {
                page.put("sekisho_up", &[side.name()], Value::Whole(0));
                silent.push((side, err));
                continue;
            }
            Err(Trouble::No(no)) => {
                answered = true;
                page.put("sekisho_up", &[side.name()], Value::Whole(1));
                exit = no.say(side.label(screen), screen);
                continue;
            }
        };
        answered = true;
        page.put("sekisho_up", &[side.name()], Value::Whole(1));
        of_status(side, &status, &mut page);
        if let Some(stats) = stats {
            of_stats(side, &stats, &mut page);
        }
    }
    if !answered {
        exit = silent.iter().fold(exit, |_, (side, err)| ask::unreachable(*side, err, screen));
    }
    match written(&page.to_string(), matches.get_one::<PathBuf>("out").map(PathBuf::as_path)) {
        Ok(()) => exit,
        Err((path, err)) => {
            let path = path.display();
            screen.error(screen.t(format!("{path} に書けません: {err}"), format!("cannot write {path}: {err}")));
            Exit::Failed
        }
    }
}

/// Why a program told nothing.
enum Trouble {
    Silent(sekisho_channel::ChannelError),
    No(No),
}

/// How a program is doing, and for the Internet side what waits there.
fn asked(side: Side, settings: &CommandSettings) -> Result<(Box<Status>, Option<Box<Stats>>), Trouble> {
    let first = |request| {
        let replies = ask::ask(side, &settings.admin, &request).map_err(Trouble::Silent)?;
        replies.into_iter().next().ok_or(Trouble::No(No::Trouble))
    };
    let status = match first(Request::Status)? {
        Reply::Status(status) => status,
        reply => return Err(Trouble::No(No::of(&reply).unwrap_or(No::Trouble))),
    };
    // An auditor may see the state and not what waits: then that is left out.
    let stats = match side {
        Side::Inner => None,
        Side::Outer => match first(Request::Stats)? {
            Reply::Stats(stats) => Some(stats),
            _ => None,
        },
    };
    Ok((status, stats))
}

fn of_status(side: Side, status: &Status, page: &mut Page) {
    let own = side.name();
    let profile = status.profile.as_deref().unwrap_or_default();
    page.put("sekisho_info", &[own, &status.version, profile], Value::Whole(1));
    page.put("sekisho_start_time_seconds", &[own], Value::Time(status.started_ms));
    for problem in PROBLEMS.iter().filter(|(of, _)| *of == side).flat_map(|(_, problems)| *problems) {
        let is = u64::from(status.problems.contains(problem));
        page.put("sekisho_problem", &[own, &code(problem)], Value::Whole(is));
    }
    for stage in &status.stages {
        let state: MailState = stage.state;
        let labels = [own, &code(&state)];
        page.put("sekisho_mails", &labels, Value::Whole(stage.count));
        page.put("sekisho_mails_bytes", &labels, Value::Whole(stage.bytes));
        if let Some(oldest) = stage.oldest_ms {
            page.put("sekisho_mails_oldest_time_seconds", &labels, Value::Time(oldest));
        }
    }
    page.put("sekisho_free_bytes", &[own], Value::Whole(status.free_bytes));
    page.put("sekisho_floor_bytes", &[own], Value::Whole(status.floor_bytes));
    for (layer, state) in &status.layers {
        page.put("sekisho_layer_active", &[own, layer], Value::Whole(u64::from(state == "active")));
    }
    for (name, count) in &status.counters {
        for (_, metric) in COUNTERS.iter().filter(|(known, _)| known == name) {
            page.put(metric, &[own], Value::Whole(*count));
        }
    }
    for refused in &status.refusals {
        let labels = [own, &refused.what, &refused.reason];
        page.put("sekisho_receive_refusals_total", &labels, Value::Whole(refused.count));
    }
    page.put("sekisho_audit_entries", &[own], Value::Whole(status.audit.entries));
    if let Some(signed) = status.audit.signed_ms {
        page.put("sekisho_audit_checkpoint_time_seconds", &[own], Value::Time(signed));
    }
}

fn of_stats(side: Side, stats: &Stats, page: &mut Page) {
    let own = side.name();
    for (reason, count, oldest) in &stats.held {
        page.put("sekisho_held_mails", &[own, reason.as_str()], Value::Whole(*count));
        if let Some(oldest) = oldest {
            page.put("sekisho_held_oldest_time_seconds", &[own, reason.as_str()], Value::Time(*oldest));
        }
    }
    for (class, count, _) in &stats.kept {
        page.put("sekisho_kept_originals", &[own, class.as_str()], Value::Whole(*count));
    }
    for (state, count) in &stats.requests {
        page.put("sekisho_original_requests", &[own, &code(state)], Value::Whole(*count));
    }
    page.put("sekisho_vault_bytes", &[own], Value::Whole(stats.bytes));
    page.put("sekisho_vault_shared_bytes", &[own], Value::Whole(stats.shared_bytes));
    page.put("sekisho_vault_room_bytes", &[own], Value::Whole(stats.room_bytes));
}

/// The code that a value has in JSON, too.
fn code(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// To standard output, or in place of a file: a collector sees the old page or
/// the new one, and never half of one.
fn written(page: &str, file: Option<&Path>) -> Result<(), (PathBuf, io::Error)> {
    let Some(file) = file else {
        // A reader that went away is no error.
        let _ = io::stdout().lock().write_all(page.as_bytes());
        return Ok(());
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    // Collectors read what ends in `.prom`.
    let beside = file.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let done = fs::write(&beside, page).and_then(|()| fs::rename(&beside, file));
    done.map_err(|err| {
        let _ = fs::remove_file(&beside);
        (file.to_owned(), err)
    })
}

#[cfg(test)]
mod tests;
