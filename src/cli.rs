//! The grammar of the command line, in both languages.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, ArgAction, Command, Error, value_parser};
use sekisho_safe_message::{Address, Language, MailId, SafeLine};

use crate::lang::pick;
use crate::quarantine::targets::Given;

/// The command that another program answers.
const BENCH: &str = "bench";

/// The whole command.
pub(crate) fn command(language: Language) -> Command {
    let t = |ja, en| pick(language, ja, en);
    let flag =
        |id: &'static str, help: &'static str| Arg::new(id).long(id).action(ArgAction::SetTrue).global(true).help(help);
    let whole = Command::new("sekisho")
        .version(env!("CARGO_PKG_VERSION"))
        .about(t(
            "関所: メール無害化ゲートウェイの操作コマンド",
            "Sekisho: the operator's command of the content-disarm mail gateway",
        ))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_version_flag(true)
        .next_help_heading(t("共通オプション", "Common options"))
        .arg(
            path(
                "config",
                t(
                    "設定ファイル（既定: なし、ループバックのみの安全な設定）",
                    "Configuration file (default: none, safe loopback settings)",
                ),
            )
            .global(true),
        )
        .arg(flag("json", t("JSONで出力（一覧は1行1件）", "Print JSON (lists: one object a line)")))
        .arg(
            Arg::new("lang")
                .long("lang")
                .global(true)
                .value_parser(["ja", "en"])
                .help(t("表示言語（既定: ロケール）", "Language of the output (default: the locale's)")),
        )
        .next_help_heading(None)
        .arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help(t("版を表示", "Print the version")),
        )
        .subcommands([
            serve(t),
            demo(t),
            sanitize(t),
            disarm(t),
            verify(t),
            show(t),
            queue(t),
            crate::trace::grammar(t),
            crate::quarantine::grammar(t),
            crate::original::grammar(t),
            crate::vault::grammar(t),
            crate::audit::grammar(t),
            crate::policy::grammar(t),
            config(t),
            status(t),
            crate::metrics::grammar(t),
            check(t),
            bench(t),
        ]);
    localized(whole, language)
}

/// What clap says in English of its own accord, in the reader's language.
fn localized(command: Command, language: Language) -> Command {
    if command.get_name() == BENCH {
        // Its help is that of the program that it starts.
        return command.disable_help_flag(true);
    }
    let t = |ja, en| pick(language, ja, en);
    let template = t("{about}\n\n使い方: {usage}\n\n{all-args}\n", "{about}\n\nUsage: {usage}\n\n{all-args}\n");
    command
        .help_template(template)
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .subcommand_help_heading(t("コマンド", "Commands"))
        .arg(Arg::new("help").short('h').long("help").action(ArgAction::Help).help(t("この説明を表示", "Print help")))
        .mut_args(move |arg| described(arg, language))
        .mut_subcommands(move |sub| localized(sub, language))
}

/// An argument under a heading of ours, its choices and default in our words.
fn described(arg: Arg, language: Language) -> Arg {
    let t = |ja, en| pick(language, ja, en);
    let heading = match (arg.get_help_heading(), arg.is_positional()) {
        (Some(_), _) => None,
        (None, true) => Some(t("引数", "Arguments")),
        (None, false) => Some(t("オプション", "Options")),
    };
    let arg = match heading {
        Some(heading) => arg.help_heading(heading),
        None => arg,
    };
    if !arg.get_action().takes_values() {
        return arg;
    }
    let mut help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let choices: Vec<_> = arg.get_possible_values().iter().map(|choice| choice.get_name().to_owned()).collect();
    if !choices.is_empty() {
        help.push_str(&format!(" [{}]", choices.join(" | ")));
    }
    if let Some(default) = arg.get_default_values().first() {
        help.push_str(&format!(" [{}: {}]", t("既定", "default"), default.display()));
    }
    arg.help(help).hide_possible_values(true).hide_default_value(true)
}

/// What is wrong with a command line. clap's own words are English.
pub(crate) fn complaint(error: &Error, language: Language) -> String {
    let of = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let (arg, value) = (of(ContextKind::InvalidArg), of(ContextKind::InvalidValue));
    let japanese = match error.kind() {
        ErrorKind::InvalidSubcommand => format!("{} というコマンドはありません。", of(ContextKind::InvalidSubcommand)),
        ErrorKind::UnknownArgument => format!("{arg} というオプションはありません。"),
        ErrorKind::MissingRequiredArgument => format!("必要な引数がありません: {arg}"),
        ErrorKind::InvalidValue if value.is_empty() => format!("{arg} に値がありません。"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => format!("{arg} に {value} は使えません。"),
        ErrorKind::ArgumentConflict => format!("{arg} を同時に、または二度指定することはできません。"),
        _ => "コマンドの書き方が正しくありません。".to_owned(),
    };
    match language {
        Language::En => error.render().to_string(),
        Language::Ja => format!("sekisho: {japanese}\n使い方は --help で表示されます。\n"),
    }
}

fn path(id: &'static str, help: &'static str) -> Arg {
    Arg::new(id).long(id).value_name("FILE").value_parser(value_parser!(PathBuf)).help(help)
}

fn serve(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("serve").about(t("ゲートウェイ全体を1台で起動", "Run the whole gateway on one host"))
}

fn demo(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("demo")
        .about(t(
            "見本のメールを実際にSMTPで送り、無害化の前後を表示",
            "Send sample mails through real SMTP and show before and after",
        ))
        .arg(Arg::new("once").long("once").action(ArgAction::SetTrue).help(t(
            "表示し終えたら終了（既定: 動き続け、メールソフトから試せる）",
            "End when all are shown (default: keep running, for any mail client to try)",
        )))
        .arg(
            Arg::new("listen")
                .long("listen")
                .value_name("ADDR:PORT")
                .default_value("127.0.0.1:2525")
                .value_parser(value_parser!(std::net::SocketAddr))
                .help(t("受信するアドレス", "Address to receive on")),
        )
}

fn disarm(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("disarm")
        .about(t(
            "ファイルを無害化（メールの添付ファイルと同じ処理をその場で行う）",
            "Disarm files offline, as attachments are",
        ))
        .arg(inputs(t("ファイルまたはディレクトリ", "Files or directories")))
        .arg(Arg::new("out").long("out").value_name("DIR").required(true).value_parser(value_parser!(PathBuf)).help(t(
            "結果をこのディレクトリに書く（元の名前に無害化後の拡張子が付く）",
            "Write results to this directory, under the inputs' names with our endings",
        )))
        .arg(path("report", t("報告をJSONで書く（1行1ファイル）", "Write a report in JSON, one line a file")))
        .arg(profile(&t))
        .arg(now(&t))
}

fn profile(t: impl Fn(&'static str, &'static str) -> &'static str) -> Arg {
    Arg::new("profile")
        .long("profile")
        .help(t("添付ファイルの方針（既定: 設定のもの）", "Policy profile (default: that of the settings)"))
        .value_name("NAME")
        .value_parser(["rebuild-or-hold", "pixels", "text-only"])
}

fn now(t: impl Fn(&'static str, &'static str) -> &'static str) -> Arg {
    Arg::new("now")
        .long("now")
        .help(t(
            "受信時刻（1970年からの秒）。同じ入力から同じ結果を作る",
            "Time of arrival, seconds since 1970: makes output reproducible",
        ))
        .value_name("SECONDS")
        .value_parser(value_parser!(u64))
}

fn sanitize(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let text = |id: &'static str, help: &'static str| Arg::new(id).long(id).help(help);
    Command::new("sanitize")
        .about(t(
            "メールのファイルを無害化（ゲートウェイと同じ処理をその場で行う）",
            "Sanitize mail files offline, through the same pipeline",
        ))
        .arg(inputs(t(
            "メールのファイル、ディレクトリ、または - （標準入力）",
            "Mail files, directories, or - for standard input",
        )))
        .arg(Arg::new("out").long("out").value_name("DIR").value_parser(value_parser!(PathBuf)).help(t(
            "結果を同じ名前でこのディレクトリに書く（既定: 標準出力）",
            "Write results under the same names to this directory (default: standard output)",
        )))
        .arg(path("report", t("報告をJSONで書く（1行1通）", "Write a report in JSON, one line a mail")))
        .arg(
            text("from", t("エンベロープの差出人（既定: 空）", "Envelope sender (default: the null sender)"))
                .value_name("ADDR")
                .value_parser(address()),
        )
        .arg(
            text("to", t("エンベロープの宛先（複数可）", "Envelope recipient (may be given more than once)"))
                .value_name("ADDR")
                .action(ArgAction::Append)
                .value_parser(address()),
        )
        .arg(profile(&t))
        .arg(
            text("id", t("付ける管理番号（1通のときだけ）", "Id to use (one mail only)"))
                .value_name("ULID")
                .value_parser(mail_id()),
        )
        .arg(now(&t))
}

fn verify(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("verify")
        .about(t("無害化後のメールを独立した検証器で確かめる", "Check sanitized mails with the independent verifier"))
        .arg(inputs(t("無害化後のメール、ディレクトリ、または -", "Sanitized mails, directories, or -")))
}

fn show(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("show")
        .about(t("1通の行方と、施した処理をすべて表示", "Show where a mail is and all that was done to it"))
        .arg(id(t("管理番号", "The mail's id")))
        .arg(side(t))
}

/// On two hosts a command can ask only the program of its own.
pub(crate) fn side(t: impl Fn(&'static str, &'static str) -> &'static str) -> Arg {
    Arg::new("side")
        .long("side")
        .value_parser(["outer", "inner"])
        .help(t("片側だけ（既定: 両側）", "One side only (default: both)"))
}

fn queue(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let list = Command::new("list")
        .about(t("待ち行列と保留の一覧", "List waiting and held mails"))
        .arg(side(&t))
        .arg(
            Arg::new("state")
                .long("state")
                .action(ArgAction::Append)
                .value_parser(["ready", "waiting", "held", "kept", "done", "buried", "all"])
                .help(t("状態で絞る（既定: ready waiting held）", "Only these states (default: ready waiting held)")),
        )
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_parser(value_parser!(u32).range(1..=100_000))
                .default_value("100")
                .help(t("片側あたりの最大件数", "At most so many a side")),
        )
        .arg(
            Arg::new("after")
                .long("after")
                .value_name("ID")
                .value_parser(mail_id())
                .help(t(
                    "この管理番号の次から（1ページ進む。--side が要る）",
                    "Go on behind this id (next page; needs --side)",
                ))
                .requires("side"),
        );
    let retry = Command::new("retry")
        .about(t("待機中・保留中のメールをすぐに処理し直す", "Try a waiting or held mail again at once"))
        .arg(id(t("管理番号", "The mail's id")))
        .arg(reason(&t));
    Command::new("queue")
        .about(t("待ち行列と保留", "Waiting and held mails"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([list, retry])
}

fn config(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("config")
        .about(t("設定の検査と表示", "Check and show the configuration"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("check")
                .about(t("設定を検査し、誤りの行と直し方を示す", "Check it; name each error's line and remedy")),
        )
        .subcommand(
            Command::new("show")
                .about(t("有効な値とその出どころを表示", "Show values in force and where each comes from")),
        )
}

fn status(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("status").about(t("稼働状況を段階ごとに表示", "Show health, stage by stage")).arg(side(t))
}

fn check(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("check").about(t("この機械で安全に動くかを点検", "Check that this machine can run the gateway safely"))
}

/// Everything behind the name is for the program that it starts.
fn bench(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new(BENCH)
        .about(t(
            "見本のメールを流して性能を測る（詳細は sekisho bench --help）",
            "Measure with sample mails what the gateway carries (see sekisho bench --help)",
        ))
        .arg(
            Arg::new("arguments")
                .num_args(0..)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .value_parser(value_parser!(OsString)),
        )
}

fn inputs(help: &'static str) -> Arg {
    Arg::new("input").value_name("FILE").required(true).num_args(1..).value_parser(value_parser!(PathBuf)).help(help)
}

/// Why something is done: compulsory, and not empty.
pub(crate) fn reason(t: impl Fn(&'static str, &'static str) -> &'static str) -> Arg {
    let parse = |text: &str| Some(SafeLine::clean(text).value).filter(|why| !why.is_empty()).ok_or("say why");
    Arg::new("reason")
        .long("reason")
        .value_name("TEXT")
        .required(true)
        .value_parser(ValueParser::new(parse))
        .help(t("理由（記録に残る）", "Why, for the record"))
}

/// Mails by their ids, or `-`.
pub(crate) fn ids(t: impl Fn(&'static str, &'static str) -> &'static str) -> Arg {
    let parse = |text: &str| match text {
        "-" => Ok(Given::Stdin),
        text => text.to_ascii_uppercase().parse::<MailId>().map(Given::Id),
    };
    Arg::new("id")
        .value_name("ID")
        .num_args(1..)
        .value_parser(ValueParser::new(parse))
        .help(t("管理番号（- なら標準入力から、1行に1つ）", "Ids of mails (-: from standard input, one a line)"))
}

pub(crate) fn id(help: &'static str) -> Arg {
    Arg::new("id").value_name("ID").required(true).value_parser(mail_id()).help(help)
}

pub(crate) fn mail_id() -> ValueParser {
    ValueParser::new(|text: &str| text.to_ascii_uppercase().parse::<MailId>().map_err(|err| err.to_string()))
}

pub(crate) fn address() -> ValueParser {
    ValueParser::new(|text: &str| text.parse::<Address>().map_err(|err| err.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_consistent() {
        for language in [Language::Ja, Language::En] {
            command(language).debug_assert();
        }
    }
}
