//! Sealed bodies: whatever comes in whatever pieces, what is opened is what was sealed, or an error.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;

use sekisho_vault::{CHUNK, Keys, Opener, Sealer, Unsealer, VaultError, plain_len, sealed_len};

const KEY: &str = "a:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n";
const SIZES: [usize; 9] = [0, 1, 15, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK - 16, 3 * CHUNK + 77];

fn keys(text: &str) -> Keys {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.key");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Keys::load(&path).unwrap()
}

/// Numbers that are the same each time.
struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[3]).collect()
    }
}

fn sealed(keys: &Keys, plain: &[u8], pieces: impl Fn(usize) -> usize) -> (Vec<u8>, Vec<u8>) {
    let (mut sealer, seal) = Sealer::new(keys).unwrap();
    let (mut out, mut rest) = (Vec::new(), plain);
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(pieces(rest.len()).clamp(1, rest.len()));
        sealer.update(head, &mut out);
        rest = tail;
    }
    sealer.finish(&mut out);
    (out, seal)
}

fn opened(keys: &Keys, seal: &[u8], sealed: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    Opener::new(keys, seal, sealed)?.read_to_end(&mut plain)?;
    Ok(plain)
}

#[test]
fn what_is_sealed_opens_whatever_the_pieces() {
    let keys = keys(KEY);
    let mut chance = Xorshift(5);
    for size in SIZES {
        let plain = chance.octets(size);
        for piece in [usize::MAX, 1000, CHUNK, CHUNK + 1, CHUNK / 2, 40_000] {
            let (body, seal) = sealed(&keys, &plain, |_| piece);
            assert_eq!(body.len() as u64, sealed_len(size as u64));
            assert_eq!(plain_len(body.len() as u64), Some(size as u64));
            assert_eq!(opened(&keys, &seal, &body).unwrap(), plain, "{size} in pieces of {piece}");

            let mut unsealer = Unsealer::new(&keys, &seal).unwrap();
            let mut out = b"before".to_vec();
            for chunk in body.chunks(piece.min(body.len())) {
                unsealer.update(chunk, &mut out).unwrap();
            }
            unsealer.finish(&mut out).unwrap();
            assert_eq!(out.strip_prefix(b"before").unwrap(), plain, "{size} in pieces of {piece}");
        }
    }
}

#[test]
fn octets_one_by_one() {
    let keys = keys(KEY);
    let plain = Xorshift(6).octets(CHUNK + 3);
    let (body, seal) = sealed(&keys, &plain, |_| 1);
    let mut out = Vec::new();
    let mut unsealer = Unsealer::new(&keys, &seal).unwrap();
    for octet in &body {
        unsealer.update(std::slice::from_ref(octet), &mut out).unwrap();
    }
    unsealer.finish(&mut out).unwrap();
    assert_eq!(out, plain);
}

#[test]
fn two_bodies_have_nothing_in_common() {
    let keys = keys(KEY);
    let plain = [7; 64];
    let (one, first) = sealed(&keys, &plain, |all| all);
    let (other, second) = sealed(&keys, &plain, |all| all);
    assert_ne!(one, other);
    assert_ne!(first, second);
    assert!(opened(&keys, &second, &one).is_err());
    assert!(!one.windows(8).any(|part| part == [7; 8]));
}

#[test]
fn every_flip_cut_and_exchange_is_an_error() {
    let keys = keys(KEY);
    let mut chance = Xorshift(7);
    for size in [0, 40, CHUNK, 3 * CHUNK, 3 * CHUNK + 9] {
        let plain = chance.octets(size);
        let (body, seal) = sealed(&keys, &plain, |all| all);
        for _ in 0..60 {
            let mut changed = body.clone();
            let at = chance.below(changed.len());
            changed[at] ^= 1 << chance.below(8);
            damaged(opened(&keys, &seal, &changed));
            damaged(opened(&keys, &seal, &body[..chance.below(body.len())]));
        }
        for cut in (0..body.len()).step_by(CHUNK + 16) {
            damaged(opened(&keys, &seal, &body[..cut]));
        }
        damaged(opened(&keys, &seal, &[&body[..], &[0]].concat()));
        let chunks: Vec<&[u8]> = body.chunks(CHUNK + 16).collect();
        if let [first, second, rest @ ..] = &chunks[..] {
            damaged(opened(&keys, &seal, &[&[*second, *first][..], rest].concat().concat()));
            damaged(opened(&keys, &seal, &[&[*second][..], rest].concat().concat()));
            damaged(opened(&keys, &seal, &[&[*first, *first, *second][..], rest].concat().concat()));
        }
    }
}

fn damaged(result: io::Result<Vec<u8>>) {
    let err = result.unwrap_err();
    assert_eq!(err.kind(), io::ErrorKind::InvalidData);
    assert!(matches!(err.get_ref().unwrap().downcast_ref(), Some(VaultError::Damaged { .. })), "{err}");
}

#[test]
fn damage_is_placed_and_nothing_behind_it_is_given() {
    let keys = keys(KEY);
    let plain = Xorshift(8).octets(3 * CHUNK);
    let (mut body, seal) = sealed(&keys, &plain, |all| all);
    body[CHUNK + 16 + 5] ^= 1;
    let mut opener = Opener::new(&keys, &seal, &body[..]).unwrap();
    let mut out = Vec::new();
    let err = opener.read_to_end(&mut out).unwrap_err();
    assert!(err.to_string().contains(&format!("octet {CHUNK} ")), "{err}");
    assert!(plain.starts_with(&out) && out.len() <= CHUNK);
    assert_eq!(opener.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn any_octets_as_seal_and_body_are_an_error() {
    let keys = keys(KEY);
    let mut chance = Xorshift(9);
    let (body, seal) = sealed(&keys, b"plain", |all| all);
    for _ in 0..500 {
        let count = chance.below(120) + 1;
        let junk = chance.octets(count);
        assert!(opened(&keys, &junk, &body).is_err());
        assert!(opened(&keys, &seal, &junk).is_err());
        let mut changed = seal.clone();
        let at = chance.below(changed.len());
        changed[at] ^= 1 << chance.below(8);
        assert!(opened(&keys, &changed, &body).is_err());
        assert!(opened(&keys, &seal[..1 + chance.below(seal.len() - 1)], &body).is_err());
    }
}

#[test]
fn a_body_stored_before_there_were_keys_is_read_as_it_is() {
    let keys = keys(KEY);
    let plain = Xorshift(10).octets(CHUNK * 2 + 1);
    assert_eq!(opened(&keys, &[], &plain).unwrap(), plain);
    assert_eq!(opened(&keys, &[], &[]).unwrap(), []);
}
