//! What the reader is told: facts, which the inner side puts into words.

use std::collections::BTreeSet;

use sekisho_job::{Anomaly, BodySource};
use sekisho_safe_message::{MAX_NOTICES, Notice, RemovalReason, RemovedPart, SignatureKind};

use crate::body::Text;
use crate::findings::Findings;
use crate::headers::Read;
use crate::mime::{Entity, Mime};
use crate::parts::{Content, Leaf};
use crate::report;

/// The notices of a mail that crosses.
pub(crate) fn make(mime: &Mime<'_>, leaves: &[Leaf], text: &Text, read: &Read, findings: &Findings) -> Vec<Notice> {
    let mut notices = about_sender(read);
    notices.extend(about_text(text));
    if findings.has(Anomaly::TwinsDiffer) {
        notices.push(Notice::TwinsDiffer);
    }
    if findings.withholds() || findings.has(Anomaly::BadQuotedPrintable) {
        notices.push(Notice::Ambiguous);
    }
    let signed = text.made.signed.iter().copied().chain(signatures(mime, leaves)).collect::<BTreeSet<_>>();
    notices.extend(signed.into_iter().map(Notice::Signed));
    let mut removed: Vec<_> = removed(mime, leaves).into_iter().map(Notice::Removed).collect();
    // One place is for the count of the rest.
    let room = MAX_NOTICES - 2 - notices.len();
    let rest = removed.len().saturating_sub(room);
    removed.truncate(room);
    notices.extend(removed);
    if rest > 0 {
        notices.push(Notice::More(u32::try_from(rest).unwrap_or(u32::MAX)));
    }
    notices
}

fn about_sender(read: &Read) -> Vec<Notice> {
    let from = read.headers.as_ref().map(|headers| &headers.from).filter(|_| read.misleading);
    let misleads = from.map(|from| Notice::SenderNameMisleads(from.address.clone()));
    misleads.into_iter().chain(read.written.clone().map(Notice::SenderStandIn)).collect()
}

fn about_text(text: &Text) -> Vec<Notice> {
    let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let origin = match text.made.from {
        None | Some(BodySource::None) => Some(Notice::NoText),
        Some(BodySource::Html) => Some(Notice::BodyFromHtml),
        Some(BodySource::Plain) => text.made.html_twin.then_some(Notice::HtmlTwinLeftOut),
    };
    let unreadable = (text.made.replacements > 0).then(|| Notice::Unreadable(count(text.made.replacements)));
    let cleaned = (text.cleaned > 0).then(|| Notice::TextCleaned(count(text.cleaned)));
    let links = (text.made.links_removed > 0).then_some(Notice::LinksRemoved(text.made.links_removed));
    let mails = (text.made.mails > 0).then_some(Notice::MailsShown(text.made.mails));
    [origin, mails, unreadable, cleaned, links].into_iter().flatten().collect()
}

/// How the mail was signed, beside what its texts say.
pub(crate) fn signatures(mime: &Mime<'_>, leaves: &[Leaf]) -> Vec<SignatureKind> {
    let entities = leaves.iter().filter_map(|leaf| mime.entities.get(leaf.entity));
    entities.filter_map(signature).collect()
}

/// A signature beside what it signs (RFC 3156 5, RFC 8551 3.5.3).
fn signature(entity: &Entity<'_>) -> Option<SignatureKind> {
    match entity.media.as_str() {
        "application/pgp-signature" => Some(SignatureKind::OpenPgp),
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => Some(SignatureKind::Smime),
        _ => None,
    }
}

/// What does not cross, mails inside included. A signature is told by a line
/// of its own.
pub(crate) fn removed(mime: &Mime<'_>, leaves: &[Leaf]) -> Vec<RemovedPart> {
    let mut all = Vec::new();
    for leaf in leaves {
        let Some(entity) = mime.entities.get(leaf.entity) else { continue };
        match &leaf.content {
            Content::Text(_) => {}
            Content::Nested(nested) if nested.partial => all.push(one(entity, leaf, RemovalReason::Ambiguous)),
            Content::Nested(nested) => all.extend(nested.removed.iter().cloned()),
            Content::File(RemovalReason::Technical) if signature(entity).is_some() => {}
            Content::File(reason) => all.push(one(entity, leaf, *reason)),
        }
    }
    all
}

fn one(entity: &Entity<'_>, leaf: &Leaf, reason: RemovalReason) -> RemovedPart {
    RemovedPart {
        name: report::name(entity),
        declared: report::declared(entity),
        size: leaf.size,
        sha256: leaf.sha256,
        reason,
    }
}
