//! A program that runs, and surely ends.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::{LOOK, PATIENCE};

/// What a program may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// Lines of a log that a failure shows.
const TAIL: usize = 40;

/// A started program. Dropped, it is asked to end, then killed; when the test
/// is failing, the end of its log is shown.
pub(crate) struct Process {
    name: String,
    child: Child,
    out: PathBuf,
    log: PathBuf,
}

impl Process {
    /// Starts `command`; what it writes goes to `NAME.out` and `NAME.log` in
    /// `dir`, behind what is there already.
    pub(crate) fn start(name: &str, dir: &Path, mut command: Command) -> Self {
        let (out, log) = (dir.join(format!("{name}.out")), dir.join(format!("{name}.log")));
        let child = command
            .stdin(Stdio::null())
            .stdout(appending(&out))
            .stderr(appending(&log))
            .spawn()
            .unwrap_or_else(|err| panic!("{}: {err}", command.get_program().display()));
        Self { name: name.to_owned(), child, out, log }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard output.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(&self.out).unwrap_or_default()
    }

    /// What it wrote to standard error.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Waits until its output has grown by a line since it was `before` long.
    #[track_caller]
    pub(crate) fn speaks(&mut self, before: usize) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let output = self.output();
            if output.len() > before && output.ends_with('\n') {
                return output[before..].to_owned();
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "{} ended ({}):\n{}", self.name, ended.unwrap_or_default(), self.tail());
            assert!(Instant::now() < until, "{} is not ready:\n{}", self.name, self.tail());
            std::thread::sleep(LOOK);
        }
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGKILL, and gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        signal(self.pid(), Signal::TERM);
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> ExitStatus {
        match self.ended_within(PATIENCE) {
            Some(status) => status,
            None => panic!("{} does not end:\n{}", self.name, self.tail()),
        }
    }

    /// SIGTERM, and it must end in order.
    #[track_caller]
    pub(crate) fn finish(mut self) {
        self.terminate();
        let status = self.ends();
        assert!(status.success(), "{} ended with {status}:\n{}", self.name, self.tail());
    }

    /// The end of its log.
    pub(crate) fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let shown = &lines[lines.len().saturating_sub(TAIL)..];
        format!("--- the end of {}'s log\n{}\n---", self.name, shown.join("\n"))
    }

    fn ended_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        let until = Instant::now() + patience;
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return Some(status),
                None if Instant::now() > until => return None,
                None => std::thread::sleep(LOOK),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.tail());
        }
        if self.is_running() {
            self.terminate();
            if self.ended_within(GRACE).is_none() {
                self.kill();
            }
        }
    }
}

/// Sends a signal to a process of ours; one that is gone already is no error.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap();
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(err) => panic!("{pid:?}: {err}"),
    }
}

fn appending(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}
