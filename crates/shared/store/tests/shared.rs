//! Equal bodies are stored once, and go with the last item that has them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::Read;

use common::{bytes, id, item, open, segments};
use sekisho_store::{BodyFate, Committed, ItemView, NewItem, Settled, State, Store, StoreError};

/// A digest of our own, one per content.
fn digest(content: u64) -> [u8; 32] {
    [u8::try_from(content).unwrap(); 32]
}

fn new(number: u64, content: u64) -> NewItem {
    item(number).digest(digest(content)).seal(format!("seal {number}").into_bytes())
}

/// Commits an item whose body is the one of `content`, sealed for this item alone: other bytes every time.
fn put(store: &Store, item: NewItem, size: usize) -> ItemView {
    let mut body = store.body();
    let (id, number) = (item.id, common::number(item.id));
    body.write(&bytes(number, size)).unwrap();
    assert_eq!(store.commit(body, item).wait().unwrap(), Committed::New);
    store.get(id).unwrap().unwrap()
}

fn body(store: &Store, number: u64) -> Vec<u8> {
    let mut body = Vec::new();
    store.body_of(id(number)).unwrap().read_to_end(&mut body).unwrap();
    body
}

fn done(store: &Store, number: u64) {
    store.lease(id(number)).unwrap().done(1, Settled::new("ok").expires_ms(5)).wait().unwrap();
}

#[test]
fn equal_bodies_share_bytes_and_seal() {
    // In the index and in segments.
    for size in [1_000, 100_000] {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = open(dir.path());
        let first = put(&store, new(1, 7), size);
        assert_eq!((first.seal.as_slice(), first.digest), (&b"seal 1"[..], Some(digest(7))));
        assert_eq!(store.shared_bytes().unwrap(), 0);
        for number in [2, 3] {
            let again = put(&store, new(number, 7), size);
            assert_eq!((again.seal.as_slice(), again.digest), (&b"seal 1"[..], Some(digest(7))));
            assert_eq!(again.size, size as u64);
        }
        assert_eq!(store.shared_bytes().unwrap(), 2 * size as u64);
        assert_eq!(store.counts().unwrap().of(State::Ready).bytes, 3 * size as u64);
        for number in [1, 2, 3] {
            assert!(body(&store, number) == bytes(1, size));
        }
        // Other content, the same content in another length, no digest: each its own.
        put(&store, new(4, 8), size);
        put(&store, new(5, 7), size + 1);
        put(&store, item(6), size);
        assert!(body(&store, 4) == bytes(4, size) && body(&store, 5) == bytes(5, size + 1));
        assert!(body(&store, 6) == bytes(6, size));
        assert_eq!(store.shared_bytes().unwrap(), 2 * size as u64);
    }
}

#[test]
fn equal_bodies_of_one_batch_share() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let answers: Vec<_> = (0..40)
        .map(|number| {
            let mut body = store.body();
            body.write(&bytes(number, 100_000)).unwrap();
            store.commit(body, new(number, 1))
        })
        .collect();
    answers.into_iter().for_each(|answer| assert_eq!(answer.wait().unwrap(), Committed::New));
    assert_eq!(store.shared_bytes().unwrap(), 3_900_000);
    let whole = body(&store, 0);
    assert!((1..40).all(|number| body(&store, number) == whole));
}

#[test]
fn a_body_goes_with_its_last_item() {
    for size in [1_000, 100_000] {
        // Who brought it goes first, in the middle, last.
        for order in [[1, 2, 3], [2, 1, 3], [3, 2, 1]] {
            let dir = tempfile::tempdir().unwrap();
            let (store, _) = open(dir.path());
            for number in 1..=3 {
                put(&store, new(number, 7), size);
            }
            put(&store, new(9, 9), 250_000);
            for (place, &number) in order.iter().enumerate() {
                done(&store, number);
                let view = store.get(id(number)).unwrap().unwrap();
                assert_eq!(view.body, BodyFate::Free);
                assert!(matches!(store.body_of(id(number)), Err(StoreError::NoBody)));
                for &left in &order[place + 1..] {
                    assert!(body(&store, left) == bytes(1, size));
                }
                let sharers = (2_u64 - place as u64).saturating_sub(1);
                assert_eq!(store.shared_bytes().unwrap(), sharers * size as u64);
            }
            store.sweep(0).wait().unwrap();
            drop(store);
            let index = rusqlite::Connection::open(dir.path().join("index.db")).unwrap();
            let rows = |table| {
                let count = format!("SELECT count(DISTINCT seq) FROM {table}");
                index.query_row(&count, [], |row| row.get::<_, i64>(0)).unwrap()
            };
            assert_eq!((rows("inline_body"), rows("extent")), (0, 1), "only the bystander's");
            assert_eq!(segments(dir.path()).contains(&"00000001.seg".to_owned()), size == 1_000);
        }
    }
}

#[test]
fn expiry_frees_a_body_only_with_the_last_row() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, new(1, 7), 100_000);
    put(&store, new(2, 7), 100_000);
    store.lease(id(1)).unwrap().keep(1, Settled::new("kept").expires_ms(10)).wait().unwrap();
    store.lease(id(2)).unwrap().keep(1, Settled::new("kept").expires_ms(20)).wait().unwrap();
    assert_eq!(store.sweep(10).wait().unwrap().expired, 1);
    assert!(store.get(id(1)).unwrap().is_none());
    assert!(body(&store, 2) == bytes(1, 100_000));
    assert_eq!(store.shared_bytes().unwrap(), 0, "one item has it");

    // The number of the row that is gone still names the body: no new item may get it.
    drop(store);
    let (store, recovery) = open(dir.path());
    assert_eq!((recovery.damaged, recovery.counts.of(State::Kept).items), (0, 1));
    let third = put(&store, new(3, 7), 100_000);
    assert_eq!(third.seal, b"seal 1");
    assert!(body(&store, 3) == bytes(1, 100_000));
    assert_eq!(store.sweep(20).wait().unwrap().expired, 1);
    assert!(body(&store, 3) == bytes(1, 100_000));
    done(&store, 3);
    assert_eq!(store.counts().unwrap().of(State::Done).bytes, 0);
}

#[test]
fn the_number_of_a_shared_body_is_not_given_again() {
    let dir = tempfile::tempdir().unwrap();
    {
        let (store, _) = open(dir.path());
        put(&store, new(1, 7), 1_000);
        drop(store);
        // As if every row behind it had expired: the sharer has a lower number than the body it names.
        let index = rusqlite::Connection::open(dir.path().join("index.db")).unwrap();
        index.execute("UPDATE item SET body = 50", []).unwrap();
        index.execute("UPDATE inline_body SET seq = 50", []).unwrap();
    }
    let (store, _) = open(dir.path());
    let next = put(&store, new(2, 8), 1_000);
    assert_eq!(next.cursor.to_string(), "51");
    assert!(body(&store, 1) == bytes(1, 1_000) && body(&store, 2) == bytes(2, 1_000));
}

#[test]
fn freed_bodies_and_other_keys_are_not_shared() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, new(1, 7), 1_000);
    done(&store, 1);
    let fresh = put(&store, new(2, 7), 1_000);
    assert_eq!(fresh.seal, b"seal 2");
    assert!(body(&store, 2) == bytes(2, 1_000));
    // The first bytes of a seal tell the key: under another one nothing is shared.
    let keyed = |number, key: &str| new(number, 9).seal(format!("{key} {number}").into_bytes()).seal_prefix(4);
    for (number, key, seal) in
        [(3, "key1", "key1 3"), (4, "key2", "key2 4"), (5, "key1", "key1 3"), (6, "key2", "key2 4")]
    {
        assert_eq!(put(&store, keyed(number, key), 1_000).seal, seal.as_bytes());
    }
    let short = put(&store, new(7, 9).seal(b"ke".to_vec()).seal_prefix(4), 1_000);
    assert_eq!(short.seal, b"key1 3", "a shorter seal is compared as far as it goes");
}

#[test]
fn a_seal_is_changed_row_by_row() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, new(1, 7), 1_000);
    put(&store, new(2, 7), 1_000);
    store.lease(id(1)).unwrap().keep(1, Settled::new("kept").seal(b"rewrapped".to_vec())).wait().unwrap();
    assert_eq!(store.get(id(1)).unwrap().unwrap().seal, b"rewrapped");
    assert_eq!(store.get(id(2)).unwrap().unwrap().seal, b"seal 1");
    store.lease(id(1)).unwrap().keep(2, Settled::new("kept")).wait().unwrap();
    assert_eq!(store.get(id(1)).unwrap().unwrap().seal, b"rewrapped", "a settlement without one leaves it");
}

#[test]
fn compaction_moves_a_shared_body_for_all() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, new(1, 7), 20_000);
    for number in 2..=60 {
        put(&store, item(number), 20_000);
    }
    put(&store, new(100, 7), 20_000);
    (2..=60).for_each(|number| done(&store, number));
    done(&store, 1);
    let mut moved = 0;
    loop {
        let swept = store.sweep(0).wait().unwrap();
        moved += swept.moved_bytes;
        if !swept.more {
            break;
        }
    }
    assert_eq!(moved, 20_000);
    assert!(body(&store, 100) == bytes(1, 20_000));
    put(&store, new(101, 7), 20_000);
    drop(store);
    let (store, recovery) = open(dir.path());
    assert_eq!(recovery.damaged, 0);
    assert!(body(&store, 101) == bytes(1, 20_000));
}

#[test]
fn a_missing_segment_holds_every_item_in_it_and_is_shared_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, new(1, 7).terms("t1".to_owned()), 200_000);
    put(&store, new(2, 7).terms("t1".to_owned()), 200_000);
    put(&store, item(3), 200_000);
    done(&store, 1);
    drop(store);
    std::fs::remove_file(dir.path().join("segments/00000001.seg")).unwrap();
    let (store, recovery) = open(dir.path());
    assert_eq!(recovery.held_damaged, 1);
    let view = store.get(id(2)).unwrap().unwrap();
    assert_eq!((view.state, view.label.as_str(), view.digest), (State::Held, "damaged", None));
    let held = sekisho_store::Query {
        states: vec![State::Held],
        terms: vec!["t1".to_owned()],
        ..sekisho_store::Query::default()
    };
    assert_eq!(store.list(&held).unwrap().len(), 1, "found as what it is now");
    // The same mail comes again, whole.
    put(&store, new(4, 7), 200_000);
    assert!(body(&store, 4) == bytes(4, 200_000));
}
