//! One line of a mail, and where it announces a password.

use super::value;

/// Words that announce a password, the longer before those they begin with.
/// Latin ones are words of their own.
const WORDS: [&str; 21] = [
    "パスワード",
    "パスコード",
    "パスフレーズ",
    "ぱすわーど",
    "ﾊﾟｽﾜｰﾄﾞ",
    "暗証番号",
    "暗証キー",
    "暗証",
    "解凍キー",
    "開封キー",
    "復号キー",
    "解除キー",
    "合言葉",
    "passwords",
    "password",
    "passphrase",
    "passcode",
    "passwd",
    "pass",
    "pwd",
    "pw",
];

/// What the words begin with: nearly every character of a mail is none of these.
const FIRST: [char; 9] = ['パ', 'ぱ', 'ﾊ', '暗', '解', '開', '復', '合', 'p'];

/// Words that say that the value is below.
const BELOW: [&str; 9] = ["以下", "下記", "次の", "とおり", "通り", "below", "follow", "こちら", "↓"];

/// Marks in front of a value.
const MARKS: [char; 6] = [':', '=', '→', '⇒', '➡', '▶'];

/// Words in front of a value.
const LINKS: [&str; 5] = ["は", "が", "is", "to", "->"];

/// Characters between an announcement and its mark: `パスワード（ZIP用）：`.
const MAX_GAP: usize = 30;

/// Characters behind an announcement that are read, or in front of it.
const MAX_REST: usize = 128;

/// A line as it is, and in half-width lower case, character by character.
pub(super) struct Line {
    text: Vec<char>,
    folded: Vec<char>,
    quoted: bool,
}

/// A place where a password is announced.
pub(super) struct Announcement<'l> {
    line: &'l Line,
    /// Where the word begins.
    start: usize,
    /// Where what is said of it begins: behind the word.
    end: usize,
    /// Where the value should begin, if a mark or word says so.
    value: Option<(usize, Lead)>,
}

/// What stands in front of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Mark,
    Link,
}

impl Line {
    pub(super) fn new(text: &str) -> Self {
        let trimmed = text.trim();
        let inner = trimmed.trim_start_matches(['>', '＞', '|', ' ', '　']);
        let quoted = inner.len() < trimmed.len() && trimmed.starts_with(['>', '＞', '|']);
        let text: Vec<char> = inner.chars().collect();
        let folded = text.iter().map(|c| value::half(*c).to_lowercase().next().unwrap_or(*c)).collect();
        Self { text, folded, quoted }
    }

    /// Whether an answer quotes it.
    pub(super) fn is_quoted(&self) -> bool {
        self.quoted
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The places that announce a password.
    pub(super) fn announcements(&self) -> impl Iterator<Item = Announcement<'_>> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let (start, end) = (from..self.folded.len()).find_map(|at| self.word(at).map(|end| (at, end)))?;
            from = end;
            Some(Announcement { line: self, start, end, value: self.lead(end) })
        })
    }

    /// The end of an announcing word that begins at `at`.
    fn word(&self, at: usize) -> Option<usize> {
        if !FIRST.contains(self.folded.get(at)?) {
            return None;
        }
        WORDS.iter().find_map(|word| {
            let end = at + word.chars().count();
            let matches = self.folded.get(at..end)?.iter().copied().eq(word.chars());
            let joined = |place: Option<usize>| {
                place.and_then(|place| self.folded.get(place)).is_some_and(char::is_ascii_alphanumeric)
            };
            let apart = !word.is_ascii() || !(joined(at.checked_sub(1)) || joined(Some(end)));
            (matches && apart).then_some(end)
        })
    }

    /// Where the value begins behind the word that ends at `end`.
    fn lead(&self, end: usize) -> Option<(usize, Lead)> {
        let rest = self.folded.get(end..).unwrap_or_default();
        let gap = &rest[..rest.len().min(MAX_GAP)];
        let is_address = |at: usize| gap.get(at + 1..at + 3) == Some(&['/', '/']);
        let mark = gap.iter().enumerate().find(|(at, c)| MARKS.contains(c) && !is_address(*at));
        // A mark in or behind the value is none.
        let between = |at: usize| gap[..at].iter().collect::<String>();
        let glued = |at: usize| {
            let beside = [at.checked_sub(1), Some(at + 1)].map(|place| place.and_then(|place| gap.get(place)));
            gap.starts_with(&['は']) && beside.iter().all(|c| c.is_some_and(char::is_ascii_graphic))
        };
        let leads =
            |at: usize| !glued(at) && !value::is_open(&between(at)) && value::values(&between(at), false).is_empty();
        if let Some((at, _)) = mark.filter(|(at, _)| leads(*at)) {
            let run = rest[at..].iter().take_while(|c| MARKS.contains(c) || c.is_whitespace()).count();
            return Some((end + at + run, Lead::Mark));
        }
        let blanks = |at: usize| rest.get(at..).unwrap_or_default().iter().take_while(|c| is_filler(**c)).count();
        let first = blanks(0);
        let link = LINKS.iter().find_map(|link| {
            let length = link.chars().count();
            let is_here = rest.get(first..first + length)?.iter().copied().eq(link.chars());
            let apart = !link.is_ascii() || !rest.get(first + length).is_some_and(char::is_ascii_alphanumeric);
            (is_here && apart).then_some(length)
        });
        link.map(|length| (end + first + length + blanks(first + length), Lead::Link))
    }

    /// The line as a value: alone, in brackets or behind a bullet.
    pub(super) fn value(&self) -> Vec<String> {
        let text: String = self.text.iter().collect();
        let text = text.trim_start_matches(['・', '■', '◆', '●', '○', '□', '◇', '▼', '★', '※', '⇒', '→', ' ', '　']);
        let values = value::values(text, true);
        let first = values.into_iter().next().unwrap_or_default();
        // A sentence is none.
        let alone = first.chars().count() * 2 >= text.trim().chars().count();
        if alone { value::spellings(&first) } else { Vec::new() }
    }

    /// The line as a password that nothing announces.
    pub(super) fn alone(&self) -> Vec<String> {
        let text: String = self.text.iter().collect();
        if value::looks_like_password(&text) { value::spellings(&text) } else { Vec::new() }
    }
}

/// Blanks and commas between words.
fn is_filler(c: char) -> bool {
    c.is_whitespace() || matches!(c, '、' | ',' | '」' | '』' | '】' | '"')
}

impl Announcement<'_> {
    /// Whether the line says that its first value is the password. A plain word
    /// behind `is` is a sentence.
    pub(super) fn is_definite(&self, first: &str) -> bool {
        match self.value {
            Some((_, Lead::Mark)) => true,
            Some((_, Lead::Link)) => !value::is_word(first),
            None => false,
        }
    }

    /// What may be the value, the likeliest first.
    pub(super) fn values(&self) -> Vec<String> {
        value::values(&self.rest(), self.value.is_some())
    }

    /// Whether the value is on a line below.
    pub(super) fn points_below(&self) -> bool {
        let rest: String = self.line.folded.iter().skip(self.end).take(MAX_REST).collect();
        let said = rest.trim_matches(|c: char| !c.is_alphanumeric());
        matches!(said, "" | "は" | "です" | "is") || BELOW.iter().any(|word| rest.contains(word))
    }

    /// A value in front of the word: `「abc」がパスワードです`.
    pub(super) fn before(&self) -> Option<String> {
        let from = self.start.saturating_sub(MAX_REST);
        let text: String = self.line.text.get(from..self.start)?.iter().collect();
        let trimmed = text.trim_end();
        // What may stand between: `abcが解凍パスワードです`, `abc is the password`.
        let words =
            ["解凍用", "解凍", "開封用", "開封", "添付ファイルの", "ファイルの", "zipの", "ZIPの", "the", "その"];
        let trimmed = words.iter().fold(trimmed, |text, word| text.strip_suffix(word).unwrap_or(text).trim_end());
        let value = trimmed.strip_suffix('が').or_else(|| trimmed.strip_suffix("is"))?;
        value::values(value, true).pop()
    }

    /// The whole rest of the line, for passwords with blanks or in Japanese.
    pub(super) fn loose(&self) -> Option<String> {
        let (_, Lead::Mark) = self.value? else { return None };
        let rest = self.rest();
        let rest = rest.trim().trim_end_matches('。');
        let rest = rest.strip_suffix("です").unwrap_or(rest).trim();
        let short = (4..=64).contains(&rest.chars().count());
        let odd = rest.contains(char::is_whitespace) || !rest.is_ascii();
        (short && odd && !rest.contains('。') && !rest.contains("://")).then(|| rest.to_owned())
    }

    /// The text from where the value may begin.
    fn rest(&self) -> String {
        let from = self.value.map_or(self.end, |(at, _)| at);
        self.line.text.iter().skip(from).take(MAX_REST).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_begins_as_said() {
        for word in WORDS {
            assert!(word.chars().next().is_some_and(|first| FIRST.contains(&first)), "{word}");
        }
    }
}
