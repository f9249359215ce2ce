//! What the tests share.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Read;
use std::path::Path;

use sekisho_store::{Committed, ItemId, Lease, NewItem, Options, Recovery, Store};

/// Options for small test directories: tiny segments, few inline bodies, no reserve.
pub(crate) fn options() -> Options {
    Options { min_free: 0, segment_size: 256 * 1024, inline_max: 16 * 1024, ..Options::default() }
}

pub(crate) fn open(dir: &Path) -> (Store, Recovery) {
    Store::open(dir, options()).unwrap()
}

pub(crate) fn id(number: u64) -> ItemId {
    ItemId(u128::from(number).to_be_bytes())
}

pub(crate) fn number(id: ItemId) -> u64 {
    u64::try_from(u128::from_be_bytes(id.0)).unwrap()
}

/// An item that arrives and is due at the time `number`.
pub(crate) fn item(number: u64) -> NewItem {
    NewItem::new(id(number), format!("meta {number}").into_bytes(), number)
}

/// Bytes that belong to one number and repeat nowhere near.
pub(crate) fn bytes(number: u64, size: usize) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

pub(crate) fn put(store: &Store, number: u64, size: usize) {
    let mut body = store.body();
    body.write(&bytes(number, size)).unwrap();
    assert_eq!(store.commit(body, item(number)).wait().unwrap(), Committed::New);
}

pub(crate) fn read(lease: &Lease) -> Vec<u8> {
    let mut read = Vec::new();
    lease.body().unwrap().read_to_end(&mut read).unwrap();
    read
}

/// A copy of a store as a crash at this moment would leave it. Nothing may be writing.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if !entry.file_name().to_string_lossy().ends_with("-shm") {
            // The shared index of the log is memory; a crash loses it.
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The names of the body files, sorted.
pub(crate) fn segments(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir.join("segments"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}
