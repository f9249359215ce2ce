//! The words of every problem and remedy, in both languages.

use super::{Problem, TomlType, forms};
use crate::Language;
use crate::keys::{self, Preset};
use crate::language::Words;

/// What is wrong.
pub(super) fn problem(problem: &Problem) -> Words {
    match problem {
        Problem::NotA(form) => forms::what(*form),
        Problem::WrongType { expected, found } => wrong_type(*expected, *found),
        Problem::Unreadable(cause) => {
            Words::new(format!("cannot be read ({cause})"), format!("読み込めません ({cause})"))
        }
        Problem::Syntax(cause) => {
            let cause = cause.trim();
            Words::new(format!("not TOML ({cause})"), format!("TOML として読めません ({cause})"))
        }
        Problem::OutOfRange { min, max } => {
            Words::new(format!("outside {min} to {max}"), format!("{min} から {max} の範囲にありません"))
        }
        Problem::Needs(other) => Words::new(format!("{other} is missing"), format!("{other} がありません")),
        Problem::SmallerThan(other) => Words::new(format!("less than {other}"), format!("{other} より小さい値です")),
        Problem::NotBelow(other) => {
            Words::new(format!("not less than {other}"), format!("{other} より小さくありません"))
        }
        Problem::SocketPathTooLong(length) => Words::new(
            format!("the socket's path has {length} bytes, the system takes 107"),
            format!("ソケットのパスが {length} バイトあります (上限は107)"),
        ),
        Problem::NoSuchFile(path) => Words::new(
            format!("there is no file {}", path.display()),
            format!("ファイル {} がありません", path.display()),
        ),
        Problem::UnreadableFile(path, cause) => Words::new(
            format!("{} cannot be read ({cause})", path.display()),
            format!("{} を読み込めません ({cause})", path.display()),
        ),
        Problem::Told(told) => Words::new(told.what_en.clone(), told.what_ja.clone()),
        Problem::Bug(cause) => {
            Words::new(format!("an error of Sekisho itself ({cause})"), format!("Sekisho 自身の誤りです ({cause})"))
        }
        Problem::Unknown(_) => Words::new("no such key", "このようなキーはありません"),
        Problem::NotOneOf(_) => Words::new("not one of the words known here", "使える語ではありません"),
        Problem::Empty => Words::new("empty", "空です"),
        Problem::Twice => Words::new("in another list too", "ほかのリストにもあります"),
        Problem::OpenRelay => Words::new(
            "any domain, for clients beyond this host: an open relay",
            "このホスト以外からすべてのドメイン宛てを受け付けます (オープンリレー)",
        ),
        Problem::NoCredential => Words::new("no such systemd credential", "systemd の資格情報がありません"),
        Problem::NotWithin(other) => Words::new(format!("not within {other}"), format!("{other} に含まれません")),
    }
}

/// What to do.
pub(super) fn remedy(problem: &Problem, key: &str) -> Words {
    let (en, ja) = match problem {
        Problem::NotA(form) => return forms::how(*form),
        Problem::WrongType { expected, .. } => return example(*expected, key),
        Problem::Unknown(near) => return known(*near),
        Problem::NotWithin(other) => {
            return Words::new(
                format!("choose one within {other}, or add its domain there"),
                format!("{other} 内のものにするか、そのドメインを {other} に加えてください"),
            );
        }
        Problem::OutOfRange { min, max } => {
            return Words::new(
                format!("write a value from {min} to {max}"),
                format!("{min} から {max} の値を書いてください"),
            );
        }
        Problem::NotOneOf(words) => return one_of(words),
        Problem::SmallerThan(other) => return raise(key, other),
        Problem::NotBelow(other) => return raise(other, key),
        Problem::Needs(other) => {
            return Words::new(
                format!("set {other} too, or change {key}"),
                format!("{other} も設定するか、{key} を変えてください"),
            );
        }
        Problem::Unreadable(_) => (
            "check the path given with --config, and that this user may read the file",
            "--config のパスと、このユーザーに読み取り権限があるかを確かめてください",
        ),
        Problem::Syntax(_) => (
            "correct that line; texts need quotes, lists brackets",
            "その行を直してください。文字列は引用符で、リストは角括弧で囲みます",
        ),
        Problem::Empty => {
            ("write a value, or leave the key out for its default", "値を書くか、キーを外して既定値にしてください")
        }
        Problem::Twice => ("leave it in one of the lists", "どれか1つのリストにだけ書いてください"),
        Problem::OpenRelay => (
            "list the domains you receive for in outer.domains, or leave outer.clients at loopback",
            "outer.domains に受信するドメインを並べるか、outer.clients を loopback のままにしてください",
        ),
        Problem::SocketPathTooLong(_) => {
            ("use a shorter path, for example below /run/sekisho", "/run/sekisho の下など、短いパスにしてください")
        }
        Problem::NoCredential => (
            "add LoadCredential=NAME:PATH to the systemd unit, or write a path",
            "systemd ユニットに LoadCredential=名前:パス を加えるか、パスを書いてください",
        ),
        Problem::UnreadableFile(..) => (
            "check the path, and that this user may read the file",
            "パスと、このユーザーに読み取り権限があるかを確かめてください",
        ),
        Problem::Told(told) => return Words::new(told.remedy_en.clone(), told.remedy_ja.clone()),
        Problem::NoSuchFile(_) => ("create it, or correct the path", "作成するか、パスを直してください"),
        Problem::Bug(_) => ("please report it with this message", "この文面を添えて報告してください"),
    };
    Words::new(en, ja)
}

fn raise(up: &str, down: &str) -> Words {
    Words::new(format!("raise {up} or lower {down}"), format!("{up} を大きくするか {down} を小さくしてください"))
}

fn one_of(words: &[&str]) -> Words {
    let words = words.join(", ");
    Words::new(format!("write one of: {words}"), format!("次のいずれかを書いてください: {words}"))
}

fn known(near: Option<&str>) -> Words {
    match near {
        Some(near) => Words::new(
            format!("did you mean {near}? All keys: sekisho config show"),
            format!("{near} のことですか。キーの一覧: sekisho config show"),
        ),
        None => {
            Words::new("remove it; all keys: sekisho config show", "削除してください。キーの一覧: sekisho config show")
        }
    }
}

fn wrong_type(expected: TomlType, found: TomlType) -> Words {
    let ((expected_en, expected_ja), (found_en, found_ja)) = (type_name(expected), type_name(found));
    Words::new(
        format!("{found_en} where {expected_en} is wanted"),
        format!("{expected_ja}が必要なところに{found_ja}があります"),
    )
}

/// How the right type is written, with the key's own default where it has one.
fn example(expected: TomlType, key: &str) -> Words {
    let (en, ja) = match expected {
        TomlType::Text => ("write text in quotes", "引用符で囲んでください"),
        TomlType::Integer => ("write digits without quotes", "引用符なしの数字を書いてください"),
        TomlType::Boolean => ("write true or false without quotes", "引用符なしの true か false を書いてください"),
        TomlType::List => ("write a list of texts in brackets", "角括弧で囲んだ文字列のリストを書いてください"),
        TomlType::Table => ("write it as a section in brackets", "角括弧のセクションとして書いてください"),
        TomlType::Float | TomlType::Date => ("write another type", "別の型で書いてください"),
    };
    match keys::find(key).filter(|key| !matches!(key.preset, Preset::Derived(..) | Preset::Unset)) {
        Some(known) => {
            let last = known.name.rsplit('.').next().unwrap_or(known.name);
            let preset = known.preset_text(Language::En);
            Words::new(format!("{en}, as in {last} = {preset}"), format!("{ja}。例: {last} = {preset}"))
        }
        None => Words::new(en, ja),
    }
}

fn type_name(kind: TomlType) -> (&'static str, &'static str) {
    match kind {
        TomlType::Text => ("text", "文字列"),
        TomlType::Integer => ("a whole number", "整数"),
        TomlType::Float => ("a decimal number", "小数"),
        TomlType::Boolean => ("true or false", "真偽値"),
        TomlType::Date => ("a date", "日付"),
        TomlType::List => ("a list", "リスト"),
        TomlType::Table => ("a section", "セクション"),
    }
}
