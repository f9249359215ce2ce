//! Encrypted archives and the passwords tried on them. How the files were made
//! is told in `data/NOTE.md`.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod support;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sekisho_archive::{Opened, Source, open_with_passwords};
use sekisho_disarm::{Bounds, Budget, Passwords, Refusal};
use sekisho_policy::Kind;
use sekisho_safe_message::{Removal, Secret, Untrusted};
use support::samples::TEXT;
use support::{Chance, Entries, named};

const RIGHT: &str = "Abc#123";

fn data(name: &str) -> (Kind, Vec<u8>) {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let kind = if name.ends_with(".7z") { Kind::SevenZip } else { Kind::Zip };
    (kind, std::fs::read(folder.join(name)).unwrap())
}

fn secrets(texts: &[&str]) -> Passwords {
    Passwords::new(texts.iter().map(|text| Secret::new(*text).unwrap()))
}

fn opened_within(
    bounds: Bounds,
    (kind, octets): &(Kind, Vec<u8>),
    texts: &[&str],
) -> Result<(Entries, Opened), Refusal> {
    let mut entries = Vec::new();
    let source = Source { kind: *kind, octets: Untrusted::new(octets), name: None };
    let opened = open_with_passwords(&source, &secrets(texts), &mut Budget::new(bounds), &mut |_, entry| {
        let mut path = entry.folders;
        path.push(entry.name);
        entries.push((path.join("/"), entry.octets));
        Ok(())
    })?;
    Ok((entries, opened))
}

fn opened(name: &str, texts: &[&str]) -> Result<(Entries, Opened), Refusal> {
    opened_within(Bounds::default(), &data(name), texts)
}

const BOTH: [&str; 9] = [
    "traditional.zip",
    "aes128.zip",
    "aes192.zip",
    "aes256.zip",
    "aes256-ae1.zip",
    "solid.7z",
    "blocks.7z",
    "copy.7z",
    "names.7z",
];

#[test]
fn the_right_password_opens_and_is_named_by_its_place() {
    for name in BOTH {
        for (texts, place) in [(&[RIGHT][..], 0), (&["wrong", "Abc#124", RIGHT, "later"], 2)] {
            let (entries, opened) = opened(name, texts).unwrap_or_else(|refusal| unreachable!("{name}: {refusal:?}"));
            assert_eq!(entries, named(&[("a.txt", b"hello"), ("d/c.txt", TEXT)]), "{name}");
            let removed = BTreeSet::from([Removal::Decrypted]);
            assert_eq!(opened, Opened { removed, left_out: vec![], opened_by: BTreeSet::from([place]) }, "{name}");
        }
    }
}

#[test]
fn wrong_passwords_open_nothing() {
    let many: Vec<String> = (0..40).map(|number| format!("password{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for name in BOTH {
        for texts in [&[][..], &["abc#123"], &["Abc#123 "], &many] {
            assert_eq!(opened(name, texts).err(), Some(Refusal::Encrypted), "{name} {texts:?}");
        }
    }
}

#[test]
fn japanese_passwords_are_tried_as_each_system_writes_them() {
    for name in ["traditional-cp932.zip", "traditional-utf8.zip", "japanese.7z"] {
        let (entries, _) = opened(name, &["秘密2025", "秘密2026"]).unwrap();
        assert_eq!(entries, named(&[("a.txt", b"hello")]), "{name}");
    }
}

#[test]
fn entries_may_have_passwords_of_their_own_and_all_must_open() {
    let all = named(&[("a.txt", b"hello"), ("b.txt", b"two"), ("c.txt", b"three")]);
    let (entries, report) = opened("mixed.zip", &["two", "x", "one"]).unwrap();
    assert_eq!((entries, report.opened_by), (all, BTreeSet::from([0, 2])));
    for texts in [&["one"][..], &["two"], &["x"]] {
        assert_eq!(opened("mixed.zip", texts).err(), Some(Refusal::Encrypted), "{texts:?}");
    }
}

#[test]
fn names_lead_nowhere_behind_encryption_too() {
    let (entries, _) = opened("traversal.zip", &[RIGHT]).unwrap();
    assert_eq!(entries, named(&[("x.txt", b"hello")]));
}

#[test]
fn what_is_damaged_is_not_believed() {
    // An octet of the first entry's salt, verifier, content and authentication
    // code; of its header, the check in it, and its content.
    for (name, places) in [("aes256.zip", &[50, 62, 66, 75][..]), ("traditional.zip", &[37, 46, 50])] {
        let (kind, octets) = data(name);
        for place in places {
            let mut damaged = octets.clone();
            damaged[*place] ^= 1;
            let result = opened_within(Bounds::default(), &(kind, damaged), &[RIGHT]);
            assert_eq!(result.err(), Some(Refusal::Encrypted), "{name} {place}");
        }
    }
    let (kind, mut octets) = data("copy.7z");
    octets[40] ^= 1;
    assert_eq!(opened_within(Bounds::default(), &(kind, octets), &[RIGHT]).err(), Some(Refusal::Encrypted));
}

#[test]
fn the_headers_must_agree_about_the_encryption() {
    let (kind, octets) = data("aes256.zip");
    let field = octets.windows(4).position(|four| four == b"\x01\x99\x07\0").unwrap();
    for place in [4, 8, 9] {
        let mut lying = octets.clone();
        lying[field + place] ^= 3;
        let refusal = opened_within(Bounds::default(), &(kind, lying), &[RIGHT]).err();
        assert_eq!(refusal, Some(Refusal::Ambiguous), "{place}");
    }
}

#[test]
fn bombs_end_with_the_budget_behind_encryption_too() {
    for name in ["zeros.zip", "zeros-traditional.zip", "zeros.7z"] {
        assert!(opened(name, &[RIGHT]).unwrap().0[0].1.len() == 400_000);
        let bounds = Bounds { octets: 1 << 18, ..Bounds::default() };
        assert_eq!(opened_within(bounds, &data(name), &[RIGHT]).err(), Some(Refusal::TooLarge), "{name}");
    }
    // Each try costs, also the one that fails.
    let many: Vec<String> = (0..20).map(|number| format!("password{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (name, steps) in [("aes256.zip", 100_000), ("solid.7z", 1_000_000), ("names.7z", 1_500_000)] {
        let bounds = Bounds { steps, ..Bounds::default() };
        assert_eq!(opened_within(bounds, &data(name), &many).err(), Some(Refusal::TooLarge), "{name}");
        assert!(opened_within(bounds, &data(name), &[RIGHT]).is_ok(), "{name}");
    }
}

#[test]
fn a_hostile_number_of_rounds_ends_soon() {
    for name in ["names.7z", "japanese.7z"] {
        let (kind, mut octets) = data(name);
        let place = octets.windows(4).position(|four| four == b"\x06\xf1\x07\x01").unwrap() + 5;
        for power in [24, 25, 32, 62, 63_u8] {
            octets[place] = (octets[place] & 0xc0) | power;
            fix_header_sums(&mut octets);
            let bounds = Bounds { steps: 5_000_000, ..Bounds::default() };
            let start = Instant::now();
            let result = opened_within(bounds, &(kind, octets.clone()), &["x", "y", "z"]);
            let refusal = if power == 24 { Refusal::TooLarge } else { Refusal::Encrypted };
            assert_eq!(result.err(), Some(refusal), "{name} {power}");
            assert!(start.elapsed() < Duration::from_secs(5), "{name} {power}");
        }
    }
}

/// The checksums of a 7z whose header was changed.
fn fix_header_sums(octets: &mut [u8]) {
    let number = |at: usize| u64::from_le_bytes(octets[at..at + 8].try_into().unwrap());
    let start = usize::try_from(32 + number(12)).unwrap();
    let size = usize::try_from(number(20)).unwrap();
    let sum = support::crc32(&octets[start..start + size]);
    octets[28..32].copy_from_slice(&sum.to_le_bytes());
    let sum = support::crc32(&octets[12..32]);
    octets[8..12].copy_from_slice(&sum.to_le_bytes());
}

#[test]
fn damaged_archives_do_no_harm() {
    let mut chance = Chance::new(15);
    for name in ["traditional.zip", "aes128.zip", "mixed.zip", "solid.7z"] {
        let (kind, octets) = data(name);
        for _ in 0..300 {
            let mut damaged = octets.clone();
            for _ in 0..=chance.below(4) {
                let place = chance.below(damaged.len());
                damaged[place] ^= chance.octet();
            }
            damaged.truncate(damaged.len() - chance.below(3) * chance.below(damaged.len()) / 2);
            let bounds = Bounds { octets: 1 << 20, steps: 1_000_000, ..Bounds::default() };
            if let Ok((entries, _)) = opened_within(bounds, &(kind, damaged), &["one", RIGHT, "two"]) {
                assert!(entries.len() <= 3);
            }
        }
    }
}

#[test]
fn samples_of_others_open() {
    let folder = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/samples/archive");
    for name in ["full_encrypted.7z", "la_7zip_encryption_header.7z"] {
        let Ok(octets) = std::fs::read(folder.join(name)) else { continue };
        let file = (Kind::SevenZip, octets);
        let (entries, opened) = opened_within(Bounds::default(), &file, &["12345678", "password"]).unwrap();
        assert!(!entries.is_empty() && opened.removed.contains(&Removal::Decrypted), "{name}");
    }
}
