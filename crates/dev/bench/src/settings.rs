//! How a private gateway differs from the shipped one.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// What the one that measures decides itself: where the state is, and every
/// place that mail comes from or goes to.
const OWN: [&str; 3] = ["state_dir", "outer.listen", "inner.deliver"];

/// A site's file names sockets, networks and servers of the site. A private
/// gateway of the same settings has its own, takes every recipient, and sends
/// nothing to anybody.
const OF_A_FILE: [(&str, &str); 9] = [
    ("SEKISHO_OUTER__CLIENTS", "loopback"),
    ("SEKISHO_OUTER__DOMAINS", "*"),
    ("SEKISHO_OUTER__REQUIRE_TLS", "false"),
    ("SEKISHO_OUTER__ADMIN_SOCKET", "outer/admin.sock"),
    ("SEKISHO_INNER__ADMIN_SOCKET", "inner/admin.sock"),
    ("SEKISHO_INNER__TLS", "none"),
    ("SEKISHO_HANDOFF__ADDRESS", "unix:handoff.sock"),
    ("SEKISHO_ORIGINAL__DUAL", "false"),
    ("SEKISHO_REVIEW__DIGEST_TO", ""),
];

/// The settings of one private gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// A configuration file; without it the defaults.
    pub config: Option<PathBuf>,
    /// What is set besides, each stronger than the file.
    pub set: Vec<Setting>,
}

/// One setting: `section.key=value`, a list with commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    key: String,
    value: String,
}

/// A gateway beside the default one: a name for tables, and a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// In tables.
    pub name: String,
    /// What is different.
    pub setting: Setting,
}

impl Settings {
    pub(crate) fn arguments(&self) -> Vec<OsString> {
        self.config.iter().flat_map(|file| ["--config".into(), file.clone().into_os_string()]).collect()
    }

    /// As variables; later ones are stronger. What stays after all is `sink`.
    pub(crate) fn variables(&self, sink: SocketAddr) -> Vec<(String, String)> {
        let mut all = Vec::new();
        if self.config.is_some() {
            all.extend(OF_A_FILE.map(|(name, value)| (name.to_owned(), value.to_owned())));
            all.push(("SEKISHO_ORIGINAL__DELIVER".to_owned(), format!("smtp://{sink}")));
        }
        all.extend(self.set.iter().map(|setting| (setting.variable(), setting.value.clone())));
        all
    }
}

impl Setting {
    fn variable(&self) -> String {
        format!("SEKISHO_{}", self.key.replace('.', "__").to_ascii_uppercase())
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

impl FromStr for Setting {
    type Err = String;

    /// The gateway checks that there is such a key and that the value is one.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = "SECTION.KEY=VALUE, as in worker.count=1";
        let (key, value) = text.split_once('=').ok_or(form)?;
        let plain = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|octet| octet.is_ascii_lowercase() || octet == b'_' || octet.is_ascii_digit())
        };
        if !key.split_once('.').is_some_and(|(section, name)| plain(section) && plain(name)) {
            return Err(form.to_owned());
        }
        if OWN.contains(&key) {
            return Err(format!("{key} is the private gateway's own"));
        }
        Ok(Self { key: key.to_owned(), value: value.to_owned() })
    }
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, setting) = text.split_once('=').ok_or("NAME=SECTION.KEY=VALUE, as in single=worker.count=1")?;
        let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
        if name.is_empty() || !name.bytes().all(plain) {
            return Err("a name of letters, digits and hyphens".to_owned());
        }
        Ok(Self { name: name.to_owned(), setting: setting.parse()? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn sink() -> SocketAddr {
        ([127, 0, 0, 1], 25).into()
    }

    #[test]
    fn a_setting_is_a_variable_of_the_gateway() {
        let set = vec!["vault.keep=all".parse().unwrap(), "outer.domains=a.example,b.example".parse().unwrap()];
        let variables = Settings { config: None, set }.variables(sink());
        let expected = [("SEKISHO_VAULT__KEEP", "all"), ("SEKISHO_OUTER__DOMAINS", "a.example,b.example")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(variables, expected);
    }

    #[test]
    fn nothing_that_a_file_names_is_written_to() {
        let settings = Settings { config: Some("site.toml".into()), set: Vec::new() };
        let variables = settings.variables(sink());
        assert!(variables.contains(&("SEKISHO_ORIGINAL__DELIVER".to_owned(), "smtp://127.0.0.1:25".to_owned())));
        assert_eq!(settings.arguments(), ["--config", "site.toml"]);
    }

    #[test]
    fn nonsense_and_what_is_the_gateways_own_is_refused() {
        for text in ["worker", "worker=1", "worker.count", "Worker.count=1", "outer.listen=127.0.0.1:1", "a..b=1"] {
            assert!(text.parse::<Setting>().is_err(), "{text}");
        }
        let variant: Variant = "single=worker.count=1".parse().unwrap();
        assert_eq!((variant.name.as_str(), variant.setting), ("single", "worker.count=1".parse().unwrap()));
        for text in ["single", "=worker.count=1", "a b=worker.count=1"] {
            assert!(text.parse::<Variant>().is_err(), "{text}");
        }
    }
}
