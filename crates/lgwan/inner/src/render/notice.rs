//! The notice below the text: facts in, words out, Japanese and English.
//!
//! Plain and short. Of the mail's own words only file names and declared types
//! stand in it, as safe names and lines.

use std::fmt::Write;

use sekisho_safe_message::{Language, Notice, RemovalReason, RemovedPart, SafeMessage};

/// Longest declared type that is shown, in characters: a sender can write
/// 2,000, and none that is registered comes near.
const MAX_TYPE: usize = 100;

/// The notice of `message`, each line ended by `\n`.
pub(super) fn words(message: &SafeMessage) -> String {
    let language = message.language();
    let mut out = String::new();
    let _ = match language {
        Language::Ja => writeln!(out, "このメールは無害化してお届けしています。"),
        Language::En => writeln!(out, "This mail was made safe on its way to you."),
    };
    for sentence in message.notices().iter().filter_map(|notice| sentence(notice, language)) {
        out.push_str(&sentence);
        out.push('\n');
    }
    removed(message, &mut out);
    let (id, profile) = (message.id(), message.profile());
    let _ = match language {
        Language::Ja => writeln!(out, "\n管理番号: {id}（方式: {profile}）"),
        Language::En => writeln!(out, "\nMail id: {id} (profile: {profile})"),
    };
    out
}

/// What a notice says by itself; removed parts have a list of their own.
fn sentence(notice: &Notice, language: Language) -> Option<String> {
    let (ja, en) = match notice {
        Notice::BodyFromHtml => (
            "HTML の本文を文字だけに直しました。見た目が元のメールと違うことがあります。".to_owned(),
            "The text was made from HTML. Its layout may differ from the original.".to_owned(),
        ),
        Notice::HtmlTwinLeftOut => {
            ("同じ内容の HTML 版は省きました。".to_owned(), "An HTML version of the same text was left out.".to_owned())
        }
        Notice::NoText => {
            ("表示できる本文はありませんでした。".to_owned(), "The mail had no text that could be shown.".to_owned())
        }
        Notice::Unreadable(count) => (
            format!("読み取れない文字が {count} 個あり、「\u{fffd}」と表示しています。"),
            format!("Characters that could not be read are shown as \"\u{fffd}\": {count}."),
        ),
        Notice::TextCleaned(count) => (
            format!("目に見えない文字や制御文字などを {count} か所で取り除くか、直しました。"),
            format!("Invisible or control characters were taken out or changed in the text: {count}."),
        ),
        Notice::SenderNameMisleads(address) => (
            format!("ご注意ください: 差出人の名前に別のアドレスが書かれています。実際の差出人は {address} です。"),
            format!("Take care: the sender's name shows another address. The real sender is {address}."),
        ),
        Notice::Ambiguous => (
            "メールの作りに曖昧な点があったため、確かに読み取れた部分だけを載せています。".to_owned(),
            "The mail's structure was ambiguous; only what could be read for certain is shown.".to_owned(),
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
                Language::Ja => writeln!(out, "このほかに {count} 個をお届けしていません。"),
                Language::En => writeln!(out, "Parts not delivered beside these: {count}."),
            },
            Notice::BodyFromHtml
            | Notice::HtmlTwinLeftOut
            | Notice::NoText
            | Notice::Unreadable(_)
            | Notice::TextCleaned(_)
            | Notice::SenderNameMisleads(_)
            | Notice::Ambiguous => continue,
        };
        number += 1;
    }
    if number > 0 {
        out.push_str(match language {
            Language::Ja => {
                "\n原本はインターネット側に保管されています。必要なときは、\n管理番号を添えて管理者にお問い合わせください。\n"
            }
            Language::En => {
                "\nThe original is kept on the Internet side. If you need it,\nask your administrator and give the mail id.\n"
            }
        });
    }
}

fn heading(language: Language, out: &mut String) {
    out.push_str(match language {
        Language::Ja => "\nお届けしていないもの\n",
        Language::En => "\nNot delivered\n",
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
    let (size, reason, digest) = (size(part.size), reason(part.reason, language), part.sha256);
    let _ = match language {
        Language::Ja => write!(
            out,
            "{number}. {name}\n   大きさ: {size}、種類: {declared}\n   理由: {reason}\n   SHA-256: {digest}\n"
        ),
        Language::En => write!(
            out,
            "{number}. {name}\n   Size: {size}, type: {declared}\n   Reason: {reason}\n   SHA-256: {digest}\n"
        ),
    };
}

fn reason(reason: RemovalReason, language: Language) -> &'static str {
    let (ja, en) = match reason {
        RemovalReason::Attachment => {
            ("この方式では添付ファイルをお届けしません", "this profile delivers no attachments")
        }
        RemovalReason::InlineImage => ("本文の中の画像です", "a picture inside the text"),
        RemovalReason::NestedMail => ("添付されたメールです", "a mail inside the mail"),
        RemovalReason::Technical => {
            ("配信通知や署名などの技術的な部分です", "a technical part of a report or a signature")
        }
        RemovalReason::Ambiguous => ("形式がわからないか、矛盾しています", "its form is unknown or contradicts itself"),
        RemovalReason::Encrypted => {
            ("暗号化されていて、中身を確かめられません", "encrypted, so that it could not be checked")
        }
    };
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// Octets as people read them: `512 B`, `1.2 KB`, `34 MB` (of 1,024).
fn size(octets: u64) -> String {
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
    use super::*;

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
            assert_eq!(size(octets), want, "{octets}");
        }
    }
}
