//! Feedback reports (RFC 5965, 6591): somebody complains about a mail.

use sekisho_safe_message::Language;

use super::date;
use super::fields::{self, Field};
use super::rows::Rows;
use super::say;

/// Most values of one kind.
const MAX_SAME: usize = 10;

/// The report as text; `None` if there is none.
pub(super) fn to_text(text: &str, language: Language) -> Option<String> {
    let group: Vec<Field> = fields::groups(text).into_iter().flatten().collect();
    let kind = fields::first(&group, "feedback-type");
    kind.or_else(|| fields::first(&group, "source-ip"))?;
    let mut rows = Rows::new(language, say(language, "【メールに関する申告】", "[Feedback report]").to_owned());
    if let Some(kind) = kind {
        rows.row("種類", "Kind", kind_words(kind, language));
    }
    for (name, ja, en) in [
        ("auth-failure", "失敗した検証", "Failed check"),
        ("delivery-result", "処置", "Action taken"),
        ("original-mail-from", "差出人", "Sender"),
        ("original-rcpt-to", "宛先", "Recipient"),
        ("reported-domain", "対象ドメイン", "Domain"),
        ("reported-uri", "リンク", "URI"),
        ("source-ip", "送信元IP", "Source IP"),
        ("incidents", "件数", "Incidents"),
    ] {
        fields::all(&group, name).take(MAX_SAME).for_each(|value| rows.row(ja, en, value));
    }
    for name in ["arrival-date", "received-date"] {
        if let Some(value) = fields::first(&group, name) {
            rows.row("受信日時", "Received", &date::of_field(value, language));
        }
    }
    if let Some(server) = fields::first(&group, "reporting-mta") {
        rows.row("報告サーバー", "Reported by", &fields::typed(server));
    }
    if let Some(program) = fields::first(&group, "user-agent") {
        rows.row("報告ソフト", "Program", program);
    }
    let mut out = String::new();
    rows.write(&mut out);
    Some(out)
}

/// RFC 5965 7.3, 6430, 6591.
fn kind_words(kind: &str, language: Language) -> &str {
    match kind.trim().to_ascii_lowercase().as_str() {
        "abuse" => say(language, "迷惑メールとしての申告", "spam or other abuse"),
        "fraud" | "phishing" => say(language, "詐欺（フィッシング）としての申告", "fraud or phishing"),
        "virus" => say(language, "ウイルスの申告", "virus"),
        "not-spam" => say(language, "迷惑メールではないとの申告", "not spam"),
        "auth-failure" => say(language, "送信元の検証の失敗", "authentication failure"),
        "opt-out" | "opt-out-list" => say(language, "配信停止の希望", "wishes no more mail"),
        "other" => say(language, "その他の申告", "other"),
        _ => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports() {
        let text = "Feedback-Type: abuse\r\nUser-Agent: Example FBL/1.0\r\nVersion: 1\r\n\
            Original-Mail-From: <news@example.jp>\r\nReceived-Date: Tue, 24 Nov 2026 01:23:16 -0500 (EST)\r\n\
            Source-IP: 192.0.2.7\r\nReported-Domain: example.jp\r\nReported-Domain: example.org\r\n";
        assert_eq!(
            to_text(text, Language::Ja).as_deref(),
            Some(
                "【メールに関する申告】\n種類　　　　：迷惑メールとしての申告\n差出人　　　：<news@example.jp>\n\
                対象ドメイン：example.jp\n　　　　　　　example.org\n送信元IP　　：192.0.2.7\n\
                受信日時　　：2026年11月24日(火) 15:23\n報告ソフト　：Example FBL/1.0\n"
            )
        );
        assert_eq!(to_text("Feedback-Type: new\n", Language::En).as_deref(), Some("[Feedback report]\nKind: new\n"));
        assert_eq!(to_text("nothing of the kind", Language::Ja), None);
    }
}
