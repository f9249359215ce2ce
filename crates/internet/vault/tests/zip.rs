//! Encrypted archives, read by a small reader of the tests' own, and by 7-Zip where it is installed.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::fs;
use std::io::{self, Write};
use std::num::NonZeroU32;
use std::process::{Command, Stdio};

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use ring::{hmac, pbkdf2};
use sekisho_safe_message::{Secret, Sha256, Timestamp};
use sekisho_vault::{EncryptedZip, Hashed};

const PASSWORD: &str = "k7m2p-xq9dw-4hb8n-t3vse";

fn secret() -> Secret {
    Secret::new(PASSWORD).unwrap()
}

fn noon() -> Timestamp {
    // 2026-11-24 12:00:00 JST
    Timestamp::from_unix_ms_jst(1_795_489_200_000)
}

fn members() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("manifest.txt", "目録\n".into()),
        ("01ABC/original.eml", b"Subject: x\r\n\r\n".repeat(20_000)),
        ("01ABC/原本 写し.eml", Vec::new()),
    ]
}

fn archive() -> Vec<u8> {
    let mut zip = EncryptedZip::new(Hashed::new(Vec::new()), secret());
    for (name, bytes) in members() {
        assert_eq!(zip.add(name, noon(), &bytes).unwrap(), Sha256::of(&bytes));
    }
    let (bytes, digest, size) = zip.finish().unwrap().finish();
    assert_eq!((digest, size), (Sha256::of(&bytes), bytes.len() as u64));
    bytes
}

fn u16_at(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()))
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())).unwrap()
}

/// Every member, in the order of the directory. Panics at anything that is not as it must be.
fn unzip(zip: &[u8], password: &str) -> Vec<(String, Vec<u8>)> {
    let end = &zip[zip.len() - 22..];
    assert_eq!(&end[..4], b"PK\x05\x06");
    let (count, len, start) = (u16_at(end, 10), u32_at(end, 12), u32_at(end, 16));
    assert_eq!(start + len + 22, zip.len());
    let (mut directory, mut place, mut out) = (&zip[start..start + len], 0, Vec::new());
    for _ in 0..count {
        assert_eq!(&directory[..4], b"PK\x01\x02");
        let (name_len, extra_len) = (u16_at(directory, 28), u16_at(directory, 30));
        let name = &directory[46..46 + name_len];
        let extra = &directory[46 + name_len..46 + name_len + extra_len];
        assert_eq!(extra, b"\x01\x99\x07\0\x02\0AE\x03\0\0");
        let (sealed, size) = (u32_at(directory, 20), u32_at(directory, 24));
        assert_eq!((u16_at(directory, 8), u16_at(directory, 10), u32_at(directory, 16)), (0x801, 99, 0));
        // Members follow each other without a gap, and both headers say the same.
        assert_eq!(u32_at(directory, 42), place);
        let local = &zip[place..];
        assert_eq!(&local[..4], b"PK\x03\x04");
        assert_eq!(local[4..30], directory[6..32]);
        assert_eq!(&local[30..30 + name_len], name);
        assert_eq!(&local[30 + name_len..30 + name_len + extra_len], extra);
        let data = &local[30 + name_len + extra_len..][..sealed];
        let plain = decrypt(data, password);
        assert_eq!(plain.len(), size);
        out.push((String::from_utf8(name.to_vec()).unwrap(), plain));
        place += 30 + name_len + extra_len + sealed;
        directory = &directory[46 + name_len + extra_len..];
    }
    assert_eq!(place, start);
    out
}

fn decrypt(data: &[u8], password: &str) -> Vec<u8> {
    let (salt, rest) = data.split_at(16);
    let (verifier, rest) = rest.split_at(2);
    let (sealed, mac) = rest.split_at(rest.len() - 10);
    let mut keys = [0; 66];
    let rounds = NonZeroU32::new(1000).unwrap();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, rounds, salt, password.as_bytes(), &mut keys);
    assert_eq!(verifier, &keys[64..]);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &keys[32..64]);
    assert_eq!(mac, &hmac::sign(&key, sealed).as_ref()[..10]);
    let cipher = aes::Aes256Enc::new_from_slice(&keys[..32]).unwrap();
    let mut plain = sealed.to_vec();
    for (at, part) in plain.chunks_mut(16).enumerate() {
        let mut block = aes::Block::default();
        block[..8].copy_from_slice(&(at as u64 + 1).to_le_bytes());
        cipher.encrypt_block(&mut block);
        part.iter_mut().zip(block).for_each(|(octet, key)| *octet ^= key);
    }
    plain
}

#[test]
fn what_is_written_is_read() {
    let expected: Vec<_> = members().into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
    assert_eq!(unzip(&archive(), PASSWORD), expected);
    assert_eq!(unzip(&EncryptedZip::new(Vec::new(), secret()).finish().unwrap(), PASSWORD), []);
}

#[test]
fn no_two_archives_are_the_same_and_no_plain_octet_shows() {
    let (one, other) = (archive(), archive());
    assert_eq!(one.len(), other.len());
    assert_ne!(one, other);
    assert!(!one.windows(8).any(|part| part == b"Subject:"));
}

#[test]
fn a_member_has_the_size_that_was_announced() {
    let mut zip = EncryptedZip::new(Vec::new(), secret());
    let mut member = zip.begin("a", noon(), 3).unwrap();
    assert_eq!(member.write_all(b"four").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    member.write_all(b"tw").unwrap();
    assert_eq!(member.finish().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(zip.add("b", noon(), b"").unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(zip.finish().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn bounds_and_names_are_refused_before_anything_is_written() {
    let mut zip = EncryptedZip::new(Vec::new(), secret());
    zip.add("a", noon(), b"x").unwrap();
    for (name, size, kind) in [
        ("a", 1, io::ErrorKind::InvalidInput),
        ("../b", 1, io::ErrorKind::InvalidInput),
        ("b", u64::MAX, io::ErrorKind::FileTooLarge),
        ("b", u64::from(u32::MAX) - 100, io::ErrorKind::FileTooLarge),
    ] {
        assert_eq!(zip.begin(name, noon(), size).err().unwrap().kind(), kind, "{name} {size}");
    }
    assert_eq!(unzip(&zip.finish().unwrap(), PASSWORD), [("a".to_owned(), b"x".to_vec())]);
}

#[test]
fn seven_zip_opens_it() {
    let run = |dir: &std::path::Path, args: &[&str]| {
        Command::new("7z")
            .args(args)
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
    };
    let dir = tempfile::tempdir().unwrap();
    if run(dir.path(), &["i"]).is_err() {
        // Not installed here: the reader above has read it.
        return;
    }
    fs::write(dir.path().join("a.zip"), archive()).unwrap();
    let with = format!("-p{PASSWORD}");
    assert!(run(dir.path(), &["t", &with, "a.zip"]).unwrap().success());
    assert!(!run(dir.path(), &["t", "-pwrong", "a.zip"]).unwrap().success());
    assert!(run(dir.path(), &["x", &with, "a.zip"]).unwrap().success());
    for (name, bytes) in members() {
        assert_eq!(fs::read(dir.path().join(name)).unwrap(), bytes, "{name}");
    }
}
