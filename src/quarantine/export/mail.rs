//! One mail of a bundle: its records, and its original.

use sekisho_audit::Chain;
use sekisho_channel::admin::{Item, Kept, Reply, Request};
use sekisho_safe_message::{MailId, Sha256};
use serde_json::Value;

use super::chain::Told;
use super::original::{self, Original};
use super::output::Output;
use super::{Stop, Task};
use crate::answers::No;
use crate::ask::Side;
use crate::mails::detail::Detail;
use crate::screen::Screen;

/// What a bundle has of one mail.
pub(super) struct Mail {
    pub(super) id: MailId,
    /// As the first side that knows it says.
    pub(super) item: Item,
    /// Its ids on the LGWAN side: its own, or one for each share.
    pub(super) inner: Vec<MailId>,
    pub(super) original: Original,
    /// Sides that have a record of it.
    pub(super) recorded: Vec<Side>,
    pub(super) told: Vec<Told>,
}

/// A program's answer about a mail.
struct Known {
    item: Item,
    record: Option<Value>,
    kept: Option<Kept>,
}

impl Mail {
    /// Puts records and original into the bundle.
    pub(super) fn collect(id: MailId, task: &Task<'_>, output: &mut Output) -> Result<Self, Stop> {
        let asks = |side| task.sides.contains(&side);
        let outer = if asks(Side::Outer) { show(Side::Outer, id, task)? } else { None };
        let inner_ids = outer.as_ref().map_or_else(|| vec![id], |known| shares(id, known.record.as_ref()));
        let mut inner = Vec::new();
        for share in inner_ids.iter().filter(|_| asks(Side::Inner)) {
            inner.extend(show(Side::Inner, *share, task)?.map(|known| (*share, known)));
        }
        let first = outer.as_ref().or(inner.first().map(|(_, known)| known));
        let Some(item) = first.map(|known| known.item.clone()) else {
            return Err(Stop::No(id.to_string(), No::NotFound));
        };
        let original = match &outer {
            Some(known) if known.is_gone() => Original::Gone,
            Some(known) => original::collect(id, known.source(), task, output)?,
            None => Original::NotAsked,
        };
        let mut recorded = Vec::new();
        if let Some(known) = &outer {
            output.add(&format!("{id}/record.outer.json"), &known.record_file(Side::Outer))?;
            recorded.push(Side::Outer);
        }
        for (share, known) in &inner {
            let name = if *share == id { "record.inner.json".to_owned() } else { format!("record.inner.{share}.json") };
            output.add(&format!("{id}/{name}"), &known.record_file(Side::Inner))?;
        }
        recorded.extend((!inner.is_empty()).then_some(Side::Inner));
        Ok(Self { id, item, inner: inner_ids, original, recorded, told: Vec::new() })
    }

    /// Its links, a line each, by side and number.
    pub(super) fn links(&self) -> Vec<u8> {
        let mut lines = Vec::new();
        for told in &self.told {
            // Our own types always encode.
            lines.extend(serde_json::to_vec(told).unwrap_or_default());
            lines.push(b'\n');
        }
        lines
    }

    /// Links of one side that speak of it.
    pub(super) fn links_of(&self, side: Chain) -> usize {
        self.told.iter().filter(|told| told.side == side && !told.checkpoint).count()
    }

    /// Whether a signature in the bundle covers all that one side says of it.
    pub(super) fn is_signed(&self, side: Chain) -> bool {
        self.told.iter().rev().find(|told| told.side == side).is_some_and(|told| told.checkpoint)
    }

    /// What is missing in the bundle, for a person.
    pub(super) fn missing(&self, screen: &Screen) -> Option<String> {
        let id = self.id;
        match self.original {
            Original::Gone => Some(screen.t(
                format!("{id}: 原本は残っていないため、記録だけを書き出しました。"),
                format!("{id}: its original is not kept any more; the bundle has its records alone"),
            )),
            Original::Here { .. } | Original::NotAsked => None,
        }
    }
}

impl Known {
    fn record_file(&self, side: Side) -> Vec<u8> {
        let Self { item, record, kept } = self;
        let detail = Detail { side, item, record: record.as_ref(), kept: kept.as_ref() };
        let mut text = serde_json::to_vec_pretty(&detail.object("sekisho.mail/1")).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// Whether the program says itself that the original is not kept any more.
    fn is_gone(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| !kept.original)
    }

    /// The digest that the record has of what came.
    fn source(&self) -> Option<Sha256> {
        let digest = self.record.as_ref()?.get("report")?.get("source")?.get("sha256")?;
        serde_json::from_value(digest.clone()).ok()
    }
}

/// What one program knows; `None` if it knows nothing.
fn show(side: Side, id: MailId, task: &Task<'_>) -> Result<Option<Known>, Stop> {
    match task.ask(side, &Request::Show { id })?.into_iter().next() {
        Some(Reply::Detail { item, record, kept }) => {
            Ok(Some(Known { item: *item, record, kept: kept.map(|kept| *kept) }))
        }
        Some(reply) => match No::of(&reply) {
            Some(No::NotFound) => Ok(None),
            Some(no) => Err(Stop::No(id.to_string(), no)),
            None => Err(Stop::Strange(id.to_string())),
        },
        None => Err(Stop::No(id.to_string(), No::Trouble)),
    }
}

/// The ids under which a mail went inside: its own, unless its recipients are
/// treated differently.
fn shares(id: MailId, record: Option<&Value>) -> Vec<MailId> {
    let shares = record.and_then(|record| record.get("shares")?.as_array());
    let ids = shares.into_iter().flatten().filter_map(|share| serde_json::from_value(share.get("id")?.clone()).ok());
    let mut ids: Vec<MailId> = ids.collect();
    ids.dedup();
    if ids.is_empty() { vec![id] } else { ids }
}
