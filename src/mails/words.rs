//! Codes in words, for people: what programs and records say as codes.

use sekisho_channel::admin::{RequestState, Role};
use sekisho_job::HoldReason;
use sekisho_safe_message::{Language, RemovalReason};

use crate::lang::pick;

/// Why a part was kept out.
pub(crate) fn removal(reason: RemovalReason, language: Language) -> &'static str {
    let (ja, en) = match reason {
        RemovalReason::Attachment => ("この方式では添付ファイルを渡しません。", "The profile lets only text cross."),
        RemovalReason::InlineImage => ("本文の中の画像です。", "It is a picture shown inside the text."),
        RemovalReason::NestedMail => ("添付されたメールです。", "It is a mail inside the mail."),
        RemovalReason::Technical => {
            ("配信通知や署名などの技術的な部分です。", "It is a technical part of a report or a signature.")
        }
        RemovalReason::Ambiguous => {
            ("形式がわからないか、矛盾しています。", "Its form is unknown or contradicts itself.")
        }
        RemovalReason::Encrypted => ("暗号化されています。", "It is encrypted."),
        RemovalReason::Program => {
            ("プログラムやスクリプトなど、開くと動作するものです。", "It is a program, a script, or what starts one.")
        }
        RemovalReason::Unsupported => ("安全な形に作り直せない種類です。", "It is of a kind that cannot be made anew."),
        RemovalReason::Malformed => {
            ("壊れているか、形式の規則に合いません。", "It is damaged, or not as its format wants it.")
        }
        RemovalReason::TooLarge => (
            "大きさ、ページ数、画素数、入れ子などが上限を超えています。",
            "It is over a bound: octets, pages, pixels, entries, nesting.",
        ),
        RemovalReason::Polyglot => {
            ("別の形式のデータが混ざっています。", "It is two formats in one file, or can be read in two ways.")
        }
        RemovalReason::Rule => ("ポリシーの規則により渡しません。", "The policy's rule says so."),
    };
    pick(language, ja, en)
}

/// Where a request for an original stands.
pub(crate) fn request(state: RequestState, language: Language) -> &'static str {
    let (ja, en) = match state {
        RequestState::Pending => ("承認待ち", "pending"),
        RequestState::Approved => ("承認済み（配送待ち）", "approved"),
        RequestState::Delivered => ("配送済み", "delivered"),
        RequestState::Rejected => ("却下", "rejected"),
        RequestState::Failed => ("配送不能", "failed"),
    };
    pick(language, ja, en)
}

/// What a person may do, in the middle of a sentence.
pub(crate) fn role(role: Role, language: Language) -> &'static str {
    let (ja, en) = match role {
        Role::Reviewer => ("確認担当（reviewer）", "reviewer"),
        Role::Approver => ("承認者（approver）", "approver"),
        Role::Auditor => ("監査担当（auditor）", "auditor"),
        Role::Operator => ("運用担当（operator）", "operator"),
    };
    pick(language, ja, en)
}

/// What somebody did; an unknown code stays as it is.
pub(crate) fn act(code: &str, language: Language) -> &str {
    let (ja, en) = match code {
        "release" => ("解放", "release"),
        "delete" => ("原本の削除", "delete"),
        "expire" => ("保留期限切れによる原本の削除", "expiry of a held mail"),
        "preview" => ("閲覧", "preview"),
        "hold" | "legal-hold" => ("法的保全", "legal hold"),
        "unhold" | "legal-hold-lifted" => ("法的保全の解除", "legal hold lifted"),
        "request" => ("原本の申請", "request"),
        "approve" => ("承認", "approval"),
        "reject" => ("却下", "rejection"),
        "deliver" => ("原本の配送", "delivery"),
        "export" | "original" => ("証拠の書き出し", "export"),
        "retry" => ("再処理", "retry"),
        "rotate-keys" => ("鍵の交換", "keys rotated"),
        "digest" => ("まとめの送信", "digest"),
        "password" => ("パスワードの試行", "password tried"),
        other => (other, other),
    };
    pick(language, ja, en)
}

/// What came of a release or of another act; an unknown code stays as it is.
pub(crate) fn outcome(code: &str, language: Language) -> &str {
    let (ja, en) = match code {
        "delivered" | "taken" => ("無害化してLGWAN側へ届けました", "sanitized and delivered to the LGWAN side"),
        "partly" => ("一部の宛先にだけ届けました", "delivered to some of its recipients"),
        "held" => ("まだ保留のままです", "still held"),
        "refused" => ("LGWAN側の検証で拒否されました", "refused by the LGWAN side on verification"),
        "begun" => (
            "LGWAN側が応答しません。応答が戻りしだい、自動で届けます",
            "the LGWAN side does not answer; it is delivered by itself as soon as it does",
        ),
        "cut-off" => (
            "途中で止まりました。パスワードを付けて、もう一度解放してください",
            "cut off: release it again with the password",
        ),
        "unreachable" => {
            ("LGWAN側が応答しないため、届けられませんでした", "not delivered: the LGWAN side does not answer")
        }
        "not-delivered" => ("まだ届けられません", "not delivered yet"),
        "pending" => ("承認待ち", "waits for approval"),
        "shown" => ("表示しました", "shown"),
        "exported" => ("書き出しました", "exported"),
        "sent" => ("送りました", "sent"),
        "not-sent" => ("送れませんでした", "not sent"),
        "deleted" => ("原本を削除しました", "the original was destroyed"),
        "requested" => ("申請しました", "requested"),
        "approved" => ("承認しました", "approved"),
        "rejected" => ("却下しました", "rejected"),
        "done" | "ok" => ("済み", "done"),
        other => (other, other),
    };
    pick(language, ja, en)
}

/// Why a program took no notice of a request that makes no sense to it.
pub(crate) fn invalid(code: &str, language: Language) -> String {
    let (ja, en) = match code {
        "unknown-kind" => ("そのような種類はありません。", "there is no such kind"),
        "unknown-profile" => ("そのようなポリシーはありません。", "there is no such profile"),
        "already-mildest" => ("これ以上緩められません。", "its rule is the mildest there is already"),
        "never-crosses" => ("その種類は、どの方法でも渡しません。", "nothing of that kind can ever cross"),
        "no-original" => ("原本はもうありません。", "the original is no longer there"),
        "not-a-recipient" => ("そのメールの宛先ではないアドレスです。", "that is not a recipient of the mail"),
        "no-request" => (
            "承認待ちの申請がないか、複数あります。番号（管理番号#1 の形）を付けてください。",
            "no request is pending, or several are: name one (ID#1)",
        ),
        "too-many-requests" => ("このメールの申請が多すぎます。", "the mail has too many requests"),
        "too-many-rules" => ("ポリシーの規則が多すぎます。", "the policy would have too many rules"),
        "no-reason" => ("理由がありません。", "it takes a reason"),
        "damaged" => (
            "保存された原本が壊れています。state_dir のバックアップから復元してください。",
            "the stored original is damaged: restore it from a backup of the state directory",
        ),
        "no-room" => (
            "インターネット側の state_dir のディスクに空きがありません。空きを作ってから、もう一度実行してください。失われたものはありません。",
            "the disk of the Internet side's state directory is full: make room, then do it again; nothing is lost",
        ),
        "internal" => {
            ("プログラムの内部で問題が起きました。ログを確かめてください。", "the program has trouble: look at its log")
        }
        "no-key" => ("原本の鍵がありません（vault.key_file）。", "the key of the original is missing (vault.key_file)"),
        "no-workers" => (
            "解析プロセスを起動できません。sekisho check で確かめてください。",
            "no worker starts: see `sekisho check`",
        ),
        "keys" => ("鍵で問題が起きました。ログを確かめてください。", "there is trouble with the keys: look at the log"),
        "not-sent" => (
            "メールサーバーに渡せませんでした。ログを確かめてください。",
            "the mail server did not take it: look at the log",
        ),
        "no-server" => (
            "原本の配送先が設定されていません（[original] deliver）。",
            "no server for originals is configured ([original] deliver)",
        ),
        "no-digest-to" => (
            "まとめの送り先が設定されていません（[review] digest_to）。",
            "nobody to send the digest to is configured ([review] digest_to)",
        ),
        "legal-hold" => ("法的保全中のため、削除できません。", "it is under a legal hold"),
        "too-many-conditions" => ("条件が多すぎます。", "too many conditions"),
        "bad-cursor" => ("--after の値が正しくありません。", "--after is not a place in this list"),
        "not-here" | "other-side" => ("この側では行えません。", "this side cannot do that"),
        other => match HoldReason::from_code(other) {
            Some(reason) => return format!("{} {other}", reason.explain(language)),
            None => {
                return pick(language, format!("受け付けられません（{other}）。"), format!("not accepted ({other})"));
            }
        },
    };
    pick(language, ja, en).to_owned()
}
