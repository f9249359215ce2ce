//! What the reader is told: facts, which the inner side puts into words.

use sekisho_job::{Anomaly, BodySource};
use sekisho_safe_message::{MAX_NOTICES, Notice, RemovedPart};

use crate::body::Text;
use crate::findings::Findings;
use crate::headers::Read;
use crate::mime::Mime;
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
    let mut removed: Vec<_> = leaves.iter().filter_map(|leaf| removed(mime, leaf)).collect();
    // One place is for the count of the rest.
    let room = MAX_NOTICES - 1 - notices.len();
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
    let origin = match text.from {
        BodySource::None => Some(Notice::NoText),
        BodySource::Html => Some(Notice::BodyFromHtml),
        BodySource::Plain => text.html_twin.then_some(Notice::HtmlTwinLeftOut),
    };
    let unreadable = (text.replacements > 0).then(|| Notice::Unreadable(count(text.replacements)));
    let cleaned = (text.cleaned > 0).then(|| Notice::TextCleaned(count(text.cleaned)));
    [origin, unreadable, cleaned].into_iter().flatten().collect()
}

fn removed(mime: &Mime<'_>, leaf: &Leaf) -> Option<Notice> {
    let Content::File(reason) = leaf.content else { return None };
    let entity = mime.entities.get(leaf.entity)?;
    Some(Notice::Removed(RemovedPart {
        name: report::name(entity),
        declared: report::declared(entity),
        size: leaf.size,
        sha256: leaf.sha256,
        reason,
    }))
}
