//! The receiver's sink: octets into the spool, durable before `250`.

use std::sync::Arc;

use sekisho_receiver::{Arrival, Body, Sink, SinkError};
use sekisho_safe_message::MailId;
use sekisho_store::{BodyWriter, Committed, NewItem, Store, StoreError};
use sekisho_vault::{Keys, Sealer};
use sha2::{Digest, Sha256};

use crate::book::Book;
use crate::clock::{new_id, now_ms};
use crate::counters::Counters;
use crate::meta::{Meta, item_id};
use crate::vault::Vault;

/// Takes mails into the spool.
pub(crate) struct Intake {
    pub(crate) store: Store,
    pub(crate) vault: Arc<Vault>,
    pub(crate) counters: Arc<Counters>,
}

/// One mail on its way in. Dropped, its octets are garbage that no row names.
pub(crate) struct Incoming {
    store: Store,
    body: BodyWriter,
    sealer: Sealer,
    seal: Vec<u8>,
    /// The keys that it is sealed under are in use until it is committed.
    _keys: Arc<Keys>,
    /// What is sealed and not yet with the store; empty between two chunks.
    sealed: Vec<u8>,
    sha256: Sha256,
    size: u64,
    counters: Arc<Counters>,
}

impl Sink for Intake {
    type Body = Incoming;

    fn room(&self) -> bool {
        self.store.room().is_ok_and(|room| room > 0)
    }

    fn begin(&self, size_hint: Option<u64>) -> Result<Incoming, SinkError> {
        let room = self.store.room().map_err(|err| sink_error(&err))?;
        if room == 0 || size_hint.is_some_and(|size| size > room) {
            return Err(SinkError::Full);
        }
        let keys = self.vault.keys();
        let (sealer, seal) = Sealer::new(&keys).map_err(|err| {
            tracing::error!(event = "vault.failed", error = %err);
            SinkError::Trouble
        })?;
        Ok(Incoming {
            store: self.store.clone(),
            body: self.store.body(),
            sealer,
            seal,
            _keys: keys,
            sealed: Vec::new(),
            sha256: Sha256::new(),
            size: 0,
            counters: Arc::clone(&self.counters),
        })
    }
}

impl Body for Incoming {
    fn write(&mut self, chunk: &[u8]) -> Result<(), SinkError> {
        self.sha256.update(chunk);
        self.size += chunk.len() as u64;
        self.sealer.update(chunk, &mut self.sealed);
        let written = self.body.write(&self.sealed).map_err(|err| sink_error(&err));
        self.sealed.clear();
        written
    }

    async fn commit(mut self, arrival: Arrival) -> Result<MailId, SinkError> {
        let arrived_ms = now_ms();
        let id = new_id(arrived_ms).map_err(|err| {
            tracing::error!(event = "spool.no-chance", error = %err);
            SinkError::Trouble
        })?;
        let meta = Meta {
            served: Vec::new(),
            envelope: arrival.envelope,
            peer: arrival.peer,
            helo: arrival.hello.name.to_string(),
            tls: arrival.tls.is_some(),
            size: self.size,
            book: Book::default(),
        };
        self.sealer.finish(&mut self.sealed);
        self.body.write(&self.sealed).map_err(|err| sink_error(&err))?;
        let item = NewItem::new(item_id(id), meta.encode(), arrived_ms)
            .seal_prefix(sekisho_vault::key_prefix(&self.seal))
            .seal(self.seal)
            .digest(self.sha256.finalize().into());
        match self.store.commit(self.body, item).await {
            Ok(Committed::New) => {
                Counters::add(&self.counters.received);
                Ok(id)
            }
            // 80 bits of chance within one millisecond: a broken source of chance.
            Ok(Committed::Duplicate) => {
                tracing::error!(event = "spool.id-repeats", %id);
                Err(SinkError::Trouble)
            }
            Err(err) => Err(sink_error(&err)),
        }
    }
}

fn sink_error(err: &StoreError) -> SinkError {
    match err {
        StoreError::Full => SinkError::Full,
        _ => {
            tracing::error!(event = "spool.failed", error = %err);
            SinkError::Trouble
        }
    }
}
