//! Whatever the octets are: entries within the budget or a refusal, no panic
//! of ours, in bounded time.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::time::{Duration, Instant};

use sekisho_disarm::Bounds;
use sekisho_policy::Kind;
use support::zip::{Item, write};
use support::{Chance, crc32, opened_within, samples};

/// Changed copies of each sample. A longer search is made with the variable.
fn rounds() -> usize {
    std::env::var("SEKISHO_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(400)
}

fn archives() -> Vec<(Kind, Vec<u8>)> {
    let items = || vec![Item::deflated("a.txt", samples::TEXT), Item::stored("d/c.txt", b"c")];
    let described: Vec<Item> = items().into_iter().map(|item| item.described(true, true)).collect();
    vec![
        (Kind::Zip, write(&items())),
        (Kind::Zip, write(&described)),
        (Kind::SevenZip, samples::seven()),
        (Kind::SevenZip, samples::seven_plain()),
        (Kind::SevenZip, samples::seven_encrypted()),
        (Kind::Tar, samples::tar()),
        (Kind::Xz, samples::xz()),
        (Kind::Lzh, samples::lzh()),
        (Kind::Lzh, samples::lzh_entry(1, *b"-lh5-", b"a", &samples::lh5_letters(b'a', 300), &[b'a'; 300])),
        (Kind::Cab, samples::cab()),
        (Kind::Rar, samples::rar4()),
        (Kind::Rar, samples::rar5()),
        (Kind::Rar, samples::rar5_link()),
    ]
}

/// Opens it under small bounds, and sees that they held.
fn check(kind: Kind, octets: &[u8]) {
    let bounds = Bounds { octets: 1 << 20, entries: 1000, ..Bounds::default() };
    let begun = Instant::now();
    if let Ok((entries, opened)) = opened_within(bounds, kind, octets) {
        let total: usize = entries.iter().map(|(_, octets)| octets.len()).sum();
        assert!(total <= (1 << 20) + octets.len(), "{}: {total} octets", kind.code());
        assert!(entries.len() + opened.left_out.len() <= 2000, "{}: entries", kind.code());
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{}: slow", kind.code());
}

fn change(octets: &mut Vec<u8>, chance: &mut Chance) {
    let at = chance.below(octets.len());
    match chance.below(6) {
        0 => octets[at] ^= 1 << chance.below(8),
        1 => octets[at] = [0, 1, 0x7f, 0x80, 0xff][chance.below(5)],
        2 => octets[at] = chance.octet(),
        3 => octets.truncate(at + 1),
        4 => octets.insert(at, chance.octet()),
        _ => {
            let from = chance.below(octets.len());
            octets[at] = octets[from];
        }
    }
}

#[test]
fn changed_archives_are_read_or_refused() {
    for (seed, (kind, archive)) in archives().into_iter().enumerate() {
        let mut chance = Chance::new(seed as u64 + 1);
        for _ in 0..rounds() {
            let mut octets = archive.clone();
            for _ in 0..=chance.below(3) {
                change(&mut octets, &mut chance);
            }
            check(kind, &octets);
        }
    }
}

/// Most changes end at a checksum. With the checksums right again, the readers
/// behind them are reached.
#[test]
fn changed_headers_with_right_checksums_are_read_or_refused() {
    for (seed, archive) in
        [samples::seven_plain(), samples::seven(), samples::rar4(), samples::rar5()].iter().enumerate()
    {
        let mut chance = Chance::new(seed as u64 + 100);
        for _ in 0..rounds() {
            let mut octets = archive.clone();
            for _ in 0..=chance.below(3) {
                let at = chance.below(octets.len());
                octets[at] =
                    if chance.below(2) == 0 { chance.octet() } else { [0, 1, 0x7f, 0x80, 0xff][chance.below(5)] };
            }
            match seed {
                0 | 1 => prove_seven(&mut octets, archive),
                2 => prove_rar4(&mut octets),
                _ => prove_rar5(&mut octets),
            }
            let kind = if seed < 2 { Kind::SevenZip } else { Kind::Rar };
            check(kind, &octets);
        }
    }
}

fn prove_seven(octets: &mut [u8], archive: &[u8]) {
    octets[..8].copy_from_slice(&archive[..8]);
    octets[12..28].copy_from_slice(&archive[12..28]);
    let offset = 32 + usize::from(archive[12]) + 256 * usize::from(archive[13]);
    let header = crc32(&octets[offset..]);
    octets[28..32].copy_from_slice(&header.to_le_bytes());
    let start = crc32(&octets[12..32]);
    octets[8..12].copy_from_slice(&start.to_le_bytes());
}

fn prove_rar4(octets: &mut [u8]) {
    octets[..7].copy_from_slice(b"Rar!\x1a\x07\0");
    // The headers of `samples::rar4`, as long as their sizes are.
    for (at, size) in [(7, 13), (20, 37), (62, 39)] {
        let sum = crc32(&octets[at + 2..at + size]).to_le_bytes();
        octets[at..at + 2].copy_from_slice(&sum[..2]);
    }
}

fn prove_rar5(octets: &mut [u8]) {
    octets[..8].copy_from_slice(b"Rar!\x1a\x07\x01\0");
    let mut at = 8;
    for body in [0, 5, samples::TEXT.len(), 0] {
        let size = usize::from(octets[at + 4]);
        let Some(fields) = octets.get(at + 4..at + 5 + size) else { return };
        let sum = crc32(fields).to_le_bytes();
        octets[at..at + 4].copy_from_slice(&sum);
        at += 5 + size + body;
        if at + 5 > octets.len() {
            return;
        }
    }
}

#[test]
fn archives_cut_anywhere_are_read_or_refused() {
    for (kind, archive) in archives() {
        for end in 0..archive.len().min(700) {
            check(kind, &archive[..end]);
        }
    }
}

#[test]
fn noise_is_read_or_refused() {
    let mut chance = Chance::new(7);
    for (kind, archive) in archives() {
        for _ in 0..rounds() / 4 {
            let begin = chance.below(archive.len().min(40));
            let mut octets = archive[..begin].to_vec();
            let length = chance.below(2000);
            octets.extend((0..length).map(|_| chance.octet()));
            check(kind, &octets);
        }
    }
}
