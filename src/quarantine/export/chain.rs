//! The audit record of one side, read from end to end: checked as a whole, and
//! what speaks of a bundle's mails taken out of it.

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};

use sekisho_audit::{Chain, Checker, Fault, Kind, head};
use sekisho_channel::admin::{Link, Reply, Request};
use sekisho_safe_message::{MailId, Sha256};
use serde::Serialize;

use super::mail::Mail;
use super::{Stop, Task};
use crate::answers::No;
use crate::ask::{self, Side};
use crate::screen::Screen;

/// Entries of one request.
const PAGE: u32 = 1_000;
/// Octets of entries that a bundle holds: some thousand mails' worth.
const MAX_TOLD: usize = 256 << 20;
/// What stands before the id of each mail that an entry names. Within a text a
/// quotation mark is escaped, so that nobody's words pass for one.
const ID: &str = "\"id\":\"";
/// Characters of an id.
const ID_LEN: usize = 26;

/// One side's record, as it was when the bundle was made.
pub(super) struct Record {
    pub(super) side: Chain,
    /// Number and hash of the last entry; `None` without any.
    pub(super) last: Option<(u64, Sha256)>,
    /// Entries that were read.
    pub(super) entries: u64,
    /// The last entry that a signature proves.
    pub(super) signed: u64,
    /// The first thing that is wrong with it.
    pub(super) fault: Option<Fault>,
}

/// An entry that is in the bundle.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Told {
    schema: &'static str,
    pub(super) side: Chain,
    pub(super) number: u64,
    /// The hash of the entry before: with it this one's can be computed again.
    before: Option<Sha256>,
    hash: Sha256,
    entry: String,
    /// A signature over what stands before it, and not about a mail.
    #[serde(skip)]
    pub(super) checkpoint: bool,
}

impl Record {
    /// Reads a side's record, and gives each mail its entries with the
    /// signatures around them.
    pub(super) fn read(side: Side, mails: &mut [Mail], task: &Task<'_>) -> Result<Self, Stop> {
        note(side, task.screen);
        let mut reading = Reading::new(side, mails);
        let mut after = 0;
        loop {
            let request = Request::Audit { after, limit: PAGE };
            let (mut count, mut stop) = (0, None);
            let asked = ask::each(side, &task.settings.admin, &request, |reply| match reply {
                // A page that leads nowhere would be asked for for ever.
                Reply::Link(link) if link.number > after => {
                    count += 1;
                    after = link.number;
                    stop = reading.take(*link).err();
                    stop.is_none()
                }
                Reply::Working => true,
                Reply::Done => false,
                other => {
                    let what = side.label(task.screen).to_owned();
                    let no = No::of(&other);
                    stop = Some(no.map_or_else(|| Stop::Strange(what.clone()), |no| Stop::No(what.clone(), no)));
                    false
                }
            });
            asked.map_err(|err| Stop::Unreachable(side, err))?;
            match stop {
                Some(stop) => return Err(stop),
                None if count == 0 => return Ok(reading.finish()),
                None => {}
            }
        }
    }

    /// What is wrong, for a person.
    pub(super) fn trouble(&self, screen: &Screen) -> Option<String> {
        let words = self.fault?.explain(screen.language());
        let side = self.side.code();
        Some(screen.t(
            format!("監査記録（{side}）に異常があります: {words}"),
            format!("the audit record ({side}) has a fault: {words}"),
        ))
    }
}

/// A record on its way.
struct Reading<'a> {
    side: Chain,
    checker: Checker,
    mails: &'a mut [Mail],
    /// Which mail an id is of: its own, and those of its shares.
    places: HashMap<String, usize>,
    before: Option<Sha256>,
    last: Option<(u64, Sha256)>,
    /// The last signature that was read.
    signature: Option<Told>,
    /// Mails of which something was read that no signature covers yet.
    unsigned: Vec<usize>,
    told: usize,
}

impl<'a> Reading<'a> {
    fn new(side: Side, mails: &'a mut [Mail]) -> Self {
        let side = match side {
            Side::Outer => Chain::Outer,
            Side::Inner => Chain::Inner,
        };
        let ids = |(at, mail): (usize, &Mail)| {
            let all = mail.inner.iter().chain([&mail.id]).map(move |id| (MailId::to_string(id), at));
            all.collect::<Vec<_>>()
        };
        let places = mails.iter().enumerate().flat_map(ids).collect();
        let checker = Checker::new().of(side);
        let (before, last, signature) = (None, None, None);
        Self { side, checker, mails, places, before, last, signature, unsigned: Vec::new(), told: 0 }
    }

    fn take(&mut self, link: Link) -> Result<(), Stop> {
        let Link { number, entry, hash } = link;
        self.checker.feed(number, entry.as_bytes(), hash.as_bytes());
        let before = self.before.replace(hash);
        self.last = Some((number, hash));
        let is_checkpoint = matches!(head(entry.as_bytes()), Some((Kind::Checkpoint, _)));
        let about = self.about(&entry);
        if !is_checkpoint && about.is_empty() {
            return Ok(());
        }
        let schema = "sekisho.audit-link/1";
        let told = Told { schema, side: self.side, number, before, hash, entry, checkpoint: is_checkpoint };
        if is_checkpoint {
            for at in std::mem::take(&mut self.unsigned) {
                self.keep(at, told.clone())?;
            }
            self.signature = Some(told);
            return Ok(());
        }
        for at in about {
            // The signature before, unless the mail has it already.
            let earlier = self.signature.clone().filter(|signature| !self.has(at, signature.number));
            if let Some(signature) = earlier {
                self.keep(at, signature)?;
            }
            self.keep(at, told.clone())?;
            if !self.unsigned.contains(&at) {
                self.unsigned.push(at);
            }
        }
        Ok(())
    }

    /// The mails that an entry names, each once.
    fn about(&self, entry: &str) -> Vec<usize> {
        let mut about: Vec<usize> = entry
            .match_indices(ID)
            .filter_map(|(at, _)| entry.get(at + ID.len()..at + ID.len() + ID_LEN))
            .filter_map(|id| self.places.get(id).copied())
            .collect();
        about.sort_unstable();
        about.dedup();
        about
    }

    fn has(&self, at: usize, number: u64) -> bool {
        let told = self.mails.get(at).map(|mail| mail.told.as_slice()).unwrap_or_default();
        told.iter().rev().any(|told| told.side == self.side && told.number == number)
    }

    fn keep(&mut self, at: usize, told: Told) -> Result<(), Stop> {
        let Some(mail) = self.mails.get_mut(at) else { return Ok(()) };
        self.told = self.told.saturating_add(told.entry.len());
        if self.told > MAX_TOLD {
            return Err(Stop::TooMuch(mail.id));
        }
        mail.told.push(told);
        Ok(())
    }

    fn finish(self) -> Record {
        let verdict = self.checker.finish();
        let (entries, signed) = (verdict.summary.entries, verdict.summary.signed);
        Record { side: self.side, last: self.last, entries, signed, fault: verdict.fault }
    }
}

/// A large record takes some seconds: a person is told what for.
fn note(side: Side, screen: &Screen) {
    if io::stderr().is_terminal() {
        let side = side.label(screen);
        let _ = writeln!(
            io::stderr().lock(),
            "{}",
            screen.t(format!("{side}の監査記録を確かめています…"), format!("Checking the audit record of the {side}…"))
        );
    }
}
