//! Hosts: the name that is really asked for, and whether two are of one site.

use std::net::Ipv4Addr;

/// The host as it is asked for (URL 3.3, without tables of all scripts):
/// percent signs decoded, full-width forms narrowed, lower case, other
/// scripts in Punycode.
pub(crate) fn to_ascii(name: &str) -> String {
    let name = percent_decoded(name);
    let narrowed = name.chars().flat_map(|c| match c {
        '。' | '．' | '｡' => '.'.to_lowercase(),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c).to_lowercase(),
        _ => c.to_lowercase(),
    });
    let narrowed: String = narrowed.filter(|c| !matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')).collect();
    let labels = narrowed.trim_end_matches('.').split('.').map(|label| {
        // RFC 1035 2.3.4: a label has 63 octets at most.
        let seen = label.chars().all(sekisho_safe_message::is_safe_char);
        if label.is_ascii() || label.len() > 252 || !seen {
            return label.to_owned();
        }
        punycode(label).map_or_else(|| label.to_owned(), |code| format!("xn--{code}"))
    });
    labels.collect::<Vec<_>>().join(".")
}

/// Percent signs decoded, as far as UTF-8 comes out.
pub(super) fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let (mut octets, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                rest = &tail[2..];
            }
            None => {
                octets.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(octets).unwrap_or_else(|_| text.to_owned())
}

/// RFC 3492 6.3; `None` on overflow.
pub(crate) fn punycode(label: &str) -> Option<String> {
    let chars: Vec<u32> = label.chars().map(u32::from).collect();
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(out.len()).ok()?;
    let (mut n, mut delta, mut bias, mut done) = (128_u32, 0_u32, 72_u32, basic);
    if basic > 0 {
        out.push('-');
    }
    while (done as usize) < chars.len() {
        let next = chars.iter().copied().filter(|c| *c >= n).min()?;
        delta = delta.checked_add((next - n).checked_mul(done + 1)?)?;
        n = next;
        for c in &chars {
            if *c < n {
                delta = delta.checked_add(1)?;
            }
            if *c == n {
                push_number(&mut out, delta, bias);
                bias = adapt(delta, done + 1, done == basic);
                (delta, done) = (0, done + 1);
            }
        }
        delta = delta.checked_add(1)?;
        n += 1;
    }
    Some(out)
}

fn push_number(out: &mut String, mut number: u32, bias: u32) {
    let mut k = 36;
    loop {
        let t = k.max(bias + 1).saturating_sub(bias).clamp(1, 26);
        if number < t {
            return out.push(digit(number));
        }
        out.push(digit(t + (number - t) % (36 - t)));
        number = (number - t) / (36 - t);
        k += 36;
    }
}

fn digit(value: u32) -> char {
    char::from_digit(value, 36).map_or('0', |_| {
        let base = if value < 26 { 'a' as u32 + value } else { '0' as u32 + value - 26 };
        char::from_u32(base).unwrap_or('0')
    })
}

/// RFC 3492 6.1.
fn adapt(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / count;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

/// The address that a numeric host stands for (URL 3.5: parts may be octal or
/// hexadecimal, and the last one fills up).
pub(super) fn ipv4(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = host.split('.').collect();
    let (last, head) = parts.split_last()?;
    if head.len() > 3 {
        return None;
    }
    let mut address = 0_u64;
    for (at, part) in head.iter().enumerate() {
        let octet = numeral(part).filter(|octet| *octet < 256)?;
        address |= octet << (24 - 8 * at);
    }
    let last = numeral(last).filter(|last| *last < 1 << (32 - 8 * head.len()))?;
    u32::try_from(address | last).ok().map(Ipv4Addr::from)
}

fn numeral(part: &str) -> Option<u64> {
    let (digits, radix) = match part.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None if part.len() > 1 && part.starts_with('0') => (&part[1..], 8),
        None => (part, 10),
    };
    u64::from_str_radix(digits, radix).ok().filter(|_| digits.len() < 16)
}

/// Top-level domains by which a bare word is known to be a host; all of two
/// letters are too.
const TOP: &[&str] = &[
    "com", "net", "org", "info", "biz", "gov", "edu", "mil", "int", "name", "app", "dev", "shop", "online", "site",
    "store", "top", "xyz", "cloud", "club", "tokyo", "osaka", "nagoya", "kyoto", "yokohama", "bank", "email", "live",
];

/// Whether a bare word is a domain: `example.jp`, not `report.pdf`.
pub(crate) fn is_domain(word: &str) -> bool {
    let Some((name, top)) = word.rsplit_once('.') else { return false };
    let known = TOP.contains(&top)
        || (top.len() == 2
            && top.bytes().all(|b| b.is_ascii_lowercase())
            && !matches!(top, "js" | "gz" | "db" | "pl" | "py" | "rs" | "md" | "sh"));
    known
        && name
            .split('.')
            .all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_'))
}

/// Whether two hosts belong to one owner, as far as names tell.
pub(super) fn same_site(one: &str, other: &str) -> bool {
    one == other || site(one) == site(other)
}

/// Second-level names under which owners register.
const SECOND: &[&str] =
    &["co", "ne", "or", "go", "ac", "ad", "ed", "gr", "lg", "com", "net", "org", "gov", "edu", "mil", "gob", "gouv"];
const PREFECTURES: &[&str] = &[
    "hokkaido",
    "aomori",
    "iwate",
    "miyagi",
    "akita",
    "yamagata",
    "fukushima",
    "ibaraki",
    "tochigi",
    "gunma",
    "saitama",
    "chiba",
    "tokyo",
    "kanagawa",
    "niigata",
    "toyama",
    "ishikawa",
    "fukui",
    "yamanashi",
    "nagano",
    "gifu",
    "shizuoka",
    "aichi",
    "mie",
    "shiga",
    "kyoto",
    "osaka",
    "hyogo",
    "nara",
    "wakayama",
    "tottori",
    "shimane",
    "okayama",
    "hiroshima",
    "yamaguchi",
    "tokushima",
    "kagawa",
    "ehime",
    "kochi",
    "fukuoka",
    "saga",
    "nagasaki",
    "kumamoto",
    "oita",
    "miyazaki",
    "kagoshima",
    "okinawa",
];

/// The part of a host that somebody registered.
fn site(host: &str) -> &str {
    if ipv4(host).is_some() {
        return host;
    }
    let mut labels = host.rsplit('.');
    let (top, second) = (labels.next().unwrap_or_default(), labels.next().unwrap_or_default());
    let count = match (top, second) {
        // `city.shibuya.tokyo.jp`, `metro.tokyo.jp`
        ("jp", prefecture) if PREFECTURES.contains(&prefecture) => 4,
        (top, second) if top.len() == 2 && SECOND.contains(&second) => 3,
        _ => 2,
    };
    let dots = host.rmatch_indices('.').map(|(at, _)| at + 1);
    dots.take(count).nth(count - 1).map_or(host, |at| &host[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites() {
        for (one, other, same) in [
            ("www.a.com", "b.a.com", true),
            ("a.com", "b.com", false),
            ("a.co.jp", "b.co.jp", false),
            ("x.a.co.jp", "a.co.jp", true),
            ("city.shibuya.tokyo.jp", "www.city.shibuya.tokyo.jp", true),
            ("city.shibuya.tokyo.jp", "city.meguro.tokyo.jp", false),
            ("city.a.lg.jp", "www.city.a.lg.jp", true),
            ("192.0.2.1", "198.51.2.1", false),
        ] {
            assert_eq!(same_site(one, other), same, "{one} {other}");
        }
    }

    #[test]
    fn names() {
        for (name, ascii) in [
            ("bücher.example", "xn--bcher-kva.example"),
            ("他们为什么不说中文.x", "xn--ihqwcrb4cv8a8dqg056pqjye.x"),
            ("A.B.", "a.b"),
        ] {
            assert_eq!(to_ascii(name), ascii);
        }
        assert_eq!(ipv4("1.2.3"), Some(Ipv4Addr::new(1, 2, 0, 3)));
        assert_eq!(ipv4("1.2.3.256"), None);
        assert_eq!(ipv4("a.b"), None);
    }
}
