//! What is in a drawing, looked at before the drawing library sees it.

use std::collections::{BTreeMap, BTreeSet};

use resvg::usvg::roxmltree::{Document, Node};
use sekisho_disarm::{Budget, Refusal};
use sekisho_safe_message::Removal;

/// Nodes of the document; maps have some 100,000.
pub(super) const MAX_NODES: u32 = 300_000;

/// Elements once what is used again is copied.
const MAX_COPIED: u64 = 200_000;

/// Elements inside each other, copies included: the drawing library recurses.
const MAX_DEPTH: u64 = 96;

/// Copies inside copies that are followed.
const MAX_ROUNDS: u32 = 8;

/// Elements that it compares with each other.
const MAX_SERVERS: usize = 500;

/// What was found.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) removed: BTreeSet<Removal>,
    /// Whether letters are drawn.
    pub(super) has_text: bool,
}

/// Bounds the work that `document` makes and notes what will not be drawn.
///
/// # Errors
/// [`Refusal::TooLarge`] if it passes a bound; [`Refusal::Malformed`] if it is no drawing.
pub(super) fn survey(document: &Document<'_>, budget: &mut Budget) -> Result<Survey, Refusal> {
    if document.root_element().tag_name().name() != "svg" {
        return Err(Refusal::Malformed);
    }
    let mut survey = Survey::default();
    let mut servers = 0;
    for node in document.descendants() {
        budget.steps(1)?;
        if node.is_element() {
            survey.element(node);
            servers += usize::from(matches!(node.tag_name().name(), "pattern" | "clipPath" | "mask" | "filter"));
        } else if node.is_pi() {
            survey.removed.insert(Removal::ExternalReference);
        } else if node.is_comment() {
            survey.removed.insert(Removal::Comment);
        }
    }
    if servers > MAX_SERVERS {
        return Err(Refusal::TooLarge);
    }
    bound_copies(document, budget)?;
    Ok(survey)
}

impl Survey {
    fn element(&mut self, node: Node<'_, '_>) {
        let name = node.tag_name().name();
        let removal = match name {
            "script" | "handler" | "listener" => Some(Removal::Script),
            "foreignObject" => Some(Removal::Markup),
            "animate" | "animateColor" | "animateMotion" | "animateTransform" | "set" => Some(Removal::Action),
            "audio" | "video" => Some(Removal::Multimedia),
            "iframe" | "object" | "embed" => Some(Removal::EmbeddedFile),
            "metadata" => Some(Removal::Metadata),
            "style" => node.text().is_some_and(leads_outward).then_some(Removal::ExternalReference),
            _ => None,
        };
        self.removed.extend(removal);
        self.has_text |= matches!(name, "text" | "tspan" | "textPath")
            && node.descendants().any(|inner| inner.is_text() && inner.text().is_some_and(has_letters));
        for attribute in node.attributes() {
            self.attribute(name, attribute.name(), attribute.value());
        }
    }

    fn attribute(&mut self, element: &str, name: &str, value: &str) {
        let start: String = value.trim_start().chars().take(16).map(|c| c.to_ascii_lowercase()).collect();
        let removal = if name.len() > 2 && name.starts_with("on") {
            Removal::Script
        } else if name != "href" && name != "src" {
            if !leads_outward(value) {
                return;
            }
            Removal::ExternalReference
        } else if start.is_empty() || start.starts_with('#') || (element == "image" && start.starts_with("data:image/"))
        {
            return;
        } else if start.starts_with("javascript:") || start.starts_with("vbscript:") {
            Removal::Script
        } else if start.starts_with("data:") {
            Removal::EmbeddedFile
        } else if element == "a" {
            Removal::Link
        } else {
            Removal::ExternalReference
        };
        self.removed.insert(removal);
    }
}

/// Whether a style names something that is not in the drawing.
fn leads_outward(style: &str) -> bool {
    let style = style.to_ascii_lowercase();
    style.contains("@import")
        || style.split("url(").skip(1).any(|rest| !rest.trim_start_matches(['\'', '"', ' ']).starts_with('#'))
}

fn has_letters(text: &str) -> bool {
    text.chars().any(|c| !c.is_whitespace())
}

/// Follows what is used again, round by round, until nothing grows: each round
/// follows one more copy inside a copy, and a circle grows for ever.
fn bound_copies(document: &Document<'_>, budget: &mut Budget) -> Result<(), Refusal> {
    let nodes: Vec<Node<'_, '_>> = document.descendants().filter(|node| node.is_element()).collect();
    let places: BTreeMap<u32, usize> = nodes.iter().enumerate().map(|(at, node)| (node.id().get(), at)).collect();
    let parent = |node: &Node<'_, '_>| node.parent_element().and_then(|up| places.get(&up.id().get()).copied());
    let parents: Vec<Option<usize>> = nodes.iter().map(parent).collect();
    let references = References::of(&nodes);
    let mut targets = Vec::with_capacity(nodes.len());
    for node in &nodes {
        targets.push(references.targets(*node, budget)?);
    }
    let mut sizes = vec![(0u64, 0u64); nodes.len()];
    for _ in 0..MAX_ROUNDS {
        budget.steps(nodes.len() as u64)?;
        let mut grown = vec![(1u64, 1u64); nodes.len()];
        // Children stand behind their parents.
        for at in (0..nodes.len()).rev() {
            for (count, depth) in targets[at].iter().map(|target| sizes[*target]) {
                grown[at].0 = grown[at].0.saturating_add(count);
                grown[at].1 = grown[at].1.max(depth.saturating_add(1));
            }
            if let Some(parent) = parents[at] {
                let (count, depth) = grown[at];
                grown[parent].0 = grown[parent].0.saturating_add(count);
                grown[parent].1 = grown[parent].1.max(depth.saturating_add(1));
            }
        }
        if grown.iter().any(|(count, depth)| *count > MAX_COPIED || *depth > MAX_DEPTH) {
            return Err(Refusal::TooLarge);
        }
        if grown == sizes {
            return Ok(());
        }
        sizes = grown;
    }
    Err(Refusal::TooLarge)
}

/// Who names whom: attributes, and rules of style sheets read so loosely that
/// rather one name too many is found.
struct References<'a> {
    /// Where each identifier stands.
    ids: BTreeMap<&'a str, usize>,
    /// The words of a rule's selectors, and the places that its body names.
    rules: Vec<(BTreeSet<&'a str>, Vec<usize>)>,
}

/// Rules of style sheets that name something.
const MAX_RULES: usize = 1000;

impl<'a> References<'a> {
    fn of(nodes: &[Node<'a, '_>]) -> Self {
        let ids = nodes.iter().enumerate().filter_map(|(at, node)| Some((node.attribute("id")?, at))).collect();
        let mut references = Self { ids, rules: Vec::new() };
        let styles = nodes.iter().filter(|node| node.tag_name().name() == "style").filter_map(|node| node.text());
        for (selectors, body) in styles.flat_map(|style| style.split('}')).filter_map(|rule| rule.split_once('{')) {
            let named: Vec<usize> = references.named(body).collect();
            if !named.is_empty() && references.rules.len() < MAX_RULES {
                let words = selectors.split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '*'));
                references.rules.push((words.filter(|word| !word.is_empty()).collect(), named));
            }
        }
        references
    }

    /// What `url(#...)`s in `value` name.
    fn named(&self, value: &str) -> impl Iterator<Item = usize> {
        value.split("url(").skip(1).filter_map(|rest| {
            let name = rest.split(')').next()?.trim_matches([' ', '\'', '"']);
            self.ids.get(name.strip_prefix('#')?).copied()
        })
    }

    /// What `node` copies or draws with.
    fn targets(&self, node: Node<'_, '_>, budget: &mut Budget) -> Result<Vec<usize>, Refusal> {
        let mut targets = Vec::new();
        let href_counts = !matches!(node.tag_name().name(), "a" | "linearGradient" | "radialGradient");
        for attribute in node.attributes() {
            if attribute.name() == "href" {
                let target = attribute.value().trim().strip_prefix('#').and_then(|name| self.ids.get(name));
                targets.extend(target.filter(|_| href_counts));
            } else {
                targets.extend(self.named(attribute.value()));
            }
        }
        budget.steps(self.rules.len() as u64)?;
        let classes = node.attribute("class").unwrap_or("").split_whitespace();
        let words: Vec<&str> = classes.chain(node.attribute("id")).chain(["*", node.tag_name().name()]).collect();
        for (selectors, named) in &self.rules {
            if words.iter().any(|word| selectors.contains(word)) {
                targets.extend(named);
            }
        }
        Ok(targets)
    }
}
