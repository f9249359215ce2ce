//! The body: which texts are shown, in which order, as one safe text.

mod flowed;
mod twins;

use std::borrow::Cow;

use sekisho_job::{Anomaly, BodySource, HoldReason, Limits};
use sekisho_safe_message::{SafeText, is_safe_char};

use crate::findings::Findings;
use crate::html;
use crate::mime::{Entity, Mime};
use crate::parts::{Content, Leaf, Markup};

/// Longest HTML, in octets, that is compared with its plain twin.
const MAX_COMPARED: usize = 256 * 1024;

/// The text that crosses, and how it came about.
#[derive(Debug)]
pub(crate) struct Text {
    /// The text.
    pub(crate) safe: SafeText,
    /// Which leaves it is made of, as indices into the leaves.
    pub(crate) shown: Vec<usize>,
    /// From which kind of part.
    pub(crate) from: BodySource,
    /// The same text was there as HTML too.
    pub(crate) html_twin: bool,
    /// Characters that could not be read.
    pub(crate) replacements: u64,
    /// Characters taken out, lines marked.
    pub(crate) cleaned: u64,
}

/// Makes the body of a mail; `None` if it passes the bound.
pub(crate) fn make(mime: &Mime<'_>, leaves: &[Leaf], limits: &Limits, findings: &mut Findings) -> Option<Text> {
    let shown = choose(mime, leaves);
    let mut raw = String::new();
    let (mut replacements, mut from) = (0, BodySource::None);
    for leaf in shown.iter().filter_map(|index| leaves.get(*index)) {
        let Content::Text(part) = &leaf.content else { continue };
        replacements += part.replacements;
        let text = match part.markup {
            Markup::Plain => match mime.entities.get(leaf.entity).and_then(flow) {
                Some(del_sp) => Cow::Owned(flowed::unflow(&part.text, del_sp)),
                None => Cow::Borrowed(part.text.as_str()),
            },
            Markup::Html => {
                let rendered = html::to_text(&part.text);
                if rendered.fallback {
                    findings.found(Anomaly::HtmlFallback);
                }
                if rendered.misleading {
                    findings.found(Anomaly::MisleadingLink);
                }
                Cow::Owned(rendered.text)
            }
        };
        if from == BodySource::None {
            from = source(part.markup);
        }
        join(&mut raw, &text);
    }
    let safe = clean(&defang(&raw), limits, findings)?;
    let twin = if from == BodySource::Plain { html_twin(leaves, &shown) } else { None };
    if twin.is_some_and(|html| html.len() <= MAX_COMPARED && twins::differ(&raw, &html::to_text(html).text)) {
        findings.found(Anomaly::TwinsDiffer);
    }
    let html_twin = twin.is_some();
    Some(Text { safe: safe.0, shown, from, html_twin, replacements, cleaned: safe.1 })
}

fn source(markup: Markup) -> BodySource {
    match markup {
        Markup::Plain => BodySource::Plain,
        Markup::Html => BodySource::Html,
    }
}

/// The HTML of the text that was shown as plain text.
fn html_twin<'a>(leaves: &'a [Leaf], shown: &[usize]) -> Option<&'a str> {
    let mut hidden = leaves.iter().enumerate().filter(|(index, _)| !shown.contains(index)).map(|(_, leaf)| leaf);
    hidden.find_map(|leaf| match &leaf.content {
        Content::Text(text) if text.markup == Markup::Html => Some(text.text.as_str()),
        Content::Text(_) | Content::File(_) => None,
    })
}

/// Whether a part's lines are broken by RFC 3676, and whether with `DelSp`.
fn flow(entity: &Entity<'_>) -> Option<bool> {
    let is = |name: &str, value: &str| entity.param(name).is_some_and(|v| v.eq_ignore_ascii_case(value.as_bytes()));
    is("format", "flowed").then(|| is("delsp", "yes"))
}

/// Texts in sequence stand apart by an empty line.
fn join(all: &mut String, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    if !all.is_empty() {
        while !all.ends_with("\n\n") {
            all.push('\n');
        }
    }
    all.push_str(text.trim_end());
    all.push('\n');
}

/// What text there is below an entity.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Below {
    Nothing,
    Html,
    Plain,
}

/// The leaves to show, in order. Everything that is text is shown, but of
/// alternatives one: the first with plain text, else the first with HTML
/// (RFC 2046 5.1.4 says the last; all say the same, and plain loses nothing).
fn choose(mime: &Mime<'_>, leaves: &[Leaf]) -> Vec<usize> {
    let count = mime.entities.len();
    let mut below = vec![Below::Nothing; count];
    for leaf in leaves {
        below[leaf.entity] = kind(leaf);
    }
    // Children follow their container, so backwards they come first.
    let mut best: Vec<Option<usize>> = vec![None; count];
    for index in (0..count).rev() {
        let Some(parent) = mime.entities[index].parent else { continue };
        let alternative = mime.entities[parent].is("multipart/alternative");
        let wins = below[index] != Below::Nothing && (!alternative || below[index] >= below[parent]);
        if wins {
            (below[parent], best[parent]) = (below[index], Some(index));
        }
    }
    let mut live = vec![true; count];
    for index in 0..count {
        if let Some(parent) = mime.entities[index].parent {
            let alternative = mime.entities[parent].is("multipart/alternative");
            live[index] = live[parent] && (!alternative || best[parent] == Some(index));
        }
    }
    let shown = leaves.iter().enumerate();
    shown.filter(|(_, leaf)| live[leaf.entity] && kind(leaf) != Below::Nothing).map(|(index, _)| index).collect()
}

fn kind(leaf: &Leaf) -> Below {
    match &leaf.content {
        Content::Text(text) if text.text.trim().is_empty() => Below::Nothing,
        Content::Text(text) => match text.markup {
            Markup::Plain => Below::Plain,
            Markup::Html => Below::Html,
        },
        Content::File(_) => Below::Nothing,
    }
}

/// The safe text, and how many characters and lines it cost.
fn clean(raw: &str, limits: &Limits, findings: &mut Findings) -> Option<(SafeText, u64)> {
    let cleaned = SafeText::clean(raw);
    if cleaned.cut || cleaned.value.as_str().len() > limits.text_bytes as usize {
        findings.hold(HoldReason::TextTooLarge);
        return None;
    }
    let vanished = |c: &char| {
        !is_safe_char(*c) && !matches!(c, '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let invisible = raw.chars().filter(vanished).count() as u64;
    if invisible > 0 {
        findings.found(Anomaly::InvisibleText);
    }
    if cleaned.changed > invisible {
        findings.found(Anomaly::FileLikeText);
    }
    Some((cleaned.value, cleaned.changed))
}

/// Makes addresses of the web inert: a client links `http://` by itself, and
/// may fetch it. The text is otherwise as it was.
fn defang(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, behind) = rest.split_at(at);
        let scheme = before.len() - before.bytes().rev().take(5).take_while(u8::is_ascii_alphabetic).count();
        let (kept, scheme) = before.split_at(scheme);
        out.push_str(kept);
        out.push_str(match scheme.to_ascii_lowercase().as_str() {
            "http" => "hxxp",
            "https" => "hxxps",
            "ftp" => "fxp",
            _ => scheme,
        });
        out.push_str(&behind[..3]);
        rest = &behind[3..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_inert() {
        for (text, inert) in [
            ("see http://a.example/?u=https://b", "see hxxp://a.example/?u=hxxps://b"),
            ("HTTPS://X ftp://y", "hxxps://X fxp://y"),
            ("関所http://a", "関所hxxp://a"),
            ("://", "://"),
            ("xhttp://a", "xhttp://a"),
            ("news://a", "news://a"),
        ] {
            assert_eq!(defang(text), inert);
        }
    }
}
