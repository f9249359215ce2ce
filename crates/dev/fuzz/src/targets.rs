//! The doors, and what must hold at each whatever comes in.

mod border;
mod charset;
mod file;
mod header;
mod html;
mod mail;
mod pass;
mod smtp;

use std::hash::{DefaultHasher, Hash, Hasher};

use sekisho_job::{Job, Limits, Rules};
use sekisho_safe_message::{Envelope, MailId, ProfileName, Timestamp};

/// The way that an input took, as a number; or what broke.
pub type Verdict = Result<u64, String>;

/// A door.
#[derive(Debug)]
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// What must hold.
    pub about: &'static str,
    /// Words of its language, to be put in anywhere.
    pub words: &'static [&'static [u8]],
    /// Tries one input. Panics are findings too.
    pub run: fn(&[u8]) -> Verdict,
}

/// Every door.
pub const TARGETS: &[Target] = &[
    smtp::COMMAND,
    smtp::DATA,
    smtp::SESSION,
    mail::MIME,
    header::HEADER,
    charset::CHARSET,
    html::HTML,
    file::PICTURE,
    file::PDF,
    file::ARCHIVE,
    file::PLAIN,
    file::LETTER,
    border::FRAME,
    border::ANSWER,
    mail::VERIFY,
    mail::TEXT,
];

pub(crate) use header::letter as header_letter;

/// Stands for the way an input took.
fn way(seen: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    seen.hash(&mut hasher);
    hasher.finish()
}

/// `what` broke, unless `holds`.
fn must(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// The job under which mails of `size` octets are read here.
///
/// # Panics
/// Never: its values are constants.
pub fn own_job(size: u64) -> Job {
    #[expect(clippy::unwrap_used, reason = "constants that are well formed")]
    let (envelope, profile) = (
        Envelope::new("from@sender.example".parse().ok(), vec!["to@city.example".parse().unwrap()]).unwrap(),
        ProfileName::parse("text-only").unwrap(),
    );
    Job {
        id: MailId::new(1_795_478_400_000, [7; 10]),
        envelope,
        received: Timestamp::from_unix_ms_jst(1_795_478_400_000),
        size,
        limits: Limits::default(),
        profile,
        rules: Rules::default(),
        policy: sekisho_policy::Policy::built_in("rebuild-or-hold").unwrap_or_else(sekisho_policy::Policy::text_only),
        files: sekisho_job::FileRules::default(),
        orders: sekisho_job::Orders::default(),
    }
}
