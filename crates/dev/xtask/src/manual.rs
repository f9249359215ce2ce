//! `cargo xtask manual`: the tables of the manual that the code knows best.

use std::fmt::Write;

use sekisho_job::{Action, Anomaly, Grade, HoldReason};
use sekisho_policy::Kind;
use sekisho_safe_message::{Removal, RemovalReason};
use sekisho_settings::{Language, keys};

use crate::shell::{self, Failure};

/// The manuals, one a language.
pub(crate) const MANUALS: [(&str, Language); 2] =
    [("docs/manual.md", Language::En), ("docs/manual.ja.md", Language::Ja)];

pub(crate) fn run() -> Result<(), Failure> {
    for (path, language) in MANUALS {
        let page = shell::read(path)?;
        let written = filled(path, &page, language)?;
        if written != page {
            std::fs::write(shell::root().join(path), written).map_err(|err| Failure::Io(path.to_owned(), err))?;
            println!("{path}: written");
        }
    }
    Ok(())
}

/// `page` with every table as the code has it now.
pub(crate) fn filled(path: &str, page: &str, language: Language) -> Result<String, Failure> {
    let page = between(path, page, "settings", &settings(language))?;
    let page = between(path, &page, "metrics", &sekisho_settings::metrics::manual(language))?;
    between(path, &page, "codes", &codes(language))
}

fn between(path: &str, page: &str, name: &str, table: &str) -> Result<String, Failure> {
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let parts = page.split_once(&begin).and_then(|(head, rest)| Some((head, rest.split_once(&end)?.1)));
    let Some((head, tail)) = parts else {
        return Err(Failure::Wrong(format!("{path}: no {} ... {end}", begin.trim_end())));
    };
    Ok(format!("{head}{begin}\n{}\n\n{end}{tail}", table.trim()))
}

/// The settings stand below a heading of the manual's own.
fn settings(language: Language) -> String {
    keys::manual(language).replace("\n## ", "\n### ")
}

fn codes(language: Language) -> String {
    let pick = |ja, en| match language {
        Language::Ja => ja,
        Language::En => en,
    };
    let mut page = String::new();
    let mut table = |title: &str, rows: Vec<(&str, String)>| {
        let _ =
            write!(page, "\n### {title}\n\n| {} | {} |\n|---|---|\n", pick("符号", "code"), pick("意味", "meaning"));
        for (code, meaning) in rows {
            let _ = writeln!(page, "| `{code}` | {meaning} |");
        }
    };
    table(
        pick("保留の理由 (`hold_reason`)", "Hold reasons (`hold_reason`)"),
        HoldReason::ALL.iter().map(|it| (it.code(), it.explain(language).to_owned())).collect(),
    );
    table(
        pick("異常 (`anomalies`)", "Anomalies (`anomalies`)"),
        Anomaly::ALL.iter().map(|it| (it.code(), graded(*it, language))).collect(),
    );
    table(
        pick("異常の等級 (`mime_ambiguity`)", "Grades of anomalies (`mime_ambiguity`)"),
        Grade::ALL.iter().map(|grade| (grade.code(), grade.explain(language).to_owned())).collect(),
    );
    table(
        pick("パートの扱い (`action`)", "What became of a part (`action`)"),
        Action::ALL.iter().map(|it| (it.code(), it.explain(language).to_owned())).collect(),
    );
    table(
        pick("取り除いた理由 (`reason`)", "Why a part was kept out (`reason`)"),
        REMOVALS.iter().map(|it| (it.code(), removal(*it, language).to_owned())).collect(),
    );
    table(
        pick("ファイルから取り除いたもの (`removed`)", "What was taken out of a file (`removed`)"),
        Removal::ALL.iter().map(|it| (it.code(), it.name(language).to_owned())).collect(),
    );
    table(
        pick(
            "ファイルの種類 (`kind_detected`、ポリシーの `kind`)",
            "Kinds of file (`kind_detected`, a policy's `kind`)",
        ),
        Kind::ALL.iter().map(|it| (it.code(), grouped(*it, language))).collect(),
    );
    page
}

/// What an anomaly is, and in brackets what it leads to.
fn graded(anomaly: Anomaly, language: Language) -> String {
    format!("{} (`{}`)", anomaly.explain(language), anomaly.grade().code())
}

/// What a kind is called, and in brackets its group.
fn grouped(kind: Kind, language: Language) -> String {
    format!("{} (`{}`)", kind.name(language), kind.group().code())
}

/// In the order of the manual. A new one does not compile in [`removal`].
const REMOVALS: [RemovalReason; 12] = [
    RemovalReason::Attachment,
    RemovalReason::InlineImage,
    RemovalReason::NestedMail,
    RemovalReason::Technical,
    RemovalReason::Ambiguous,
    RemovalReason::Encrypted,
    RemovalReason::Program,
    RemovalReason::Unsupported,
    RemovalReason::Malformed,
    RemovalReason::TooLarge,
    RemovalReason::Polyglot,
    RemovalReason::Rule,
];

fn removal(reason: RemovalReason, language: Language) -> &'static str {
    let (ja, en) = match reason {
        RemovalReason::Attachment => ("この方式では添付ファイルを渡しません。", "The profile lets only text cross."),
        RemovalReason::InlineImage => ("本文の中の画像です。", "A picture that the HTML shows inside the text."),
        RemovalReason::NestedMail => ("添付されたメールです。", "A mail inside the mail."),
        RemovalReason::Technical => {
            ("配信通知や署名などの技術的な部分です。", "A technical part of a report or a signature.")
        }
        RemovalReason::Ambiguous => {
            ("形式がわからないか、矛盾しています。", "Its form is unknown or contradicts itself.")
        }
        RemovalReason::Encrypted => ("暗号化されています。", "It is encrypted."),
        RemovalReason::Program => {
            ("プログラムやスクリプトなど、開くと動作するものです。", "A program, a script, or what starts one.")
        }
        RemovalReason::Unsupported => ("安全な形に作り直せない種類です。", "A kind that cannot be made anew."),
        RemovalReason::Malformed => {
            ("壊れているか、形式の規則に合いません。", "Damaged, or not as its format wants it.")
        }
        RemovalReason::TooLarge => (
            "大きさ、ページ数、画素数、入れ子などが上限を超えています。",
            "Over a bound: octets, pages, pixels, entries, nesting.",
        ),
        RemovalReason::Polyglot => {
            ("別の形式のデータが混ざっています。", "Two formats in one file, or two readings of it.")
        }
        RemovalReason::Rule => ("ポリシーの規則により渡しません。", "The policy's rule says so."),
    };
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_put_between_their_marks_and_stay() {
        let page = "# M\n\n<!-- settings:begin -->\na stale table\n<!-- settings:end -->\ntext\n<!-- codes:begin -->\n<!-- codes:end -->\n\
            <!-- metrics:begin -->\n<!-- metrics:end -->\n";
        for language in [Language::Ja, Language::En] {
            let once = filled("m", page, language).unwrap_or_default();
            assert!(once.contains("`outer.listen`") && once.contains("`too-deep`") && once.contains("`nested-mail`"));
            assert!(once.contains("`sekisho_up`"));
            assert!(once.contains("\ntext\n") && !once.contains("a stale table") && !once.contains("\n## "));
            assert_eq!(filled("m", &once, language).unwrap_or_default(), once);
        }
        assert!(filled("m", "# nothing", Language::En).is_err());
    }
}
