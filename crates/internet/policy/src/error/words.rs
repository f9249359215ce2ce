//! The words of every problem and remedy, in both languages.

use sekisho_safe_message::Language;

use super::{Form, Problem, Shape};
use crate::Policy;

/// What is wrong.
pub(super) fn what(problem: &Problem, language: Language) -> String {
    let pick = |ja: &str, en: &str| pick(language, ja, en);
    match problem {
        Problem::TooLong => pick("ポリシーが長すぎます", "the policy is too long"),
        Problem::TooManyRules => pick("ルールが多すぎます", "too many rules"),
        Problem::Syntax(cause) => {
            let cause = cause.trim();
            pick(&format!("TOML として読めません ({cause})"), &format!("not TOML ({cause})"))
        }
        Problem::Unknown(..) => pick("このようなキーはありません", "no such key"),
        Problem::Missing(key) => pick(&format!("{key} がありません"), &format!("{key} is missing")),
        Problem::WrongType(_) => pick("値の型が違います", "a value of another type is wanted"),
        Problem::NotOneOf(..) => pick("使える語ではありません", "not one of the words known here"),
        Problem::NoKind(_) => pick("このような種類はありません", "no such kind of file"),
        Problem::NotA(form) => not_a(*form, language),
        Problem::Empty => pick("空です", "empty"),
        Problem::NoEnd => pick("最後の手段がありません", "the chain has no end"),
        Problem::Chain => pick(
            "同じ方法が二度あるか、終わりの後に続きがあります",
            "a way stands twice, or something stands behind the end",
        ),
        Problem::Duplicate(line) => pick(
            &format!("同じ id のルールが {line} 行目にあります"),
            &format!("the rule on line {line} has the same id"),
        ),
        Problem::Never => pick("条件を満たすファイルがあり得ません", "no file can meet these conditions"),
        Problem::Unreachable(id, line) => pick(
            &format!("このルールには決して届きません。前のルール {id} ({line} 行目) がすべて決めます"),
            &format!("never reached: the rule {id} before it (line {line}) decides everything"),
        ),
        Problem::NoMethod => {
            pick("この種類のファイルに使える方法がありません", "nobody offers any of these ways for these kinds")
        }
        Problem::NoException => {
            pick("until のないルールに owner か reason があります", "owner or reason without until")
        }
    }
}

/// What to do.
pub(super) fn remedy(problem: &Problem, language: Language) -> String {
    let pick = |ja: &str, en: &str| pick(language, ja, en);
    match problem {
        Problem::TooLong => {
            let kib = Policy::MAX_TEXT / 1024;
            pick(&format!("{kib} KiB までにしてください"), &format!("keep it within {kib} KiB"))
        }
        Problem::TooManyRules => {
            let most = Policy::MAX_RULES;
            pick(&format!("{most} 個までにまとめてください"), &format!("bring them down to {most}"))
        }
        Problem::Syntax(_) => pick(
            "その行を直してください。文字列は引用符で、リストは角括弧で囲みます",
            "correct that line; texts need quotes, lists brackets",
        ),
        Problem::Unknown(near, words) | Problem::NotOneOf(near, words) => one_of(*near, words, language),
        Problem::Missing(key) => missing(key, language),
        Problem::WrongType(shape) => shaped(*shape, language),
        Problem::NoKind(near) => match near {
            Some(near) => pick(&format!("{near} のことですか"), &format!("did you mean {near}?")),
            None => pick(
                "種類の一覧はマニュアルの「ポリシー」にあります。any はすべての種類です",
                "the manual's page on policies lists all kinds; any means all of them",
            ),
        },
        Problem::NotA(form) => written(*form, language),
        Problem::Empty => pick("値を書くか、キーごと外してください", "write a value, or leave the key out altogether"),
        Problem::NoEnd => {
            pick("最後に strip、quarantine、hold のいずれかを書いてください", "let it end in strip, quarantine or hold")
        }
        Problem::Chain => pick(
            "方法はそれぞれ一度ずつ、strip・quarantine・hold は最後に一つだけ書いてください",
            "write each way once, and one of strip, quarantine and hold at the end",
        ),
        Problem::Duplicate(_) => pick("別の id にしてください", "give it another id"),
        Problem::Never => pick(
            "size_min と size_max、nested と depth_min・depth_max の組み合わせを確かめてください",
            "look at size_min with size_max, and nested with depth_min and depth_max",
        ),
        Problem::Unreachable(id, _) => pick(
            &format!("{id} より前に移すか、条件を変えるか、削除してください"),
            &format!("move it before {id}, change its conditions, or remove it"),
        ),
        Problem::NoMethod => {
            pick("strip、quarantine、hold のいずれかにしてください", "write strip, quarantine or hold")
        }
        Problem::NoException => pick(
            "until を加えるか、owner と reason を外してください。メモはコメント (#) に書けます",
            "add until, or leave owner and reason out; notes may stand in comments (#)",
        ),
    }
}

fn missing(key: &str, language: Language) -> String {
    match key {
        "default" => pick(
            language,
            "どのルールにも当たらないファイルの扱いを書いてください。例: default = \"quarantine\"",
            "say what becomes of files that no rule names, as in default = \"quarantine\"",
        ),
        "owner" | "reason" => pick(
            language,
            "期限付きの例外には、責任者 (owner) と理由 (reason) も書いてください",
            "an exception with an end needs an owner and a reason too",
        ),
        _ => pick(language, &format!("{key} を書いてください"), &format!("write {key}")),
    }
}

fn one_of(near: Option<&str>, words: &[&str], language: Language) -> String {
    let words = words.join(", ");
    match near {
        Some(near) => pick(
            language,
            &format!("{near} のことですか。使えるもの: {words}"),
            &format!("did you mean {near}? Known: {words}"),
        ),
        None => pick(language, &format!("次のいずれかを書いてください: {words}"), &format!("write one of: {words}")),
    }
}

fn shaped(shape: Shape, language: Language) -> String {
    let (ja, en) = match shape {
        Shape::Text => ("引用符で囲んだ文字列を書いてください", "write text in quotes"),
        Shape::Texts => {
            ("文字列か、角括弧で囲んだ文字列のリストを書いてください", "write a text, or a list of texts in brackets")
        }
        Shape::Flag => ("引用符なしの true か false を書いてください", "write true or false without quotes"),
        Shape::Number => {
            ("0 から 1000 までの数字を引用符なしで書いてください", "write a number from 0 to 1000 without quotes")
        }
        Shape::Table => ("{ キー = 値 } の形で書いてください", "write it as { key = value }"),
        Shape::Rules => ("ルールは [[rule]] で始めてください", "begin each rule with [[rule]]"),
    };
    pick(language, ja, en)
}

fn not_a(form: Form, language: Language) -> String {
    let (ja, en) = match form {
        Form::Size => ("大きさの書き方ではありません", "not a size"),
        Form::Who => ("アドレスやドメインの書き方ではありません", "neither an address nor a domain"),
        Form::Day => ("日付ではありません", "not a date"),
        Form::Id => ("id に使えない文字列です", "not an id"),
        Form::Profile => ("方式の名前に使えない文字列です", "not a name of a profile"),
        Form::Name => ("ファイル名の型ではありません", "not a pattern of file names"),
        Form::Line => ("1行の短い文ではありません", "not a short line"),
    };
    pick(language, ja, en)
}

fn written(form: Form, language: Language) -> String {
    let (ja, en) = match form {
        Form::Size => (
            "数字と単位 (B, KiB, MiB, GiB) を空白なしで書いてください。例: 10MiB",
            "write a number and B, KiB, MiB or GiB without a space, as in 10MiB",
        ),
        Form::Who => (
            "a@b.example (1人)、@b.example (そのドメイン)、.b.example (下位も含む) の形に書いてください",
            "write a@b.example (one), @b.example (a domain) or .b.example (with all below it)",
        ),
        Form::Day => ("2027-03-31 の形に書いてください", "write it as 2027-03-31"),
        Form::Id => (
            "英小文字・数字・ハイフンで64文字までにしてください。default は使えません",
            "write up to 64 of a-z, 0-9 and -; default is taken",
        ),
        Form::Profile => ("英小文字・数字・ハイフンで64文字までにしてください", "write up to 64 of a-z, 0-9 and -"),
        Form::Name => (
            "128文字までで、* は任意の文字列、? は任意の1文字です。例: *.pdf",
            "write up to 128 characters; * is anything, ? one character, as in *.pdf",
        ),
        Form::Line => ("1行、200文字までで書いてください", "write one line of up to 200 characters"),
    };
    pick(language, ja, en)
}

fn pick(language: Language, ja: &str, en: &str) -> String {
    match language {
        Language::Ja => ja.to_owned(),
        Language::En => en.to_owned(),
    }
}
