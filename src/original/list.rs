//! `sekisho original list`: requests, found by the mails they are about.

use std::ops::ControlFlow;

use clap::ArgMatches;
use sekisho_channel::ChannelError;
use sekisho_channel::admin::{Condition, Filter, Item, OriginalRequest, Reply, Request, RequestState};
use sekisho_safe_message::SafeLine;
use sekisho_settings::CommandSettings;

use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::mails::{clock, words};
use crate::quarantine::filter::selection;
use crate::quarantine::list::{limit, more, page_end};
use crate::quarantine::now_ms;
use crate::quarantine::pages::{Place, Stop, Walk};
use crate::quarantine::table::Stream;
use crate::screen::{Screen, Tone, fit};

use super::object;

/// Every state, in the order in which somebody should look.
const STATES: [RequestState; 5] = [
    RequestState::Pending,
    RequestState::Failed,
    RequestState::Approved,
    RequestState::Delivered,
    RequestState::Rejected,
];

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let states = states(matches);
    let base = match selection(matches, now_ms(), screen) {
        Ok(selection) => selection.base,
        Err(exit) => return exit,
    };
    let sections: Vec<_> = states.iter().map(|state| with(&base, *state)).collect();
    let walk = Walk {
        side: Side::Outer,
        settings,
        sections: &sections,
        limit: limit(matches),
        newest_first: !matches.get_flag("oldest-first"),
    };
    let start = matches.get_one::<Place>("after").cloned().unwrap_or_default();
    let head = vec![
        screen.t("申請", "request"),
        screen.t("状態", "state"),
        screen.t("申請日時", "asked"),
        screen.t("申請者", "by"),
        screen.t("届け先", "for"),
        screen.t("理由", "why"),
        screen.t("件名", "subject"),
    ];
    let mut stream = Stream::new(head, !matches.get_flag("no-pager"), screen);
    let mut trouble = None;
    let walked = walk.run(start, |section, item| match requests(&item, settings) {
        Ok(requests) => {
            let mut wanted = requests.iter().filter(|request| states.get(section) == Some(&request.state));
            wanted.try_for_each(|request| match screen.is_json() {
                true => {
                    screen.object(&object(item.id, request));
                    ControlFlow::Continue(())
                }
                false => stream.row(row(&item, request, screen)),
            })
        }
        Err(err) => {
            trouble = Some(Stop::Unreachable(err));
            ControlFlow::Break(())
        }
    });
    end(walked, trouble, stream, screen)
}

fn end(walked: Result<Option<Place>, Stop>, trouble: Option<Stop>, stream: Stream<'_>, screen: &Screen) -> Exit {
    match (walked, trouble) {
        (Err(stop), _) | (Ok(_), Some(stop)) => stop.say(Side::Outer, screen),
        (Ok(next), None) if screen.is_json() => {
            page_end(next.as_ref(), screen);
            Exit::Ok
        }
        (Ok(next), None) => {
            let none = screen.t("該当する申請はありません。", "No request.");
            stream.finish(none, next.map(|next| more(&next, screen)));
            Exit::Ok
        }
    }
}

fn states(matches: &ArgMatches) -> Vec<RequestState> {
    let asked: Vec<&str> =
        matches.get_many::<String>("request-state").into_iter().flatten().map(String::as_str).collect();
    let is_asked = |state: &RequestState| match asked.as_slice() {
        [] => *state == RequestState::Pending,
        names => names.contains(&"all") || names.contains(&code(*state)),
    };
    STATES.into_iter().filter(is_asked).collect()
}

/// The state's name in options, as in JSON.
fn code(state: RequestState) -> &'static str {
    match state {
        RequestState::Pending => "pending",
        RequestState::Approved => "approved",
        RequestState::Delivered => "delivered",
        RequestState::Rejected => "rejected",
        RequestState::Failed => "failed",
    }
}

fn with(base: &Filter, state: RequestState) -> Filter {
    let mut filter = base.clone();
    filter.conditions.push(Condition::Request(state));
    filter
}

/// All requests about one mail; none if it is gone by now.
fn requests(item: &Item, settings: &CommandSettings) -> Result<Vec<OriginalRequest>, ChannelError> {
    let replies = ask::ask(Side::Outer, &settings.admin, &Request::Show { id: item.id })?;
    let kept = replies.into_iter().find_map(|reply| match reply {
        Reply::Detail { kept, .. } => kept,
        _ => None,
    });
    Ok(kept.map(|kept| kept.requests).unwrap_or_default())
}

fn row(item: &Item, request: &OriginalRequest, screen: &Screen) -> Vec<(Tone, String)> {
    let tone = match request.state {
        RequestState::Pending => Tone::Warn,
        RequestState::Failed => Tone::Bad,
        RequestState::Approved | RequestState::Delivered | RequestState::Rejected => Tone::Plain,
    };
    let to = request.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    vec![
        (Tone::Plain, format!("{}#{}", item.id, request.number)),
        (tone, words::request(request.state, screen.language()).to_owned()),
        (Tone::Plain, clock(request.asked.at_ms).chars().take(16).collect()),
        (Tone::Plain, fit(request.asked.who.as_str(), 20)),
        (Tone::Plain, fit(&to, 28)),
        (Tone::Plain, fit(request.asked.why.as_str(), 24)),
        (Tone::Plain, item.subject.as_ref().map_or("", SafeLine::as_str).to_owned()),
    ]
}
