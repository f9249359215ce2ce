//! Durable commits a second by writers and body size, beside the disk's own sync rate in the same minute.
//!
//! `cargo run --release -p sekisho-store --example commit_rate [DIR [INLINE_MAX]]`: makes its stores in `DIR`
//! (default: the system's temporary directory) and removes them. `INLINE_MAX` replaces `Options::inline_max`.
#![allow(clippy::print_stdout, reason = "an example prints its table")]

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sekisho_store::{ItemId, NewItem, Options, Settled, Store};

const WRITERS: [usize; 3] = [1, 10, 50];
const SIZES: [(usize, &str); 3] = [(2_000, "2 kB"), (20_000, "20 kB"), (200_000, "200 kB")];
const ROUND: Duration = Duration::from_secs(3);

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let dir = match std::env::args_os().nth(1) {
        Some(parent) => tempfile::tempdir_in(parent)?,
        None => tempfile::tempdir()?,
    };
    let inline_max = std::env::args().nth(2).map(|bytes| bytes.parse()).transpose()?;
    let defaults = Options::default();
    let options = Options { inline_max: inline_max.unwrap_or(defaults.inline_max), ..defaults };
    println!("write and sync 4 KiB in place: {:.0}/s", sync_rate(dir.path())?);
    print!("{:>8}", "writers");
    for (_, name) in SIZES {
        print!("{name:>16}");
    }
    println!("   durable commits/s");
    let ids = AtomicU64::new(0);
    for writers in WRITERS {
        print!("{writers:>8}");
        for (size, name) in SIZES {
            let (store, _) = Store::open(&dir.path().join(format!("{writers}-{name}")), options.clone())?;
            print!("{:>16.0}", rate(writers, |until| commits(&store, &ids, size, until))?);
            std::io::stdout().flush()?;
        }
        println!();
    }
    drain(dir.path())
}

fn sync_rate(dir: &Path) -> Result<f64> {
    let file = File::create(dir.join("sync"))?;
    file.write_all_at(&[0; 4096], 0)?;
    file.sync_all()?;
    rate(1, |until| {
        let mut syncs = 0;
        while Instant::now() < until {
            file.write_all_at(&[1; 4096], 0)?;
            file.sync_data()?;
            syncs += 1;
        }
        Ok(syncs)
    })
}

fn commits(store: &Store, ids: &AtomicU64, size: usize, until: Instant) -> Result<u64> {
    let bytes = vec![b'x'; size];
    let mut commits = 0;
    while Instant::now() < until {
        let id = u128::from(ids.fetch_add(1, Ordering::Relaxed));
        let mut body = store.body();
        body.write(&bytes)?;
        let item = NewItem::new(ItemId(id.to_be_bytes()), vec![b'm'; 300], 0);
        store.commit(body, item).wait()?;
        commits += 1;
    }
    Ok(commits)
}

/// The way out of the largest queue made above: lease, read, settle, by one holder that does not wait.
fn drain(dir: &Path) -> Result<()> {
    let (store, recovery) = Store::open(&dir.join("50-2 kB"), Options::default())?;
    let started = Instant::now();
    let mut last = None;
    let mut buffer = Vec::new();
    while let Some(lease) = store.next(1)? {
        buffer.clear();
        std::io::copy(&mut lease.body()?, &mut buffer)?;
        last = Some(lease.done(1, Settled::new("done").lazy()));
    }
    if let Some(last) = last {
        last.wait()?;
    }
    let rate = recovery.pending() as f64 / started.elapsed().as_secs_f64();
    println!("lease, read and settle {} items of 2 kB: {rate:.0}/s", recovery.pending());
    Ok(())
}

/// Runs `work` in so many threads for one round; the sum of what they return, a second.
fn rate(threads: usize, work: impl Fn(Instant) -> Result<u64> + Sync) -> Result<f64> {
    let started = Instant::now();
    let until = started + ROUND;
    let total = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(until))).collect();
        let counts = handles.into_iter().map(|h| h.join().map_err(|_| "a writer panicked")?);
        counts.sum::<Result<u64>>()
    })?;
    Ok(total as f64 / started.elapsed().as_secs_f64())
}
