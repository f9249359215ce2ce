//! A change of the vault's keys: every original's own key is wrapped under the
//! current key of the file. Bodies stay as they are.

use std::fmt;
use std::time::Duration;

use sekisho_store::{Query, Settled, Store, StoreError};

use crate::dispatch::Dispatch;
use crate::settle::restate;
use crate::vault::OpenError;

/// Mails of one look.
const PAGE: usize = 500;

/// What was done.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rotated {
    /// Wrapped anew.
    pub(crate) rewrapped: u64,
    /// Left under an old key: it could not be opened, or somebody had it.
    pub(crate) failed: u64,
}

/// Why it stopped.
#[derive(Debug)]
pub(crate) enum RotateError {
    /// The keys.
    Keys(OpenError),
    /// The store.
    Store(StoreError),
}

/// Reads the key file again and wraps everything that is kept under its first
/// key. It may be done again at any time: what is done is left alone. The list
/// of keys in use shrinks to that one only when nothing failed.
pub(crate) async fn all(dispatch: &Dispatch) -> Result<Rotated, RotateError> {
    let (keys, before) = dispatch.vault.reload().map_err(RotateError::Keys)?;
    // A mail that is being received is sealed under the keys of before, and
    // must be in the store before the walk passes.
    while before.strong_count() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (mut done, mut after) = (Rotated::default(), None);
    loop {
        let query = Query { after, limit: PAGE, ..Query::default() };
        let page = dispatch.store.list(&query).map_err(RotateError::Store)?;
        let Some(last) = page.last() else { break };
        after = Some(last.cursor);
        for view in &page {
            match sekisho_vault::rewrap(&keys, &view.seal) {
                Ok(None) => {}
                Ok(Some(_)) => match one(&dispatch.store, &keys, view.id).await {
                    Ok(true) => done.rewrapped += 1,
                    Ok(false) => {}
                    Err(StoreError::Busy) => done.failed += 1,
                    Err(err) => return Err(RotateError::Store(err)),
                },
                Err(err) => {
                    tracing::error!(event = "vault.failed", error = %err);
                    done.failed += 1;
                }
            }
        }
        tokio::task::yield_now().await;
    }
    if done.failed == 0 {
        dispatch.vault.forget_old(&keys).map_err(RotateError::Keys)?;
    }
    Ok(done)
}

async fn one(store: &Store, keys: &sekisho_vault::Keys, id: sekisho_store::ItemId) -> Result<bool, StoreError> {
    let lease = match store.lease(id) {
        Ok(lease) => lease,
        Err(StoreError::NotFound) => return Ok(false),
        Err(err) => return Err(err),
    };
    let Ok(Some(seal)) = sekisho_vault::rewrap(keys, &lease.view().seal) else { return Ok(false) };
    let view = lease.view();
    let settled = Settled { expires_ms: view.expires_ms, terms: view.terms.clone(), ..Settled::new(&*view.label) };
    let changed_ms = view.changed_ms;
    restate(lease, settled.seal(seal).keep_body().refusable(), changed_ms).await?;
    Ok(true)
}

impl fmt::Display for RotateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(err) => write!(f, "{err}"),
            Self::Store(err) => write!(f, "{err}"),
        }
    }
}
