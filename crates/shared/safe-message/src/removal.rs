//! What was taken out of a file, as a closed list.

use serde::{Deserialize, Serialize};

use crate::Language;

/// One kind of thing that was in a file and is not in what was made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Removal {
    /// Metadata (author, place and the like).
    Metadata,
    /// Data behind the end of the file.
    TrailingData,
    /// Data before the begin of the file.
    LeadingData,
    /// Frames of a moving picture over the bound.
    Frames,
    /// A colour profile.
    ColorProfile,
    /// Scripts.
    Script,
    /// Actions.
    Action,
    /// Embedded files.
    EmbeddedFile,
    /// Form fields (their content stays).
    Form,
    /// Annotations (what they show stays).
    Annotation,
    /// References to the outside.
    ExternalReference,
    /// Links.
    Link,
    /// Sound and moving pictures.
    Multimedia,
    /// Hidden layers.
    HiddenLayer,
    /// Text that nobody sees.
    HiddenText,
    /// Earlier revisions.
    OldRevision,
    /// Embedded fonts.
    Font,
    /// A signature (now void).
    Signature,
    /// Encryption (it opened with an empty password).
    Encryption,
    /// Cells that act as formulas (now text).
    Formula,
    /// Invisible and control characters.
    InvisibleCharacter,
    /// Markup.
    Markup,
    /// Alarms.
    Alarm,
    /// Properties that are not on the list.
    Property,
    /// Files in the archive.
    Entry,
    /// Comments.
    Comment,
    /// Layout.
    Layout,
    /// Unknown elements.
    #[serde(rename = "unknown-element")]
    Unknown,
    /// Encryption (it opened with a password that was known).
    Decrypted,
}

impl Removal {
    /// Every member, in the order of the manual.
    pub const ALL: &[Self] = &[
        Self::Metadata,
        Self::TrailingData,
        Self::LeadingData,
        Self::Frames,
        Self::ColorProfile,
        Self::Script,
        Self::Action,
        Self::EmbeddedFile,
        Self::Form,
        Self::Annotation,
        Self::ExternalReference,
        Self::Link,
        Self::Multimedia,
        Self::HiddenLayer,
        Self::HiddenText,
        Self::OldRevision,
        Self::Font,
        Self::Signature,
        Self::Encryption,
        Self::Decrypted,
        Self::Formula,
        Self::InvisibleCharacter,
        Self::Markup,
        Self::Alarm,
        Self::Property,
        Self::Entry,
        Self::Comment,
        Self::Layout,
        Self::Unknown,
    ];

    /// The code in reports and manuals.
    pub fn code(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::TrailingData => "trailing-data",
            Self::LeadingData => "leading-data",
            Self::Frames => "frames",
            Self::ColorProfile => "color-profile",
            Self::Script => "script",
            Self::Action => "action",
            Self::EmbeddedFile => "embedded-file",
            Self::Form => "form",
            Self::Annotation => "annotation",
            Self::ExternalReference => "external-reference",
            Self::Link => "link",
            Self::Multimedia => "multimedia",
            Self::HiddenLayer => "hidden-layer",
            Self::HiddenText => "hidden-text",
            Self::OldRevision => "old-revision",
            Self::Font => "font",
            Self::Signature => "signature",
            Self::Encryption => "encryption",
            Self::Decrypted => "decrypted",
            Self::Formula => "formula",
            Self::InvisibleCharacter => "invisible-character",
            Self::Markup => "markup",
            Self::Alarm => "alarm",
            Self::Property => "property",
            Self::Entry => "entry",
            Self::Comment => "comment",
            Self::Layout => "layout",
            Self::Unknown => "unknown-element",
        }
    }

    /// Whether nearly every file has it and no reader misses it: such are for
    /// the records, not for the notice.
    pub fn is_routine(self) -> bool {
        matches!(self, Self::Metadata | Self::Font | Self::ColorProfile)
    }

    /// What it is called in a notice, in the middle of a sentence.
    pub fn name(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::Metadata => ("付帯情報（作成者、位置情報など）", "metadata (author, place and the like)"),
            Self::TrailingData => ("ファイルの末尾に付け足されたデータ", "data behind the end of the file"),
            Self::LeadingData => ("ファイルの先頭に付け足されたデータ", "data before the begin of the file"),
            Self::Frames => ("動画のこま（上限を超えた分）", "frames of a moving picture over the bound"),
            Self::ColorProfile => ("カラープロファイル", "a colour profile"),
            Self::Script => ("スクリプト", "scripts"),
            Self::Action => ("自動実行などの動作", "actions"),
            Self::EmbeddedFile => ("埋め込まれたファイル", "embedded files"),
            Self::Form => ("入力フォーム（内容は残しています）", "form fields (their content stays)"),
            Self::Annotation => ("注釈の動作（表示は残しています）", "annotations (what they show stays)"),
            Self::ExternalReference => ("外部への参照", "references to the outside"),
            Self::Link => ("リンク", "links"),
            Self::Multimedia => ("音声・動画", "sound and moving pictures"),
            Self::HiddenLayer => ("非表示のレイヤー", "hidden layers"),
            Self::HiddenText => ("見えない文字", "text that nobody sees"),
            Self::OldRevision => ("以前の版の内容", "earlier revisions"),
            Self::Font => {
                ("フォントのプログラム（文字の形は残しています）", "font programs (the letters' shapes stay)")
            }
            Self::Signature => ("電子署名", "a signature (now void)"),
            Self::Encryption => {
                ("暗号化（空のパスワードで開けました）", "encryption (it opened with an empty password)")
            }
            Self::Decrypted => (
                "暗号化（パスワードで開きました。届いたファイルはパスワードなしで開けます）",
                "encryption (it opened with its password; this file needs none)",
            ),
            Self::Formula => ("数式として動くセル（文字にしました）", "cells that act as formulas (now text)"),
            Self::InvisibleCharacter => ("見えない文字や制御文字", "invisible and control characters"),
            Self::Markup => ("HTMLなどの書式", "markup"),
            Self::Alarm => ("予定の通知設定", "alarms"),
            Self::Property => ("許可されていない項目", "properties that are not on the list"),
            Self::Entry => ("書庫内の一部のファイル", "files in the archive"),
            Self::Comment => ("コメント", "comments"),
            Self::Layout => ("レイアウトや見た目", "layout"),
            Self::Unknown => ("未知の要素", "unknown elements"),
        };
        match language {
            Language::Ja => ja,
            Language::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn codes_are_unique_and_those_of_reports() {
        for (at, removal) in Removal::ALL.iter().enumerate() {
            assert_eq!(serde_json::to_string(removal).unwrap(), format!("\"{}\"", removal.code()));
            assert!(Removal::ALL[..at].iter().all(|other| other.code() != removal.code()));
        }
    }
}
