//! Addresses of the web in the text: no client may make a link of one, or
//! fetch it, unless the site said so.
//!
//! `http://` becomes `hxxp://`, `https://` `hxxps://`, `ftp://` `fxp://`, any
//! other `scheme://` `scheme[:]//`; `www.` and `ftp.` at a word's start, which
//! clients take for addresses, become `www[.]` and `ftp[.]`; two backslashes
//! before a name, which make Windows send the reader's password there, become
//! `[\\]`. All else of the text stays as it was. One pass, linear.

use sekisho_job::{LinkForm, LinkRules};

use crate::html;

/// Longest scheme that is looked for.
const MAX_SCHEME: usize = 20;
/// Longest name of a host with its user that is looked at.
const MAX_AUTHORITY: usize = 300;

/// Schemes that clients act upon without two slashes. `mailto:` and `tel:`
/// open no more than a window and are left.
const ACTIVE: [&str; 14] = [
    "http",
    "https",
    "ftp",
    "file",
    "javascript",
    "vbscript",
    "data",
    "jar",
    "mhtml",
    "view-source",
    "search-ms",
    "onenote",
    "outlook",
    "ldap",
];

/// Text with its addresses as the rules want them.
#[derive(Debug)]
pub(super) struct Inert {
    pub(super) text: String,
    /// How many were taken out.
    pub(super) removed: u32,
}

/// How to treat a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner<'a> {
    pub(super) rules: &'a LinkRules,
    /// Words of our own are Japanese.
    pub(super) japanese: bool,
    /// Says which host an address really leads to where that is not plain.
    pub(super) remarks: bool,
}

/// Makes the addresses in `text` inert.
pub(super) fn inert(text: &str, manner: Manner<'_>) -> Inert {
    let mut out = Out { text: String::with_capacity(text.len() + 64), removed: 0 };
    // Everything before `done` is written.
    let (mut done, mut at) = (0, 0);
    let octets = text.as_bytes();
    while let Some(found) = octets[at..].iter().position(|b| matches!(b, b':' | b'.' | b'\\')) {
        let mark = at + found;
        at = mark + 1;
        let Some(address) = Address::at(text, done, mark) else { continue };
        out.text.push_str(&text[done..address.start]);
        done = out.push(text, &address, manner);
        at = done.max(at);
    }
    out.text.push_str(&text[done..]);
    Inert { text: out.text, removed: out.removed }
}

/// What clients may take for an address.
struct Address<'t> {
    start: usize,
    /// Where what follows its first mark begins.
    rest: usize,
    form: Form<'t>,
}

enum Form<'t> {
    /// `scheme:`; whether slashes follow, which `rest` is behind.
    Scheme { name: &'t str, slashes: &'t str },
    /// `www.` or `ftp.`
    Word(&'t str),
    /// Two backslashes.
    Share,
}

impl<'t> Address<'t> {
    /// The address whose first mark stands at `mark`.
    fn at(text: &'t str, done: usize, mark: usize) -> Option<Self> {
        match text.as_bytes()[mark] {
            b':' => Self::scheme(text, done, mark),
            b'.' => Self::word(text, done, mark),
            _ => Self::share(text, mark),
        }
    }

    fn scheme(text: &'t str, done: usize, mark: usize) -> Option<Self> {
        let before = text[done..mark].bytes().rev();
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b);
        let run = before.take(MAX_SCHEME).take_while(is_part).count();
        let name = text[mark - run..mark].trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        if name.is_empty() {
            return None;
        }
        let behind = &text[mark + 1..];
        let slashes = &behind[..behind.bytes().take(2).take_while(|b| b"/\\".contains(b)).count()];
        let follows = behind.chars().next().is_some_and(|c| !c.is_whitespace());
        let lower = name.to_ascii_lowercase();
        let active = ACTIVE.contains(&lower.as_str()) || lower.starts_with("ms-");
        (slashes.len() == 2 || active && follows).then(|| Self {
            start: mark - name.len(),
            rest: mark + 1 + slashes.len(),
            form: Form::Scheme { name, slashes },
        })
    }

    fn word(text: &'t str, done: usize, mark: usize) -> Option<Self> {
        let start = mark.checked_sub(3).filter(|start| *start >= done)?;
        let word = text.get(start..mark)?;
        let known = word.eq_ignore_ascii_case("www") || word.eq_ignore_ascii_case("ftp");
        let inside =
            text[done..start].bytes().next_back().is_some_and(|b| b.is_ascii_alphanumeric() || b"-_@.".contains(&b));
        let follows = text[mark + 1..].chars().next().is_some_and(char::is_alphanumeric);
        (known && !inside && follows).then_some(Self { start, rest: mark + 1, form: Form::Word(word) })
    }

    fn share(text: &'t str, mark: usize) -> Option<Self> {
        let name = text[mark..].strip_prefix("\\\\")?;
        let alone = !text[..mark].ends_with('\\');
        let follows = name.chars().next().is_some_and(|c| c.is_alphanumeric() || "?.".contains(c));
        (alone && follows).then_some(Self { start: mark, rest: mark + 2, form: Form::Share })
    }

    /// What follows the slashes, to the end of the host.
    fn authority(&self, text: &'t str) -> &'t str {
        authority(&text[self.rest..])
    }

    /// Where the whole address ends, as clients see it.
    fn end(&self, text: &str) -> usize {
        let rest = &text[self.rest..];
        let host = authority(rest).len();
        let is_part = |b: &u8| b.is_ascii_graphic() && !b"<>\"".contains(b);
        let len = host + rest.as_bytes()[host..].iter().take_while(|b| is_part(b)).count();
        let whole = rest[..len].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'']);
        self.rest + whole.len().max(host.min(len))
    }

    /// How it is to be shown, and whether it is what it seems: only a host of
    /// plain letters that nothing else follows is left to a client.
    fn wanted(&self, text: &str, rules: &LinkRules) -> LinkForm {
        let host = self.authority(text);
        let web = match &self.form {
            Form::Scheme { name, slashes } => name.to_ascii_lowercase().starts_with("http") && *slashes == "//",
            Form::Word(_) => true,
            Form::Share => false,
        };
        let name = match &self.form {
            Form::Word(word) => format!("{word}.{host}"),
            Form::Scheme { .. } | Form::Share => host.rsplit('@').next().unwrap_or_default().to_owned(),
        };
        let (name, port) = name.split_once(':').unwrap_or((&name, ""));
        match rules.form_of(&html::ascii_host(name)) {
            LinkForm::Plain => {
                let behind = text[self.rest + host.len()..].chars().next();
                let ends = behind.is_none_or(|c| c.is_whitespace() || "/?#>)".contains(c));
                let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
                let sound = web && ends && plain && !host.contains('@') && port.bytes().all(|b| b.is_ascii_digit());
                if sound { LinkForm::Plain } else { LinkForm::Show }
            }
            form @ (LinkForm::Show | LinkForm::Remove) => form,
        }
    }
}

/// The host at the start of `rest`, with its user and port. Japanese text may
/// follow a host without a blank; a host may be written in Japanese too.
fn authority(rest: &str) -> &str {
    let is_end = |c: char| c.is_whitespace() || "/\\?#<>\"「」『』（）【】、，".contains(c);
    let end = rest.char_indices().find(|(at, c)| *at > MAX_AUTHORITY || is_end(*c));
    let whole = &rest[..end.map_or(rest.len(), |(at, _)| at)];
    let Some(first) = whole.find(|c: char| !c.is_ascii()) else { return whole };
    let (ascii, behind) = whole.split_at(first);
    // Browsers take an ideographic full stop for a dot.
    let goes_on = behind.trim_start_matches(['。', '．', '｡']);
    let dotted = goes_on.len() < behind.len() && goes_on.starts_with(|c: char| c.is_ascii_alphanumeric());
    let name = ascii.rsplit('@').next().unwrap_or_default();
    if !dotted && html::is_domain(&name.to_ascii_lowercase()) { ascii } else { whole }
}

struct Out {
    text: String,
    removed: u32,
}

impl Out {
    /// Writes the address; returns where the text goes on.
    fn push(&mut self, text: &str, address: &Address<'_>, manner: Manner<'_>) -> usize {
        match address.wanted(text, manner.rules) {
            LinkForm::Remove => {
                self.removed = self.removed.saturating_add(1);
                self.text.push_str(if manner.japanese { "［URL省略］" } else { "[link removed]" });
                address.end(text)
            }
            LinkForm::Plain => {
                // No further than the host: clients end an address at one mark or
                // another, and a second address behind it is judged by itself.
                let end = address.rest + address.authority(text).len();
                self.text.push_str(&text[address.start..end]);
                end
            }
            LinkForm::Show => self.show(text, address, manner),
        }
    }

    fn show(&mut self, text: &str, address: &Address<'_>, manner: Manner<'_>) -> usize {
        match &address.form {
            Form::Scheme { name, slashes } => {
                match name.to_ascii_lowercase().as_str() {
                    "http" => self.text.push_str("hxxp:"),
                    "https" => self.text.push_str("hxxps:"),
                    "ftp" => self.text.push_str("fxp:"),
                    _ => {
                        self.text.push_str(name);
                        self.text.push_str("[:]");
                    }
                }
                self.text.push_str(slashes);
            }
            Form::Word(word) => {
                self.text.push_str(word);
                self.text.push_str("[.]");
            }
            Form::Share => self.text.push_str("[\\\\]"),
        }
        let web = matches!(&address.form, Form::Scheme { name, slashes } if name.len() < 6 && slashes.len() == 2);
        let host = address.authority(text);
        if !manner.remarks || !web || host.is_ascii() && !host.contains(['@', '%']) && !is_number(host) {
            return address.rest;
        }
        // The remark stands behind the whole address.
        let end = address.end(text);
        let rest = inert(&text[address.rest..end], Manner { remarks: false, ..manner });
        self.text.push_str(&rest.text);
        self.removed = self.removed.saturating_add(rest.removed);
        self.text.push_str(&html::host_remark(&format!("http://{host}"), manner.japanese));
        end
    }
}

/// `http://2130706433/` and `http://0x7f.1/` are hosts too.
fn is_number(host: &str) -> bool {
    host.bytes().next().is_some_and(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use sekisho_safe_message::Domain;

    use super::*;

    fn with(text: &str, rules: &LinkRules) -> (String, u32) {
        let inert = inert(text, Manner { rules, japanese: true, remarks: true });
        (inert.text, inert.removed)
    }

    #[test]
    fn addresses_are_inert() {
        let rules = LinkRules { form: LinkForm::Show, exceptions: Vec::new() };
        for (text, shown) in [
            ("see http://a.example/?u=https://b", "see hxxp://a.example/?u=hxxps://b"),
            ("HTTPS://X ftp://y", "hxxps://X fxp://y"),
            ("関所http://a", "関所hxxp://a"),
            ("://", "://"),
            ("xhttp://a", "xhttp[:]//a"),
            ("news://a ms-word:ofe|u|http://b", "news[:]//a ms-word[:]ofe|u|hxxp://b"),
            ("http:\\\\a/b http:/c", "hxxp:\\\\a/b hxxp:/c"),
            ("file:c JavaScript:x data:y", "file[:]c JavaScript[:]x data[:]y"),
            ("日時: 10:30 http: mailto:a@b tel:1", "日時: 10:30 http: mailto:a@b tel:1"),
            (
                "www.a.example WWW.b.jp, ftp.c.jp。awww.d www. x.www.e",
                "www[.]a.example WWW[.]b.jp, ftp[.]c.jp。awww.d www. x.www.e",
            ),
            ("http://www.a.jp/", "hxxp://www[.]a.jp/"),
            ("\\\\server\\share C:\\x a\\\\\\b \\1,000", "[\\\\]server\\share C:\\x a\\\\\\b \\1,000"),
        ] {
            assert_eq!(with(text, &rules), (shown.to_owned(), 0));
        }
    }

    #[test]
    fn tricks_are_told() {
        let rules = LinkRules { form: LinkForm::Show, exceptions: Vec::new() };
        for (text, shown) in [
            ("http://bank.jp@evil.example/a b", "hxxp://bank.jp@evil.example/a（実際の接続先: evil.example） b"),
            ("http://аpple.com/", "hxxp://аpple.com/（実際の接続先: xn--pple-43d.com）"),
            ("http://例え.jp", "hxxp://例え.jp（実際の接続先: xn--r8jz45g.jp）"),
            ("http://2130706433/x", "hxxp://2130706433/x（IPアドレス: 127.0.0.1）"),
            ("http://a.jp。evil.example/", "hxxp://a.jp。evil.example/（実際の接続先: a.jp.evil.example）"),
            // Text that follows without a blank is no host.
            ("http://a.jpをご覧ください", "hxxp://a.jpをご覧ください"),
            ("http://a.jp。次に", "hxxp://a.jp。次に"),
            ("http://a.jp/こちら@x", "hxxp://a.jp/こちら@x"),
        ] {
            assert_eq!(with(text, &rules).0, shown);
        }
    }

    #[test]
    fn the_site_decides() {
        let exception = |domain: &str, form| (Domain::parse(domain).unwrap(), form);
        let exceptions =
            vec![exception("city.example.lg.jp", LinkForm::Plain), exception("ads.example", LinkForm::Remove)];
        let rules = LinkRules { form: LinkForm::Show, exceptions: exceptions.clone() };
        for (text, shown, removed) in [
            ("https://www.city.example.lg.jp/a?b=1.", "https://www.city.example.lg.jp/a?b=1.", 0),
            (
                "https://city.example.lg.jp/|https://evil.example/",
                "https://city.example.lg.jp/|hxxps://evil.example/",
                0,
            ),
            ("https://city.example.lg.jp/?https://ads.example/", "https://city.example.lg.jp/?［URL省略］", 1),
            ("www.city.example.lg.jp/a", "www.city.example.lg.jp/a", 0),
            ("https://city.example.lg.jp:8443/", "https://city.example.lg.jp:8443/", 0),
            // What is not surely that host stays inert.
            ("https://city.example.lg.jp.evil.example/", "hxxps://city.example.lg.jp.evil.example/", 0),
            (
                "https://city.example.lg.jp@evil.example/",
                "hxxps://city.example.lg.jp@evil.example/（実際の接続先: evil.example）",
                0,
            ),
            ("https://x@city.example.lg.jp/", "hxxps://x@city.example.lg.jp/（実際の接続先: city.example.lg.jp）", 0),
            ("https://city.example.lg.jp\\@evil.example/", "hxxps://city.example.lg.jp\\@evil.example/", 0),
            ("ftp://city.example.lg.jp/", "fxp://city.example.lg.jp/", 0),
            ("見て(http://x.ads.example/?a=1).", "見て(［URL省略］).", 1),
            ("http://a.ads.example http://b.example", "［URL省略］ hxxp://b.example", 1),
        ] {
            assert_eq!(with(text, &rules), (shown.to_owned(), removed));
        }
        let rules = LinkRules { form: LinkForm::Remove, exceptions };
        for (text, shown, removed) in [
            ("a http://b.example/c、www.d.jpを", "a ［URL省略］、［URL省略］を", 2),
            ("https://city.example.lg.jp/", "https://city.example.lg.jp/", 0),
            ("http://例え.jp/x y", "［URL省略］ y", 1),
        ] {
            assert_eq!(with(text, &rules), (shown.to_owned(), removed));
        }
    }

    #[test]
    fn hostile_text_is_linear() {
        let rules = LinkRules { form: LinkForm::Remove, exceptions: Vec::new() };
        for piece in ["http://", "a:", "www.", "\\\\a", "http://a@", "://", "http:http:"] {
            let text = piece.repeat(200_000);
            assert!(with(&text, &rules).0.len() <= 4 * text.len());
        }
    }
}
