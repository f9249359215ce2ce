//! The report: what was found and done, for operators and records.

use sekisho_job::{Action, Body, HoldReason, Job, Part, PartPath, Report, SCHEMA, Source, Verdict, mime_ambiguity};
use sekisho_safe_message::{RemovalReason, SafeLine, SafeName, Sha256, Untrusted};

use crate::Stages;
use crate::findings::Findings;
use crate::mime::{Entity, Shape};
use crate::parts::{Content, Leaf};

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
        parts: parts(stages),
        mime_ambiguity: mime_ambiguity(&findings.anomalies()),
        anomalies: findings.anomalies(),
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
    let first = text.shown.first().and_then(|index| stages.leaves.get(*index));
    let part = first.and_then(|leaf| match &leaf.content {
        Content::Text(part) => Some(part),
        Content::File(_) => None,
    });
    Some(Body {
        charset_declared: part.and_then(|part| part.declared.as_deref()).map(word),
        charset_used: word(part.map_or("us-ascii", |part| part.used)),
        replacements: text.replacements,
        from: text.from,
    })
}

fn parts(stages: &Stages<'_>) -> Vec<Part> {
    let mut leaves = stages.leaves.iter().enumerate().peekable();
    let entities = stages.mime.entities.iter().enumerate();
    entities
        .map(|(index, entity)| match leaves.next_if(|(_, leaf)| leaf.entity == index) {
            Some((place, leaf)) => leaf_part(stages, entity, place, leaf),
            None => part(entity, entity.content.len() as u64, None, Action::Open, None),
        })
        .collect()
}

fn leaf_part(stages: &Stages<'_>, entity: &Entity<'_>, place: usize, leaf: &Leaf) -> Part {
    let shown = stages.text.as_ref().is_some_and(|text| text.shown.contains(&place));
    let (action, reason) = match &leaf.content {
        Content::Text(_) if shown => (Action::Body, None),
        Content::Text(text) if text.text.trim().is_empty() => (Action::Unused, None),
        Content::Text(_) => (Action::Twin, None),
        Content::File(reason) => (Action::Strip, Some(*reason)),
    };
    part(entity, leaf.size, Some(leaf.sha256), action, reason)
}

fn part(entity: &Entity<'_>, size: u64, sha256: Option<Sha256>, action: Action, reason: Option<RemovalReason>) -> Part {
    // RFC 9051 6.4.5: a mail without multipart is its own part 1.
    let root_leaf = entity.path.is_empty() && entity.shape == Shape::Leaf;
    let path = if root_leaf { PartPath::new(&[1]) } else { PartPath::new(&entity.path) };
    Part { path, name: name(entity), type_declared: declared(entity), size, sha256, action, reason }
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
