//! Which rule a mail breaks, and where.

use std::fmt;

pub use sekisho_safe_message::Language;

use crate::{Field, Flaw};

/// The first rule that a mail breaks. It never quotes the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The line, counted from 1 (of a folded field, its first).
    pub line: usize,
    /// The field that it is about, if it is about one.
    pub field: Option<Field>,
    /// What is wrong with the file that begins there, if it is about one.
    pub flaw: Option<Flaw>,
}

/// The rules of the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The mail is at most [`crate::MAX`] octets.
    Size,
    /// Lines end in CRLF, the last one too; CR and LF stand nowhere else.
    LineEnd,
    /// Nothing but printable ASCII stands in a line (in a 7bit body also tabs
    /// and escape sequences).
    SevenBit,
    /// A header line has at most 320 octets, a body line 76, in 7bit 998.
    LineLength,
    /// No line begins with a dot or `From `.
    LineStart,
    /// A header line is `Name: value` or a fold of it, without blanks at the end.
    HeaderLine,
    /// Only the fields of the allow-list stand, in the one spelling of their names.
    UnknownField,
    /// The fields stand in their fixed order, each once.
    FieldOrder,
    /// A compulsory field is there.
    MissingField,
    /// The value keeps its field's grammar.
    Value,
    /// Encoded words are the mail's character set in canonical base64, whole
    /// characters each.
    EncodedWord,
    /// Decoded header text is safe text.
    HeaderText,
    /// The body is canonical base64.
    Base64,
    /// The body is canonical quoted-printable.
    QuotedPrintable,
    /// The decoded body is UTF-8.
    Utf8,
    /// The decoded body is ISO-2022-JP in its one spelling.
    Iso2022Jp,
    /// The decoded body is safe text with CRLF line ends.
    BodyText,
    /// The decoded body has the marker line once, and the notice below it.
    Notice,
    /// Parts stand between their boundaries, with the fields of their headers
    /// in the one spelling.
    Part,
    /// A file's name is one of ours, spelled as it should be, and no other's.
    FileName,
    /// The files are no more and no larger than their bounds.
    Files,
    /// A file keeps the grammar of its kind.
    File,
}

impl Rule {
    /// The code in records and in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::LineEnd => "line-end",
            Self::SevenBit => "seven-bit",
            Self::LineLength => "line-length",
            Self::LineStart => "line-start",
            Self::HeaderLine => "header-line",
            Self::UnknownField => "unknown-field",
            Self::FieldOrder => "field-order",
            Self::MissingField => "missing-field",
            Self::Value => "value",
            Self::EncodedWord => "encoded-word",
            Self::HeaderText => "header-text",
            Self::Base64 => "base64",
            Self::QuotedPrintable => "quoted-printable",
            Self::Utf8 => "utf-8",
            Self::Iso2022Jp => "iso-2022-jp",
            Self::BodyText => "body-text",
            Self::Notice => "notice",
            Self::Part => "part",
            Self::FileName => "file-name",
            Self::Files => "files",
            Self::File => "file",
        }
    }

    fn english(self) -> &'static str {
        match self {
            Self::Size => "the mail is longer than its bound",
            Self::LineEnd => "a line does not end in CRLF, or CR or LF stands alone",
            Self::SevenBit => "a character other than printable ASCII",
            Self::LineLength => "the line is too long",
            Self::LineStart => "the line begins with a dot or \"From \"",
            Self::HeaderLine => "not a header line",
            Self::UnknownField => "the field is not on the allow-list",
            Self::FieldOrder => "the field stands twice or out of order",
            Self::MissingField => "the field is missing",
            Self::Value => "the value does not keep the field's grammar",
            Self::EncodedWord => "an encoded word is not canonical",
            Self::HeaderText => "the decoded text is not safe",
            Self::Base64 => "the body is not canonical base64",
            Self::QuotedPrintable => "the body is not canonical quoted-printable",
            Self::Utf8 => "the decoded body is not UTF-8",
            Self::Iso2022Jp => "the decoded body is not strict ISO-2022-JP",
            Self::BodyText => "the decoded body is not safe text",
            Self::Notice => "the notice is missing, or its marker line stands twice",
            Self::Part => "a part or its header is not in its one spelling",
            Self::FileName => "the file's name is not one of ours, or another file's too",
            Self::Files => "the files are too many or too large",
            Self::File => "the file does not keep the grammar of its kind",
        }
    }

    fn japanese(self) -> &'static str {
        match self {
            Self::Size => "メールが上限より長い",
            Self::LineEnd => "行末が CRLF でない、または CR か LF が単独で現れる",
            Self::SevenBit => "印字可能な ASCII 以外の文字がある",
            Self::LineLength => "行が長すぎる",
            Self::LineStart => "行がドットまたは「From 」で始まる",
            Self::HeaderLine => "ヘッダー行の形になっていない",
            Self::UnknownField => "許可リストにないフィールド",
            Self::FieldOrder => "フィールドが重複しているか、順序が違う",
            Self::MissingField => "必要なフィールドがない",
            Self::Value => "値がフィールドの文法に合わない",
            Self::EncodedWord => "エンコード語が正規形でない",
            Self::HeaderText => "復号した文字列が安全でない",
            Self::Base64 => "本文が正規形の base64 でない",
            Self::QuotedPrintable => "本文が正規形の quoted-printable でない",
            Self::Utf8 => "復号した本文が UTF-8 でない",
            Self::Iso2022Jp => "復号した本文が正しい ISO-2022-JP でない",
            Self::BodyText => "復号した本文が安全なテキストでない",
            Self::Notice => "お知らせ欄がない、または区切り行が二つある",
            Self::Part => "パートまたはそのヘッダーが正規形でない",
            Self::FileName => "ファイル名が正しくないか、ほかのファイルと同じ",
            Self::Files => "ファイルが多すぎるか、大きすぎる",
            Self::File => "ファイルがその種類の文法に合わない",
        }
    }
}

impl Violation {
    pub(crate) fn at(line: usize, rule: Rule) -> Self {
        Self { rule, line, field: None, flaw: None }
    }

    pub(crate) fn of(field: Field, line: usize, rule: Rule) -> Self {
        Self { rule, line, field: Some(field), flaw: None }
    }

    pub(crate) fn file(line: usize, flaw: Flaw) -> Self {
        Self { rule: Rule::File, line, field: None, flaw: Some(flaw) }
    }

    /// One sentence for a person.
    pub fn describe(&self, language: Language) -> String {
        let field = self.field.map_or("", Field::name);
        let (open, close) = if field.is_empty() { ("", "") } else { (" (", ")") };
        let flaw = self.flaw.map(|flaw| flaw.describe(language));
        match (language, flaw) {
            (Language::En, None) => format!("line {}{open}{field}{close}: {}", self.line, self.rule.english()),
            (Language::Ja, None) => format!("{} 行目{open}{field}{close}: {}", self.line, self.rule.japanese()),
            (Language::En, Some(flaw)) => format!("line {}: {} ({flaw})", self.line, self.rule.english()),
            (Language::Ja, Some(flaw)) => format!("{} 行目: {}（{flaw}）", self.line, self.rule.japanese()),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(Language::En))
    }
}

impl std::error::Error for Violation {}
