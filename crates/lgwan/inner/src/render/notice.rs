//! The notice below the text: facts in, words out, Japanese and English.
//!
//! One line when nothing is missing, since it is read every day; a line more
//! for each thing that the reader should know. Of the mail's own words only file names and declared types
//! stand in it, as safe names and lines.

use std::fmt::Write;

use sekisho_safe_message::{Language, Notice, RemovalReason, RemovedPart, SafeMessage};

/// Longest declared type that is shown, in characters: a sender can write
/// 2,000, and none that is registered comes near.
const MAX_TYPE: usize = 100;

/// The notice of `message`, each line ended by `\n`.
pub(super) fn words(message: &SafeMessage) -> String {
    let language = message.language();
    let (id, profile) = (message.id(), message.profile());
    let mut out = match language {
        Language::Ja => format!("無害化済み（方式: {profile}、管理番号: {id}）\n"),
        Language::En => format!("Sanitized (profile: {profile}, id: {id})\n"),
    };
    for sentence in message.notices().iter().filter_map(|notice| sentence(notice, language)) {
        out.push_str(&sentence);
        out.push('\n');
    }
    removed(message, &mut out);
    out
}

/// What a notice says by itself; removed parts have a list of their own.
fn sentence(notice: &Notice, language: Language) -> Option<String> {
    let (ja, en) = match notice {
        Notice::BodyFromHtml => ("HTMLの本文を文字に直しました。".to_owned(), "Made from HTML.".to_owned()),
        Notice::HtmlTwinLeftOut => ("HTML版は省きました。".to_owned(), "HTML version left out.".to_owned()),
        Notice::NoText => ("表示できる本文はありませんでした。".to_owned(), "No text could be shown.".to_owned()),
        Notice::Unreadable(count) => (
            format!("読み取れない文字が{count}個あり、「\u{fffd}」と表示しています。"),
            format!("Unreadable characters, shown as \"\u{fffd}\": {count}."),
        ),
        Notice::TextCleaned(count) => (
            format!("見えない文字や制御文字を{count}か所で取り除きました。"),
            format!("Invisible or control characters taken out: {count}."),
        ),
        Notice::SenderNameMisleads(address) => (
            format!("ご注意ください: 差出人の名前に別のアドレスが書かれています。実際の差出人は {address} です。"),
            format!("Take care: the sender's name shows another address. The real sender is {address}."),
        ),
        Notice::Ambiguous => (
            "メールの作りに曖昧な点があったため、確かに読み取れた部分だけを載せています。".to_owned(),
            "The mail's structure was ambiguous; only what could be read for certain is shown.".to_owned(),
        ),
        Notice::TwinsDiffer => (
            "ご注意ください: 文字版と HTML 版の内容が違っていました。載せているのは文字版です。".to_owned(),
            "Take care: the plain and the HTML version said different things. The plain one is shown.".to_owned(),
        ),
        Notice::SenderStandIn(address) => (
            format!(
                "差出人のアドレス {address} は英数字以外を含むため、差出人欄には仮のアドレスを入れています。返信できません。"
            ),
            format!(
                "The sender's address, {address}, has characters that mail here cannot carry; a stand-in is shown as sender. It takes no replies."
            ),
        ),
        Notice::Removed(_) | Notice::More(_) => return None,
    };
    Some(match language {
        Language::Ja => ja,
        Language::En => en,
    })
}

fn removed(message: &SafeMessage, out: &mut String) {
    let language = message.language();
    let mut number = 0;
    for notice in message.notices() {
        let _ = match notice {
            Notice::Removed(part) => {
                if number == 0 {
                    heading(language, out);
                }
                number += 1;
                push_part(number, part, language, out);
                continue;
            }
            Notice::More(count) => match language {
                Language::Ja => writeln!(out, "このほかに{count}個をお届けしていません。"),
                Language::En => writeln!(out, "Beside these: {count}."),
            },
            Notice::BodyFromHtml
            | Notice::HtmlTwinLeftOut
            | Notice::NoText
            | Notice::Unreadable(_)
            | Notice::TextCleaned(_)
            | Notice::SenderNameMisleads(_)
            | Notice::Ambiguous
            | Notice::TwinsDiffer
            | Notice::SenderStandIn(_) => continue,
        };
        number += 1;
    }
}

fn heading(language: Language, out: &mut String) {
    out.push_str(match language {
        Language::Ja => "お届けしていないもの（原本が必要なときは、管理番号を添えて管理者にお問い合わせください）:\n",
        Language::En => "Not delivered (ask your administrator for the original, giving the id):\n",
    });
}

fn push_part(number: usize, part: &RemovedPart, language: Language, out: &mut String) {
    let name = part.name.as_ref().map_or(
        match language {
            Language::Ja => "（名前なし）",
            Language::En => "(no name)",
        },
        |name| name.as_str(),
    );
    let declared: String = part.declared.as_str().chars().take(MAX_TYPE).collect();
    let (size, reason, digest) = (octets(part.size), reason(part.reason, language), part.sha256);
    let _ = match language {
        Language::Ja => write!(out, "{number}. {name}（{size}、{declared}）\n   {reason}。\n   SHA-256 {digest}\n"),
        Language::En => write!(out, "{number}. {name} ({size}, {declared})\n   {reason}\n   SHA-256 {digest}\n"),
    };
}

fn reason(reason: RemovalReason, language: Language) -> &'static str {
    let (ja, en) = match reason {
        RemovalReason::Attachment => ("添付ファイルはお届けしていません", "Attachments are not delivered."),
        RemovalReason::InlineImage => ("本文の中の画像です", "A picture inside the text."),
        RemovalReason::NestedMail => ("添付されたメールです", "A mail inside the mail."),
        RemovalReason::Technical => {
            ("配信通知や署名などの技術的な部分です", "A technical part of a report or signature.")
        }
        RemovalReason::Ambiguous => {
            ("形式がわからないか、矛盾しています", "Its form is unknown or contradicts itself.")
        }
        RemovalReason::Encrypted => ("暗号化されていて、中身を確かめられません", "Encrypted: it could not be checked."),
    };
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// Octets as people read them: `512 B`, `1.2 KB`, `34 MB` (of 1,024).
pub fn octets(octets: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if octets < 1024 {
        return format!("{octets} B");
    }
    // Tenths, so that no floating point rounds twice.
    let (mut tenths, mut unit) = (octets.saturating_mul(10) / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    if tenths < 100 {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    } else {
        format!("{} {}", tenths / 10, UNITS[unit])
    }
}

#[cfg(test)]
mod tests {

    #[test]
    fn sizes() {
        for (octets, want) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KB"),
            (1_300, "1.2 KB"),
            (102_400, "100 KB"),
            (1_048_575, "1023 KB"),
            (1_048_576, "1.0 MB"),
            (35 << 20, "35 MB"),
            (u64::MAX, "1677721 TB"),
        ] {
            assert_eq!(super::octets(octets), want, "{octets}");
        }
    }
}
