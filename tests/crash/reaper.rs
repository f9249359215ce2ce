//! Who dies next.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::support::{Place, Process, within};

/// What can be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    Outer,
    Inner,
    /// A worker's parent, of which outer keeps some.
    Zygote,
    /// A process that reads one mail.
    Worker,
}

/// The two programs, and the one who kills them.
pub(crate) struct Reaper<'a> {
    place: &'a Place,
    outer: Process,
    inner: Process,
    chance: u64,
    killed: Vec<Victim>,
}

impl<'a> Reaper<'a> {
    /// Starts both programs.
    pub(crate) fn new(place: &'a Place, seed: u64) -> Self {
        let (outer, inner) = (place.program("sekisho-outer"), place.program("sekisho-inner"));
        Self { place, outer, inner, chance: seed | 1, killed: Vec::new() }
    }

    /// Waits a moment, kills somebody, and starts again what is gone for good.
    pub(crate) fn strike(&mut self) {
        std::thread::sleep(Duration::from_millis(self.next() % 60));
        let victim = match self.next() % 10 {
            0..3 => Victim::Outer,
            3..6 => Victim::Inner,
            6..7 => Victim::Zygote,
            _ => Victim::Worker,
        };
        self.kill(victim);
    }

    /// Kills this one, if there is one, and starts again what is gone for good.
    pub(crate) fn kill(&mut self, victim: Victim) {
        match victim {
            Victim::Outer => {
                let zygotes = children(self.outer.pid());
                self.outer.kill();
                within("what outer had started ends with it", || {
                    zygotes.iter().all(|zygote| parent(*zygote).is_none_or(|of| of == 0)).then_some(())
                });
                self.outer = self.place.program("sekisho-outer");
            }
            Victim::Inner => {
                self.inner.kill();
                self.inner = self.place.program("sekisho-inner");
            }
            Victim::Zygote => {
                let zygotes = children(self.outer.pid());
                let Some(zygote) = zygotes.first() else { return };
                if !kill(*zygote, self.outer.pid()) {
                    return;
                }
            }
            Victim::Worker => {
                if !self.kill_a_worker() {
                    return;
                }
            }
        }
        self.killed.push(victim);
    }

    /// A worker lives for milliseconds: the first that is seen dies.
    fn kill_a_worker(&self) -> bool {
        let zygotes = children(self.outer.pid());
        let until = Instant::now() + Duration::from_secs(2);
        while Instant::now() < until {
            for zygote in &zygotes {
                if let Some(worker) = children(*zygote).first()
                    && kill(*worker, *zygote)
                {
                    return true;
                }
            }
        }
        false
    }

    pub(crate) fn count(&self, victim: Victim) -> usize {
        self.killed.iter().filter(|killed| **killed == victim).count()
    }

    pub(crate) fn all(&self) -> usize {
        self.killed.len()
    }

    pub(crate) fn programs(&mut self) -> (&mut Process, &mut Process) {
        (&mut self.outer, &mut self.inner)
    }

    /// Ends both in order.
    pub(crate) fn finish(self) {
        self.outer.finish();
        self.inner.finish();
    }

    /// Xorshift64: the same seed gives the same order.
    pub(crate) fn next(&mut self) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        self.chance
    }
}

/// Kills `pid` if it still is a child of `of`: a number may have passed to
/// somebody else, so that it is held by a descriptor first and then looked at.
fn kill(pid: u32, of: u32) -> bool {
    let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    let Ok(process) = pidfd_open(number, PidfdFlags::empty()) else { return false };
    parent(pid) == Some(of) && pidfd_send_signal(process, Signal::KILL).is_ok()
}

/// The children of all threads of a process.
fn children(pid: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let of_task = |task: fs::DirEntry| fs::read_to_string(task.path().join("children")).unwrap_or_default();
    let lists: Vec<String> = tasks.flatten().map(of_task).collect();
    lists.iter().flat_map(|list| list.split_whitespace()).flat_map(str::parse).collect()
}

/// The parent of a process that lives; a zombie's counts as 0.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { Some(0) } else { fields.next()?.parse().ok() }
}
