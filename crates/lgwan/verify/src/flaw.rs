//! What is wrong with a file, as a closed list.

use std::fmt;

use crate::Language;

/// The first rule that a file breaks, and where. It never quotes the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flaw {
    /// The rule.
    pub fault: Fault,
    /// Octets before it in the file.
    pub at: u64,
    /// Octets before it in the data that stand packed there; 0 where nothing is.
    pub inside: u64,
}

impl Flaw {
    /// A flaw at an octet of the file.
    pub fn at(fault: Fault, at: usize) -> Self {
        Self { fault, at: at as u64, inside: 0 }
    }

    /// A flaw inside what is packed at an octet of the file.
    pub fn inside(fault: Fault, at: usize, inside: usize) -> Self {
        Self { fault, at: at as u64, inside: inside as u64 }
    }

    /// The same flaw of a file that is packed at `at` of another one.
    #[must_use]
    pub fn packed_at(self, at: usize) -> Self {
        Self { fault: self.fault, at: at as u64, inside: self.at }
    }

    /// One sentence for a person.
    pub fn describe(&self, language: Language) -> String {
        let Self { fault, at, inside } = self;
        let words = fault.words(language);
        match (language, *inside) {
            (Language::En, 0) => format!("octet {at}: {words}"),
            (Language::En, _) => format!("octet {at}, inside {inside}: {words}"),
            (Language::Ja, 0) => format!("{at} オクテット目: {words}"),
            (Language::Ja, _) => format!("{at} オクテット目の内部 {inside}: {words}"),
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(Language::En))
    }
}

impl std::error::Error for Flaw {}

/// One row for each rule: its name, its code, and its words.
macro_rules! faults {
    ($($name:ident $code:literal $en:literal $ja:literal)*) => {
        /// The rules that a file can break. Their order is that of the
        /// verifier's answers: new ones stand at the end.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault { $(#[doc = $en] $name,)* }

        impl Fault {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code in records and in JSON.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What is wrong.
            pub fn words(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::En) => $en, (Self::$name, Language::Ja) => $ja,)*
                }
            }
        }
    };
}

faults! {
    Unread "unread" "nobody read the file" "ファイルを検査できなかった"
    End "end" "the file ends too early" "ファイルが途中で終わっている"
    Trailing "trailing" "octets behind the end" "終端の後ろにデータがある"
    Size "size" "over a bound" "上限を超えている"
    Signature "signature" "the file does not begin as its kind does" "ファイルの先頭が形式どおりでない"
    Checksum "checksum" "a checksum does not fit" "チェックサムが合わない"
    Packed "packed" "packed data are broken, or not as long as they should be" "圧縮データが壊れているか、長さが合わない"
    Utf8 "utf-8" "not UTF-8" "UTF-8 でない"
    Mark "mark" "a byte order mark is missing or does not belong" "バイト順マークが足りないか、余分である"
    LineEnd "line-end" "a line does not end in CRLF" "行末が CRLF でない"
    Text "text" "the text is not safe" "安全なテキストでない"
    Quote "quote" "a cell is not quoted as it should be" "セルの引用符が正しくない"
    Cell "cell" "a cell is not safe" "安全なセルでない"
    Fold "fold" "a line is not folded as it should be" "行の折り返しが正しくない"
    Record "record" "a line is not on its list" "許可リストにない行がある"
    Chunk "chunk" "a chunk is not on the list, or out of order" "許可リストにないチャンクか、順序の誤り"
    Picture "picture" "the picture's form is not on the list" "許可されていない画像形式"
    Palette "palette" "the palette is not as it should be" "パレットが正しくない"
    Rows "rows" "the rows of the picture are not as they should be" "画像の行データが正しくない"
    Segment "segment" "a segment is not on the list, or out of order" "許可リストにないセグメントか、順序の誤り"
    Table "table" "a table is not as it should be" "テーブルが正しくない"
    Scan "scan" "the scan is not exactly the picture" "走査データが画像と一致しない"
    Block "block" "a block is not on the list, or out of order" "許可リストにないブロックか、順序の誤り"
    Frame "frame" "a frame is not exactly its pixels" "フレームのデータが画素と一致しない"
    Entry "entry" "an entry's header is not as it should be" "項目のヘッダーが正しくない"
    EntryName "entry-name" "an entry's name is not one of ours" "項目の名前が正しくない"
    Directory "directory" "the directory does not agree with the entries" "目録が項目と一致しない"
    Syntax "syntax" "no token of ours" "構文が正しくない"
    Depth "depth" "nested too deeply" "入れ子が深すぎる"
    Object "object" "an object does not stand as it should" "オブジェクトの並びが正しくない"
    CrossReference "cross-reference" "the cross-reference table does not fit" "相互参照表が合わない"
    Reference "reference" "a reference to no object" "存在しないオブジェクトへの参照"
    Role "role" "an object in two roles, or one of the wrong type" "オブジェクトの型が役割と合わない"
    Unreachable "unreachable" "an object that nothing refers to" "どこからも参照されないオブジェクト"
    Key "key" "a key is not on the list, or stands twice" "許可リストにないキー、または重複するキー"
    Missing "missing" "a compulsory key is missing" "必要なキーがない"
    Value "value" "a value is not on the list" "許可されていない値"
    Filter "filter" "a stream's filter is not on the list" "許可されていないフィルター"
    Action "action" "an action or link that may not be" "許可されていない動作かリンク"
    Operator "operator" "an operator is not on the list, or out of place" "許可リストにない演算子か、位置の誤り"
    Operand "operand" "operands do not fit their operator" "演算子の引数が合わない"
    Resource "resource" "a resource is not there" "参照されたリソースがない"
    Balance "balance" "states or text objects do not balance" "状態の保存と復元の対応が合わない"
    Function "function" "a function is not as it should be" "関数が正しくない"
    Map "map" "a character map is not of our spelling" "文字対応表が正しくない"
    Font "font" "a font is not as it should be" "フォントが正しくない"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_words_are_unique() {
        for (at, fault) in Fault::ALL.iter().enumerate() {
            for other in &Fault::ALL[..at] {
                assert_ne!(fault.code(), other.code());
                for language in [Language::Ja, Language::En] {
                    assert_ne!(fault.words(language), other.words(language));
                }
            }
        }
    }

    #[test]
    fn places_are_said() {
        let flaw = Flaw::inside(Fault::Operator, 120, 7);
        assert_eq!(flaw.to_string(), "octet 120, inside 7: an operator is not on the list, or out of place");
        assert_eq!(Flaw::at(Fault::End, 3).describe(Language::Ja), "3 オクテット目: ファイルが途中で終わっている");
        assert_eq!(Flaw::at(Fault::End, 3).packed_at(40).inside, 3);
    }
}
