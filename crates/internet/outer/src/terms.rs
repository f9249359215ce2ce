//! What a mail is found by: tokens of `[a-z0-9]`, a letter for what it is and
//! a digest or the text itself in hexadecimal.
//!
//! Text is found by pairs of neighbouring characters (Japanese has no blanks
//! between words), so a hit is a candidate; [`matches()`] compares in earnest.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sekisho_channel::admin::{Condition, RequestState};
use sekisho_job::{Part, Report};
use sekisho_safe_message::{Address, Sha256};
use sekisho_store::{TERM_MAX, TERMS_MAX};

use crate::meta::Meta;

/// Characters of a subject, and of each file's name, that are indexed.
const TEXT_MAX: usize = 100;
/// File names that are indexed.
const NAMES_MAX: usize = 20;

/// What can be asked of a mail beyond its state and time.
pub(crate) struct Facts<'a> {
    pub(crate) meta: &'a Meta,
    pub(crate) report: Option<&'a Report>,
    /// Every part, of every share.
    pub(crate) parts: Vec<&'a Part>,
}

impl<'a> Facts<'a> {
    /// Of a mail whose report, if any, is this.
    pub(crate) fn new(meta: &'a Meta, report: Option<&'a Report>) -> Self {
        let parts = report.map(|report| report.parts.iter().collect()).unwrap_or_default();
        Self { meta, report, parts }
    }

    fn recipients(&self) -> impl Iterator<Item = &Address> {
        self.meta.envelope.to().iter().chain(&self.meta.served)
    }
}

/// The tokens of a mail, for the store.
pub(crate) fn terms(facts: &Facts<'_>) -> String {
    let mut terms = Terms::default();
    if let Some(from) = facts.meta.envelope.from() {
        terms.address(from, ["f", "g"]);
    }
    for to in facts.recipients() {
        terms.address(to, ["t", "u"]);
    }
    for request in &facts.meta.book.requests {
        terms.add(request_term(request.state));
    }
    if facts.meta.book.begun.as_ref().is_some_and(|begun| !begun.locked) {
        terms.add(BEGUN.to_owned());
    }
    if facts.meta.book.legal_hold {
        terms.add(LEGAL_HOLD.to_owned());
    }
    if let Some(report) = facts.report {
        terms.report(report);
    }
    for part in &facts.parts {
        terms.part(part);
    }
    let names = facts.parts.iter().filter_map(|part| part.name.as_ref()).take(NAMES_MAX);
    for name in names {
        terms.text("n", name.as_str());
    }
    terms.finish()
}

/// The tokens that a mail has if `condition` holds for it.
pub(crate) fn asked(condition: &Condition) -> Vec<String> {
    let one = |term| vec![term];
    match condition {
        Condition::Sender(text) => one(address_term(text.as_str(), ["f", "g"])),
        Condition::Recipient(text) => one(address_term(text.as_str(), ["t", "u"])),
        Condition::Domain(text) => one(digest("d", text.as_str().trim_start_matches('@'))),
        Condition::Subject(text) => words(text.as_str()).flat_map(|word| pairs("s", &word)).collect(),
        Condition::Name(text) => words(text.as_str()).flat_map(|word| pairs("n", &word)).collect(),
        Condition::Kind(text) => one(digest("k", text.as_str())),
        Condition::Rule(text) => one(digest("r", text.as_str())),
        Condition::Reason(text) => one(digest("c", text.as_str())),
        Condition::Hash(hash) => one(hash_term(hash)),
        Condition::Request(state) => one(request_term(*state)),
        Condition::LegalHold => one(LEGAL_HOLD.to_owned()),
    }
}

/// What mails with a request in this state have.
pub(crate) fn asked_for(state: RequestState) -> Vec<String> {
    vec![request_term(state)]
}

/// What mails have whose release was begun and can be ended without anybody.
pub(crate) fn begun() -> Vec<String> {
    vec![BEGUN.to_owned()]
}

/// What mails under a legal hold have.
pub(crate) fn legal_hold() -> Vec<String> {
    vec![LEGAL_HOLD.to_owned()]
}

/// What mails from `from` to `to` have.
pub(crate) fn between(from: &Address, to: &Address) -> Vec<String> {
    vec![digest("f", &from.to_string()), digest("t", &to.to_string())]
}

/// Whether `condition` holds in earnest: tokens are digests, and pairs of
/// characters may stand apart.
pub(crate) fn matches(condition: &Condition, facts: &Facts<'_>) -> bool {
    let holds = |text: &str, wanted: &str| {
        let text = folded(text);
        words(wanted).all(|word| text.contains(&word))
    };
    match condition {
        Condition::Sender(text) => facts.meta.envelope.from().is_some_and(|from| is(from, text.as_str())),
        Condition::Recipient(text) => facts.recipients().any(|to| is(to, text.as_str())),
        Condition::Domain(text) => {
            let wanted = format!("@{}", text.as_str().trim_start_matches('@'));
            facts.recipients().chain(facts.meta.envelope.from()).any(|address| is(address, &wanted))
        }
        Condition::Subject(text) => {
            facts.report.is_some_and(|report| holds(report.source.subject.as_str(), text.as_str()))
        }
        Condition::Name(text) => {
            facts.parts.iter().filter_map(|part| part.name.as_ref()).any(|name| holds(name.as_str(), text.as_str()))
        }
        Condition::Request(state) => facts.meta.book.requests.iter().any(|request| request.state == *state),
        Condition::LegalHold => facts.meta.book.legal_hold,
        // 64 bits of a digest over a few hundred codes.
        Condition::Kind(_) | Condition::Rule(_) | Condition::Reason(_) | Condition::Hash(_) => true,
    }
}

/// Whether `address` is `wanted`: an address, or `@domain`.
fn is(address: &Address, wanted: &str) -> bool {
    match wanted.strip_prefix('@') {
        Some(domain) => address.domain().to_string().eq_ignore_ascii_case(domain),
        None => address.to_string().eq_ignore_ascii_case(wanted),
    }
}

const LEGAL_HOLD: &str = "l1";
const BEGUN: &str = "b1";

fn request_term(state: RequestState) -> String {
    let code = match state {
        RequestState::Pending => "q1",
        RequestState::Approved => "q2",
        RequestState::Delivered => "q3",
        RequestState::Rejected => "q4",
        RequestState::Failed => "q5",
    };
    code.to_owned()
}

fn address_term(text: &str, [whole, domain]: [&str; 2]) -> String {
    match text.strip_prefix('@') {
        Some(name) => digest(domain, name),
        None => digest(whole, text),
    }
}

/// 64 bits of the text's digest, in lower case.
fn digest(prefix: &str, text: &str) -> String {
    let hash = Sha256::of(text.to_ascii_lowercase().as_bytes());
    let mut term = prefix.to_owned();
    for octet in &hash.as_bytes()[..8] {
        let _ = write!(term, "{octet:02x}");
    }
    term
}

fn hash_term(hash: &Sha256) -> String {
    // A token has at most 64 octets.
    format!("h{}", &hash.to_string()[..TERM_MAX - 2])
}

/// Letters in one case, full-width ones as ASCII.
fn folded(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            '\u{3000}' => ' ',
            c => c,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let words: Vec<String> = folded(text).split_whitespace().map(str::to_owned).collect();
    words.into_iter()
}

/// Each pair of neighbouring characters; of a single character, itself.
fn pairs(prefix: &str, word: &str) -> Vec<String> {
    let chars: Vec<char> = word.chars().take(TEXT_MAX).collect();
    match chars.as_slice() {
        [] => Vec::new(),
        [one] => vec![format!("{prefix}{:x}", u32::from(*one))],
        more => {
            more.windows(2).map(|pair| format!("{prefix}{:x}x{:x}", u32::from(pair[0]), u32::from(pair[1]))).collect()
        }
    }
}

/// Tokens, each once, within the store's bound.
#[derive(Default)]
struct Terms(BTreeSet<String>, usize);

impl Terms {
    fn add(&mut self, term: String) {
        if self.1 + term.len() < TERMS_MAX && !self.0.contains(&term) {
            self.1 += term.len() + 1;
            self.0.insert(term);
        }
    }

    fn address(&mut self, address: &Address, prefixes: [&str; 2]) {
        let domain = address.domain().to_string();
        self.add(digest(prefixes[0], &address.to_string()));
        self.add(digest(prefixes[1], &domain));
        self.add(digest("d", &domain));
    }

    fn report(&mut self, report: &Report) {
        self.add(hash_term(&report.source.sha256));
        if let Some(reason) = report.hold_reason {
            self.add(digest("c", reason.code()));
        }
        for anomaly in &report.anomalies {
            self.add(digest("c", anomaly.code()));
        }
        self.text("s", report.source.subject.as_str());
    }

    fn part(&mut self, part: &Part) {
        if let Some(kind) = part.kind_detected {
            self.add(digest("k", kind.code()));
        }
        if let Some(rule) = &part.rule {
            self.add(digest("r", rule.as_str()));
        }
        self.add(digest("c", part.action.code()));
        if let Some(reason) = part.reason {
            self.add(digest("c", reason.code()));
        }
        for hash in part.sha256.iter().chain(part.output.iter().map(|output| &output.sha256)) {
            self.add(hash_term(hash));
        }
    }

    /// Words of one character are found too.
    fn text(&mut self, prefix: &str, text: &str) {
        let text: String = text.chars().take(TEXT_MAX).collect();
        for word in words(&text) {
            for pair in pairs(prefix, &word) {
                self.add(pair);
            }
            for one in word.chars() {
                self.add(format!("{prefix}{:x}", u32::from(one)));
            }
        }
    }

    fn finish(self) -> String {
        self.0.into_iter().collect::<Vec<_>>().join(" ")
    }
}
