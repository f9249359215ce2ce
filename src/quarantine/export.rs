//! `sekisho quarantine export`: an evidence bundle (証拠一式) in an encrypted ZIP.
//!
//! Originals as they came, both sides' records, the links of the audit record
//! that speak of them, and a manifest of it all. It is made under another name
//! and takes its own when it is whole; a failure leaves nothing behind.

mod chain;
mod mail;
mod manifest;
mod original;
mod output;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, value_parser};
use sekisho_channel::ChannelError;
use sekisho_channel::admin::{Reply, Request, Role};
use sekisho_safe_message::{MailId, SafeLine, Secret, Timestamp};
use sekisho_settings::CommandSettings;
use sekisho_vault::VaultError;

use crate::answers::{No, strange};
use crate::ask::{self, Side};
use crate::cli::{ids, reason, side};
use crate::exit::Exit;
use crate::quarantine::now_ms;
use crate::quarantine::targets::named;
use crate::screen::{Screen, size};
use chain::Record;
use mail::Mail;
use manifest::Manifest;
use output::Output;

/// Mails of one bundle: more than an archive of 4 GiB holds of large ones.
const MAX_MAILS: usize = 1_000;

/// The subcommand; `t` picks one of two languages.
pub(crate) fn grammar(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let file = |id: &'static str, help: &'static str| {
        Arg::new(id).long(id).value_name("FILE").value_parser(value_parser!(PathBuf)).help(help)
    };
    Command::new("export")
        .about(t(
            "証拠一式（原本、両側の記録、監査記録、目録）を暗号化ZIPに書き出す",
            "Write an evidence bundle (originals, records, audit record, manifest) to an encrypted ZIP",
        ))
        .arg(ids(&t).required(true))
        .arg(
            file("out", t("書き出すZIPファイル（上書きしない）", "The ZIP to write; never overwritten")).required(true),
        )
        .arg(file(
            "password-file",
            t(
                "パスワードのファイル（先頭の1行。既定: 生成して一度だけ表示）",
                "File with the password, its first line (default: one is made and shown once)",
            ),
        ))
        .arg(side(&t))
        .arg(reason(&t))
}

/// Why there is no bundle.
enum Stop {
    Unreachable(Side, ChannelError),
    /// A program said no, about this.
    No(String, No),
    /// It said what nobody expects, about this.
    Strange(String),
    /// Something with this file.
    File(PathBuf, io::Error),
    /// The original is not what the program said that it is, or not what the record says.
    Differs(MailId),
    /// More in the audit record than can be held.
    TooMuch(MailId),
    Vault(VaultError),
}

/// What a bundle is made for, and of.
struct Task<'a> {
    ids: &'a [MailId],
    sides: Vec<Side>,
    reason: &'a SafeLine,
    settings: &'a CommandSettings,
    screen: &'a Screen,
    now: Timestamp,
}

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let (Some(out), Some(reason)) = (matches.get_one::<PathBuf>("out"), matches.get_one::<SafeLine>("reason")) else {
        return Exit::Usage;
    };
    let ids = match named(matches, screen) {
        Ok(ids) if ids.len() > MAX_MAILS => {
            screen.error(screen.t(
                format!("一度に書き出せるのは {MAX_MAILS} 通までです。"),
                format!("at most {MAX_MAILS} mails in one bundle"),
            ));
            return Exit::Usage;
        }
        Ok(ids) => ids,
        Err(exit) => return exit,
    };
    let now = Timestamp::from_unix_ms_jst(now_ms());
    let task = Task { ids: &ids, sides: Side::asked(matches).collect(), reason, settings, screen, now };
    match make(&task, out, matches.get_one::<PathBuf>("password-file")) {
        Ok(exit) => exit,
        Err(stop) => stop.say(screen),
    }
}

fn make(task: &Task<'_>, out: &Path, password_file: Option<&PathBuf>) -> Result<Exit, Stop> {
    let (password, is_new) = match password_file {
        Some(file) => (output::password(file)?, false),
        None => (sekisho_vault::password().map_err(Stop::Vault)?, true),
    };
    let mut output = Output::create(out, password.clone(), task.now)?;
    let caller = whoami(task)?;
    let mut mails = Vec::with_capacity(task.ids.len());
    for id in task.ids {
        mails.push(Mail::collect(*id, task, &mut output)?);
    }
    // Behind the originals, so that their export stands in it, too.
    let mut records = Vec::new();
    for side in &task.sides {
        records.push(Record::read(*side, &mut mails, task)?);
    }
    for mail in &mails {
        output.add(&format!("{}/audit.ndjson", mail.id), &mail.links())?;
    }
    let manifest = Manifest { task, caller, records: &records, mails: &mails };
    let text = manifest.text(output.members());
    output.add("manifest.txt", text.as_bytes())?;
    let json = manifest.json(output.members());
    output.add("manifest.json", &json)?;
    let written = output.finish()?;
    Ok(told(&written, &mails, &records, is_new.then_some(&password), task.screen))
}

/// The caller's name and id, as the first program that is asked knows them.
fn whoami(task: &Task<'_>) -> Result<(SafeLine, u32), Stop> {
    let side = task.sides.first().copied().unwrap_or(Side::Outer);
    let replies = task.ask(side, &Request::Whoami)?;
    let what = || side.label(task.screen).to_owned();
    match replies.into_iter().next() {
        Some(Reply::Caller { name, uid, roles }) => {
            // Without a role the answer would be no later.
            if roles.is_empty() { Err(Stop::No(what(), No::Denied(Some(Role::Reviewer)))) } else { Ok((name, uid)) }
        }
        Some(other) => Err(No::of(&other).map_or_else(|| Stop::Strange(what()), |no| Stop::No(what(), no))),
        None => Err(Stop::No(what(), No::Trouble)),
    }
}

impl Task<'_> {
    fn ask(&self, side: Side, request: &Request) -> Result<Vec<Reply>, Stop> {
        ask::ask(side, &self.settings.admin, request).map_err(|err| Stop::Unreachable(side, err))
    }
}

/// Says what was written; the exit code says whether anything is missing in it.
fn told(
    written: &output::Written,
    mails: &[Mail],
    records: &[Record],
    password: Option<&Secret>,
    screen: &Screen,
) -> Exit {
    let missing: Vec<String> = mails
        .iter()
        .flat_map(|mail| mail.missing(screen))
        .chain(records.iter().filter_map(|record| record.trouble(screen)))
        .collect();
    if screen.is_json() {
        screen.object(&serde_json::json!({
            "schema": "sekisho.evidence-bundle/1",
            "file": written.path,
            "sha256": written.sha256,
            "size": written.size,
            "mails": mails.iter().map(|mail| mail.id).collect::<Vec<_>>(),
            "complete": missing.is_empty(),
        }));
    } else {
        let (path, octets, count) = (written.path.display(), size(written.size), mails.len());
        screen.line(screen.t(
            format!("{count} 通の証拠一式を書き出しました: {path}（{octets}）"),
            format!("Wrote the evidence of {count} mails: {path} ({octets})"),
        ));
        screen.line(format!("SHA-256  {}", written.sha256));
    }
    if let Some(password) = password {
        output::show(password, screen);
    }
    for line in &missing {
        screen.error(line);
    }
    if missing.is_empty() { Exit::Ok } else { Exit::Partly }
}

impl Stop {
    fn say(&self, screen: &Screen) -> Exit {
        match self {
            Self::Unreachable(side, err) => ask::unreachable(*side, err, screen),
            Self::No(what, no) => no.say(what, screen),
            Self::Strange(what) => strange(what, screen),
            Self::File(path, err) => {
                let path = path.display();
                screen.error(match err.kind() {
                    io::ErrorKind::AlreadyExists => screen.t(
                        format!(
                            "{path}: 既にあります。上書きしません（書き出しの途中で終わったものなら削除してください）。"
                        ),
                        format!("{path}: it exists and is not overwritten (remove what an interrupted export left)"),
                    ),
                    _ => format!("{path}: {err}"),
                });
                Exit::Failed
            }
            Self::Differs(id) => {
                screen.error(screen.t(
                    format!("{id}: 原本が記録のSHA-256と一致しません。証拠一式は作りませんでした。"),
                    format!("{id}: the original is not the one of the record (SHA-256 differs); no bundle was made"),
                ));
                Exit::Failed
            }
            Self::TooMuch(id) => {
                screen.error(screen.t(
                    format!("{id}: 監査記録が多すぎます。管理番号を分けて書き出してください。"),
                    format!("{id}: too much in the audit record for one bundle: export fewer mails at a time"),
                ));
                Exit::Failed
            }
            Self::Vault(err) => {
                screen.error(err.localized(screen.language()));
                Exit::Failed
            }
        }
    }
}
