//! `<style>` elements: the rules with a simple selector (a tag, a class, a
//! tag with a class, an id) that hide or show.
//!
//! Bounded in octets and rules. Rules under a condition (`@media (...)`) are
//! for other screens and not read.

use std::collections::BTreeMap;

use html5ever::Attribute;

use super::style::{self, Declaration, Style};

/// Most octets of style sheets that are read.
const MAX_OCTETS: usize = 256 << 10;
/// Most rules that are kept.
const MAX_RULES: usize = 2000;
/// Most declarations of one rule that are kept.
const MAX_DECLARATIONS: usize = 20;
/// Most rules of one name, and most classes of one element, that are looked at.
const MAX_LOOK: usize = 16;

/// The rules of a page.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    octets: usize,
    count: usize,
    tags: BTreeMap<String, Vec<Rule>>,
    classes: BTreeMap<String, Vec<Rule>>,
    ids: BTreeMap<String, Vec<Rule>>,
    /// A rule that is not understood may paint the ground.
    pub(super) paints: bool,
}

#[derive(Debug)]
struct Rule {
    /// The tag that a class must stand on.
    tag: Option<String>,
    declarations: Vec<(Declaration, bool)>,
}

impl Sheet {
    /// Adds the rules of a style sheet.
    pub(super) fn read(&mut self, css: &str) {
        self.octets += css.len();
        if self.octets > MAX_OCTETS {
            self.paints = true;
            return;
        }
        let css = without_comments(css);
        let mut rest = css.as_str();
        while let Some(open) = rest.find(['{', ';', '}']) {
            let (head, tail) = (rest[..open].trim(), &rest[open + 1..]);
            let is_block = rest.as_bytes()[open] == b'{';
            rest = match (is_block, head.starts_with('@')) {
                (false, _) => tail,
                (true, true) if is_always(head) => tail,
                (true, true) => behind_block(tail),
                (true, false) => {
                    let (body, behind) = tail.split_once('}').unwrap_or((tail, ""));
                    self.rule(head, body);
                    behind
                }
            };
        }
    }

    fn rule(&mut self, selectors: &str, body: &str) {
        let mut declarations = Vec::new();
        let mut paints = false;
        style::declarations(body, |declaration, important| {
            paints |= matches!(declaration, Declaration::Back(_));
            if declarations.len() < MAX_DECLARATIONS {
                declarations.push((declaration, important));
            }
        });
        if declarations.is_empty() {
            return;
        }
        for selector in selectors.split(',') {
            let known = self.count < MAX_RULES && self.add(selector.trim(), &declarations);
            self.paints |= paints && !known;
        }
    }

    /// Whether the selector is a simple one.
    fn add(&mut self, selector: &str, declarations: &[(Declaration, bool)]) -> bool {
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let selector = selector.to_ascii_lowercase();
        let (rules, name, tag) = match selector.split_once(['.', '#']) {
            None => (&mut self.tags, selector.as_str(), None),
            Some((tag, name)) => {
                let rules = if selector[tag.len()..].starts_with('.') { &mut self.classes } else { &mut self.ids };
                (rules, name, (!tag.is_empty()).then(|| tag.to_owned()))
            }
        };
        if !is_name(name) || !tag.as_deref().is_none_or(is_name) {
            return false;
        }
        self.count += 1;
        rules.entry(name.to_owned()).or_default().push(Rule { tag, declarations: declarations.to_vec() });
        true
    }

    /// Adds what the rules say of an element (CSS Selectors 17: an id counts more
    /// than a class, and that more than a tag).
    pub(super) fn apply(&self, style: &mut Style, tag: &str, attributes: &[Attribute]) {
        if self.count == 0 {
            return;
        }
        apply(style, self.tags.get(tag), tag);
        for (key, rules) in [("class", &self.classes), ("id", &self.ids)] {
            let value = attributes.iter().find(|attribute| &*attribute.name.local == key);
            let Some(value) = value.filter(|_| !rules.is_empty()) else { continue };
            for name in value.value.split_ascii_whitespace().take(MAX_LOOK) {
                apply(style, rules.get(&name.to_ascii_lowercase()), tag);
            }
        }
    }
}

fn apply(style: &mut Style, rules: Option<&Vec<Rule>>, tag: &str) {
    // The last ones count.
    let rules = rules.map_or(&[][..], |rules| &rules[rules.len().saturating_sub(MAX_LOOK)..]);
    for rule in rules.iter().filter(|rule| rule.tag.as_deref().is_none_or(|wanted| wanted == tag)) {
        for (declaration, important) in &rule.declarations {
            style.apply(*declaration, *important);
        }
    }
}

/// An at-rule whose block holds on every screen.
fn is_always(head: &str) -> bool {
    let head = head.to_ascii_lowercase();
    head.strip_prefix("@media").is_some_and(|query| matches!(query.trim(), "" | "all" | "screen" | "only screen"))
}

/// What follows the block that `text` is inside of.
fn behind_block(text: &str) -> &str {
    let mut depth = 1_usize;
    for (at, b) in text.bytes().enumerate() {
        match b {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
    }
    ""
}

/// CSS Syntax 4.3.2, and the marks that hid style sheets from old browsers.
fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(at) = rest.find("/*") {
        out.push_str(&rest[..at]);
        rest = rest[at + 2..].find("*/").map_or("", |end| &rest[at + 2 + end + 2..]);
    }
    out.push_str(rest);
    if out.contains("<!--") || out.contains("-->") { out.replace("<!--", " ").replace("-->", " ") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::html::style::Display;

    #[test]
    fn rules() {
        for (css, hides) in [
            (".a{display:none}", true),
            ("p.a{display:none}", true),
            ("p{display:none}", true),
            ("#i { color:red; DISPLAY : none }", true),
            ("<!-- x,.a/* } */{display:none} -->", true),
            ("@media screen{.a{display:none}}", true),
            ("@import 'x';.a{display:none}", true),
            ("@media (max-width:1px){.a{display:none}}", false),
            ("@media print{.a{display:none}.b{}}b{}", false),
            ("td.a{display:none}", false),
            ("x .a{display:none}", false),
            (".a{display:none}.a{display:block}", false),
            ("p{display:none}.a{display:block}", false),
            ("p{display:none!important}.a{display:block}", true),
            (".a{display:none", true),
            (".a:hover{display:none}", false),
        ] {
            let mut sheet = Sheet::default();
            sheet.read(css);
            let attribute = |name: &str, value: &str| Attribute {
                name: html5ever::QualName::new(None, html5ever::ns!(), name.into()),
                value: value.into(),
            };
            let mut style = Style::default();
            sheet.apply(&mut style, "p", &[attribute("class", "z A"), attribute("id", "i")]);
            assert_eq!(style.display == Some(Display::None), hides, "{css}");
        }
    }

    #[test]
    fn bounded() {
        let mut sheet = Sheet::default();
        sheet.read(&".a{display:none}".repeat(10_000));
        assert_eq!(sheet.count, MAX_RULES);
        sheet.read(&"@media x{".repeat(100_000));
        assert!(sheet.paints);
    }
}
