//! The record of a running program, page by page; the next pages are fetched
//! while one is looked at.

use std::sync::mpsc::{self, Receiver};

use sekisho_channel::ChannelError;
use sekisho_channel::admin::{Link, Reply, Request};
use sekisho_settings::AdminSockets;

use crate::answers::{self, No};
use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::screen::Screen;

/// Entries of one request.
pub(crate) const PAGE: u32 = 1_000;
/// Pages that are fetched ahead.
const AHEAD: usize = 3;

/// Why there is no record to read.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The program does not run, or may not be asked.
    Unreachable(ChannelError),
    /// It says no.
    No(No),
    /// It says something else.
    Strange,
}

impl Trouble {
    /// Says it, and gives the exit code.
    pub(crate) fn say(&self, side: Side, screen: &Screen) -> Exit {
        match self {
            Self::Unreachable(err) => ask::unreachable(side, err, screen),
            Self::No(no) => no.say(side.label(screen), screen),
            Self::Strange => answers::strange(side.label(screen), screen),
        }
    }
}

/// Entries behind number `after`, at most `limit`; none at the end.
pub(crate) fn page(side: Side, sockets: &AdminSockets, after: u64, limit: u32) -> Result<Vec<Link>, Trouble> {
    let (mut links, mut trouble, mut done) = (Vec::new(), None, false);
    ask::each(side, sockets, &Request::Audit { after, limit }, |reply| {
        match reply {
            Reply::Link(link) => links.push(*link),
            Reply::Done => done = true,
            Reply::Working => {}
            other => trouble = Some(No::of(&other).map_or(Trouble::Strange, Trouble::No)),
        }
        !done && trouble.is_none()
    })
    .map_err(Trouble::Unreachable)?;
    match trouble {
        Some(trouble) => Err(trouble),
        // It broke off: what came may not be all.
        None if !done => Err(Trouble::Strange),
        None => Ok(links),
    }
}

/// Pages to the end of the record.
pub(crate) struct Pages(Receiver<Result<Vec<Link>, Trouble>>);

impl Pages {
    /// From behind number `after`.
    pub(crate) fn behind(side: Side, sockets: &AdminSockets, mut after: u64) -> Self {
        let (send, receive) = mpsc::sync_channel(AHEAD);
        let sockets = sockets.clone();
        std::thread::spawn(move || {
            loop {
                let page = page(side, &sockets, after, PAGE);
                let last = page.as_ref().ok().and_then(|links| links.last()).map(|link| link.number);
                // Nobody looks any more: stop.
                if send.send(page).is_err() {
                    return;
                }
                match last {
                    // A program that counts backwards would keep us for ever.
                    Some(last) if last > after => after = last,
                    Some(_) | None => return,
                }
            }
        });
        Self(receive)
    }

    /// The next page; `None` at the end.
    pub(crate) fn next(&self) -> Result<Option<Vec<Link>>, Trouble> {
        match self.0.recv() {
            Ok(page) => page.map(|links| Some(links).filter(|links| !links.is_empty())),
            Err(_) => Ok(None),
        }
    }
}
