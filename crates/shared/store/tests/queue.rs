//! The queue: order, one holder at a time, many items, many threads.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use common::{id, item, number, open, put};
use sekisho_store::{NewItem, Settled, State, Store};

/// Commits items with these due times, numbered from 0.
fn fill(store: &Store, dues: impl Iterator<Item = u64>) {
    let answers: Vec<_> = (0..)
        .zip(dues)
        .map(|(number, due_ms)| {
            let mut body = store.body();
            body.write(b"small").unwrap();
            store.commit(body, NewItem { due_ms, arrived_ms: 0, ..item(number) })
        })
        .collect();
    for answer in answers {
        answer.wait().unwrap();
    }
}

#[test]
fn what_is_due_first_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    fill(&store, [30, 10, 20, 10, 99].into_iter());
    let order: Vec<_> = std::iter::from_fn(|| store.next(50).unwrap()).collect();
    assert_eq!(order.iter().map(|lease| number(lease.id())).collect::<Vec<_>>(), [1, 3, 2, 0]);
    assert_eq!(store.next_due().unwrap(), Some(99));
    drop(order);
    assert_eq!(store.next_due().unwrap(), Some(10), "dropped leases are back");
    let again = store.next(50).unwrap().unwrap();
    assert_eq!((number(again.id()), again.attempts()), (1, 0));
}

#[test]
fn a_hundred_thousand_items_come_out_once_and_in_order() {
    const ITEMS: u64 = 100_000;
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    // 7,919 is prime to 100,000: every due time once, in no order.
    fill(&store, (0..ITEMS).map(|n| n * 7_919 % ITEMS));
    let drain = |store: &Store| {
        let mut leases = Vec::new();
        while let Some(lease) = store.next(ITEMS).unwrap() {
            assert_eq!(lease.view().due_ms, leases.len() as u64);
            leases.push(lease);
        }
        assert_eq!(leases.len() as u64, ITEMS);
        // Given back in no order.
        leases.sort_by_key(|lease| number(lease.id()).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    };
    drain(&store);
    drain(&store);
    drop(store);
    let (store, recovery) = open(dir.path());
    assert_eq!(recovery.pending(), ITEMS);
    drain(&store);
}

#[test]
fn concurrent_holders_never_share_an_item() {
    const ITEMS: u64 = 20_000;
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let out = Mutex::new(HashSet::new());
    let done = AtomicU64::new(0);
    let hold_some = &|holder: u64| {
        for turn in holder.. {
            if done.load(Ordering::Acquire) == ITEMS {
                return;
            }
            let Some(lease) = store.next(turn).unwrap() else {
                std::thread::yield_now();
                continue;
            };
            let id = lease.id();
            assert!(out.lock().unwrap().insert(id), "{id:?} is out twice");
            assert!(out.lock().unwrap().remove(&id));
            match turn % 5 {
                0 => drop(lease),
                1 => drop(lease.defer(turn, turn + 3, Settled::new("later").lazy())),
                _ => {
                    drop(lease.done(turn, Settled::new("ok").lazy()));
                    done.fetch_add(1, Ordering::AcqRel);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for holder in 0..4 {
            scope.spawn(move || hold_some(holder));
        }
        fill(&store, std::iter::repeat_n(0, usize::try_from(ITEMS).unwrap()));
    });
    store.shutdown().wait().unwrap();
    assert_eq!(store.counts().unwrap().of(State::Done).items, ITEMS);
}

#[test]
fn an_operator_and_the_queue_never_share_an_item() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, 5);
    for _ in 0..200 {
        std::thread::scope(|scope| {
            let operator = scope.spawn(|| store.lease(id(1)).ok());
            let queue = scope.spawn(|| store.next(1).unwrap());
            let (operator, queue) = (operator.join().unwrap(), queue.join().unwrap());
            assert!(operator.is_none() || queue.is_none());
        });
    }
    assert!(store.next(1).unwrap().is_some(), "it is back after all that");
}

#[test]
fn a_later_arrival_that_is_due_earlier_overtakes_a_long_queue() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    // More than the window holds, so that the tail is in the index alone.
    fill(&store, (0..10_000).map(|n| 1_000 + n));
    assert_eq!(store.next(2_000).unwrap().unwrap().view().due_ms, 1_000);
    let urgent = NewItem { arrived_ms: 0, due_ms: 5, ..item(77_777) };
    store.commit(store.body(), urgent).wait().unwrap();
    let overtaking = store.next(2_000).unwrap().unwrap();
    assert_eq!(overtaking.id(), id(77_777));

    let last = store.lease(id(9_999)).unwrap();
    last.defer(6, 6, Settled::new("first")).wait().unwrap();
    assert_eq!(store.next(2_000).unwrap().unwrap().id(), id(9_999));
}

#[tokio::test]
async fn a_change_between_looking_and_waiting_is_not_missed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    for number in 0..50 {
        let changed = store.changed();
        assert!(store.next(number).unwrap().is_none());
        store.commit(store.body(), item(number)).await.unwrap();
        changed.await;
        let lease = store.next(number).unwrap().unwrap();

        let changed = store.changed();
        drop(lease);
        changed.await;
        let lease = store.next(number).unwrap().unwrap();

        let changed = store.changed();
        lease.defer(number, number, Settled::new("again")).await.unwrap();
        changed.await;
        store.next(number).unwrap().unwrap().done(number, Settled::new("ok")).await.unwrap();
    }
}

#[test]
fn a_lazy_settlement_is_durable_without_company() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, 5);
    store.next(1).unwrap().unwrap().done(2, Settled::new("ok").lazy()).wait().unwrap();
    assert_eq!(store.get(id(1)).unwrap().unwrap().state, State::Done);
}

#[test]
fn a_dropped_answer_does_not_undo_the_work() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    drop(store.commit(store.body(), item(1)));
    drop(store);
    let (store, recovery) = open(dir.path());
    assert_eq!(recovery.pending(), 1);
    drop(store.next(1).unwrap().unwrap().done(2, Settled::new("ok").lazy()));
    drop(store);
    let (_, recovery) = open(dir.path());
    assert_eq!((recovery.pending(), recovery.counts.of(State::Done).items), (0, 1));
}
