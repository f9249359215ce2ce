//! A private Sekisho: `sekisho serve` on loopback, as it is shipped.
//!
//! Three things are told to it and no more: where its state is, where it
//! listens, where it delivers.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::cell::Target;
use crate::error::BenchError;

const NAME: &str = "sekisho";

/// The programs finish what they have begun; the supervisor gives each 60 s.
const DRAIN: Duration = Duration::from_secs(130);

/// The running gateway; it ends when dropped.
#[derive(Debug)]
pub struct Gateway {
    program: PathBuf,
    state: PathBuf,
    serve: Child,
    address: SocketAddr,
}

impl Gateway {
    /// Starts the `sekisho` at `program`, with its state and its log below
    /// `dir`, delivering to `sink`; returns when it is ready.
    ///
    /// # Errors
    /// [`BenchError::Program`] if it does not become ready.
    pub fn start(program: &Path, dir: &Path, sink: SocketAddr) -> Result<Self, BenchError> {
        let address = free_address().map_err(BenchError::system("find a free port"))?;
        let log = dir.join("sekisho.log");
        let file = File::create(&log).map_err(BenchError::system(log.display().to_string()))?;
        let state = dir.join("state");
        let mut serve = plain(program)
            .arg("serve")
            .env("SEKISHO_STATE_DIR", &state)
            // Ctrl-C is for the one that measures; it ends the gateway when it is done.
            .process_group(0)
            .env("SEKISHO_OUTER__LISTEN", address.to_string())
            .env("SEKISHO_INNER__DELIVER", format!("smtp://{sink}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .map_err(BenchError::system(program.display().to_string()))?;
        let ready = serve.stdout.take().map(|stdout| BufReader::new(stdout).lines().next());
        let gateway = Self { program: program.to_owned(), state, serve, address };
        match ready {
            Some(Some(Ok(_))) => Ok(gateway),
            _ => Err(BenchError::Program(NAME, format!("did not become ready; its log is {}", log.display()))),
        }
    }

    /// What is measured.
    pub fn target(&self) -> Target {
        Target { name: NAME, root: Some(self.serve.id()), address: self.address }
    }

    /// How many mails it holds for a person; `None` if it does not say.
    pub fn held(&self) -> Option<u64> {
        let mut list = plain(&self.program);
        list.env("SEKISHO_STATE_DIR", &self.state).args(["queue", "list", "--state", "held", "--limit", "100000"]);
        let output = list.arg("--json").stdin(Stdio::null()).output().ok().filter(|output| output.status.success())?;
        Some(output.stdout.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()).count() as u64)
    }
}

/// `program` on its defaults, whatever the environment says.
fn plain(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SEKISHO_")) {
        command.env_remove(name);
    }
    command
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.serve.id()).ok().and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::TERM);
        }
        let until = Instant::now() + DRAIN;
        while matches!(self.serve.try_wait(), Ok(None)) {
            if Instant::now() > until {
                let _ = self.serve.kill();
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A loopback address that nobody listens on: the next to ask gets another.
pub(crate) fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
