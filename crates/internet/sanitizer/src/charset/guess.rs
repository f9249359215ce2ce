//! Which charset octets without a trustworthy label are in.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS};

/// Octets that are looked at: enough for any detector.
const SAMPLE: usize = 64 * 1024;

/// The likeliest charset in which `octets` (neither ASCII nor UTF-8) read
/// without errors. Kana decide for Japanese, since nothing else has them; the
/// rest is chardetng's business.
pub(super) fn guess(octets: &[u8]) -> Option<&'static Encoding> {
    let japanese = japanese(octets);
    if let Some((encoding, true)) = japanese {
        return Some(encoding);
    }
    let sample = octets.get(..SAMPLE).unwrap_or(octets);
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    let detected = detector.guess(None, Utf8Detection::Deny);
    match japanese {
        // A short text of Chinese characters alone could be of any country;
        // here it is Japanese.
        Some((encoding, false)) if octets.len() < 64 || detected == encoding => Some(encoding),
        _ => detected.decode_without_bom_handling_and_without_replacement(octets).map(|_| detected),
    }
}

/// Of the two eight-bit Japanese encodings the one that reads without errors
/// and gives more kana, and whether it gives any; `None` if neither gives any
/// text that is likely.
fn japanese(octets: &[u8]) -> Option<(&'static Encoding, bool)> {
    let score = |encoding: &'static Encoding| {
        let text = encoding.decode_without_bom_handling_and_without_replacement(octets)?;
        let count = |wanted: fn(&char) -> bool| text.chars().filter(wanted).count();
        let kana = count(|c| matches!(c, '\u{3041}'..='\u{30ff}'));
        let marks = count(|c| matches!(c, '\u{3001}'..='\u{3015}'));
        let kanji = count(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
        let half = count(|c| matches!(c, '\u{ff61}'..='\u{ff9f}'));
        let likely = kana > 0 || marks > 0 || kanji >= 2 || half >= 4 || kanji == 1 && has_sure_pair(octets);
        likely.then_some(((2 * (kana + marks) + kanji).saturating_sub(half), 4 * kana >= kanji && kana > half))
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
