//! Terms, times, counts, tallies.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{id, item, number, open, options};
use sekisho_store::{Committed, Cursor, LabelTally, Order, Query, Settled, State, Store, StoreError};

const NONE: [u64; 0] = [];

fn query(terms: &[&str]) -> Query {
    Query { terms: terms.iter().map(|&term| term.to_owned()).collect(), limit: 1_000, ..Query::default() }
}

fn found(store: &Store, query: &Query) -> Vec<u64> {
    let found: Vec<u64> = store.list(query).unwrap().iter().map(|view| number(view.id)).collect();
    assert_eq!(store.count(query, 1_000_000).unwrap(), (found.len() as u64, false), "{query:?}");
    found
}

fn put(store: &Store, number: u64, terms: &str) {
    store.commit(store.body(), item(number).terms(terms.to_owned())).wait().unwrap();
}

#[test]
fn all_terms_must_be_there() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, "fa gb kpdf");
    put(&store, 2, "fa gc");
    put(&store, 3, "");
    store.commit(store.body(), item(4)).wait().unwrap();
    put(&store, 5, "and or not near 0 gb");
    for (terms, numbers) in [
        (&["fa"][..], &[1, 2][..]),
        (&["gb", "fa"], &[1]),
        (&["gb"], &[1, 5]),
        (&["f"], &[]),
        (&["fab"], &[]),
        (&["kpdf", "gc"], &[]),
        (&["and", "or", "not", "near", "0"], &[5]),
        (&[], &[1, 2, 3, 4, 5]),
    ] {
        assert_eq!(found(&store, &query(terms)), numbers, "{terms:?}");
    }
    assert_eq!(store.get(id(1)).unwrap().unwrap().terms.as_deref(), Some("fa gb kpdf"));
}

#[test]
fn settlements_move_items_between_states_and_terms() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    put(&store, 1, "one");
    put(&store, 2, "two");
    let of = |state, term| Query { states: vec![state], ..query(&[term]) };
    assert_eq!(found(&store, &of(State::Ready, "one")), [1]);
    assert_eq!(found(&store, &of(State::Held, "one")), NONE);

    // Without terms: the old ones, in the new state.
    store.lease(id(1)).unwrap().hold(1, Settled::new("a")).wait().unwrap();
    assert_eq!(found(&store, &of(State::Ready, "one")), NONE);
    assert_eq!(found(&store, &of(State::Held, "one")), [1]);
    // The same terms in the same state.
    store.lease(id(1)).unwrap().hold(2, Settled::new("a").terms("one".to_owned())).wait().unwrap();
    assert_eq!(found(&store, &of(State::Held, "one")), [1]);
    // Others.
    store.lease(id(1)).unwrap().keep(3, Settled::new("a").terms("uno one2".to_owned())).wait().unwrap();
    assert_eq!(found(&store, &query(&["one"])), NONE);
    assert_eq!(found(&store, &of(State::Kept, "uno")), [1]);
    // None.
    store.lease(id(1)).unwrap().done(4, Settled::new("a").terms(String::new())).wait().unwrap();
    assert_eq!(found(&store, &query(&["uno"])), NONE);
    // Some where none were.
    store.lease(id(1)).unwrap().done(5, Settled::new("a").terms("again".to_owned())).wait().unwrap();
    assert_eq!(found(&store, &of(State::Done, "again")), [1]);
    let both = Query { states: vec![State::Done, State::Ready, State::Done], ..query(&[]) };
    assert_eq!(found(&store, &both), [1, 2]);
    drop(store);
    let (store, _) = open(dir.path());
    assert_eq!(found(&store, &of(State::Done, "again")), [1]);
    assert_eq!(found(&store, &of(State::Ready, "two")), [2]);
}

#[test]
fn what_expired_is_not_found_and_its_number_is_clean() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    for number in 1..=300 {
        put(&store, number, "all");
        store.lease(id(number)).unwrap().done(1, Settled::new("x").expires_ms(number)).wait().unwrap();
    }
    while store.sweep(250).wait().unwrap().more {}
    assert_eq!(found(&store, &query(&["all"])), (251..=300).collect::<Vec<_>>());
    while store.sweep(300).wait().unwrap().more {}
    assert_eq!(found(&store, &query(&["all"])), NONE);
    drop(store);
    // The numbers begin anew.
    let (store, _) = open(dir.path());
    put(&store, 1, "other");
    assert_eq!(found(&store, &query(&["all"])), NONE);
    assert_eq!(found(&store, &query(&["other"])), [1]);
}

#[test]
fn pages_meet_without_gap_or_overlap() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let answers: Vec<_> = (1..=500)
        .map(|number| {
            let terms = format!("all m{} n{}", number % 3, number % 7);
            store.commit(store.body(), item(number).terms(terms))
        })
        .collect();
    answers.into_iter().for_each(|answer| assert_eq!(answer.wait().unwrap(), Committed::New));
    for number in (1..=500).step_by(2) {
        drop(store.lease(id(number)).unwrap().hold(1, Settled::new(format!("l{}", number % 5)).lazy()));
    }
    store.sweep(0).wait().unwrap();
    let expected = |states: &[State], label: Option<&str>, terms: &[&str], from: u64, to: u64| -> Vec<u64> {
        let state = |n: u64| if n % 2 == 1 { State::Held } else { State::Ready };
        let label_of = |n: u64| if n % 2 == 1 { format!("l{}", n % 5) } else { String::new() };
        let has = |n: u64, term: &str| match term.split_at(1) {
            ("m", rest) => (n % 3).to_string() == rest,
            ("n", rest) => (n % 7).to_string() == rest,
            _ => term == "all",
        };
        (1..=500)
            .filter(|&n| states.contains(&state(n)) && label.is_none_or(|label| label_of(n) == label))
            .filter(|&n| terms.iter().all(|term| has(n, term)) && (from..to).contains(&n))
            .collect()
    };
    let cases = [
        (vec![State::Held], None, vec!["all"], 0, 1_000),
        (vec![State::Held, State::Ready], None, vec!["m1", "n3"], 0, 1_000),
        (State::ALL.to_vec(), None, vec!["m1"], 100, 333),
        (State::ALL.to_vec(), Some("l3"), vec!["all", "m2"], 0, 1_000),
        (State::ALL.to_vec(), Some(""), vec!["n0"], 17, 444),
        (vec![State::Held], Some("l1"), vec![], 50, 450),
        (vec![State::Ready, State::Held], None, vec![], 499, 501),
        (vec![State::Kept], None, vec!["all"], 0, 1_000),
        (vec![], None, vec!["all"], 0, 1_000),
    ];
    for (states, label, terms, from, to) in cases {
        let mut expected = expected(&states, label, &terms, from, to);
        let all = Query {
            states,
            label: label.map(str::to_owned),
            since_ms: (from > 0).then_some(from),
            until_ms: (to < 1_000).then_some(to),
            ..query(&terms)
        };
        assert_eq!(found(&store, &all), expected, "{all:?}");
        for limit in [1, 7, 100] {
            let walk = |order| {
                let (mut seen, mut after) = (Vec::new(), None);
                loop {
                    let page = store.list(&Query { after, limit, order, ..all.clone() }).unwrap();
                    let Some(last) = page.last() else { return seen };
                    after = Some(last.cursor);
                    seen.extend(page.iter().map(|view| number(view.id)));
                }
            };
            assert_eq!(walk(Order::OldestFirst), expected);
            expected.reverse();
            assert_eq!(walk(Order::NewestFirst), expected);
            expected.reverse();
        }
    }
}

#[test]
fn counting_ends_where_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    (1..=20).for_each(|number| put(&store, number, "all"));
    for number in 1..=5 {
        store.lease(id(number)).unwrap().hold(1, Settled::new("x")).wait().unwrap();
    }
    for query in [query(&[]), query(&["all"])] {
        for (max, counted) in [(0, (0, true)), (4, (4, true)), (5, (5, true)), (19, (19, true)), (20, (20, false))] {
            assert_eq!(store.count(&query, max).unwrap(), counted);
        }
        assert_eq!(store.count(&query, u64::MAX).unwrap(), (20, false));
        let behind: Cursor = "15".parse().unwrap();
        assert_eq!(store.count(&Query { after: Some(behind), ..query }, 100).unwrap(), (5, false));
    }
    assert_eq!(store.count(&query(&["none"]), 0).unwrap(), (0, false));
}

#[test]
fn a_clock_set_back_hides_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    // An hour of arrivals, of which every third is up to nine minutes early or late; a second each.
    let arrived = |n: u64| 10_000_000 + n * 1_000 + if n.is_multiple_of(3) { n * 7_919 % 540_000 } else { 0 };
    let answers: Vec<_> = (1..=3_600)
        .map(|n| {
            store.commit(store.body(), sekisho_store::NewItem { arrived_ms: arrived(n), ..item(n).terms("a".into()) })
        })
        .collect();
    answers.into_iter().for_each(|answer| assert_eq!(answer.wait().unwrap(), Committed::New));
    for (since, until) in [(0, 10_500_000), (11_000_000, 11_060_000), (12_000_000, u64::MAX), (11_500_000, 11_500_001)]
    {
        let expected: Vec<u64> = (1..=3_600).filter(|&n| (since..until).contains(&arrived(n))).collect();
        assert!(expected.len() < 1_000 || since == 12_000_000);
        for terms in [&[][..], &["a"]] {
            let query = Query { since_ms: Some(since), until_ms: Some(until), ..query(terms) };
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let page = store.list(&Query { after, ..query.clone() }).unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.cursor);
                seen.extend(page.iter().map(|view| number(view.id)));
            }
            assert_eq!(seen, expected, "{since} to {until}");
        }
    }
    let never = Query { since_ms: Some(50), until_ms: Some(50), ..query(&[]) };
    assert_eq!(found(&store, &never), NONE);
}

#[test]
fn tallies_are_by_label() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    assert_eq!(store.tallies(State::Held).unwrap(), []);
    for (number, label) in [(1, "virus"), (2, "macro"), (3, "virus"), (4, ""), (5, "暗号")] {
        put(&store, number, "x");
        store.lease(id(number)).unwrap().hold(1, Settled::new(label)).wait().unwrap();
    }
    put(&store, 6, "x");
    store.lease(id(6)).unwrap().keep(1, Settled::new("macro")).wait().unwrap();
    let tally = |label: &str, items, oldest_ms| LabelTally { label: label.to_owned(), items, oldest_ms };
    assert_eq!(store.tallies(State::Held).unwrap(), [tally("macro", 1, 2), tally("virus", 2, 1), tally("暗号", 1, 5)]);
    assert_eq!(store.tallies(State::Kept).unwrap(), [tally("macro", 1, 6)]);
    assert_eq!(store.tallies(State::Done).unwrap(), []);
}

#[test]
fn terms_that_cannot_be_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    store.commit(store.body(), item(1)).wait().unwrap();
    let long = "a".repeat(64);
    let much = vec![long.clone(); 63].join(" ");
    for sound in ["", "a", "a b", "0", &long, &much] {
        assert!(store.lease(id(1)).unwrap().hold(1, Settled::new("x").terms(sound.to_owned())).wait().is_ok());
    }
    let (longer, more) = ("a".repeat(65), vec![long.clone(); 64].join(" "));
    for wrong in [" ", "a ", " a", "a  b", "A", "a\"", "_2", "é", "a\tb", "a-b", "関", &longer, &more] {
        let settled = store.lease(id(1)).unwrap().hold(1, Settled::new("x").terms(wrong.to_owned())).wait();
        assert!(matches!(settled, Err(StoreError::Misuse(_))), "{wrong:?}");
        let committed = store.commit(store.body(), item(2).terms(wrong.to_owned())).wait();
        assert!(matches!(committed, Err(StoreError::Misuse(_))), "{wrong:?}");
    }
    for wrong in ["", "a b", "A", "_2", "a*", "\"", "a\" OR \"b", &longer] {
        assert!(matches!(store.list(&query(&[wrong])), Err(StoreError::Misuse(_))), "{wrong:?}");
        assert!(matches!(store.count(&query(&[wrong]), 1), Err(StoreError::Misuse(_))), "{wrong:?}");
    }
    assert_eq!(found(&store, &query(&vec![long.as_str(); 64])), [1]);
    assert!(matches!(store.list(&query(&vec!["a"; 65])), Err(StoreError::Misuse(_))));
}

/// A directory as the program with layout 1 left it: small and large bodies, several states.
#[test]
fn a_directory_of_the_first_layout_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("segments")).unwrap();
    let large = common::bytes(2, 50_000);
    std::fs::write(dir.path().join("segments/00000001.seg"), [&[0; 100][..], &large].concat()).unwrap();
    let index = rusqlite::Connection::open(dir.path().join("index.db")).unwrap();
    index.pragma_update(None, "auto_vacuum", "INCREMENTAL").unwrap();
    index.pragma_update(None, "journal_mode", "WAL").unwrap();
    index.execute_batch(include_str!("layout-1.sql")).unwrap();
    let mut insert = index
        .prepare("INSERT INTO item VALUES (?1, ?2, ?3, ?1, ?1, ?1, ?4, 0, ?5, ?6, ?7, ?8, ?9, ?10, NULL)")
        .unwrap();
    let rows = [
        (1, 0, None, 11, 11, 1, 0xc994_65aa_i64, ""),
        (2, 0, None, 50_000, 50_000, 2, 0, ""),
        (3, 3, Some(100), 11, 11, 1, 0xc994_65aa, "original"),
        (4, 4, Some(50), 9, 0, 0, 1, "relayed"),
    ];
    for (seq, state, expires, size, stored, place, crc, label) in rows {
        let meta = format!("meta {seq}").into_bytes();
        let crc = if place == 2 { i64::from(crc_of(&large)) } else { crc };
        let id = id(u64::try_from(seq).unwrap()).0;
        insert.execute(rusqlite::params![seq, id, state, expires, size, stored, place, crc, label, meta]).unwrap();
    }
    drop(insert);
    index.execute("INSERT INTO inline_body VALUES (1, ?1), (3, ?1)", [b"hello world"]).unwrap();
    index.execute("INSERT INTO extent VALUES (2, 0, 1, 100, 50000)", []).unwrap();
    index.pragma_update(None, "user_version", 1).unwrap();
    drop(index);

    for opening in 0..2 {
        let (store, recovery) = Store::open(dir.path(), options()).unwrap();
        assert_eq!((recovery.pending(), recovery.damaged), (if opening == 0 { 2 } else { 0 }, 0));
        let view = store.get(id(3)).unwrap().unwrap();
        assert_eq!((view.seal.as_slice(), view.digest, view.terms.as_deref()), (&b""[..], None, None));
        assert_eq!((view.state, view.label.as_str()), (State::Kept, "original"));
        assert_eq!(std::io::read_to_string(store.body_of(id(3)).unwrap()).unwrap(), "hello world");
        if opening == 0 {
            let first = store.next(9).unwrap().unwrap();
            assert_eq!(common::read(&first), b"hello world");
            let settled = Settled::new("held").terms("found".to_owned()).seal(b"s".to_vec()).entry(b"entry".to_vec());
            first.hold(9, settled).wait().unwrap();
            let second = store.next(9).unwrap().unwrap();
            assert!(common::read(&second) == large);
            second.done(9, Settled::new("ok")).wait().unwrap();
        }
        assert_eq!(found(&store, &query(&["found"])), [1]);
        assert_eq!(store.chain_head().unwrap().0, 1);
        assert_eq!(store.shared_bytes().unwrap(), 0);
        assert_eq!(store.tallies(State::Kept).unwrap().len(), 1);
        assert_eq!(found(&store, &query(&[])).len(), 4);
    }
    let (store, _) = open(dir.path());
    while store.sweep(100).wait().unwrap().more {}
    assert_eq!(found(&store, &query(&[])), [1, 2]);
}

/// CRC-32C, bit by bit.
fn crc_of(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 })
    })
}
