//! The grammar of `sekisho vault`.

use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::{Arg, Command, value_parser};
use sekisho_vault::KeyId;

use crate::cli::reason;

/// The subcommand; `t` picks one of two languages.
pub(crate) fn grammar(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let new = making(Command::new("new"), &t)
        .about(t("鍵ファイルを新しく作る（上書きしない）", "Make a key file with a new key; never overwrites"));
    let add = making(Command::new("add"), &t).about(t(
        "鍵ファイルの先頭に新しい鍵を加える（続けて vault rotate）",
        "Put a new key first in a key file (then: vault rotate)",
    ));
    let key = Command::new("key")
        .about(t("鍵ファイルの作成と鍵の追加", "Make key files and keys"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([new, add]);
    let rotate = Command::new("rotate")
        .about(t(
            "すべての原本の鍵を、鍵ファイルの先頭の鍵で包み直す",
            "Wrap the keys of all originals under the first key of the file",
        ))
        .arg(reason(&t));
    let status = Command::new("status")
        .about(t("原本の容量と、鍵ごとの原本の数を表示", "Show how full the vault is, and originals by key"));
    Command::new("vault")
        .about(t("原本の暗号鍵", "The keys that originals are sealed under"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([key, rotate, status])
}

fn making(command: Command, t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let id = |text: &str| KeyId::new(text).ok_or("1 to 32 letters, digits, '.', '_' or '-'");
    command
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help(t("鍵ファイル（設定の vault.key_file）", "The key file (vault.key_file in the configuration)")),
        )
        .arg(Arg::new("name").long("name").value_name("NAME").value_parser(ValueParser::new(id)).help(t(
            "鍵の名前（英数字と . _ - の1～32文字。既定: 今日の日付）",
            "The key's name: 1 to 32 letters, digits, . _ - (default: today's date)",
        )))
}
