//! What the kernel says about a program and everything that it has started:
//! processor time and memory.

use std::collections::BTreeMap;
use std::fs;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// proc(5): times are in ticks of USER_HZ, which is 100 a second on Linux
/// whatever the kernel's own rate.
const TICK: Duration = Duration::from_millis(10);

/// proc(5): a name is cut to 15 octets.
const NAME_MAX: usize = 15;

/// One process.
#[derive(Debug, Clone)]
struct Process {
    name: String,
    parent: u32,
    /// Own time and that of reaped children.
    time: Duration,
}

/// Peaks of memory: proportional set size, so that shared pages count once.
#[derive(Debug, Clone, Default)]
pub struct Peaks {
    /// Of all processes together, in KiB.
    pub all: u64,
    /// Of all processes of one name together, in KiB.
    pub programs: BTreeMap<String, u64>,
    /// Most processes at one time.
    pub processes: usize,
}

/// Watches the memory of a process tree in its own thread.
#[derive(Debug)]
pub struct Sampler {
    stop: Sender<()>,
    thread: JoinHandle<Peaks>,
}

/// Processor time (user and system) that `root` and all below it have used,
/// with what they inherited from children that they have reaped.
pub fn time(root: u32) -> Duration {
    tree(root).values().map(|process| process.time).sum()
}

/// The same, by the name of the program.
pub fn times(root: u32) -> BTreeMap<String, Duration> {
    let mut times: BTreeMap<String, Duration> = BTreeMap::new();
    for process in tree(root).into_values() {
        *times.entry(process.name).or_default() += process.time;
    }
    times
}

/// Processor time of this process alone.
pub fn own_time() -> Duration {
    read("self").map_or(Duration::ZERO, |process| process.time)
}

impl Sampler {
    /// Looks at the tree below `root` once every `interval`. A look costs some
    /// milliseconds.
    pub fn start(root: u32, interval: Duration) -> Self {
        let (stop, stopped) = channel();
        let thread = thread::spawn(move || {
            let mut peaks = Peaks::default();
            loop {
                peaks.look(root);
                if stopped.recv_timeout(interval) != Err(RecvTimeoutError::Timeout) {
                    return peaks;
                }
            }
        });
        Self { stop, thread }
    }

    /// The peaks since the start.
    pub fn stop(self) -> Peaks {
        // A thread that has ended has dropped its end; its peaks are kept.
        let _ = self.stop.send(());
        self.thread.join().unwrap_or_default()
    }
}

impl Peaks {
    fn look(&mut self, root: u32) {
        let processes = tree(root);
        let mut now: BTreeMap<&str, u64> = BTreeMap::new();
        for (id, process) in &processes {
            *now.entry(&process.name).or_default() += pss(*id).unwrap_or(0);
        }
        self.all = self.all.max(now.values().sum());
        self.processes = self.processes.max(processes.len());
        for (name, kib) in now {
            let peak = self.programs.entry(name.to_owned()).or_default();
            *peak = kib.max(*peak);
        }
    }
}

/// `root` and all below it.
fn tree(root: u32) -> BTreeMap<u32, Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return BTreeMap::new() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // A process may end while it is looked at: it is not there then.
    let mut all: BTreeMap<u32, Process> = ids.filter_map(|id: u32| Some((id, read(&id.to_string())?))).collect();
    let mut found = BTreeMap::new();
    let mut wanted = vec![root];
    while let Some(id) = wanted.pop() {
        let Some(process) = all.remove(&id) else { continue };
        found.insert(id, process);
        wanted.extend(all.iter().filter(|(_, process)| process.parent == id).map(|(id, _)| *id));
    }
    found
}

fn read(id: &str) -> Option<Process> {
    let process = parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?;
    if process.name.len() < NAME_MAX {
        return Some(process);
    }
    // A name of that length may have been cut; the program's own path has the whole of it.
    let command = fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let path = command.split('\0').next().unwrap_or_default();
    let name = path.rsplit('/').next().filter(|name| name.starts_with(&process.name)).map(str::to_owned);
    Some(Process { name: name.unwrap_or_else(|| process.name.clone()), ..process })
}

/// proc(5): the name stands in parentheses and may hold any; the parent is
/// field 4, times are fields 14 to 17.
fn parse(stat: &str) -> Option<Process> {
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(1);
    let parent = fields.next()?.parse().ok()?;
    let ticks = fields.skip(9).take(4).map(|ticks| ticks.parse::<u32>().ok()).sum::<Option<u32>>()?;
    Some(Process { name: name.to_owned(), parent, time: TICK * ticks })
}

/// In KiB.
fn pss(id: u32) -> Option<u64> {
    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix("kB")?.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use std::time::Duration;

    use super::{Sampler, parse, tree};

    #[test]
    fn a_name_may_hold_anything() {
        let process = parse("7 (a) b (c) S 3 7 7 0 -1 4194560 1 0 0 0 12 3 4 1 20 0 1 0 5 6 7").unwrap();
        assert_eq!((process.name.as_str(), process.parent), ("a) b (c", 3));
        assert_eq!(process.time, Duration::from_millis(200));
    }

    #[test]
    fn a_long_name_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let long = dir.path().join("a-name-of-more-than-15-octets");
        std::fs::copy("/bin/sleep", &long).unwrap();
        let mut child = std::process::Command::new(&long).arg("60").spawn().unwrap();
        // Until it has become that program it bears our name.
        let name = || tree(child.id()).remove(&child.id()).map(|process| process.name);
        let found = (0..200)
            .map(|_| (name(), std::thread::sleep(Duration::from_millis(10))).0)
            .find(|name| name.as_deref() == Some("a-name-of-more-than-15-octets"));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found.is_some());
    }

    #[test]
    fn a_tree_holds_its_root_and_has_memory() {
        let own = std::process::id();
        assert!(tree(own).contains_key(&own));
        let peaks = Sampler::start(own, Duration::from_secs(60)).stop();
        assert!(peaks.all > 0 && peaks.processes > 0);
    }
}
