//! The words of a value in the wrong form, and how the right one is written.

use super::Form;
use crate::language::Words;
use crate::names::DomainError;
use crate::net::NetError;

/// What the value is not.
pub(super) fn what(form: Form) -> Words {
    let (en, ja) = match form {
        Form::Unicode => ("not Unicode text", "Unicode の文字列ではありません"),
        Form::Number => ("not a whole number", "整数ではありません"),
        Form::Flag => ("neither true nor false", "true でも false でもありません"),
        Form::Size => ("not a size", "大きさの書き方ではありません"),
        Form::Duration => ("not a duration", "時間の書き方ではありません"),
        Form::Domain(_) => ("not a domain name", "ドメイン名ではありません"),
        Form::MailAddress => ("not a mail address", "メールアドレスではありません"),
        Form::Network(_) => ("not a network", "ネットワークの書き方ではありません"),
        Form::ListenAddress => ("not an address and port", "アドレスとポートの書き方ではありません"),
        Form::Delivery => ("not a place to deliver to", "届け先の書き方ではありません"),
        Form::MailServer => ("not a mail server", "メールサーバーの書き方ではありません"),
        Form::User => ("not a user's name", "ユーザー名の書き方ではありません"),
        Form::KeyId => ("not the id of a key", "鍵の ID の書き方ではありません"),
        Form::TimeOfDay => ("not a time of day", "時刻の書き方ではありません"),
        Form::Handoff => ("not a handoff address", "受け渡し先の書き方ではありません"),
        Form::Level => ("not a log level", "ログレベルではありません"),
    };
    Words::new(en, ja)
}

/// How it is written.
pub(super) fn how(form: Form) -> Words {
    let (en, ja) = match form {
        Form::Domain(error) => domain(error),
        Form::Network(NetError::HostBits(net)) => {
            return Words::new(
                format!("the address has bits beyond the prefix; did you mean {net}?"),
                format!("プレフィックスより後のビットが立っています。{net} のことですか"),
            );
        }
        Form::Network(NetError::Address | NetError::Prefix) => (
            "write address/prefix as in 192.0.2.0/24 or 2001:db8::/32, one address, or loopback",
            "192.0.2.0/24 や 2001:db8::/32、単独のアドレス、loopback のいずれかを書いてください",
        ),
        Form::Unicode => ("set it to UTF-8 text", "UTF-8 の文字列にしてください"),
        Form::Number => ("write digits only", "数字だけを書いてください"),
        Form::Flag => ("write true or false", "true か false を書いてください"),
        Form::Size => (
            "write a number and B, KiB, MiB, GiB or TiB without a space, as in 50MiB",
            "数字と単位 (B, KiB, MiB, GiB, TiB) を空白なしで書いてください。例: 50MiB",
        ),
        Form::Duration => (
            "write a number and ms, s, m, h or d without a space, as in 60s or 5d",
            "数字と単位 (ms, s, m, h, d) を空白なしで書いてください。例: 60s、5d",
        ),
        Form::MailAddress => (
            "write local@domain in ASCII, as in postmaster@city.example.lg.jp",
            "ASCII で local@domain の形に書いてください。例: postmaster@city.example.lg.jp",
        ),
        Form::ListenAddress => (
            "write IP:PORT, as in 0.0.0.0:25 or [::]:25",
            "IPアドレス:ポート の形に書いてください。例: 0.0.0.0:25、[::]:25",
        ),
        Form::Delivery => (
            "write smtp://HOST:PORT (no user, no path) or maildir:PATH",
            "smtp://ホスト:ポート (ユーザー名・パスなし) か maildir:パス の形に書いてください",
        ),
        Form::MailServer => (
            "write smtp://HOST:PORT (no user, no path)",
            "smtp://ホスト:ポート (ユーザー名・パスなし) の形に書いてください",
        ),
        Form::User => {
            ("write a user of this system, as in tanaka", "このシステムのユーザー名を書いてください。例: tanaka")
        }
        Form::KeyId => (
            "write the id that stands before the colon in the key file, as in 2026-11-24",
            "鍵ファイルのコロンの前にある ID を書いてください。例: 2026-11-24",
        ),
        Form::TimeOfDay => ("write HH:MM, as in 08:30", "時:分 を2桁ずつ書いてください。例: 08:30"),
        Form::Handoff => {
            ("write unix:PATH or tls://HOST:PORT", "unix:パス か tls://ホスト:ポート の形に書いてください")
        }
        Form::Level => (
            "write error, warn, info, debug or trace; exceptions follow as target=level",
            "error, warn, info, debug, trace のいずれかを書いてください。例外は target=level で続けます",
        ),
    };
    Words::new(en, ja)
}

fn domain(error: DomainError) -> (&'static str, &'static str) {
    match error {
        DomainError::NotAscii => {
            ("write the ASCII form of the name (xn--...)", "ASCII 形式 (xn--...) で書いてください")
        }
        DomainError::Syntax => (
            "write letters, digits, hyphens and dots, as in city.example.lg.jp; wildcards are not known",
            "英数字・ハイフン・ドットで書いてください。例: city.example.lg.jp。ワイルドカードは使えません",
        ),
    }
}
