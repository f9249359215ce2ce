//! The grammar of `sekisho policy`.

use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Command, value_parser};
use sekisho_policy::{Day, Kind, Policy, octets};
use sekisho_safe_message::AuthResult;

use crate::cli::address;

/// What is wrong with a value, for clap, which says which it was.
const WRONG: &str = "not known here";

/// The subcommand; `t` picks one of two languages.
pub(crate) fn grammar(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let explain = Command::new("explain")
        .about(t(
            "ポリシーのルールを言葉で説明（メールやファイルを与えると、どのルールがどう扱うかを表示）",
            "Say in words what each rule does; of given mails and files, which rule decides and what",
        ))
        .arg(given(&t))
        .args(chosen(&t));
    Command::new("policy")
        .about(t("ポリシー（ファイルの扱い）の確認", "Look at policies: what becomes of files"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([explain, test(&t)])
}

/// Mails (`.eml`) and files to be decided about.
fn given(t: impl Fn(&'static str, &'static str) -> &'static str) -> Arg {
    Arg::new("input")
        .value_name("FILE")
        .num_args(1..)
        .value_parser(value_parser!(PathBuf))
        .help(t("メール（.eml）、ファイル、またはディレクトリ", "Mails (.eml), files, or directories"))
}

/// Which policy; without either the one in force.
fn chosen(t: impl Fn(&'static str, &'static str) -> &'static str) -> [Arg; 2] {
    let file = Arg::new("policy").long("policy").value_name("FILE").value_parser(value_parser!(PathBuf));
    let profile = Arg::new("profile").long("profile").value_name("NAME").value_parser(Policy::BUILT_IN);
    [
        file.help(t("ポリシーのファイル（既定: 設定のもの）", "A policy's file (default: the one in force)")),
        profile.conflicts_with("policy").help(t("組み込みのポリシー", "A built-in policy")),
    ]
}

fn test(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let fact = |id: &'static str, value: &'static str, parser: ValueParser, help: &'static str| {
        Arg::new(id).long(id).value_name(value).value_parser(parser).help(help)
    };
    let flag = |id: &'static str, help: &'static str| Arg::new(id).long(id).action(ArgAction::SetTrue).help(help);
    let kind = parser(Kind::from_code);
    Command::new("test")
        .about(t(
            "ファイルの条件を与え、どのルールがどう扱うかを表示（メールやファイルを与えると、現在のポリシーとの違いだけを表示）",
            "Show which rule decides about a file, and what; of given mails and files, what changes against the policy in force",
        ))
        .arg(given(&t))
        .args(chosen(&t))
        .arg(
            fact("kind", "KIND", kind, t("種類の符号（pdf、xlsx など）", "Code of its kind (pdf, xlsx)"))
                .required_unless_present("input"),
        )
        .arg(fact("size", "SIZE", parser(octets), t("大きさ（既定: 100KiB）", "Its size (default: 100KiB)")))
        .arg(fact("name", "NAME", value_parser!(String), t("ファイル名", "Its name")))
        .arg(fact("sender", "ADDR", address(), t("差出人", "The sender")))
        .arg(fact(
            "author",
            "ADDR",
            address(),
            t("ヘッダーの差出人（既定: 差出人と同じ）", "The author in the header (default: the sender)"),
        ))
        .arg(
            fact("recipient", "ADDR", address(), t("宛先（複数可）", "A recipient (may be given more than once)"))
                .action(ArgAction::Append),
        )
        .args(["spf", "dkim", "dmarc", "arc"].map(|check| {
            fact(
                check,
                "RESULT",
                parser(AuthResult::parse),
                t("認証の結果（pass など）", "Its result (pass and so on)"),
            )
        }))
        .arg(fact(
            "depth",
            "N",
            value_parser!(u32).into(),
            t("書庫やメールの入れ子の深さ（既定: 0）", "How many archives and mails it lies in (default: 0)"),
        ))
        .arg(flag("encrypted", t("パスワードがかかっている", "It needs a password")))
        .arg(flag("signed", t("署名がある", "It is signed")))
        .arg(flag("mismatch", t("名前と中身が食い違う", "Its name says another kind")))
        .arg(flag("polyglot", t("別の形式が重なっている", "It is two formats in one")))
        .arg(flag("inline", t("本文中に表示される画像", "A picture shown inside the text")))
        .arg(fact(
            "on",
            "DAY",
            parser(Day::parse),
            t(
                "この日に届いたとして（例: 2027-03-31。既定: 今日）",
                "As if it came that day (2027-03-31; default: today)",
            ),
        ))
}

fn parser<T: Clone + Send + Sync + 'static>(
    parse: impl Fn(&str) -> Option<T> + Clone + Send + Sync + 'static,
) -> ValueParser {
    ValueParser::new(move |text: &str| parse(text).ok_or(WRONG))
}
