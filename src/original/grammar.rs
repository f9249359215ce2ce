//! The grammar of `sekisho original`.

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Command};
use sekisho_safe_message::MailId;

use crate::cli::{address, ids, reason};
use crate::quarantine::grammar::{filters, paging, saved};

/// A request on the command line: its mail, and its number where there are
/// several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) id: MailId,
    pub(crate) number: Option<u32>,
}

/// The subcommand; `t` picks one of two languages.
pub(crate) fn grammar(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("original")
        .about(t(
            "原本の申請、承認、配送（インターネット側のメールボックスへ。LGWANには入らない）",
            "Originals: request, approve, deliver to Internet-side mailboxes; never into LGWAN",
        ))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([request(&t), list(&t)])
        .subcommand(decide(
            "approve",
            t("申請を承認（申請した人とは別の人）", "Approve a request, as a second person"),
            &t,
        ))
        .subcommand(decide("reject", t("申請を却下", "Reject a request"), &t))
        .subcommand(Command::new("deliver").about(t("承認済みの原本を今すぐ配送", "Deliver approved originals now")))
}

fn request(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("request")
        .about(t("原本を申請", "Ask for an original"))
        .arg(ids(&t).required(true))
        .arg(
            Arg::new("for")
                .long("for")
                .value_name("ADDR")
                .action(ArgAction::Append)
                .value_parser(address())
                .help(t("この宛先だけに（既定: 全員。複数可）", "For this recipient only (default: all)")),
        )
        .arg(Arg::new("zip").long("zip").action(ArgAction::SetTrue).help(t(
            "暗号化zipで（パスワードは承認者に表示）",
            "As an encrypted zip; who approves is told its password",
        )))
        .arg(reason(&t))
}

fn list(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    // Here the state is that of the request; of the mail it says nothing.
    let filters = filters(&t).into_iter().filter(|arg| arg.get_id() != "state" && arg.get_id() != "requested");
    Command::new("list")
        .about(t("原本の申請の一覧", "List requests for originals"))
        .args(filters)
        .arg(saved(&t))
        .arg(
            Arg::new("request-state")
                .long("state")
                .value_name("STATE")
                .action(ArgAction::Append)
                .value_parser(["pending", "approved", "delivered", "rejected", "failed", "all"])
                .help(t("申請の状態（既定: pending）", "State of the request (default: pending)")),
        )
        .args(paging(&t))
}

fn decide(name: &'static str, about: &'static str, t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new(name)
        .about(about)
        .arg(
            Arg::new("request")
                .value_name("ID[#N]")
                .required(true)
                .num_args(1..)
                .value_parser(ValueParser::new(|text: &str| named(text).ok_or("not a request")))
                .help(t(
                    "管理番号（申請が複数あるときは #番号 を付ける）",
                    "The mail's id, with #N where it has several",
                )),
        )
        .arg(reason(&t))
}

fn named(text: &str) -> Option<Named> {
    let (id, number) = match text.split_once('#') {
        Some((id, number)) => (id, Some(number.parse().ok().filter(|number| *number > 0)?)),
        None => (text, None),
    };
    Some(Named { id: id.to_ascii_uppercase().parse().ok()?, number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_named_by_mail_and_number() {
        let id = MailId::new(7, [1; 10]);
        assert_eq!(named(&id.to_string()), Some(Named { id, number: None }));
        assert_eq!(named(&format!("{id}#2").to_lowercase()), Some(Named { id, number: Some(2) }));
        for wrong in ["", "#1", "x#1"] {
            assert_eq!(named(wrong), None, "{wrong}");
        }
        assert_eq!([named(&format!("{id}#0")), named(&format!("{id}#")), named(&format!("{id}#1#1"))], [None; 3]);
    }
}
