//! The grammar of `sekisho quarantine`.

use std::path::PathBuf;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Command, value_parser};
use sekisho_channel::admin::RequestState;
use sekisho_policy::Policy;
use sekisho_safe_message::{SafeLine, Sha256};

use crate::cli::{ids, reason};
use crate::quarantine::export;
use crate::quarantine::list::FIELDS;
use crate::quarantine::pages::Place;

/// The subcommand; `t` picks one of two languages.
pub(crate) fn grammar(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("quarantine")
        .about(t("隔離と保留の確認、解放、削除", "Review what is held and what was kept out"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([list(&t), show(&t), preview(&t), release(&t), delete(&t)])
        .subcommands([hold(&t), unhold(&t), stats(&t), digest(&t)])
        .subcommands([export::grammar(&t), crate::review::grammar(&t)])
}

/// Flags that say which mails.
pub(crate) fn filters(t: impl Fn(&'static str, &'static str) -> &'static str) -> Vec<Arg> {
    let arg = |id: &'static str, value: &'static str, help: &'static str| {
        Arg::new(id).long(id).value_name(value).help(help).help_heading(t("絞り込み", "Filters"))
    };
    let line = |id, value, help| arg(id, value, help).action(ArgAction::Append).value_parser(safe_line());
    vec![
        arg(
            "since",
            "TIME",
            t(
                "この日時以降に受信（2026-11-24、\"2026-11-24 09:00\"、RFC 3339、3d、12h、today）",
                "Received since (2026-11-24, \"2026-11-24 09:00\", RFC 3339, 3d, 12h, today)",
            ),
        ),
        arg("until", "TIME", t("この日時より前に受信（日付ならその日を含む）", "Received until (a day is included)")),
        line("from", "ADDR", t("差出人（アドレス、または @ドメイン）", "Sender: an address, or @domain")),
        line("to", "ADDR", t("宛先（アドレス、または @ドメイン）", "Recipient: an address, or @domain")),
        line("domain", "DOMAIN", t("差出人か宛先のドメイン", "Domain of the sender or a recipient")),
        line("subject", "WORDS", t("件名に含まれる語（空白区切り、すべて）", "Words in the subject, all of them")),
        line("name", "WORDS", t("ファイル名に含まれる語", "Words in a file's name")),
        line("kind", "KIND", t("ファイルの種類（pdf、zip など）", "Kind of a file (pdf, zip)")),
        line("rule", "ID", t("判断したポリシーの規則", "Rule of the policy that decided")),
        line(
            "code",
            "CODE",
            t(
                "保留の理由、取り除いた理由、処理、異常の符号",
                "Code of a hold reason, a part's reason or action, an anomaly",
            ),
        ),
        arg(
            "hash",
            "SHA256",
            t("メール、部分、作られたファイルのSHA-256", "SHA-256 of the mail, a part, or a file made"),
        )
        .action(ArgAction::Append)
        .value_parser(parser(|text| Sha256::try_from(text.to_ascii_lowercase()).ok())),
        arg(
            "requested",
            "STATE",
            t(
                "原本の申請の状態（pending、approved、delivered、rejected、failed）",
                "State of a request for the original (pending, approved, delivered, rejected, failed)",
            ),
        )
        .value_parser(parser(request_state)),
        arg("legal-hold", "", t("法的保全中のものだけ", "Under a legal hold")).action(ArgAction::SetTrue),
        arg(
            "state",
            "STATE",
            t(
                "状態（既定: held と、隔離した部分のある kept）",
                "State (default: held, and kept with quarantined parts)",
            ),
        )
        .action(ArgAction::Append)
        .value_parser(["ready", "waiting", "held", "kept", "done", "buried", "all"]),
    ]
}

/// The same flags kept in a file.
pub(crate) fn saved(t: impl Fn(&'static str, &'static str) -> &'static str) -> Arg {
    Arg::new("filter")
        .long("filter")
        .value_name("FILE")
        .action(ArgAction::Append)
        .value_parser(value_parser!(PathBuf))
        .help_heading(t("絞り込み", "Filters"))
        .help(t(
            "絞り込みをファイルから読む（1行に1つ、--from @example.com の形。# は注釈）",
            "Read filter flags from a file (one a line, as --from @example.com; # comments)",
        ))
}

/// How a list is paged and printed.
pub(crate) fn paging(t: impl Fn(&'static str, &'static str) -> &'static str) -> Vec<Arg> {
    vec![
        Arg::new("limit")
            .long("limit")
            .value_name("N")
            .value_parser(value_parser!(u64))
            .default_value("100")
            .help(t("最大件数（0: すべて）", "At most so many (0: all)")),
        Arg::new("after")
            .long("after")
            .value_name("CURSOR")
            .value_parser(parser(|text| text.parse::<Place>().ok()))
            .help(t("この続きから（前の一覧の最後に表示される）", "Go on here (told at the end of the list before)")),
        Arg::new("oldest-first")
            .long("oldest-first")
            .action(ArgAction::SetTrue)
            .help(t("古い順（既定: 新しい順）", "Oldest first (default: newest first)")),
        Arg::new("no-pager")
            .long("no-pager")
            .action(ArgAction::SetTrue)
            .help(t("長い一覧でもページャーを使わない", "Do not page long lists")),
    ]
}

fn list(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    // Where nothing is changed, `--reason` can only mean the code.
    let filters = filters(&t).into_iter().map(|arg| match arg.get_id() == "code" {
        true => arg.visible_alias("reason"),
        false => arg,
    });
    Command::new("list")
        .about(t("確認を待つメールの一覧", "List mails that wait for a review"))
        .args(filters)
        .arg(saved(&t))
        .args(paging(&t))
        .arg(
            Arg::new("fields")
                .long("fields")
                .value_name("NAME,...")
                .value_delimiter(',')
                .value_parser(FIELDS)
                .help(t("表示する項目", "Columns to print")),
        )
}

fn show(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("show")
        .about(t("わかっていることをすべて表示", "Show everything known about mails"))
        .arg(ids(&t).required(true))
        .arg(
            Arg::new("long")
                .long("long")
                .action(ArgAction::SetTrue)
                .help(t("ハッシュもすべて表示", "Print every hash, too")),
        )
}

fn preview(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let folder = |id: &'static str, help: &'static str| {
        Arg::new(id).long(id).value_name("DIR").value_parser(value_parser!(PathBuf)).help(help)
    };
    Command::new("preview")
        .about(t(
            "中身を安全に見る（隔離プロセスが作った文字と画像だけ。元のデータは出さない）",
            "Look inside safely: text and pictures made by a sandboxed worker, never the octets as they came",
        ))
        .arg(crate::cli::id(t("管理番号", "The mail's id")))
        .arg(folder("files", t("無害化したファイルをこのディレクトリに書く", "Write disarmed files to this directory")))
        .arg(
            folder(
                "pictures",
                t(
                    "文書を画像にしてこのディレクトリに書く",
                    "Write documents as pictures of their pages to this directory",
                ),
            )
            .conflicts_with("files"),
        )
        .arg(password(&t))
}

fn release(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let command = Command::new("release").about(t(
        "無害化し直してLGWAN側へ届ける（元のまま届けることはない）",
        "Sanitize again and deliver to the LGWAN side; never as it came",
    ));
    changing(command, &t)
        .arg(
            Arg::new("profile")
                .long("profile")
                .value_name("NAME")
                .value_parser(Policy::BUILT_IN)
                .help(t("このポリシーで（既定: 設定のもの）", "Under this profile (default: the one in force)")),
        )
        .arg(
            Arg::new("relax")
                .long("relax")
                .value_name("KIND")
                .action(ArgAction::Append)
                .value_parser(safe_line())
                .help(t(
                    "この種類の扱いを一段緩める（保留→隔離→文字→画像→作り直し）",
                    "Relax this kind's rule by a step (hold, quarantine, extract, flatten, rebuild)",
                )),
        )
        .arg(Arg::new("accept-doubts").long("accept-doubts").action(ArgAction::SetTrue).help(t(
            "二通りに読めるメールを、関所の読み方で届ける",
            "Where the mail can be read in two ways, take the gateway's own reading",
        )))
        .arg(
            Arg::new("again")
                .long("again")
                .action(ArgAction::SetTrue)
                .help(t("既に解放したメールをもう一度届ける", "Deliver once more what somebody released before")),
        )
        .arg(password(&t))
}

fn delete(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let about = t("原本を消去する（記録は残る）", "Destroy originals (their records stay)");
    changing(Command::new("delete").about(about), t)
}

/// Which mails, why, and the safety catches of every change.
fn changing(command: Command, t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    let flag = |id: &'static str, help: &'static str| Arg::new(id).long(id).action(ArgAction::SetTrue).help(help);
    command
        .arg(ids(&t))
        .args(filters(&t))
        .arg(saved(&t))
        .arg(reason(&t))
        .arg(flag("dry-run", t("何が起きるかだけを表示", "Only say what would happen")))
        .arg(flag("yes", t("確認を求めない（スクリプト用）", "Do not ask (for scripts)")))
        .arg(flag("all", t("絞り込みなしで、確認を待つものすべて", "Everything that waits for a review, unfiltered")))
}

fn hold(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("hold")
        .about(t("法的保全をかける（保存期間が過ぎても消さない）", "Put a legal hold on originals"))
        .arg(ids(&t).required(true))
        .arg(
            Arg::new("legal")
                .long("legal")
                .action(ArgAction::SetTrue)
                .required(true)
                .help(t("法的保全であることの明示", "Say that it is a legal hold")),
        )
        .arg(reason(&t))
}

fn unhold(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("unhold")
        .about(t("法的保全を解除する", "Lift the legal hold of originals"))
        .arg(ids(&t).required(true))
        .arg(reason(&t))
}

fn stats(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("stats").about(t("保留と隔離の件数、容量", "Counts of what waits, and how full the vault is"))
}

fn digest(t: impl Fn(&'static str, &'static str) -> &'static str) -> Command {
    Command::new("digest")
        .about(t("確認担当へのまとめを表示", "Show the digest for reviewers"))
        .arg(Arg::new("send").long("send").action(ArgAction::SetTrue).help(t("今すぐ送る", "Send it now, too")))
}

fn password(t: impl Fn(&'static str, &'static str) -> &'static str) -> Arg {
    Arg::new("password-stdin").long("password-stdin").action(ArgAction::SetTrue).help(t(
        "暗号化されたファイルのパスワードを標準入力から読む（端末なら表示せずに尋ねる）",
        "Read the password of encrypted files from standard input (on a terminal: asked for, not shown)",
    ))
}

fn safe_line() -> ValueParser {
    parser(|text| Some(SafeLine::clean(text).value).filter(|line| !line.is_empty()))
}

fn request_state(text: &str) -> Option<RequestState> {
    Some(match text {
        "pending" => RequestState::Pending,
        "approved" => RequestState::Approved,
        "delivered" => RequestState::Delivered,
        "rejected" => RequestState::Rejected,
        "failed" => RequestState::Failed,
        _ => return None,
    })
}

fn parser<T: Clone + Send + Sync + 'static>(
    parse: impl Fn(&str) -> Option<T> + Clone + Send + Sync + 'static,
) -> ValueParser {
    ValueParser::new(move |text: &str| parse(text).ok_or("not known here"))
}
