//! `sekisho show` and `sekisho queue`: single mails, on both sides.

use clap::ArgMatches;
use sekisho_channel::admin::{Item, MailState, Reply, Request};
use sekisho_inner::record::{Record, Standing};
use sekisho_job::{Anomaly, HoldReason, Report, Verdict};
use sekisho_safe_message::{MailId, SafeLine, Timestamp};
use sekisho_settings::CommandSettings;
use serde_json::Value;

use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::screen::{Screen, Tone, fit, size};

/// Items of one request; long lists are fetched page by page.
const PAGE: u32 = 500;

/// The word for a state.
pub(crate) fn state_word(state: MailState, screen: &Screen) -> &'static str {
    match state {
        MailState::Ready => screen.t("処理待ち", "ready"),
        MailState::Waiting => screen.t("再試行待ち", "waiting"),
        MailState::Held => screen.t("保留", "held"),
        MailState::Kept => screen.t("完了（原本あり）", "kept"),
        MailState::Done => screen.t("完了", "done"),
        MailState::Buried => screen.t("配送断念", "buried"),
    }
}

fn state_tone(state: MailState) -> Tone {
    match state {
        MailState::Held | MailState::Buried => Tone::Bad,
        MailState::Waiting => Tone::Warn,
        MailState::Ready | MailState::Kept | MailState::Done => Tone::Plain,
    }
}

pub(crate) fn show(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let Some(id) = matches.get_one::<MailId>("id").copied() else { return Exit::Usage };
    let (mut found, mut exit) = (false, Exit::Ok);
    for side in Side::asked(matches) {
        match ask::ask(side, &settings.admin, &Request::Show { id }) {
            Ok(replies) => {
                for reply in replies {
                    if let Reply::Detail { item, record } = reply {
                        found = true;
                        detail(side, &item, record.as_ref(), screen);
                    }
                }
            }
            Err(err) => exit = ask::unreachable(side, &err, screen),
        }
    }
    if !found && exit == Exit::Ok {
        screen.error(screen.t(format!("{id} というメールはありません。"), format!("no mail has the id {id}")));
        return Exit::NotFound;
    }
    exit
}

fn detail(side: Side, item: &Item, record: Option<&Value>, screen: &Screen) {
    if screen.is_json() {
        let object =
            serde_json::json!({ "schema": "sekisho.mail/1", "side": side.name(), "item": item, "record": record });
        screen.object(&object);
        return;
    }
    let state = screen.paint(state_tone(item.state), state_word(item.state, screen));
    screen.line(format!("{}  {state}", screen.paint(Tone::Head, side.label(screen))));
    let mut rows = Vec::new();
    let mut row = |name: &str, value: String| rows.push(vec![(Tone::Dim, format!("  {name}")), (Tone::Plain, value)]);
    row(screen.t("管理番号", "id"), item.id.to_string());
    row(screen.t("受信", "received"), clock(item.arrived_ms));
    row(screen.t("差出人", "from"), sender(item));
    row(screen.t("宛先", "to"), item.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
    if let Some(subject) = &item.subject {
        row(screen.t("件名", "subject"), subject.to_string());
    }
    row(screen.t("大きさ", "size"), size(item.size));
    if !item.label.is_empty() {
        row(screen.t("符号", "code"), item.label.to_string());
    }
    if item.attempts > 0 {
        row(screen.t("試行", "attempts"), item.attempts.to_string());
    }
    if item.state == MailState::Waiting {
        row(screen.t("次回", "next"), clock(item.due_ms));
    }
    screen.table(&["", ""], &rows);
    if let Some(record) = record {
        match serde_json::from_value::<Report>(record["report"].clone()) {
            Ok(report) => reported(&report, screen),
            Err(_) => match serde_json::from_value::<Record>(record.clone()) {
                Ok(record) => relayed(&record, screen),
                Err(_) => facts(record, screen),
            },
        }
    }
    screen.line("");
}

/// A report in words.
fn reported(report: &Report, screen: &Screen) {
    let language = screen.language();
    if let (Verdict::Hold, Some(reason)) = (report.outcome, report.hold_reason) {
        screen.line(format!(
            "  {} {}",
            screen.paint(Tone::Bad, screen.t("保留の理由:", "held because:")),
            reason.explain(language)
        ));
    }
    if let Some(results) = &report.authentication {
        let name = screen.t("送信元の確認:", "sender checks:");
        screen.line(format!("  {} {results}", screen.paint(Tone::Dim, name)));
    }
    for anomaly in &report.anomalies {
        screen.line(format!(
            "  {} {}  {}",
            screen.paint(Tone::Warn, "・"),
            Anomaly::explain(*anomaly, language),
            screen.paint(Tone::Dim, anomaly.code())
        ));
    }
    let rows: Vec<_> = report
        .parts
        .iter()
        .map(|part| {
            let name = part.name.as_ref().map(ToString::to_string).unwrap_or_default();
            vec![
                (Tone::Plain, format!("  {}", part.path)),
                (Tone::Plain, fit(part.type_declared.as_str(), 30)),
                (Tone::Plain, size(part.size)),
                (Tone::Plain, part.action.explain(language).to_owned()),
                (Tone::Plain, fit(&name, 40)),
            ]
        })
        .collect();
    if !rows.is_empty() {
        let head = [
            screen.t("  パート", "  part"),
            screen.t("種類", "type"),
            screen.t("大きさ", "size"),
            screen.t("処理", "action"),
            screen.t("名前", "name"),
        ];
        screen.table(&head, &rows);
    }
    screen.line(screen.paint(Tone::Dim, &format!("  SHA-256 {}", report.source.sha256)));
}

/// What the LGWAN side did with a mail, recipient by recipient.
fn relayed(record: &Record, screen: &Screen) {
    let rows: Vec<_> = record
        .recipients
        .iter()
        .map(|recipient| {
            let (tone, word) = match recipient.state {
                Standing::Waiting => (Tone::Warn, screen.t("待機中", "waiting")),
                Standing::Delivered => (Tone::Good, screen.t("配送済み", "delivered")),
                Standing::Refused => (Tone::Bad, screen.t("拒否", "refused")),
                Standing::Expired => (Tone::Bad, screen.t("期限切れ", "expired")),
            };
            let said = recipient.reply.as_ref().map(ToString::to_string);
            vec![
                (Tone::Plain, format!("  {}", recipient.address)),
                (tone, word.to_owned()),
                (Tone::Plain, said.or_else(|| recipient.trouble.clone()).unwrap_or_default()),
                (Tone::Dim, recipient.at.clone().unwrap_or_default()),
            ]
        })
        .collect();
    let head = [
        screen.t("  宛先", "  recipient"),
        screen.t("結果", "result"),
        screen.t("応答", "reply"),
        screen.t("時刻", "at"),
    ];
    screen.table(&head, &rows);
    screen.line(screen.paint(Tone::Dim, &format!("  SHA-256 {}", record.sha256)));
}

/// Another record, key by key. Strings in it are the programs' own.
fn facts(record: &Value, screen: &Screen) {
    let Some(object) = record.as_object() else { return };
    let rows: Vec<_> = object
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            vec![(Tone::Dim, format!("  {key}")), (Tone::Plain, SafeLine::clean(&text).value.to_string())]
        })
        .collect();
    screen.table(&["", ""], &rows);
}

pub(crate) fn queue(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    match matches.subcommand() {
        Some(("list", sub)) => list(sub, settings, screen),
        Some(("retry", sub)) => retry(sub, settings, screen),
        _ => Exit::Usage,
    }
}

fn list(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let asked: Vec<&String> = matches.get_many("state").into_iter().flatten().collect();
    let states = states(&asked);
    let limit = matches.get_one::<u32>("limit").copied().unwrap_or(100);
    let after = matches.get_one::<MailId>("after").copied();
    let (mut exit, mut rows) = (Exit::Ok, Vec::new());
    for side in Side::asked(matches) {
        let seen = pages(side, settings, &states, after, limit, |item| match screen.is_json() {
            true => {
                let object = serde_json::json!({ "schema": "sekisho.queue-item/1", "side": side.name(), "item": item });
                screen.object(&object);
            }
            false => rows.push(row(side, &item, screen)),
        });
        if let Err(err) = seen {
            exit = ask::unreachable(side, &err, screen);
        }
    }
    if !screen.is_json() {
        if rows.is_empty() && exit == Exit::Ok {
            screen.line(screen.t("該当するメールはありません。", "No mail."));
        } else if !rows.is_empty() {
            let head = [
                "ID",
                screen.t("側", "side"),
                screen.t("状態", "state"),
                screen.t("符号", "code"),
                screen.t("受信", "received"),
                screen.t("大きさ", "size"),
                screen.t("差出人", "from"),
                screen.t("件名", "subject"),
            ];
            screen.table(&head, &rows);
        }
    }
    exit
}

fn states(asked: &[&String]) -> Vec<MailState> {
    let named = |name: &str| match name {
        "ready" => vec![MailState::Ready],
        "waiting" => vec![MailState::Waiting],
        "held" => vec![MailState::Held],
        "kept" => vec![MailState::Kept],
        "done" => vec![MailState::Done],
        "buried" => vec![MailState::Buried],
        _ => vec![
            MailState::Ready,
            MailState::Waiting,
            MailState::Held,
            MailState::Kept,
            MailState::Done,
            MailState::Buried,
        ],
    };
    match asked {
        [] => vec![MailState::Ready, MailState::Waiting, MailState::Held],
        asked => asked.iter().flat_map(|name| named(name)).collect(),
    }
}

/// Fetches page after page, so that no list is held in memory here or there.
fn pages(
    side: Side,
    settings: &CommandSettings,
    states: &[MailState],
    mut after: Option<MailId>,
    limit: u32,
    mut each: impl FnMut(Item),
) -> Result<(), sekisho_channel::ChannelError> {
    let mut left = limit;
    while left > 0 {
        let page = left.min(PAGE);
        let request = Request::List { states: states.to_vec(), after, limit: page, newest_first: false };
        let mut count = 0;
        ask::each(side, &settings.admin, &request, |reply| {
            if let Reply::Item(item) = reply {
                count += 1;
                after = Some(item.id);
                each(*item);
            }
            true
        })?;
        if count < page {
            break;
        }
        left -= count;
    }
    Ok(())
}

fn row(side: Side, item: &Item, screen: &Screen) -> Vec<(Tone, String)> {
    vec![
        (Tone::Plain, item.id.to_string()),
        (Tone::Dim, side.name().to_owned()),
        (state_tone(item.state), state_word(item.state, screen).to_owned()),
        (Tone::Plain, label(item)),
        (Tone::Plain, clock(item.arrived_ms)),
        (Tone::Plain, size(item.size)),
        (Tone::Plain, fit(&sender(item), 28)),
        (Tone::Plain, fit(item.subject.as_ref().map_or("", SafeLine::as_str), 40)),
    ]
}

fn label(item: &Item) -> String {
    let known = HoldReason::from_code(item.label.as_str()).map(|reason| reason.code().to_owned());
    known.unwrap_or_else(|| fit(item.label.as_str(), 20))
}

fn sender(item: &Item) -> String {
    item.from.as_ref().map_or_else(|| "<>".to_owned(), ToString::to_string)
}

/// A moment in Japan Standard Time, to the second.
fn clock(ms: u64) -> String {
    let c = Timestamp::from_unix_ms_jst(ms).civil();
    format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second)
}

fn retry(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let Some(id) = matches.get_one::<MailId>("id").copied() else { return Exit::Usage };
    let reason = matches.get_one::<String>("reason").map(|text| SafeLine::clean(text).value).unwrap_or_default();
    if reason.is_empty() {
        screen.error(screen.t("--reason に理由を書いてください。", "--reason must say why"));
        return Exit::Usage;
    }
    // A mail waits on one side only: outside until it is taken, inside after.
    // On two hosts only one side can be asked, and that may be the right one.
    let (mut exit, mut silent) = (Exit::NotFound, Vec::new());
    for side in Side::BOTH {
        match ask::ask(side, &settings.admin, &Request::Retry { id, reason: reason.clone() }) {
            Err(err) => silent.push((side, err)),
            Ok(replies) => match replies.first() {
                Some(Reply::Done) => {
                    screen.line(screen.t(format!("{id} を処理し直します。"), format!("{id} is being tried again.")));
                    return Exit::Ok;
                }
                Some(Reply::Conflict) => exit = Exit::Refused,
                Some(Reply::NotFound) => {}
                Some(Reply::Status(_) | Reply::Item(_) | Reply::Detail { .. } | Reply::Trouble) | None => {
                    exit = Exit::Failed
                }
            },
        }
    }
    if exit == Exit::NotFound {
        for (side, err) in &silent {
            exit = ask::unreachable(*side, err, screen);
        }
    }
    match exit {
        Exit::Refused => screen.error(screen.t(
            format!("{id} は処理済みか処理中のため、やり直せません。"),
            format!("{id} is finished or being worked on; it cannot be tried again"),
        )),
        Exit::NotFound => {
            screen.error(screen.t(format!("{id} というメールはありません。"), format!("no mail has the id {id}")))
        }
        Exit::Ok | Exit::Failed | Exit::Usage | Exit::Partly | Exit::Unreachable | Exit::Config => {}
    }
    exit
}
