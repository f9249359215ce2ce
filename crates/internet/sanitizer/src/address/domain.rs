//! Domains beyond ASCII in the form that all mail can carry: A-labels (RFC
//! 5890 2.3.2.1), which the same owner has.
//!
//! Owns: the part of UTS 46 that needs no tables. Never: guesses; what the
//! tables might read in another way has no form here.

use crate::html::punycode;

/// Longest label beyond ASCII, in octets: no A-label of it has 63 or less.
const MAX_LABEL: usize = 252;

/// The A-label form of `domain`; `None` where the mapping of UTS 46 does more
/// than lower, and where one label looks like two scripts.
pub(super) fn to_ascii(domain: &str) -> Option<String> {
    let mapped: String = domain.chars().map(mapped).collect::<Option<_>>()?;
    let labels = mapped.split('.').map(label).collect::<Option<Vec<_>>>()?;
    Some(labels.join("."))
}

/// UTS 46 4, of it capitals alone. Full-width forms and other full stops would
/// become ASCII, and make an ASCII domain that other readers, and those who
/// check senders, do not see.
fn mapped(c: char) -> Option<char> {
    let mut lower = c.to_lowercase();
    lower.next().filter(|_| lower.next().is_none())
}

fn label(label: &str) -> Option<String> {
    if label.is_ascii() {
        return Some(label.to_owned());
    }
    let scripts = label.chars().filter(|c| !c.is_ascii_digit() && *c != '-').map(script).collect::<Option<Vec<_>>>()?;
    let has = |script| scripts.contains(&script);
    // Each of the three has letters that look like those of the others.
    let alphabets = [Script::Latin, Script::Greek, Script::Cyrillic].into_iter().filter(|script| has(*script)).count();
    if alphabets > 1 || label.len() > MAX_LABEL {
        return None;
    }
    let code = format!("xn--{}", punycode(label)?);
    (code.len() <= 63).then_some(code)
}

#[derive(Clone, Copy, PartialEq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    /// Chinese, Japanese and Korean, which go with Latin.
    East,
}

/// The script of a letter that UTS 46 leaves as it is in both of its versions
/// and that no normal form changes.
fn script(c: char) -> Option<Script> {
    Some(match c {
        'ĳ' | 'ŀ' | 'ŉ' | '÷' | 'ς' => return None,
        'a'..='z' | 'à'..='ž' => Script::Latin,
        'ά'..='ώ' => Script::Greek,
        'а'..='џ' | 'ґ'..='ӿ' => Script::Cyrillic,
        '々' | '〇' | 'ぁ'..='ゖ' | 'ゝ' | 'ゞ' | 'ァ'..='ヾ' => Script::East,
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{2ebe0}' | '\u{30000}'..='\u{323af}' => {
            Script::East
        }
        '가'..='힣' => Script::East,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::to_ascii;

    #[test]
    fn forms() {
        for (domain, ascii) in [
            ("例え.jp", Some("xn--r8jz45g.jp")),
            ("例え.JP", Some("xn--r8jz45g.jp")),
            ("Bücher.Example", Some("xn--bcher-kva.example")),
            ("日本語abc1.jp", Some("xn--abc1-f79hm9d2w6i.jp")),
            // These would be ASCII.
            ("ａ．example", None),
            ("例え。jp", None),
            ("ｂank.example", None),
            ("例え｡jp", None),
            ("сайт.рф", Some("xn--80aswg.xn--p1ai")),
            ("도메인.kr", Some("xn--hq1bm8jm9l.kr")),
            ("bаnk.example", None),
            // Old and new IDNA differ.
            ("straße.example", None),
            ("か\u{3099}.jp", None),
            ("ｶﾅ.jp", None),
            ("㈱.jp", None),
            ("a\u{200b}例.jp", None),
            ("例％.jp", None),
            ("İ.example", None),
        ] {
            assert_eq!(to_ascii(domain).as_deref(), ascii, "{domain}");
        }
    }
}
