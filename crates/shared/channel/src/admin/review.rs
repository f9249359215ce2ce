//! What the review of held mails and originals asks, and what it hears.
//!
//! Text of a stranger is safe text here already; files are the worker's own
//! writing. Only [`crate::admin::Request::Original`] brings octets as they came.

use sekisho_safe_message::{Address, MailId, ProfileName, SafeLine, SafeName, Secret, Sha256};
use serde::{Deserialize, Serialize};

use super::MailState;

/// Most conditions of one filter.
pub const MAX_CONDITIONS: usize = 16;

/// What a person may do. All but the auditor see lists and records of mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 確認担当: looks into mails, releases, deletes, asks for originals.
    Reviewer,
    /// 承認者: approves or rejects requests for originals.
    Approver,
    /// 監査担当: reads the audit record.
    Auditor,
    /// 運用担当: sees the programs' state, tries mails again, changes keys.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Reviewer, Self::Approver, Self::Auditor, Self::Operator];

    /// Its name in the configuration and in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }
}

/// Which mails a list shows: all conditions hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Only these states; all when empty.
    pub states: Vec<MailState>,
    /// Received at or after, milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// Received before, milliseconds since 1970.
    pub until_ms: Option<u64>,
    /// Only mails for which each of these holds; at most [`MAX_CONDITIONS`].
    pub conditions: Vec<Condition>,
}

impl Filter {
    /// Whether it lets every mail through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One condition on a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "field", content = "value", rename_all = "kebab-case")]
pub enum Condition {
    /// The envelope's sender: an address, or `@domain`.
    Sender(SafeLine),
    /// A recipient of the envelope: an address, or `@domain`.
    Recipient(SafeLine),
    /// The sender's or a recipient's domain.
    Domain(SafeLine),
    /// Words in the subject: each blank-separated word stands in it somewhere,
    /// in either case.
    Subject(SafeLine),
    /// A file name, in the same way.
    Name(SafeLine),
    /// A part's kind by content (`pdf`, `zip-encrypted`...), as policies name it.
    Kind(SafeLine),
    /// A rule of the policy that decided about a part.
    Rule(SafeLine),
    /// A hold reason, a part's reason or action, an anomaly: its code.
    Reason(SafeLine),
    /// SHA-256 of the mail, of a part, or of a file that was made.
    Hash(Sha256),
    /// A request for the original is in this state.
    Request(RequestState),
    /// 法的保全: no retention touches it.
    LegalHold,
}

/// How a reviewer has a mail sanitized again. Never "let through".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Under this built-in profile instead of the one in force.
    pub profile: Option<ProfileName>,
    /// Kinds (or groups of kinds) whose rule is relaxed by one step: hold →
    /// quarantine → extract → flatten → rebuild.
    pub relax: Vec<SafeLine>,
    /// Take the gateway's own reading where two readings would hold it.
    pub doubts: bool,
    /// A password for its encrypted files.
    pub secret: Option<Secret>,
    /// Once more, though somebody released it before.
    pub again: bool,
}

/// What a preview is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The text alone.
    Text,
    /// The text, and each file made anew in the way that keeps most of it.
    Files,
    /// The text, and each document as pictures of its pages.
    Pictures,
}

/// How an original is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OriginalForm {
    /// As it came.
    Plain,
    /// As `original.eml` in an encrypted zip; the password is told to the one
    /// who approves.
    Zip,
}

/// Where a request for an original stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestState {
    /// It waits for approval.
    Pending,
    /// Approved; it waits for delivery.
    Approved,
    /// Delivered to the Internet-side mailbox.
    Delivered,
    /// A person said no.
    Rejected,
    /// The mail server refused it for good.
    Failed,
}

/// A request for an original (原本).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginalRequest {
    /// Its number, from 1, within its mail.
    pub number: u32,
    /// Whose Internet-side mailboxes it goes to: recipients of the mail.
    pub to: Vec<Address>,
    /// How.
    pub form: OriginalForm,
    /// Where it stands.
    pub state: RequestState,
    /// Who asked, when, why.
    pub asked: Act,
    /// Who decided, if somebody did.
    pub decided: Option<Act>,
    /// Attempts to deliver it.
    pub attempts: u32,
    /// What the mail server said last.
    #[serde(rename = "said")]
    pub reply: Option<SafeLine>,
}

/// What a person, or a program in a person's name, did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Who: a user's name, `mail:ADDRESS` for a request by mail, `sekisho` for
    /// the gateway itself.
    pub who: SafeLine,
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// What: `release`, `delete`, `request`, `approve`...
    pub what: SafeLine,
    /// Why, in that person's words.
    pub why: SafeLine,
    /// What came of it: a code.
    pub result: SafeLine,
}

/// What the vault knows of one mail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Whether the original is still there.
    pub original: bool,
    /// The key it is sealed under.
    pub key: Option<SafeLine>,
    /// When the original goes, milliseconds since 1970.
    pub expires_ms: Option<u64>,
    /// 法的保全: it does not go.
    pub legal_hold: bool,
    /// What people did about it, oldest first.
    pub acts: Vec<Act>,
    /// Requests for the original, oldest first.
    pub requests: Vec<OriginalRequest>,
}

/// Counts for `quarantine stats`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Mails waiting for a person, by label: (code, mails, oldest arrival).
    pub held: Vec<(SafeLine, u64, Option<u64>)>,
    /// Originals kept of delivered mails, by label.
    pub kept: Vec<(SafeLine, u64, Option<u64>)>,
    /// Requests for originals, by state.
    pub requests: Vec<(RequestState, u64)>,
    /// Octets of originals.
    pub bytes: u64,
    /// Octets that repeated originals would take on top.
    pub shared_bytes: u64,
    /// Octets still free above the floor.
    pub room_bytes: u64,
    /// Keys of the vault, the current one first: name, originals under it,
    /// whether it is in the key file. To [`crate::admin::Request::Keys`] alone,
    /// since all originals are looked at.
    #[serde(default)]
    pub keys: Vec<(SafeLine, u64, bool)>,
}

/// A file of a preview, or a piece of an original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its name.
    pub name: SafeName,
    /// Its kind: the ending of its name.
    pub kind: SafeLine,
    /// Octets of the whole.
    pub size: u64,
    /// Digest of the whole.
    pub sha256: Sha256,
}

/// One entry of the audit record as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its number, from 1, without gaps.
    pub number: u64,
    /// The entry, octet by octet what the hash covers.
    pub entry: String,
    /// Its hash.
    pub hash: Sha256,
}

/// A mail's place in decisions: for `Reply::Decided`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The mail.
    pub id: MailId,
    /// Who was faster, and what it was.
    pub act: Act,
}
