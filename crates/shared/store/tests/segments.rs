//! Body files: given back, compacted, damaged.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::io::{ErrorKind, Read};

use common::{bytes, id, item, open, put, read, segments};
use sekisho_store::{BodyReader, Query, Settled, State, Store, StoreError};

fn all(mut reader: BodyReader) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map(|_| bytes)
}

fn done(store: &Store, number: u64) {
    store.lease(id(number)).unwrap().done(1, Settled::new("ok").expires_ms(1_000)).wait().unwrap();
}

#[test]
fn a_segment_without_a_live_byte_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    // Five bodies of 50,000 in the first 256 KiB, the sixth in the second segment.
    (1..=6).for_each(|number| put(&store, number, 50_000));
    assert_eq!(segments(dir.path()), ["00000001.seg", "00000002.seg"]);
    (1..=5).for_each(|number| done(&store, number));
    // Files go after the answers; a sweep comes after both.
    store.sweep(0).wait().unwrap();
    assert_eq!(segments(dir.path()), ["00000002.seg"]);
    assert!(all(store.body_of(id(6)).unwrap()).unwrap() == bytes(6, 50_000));
}

#[test]
fn what_is_being_read_stays_readable() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, 200_000);
    put(&store, 2, 200_000);
    let mut reader = store.body_of(id(1)).unwrap();
    let mut head = vec![0; 1_000];
    reader.read_exact(&mut head).unwrap();
    done(&store, 1);
    let tail = all(reader).unwrap();
    assert!([head, tail].concat() == bytes(1, 200_000));
    store.sweep(0).wait().unwrap();
    assert_eq!(segments(dir.path()), ["00000002.seg"], "deleted after the reader went");
}

#[test]
fn abandoned_bodies_and_duplicates_are_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    for _ in 0..8 {
        let mut abandoned = store.body();
        abandoned.write(&bytes(9, 200_000)).unwrap();
    }
    put(&store, 1, 1_000);
    for _ in 0..8 {
        let mut again = store.body();
        again.write(&bytes(9, 200_000)).unwrap();
        store.commit(again, item(1)).wait().unwrap();
    }
    store.sweep(0).wait().unwrap();
    assert_eq!(segments(dir.path()).len(), 1, "only the segment that grows");
    drop(store);
    let (_, recovery) = open(dir.path());
    assert_eq!((recovery.segments, recovery.segments_removed, recovery.damaged), (1, 1, 0));
}

#[test]
fn sparse_segments_are_compacted_and_bodies_survive_every_step() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    (0..300).for_each(|number| put(&store, number, 20_000));
    let before = segments(dir.path()).len();
    let live = |number: &u64| number.is_multiple_of(13);
    (0..300).filter(|number| !live(number)).for_each(|number| done(&store, number));
    let mut moved = 0;
    for step in 0.. {
        let swept = store.sweep(0).wait().unwrap();
        moved += swept.moved_bytes;
        let crashed = dir.path().with_file_name(format!("sekisho-store-crashed-{}", std::process::id()));
        common::copy(dir.path(), &crashed);
        let (copy, recovery) = open(&crashed);
        assert_eq!((recovery.pending(), recovery.damaged), (24, 0), "step {step}");
        for number in (0..300).filter(live) {
            assert!(all(copy.body_of(id(number)).unwrap()).unwrap() == bytes(number, 20_000), "step {step}");
            assert!(all(store.body_of(id(number)).unwrap()).unwrap() == bytes(number, 20_000), "step {step}");
        }
        drop(copy);
        std::fs::remove_dir_all(&crashed).unwrap();
        if !swept.more {
            break;
        }
    }
    assert!(moved > 0);
    let after = segments(dir.path()).len();
    assert!(after * 4 < before, "{before} segments became {after}");
}

#[test]
fn a_sweep_deletes_what_expired_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    (0..1_000).map(|number| store.commit(store.body(), item(number))).collect::<Vec<_>>().into_iter().for_each(
        |answer| {
            answer.wait().unwrap();
        },
    );
    for number in 0..1_000 {
        let lease = store.lease(id(number)).unwrap();
        let answer = match number {
            0 => lease.done(1, Settled::new("for ever")),
            1 => lease.defer(1, 2, Settled::new("pending").expires_ms(5)),
            2 => lease.hold(1, Settled::new("later").expires_ms(101)),
            _ => lease.keep(1, Settled::new("now").expires_ms(100)),
        };
        drop(answer);
    }
    let held = loop {
        // Busy until its settlement is durable.
        match store.lease(id(500)) {
            Ok(lease) if lease.state() == State::Kept => break lease,
            Ok(_) | Err(StoreError::Busy) => {}
            Err(error) => panic!("{error}"),
        }
    };
    let sweep = |now| {
        let mut expired = 0;
        loop {
            let swept = store.sweep(now).wait().unwrap();
            assert!(swept.expired <= 256, "one step is bounded");
            expired += swept.expired;
            if !swept.more {
                return expired;
            }
        }
    };
    assert_eq!(sweep(99), 0);
    assert_eq!(sweep(100), 996, "all but the first three and the one that is out");
    drop(held);
    assert_eq!(sweep(100), 1);
    let left: Vec<_> = store.list(&Query::default()).unwrap().into_iter().map(|view| view.id).collect();
    assert_eq!(left, [id(0), id(1), id(2)]);
    // A tombstone that expired no longer knows the id.
    put(&store, 500, 10);
    assert_eq!(store.counts().unwrap().of(State::Kept).items, 0);
}

#[test]
fn a_flipped_bit_is_an_error_at_the_end_of_the_read() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, 100_000);
    let path = dir.path().join("segments/00000001.seg");
    let mut file = std::fs::read(&path).unwrap();
    file[5_000] ^= 1;
    std::fs::write(&path, file).unwrap();
    let lease = store.next(1).unwrap().unwrap();
    let mut whole = vec![0; 100_000];
    let error = lease.body().unwrap().read_exact(&mut whole).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData, "also for a reader that never asks for the end");
    assert_eq!(all(lease.body().unwrap()).unwrap_err().kind(), ErrorKind::InvalidData);
    lease.hold(2, Settled::new("damaged")).wait().unwrap();
}

#[test]
fn missing_and_short_segments_hold_the_items_in_them() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    // 1-2 in the first segment, 3-4 in the second, 5 in the third; 6 in the index.
    (1..=5).for_each(|number| put(&store, number, 120_000));
    put(&store, 6, 100);
    store.lease(id(2)).unwrap().keep(1, Settled::new("original")).wait().unwrap();
    drop(store);
    assert_eq!(segments(dir.path()).len(), 3);
    std::fs::remove_file(dir.path().join("segments/00000001.seg")).unwrap();
    let short = std::fs::OpenOptions::new().write(true).open(dir.path().join("segments/00000002.seg")).unwrap();
    short.set_len(130_000).unwrap();

    let (store, recovery) = open(dir.path());
    assert_eq!((recovery.held_damaged, recovery.damaged, recovery.pending()), (2, 3, 3));
    for (number, state, label) in [
        (1, State::Held, "damaged"),
        (2, State::Kept, "original"),
        (3, State::Ready, ""),
        (4, State::Held, "damaged"),
        (5, State::Ready, ""),
        (6, State::Ready, ""),
    ] {
        let view = store.get(id(number)).unwrap().unwrap();
        assert_eq!((view.state, view.label.as_str()), (state, label), "item {number}");
    }
    assert!(matches!(store.body_of(id(1)), Err(StoreError::Damaged(_))));
    assert_eq!(all(store.body_of(id(4)).unwrap()).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    for number in [3, 5] {
        let lease = store.next(10).unwrap().unwrap();
        assert!(read(&lease) == bytes(number, 120_000));
        lease.done(11, Settled::new("ok")).wait().unwrap();
    }
    // New bodies never land in a damaged segment, and tidying goes around it.
    put(&store, 7, 120_000);
    while store.sweep(0).wait().unwrap().more {}
    assert!(all(store.body_of(id(7)).unwrap()).unwrap() == bytes(7, 120_000));
    done(&store, 1);
    drop(store);
    let (_, recovery) = open(dir.path());
    assert_eq!((recovery.held_damaged, recovery.damaged), (0, 2));
}

#[test]
fn exchanged_segments_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    (1..=2).for_each(|number| put(&store, number, 200_000));
    drop(store);
    let path = |name: &str| dir.path().join("segments").join(name);
    std::fs::rename(path("00000001.seg"), path("aside")).unwrap();
    std::fs::rename(path("00000002.seg"), path("00000001.seg")).unwrap();
    std::fs::rename(path("aside"), path("00000002.seg")).unwrap();
    let (store, _) = open(dir.path());
    for number in 1..=2 {
        assert_eq!(all(store.body_of(id(number)).unwrap()).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

#[test]
fn the_index_gives_back_what_small_bodies_took() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let size = || std::fs::metadata(dir.path().join("index.db")).unwrap().len();
    let small = |number| {
        let mut body = store.body();
        body.write(&bytes(number, 10_000)).unwrap();
        store.commit(body, item(number))
    };
    let answers: Vec<_> = (0..1_000).map(small).collect();
    for answer in answers {
        answer.wait().unwrap();
    }
    let full = size();
    assert!(full > 5_000_000);
    for number in 0..1_000 {
        drop(store.next(number).unwrap().unwrap().done(1, Settled::new("ok").lazy()));
    }
    let mut shrunk = 0;
    loop {
        let swept = store.sweep(0).wait().unwrap();
        shrunk += swept.shrunk_bytes;
        if !swept.more {
            break;
        }
    }
    assert!(shrunk > 5_000_000 && size() < full / 4, "{full} became {} ({shrunk} given back)", size());
}
