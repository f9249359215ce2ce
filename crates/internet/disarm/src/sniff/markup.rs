//! Markup: what the root element makes of it.

use sekisho_policy::Kind;

use super::text::Head;

/// Root elements of XML, without their prefix, lower case.
const ROOTS: &[(&str, Kind)] = &[
    ("svg", Kind::Svg),
    ("html", Kind::Html),
    ("worddocument", Kind::OfficeXml),
    ("xdp", Kind::PdfForm),
    ("xfdf", Kind::PdfForm),
    ("stylesheet", Kind::Script),
    ("transform", Kind::Script),
    ("scriptlet", Kind::Script),
    ("job", Kind::Script),
    ("mmc_consolefile", Kind::Script),
    ("powershellmetadata", Kind::Script),
    ("configuration", Kind::Xml),
    ("librarydescription", Kind::Shortcut),
    ("searchconnectordescription", Kind::Shortcut),
    ("persistedquery", Kind::Shortcut),
    ("pcsettings", Kind::Shortcut),
    ("appinstaller", Kind::Shortcut),
    ("jnlp", Kind::Shortcut),
    ("assembly", Kind::Shortcut),
];

/// Namespaces and the like that tell where the root's name does not: looked
/// for in its tag.
const NAMESPACES: &[(&str, Kind)] = &[
    ("urn:oasis:names:tc:opendocument:xmlns:office", Kind::FlatOdf),
    ("http://openoffice.org/2000/office", Kind::FlatOdf),
    ("urn:schemas-microsoft-com:office:spreadsheet", Kind::OfficeXml),
    ("http://schemas.microsoft.com/office/word/2003/wordml", Kind::OfficeXml),
    ("http://schemas.microsoft.com/office/2006/xmlpackage", Kind::OfficeXml),
    ("http://schemas.microsoft.com/visio/2003/core", Kind::OfficeXml),
    ("http://schemas.microsoft.com/developer/msbuild/2003", Kind::Script),
    ("http://schemas.microsoft.com/windows/2004/02/mit/task", Kind::Script),
    ("http://schemas.microsoft.com/appx/appinstaller", Kind::Shortcut),
    ("http://www.w3.org/2000/svg", Kind::Svg),
    ("http://www.w3.org/1999/xhtml", Kind::Html),
];

/// Elements of HTML that a page begins with where browsers look for them
/// (WHATWG MIME Sniffing 7.1), and some that they find besides.
const ELEMENTS: &[&str] = &[
    "html",
    "head",
    "body",
    "title",
    "meta",
    "script",
    "iframe",
    "h1",
    "h2",
    "h3",
    "div",
    "font",
    "table",
    "a",
    "style",
    "b",
    "br",
    "p",
    "link",
    "base",
    "center",
    "form",
    "img",
    "span",
    "ul",
    "ol",
    "pre",
    "frameset",
    "object",
    "embed",
    "basefont",
    "bgsound",
    "marquee",
    "noscript",
    "blockquote",
    "hr",
    "i",
    "u",
    "strong",
    "em",
    "section",
    "article",
    "main",
    "nav",
    "header",
    "footer",
    "button",
    "input",
    "video",
    "audio",
    "canvas",
    "template",
    "details",
    "o:p",
];

/// Octets of a root's tag that are looked at.
const MAX_TAG: usize = 16 * 1024;

/// What `text`, which begins without blanks, is if it is markup.
pub(super) fn tell(text: &str) -> Option<Kind> {
    if !text.starts_with('<') {
        return None;
    }
    let head = text.get(..floor(text, MAX_TAG))?.to_ascii_lowercase();
    // Runs with the rights of a program, wherever in the page it says so.
    if head.contains("<hta:application") || text.to_ascii_lowercase().contains("<hta:application") {
        return Some(Kind::Script);
    }
    if ["<?php", "<?=", "<%"].iter().any(|start| head.starts_with(start)) {
        return Some(Kind::Script);
    }
    let declared = head.starts_with("<?xml");
    if declared && head.contains("mso-application") && head.contains("word.document") {
        return Some(Kind::OfficeXml);
    }
    let rest = prolog(&head);
    if rest.starts_with("<!doctype html") {
        return Some(Kind::Html);
    }
    root(doctype(rest), declared)
}

/// Whether the root element is a drawing's.
pub(super) fn is_svg(head: &Head) -> bool {
    tell(head.text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n'])) == Some(Kind::Svg)
}

fn root(rest: &str, declared: bool) -> Option<Kind> {
    let tag = rest.strip_prefix('<')?;
    let name = tag.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next().unwrap_or_default();
    let tag = tag.split('>').next().unwrap_or(tag);
    let local = name.rsplit(':').next().unwrap_or(name);
    let by_name = ROOTS.iter().find(|(root, _)| *root == local).map(|(_, kind)| *kind);
    let by_space = || NAMESPACES.iter().find(|(space, _)| tag.contains(space)).map(|(_, kind)| *kind);
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    match by_name {
        // Stylesheets and jobs of other programs have the same names.
        Some(Kind::Xml) | None => {}
        Some(kind) => return Some(kind),
    }
    by_space().or_else(|| {
        if !declared && ELEMENTS.contains(&name) {
            return Some(Kind::Html);
        }
        (is_name && (declared || tag.contains("xmlns") || is_closed(rest, name))).then_some(Kind::Xml)
    })
}

/// Whether an element without a declaration before it is closed again, or by
/// itself: `<b@example.jp> wrote` is none.
fn is_closed(rest: &str, name: &str) -> bool {
    let sound = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b) || b >= 0x80);
    sound && (rest.contains(&format!("</{name}")) || rest.split('>').next().is_some_and(|tag| tag.ends_with('/')))
}

/// Behind the declaration, comments and instructions.
fn prolog(text: &str) -> &str {
    let mut rest = text;
    // Each turn passes two characters at least.
    loop {
        rest = rest.trim_start();
        let end = if rest.starts_with("<!--") {
            "-->"
        } else if rest.starts_with("<?") {
            "?>"
        } else {
            return rest;
        };
        match rest.get(2..).and_then(|inside| inside.split_once(end)) {
            Some((_, behind)) => rest = behind,
            None => return "",
        }
    }
}

/// Behind a document type, with its internal subset.
fn doctype(text: &str) -> &str {
    let Some(inside) = text.strip_prefix("<!doctype") else { return text };
    let end = match (inside.find('['), inside.find('>')) {
        (Some(subset), Some(close)) if subset < close => {
            inside.find("]").and_then(|end| Some(end + inside[end..].find('>')?))
        }
        (_, close) => close,
    };
    prolog(end.and_then(|end| inside.get(end + 1..)).unwrap_or_default())
}

fn floor(text: &str, limit: usize) -> usize {
    (0..=limit.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
