//! Where a link really leads, and whether its label says so.

pub(super) mod host;

use sekisho_safe_message::is_safe_char;

use super::words::Words;

/// Longest target that is shown, in characters.
const MAX_TARGET: usize = 2000;
/// Schemes that are shown. All others (`javascript:`, `data:`, `file:`,
/// `ms-...:`) do something to the reader's machine.
const SHOWN: &[&str] = &[
    "http", "https", "ftp", "mailto", "tel", "callto", "sms", "fax", "sip", "sips", "xmpp", "webcal", "news", "nntp",
    "irc", "geo", "line", "feed",
];
/// Schemes that lead to other parts of the same mail.
const INSIDE: &[&str] = &["cid", "mid", "about"];

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// Nowhere outside the mail.
    Inside,
    /// Somewhere that is not shown: only its scheme is named.
    Disabled(String),
    /// There.
    Place(Place),
}

/// A target that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The address as it is shown.
    pub(super) url: String,
    /// The host that is really asked, in ASCII.
    host: Option<String>,
    /// The host as it is written, if that is not the same.
    written: Option<String>,
    /// The number behind a host that is one.
    ip: Option<std::net::Ipv4Addr>,
    has_user: bool,
    /// The mail address that a `mailto:` is to.
    mailbox: Option<String>,
}

/// Reads an `href`, relative to `base`.
pub(super) fn read(href: &str, base: Option<&str>) -> Target {
    // URL 4.4: blanks at the ends, tabs and line ends anywhere do not count.
    let href = href.trim_matches(|c: char| c <= ' ' || c.is_whitespace());
    let href: String = href.chars().filter(|c| !c.is_control()).take(MAX_TARGET).collect();
    if href.is_empty() || href.starts_with('#') {
        return Target::Inside;
    }
    // Two backslashes: a file on some machine, with the reader's password.
    if href.starts_with("\\\\") {
        return Target::Disabled("UNC".to_owned());
    }
    match scheme(&href) {
        None => relative(&href, base),
        Some(scheme) if INSIDE.contains(&scheme.as_str()) => Target::Inside,
        Some(scheme) if !SHOWN.contains(&scheme.as_str()) => Target::Disabled(scheme.chars().take(20).collect()),
        Some(scheme) => Target::Place(place(&scheme, &href[scheme.len() + 1..])),
    }
}

/// The scheme in lower case; a drive (`c:\`) and a port (`host.example:80`)
/// are none.
fn scheme(href: &str) -> Option<String> {
    let (scheme, _) = href.split_once(':')?;
    let first = scheme.bytes().next()?.is_ascii_alphabetic();
    let rest = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-".contains(&b));
    match scheme.len() {
        1 if first => Some("file".to_owned()),
        _ => (first && rest).then(|| scheme.to_ascii_lowercase()),
    }
}

fn relative(href: &str, base: Option<&str>) -> Target {
    let Some((scheme, rest)) = base.and_then(|base| base.trim().split_once("://")) else {
        // `//host/x` asks for the same host by whatever scheme the reader has.
        let mut place = place("http", href.strip_prefix("//").unwrap_or_default());
        place.url = shown(href);
        place.host = place.host.filter(|host| !host.is_empty());
        return Target::Place(place);
    };
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") {
        return Target::Disabled(scheme.chars().take(20).collect());
    }
    let host = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let joined = match href.bytes().next() {
        Some(b'/' | b'\\') if href[1..].starts_with(['/', '\\']) => href.to_owned(),
        Some(b'/' | b'\\') => format!("{host}{href}"),
        Some(b'?') => format!("{rest}{href}"),
        _ => format!("{}/{href}", rest.rsplit_once('/').map_or(host, |(folder, _)| folder)),
    };
    Target::Place(place(&scheme, &joined))
}

fn place(scheme: &str, rest: &str) -> Place {
    let mut place = Place { url: String::new(), host: None, written: None, ip: None, has_user: false, mailbox: None };
    match scheme {
        // URL 4.4: browsers take any number of slashes, and backslashes.
        "http" | "https" | "ftp" => {
            let rest = rest.trim_start_matches(['/', '\\']);
            let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            let (user, host_port) = authority.rsplit_once('@').map_or((None, authority), |(u, h)| (Some(u), h));
            let (name, _) = host_port
                .rsplit_once(':')
                .filter(|(_, p)| p.bytes().all(|b| b.is_ascii_digit()))
                .unwrap_or((host_port, ""));
            let ascii = host::to_ascii(name);
            place.ip = host::ipv4(&ascii);
            place.written = (!name.eq_ignore_ascii_case(&ascii)).then(|| name.to_owned());
            place.host = Some(ascii);
            place.has_user = user.is_some();
            let path = path.replacen('\\', "/", 1);
            place.url = format!("{scheme}://{}{}", shown(authority), shown(&path));
        }
        "mailto" => {
            let mailbox = rest.split(['?', ',']).next().unwrap_or_default();
            place.mailbox = Some(host::percent_decoded(mailbox).trim().to_lowercase());
            place.url = format!("{scheme}:{}", shown(rest));
        }
        _ => place.url = format!("{scheme}:{}", shown(rest)),
    }
    place
}

/// Blanks and characters that cannot be seen are shown as what they are.
fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() || !is_safe_char(c) {
            let mut octets = [0; 4];
            c.encode_utf8(&mut octets).bytes().for_each(|b| out.push_str(&format!("%{b:02X}")));
        } else {
            out.push(c);
        }
    }
    out
}

impl Place {
    /// Whether the label already shows all of the target.
    pub(super) fn is_shown_by(&self, label: &str) -> bool {
        let bare = |text: &str| {
            let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(text);
            text.strip_prefix("mailto:").unwrap_or(text).trim_end_matches('/').to_lowercase()
        };
        let label = label.trim_matches(|c: char| c.is_whitespace() || "<>()[]（）＜＞「」".contains(c));
        bare(label) == bare(&self.url) || self.mailbox.as_deref().is_some_and(|mailbox| mailbox == label.to_lowercase())
    }

    /// Whether the host is an IPv4 address written as one (RFC 3986 3.2.2).
    pub(super) fn is_plain(&self) -> bool {
        !self.has_user && self.ip.is_some_and(|ip| self.host.as_deref() == Some(&ip.to_string()))
    }

    /// What the address alone does not say plainly.
    pub(super) fn remarks(&self, words: &Words) -> String {
        let mut remarks = Vec::new();
        if let Some(ip) = self.ip {
            remarks.push(format!("{}: {ip}", words.ip));
        } else if let Some(host) = self.host.as_ref().filter(|_| self.has_user || self.written.is_some()) {
            remarks.push(format!("{}: {}", words.host, shown(host)));
        }
        remarks.iter().map(|remark| format!(" {}{remark}{}", words.ruby.0, words.ruby.1)).collect()
    }

    /// Whether the label names one place and the target is another.
    pub(super) fn is_belied_by(&self, label: &str) -> bool {
        match (claim(label), &self.mailbox, &self.host) {
            (Some(Claim::Mailbox(label)), Some(mailbox), _) => label != *mailbox && !mailbox.is_empty(),
            (Some(Claim::Mailbox(label)), None, Some(host)) => {
                let domain = label.rsplit('@').next().unwrap_or_default();
                !host::same_site(&host::to_ascii(domain), host)
            }
            (Some(Claim::Host(label)), _, Some(host)) => !host::same_site(&host::to_ascii(&label), host),
            (Some(Claim::Host(label)), Some(mailbox), _) => {
                let domain = mailbox.rsplit('@').next().unwrap_or_default();
                !domain.is_empty() && !host::same_site(&host::to_ascii(&label), domain)
            }
            _ => self.has_user && self.ip.is_none() && self.poses(),
        }
    }

    /// Whether the user of `http://bank.example@evil.example/` looks like a host.
    fn poses(&self) -> bool {
        let user = self.url.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
        user.and_then(|authority| authority.rsplit_once('@')).is_some_and(|(user, _)| user.contains('.'))
    }
}

/// What a label says that it leads to.
enum Claim {
    Host(String),
    Mailbox(String),
}

fn claim(label: &str) -> Option<Claim> {
    let lower = label.trim().to_lowercase();
    if let Some((_, rest)) = lower.split_once("://") {
        return host_of(rest).map(Claim::Host);
    }
    let edge = |c: char| c.is_whitespace() || "<>()[]（）＜＞「」、。,;".contains(c);
    let mut words = lower.split(edge).filter(|word| !word.is_empty());
    let (first, second) = (words.next()?, words.next());
    if first.starts_with("www.") {
        return host_of(first).map(Claim::Host);
    }
    if second.is_some() {
        return None;
    }
    match first.trim_start_matches("mailto:").split_once('@') {
        Some((user, domain)) if !user.is_empty() && domain.contains('.') && !domain.contains('/') => {
            Some(Claim::Mailbox(first.trim_start_matches("mailto:").to_owned()))
        }
        Some(_) => None,
        None => host_of(first).filter(|host| host::is_domain(host)).map(Claim::Host),
    }
}

/// The host at the start of what follows `://`.
fn host_of(rest: &str) -> Option<String> {
    let is_end = |c: char| c.is_whitespace() || "/\\?#\"'<>()（）「」、。，＞,…".contains(c);
    let authority = rest.split(is_end).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().trim_end_matches('.');
    (host.contains('.') && host.len() < 256).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::words::ENGLISH;
    use super::*;

    fn url(href: &str) -> String {
        match read(href, None) {
            Target::Inside => "inside".to_owned(),
            Target::Disabled(scheme) => format!("no {scheme}"),
            Target::Place(place) => format!("{}{}", place.url, place.remarks(&ENGLISH)),
        }
    }

    #[test]
    fn targets() {
        for (href, shown) in [
            (" http://a.example/x y\n ", "http://a.example/x%20y"),
            ("HTTP:\\\\a.example\\b", "http://a.example/b"),
            ("https:a.example", "https://a.example"),
            ("#x", "inside"),
            ("cid:x", "inside"),
            ("java\tscript:x()", "no javascript"),
            ("data:text/html,x", "no data"),
            ("file:///c:/x", "no file"),
            ("c:\\x", "no file"),
            ("\\\\host\\share", "no UNC"),
            ("//a.example/share", "//a.example/share"),
            ("ms-msdt:/id", "no ms-msdt"),
            ("tel:03-1234", "tel:03-1234"),
            ("page.html", "page.html"),
            ("http://bank.example@evil.example/", "http://bank.example@evil.example/ (real host: evil.example)"),
            ("http://日本語.jp/", "http://日本語.jp/ (real host: xn--wgv71a119e.jp)"),
            ("http://аррӏе.com/", "http://аррӏе.com/ (real host: xn--80ak6aa92e.com)"),
            ("http://ＢＡＮＫ。example/", "http://ＢＡＮＫ。example/ (real host: bank.example)"),
            ("http://%65vil.example/", "http://%65vil.example/ (real host: evil.example)"),
            ("http://3232235777/", "http://3232235777/ (IP address: 192.168.1.1)"),
            ("http://0x7f.1/", "http://0x7f.1/ (IP address: 127.0.0.1)"),
            ("http://192.0.2.1:80/x", "http://192.0.2.1:80/x (IP address: 192.0.2.1)"),
            ("http://a\u{202e}b.example/", "http://a%E2%80%AEb.example/"),
        ] {
            assert_eq!(url(href), shown, "{href:?}");
        }
    }

    #[test]
    fn relative_targets() {
        for (href, shown) in [
            ("/x", "http://b.example/x"),
            ("x", "http://b.example/d/x"),
            ("?q", "http://b.example/d/f?q"),
            ("//c.example/x", "http://c.example/x"),
            ("https://d.example/", "https://d.example/"),
        ] {
            let Target::Place(place) = read(href, Some("http://b.example/d/f")) else { unreachable!() };
            assert_eq!(place.url, shown, "{href}");
        }
        assert_eq!(read("x", Some("file:///etc/")), Target::Disabled("file".to_owned()));
    }

    #[test]
    fn labels() {
        for (label, href, belied) in [
            ("http://bank.example/", "http://evil.example/", true),
            ("www.bank.co.jp", "http://www.evil.co.jp/", true),
            ("bank.co.jp", "https://click.bank.co.jp/x", false),
            ("Visit https://bank.example now", "http://evil.example/", true),
            ("www.city.shibuya.tokyo.jp", "http://evil.tokyo.jp/", true),
            ("Pay here", "http://evil.example/", false),
            ("Pay here", "http://bank.example@evil.example/", true),
            ("report.pdf", "http://a.example/", false),
            ("Node.js", "http://nodejs.org/", false),
            ("info@bank.jp", "mailto:info@bank.jp?subject=x", false),
            ("info@bank.jp", "mailto:x@evil.jp", true),
            ("info@bank.jp", "http://evil.jp/", true),
            ("bank.com", "http://192.0.2.1/", true),
            ("日本語.jp", "http://xn--wgv71a119e.jp/", false),
            ("詳細はこちら。お早めに", "http://a.example/", false),
        ] {
            let Target::Place(place) = read(href, None) else { unreachable!() };
            assert_eq!(place.is_belied_by(label), belied, "{label} {href}");
        }
    }
}
