//! The grammar of the command line, in both languages.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::ValueParser;
use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command, Error, value_parser};

use super::words::Language;

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
        let asked = matches.get_one::<Duration>("duration").copied();
        let duration = match (asked, ramp, count) {
            (Some(asked), _, _) => Some(asked),
            (None, true, _) => Some(Duration::from_secs(5)),
            (None, false, Some(_)) => None,
            (None, false, None) => Some(Duration::from_secs(10)),
        };
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
            dir: path("dir").unwrap_or_else(|| PathBuf::from("/var/tmp")),
            json: matches.get_flag("json"),
            html: path("html"),
            compare: path("compare"),
            program: path("program"),
        }
    }
}

/// The whole grammar.
pub fn command(language: Language) -> Command {
    let t = |ja, en| language.pick::<&'static str>(ja, en);
    let heading = t("オプション", "Options");
    let source = Arg::new("source").value_name("SOURCE").num_args(0..).value_parser(value_parser!(PathBuf)).help(t(
        "メール: town-130、city-3000、prefecture-22000 のいずれか、または mbox・Maildir・.eml のファイルやフォルダー (既定: town-130)",
        "Mails: town-130, city-3000 or prefecture-22000, or files and folders of mbox, Maildir, .eml (default: town-130)",
    ));
    Command::new("sekisho bench")
        .bin_name("sekisho bench")
        .about(t(
            "見本のメールを流し、処理量・待ち時間・CPU・メモリ・紛失の有無を測る",
            "Send sample mails and measure throughput, latency, CPU, memory and losses",
        ))
        .help_template(t("{about}\n\n使い方: {usage}\n\n{all-args}\n", "{about}\n\nUsage: {usage}\n\n{all-args}\n"))
        .disable_help_flag(true)
        .next_help_heading(heading)
        .arg(source.help_heading(t("引数", "Arguments")))
        .args(targets(t))
        .args(load(t))
        .args(output(t))
        .arg(Arg::new("program").long("program").hide(true).value_name("FILE").value_parser(value_parser!(PathBuf)))
        .arg(Arg::new("help").short('h').long("help").action(ArgAction::Help).help(t("この説明を表示", "Print help")))
}

fn option(id: &'static str, name: &'static str, parser: impl Into<ValueParser>, help: &'static str) -> Arg {
    Arg::new(id).long(id).value_name(name).value_parser(parser.into()).help(help)
}

fn flag(id: &'static str, help: &'static str) -> Arg {
    Arg::new(id).long(id).action(ArgAction::SetTrue).help(help)
}

fn targets(t: impl Fn(&'static str, &'static str) -> &'static str) -> [Arg; 6] {
    [
        option(
            "to",
            "HOST:PORT",
            ValueParser::string(),
            t(
                "動いている受信サーバーへ送る (既定: 専用のゲートウェイを起動して測る)",
                "Send to a running receiver (default: start a private gateway)",
            ),
        ),
        option(
            "sink",
            "ADDR:PORT",
            value_parser!(SocketAddr),
            t(
                "その配送先としてここで受ける。なければ受信だけを測る",
                "Listen here as where that one delivers; without it only acceptance is measured",
            ),
        )
        .requires("to"),
        option(
            "against",
            "HOST:PORT",
            ValueParser::string(),
            t(
                "別の受信サーバーも同じ方法で交互に測り、比を示す",
                "Measure another receiver in the same way, in turns, and print ratios",
            ),
        )
        .conflicts_with("ramp"),
        option(
            "against-sink",
            "ADDR:PORT",
            value_parser!(SocketAddr),
            t("その配送先としてここで受ける", "Listen here as where the other one delivers"),
        )
        .requires("against"),
        option(
            "rounds",
            "N",
            value_parser!(u32).range(1..=100),
            t("--against で交互に測る回数 (既定: 3)", "Rounds with --against (default: 3)"),
        ),
        option(
            "domain",
            "DOMAIN",
            ValueParser::new(domain),
            t(
                "宛先のドメイン (既定: bench.example)。宛先は m番号@ドメイン",
                "Domain of the recipients, mNUMBER@DOMAIN (default: bench.example)",
            ),
        ),
    ]
}

fn load(t: impl Fn(&'static str, &'static str) -> &'static str) -> [Arg; 9] {
    [
        option(
            "connections",
            "N",
            value_parser!(u16).range(1..=10_000),
            t(
                "同時接続数 (既定: 10。--rate と --ramp では上限で 50)",
                "Connections at one time (default: 10; with --rate and --ramp at most, 50)",
            ),
        ),
        option(
            "rate",
            "R",
            ValueParser::new(rate),
            t(
                "毎秒 R 通を一定の間隔で送る。peak なら組み込みの構成のピーク。待ち時間は送る予定の時刻から数える",
                "Send R mails a second, evenly, or peak for the peak of a profile; latency counts from when each was due",
            ),
        ),
        flag(
            "ramp",
            t(
                "遅れずに処理できる限界を探す (倍々に上げ、超えたら間を狭める)",
                "Look for the highest rate that it keeps up with: double, then halve the gap",
            ),
        ),
        option(
            "p99",
            "MS",
            ValueParser::new(positive),
            t("--ramp で許す p99 (ミリ秒、既定: 1000)", "p99 that a ramp allows, in milliseconds (default: 1000)"),
        ),
        option(
            "duration",
            "TIME",
            ValueParser::new(time),
            t(
                "測る時間。30s、5m など (既定: 10s。--ramp では1段 5s)",
                "How long, as in 30s or 5m (default: 10s; each step of a ramp 5s)",
            ),
        ),
        option("count", "N", value_parser!(u64).range(1..), t("N 通で終わる", "End after N mails")),
        option(
            "warm-up",
            "TIME",
            ValueParser::new(time),
            t(
                "最初のこの時間は測定値に入れない (既定: --duration の1割)",
                "Leave the first of it out of the figures (default: a tenth of --duration)",
            ),
        ),
        option(
            "seed",
            "N",
            value_parser!(u64),
            t(
                "組み込みの構成を作る乱数の種 (既定: 1)。同じ種から同じメールができる",
                "Seed of a built-in profile (default: 1): the same seed makes the same mails",
            ),
        ),
        option(
            "patience",
            "TIME",
            ValueParser::new(time),
            t(
                "この間何も届かなければ、残りを紛失とみなす (既定: 30s)",
                "When nothing has come for so long, what is missing is lost (default: 30s)",
            ),
        ),
    ]
}

fn output(t: impl Fn(&'static str, &'static str) -> &'static str) -> [Arg; 5] {
    let file = || value_parser!(PathBuf);
    [
        flag("json", t("JSONで出力", "Print JSON")),
        option(
            "html",
            "FILE",
            file(),
            t("図入りの報告をこのファイルに書く", "Write a report with charts to this file"),
        ),
        option(
            "compare",
            "OLD.json",
            file(),
            t("前回の --json の結果との差を示す", "Print the differences to an older run's --json"),
        ),
        option(
            "dir",
            "DIR",
            file(),
            t(
                "専用のゲートウェイの状態を置く場所。ディスク上に限る (既定: /var/tmp)",
                "Where a private gateway keeps its state; must be on a disk (default: /var/tmp)",
            ),
        ),
        option(
            "lang",
            "ja|en",
            ["ja", "en"],
            t("表示言語 (既定: ロケール)", "Language of the output (default: the locale's)"),
        )
        .hide_possible_values(true),
    ]
}

/// What is wrong with a command line. clap's own words are English.
pub fn complaint(error: &Error, language: Language) -> String {
    let of = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let (arg, value) = (of(ContextKind::InvalidArg), of(ContextKind::InvalidValue));
    let japanese = match error.kind() {
        ErrorKind::UnknownArgument => format!("{arg} というオプションはありません。"),
        ErrorKind::MissingRequiredArgument => format!("必要な引数がありません: {arg}"),
        ErrorKind::InvalidValue if value.is_empty() => format!("{arg} に値がありません。"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => format!("{arg} に {value} は使えません。"),
        ErrorKind::ArgumentConflict => format!("{arg} を同時に、または二度指定することはできません。"),
        _ => "コマンドの書き方が正しくありません。".to_owned(),
    };
    match language {
        Language::En => error.render().to_string(),
        Language::Ja => format!("sekisho bench: {japanese}\n使い方は --help で表示されます。\n"),
    }
}

/// What `--rate` says.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rate {
    /// Mails a second.
    Mails(f64),
    /// Those of the profile's busiest minute.
    Peak,
}

fn rate(text: &str) -> Result<Rate, String> {
    if text == "peak" {
        return Ok(Rate::Peak);
    }
    positive(text).map(Rate::Mails).map_err(|why| format!("{why}; or peak"))
}

fn positive(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| *value >= 0.001 && *value <= 1e6);
    value.ok_or_else(|| "a number above 0, at most 1000000".to_owned())
}

/// A number of seconds, or with `ms`, `s`, `m`, `h`.
fn time(text: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let (number, unit) =
        units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor))).unwrap_or((text, 1.0));
    let seconds = number.parse().ok().map(|number: f64| number * unit);
    let seconds = seconds.filter(|seconds| (0.0..=604_800.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "a time as in 30s, 5m, 1h; at most a week".to_owned())
}

/// RFC 5321 4.1.2: it goes into commands as it is.
fn domain(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.'));
    if plain && !text.is_empty() && text.len() <= 255 { Ok(text.to_owned()) } else { Err("a domain name".to_owned()) }
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
            &["--open"],
        ] {
            assert!(read(words).is_err(), "{words:?}");
        }
    }
}
