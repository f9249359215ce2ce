//! Crashes: killed processes, torn logs, copies taken between any two operations.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{bytes, id, item, number, open, options, put, read};
use sekisho_store::{BodyFate, Query, Settled, State, Store};

/// Set for the process that is killed.
const CHILD_DIR: &str = "SEKISHO_STORE_TEST_CHILD";

/// The number of its first item.
const CHILD_FIRST: &str = "SEKISHO_STORE_TEST_CHILD_FIRST";

/// Size of the body of an item: some in the index, some in segments, some in several.
fn size_of(number: u64) -> usize {
    usize::try_from(number * 7_919 % 100_000).unwrap() / if number.is_multiple_of(3) { 20 } else { 1 }
}

/// Not a test of its own: what the killed process runs. Four threads commit, one settles; each reports on stdout
/// what is durable.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let (store, _) = Store::open(Path::new(&dir), options()).unwrap();
    let first: u64 = std::env::var(CHILD_FIRST).unwrap().parse().unwrap();
    // Nobody reads any more once the parent is done: the write fails and the child ends.
    let report = |word: &str, number: u64| writeln!(std::io::stdout(), "{word} {number}").unwrap();
    std::thread::scope(|scope| {
        for lane in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for number in (first + lane..).step_by(4) {
                    put(store, number, size_of(number));
                    report("stored", number);
                }
            });
        }
        scope.spawn(|| {
            for turn in 0_u64.. {
                let Some(lease) = store.next(u64::MAX).unwrap() else { continue };
                let item = number(lease.id());
                match turn % 4 {
                    0 => {
                        lease.done(turn, Settled::new("ok")).wait().unwrap();
                        report("done", item);
                    }
                    1 => {
                        lease.hold(turn, Settled::new("look")).wait().unwrap();
                        report("held", item);
                    }
                    2 => drop(lease.done(turn, Settled::new("ok").lazy())),
                    _ => drop(lease.defer(turn, u64::MAX - 1, Settled::new("later"))),
                }
                if turn % 16 == 0 {
                    store.sweep(0).wait().unwrap();
                }
            }
        });
    });
}

/// Runs the child until it reported `lines` things, kills it, and notes everything that it managed to say.
fn run_and_kill(dir: &Path, first: u64, lines: usize, said: &mut BTreeMap<u64, String>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD_DIR, dir)
        .env(CHILD_FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut seen = 0;
    let mut line = String::new();
    while output.read_line(&mut line).unwrap() > 0 {
        // The test harness speaks on the same pipe; the last line may be cut.
        if let Some((word @ ("stored" | "done" | "held"), item)) = line.trim_end().split_once(' ')
            && line.ends_with('\n')
        {
            note(said, item.parse().unwrap(), word);
            seen += 1;
            if seen == lines {
                child.kill().unwrap();
            }
        }
        line.clear();
    }
    assert_eq!(child.wait().unwrap().signal(), Some(9), "the child was killed, it never ends by itself");
    assert!(seen >= lines);
}

/// A settlement may be reported before the commit, which another thread reports.
fn note(said: &mut BTreeMap<u64, String>, item: u64, word: &str) {
    let word = word.to_owned();
    said.entry(item)
        .and_modify(|before| {
            if before == "stored" {
                before.clone_from(&word)
            }
        })
        .or_insert(word);
}

#[test]
fn whatever_a_killed_process_called_durable_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut said = BTreeMap::new();
    for (round, lines) in (0..).zip([1, 10, 57, 200, 333, 500]) {
        run_and_kill(dir.path(), round * 1_000_000, lines, &mut said);
        let (store, recovery) = open(dir.path());
        assert_eq!(recovery.damaged, 0);
        for (&item, word) in &said {
            let view = store.get(id(item)).unwrap().unwrap_or_else(|| panic!("{item} ({word}) is lost"));
            match word.as_str() {
                "done" => assert_eq!(view.state, State::Done),
                "held" => assert_eq!(view.state, State::Held),
                _ => {}
            }
        }
        whole(&store, size_of);
    }
}

/// Every body that should be there is, byte for byte. Returns how many items there are.
fn whole(store: &Store, size: impl Fn(u64) -> usize) -> usize {
    let mut items = 0;
    let mut after = None;
    loop {
        let page = store.list(&Query { after, limit: 1_000, ..Query::default() }).unwrap();
        let Some(last) = page.last() else { return items };
        after = Some(last.cursor);
        items += page.len();
        for view in page.iter().filter(|view| view.body == BodyFate::Keep) {
            let mut body = Vec::new();
            store.body_of(view.id).unwrap().read_to_end(&mut body).unwrap();
            assert!(body == bytes(number(view.id), size(number(view.id))), "{:?}", view.id);
        }
    }
}

#[test]
fn a_crash_between_any_two_operations_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let crashed = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let mut expected: BTreeMap<u64, State> = BTreeMap::new();
    for step in 0..40 {
        put(&store, step, size_of(step));
        expected.insert(step, State::Ready);
        let held = store.next(u64::MAX).unwrap();
        if step % 3 == 0 {
            let lease = held.unwrap();
            let (item, settled) = (number(lease.id()), Settled::new("x"));
            let (answer, state) = match step % 4 {
                0 => (lease.done(1, settled), State::Done),
                1 => (lease.keep(1, settled), State::Kept),
                2 => (lease.bury(1, settled), State::Buried),
                _ => (lease.hold(1, settled), State::Held),
            };
            answer.wait().unwrap();
            expected.insert(item, state);
        }
        // What is leased at the crash is ready after it.
        let _out = store.next(u64::MAX).unwrap();
        let copy = crashed.path().join(step.to_string());
        common::copy(dir.path(), &copy);
        let (copy, recovery) = open(&copy);
        assert_eq!(recovery.damaged, 0);
        for (&item, &state) in &expected {
            assert_eq!(copy.get(id(item)).unwrap().unwrap().state, state, "item {item} after step {step}");
        }
        assert_eq!(whole(&copy, size_of), expected.len());
        let pending = std::iter::from_fn(|| copy.next(u64::MAX).unwrap().map(std::mem::forget)).count();
        assert_eq!(pending, expected.values().filter(|state| state.is_pending()).count());
    }
}

#[test]
fn a_log_cut_anywhere_leaves_the_first_commits_whole() {
    let dir = tempfile::tempdir().unwrap();
    let crashed = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    (0..30).for_each(|number| put(&store, number, 20_000));
    let log = std::fs::metadata(dir.path().join("index.db-wal")).unwrap().len();
    let mut counts = Vec::new();
    for cut in 0..40 {
        let copy = crashed.path().join(cut.to_string());
        common::copy(dir.path(), &copy);
        let torn = std::fs::OpenOptions::new().write(true).open(copy.join("index.db-wal")).unwrap();
        // Not at page borders: a torn write as well.
        torn.set_len(log * cut / 39).unwrap();
        let (copy, recovery) = open(&copy);
        assert_eq!(recovery.damaged, 0);
        let items = whole(&copy, |_| 20_000);
        let present = copy.list(&Query::default()).unwrap();
        assert!(present.iter().map(|view| number(view.id)).eq(0..items as u64), "a prefix of the commits");
        counts.push(items);
        put(&copy, 100, 20_000);
    }
    assert!(counts.is_sorted() && counts[0] == 0 && counts[39] == 30, "{counts:?}");
}

#[test]
fn garbage_behind_the_last_commit_is_ignored() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, 50_000);
    let mut unfinished = store.body();
    unfinished.write(&bytes(2, 70_000)).unwrap();
    let crashed = tempfile::tempdir().unwrap();
    common::copy(dir.path(), crashed.path());
    drop(unfinished);
    let (copy, recovery) = open(crashed.path());
    assert_eq!((recovery.pending(), recovery.garbage_bytes), (1, 65_536));
    put(&copy, 3, 50_000);
    for number in [1, 3] {
        let lease = copy.next(9).unwrap().unwrap();
        assert!(read(&lease) == bytes(number, 50_000));
        lease.done(9, Settled::new("ok")).wait().unwrap();
    }
    drop(copy.commit(copy.body(), item(4)));
}
