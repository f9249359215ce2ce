//! Passwords in realistic mails, and mails that have none.

#![allow(clippy::unwrap_used, reason = "tests may panic")]
use super::*;

fn found(subject: &str, text: &str) -> Vec<String> {
    let (subject, text) = (SafeLine::clean(subject).value, SafeText::clean(text).value);
    candidates(&subject, &text).iter().map(|secret| secret.reveal().to_owned()).collect()
}

fn is_likely(subject: &str, text: &str) -> bool {
    is_likely_password_mail(&SafeLine::clean(subject).value, &SafeText::clean(text).value)
}

/// Subject, text, and the password, which must be the first candidate.
const MAILS: [(&str, &str, &str); 36] = [
    (
        "パスワードのお知らせ",
        "お世話になっております。\n解凍パスワードは「Abc#123」です。\nよろしくお願いします。",
        "Abc#123",
    ),
    ("", "パスワード：Kx82mQ\n", "Kx82mQ"),
    ("", "パスワード:Kx82mQ", "Kx82mQ"),
    ("", "PW: tokyo2026", "tokyo2026"),
    ("", "pw=tokyo2026", "tokyo2026"),
    ("", "Password is Summer-2026.", "Summer-2026"),
    ("", "The password is \"Summer-2026\".", "Summer-2026"),
    ("", "Password for the attached file: x7!Qa_9", "x7!Qa_9"),
    ("", "パスワードは以下の通りです。\n\nAbc#123\n\n以上", "Abc#123"),
    ("", "パスワード\nAbc#123", "Abc#123"),
    ("", "【パスワード】\n　Abc#123", "Abc#123"),
    ("", "■パスワード\n・Abc#123", "Abc#123"),
    ("", "パスワードを下記のとおりお送りします。\n\n「Abc#123」", "Abc#123"),
    ("", "パスワード：Ａｂｃ１２３", "Abc123"),
    ("", "ＰＡＳＳ：Ａｂｃ１２３", "Abc123"),
    ("", "PASS Abc#123", "Abc#123"),
    ("", "pass:Abc#123", "Abc#123"),
    ("", "暗証番号は 8472 です。", "8472"),
    ("", "解凍キー：q1w2e3", "q1w2e3"),
    ("", "開封パスワード　→　zaq12wsx", "zaq12wsx"),
    ("", "開封パスワードは、zaq12wsx です。", "zaq12wsx"),
    ("", "パスワード（半角英数8文字）：Ab12Cd34", "Ab12Cd34"),
    ("", "パスワード(zip用)：Ab12Cd34", "Ab12Cd34"),
    ("", "パスワードは次のとおりです：Ab12Cd34", "Ab12Cd34"),
    ("", "ﾊﾟｽﾜｰﾄﾞ：Ab12Cd34", "Ab12Cd34"),
    ("", "「Ab12Cd34」が解凍パスワードです。", "Ab12Cd34"),
    ("", "Ab12Cd34 が添付ファイルのパスワードです。", "Ab12Cd34"),
    ("", "パスワードは「秘密2026」です。", "秘密2026"),
    ("パスワード：Ab12Cd34", "先ほどの資料の件です。", "Ab12Cd34"),
    (
        "Re: パスワードを教えてください",
        "Ab12Cd34\n\n> 添付ファイルが開けません。\n> パスワードを教えてください。",
        "Ab12Cd34",
    ),
    ("Re: 資料", "パスワードは Ab12Cd34 です。\n\n> パスワード：oldOne99", "Ab12Cd34"),
    ("", "passcode: 7788-AA", "7788-AA"),
    ("", "The passphrase to open the archive is: river9stone", "river9stone"),
    ("", "Zip PW -> river9stone", "river9stone"),
    ("", "パスワードは a:b-C9 です", "a:b-C9"),
    ("", "パスワード：[Ab12Cd34]", "Ab12Cd34"),
];

#[test]
fn the_password_of_a_mail_is_tried_first() {
    for (subject, text, password) in MAILS {
        let found = found(subject, text);
        assert_eq!(found.first().map(String::as_str), Some(password), "{subject} / {text}: {found:?}");
    }
}

#[test]
fn such_mails_are_known() {
    for (subject, text, _) in MAILS {
        let said_before =
            text.contains("がパ") || text.contains("が解凍") || text.contains("が添付") || text.starts_with("PASS ");
        assert!(said_before || is_likely(subject, text), "{subject} / {text}");
    }
}

/// Subject and text of mails that bring none.
const OTHERS: [(&str, &str); 12] = [
    ("資料の送付", "お世話になっております。\n資料をお送りします。\nTEL:03-1234-5678"),
    ("", "パスワードは別途メールでお送りします。"),
    ("", "パスワードは後ほどお知らせします。\n契約書.zip"),
    ("パスワード再設定のご案内", "パスワードの再設定は https://example.jp/reset?id=Ab12 からお願いします。"),
    ("", "Your password will expire soon.\nPlease reset it."),
    ("", "The password will be sent in a separate mail."),
    ("会議のご案内", "日時：2026/11/24 10:00\n場所：第3会議室"),
    ("", "Boarding pass attached."),
    ("", "パスを通す設定について"),
    ("", "お問い合わせ\ninfo@example.lg.jp\nhttps://www.example.lg.jp/\n03-1234-5678"),
    ("", ""),
    ("", "--------\n========\n2026-11-24\nreport.pdf"),
];

#[test]
fn other_mails_are_not_taken_for_one() {
    for (subject, text) in OTHERS {
        assert!(!is_likely(subject, text), "{subject} / {text}: {:?}", found(subject, text));
    }
    // Nor do they give anything to try, but for words of sentences.
    for (subject, text) in [OTHERS[0], OTHERS[1], OTHERS[3], OTHERS[6], OTHERS[8], OTHERS[9], OTHERS[10], OTHERS[11]] {
        assert_eq!(found(subject, text), [""; 0], "{subject} / {text}");
    }
}

#[test]
fn a_value_is_spelled_in_each_way_it_may_be_meant() {
    for (text, spellings) in [
        ("PW: Abc#123.", &["Abc#123", "Abc#123."][..]),
        ("PW: Abc#123)", &["Abc#123", "Abc#123)"]),
        ("PW: \u{ff21}bc#123", &["Abc#123", "\u{ff21}bc#123"]),
        ("PW: correct horse battery", &["correct", "horse", "battery", "correct horse battery"]),
        ("パスワード：ひらけごま", &["ひらけごま"]),
        ("パスワード：ひらけごまです。", &["ひらけごま"]),
    ] {
        assert_eq!(found("", text), spellings, "{text}");
    }
}

#[test]
fn there_is_a_bound_for_everything() {
    let many: String = (0..2000).map(|number| format!("パスワード：Abc{number}\n")).collect();
    assert_eq!(found("", &many).len(), MAX_SECRETS);
    for hostile in [
        "pw".repeat(40_000),
        "pw:".repeat(40_000),
        "「".repeat(40_000),
        "パスワード".repeat(8_000),
        "> ".repeat(40_000),
    ] {
        assert!(found(&hostile, &hostile).len() <= MAX_SECRETS);
    }
    let late = format!("{}\nPW: Abc#123", "あ".repeat(MAX_TEXT));
    assert_eq!(found("", &late), [""; 0]);
}

#[test]
fn any_text_is_read() {
    let pieces = [
        "パスワード",
        "pw",
        "：",
        ":",
        "「",
        "」",
        "は",
        "Ab1#",
        " ",
        "\n",
        ">",
        "https://",
        "@a.b",
        "(",
        ")",
        "Ａ",
        "です",
        "。",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..2000 {
        let mut text = String::new();
        for _ in 0..24 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            text.push_str(pieces[usize::try_from(state % pieces.len() as u64).unwrap()]);
        }
        let found = found(&text, &text);
        assert!(found.len() <= MAX_SECRETS && found.iter().all(|value| !value.contains('\n')));
    }
}
