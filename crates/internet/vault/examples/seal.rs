//! How fast bodies are sealed and opened: `cargo run --release -p sekisho-vault --example seal`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

use std::hint::black_box;
use std::io::{self, Read};
use std::time::Instant;

use sekisho_vault::{EncryptedZip, KeyId, Keys, Opener, Sealer, password};

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("vault.key");
    Keys::create(&path, &KeyId::new("bench").unwrap()).unwrap();
    let keys = Keys::load(&path).unwrap();
    for size in [4 << 10, 64 << 10, 1 << 20, 32 << 20] {
        let plain = vec![b'x'; size];
        let rounds = (512 << 20) / size;
        let mut out = Vec::new();
        let mut seal = Vec::new();
        let sealing = rate(size, rounds, || {
            out.clear();
            let (mut sealer, wrapped) = Sealer::new(&keys).unwrap();
            // As a connection's reads come.
            for piece in plain.chunks(32 << 10) {
                sealer.update(piece, &mut out);
            }
            sealer.finish(&mut out);
            seal = wrapped;
        });
        let mut buf = vec![0; 64 << 10];
        let opening = rate(size, rounds, || {
            let mut opener = Opener::new(&keys, &seal, &out[..]).unwrap();
            while black_box(opener.read(&mut buf).unwrap()) > 0 {}
        });
        println!("{:>6} KiB: sealed at {sealing:>5.0} MB/s, opened at {opening:>5.0} MB/s", size >> 10);
    }
    let plain = vec![b'x'; 32 << 20];
    let at = sekisho_safe_message::Timestamp::from_unix_ms_jst(0);
    let zipping = rate(plain.len(), 8, || {
        let mut zip = EncryptedZip::new(io::sink(), password().unwrap());
        zip.add("original.eml", at, &plain).unwrap();
        zip.finish().unwrap();
    });
    println!("   zip    : written at {zipping:>4.0} MB/s");
}

/// Megabytes a second.
fn rate(size: usize, rounds: usize, mut work: impl FnMut()) -> f64 {
    let begun = Instant::now();
    for _ in 0..rounds {
        work();
    }
    (size * rounds) as f64 / begun.elapsed().as_secs_f64() / 1e6
}
