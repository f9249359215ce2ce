//! Full disks: refused, not lost; and it goes on when space returns.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod common;

use std::fs::File;
use std::io::Write;
use std::process::Command;

use common::{bytes, id, item, open, options, put, read};
use sekisho_store::{Committed, Options, Query, Settled, State, Store, StoreError};

#[test]
fn below_the_reserve_new_items_are_refused_and_old_ones_settled() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    assert!(store.room().unwrap() > 0);
    put(&store, 1, 100);
    put(&store, 2, 100_000);
    drop(store);

    let (store, recovery) = Store::open(dir.path(), Options { min_free: u64::MAX, ..options() }).unwrap();
    assert_eq!((recovery.pending(), store.room().unwrap()), (2, 0));
    let mut large = store.body();
    assert!(matches!(large.write(&bytes(3, 100_000)), Err(StoreError::Full)));
    assert!(matches!(large.write(b"more"), Err(StoreError::Full)), "a body with a gap stays refused");
    assert!(matches!(store.commit(large, item(3)).wait(), Err(StoreError::Full)));
    let mut small = store.body();
    small.write(b"small").unwrap();
    assert!(matches!(store.commit(small, item(3)).wait(), Err(StoreError::Full)));
    for _ in 0..2 {
        store.next(5).unwrap().unwrap().done(6, Settled::new("ok")).wait().unwrap();
    }
    assert!(store.get(id(3)).unwrap().is_none());
    drop(store);

    let (store, _) = open(dir.path());
    put(&store, 3, 100_000);
}

/// A file system of 16 MiB.
struct Tiny(tempfile::TempDir);

impl Tiny {
    /// `None` where mounting is not allowed.
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m", "sekisho-store-test"])
            .arg(dir.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then(|| Self(dir))
    }

    /// Takes every free byte; given back when the file is deleted.
    fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        for size in [64 * 1024, 4 * 1024, 1] {
            while filler.write_all(&vec![0; size]).is_ok() {}
        }
    }

    fn relieve(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> std::path::PathBuf {
        self.0.path().join("filler")
    }

    fn store(&self) -> std::path::PathBuf {
        self.0.path().join("store")
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "left mounted: {}", self.0.path().display());
    }
}

/// Leaves some room to settle.
fn with_reserve() -> Options {
    Options { min_free: 4 * 1024 * 1024, ..options() }
}

/// Commits bodies until the disk is full; returns the numbers that are durable.
fn commit_until_full(store: &Store, from: u64, size: usize) -> Vec<u64> {
    let mut durable = Vec::new();
    for number in from..from + 10_000 {
        let mut body = store.body();
        let answer = match body.write(&bytes(number, size)) {
            Ok(()) => store.commit(body, item(number)).wait(),
            Err(error) => Err(error),
        };
        match answer {
            Ok(Committed::New) => durable.push(number),
            Err(StoreError::Full) => return durable,
            other => panic!("{other:?}"),
        }
    }
    panic!("16 MiB never filled");
}

fn drain(store: &Store, expected: &[u64], size: usize) {
    for &number in expected {
        let lease = store.next(u64::MAX).unwrap().unwrap();
        assert_eq!(lease.id(), id(number));
        assert!(read(&lease) == bytes(number, size));
        lease.done(1, Settled::new("ok").expires_ms(2)).wait().unwrap();
    }
    assert!(store.next(u64::MAX).unwrap().is_none());
}

fn full_disk(tiny: &Tiny, size: usize) {
    let (store, _) = Store::open(&tiny.store(), with_reserve()).unwrap();
    let durable = commit_until_full(&store, 0, size);
    assert!(durable.len() > 5, "{} fitted", durable.len());
    tiny.fill();
    // Not one byte is free now. What is settled may have to wait for room, and stays out meanwhile.
    let first = store.next(u64::MAX).unwrap().unwrap();
    assert_eq!(first.id(), id(0));
    let waiting = first.done(1, Settled::new("ok").record(vec![b'r'; 200_000]).expires_ms(2));
    assert!(store.next(0).unwrap().is_none());
    assert!(matches!(store.commit(store.body(), item(9_999)).wait(), Err(StoreError::Full)));
    tiny.relieve();
    waiting.wait().unwrap();
    assert_eq!(store.get(id(0)).unwrap().unwrap().state, State::Done);
    drain(&store, &durable[1..], size);
    while store.sweep(10).wait().unwrap().more {}

    // Space returned; the same store goes on, and so does the next one.
    let again = commit_until_full(&store, 20_000, size);
    assert!(!again.is_empty());
    drop(store);
    let (store, recovery) = Store::open(&tiny.store(), with_reserve()).unwrap();
    assert_eq!((recovery.pending(), recovery.damaged), (again.len() as u64, 0));
    drain(&store, &again, size);
}

/// Numbers without a gap, hashes that follow, and no entry twice.
fn told(store: &Store) -> Vec<String> {
    let (mut hash, mut told) = (sekisho_audit::START, Vec::new());
    loop {
        let page = store.chain(told.len() as u64, 100).unwrap();
        if page.is_empty() {
            assert_eq!(store.chain_head().unwrap(), (told.len() as u64, hash));
            let distinct: std::collections::BTreeSet<_> = told.iter().collect();
            assert_eq!(distinct.len(), told.len(), "an entry stands twice");
            return told;
        }
        for row in page {
            hash = sekisho_audit::link(&hash, row.number, &row.entry);
            told.push(String::from_utf8(row.entry).unwrap());
            assert_eq!((row.number, row.hash), (told.len() as u64, hash));
        }
    }
}

#[test]
fn a_full_disk_doubles_no_entry() {
    let Some(tiny) = Tiny::mount() else {
        eprintln!("skipped: mounting a small file system needs root");
        return;
    };
    let (store, _) = Store::open(&tiny.store(), with_reserve()).unwrap();
    let mut expected = Vec::new();
    for number in 0_u64.. {
        let mut body = store.body();
        let _ = body.write(&bytes(number, 20_000));
        let new = item(number).terms(format!("all t{number}")).entry(format!("new {number}").into_bytes());
        match store.commit(body, new).wait() {
            Ok(committed) => assert_eq!(committed, Committed::New),
            Err(StoreError::Full) => break,
            Err(error) => panic!("{error}"),
        }
        expected.push(format!("new {number}"));
    }
    tiny.fill();
    // Larger than what the log can take without growing.
    let settle = |number: u64| {
        let settled = Settled::new("ok").record(vec![b'r'; 200_000]).terms(format!("all s{number}"));
        store.lease(id(number)).unwrap().done(1, settled.entry(format!("done {number}").into_bytes()))
    };
    let waiting: Vec<_> = (0..5).map(settle).collect();
    let act = store.append(vec![vec![b'x'; 8_000_000]]).wait();
    assert!(matches!(act, Err(StoreError::Full)), "{act:?}");
    assert!(matches!(store.commit(store.body(), item(9_999).entry(b"lost".to_vec())).wait(), Err(StoreError::Full)));
    // Time for some of the attempts that fail.
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    tiny.relieve();
    waiting.into_iter().for_each(|answer| answer.wait().unwrap());
    expected.extend((0..5).map(|number| format!("done {number}")));
    assert_eq!(store.append(vec![b"act".to_vec()]).wait().unwrap(), expected.len() as u64 + 1);
    expected.push("act".to_owned());
    let mut entries = told(&store);
    assert_eq!(entries.last().map(String::as_str), Some("act"));
    entries.sort();
    expected.sort();
    assert_eq!(entries, expected);
    let settled = Query { states: vec![State::Done], terms: vec!["all".to_owned()], ..Query::default() };
    assert_eq!(store.count(&settled, 100).unwrap(), (5, false));
    drop(store);
    let (store, _) = Store::open(&tiny.store(), with_reserve()).unwrap();
    assert_eq!(told(&store).len(), expected.len());
}

#[test]
fn what_can_be_asked_again_is_refused_on_a_full_disk() {
    let Some(tiny) = Tiny::mount() else {
        eprintln!("skipped: mounting a small file system needs root");
        return;
    };
    let (store, _) = Store::open(&tiny.store(), with_reserve()).unwrap();
    put(&store, 1, 100);
    put(&store, 2, 100);
    store.lease(id(1)).unwrap().hold(1, Settled::new("why")).wait().unwrap();
    tiny.fill();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let large = || Settled::new("changed").record(vec![b'r'; 8_000_000]).entry(b"act".to_vec()).refusable();
    for number in [1, 2] {
        let settled = store.lease(id(number)).unwrap().hold(2, large()).wait();
        assert!(matches!(settled, Err(StoreError::Full)), "{settled:?}");
        // It is where it was, and free for others.
        let amended = runtime.block_on(store.lease(id(number)).unwrap().amend(large()));
        assert!(matches!(amended, Err(StoreError::Full)), "{amended:?}");
    }
    let states = [1, 2].map(|number| store.get(id(number)).unwrap().unwrap()).map(|view| (view.state, view.label));
    assert_eq!(states, [(State::Held, "why".to_owned()), (State::Ready, String::new())]);
    assert!(told(&store).is_empty());
    assert_eq!(store.next(5).unwrap().unwrap().id(), id(2), "it is in the queue still");
    tiny.relieve();
    store.lease(id(1)).unwrap().hold(2, large()).wait().unwrap();
    assert_eq!(told(&store), ["act"]);
}

#[test]
fn a_full_disk_loses_nothing() {
    for size in [2_000, 100_000] {
        match Tiny::mount() {
            Some(tiny) => full_disk(&tiny, size),
            None => eprintln!("skipped: mounting a small file system needs root"),
        }
    }
}

#[test]
fn a_store_opens_on_a_full_disk() {
    let Some(tiny) = Tiny::mount() else {
        eprintln!("skipped: mounting a small file system needs root");
        return;
    };
    let durable = {
        let (store, _) = Store::open(&tiny.store(), with_reserve()).unwrap();
        commit_until_full(&store, 0, 20_000)
    };
    let (store, recovery) = Store::open(&tiny.store(), with_reserve()).unwrap();
    assert_eq!(recovery.pending(), durable.len() as u64);
    drain(&store, &durable, 20_000);
}
