//! Address lists (RFC 5322 3.4) as the world writes them, one pass, no
//! recursion.

mod domain;

use sekisho_safe_message::{Address, Mailbox, SafeLine, is_safe_char};

use crate::mime::unfold;
use crate::words;

/// Most entries of one list that are read.
const MAX_ENTRIES: usize = 10_000;

/// Most encoded words that are looked for: each look may go to the end.
const MAX_WORDS: usize = 2000;

/// Longest address beyond ASCII, in octets (RFC 5321 4.5.3.1.3).
const MAX_INTERNATIONAL: usize = 254;

/// What a list holds.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// Those that can be read; a domain beyond ASCII as its A-labels.
    pub(crate) mailboxes: Vec<Mailbox>,
    /// Addresses beyond ASCII (RFC 6532) that have no form in it: the name,
    /// and what is written.
    pub(crate) international: Vec<(Option<SafeLine>, SafeLine)>,
    /// How many entries cannot be read.
    pub(crate) unreadable: usize,
    /// It has a group (`name: a, b;`).
    pub(crate) has_group: bool,
}

/// Reads a field's value.
pub(crate) fn parse(value: &[u8]) -> List {
    read(value, true)
}

/// Reads it as a program does to which encoded words are text like any other:
/// what is quoting and punctuation outside them is so inside them too.
pub(crate) fn parse_without_words(value: &[u8]) -> List {
    read(value, false)
}

fn read(value: &[u8], atoms: bool) -> List {
    // Unencoded Japanese may have the octets of `"`, `<` and `,` inside its
    // characters, so characters come first.
    let text = words::raw_text(value);
    let guessed = std::str::from_utf8(&unfold(value)).ok() != Some(&text);
    let mut reader = Reader { guessed, ..Reader::default() };
    let mut rest = text.as_str();
    let mut words = 0;
    while let Some(c) = rest.chars().next() {
        if reader.entries == MAX_ENTRIES {
            reader.list.unreadable += 1;
            break;
        }
        // Programs put commas and colons into encoded words, against RFC 2047
        // 5 (3); undecoded, such a word is one atom and never an address.
        let word = if atoms && reader.state == State::Text && words < MAX_WORDS && rest.starts_with("=?") {
            words += 1;
            words::word_len(rest)
        } else {
            0
        };
        let len = word.max(c.len_utf8());
        let (piece, behind) = rest.split_at(len);
        if word > 0 {
            piece.chars().for_each(|c| reader.put(c))
        } else {
            reader.take(c)
        }
        rest = behind;
    }
    reader.end()
}

#[derive(Default)]
struct Reader {
    list: List,
    entries: usize,
    /// The characters beyond ASCII are a guess (RFC 6532 3.2 knows UTF-8 alone).
    guessed: bool,
    state: State,
    escaped: bool,
    /// Everything outside angles and comments, as written.
    written: String,
    /// The same without the marks of quoting.
    phrase: String,
    angle: Option<String>,
    comment: String,
    /// Something stands where nothing may.
    broken: bool,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum State {
    #[default]
    Text,
    Quoted,
    Comment(u32),
    Angle,
    AngleQuoted,
}

impl Reader {
    fn take(&mut self, c: char) {
        if std::mem::take(&mut self.escaped) {
            return self.put(c);
        }
        match (c, self.state) {
            ('\\', State::Quoted | State::AngleQuoted | State::Comment(_)) => {
                self.escaped = true;
                self.keep_mark(c);
            }
            ('"', State::Text) => self.turn(State::Quoted, c),
            ('"', State::Quoted) => self.turn(State::Text, c),
            ('"', State::Angle) => self.turn(State::AngleQuoted, c),
            ('"', State::AngleQuoted) => self.turn(State::Angle, c),
            ('(', State::Text) => self.state = State::Comment(1),
            ('(', State::Comment(depth)) => self.state = State::Comment(depth.saturating_add(1)),
            (')', State::Comment(1)) => self.state = State::Text,
            (')', State::Comment(depth)) => self.state = State::Comment(depth - 1),
            ('<', State::Text) => {
                self.broken |= self.angle.is_some();
                self.angle = Some(String::new());
                self.state = State::Angle;
            }
            ('>', State::Angle) => self.state = State::Text,
            (',' | ';', State::Text) => self.entry(),
            (':', State::Text) if self.angle.is_none() && !self.written.contains('@') => self.group(),
            _ => self.put(c),
        }
    }

    fn turn(&mut self, state: State, quote: char) {
        self.keep_mark(quote);
        self.state = state;
    }

    /// A mark of quoting belongs to an address, not to a name.
    fn keep_mark(&mut self, mark: char) {
        match (self.state, &mut self.angle) {
            (State::Angle | State::AngleQuoted, Some(angle)) => angle.push(mark),
            (State::Text | State::Quoted, _) => self.written.push(mark),
            (State::Comment(_) | State::Angle | State::AngleQuoted, _) => {}
        }
    }

    fn put(&mut self, c: char) {
        match self.state {
            State::Comment(_) => self.comment.push(c),
            State::Angle | State::AngleQuoted => {
                if let Some(angle) = &mut self.angle {
                    angle.push(c);
                }
            }
            State::Text | State::Quoted => {
                self.broken |= self.angle.is_some() && !c.is_whitespace();
                self.written.push(c);
                self.phrase.push(c);
            }
        }
    }

    fn group(&mut self) {
        self.list.has_group = true;
        self.written.clear();
        self.phrase.clear();
        self.comment.clear();
    }

    fn entry(&mut self) {
        let written = std::mem::take(&mut self.written);
        let phrase = std::mem::take(&mut self.phrase);
        let comment = std::mem::take(&mut self.comment);
        let angle = self.angle.take();
        let broken = std::mem::take(&mut self.broken);
        if angle.is_none() && written.trim().is_empty() {
            return; // RFC 5322 4.4: lists may have empty entries
        }
        self.entries += 1;
        let (address, name) = match &angle {
            Some(angle) => (angle.trim(), phrase.as_str()),
            None => (written.trim(), comment.as_str()),
        };
        let name = if name.trim().is_empty() { comment.as_str() } else { name };
        match read_one(address) {
            One::Plain(address) if !broken => self.list.mailboxes.push(Mailbox { name: display_name(name), address }),
            One::Mapped(mapped) if !broken && !self.guessed => {
                // The reader knows it as it is written.
                let name = display_name(name).unwrap_or_else(|| SafeLine::clean(address).value);
                self.list.mailboxes.push(Mailbox { name: Some(name), address: mapped });
            }
            One::Mapped(_) | One::Foreign if !broken => {
                self.list.international.push((display_name(name), SafeLine::clean(address).value));
            }
            One::Plain(_) | One::Mapped(_) | One::Foreign | One::Unreadable => self.list.unreadable += 1,
        }
    }

    fn end(mut self) -> List {
        if self.state != State::Text {
            self.broken = true;
            self.written.push('?');
        }
        self.entry();
        self.list
    }
}

/// What stands where an address should.
enum One {
    Plain(Address),
    /// Its domain is beyond ASCII and has another form.
    Mapped(Address),
    /// It is beyond ASCII and has no other form.
    Foreign,
    Unreadable,
}

fn read_one(text: &str) -> One {
    if let Ok(address) = text.parse() {
        return One::Plain(address);
    }
    if !is_international(text) {
        return One::Unreadable;
    }
    let (local, domain) = text.split_once('@').unwrap_or_default();
    let mapped = domain::to_ascii(domain).and_then(|domain| format!("{local}@{domain}").parse().ok());
    mapped.map_or(One::Foreign, One::Mapped)
}

/// The address that `text` is, in ASCII.
pub(crate) fn ascii(text: &str) -> Option<Address> {
    match read_one(text) {
        One::Plain(address) | One::Mapped(address) => Some(address),
        One::Foreign | One::Unreadable => None,
    }
}

/// RFC 6531 3.3: a dot-string whose atoms have characters beyond ASCII, on
/// either side of the one `@`.
fn is_international(text: &str) -> bool {
    let is_atom = |c: char| {
        !c.is_ascii() && !c.is_whitespace() && is_safe_char(c) || c.is_ascii_alphanumeric() || "+-_=".contains(c)
    };
    let is_side = |side: &str| side.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom));
    !text.is_ascii()
        && text.len() <= MAX_INTERNATIONAL
        && !text.contains(['＠', '\u{fffd}'])
        && text.split_once('@').is_some_and(|(local, domain)| is_side(local) && is_side(domain))
}

fn display_name(text: &str) -> Option<SafeLine> {
    let name = SafeLine::clean(&words::decode_words(text)).value;
    (!name.is_empty()).then_some(name)
}

/// Whether a display name shows an address other than `real`: what a reader
/// takes for the sender is then not the sender.
pub(crate) fn misleads(name: &SafeLine, real: &Address) -> bool {
    let name = name.as_str().replace('＠', "@");
    name.split(|c: char| c.is_whitespace() || "<>()[]{}\"',;:「」（）＜＞".contains(c))
        .filter(|word| word.contains('@'))
        .filter_map(|word| ascii(word.trim_matches('.')))
        .any(|shown| !shown.to_string().eq_ignore_ascii_case(&real.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn show(value: &str) -> (String, usize, bool) {
        let list = parse(value.as_bytes());
        let shown = list.mailboxes.iter().map(|m| match &m.name {
            Some(name) => format!("{name} <{}>", m.address),
            None => m.address.to_string(),
        });
        (shown.collect::<Vec<_>>().join(" | "), list.unreadable, list.has_group)
    }

    #[test]
    fn lists() {
        for (value, shown, unreadable, group) in [
            ("a@b.example", "a@b.example", 0, false),
            ("<a@b.example>", "a@b.example", 0, false),
            ("A B <a@b>, c@d", "A B <a@b> | c@d", 0, false),
            ("\"B, A\" <a@b>", "B, A <a@b>", 0, false),
            ("\"a \\\"b\\\" c\" <a@b>", "a \"b\" c <a@b>", 0, false),
            ("a@b (A B)", "A B <a@b>", 0, false),
            ("=?utf-8?B?6Zai5omA?= <a@b>", "関所 <a@b>", 0, false),
            ("\"=?utf-8?B?6Zai?= =?utf-8?B?5omA?=\" <a@b>", "関所 <a@b>", 0, false),
            ("=?utf-8?Q?B,_A:_c@d?= <a@b>", "B, A: c@d <a@b>", 0, false),
            ("=?utf-8?Q?<c@d>?= <a@b>", "<c@d> <a@b>", 0, false),
            ("関所 <a@b>", "関所 <a@b>", 0, false),
            ("G: a@b, c@d;", "a@b | c@d", 0, true),
            ("undisclosed-recipients:;", "", 0, true),
            ("a@b,,c@d,", "a@b | c@d", 0, false),
            ("a@b; c@d", "a@b | c@d", 0, false),
            ("\"a b\"@c", "\"a b\"@c", 0, false),
            ("<@evil,@x:admin@bank>", "", 1, false),
            ("<x@evil>admin@bank", "", 1, false),
            ("admin@bank <x@evil>", "admin@bank <x@evil>", 0, false),
            ("<<x@evil>>", "", 1, false),
            ("<a@b> <c@d>", "", 1, false),
            ("a@b@c", "", 1, false),
            ("\"a@b", "", 1, false),
            ("a@b (open", "", 1, false),
            ("<a@b", "", 1, false),
            ("=?utf-8?q?a=40b?=", "", 1, false),
            ("x", "", 1, false),
            ("", "", 0, false),
        ] {
            assert_eq!(show(value), (shown.to_owned(), unreadable, group), "{value}");
        }
    }

    #[test]
    fn addresses_beyond_ascii() {
        for (value, written) in [
            ("J <jøran@example.com>", &["jøran@example.com"][..]),
            ("info@bаnk.example", &["info@bаnk.example"]),
            ("admin@ｂank.example", &["admin@ｂank.example"]),
            ("山田@例え.jp", &["山田@例え.jp"]),
            ("<ø@a@b>", &[]),
            ("<ø @b>", &[]),
            ("<admin@bank＠evil.example>", &[]),
            ("<@ø:admin@bank>", &[]),
            ("<ø%x@b>", &[]),
        ] {
            let list = parse(value.as_bytes());
            let got = list.international.iter().map(|(_, written)| written.as_str()).collect::<Vec<_>>();
            assert_eq!((got.as_slice(), list.unreadable), (written, usize::from(written.is_empty())), "{value}");
        }
    }

    #[test]
    fn domains_beyond_ascii_have_another_form() {
        for (value, shown) in
            [("info@例え.jp", "info@例え.jp <info@xn--r8jz45g.jp>"), ("例 <info@例え.jp>", "例 <info@xn--r8jz45g.jp>")]
        {
            assert_eq!(show(value), (shown.to_owned(), 0, false), "{value}");
        }
    }

    #[test]
    fn names_that_mislead() {
        let real: Address = "x@evil.example".parse().unwrap();
        for (name, misleading) in [
            ("admin@bank.example", true),
            ("Bank <admin@bank.example>", true),
            ("admin＠bank.example", true),
            ("X@Evil.example", false),
            ("A B", false),
            ("me @ home", false),
            ("info@例え.jp", true),
        ] {
            assert_eq!(misleads(&SafeLine::clean(name).value, &real), misleading, "{name}");
        }
    }
}
