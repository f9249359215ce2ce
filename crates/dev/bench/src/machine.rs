//! The machine of a run: what it is, how busy it was, how fast its disk syncs.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::BenchError;

/// linux/magic.h: TMPFS_MAGIC and RAMFS_MAGIC.
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];

/// Processor time of the whole machine since it started, in ticks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Busy {
    all: u64,
    idle: u64,
    stolen: u64,
}

/// What the machine did between two looks, in percent of all its cores.
#[derive(Debug, Clone, Copy)]
pub struct Shares {
    /// Nothing, or waiting for the disk.
    pub idle: f64,
    /// What the host took for other guests.
    pub stolen: f64,
}

impl Busy {
    /// Now.
    pub fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let line = stat.lines().next().unwrap_or_default();
        // proc(5): user nice system idle iowait irq softirq steal.
        let ticks: Vec<u64> =
            line.split_ascii_whitespace().skip(1).take(8).filter_map(|ticks| ticks.parse().ok()).collect();
        let at = |at: usize| ticks.get(at).copied().unwrap_or(0);
        Self { all: ticks.iter().sum(), idle: at(3) + at(4), stolen: at(7) }
    }

    /// What happened since `before`.
    pub fn since(self, before: Self) -> Shares {
        let all = (self.all - before.all).max(1) as f64;
        Shares {
            idle: 100.0 * (self.idle - before.idle) as f64 / all,
            stolen: 100.0 * (self.stolen - before.stolen) as f64 / all,
        }
    }
}

/// Cache flushes that all disks have done since the start; `None` if the kernel
/// does not count them.
pub fn flushes() -> Option<u64> {
    // Documentation/admin-guide/iostats.rst: field 16 behind the name, since Linux 5.5.
    // What is made of other disks would count twice.
    let text = fs::read_to_string("/proc/diskstats").ok()?;
    let disks = text.lines().map(|line| line.split_ascii_whitespace().skip(2).collect::<Vec<_>>());
    let real = disks.filter(|fields| {
        fields.first().is_some_and(|name| !["dm-", "md", "loop"].iter().any(|made| name.starts_with(made)))
    });
    real.map(|fields| fields.get(16).and_then(|flushes| flushes.parse::<u64>().ok())).sum()
}

/// One line about the machine: processor, cores, memory, kernel.
pub fn describe() -> String {
    let value = |file: &str, key: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
        line.split_once(':').map_or("?".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let memory: u64 = value("/proc/meminfo", "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{} x {}, {} GiB, Linux {}",
        cores(),
        value("/proc/cpuinfo", "model name"),
        memory.div_ceil(1 << 20),
        kernel.trim()
    )
}

/// Cores that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Refuses a folder whose syncs cost nothing.
///
/// # Errors
/// [`BenchError::Plan`] if `dir` lies in memory, [`BenchError::System`] if it
/// cannot be asked.
pub fn must_be_on_disk(dir: &Path) -> Result<(), BenchError> {
    let stat = rustix::fs::statfs(dir).map_err(|err| BenchError::System(dir.display().to_string(), err.into()))?;
    let kind = u64::try_from(stat.f_type).unwrap_or(0);
    if IN_MEMORY.contains(&kind) {
        return Err(BenchError::Plan(format!(
            "{} lies in memory: give a folder on a real disk with --dir",
            dir.display()
        )));
    }
    Ok(())
}

/// Writes of 4 KiB that become durable a second, one after the other, in half
/// a second of trying.
///
/// # Errors
/// [`BenchError::System`] if the disk refuses.
pub fn sync_rate(dir: &Path) -> Result<f64, BenchError> {
    let path = dir.join("sync");
    let doing = || BenchError::system(format!("sync {}", path.display()));
    let file = File::create(&path).map_err(doing())?;
    file.write_all_at(&[0; 4096], 0).and_then(|()| file.sync_all()).map_err(doing())?;
    let started = Instant::now();
    let mut syncs = 0_u32;
    while started.elapsed() < Duration::from_millis(500) {
        file.write_all_at(&[1; 4096], 0).and_then(|()| file.sync_data()).map_err(doing())?;
        syncs += 1;
    }
    let rate = f64::from(syncs) / started.elapsed().as_secs_f64();
    fs::remove_file(&path).map_err(doing())?;
    Ok(rate)
}
