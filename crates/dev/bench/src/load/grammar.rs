//! The grammar of the command line, in both languages.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, ArgAction, Command, Error, value_parser};

use super::values;
use super::words::Language;
use crate::settings::Setting;

/// One of two wordings.
type Pick<'a> = &'a dyn Fn(&'static str, &'static str) -> &'static str;

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
        .args(targets(&t))
        .args(private(&t))
        .args(pace(&t))
        .args(extent(&t))
        .args(output(&t))
        .arg(Arg::new("program").long("program").hide(true).value_name("FILE").value_parser(value_parser!(PathBuf)))
        .arg(Arg::new("help").short('h').long("help").action(ArgAction::Help).help(t("この説明を表示", "Print help")))
}

fn option(id: &'static str, name: &'static str, parser: impl Into<ValueParser>, help: &'static str) -> Arg {
    Arg::new(id).long(id).value_name(name).value_parser(parser.into()).help(help)
}

fn flag(id: &'static str, help: &'static str) -> Arg {
    Arg::new(id).long(id).action(ArgAction::SetTrue).help(help)
}

fn targets(t: Pick<'_>) -> [Arg; 6] {
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
            ValueParser::new(values::domain),
            t(
                "宛先のドメイン (既定: bench.example)。宛先は m番号@ドメイン",
                "Domain of the recipients, mNUMBER@DOMAIN (default: bench.example)",
            ),
        ),
    ]
}

/// What the private gateway is told.
fn private(t: Pick<'_>) -> [Arg; 3] {
    [
        option(
            "config",
            "FILE",
            value_parser!(PathBuf),
            t(
                "専用のゲートウェイをこの設定ファイルで動かす。受信・配送などの場所だけは専用のものに置き換える",
                "Run the private gateway with this configuration file; only where it listens and delivers is replaced",
            ),
        )
        .conflicts_with("to"),
        option(
            "set",
            "SECTION.KEY=VALUE",
            ValueParser::new(str::parse::<Setting>),
            t(
                "専用のゲートウェイの設定を1つ変える (例: --set worker.count=1)。繰り返せる",
                "Change one setting of the private gateway, as in --set worker.count=1; may be repeated",
            ),
        )
        .action(ArgAction::Append)
        .conflicts_with("to"),
        option(
            "dir",
            "DIR",
            value_parser!(PathBuf),
            t(
                "専用のゲートウェイの状態を置く場所。ディスク上に限る (既定: /var/tmp)",
                "Where a private gateway keeps its state; must be on a disk (default: /var/tmp)",
            ),
        ),
    ]
}

/// How fast.
fn pace(t: Pick<'_>) -> [Arg; 4] {
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
            ValueParser::new(values::rate),
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
            ValueParser::new(values::positive),
            t("--ramp で許す p99 (ミリ秒、既定: 1000)", "p99 that a ramp allows, in milliseconds (default: 1000)"),
        ),
    ]
}

/// How long, of what.
fn extent(t: Pick<'_>) -> [Arg; 5] {
    [
        option(
            "duration",
            "TIME",
            ValueParser::new(values::time),
            t(
                "測る時間。30s、5m など (既定: 10s。--ramp では1段 5s)",
                "How long, as in 30s or 5m (default: 10s; each step of a ramp 5s)",
            ),
        ),
        option("count", "N", value_parser!(u64).range(1..), t("N 通で終わる", "End after N mails")),
        option(
            "warm-up",
            "TIME",
            ValueParser::new(values::time),
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
            ValueParser::new(values::time),
            t(
                "この間何も届かなければ、残りを紛失とみなす (既定: 30s)",
                "When nothing has come for so long, what is missing is lost (default: 30s)",
            ),
        ),
    ]
}

fn output(t: Pick<'_>) -> [Arg; 4] {
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
