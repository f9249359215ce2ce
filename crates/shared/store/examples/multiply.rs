//! Fills the store of a stopped gateway with copies of its own mails, so that the real commands can be tried on a
//! large one.
//!
//! `cargo run --release -p sekisho-store --example multiply STATE/outer/vault [COUNT]`: each settled mail that stands
//! there with an entry of the record is copied in turn, until there are `COUNT` (default: a million; about 3 GB). A
//! copy has an id, an entry and the terms of a real mail, and no original. The newest mail is left alone: it is the one
//! to be found among all.
#![allow(clippy::print_stdout, reason = "an example says what it did")]

use std::collections::{HashMap, VecDeque};
use std::error::Error;
use std::path::Path;
use std::time::{Instant, SystemTime};

use sekisho_store::{ItemId, ItemView, NewItem, Options, PAGE_MAX, Query, Settled, State, Store};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Answers that are waited for at once.
const WINDOW: usize = 1_024;

/// The copies arrive within so many milliseconds, so that none comes from the future.
const WITHIN_MS: u64 = 30_000;

/// A mail to copy, and what the record says of it.
struct Mold {
    view: ItemView,
    id: String,
    entry: Vec<u8>,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("give the folder of the store")?;
    let count: u64 = arguments.next().map_or(Ok(1_000_000), |count| count.parse())?;
    let (store, _) = Store::open(Path::new(&dir), Options::default())?;
    let mut molds = molds(&store)?;
    molds.pop().ok_or("no settled mail with an entry stands there")?;
    let (started, now) = (Instant::now(), now_ms()?);
    let mut answers = VecDeque::new();
    for number in 0..count {
        let at = usize::try_from(number % molds.len().max(1) as u64)?;
        let mold = molds.get(at).ok_or("at least two mails must stand there")?;
        answers.push_back(copy(&store, mold, now + number * WITHIN_MS / count, number));
        if answers.len() >= WINDOW
            && let Some(answer) = answers.pop_front()
        {
            answer.wait()?;
        }
    }
    for answer in answers {
        answer.wait()?;
    }
    println!("{count} copies of {} mails in {:.0} s", molds.len(), started.elapsed().as_secs_f64());
    Ok(())
}

fn now_ms() -> Result<u64> {
    Ok(u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_millis())?)
}

fn molds(store: &Store) -> Result<Vec<Mold>> {
    let (mut entries, mut after) = (HashMap::new(), 0);
    loop {
        let page = store.chain(after, PAGE_MAX)?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for row in page {
            if let Some(id) = value(&row.entry, b"\"id\":\"") {
                entries.insert(String::from_utf8(id.to_vec())?, row.entry);
            }
        }
    }
    let settled = vec![State::Held, State::Kept, State::Done];
    let views = store.list(&Query { states: settled, limit: PAGE_MAX, ..Query::default() })?;
    let with_entry = views.into_iter().filter_map(|view| {
        let id = spelled(view.id.0);
        let entry = entries.remove(&id)?;
        Some(Mold { view, id, entry })
    });
    Ok(with_entry.collect())
}

fn copy(store: &Store, mold: &Mold, at_ms: u64, number: u64) -> sekisho_store::Durable<sekisho_store::Committed> {
    let id = (u128::from(at_ms) << 80 | u128::from(number)).to_be_bytes();
    let text = spelled(id);
    let renamed = |octets: &[u8]| replaced(octets, mold.id.as_bytes(), text.as_bytes());
    let time = value(&mold.entry, b"\"at_ms\":").unwrap_or_default();
    let entry =
        replaced(&renamed(&mold.entry), &[b"\"at_ms\":", time].concat(), format!("\"at_ms\":{at_ms}").as_bytes());
    let settled = Settled::new(mold.view.label.clone()).entry(entry).terms(mold.view.terms.clone().unwrap_or_default());
    let settled = match &mold.view.record {
        Some(record) => settled.record(renamed(record)),
        None => settled,
    };
    let item = NewItem::new(ItemId(id), renamed(&mold.view.meta), at_ms).label(mold.view.label.clone());
    store.commit_as(store.body(), item, mold.view.state, settled)
}

/// What stands behind `key` in JSON, up to its end.
fn value<'a>(json: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let begin = json.windows(key.len()).position(|part| part == key)? + key.len();
    let rest = json.get(begin..)?;
    rest.split(|octet| matches!(octet, b'"' | b',' | b'}')).next()
}

/// Every `old` in `octets` as `new`.
fn replaced(octets: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some(at) = rest.windows(old.len()).position(|part| part == old) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// A mail's id as the gateway spells it: ULID, in Crockford's base 32.
fn spelled(id: [u8; 16]) -> String {
    let number = u128::from_be_bytes(id);
    let digit = |at: u32| {
        let digits = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        char::from(digits[(number >> (5 * at) & 31) as usize])
    };
    (0..26).rev().map(digit).collect()
}
