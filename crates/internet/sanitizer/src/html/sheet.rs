//! `<style>` elements: the rules with selectors of tags, classes and ids, also
//! one inside the other, that hide or show.
//!
//! Bounded in octets, rules, and work for each element. Rules for other screens
//! (`@media (max-width: ...)`) are not read.

mod selector;

use std::collections::BTreeMap;

use html5ever::Attribute;

use super::style::{self, Declaration, Style};
use selector::{Around, Compound, Name, Names, Selector, Steps};

pub(super) use selector::Reached;

/// Most octets of style sheets that are read.
const MAX_OCTETS: usize = 256 << 10;
/// Most rules that are kept.
const MAX_RULES: usize = 2000;
/// Most declarations of one rule that are kept.
const MAX_DECLARATIONS: usize = 20;
/// Most rules that are looked at for one element, and for one name of it.
const MAX_LOOK: usize = 64;
const MAX_LOOK_NAME: usize = 16;
/// Widest `min-width`, in pixels, that the reader's screen has.
const SCREEN: u32 = 700;

/// The rules of a page.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    octets: usize,
    rules: Vec<Rule>,
    steps: Steps,
    /// The rules by a name that their elements have.
    names: BTreeMap<Name, Vec<usize>>,
    /// A rule that is not understood may paint the ground.
    pub(super) paints: bool,
}

#[derive(Debug)]
struct Rule {
    compound: Compound,
    around: Around,
    weight: u32,
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
            let known = self.rules.len() < MAX_RULES && self.add(selector, &declarations);
            self.paints |= paints && !known;
        }
    }

    /// Whether the selector is understood.
    fn add(&mut self, selector: &str, declarations: &[(Declaration, bool)]) -> bool {
        let Some(selector) = self.steps.read(selector) else { return false };
        let Selector { compound, around, weight } = selector;
        let Some(name) = compound.rarest() else { return false };
        self.names.entry(name).or_default().push(self.rules.len());
        self.rules.push(Rule { compound, around, weight, declarations: declarations.to_vec() });
        true
    }

    /// Adds what the rules say of an element inside `outer`, and tells what
    /// selectors it has reached.
    pub(super) fn apply(&self, style: &mut Style, tag: &str, attributes: &[Attribute], outer: Reached) -> Reached {
        if self.rules.is_empty() {
            return outer;
        }
        let names = Names::of(tag, attributes);
        let named = names.all().filter_map(|name| self.names.get(&name));
        // The last ones count.
        let near = named.flat_map(|rules| &rules[rules.len().saturating_sub(MAX_LOOK_NAME)..]).take(MAX_LOOK);
        let rules = near.map(|at| (*at, &self.rules[*at]));
        let holding = rules.filter(|(_, rule)| rule.around.is_met(outer) && rule.compound.is(&names));
        let mut holding: Vec<_> = holding.map(|(at, rule)| (rule.weight, at)).collect();
        // CSS Cascade 6.4: what weighs more counts, then what comes later.
        holding.sort_unstable();
        for (declaration, important) in holding.iter().flat_map(|(_, at)| &self.rules[*at].declarations) {
            style.apply(*declaration, *important);
        }
        self.steps.reached(&names, outer)
    }
}

/// An at-rule whose block holds on the reader's screen: a wide one.
fn is_always(head: &str) -> bool {
    let head = head.to_ascii_lowercase();
    let Some(query) = head.strip_prefix("@media") else { return false };
    let mut words = query.split(|c: char| c.is_ascii_whitespace()).filter(|word| !word.is_empty());
    let query: String = words.by_ref().filter(|word| !matches!(*word, "only" | "screen" | "all" | "and")).collect();
    let wide = query.strip_prefix("(min-width:").and_then(|width| width.strip_suffix("px)"));
    query.is_empty() || wide.is_some_and(|width| width.parse::<u32>().is_ok_and(|width| width <= SCREEN))
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
            ("body .a{display:none}", true),
            (".o > p.a{display:none}", true),
            ("body>.a{display:none}", false),
            ("body > .o .a, x{display:none}", true),
            (".o body .a{display:none}", false),
            ("body .x .a{display:none}", false),
            ("> .a{display:none}", false),
            (".o > > .a{display:none}", false),
            (".o + .a{display:none}", false),
            (".o >{display:none}", false),
            (".z.a{display:none}", true),
            (".z.b{display:none}", false),
            ("p.a#i{display:none}", true),
            ("[class=a]{display:none}", false),
            (".o .a{display:none}.a{display:block}", true),
            (".a{display:none}p{display:block}", true),
            (".a{display:none}body .a{display:block}", false),
            ("@media only screen and (min-width:480px){.a{display:none}}", true),
            ("@media screen and (max-width:480px){.a{display:none}}", false),
            ("@media (min-width: 1px) and (max-width: 9px){.a{display:none}}", false),
            ("@media (prefers-color-scheme:dark){.a{display:none}}", false),
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
            let body = sheet.apply(&mut style, "body", &[], Reached::default());
            let outer = sheet.apply(&mut style, "div", &[attribute("class", "o")], body);
            sheet.apply(&mut style, "p", &[attribute("class", "z A"), attribute("id", "i")], outer);
            assert_eq!(style.display == Some(Display::None), hides, "{css}");
        }
    }

    #[test]
    fn bounded() {
        let mut sheet = Sheet::default();
        sheet.read(&".a{display:none}".repeat(10_000));
        assert_eq!(sheet.rules.len(), MAX_RULES);
        sheet.read(&"@media x{".repeat(100_000));
        assert!(sheet.paints);
    }

    #[test]
    fn selectors_that_are_too_many_may_paint() {
        let mut sheet = Sheet::default();
        let rules = |count| (0..count).map(|n| format!(".a{n} .b{{color:red;background:red}}")).collect::<String>();
        sheet.read(&rules(64));
        assert!(!sheet.paints);
        sheet.read(&rules(65));
        assert!(sheet.paints);
    }
}
