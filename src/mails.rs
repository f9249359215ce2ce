//! `sekisho show` and `sekisho queue`: single mails, on both sides.

pub(crate) mod detail;
mod parts;
pub(crate) mod words;

use clap::ArgMatches;
use sekisho_channel::admin::{Item, MailState, Reply, Request};
use sekisho_job::HoldReason;
use sekisho_safe_message::{MailId, SafeLine, Timestamp};
use sekisho_settings::CommandSettings;

use crate::answers::No;
use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::screen::{Screen, Tone, fit, size};
use detail::Detail;

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

pub(crate) fn state_tone(state: MailState) -> Tone {
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
                for reply in &replies {
                    if let Reply::Detail { item, record, kept } = reply {
                        found = true;
                        let detail = Detail { side, item, record: record.as_ref(), kept: kept.as_deref() };
                        if screen.is_json() {
                            screen.object(&detail.object("sekisho.mail/1"));
                        } else {
                            detail.print(false, screen);
                            screen.line("");
                        }
                    } else if let Some(no) = No::of(reply)
                        && !matches!(no, No::NotFound)
                    {
                        exit = no.say(&id.to_string(), screen);
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

pub(crate) fn states(asked: &[&String]) -> Vec<MailState> {
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

pub(crate) fn label(item: &Item) -> String {
    let known = HoldReason::from_code(item.label.as_str()).map(|reason| reason.code().to_owned());
    known.unwrap_or_else(|| fit(item.label.as_str(), 20))
}

pub(crate) fn sender(item: &Item) -> String {
    item.from.as_ref().map_or_else(|| "<>".to_owned(), ToString::to_string)
}

/// A moment in Japan Standard Time, to the second.
pub(crate) fn clock(ms: u64) -> String {
    let c = Timestamp::from_unix_ms_jst(ms).civil();
    format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second)
}

fn retry(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let Some(id) = matches.get_one::<MailId>("id").copied() else { return Exit::Usage };
    let Some(reason) = matches.get_one::<SafeLine>("reason").cloned() else { return Exit::Usage };
    // A mail waits on one side only: outside until it is taken, inside after.
    // On two hosts only one side can be asked, and that may be the right one.
    let (mut refused, mut silent) = (None, Vec::new());
    for side in Side::BOTH {
        match ask::ask(side, &settings.admin, &Request::Retry { id, reason: reason.clone() }) {
            Err(err) => silent.push((side, err)),
            Ok(replies) => match replies.first().map(No::of) {
                Some(None) => {
                    screen.line(screen.t(format!("{id} を処理し直します。"), format!("{id} is being tried again.")));
                    return Exit::Ok;
                }
                Some(Some(No::NotFound)) => {}
                Some(Some(no)) => refused = Some(no),
                None => refused = Some(No::Trouble),
            },
        }
    }
    match (refused, silent.is_empty()) {
        (Some(No::Conflict), _) => {
            screen.error(screen.t(
                format!("{id} は処理済みか処理中のため、やり直せません。"),
                format!("{id} is finished or being worked on; it cannot be tried again"),
            ));
            Exit::Refused
        }
        (Some(no), _) => no.say(&id.to_string(), screen),
        (None, true) => No::NotFound.say(&id.to_string(), screen),
        (None, false) => silent.iter().fold(Exit::Unreachable, |_, (side, err)| ask::unreachable(*side, err, screen)),
    }
}
