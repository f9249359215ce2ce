//! What a password looks like.

/// Brackets and quotation marks that stand around one.
const AROUND: [(char, char); 16] = [
    ('「', '」'),
    ('『', '』'),
    ('【', '】'),
    ('《', '》'),
    ('〈', '〉'),
    ('“', '”'),
    ('‘', '’'),
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('[', ']'),
    ('［', '］'),
    ('<', '>'),
    ('＜', '＞'),
    ('(', ')'),
    ('（', '）'),
];

/// Brackets whose content may be Japanese and a password all the same.
const SPOKEN: [char; 4] = ['「', '『', '“', '"'];

/// Words in sentences about passwords.
const NO_PASSWORDS: [&str; 48] = [
    "a",
    "and",
    "any",
    "archive",
    "as",
    "attached",
    "be",
    "below",
    "by",
    "can",
    "email",
    "excel",
    "file",
    "files",
    "follow",
    "following",
    "follows",
    "for",
    "has",
    "here",
    "id",
    "in",
    "is",
    "it",
    "lzh",
    "mail",
    "needed",
    "not",
    "of",
    "on",
    "open",
    "pass",
    "password",
    "pdf",
    "please",
    "protected",
    "pw",
    "required",
    "reset",
    "sent",
    "the",
    "this",
    "to",
    "will",
    "with",
    "word",
    "your",
    "zip",
];

/// Endings of files, which no password has.
const FILES: [&str; 18] = [
    ".zip", ".7z", ".pdf", ".doc", ".docx", ".docm", ".xls", ".xlsx", ".xlsm", ".ppt", ".pptx", ".txt", ".csv", ".lzh",
    ".rar", ".exe", ".jpg", ".png",
];

/// Shortest and longest value, in characters.
const SHORTEST: usize = 3;
const LONGEST: usize = 64;

/// A full-width Latin letter, digit or sign as a half-width one (U+FF01 to
/// U+FF5E lie 0xFEE0 behind ASCII).
pub(super) fn half(c: char) -> char {
    match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '　' => ' ',
        other => other,
    }
}

/// What may be a value in `text`, in order; what stands right at its begin is
/// one more easily if it `begins` there.
pub(super) fn values(text: &str, begins: bool) -> Vec<String> {
    let mut values = Vec::new();
    let mut rest = text.trim_start();
    let mut first = begins;
    while let Some(c) = rest.chars().next() {
        let whole = token(rest);
        let mut after = if whole.is_empty() { &rest[c.len_utf8()..] } else { &rest[whole.len()..] };
        if let Some((inner, behind)) = enclosed(rest) {
            let spoken = first && SPOKEN.contains(&c) && is_spoken(inner);
            values.extend((spoken || is_plausible(inner)).then(|| inner.to_owned()));
            after = behind;
        }
        values.extend(is_plausible(whole).then(|| whole.to_owned()));
        first &= c.is_whitespace();
        rest = after;
    }
    values
}

/// What stands in the brackets that `text` begins with, and what is behind.
fn enclosed(text: &str) -> Option<(&str, &str)> {
    let open = text.chars().next()?;
    let (_, close) = AROUND.iter().find(|(one, _)| *one == open)?;
    let inside = &text[open.len_utf8()..];
    let (inner, behind) = inside.split_once(*close)?;
    (!inner.trim().is_empty()).then_some((inner.trim(), behind))
}

/// The characters of a password that `text` begins with.
fn token(text: &str) -> &str {
    let end = text.find(|c: char| !half(c).is_ascii_graphic()).unwrap_or(text.len());
    &text[..end]
}

/// Whether it may be said aloud: Japanese and short.
fn is_spoken(text: &str) -> bool {
    (SHORTEST..=32).contains(&text.chars().count()) && !text.contains(['。', '、']) && !text.contains("://")
}

/// Whether a token may be a password.
fn is_plausible(token: &str) -> bool {
    let half: String = token.chars().map(half).collect();
    let bare = half.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    (SHORTEST..=LONGEST).contains(&half.len())
        && half.chars().all(|c| c.is_ascii_graphic())
        && !bare.is_empty()
        && !NO_PASSWORDS.contains(&bare.as_str())
        && !is_address(&half)
}

/// Whether it is a plain lower-case word, of which sentences are made.
pub(super) fn is_word(token: &str) -> bool {
    token.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).chars().all(|c| c.is_ascii_lowercase())
}

/// Whether a bracket is open at the end of `text`.
pub(super) fn is_open(text: &str) -> bool {
    let balance = |(open, close): &(char, char)| text.matches(*open).count() > text.matches(*close).count();
    AROUND.iter().filter(|(open, close)| open != close).any(balance)
}

/// Web addresses, mail addresses, names of files.
fn is_address(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mail = lower.split_once('@').is_some_and(|(before, host)| {
        let host = host.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        !before.is_empty() && host.contains('.') && host.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
    });
    mail || lower.contains("://") || lower.contains("www.") || FILES.iter().any(|ending| lower.ends_with(ending))
}

/// Whether a whole line looks like a password although nothing announces it: 6
/// to 32 characters of two classes or more, and no number or date.
pub(super) fn looks_like_password(line: &str) -> bool {
    let half: String = line.trim().chars().map(half).collect();
    let classes: [fn(char) -> bool; 4] =
        [|c| c.is_ascii_lowercase(), |c| c.is_ascii_uppercase(), |c| c.is_ascii_digit(), |c| c.is_ascii_punctuation()];
    let mixed = classes.iter().filter(|class| half.chars().any(**class)).count() >= 2;
    let number = half.chars().all(|c| c.is_ascii_digit() || "-/:.,()+#".contains(c));
    let word =
        half.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).chars().skip(1).all(|c| c.is_ascii_lowercase());
    let label = half.split_once(':').is_some_and(|(label, _)| {
        ["tel", "fax", "url", "mail", "e-mail", "http", "https", "mobile"]
            .contains(&label.to_ascii_lowercase().as_str())
    });
    (6..=32).contains(&half.len()) && is_plausible(&half) && mixed && !number && !word && !label
}

/// The ways in which `value` may be meant: without the stop of the sentence,
/// without brackets around it, in half width.
pub(super) fn spellings(value: &str) -> Vec<String> {
    let value = value.trim();
    let half: String = value.chars().map(half).collect();
    let mut spellings = Vec::new();
    for text in [half.as_str(), value] {
        let inner =
            enclosed(text).filter(|(inner, behind)| behind.is_empty() && is_plausible(inner)).map(|(inner, _)| inner);
        let stop = text.trim_end_matches(['.', ',', ';', '．', '，', '。', '、']);
        // `abc)` closes what was opened before.
        let closed =
            stop.strip_suffix([')', ']', '>', '"', '\'']).filter(|bare| !bare.contains(['(', '[', '<', '"', '\'']));
        for spelling in inner.into_iter().chain(closed).chain([stop, text]) {
            if !spelling.is_empty() && !spellings.iter().any(|known| known == spelling) {
                spellings.push(spelling.to_owned());
            }
        }
    }
    spellings
}
