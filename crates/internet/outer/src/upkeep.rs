//! The audit record of this side: its key, its start, its checkpoints, and the
//! end of what has been kept long enough.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sekisho_audit::{Chain, Checkpointer, Code, Entry, Signer, Start, head};
use sekisho_channel::keyfile;
use sekisho_safe_message::Sha256;
use sekisho_store::{Store, StoreError};
use tokio::sync::watch;

use crate::clock::now_ms;
use crate::counters::Counters;
use crate::dispatch::Dispatch;
use crate::run::OuterError;

/// How often the record is looked after.
const EVERY: Duration = Duration::from_secs(1);
/// How often old entries are looked for.
const PRUNE_MS: u64 = 3_600_000;
/// Entries of one look for old ones.
const PAGE: usize = 1_000;

/// The record's keeper.
pub(crate) struct Upkeep {
    store: Store,
    checkpointer: Checkpointer,
    counters: Arc<Counters>,
    record_ms: u64,
    pruned_ms: u64,
}

impl Upkeep {
    /// Opens the record and writes that the program started. Its key lies in
    /// `state_dir`, made at the first start.
    pub(crate) async fn begin(
        store: &Store,
        state_dir: &Path,
        dispatch: &Dispatch,
        now_ms: u64,
    ) -> Result<Self, OuterError> {
        let plan = &dispatch.plan;
        let signer = signer(&state_dir.join("audit.key")).map_err(OuterError::Audit)?;
        let policy = serde_json::to_vec(&plan.policy).unwrap_or_default();
        let start = Entry::Start(Box::new(Start {
            at_ms: now_ms,
            chain: Chain::Outer,
            program: Code::new("sekisho-outer"),
            version: Code::new(env!("CARGO_PKG_VERSION")),
            configuration: Sha256::of(&policy),
            key: signer.public_key(),
        }));
        let failed = |err| OuterError::Store(state_dir.join("vault"), err);
        store.append(vec![start.encode()]).await.map_err(failed)?;
        let (checkpointer, record_ms) = (Checkpointer::new(signer), plan.retention.record_ms());
        let counters = Arc::clone(&dispatch.counters);
        Ok(Self { store: store.clone(), checkpointer, counters, record_ms, pruned_ms: 0 })
    }

    /// Signs and prunes until `stop` turns true, and signs once more.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let stopped = tokio::time::timeout(EVERY, stop.wait_for(|stop| *stop)).await.is_ok();
            let kept = self.keep(stopped).await;
            if let Err(err) = kept {
                tracing::error!(event = "audit.failed", error = %err);
            }
            if stopped {
                return;
            }
        }
    }

    async fn keep(&mut self, last: bool) -> Result<(), StoreError> {
        let now = now_ms();
        let (number, hash) = self.store.chain_head()?;
        let due = self.checkpointer.due((number, hash), now);
        let due = if last { self.checkpointer.last((number, hash), now) } else { due };
        if let Some(entry) = due {
            let appended = self.store.append(vec![entry.encode()]).await?;
            self.checkpointer.appended(appended);
            self.counters.signed_ms.store(now, Ordering::Relaxed);
            // So that another machine's log knows it too.
            tracing::info!(event = "audit.checkpoint", number, hash = %Sha256::from_bytes(hash));
        }
        if now.saturating_sub(self.pruned_ms) >= PRUNE_MS {
            self.pruned_ms = now;
            self.prune(now).await?;
        }
        Ok(())
    }

    /// Deletes the entries whose time is over, and says so, signed.
    async fn prune(&self, now: u64) -> Result<(), StoreError> {
        let before = now.saturating_sub(self.record_ms);
        let (head_number, _) = self.store.chain_head()?;
        let (mut after, mut old) = (0, None);
        loop {
            let rows = self.store.chain(after, PAGE)?;
            let is_old = |entry: &[u8]| head(entry).is_some_and(|(_, at_ms)| at_ms < before);
            let count = rows.iter().take_while(|row| is_old(&row.entry) && row.number < head_number).count();
            if let Some(last) = rows[..count].last() {
                (after, old) = (last.number, Some((last.number, last.hash)));
            }
            if count < PAGE {
                break;
            }
        }
        if let Some((up_to, hash)) = old {
            let note = self.checkpointer.signer().pruned(now, up_to, &hash);
            self.store.prune_chain(up_to, note.encode()).await?;
            tracing::info!(event = "audit.pruned", up_to);
        }
        Ok(())
    }
}

fn signer(file: &Path) -> io::Result<Signer> {
    let text = match keyfile::read(file) {
        Ok(text) => text,
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(io::Error::other)?;
            let text = Signer::text(&seed);
            keyfile::create(file, &text)?;
            text
        }
        Err(err) => return Err(err),
    };
    let unusable = || io::Error::new(io::ErrorKind::InvalidData, format!("{}: not a key", file.display()));
    Signer::from_text(&text, Chain::Outer).map_err(|_| unusable())
}
