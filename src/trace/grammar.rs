//! The grammar of `sekisho trace`.

use clap::{Arg, Command, value_parser};

use crate::cli::{ids, side};
use crate::quarantine::grammar::{filters, saved};

/// The subcommand; `t` picks one of two languages.
pub(crate) fn grammar(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    // What a list calls the code of a reason may be called so here, too.
    let filters = filters(&t).into_iter().map(|arg| match arg.get_id() {
        id if id == "code" => arg.visible_alias("reason"),
        id if id == "state" => arg.help(t("状態（既定: すべて）", "State (default: all)")),
        _ => arg,
    });
    Command::new("trace")
        .about(t(
            "メールが今どこにあるかを、両側の時刻とともに表示（番号、アドレス、日時、件名、ハッシュで探す）",
            "Show where a mail is now, with its times on both sides; by id, address, time, subject, hash",
        ))
        .arg(ids(&t))
        .args(filters)
        .arg(saved(&t))
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..=1000))
                .default_value("10")
                .help(t("最大件数（新しい順）", "At most so many, newest first")),
        )
        .arg(side(&t))
}
