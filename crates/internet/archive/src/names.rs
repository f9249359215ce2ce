//! Names of entries: decoded, taken apart, and still hostile. What is safe of
//! them is for the writer to say.

use encoding_rs::{SHIFT_JIS, UTF_16LE};

/// What is known about the character set of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charset {
    /// The archive says UTF-8.
    Utf8,
    /// The archive does not say, and was made where names are UTF-8: Unix or
    /// a Mac.
    Unix,
    /// The archive does not say: the character set of somebody's Windows.
    Unknown,
}

/// Where an entry lies in its archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path {
    /// Folders, outermost first.
    pub folders: Vec<String>,
    /// The last component; empty if there is none.
    pub name: String,
}

impl Path {
    /// The components of `text`. Both slashes part them; what only leads
    /// somewhere else (`.`, `..`, a drive, a root) is not one.
    pub(crate) fn split(text: &str) -> Self {
        let mut parts = text.split(['/', '\\']).filter(|part| !leads_elsewhere(part)).map(composed);
        let name = parts.next_back().unwrap_or_default();
        Self { folders: parts.collect(), name }
    }

    /// The path of a file that lies in no folder.
    pub(crate) fn file(name: &str) -> Self {
        let Self { name, .. } = Self::split(name);
        Self { folders: Vec::new(), name }
    }

    /// Folders and name, joined by `/`.
    pub(crate) fn text(&self) -> String {
        let mut text = self.folders.join("/");
        if !text.is_empty() {
            text.push('/');
        }
        text + &self.name
    }

    /// Whether it is what the Finder adds to each archive: forks and views of
    /// folders, which mean nothing to anybody else.
    pub(crate) fn is_litter(&self) -> bool {
        self.folders.first().is_some_and(|first| first == "__MACOSX") || self.name == ".DS_Store"
    }
}

/// Whether an entry of this name is a folder.
pub(crate) fn is_folder(name: &str) -> bool {
    name.ends_with(['/', '\\'])
}

/// The text of a name. A name in none of the character sets keeps its ASCII.
pub(crate) fn decode(raw: &[u8], charset: Charset) -> String {
    let utf8 = std::str::from_utf8(raw).ok();
    let trusted = utf8.filter(|text| match charset {
        Charset::Utf8 | Charset::Unix => true,
        // Macs write UTF-8 and do not say so. CP932 is hardly ever UTF-8 by
        // chance, and never with three octets to a character; with two, half
        // width kana would be (`ﾃｽ` is `ý`).
        Charset::Unknown => text.is_ascii() || text.chars().any(|c| c.len_utf8() > 2),
    });
    let decoded = trusted.map(str::to_owned).or_else(|| cp932(raw)).or_else(|| utf8.map(str::to_owned));
    decoded.unwrap_or_else(|| raw.iter().map(|octet| if octet.is_ascii() { char::from(*octet) } else { '_' }).collect())
}

fn cp932(raw: &[u8]) -> Option<String> {
    SHIFT_JIS.decode_without_bom_handling_and_without_replacement(raw).map(String::from)
}

/// The text of a name in UTF-16, little endian.
pub(crate) fn decode_utf16(raw: &[u8]) -> String {
    UTF_16LE.decode_without_bom_handling(raw).0.into_owned()
}

fn leads_elsewhere(part: &str) -> bool {
    let drive = matches!(part.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic());
    drive || part.trim_matches(|c: char| c == '.' || c.is_whitespace()).is_empty()
}

/// Kana with their sound marks in one character. A Mac keeps them apart, and
/// then Windows shows `か゛` and finds no `が`.
fn composed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match out.chars().next_back().and_then(|base| marked(base, c)) {
            Some(whole) => {
                out.pop();
                out.push(whole);
            }
            None => out.push(c),
        }
    }
    out
}

/// The Unicode blocks have each kana right before itself with a voiced mark,
/// and before that with a half-voiced one (UAX 15, canonical compositions).
fn marked(base: char, mark: char) -> Option<char> {
    // Katakana lie 0x60 behind hiragana.
    let hiragana = match base {
        'ァ'..='ヺ' => char::from_u32(u32::from(base) - 0x60)?,
        _ => base,
    };
    let voiced = matches!(
        hiragana,
        'か' | 'き' | 'く' | 'け' | 'こ' | 'さ' | 'し' | 'す' | 'せ' | 'そ' | 'た' | 'ち' | 'つ' | 'て' | 'と'
    );
    let both = matches!(hiragana, 'は' | 'ひ' | 'ふ' | 'へ' | 'ほ');
    match (base, mark) {
        ('う', '\u{3099}') => Some('ゔ'),
        ('ウ', '\u{3099}') => Some('ヴ'),
        (_, '\u{3099}') if voiced || both => char::from_u32(u32::from(base) + 1),
        (_, '\u{309a}') if both => char::from_u32(u32::from(base) + 2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_decoded() {
        for (raw, charset, name) in [
            (&b"a.txt"[..], Charset::Unknown, "a.txt"),
            (b"\x93\xfa\x96{\x8c\xea.txt", Charset::Unknown, "日本語.txt"),
            (b"\x95\\.txt", Charset::Unknown, "表.txt"),
            ("日本語.txt".as_bytes(), Charset::Unknown, "日本語.txt"),
            (b"\xc3\xbd", Charset::Unknown, "ﾃｽ"),
            (b"\xc3\xbd", Charset::Unix, "ý"),
            (b"\xc3\xbd", Charset::Utf8, "ý"),
            (b"\x93\xfa", Charset::Utf8, "日"),
            (b"a\xff\xfe", Charset::Unknown, "a__"),
        ] {
            assert_eq!(decode(raw, charset), name, "{raw:?}");
        }
        assert_eq!(decode_utf16(b"\xe5\x65a\0"), "日a");
    }

    #[test]
    fn paths_lead_nowhere() {
        for (text, folders, name) in [
            ("a/b/c.txt", &["a", "b"][..], "c.txt"),
            ("..\\..\\windows\\x.dll", &["windows"], "x.dll"),
            ("/etc/passwd", &["etc"], "passwd"),
            ("C:\\a.txt", &[], "a.txt"),
            ("C:/a/./. ./b", &["a"], "b"),
            ("folder/", &[], "folder"),
            ("", &[], ""),
            ("../", &[], ""),
        ] {
            let path = Path::split(text);
            assert_eq!(
                (path.folders.as_slice(), path.name.as_str()),
                (&folders.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>()[..], name),
                "{text:?}"
            );
        }
        assert_eq!(Path::file("../../a.txt").text(), "a.txt");
        assert!(Path::split("__MACOSX/a/._b").is_litter() && Path::split("a/.DS_Store").is_litter());
        assert!(!Path::split("a/__MACOSX").is_litter());
    }

    #[test]
    fn sound_marks_join_their_kana() {
        for (apart, whole) in [
            ("か\u{3099}", "が"),
            ("ハ\u{309a}ス", "パス"),
            ("ウ\u{3099}ホ\u{3099}", "ヴボ"),
            ("つ\u{3099}っ\u{3099}", "づっ\u{3099}"),
            ("か\u{309a}", "か\u{309a}"),
            ("\u{3099}a", "\u{3099}a"),
        ] {
            assert_eq!(composed(apart), whole);
        }
    }
}
