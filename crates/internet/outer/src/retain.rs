//! How long originals and records stay, and the tidying that follows from it.
//!
//! Two clocks run: `vault.retention` for an original's octets, and
//! `vault.record_retention` for the record of what was done. A kept original
//! whose time is over loses its octets and becomes a mere record. Held mails
//! wait for a person, however long. Neither clock touches what is under a legal
//! hold.

use std::time::Duration;

use sekisho_channel::admin::{OriginalRequest, RequestState};
use sekisho_settings::{Keep, VaultSettings};
use sekisho_store::{ItemView, Query, Settled, State, Store, StoreError};

use crate::book::Book;
use crate::clock::now_ms;
use crate::meta::Meta;
use crate::record::settled_ms;

/// How often the tidying runs.
const EVERY: Duration = Duration::from_secs(60);

/// How long what is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retention {
    /// Whose originals stay.
    pub(crate) keep: Keep,
    original_ms: u64,
    record_ms: u64,
}

impl Retention {
    /// As the vault's settings say; a record outlives its original.
    pub(crate) fn new(vault: &VaultSettings) -> Self {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let original_ms = ms(vault.retention);
        Self { keep: vault.keep, original_ms, record_ms: ms(vault.record_retention).max(original_ms) }
    }

    /// When the record of a mail that is settled at `now_ms` may go.
    pub(crate) fn record_expires(&self, now_ms: u64) -> u64 {
        now_ms.saturating_add(self.record_ms)
    }

    /// When the original of a settled mail may go.
    pub(crate) fn original_expires(&self, view: &ItemView) -> u64 {
        let settled = settled_ms(view.record.as_deref()).unwrap_or(view.changed_ms);
        settled.saturating_add(self.original_ms)
    }

    /// Milliseconds that records stay.
    pub(crate) fn record_ms(&self) -> u64 {
        self.record_ms
    }

    fn is_over(&self, view: &ItemView, now_ms: u64) -> bool {
        self.original_expires(view) <= now_ms
    }
}

/// Tidies for as long as it is polled.
pub(crate) async fn tidy(store: Store, retention: Retention) {
    loop {
        let tidied = async {
            drop_originals(&store, retention, now_ms()).await?;
            while store.sweep(now_ms()).await?.more {}
            Ok::<_, StoreError>(())
        };
        if let Err(err) = tidied.await {
            tracing::error!(event = "spool.failed", error = %err);
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Frees the octets of originals whose time is over, page by page.
async fn drop_originals(store: &Store, retention: Retention, now_ms: u64) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = store.list(&Query { states: vec![State::Kept], after, ..Query::default() })?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.cursor);
        let over: Vec<_> = page.iter().filter(|view| retention.is_over(view, now_ms)).collect();
        // The oldest come first: a page without any is the end of the old ones.
        if over.is_empty() {
            return Ok(());
        }
        for view in over {
            drop_original(store, view, now_ms).await?;
        }
    }
}

async fn drop_original(store: &Store, view: &ItemView, now_ms: u64) -> Result<(), StoreError> {
    let lease = match store.lease(view.id) {
        Ok(lease) => lease,
        // Somebody works on it, or it is gone: the next round will see.
        Err(StoreError::Busy | StoreError::NotFound) => return Ok(()),
        Err(err) => return Err(err),
    };
    let wanted = Meta::decode(lease.meta()).is_some_and(|meta| is_wanted(&meta.book));
    if lease.state() != State::Kept || wanted {
        return Ok(());
    }
    let settled = Settled { terms: view.terms.clone(), expires_ms: view.expires_ms, ..Settled::new(&*view.label) };
    lease.done(now_ms, settled).await
}

/// Whether somebody is to have the original still.
fn is_wanted(book: &Book) -> bool {
    let open = |request: &OriginalRequest| matches!(request.state, RequestState::Pending | RequestState::Approved);
    book.legal_hold || book.requests.iter().any(open)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use sekisho_store::{BodyFate, ItemId, NewItem, Options};

    const DAY: u64 = 86_400_000;

    #[test]
    fn an_original_goes_and_its_record_stays() {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(dir.path(), Options { min_free: 0, ..Options::default() }).unwrap();
        let retention = Retention { keep: Keep::All, original_ms: 90 * DAY, record_ms: 400 * DAY };
        for (n, kept_at) in [(1, 0), (2, 50 * DAY)] {
            let mut body = store.body();
            body.write(b"octets").unwrap();
            let id = ItemId([n; 16]);
            let item = NewItem::new(id, vec![], kept_at);
            store.commit(body, item).wait().unwrap();
            let settled = Settled::new("").record(b"record".to_vec()).expires_ms(retention.record_expires(kept_at));
            store.next(kept_at).unwrap().unwrap().keep(kept_at, settled).wait().unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let after = |day| {
            runtime.block_on(drop_originals(&store, retention, day * DAY)).unwrap();
            while store.sweep(day * DAY).wait().unwrap().more {}
            [1, 2].map(|n| store.get(ItemId([n; 16])).unwrap().map(|view| (view.body, view.record.is_some())))
        };
        assert_eq!(after(89), [Some((BodyFate::Keep, true)); 2]);
        assert_eq!(after(90), [Some((BodyFate::Free, true)), Some((BodyFate::Keep, true))]);
        assert_eq!(after(401), [None, Some((BodyFate::Free, true))]);
    }
}
