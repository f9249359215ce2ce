//! A private Sekisho: `sekisho serve` on loopback, as it is shipped, or with
//! the settings that are to be compared.
//!
//! Three things are told to it in any case: where its state is, where it
//! listens, where it delivers. A site's own file is read, but nothing of it
//! reaches outside: every place that the file names for traffic is replaced.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cell::Target;
use crate::error::BenchError;
use crate::settings::Settings;

/// What the gateway on its defaults is called in tables.
pub const NAME: &str = "sekisho";

/// The programs finish what they have begun; the supervisor gives each 60 s.
const DRAIN: Duration = Duration::from_secs(130);

/// The running gateway; it ends when dropped.
#[derive(Debug)]
pub struct Gateway {
    name: String,
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
    pub fn start(program: &Path, dir: &Path, sink: SocketAddr, settings: &Settings) -> Result<Self, BenchError> {
        let address = free_address().map_err(BenchError::system("find a free port"))?;
        let log = dir.join("sekisho.log");
        let file = File::create(&log).map_err(BenchError::system(log.display().to_string()))?;
        let state = dir.join("state");
        let mut serve = plain(program)
            .arg("serve")
            .args(settings.arguments())
            .envs(settings.variables(sink))
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
        let gateway = Self { name: NAME.to_owned(), program: program.to_owned(), state, serve, address };
        match ready {
            Some(Some(Ok(_))) => Ok(gateway),
            _ => Err(BenchError::Program(NAME, format!("did not become ready; its log is {}", log.display()))),
        }
    }

    /// The same under another name in tables.
    #[must_use]
    pub fn called(self, name: &str) -> Self {
        // It ends when dropped, so that its fields cannot be moved out of it.
        let mut gateway = self;
        name.clone_into(&mut gateway.name);
        gateway
    }

    /// What is measured.
    pub fn target(&self) -> Target {
        Target { name: self.name.clone(), root: Some(self.serve.id()), address: self.address }
    }

    /// How many mails it holds for a person; `None` if it does not say.
    pub fn held(&self) -> Option<u64> {
        let list = self.ask(&["queue", "list", "--state", "held", "--limit", "100000"])?;
        let lines = list.stdout.split(|octet| *octet == b'\n').filter(|line| !line.is_empty());
        list.status.success().then(|| lines.count() as u64)
    }

    /// How many mails its inner side has taken since it started; `None` if it
    /// does not say.
    pub fn taken(&self) -> Option<u64> {
        // With the mail server away the command says so by its exit code.
        let status = self.ask(&["status"])?;
        let sides =
            status.stdout.split(|octet| *octet == b'\n').filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let inner = sides.into_iter().find(|side| side["side"] == "inner")?;
        let counters = inner["status"]["counters"].as_array()?;
        counters.iter().find(|counter| counter[0] == "taken")?[1].as_u64()
    }

    /// The operator's command, in JSON.
    fn ask(&self, words: &[&str]) -> Option<Output> {
        let mut command = plain(&self.program);
        command.env("SEKISHO_STATE_DIR", &self.state).args(words).arg("--json").stdin(Stdio::null());
        command.output().ok()
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
///
/// # Errors
/// If there is none.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}
