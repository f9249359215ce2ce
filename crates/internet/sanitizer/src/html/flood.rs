//! Tags with very many attributes: html5ever compares each with all before
//! it, which takes time in the square of their number.
//!
//! Where a tag begins only the tokenizer knows (a comment or a script may
//! hold what looks like one, with quotes that never end). So every `<` is
//! taken for one, and all of them are followed at once, by the states of
//! HTML 13.2.5.6 to 39: what they could be is bounded by the number of states.

/// Shorter pages are tokenized as they are: 15,000 attributes take 0.1 s.
const SHORT: usize = 64 << 10;
/// Most attributes of one tag of a longer page.
const MAX_ATTRIBUTES: i32 = 1000;

/// The most attributes of any tag that may be in a state; -1: none is.
#[derive(Debug, Clone, Copy)]
struct Open {
    tag_name: i32,
    before_name: i32,
    name: i32,
    after_name: i32,
    before_value: i32,
    unquoted: i32,
    single: i32,
    double: i32,
}

const NONE: Open = Open {
    tag_name: -1,
    before_name: -1,
    name: -1,
    after_name: -1,
    before_value: -1,
    unquoted: -1,
    single: -1,
    double: -1,
};

/// One attribute more.
fn more(count: i32) -> i32 {
    if count < 0 { count } else { count + 1 }
}

impl Open {
    fn step(self, b: u8) -> Self {
        let Self { tag_name, before_name, name, after_name, before_value, unquoted, single, double } = self;
        let begun = name.max(more(before_name)).max(more(after_name));
        let stay = Self { single, double, ..NONE };
        match b {
            b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' => {
                let before_name = tag_name.max(before_name).max(unquoted);
                Self { before_name, after_name: name.max(after_name), before_value, ..stay }
            }
            b'/' => {
                let before_name = tag_name.max(before_name).max(name).max(after_name);
                Self { before_name, unquoted: unquoted.max(before_value), ..stay }
            }
            b'=' => {
                let before_value_now = name.max(after_name);
                let unquoted = unquoted.max(before_value);
                Self { tag_name, name: more(before_name), before_value: before_value_now, unquoted, ..stay }
            }
            b'\'' => {
                Self { tag_name, name: begun, unquoted, single: before_value, before_name: single, double, ..NONE }
            }
            b'"' => Self { tag_name, name: begun, unquoted, double: before_value, before_name: double, single, ..NONE },
            b'>' => stay,
            b'<' => Self { tag_name: 0, name: begun, unquoted: unquoted.max(before_value), ..stay },
            _ => Self { tag_name, name: begun, unquoted: unquoted.max(before_value), ..stay },
        }
    }
}

/// Whether more of the same changes nothing.
fn is_plain(b: u8) -> bool {
    !matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/' | b'=' | b'\'' | b'"' | b'>' | b'<')
}

/// Whether any tag has more attributes than honest pages have.
pub(super) fn is_in(html: &str) -> bool {
    if html.len() < SHORT {
        return false;
    }
    let (mut open, mut before) = (NONE, b'>');
    html.bytes().any(|b| {
        if !(is_plain(b) && is_plain(before)) {
            open = open.step(b);
        }
        if (before, b) == (b'<', b'/') {
            open.tag_name = 0;
        }
        before = b;
        open.name > MAX_ATTRIBUTES
    })
}

/// The crude way: everything between `<` and `>` goes.
pub(super) fn without_tags(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        out.push(' ');
        rest = rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(count: usize, one: impl Fn(usize) -> String) -> String {
        (0..count).map(one).collect()
    }

    #[test]
    fn floods_are_found_wherever_they_begin() {
        let plain = attributes(20_000, |n| format!(" a{n}"));
        for flood in [
            plain.clone(),
            attributes(20_000, |n| format!(" a{n}=\">\"")),
            format!(" {}", attributes(20_000, |n| format!("a{n}=''"))),
            attributes(20_000, |n| format!("/a{n}")),
            format!(" =\" {plain}"),
            format!(" a=/\" {plain}"),
            format!(" a==\" {plain}"),
            format!("=\" {plain}"),
        ] {
            for before in ["<b", "<!-- <b a=\" --><b", "<b a='\"'><b", "</b", "<script>'<x a=\"'</script><b"] {
                let html = format!("{before}{flood}>x");
                assert!(is_in(&html), "{before}{}", &flood[..20]);
            }
        }
    }

    #[test]
    fn honest_pages_have_none() {
        for html in [
            "<p style='a: b; c: d'>x = y / z</p>\n".repeat(5000),
            format!("<p style=\"{}\">", "a: b; ".repeat(50_000)),
            format!("<img src='data:image/png;base64,{}'>", "abcd/+".repeat(50_000)),
            "日本語のテキスト 'quoted' = \"text\" / a > b ".repeat(5000),
        ] {
            assert!(!is_in(&html));
        }
    }
}
