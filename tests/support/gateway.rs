//! The gateway of one test: a place of its own, settings by the environment.

use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sekisho_safe_message::MailId;
use serde_json::Value;
use tempfile::TempDir;

use super::mail::Mail;
use super::{Process, sekisho, within};

/// A temporary directory and the settings of everything that runs in it.
pub(crate) struct Place {
    dir: TempDir,
    settings: Vec<(String, String)>,
    /// Where mail is received.
    pub(crate) listen: SocketAddr,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// A place with defaults for tests, and with `settings` (`section.key`).
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        let dir = tempfile::Builder::new().prefix("sekisho-test-").tempdir().unwrap();
        let listen = free_address();
        let mut place = Self { dir, settings: Vec::new(), listen };
        place.set("state_dir", &place.path("state").display().to_string());
        place.set("outer.listen", &listen.to_string());
        place.set("outer.hostname", "mx.city.example.lg.jp");
        place.set("inner.helo", "inner.city.example.lg.jp");
        place.set("log.format", "human");
        for (key, value) in settings {
            place.set(key, value);
        }
        place
    }

    /// Changes a setting for whatever is started from now on.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        let name = format!("SEKISHO_{}", key.to_uppercase().replace('.', "__"));
        self.settings.retain(|(known, _)| *known != name);
        self.settings.push((name, value.to_owned()));
    }

    /// Lets other users of the machine come to the admin sockets.
    pub(crate) fn open_to_all(&self) {
        use std::os::unix::fs::PermissionsExt;
        for dir in ["", "state", "state/outer", "state/inner"] {
            let dir = self.path(dir);
            fs::create_dir_all(&dir).unwrap();
            fs::set_permissions(&dir, fs::Permissions::from_mode(0o711)).unwrap();
        }
    }

    /// Runs the operator's command behind another program, which gets its path
    /// and `arguments`.
    pub(crate) fn run_under(&self, mut wrapper: Command, arguments: &[&str]) -> Outcome {
        let command = self.command("sekisho");
        wrapper.arg(command.get_program()).args(arguments).current_dir("/");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => wrapper.env(name, value),
                None => wrapper.env_remove(name),
            };
        }
        outcome(&wrapper.output().unwrap())
    }

    /// A path in this place.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A program of ours (or another's, by its path) with this place's settings
    /// and nobody else's.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(sekisho().with_file_name(program));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SEKISHO_") {
                command.env_remove(name);
            }
        }
        for name in ["LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.envs(self.settings.iter().map(|(name, value)| (name, value))).current_dir(self.dir.path());
        command
    }

    /// Starts one of the two programs and waits until it is ready.
    #[track_caller]
    pub(crate) fn program(&self, program: &str) -> Process {
        let before = fs::metadata(self.path(&format!("{program}.out"))).map_or(0, |meta| meta.len());
        let mut process = Process::start(program, self.dir.path(), self.command(program));
        let said = process.speaks(usize::try_from(before).unwrap());
        assert_eq!(said, "ready\n", "{}", process.tail());
        process
    }

    /// Runs the operator's command.
    pub(crate) fn sekisho(&self, arguments: &[&str]) -> Outcome {
        outcome(&self.command("sekisho").args(arguments).output().unwrap())
    }

    /// The same with something on its standard input.
    pub(crate) fn sekisho_with(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut command = self.command("sekisho");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        outcome(&child.wait_with_output().unwrap())
    }

    /// Runs the operator's command with `--json`; one value a line.
    pub(crate) fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let outcome = self.sekisho(&[arguments, &["--json"]].concat());
        outcome.out.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    /// What `status` says about one side, if that side runs.
    pub(crate) fn status(&self, side: &str) -> Option<Value> {
        self.json(&["status"]).into_iter().find(|status| status["side"] == side)
    }

    /// How many mails of one side stand in this state.
    pub(crate) fn count(&self, side: &str, state: &str) -> u64 {
        let status = self.status(side).unwrap_or_else(|| panic!("{side} does not answer"));
        let stages = status["status"]["stages"].as_array().unwrap();
        stages.iter().find(|stage| stage["state"] == state).and_then(|stage| stage["count"].as_u64()).unwrap()
    }

    /// What is wrong with one side, as codes.
    pub(crate) fn problems(&self, side: &str) -> Vec<String> {
        let status = self.status(side).unwrap_or_else(|| panic!("{side} does not answer"));
        let problems = status["status"]["problems"].as_array().unwrap();
        problems.iter().map(|code| code.as_str().unwrap().to_owned()).collect()
    }

    /// The state and the code of one mail on one side.
    pub(crate) fn state(&self, side: &str, id: MailId) -> Option<(String, String)> {
        let shown = self.json(&["show", &id.to_string()]);
        let item = &shown.iter().find(|mail| mail["side"] == side)?["item"];
        Some((item["state"].as_str()?.to_owned(), item["label"].as_str()?.to_owned()))
    }

    /// Waits until a mail is held, and gives the reason's code.
    #[track_caller]
    pub(crate) fn held(&self, id: MailId) -> String {
        within(&format!("{id} is held"), || {
            self.state("outer", id).filter(|(state, _)| state == "held").map(|(_, label)| label)
        })
    }

    /// The Maildir that mails are delivered to by default.
    pub(crate) fn maildir(&self) -> PathBuf {
        self.path("state/lgwan-maildir")
    }

    /// Every mail delivered so far.
    pub(crate) fn delivered(&self) -> Vec<Mail> {
        let Ok(entries) = fs::read_dir(self.maildir().join("new")) else { return Vec::new() };
        entries.map(|entry| Mail::new(fs::read(entry.unwrap().path()).unwrap())).collect()
    }

    /// Waits until a mail lies in the Maildir.
    #[track_caller]
    pub(crate) fn arrives(&self, id: MailId) -> Mail {
        within(&format!("{id} arrives"), || self.delivered().into_iter().find(|mail| mail.id() == id))
    }

    /// The directory itself.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }
}

fn outcome(output: &std::process::Output) -> Outcome {
    Outcome {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout.clone()).expect("output is UTF-8"),
        err: String::from_utf8(output.stderr.clone()).expect("errors are UTF-8"),
    }
}

/// `sekisho serve` in a place of its own.
pub(crate) struct Gateway {
    // Dropped first, so that the directory outlives it.
    pub(crate) serve: Process,
    pub(crate) place: Place,
}

impl Gateway {
    /// Starts the gateway and waits for its ready line.
    #[track_caller]
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_in(Place::new(settings))
    }

    /// Starts the gateway in a place that may have been used before.
    #[track_caller]
    pub(crate) fn start_in(place: Place) -> Self {
        let before = fs::metadata(place.path("serve.out")).map_or(0, |meta| meta.len());
        let mut command = place.command("sekisho");
        command.args(["serve", "--lang", "en"]);
        let mut serve = Process::start("serve", place.dir(), command);
        let said = serve.speaks(usize::try_from(before).unwrap());
        assert!(said.starts_with("sekisho ready: ") && said.lines().count() == 1, "{said}");
        Self { serve, place }
    }

    /// Ends it in order; its place stays.
    #[track_caller]
    pub(crate) fn finish(self) -> Place {
        let Self { serve, place } = self;
        serve.finish();
        place
    }
}

impl std::ops::Deref for Gateway {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

/// A loopback address that nobody listens on. Below the ports from which the
/// system takes those of outgoing connections, so that a server which is
/// started again finds it free.
pub(crate) fn free_address() -> SocketAddr {
    for _ in 0..1_000 {
        // Every new state is keyed at random.
        let chance = RandomState::new().build_hasher().finish() % 20_000;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 12_000 + u16::try_from(chance).unwrap()));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port is free");
}
