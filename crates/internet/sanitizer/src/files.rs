//! Files: what each is, what the policy says, and what is made of it.
//!
//! Owns: the order of the steps, from kind through decision to the methods one
//! after the other, and the way into archives and mails inside files.
//!
//! Never: a format's decoder (those are one crate or module each), or a rule
//! of its own. Where no method works, the file stays out.

mod mail;
mod make;
mod room;
mod text;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sekisho_disarm::{Bounds, Budget, Disarmed, File, Identity, Options, Passwords, Refusal, identify, stem_of};
use sekisho_job::{FileRules, Job, PartOutput, Rules};
use sekisho_policy::{Decision, End, Facts, Group, Kind, Policy, Sender};
use sekisho_safe_message::{
    Address, Authentication, Content, MAX_ATTACHED, MAX_ATTACHMENTS, Method, Removal, RemovalReason, SafeAttachment,
    SafeLine, SafeName, Sha256, Timestamp, Untrusted,
};

use self::make::Maker;
use self::room::Room;

/// The octets of a font file, wherever they lie; never copied.
pub type FontData = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// Fonts of the site, for drawings and pages that name one and hold none.
#[derive(Clone)]
pub struct Fonts {
    drawings: sekisho_image::Fonts,
    pages: sekisho_pdf::Fonts,
}

impl Fonts {
    /// No fonts: drawings with text stay out, and pages show no Japanese that
    /// they hold no font for.
    pub fn none() -> Self {
        Self { drawings: sekisho_image::Fonts::none(), pages: sekisho_pdf::Fonts::none() }
    }

    /// A sans-serif (ゴシック) and a serif (明朝) font with Japanese letters:
    /// TrueType, OpenType, or a collection.
    pub fn new(gothic: Option<FontData>, mincho: Option<FontData>) -> Self {
        let files = gothic.iter().chain(&mincho).map(Arc::clone);
        Self { drawings: sekisho_image::Fonts::from_files(files), pages: sekisho_pdf::Fonts::new(gothic, mincho) }
    }
}

/// Files of one mail that were made anew for some of its recipients, so that
/// each is made once however the policy divides them. Archives and mails are
/// not remembered: what becomes of their entries is for the rules to say.
#[derive(Debug, Default)]
pub struct Remembered(RefCell<BTreeMap<Key, Result<Disarmed, Refusal>>>);

/// A file by its digest, what it is, how it is made, and the seed of chance.
type Key = (Sha256, Kind, Method, Option<[u8; 32]>);

/// What the files of one mail are judged by.
pub(crate) struct Desk<'a> {
    fonts: &'a Fonts,
    remembered: Option<&'a Remembered>,
    policy: &'a Policy,
    rules: &'a Rules,
    received: Timestamp,
    options: Options,
    room: RefCell<Room>,
    envelope: Option<&'a Address>,
    recipients: &'a [Address],
    /// Of the header, once it is read.
    pub(crate) author: Option<Address>,
    /// What the site's own server said, once that is read.
    pub(crate) authentication: Option<Authentication>,
}

impl<'a> Desk<'a> {
    /// The desk for the files of `job`'s mail.
    pub(crate) fn new(job: &'a Job, fonts: &'a Fonts, remembered: Option<&'a Remembered>) -> Self {
        Self {
            fonts,
            remembered,
            policy: &job.policy,
            rules: &job.rules,
            received: job.received,
            options: options(&job.files, job),
            room: RefCell::default(),
            envelope: job.envelope.from(),
            recipients: job.envelope.to(),
            author: None,
            authentication: None,
        }
    }

    fn sender(&self) -> Sender<'_> {
        Sender { envelope: self.envelope, author: self.author.as_ref(), authentication: self.authentication.as_ref() }
    }
}

/// The budget that all files of one mail share.
pub(crate) fn budget() -> Budget {
    Budget::new(Bounds::default())
}

fn options(rules: &FileRules, job: &Job) -> Options {
    Options {
        // The same mail gives the same pixels.
        noise: rules.noise.then(|| *Sha256::of(&job.id.to_bytes()).as_bytes()),
        jpeg_quality: rules.jpeg_quality,
        frames: rules.frames,
        fonts: rules.fonts,
        dpi: rules.dpi,
        passwords: Passwords::new(job.orders.secrets.iter().cloned()),
    }
}

/// Where a file stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The HTML shows it inside the text.
    pub(crate) inline: bool,
    /// It is an entry of an archive.
    pub(crate) in_archive: bool,
    /// What is said of it if the policy keeps it out.
    pub(crate) reason: RemovalReason,
}

/// A file, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Treated {
    /// What it is, by content; none of what nobody looked into.
    pub(crate) kind: Option<Kind>,
    /// The rule that decided; none where no rule was asked.
    pub(crate) rule: Option<String>,
    /// What became of it.
    pub(crate) fate: Fate,
    /// The file that it became; of several the first.
    pub(crate) output: Option<PartOutput>,
    /// What lay in it: entries of an archive, files of a mail.
    pub(crate) inside: Vec<Inside>,
}

/// What became of a file.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// It was made anew.
    Made {
        method: Method,
        removed: BTreeSet<Removal>,
        files: Vec<Piece>,
        /// The text of a mail that was a file.
        text: Option<String>,
    },
    /// It stays out.
    Out { end: End, reason: RemovalReason },
}

/// A file that was made, and the folders that it lay in.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) folders: Vec<String>,
    pub(crate) file: SafeAttachment,
}

/// A file inside a file.
#[derive(Debug, Clone)]
pub(crate) struct Inside {
    /// Its name, folders included.
    pub(crate) name: Option<SafeName>,
    /// Octets.
    pub(crate) size: u64,
    /// Their digest.
    pub(crate) sha256: Sha256,
    /// What became of it.
    pub(crate) treated: Treated,
}

impl Treated {
    /// Of a part that no rule is asked about.
    pub(crate) fn out(reason: RemovalReason) -> Self {
        Self { kind: None, rule: None, fate: Fate::Out { end: End::Strip, reason }, output: None, inside: Vec::new() }
    }

    /// Whether it, or a file inside it, makes the whole mail wait, and why.
    pub(crate) fn holds(&self) -> Option<RemovalReason> {
        match self.fate {
            Fate::Out { end: End::Hold, reason } => Some(reason),
            Fate::Out { end: End::Strip | End::Quarantine, .. } | Fate::Made { .. } => {
                self.inside.iter().find_map(|inside| inside.treated.holds())
            }
        }
    }
}

/// Decides about `file`, a part of the mail or of one inside it, and makes it
/// anew if it may and the mail has room for it.
pub(crate) fn treat(desk: &Desk<'_>, file: &File<'_>, place: Place, budget: &mut Budget) -> Treated {
    let mut treated = treat_one(desk, file, place, budget);
    desk.room.borrow_mut().admit(&mut treated);
    treated
}

/// The same for any file, also one inside another.
fn treat_one(desk: &Desk<'_>, file: &File<'_>, place: Place, budget: &mut Budget) -> Treated {
    let mut identity = identify(file);
    // Where there are passwords the policy is asked first as if one opened it.
    if opens_with_passwords(identity.kind) && !desk.options.passwords.is_empty() {
        identity.encrypted = false;
    }
    let mut treated = attempt(desk, file, &identity, place, budget);
    // Some kinds show only to their decoder that they are encrypted; the
    // policy is then asked again, knowing it.
    let late = matches!(treated.fate, Fate::Out { reason: RemovalReason::Encrypted, .. }) && !identity.encrypted;
    if late {
        identity.encrypted = true;
        treated = attempt(desk, file, &identity, place, budget);
    }
    treated
}

/// The kinds that a password opens here.
fn opens_with_passwords(kind: Kind) -> bool {
    kind.group() == Group::Pdf || matches!(kind, Kind::Zip | Kind::SevenZip)
}

fn attempt(desk: &Desk<'_>, file: &File<'_>, identity: &Identity, place: Place, budget: &mut Budget) -> Treated {
    let facts = Facts {
        kind: identity.kind,
        size: file.octets.len() as u64,
        name: file.name,
        declared: file.declared,
        mismatch: identity.mismatch,
        polyglot: identity.polyglot,
        encrypted: identity.encrypted,
        signed: identity.signed,
        inline: place.inline,
        depth: budget.depth(),
        sender: desk.sender(),
        recipients: desk.recipients,
    };
    let Decision { rule, methods, end } = desk.policy.decide(&facts, desk.received);
    let mut why = None;
    let mut inside = Vec::new();
    for method in methods {
        match Maker::new(desk, file, identity, place, budget).make(*method) {
            Ok(made) => {
                let output = made.files.first().map(|piece| describe(&piece.file));
                let fate = Fate::Made { method: *method, removed: made.removed, files: made.files, text: made.text };
                return Treated {
                    kind: Some(identity.kind),
                    rule: Some(rule.to_owned()),
                    fate,
                    output,
                    inside: made.inside,
                };
            }
            Err((refusal, seen)) => {
                why = Some(graver(why, refusal));
                // Of an archive that stays out people want to know what was in it.
                if !seen.is_empty() {
                    inside = seen;
                }
            }
        }
    }
    let reason = why.map_or_else(|| unmade(identity, place), Refusal::reason);
    Treated {
        kind: Some(identity.kind),
        rule: Some(rule.to_owned()),
        fate: Fate::Out { end, reason },
        output: None,
        inside,
    }
}

fn describe(file: &SafeAttachment) -> PartOutput {
    let octets = file.content().write();
    PartOutput {
        name: file.name().clone(),
        kind: SafeLine::clean(file.kind().extension()).value,
        size: octets.len() as u64,
        sha256: Sha256::of(&octets),
    }
}

/// Of two refusals the one that tells more.
fn graver(first: Option<Refusal>, second: Refusal) -> Refusal {
    match (first, second) {
        (None | Some(Refusal::Unsupported), refusal) | (Some(refusal), _) => refusal,
    }
}

/// Why a file stays out that no method was asked for.
fn unmade(identity: &Identity, place: Place) -> RemovalReason {
    match identity.kind.group() {
        Group::Program => RemovalReason::Program,
        _ if identity.encrypted => RemovalReason::Encrypted,
        _ if identity.polyglot => RemovalReason::Polyglot,
        _ => place.reason,
    }
}

/// The files that cross, each under a name of its own, in order, and for each
/// of `files` its place among them; none for those past a bound. Two files of
/// one content are one (an invitation comes as part and as file).
pub(crate) fn attachments<'f>(
    files: impl Iterator<Item = &'f SafeAttachment>,
) -> (Vec<SafeAttachment>, Vec<Option<usize>>) {
    let (mut taken, mut octets) = (BTreeSet::new(), 0);
    let mut kept: Vec<SafeAttachment> = Vec::new();
    let mut places = Vec::new();
    for file in files {
        if let Some(place) = kept.iter().position(|other| other.content() == file.content()) {
            places.push(Some(place));
            continue;
        }
        let room = octets + file.content().crossing_len() <= MAX_ATTACHED && kept.len() < MAX_ATTACHMENTS;
        let file = if room { unique(file.clone(), &mut taken) } else { None };
        places.push(file.is_some().then_some(kept.len()));
        octets += file.as_ref().map_or(0, |file| file.content().crossing_len());
        kept.extend(file);
    }
    (kept, places)
}

/// Gives a file another name if its own is taken: `a (2).pdf`.
fn unique(file: SafeAttachment, taken: &mut BTreeSet<String>) -> Option<SafeAttachment> {
    if taken.insert(file.name().as_str().to_lowercase()) {
        return Some(file);
    }
    let stem: String = stem_of(file.name().as_str()).chars().take(60).collect();
    (2..=MAX_ATTACHMENTS + 1).find_map(|number| {
        let other = file.clone().renamed(&format!("{stem} ({number})"));
        taken.insert(other.name().as_str().to_lowercase()).then_some(other)
    })
}

/// A file of `content` named after what it was.
fn named(name: Option<&str>, content: Content) -> SafeAttachment {
    SafeAttachment::new(name.map_or("", stem_of), content)
}

/// An entry's name as people read it in a notice; a safe name has no slash.
fn shown_name(path: &str) -> Option<SafeName> {
    SafeName::clean(&path.replace(['/', '\\'], " › ")).map(|cleaned| cleaned.value)
}

/// What a file inside a file looks like to [`treat`].
fn inner<'f>(name: &'f str, declared: &'f str, octets: &'f [u8]) -> File<'f> {
    File { octets: Untrusted::new(octets), name: Some(name), declared }
}
