//! The body: which texts are shown, in which order, as one safe text.

mod choose;
mod flowed;
mod pgp;
mod twins;
mod urls;

use std::borrow::Cow;
use std::collections::BTreeSet;

use sekisho_job::{Anomaly, BodySource, HoldReason, Limits, NoticeLanguage, Rules};
use sekisho_safe_message::{Language, SafeText, SignatureKind, is_safe_char};

use crate::findings::Findings;
use crate::html;
use crate::language::has_japanese;
use crate::mime::{Entity, Mime};
use crate::parts::{self, Content, Leaf, Markup};
use crate::record::{self, Kind};

/// Longest HTML, in octets, that is compared with its plain twin.
const MAX_COMPARED: usize = 256 * 1024;

/// The text that crosses, and how it came about.
#[derive(Debug)]
pub(crate) struct Text {
    /// The text.
    pub(crate) safe: SafeText,
    /// How it was put together.
    pub(crate) made: Composed,
    /// Characters taken out, lines marked.
    pub(crate) cleaned: u64,
}

/// Texts of a mail put together, not yet cleaned.
#[derive(Debug, Default)]
pub(crate) struct Composed {
    /// The text, its web addresses inert.
    pub(crate) text: String,
    /// Which leaves it is made of, as indices into the leaves.
    pub(crate) shown: Vec<usize>,
    /// From which kind of part; `None` for no text at all.
    pub(crate) from: Option<BodySource>,
    /// The same text was there as HTML too.
    pub(crate) html_twin: bool,
    /// Characters that could not be read.
    pub(crate) replacements: u64,
    /// Characters that cannot be seen, taken out.
    pub(crate) invisible: u64,
    /// Web addresses taken out.
    pub(crate) links_removed: u32,
    /// Mails inside that are shown.
    pub(crate) mails: u32,
    /// How a text was signed.
    pub(crate) signed: BTreeSet<SignatureKind>,
}

/// Makes the body of a mail; `None` if it passes the bound.
pub(crate) fn make(
    mime: &Mime<'_>,
    leaves: &[Leaf],
    limits: &Limits,
    rules: &Rules,
    findings: &mut Findings,
) -> Option<Text> {
    let mut made = compose(mime, leaves, rules, findings);
    let text = std::mem::take(&mut made.text);
    let twin = if made.from == Some(BodySource::Plain) { html_twin(leaves, &made.shown) } else { None };
    if twin.is_some_and(|html| html.len() <= MAX_COMPARED && twins::differ(&text, html)) {
        findings.found(Anomaly::TwinsDiffer);
    }
    made.html_twin = twin.is_some();
    let (safe, cleaned) = clean(&text, made.invisible, limits, findings)?;
    Some(Text { safe, made, cleaned })
}

/// Puts the texts of a mail together.
pub(crate) fn compose(mime: &Mime<'_>, leaves: &[Leaf], rules: &Rules, findings: &mut Findings) -> Composed {
    let mut composer = Composer { rules, findings, made: Composed::default(), records: BTreeSet::new() };
    for index in choose::choose(mime, leaves) {
        let Some(leaf) = leaves.get(index) else { continue };
        let used = match &leaf.content {
            Content::Text(part) => match mime.entities.get(leaf.entity) {
                Some(entity) => composer.text(entity, part),
                None => false,
            },
            Content::Nested(nested) => {
                composer.nested(nested);
                true
            }
            Content::File => false,
        };
        if used {
            composer.made.shown.push(index);
        }
    }
    composer.made
}

struct Composer<'a> {
    rules: &'a Rules,
    findings: &'a mut Findings,
    made: Composed,
    /// Records that are shown: an invitation comes as part and as file.
    records: BTreeSet<String>,
}

impl Composer<'_> {
    /// Whether the part became text.
    fn text(&mut self, entity: &Entity<'_>, part: &parts::Text) -> bool {
        let text = match part.markup {
            Markup::Plain => self.plain(entity, &part.text),
            Markup::Html => Cow::Owned(self.html(&part.text)),
            Markup::Record(kind) => {
                let text = record::to_text(kind, &part.text, self.language(kind, &part.text));
                let text = text.map_or(Cow::Borrowed(part.text.as_str()), Cow::Owned);
                if !self.records.insert(text.clone().into_owned()) {
                    return false;
                }
                text
            }
        };
        self.made.replacements += part.replacements;
        self.made.from.get_or_insert(match part.markup {
            Markup::Plain | Markup::Record(_) => BodySource::Plain,
            Markup::Html => BodySource::Html,
        });
        // HTML has its remarks beside its links.
        let inert = inert(&text, self.rules, part.markup != Markup::Html);
        self.made.invisible += inert.invisible;
        self.made.links_removed = self.made.links_removed.saturating_add(inert.removed);
        join(&mut self.made.text, &inert.text);
        true
    }

    fn plain<'t>(&mut self, entity: &Entity<'_>, text: &'t str) -> Cow<'t, str> {
        let text = match flow(entity) {
            Some(del_sp) => Cow::Owned(flowed::unflow(text, del_sp)),
            None => Cow::Borrowed(text),
        };
        let reduced = pgp::reduce(&text);
        if reduced.encrypted {
            self.findings.found(Anomaly::Encrypted);
        }
        if reduced.signed {
            self.made.signed.insert(SignatureKind::OpenPgp);
        }
        if reduced.signed || reduced.encrypted { Cow::Owned(reduced.text.into_owned()) } else { text }
    }

    fn html(&mut self, html: &str) -> String {
        let rendered = html::to_text(html);
        if rendered.fallback {
            self.findings.found(Anomaly::HtmlFallback);
        }
        if rendered.misleading {
            self.findings.found(Anomaly::MisleadingLink);
        }
        rendered.text
    }

    /// A mail inside brings its text, its web addresses inert already.
    fn nested(&mut self, nested: &crate::nested::Nested) {
        self.made.replacements += nested.replacements;
        self.made.invisible += nested.invisible;
        self.made.links_removed = self.made.links_removed.saturating_add(nested.links_removed);
        self.made.mails = self.made.mails.saturating_add(nested.mails);
        self.made.signed.extend(&nested.signed);
        self.made.from.get_or_insert(nested.from);
        join(&mut self.made.text, &nested.text);
    }

    /// Reports of programs are explained in Japanese, whatever their own
    /// language is, unless the site reads English.
    fn language(&self, kind: Kind, text: &str) -> Language {
        match (self.rules.notice, kind) {
            (NoticeLanguage::Ja, _) => Language::Ja,
            (NoticeLanguage::En, _) => Language::En,
            (NoticeLanguage::Auto, Kind::Delivery | Kind::Disposition | Kind::Feedback) => Language::Ja,
            (NoticeLanguage::Auto, Kind::Calendar | Kind::Card) => {
                if has_japanese(text) || has_japanese(&self.made.text) { Language::Ja } else { Language::En }
            }
        }
    }
}

/// The HTML of the text that was shown as plain text.
fn html_twin<'a>(leaves: &'a [Leaf], shown: &[usize]) -> Option<&'a str> {
    let mut hidden = leaves.iter().enumerate().filter(|(index, _)| !shown.contains(index)).map(|(_, leaf)| leaf);
    hidden.find_map(|leaf| match &leaf.content {
        Content::Text(text) if text.markup == Markup::Html => Some(text.text.as_str()),
        Content::Text(_) | Content::Nested(_) | Content::File => None,
    })
}

/// Whether a part's lines are broken by RFC 3676, and whether with `DelSp`.
fn flow(entity: &Entity<'_>) -> Option<bool> {
    let is = |name: &str, value: &str| entity.param(name).is_some_and(|v| v.eq_ignore_ascii_case(value.as_bytes()));
    is("format", "flowed").then(|| is("delsp", "yes"))
}

/// Texts in sequence stand apart by an empty line.
pub(crate) fn join(all: &mut String, text: &str) {
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

/// Text without what cannot be seen, its web addresses inert.
pub(crate) struct Inert {
    pub(crate) text: String,
    /// Characters taken out.
    pub(crate) invisible: u64,
    /// Web addresses taken out.
    pub(crate) removed: u32,
}

/// Takes out what cannot be seen, then makes web addresses inert: in the other
/// order `h`, U+200B, `ttp://` would become one.
pub(crate) fn inert(text: &str, rules: &Rules, remarks: bool) -> Inert {
    let (mut text, mut invisible) = (Cow::Borrowed(text), 0);
    if text.chars().any(vanishes) {
        let seen: String = text.chars().filter(|c| !vanishes(*c)).collect();
        invisible = (text.chars().count() - seen.chars().count()) as u64;
        text = Cow::Owned(seen);
    }
    let inert = urls::inert(&text, urls::Manner { rules: &rules.links, japanese: has_japanese(&text), remarks });
    Inert { text: inert.text, invisible, removed: inert.removed }
}

/// Whether a character is no part of safe text, nor becomes a line's end.
fn vanishes(c: char) -> bool {
    !is_safe_char(c) && !matches!(c, '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The safe text, and how many characters and lines it cost.
fn clean(raw: &str, invisible: u64, limits: &Limits, findings: &mut Findings) -> Option<(SafeText, u64)> {
    let cleaned = SafeText::clean(raw);
    if cleaned.cut || cleaned.value.as_str().len() > limits.text_bytes as usize {
        findings.hold(HoldReason::TextTooLarge);
        return None;
    }
    if invisible > 0 {
        findings.found(Anomaly::InvisibleText);
    }
    if cleaned.changed > 0 {
        findings.found(Anomaly::FileLikeText);
    }
    Some((cleaned.value, cleaned.changed + invisible))
}
