//! The safe spool: a durable store of verified mails.
//!
//! It takes [`VerifiedMail`] and gives [`VerifiedMail`]: what is read back is
//! verified again, since a disk is no proof.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use sekisho_audit::{Digest, Entry, Hash};
use sekisho_safe_message::{Envelope, MailId};
use sekisho_store::{
    ChainRow, Committed, Counts, Durable, ItemId, ItemView, Lease, NewItem, Options, Query, Recovery, State, Store,
    StoreError,
};
use sekisho_verify::{Fault, Flaw, VerifiedMail, verify};

use crate::audit;
use crate::checker::{Checker, NotProven, Unavailable};
use crate::record::{Kind, Meta, Record};

/// A spool. Clones are the same one.
#[derive(Clone)]
pub struct Spool {
    store: Store,
    retention: Duration,
    checker: Checker,
}

/// A mail in hand: the right to relay it, and the mail itself.
pub(crate) struct InHand {
    pub(crate) lease: Lease,
    pub(crate) mail: VerifiedMail,
    pub(crate) meta: Meta,
    pub(crate) record: Record,
}

/// What was read back.
pub(crate) enum Opened {
    /// The mail that was stored.
    Sound(Box<InHand>),
    /// It is no longer what was stored: the code of what is wrong.
    Damaged(Box<Lease>, &'static str),
    /// Reading it takes a while: it is large, or another process has to be
    /// asked about its files.
    Long(Box<Lease>),
    /// Nobody could be asked about its files.
    Unread(Box<Lease>, Unavailable),
}

/// One mail as it stands, for those who only look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it stands.
    pub state: State,
    /// Why, as a short code; may be empty.
    pub label: String,
    /// Its record, once it was tried.
    pub record: Option<Record>,
}

impl Spool {
    /// Opens the spool in `dir`; records are kept for `retention`, and `min_free`
    /// octets stay free.
    ///
    /// # Errors
    /// [`StoreError`], such as another program's lock.
    pub fn open(dir: &Path, min_free: u64, retention: Duration) -> Result<(Self, Recovery), StoreError> {
        let (store, recovery) = Store::open(dir, Options { min_free, ..Options::default() })?;
        Ok((Self { store, retention, checker: Checker::beside() }, recovery))
    }

    /// The same spool, of which `checker` proves what is read back.
    #[must_use]
    pub fn with_checker(self, checker: Checker) -> Self {
        Self { checker, ..self }
    }

    /// Who proves mails.
    pub fn checker(&self) -> &Checker {
        &self.checker
    }

    /// Stores `mail`, made of `frame` (a report: of none), with its entry in the
    /// audit record; resolves when both are durable, or the mail is known already.
    pub(crate) fn put(
        &self,
        mail: &VerifiedMail,
        kind: Kind,
        frame: Option<Digest>,
        now_ms: u64,
    ) -> Durable<Committed> {
        let mut body = self.store.body();
        // An error here comes back from the commit.
        let _ = body.write(mail.bytes());
        let record = Record::new(mail, kind, now_ms);
        let meta =
            Meta { kind, envelope: mail.envelope().clone(), subject: record.subject.clone(), sha256: record.sha256 };
        let entry = audit::taken(&record, frame, now_ms).encode();
        let item = NewItem::new(item_id(mail.id()), json(&meta), now_ms).entry(entry);
        self.store.commit(body, item)
    }

    /// How one mail stands.
    ///
    /// # Errors
    /// [`StoreError`] of the index.
    pub fn find(&self, id: MailId) -> Result<Option<Found>, StoreError> {
        let found = self.get(id)?.map(|view| {
            let record = describe(&view).1;
            Found { state: view.state, label: view.label, record }
        });
        Ok(found)
    }

    /// The next mail that is due, still to be read.
    pub(crate) fn next(&self, now_ms: u64) -> Result<Option<Lease>, StoreError> {
        self.store.next(now_ms)
    }

    /// Resolves when the queue may have changed; see [`Store::changed`].
    pub(crate) fn changed(&self) -> impl Future<Output = ()> + Send + 'static {
        self.store.changed()
    }

    /// When the next waiting mail is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.store.next_due().ok().flatten()
    }

    /// When a record that is finished at `now_ms` may be deleted.
    pub(crate) fn expiry(&self, now_ms: u64) -> u64 {
        now_ms.saturating_add(u64::try_from(self.retention.as_millis()).unwrap_or(u64::MAX))
    }

    /// One mail as it stands.
    pub(crate) fn get(&self, id: MailId) -> Result<Option<ItemView>, StoreError> {
        self.store.get(item_id(id))
    }

    /// Mails as they stand.
    pub(crate) fn list(&self, query: &Query) -> Result<Vec<ItemView>, StoreError> {
        self.store.list(query)
    }

    /// How many in each state.
    pub(crate) fn counts(&self) -> Result<Counts, StoreError> {
        self.store.counts()
    }

    /// Octets free on its disk.
    pub(crate) fn free(&self) -> Result<u64, StoreError> {
        self.store.free()
    }

    /// One particular mail, for an operator.
    pub(crate) fn lease(&self, id: MailId) -> Result<Lease, StoreError> {
        self.store.lease(item_id(id))
    }

    /// Adds an entry to the audit record that no other change carries; its
    /// number, when it is durable.
    pub(crate) fn append(&self, entry: &Entry) -> Durable<u64> {
        self.store.append(vec![entry.encode()])
    }

    /// Entries of the audit record behind number `after`, in order.
    pub(crate) fn chain(&self, after: u64, limit: usize) -> Result<Vec<ChainRow>, StoreError> {
        self.store.chain(after, limit)
    }

    /// Number and hash of the last entry.
    pub(crate) fn chain_head(&self) -> Result<(u64, Hash), StoreError> {
        self.store.chain_head()
    }

    /// Deletes the audit record's entries up to a number, with a note that says
    /// so.
    pub(crate) fn prune_chain(&self, up_to: u64, note: &Entry) -> Durable<u64> {
        self.store.prune_chain(up_to, note.encode())
    }

    /// Deletes what has expired, in bounded steps.
    pub(crate) async fn sweep(&self, now_ms: u64) -> Result<(), StoreError> {
        while self.store.sweep(now_ms).await?.more {}
        Ok(())
    }

    /// Writes what was asked for, and closes.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        self.store.shutdown().await
    }
}

/// Reads a stored mail back and proves it again. Without a checker it never
/// waits, and a mail that needs one is [`Opened::Long`].
pub(crate) fn open(lease: Lease, checker: Option<&Checker>) -> Opened {
    match read(&lease, checker) {
        Ok((mail, meta, record)) => Opened::Sound(Box::new(InHand { lease, mail, meta, record })),
        Err(Wrong::Damaged(why)) => Opened::Damaged(Box::new(lease), why),
        Err(Wrong::Unread(why)) => Opened::Unread(Box::new(lease), why),
        Err(Wrong::Rich) => Opened::Long(Box::new(lease)),
    }
}

/// What is wrong with a stored mail, or with us.
enum Wrong {
    Damaged(&'static str),
    Unread(Unavailable),
    /// A checker is needed.
    Rich,
}

impl From<&'static str> for Wrong {
    fn from(why: &'static str) -> Self {
        Self::Damaged(why)
    }
}

impl From<NotProven> for Wrong {
    fn from(why: NotProven) -> Self {
        match why {
            NotProven::Violation(violation) => Self::Damaged(violation.rule.code()),
            NotProven::Died(_) => Self::Damaged("verifier"),
            NotProven::Unavailable(why) => Self::Unread(why),
        }
    }
}

fn read(lease: &Lease, checker: Option<&Checker>) -> Result<(VerifiedMail, Meta, Record), Wrong> {
    if lease.size() > sekisho_verify::MAX as u64 {
        return Err(Wrong::Damaged("too-long"));
    }
    let meta: Meta = serde_json::from_slice(lease.meta()).map_err(|_| "meta")?;
    let mut bytes = Vec::with_capacity(usize::try_from(lease.size()).unwrap_or(0));
    lease.body().map_err(|_| "body")?.read_to_end(&mut bytes).map_err(|_| "body")?;
    let envelope = meta.envelope.clone();
    let mail = match checker {
        Some(checker) => checker.verify(bytes, envelope)?,
        None => verify(bytes, envelope).map_err(|violation| match violation.flaw {
            Some(Flaw { fault: Fault::Unread, .. }) => Wrong::Rich,
            Some(_) | None => Wrong::Damaged(violation.rule.code()),
        })?,
    };
    if item_id(mail.id()) != lease.id() {
        return Err(Wrong::Damaged("other-mail"));
    }
    let record = match &lease.view().record {
        Some(record) => serde_json::from_slice(record).map_err(|_| "record")?,
        None => Record::new(&mail, meta.kind, lease.arrived_ms()),
    };
    Ok((mail, meta, record))
}

/// The header and the record of a stored mail, for those who only look.
pub(crate) fn describe(view: &ItemView) -> (Option<Meta>, Option<Record>) {
    let meta = serde_json::from_slice(&view.meta).ok();
    let record = view.record.as_ref().and_then(|record| serde_json::from_slice(record).ok());
    (meta, record)
}

/// The same header with the recipients that are left; `None` without any.
pub(crate) fn remaining(meta: &Meta, record: &Record) -> Option<Meta> {
    let waiting = record.standing(crate::record::Standing::Waiting);
    let envelope = Envelope::new(meta.envelope.from().cloned(), waiting)?;
    Some(Meta { envelope, ..meta.clone() })
}

pub(crate) fn item_id(id: MailId) -> ItemId {
    ItemId(id.to_bytes())
}

pub(crate) fn mail_id(id: ItemId) -> MailId {
    MailId::from_bytes(id.0)
}

/// Our own types, which always encode.
pub(crate) fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
