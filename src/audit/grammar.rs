//! The grammar of `sekisho audit`.

use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Command, value_parser};
use sekisho_audit::PublicKey;
use sekisho_safe_message::Sha256;

use crate::cli::side;

/// What is wrong with a value, for clap, which says which it was.
const WRONG: &str = "not known here";

/// An entry that was noted elsewhere: its number and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) number: u64,
    pub(crate) hash: Sha256,
}

impl Noted {
    /// `NUMBER:HASH`, as `audit verify` and the event `audit.checkpoint` write
    /// it.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (number, hash) = text.split_once(':').ok_or(WRONG)?;
        let number = number.parse().map_err(|_| WRONG)?;
        Ok(Self { number, hash: Sha256::try_from(hash.to_ascii_lowercase()).map_err(|_| WRONG)? })
    }
}

/// The subcommand; `t` picks one of two languages.
pub(crate) fn grammar(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("audit")
        .about(t("監査記録の検査と書き出し", "Check the audit record, and write it out"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([verify(&t), export(&t)])
}

fn verify(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let key = |text: &str| PublicKey::try_from(text.to_ascii_lowercase()).map_err(|_| WRONG);
    Command::new("verify")
        .about(t(
            "監査記録の書き換え、欠落、入れ替えがないかを調べ、あれば場所を示す",
            "Look for any change, removal or reordering in the audit record, and say where",
        ))
        .arg(Arg::new("input").value_name("FILE").value_parser(value_parser!(PathBuf)).help(t(
            "audit export で書き出したファイル（既定: 動いている両側のプログラムに問い合わせる）",
            "A file that `audit export` wrote (default: ask the running programs of both sides)",
        )))
        .arg(side(&t))
        .arg(
            Arg::new("checkpoint")
                .long("checkpoint")
                .value_name("NUMBER:HASH")
                .action(ArgAction::Append)
                .requires("side")
                .value_parser(ValueParser::new(Noted::parse))
                .help(t(
                    "控えておいた記録の番号とハッシュ値（複数可。--side が要る）",
                    "Number and hash of an entry as noted elsewhere (may be given more than once; needs --side)",
                )),
        )
        .arg(
            Arg::new("key")
                .long("key")
                .value_name("KEY")
                .action(ArgAction::Append)
                .value_parser(ValueParser::new(key))
                .help(t(
                    "署名を確かめる公開鍵（複数可。既定: 記録の最初の署名の鍵）",
                    "Public key that may have signed (may be given more than once; default: the first that did)",
                )),
        )
}

fn export(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let day = |id: &'static str, help: &'static str| Arg::new(id).long(id).value_name("DAY").help(help);
    Command::new("export")
        .about(t(
            "監査記録を標準出力に書き出す（1行1件のJSON。audit verify で検査できる）",
            "Write the audit record to standard output (JSON lines, which `audit verify` checks)",
        ))
        .arg(day(
            "since",
            t("この日から（例: 2026-11-24。日本時間）", "From this day on (2026-11-24; Japan Standard Time)"),
        ))
        .arg(day("until", t("この日まで（その日を含む）", "Up to this day, the day included")))
        .arg(
            Arg::new("csv")
                .long("csv")
                .action(ArgAction::SetTrue)
                .conflicts_with("json")
                .help(t("表計算ソフト用のCSV（UTF-8）で書く", "Write CSV for spreadsheets (UTF-8)")),
        )
        .arg(side(&t))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn notes() {
        let hash = Sha256::of(b"x");
        assert_eq!(Noted::parse(&format!("12:{hash}")), Ok(Noted { number: 12, hash }));
        assert_eq!(Noted::parse(&format!("12:{}", hash.to_string().to_uppercase())).unwrap().hash, hash);
        for bad in ["", "12", "12:", "x:00", ":", &format!("-1:{hash}")] {
            assert!(Noted::parse(bad).is_err(), "{bad}");
        }
    }
}
