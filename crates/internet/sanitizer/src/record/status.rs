//! Enhanced status codes (RFC 3463 and IANA's registry) in words.

use sekisho_safe_message::Language;

use super::say;

/// What `code` says: that code, in words. `None` if it is no such code.
pub(super) fn words(code: &str, language: Language) -> Option<&'static str> {
    let mut parts = code.split(' ').next().unwrap_or("").split('.').map(|part| part.parse::<u16>().ok());
    let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
    let (ja, en) = match (class, subject, detail) {
        (2, _, _) => ("正常に処理されました", "done"),
        (4 | 5, _, _) => detailed(subject, detail).unwrap_or_else(|| of_subject(subject)),
        _ => return None,
    };
    Some(say(language, ja, en))
}

/// The code that a server's reply begins with (`550 5.1.1 no such user`,
/// `550-5.1.1 ...`), or that stands in it as `#5.1.1`.
pub(super) fn within(reply: &str) -> Option<&str> {
    let is_mark = |c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '#';
    let words = || reply.split(is_mark).filter(|word| !word.is_empty());
    let is_code = |word: &&str| {
        let lengths: Vec<usize> = word.split('.').take(4).map(str::len).collect();
        let sound = matches!(lengths.as_slice(), [1, 1..=3, 1..=3]);
        sound && word.starts_with(['4', '5']) && word.bytes().all(|b| b == b'.' || b.is_ascii_digit())
    };
    // The type, the basic code and a word.
    let first = words().take(3).find(is_code);
    first.or_else(|| words().take(200).filter_map(|word| word.strip_prefix('#')).find(is_code))
}

fn detailed(subject: u16, detail: u16) -> Option<(&'static str, &'static str)> {
    Some(match (subject, detail) {
        (1, 1) => ("宛先のアドレスが存在しません", "the recipient's address does not exist"),
        (1, 2) => ("宛先のドメインが存在しないか、使われていません", "the recipient's domain does not exist"),
        (1, 3) => ("宛先のアドレスの書き方に誤りがあります", "the recipient's address is written wrongly"),
        (1, 4) => ("宛先のアドレスが一つに定まりません", "the recipient's address is ambiguous"),
        (1, 6) => ("宛先は移転し、転送先がわかりません", "the recipient has moved, with no new address"),
        (1, 7) => ("差出人のアドレスの書き方に誤りがあります", "the sender's address is written wrongly"),
        (1, 8) => ("差出人のドメインが存在しません", "the sender's domain does not exist"),
        (1, 10) => ("宛先のドメインはメールを受け取りません", "the recipient's domain takes no mail"),
        (2, 1) => ("宛先のメールボックスは使用停止です", "the recipient's mailbox is disabled"),
        (2, 2) => ("宛先のメールボックスが一杯です", "the recipient's mailbox is full"),
        (2, 3) => ("メールの大きさが宛先の上限を超えています", "the mail is larger than the recipient takes"),
        (2, 4) => ("メーリングリストの展開に失敗しました", "the mailing list could not be expanded"),
        (3, 1) => ("相手のサーバーの容量が一杯です", "the other server is full"),
        (3, 2) => ("相手のサーバーはメールの受付を止めています", "the other server takes no mail at present"),
        (3, 4) => {
            ("メールの大きさが相手のサーバーの上限を超えています", "the mail is larger than the other server takes")
        }
        (4, 1) => ("相手のサーバーが応答しません", "the other server does not answer"),
        (4, 2) => ("相手のサーバーとの接続が切れました", "the connection to the other server broke"),
        (4, 3) => ("名前の解決（DNS）に失敗しました", "the name service (DNS) failed"),
        (4, 4) => ("配送先のサーバーが見つかりません", "no server for the recipient was found"),
        (4, 5) => ("相手のサーバーが混雑しています", "the other server is busy"),
        (4, 6) => ("メールの転送が循環しています", "the mail goes round in a loop"),
        (4, 7) => ("配送の期限までに届けられませんでした", "it could not be delivered in time"),
        (5, 2) => ("送信の手順に誤りがあります", "a command was wrong"),
        (5, 3) => ("宛先の数が多すぎます", "there are too many recipients"),
        (6, 1 | 2) => ("この形式の内容は受け付けられません", "content of this form is not taken"),
        (7, 1) => ("相手の方針により受信を拒否されました", "the other side's policy refuses it"),
        (7, 2) => ("このメーリングリストへの投稿は許可されていません", "sending to this mailing list is not allowed"),
        (7, 8) => ("認証に失敗しました", "authentication failed"),
        (7, 20..=22) => ("電子署名（DKIM）の検証に失敗しました", "the signature (DKIM) did not verify"),
        (7, 23) => ("送信元の検証（SPF）に失敗しました", "the sender's check (SPF) failed"),
        (7, 25) => ("送信元サーバーの逆引き名を確認できません", "the sending server has no valid reverse name"),
        (7, 26) => ("送信元の検証（SPF・DKIM）に失敗しました", "the sender's checks (SPF, DKIM) failed"),
        (7, 27) => ("差出人のドメインはメールを受け取らないため拒否されました", "the sender's domain takes no mail"),
        (7, 28) => ("短時間の送信が多すぎます", "too much mail in a short time"),
        _ => return None,
    })
}

/// RFC 3463 3: the subjects.
fn of_subject(subject: u16) -> (&'static str, &'static str) {
    match subject {
        1 => ("宛先または差出人のアドレスに問題があります", "there is a problem with an address"),
        2 => ("宛先のメールボックスに問題があります", "there is a problem with the recipient's mailbox"),
        3 => ("相手のサーバーに問題があります", "there is a problem with the other server"),
        4 => ("通信または経路に問題があります", "there is a problem with network or routing"),
        5 => ("サーバー間の通信手順に問題があります", "there is a problem with the protocol"),
        6 => ("メールの内容または形式に問題があります", "there is a problem with the mail's content"),
        7 => ("セキュリティまたは方針により拒否されました", "security or policy refuses it"),
        _ => ("その他の理由", "another reason"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for (code, ja) in [
            ("5.1.1", Some("宛先のアドレスが存在しません")),
            ("4.2.2 (mailbox full)", Some("宛先のメールボックスが一杯です")),
            ("5.7.999", Some("セキュリティまたは方針により拒否されました")),
            ("5.0.0", Some("その他の理由")),
            ("2.0.0", Some("正常に処理されました")),
            ("550", None),
            ("9.1.1", None),
            ("5.1.99999999999", None),
            ("五.1.1", None),
        ] {
            assert_eq!(words(code, Language::Ja), ja, "{code}");
        }
        assert_eq!(words("5.4.1", Language::En), Some("the other server does not answer"));
    }
}
