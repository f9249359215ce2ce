//! Commit, lease, settle, look: the life of items.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::Read;

use common::{bytes, id, item, open, put, read};
use sekisho_store::{BodyFate, Committed, Order, Query, Settled, State, Store, StoreError};

#[test]
fn bodies_of_every_size_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    // Around the index limit, the chunk, the extent limit and the segment (256 KiB here).
    let sizes = [0, 1, 16 * 1024, 16 * 1024 + 1, 65_535, 65_536, 65_537, 262_144, 1_500_000];
    for (number, &size) in (0_u64..).zip(&sizes) {
        put(&store, number, size);
    }
    for (number, &size) in (0_u64..).zip(&sizes) {
        let lease = store.next(100).unwrap().unwrap();
        assert_eq!(lease.id(), id(number));
        assert_eq!(lease.meta(), format!("meta {number}").as_bytes());
        assert_eq!((lease.size(), lease.attempts(), lease.state()), (size as u64, 0, State::Ready));
        assert!(read(&lease) == bytes(number, size), "body of {size} bytes");
        lease.done(101, Settled::new("ok")).wait().unwrap();
    }
    assert!(store.next(100).unwrap().is_none());
}

#[test]
fn a_body_may_be_written_and_read_in_any_pieces() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let whole = bytes(1, 300_000);
    let mut body = store.body();
    for piece in whole.chunks(7_919) {
        body.write(piece).unwrap();
    }
    assert_eq!(body.len(), 300_000);
    store.commit(body, item(1)).wait().unwrap();
    let mut reader = store.body_of(id(1)).unwrap();
    let mut back = Vec::new();
    let mut buffer = [0; 4_093];
    loop {
        match reader.read(&mut buffer).unwrap() {
            0 => break,
            read => back.extend_from_slice(&buffer[..read]),
        }
    }
    assert!(back == whole);
}

#[test]
fn interleaved_writers_keep_their_bodies_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let mut writers: Vec<_> = (0..10).map(|number| (number, store.body())).collect();
    for piece in 0..5 {
        for (number, writer) in &mut writers {
            writer.write(&bytes(*number, 400_000)[piece * 80_000..(piece + 1) * 80_000]).unwrap();
        }
    }
    for (number, writer) in writers {
        store.commit(writer, item(number)).wait().unwrap();
    }
    for number in 0..10 {
        let mut back = Vec::new();
        store.body_of(id(number)).unwrap().read_to_end(&mut back).unwrap();
        assert!(back == bytes(number, 400_000), "body {number}");
    }
}

#[test]
fn a_repeated_id_is_a_duplicate_in_every_state() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    for (number, state) in (1_u64..).zip(State::ALL) {
        put(&store, number, 10);
        let lease = store.lease(id(number)).unwrap();
        match state {
            State::Ready => drop(lease),
            State::Waiting => lease.defer(1, 1_000, Settled::new("later")).wait().unwrap(),
            State::Held => lease.hold(1, Settled::new("look")).wait().unwrap(),
            State::Kept => lease.keep(1, Settled::new("kept")).wait().unwrap(),
            State::Done => lease.done(1, Settled::new("done")).wait().unwrap(),
            State::Buried => lease.bury(1, Settled::new("dead")).wait().unwrap(),
        }
        assert_eq!(store.get(id(number)).unwrap().unwrap().state, state);
        let mut again = store.body();
        again.write(b"other").unwrap();
        assert_eq!(store.commit(again, item(number)).wait().unwrap(), Committed::Duplicate, "{state:?}");
        assert_eq!(store.get(id(number)).unwrap().unwrap().state, state, "the first one stays");
        assert_eq!(store.get(id(number)).unwrap().unwrap().size, 10);
    }
    assert_eq!(store.list(&Query::default()).unwrap().len(), 6);
}

#[test]
fn two_commits_of_one_id_in_one_batch_make_one_item() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let answers: Vec<_> = (0..20).map(|_| store.commit(store.body(), item(1))).collect();
    let new = answers.into_iter().map(|answer| answer.wait().unwrap()).filter(|c| *c == Committed::New).count();
    assert_eq!(new, 1);
    assert_eq!(store.counts().unwrap().of(State::Ready).items, 1);
}

#[test]
fn settlements_say_what_they_change() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, 100);
    let lease = store.next(1).unwrap().unwrap();
    let settled = Settled::new("greylisted").meta(b"new meta".to_vec()).record(b"{}".to_vec());
    lease.defer(10, 500, settled).wait().unwrap();

    let view = store.get(id(1)).unwrap().unwrap();
    assert_eq!((view.state, view.due_ms, view.changed_ms, view.attempts), (State::Waiting, 500, 10, 1));
    assert_eq!((view.meta.as_slice(), view.record.as_deref()), (&b"new meta"[..], Some(&b"{}"[..])));
    assert!(store.next(499).unwrap().is_none());
    assert_eq!(store.next_due().unwrap(), Some(500));

    let lease = store.next(500).unwrap().unwrap();
    assert_eq!(lease.attempts(), 1);
    lease.bury(600, Settled::new("expired").expires_ms(9_000)).wait().unwrap();
    let view = store.get(id(1)).unwrap().unwrap();
    assert_eq!((view.state, view.label.as_str(), view.attempts), (State::Buried, "expired", 2));
    assert_eq!((view.expires_ms, view.size, view.body), (Some(9_000), 100, BodyFate::Free));
    assert_eq!(view.meta, b"new meta", "what a settlement does not name stays");
    assert!(matches!(store.body_of(id(1)), Err(StoreError::NoBody)));
    assert_eq!(store.next_due().unwrap(), None);
}

#[test]
fn an_operator_acts_on_any_state() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, 100_000);
    store.next(1).unwrap().unwrap().hold(2, Settled::new("macro")).wait().unwrap();
    assert!(store.next(u64::MAX).unwrap().is_none(), "held items are not in the queue");

    let lease = store.lease(id(1)).unwrap();
    assert!(matches!(store.lease(id(1)), Err(StoreError::Busy)));
    lease.defer(5, 5, Settled::new("released")).wait().unwrap();
    let lease = store.next(5).unwrap().unwrap();
    assert_eq!((lease.state(), lease.attempts()), (State::Ready, 1), "an operator's hand is no attempt");
    assert!(read(&lease) == bytes(1, 100_000));
    lease.done(6, Settled::new("ok")).wait().unwrap();

    let freed = store.lease(id(1)).unwrap().defer(7, 7, Settled::new("again")).wait();
    assert!(matches!(freed, Err(StoreError::NoBody)), "{freed:?}");
    assert!(matches!(store.lease(id(2)), Err(StoreError::NotFound)));
}

#[test]
fn items_can_be_stored_directly_in_a_state() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let settled = Settled::new("refused").record(b"why".to_vec()).expires_ms(50);
    store.commit_as(store.body(), item(1), State::Buried, settled).wait().unwrap();
    let view = store.get(id(1)).unwrap().unwrap();
    assert_eq!((view.state, view.label.as_str(), view.expires_ms), (State::Buried, "refused", Some(50)));
    assert_eq!(view.record.as_deref(), Some(&b"why"[..]));
    assert!(store.next(100).unwrap().is_none());
}

#[test]
fn lists_page_in_both_directions() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let answers: Vec<_> = (0..25).map(|number| store.commit(store.body(), item(number))).collect();
    for answer in answers {
        answer.wait().unwrap();
    }
    for number in (0..25).step_by(2) {
        store
            .lease(id(number))
            .unwrap()
            .hold(1, Settled::new(if number < 10 { "virus" } else { "macro" }))
            .wait()
            .unwrap();
    }
    let walk = |query: Query| {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = store.list(&Query { after, ..query.clone() }).unwrap();
            assert!(page.len() <= query.limit);
            let Some(last) = page.last() else { return seen };
            after = Some(last.cursor.to_string().parse().unwrap());
            seen.extend(page.iter().map(|view| common::number(view.id)));
        }
    };
    let all = Query { limit: 4, ..Query::default() };
    assert_eq!(walk(all.clone()), (0..25).collect::<Vec<_>>());
    assert_eq!(walk(Query { order: Order::NewestFirst, ..all.clone() }), (0..25).rev().collect::<Vec<_>>());
    let held = Query { states: vec![State::Held], ..all };
    assert_eq!(walk(held.clone()), (0..25).step_by(2).collect::<Vec<_>>());
    let viruses = Query { label: Some("virus".to_owned()), ..held };
    assert_eq!(walk(viruses.clone()), [0, 2, 4, 6, 8]);
    assert_eq!(walk(Query { states: vec![], ..viruses }), [0_u64; 0]);
}

#[test]
fn counts_are_the_same_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    (1..=6).for_each(|number| put(&store, number, 50_000));
    store.lease(id(1)).unwrap().done(9, Settled::new("a")).wait().unwrap();
    store.lease(id(2)).unwrap().keep(9, Settled::new("b")).wait().unwrap();
    store.lease(id(3)).unwrap().bury(9, Settled::new("c").keep_body()).wait().unwrap();
    store.lease(id(4)).unwrap().defer(9, 99, Settled::new("d")).wait().unwrap();
    let counts = store.counts().unwrap();
    for (state, items, bytes, oldest) in [
        (State::Ready, 2, 100_000, Some(5)),
        (State::Waiting, 1, 50_000, Some(4)),
        (State::Held, 0, 0, None),
        (State::Kept, 1, 50_000, Some(2)),
        (State::Done, 1, 0, Some(1)),
        (State::Buried, 1, 50_000, Some(3)),
    ] {
        let tally = counts.of(state);
        assert_eq!((tally.items, tally.bytes, tally.oldest_ms), (items, bytes, oldest), "{state:?}");
    }
    drop(store);
    let (store, recovery) = open(dir.path());
    assert_eq!(store.counts().unwrap(), counts);
    assert_eq!((recovery.pending(), recovery.damaged), (3, 0));
}

#[test]
fn a_second_opener_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let nested = dir.path().join("new/outer");
    let (store, _) = open(&nested);
    let second = Store::open(&nested, common::options());
    assert!(matches!(&second, Err(StoreError::Locked { dir }) if *dir == nested), "{second:?}");
    drop(store);
    open(&nested);
}

#[test]
fn what_is_amended_stays_in_hand() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, 20_000);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let lease = store.next(1).unwrap().unwrap();
    let amend = Settled::new("begun").meta(b"new".to_vec()).entry(b"begun".to_vec());
    let lease = runtime.block_on(lease.amend(amend)).unwrap();
    assert_eq!((lease.state(), lease.meta(), lease.view().label.as_str()), (State::Ready, &b"new"[..], "begun"));
    assert!(matches!(store.lease(id(1)), Err(StoreError::Busy)));
    assert!(store.next(9).unwrap().is_none(), "it is out");
    // Durable, whatever happens to who has it; and back in its place then.
    let copy = tempfile::tempdir().unwrap();
    common::copy(dir.path(), copy.path());
    let (other, _) = open(copy.path());
    let view = other.get(id(1)).unwrap().unwrap();
    assert_eq!((view.meta.as_slice(), view.attempts, other.chain_head().unwrap().0), (&b"new"[..], 0, 1));
    drop(lease);
    let again = store.next(1).unwrap().unwrap();
    assert!(read(&again) == bytes(1, 20_000) && again.meta() == b"new");
    again.done(2, Settled::new("ok")).wait().unwrap();
    assert!(store.next(9).unwrap().is_none());
}

#[test]
fn after_a_shutdown_nothing_new_begins() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, 10);
    put(&store, 2, 10);
    let kept = store.next(2).unwrap().unwrap();
    let lazy = store.next(2).unwrap().unwrap().done(3, Settled::new("ok").lazy());
    store.shutdown().wait().unwrap();
    lazy.wait().unwrap();
    assert!(matches!(store.next(9), Err(StoreError::Closed)));
    assert!(matches!(store.commit(store.body(), item(3)).wait(), Err(StoreError::Closed)));
    assert!(matches!(kept.done(4, Settled::new("late")).wait(), Err(StoreError::Closed)));
    assert_eq!(store.get(id(2)).unwrap().unwrap().state, State::Done);
    drop(store);
    let (store, recovery) = open(dir.path());
    assert_eq!(recovery.pending(), 1, "the late settlement did not happen");
    assert_eq!(store.next(9).unwrap().unwrap().id(), id(1));
}

#[test]
fn a_newer_layout_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let index = rusqlite::Connection::open(dir.path().join("index.db")).unwrap();
    index.pragma_update(None, "user_version", 99).unwrap();
    drop(index);
    let refused = Store::open(dir.path(), common::options());
    assert!(matches!(refused, Err(StoreError::Version { found: 99, known: 2 })), "{refused:?}");
}
