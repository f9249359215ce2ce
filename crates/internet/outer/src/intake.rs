//! The receiver's sink: octets into the spool, durable before `250`.

use std::sync::Arc;

use sekisho_receiver::{Arrival, Body, Sink, SinkError};
use sekisho_safe_message::MailId;
use sekisho_store::{BodyWriter, Committed, NewItem, Store, StoreError};

use crate::clock::{new_id, now_ms};
use crate::counters::Counters;
use crate::meta::{Meta, item_id};

/// Takes mails into the spool.
pub(crate) struct Intake {
    pub(crate) store: Store,
    pub(crate) counters: Arc<Counters>,
}

/// One mail on its way in. Dropped, its octets are garbage that no row names.
pub(crate) struct Incoming {
    store: Store,
    body: BodyWriter,
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
        Ok(Incoming { store: self.store.clone(), body: self.store.body(), counters: Arc::clone(&self.counters) })
    }
}

impl Body for Incoming {
    fn write(&mut self, chunk: &[u8]) -> Result<(), SinkError> {
        self.body.write(chunk).map_err(|err| sink_error(&err))
    }

    async fn commit(self, arrival: Arrival) -> Result<MailId, SinkError> {
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
        };
        let item =
            NewItem { id: item_id(id), meta: meta.encode(), arrived_ms, due_ms: arrived_ms, label: String::new() };
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
