//! The allowed headers, each rebuilt from its parsed value.
//!
//! Owns: which field is read how, and the rule that there is one author.
//! Never: carries a field over as it stands.

use sekisho_job::{Anomaly, HoldReason, Job};
use sekisho_safe_message::{
    AutoSubmitted, ListId, MAX_ADDRESSES, MAX_REFERENCES, Mailbox, MessageId, SafeHeaders, SafeLine,
};

use crate::address;
use crate::findings::Findings;
use crate::mime::{Mime, unfold};
use crate::words;

/// Our own trace: a mail that has it was here before.
const TRACE: [&str; 2] = ["X-Sekisho-Id", "X-Sekisho-Original"];

/// The fields that RFC 5322 3.6 allows once, but for those that decide on
/// sender and structure, where twice is a verdict.
const ONCE: [&str; 9] =
    ["Date", "Reply-To", "To", "Cc", "Message-ID", "In-Reply-To", "References", "Subject", "Sender"];

/// What was read of the header.
#[derive(Debug)]
pub(crate) struct Read {
    /// The headers; none where there is no author.
    pub(crate) headers: Option<SafeHeaders>,
    /// The subject, for records of held mails too.
    pub(crate) subject: SafeLine,
    /// The author's name shows another address.
    pub(crate) misleading: bool,
    /// The author's address, where a stand-in is in its place.
    pub(crate) written: Option<SafeLine>,
}

/// Who wrote the mail.
struct Author {
    mailbox: Mailbox,
    written: Option<SafeLine>,
}

/// In the place of an address that mail without SMTPUTF8 cannot carry; RFC
/// 2606 2 keeps `.invalid` for such.
const STAND_IN: &str = "international-address@sender.invalid";

/// Reads the header of `mime`.
pub(crate) fn read(mime: &Mime<'_>, job: &Job, findings: &mut Findings) -> Read {
    let source = Source { mime };
    if TRACE.iter().any(|name| source.values(name).next().is_some()) {
        findings.hold(HoldReason::Loop);
    }
    if ONCE.iter().any(|name| source.values(name).nth(1).is_some()) {
        findings.found(Anomaly::DuplicateField);
    }
    let subject = source.subject(findings);
    let author = source.author(findings).or_else(|| stand_in_for_none(job, findings));
    let Some(Author { mailbox: from, written }) = author else {
        return Read { headers: None, subject, misleading: false, written: None };
    };
    let misleading = written.is_none() && from.name.as_ref().is_some_and(|name| address::misleads(name, &from.address));
    if misleading {
        findings.found(Anomaly::MisleadingName);
    }
    if mime.date.is_none() && findings.held().is_none() {
        findings.found(Anomaly::NoDate);
    }
    let mut message_id = source.ids("Message-ID", findings).into_iter().next();
    let mut references = source.ids("References", findings);
    if job.orders.again {
        // A second mail of one id is a duplicate to servers and clients, and may vanish there.
        let surplus = (references.len() + 1).saturating_sub(MAX_REFERENCES);
        references.drain(..surplus);
        references.extend(message_id.take());
    }
    let headers = SafeHeaders {
        from,
        to: source.addresses("To", findings),
        cc: source.addresses("Cc", findings),
        reply_to: source.addresses("Reply-To", findings),
        subject: subject.clone(),
        date: mime.date.unwrap_or(job.received),
        message_id,
        in_reply_to: source.ids("In-Reply-To", findings),
        references,
        auto_submitted: source.auto_submitted(),
        list_id: source.list_id(),
    };
    Read { headers: Some(headers), subject, misleading, written }
}

impl Author {
    fn plain(mailbox: Mailbox) -> Self {
        Self { mailbox, written: None }
    }

    fn stand_in((name, written): (Option<SafeLine>, SafeLine)) -> Option<Self> {
        let name = name.or_else(|| Some(written.clone()));
        Some(Self { mailbox: Mailbox { name, address: STAND_IN.parse().ok()? }, written: Some(written) })
    }
}

struct Source<'a> {
    mime: &'a Mime<'a>,
}

impl Source<'_> {
    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.mime.header.iter().filter(move |field| field.is(name)).map(|field| field.value)
    }

    fn subject(&self, findings: &mut Findings) -> SafeLine {
        let Some(value) = self.values("Subject").next() else { return SafeLine::default() };
        let cleaned = SafeLine::clean(&words::text(value));
        if cleaned.cut {
            findings.found(Anomaly::SubjectCut);
        }
        cleaned.value
    }

    /// RFC 5322 3.6.2 allows several authors; a gateway that names one sender
    /// does not, and both readers must find the same one.
    fn author(&self, findings: &mut Findings) -> Option<Author> {
        let mut fields = self.values("From");
        let Some(field) = fields.next() else {
            findings.hold(HoldReason::NoSender);
            return None;
        };
        let several = fields.next().is_some();
        let list = address::parse(field);
        if several {
            findings.found(Anomaly::DuplicateField);
        }
        let (mut mailboxes, mut others) = (list.mailboxes.into_iter(), list.international.into_iter());
        let single = !several && !list.has_group && list.unreadable == 0;
        match (
            mailboxes.next().map(Author::plain).or_else(|| others.next().and_then(Author::stand_in)),
            mailboxes.next(),
        ) {
            (Some(author), None) if single && others.next().is_none() => {
                self.check_second_reader(&author, findings);
                check_without_words(field, &author, findings);
                Some(author)
            }
            (None, _) if list.unreadable <= 1 && !several => {
                findings.hold(HoldReason::NoSender);
                None
            }
            (first, _) => {
                findings.hold(HoldReason::AmbiguousSender);
                if !several {
                    findings.found(Anomaly::SeveralAuthors);
                }
                // The one that most readers show.
                first.filter(|_| findings.takes_doubts())
            }
        }
    }

    fn check_second_reader(&self, author: &Author, findings: &mut Findings) {
        let theirs = self.mime.second_from.as_deref().map(str::trim);
        let differs = match &author.written {
            Some(written) => theirs.is_some_and(|theirs| theirs != written.as_str()),
            None => theirs.and_then(address::ascii).is_some_and(|a| a != author.mailbox.address),
        };
        if differs {
            findings.hold(HoldReason::AmbiguousSender);
            findings.found(Anomaly::TwoReadings);
        }
    }

    fn addresses(&self, name: &str, findings: &mut Findings) -> Vec<Mailbox> {
        let mut all = Vec::new();
        for value in self.values(name) {
            let list = address::parse(value);
            if list.unreadable > 0 || !list.international.is_empty() {
                findings.found(Anomaly::BadAddress);
            }
            let room = MAX_ADDRESSES - all.len();
            all.extend(list.mailboxes.into_iter().take(room));
        }
        all
    }

    /// The identifiers in a field, the last [`MAX_REFERENCES`] of them.
    fn ids(&self, name: &str, findings: &mut Findings) -> Vec<MessageId> {
        let Some(value) = self.values(name).next() else { return Vec::new() };
        let text = String::from_utf8_lossy(&unfold(value)).into_owned();
        let mut found = Vec::new();
        for piece in id_pieces(&text) {
            match MessageId::parse(piece) {
                Ok(id) => found.push(id),
                // Comments and phrases stood here in older times (RFC 5322 4.5.4).
                Err(_) if piece.contains('@') || name == "Message-ID" => findings.found(Anomaly::BadMessageId),
                Err(_) => {}
            }
        }
        let surplus = found.len().saturating_sub(MAX_REFERENCES);
        found.drain(..surplus);
        found
    }

    fn auto_submitted(&self) -> Option<AutoSubmitted> {
        let value = unfold(self.values("Auto-Submitted").next()?).into_owned();
        let word = String::from_utf8_lossy(&value).into_owned();
        AutoSubmitted::parse(word.split([';', ' ', '(']).next()?)
    }

    /// RFC 2919: the identifier stands in the last angle brackets.
    fn list_id(&self) -> Option<ListId> {
        let value = unfold(self.values("List-Id").next()?).into_owned();
        let text = String::from_utf8_lossy(&value).into_owned();
        let id = match text.rsplit_once('<') {
            Some((_, id)) => id.split('>').next()?,
            None => text.as_str(),
        };
        ListId::parse(id.trim()).ok()
    }
}

/// RFC 5322 3.6 wants an author. Where a person lets a mail go that has none,
/// whoever sent it stands in; nothing of the field that cannot be read is shown.
fn stand_in_for_none(job: &Job, findings: &Findings) -> Option<Author> {
    let sender = job.envelope.from().filter(|_| findings.takes_doubts())?;
    Some(Author::plain(Mailbox { name: None, address: sender.clone() }))
}

/// RFC 2047 5 (3) forbids quotes and brackets inside an encoded word of a
/// name, but readers that split the list before they decode it see them: they
/// must find no other author.
fn check_without_words(field: &[u8], author: &Author, findings: &mut Findings) {
    if author.written.is_some() || !field.windows(2).any(|pair| pair == b"=?") {
        return;
    }
    let list = address::parse_without_words(field);
    let other = list.mailboxes.iter().any(|mailbox| mailbox.address != author.mailbox.address);
    if other || !list.international.is_empty() || list.unreadable > 0 && words::have_marks(field) {
        findings.hold(HoldReason::AmbiguousSender);
        findings.found(Anomaly::TwoReadings);
    }
}

/// What may be an identifier in a field of them: what stands in angle
/// brackets, whole; in a field without brackets, each word.
fn id_pieces(text: &str) -> Vec<&str> {
    if text.contains('<') {
        return text.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(id, _)| id.trim()).collect();
    }
    text.split([' ', '\t', ',']).filter(|piece| !piece.is_empty()).collect()
}
