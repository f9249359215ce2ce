//! `sekisho original`: originals (原本) for Internet-side mailboxes. Who asks
//! and who approves is known to the program from the kernel; nothing here
//! says who the caller is.

mod grammar;
mod list;

use clap::ArgMatches;
use sekisho_channel::admin::{OriginalForm, OriginalRequest, Reply, Request, RequestState};
use sekisho_safe_message::{Address, MailId, SafeLine, Secret};
use sekisho_settings::CommandSettings;
use serde_json::{Value, json};

use crate::answers::{No, decided_by, strange};
use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::mails::{detail, words};
use crate::quarantine::targets::named;
use crate::screen::{Screen, Tone};
use grammar::Named;

pub(crate) use grammar::grammar;

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    match matches.subcommand() {
        Some(("request", sub)) => request(sub, settings, screen),
        Some(("list", sub)) => list::run(sub, settings, screen),
        Some(("approve", sub)) => decide(sub, true, settings, screen),
        Some(("reject", sub)) => decide(sub, false, settings, screen),
        Some(("deliver", _)) => deliver(settings, screen),
        _ => Exit::Usage,
    }
}

/// A request as one JSON object.
fn object(id: MailId, request: &OriginalRequest) -> Value {
    json!({ "schema": "sekisho.original-request/1", "id": id, "request": request })
}

fn request(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let Some(reason) = matches.get_one::<SafeLine>("reason") else { return Exit::Usage };
    let ids = match named(matches, screen) {
        Ok(ids) => ids,
        Err(exit) => return exit,
    };
    let to: Vec<Address> = matches.get_many("for").into_iter().flatten().cloned().collect();
    let form = if matches.get_flag("zip") { OriginalForm::Zip } else { OriginalForm::Plain };
    let ask = |id| Request::RequestOriginal { id, to: to.clone(), form, reason: reason.clone() };
    each(ids.into_iter().map(|id| (id.to_string(), id, ask(id))), &["request"], settings, screen)
}

fn decide(matches: &ArgMatches, approve: bool, settings: &CommandSettings, screen: &Screen) -> Exit {
    let Some(reason) = matches.get_one::<SafeLine>("reason") else { return Exit::Usage };
    let requests = matches.get_many::<Named>("request").into_iter().flatten().map(|Named { id, number }| {
        let what = number.map_or_else(|| id.to_string(), |number| format!("{id}#{number}"));
        (what, *id, Request::DecideOriginal { id: *id, number: *number, approve, reason: reason.clone() })
    });
    let same = if approve { ["approve"] } else { ["reject"] };
    each(requests, &same, settings, screen)
}

/// Asks one after the other: each alike gives its code, some done is partly.
fn each(
    requests: impl Iterator<Item = (String, MailId, Request)>,
    same: &[&str],
    settings: &CommandSettings,
    screen: &Screen,
) -> Exit {
    let mut exits = Vec::new();
    for (what, id, request) in requests {
        match ask::ask(Side::Outer, &settings.admin, &request) {
            Ok(replies) => exits.push(answered(&what, id, &replies, same, screen)),
            Err(err) => {
                exits.push(ask::unreachable(Side::Outer, &err, screen));
                break;
            }
        }
    }
    let first = exits.first().copied().unwrap_or(Exit::Ok);
    match exits.iter().all(|exit| *exit == first) {
        true => first,
        false if exits.contains(&Exit::Ok) => Exit::Partly,
        false => first,
    }
}

fn answered(what: &str, id: MailId, replies: &[Reply], same: &[&str], screen: &Screen) -> Exit {
    let (mut request, mut secret, mut done) = (None, None, false);
    for reply in replies {
        match reply {
            Reply::Request(told) => request = Some(told.as_ref()),
            Reply::Password { secret: told } => secret = Some(told),
            Reply::Done => done = true,
            Reply::Working => {}
            other => {
                let Some(no) = No::of(other) else { return strange(what, screen) };
                if let Some(act) = no.is_same(same) {
                    screen.line(format!("{what}  {}", decided_by(act, screen)));
                    return Exit::Ok;
                }
                return no.say(what, screen);
            }
        }
    }
    match request {
        Some(request) => {
            told(id, request, secret, screen);
            // A parcel goes at once: it may come back.
            return match (request.state, same) {
                (RequestState::Failed, _) | (RequestState::Pending, ["approve"]) => Exit::Failed,
                _ => Exit::Ok,
            };
        }
        None if done => screen.line(format!("{what}  {}", words::outcome("done", screen.language()))),
        None => return strange(what, screen),
    }
    Exit::Ok
}

fn told(id: MailId, request: &OriginalRequest, secret: Option<&Secret>, screen: &Screen) {
    if screen.is_json() {
        let mut object = object(id, request);
        if let (Some(secret), Some(map)) = (secret, object.as_object_mut()) {
            map.insert("password".to_owned(), json!(secret.reveal()));
        }
        return screen.object(&object);
    }
    screen.line(format!("{id}  {}", detail::request_line(request, screen)));
    if let Some(secret) = secret {
        let name = screen.t("zipのパスワード", "password of the zip");
        let how = screen.t(
            "（今だけ表示します。メール以外の方法で伝えてください）",
            "(shown only now; tell it by another way than mail)",
        );
        screen.line(format!(
            "  {name}: {}  {}",
            screen.paint(Tone::Head, secret.reveal()),
            screen.paint(Tone::Dim, how)
        ));
    }
}

fn deliver(settings: &CommandSettings, screen: &Screen) -> Exit {
    let replies = match ask::ask(Side::Outer, &settings.admin, &Request::DeliverOriginals) {
        Ok(replies) => replies,
        Err(err) => return ask::unreachable(Side::Outer, &err, screen),
    };
    let what = Side::Outer.label(screen);
    let mut count = None;
    for reply in &replies {
        match reply {
            Reply::Working | Reply::Done => {}
            Reply::Count { count: told, .. } => count = Some(*told),
            Reply::Request(request) if !screen.is_json() => screen.line(detail::request_line(request, screen)),
            Reply::Request(_) => {}
            other => return No::of(other).map_or_else(|| strange(what, screen), |no| no.say(what, screen)),
        }
    }
    if screen.is_json() {
        screen.object(&json!({ "schema": "sekisho.original-deliver/1", "count": count }));
        return Exit::Ok;
    }
    screen.line(match count {
        Some(count) => {
            screen.t(format!("{count} 件を配送に回しました。"), format!("{count} originals are being delivered."))
        }
        None => screen.t("承認済みの原本の配送を始めました。", "Approved originals are being delivered.").to_owned(),
    });
    Exit::Ok
}
