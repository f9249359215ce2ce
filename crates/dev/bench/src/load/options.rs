//! What a command line asks for.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Error};

use super::grammar::command;
use super::values::Rate;
use super::words::Language;
use crate::settings::{Setting, Settings};

/// The shipped limit of one client's connections: an open loop needs room to
/// be late in.
const OPEN_CONNECTIONS: usize = 50;

/// A closed loop, unless told otherwise.
const CLOSED_CONNECTIONS: usize = 10;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// A profile's name, or files and folders.
    pub sources: Vec<PathBuf>,
    /// A running receiver; without it a private gateway.
    pub to: Option<String>,
    /// Where to listen as its sink.
    pub sink: Option<SocketAddr>,
    /// Another receiver, measured in the same way.
    pub against: Option<String>,
    /// Where to listen as that one's sink.
    pub against_sink: Option<SocketAddr>,
    /// Rounds, with `against`.
    pub rounds: u32,
    /// The domain of recipients.
    pub domain: String,
    /// Connections at one time.
    pub connections: usize,
    /// Mails due a second: an open loop. With `ramp` where to start.
    pub rate: Option<f64>,
    /// The rate is to be that of the profile's busiest minute.
    pub peak: bool,
    /// Look for the knee.
    pub ramp: bool,
    /// 99 of 100 mails may take so many milliseconds in a ramp.
    pub bound: f64,
    /// How long; with `ramp` each step.
    pub duration: Option<Duration>,
    /// Mails at most.
    pub count: Option<u64>,
    /// What is in no rate.
    pub warm_up: Duration,
    /// Of a profile.
    pub seed: u64,
    /// How long nothing may come before what is missing counts as lost.
    pub patience: Duration,
    /// How a private gateway differs from the shipped one.
    pub settings: Settings,
    /// Where a private gateway keeps its state.
    pub dir: PathBuf,
    /// JSON instead of the table.
    pub json: bool,
    /// Where the page goes.
    pub html: Option<PathBuf>,
    /// An older run.
    pub compare: Option<PathBuf>,
    /// The `sekisho` to start; without it the one beside this program.
    pub program: Option<PathBuf>,
}

impl Options {
    /// Reads a command line; its first word is the program's name.
    ///
    /// # Errors
    /// clap's, which may also be the help asked for.
    pub fn read(arguments: impl IntoIterator<Item = OsString>, language: Language) -> Result<Self, Error> {
        Ok(Self::of(&command(language).try_get_matches_from(arguments)?))
    }

    /// With the rate that `--rate peak` stands for; `None` if there is none.
    pub(super) fn with_peak(&self, peak: Option<f64>) -> Option<Self> {
        let rate = if self.peak { Some(peak?) } else { self.rate };
        Some(Self { rate, ..self.clone() })
    }

    fn of(matches: &ArgMatches) -> Self {
        let path = |id: &str| matches.get_one::<PathBuf>(id).cloned();
        let text = |id: &str| matches.get_one::<String>(id).cloned();
        let asked_rate = matches.get_one::<Rate>("rate").copied();
        let rate = asked_rate.and_then(|rate| match rate {
            Rate::Mails(rate) => Some(rate),
            Rate::Peak => None,
        });
        let (ramp, count) = (matches.get_flag("ramp"), matches.get_one::<u64>("count").copied());
        let duration = duration(matches.get_one("duration").copied(), ramp, count);
        // A tenth, so that a short run is not all warm-up; none of a counted one.
        let warm_up = duration.map_or(Duration::ZERO, |duration| (duration / 10).min(Duration::from_secs(5)));
        let open = ramp || asked_rate.is_some();
        let connections = if open { OPEN_CONNECTIONS } else { CLOSED_CONNECTIONS };
        Self {
            sources: matches.get_many::<PathBuf>("source").into_iter().flatten().cloned().collect(),
            to: text("to"),
            sink: matches.get_one("sink").copied(),
            against: text("against"),
            against_sink: matches.get_one("against-sink").copied(),
            rounds: matches.get_one("rounds").copied().unwrap_or(3),
            domain: text("domain").unwrap_or_else(|| crate::ledger::DOMAIN.to_owned()),
            connections: matches.get_one::<u16>("connections").map_or(connections, |count| usize::from(*count)),
            rate,
            peak: asked_rate == Some(Rate::Peak),
            ramp,
            bound: matches.get_one("p99").copied().unwrap_or(1000.0),
            duration,
            count,
            warm_up: matches.get_one("warm-up").copied().unwrap_or(warm_up),
            seed: matches.get_one("seed").copied().unwrap_or(1),
            patience: matches.get_one("patience").copied().unwrap_or(Duration::from_secs(30)),
            settings: Settings {
                config: path("config"),
                set: matches.get_many::<Setting>("set").into_iter().flatten().cloned().collect(),
            },
            dir: path("dir").unwrap_or_else(|| PathBuf::from("/var/tmp")),
            json: matches.get_flag("json"),
            html: path("html"),
            compare: path("compare"),
            program: path("program"),
        }
    }
}

fn duration(asked: Option<Duration>, ramp: bool, count: Option<u64>) -> Option<Duration> {
    match (asked, ramp, count) {
        (Some(asked), _, _) => Some(asked),
        (None, true, _) => Some(Duration::from_secs(5)),
        (None, false, Some(_)) => None,
        (None, false, None) => Some(Duration::from_secs(10)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn read(words: &[&str]) -> Result<Options, Error> {
        Options::read(std::iter::once("x").chain(words.iter().copied()).map(OsString::from), Language::En)
    }

    #[test]
    fn the_grammar_is_consistent() {
        for language in [Language::Ja, Language::En] {
            command(language).debug_assert();
        }
    }

    #[test]
    fn defaults_follow_the_kind_of_load() {
        let of = |words: &[&str]| {
            read(words).map(|options| (options.connections, options.duration, options.warm_up)).unwrap()
        };
        let s = |seconds| Duration::from_secs(seconds);
        assert_eq!(of(&[]), (10, Some(s(10)), s(1)));
        assert_eq!(of(&["--count", "5"]), (10, None, s(0)));
        assert_eq!(of(&["--rate", "5", "--duration", "2m"]), (50, Some(s(120)), s(5)));
        assert_eq!(of(&["--ramp", "--connections", "7", "--warm-up", "0"]), (7, Some(s(5)), s(0)));
    }

    #[test]
    fn the_peak_is_that_of_a_profile() {
        let options = read(&["--rate", "peak"]).unwrap();
        assert_eq!(options.with_peak(Some(5.0)).unwrap().rate, Some(5.0));
        assert!(options.with_peak(None).is_none());
        assert_eq!(read(&["--rate", "7"]).unwrap().with_peak(Some(5.0)).unwrap().rate, Some(7.0));
    }

    #[test]
    fn settings_are_those_of_the_private_gateway() {
        let settings =
            read(&["--config", "x.toml", "--set", "vault.keep=all", "--set", "worker.count=1"]).unwrap().settings;
        let set = ["vault.keep=all", "worker.count=1"].map(|text| text.parse().unwrap());
        assert_eq!(settings, Settings { config: Some("x.toml".into()), set: set.into() });
    }

    #[test]
    fn nonsense_is_refused() {
        for words in [
            &["--sink", "127.0.0.1:1"][..],
            &["--against-sink", "127.0.0.1:1"],
            &["--rate", "0"],
            &["--rate", "nan"],
            &["--duration", "-1s"],
            &["--duration", "1y"],
            &["--connections", "0"],
            &["--domain", "a b"],
            &["--ramp", "--against", "a:1"],
            &["--set", "worker"],
            &["--set", "worker.count=1", "--to", "a:1"],
            &["--config", "x.toml", "--to", "a:1"],
            &["--open"],
        ] {
            assert!(read(words).is_err(), "{words:?}");
        }
    }
}
