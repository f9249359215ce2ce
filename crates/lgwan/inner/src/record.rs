//! The record of a mail: who got it, when, and what the servers said.

use sekisho_safe_message::{Address, Envelope, MailId, SafeLine, Sha256, Timestamp};
use sekisho_verify::VerifiedMail;
use serde::{Deserialize, Serialize};

use crate::relay::{Cause, Reply, Verdict};

/// Name and version of the record's schema.
pub const SCHEMA: &str = "sekisho.relay/1";

/// What a spooled mail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A mail that crossed the border.
    Mail,
    /// Our own report about one. Never reported itself.
    Report,
}

/// The spool's header of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Meta {
    pub(crate) kind: Kind,
    /// The recipients still to be served.
    pub(crate) envelope: Envelope,
    pub(crate) subject: SafeLine,
    /// Of the rendered octets.
    pub(crate) sha256: Sha256,
}

/// Everything that was done to relay one mail, as `sekisho show` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The mail.
    pub id: MailId,
    /// What it is.
    pub kind: Kind,
    /// Digest of the rendered octets.
    pub sha256: Sha256,
    /// Octets.
    pub size: u64,
    /// Its subject.
    pub subject: SafeLine,
    /// The envelope's sender; `None` for `<>`.
    pub envelope_from: Option<Address>,
    /// Every recipient, in the envelope's order.
    pub recipients: Vec<Recipient>,
    /// When it was taken (RFC 3339, Japan Standard Time).
    pub taken: String,
    /// When this record was last changed.
    pub changed: String,
    /// Attempts so far.
    pub attempts: u32,
}

/// One recipient's story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Who.
    pub address: Address,
    /// How it stands.
    pub state: Standing,
    /// The server's last reply.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reply: Option<Reply>,
    /// Code of the last trouble, where there was no reply.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trouble: Option<String>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at: Option<String>,
}

/// How a recipient stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It will be tried (again).
    Waiting,
    /// Delivered.
    Delivered,
    /// Refused for good.
    Refused,
    /// Not delivered within the mail's lifetime.
    Expired,
}

impl Record {
    /// The record of a mail that was just taken.
    pub(crate) fn new(mail: &VerifiedMail, kind: Kind, now_ms: u64) -> Self {
        let waiting = |address: &Address| Recipient {
            address: address.clone(),
            state: Standing::Waiting,
            reply: None,
            trouble: None,
            at: None,
        };
        Self {
            schema: SCHEMA.to_owned(),
            id: mail.id(),
            kind,
            sha256: Sha256::of(mail.bytes()),
            size: mail.bytes().len() as u64,
            subject: mail.subject().clone(),
            envelope_from: mail.envelope().from().cloned(),
            recipients: mail.envelope().to().iter().map(waiting).collect(),
            taken: stamp(now_ms),
            changed: stamp(now_ms),
            attempts: 0,
        }
    }

    /// Writes down one attempt: a verdict for each waiting recipient, in order.
    pub(crate) fn attempt(&mut self, verdicts: &[Verdict], now_ms: u64) {
        self.attempts = self.attempts.saturating_add(1);
        self.changed = stamp(now_ms);
        let waiting = self.recipients.iter_mut().filter(|one| one.state == Standing::Waiting);
        for (recipient, verdict) in waiting.zip(verdicts) {
            recipient.at = Some(stamp(now_ms));
            (recipient.state, recipient.reply, recipient.trouble) = match verdict {
                Verdict::Done(reply) => (Standing::Delivered, *reply, None),
                Verdict::Refused(reply) => (Standing::Refused, Some(*reply), None),
                Verdict::Later(Cause::Reply(reply)) => (Standing::Waiting, Some(*reply), None),
                Verdict::Later(Cause::Trouble(trouble)) => (Standing::Waiting, None, Some(trouble.code().to_owned())),
            };
        }
    }

    /// Whoever waits has waited long enough.
    pub(crate) fn expire(&mut self, now_ms: u64) {
        self.changed = stamp(now_ms);
        for recipient in self.recipients.iter_mut().filter(|one| one.state == Standing::Waiting) {
            recipient.state = Standing::Expired;
        }
    }

    /// Whoever was given up waits again.
    pub(crate) fn revive(&mut self, now_ms: u64) {
        self.changed = stamp(now_ms);
        for recipient in &mut self.recipients {
            match recipient.state {
                Standing::Refused | Standing::Expired => recipient.state = Standing::Waiting,
                Standing::Waiting | Standing::Delivered => {}
            }
        }
    }

    /// The recipients that stand so.
    pub(crate) fn standing(&self, state: Standing) -> Vec<Address> {
        self.recipients.iter().filter(|one| one.state == state).map(|one| one.address.clone()).collect()
    }
}

fn stamp(now_ms: u64) -> String {
    Timestamp::from_unix_ms_jst(now_ms).rfc3339()
}
