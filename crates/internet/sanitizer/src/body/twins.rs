//! Whether the plain and the HTML version of a text say the same.
//!
//! The HTML is looked at as it is written, in one pass and without a page
//! being made of it: only how much of it is also in the plain text is asked.

/// Letters of either text that are looked at.
const SAMPLE: usize = 64 * 1024;

/// Shorter HTML texts are not judged: a greeting may stand in one alone.
const LEAST: usize = 40;

/// Whether the HTML says much that the plain text does not: of the triples of
/// its letters fewer than three in ten stand in the plain one. Blanks, marks
/// and addresses of links are no letters here, so that layout does not count.
pub(super) fn differ(plain: &str, html: &str) -> bool {
    let mut known = Known::for_letters(plain.len().min(SAMPLE));
    let mut letters = Letters::default();
    letters.read(plain, &mut |triple| known.add(triple));
    let (mut letters, mut triples, mut shared) = (Letters::default(), 0, 0);
    read_source(html, &mut letters, &mut |triple| {
        triples += 1;
        shared += usize::from(known.has(triple));
    });
    letters.count >= LEAST && shared * 10 < triples * 3
}

/// The triples of the plain text, as bits: one in thirty of the others is taken
/// for one of them at most.
struct Known {
    bits: Vec<u64>,
    shift: u32,
}

impl Known {
    fn for_letters(count: usize) -> Self {
        let bits = (count * 32).next_power_of_two().max(64);
        Self { bits: vec![0; bits / 64], shift: 64 - bits.trailing_zeros() }
    }

    /// Fibonacci hashing: the upper bits of the product depend on all letters.
    fn place(&self, triple: u64) -> (usize, u64) {
        let bit = triple.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift;
        (usize::try_from(bit / 64).unwrap_or_default(), 1 << (bit % 64))
    }

    fn add(&mut self, triple: u64) {
        let (at, bit) = self.place(triple);
        self.bits[at] |= bit;
    }

    fn has(&self, triple: u64) -> bool {
        let (at, bit) = self.place(triple);
        self.bits[at] & bit != 0
    }
}

/// The letters of a text as they come, three at a time.
#[derive(Default)]
struct Letters {
    count: usize,
    /// The last three, 21 bits each.
    last: u64,
    /// How much of `://` has come; all of it: inside an address.
    address: usize,
}

const ADDRESS: &[u8] = b"://";

impl Letters {
    fn is_full(&self) -> bool {
        self.count >= SAMPLE
    }

    fn read(&mut self, text: &str, take: &mut impl FnMut(u64)) {
        for c in text.chars() {
            if self.is_full() {
                return;
            }
            self.add(c, take);
        }
    }

    fn add(&mut self, c: char, take: &mut impl FnMut(u64)) {
        if self.address == ADDRESS.len() {
            if c.is_ascii() && !c.is_ascii_whitespace() {
                return;
            }
            self.address = 0;
        }
        match c {
            'a'..='z' | '0'..='9' | 'ぁ'..='ゖ' | 'ァ'..='ヺ' | '一'..='鿿' => self.letter(c, take),
            'A'..='Z' => self.letter(c.to_ascii_lowercase(), take),
            '\0'..='\x7f' => {
                let next = ADDRESS.get(self.address).is_some_and(|b| char::from(*b) == c);
                self.address = if next { self.address + 1 } else { usize::from(c == ':') };
                return;
            }
            _ if c.is_alphanumeric() => c.to_lowercase().for_each(|c| self.letter(c, take)),
            _ => {}
        }
        self.address = 0;
    }

    fn letter(&mut self, c: char, take: &mut impl FnMut(u64)) {
        self.count += 1;
        self.last = (self.last << 21 | u64::from(c)) & (u64::MAX >> 1);
        if self.count > 2 {
            take(self.last);
        }
    }

    /// Markup ends an address, but not a word.
    fn markup(&mut self) {
        self.address = 0;
    }
}

/// Reads what is text in HTML: no tags, comments, scripts, style sheets, nor
/// what an element's own style hides (previews that mail programs show).
fn read_source(html: &str, letters: &mut Letters, take: &mut impl FnMut(u64)) {
    let mut hidden: Option<Hidden<'_>> = None;
    let mut rest = html;
    while !letters.is_full() {
        let at = rest.bytes().position(|b| matches!(b, b'<' | b'&')).unwrap_or(rest.len());
        if hidden.is_none() {
            letters.read(&rest[..at], take);
        }
        rest = &rest[at..];
        if rest.starts_with('&') {
            let (c, behind) = reference(rest);
            if let Some(c) = c.filter(|_| hidden.is_none()) {
                letters.add(c, take);
            }
            rest = behind;
        } else if let Some((tag, behind)) = Tag::read(rest) {
            letters.markup();
            hidden = Hidden::behind(hidden, &tag);
            rest = if tag.is_raw() { behind_raw(tag.name, behind) } else { behind };
        } else {
            rest = match rest.strip_prefix("<!--").map(|comment| comment.find("-->").map(|end| &comment[end + 3..])) {
                Some(behind) => behind.unwrap_or_default(),
                None if rest.starts_with(['<']) && rest[1..].starts_with(['!', '?', '/']) => behind_mark(rest),
                None => rest.get(1..).unwrap_or_default(),
            };
        }
        if rest.is_empty() {
            return;
        }
    }
}

fn behind_mark(rest: &str) -> &str {
    rest.find('>').map_or("", |end| &rest[end + 1..])
}

/// A start or an end tag.
struct Tag<'a> {
    name: &'a str,
    ends: bool,
    /// Its style says that nothing inside is seen.
    hides: bool,
}

impl<'a> Tag<'a> {
    /// The tag that `text` begins with, and what stands behind it (HTML 13.2.5.6
    /// to 39, as far as it matters where the tag ends).
    fn read(text: &'a str) -> Option<(Self, &'a str)> {
        let inside = text.strip_prefix('<')?;
        let (ends, inside) = inside.strip_prefix('/').map_or((false, inside), |inside| (true, inside));
        if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let end = inside.bytes().position(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'));
        let (name, mut rest) = inside.split_at(end.unwrap_or(inside.len()));
        let mut tag = Self { name, ends, hides: false };
        loop {
            let Some(at) = rest.bytes().position(|b| matches!(b, b'>' | b'=')) else { return Some((tag, "")) };
            let (before, behind) = (&rest[..at], &rest[at + 1..]);
            if rest.as_bytes()[at] == b'>' {
                return Some((tag, behind));
            }
            let value = behind.trim_ascii_start();
            rest = match value.bytes().next() {
                Some(quote @ (b'"' | b'\'')) => {
                    let (value, behind) = value[1..].split_once(char::from(quote)).unwrap_or((&value[1..], ""));
                    tag.hides |= is_style(before) && hides(value);
                    behind
                }
                _ => value,
            };
        }
    }

    /// Whether what follows up to the end tag is no markup.
    fn is_raw(&self) -> bool {
        let is = |name: &&str| name.eq_ignore_ascii_case(self.name);
        !self.ends && ["script", "style", "title", "textarea", "iframe", "xmp"].iter().any(is)
    }
}

fn is_style(before: &str) -> bool {
    let name = before.trim_ascii_end().as_bytes();
    name.len().checked_sub(5).is_some_and(|at| name[at..].eq_ignore_ascii_case(b"style"))
}

/// Whether a style hides the element: `display: none` and `visibility: hidden`.
fn hides(style: &str) -> bool {
    let says = |property: &str, value: &str| {
        style.match_indices(value).any(|(at, _)| {
            let before = style[..at].trim_ascii_end().strip_suffix(':').map_or("", str::trim_ascii_end).as_bytes();
            let start = before.len().checked_sub(property.len());
            start.is_some_and(|start| before[start..].eq_ignore_ascii_case(property.as_bytes()))
        })
    };
    (style.contains("none") && says("display", "none")) || (style.contains("hidden") && says("visibility", "hidden"))
}

/// What stands behind the end tag of an element without markup inside.
fn behind_raw<'a>(name: &str, text: &'a str) -> &'a str {
    let mut rest = text;
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        if rest.as_bytes().get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes())) {
            return behind_mark(rest);
        }
    }
    ""
}

/// An element that is not seen, and how many of its name are open inside.
#[derive(Clone, Copy)]
struct Hidden<'a> {
    name: &'a str,
    depth: u32,
}

impl<'a> Hidden<'a> {
    /// The state behind `tag`.
    fn behind(hidden: Option<Self>, tag: &Tag<'a>) -> Option<Self> {
        match hidden {
            None if tag.hides && !tag.ends && has_end(tag.name) => Some(Self { name: tag.name, depth: 1 }),
            Some(Self { name, depth }) if name.eq_ignore_ascii_case(tag.name) => {
                let depth = if tag.ends { depth - 1 } else { depth.saturating_add(1) };
                (depth > 0).then_some(Self { name, depth })
            }
            unchanged => unchanged,
        }
    }
}

/// Elements whose end is always written.
fn has_end(name: &str) -> bool {
    let names = ["div", "span", "table", "font", "center", "a", "b", "i", "section", "small", "u", "strong", "em"];
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The letter that a character reference at the start of `text` stands for, and
/// what is behind it. Names stand for marks in most texts: no letters.
fn reference(text: &str) -> (Option<char>, &str) {
    let inside = &text[1..];
    let Some(end) = inside.bytes().take(10).position(|b| b == b';') else { return (None, inside) };
    let (name, behind) = (&inside[..end], &inside[end + 1..]);
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'#') {
        return (None, inside);
    }
    let number = match name.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => digits.parse().ok(),
        },
        None => None,
    };
    (number.and_then(char::from_u32), behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str =
        "明日の会議は三階の大会議室で午前十時から行いますので、資料を持ってお集まりください。よろしくお願いします。";

    #[test]
    fn texts_that_differ() {
        assert!(!differ(LONG, &LONG.replace('、', "、\n<br>")));
        assert!(!differ(LONG, &format!("{LONG} http://a.example/unsubscribe")));
        assert!(differ("このメールはHTMLです。", LONG));
        assert!(differ(
            "Please enable HTML to read this mail.",
            &"<p>Transfer the money to account 12345 today.</p>".repeat(3)
        ));
        assert!(!differ("x", "short"));
    }

    #[test]
    fn what_is_no_text_does_not_count() {
        let numbers: String = LONG.chars().map(|c| format!("&#x{:x};", u32::from(c))).collect();
        let strange = "something else that is much longer than the text itself ".repeat(5);
        for html in [
            numbers,
            format!("<!-- {strange} -->{LONG}<!-- {strange}"),
            format!("<STYLE>{strange}</STYLE><script>{strange}</b></script >{LONG}"),
            format!("<p title=\"{strange}>\" class='{strange}' x = y>{LONG}</p>"),
            format!("<div style='color:red; Display: none'><div>x</div>{strange}</div>{LONG}"),
            format!("<span style=\"visibility:hidden\">{strange}&#65;</span>{LONG}"),
            format!(
                "<a href=\"http://a.example/\">https://a.example/{}&amp;{}</a>{LONG}",
                "a/".repeat(99),
                "x".repeat(99)
            ),
            format!("<![if !mso]>{LONG}<![endif]>"),
        ] {
            assert!(!differ(LONG, &html), "{html}");
            assert!(differ("No text", &html), "{html}");
        }
        assert!(differ(LONG, &format!("<br style='display:none'><p>{strange}")));
        assert!(differ(LONG, &format!("a < b &amp {strange}")));
    }

    #[test]
    fn texts() {
        let triples = |html: &str| {
            let (mut letters, mut found) = (Letters::default(), Vec::new());
            read_source(html, &mut letters, &mut |triple| found.push(char::from_u32((triple & 0x1f_ffff) as u32)));
            found.into_iter().flatten().collect::<String>()
        };
        for (html, text) in [
            ("ab<b>Cd</b>e", "cde"),
            ("ab<b a='>'x>Cd</b", "cd"),
            ("ab a://x/y?<i>cd", "acd"),
            ("ab a://x/y？ cd", "acd"),
            ("ab &lt;&#99;&#x64;&e", "cde"),
            ("ab < cd </> e<!x>f<?y>g", "cdefg"),
            ("ab<title></title>cd<", "cd"),
            ("ab<title>cd", ""),
            ("ab<b c=\"", ""),
            ("ab::///c d", "d"),
        ] {
            assert_eq!(triples(html), text, "{html}");
        }
    }
}
