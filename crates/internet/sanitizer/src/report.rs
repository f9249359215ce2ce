//! The report: what was found and done, for operators and records.

use sekisho_disarm::is_dangerous_name;
use sekisho_job::{
    Action, Body, BodySource, HoldReason, Job, Part, PartPath, Report, SCHEMA, Source, Verdict, mime_ambiguity,
};
use sekisho_policy::End;
use sekisho_safe_message::{Method, SafeLine, SafeName, Sha256, Untrusted};

use crate::Stages;
use crate::files::{Fate, Inside, Treated};
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
            sha256: job.orders.digest.unwrap_or_else(|| Sha256::of(raw.read())),
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
        mime_ambiguity: ambiguity(findings),
        anomalies: findings.anomalies(),
        authentication: stages.authentication,
        output: None,
        timings_us: 0,
    }
}

/// What readers differ about; `accepted=` in the place of `held=` where a person
/// has answered for it.
fn ambiguity(findings: &Findings) -> String {
    let line = mime_ambiguity(&findings.anomalies());
    if findings.accepted() { line.replacen("held=", "accepted=", 1) } else { line }
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
        Content::Nested(_) | Content::File => None,
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
            None => parts.push(part(entity, base, entity.content.len() as u64, None, Action::Open)),
        }
    }
    parts
}

fn leaf_parts(entity: &Entity<'_>, leaf: &Leaf, shown: bool, base: &[u32], parts: &mut Vec<Part>) {
    let action = match &leaf.content {
        Content::Text(_) if shown => Action::Body,
        Content::Text(text) if text.text.trim().is_empty() || matches!(text.markup, Markup::Record(_)) => {
            Action::Unused
        }
        Content::Text(_) => Action::Twin,
        Content::Nested(_) => Action::Open,
        Content::File => Action::Strip,
    };
    let one = part(entity, base, leaf.size, Some(leaf.sha256), action);
    let path = path(entity, base);
    match &leaf.file {
        Some(file) => {
            let is_text = !matches!(leaf.content, Content::File);
            parts.push(with_file(one, file, is_text));
            inside(&file.inside, &path, parts);
        }
        None => parts.push(one),
    }
    if let Content::Nested(nested) = &leaf.content {
        parts.extend(nested.parts.iter().cloned());
    }
}

fn part(entity: &Entity<'_>, base: &[u32], size: u64, sha256: Option<Sha256>, action: Action) -> Part {
    let path = PartPath::new(&path(entity, base));
    Part {
        path,
        name: name(entity),
        type_declared: declared(entity),
        size,
        sha256,
        action,
        reason: None,
        kind_detected: None,
        method: None,
        rule: None,
        removed: Vec::new(),
        output: None,
    }
}

/// A part as a file.
fn with_file(part: Part, file: &Treated, is_text: bool) -> Part {
    let (action, reason, method, removed) = match &file.fate {
        Fate::Made { method, removed, .. } => {
            let action = match method {
                _ if is_text => Action::Shown,
                Method::Rebuild => Action::Rebuild,
                Method::Flatten => Action::Flatten,
                Method::Extract => Action::Extract,
            };
            (action, None, Some(*method), removed.iter().copied().collect())
        }
        Fate::Out { end, reason } => {
            let action = match end {
                End::Strip => Action::Strip,
                End::Quarantine => Action::Quarantine,
                End::Hold => Action::Hold,
            };
            (action, Some(*reason), None, Vec::new())
        }
    };
    let rule = file.rule.as_deref().map(word);
    Part { action, reason, method, removed, rule, kind_detected: file.kind, output: file.output.clone(), ..part }
}

/// The files inside a file: their places continue its own.
fn inside(files: &[Inside], base: &[u32], parts: &mut Vec<Part>) {
    for (number, one) in (1..).zip(files) {
        let path: Vec<u32> = base.iter().copied().chain([number]).collect();
        let bare = Part {
            path: PartPath::new(&path),
            name: one.name.clone(),
            type_declared: SafeLine::default(),
            size: one.size,
            sha256: Some(one.sha256),
            action: Action::Strip,
            reason: None,
            kind_detected: None,
            method: None,
            rule: None,
            removed: Vec::new(),
            output: None,
        };
        parts.push(with_file(bare, &one.treated, false));
        // As deep as archives may be in archives.
        inside(&one.treated.inside, &path, parts);
    }
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

/// The name that a part is called by, cleaned.
pub(crate) fn name(entity: &Entity<'_>) -> Option<SafeName> {
    riskiest(entity).and_then(SafeName::clean).map(|cleaned| cleaned.value)
}

/// The name that a part is called by: of several the first that starts a
/// program on some desk, since that is the one that matters.
pub(crate) fn riskiest<'e>(entity: &'e Entity<'_>) -> Option<&'e str> {
    let mut names = entity.names.iter().map(String::as_str).filter(|name| SafeName::clean(name).is_some());
    names.clone().find(|name| is_dangerous_name(name)).or_else(|| names.next())
}
