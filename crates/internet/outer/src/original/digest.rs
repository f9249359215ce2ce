//! The reviewers' digest: what waits, since when, how full it is, and what to
//! type. One mail a day, and nothing in it that asks to be clicked.
//!
//! Pure: counts in, words out.

mod due;

use std::fmt::Write;
use std::time::Duration;

use sekisho_job::HoldReason;
use sekisho_safe_message::{Address, Language, MailId, SafeLine, SafeText, Timestamp};

pub(crate) use due::Due;

use super::letter::Letter;
use crate::retain::Leaving;

/// Mails that are named.
pub(crate) const MAX_NEWEST: usize = 20;
/// Requests that are named.
pub(crate) const MAX_REQUESTS: usize = 20;
/// Reasons that are counted apart.
const MAX_REASONS: usize = 40;
/// Characters of a subject that are shown.
const SUBJECT: usize = 60;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How things stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// Now, milliseconds since 1970.
    pub(crate) now_ms: u64,
    /// Mails that wait for a person, by reason.
    pub(crate) held: Vec<Tally>,
    /// Those of them that soon go by themselves.
    pub(crate) leaving: Option<Leaving>,
    /// The newest of them, newest first; at most [`MAX_NEWEST`] are named.
    pub(crate) newest: Vec<Waiting>,
    /// Requests for originals that wait for approval, in all.
    pub(crate) pending: u64,
    /// The oldest of them, oldest first; at most [`MAX_REQUESTS`] are named.
    pub(crate) requests: Vec<Asked>,
    /// Octets of originals.
    pub(crate) bytes: u64,
    /// Octets still free above the floor.
    pub(crate) room_bytes: u64,
}

/// Mails that wait for one reason.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    /// The reason's code.
    pub(crate) reason: SafeLine,
    /// How many.
    pub(crate) mails: u64,
    /// When the oldest came, milliseconds since 1970.
    pub(crate) oldest_ms: Option<u64>,
}

/// One mail that waits.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    /// Its id.
    pub(crate) id: MailId,
    /// When it came, milliseconds since 1970.
    pub(crate) arrived_ms: u64,
    /// The envelope's sender.
    pub(crate) from: Option<Address>,
    /// Its subject, if it is known.
    pub(crate) subject: Option<SafeLine>,
    /// The reason's code.
    pub(crate) reason: SafeLine,
}

/// One request that waits.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Whose original.
    pub(crate) id: MailId,
    /// The request's number within its mail.
    pub(crate) number: u32,
    /// Who asked.
    pub(crate) who: SafeLine,
    /// When, milliseconds since 1970.
    pub(crate) at_ms: u64,
}

/// From when on the subject warns.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Thresholds {
    /// So many mails wait.
    pub(crate) held: Option<u64>,
    /// One has waited so long.
    pub(crate) age: Option<Duration>,
}

/// Who sends it to whom.
#[derive(Debug, Clone)]
pub(crate) struct Post {
    /// A fresh id.
    pub(crate) id: MailId,
    /// Who writes.
    pub(crate) from: Address,
    /// The reviewers.
    pub(crate) to: Vec<Address>,
    /// In which languages, in this order.
    pub(crate) languages: Vec<Language>,
}

impl Standing {
    /// Whether nothing waits for anybody.
    pub(crate) fn is_quiet(&self) -> bool {
        self.held() == 0 && self.pending == 0
    }

    /// Whether a threshold is reached.
    pub(crate) fn is_alarming(&self, thresholds: &Thresholds) -> bool {
        let many = thresholds.held.is_some_and(|most| self.held() >= most && most > 0);
        let waited = self.oldest_ms().map(|oldest| Duration::from_millis(self.now_ms.saturating_sub(oldest)));
        many || self.leaving.is_some() || thresholds.age.is_some_and(|most| waited.is_some_and(|waited| waited >= most))
    }

    /// The digest in these languages, one below the other.
    pub(crate) fn text(&self, languages: &[Language]) -> SafeText {
        let sections: Vec<_> = languages.iter().map(|language| self.section(*language)).collect();
        SafeText::clean(&sections.join("\n----------------------------------------\n\n")).value
    }

    /// The digest as a mail.
    pub(crate) fn letter(&self, thresholds: &Thresholds, post: Post) -> Letter {
        let alarming = self.is_alarming(thresholds);
        let subjects: Vec<_> = post.languages.iter().map(|language| self.subject(alarming, *language)).collect();
        Letter {
            id: post.id,
            from: post.from,
            to: post.to,
            subject: SafeLine::clean(&subjects.join(" / ")).value,
            text: self.text(&post.languages),
            date: Timestamp::from_unix_ms_jst(self.now_ms),
        }
    }

    fn held(&self) -> u64 {
        self.held.iter().fold(0, |sum, tally| sum.saturating_add(tally.mails))
    }

    fn oldest_ms(&self) -> Option<u64> {
        self.held.iter().filter(|tally| tally.mails > 0).filter_map(|tally| tally.oldest_ms).min()
    }

    fn subject(&self, alarming: bool, language: Language) -> String {
        let (held, pending) = (self.held(), self.pending);
        match (language, alarming) {
            (Language::Ja, false) => format!("関所: 保留 {held} 通、原本の承認待ち {pending} 件"),
            (Language::Ja, true) => format!("【要確認】関所: 保留 {held} 通、原本の承認待ち {pending} 件"),
            (Language::En, false) => format!("Sekisho: {held} held, {pending} to approve"),
            (Language::En, true) => format!("Attention: Sekisho: {held} held, {pending} to approve"),
        }
    }

    fn section(&self, language: Language) -> String {
        let mut out = String::new();
        self.held_mails(language, &mut out);
        self.newest_mails(language, &mut out);
        self.waiting_requests(language, &mut out);
        let (used, room) = (octets(self.bytes), octets(self.room_bytes));
        let _ = match language {
            Language::Ja => write!(
                out,
                "保管庫: 使用 {used}、残り {room}\n\n確認画面: sekisho quarantine review\n\
                 一覧: sekisho quarantine list\n原本の申請: sekisho original list\n"
            ),
            Language::En => write!(
                out,
                "Vault: {used} used, {room} left\n\nReview: sekisho quarantine review\n\
                 List: sekisho quarantine list\nRequests for originals: sekisho original list\n"
            ),
        };
        out
    }

    fn held_mails(&self, language: Language, out: &mut String) {
        let held = self.held();
        let _ = match (language, self.oldest_ms()) {
            (Language::Ja, None) => writeln!(out, "保留中のメール: {held} 通"),
            (Language::En, None) => writeln!(out, "Mails held: {held}"),
            (Language::Ja, Some(at)) => {
                writeln!(out, "保留中のメール: {held} 通（最も古いもの: {}、{} 日前）", clock(at), self.days_since(at))
            }
            (Language::En, Some(at)) => {
                writeln!(out, "Mails held: {held} (oldest: {}, {} days ago)", clock(at), self.days_since(at))
            }
        };
        if let Some(Leaving { mails, within_ms }) = self.leaving {
            let days = within_ms.div_ceil(DAY_MS);
            let _ = match language {
                Language::Ja => writeln!(out, "※ 判断されないまま {days} 日以内に原本が消えるもの: {mails} 通"),
                Language::En => writeln!(out, "! {mails} of them leave within {days} days unless somebody decides"),
            };
        }
        for Tally { reason, mails, .. } in self.held.iter().filter(|tally| tally.mails > 0).take(MAX_REASONS) {
            let explained = explained(reason, language);
            let _ = match language {
                Language::Ja => writeln!(out, "・{mails} 通: {explained}"),
                Language::En => writeln!(out, "- {mails}: {explained}"),
            };
        }
        out.push('\n');
    }

    fn newest_mails(&self, language: Language, out: &mut String) {
        if self.newest.is_empty() {
            return;
        }
        out.push_str(match language {
            Language::Ja => "新しいもの:\n",
            Language::En => "Newest:\n",
        });
        for Waiting { id, arrived_ms, from, subject, reason } in self.newest.iter().take(MAX_NEWEST) {
            let from = from.as_ref().map_or_else(|| "<>".to_owned(), Address::to_string);
            let subject = subject.as_ref().map_or_else(|| "-".to_owned(), |subject| short(subject.as_str()));
            let _ = writeln!(
                out,
                "{} {id} {reason}\n    {from}\n    {subject}",
                clock(*arrived_ms),
                reason = reason.as_str()
            );
        }
        out.push('\n');
    }

    fn waiting_requests(&self, language: Language, out: &mut String) {
        let _ = match language {
            Language::Ja => writeln!(out, "承認を待つ原本の申請: {} 件", self.pending),
            Language::En => writeln!(out, "Requests for originals to approve: {}", self.pending),
        };
        for Asked { id, number, who, at_ms } in self.requests.iter().take(MAX_REQUESTS) {
            let _ = writeln!(out, "{} {id} #{number} {who}", clock(*at_ms), who = who.as_str());
        }
        out.push('\n');
    }

    fn days_since(&self, at_ms: u64) -> u64 {
        self.now_ms.saturating_sub(at_ms) / DAY_MS
    }
}

/// `パスワードで保護された添付ファイルがあります。 (encrypted-file)`
fn explained(code: &SafeLine, language: Language) -> String {
    let code = code.as_str();
    HoldReason::from_code(code)
        .map_or_else(|| code.to_owned(), |reason| format!("{} ({code})", reason.explain(language)))
}

/// `2026-11-24 08:30`, in Japan.
fn clock(unix_ms: u64) -> String {
    let c = Timestamp::from_unix_ms_jst(unix_ms).civil();
    format!("{:04}-{:02}-{:02} {:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute)
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(SUBJECT).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Octets as people read them, of 1,024, rounded down.
fn octets(octets: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    let (mut tenths, mut unit) = (octets.saturating_mul(10) / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    /// 2026-11-24T09:00:00+09:00
    const NOW: u64 = 1_795_478_400_000;

    fn line(text: &str) -> SafeLine {
        SafeLine::clean(text).value
    }

    fn standing() -> Standing {
        let tally =
            |reason, mails, days: u64| Tally { reason: line(reason), mails, oldest_ms: Some(NOW - days * DAY_MS) };
        Standing {
            now_ms: NOW,
            held: vec![tally("encrypted-file", 3, 2), tally("new-code", 1, 4), tally("rule", 0, 9)],
            newest: vec![
                Waiting {
                    id: MailId::new(1, [1; 10]),
                    arrived_ms: NOW - 60_000,
                    from: Some("a@example.net".parse().unwrap()),
                    subject: Some(line(&"請".repeat(70))),
                    reason: line("encrypted-file"),
                },
                Waiting { id: MailId::new(2, [2; 10]), arrived_ms: 0, from: None, subject: None, reason: line("rule") },
            ],
            leaving: None,
            pending: 7,
            requests: vec![Asked {
                id: MailId::new(3, [3; 10]),
                number: 2,
                who: line("mail:taro@city.example"),
                at_ms: NOW,
            }],
            bytes: 12_345_678_901,
            room_bytes: 1023,
        }
    }

    #[test]
    fn it_says_what_waits_and_what_to_type() {
        let standing = standing();
        let ja = format!(
            "保留中のメール: 4 通（最も古いもの: 2026-11-20 09:00、4 日前）\n\
             ・3 通: パスワードで保護された添付ファイルがあります。 (encrypted-file)\n・1 通: new-code\n\n\
             新しいもの:\n2026-11-24 08:59 0000000001040G2081040G2081 encrypted-file\n    a@example.net\n    {}…\n\
             1970-01-01 09:00 0000000002081040G2081040G2 rule\n    <>\n    -\n\n\
             承認を待つ原本の申請: 7 件\n2026-11-24 09:00 00000000030C1G60R30C1G60R3 #2 mail:taro@city.example\n\n\
             保管庫: 使用 11.4 GB、残り 0.9 KB\n\n確認画面: sekisho quarantine review\n\
             一覧: sekisho quarantine list\n原本の申請: sekisho original list\n",
            "請".repeat(60)
        );
        assert_eq!(standing.text(&[Language::Ja]).as_str(), ja);
        let en = standing.text(&[Language::En]);
        assert!(en.as_str().starts_with("Mails held: 4 (oldest: 2026-11-20 09:00, 4 days ago)\n"), "{en:?}");
        let both = standing.text(&[Language::Ja, Language::En]);
        assert!(both.as_str().starts_with(&ja) && both.as_str().ends_with(en.as_str()));
    }

    #[test]
    fn it_is_a_mail_with_the_counts_in_its_subject() {
        let post = |languages: &[Language]| Post {
            id: MailId::new(4, [4; 10]),
            from: "sekisho@mx.city.example".parse().unwrap(),
            to: vec!["r@city.example".parse().unwrap()],
            languages: languages.to_vec(),
        };
        let quiet = Standing { now_ms: NOW, ..Standing::default() };
        let calm = Thresholds::default();
        for (standing, thresholds, languages, want) in [
            (&quiet, calm, vec![Language::En], "Sekisho: 0 held, 0 to approve"),
            (
                &standing(),
                Thresholds { held: Some(4), age: None },
                vec![Language::Ja, Language::En],
                "【要確認】関所: 保留 4 通、原本の承認待ち 7 件 / Attention: Sekisho: 4 held, 7 to approve",
            ),
            (&standing(), calm, vec![Language::Ja], "関所: 保留 4 通、原本の承認待ち 7 件"),
        ] {
            let letter = standing.letter(&thresholds, post(&languages));
            assert_eq!(letter.subject.as_str(), want);
            assert!(String::from_utf8(letter.write()).unwrap().contains("Auto-Submitted: auto-generated\r\n"));
        }
        assert!(quiet.is_quiet() && !standing().is_quiet());
    }

    #[test]
    fn thresholds() {
        let days = |days: u64| Some(Duration::from_millis(days * DAY_MS));
        for (held, age, want) in [
            (None, None, false),
            (Some(5), None, false),
            (Some(4), None, true),
            (Some(0), None, false),
            (None, days(5), false),
            (None, days(4), true),
            (Some(5), days(4), true),
        ] {
            assert_eq!(standing().is_alarming(&Thresholds { held, age }), want, "{held:?} {age:?}");
        }
        let quiet = Standing { now_ms: NOW, ..Standing::default() };
        assert!(!quiet.is_alarming(&Thresholds { held: Some(0), age: Some(Duration::ZERO) }));
    }

    #[test]
    fn what_leaves_by_itself_is_told_before() {
        let leaving = Some(Leaving { mails: 2, within_ms: 7 * DAY_MS });
        let standing = Standing { leaving, ..standing() };
        let text = standing.text(&[Language::Ja, Language::En]);
        assert!(text.as_str().contains("※ 判断されないまま 7 日以内に原本が消えるもの: 2 通\n"), "{text:?}");
        assert!(text.as_str().contains("! 2 of them leave within 7 days unless somebody decides\n"), "{text:?}");
        assert!(standing.is_alarming(&Thresholds::default()));
    }

    #[test]
    fn it_is_bounded() {
        let mut many = standing();
        many.newest = (0..100).map(|_| many.newest[0].clone()).collect();
        many.requests = (0..100).map(|_| many.requests[0].clone()).collect();
        many.held = (0..1000).map(|_| Tally { mails: u64::MAX, ..many.held[0].clone() }).collect();
        let text = many.text(&[Language::Ja, Language::En]);
        assert!(text.as_str().lines().count() < 300, "{}", text.as_str().lines().count());
    }
}
