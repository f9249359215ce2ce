//! This side's audit record (監査記録): what its entries say, and the keeper
//! that signs the chain from time to time and deletes what has expired.
//!
//! An entry goes into the spool in the transaction of the change that it tells
//! of. Never: an address or the text of a mail; of a server's reply only the
//! digits.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sekisho_audit::{
    Act, Chain, Checkpointer, Code, Digest, Entry, KeyError, Relay, SafeMail, Signer, Start, Tally, expired, head,
};
use sekisho_channel::admin::Caller;
use sekisho_channel::keyfile;
use sekisho_safe_message::{MailId, SafeLine, Sha256};
use sekisho_settings::InnerSettings;
use sekisho_store::StoreError;

use crate::clock::Clock;
use crate::events;
use crate::person::Person;
use crate::record::{Record, Standing};
use crate::spool::Spool;

/// How often the keeper looks at the chain.
const LOOK: Duration = Duration::from_secs(1);
/// How often it looks for what has expired.
const PRUNE_MS: u64 = 60_000;
/// How long it rests after trouble with the spool.
const REST: Duration = Duration::from_secs(30);

/// Why the chain cannot be signed.
#[derive(Debug)]
pub enum SignError {
    /// The key's file.
    File(io::Error),
    /// What stands in it.
    Key(String, KeyError),
    /// No chance to make a key of.
    Chance(String),
}

/// The signer of the key in `path`, which is made if it is not there.
pub(crate) fn signer(path: &Path) -> Result<Signer, SignError> {
    let text = match keyfile::read(path) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(|err| SignError::Chance(err.to_string()))?;
            let text = Signer::text(&seed);
            keyfile::create(path, &text).map_err(SignError::File)?;
            text
        }
        read => read.map_err(SignError::File)?,
    };
    Signer::from_text(&text, Chain::Inner).map_err(|err| SignError::Key(path.display().to_string(), err))
}

/// The program has started.
pub(crate) fn start(settings: &InnerSettings, signer: &Signer, at_ms: u64) -> Entry {
    Entry::Start(Box::new(Start {
        at_ms,
        chain: signer.chain(),
        program: Code::new("sekisho-inner"),
        version: Code::new(env!("CARGO_PKG_VERSION")),
        // As they are in force, from file, environment and defaults.
        configuration: Sha256::of(format!("{settings:?}").as_bytes()),
        key: signer.public_key(),
    }))
}

/// A frame was taken, or a report of our own was made.
pub(crate) fn taken(record: &Record, frame: Option<Digest>, at_ms: u64) -> Entry {
    let output = Digest { sha256: record.sha256, size: record.size };
    let verdict = Code::new(SafeMail::VERIFIED);
    Entry::SafeMail(Box::new(SafeMail { at_ms, id: Some(record.id), frame, verdict, output: Some(output) }))
}

/// A frame was refused.
pub(crate) fn refused(id: Option<MailId>, frame: Digest, verdict: &str, at_ms: u64) -> Entry {
    let verdict = Code::new(verdict);
    Entry::SafeMail(Box::new(SafeMail { at_ms, id, frame: Some(frame), verdict, output: None }))
}

/// A mail was relayed, put off, given up or held.
pub(crate) fn relayed(record: &Record, result: &str, at_ms: u64) -> Entry {
    let standing = |state| record.recipients.iter().filter(|one| one.state == state).count() as u64;
    let mut replies = BTreeMap::<Code, u64>::new();
    for recipient in &record.recipients {
        let said = recipient.reply.map(|reply| reply.to_string()).or_else(|| recipient.trouble.clone());
        if let Some(said) = said {
            *replies.entry(Code::new(&said)).or_default() += 1;
        }
    }
    Entry::Relay(Box::new(Relay {
        at_ms,
        id: record.id,
        result: Code::new(result),
        attempts: record.attempts,
        delivered: standing(Standing::Delivered),
        waiting: standing(Standing::Waiting),
        refused: standing(Standing::Refused),
        expired: standing(Standing::Expired),
        replies: replies.into_iter().map(|(code, recipients)| Tally { code, recipients }).collect(),
    }))
}

/// A mail of which nothing but its id can be told is held.
pub(crate) fn held(id: MailId, result: &str, attempts: u32, at_ms: u64) -> Entry {
    let (result, replies) = (Code::new(result), Vec::new());
    let relay = Relay { at_ms, id, result, attempts, delivered: 0, waiting: 0, refused: 0, expired: 0, replies };
    Entry::Relay(Box::new(relay))
}

/// An operator did something about a mail.
pub(crate) fn act(caller: Caller, what: &str, why: &SafeLine, id: MailId, at_ms: u64) -> Entry {
    let person = Person::of(caller);
    Entry::Act(Box::new(Act {
        at_ms,
        who: person.name,
        uid: Some(person.uid),
        login: person.login.filter(|login| *login != person.uid),
        what: Code::new(what),
        why: why.clone(),
        id: Some(id),
        result: Code::new("done"),
        details: BTreeMap::new(),
    }))
}

/// Keeps one chain signed, and no longer than it has to be.
pub(crate) struct Keeper {
    spool: Spool,
    clock: Clock,
    checkpointer: Checkpointer,
    /// When it signed last; 0 for not yet.
    signed_ms: Arc<AtomicU64>,
    retention_ms: u64,
    /// When it looks for what has expired again.
    prune_ms: u64,
}

impl Keeper {
    pub(crate) fn new(spool: Spool, clock: Clock, signer: Signer, retention: Duration) -> Self {
        let retention_ms = u64::try_from(retention.as_millis()).unwrap_or(u64::MAX);
        let (checkpointer, signed_ms) = (Checkpointer::new(signer), Arc::default());
        Self { spool, clock, checkpointer, signed_ms, retention_ms, prune_ms: 0 }
    }

    /// Where it notes when it signed last.
    pub(crate) fn signed_ms(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.signed_ms)
    }

    /// Until it is dropped.
    pub(crate) async fn run(&mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(error) = self.look().await {
                tracing::error!(event = events::SPOOL_TROUBLE, %error);
                tokio::time::sleep(REST).await;
            }
        }
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let now_ms = self.clock.now_ms();
        let due = self.checkpointer.due(self.spool.chain_head()?, now_ms);
        self.sign(due).await?;
        if now_ms >= self.prune_ms {
            self.prune_ms = now_ms.saturating_add(PRUNE_MS);
            self.prune(now_ms).await?;
        }
        Ok(())
    }

    /// Signs what is new, at the end.
    pub(crate) async fn finish(&mut self) -> Result<(), StoreError> {
        let last = self.checkpointer.last(self.spool.chain_head()?, self.clock.now_ms());
        self.sign(last).await
    }

    async fn sign(&mut self, entry: Option<Entry>) -> Result<(), StoreError> {
        let Some(entry) = entry else { return Ok(()) };
        let own = self.spool.append(&entry).await?;
        self.checkpointer.appended(own);
        self.signed_ms.store(self.clock.now_ms(), Ordering::Relaxed);
        if let Entry::Checkpoint(checkpoint) = &entry {
            // Where logs go to another machine, this is the note by which a
            // chain that was cut off later is found out.
            tracing::info!(event = events::CHECKPOINT, number = checkpoint.number, hash = %checkpoint.hash);
        }
        Ok(())
    }

    async fn prune(&mut self, now_ms: u64) -> Result<(), StoreError> {
        let (last, _) = self.spool.chain_head()?;
        let Some(first) = self.spool.chain(0, 1)?.first().map(|row| row.number) else { return Ok(()) };
        let before_ms = now_ms.saturating_sub(self.retention_ms);
        let row = |number: u64| self.spool.chain(number.saturating_sub(1), 1).ok()?.into_iter().next();
        let at_ms = |number| row(number).and_then(|row| head(&row.entry)).map(|(_, at_ms)| at_ms);
        let Some(up_to) = expired(first, last, before_ms, at_ms) else { return Ok(()) };
        let Some(row) = row(up_to).filter(|row| row.number == up_to) else { return Ok(()) };
        let note = self.checkpointer.signer().pruned(now_ms, up_to, &row.hash);
        self.spool.prune_chain(up_to, &note).await?;
        tracing::info!(event = events::PRUNED, up_to);
        Ok(())
    }
}

impl std::fmt::Display for SignError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(err) => write!(f, "audit key: {err}"),
            Self::Key(path, err) => write!(f, "{path}: {err}"),
            Self::Chance(why) => write!(f, "audit key: no random numbers ({why})"),
        }
    }
}

impl std::error::Error for SignError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn the_key_is_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.key");
        let key = signer(&path).unwrap().public_key();
        assert_eq!(signer(&path).unwrap().public_key(), key);
        std::fs::write(&path, "not a key").unwrap();
        assert!(matches!(signer(&path), Err(SignError::Key(..))));
    }
}
