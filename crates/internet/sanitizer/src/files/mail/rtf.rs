//! RTF that Outlook keeps a mail's text in: the HTML or text that it wraps
//! (MS-OXRTFEX), or its own text.
//!
//! One pass over tokens with an explicit stack. Nothing but text and HTML tags
//! comes out; objects, pictures and fields' instructions do not.

use std::collections::BTreeMap;

use super::codepage;

/// Groups inside each other; Word stops far earlier.
const MAX_DEPTH: usize = 1_000;

/// What the RTF held.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// HTML, decoded.
    Html(String),
    /// Text without markup.
    Plain(String),
}

/// What `rtf` holds; `None` if it is none, or too deep.
pub(super) fn read(rtf: &[u8]) -> Option<Text> {
    if !rtf.trim_ascii_start().starts_with(b"{\\rtf") {
        return None;
    }
    let mut reader = Reader::new(rtf);
    while reader.at < rtf.len() {
        reader.token()?;
    }
    reader.flush();
    Some(match reader.wraps {
        Wraps::Html => Text::Html(reader.out),
        Wraps::Nothing | Wraps::Text => Text::Plain(reader.out),
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wraps {
    Nothing,
    Text,
    Html,
}

/// What holds within a group, and ends with it.
#[derive(Clone, Copy)]
struct Group {
    /// Its content is no text.
    silent: bool,
    /// It is the font table.
    fonts: bool,
    /// Its content is a tag of the HTML.
    tag: bool,
    /// RTF that stands for a tag, and is not of the HTML.
    shadow: bool,
    /// Characters to skip behind `\u`.
    fallback: usize,
    font: i64,
}

struct Reader<'a> {
    rtf: &'a [u8],
    at: usize,
    group: Group,
    stack: Vec<Group>,
    wraps: Wraps,
    /// `\*` stood before: a destination that may be ignored.
    starred: bool,
    /// Characters still to be skipped.
    skip: usize,
    page: u32,
    pages: BTreeMap<i64, u32>,
    /// Octets whose charset is that of the font.
    held: Vec<u8>,
    /// Half of a character that `\u` writes in two.
    half: Option<u16>,
    out: String,
}

impl<'a> Reader<'a> {
    fn new(rtf: &'a [u8]) -> Self {
        let group = Group { silent: false, fonts: false, tag: false, shadow: false, fallback: 1, font: -1 };
        Self {
            rtf,
            at: 0,
            group,
            stack: Vec::new(),
            wraps: Wraps::Nothing,
            starred: false,
            skip: 0,
            page: 1252,
            pages: BTreeMap::new(),
            held: Vec::new(),
            half: None,
            out: String::new(),
        }
    }

    /// Reads one token; `None` if it is too deep.
    fn token(&mut self) -> Option<()> {
        let octet = self.rtf[self.at];
        self.at += 1;
        match octet {
            b'{' => {
                self.flush();
                if self.stack.len() == MAX_DEPTH {
                    return None;
                }
                self.stack.push(self.group);
                (self.starred, self.skip) = (false, 0);
            }
            b'}' => {
                self.flush();
                // More ends than begins: what follows is of the outermost.
                self.group = self.stack.pop().unwrap_or(self.group);
                (self.starred, self.skip) = (false, 0);
            }
            b'\\' => self.control(),
            b'\r' | b'\n' => {}
            octet => self.octet(octet),
        }
        Some(())
    }

    fn control(&mut self) {
        let Some(&first) = self.rtf.get(self.at) else { return };
        if first.is_ascii_alphabetic() {
            return self.word();
        }
        self.at += 1;
        match first {
            b'\'' => {
                let digits = self.rtf.get(self.at..self.at + 2).and_then(|two| std::str::from_utf8(two).ok());
                if let Some(octet) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                    self.at += 2;
                    self.octet(octet);
                }
            }
            b'*' => self.starred = true,
            b'~' => self.character('\u{a0}'),
            b'_' => self.character('-'),
            b'\r' | b'\n' => self.character('\n'),
            b'\\' | b'{' | b'}' => self.octet(first),
            _ => {}
        }
    }

    fn word(&mut self) {
        let rest = &self.rtf[self.at..];
        let letters = rest.iter().take(40).take_while(|b| b.is_ascii_alphabetic()).count();
        let name = std::str::from_utf8(&rest[..letters]).unwrap_or_default();
        let sign = usize::from(rest.get(letters) == Some(&b'-'));
        let digits = rest[letters + sign..].iter().take(10).take_while(|b| b.is_ascii_digit()).count();
        let end = letters + if digits > 0 { sign + digits } else { 0 };
        let number = std::str::from_utf8(&rest[letters..end]).ok().and_then(|text| text.parse().ok());
        self.at += end + usize::from(rest.get(end) == Some(&b' '));
        let starred = std::mem::take(&mut self.starred);
        self.apply(name, number, starred);
    }

    fn apply(&mut self, name: &str, number: Option<i64>, starred: bool) {
        match name {
            "par" | "line" | "row" | "sect" | "page" => self.character('\n'),
            "tab" | "cell" => self.character('\t'),
            "lquote" => self.character('‘'),
            "rquote" => self.character('’'),
            "ldblquote" => self.character('“'),
            "rdblquote" => self.character('”'),
            "bullet" => self.character('•'),
            "endash" => self.character('–'),
            "emdash" => self.character('—'),
            "u" => self.unicode(number.unwrap_or(0)),
            "uc" => self.group.fallback = number.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).min(16),
            "ansicpg" => self.page = number.and_then(|n| u32::try_from(n).ok()).unwrap_or(1252),
            "mac" => self.page = 10_000,
            "f" => {
                self.flush();
                self.group.font = number.unwrap_or(0);
            }
            "fcharset" if self.group.fonts => {
                if let Some(page) = number.and_then(codepage::of_font).filter(|_| self.pages.len() < 4096) {
                    self.pages.insert(self.group.font, page);
                }
            }
            "plain" => {
                self.flush();
                self.group.font = -1;
            }
            // Octets of any value follow, which are no text.
            "bin" => {
                self.at = self
                    .at
                    .saturating_add(number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0))
                    .min(self.rtf.len())
            }
            _ => self.destination(name, number, starred),
        }
    }

    fn destination(&mut self, name: &str, number: Option<i64>, starred: bool) {
        match name {
            "fromhtml" if number != Some(0) => self.wraps = Wraps::Html,
            "fromtext" if self.wraps == Wraps::Nothing => self.wraps = Wraps::Text,
            "htmlrtf" => {
                self.flush();
                self.group.shadow = number != Some(0);
            }
            "htmltag" if starred => {
                (self.group.tag, self.group.silent) = (self.wraps == Wraps::Html, self.wraps != Wraps::Html)
            }
            "fonttbl" => (self.group.fonts, self.group.silent) = (true, true),
            "colortbl" | "stylesheet" | "info" | "pict" | "object" | "header" | "headerl" | "headerr" | "headerf"
            | "footer" | "footerl" | "footerr" | "footerf" | "nonshppict" | "fldinst" | "mhtmltag" | "listtext"
            | "v" => {
                self.group.silent = true;
            }
            _ if starred => self.group.silent = true,
            _ => {}
        }
    }

    /// RTF 1.9, "Unicode RTF": a signed number of 16 bits, and so many
    /// characters behind it for readers that do not know it.
    fn unicode(&mut self, number: i64) {
        self.flush();
        self.skip = self.group.fallback;
        let Ok(unit) = u16::try_from(number.rem_euclid(0x1_0000)) else { return };
        let first = self.half.take();
        match (first, unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                let read = char::decode_utf16([high, unit]).next().and_then(Result::ok);
                self.put(read.unwrap_or('\u{fffd}'));
            }
            (_, 0xd800..=0xdbff) => self.half = Some(unit),
            _ => self.put(char::from_u32(u32::from(unit)).unwrap_or('\u{fffd}')),
        }
    }

    fn octet(&mut self, octet: u8) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.is_shown() {
            self.held.push(octet);
        }
    }

    fn character(&mut self, c: char) {
        self.flush();
        if self.skip > 0 {
            self.skip -= 1;
        } else {
            self.put(c);
        }
    }

    fn is_shown(&self) -> bool {
        let shadow = self.wraps == Wraps::Html && self.group.shadow && !self.group.tag;
        !self.group.silent && !shadow
    }

    fn put(&mut self, c: char) {
        if self.is_shown() {
            self.out.push(c);
        }
    }

    /// Decodes the octets that are held.
    fn flush(&mut self) {
        if !self.held.is_empty() {
            let page = self.pages.get(&self.group.font).copied().unwrap_or(self.page);
            self.out.push_str(&codepage::encoding(page).decode_without_bom_handling(&self.held).0);
            self.held.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(rtf: &str) -> String {
        match read(rtf.as_bytes()) {
            Some(Text::Plain(text) | Text::Html(text)) => text,
            None => "none".to_owned(),
        }
    }

    #[test]
    fn text_and_what_is_none() {
        for (rtf, text) in [
            (r"{\rtf1\ansi hello\par world}", "hello\nworld"),
            (r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\*\generator x}a\tab b}", "a\tb"),
            (r"{\rtf1\ansi\ansicpg932\'8a\'d6\'8f\'8a}", "関所"),
            (r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f1\fcharset128 MS;}}\f1\'8a\'d6\f0\'e9}", "関é"),
            (r"{\rtf1\uc1\u-27850?\u25152?x}", "錶所x"),
            (r"{\rtf1\uc0\u-10179\u-8704!}", "😀!"),
            (r"{\rtf1 a{\pict\bin4 }}}}b}c}", "ac"),
            (r"{\rtf1 a{\*\objdata 0102}{\field{\*\fldinst DDE x}{\fldrslt y}}}", "ay"),
            (r"{\rtf1 \{\\\}}", r"{\}"),
            ("hello", "none"),
        ] {
            assert_eq!(plain(rtf), text, "{rtf}");
        }
    }

    #[test]
    fn html_that_is_wrapped() {
        let rtf = r"{\rtf1\ansi\ansicpg932\fromhtml1{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 \'8a\'d6{\*\htmltag84 &amp;}\htmlrtf &\htmlrtf0 {\*\mhtmltag64 <x>}\htmlrtf\par}\htmlrtf0{\*\htmltag72 </p>}}";
        assert_eq!(read(rtf.as_bytes()), Some(Text::Html("<p>関&amp;</p>".to_owned())));
    }

    #[test]
    fn depth_is_bounded_and_junk_ends() {
        assert_eq!(plain(&format!("{{\\rtf1{}", "{".repeat(2000))), "none");
        for rtf in [r"{\rtf1\'", r"{\rtf1\'zz", r"{\rtf1\bin99999999999", r"{\rtf1\u", r"{\rtf1\", r"{\rtf1}}}}x"] {
            assert!(read(rtf.as_bytes()).is_some(), "{rtf}");
        }
    }
}
