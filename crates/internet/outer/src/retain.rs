//! How long originals and records stay, and the tidying that follows from it.
//!
//! Two clocks run: one for an original's octets, whose period goes by what
//! became of its mail (`vault.retention` and its kin), and one for the record
//! of what was done (`vault.record_retention`). A kept original whose time is
//! over loses its octets and becomes a mere record. A held mail waits for a
//! person, however long, unless `vault.retention_held` says otherwise; then it
//! is warned of before it goes, and its end is on record. No clock touches
//! what is under a legal hold or asked for.

use std::time::Duration;

use sekisho_channel::admin::{OriginalRequest, RequestState};
use sekisho_settings::{Keep, PasswordSettings, VaultSettings};
use sekisho_store::{BodyFate, ItemView, Lease, Query, Settled, State, Store, StoreError};

use crate::book::{Book, Note};
use crate::clock::now_ms;
use crate::meta::{Meta, mail_id};
use crate::record::settled_ms;
use crate::settle::{Amended, expired};
use crate::terms;

/// How often the tidying runs, unless a period is shorter.
const EVERY: Duration = Duration::from_secs(60);
/// Held mails are warned of for so long, or for half of what they have.
const WARNING_MS: u64 = 7 * 86_400_000;
/// Where counting what leaves stops.
const LEAVING_MAX: u64 = 100_000;

/// Why the original of a mail that is settled is kept. It is the kept mail's
/// label, so that each class is found by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A file of it waits for a review.
    Quarantined,
    /// The reader got less, or other, than was sent.
    Changed,
    /// The reader got what was sent.
    Unchanged,
    /// Somebody released it.
    Released,
    /// It seems to bring the password of a file that is still to come; else it
    /// would not be kept.
    Password,
}

impl Class {
    const ALL: [Self; 5] = [Self::Quarantined, Self::Changed, Self::Unchanged, Self::Released, Self::Password];

    /// The label in the store. Never change one: old directories hold them.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Quarantined => "quarantine",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::Released => "released",
            Self::Password => "password-mail",
        }
    }

    /// What was kept before there were classes counts as changed.
    fn of_label(label: &str) -> Self {
        Self::ALL.into_iter().find(|class| class.label() == label).unwrap_or(Self::Changed)
    }
}

/// How long what is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retention {
    /// Whose originals stay.
    pub(crate) keep: Keep,
    held_ms: Option<u64>,
    quarantined_ms: u64,
    changed_ms: u64,
    unchanged_ms: u64,
    released_ms: u64,
    password_ms: u64,
    record_ms: u64,
}

/// Held mails whose time is nearly over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaving {
    /// So many.
    pub(crate) mails: u64,
    /// Within so many milliseconds.
    pub(crate) within_ms: u64,
}

impl Retention {
    /// As the settings say; a record outlives its original.
    pub(crate) fn new(vault: &VaultSettings, passwords: &PasswordSettings) -> Self {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let periods = &vault.retention;
        let [quarantined_ms, changed_ms, unchanged_ms, released_ms] =
            [periods.quarantined, periods.delivered, periods.unchanged, periods.released].map(ms);
        let longest = quarantined_ms.max(changed_ms).max(unchanged_ms).max(released_ms);
        let (held_ms, password_ms) = (periods.held.map(ms), ms(passwords.window));
        let record_ms = ms(vault.record_retention).max(longest).max(password_ms);
        let keep = vault.keep;
        Self { keep, held_ms, quarantined_ms, changed_ms, unchanged_ms, released_ms, password_ms, record_ms }
    }

    /// When the record of a mail that is settled at `now_ms` may go.
    pub(crate) fn record_expires(&self, now_ms: u64) -> u64 {
        now_ms.saturating_add(self.record_ms)
    }

    /// When the original of a mail may go; `None` for not by itself.
    pub(crate) fn original_expires(&self, view: &ItemView) -> Option<u64> {
        match view.state {
            State::Held => Some(view.arrived_ms.saturating_add(self.held_ms?)),
            State::Kept => {
                let settled = settled_ms(view.record.as_deref()).unwrap_or(view.changed_ms);
                Some(settled.saturating_add(self.period_ms(Class::of_label(&view.label))))
            }
            State::Ready | State::Waiting | State::Done | State::Buried => None,
        }
    }

    /// Milliseconds that records stay.
    pub(crate) fn record_ms(&self) -> u64 {
        self.record_ms
    }

    /// Held mails that nobody has decided about and that leave soon.
    pub(crate) fn leaving(&self, store: &Store, now_ms: u64) -> Result<Option<Leaving>, StoreError> {
        let Some(held_ms) = self.held_ms else { return Ok(None) };
        let within_ms = WARNING_MS.min(held_ms / 2);
        let until_ms = Some(now_ms.saturating_sub(held_ms - within_ms));
        let query = Query { states: vec![State::Held], until_ms, ..Query::default() };
        let safe = Query { terms: terms::legal_hold(), ..query.clone() };
        let (all, safe) = (store.count(&query, LEAVING_MAX)?.0, store.count(&safe, LEAVING_MAX)?.0);
        let mails = all.saturating_sub(safe);
        Ok((mails > 0).then_some(Leaving { mails, within_ms }))
    }

    fn is_over(&self, view: &ItemView, now_ms: u64) -> bool {
        self.original_expires(view).is_some_and(|end| end <= now_ms)
    }

    fn period_ms(&self, class: Class) -> u64 {
        match class {
            Class::Quarantined => self.quarantined_ms,
            Class::Changed => self.changed_ms,
            Class::Unchanged => self.unchanged_ms,
            Class::Released => self.released_ms,
            Class::Password => self.password_ms,
        }
    }

    fn every(&self) -> Duration {
        let periods = Class::ALL.map(|class| self.period_ms(class)).into_iter().chain(self.held_ms);
        periods.min().map_or(EVERY, |shortest| EVERY.min(Duration::from_millis(shortest.max(1_000))))
    }
}

/// Tidies for as long as it is polled.
pub(crate) async fn tidy(store: Store, retention: Retention) {
    // What was kept before there were classes has no label.
    let mut old = Some("");
    loop {
        let tidied = async {
            for label in Class::ALL.map(Class::label).into_iter().chain(old.take()) {
                drop_originals(&store, &retention, label, now_ms()).await?;
            }
            drop_held(&store, &retention, now_ms()).await?;
            while store.sweep(now_ms()).await?.more {}
            Ok::<_, StoreError>(())
        };
        if let Err(err) = tidied.await {
            tracing::error!(event = "spool.failed", error = %err);
        }
        tokio::time::sleep(retention.every()).await;
    }
}

/// Frees the octets of kept originals of one class whose time is over.
async fn drop_originals(store: &Store, retention: &Retention, label: &str, now_ms: u64) -> Result<(), StoreError> {
    let cut = now_ms.saturating_sub(retention.period_ms(Class::of_label(label)));
    let is_over = |view: &ItemView| view.state == State::Kept && retention.is_over(view, now_ms);
    let mut query = Query { states: vec![State::Kept], label: Some(label.to_owned()), ..Query::default() };
    while let Some(page) = old_ones(store, &mut query, cut)? {
        for view in page.iter().filter(|view| is_over(view)) {
            let Some((lease, _)) = take(store, view)? else { continue };
            // Somebody may have settled it anew meanwhile.
            if is_over(lease.view()) {
                let (terms, expires_ms) = (lease.view().terms.clone(), lease.view().expires_ms);
                let settled = Settled { terms, expires_ms, ..Settled::new(&*lease.view().label) };
                lease.done(now_ms, settled).await?;
            }
        }
    }
    Ok(())
}

/// Lets go of held mails that nobody decided about in time; the record of it
/// stays.
async fn drop_held(store: &Store, retention: &Retention, now_ms: u64) -> Result<(), StoreError> {
    let Some(held_ms) = retention.held_ms else { return Ok(()) };
    let mut query = Query { states: vec![State::Held], ..Query::default() };
    while let Some(page) = old_ones(store, &mut query, now_ms.saturating_sub(held_ms))? {
        for view in &page {
            let Some((lease, Some(mut meta))) = take(store, view)? else { continue };
            if lease.state() != State::Held || !retention.is_over(lease.view(), now_ms) {
                continue;
            }
            let id = mail_id(lease.id());
            let note = Note::of("sekisho", "expire", "vault.retention_held", now_ms).result("deleted");
            meta.book.add(note.act.clone());
            let expires_ms = Some(retention.record_expires(now_ms));
            tracing::warn!(event = "quarantine.expired", %id, reason = %lease.view().label);
            expired(lease, Amended { meta, entries: vec![note.entry(Some(id))], expires_ms }, now_ms).await?;
        }
    }
    Ok(())
}

/// The next page of what came at `cut` or before; the query goes on behind it.
/// None is settled before it came: who came later cannot be over.
fn old_ones(store: &Store, query: &mut Query, cut: u64) -> Result<Option<Vec<ItemView>>, StoreError> {
    let mut page = store.list(query)?;
    query.after = page.last().map(|view| view.cursor).or(query.after);
    let old = page.iter().take_while(|view| view.arrived_ms <= cut).count();
    page.truncate(old);
    Ok((old > 0).then_some(page))
}

/// The right to let go of an original, and the facts of its arrival unless
/// they are damaged; none while somebody works on it or wants it.
fn take(store: &Store, view: &ItemView) -> Result<Option<(Lease, Option<Meta>)>, StoreError> {
    let lease = match store.lease(view.id) {
        Ok(lease) => lease,
        // Somebody works on it, or it is gone: the next round will see.
        Err(StoreError::Busy | StoreError::NotFound) => return Ok(None),
        Err(err) => return Err(err),
    };
    let meta = Meta::decode(lease.meta());
    let goes = lease.view().body == BodyFate::Keep && !meta.as_ref().is_some_and(|meta| is_wanted(&meta.book));
    Ok(goes.then_some((lease, meta)))
}

/// Whether somebody is to have the original still.
fn is_wanted(book: &Book) -> bool {
    let open = |request: &OriginalRequest| matches!(request.state, RequestState::Pending | RequestState::Approved);
    book.legal_hold || book.requests.iter().any(open)
}

#[cfg(test)]
mod tests;
