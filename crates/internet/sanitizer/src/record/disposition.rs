//! Disposition notices (RFC 8098) as text: was it read, by whom.

use sekisho_safe_message::Language;

use super::fields::{self, Field};
use super::rows::Rows;
use super::say;

/// The notice as text; `None` if there is none.
pub(super) fn to_text(text: &str, language: Language) -> Option<String> {
    let group: Vec<Field> = fields::groups(text).into_iter().flatten().collect();
    let disposition = fields::first(&group, "disposition");
    let recipient = fields::first(&group, "final-recipient").or_else(|| fields::first(&group, "original-recipient"));
    disposition.or(recipient)?;
    let mut rows = Rows::new(language, say(language, "【開封通知】", "[Receipt]").to_owned());
    if let Some(recipient) = recipient {
        rows.row("受信者", "Recipient", &fields::typed(recipient));
    }
    if let Some(disposition) = disposition {
        let (mode, kind) = disposition.split_once(';').unwrap_or(("", disposition));
        rows.row("結果", "Result", kind_words(kind.trim(), language));
        rows.row("通知方法", "Sent", mode_words(mode, language));
    }
    for (name, ja, en) in [
        ("original-message-id", "対象メール", "About mail"),
        ("reporting-ua", "通知元", "Reported by"),
        ("failure", "失敗", "Failure"),
        ("error", "エラー", "Error"),
        ("warning", "警告", "Warning"),
    ] {
        fields::all(&group, name).take(5).for_each(|value| rows.row(ja, en, value));
    }
    let mut out = String::new();
    rows.write(&mut out);
    Some(out)
}

/// RFC 8098 3.2.6.2, and 3.2.6.3 after the slash; older types of RFC 2298 too.
fn kind_words(kind: &str, language: Language) -> &str {
    let word = kind.split(['/', ' ', ',']).next().unwrap_or("").to_ascii_lowercase();
    match word.as_str() {
        "displayed" => say(language, "開封されました", "displayed"),
        "deleted" => say(language, "削除されました（開封されたかは不明です）", "deleted, perhaps without being read"),
        "dispatched" => say(language, "転送などの処理がされました", "dispatched"),
        "processed" => say(language, "自動処理されました（開封はされていません）", "processed without being displayed"),
        "denied" => say(language, "開封の通知を拒否されました", "the recipient sends no receipt"),
        "failed" => say(language, "処理に失敗しました", "failed"),
        _ => kind,
    }
}

fn mode_words(mode: &str, language: Language) -> &'static str {
    let mode = mode.to_ascii_lowercase();
    if mode.contains("mdn-sent-manually") {
        say(language, "受信者の操作による送信", "by the recipient")
    } else if mode.contains("mdn-sent-automatically") {
        say(language, "自動送信", "automatically")
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts() {
        let text = "Reporting-UA: desk.example.jp; Mailer 1.0\r\nOriginal-Recipient: rfc822;soumu@example.jp\r\n\
            Final-Recipient: rfc822;soumu@example.jp\r\nOriginal-Message-ID: <1@example.org>\r\n\
            Disposition: manual-action/MDN-sent-manually; displayed\r\n";
        assert_eq!(
            to_text(text, Language::Ja).as_deref(),
            Some(
                "【開封通知】\n受信者　　：soumu@example.jp\n結果　　　：開封されました\n通知方法　：受信者の操作による送信\n\
                対象メール：<1@example.org>\n通知元　　：desk.example.jp; Mailer 1.0\n"
            )
        );
        let text = "Final-recipient: RFC822; a@example.org\n\nDisposition: automatic-action/MDN-sent-automatically;deleted/error\nError: none\n";
        assert_eq!(
            to_text(text, Language::En).as_deref(),
            Some(
                "[Receipt]\nRecipient: a@example.org\nResult:    deleted, perhaps without being read\n\
                Sent:      automatically\nError:     none\n"
            )
        );
        assert_eq!(to_text("Disposition: x-new", Language::En).as_deref(), Some("[Receipt]\nResult: x-new\n"));
        for text in ["", "hello", "Subject: x"] {
            assert_eq!(to_text(text, Language::Ja), None);
        }
    }
}
