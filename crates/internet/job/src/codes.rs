//! The closed lists: what can be wrong, and what was done. Free text from a
//! mail never stands where a code stands.

use sekisho_safe_message::Language;
use serde::{Deserialize, Serialize};

/// Makes a closed list whose members have a stable code (kebab-case, in
/// reports, logs and manuals) and an explanation in both languages.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $ja:literal, $en:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $(#[doc = $en] $(#[$vdoc])* #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// Every member, in the order of the manual.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// One sentence for a person.
            pub fn explain(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$variant, Language::Ja) => $ja, (Self::$variant, Language::En) => $en,)*
                }
            }

            /// The member with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }
    };
}

codes! {
    /// Why a whole mail waits on the Internet side.
    HoldReason {
        TooDeep = "too-deep", "入れ子が深すぎます。", "Its parts are nested too deep.";
        TooManyParts = "too-many-parts", "パートが多すぎます。", "It has too many parts.";
        HeaderTooLarge = "header-too-large", "ヘッダーが大きすぎます。", "A header block is too large.";
        TextTooLarge = "text-too-large", "本文が大きすぎます。", "Its text is too large.";
        NoHeader = "no-header", "メールの形をしていません（ヘッダーがありません）。", "It is not a mail: it has no header.";
        NoSender = "no-sender", "差出人（From）を特定できません。", "It has no readable sender (From).";
        AmbiguousSender = "ambiguous-sender", "差出人（From）が二通りに読めます。", "Its sender (From) can be read in two ways.";
        AmbiguousStructure = "ambiguous-structure", "構造が二通りに読めます。", "Its structure can be read in two ways.";
        Partial = "partial", "分割メール、または外部参照メールです。", "It is a fragment, or refers to a body elsewhere.";
        Loop = "loop", "この関所を既に通ったメールです。", "It has passed this gateway before.";
        Unsafe = "unsafe-result", "安全な形に組み立てられませんでした。", "No safe form of it could be built.";
        Internal = "internal", "処理中に内部の誤りが起きました。", "An internal error happened while it was read.";
        WorkerCrashed = "worker-crashed", "解析プロセスが異常終了しました。", "The process that read it crashed.";
        WorkerForbidden = "worker-forbidden", "解析プロセスが禁止された操作を試みました。", "The process that read it tried a forbidden operation.";
        WorkerTimeout = "worker-timeout", "解析が時間内に終わりませんでした。", "It was not read within the time allowed.";
        WorkerMemory = "worker-memory", "解析に必要なメモリが上限を超えました。", "Reading it takes more memory than allowed.";
        WorkerOutput = "worker-output", "解析結果が上限を超えました。", "What the process that read it wrote is too large.";
        WorkerGarbage = "worker-garbage", "解析結果が決められた形をしていません。", "What the process that read it wrote is not in the agreed form.";
        EncryptedFile = "encrypted-file", "パスワードで保護された添付ファイルがあります。", "It has an attachment that needs a password.";
        Rule = "rule", "添付ファイルの規則（ポリシー）により保留します。", "The policy holds mails with such an attachment.";
        Refused = "refused", "LGWAN側の検証で拒否されました。", "The LGWAN side refused it on verification.";
        Damaged = "damaged", "保存された原本を読み出せません。", "Its stored original cannot be read.";
    }
}

impl HoldReason {
    /// Whether a person who looked at the mail may let it go in the gateway's
    /// own reading ([`Orders::doubts`](crate::Orders)): readers differ about
    /// it, and nothing else speaks against it. Bounds, fragments, loops,
    /// passwords, rules and failures stay.
    pub fn is_doubt(self) -> bool {
        match self {
            // Without an author the envelope's sender stands in for one.
            Self::NoSender | Self::AmbiguousSender | Self::AmbiguousStructure => true,
            Self::TooDeep
            | Self::TooManyParts
            | Self::HeaderTooLarge
            | Self::TextTooLarge
            | Self::NoHeader
            | Self::Partial
            | Self::Loop
            | Self::Unsafe
            | Self::Internal
            | Self::WorkerCrashed
            | Self::WorkerForbidden
            | Self::WorkerTimeout
            | Self::WorkerMemory
            | Self::WorkerOutput
            | Self::WorkerGarbage
            | Self::EncryptedFile
            | Self::Rule
            | Self::Refused
            | Self::Damaged => false,
        }
    }
}

codes! {
    /// What an anomaly leads to. Each code has one grade, so that reports and
    /// manuals need no context to be read.
    Grade {
        Noted = "noted", "害のない乱れです。届けます。", "Harmless sloppiness: delivered.";
        Withheld = "withheld", "その部分だけを、どの読み方でも届けません。", "The part is kept out under every reading; what all readings agree on is delivered.";
        Held = "held", "メール全体を保留します。", "The whole mail waits.";
    }
}

codes! {
    /// What is odd about a mail; listed in its report whether it is delivered
    /// or held. [`Anomaly::grade`] says what each leads to.
    Anomaly {
        BareCr = "bare-cr", "構造に関わる場所に単独のCRがあります。", "A carriage return that ends no line stands where it changes the structure.";
        BareLf = "bare-lf", "構造に関わる場所に単独のLFがあります。", "A line feed without carriage return stands where it changes the structure.";
        LineEndInText = "line-end-in-text", "本文や添付の中に単独のCRかLFがあります（構造には関わりません）。", "A part's content has single carriage returns or line feeds, which change no structure.";
        Nul = "nul", "NUL文字があります。", "It has NUL characters.";
        LongLine = "long-line", "998オクテットを超える行があります。", "It has lines over 998 octets.";
        MboxLine = "mbox-line", "先頭にmboxのFrom行があります。", "It begins with a mailbox's From line.";
        HeaderJunk = "header-junk", "ヘッダーに欄でない行があります。", "A header block has lines that are no fields.";
        HeaderName = "header-name", "ヘッダー名に空白や制御文字があります。", "A field's name has blanks or controls.";
        HeaderRaw8Bit = "header-8bit", "ヘッダーに符号化されていない文字があります。", "A field has characters that are not encoded.";
        HeaderControl = "header-control", "ヘッダーの値に改行や制御文字が隠れています。", "A field's value hides line ends or controls.";
        PartHeader = "part-header", "パートのヘッダーが規則に合いません。", "A part's header block breaks the rules.";
        EmptyPart = "empty-part", "中身のないパートがあります。", "A boundary follows another with nothing between them.";
        DuplicateField = "duplicate-field", "一度だけ許される欄が複数あります。", "A field that may stand once stands more often.";
        DuplicateType = "duplicate-type", "Content-Typeが複数あります。", "It has more than one Content-Type.";
        DuplicateEncoding = "duplicate-encoding", "Content-Transfer-Encodingが複数あります。", "It has more than one Content-Transfer-Encoding.";
        DuplicateDisposition = "duplicate-disposition", "Content-Dispositionが複数あります。", "It has more than one Content-Disposition.";
        SloppyType = "sloppy-type", "Content-Typeのパラメーターが規則に合いません。", "A Content-Type's parameters break the rules.";
        BadType = "bad-type", "Content-Typeを読めません。", "A Content-Type cannot be read.";
        BadBoundary = "bad-boundary", "境界（boundary）が不正か、二通りに読めます。", "A boundary is malformed or can be read in two ways.";
        AmbiguousContainer = "ambiguous-container", "入れ物とも中身とも読めるパートがあります。", "A part can be read as a container or as content.";
        NoBoundary = "no-boundary", "境界（boundary）がありません。", "A multipart declares no boundary.";
        BoundaryClash = "boundary-clash", "入れ子の境界が衝突しています。", "Nested boundaries clash.";
        BoundaryLike = "boundary-like", "境界に似て境界でない行があります。", "A line looks like a boundary and is none.";
        RepeatedEnd = "repeated-end", "終わりの境界の後に同じ境界があります。", "A boundary stands again behind its closing delimiter.";
        TwoReadings = "two-readings", "二つの解析器の読みが一致しません。", "Two parsers read it in two ways.";
        MissingEnd = "missing-end", "終わりの境界がありません。", "A multipart has no closing delimiter.";
        NoParts = "no-parts", "パートのない入れ物があります。", "A multipart has no part.";
        HiddenPart = "hidden-part", "境界の外にパートらしきものがあります。", "Something like a part lies outside the boundaries.";
        UnknownEncoding = "unknown-encoding", "知らない転送符号化です。", "A transfer encoding is unknown.";
        SloppyBase64 = "sloppy-base64", "base64に空白があるか、詰め物が足りません。", "Base64 data has blanks in it or wrong padding.";
        BadBase64 = "bad-base64", "base64が復号器によって違う結果になります。", "Base64 data that decoders read in different ways.";
        BadQuotedPrintable = "bad-quoted-printable", "quoted-printableが規則に合いません。", "Quoted-printable data breaks the rules.";
        EncodedContainer = "encoded-container", "入れ物のパートが符号化されています。", "A container part is encoded.";
        NestedMail = "nested-mail", "メールの中にメールがあります。", "It has a mail inside.";
        BrokenMail = "broken-mail", "添付されたメールが二通りに読めます。", "A mail inside can be read in two ways.";
        Encrypted = "encrypted", "暗号化されています。", "It is encrypted.";
        UnknownCharset = "unknown-charset", "知らない文字コードです。", "A character set is unknown.";
        WrongCharset = "wrong-charset", "文字コードの表示と中身が合いません。", "A character set's label does not fit the text.";
        Utf7 = "utf-7", "UTF-7で書かれています。", "It is written in UTF-7.";
        Undecodable = "undecodable", "読めない文字があります。", "It has characters that cannot be read.";
        HtmlFallback = "html-fallback", "HTMLを簡易な方法で文字にしました。", "Its HTML was turned into text the simple way.";
        FileAsText = "file-as-text", "文字と称するファイルがあります。", "A file calls itself text.";
        FileLikeText = "file-like-text", "本文にファイルに化ける行があります。", "The text has lines that a client turns into a file.";
        InvisibleText = "invisible-text", "本文に見えない文字や方向を変える文字があります。", "The text has invisible or direction-changing characters.";
        NoDate = "no-date", "日付がないか、読めません。", "It has no readable date.";
        TwinsDiffer = "twins-differ", "文字版とHTML版の内容が違います。", "Its plain and HTML versions say different things.";
        SeveralAuthors = "several-authors", "差出人（From）が複数か、グループです。", "It has several authors, or a group, in From.";
        SubjectCut = "subject-cut", "件名が長すぎるため、途中で切りました。", "Its subject is too long and was cut.";
        BadAddress = "bad-address", "読めないアドレスがあります。", "It has addresses that cannot be read.";
        BadMessageId = "bad-message-id", "メッセージIDが不正です。", "A message id is malformed.";
        MisleadingName = "misleading-name", "差出人の表示名が別のアドレスに見えます。", "The sender's name shows another address.";
        MisleadingLink = "misleading-link", "リンクの表示と実際の行き先が違います。", "A link's text names one place, and it leads to another.";
    }
}

impl Anomaly {
    /// What it leads to.
    pub fn grade(self) -> Grade {
        match self {
            Self::LineEndInText
            | Self::LongLine
            | Self::MboxLine
            | Self::HeaderRaw8Bit
            | Self::HeaderControl
            | Self::EmptyPart
            | Self::DuplicateField
            | Self::SloppyType
            | Self::SloppyBase64
            | Self::BadQuotedPrintable
            | Self::NestedMail
            | Self::Encrypted
            | Self::UnknownCharset
            | Self::WrongCharset
            | Self::Utf7
            | Self::Undecodable
            | Self::HtmlFallback
            | Self::FileLikeText
            | Self::InvisibleText
            | Self::NoDate
            | Self::TwinsDiffer
            | Self::BadAddress
            | Self::BadMessageId
            | Self::MisleadingName
            | Self::SubjectCut
            | Self::MisleadingLink => Grade::Noted,
            Self::PartHeader
            | Self::DuplicateType
            | Self::DuplicateEncoding
            | Self::DuplicateDisposition
            | Self::BadType
            | Self::HiddenPart
            | Self::UnknownEncoding
            | Self::BadBase64
            | Self::BrokenMail
            | Self::FileAsText => Grade::Withheld,
            Self::BareCr
            | Self::BareLf
            | Self::Nul
            | Self::HeaderJunk
            | Self::HeaderName
            | Self::BadBoundary
            | Self::AmbiguousContainer
            | Self::NoBoundary
            | Self::BoundaryClash
            | Self::BoundaryLike
            | Self::RepeatedEnd
            | Self::TwoReadings
            | Self::MissingEnd
            | Self::NoParts
            | Self::SeveralAuthors
            | Self::EncodedContainer => Grade::Held,
        }
    }
}

codes! {
    /// What was done to a part.
    Action {
        Body = "body", "本文として読みました。", "It was read as the text.";
        Twin = "twin", "同じ内容の別形式のため使いませんでした。", "Its twin became the text.";
        Unused = "unused", "空か重複のため、本文に使いませんでした。", "Empty or repeated, it was not used in the text.";
        Strip = "strip", "取り除きました。", "It was kept out.";
        Quarantine = "quarantine", "取り除き、隔離しました。", "It was kept out and waits for a review.";
        Hold = "hold", "このためメール全体を保留しました。", "Because of it the whole mail waits.";
        Rebuild = "rebuild", "同じ種類の安全なファイルに作り直しました。", "It was made anew as a file of its own kind.";
        Flatten = "flatten", "見た目を画像にしました。", "It was turned into pictures of what it shows.";
        Extract = "extract", "文字を取り出しました。", "Its text was taken out.";
        Shown = "shown", "本文にも内容を載せ、ファイルとしても作り直しました。", "It is shown in the text, and was made anew as a file.";
        Open = "open", "入れ物として開きました。", "It was opened as a container.";
    }
}

/// Which kind of part the text was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodySource {
    /// text/plain
    Plain,
    /// text/html
    Html,
    /// No part: the mail has no text.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_found() {
        for (at, reason) in HoldReason::ALL.iter().enumerate() {
            assert_eq!(HoldReason::from_code(reason.code()), Some(*reason));
            assert!(HoldReason::ALL[..at].iter().all(|other| other.code() != reason.code()));
        }
        for (at, anomaly) in Anomaly::ALL.iter().enumerate() {
            assert_eq!(Anomaly::from_code(anomaly.code()), Some(*anomaly));
            assert!(Anomaly::ALL[..at].iter().all(|other| other.code() != anomaly.code()));
        }
    }
}
