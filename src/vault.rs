//! `sekisho vault`: the keys that originals (原本) are sealed under.
//!
//! Making a key touches the key file alone; everything else is asked of the
//! outer program. No key is ever printed.

mod grammar;
mod key;

use clap::ArgMatches;
use sekisho_channel::admin::{Reply, Request, Stats};
use sekisho_safe_message::SafeLine;
use sekisho_settings::{CommandSettings, Configuration, SettingsErrors};

use crate::answers::{No, strange};
use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::screen::{Screen, Tone, size};

pub(crate) use grammar::grammar;

pub(crate) fn run(
    matches: &ArgMatches,
    screen: &Screen,
    load: impl FnOnce() -> Result<Configuration, SettingsErrors>,
) -> Exit {
    // A key is made before there is a configuration that names it.
    if let Some(("key", sub)) = matches.subcommand() {
        return key::run(sub, screen);
    }
    let settings = match load().and_then(|configuration| configuration.command()) {
        Ok(settings) => settings,
        Err(errors) => return screen.bad_configuration(&errors),
    };
    match matches.subcommand() {
        Some(("rotate", sub)) => rotate(sub, &settings, screen),
        Some(("status", _)) => status(&settings, screen),
        _ => Exit::Usage,
    }
}

/// Has every original's key wrapped under the first key of the file.
fn rotate(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let Some(reason) = matches.get_one::<SafeLine>("reason").cloned() else { return Exit::Usage };
    let (count, more) = match ask_one(&Request::RotateKeys { reason }, settings, screen) {
        Ok(Reply::Count { count, more }) => (count, more),
        Ok(_) => return strange(Side::Outer.label(screen), screen),
        Err(exit) => return exit,
    };
    if screen.is_json() {
        screen.object(&serde_json::json!({ "schema": "sekisho.vault-rotation/1", "rewrapped": count, "more": more }));
    } else {
        screen.line(screen.t(
            format!("{count} 件の原本の鍵を、鍵ファイルの先頭の鍵で包み直しました。"),
            format!("The keys of {count} originals are wrapped under the first key of the file now."),
        ));
    }
    if more {
        screen.error(screen.t(
            "包み直せない原本が残っています。古い鍵の行を消さないでください（詳細はログと sekisho vault status）。",
            "some originals could not be done: keep the lines of older keys (see the log and `sekisho vault status`)",
        ));
        return Exit::Partly;
    }
    Exit::Ok
}

fn status(settings: &CommandSettings, screen: &Screen) -> Exit {
    match ask_one(&Request::Keys, settings, screen) {
        Ok(Reply::Stats(stats)) if screen.is_json() => {
            screen.object(&object(&stats));
            Exit::Ok
        }
        Ok(Reply::Stats(stats)) => {
            print(&stats, screen);
            Exit::Ok
        }
        Ok(_) => strange(Side::Outer.label(screen), screen),
        Err(exit) => exit,
    }
}

fn object(stats: &Stats) -> serde_json::Value {
    let keys: Vec<_> = stats
        .keys
        .iter()
        .enumerate()
        .map(|(at, (key, originals, in_file))| {
            serde_json::json!({ "key": key, "originals": originals, "current": at == 0, "in_file": in_file })
        })
        .collect();
    serde_json::json!({
        "schema": "sekisho.vault/1",
        "keys": keys,
        "bytes": stats.bytes,
        "shared_bytes": stats.shared_bytes,
        "room_bytes": stats.room_bytes,
    })
}

fn print(stats: &Stats, screen: &Screen) {
    let fact = |name: &str, octets| vec![(Tone::Dim, name.to_owned()), (Tone::Plain, size(octets))];
    screen.table(
        &["", ""],
        &[
            fact(screen.t("原本の容量", "originals"), stats.bytes),
            fact(screen.t("重複の排除で省いた容量", "saved by storing once"), stats.shared_bytes),
            fact(screen.t("残りの容量", "room left"), stats.room_bytes),
        ],
    );
    let keys = &stats.keys;
    if keys.is_empty() {
        return;
    }
    screen.line("");
    let rows: Vec<_> = keys
        .iter()
        .enumerate()
        .map(|(at, (key, originals, in_file))| {
            let (tone, word) = match (at, *in_file, *originals) {
                (_, false, _) => (Tone::Bad, screen.t("鍵ファイルにない", "not in the key file: put its line back")),
                (0, true, _) => (Tone::Good, screen.t("現在の鍵", "current")),
                (_, true, 0) => (Tone::Dim, screen.t("使われていない（行を消してよい）", "unused: its line may go")),
                (_, true, _) => {
                    (Tone::Warn, screen.t("古い鍵（sekisho vault rotate で更新）", "old: sekisho vault rotate"))
                }
            };
            vec![(Tone::Plain, key.to_string()), (Tone::Plain, originals.to_string()), (tone, word.to_owned())]
        })
        .collect();
    screen.table(&[screen.t("鍵", "key"), screen.t("原本", "originals"), ""], &rows);
}

/// The one reply that is more than a sign of life; says so if it is a no.
fn ask_one(request: &Request, settings: &CommandSettings, screen: &Screen) -> Result<Reply, Exit> {
    let mut answer = None;
    let asked = ask::each(Side::Outer, &settings.admin, request, |reply| match reply {
        Reply::Working => true,
        other => {
            answer = Some(other);
            false
        }
    });
    let who = Side::Outer.label(screen);
    match (asked, answer) {
        (Err(err), _) => Err(ask::unreachable(Side::Outer, &err, screen)),
        (Ok(()), None) => Err(No::Trouble.say(who, screen)),
        (Ok(()), Some(answer)) => match No::of(&answer) {
            Some(no) => Err(no.say(who, screen)),
            None => Ok(answer),
        },
    }
}
