//! What the reader is told: facts, which the inner side puts into words.

use std::collections::BTreeSet;

use sekisho_job::{Anomaly, Appeal, BodySource};
use sekisho_safe_message::{
    MAX_NOTICES, Method, Notice, RebuiltPart, Removal, RemovalReason, RemovedPart, SafeAttachment, SafeLine,
    SignatureKind,
};

use crate::body::Text;
use crate::files::{self, Fate, Inside, Treated};
use crate::findings::Findings;
use crate::headers::Read;
use crate::mime::{Entity, Mime};
use crate::parts::{Content, Leaf};
use crate::report;

/// The notices of a mail that crosses, but for those of its files.
pub(crate) fn make(mime: &Mime<'_>, leaves: &[Leaf], text: &Text, read: &Read, findings: &Findings) -> Vec<Notice> {
    let mut notices = about_sender(read);
    notices.extend(about_text(text));
    if findings.has(Anomaly::TwinsDiffer) {
        notices.push(Notice::TwinsDiffer);
    }
    notices.extend(about_doubts(findings));
    let signed = text.made.signed.iter().copied().chain(signatures(mime, leaves)).collect::<BTreeSet<_>>();
    notices.extend(signed.into_iter().map(Notice::Signed));
    notices
}

/// What readers differ about is left out, or shown in the one reading for which
/// a person has answered.
fn about_doubts(findings: &Findings) -> Option<Notice> {
    let (withholds, bad_text) = (findings.withholds(), findings.has(Anomaly::BadQuotedPrintable));
    if findings.takes_doubts() && (withholds || findings.accepted()) {
        return Some(Notice::Reviewed);
    }
    (withholds || bad_text).then_some(Notice::Ambiguous)
}

/// Adds the notices of files, as many as there is room for; one place is for
/// the count of the rest, one for the way to ask for the original.
pub(crate) fn add_files(notices: &mut Vec<Notice>, mut files: Vec<Notice>) {
    let room = MAX_NOTICES.saturating_sub(2 + notices.len());
    let rest = files.len().saturating_sub(room);
    files.truncate(room);
    notices.extend(files);
    if rest > 0 {
        notices.push(Notice::More(u32::try_from(rest).unwrap_or(u32::MAX)));
    }
}

/// Adds how to ask for the original, if the site lets its readers and the mail
/// lost something worth asking for. [`add_files`] has left a place.
pub(crate) fn add_appeal(notices: &mut Vec<Notice>, appeal: Option<&Appeal>) {
    if let Some(Appeal { address, token }) = appeal
        && notices.iter().any(is_worth_asking)
    {
        notices.push(Notice::Original { address: address.clone(), token: token.clone() });
    }
}

/// Whether the original has something for the reader that the safe mail lacks.
/// What every mail loses (layout, signatures, invisible characters) is not:
/// two lines below each mail would be read by nobody.
fn is_worth_asking(notice: &Notice) -> bool {
    match notice {
        Notice::Removed(part) => part.reason != RemovalReason::Technical,
        Notice::Rebuilt(part) => {
            part.method != Method::Rebuild || part.removed.iter().any(|removal| !removal.is_routine())
        }
        Notice::More(_)
        | Notice::NoText
        | Notice::Unreadable(_)
        | Notice::Ambiguous
        | Notice::TwinsDiffer
        | Notice::LinksRemoved(_)
        | Notice::Reviewed => true,
        Notice::BodyFromHtml
        | Notice::HtmlTwinLeftOut
        | Notice::TextCleaned(_)
        | Notice::SenderNameMisleads(_)
        | Notice::SenderStandIn(_)
        | Notice::Authenticated(_)
        | Notice::Signed(_)
        | Notice::MailsShown(_)
        | Notice::Original { .. } => false,
    }
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

/// What became of a mail's files, those of mails inside it included.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// What does not cross.
    pub(crate) out: Vec<RemovedPart>,
    /// What was made anew.
    pub(crate) made: Vec<Rebuilt>,
    /// Why the whole mail waits.
    pub(crate) holds: Option<RemovalReason>,
}

/// A file that was made anew.
#[derive(Debug)]
pub(crate) struct Rebuilt {
    /// As it would be told if it stayed out.
    part: RemovedPart,
    method: Method,
    removed: Vec<Removal>,
    pub(crate) files: Vec<SafeAttachment>,
}

/// Tells of the leaves of a mail, and takes their files. A signature is told
/// by a line of its own.
pub(crate) fn tell(mime: &Mime<'_>, leaves: Vec<Leaf>) -> Told {
    let mut told = Told::default();
    for leaf in leaves {
        let Some(entity) = mime.entities.get(leaf.entity) else { continue };
        let part = |reason| RemovedPart {
            name: report::name(entity),
            declared: report::declared(entity),
            size: leaf.size,
            sha256: leaf.sha256,
            reason,
        };
        match leaf.content {
            Content::Nested(nested) if nested.partial => told.out.push(part(RemovalReason::Ambiguous)),
            Content::Nested(nested) => told.absorb(nested.told),
            Content::Text(_) | Content::File => {}
        }
        match leaf.file {
            Some(file) if is_technical(&file) && signature(entity).is_some() => {}
            Some(file) => told.file(part, file),
            None => {}
        }
    }
    told
}

fn is_technical(file: &Treated) -> bool {
    matches!(file.fate, Fate::Out { reason: RemovalReason::Technical, .. })
}

impl Told {
    fn absorb(&mut self, other: Self) {
        self.out.extend(other.out);
        self.made.extend(other.made);
        self.holds = self.holds.or(other.holds);
    }

    fn file(&mut self, part: impl Fn(RemovalReason) -> RemovedPart, treated: Treated) {
        self.holds = self.holds.or(treated.holds());
        self.inside(treated.inside);
        match treated.fate {
            Fate::Out { reason, .. } => self.out.push(part(reason)),
            Fate::Made { method, removed, files, .. } => {
                let files = files.into_iter().map(|piece| piece.file).collect();
                let removed = removed.into_iter().collect();
                self.made.push(Rebuilt { part: part(RemovalReason::TooLarge), method, removed, files });
            }
        }
    }

    /// Of files inside a file those that stay out are told.
    fn inside(&mut self, inside: Vec<Inside>) {
        for one in inside {
            self.inside(one.treated.inside);
            if let Fate::Out { reason, .. } = one.treated.fate {
                let (name, size, sha256) = (one.name, one.size, one.sha256);
                self.out.push(RemovedPart { name, declared: SafeLine::default(), size, sha256, reason });
            }
        }
    }

    /// The attachments, and the notices of all files; those that no longer fit
    /// are told as left out.
    pub(crate) fn settle(self) -> (Vec<SafeAttachment>, Vec<Notice>) {
        let (attachments, places) = files::attachments(self.made.iter().flat_map(|made| &made.files));
        let mut places = places.into_iter();
        let (mut notices, mut out) = (Vec::new(), self.out);
        for made in self.made {
            let of_this: Vec<_> = places.by_ref().take(made.files.len()).collect();
            let first = of_this.iter().flatten().next().and_then(|place| attachments.get(*place));
            match first {
                _ if of_this.contains(&None) => out.push(made.part),
                Some(file) => notices.push(Notice::Rebuilt(RebuiltPart {
                    name: made.part.name,
                    output: file.name().clone(),
                    method: made.method,
                    removed: made.removed,
                })),
                // A mail without files of its own; its text is shown.
                None => {}
            }
        }
        notices.extend(out.into_iter().map(Notice::Removed));
        (attachments, notices)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use sekisho_job::{FileRules, Job, Limits, Orders, Rules};
    use sekisho_safe_message::{Envelope, MailId, Timestamp, Untrusted};

    use super::*;
    use crate::{Outcome, sanitize};

    fn appeal() -> Appeal {
        let token = SafeLine::parse("SKR-0000000001040G2081040G2081-0MEX-0123456789ABCDEF".to_owned()).unwrap();
        Appeal { address: "genpon@city.example.lg.jp".parse().unwrap(), token }
    }

    /// The notices of a mail that crosses.
    fn told(mail: &str, appeal: Option<Appeal>) -> Vec<Notice> {
        let policy = sekisho_policy::Policy::text_only();
        let job = Job {
            id: MailId::new(1, [1; 10]),
            envelope: Envelope::new(None, vec!["to@city.example.lg.jp".parse().unwrap()]).unwrap(),
            received: Timestamp::from_unix_ms_jst(0),
            size: mail.len() as u64,
            limits: Limits::default(),
            profile: policy.profile().clone(),
            rules: Rules::default(),
            policy,
            files: FileRules::default(),
            orders: Orders { appeal, ..Orders::default() },
        };
        match sanitize(Untrusted::new(mail.as_bytes()), &job) {
            Outcome::Deliver(message, _) => message.notices().to_vec(),
            Outcome::Hold(reason, _) => unreachable!("held: {reason:?}"),
        }
    }

    fn mail(files: usize) -> String {
        let header = "From: a@example.net\r\nDate: Tue, 24 Nov 2026 09:05:00 +0900\r\nMIME-Version: 1.0\r\n";
        let file = "--b\r\nContent-Type: application/octet-stream; name=\"a.bin\"\r\n\r\nx\r\n".repeat(files);
        format!(
            "{header}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n\
             {file}--b--\r\n"
        )
    }

    #[test]
    fn who_lost_something_is_told_how_to_ask_for_it() {
        let Appeal { address, token } = appeal();
        let original = Notice::Original { address, token };
        for (files, appeal, is_told) in
            [(0, Some(appeal()), false), (1, Some(appeal()), true), (1, None, false), (150, Some(appeal()), true)]
        {
            let notices = told(&mail(files), appeal);
            assert_eq!(notices.last() == Some(&original), is_told, "{files}: {notices:?}");
            assert_eq!(
                notices.iter().filter(|notice| matches!(notice, Notice::Original { .. })).count(),
                usize::from(is_told)
            );
            assert!(notices.len() <= MAX_NOTICES);
        }
    }

    #[test]
    fn what_every_mail_loses_is_not_worth_asking_for() {
        for (notice, want) in [
            (Notice::BodyFromHtml, false),
            (Notice::TextCleaned(3), false),
            (Notice::Signed(SignatureKind::Smime), false),
            (Notice::MailsShown(1), false),
            (Notice::LinksRemoved(1), true),
            (Notice::Unreadable(1), true),
            (Notice::Ambiguous, true),
            (Notice::Reviewed, true),
        ] {
            let mut notices = vec![notice];
            add_appeal(&mut notices, Some(&appeal()));
            assert_eq!(notices.len() == 2, want, "{notices:?}");
        }
    }
}
