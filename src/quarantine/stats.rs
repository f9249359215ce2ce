//! `sekisho quarantine stats` and `digest`: counts, for a person or a script.

use clap::ArgMatches;
use sekisho_channel::admin::{Reply, Request, Stats};
use sekisho_job::{Action, HoldReason};
use sekisho_safe_message::SafeLine;
use sekisho_settings::CommandSettings;
use serde_json::json;

use crate::answers::{No, strange};
use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::mails::words;
use crate::quarantine::now_ms;
use crate::screen::{Screen, Tone, size, span};

/// A row of counts: a code, how many, and when the oldest came.
type Count = (SafeLine, u64, Option<u64>);

pub(crate) fn stats(settings: &CommandSettings, screen: &Screen) -> Exit {
    match ask::ask(Side::Outer, &settings.admin, &Request::Stats) {
        Err(err) => ask::unreachable(Side::Outer, &err, screen),
        Ok(replies) => match replies.first() {
            Some(Reply::Stats(stats)) => {
                print(stats, screen);
                Exit::Ok
            }
            other => no(other, screen),
        },
    }
}

fn print(stats: &Stats, screen: &Screen) {
    if screen.is_json() {
        return screen.object(&json!({ "schema": "sekisho.quarantine-stats/1", "stats": stats }));
    }
    counts(screen.t("保留（人を待つメール）", "held: mails that wait for a person"), &stats.held, screen);
    counts(screen.t("配送済みで原本のあるメール", "delivered, with their originals kept"), &stats.kept, screen);
    let requests: Vec<_> = stats
        .requests
        .iter()
        .map(|(state, count)| {
            let word = words::request(*state, screen.language()).to_owned();
            vec![(Tone::Plain, format!("  {word}")), (Tone::Plain, count.to_string())]
        })
        .collect();
    if !requests.is_empty() {
        screen.line(screen.paint(Tone::Head, screen.t("原本の申請", "requests for originals")));
        screen.table(&["", ""], &requests);
    }
    screen.line(screen.paint(Tone::Head, screen.t("容量", "room")));
    let rows = [
        (screen.t("原本", "originals"), stats.bytes),
        (screen.t("重複をまとめて節約", "saved: repeats are stored once"), stats.shared_bytes),
        (screen.t("残り（下限まで）", "left above the floor"), stats.room_bytes),
    ];
    let rows = rows.map(|(name, bytes)| vec![(Tone::Dim, format!("  {name}")), (Tone::Plain, size(bytes))]);
    screen.table(&["", ""], &rows);
}

fn counts(title: &str, counts: &[Count], screen: &Screen) {
    let sum = counts.iter().map(|(_, count, _)| count).fold(0, |sum: u64, count| sum.saturating_add(*count));
    screen.line(format!("{}  {sum}", screen.paint(Tone::Head, title)));
    let now = now_ms();
    let rows: Vec<_> = counts
        .iter()
        .map(|(code, count, oldest)| {
            let age = oldest.map(|ms| span(now.saturating_sub(ms), screen.language())).unwrap_or_default();
            vec![
                (Tone::Plain, format!("  {code}")),
                (Tone::Plain, count.to_string()),
                (Tone::Dim, age),
                (Tone::Plain, explained(code.as_str(), screen).to_owned()),
            ]
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    let head = [
        screen.t("  符号", "  code"),
        screen.t("通数", "mails"),
        screen.t("最古", "oldest"),
        screen.t("意味", "meaning"),
    ];
    screen.table(&head, &rows);
}

/// What a label means: a hold reason, what was done to a part, or why an original is kept.
fn explained(code: &str, screen: &Screen) -> &'static str {
    match code {
        "changed" => {
            return screen.t("除いた部分や変わった部分がある", "delivered without a part, or otherwise than it came");
        }
        "unchanged" => return screen.t("届いたまま配送した", "delivered as it came"),
        "password-mail" => {
            return screen
                .t("後から届くファイルのパスワードらしい", "it seems to bring the password of a file to come");
        }
        "released" => return screen.t("解放した", "somebody released it"),
        _ => {}
    }
    let reason = HoldReason::from_code(code).map(|reason| reason.explain(screen.language()));
    let action = || Action::from_code(code).map(|action| action.explain(screen.language()));
    reason.or_else(action).unwrap_or_default()
}

pub(crate) fn digest(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let send = matches.get_flag("send");
    let replies = match ask::ask(Side::Outer, &settings.admin, &Request::Digest { send }) {
        Ok(replies) => replies,
        Err(err) => return ask::unreachable(Side::Outer, &err, screen),
    };
    let mut shown = false;
    for reply in &replies {
        match reply {
            Reply::Text { text } => {
                shown = true;
                match screen.is_json() {
                    true => screen.object(&json!({ "schema": "sekisho.digest/1", "text": text, "sent": send })),
                    false => screen.line(text.as_str().trim_end_matches('\n')),
                }
            }
            Reply::Working | Reply::Done => {}
            other => return no(Some(other), screen),
        }
    }
    if send && shown && !screen.is_json() {
        screen.line(screen.paint(Tone::Good, screen.t("送りました。", "It was sent.")));
    }
    if shown { Exit::Ok } else { no(None, screen) }
}

fn no(reply: Option<&Reply>, screen: &Screen) -> Exit {
    let what = Side::Outer.label(screen);
    reply.and_then(No::of).map_or_else(|| strange(what, screen), |no| no.say(what, screen))
}
