//! The grammars of values and parameters: `docs/output-formats.md`, "Calendars
//! and cards", line by line.

use super::lists::Value;
use super::markup;

/// Schemes that a client makes a link of, and follows to a file or a program.
pub(super) const SCHEMES: [&str; 7] = ["file:", "javascript:", "vbscript:", "mhtml:", "smb:", "search-ms:", "ms-msdt:"];

/// Most values of a list.
const MAX_LIST: usize = 500;

/// What the parameters of a line say about its value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Form {
    /// `VALUE=DATE`
    pub(super) date: bool,
    /// `VALUE=DATE-TIME`
    pub(super) time: bool,
    /// `TZID`
    pub(super) zone: bool,
}

/// Whether `text` is a value of this sort.
pub(super) fn is_value(value: Value, text: &str, form: Form) -> bool {
    match value {
        Value::OneOf(words) => words.contains(&text),
        Value::Text => is_text(text),
        Value::Texts => split(text, ',').all(is_text),
        Value::Fields(least, most) => {
            (least..=most).contains(&split(text, ';').count()) && split(text, ';').all(|f| split(f, ',').all(is_text))
        }
        Value::When => is_when(text, form),
        Value::Whens => is_list(text, |one| is_when(one, form)),
        Value::Locals => is_list(text, is_local),
        Value::Local => is_local(text),
        Value::Utc => is_utc(text),
        Value::Duration => is_duration(text),
        Value::Trigger if form.time => is_utc(text),
        Value::Trigger => !form.date && is_duration(text),
        Value::Offset => is_offset(text),
        Value::Number(most) => number(text, most).is_some(),
        Value::Geo => text.split_once(';').is_some_and(|(a, b)| is_decimal(a) && is_decimal(b)),
        Value::Link => is_link(text),
        Value::Mailbox => is_mailbox(text),
        Value::Recur => is_recur(text),
        Value::Birthday => is_birthday(text),
    }
}

/// Whether `text` is a value of the parameter `name`, which stands for itself
/// in `Parameter::words`.
pub(super) fn is_parameter(name: &str, text: &str, quoted: bool) -> bool {
    let one_of = |words: &[&str]| words.contains(&text) && !quoted;
    match name {
        "TZID" => text.len() <= 200 && is_parameter_text(text, quoted),
        "CN" => is_parameter_text(text, quoted),
        "VALUE" => one_of(&["DATE", "DATE-TIME"]),
        "RANGE" => one_of(&["THISANDFUTURE"]),
        "RELATED" => one_of(&["START", "END"]),
        "RSVP" => one_of(&["TRUE", "FALSE"]),
        "CUTYPE" => one_of(&["INDIVIDUAL", "GROUP", "RESOURCE", "ROOM", "UNKNOWN"]),
        "ROLE" => one_of(&["CHAIR", "REQ-PARTICIPANT", "OPT-PARTICIPANT", "NON-PARTICIPANT"]),
        "PARTSTAT" => {
            one_of(&["NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED", "COMPLETED", "IN-PROCESS"])
        }
        "LANGUAGE" => {
            !quoted && (1..=35).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        }
        "TYPE" => !quoted && text.split(',').count() <= 10 && text.split(',').all(|one| TYPES.contains(&one)),
        _ => false,
    }
}

/// RFC 2426 3.2.1, 3.3.1 and 3.3.2.
const TYPES: [&str; 18] = [
    "HOME", "WORK", "PREF", "FAX", "CELL", "VOICE", "MSG", "PAGER", "CAR", "VIDEO", "MODEM", "ISDN", "PCS", "INTERNET",
    "DOM", "INTL", "POSTAL", "PARCEL",
];

fn is_parameter_text(text: &str, quoted: bool) -> bool {
    (1..=500).contains(&text.len())
        && !text.contains(['"', '\\'])
        && quoted == text.contains([':', ';', ','])
        && markup::is_inert(text)
        && has_no_scheme(text)
}

/// The pieces between separators that no backslash stands before.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |c| {
        let ends = c == separator && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    })
}

/// RFC 5545 3.3.11, without what clients make links of.
fn is_text(text: &str) -> bool {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let fits = match c {
            '\\' => matches!(chars.next(), Some('\\' | ',' | ';' | 'n')),
            _ => c != ',' && c != ';',
        };
        if !fits {
            return false;
        }
    }
    !text.contains(r"\\\") && markup::is_inert(text) && has_no_scheme(text)
}

fn has_no_scheme(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends_scheme = |at: usize| {
        SCHEMES.iter().any(|scheme| {
            at + 1 >= scheme.len() && bytes[at + 1 - scheme.len()..=at].eq_ignore_ascii_case(scheme.as_bytes())
        })
    };
    !bytes.iter().enumerate().any(|(at, b)| *b == b':' && ends_scheme(at))
}

fn is_list(text: &str, is_one: impl Fn(&str) -> bool) -> bool {
    text.split(',').count() <= MAX_LIST && text.split(',').all(is_one)
}

/// A decimal number of at most 8 digits without leading zeros.
fn number(text: &str, most: u32) -> Option<u32> {
    let plain = (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let plain = plain && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|n| plain && *n <= most)
}

/// Whether `text` is just `length` digits of a number in the range.
fn digits(text: &str, length: usize, least: u32, most: u32) -> bool {
    text.len() == length
        && text.bytes().all(|b| b.is_ascii_digit())
        && text.parse::<u32>().is_ok_and(|n| (least..=most).contains(&n))
}

/// `text` cut at these lengths; the rest must be empty.
fn cut<const N: usize>(text: &str, lengths: [usize; N]) -> Option<[&str; N]> {
    let (mut out, mut rest) = ([""; N], text);
    for (piece, length) in out.iter_mut().zip(lengths) {
        (*piece, rest) = rest.split_at_checked(length)?;
    }
    rest.is_empty().then_some(out)
}

fn is_date(text: &str) -> bool {
    cut(text, [4, 2, 2])
        .is_some_and(|[year, month, day]| digits(year, 4, 0, 9999) && digits(month, 2, 1, 12) && digits(day, 2, 1, 31))
}

fn is_clock(text: &str) -> bool {
    cut(text, [2, 2, 2]).is_some_and(|[hour, minute, second]| {
        digits(hour, 2, 0, 23) && digits(minute, 2, 0, 59) && digits(second, 2, 0, 60)
    })
}

fn is_local(text: &str) -> bool {
    text.split_once('T').is_some_and(|(date, clock)| is_date(date) && is_clock(clock))
}

fn is_utc(text: &str) -> bool {
    text.strip_suffix('Z').is_some_and(is_local)
}

fn is_when(text: &str, form: Form) -> bool {
    match (form.date, form.time, form.zone) {
        (true, false, false) => is_date(text),
        (false, false, true) => is_local(text),
        (false, false, false) => is_local(text) || is_utc(text),
        (_, true, _) | (true, _, true) => false,
    }
}

fn is_birthday(text: &str) -> bool {
    let day = |month: &str, day: &str| digits(month, 2, 1, 12) && digits(day, 2, 1, 31);
    let dashed = cut(text, [4, 1, 2, 1, 2]);
    is_date(text)
        || dashed.is_some_and(|[y, a, m, b, d]| digits(y, 4, 0, 9999) && (a, b) == ("-", "-") && day(m, d))
        || cut(text, [2, 2, 2]).is_some_and(|[no_year, m, d]| no_year == "--" && day(m, d))
        || cut(text, [2, 2, 1, 2]).is_some_and(|[no_year, m, a, d]| (no_year, a) == ("--", "-") && day(m, d))
}

/// RFC 5545 3.3.6.
fn is_duration(text: &str) -> bool {
    let Some(text) = text.strip_prefix(['+', '-']).unwrap_or(text).strip_prefix('P') else { return false };
    let is_count = |count: &str| (1..=5).contains(&count.len()) && count.bytes().all(|b| b.is_ascii_digit());
    if let Some(weeks) = text.strip_suffix('W') {
        return is_count(weeks);
    }
    let (days, clock) = text.split_once('T').map_or((text, None), |(days, clock)| (days, Some(clock)));
    let days_fit = days.is_empty() || days.strip_suffix('D').is_some_and(is_count);
    let clock_fits = clock.is_none_or(|clock| {
        let mut rest = clock;
        for unit in ['H', 'M', 'S'] {
            if let Some((_, behind)) = rest.split_once(unit).filter(|(count, _)| is_count(count)) {
                rest = behind;
            }
        }
        rest.is_empty() && !clock.is_empty()
    });
    days_fit && clock_fits && !(days.is_empty() && clock.is_none())
}

fn is_offset(text: &str) -> bool {
    let Some(text) = text.strip_prefix(['+', '-']) else { return false };
    is_clock(text) || cut(text, [2, 2]).is_some_and(|[hour, minute]| digits(hour, 2, 0, 23) && digits(minute, 2, 0, 59))
}

fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let is_run = |run: &str, most| (1..=most).contains(&run.len()) && run.bytes().all(|b| b.is_ascii_digit());
    is_run(whole, 3) && part.is_none_or(|part| is_run(part, 12))
}

fn is_link(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else { return false };
    let fits = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b);
    (1..=2000).contains(&rest.len()) && rest.bytes().all(fits) && has_no_scheme(rest)
}

fn is_mailbox(text: &str) -> bool {
    let Some((local, domain)) = text.strip_prefix("mailto:").and_then(|address| address.rsplit_once('@')) else {
        return false;
    };
    let in_local = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_{}~.".contains(&b);
    (1..=64).contains(&local.len())
        && local.bytes().all(in_local)
        && (1..=253).contains(&domain.len())
        && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
}

/// RFC 5545 3.3.10, without rules that never end within a day.
fn is_recur(text: &str) -> bool {
    let mut parts = text.split(';');
    let frequent = ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY"];
    if !parts.next().is_some_and(|first| frequent.contains(&first)) {
        return false;
    }
    // Eleven sorts of parts, each once.
    let mut seen: Vec<&str> = Vec::new();
    for part in parts {
        let Some((name, value)) = part.split_once('=') else { return false };
        let twice = seen.contains(&name) || (name == "COUNT" && seen.contains(&"UNTIL"));
        if twice || (name == "UNTIL" && seen.contains(&"COUNT")) || !is_recur_part(name, value) {
            return false;
        }
        seen.push(name);
    }
    true
}

fn is_recur_part(name: &str, value: &str) -> bool {
    let positive = |text: &str, most| number(text, most).is_some_and(|n| n > 0);
    let list = |is_one: &dyn Fn(&str) -> bool| value.split(',').count() <= 62 && value.split(',').all(is_one);
    let signed = |most| move |one: &str| positive(one.strip_prefix(['+', '-']).unwrap_or(one), most);
    match name {
        "UNTIL" => is_date(value) || is_local(value) || is_utc(value),
        "COUNT" => positive(value, 9999),
        "INTERVAL" => positive(value, 999),
        "WKST" => WEEKDAYS.contains(&value),
        "BYMONTH" => list(&|one| positive(one, 12)),
        "BYMONTHDAY" => list(&signed(31)),
        "BYYEARDAY" | "BYSETPOS" => list(&signed(366)),
        "BYWEEKNO" => list(&signed(53)),
        "BYDAY" => list(&|one| {
            let Some((nth, day)) = one.len().checked_sub(2).and_then(|at| one.split_at_checked(at)) else {
                return false;
            };
            WEEKDAYS.contains(&day) && (nth.is_empty() || signed(53)(nth))
        }),
        _ => false,
    }
}

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
