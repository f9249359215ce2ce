//! The report: what was found and done, for operators and records.

use sekisho_job::{
    Action, Body, BodySource, HoldReason, Job, Part, PartPath, Report, SCHEMA, Source, Verdict, mime_ambiguity,
};
use sekisho_safe_message::{RemovalReason, SafeLine, SafeName, Sha256, Untrusted};

use crate::Stages;
use crate::findings::Findings;
use crate::mime::{Entity, Mime, Shape};
use crate::parts::{Content, Leaf, Markup};

/// Longest type or charset that is repeated.
const MAX_WORD: usize = 100;

/// The report of a mail that crosses.
pub(crate) fn make(raw: Untrusted<'_>, job: &Job, stages: &Stages<'_>, findings: &Findings) -> Report {
    Report {
        schema: SCHEMA.to_owned(),
        id: job.id,
        input: None,
        outputs: Vec::new(),
        outcome: Verdict::Deliver,
        hold_reason: None,
        profile: job.profile.clone(),
        source: Source {
            sha256: Sha256::of(raw.read()),
            size: raw.len() as u64,
            envelope_from: job.envelope.from().cloned(),
            envelope_to: job.envelope.to().to_vec(),
            subject: stages.read.subject.clone(),
        },
        body: body(stages),
        parts: parts(
            &stages.mime,
            &stages.leaves,
            stages.text.as_ref().map_or(&[], |text| text.made.shown.as_slice()),
            &[],
        ),
        mime_ambiguity: mime_ambiguity(&findings.anomalies()),
        anomalies: findings.anomalies(),
        authentication: stages.authentication,
        output: None,
        timings_us: 0,
    }
}

/// The same for a mail that waits.
pub(crate) fn held(report: Report, reason: HoldReason) -> Report {
    Report { outcome: Verdict::Hold, hold_reason: Some(reason), ..report }
}

fn body(stages: &Stages<'_>) -> Option<Body> {
    let text = stages.text.as_ref()?;
    let first = text.made.shown.first().and_then(|index| stages.leaves.get(*index));
    let part = first.and_then(|leaf| match &leaf.content {
        Content::Text(part) => Some(part),
        Content::Nested(_) | Content::File(_) => None,
    });
    Some(Body {
        charset_declared: part.and_then(|part| part.declared.as_deref()).map(word),
        charset_used: word(part.map_or("us-ascii", |part| part.used)),
        replacements: text.made.replacements,
        links_removed: text.made.links_removed,
        unsigned: !text.made.signed.is_empty(),
        from: text.made.from.unwrap_or(BodySource::None),
    })
}

/// The parts of a mail that stands at `base` in the whole mail, those of mails
/// inside it included; `shown` are the leaves that its text is made of.
pub(crate) fn parts(mime: &Mime<'_>, leaves: &[Leaf], shown: &[usize], base: &[u32]) -> Vec<Part> {
    let mut leaves = leaves.iter().enumerate().peekable();
    let mut parts = Vec::with_capacity(mime.entities.len());
    for (index, entity) in mime.entities.iter().enumerate() {
        match leaves.next_if(|(_, leaf)| leaf.entity == index) {
            Some((place, leaf)) => leaf_parts(entity, leaf, shown.contains(&place), base, &mut parts),
            // The container of a mail inside has that mail's own place.
            None if entity.path.is_empty() && !base.is_empty() => {}
            None => parts.push(part(entity, base, entity.content.len() as u64, None, (Action::Open, None))),
        }
    }
    parts
}

fn leaf_parts(entity: &Entity<'_>, leaf: &Leaf, shown: bool, base: &[u32], parts: &mut Vec<Part>) {
    let done = match &leaf.content {
        Content::Text(_) if shown => (Action::Body, None),
        Content::Text(text) if text.text.trim().is_empty() || matches!(text.markup, Markup::Record(_)) => {
            (Action::Unused, None)
        }
        Content::Text(_) => (Action::Twin, None),
        Content::Nested(_) => (Action::Open, None),
        Content::File(reason) => (Action::Strip, Some(*reason)),
    };
    parts.push(part(entity, base, leaf.size, Some(leaf.sha256), done));
    if let Content::Nested(nested) = &leaf.content {
        parts.extend(nested.parts.iter().cloned());
    }
}

fn part(
    entity: &Entity<'_>,
    base: &[u32],
    size: u64,
    sha256: Option<Sha256>,
    (action, reason): (Action, Option<RemovalReason>),
) -> Part {
    let path = PartPath::new(&path(entity, base));
    Part { path, name: name(entity), type_declared: declared(entity), size, sha256, action, reason }
}

/// The place of a part in the whole mail (RFC 9051 6.4.5: a mail without
/// multipart is its own part 1).
pub(crate) fn path(entity: &Entity<'_>, base: &[u32]) -> Vec<u32> {
    let root_leaf = entity.path.is_empty() && entity.shape == Shape::Leaf;
    base.iter().chain(&entity.path).copied().chain(root_leaf.then_some(1)).collect()
}

/// The type that a part declares.
pub(crate) fn declared(entity: &Entity<'_>) -> SafeLine {
    word(&entity.media)
}

fn word(text: &str) -> SafeLine {
    let short: String = text.chars().take(MAX_WORD).collect();
    SafeLine::clean(&short).value
}

/// Endings that start a program on some desk.
const RISKY: [&str; 24] = [
    "exe", "scr", "com", "pif", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf", "hta", "lnk", "msi", "jar",
    "iso", "img", "vhd", "docm", "xlsm", "pptm", "html", "htm",
];

/// The name that a part is called by: of several the one with the riskiest
/// ending, since that is the one that matters.
pub(crate) fn name(entity: &Entity<'_>) -> Option<SafeName> {
    let names: Vec<_> = entity.names.iter().filter_map(|name| SafeName::clean(name)).map(|c| c.value).collect();
    let risky = names.iter().find(|name| {
        let ending = name.as_str().rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        ending.is_some_and(|ending| RISKY.contains(&ending.as_str()))
    });
    risky.or(names.first()).cloned()
}
