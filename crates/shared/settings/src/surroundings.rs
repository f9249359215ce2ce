//! What the process finds around itself, as a value: tests and tools can say it differently.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::{Domain, Language};

/// Environment variables and a little knowledge of the machine.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Environment variables.
    pub variables: Vec<(OsString, OsString)>,
    /// The machine's host name; `localhost` where it has none that SMTP could say.
    pub hostname: Domain,
    /// Cores that this process may use; at least one.
    pub cores: usize,
}

impl Surroundings {
    /// Those of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self {
            variables: std::env::vars_os().collect(),
            hostname: machine_name().unwrap_or_else(Domain::localhost),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }

    /// No variables, `localhost`, one core.
    #[must_use]
    pub fn none() -> Self {
        Self { variables: Vec::new(), hostname: Domain::localhost(), cores: 1 }
    }

    /// The same with one more variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The locale's language for messages (POSIX order: `LC_ALL`, `LC_MESSAGES`, `LANG`).
    #[must_use]
    pub fn language(&self) -> Language {
        let set = |name| self.variable(name).filter(|value| !value.is_empty());
        let locale = set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG"));
        crate::language::of_locale(locale.and_then(OsStr::to_str))
    }

    /// Where systemd put the unit's credentials.
    pub(crate) fn credentials(&self) -> Option<PathBuf> {
        self.variable("CREDENTIALS_DIRECTORY").map(PathBuf::from)
    }

    fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_os_str())
    }
}

/// The second place is for a hardened unit (`ProcSubset=pid`), where the first is not there.
fn machine_name() -> Option<Domain> {
    ["/proc/sys/kernel/hostname", "/etc/hostname"].into_iter().find_map(|place| {
        let text = std::fs::read_to_string(place).ok()?;
        crate::names::domain(text.trim()).ok()
    })
}
