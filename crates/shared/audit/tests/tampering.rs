//! Every way to bend a record, and where it is found.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::collections::BTreeMap;

use sekisho_audit::{
    Act, Chain, Checker, Checkpointer, Code, Entry, Fault, Hash, START, Signer, Start, Verdict, What, link,
};
use sekisho_safe_message::{Language, SafeLine, Sha256};

#[derive(Clone)]
struct Row {
    number: u64,
    entry: Vec<u8>,
    hash: Hash,
}

fn signer(seed: u8, chain: Chain) -> Signer {
    Signer::from_seed(&[seed; 32], chain).unwrap()
}

fn act(at_ms: u64) -> Entry {
    Entry::Act(Box::new(Act {
        at_ms,
        who: SafeLine::parse("花子".to_owned()).unwrap(),
        uid: Some(1000),
        login: None,
        what: Code::new("release"),
        why: SafeLine::parse(format!("reason {at_ms}")).unwrap(),
        id: None,
        result: Code::new("delivered"),
        details: BTreeMap::new(),
    }))
}

fn push(rows: &mut Vec<Row>, entry: &[u8]) {
    let (number, before) = rows.last().map_or((1, START), |row| (row.number + 1, row.hash));
    rows.push(Row { number, entry: entry.to_vec(), hash: link(&before, number, entry) });
}

/// A chain of `count` entries: a start, then acts, each tenth a checkpoint.
fn record(seed: u8, chain: Chain, count: u64) -> Vec<Row> {
    let signer = signer(seed, chain);
    let mut rows = Vec::new();
    let start = Start {
        at_ms: 1,
        chain,
        program: Code::new("sekisho"),
        version: Code::new("1"),
        configuration: Sha256::of(b""),
        key: signer.public_key(),
    };
    push(&mut rows, &Entry::Start(Box::new(start)).encode());
    for number in 2..=count {
        let head = rows.last().unwrap();
        let entry = if number % 10 == 0 { signer.checkpoint(number, head.number, &head.hash) } else { act(number) };
        push(&mut rows, &entry.encode());
    }
    rows
}

/// Numbers and hashes made to fit, as by one who can write to the disk and has
/// no key.
fn refit(rows: Vec<Row>) -> Vec<Row> {
    let mut out = Vec::new();
    rows.iter().for_each(|row| push(&mut out, &row.entry));
    out
}

fn renumbered(mut rows: Vec<Row>) -> Vec<Row> {
    for (number, row) in (1..).zip(&mut rows) {
        row.number = number;
    }
    rows
}

fn check(checker: Checker, rows: &[Row]) -> Verdict {
    let mut checker = checker;
    rows.iter().for_each(|row| checker.feed(row.number, &row.entry, &row.hash));
    checker.finish()
}

fn fault(rows: &[Row]) -> Option<(u64, What)> {
    check(Checker::new().of(Chain::Inner), rows).fault.map(|fault| (fault.at, fault.what))
}

fn without(rows: &[Row], gone: std::ops::Range<usize>) -> Vec<Row> {
    rows.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, row)| row.clone()).collect()
}

#[test]
fn a_sound_chain_has_no_fault() {
    let rows = record(1, Chain::Inner, 45);
    let verdict = check(Checker::new().of(Chain::Inner).expect(33, rows[32].hash), &rows);
    assert_eq!(verdict.fault, None);
    let summary = verdict.summary;
    assert_eq!((summary.entries, summary.first, summary.last, summary.checkpoints), (45, 1, 45, 4));
    assert_eq!((summary.signed, summary.first_ms, summary.last_ms), (39, Some(1), Some(45)));
    assert_eq!(summary.key, Some(signer(1, Chain::Inner).public_key()));
    assert_eq!(check(Checker::new(), &[]).fault, None);
}

#[test]
fn a_changed_octet_is_found_where_it_is() {
    let rows = record(1, Chain::Inner, 45);
    for at in 0..rows.len() {
        for octet in [0, rows[at].entry.len() / 2, rows[at].entry.len() - 1] {
            let mut bent = rows.clone();
            bent[at].entry[octet] ^= 1;
            assert_eq!(fault(&bent), Some((at as u64 + 1, What::Changed)), "entry {at} octet {octet}");
        }
        let mut bent = rows.clone();
        bent[at].hash[7] ^= 1;
        assert_eq!(fault(&bent), Some((at as u64 + 1, What::Changed)), "hash of {at}");
        let mut bent = rows.clone();
        bent[at].entry.push(b' ');
        assert_eq!(fault(&bent), Some((at as u64 + 1, What::Changed)), "longer {at}");
    }
}

#[test]
fn removed_entries_are_missed() {
    let rows = record(1, Chain::Inner, 45);
    for (gone, until) in [(4..5, 5), (4..9, 9), (20..21, 21), (1..40, 40)] {
        let left = without(&rows, gone.clone());
        let from = gone.start as u64 + 1;
        assert_eq!(fault(&left), Some((from, What::Missing { until })), "{gone:?}");
        assert_eq!(fault(&renumbered(left)), Some((from, What::Missing { until })), "{gone:?} renumbered");
    }
    assert_eq!(fault(&without(&rows, 0..3)), Some((4, What::NoBeginning)));
    assert_eq!(fault(&renumbered(without(&rows, 0..3))), Some((1, What::Missing { until: 3 })));
}

#[test]
fn a_cut_tail_is_missed_where_a_later_entry_is_known() {
    let rows = record(1, Chain::Inner, 45);
    let known = Checker::new().expect(39, rows[38].hash);
    assert_eq!(check(known, &rows[..30]).fault, Some(Fault { at: 30, what: What::Cut { noted: 39 } }));
    let other = Checker::new().expect(39, [9; 32]);
    assert_eq!(check(other, &rows).fault, Some(Fault { at: 39, what: What::NotAsNoted }));
    assert_eq!(check(Checker::new().expect(1, START), &[]).fault, Some(Fault { at: 0, what: What::Cut { noted: 1 } }));
    // Nobody noted anything: what is left is sound.
    assert_eq!(fault(&rows[..30]), None);
}

#[test]
fn reordered_entries_are_found() {
    let rows = record(1, Chain::Inner, 45);
    for at in [0, 4, 20, 43] {
        let mut swapped = rows.clone();
        swapped.swap(at, at + 1);
        let first = at as u64 + 1;
        // With their numbers, as rows of a table come: sorted again.
        let mut sorted = renumbered(swapped.clone());
        assert_eq!(fault(&sorted), Some((first, What::Reordered)), "rows at {at}");
        // Entries alone: the hashes stay where they are.
        let hashes = (rows[at].hash, rows[at + 1].hash);
        (sorted[at].hash, sorted[at + 1].hash) = hashes;
        assert_eq!(fault(&sorted), Some((first, What::Reordered)), "entries at {at}");
        // In another order, with the numbers that they had.
        let seen = fault(&swapped).unwrap();
        assert!(matches!(seen.1, What::Missing { .. } | What::Reordered), "{seen:?}");
    }
    let mut twice = rows.clone();
    twice.insert(8, rows[3].clone());
    assert_eq!(fault(&twice), Some((4, What::Reordered)));
}

#[test]
fn an_inserted_entry_is_found() {
    let rows = record(1, Chain::Inner, 45);
    for at in [1, 5, 30] {
        let entry = act(99).encode();
        let hash = link(&rows[at - 1].hash, at as u64 + 1, &entry);
        for hash in [[7; 32], hash] {
            let mut more = rows.clone();
            more.insert(at, Row { number: 0, entry: entry.clone(), hash });
            let found = fault(&renumbered(more)).unwrap();
            // With a hash that fits, the break shows one entry later.
            let first = at as u64 + 1;
            assert!([(first, What::Inserted), (first + 1, What::Changed)].contains(&found), "{at} {found:?}");
        }
    }
}

#[test]
fn hashes_made_to_fit_do_not_fit_a_signature() {
    let rows = record(1, Chain::Inner, 45);
    let mut bent = rows.clone();
    bent[22].entry = act(1_000).encode();
    assert_eq!(fault(&refit(bent)), Some((30, What::Rewritten { since: 19 })));
    assert_eq!(fault(&refit(without(&rows, 22..23))), Some((29, What::Rewritten { since: 19 })));
    let mut swapped = rows.clone();
    swapped.swap(3, 4);
    assert_eq!(fault(&refit(swapped)), Some((10, What::Rewritten { since: 0 })));
    // Behind the last signature nobody knows, unless it was noted elsewhere.
    let mut late = rows.clone();
    late[42].entry = act(1_000).encode();
    let late = refit(late);
    assert_eq!(fault(&late), None);
    let noted = check(Checker::new().expect(45, rows[44].hash), &late);
    assert_eq!(noted.fault, Some(Fault { at: 45, what: What::NotAsNoted }));
}

#[test]
fn forged_signatures_are_found() {
    let rows = record(1, Chain::Inner, 45);
    // The checkpoint made to fit the chain, which only its signer can.
    let mut bent = rows.clone();
    bent[22].entry = act(1_000).encode();
    let mut bent = refit(bent);
    let Ok(Entry::Checkpoint(mut checkpoint)) = Entry::decode(&bent[29].entry) else { panic!() };
    checkpoint.hash = Sha256::from_bytes(bent[28].hash);
    bent[29].entry = Entry::Checkpoint(checkpoint).encode();
    assert_eq!(fault(&refit(bent.clone())), Some((30, What::BadSignature)));
    // Signed anew with a key of the forger's own.
    let bent = refit(bent);
    let mut other = bent.clone();
    other[29].entry = signer(9, Chain::Inner).checkpoint(30, 29, &bent[28].hash).encode();
    assert_eq!(fault(&refit(other)), Some((30, What::OtherKey)));
    // A checkpoint of something that is still to come, and one that is none.
    let mut ahead = rows.clone();
    ahead[9].entry = signer(1, Chain::Inner).checkpoint(10, 11, &rows[10].hash).encode();
    assert_eq!(fault(&refit(ahead)), Some((10, What::Rewritten { since: 0 })));
    let mut none = rows.clone();
    none[9].entry = b"{\"kind\":\"checkpoint\",\"at_ms\":10}".to_vec();
    assert_eq!(fault(&refit(none)), Some((10, What::BadCheckpoint)));
}

#[test]
fn keys_are_believed_only_if_named_or_first() {
    let rows = record(1, Chain::Inner, 45);
    let (good, other) = (signer(1, Chain::Inner).public_key(), signer(2, Chain::Inner).public_key());
    assert_eq!(check(Checker::new().trust(good), &rows).fault, None);
    assert_eq!(check(Checker::new().trust(other).trust(good), &rows).fault, None);
    let wrong = check(Checker::new().trust(other), &rows).fault;
    assert_eq!(wrong, Some(Fault { at: 10, what: What::OtherKey }));
    // The whole chain made anew by somebody with a key of his own.
    let forged = record(2, Chain::Inner, 45);
    assert_eq!(check(Checker::new().trust(good), &forged).fault, Some(Fault { at: 10, what: What::OtherKey }));
}

#[test]
fn the_other_sides_chain_is_told_apart() {
    let outer = record(1, Chain::Outer, 45);
    assert_eq!(fault(&outer), Some((1, What::OtherChain)));
    // Its tail alone behind the head of ours.
    let mut mixed = record(1, Chain::Inner, 15);
    for row in &outer[15..] {
        push(&mut mixed, &row.entry);
    }
    assert_eq!(fault(&mixed), Some((20, What::OtherChain)));
    // Spliced without refitting.
    let mut spliced = record(1, Chain::Inner, 15);
    spliced.extend_from_slice(&outer[15..]);
    assert_eq!(fault(&spliced), Some((16, What::Changed)));
}

#[test]
fn a_signed_deletion_is_no_fault_and_an_unsigned_one_is() {
    let signer = signer(1, Chain::Inner);
    let mut rows = record(1, Chain::Inner, 45);
    let pruned = |up_to: usize, rows: &[Row]| signer.pruned(50, up_to as u64, &rows[up_to - 1].hash).encode();
    let note = pruned(12, &rows);
    push(&mut rows, &note);
    push(&mut rows, &act(51).encode());
    let left = rows[12..].to_vec();
    assert_eq!(fault(&left), None);
    assert_eq!(check(Checker::new(), &left).summary.first, 13);
    // More than was said.
    assert_eq!(fault(&rows[13..]), Some((14, What::NoBeginning)));
    // The first entry that is left was changed: nothing before it proves it.
    let mut bent = left.clone();
    bent[0].entry = act(1_000).encode();
    assert_eq!(fault(&bent).map(|(_, what)| what.code()), Some("rewritten"));
    // A second deletion, after the first.
    let mut again = rows.clone();
    let note = pruned(25, &rows);
    push(&mut again, &note);
    assert_eq!(fault(&again[25..]), None);
    // A note that says something else than was signed.
    let mut forged = rows.clone();
    let Ok(Entry::Pruned(mut note)) = Entry::decode(&forged[45].entry) else { panic!() };
    note.up_to = 20;
    note.hash = Sha256::from_bytes(rows[19].hash);
    forged[45].entry = Entry::Pruned(note).encode();
    assert_eq!(fault(&refit(forged)[20..]), Some((46, What::BadSignature)));
}

#[test]
fn an_excerpt_is_proven_from_where_it_begins() {
    let rows = record(1, Chain::Inner, 45);
    let before = Some((rows[9].number, rows[9].hash));
    assert_eq!(check(Checker::excerpt(before), &rows[10..30]).fault, None);
    assert_eq!(check(Checker::excerpt(None), &rows[10..30]).fault, None);
    let mut bent = rows[10..30].to_vec();
    bent[0].entry[5] ^= 1;
    assert_eq!(check(Checker::excerpt(before), &bent).fault, Some(Fault { at: 11, what: What::Changed }));
    let late = check(Checker::excerpt(before), &rows[12..30]).fault;
    assert_eq!(late, Some(Fault { at: 11, what: What::Missing { until: 12 } }));
}

#[test]
fn entries_between_a_signature_and_what_it_signs_are_no_fault() {
    let signer = signer(1, Chain::Inner);
    let mut rows = Vec::new();
    (1..=20).for_each(|at| push(&mut rows, &act(at).encode()));
    // Signed up to 5 while fifteen more came.
    let late = signer.checkpoint(21, 5, &rows[4].hash).encode();
    push(&mut rows, &late);
    let verdict = check(Checker::new(), &rows);
    assert_eq!((verdict.fault, verdict.summary.signed, verdict.summary.checkpoints), (None, 5, 1));
}

#[test]
fn a_chain_without_signatures_is_a_fault_some_day() {
    let mut rows = Vec::new();
    (1..=100_001).for_each(|at| push(&mut rows, &act(at).encode()));
    assert_eq!(fault(&rows[..100_000]), None);
    assert_eq!(fault(&rows), Some((100_001, What::Unsigned)));
}

#[test]
fn a_checkpointer_keeps_a_chain_sound() {
    let mut checkpointer = Checkpointer::new(signer(1, Chain::Outer));
    let mut rows: Vec<Row> = Vec::new();
    for at in 1..=2_500 {
        push(&mut rows, &act(at).encode());
        let head = rows.last().unwrap();
        if let Some(entry) = checkpointer.due((head.number, head.hash), at) {
            push(&mut rows, &entry.encode());
            checkpointer.appended(rows.last().unwrap().number);
        }
    }
    let head = rows.last().unwrap();
    let last = checkpointer.last((head.number, head.hash), 3_000).unwrap();
    push(&mut rows, &last.encode());
    let verdict = check(Checker::new().of(Chain::Outer), &rows);
    assert_eq!((verdict.fault, verdict.summary.checkpoints, verdict.summary.signed), (None, 3, 2_502));
}

#[test]
fn garbage_never_panics_and_every_fault_has_words() {
    let rows = record(1, Chain::Inner, 30);
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..5_000 {
        let mut bent = rows.clone();
        for _ in 0..=next() % 3 {
            let at = usize::try_from(next() % bent.len() as u64).unwrap();
            match next() % 6 {
                0 => bent[at].number = next() >> (next() % 64),
                1 => bent[at].hash[3] ^= 1,
                2 => drop(bent.remove(at)),
                3 => {
                    let other = usize::try_from(next() % bent.len() as u64).unwrap();
                    bent.swap(at, other);
                }
                4 => {
                    let cut = usize::try_from(next() % 40).unwrap();
                    bent[at].entry.truncate(cut);
                }
                _ => {
                    let other = usize::try_from(next() % bent.len() as u64).unwrap();
                    let row = bent[other].clone();
                    bent.insert(at, row);
                }
            }
        }
        if let Some(fault) = check(Checker::new(), &bent).fault {
            codes.insert(fault.what.code());
            assert_ne!(fault.explain(Language::Ja), fault.explain(Language::En));
        }
    }
    assert!(codes.len() >= 4, "{codes:?}");
}
