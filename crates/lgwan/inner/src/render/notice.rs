//! The notice below the text: facts in, words out, Japanese and English.
//!
//! One line when there is no news, since it is read every day; a line more for
//! each thing that the reader should know or can ask for. That a mail was HTML
//! is no news. Digests and types are for the records, which the number finds.
//!
//! Of the mail's own words only file names, addresses and declared types stand
//! in it, as safe names and lines.

use std::fmt::Write;

use sekisho_safe_message::{
    Address, AuthResult, Authentication, Language, Method, Notice, RebuiltPart, Removal, RemovalReason, RemovedPart,
    SafeMessage, SignatureKind,
};

/// Longest declared type that is shown, in characters: a sender can write
/// 2,000, and none that is registered comes near.
const MAX_TYPE: usize = 100;

/// The notice of `message`, each line ended by `\n`; `replaced`: how many
/// characters the mail's character set lacks.
pub(super) fn words(message: &SafeMessage, replaced: u64) -> String {
    let language = message.language();
    let id = message.id();
    let mut out = match language {
        Language::Ja => format!("無害化済み（管理番号: {id}）\n"),
        Language::En => format!("Sanitized: {id}\n"),
    };
    for sentence in message.notices().iter().filter_map(|notice| sentence(notice, language)) {
        out.push_str(&sentence);
        out.push('\n');
    }
    if replaced > 0 {
        let _ = match language {
            Language::Ja => {
                writeln!(
                    out,
                    "表示できない文字{replaced}個を、近い文字か「〓」に置き換えました（原本は管理番号で探せます）。"
                )
            }
            Language::En => {
                writeln!(
                    out,
                    "Characters shown as a near one or as 〓: {replaced} (your administrator has the original)."
                )
            }
        };
    }
    rebuilt(message, &mut out);
    removed(message, &mut out);
    appeal(message, &mut out);
    out
}

/// What a notice says by itself; removed parts have a list of their own.
fn sentence(notice: &Notice, language: Language) -> Option<String> {
    let (ja, en) = match notice {
        // Of no use to whoever reads text.
        Notice::BodyFromHtml | Notice::HtmlTwinLeftOut => return None,
        Notice::NoText => ("表示できる本文はありませんでした。".to_owned(), "Nothing to show.".to_owned()),
        Notice::Unreadable(count) => (
            format!("読み取れない文字が{count}個あり、「\u{fffd}」と表示しています。"),
            format!("Unreadable characters, shown as \u{fffd}: {count}."),
        ),
        Notice::TextCleaned(count) => (
            format!("見えない文字や制御文字を{count}個取り除きました。"),
            format!("Invisible characters removed: {count}."),
        ),
        Notice::SenderNameMisleads(address) => (
            format!("ご注意ください: 差出人の名前に別のアドレスが書かれています。実際の差出人は {address} です。"),
            format!("Caution: the sender's name shows another address. The real one is {address}."),
        ),
        Notice::Ambiguous => (
            "メールの形式に誤りがあり、確実に読み取れた部分だけを載せています。".to_owned(),
            "The mail is malformed: you see the part that is certain.".to_owned(),
        ),
        Notice::TwinsDiffer => (
            "ご注意ください: このメールは文字版とHTML版の内容が違います。載せているのは文字版です。".to_owned(),
            "Caution: its HTML version says something else. This is the plain one.".to_owned(),
        ),
        Notice::SenderStandIn(address) => (
            format!(
                "差出人の本当のアドレスは {address} です。ここでは扱えないため、仮のアドレスを表示しています（返信できません）。"
            ),
            format!(
                "The sender's real address, {address}, cannot be used here; a stand-in is shown. You cannot reply."
            ),
        ),
        Notice::Authenticated(results) => authenticated(results)?,
        Notice::Signed(kind) => {
            let kind = signature(*kind);
            (
                format!("電子署名（{kind}）は無害化のため外しました。署名の確認はしていません。"),
                format!("Its {kind} signature was taken off, unchecked."),
            )
        }
        Notice::LinksRemoved(count) => {
            (format!("URLを{count}か所で取り除きました。"), format!("Web addresses removed: {count}."))
        }
        Notice::MailsShown(count) => {
            (format!("添付されたメール{count}通の内容も載せています。"), format!("Attached mails shown: {count}."))
        }
        Notice::Reviewed => (
            "このメールには二通りに読める箇所があり、いったん保留されました。担当者が確認して解除したもので、\
             当システムの読み方による内容だけを載せています。"
                .to_owned(),
            "This mail can be read in two ways and was held. A reviewer looked at it and released it; only the \
             gateway's own reading is shown."
                .to_owned(),
        ),
        Notice::Removed(_) | Notice::More(_) | Notice::Rebuilt(_) | Notice::Original { .. } => return None,
    };
    Some(match language {
        Language::Ja => ja,
        Language::En => en,
    })
}

/// What is known of the sender, in both languages; `None` if nothing is.
///
/// Only DMARC speaks of the author whom the reader sees (RFC 7489 3.1): the
/// others fail in honest mails too, such as a mailing list's.
fn authenticated(results: &Authentication) -> Option<(String, String)> {
    let named = [("SPF", results.spf), ("DKIM", results.dkim), ("DMARC", results.dmarc), ("ARC", results.arc)];
    let known = || named.iter().filter_map(|(name, result)| result.map(|result| (*name, result)));
    known().next()?;
    let ja = known().map(|(name, result)| format!("{name} {}", japanese(result))).collect::<Vec<_>>().join("、");
    let en = known().map(|(name, result)| format!("{name} {}", result.as_str())).collect::<Vec<_>>().join(", ");
    Some(if results.dmarc == Some(AuthResult::Fail) {
        (
            format!("ご注意ください: 差出人が偽られているおそれがあります。送信元の確認: {ja}"),
            format!("Caution: the sender may be forged. Sender check: {en}"),
        )
    } else {
        (format!("送信元の確認: {ja}"), format!("Sender check: {en}"))
    })
}

fn japanese(result: AuthResult) -> &'static str {
    match result {
        AuthResult::Pass => "合格",
        AuthResult::None => "なし",
        AuthResult::Neutral => "判定なし",
        AuthResult::Policy => "方針により不可",
        AuthResult::TempError => "一時エラー",
        AuthResult::PermError => "設定エラー",
        AuthResult::SoftFail => "不合格の疑い",
        AuthResult::Fail => "不合格",
    }
}

fn signature(kind: SignatureKind) -> &'static str {
    match kind {
        SignatureKind::OpenPgp => "OpenPGP",
        SignatureKind::Smime => "S/MIME",
    }
}

fn removed(message: &SafeMessage, out: &mut String) {
    let language = message.language();
    let mut headed = false;
    for notice in message.notices() {
        match notice {
            Notice::Removed(part) => {
                if !std::mem::replace(&mut headed, true) {
                    heading(language, way_to_ask(message).is_some(), out);
                }
                push_part(part, language, out);
            }
            Notice::More(count) => {
                let _ = match language {
                    Language::Ja => writeln!(out, "ほかにも{count}個あります。"),
                    Language::En => writeln!(out, "And {count} more."),
                };
            }
            Notice::BodyFromHtml
            | Notice::HtmlTwinLeftOut
            | Notice::NoText
            | Notice::Unreadable(_)
            | Notice::TextCleaned(_)
            | Notice::SenderNameMisleads(_)
            | Notice::Ambiguous
            | Notice::TwinsDiffer
            | Notice::SenderStandIn(_)
            | Notice::Authenticated(_)
            | Notice::Signed(_)
            | Notice::LinksRemoved(_)
            | Notice::MailsShown(_)
            | Notice::Rebuilt(_)
            | Notice::Original { .. }
            | Notice::Reviewed => {}
        }
    }
}

/// How to ask for the original, at the end, where the eye looks for it: the
/// number on a line of its own, so that it can be copied whole.
fn appeal(message: &SafeMessage, out: &mut String) {
    let Some((address, token)) = way_to_ask(message) else { return };
    let _ = match message.language() {
        Language::Ja => writeln!(
            out,
            "原本が必要な場合は、下の番号を本文に書いて {address} へメールを送ってください。\n申請番号: {token}"
        ),
        Language::En => writeln!(
            out,
            "For the original, send a mail with the number below in its text to {address}.\nRequest number: {token}"
        ),
    };
}

/// Where to ask and what to quote; the first, should there be two.
fn way_to_ask(message: &SafeMessage) -> Option<(&Address, &str)> {
    message.notices().iter().find_map(|notice| match notice {
        Notice::Original { address, token } => Some((address, token.as_str())),
        Notice::BodyFromHtml
        | Notice::HtmlTwinLeftOut
        | Notice::NoText
        | Notice::Unreadable(_)
        | Notice::TextCleaned(_)
        | Notice::Removed(_)
        | Notice::More(_)
        | Notice::SenderNameMisleads(_)
        | Notice::Ambiguous
        | Notice::TwinsDiffer
        | Notice::SenderStandIn(_)
        | Notice::Authenticated(_)
        | Notice::Signed(_)
        | Notice::LinksRemoved(_)
        | Notice::MailsShown(_)
        | Notice::Rebuilt(_)
        | Notice::Reviewed => None,
    })
}

/// The files that cross as something else than they were. One that was made
/// anew, is called as before and lacks nothing is no news.
fn rebuilt(message: &SafeMessage, out: &mut String) {
    let language = message.language();
    let mut headed = false;
    for notice in message.notices() {
        let Notice::Rebuilt(part) = notice else { continue };
        let said = said(part, language);
        if said.is_empty() && part.name.as_ref().is_none_or(|name| *name == part.output) {
            continue;
        }
        if !std::mem::replace(&mut headed, true) {
            out.push_str(match language {
                Language::Ja => "安全のため作り直してお届けした添付ファイル:\n",
                Language::En => "Attachments made anew:\n",
            });
        }
        push_rebuilt(part, &said, language, out);
    }
}

/// `・見積書.docm → 見積書.docx（取り除いたもの: スクリプト）`
fn push_rebuilt(part: &RebuiltPart, said: &[String], language: Language, out: &mut String) {
    out.push_str(match language {
        Language::Ja => "・",
        Language::En => "- ",
    });
    if let Some(name) = part.name.as_ref().filter(|name| **name != part.output) {
        out.push_str(name.as_str());
        out.push_str(" → ");
    }
    out.push_str(part.output.as_str());
    if !said.is_empty() {
        let _ = match language {
            Language::Ja => write!(out, "（{}）", said.join("。")),
            Language::En => write!(out, " ({})", said.join("; ")),
        };
    }
    out.push('\n');
}

/// How a file was made, if the reader will notice, and what it lacks. Each
/// removal once: whoever sent the list may have written it a million times.
fn said(part: &RebuiltPart, language: Language) -> Vec<String> {
    let removed = Removal::ALL.iter().filter(|removal| !removal.is_routine() && part.removed.contains(removal));
    let removed: Vec<_> = removed.map(|removal| removal.name(language)).collect();
    let method = match (part.method, language) {
        (Method::Rebuild, Language::Ja | Language::En) => None,
        (Method::Flatten, Language::Ja) => Some("画像に変換しました"),
        (Method::Flatten, Language::En) => Some("as pictures"),
        (Method::Extract, Language::Ja) => Some("文字だけを取り出しました"),
        (Method::Extract, Language::En) => Some("text only"),
    };
    let removed = (!removed.is_empty()).then(|| match language {
        Language::Ja => format!("取り除いたもの: {}", removed.join("、")),
        Language::En => format!("taken out: {}", removed.join(", ")),
    });
    method.map(str::to_owned).into_iter().chain(removed).collect()
}

/// With a way to ask below, nobody is sent to the administrator.
fn heading(language: Language, can_ask: bool, out: &mut String) {
    out.push_str(match (language, can_ask) {
        (Language::Ja, false) => {
            "安全のためお届けしていないもの（必要なときは、管理番号を添えて管理者にお問い合わせください）:\n"
        }
        (Language::Ja, true) => "安全のためお届けしていないもの:\n",
        (Language::En, false) => "Not delivered (ask your administrator):\n",
        (Language::En, true) => "Not delivered:\n",
    });
}

/// Without a number of its own: the records number all parts of the mail, and
/// an administrator would take one for the other.
fn push_part(part: &RemovedPart, language: Language, out: &mut String) {
    let name = part.name.as_ref().map_or(
        match language {
            Language::Ja => "名前なし",
            Language::En => "no name",
        },
        |name| name.as_str(),
    );
    let (declared, size, reason) = (declared(part, language), octets(part.size), reason(part.reason, language));
    let _ = match language {
        Language::Ja => writeln!(out, "・{name}（{declared}{size}）{reason}"),
        Language::En => writeln!(out, "- {name} ({declared}{size}): {reason}"),
    };
}

/// The declared type, which says something only where the name has no ending.
fn declared(part: &RemovedPart, language: Language) -> String {
    let has_ending = |name: &str| {
        name.rsplit_once('.').is_some_and(|(stem, ending)| {
            !stem.is_empty() && (1..=10).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric())
        })
    };
    if part.declared.is_empty() || part.name.as_ref().is_some_and(|name| has_ending(name.as_str())) {
        return String::new();
    }
    let mut declared: String = part.declared.as_str().chars().take(MAX_TYPE).collect();
    declared.push_str(match language {
        Language::Ja => "、",
        Language::En => ", ",
    });
    declared
}

fn reason(reason: RemovalReason, language: Language) -> &'static str {
    let (ja, en) = match reason {
        RemovalReason::Attachment => ("添付ファイル", "attachment"),
        RemovalReason::InlineImage => ("本文中の画像", "picture"),
        RemovalReason::NestedMail => ("添付されたメール", "attached mail"),
        RemovalReason::Technical => ("配信通知や電子署名のデータ", "data of a report or signature"),
        RemovalReason::Ambiguous => ("形式が不明か、誤っているもの", "unclear format"),
        RemovalReason::Encrypted => ("暗号化されていて確認できないもの", "encrypted"),
        RemovalReason::Program => ("プログラムなど、開くと動作するもの", "program, or starts one"),
        RemovalReason::Unsupported => ("安全な形に作り直せない種類のもの", "cannot be made safe"),
        RemovalReason::Malformed => ("壊れているか、形式に誤りがあるもの", "damaged"),
        RemovalReason::TooLarge => ("上限を超える大きさのもの", "too large"),
        RemovalReason::Polyglot => ("別の形式のデータが混ざっているもの", "two formats in one"),
        RemovalReason::Rule => ("組織の規則で受け取らないもの", "kept out by a rule"),
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
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use sekisho_safe_message::{
        Envelope, Language, MailId, Mailbox, Notice, ProfileName, RemovalReason, RemovedPart, SafeHeaders, SafeLine,
        SafeMessage, SafeName, SafeText, Sha256, Timestamp, Untrusted,
    };
    use sekisho_verify::{read, verify};

    use crate::render::{Charset, render_in};

    fn message(notices: Vec<Notice>, language: Language) -> SafeMessage {
        let headers = SafeHeaders {
            from: Mailbox { name: None, address: "a@example.net".parse().unwrap() },
            to: Vec::new(),
            cc: Vec::new(),
            reply_to: Vec::new(),
            subject: SafeLine::default(),
            date: Timestamp::new(0, 540).unwrap(),
            message_id: None,
            in_reply_to: Vec::new(),
            references: Vec::new(),
            auto_submitted: None,
            list_id: None,
        };
        let envelope = Envelope::new(None, vec!["b@city.example".parse().unwrap()]).unwrap();
        let text = SafeText::parse("本文\n".to_owned()).unwrap();
        let profile = ProfileName::parse("test").unwrap();
        SafeMessage::new(MailId::new(1, [1; 10]), envelope, headers, text, notices, language, profile).unwrap()
    }

    fn appeal(address: &str) -> Notice {
        let token = SafeLine::parse("SKR-0000000001040G2081040G2081-0MEX-0123456789ABCDEF".to_owned()).unwrap();
        Notice::Original { address: address.parse().unwrap(), token }
    }

    #[test]
    fn the_way_to_the_original_stands_at_the_end_in_the_readers_language() {
        let out = RemovedPart {
            name: SafeName::clean("地図.lzh").map(|name| name.value),
            declared: SafeLine::default(),
            size: 10,
            sha256: Sha256::of(b"x"),
            reason: RemovalReason::Encrypted,
        };
        let long = format!("{}@{}.example", "a".repeat(64), "b".repeat(60));
        for (language, address, want) in [
            (
                Language::Ja,
                "genpon@mx.city.example",
                "安全のためお届けしていないもの:\n・地図.lzh（10 B）暗号化されていて確認できないもの\n\
                 原本が必要な場合は、下の番号を本文に書いて genpon@mx.city.example へメールを送ってください。\n\
                 申請番号: SKR-0000000001040G2081040G2081-0MEX-0123456789ABCDEF\n",
            ),
            (
                Language::En,
                "genpon@mx.city.example",
                "Not delivered:\n- 地図.lzh (10 B): encrypted\n\
                 For the original, send a mail with the number below in its text to genpon@mx.city.example.\n\
                 Request number: SKR-0000000001040G2081040G2081-0MEX-0123456789ABCDEF\n",
            ),
            (Language::En, &long, "ABCDEF\n"),
        ] {
            for charset in [Charset::Utf8, Charset::Iso2022Jp] {
                // Its place among the notices changes nothing, nor does a second one.
                for notices in [
                    vec![appeal(address), Notice::Removed(out.clone())],
                    vec![Notice::Removed(out.clone()), appeal(address), appeal("other@city.example")],
                ] {
                    let message = message(notices, language);
                    let mail = render_in(&message, charset).into_bytes();
                    let reading = read(Untrusted::new(&mail)).unwrap();
                    assert!(reading.notice.as_str().ends_with(want), "{}", reading.notice.as_str());
                    assert!(verify(mail, message.envelope().clone()).is_ok());
                }
            }
        }
    }

    #[test]
    fn without_a_way_to_ask_the_administrator_is_named() {
        let out = RemovedPart {
            name: None,
            declared: SafeLine::default(),
            size: 10,
            sha256: Sha256::of(b"x"),
            reason: RemovalReason::Program,
        };
        for (language, want) in
            [(Language::Ja, "管理者にお問い合わせください"), (Language::En, "ask your administrator")]
        {
            let told = super::words(&message(vec![Notice::Removed(out.clone())], language), 0);
            assert!(told.contains(want) && !told.contains("SKR"), "{told}");
        }
    }

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
