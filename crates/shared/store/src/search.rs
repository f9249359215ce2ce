//! Search: the terms of items, and pages of the items that a query lets through.
//!
//! The terms stand in a full-text table under the item's number, beside a token of its state (`_2`): a rare state
//! among a million items with a common term is found without looking at the items.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use crate::error::StoreError;
use crate::index::{from_sql, to_sql};
use crate::item::{ItemView, State, TERM_MAX, TERMS_MAX};
use crate::query::{Cursor, LabelTally, Order, PAGE_MAX, QUERY_TERMS_MAX, Query};
use crate::rows::{self, VIEW, read_view, row_limit};

/// Items are numbered nearly in the order of their arrival: a commit may wait, and a clock may be set back a little.
/// A range of time is searched with so much more on either side, then compared exactly.
const DISORDER_MS: u64 = 10 * 60 * 1_000;

/// Most labels of [`tallies`].
const LABELS_MAX: usize = 1_000;

const RULE: &str = "terms are tokens of [a-z0-9], each at most 64 bytes, parted by blanks, at most 4096 bytes in all";

/// The items that have the terms, in a range of numbers.
const MATCH: &str = "search MATCH ? AND rowid BETWEEN ? AND ?";

/// Whether the terms of an item keep the rule.
pub(crate) fn check(terms: &str) -> Result<(), StoreError> {
    let sound = terms.len() <= TERMS_MAX && (terms.is_empty() || terms.split(' ').all(is_term));
    if sound { Ok(()) } else { Err(StoreError::Misuse(RULE)) }
}

fn is_term(term: &str) -> bool {
    (1..=TERM_MAX).contains(&term.len()) && term.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// What a transaction changes in the search table. Collected, and written in the order of the numbers: the table takes
/// in memory what rises, and makes a piece of its own on the disk, to be merged later, of everything that does not.
#[derive(Debug, Default)]
pub(crate) struct Changes(BTreeMap<i64, Change>);

#[derive(Debug, Default)]
struct Change {
    erase: bool,
    write: Option<String>,
}

impl Changes {
    /// Makes a new item findable.
    pub(crate) fn add(&mut self, seq: i64, state: State, terms: Option<&str>) {
        if let Some(terms) = terms.filter(|terms| !terms.is_empty()) {
            self.0.entry(seq).or_default().write = Some(format!("{} {terms}", token(state)));
        }
    }

    /// Makes an item findable by its new state and, where given, new terms. To be called before its row changes;
    /// `false` if there is no such row.
    pub(crate) fn replace(
        &mut self,
        index: &Connection,
        seq: i64,
        state: State,
        new: Option<&str>,
    ) -> Result<bool, StoreError> {
        let found = index
            .prepare_cached("SELECT state, terms FROM item WHERE seq = ?1")?
            .query_row([seq], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?)))
            .optional()?;
        let Some((old_state, old)) = found else { return Ok(false) };
        let old = old.unwrap_or_default();
        let new = new.unwrap_or(&old);
        if new == old && (old.is_empty() || state.code() == old_state) {
            return Ok(true);
        }
        self.0.insert(seq, Change { erase: !old.is_empty(), write: None });
        self.add(seq, state, Some(new));
        Ok(true)
    }

    /// Makes an item unfindable. To be called before its row is deleted.
    pub(crate) fn remove(&mut self, index: &Connection, seq: i64) -> Result<(), StoreError> {
        let written: bool = index
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM item WHERE seq = ?1 AND terms <> '')")?
            .query_row([seq], |row| row.get(0))?;
        if written {
            self.0.insert(seq, Change { erase: true, write: None });
        }
        Ok(())
    }

    /// Writes them, inside the transaction that changed the items.
    pub(crate) fn apply(self, index: &Connection) -> Result<(), StoreError> {
        let mut erase = index.prepare_cached("DELETE FROM search WHERE rowid = ?1")?;
        let mut write = index.prepare_cached("INSERT INTO search (rowid, terms) VALUES (?1, ?2)")?;
        for (seq, change) in self.0 {
            if change.erase {
                erase.execute([seq])?;
            }
            if let Some(terms) = change.write {
                write.execute(params![seq, terms])?;
            }
        }
        Ok(())
    }
}

/// The token of a state. Never change one: old directories hold them.
fn token(state: State) -> String {
    format!("_{}", state.code())
}

/// A page of items.
pub(crate) fn page(index: &Connection, query: &Query) -> Result<Vec<ItemView>, StoreError> {
    let limit = query.limit.min(PAGE_MAX);
    let Some(plan) = Plan::of(index, query)? else { return Ok(Vec::new()) };
    let mut page = Vec::new();
    for walk in plan.walks() {
        let (sql, values) = walk.page(limit);
        let mut select = index.prepare_cached(&sql)?;
        let mut rows = select.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            page.push(read_view(row)?);
        }
        // Never more than two pages in memory.
        page.sort_by_key(|item: &ItemView| item.cursor);
        if query.order == Order::NewestFirst {
            page.reverse();
        }
        page.truncate(limit);
    }
    Ok(page)
}

/// How many items a query lets through, counted up to `max`; whether there are more.
pub(crate) fn count(index: &Connection, query: &Query, max: u64) -> Result<(u64, bool), StoreError> {
    let Some(plan) = Plan::of(index, query)? else { return Ok((0, false)) };
    let mut items = 0_u64;
    for walk in plan.walks() {
        let enough = usize::try_from(max.saturating_sub(items)).unwrap_or(usize::MAX).saturating_add(1);
        let (sql, values) = walk.count(enough);
        let mut select = index.prepare_cached(&sql)?;
        items = items.saturating_add(from_sql(select.query_row(params_from_iter(values), |row| row.get(0))?));
    }
    Ok((items.min(max), items > max))
}

/// The labels of a state in their order, the first thousand. Items without a label are in none.
pub(crate) fn tallies(index: &Connection, state: State) -> Result<Vec<LabelTally>, StoreError> {
    // From label to label by seeking: the rows of other states are not looked at.
    let mut next = index.prepare_cached("SELECT min(label) FROM item WHERE label > ?1 AND label <> ''")?;
    let of_label = "FROM item WHERE label = ?1 AND label <> '' AND state = ?2";
    let mut count = index.prepare_cached(&format!("SELECT count(*) {of_label}"))?;
    let mut arrival = index.prepare_cached(&format!("SELECT arrived_ms {of_label} ORDER BY seq LIMIT 1"))?;
    let mut tallies = Vec::new();
    let mut label = String::new();
    while tallies.len() < LABELS_MAX
        && let Some(found) = next.query_row([&label], |row| row.get::<_, Option<String>>(0))?
    {
        label = found;
        let oldest = arrival.query_row(params![label, state.code()], |row| row.get(0)).optional()?;
        if let Some(oldest) = oldest {
            let items = from_sql(count.query_row(params![label, state.code()], |row| row.get(0))?);
            tallies.push(LabelTally { label: label.clone(), items, oldest_ms: from_sql(oldest) });
        }
    }
    Ok(tallies)
}

/// How a query is answered: which numbers can be meant, and what must hold for them.
struct Plan<'a> {
    query: &'a Query,
    states: BTreeSet<State>,
    /// Numbers, both ends included.
    first: i64,
    last: i64,
}

/// One walk along an index.
struct Walk<'a> {
    plan: &'a Plan<'a>,
    path: Path,
}

enum Path {
    /// The full-text table: its expression.
    Terms(String),
    /// The index of one state.
    State(State),
}

impl<'a> Plan<'a> {
    /// `None` if nothing can be meant.
    fn of(index: &Connection, query: &'a Query) -> Result<Option<Self>, StoreError> {
        if query.terms.len() > QUERY_TERMS_MAX || !query.terms.iter().all(|term| is_term(term)) {
            return Err(StoreError::Misuse("a query has at most 64 terms, each 1 to 64 bytes of [a-z0-9]"));
        }
        let (mut first, mut last) = (0, i64::MAX);
        if let Some(since) = query.since_ms {
            first = first_arrived(index, since.saturating_sub(DISORDER_MS))?;
        }
        if let Some(until) = query.until_ms {
            last = first_arrived(index, until.saturating_add(DISORDER_MS))?;
        }
        match (query.after.map(Cursor::seq), query.order) {
            (Some(after), Order::OldestFirst) => first = first.max(after.saturating_add(1)),
            (Some(after), Order::NewestFirst) => last = last.min(after.saturating_sub(1)),
            (None, _) => {}
        }
        let states: BTreeSet<State> = query.states.iter().copied().collect();
        let possible = first <= last && !states.is_empty();
        Ok(possible.then_some(Self { query, states, first, last }))
    }

    fn walks(&self) -> Vec<Walk<'_>> {
        let walk = |path| Walk { plan: self, path };
        if self.query.terms.is_empty() {
            return self.states.iter().map(|&state| walk(Path::State(state))).collect();
        }
        vec![walk(Path::Terms(self.expression()))]
    }

    /// `("_2" OR "_3") AND "a" AND "b"`: quoted tokens are never operators.
    fn expression(&self) -> String {
        let terms = self.query.terms.iter().map(|term| format!("\"{term}\""));
        let states: Vec<String> = self.states.iter().map(|&state| format!("\"{}\"", token(state))).collect();
        let states = (states.len() < State::ALL.len()).then(|| format!("({})", states.join(" OR ")));
        terms.chain(states).collect::<Vec<_>>().join(" AND ")
    }
}

impl Walk<'_> {
    fn page(&self, limit: usize) -> (String, Vec<Value>) {
        let direction = match self.plan.query.order {
            Order::OldestFirst => "ASC",
            Order::NewestFirst => "DESC",
        };
        let (source, mut values) = self.source(direction);
        let number = match self.path {
            Path::Terms(_) => "hit",
            Path::State(_) => "seq",
        };
        let conditions = self.conditions(&mut values);
        values.push(Value::from(row_limit(limit)));
        (format!("SELECT {VIEW} FROM {source}{conditions} ORDER BY {number} {direction} LIMIT ?"), values)
    }

    fn count(&self, enough: usize) -> (String, Vec<Value>) {
        let (source, mut values) = self.source("ASC");
        let conditions = self.conditions(&mut values);
        let select = match &self.path {
            // The full-text table knows terms and states; the items themselves are not needed.
            Path::Terms(_) if conditions.is_empty() => format!("SELECT rowid FROM search WHERE {MATCH}"),
            Path::Terms(_) | Path::State(_) => format!("SELECT 1 FROM {source}{conditions}"),
        };
        values.push(Value::from(row_limit(enough)));
        (format!("SELECT count(*) FROM ({select} LIMIT ?)"), values)
    }

    /// Where the items come from, up to a condition that stands always.
    fn source(&self, direction: &str) -> (String, Vec<Value>) {
        let Plan { first, last, .. } = self.plan;
        let (source, what) = match &self.path {
            // The cross join fixes the order of the loops.
            Path::Terms(expression) => (
                format!(
                    "(SELECT rowid AS hit FROM search WHERE {MATCH} ORDER BY rowid {direction}) \
                     CROSS JOIN item ON seq = hit WHERE true"
                ),
                Value::from(expression.clone()),
            ),
            Path::State(state) => {
                ("item WHERE state = ? AND seq BETWEEN ? AND ?".to_owned(), Value::from(state.code()))
            }
        };
        (source, vec![what, Value::from(*first), Value::from(*last)])
    }

    /// What only the items themselves can tell.
    fn conditions(&self, values: &mut Vec<Value>) -> String {
        let query = self.plan.query;
        let mut conditions = String::new();
        if let Some(label) = &query.label {
            // The second term lets SQLite use the partial index.
            conditions.push_str(if label.is_empty() { " AND label = ?" } else { " AND label = ? AND label <> ''" });
            values.push(Value::from(label.clone()));
        }
        if let Some(since) = query.since_ms {
            conditions.push_str(" AND arrived_ms >= ?");
            values.push(Value::from(to_sql(since)));
        }
        if let Some(until) = query.until_ms {
            conditions.push_str(" AND arrived_ms < ?");
            values.push(Value::from(to_sql(until)));
        }
        conditions
    }
}

/// The first number whose item arrived at `ms` or later, if arrivals rise with the numbers; one behind the last if
/// none did.
fn first_arrived(index: &Connection, ms: u64) -> Result<i64, StoreError> {
    let mut probe = index.prepare_cached("SELECT seq, arrived_ms FROM item WHERE seq >= ?1 ORDER BY seq LIMIT 1")?;
    let mut low = 0;
    let mut high = rows::last_seq(index)?.saturating_add(1);
    // `low` never lies behind the one that is sought, `high` never before it.
    while low < high {
        let middle = low + (high - low) / 2;
        let found = probe.query_row([middle], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))).optional()?;
        match found {
            Some((seq, arrived)) if from_sql(arrived) < ms => low = seq + 1,
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}
