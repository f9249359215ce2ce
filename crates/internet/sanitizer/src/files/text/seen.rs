//! What a page has in it that its text has not.

use std::collections::BTreeSet;

use sekisho_safe_message::Removal;

/// Octets before a `=` that may be a name.
const MAX_NAME: usize = 40;

/// What of `html` is not in its text. One pass over the tags; markup itself
/// always is left out.
pub(super) fn in_page(html: &str) -> BTreeSet<Removal> {
    let mut seen = BTreeSet::from([Removal::Markup]);
    for start in memchr::memchr_iter(b'<', html.as_bytes()) {
        let rest = &html[start + 1..];
        if rest.starts_with("!--") {
            seen.insert(Removal::Comment);
        }
        // A tag ends where the next one begins: no octet is looked at twice.
        let end = memchr::memchr2(b'>', b'<', rest.as_bytes()).unwrap_or(rest.len());
        let tag = rest[..end].to_ascii_lowercase();
        let name_end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(name_end);
        of_element(name, attributes, &mut seen);
        of_attributes(attributes, &mut seen);
    }
    seen
}

fn of_element(name: &str, attributes: &str, seen: &mut BTreeSet<Removal>) {
    let found: &[Removal] = match name {
        "script" => &[Removal::Script],
        "iframe" | "frame" | "frameset" | "base" => &[Removal::ExternalReference],
        "link" => &[Removal::ExternalReference, Removal::Layout],
        "object" | "embed" | "applet" => &[Removal::EmbeddedFile],
        "audio" | "video" => &[Removal::Multimedia],
        "form" | "input" | "select" | "textarea" | "button" => &[Removal::Form],
        "meta" if attributes.contains("refresh") => &[Removal::Action],
        "style" | "table" | "img" | "svg" | "font" | "center" => &[Removal::Layout],
        _ => &[],
    };
    seen.extend(found);
}

fn of_attributes(attributes: &str, seen: &mut BTreeSet<Removal>) {
    for (at, _) in attributes.match_indices('=') {
        let (before, value) = (&attributes[..at], attributes[at + 1..].trim_start());
        let value = value.trim_start_matches(['"', '\'']).trim_start();
        let before = before.trim_end();
        // No name that is asked for is longer; each `=` looks back no further.
        let before = &before[before.ceil_char_boundary(before.len().saturating_sub(MAX_NAME))..];
        let name = before.rsplit(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'')).next();
        let name = name.unwrap_or_default();
        let starts = |schemes: &[&str]| schemes.iter().any(|scheme| value.starts_with(scheme));
        if name.len() > 3 && name.starts_with("on") || starts(&["javascript:", "vbscript:"]) {
            seen.insert(Removal::Script);
        }
        if starts(&["data:", "cid:", "blob:"]) {
            seen.insert(Removal::EmbeddedFile);
        }
        let fetches = matches!(name, "src" | "srcset" | "background" | "data" | "poster" | "srcdoc");
        if fetches && starts(&["http:", "https:", "//", "ftp:", "file:", "\\\\"]) {
            seen.insert(Removal::ExternalReference);
        }
        if name == "style" {
            seen.insert(Removal::Layout);
        }
    }
    let plain: String =
        if attributes.contains("style") { attributes.split_whitespace().collect() } else { String::new() };
    if ["display:none", "visibility:hidden", "font-size:0"].iter().any(|hides| plain.contains(hides)) {
        seen.insert(Removal::HiddenText);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floods_take_linear_time() {
        for flood in ["=", "<", "a=", "style=", " =", "=\"", "<a x=", "あ="] {
            in_page(&format!("<a {}>", flood.repeat(1 << 18)));
        }
    }

    #[test]
    fn each_thing_is_named() {
        for (html, found) in [
            ("<p>text</p>", None),
            ("<SCRIPT>x</SCRIPT>", Some(Removal::Script)),
            ("<p onclick = 'x'>", Some(Removal::Script)),
            ("<a href=\" javascript:x\">", Some(Removal::Script)),
            ("<iframe>", Some(Removal::ExternalReference)),
            ("<img src=\"https://a.example/x.png\">", Some(Removal::ExternalReference)),
            ("<a href='data:text/html,x'>", Some(Removal::EmbeddedFile)),
            ("<object>", Some(Removal::EmbeddedFile)),
            ("<video>", Some(Removal::Multimedia)),
            ("<input name=a>", Some(Removal::Form)),
            ("<meta http-equiv=refresh content=0>", Some(Removal::Action)),
            ("<!-- x -->", Some(Removal::Comment)),
            ("<p style='display : none'>", Some(Removal::HiddenText)),
            ("<table>", Some(Removal::Layout)),
        ] {
            let seen = in_page(html);
            assert!(seen.contains(&Removal::Markup));
            assert!(found.map_or(seen.len() == 1, |found| seen.contains(&found)), "{html}: {seen:?}");
        }
    }
}
