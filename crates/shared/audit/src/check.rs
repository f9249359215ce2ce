//! Checking a chain entry by entry, in memory that does not grow with it.

use std::collections::{BTreeMap, VecDeque};

use crate::fault::{Fault, What};
use crate::{Chain, Checkpoint, Entry, Hash, Kind, Pruned, PublicKey, START, head, link};

/// Hashes behind the current entry that a checkpoint may still be about:
/// entries that were appended while it was signed. 2 MiB.
const WINDOW: usize = 65_536;
/// Entries in a row that need no checkpoint: a hundred times as many as lie
/// between two when all is well.
const UNSIGNED_MAX: u64 = 100_000;
/// How many removed entries are looked for where the others were renumbered.
const SHIFT_MAX: u64 = 1_000;

/// Reads a chain in its order and finds the first thing that is wrong.
///
/// It proves what is there against itself and against the keys and hashes that
/// it was given. What it cannot see: that a chain which nobody noted a hash of
/// was cut off behind its last checkpoint.
#[derive(Debug)]
pub struct Checker {
    chain: Option<Chain>,
    trusted: Vec<PublicKey>,
    noted: BTreeMap<u64, Hash>,
    beginning: Beginning,
    /// Hashes of the last entries, the newest last; at most [`WINDOW`].
    recent: VecDeque<Hash>,
    /// An entry that does not follow from this hash, until the next one tells
    /// why.
    suspect: Option<(Hash, Row)>,
    fault: Option<Fault>,
    summary: Summary,
}

/// How a chain begins.
#[derive(Debug)]
enum Beginning {
    /// With entry 1, or behind a signed deletion.
    Whole,
    /// Anywhere: it is an excerpt, whose first hash is believed.
    Excerpt,
    /// Behind this entry, whose hash was given.
    Behind(u64, Hash),
    /// With this entry, until a signed deletion says why.
    Owed(Row),
    /// As it should.
    Settled,
}

#[derive(Debug)]
struct Row {
    number: u64,
    entry: Vec<u8>,
    hash: Hash,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Entries.
    pub entries: u64,
    /// Number of the first one; 0 without any.
    pub first: u64,
    /// Number of the last one.
    pub last: u64,
    /// Hash of the last one.
    pub hash: Hash,
    /// Time of the first one, milliseconds since 1970.
    pub first_ms: Option<u64>,
    /// Time of the last one.
    pub last_ms: Option<u64>,
    /// Good checkpoints.
    pub checkpoints: u64,
    /// The last entry that one of them proves.
    pub signed: u64,
    /// The key that signed last.
    pub key: Option<PublicKey>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What was read; behind a fault entries are still counted.
    pub summary: Summary,
    /// The first thing that is wrong.
    pub fault: Option<Fault>,
}

impl Default for Checker {
    fn default() -> Self {
        Self::new()
    }
}

impl Checker {
    /// For a whole chain.
    #[must_use]
    pub fn new() -> Self {
        Self {
            chain: None,
            trusted: Vec::new(),
            noted: BTreeMap::new(),
            beginning: Beginning::Whole,
            recent: VecDeque::new(),
            suspect: None,
            fault: None,
            summary: Summary::default(),
        }
    }

    /// For an excerpt that begins behind `before`, an entry's number and hash;
    /// without it the first entry's hash is believed.
    #[must_use]
    pub fn excerpt(before: Option<(u64, Hash)>) -> Self {
        let beginning = before.map_or(Beginning::Excerpt, |(number, hash)| Beginning::Behind(number, hash));
        Self { beginning, ..Self::new() }
    }

    /// It must be this side's.
    #[must_use]
    pub fn of(self, chain: Chain) -> Self {
        Self { chain: Some(chain), ..self }
    }

    /// One more key that may have signed it. Without any, the first key that
    /// did is believed, and no other.
    #[must_use]
    pub fn trust(mut self, key: PublicKey) -> Self {
        self.trusted.push(key);
        self
    }

    /// Entry `number` must have this hash, which was noted elsewhere.
    #[must_use]
    pub fn expect(mut self, number: u64, hash: Hash) -> Self {
        self.noted.insert(number, hash);
        self
    }

    /// The next entry. Behind a fault entries are counted only.
    pub fn feed(&mut self, number: u64, entry: &[u8], hash: &Hash) {
        if self.fault.is_none() {
            self.fault = match self.suspect.take() {
                Some((before, suspect)) => Some(diagnose(&before, &suspect, number, entry, hash)),
                None => self.check(number, entry, hash).err().map(|(at, what)| Fault { at, what }),
            };
        }
        self.count(number, entry, hash);
    }

    /// Whether a fault was found.
    #[must_use]
    pub fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// So far.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The end of the chain.
    #[must_use]
    pub fn finish(mut self) -> Verdict {
        if self.fault.is_none() {
            self.fault = self.end();
        }
        Verdict { summary: self.summary, fault: self.fault }
    }

    fn end(&mut self) -> Option<Fault> {
        let last = self.summary.last;
        if let Some((_, suspect)) = self.suspect.take() {
            return Some(Fault { at: suspect.number, what: What::Changed });
        }
        if let Beginning::Owed(row) = &self.beginning {
            return Some(Fault { at: row.number, what: What::NoBeginning });
        }
        let (noted, _) = self.noted.last_key_value()?;
        (*noted > last).then_some(Fault { at: last, what: What::Cut { noted: *noted } })
    }

    fn count(&mut self, number: u64, entry: &[u8], hash: &Hash) {
        let at_ms = head(entry).map(|(_, at_ms)| at_ms);
        let summary = &mut self.summary;
        if summary.entries == 0 {
            (summary.first, summary.first_ms) = (number, at_ms);
        }
        summary.entries += 1;
        (summary.last, summary.hash) = (number, *hash);
        summary.last_ms = at_ms.or(summary.last_ms);
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(*hash);
    }

    fn check(&mut self, number: u64, entry: &[u8], hash: &Hash) -> Result<(), (u64, What)> {
        let row = || Row { number, entry: entry.to_vec(), hash: *hash };
        let before = if self.summary.entries > 0 {
            Some((self.summary.last, self.summary.hash))
        } else {
            match std::mem::replace(&mut self.beginning, Beginning::Settled) {
                Beginning::Whole if number > 1 => {
                    self.beginning = Beginning::Owed(row());
                    None
                }
                Beginning::Whole => Some((0, START)),
                Beginning::Behind(before, hash) => Some((before, hash)),
                Beginning::Excerpt | Beginning::Owed(_) | Beginning::Settled => None,
            }
        };
        if let Some((last, before)) = before {
            let expected = last.saturating_add(1);
            if number > expected {
                return Err((expected, What::Missing { until: number - 1 }));
            }
            if number < expected {
                return Err((number, What::Reordered));
            }
            if link(&before, number, entry) != *hash {
                self.suspect = Some((before, row()));
                return Ok(());
            }
        }
        self.believe(number, entry, hash).map_err(|what| (number, what))
    }

    /// An entry that stands where it should.
    fn believe(&mut self, number: u64, entry: &[u8], hash: &Hash) -> Result<(), What> {
        if self.noted.get(&number).is_some_and(|noted| noted != hash) {
            return Err(What::NotAsNoted);
        }
        self.read(number, entry)?;
        let first = self.first(number);
        let proven = self.summary.signed.max(first.saturating_sub(1));
        if number.saturating_sub(proven) > UNSIGNED_MAX { Err(What::Unsigned) } else { Ok(()) }
    }

    /// What an entry says about the chain itself.
    fn read(&mut self, number: u64, entry: &[u8]) -> Result<(), What> {
        // Any octets that are not of our writing speak of no chain.
        let Some((kind, _)) = head(entry) else { return Ok(()) };
        match kind {
            Kind::Mail | Kind::SafeMail | Kind::Relay | Kind::Act => return Ok(()),
            Kind::Start | Kind::Checkpoint | Kind::Pruned => {}
        }
        match Entry::decode(entry) {
            Ok(Entry::Checkpoint(checkpoint)) => self.checkpoint(number, &checkpoint),
            Ok(Entry::Pruned(pruned)) => self.pruned(number, &pruned),
            Ok(Entry::Start(start)) => self.is_ours(start.chain),
            Ok(Entry::Mail(_) | Entry::SafeMail(_) | Entry::Relay(_) | Entry::Act(_)) | Err(_) => {
                Err(What::BadCheckpoint)
            }
        }
    }

    fn checkpoint(&mut self, at: u64, checkpoint: &Checkpoint) -> Result<(), What> {
        self.is_ours(checkpoint.chain)?;
        self.knows(checkpoint.key)?;
        if !checkpoint.is_genuine() {
            return Err(What::BadSignature);
        }
        let number = checkpoint.number;
        // Genuine, and about more than there is: entries are gone.
        if number >= at {
            return Err(What::Rewritten { since: self.summary.signed });
        }
        match self.hash_of(number) {
            Some(hash) if hash == *checkpoint.hash.as_bytes() => {}
            // Of entries that were deleted since; their last one has its own note.
            None if number < self.first(at) => {}
            Some(_) | None => return Err(What::Rewritten { since: self.summary.signed }),
        }
        self.summary.checkpoints += 1;
        self.summary.signed = self.summary.signed.max(number);
        self.summary.key = Some(checkpoint.key);
        Ok(())
    }

    fn pruned(&mut self, at: u64, pruned: &Pruned) -> Result<(), What> {
        self.is_ours(pruned.chain)?;
        self.knows(pruned.key)?;
        if !pruned.is_genuine() {
            return Err(What::BadSignature);
        }
        if pruned.up_to >= at {
            return Err(What::Rewritten { since: self.summary.signed });
        }
        if let Beginning::Owed(row) = &self.beginning
            && row.number == pruned.up_to.saturating_add(1)
        {
            if link(pruned.hash.as_bytes(), row.number, &row.entry) != row.hash {
                return Err(What::Rewritten { since: 0 });
            }
            self.beginning = Beginning::Settled;
        }
        self.summary.key = Some(pruned.key);
        Ok(())
    }

    fn is_ours(&self, chain: Chain) -> Result<(), What> {
        if self.chain.is_none_or(|ours| ours == chain) { Ok(()) } else { Err(What::OtherChain) }
    }

    fn knows(&mut self, key: PublicKey) -> Result<(), What> {
        if self.trusted.is_empty() {
            self.trusted.push(key);
        }
        if self.trusted.contains(&key) { Ok(()) } else { Err(What::OtherKey) }
    }

    /// Number of the first entry, of which `number` may be the one.
    fn first(&self, number: u64) -> u64 {
        if self.summary.entries > 0 { self.summary.first } else { number }
    }

    /// Of one of the last entries.
    fn hash_of(&self, number: u64) -> Option<Hash> {
        let back = usize::try_from(self.summary.last.checked_sub(number)?).ok()?;
        self.recent.get(self.recent.len().checked_sub(back)?.checked_sub(1)?).copied()
    }
}

/// Why the suspect's hash does not follow from `before`, as the entry behind it
/// tells.
fn diagnose(before: &Hash, suspect: &Row, number: u64, entry: &[u8], hash: &Hash) -> Fault {
    let at = suspect.number;
    let fault = |what| Fault { at, what };
    if number != at.saturating_add(1) {
        return fault(What::Changed);
    }
    // The next entry belongs here.
    let here = link(before, at, entry);
    if here == *hash || here == suspect.hash {
        let there = link(&here, number, &suspect.entry);
        let swapped = there == suspect.hash || there == *hash;
        return fault(if swapped { What::Reordered } else { What::Inserted });
    }
    // The chain goes on over the suspect's hash, under later numbers.
    let shift = (1..=SHIFT_MAX).find(|shift| {
        let own = number.saturating_add(*shift);
        link(&suspect.hash, own, entry) == *hash
    });
    match shift {
        Some(shift) => fault(What::Missing { until: at.saturating_add(shift - 1) }),
        None => fault(What::Changed),
    }
}
