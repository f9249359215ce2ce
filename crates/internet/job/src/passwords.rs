//! Passwords for encrypted files as people write them in mails.
//!
//! In Japan a file is often sent encrypted, and its password in a mail of its
//! own (PPAP). What stands here finds in such a mail what may be the password;
//! whether it is one only the file can say.
//!
//! Owns: words that announce a password, and where it stands then. Bounds: the
//! first 64 KiB of text, each line read once for each announcement in it.
//!
//! Never: I/O, a file, or a candidate that is printed or kept.

mod line;
mod value;

use sekisho_safe_message::{SafeLine, SafeText, Secret};

use crate::MAX_SECRETS;
use line::Line;

/// Octets of text that are read.
const MAX_TEXT: usize = 64 << 10;

/// Candidates that are collected before the likeliest are chosen.
const MAX_FOUND: usize = 8 * MAX_SECRETS;

/// Announcements that are followed.
const MAX_ANNOUNCEMENTS: usize = 512;

/// Lines below an announcement in which its value is looked for.
const REACH: usize = 4;

/// How likely a candidate is the password, the likeliest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It stands where the line says that it does.
    Announced,
    /// It stands alone below such a line.
    Below,
    /// It stands somewhere in such a line.
    Near,
    /// It is a line of its own and looks like a password.
    Alone,
    /// It stands in what an answer quotes.
    Quoted,
}

/// What may be the password in a mail with this subject and text, the likeliest
/// first, at most [`MAX_SECRETS`].
pub fn candidates(subject: &SafeLine, text: &SafeText) -> Vec<Secret> {
    let mut found = Found::default();
    found.read(subject.as_str(), text.as_str());
    found.0.sort_by_key(|(rank, _)| *rank);
    found.0.into_iter().map(|(_, secret)| secret).take(MAX_SECRETS).collect()
}

/// Whether a mail with this subject and text is likely there to bring a
/// password.
pub fn is_likely_password_mail(subject: &SafeLine, text: &SafeText) -> bool {
    let mut found = Found::default();
    found.read(subject.as_str(), text.as_str());
    let best = found.0.iter().map(|(rank, _)| *rank).min();
    let announced = Line::new(subject.as_str()).announcements().next().is_some();
    best.is_some_and(|best| best <= Rank::Below || (announced && best <= Rank::Alone))
}

/// The candidates in the order of the text, and how many announcements were
/// followed.
#[derive(Default)]
struct Found(Vec<(Rank, Secret)>, usize);

impl Found {
    fn read(&mut self, subject: &str, text: &str) {
        let text = &text[..text.floor_char_boundary(MAX_TEXT)];
        let lines: Vec<Line> = text.lines().map(Line::new).collect();
        self.announced(&Line::new(subject), &lines, Rank::Announced);
        for (at, line) in lines.iter().enumerate() {
            let below = lines.get(at + 1..).unwrap_or_default();
            let rank = if line.is_quoted() { Rank::Quoted } else { Rank::Announced };
            self.announced(line, below, rank);
        }
        for line in lines.iter().filter(|line| !line.is_quoted()) {
            self.add(Rank::Alone, line.alone());
        }
    }

    /// What `line` announces, in itself or below.
    fn announced(&mut self, line: &Line, below: &[Line], least: Rank) {
        for announcement in line.announcements() {
            if self.1 == MAX_ANNOUNCEMENTS {
                return;
            }
            self.1 += 1;
            let values = announcement.values();
            for (place, value) in values.iter().enumerate() {
                let rank = if place == 0 && announcement.is_definite(value) { Rank::Announced } else { Rank::Near };
                self.add(rank.max(least), value::spellings(value));
            }
            if values.is_empty() && announcement.points_below() {
                let next = below.iter().take(REACH).find(|line| !line.is_empty());
                self.add(Rank::Below.max(least), next.map(Line::value).unwrap_or_default());
            }
            let before = announcement.before().map(|value| value::spellings(&value));
            self.add(Rank::Near.max(least), before.unwrap_or_default());
            self.add(Rank::Near.max(least), announcement.loose().into_iter().collect());
        }
    }

    fn add(&mut self, rank: Rank, texts: Vec<String>) {
        for text in texts {
            let Some(secret) = Secret::new(text) else { continue };
            let room = self.0.len() < MAX_FOUND;
            match self.0.iter_mut().find(|(_, known)| *known == secret) {
                Some((known, _)) => *known = rank.min(*known),
                None if room => self.0.push((rank, secret)),
                None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
