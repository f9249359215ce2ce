//! Which charset octets without a trustworthy label are in.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS};

use super::Charset;

/// Octets that are looked at: enough for any detector.
const SAMPLE: usize = 64 * 1024;

/// The likeliest charset in which `octets` (neither ASCII nor UTF-8) read
/// without errors, or nearly. Kana decide for Japanese, since nothing else has
/// them; the rest is chardetng's business. `expected` says that the label names
/// another Japanese charset.
pub(super) fn guess(octets: &[u8], expected: bool) -> Option<Charset> {
    let japanese = japanese(octets);
    if let Some((encoding, _)) = japanese.filter(|(_, sure)| *sure || expected) {
        return Some(Charset::Whatwg(encoding));
    }
    let sample = octets.get(..SAMPLE).unwrap_or(octets);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    let detected = detector.guess(None, Utf8Detection::Deny);
    let likely = match japanese {
        // A short text of Chinese characters alone could be of any country;
        // here it is Japanese.
        Some((encoding, false)) if octets.len() < 64 || detected == encoding => Some(encoding),
        _ => detected.decode_without_bom_handling_and_without_replacement(octets).map(|_| detected),
    };
    likely.map(Charset::Whatwg)
}

/// The Japanese charset that it is beyond doubt.
pub(super) fn sure(octets: &[u8]) -> Option<Charset> {
    japanese(octets).filter(|(_, sure)| *sure).map(|(encoding, _)| Charset::Whatwg(encoding))
}

/// The same where a label says Western Europe: only with octets that
/// windows-1252 leaves open, which Shift_JIS has in every sentence.
pub(super) fn sure_despite_label(octets: &[u8]) -> Option<Charset> {
    let open = octets.iter().any(|b| matches!(b, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d));
    if open { sure(octets) } else { None }
}

/// EUC-JP, if the octets read as such without errors and with much kana.
pub(super) fn sure_euc(octets: &[u8]) -> Option<Charset> {
    let text = EUC_JP.decode_without_bom_handling_and_without_replacement(octets)?;
    let Counts { kana, kanji, half, .. } = Counts::of(&text);
    (kana >= 2 && 2 * kana >= kanji && half == 0).then_some(Charset::Whatwg(EUC_JP))
}

/// Kinds of characters in a text.
#[derive(Default)]
struct Counts {
    kana: usize,
    /// Punctuation that only Japanese and Chinese have.
    marks: usize,
    /// Latin letters and digits as wide as kanji.
    wide: usize,
    kanji: usize,
    /// Half-width katakana.
    half: usize,
    errors: usize,
}

impl Counts {
    fn of(text: &str) -> Self {
        let mut counts = Self::default();
        for c in text.chars() {
            match c {
                '\u{3041}'..='\u{30ff}' => counts.kana += 1,
                '\u{3001}'..='\u{3015}' => counts.marks += 1,
                '\u{ff10}'..='\u{ff5a}' => counts.wide += 1,
                '\u{4e00}'..='\u{9fff}' => counts.kanji += 1,
                '\u{ff61}'..='\u{ff9f}' => counts.half += 1,
                // encoding_rs reads 0x80 as a control; no Japanese has it.
                '\u{fffd}' | '\u{80}' => counts.errors += 1,
                _ => {}
            }
        }
        counts
    }
}

/// Of the two eight-bit Japanese encodings the one that reads without errors,
/// or with a slip among much kana, and gives more kana, and whether it gives
/// any; `None` if neither gives any text that is likely.
fn japanese(octets: &[u8]) -> Option<(&'static Encoding, bool)> {
    let score = |encoding: &'static Encoding| {
        let (text, _) = encoding.decode_without_bom_handling(octets);
        let Counts { kana, marks, wide, kanji, half, errors } = Counts::of(&text);
        // In EUC-JP they have the octets that they have in Chinese charsets.
        let wide = if encoding == SHIFT_JIS { wide } else { 0 };
        let sound = errors == 0 || kana >= 4 && kana + marks + kanji >= 8 * errors;
        // Chinese read as Shift_JIS is half-width kana with a kanji here and there.
        let chinese = kana == 0 && kanji > 0 && half > kanji;
        let some = kana > 0 || marks > 0 || wide > 1 || half >= 4;
        let likely = !chinese && (some || kanji >= 2 || kanji == 1 && has_sure_pair(octets));
        let sure = 4 * kana >= kanji && kana > half || wide > 1 && wide >= kanji + half;
        (sound && likely).then_some(((2 * (kana + marks + wide) + kanji).saturating_sub(half), sure))
    };
    match (score(SHIFT_JIS), score(EUC_JP)) {
        (Some((sjis, _)), Some((euc, sure))) if euc > sjis => Some((EUC_JP, sure)),
        (Some((_, sure)), _) => Some((SHIFT_JIS, sure)),
        (None, euc) => euc.map(|(_, sure)| (EUC_JP, sure)),
    }
}

/// Whether a pair of octets is there that Western text has not: behind a
/// Windows quotation mark stands a letter or a blank.
fn has_sure_pair(octets: &[u8]) -> bool {
    octets.windows(2).any(|pair| matches!(pair, [0x81..=0x9f, b'\\' | 0x80..=0xfc]))
}
