//! The chain: entries stand together with the change they tell of, or neither does.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{bytes, id, item, number, open, options};
use sekisho_audit::{START, link};
use sekisho_store::{Committed, Options, PAGE_MAX, Query, Settled, State, Store, StoreError};

/// Set for the process that is killed.
const CHILD_DIR: &str = "SEKISHO_STORE_TEST_CHAIN_CHILD";

/// The number of its first item.
const CHILD_FIRST: &str = "SEKISHO_STORE_TEST_CHAIN_FIRST";

fn entry(what: &str, number: u64) -> Vec<u8> {
    format!("{what} {number}").into_bytes()
}

fn put(store: &Store, number: u64, size: usize) -> Committed {
    let mut body = store.body();
    body.write(&bytes(number, size)).unwrap();
    store.commit(body, item(number).entry(entry("new", number))).wait().unwrap()
}

/// All entries, checked: numbers from 1 without a gap, every hash the one of what stands before.
fn entries(store: &Store) -> Vec<String> {
    let mut entries = Vec::new();
    let mut hash = START;
    loop {
        let page = store.chain(entries.len() as u64, 7).unwrap();
        assert!(page.len() <= 7);
        if page.is_empty() {
            assert_eq!(store.chain_head().unwrap(), (entries.len() as u64, hash));
            return entries;
        }
        for row in page {
            assert_eq!(row.number, entries.len() as u64 + 1);
            hash = link(&hash, row.number, &row.entry);
            assert_eq!(row.hash, hash, "entry {}", row.number);
            entries.push(String::from_utf8(row.entry).unwrap());
        }
    }
}

/// Every item has its entries, and every entry its item, each once.
fn agree(store: &Store) {
    let all = entries(store);
    let told: BTreeSet<String> = all.iter().filter(|entry| !entry.starts_with("act ")).cloned().collect();
    assert_eq!(told.len(), all.iter().filter(|entry| !entry.starts_with("act ")).count(), "an entry stands twice");
    let mut expected = BTreeSet::new();
    let mut after = None;
    loop {
        let page = store.list(&Query { after, limit: PAGE_MAX, ..Query::default() }).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.cursor);
        for view in page {
            expected.insert(format!("new {}", number(view.id)));
            if view.state != State::Ready {
                expected.insert(format!("{} {}", view.label, number(view.id)));
            }
        }
    }
    assert_eq!(told, expected);
}

#[test]
fn entries_follow_the_operations() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    assert_eq!(store.chain_head().unwrap(), (0, START));
    assert!(store.chain(0, 10).unwrap().is_empty());
    assert_eq!(put(&store, 1, 10), Committed::New);
    let settled = Settled::new("held").entry(b"a".to_vec()).entry(b"b".to_vec());
    store.next(1).unwrap().unwrap().hold(1, settled).wait().unwrap();
    let item = item(2).entry(b"item".to_vec());
    store.commit_as(store.body(), item, State::Done, Settled::new("x").entry(b"settled".to_vec())).wait().unwrap();
    assert_eq!(store.append(vec![b"one".to_vec(), b"two".to_vec()]).wait().unwrap(), 7);
    assert_eq!(entries(&store), ["new 1", "a", "b", "item", "settled", "one", "two"]);
    assert!(matches!(store.append(vec![]).wait(), Err(StoreError::Misuse(_))));
    let settled = store.lease(id(1)).unwrap().defer(1, 1, Settled::new(""));
    settled.wait().unwrap();
    drop(store);
    let (store, _) = open(dir.path());
    assert_eq!(store.append(vec![b"three".to_vec()]).wait().unwrap(), 8, "the chain goes on where it ended");
    assert_eq!(entries(&store).len(), 8);
}

#[test]
fn a_duplicate_tells_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, 10);
    for _ in 0..3 {
        assert_eq!(put(&store, 1, 10), Committed::Duplicate);
    }
    // In one batch too.
    let answers: Vec<_> = (0..20).map(|_| store.commit(store.body(), item(2).entry(entry("new", 2)))).collect();
    let answers = answers.into_iter().map(|answer| answer.wait().unwrap());
    assert_eq!(answers.filter(|&committed| committed == Committed::New).count(), 1);
    assert_eq!(entries(&store), ["new 1", "new 2"]);
}

#[test]
fn the_beginning_goes_with_a_note() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    for number in 1..=100 {
        store.append(vec![entry("act", number)]).wait().unwrap();
    }
    let (_, before) = store.chain_head().unwrap();
    for refused in [100, 101, u64::MAX, 0] {
        assert!(matches!(store.prune_chain(refused, b"note".to_vec()).wait(), Err(StoreError::Misuse(_))), "{refused}");
    }
    assert_eq!(store.chain_head().unwrap(), (100, before), "a refusal adds nothing");
    assert_eq!(store.prune_chain(40, b"note".to_vec()).wait().unwrap(), 101);
    assert!(matches!(store.prune_chain(40, b"note".to_vec()).wait(), Err(StoreError::Misuse(_))), "gone already");
    let rows = store.chain(0, 1_000).unwrap();
    assert!(rows.iter().map(|row| row.number).eq(41..=101));
    let mut hash = rows[0].hash;
    for row in &rows[1..] {
        hash = link(&hash, row.number, &row.entry);
        assert_eq!(row.hash, hash);
    }
    assert_eq!(rows.last().unwrap().hash, link(&before, 101, b"note"));
    while store.sweep(0).wait().unwrap().more {}
    assert_eq!(store.chain(0, 1_000).unwrap(), rows);
    drop(store);
    let (store, _) = open(dir.path());
    assert_eq!(store.append(vec![b"next".to_vec()]).wait().unwrap(), 102);
    assert_eq!(store.chain(0, 1_000).unwrap().first().unwrap().number, 41);
    let index = rusqlite::Connection::open(dir.path().join("index.db")).unwrap();
    let left: i64 = index.query_row("SELECT count(*) FROM chain", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 62, "the hidden ones were deleted");
}

#[test]
fn what_was_bent_is_read_as_it_stands() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    (1..=5).for_each(|number| assert_eq!(store.append(vec![entry("act", number)]).wait().unwrap(), number));
    drop(store);
    let index = rusqlite::Connection::open(dir.path().join("index.db")).unwrap();
    index.execute("UPDATE chain SET entry = ?1 WHERE number = 2", [entry("bent", 2)]).unwrap();
    index.execute("UPDATE chain SET hash = x'00' WHERE number = 4", []).unwrap();
    drop(index);
    let (store, _) = open(dir.path());
    let rows = store.chain(0, 10).unwrap();
    let mut hash = START;
    let mut wrong = Vec::new();
    for row in &rows {
        hash = link(&hash, row.number, &row.entry);
        if row.hash != hash {
            wrong.push(row.number);
        }
        hash = row.hash;
    }
    assert_eq!(wrong, [2, 4, 5], "5 was bound to the hash that 4 had");
}

#[test]
fn after_a_failure_the_store_looks_where_the_index_ends() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, 10);
    // What a write that failed half may leave: numbers that are taken.
    let index = rusqlite::Connection::open(dir.path().join("index.db")).unwrap();
    let hash = link(&store.chain_head().unwrap().1, 2, b"taken");
    index.execute("INSERT INTO chain VALUES (2, ?1, ?2)", rusqlite::params![b"taken", hash]).unwrap();
    let mut body = store.body();
    body.write(b"new").unwrap();
    let failed = store.commit(body, item(2).entry(entry("new", 2))).wait();
    assert!(matches!(failed, Err(StoreError::Index(_))), "{failed:?}");
    assert!(store.get(id(2)).unwrap().is_none(), "neither item nor entry");
    assert_eq!(put(&store, 2, 10), Committed::New);
    assert_eq!(entries(&store), ["new 1", "taken", "new 2"]);
}

#[test]
fn pages_of_long_entries_are_short() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    store.append(vec![vec![b'x'; 1_500_000]; 10]).wait().unwrap();
    let (mut after, mut pages) = (0, Vec::new());
    loop {
        let page = store.chain(after, 100).unwrap();
        let Some(last) = page.last() else { break };
        after = last.number;
        pages.push(page.len());
    }
    assert_eq!(pages, [3, 3, 3, 1]);
}

/// Not a test of its own: what the killed process runs. Commits, settlements, acts and prunes at once.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let (store, _) = Store::open(Path::new(&dir), options()).unwrap();
    let first: u64 = std::env::var(CHILD_FIRST).unwrap().parse().unwrap();
    // Nobody reads any more once the parent is done: the write fails and the child ends.
    let report = |word: &str, number: u64| writeln!(std::io::stdout(), "{word} {number}").unwrap();
    std::thread::scope(|scope| {
        for lane in 0..3 {
            let store = &store;
            scope.spawn(move || {
                for number in (first + lane..).step_by(3) {
                    put(store, number, usize::try_from(number % 3 * 20_000).unwrap());
                    report("new", number);
                    if number % 10 == lane {
                        report("act", store.append(vec![entry("act", number)]).wait().unwrap());
                    }
                }
            });
        }
        scope.spawn(|| {
            for turn in 0_u64.. {
                let Some(lease) = store.next(u64::MAX).unwrap() else { continue };
                let item = number(lease.id());
                let word = if turn % 2 == 0 { "held" } else { "done" };
                let settled = Settled::new(word).terms(format!("t{}", item % 7)).entry(entry(word, item));
                match turn % 4 {
                    0 => lease.hold(turn, settled).wait().unwrap(),
                    1 => lease.done(turn, settled).wait().unwrap(),
                    2 => {
                        drop(lease.hold(turn, settled.lazy()));
                        continue;
                    }
                    _ => {
                        drop(lease.done(turn, settled.lazy()));
                        continue;
                    }
                }
                report(word, item);
            }
        });
    });
}

/// Runs the child until it reported `lines` things, and kills it; what it said.
fn run_and_kill(dir: &Path, first: u64, lines: usize) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD_DIR, dir)
        .env(CHILD_FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut said = Vec::new();
    let mut line = String::new();
    while output.read_line(&mut line).unwrap() > 0 {
        // The test harness speaks on the same pipe; the last line may be cut.
        if let Some(("new" | "act" | "held" | "done", _)) = line.trim_end().split_once(' ')
            && line.ends_with('\n')
        {
            said.push(line.trim_end().to_owned());
            if said.len() == lines {
                child.kill().unwrap();
            }
        }
        line.clear();
    }
    assert_eq!(child.wait().unwrap().signal(), Some(9), "the child was killed, it never ends by itself");
    said
}

#[test]
fn a_killed_process_leaves_no_change_without_its_entry_and_no_entry_without_its_change() {
    let dir = tempfile::tempdir().unwrap();
    let mut durable = BTreeMap::new();
    for (round, lines) in (0..).zip([1, 9, 40, 111, 300, 500]) {
        for said in run_and_kill(dir.path(), round * 1_000_000, lines) {
            *durable.entry(said).or_insert(0) += 1;
        }
        let (store, _) = open(dir.path());
        agree(&store);
        let (told, length) = (entries(&store), store.chain_head().unwrap().0);
        let told: BTreeSet<&str> = told.iter().map(String::as_str).collect();
        for said in durable.keys() {
            match said.strip_prefix("act ") {
                Some(number) => assert!(number.parse::<u64>().unwrap() <= length, "{said} is lost"),
                None => assert!(told.contains(said.as_str()), "{said} is lost"),
            }
        }
    }
}

#[test]
fn a_log_cut_anywhere_leaves_items_and_chain_in_step() {
    let dir = tempfile::tempdir().unwrap();
    let crashed = tempfile::tempdir().unwrap();
    // The log ends later with a reserve: all of this is in it.
    let (store, _) = Store::open(dir.path(), Options { min_free: 64 << 20, ..options() }).unwrap();
    for step in 0..30 {
        put(&store, step, 3_000);
        if step % 2 == 0 {
            let lease = store.next(u64::MAX).unwrap().unwrap();
            let item = number(lease.id());
            let settled = Settled::new("held").terms("t1 t2".to_owned()).entry(entry("held", item));
            lease.hold(step, settled).wait().unwrap();
        }
        if step % 5 == 0 {
            store.append(vec![entry("act", step)]).wait().unwrap();
        }
    }
    let log = std::fs::metadata(dir.path().join("index.db-wal")).unwrap().len();
    let mut lengths = Vec::new();
    for cut in 0..60 {
        let copy = crashed.path().join(cut.to_string());
        common::copy(dir.path(), &copy);
        let torn = std::fs::OpenOptions::new().write(true).open(copy.join("index.db-wal")).unwrap();
        torn.set_len(log * cut / 59).unwrap();
        let (copy, _) = open(&copy);
        agree(&copy);
        lengths.push(copy.chain_head().unwrap().0);
        let held = Query { terms: vec!["t2".to_owned()], states: vec![State::Held], ..Query::default() };
        let in_state = Query { terms: vec![], ..held.clone() };
        assert_eq!(copy.count(&held, 100).unwrap(), copy.count(&in_state, 100).unwrap());
        assert_eq!(put(&copy, 100, 10), Committed::New);
        agree(&copy);
    }
    assert!(lengths.is_sorted() && lengths[0] == 0 && lengths[59] == 51, "{lengths:?}");
}

#[test]
fn a_copy_taken_after_any_operation_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let crashed = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    for step in 0..20 {
        put(&store, step, 20_000);
        if step % 3 == 0 {
            let lease = store.next(u64::MAX).unwrap().unwrap();
            let item = number(lease.id());
            lease.done(1, Settled::new("done").entry(entry("done", item))).wait().unwrap();
        }
        let copy = crashed.path().join(step.to_string());
        common::copy(dir.path(), &copy);
        let (copy, _) = open(&copy);
        agree(&copy);
        assert_eq!(copy.chain_head().unwrap(), store.chain_head().unwrap());
    }
}
