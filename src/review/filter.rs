//! A filter as a person types it in one line: the flags of `quarantine list`
//! without the dashes, `from:@example.jp kind:pdf since:3d`.

use sekisho_channel::admin::{Condition, Filter, MAX_CONDITIONS, MailState, RequestState};
use sekisho_safe_message::{Language, SafeLine, Sha256};

use crate::lang::pick;
use crate::quarantine::when::{Edge, moment};

/// What is shown first: everything whose original is there.
pub(super) const FIRST: &str = "state:held,kept";

/// Lists that one key goes through, in turn.
pub(super) const VIEWS: [&str; 4] = [FIRST, "state:held", "state:kept reason:quarantine", "requested:pending"];

/// Why a line is no filter: the word that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mistake {
    /// No such field.
    Field(String),
    /// The field does not take this.
    Value(String),
    /// More conditions than the program takes.
    TooMany,
}

impl Mistake {
    pub(super) fn sentence(&self, language: Language) -> String {
        match self {
            Self::Field(word) => pick(
                language,
                format!("「{word}」という項目はありません（? で書き方を表示）。"),
                format!("there is no field \"{word}\" (? tells how to write)"),
            ),
            Self::Value(word) => pick(
                language,
                format!("「{word}」の値を読めません（? で書き方を表示）。"),
                format!("\"{word}\" makes no sense (? tells how to write)"),
            ),
            Self::TooMany => pick(language, "条件が多すぎます。".to_owned(), "too many conditions".to_owned()),
        }
    }
}

/// The filter that `text` writes. A word without a field is one of the subject.
pub(super) fn parse(text: &str, now_ms: u64) -> Result<Filter, Mistake> {
    let mut filter = Filter::default();
    for word in words(text) {
        add(&mut filter, &word, now_ms)?;
    }
    if filter.conditions.len() > MAX_CONDITIONS { Err(Mistake::TooMany) } else { Ok(filter) }
}

/// Words between blanks; quotes hold blanks together.
fn words(text: &str) -> Vec<String> {
    let (mut out, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => out.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    out.push(word);
    out.retain(|word| !word.is_empty());
    out
}

fn add(filter: &mut Filter, word: &str, now_ms: u64) -> Result<(), Mistake> {
    let bad = || Mistake::Value(SafeLine::clean(word).value.to_string());
    let Some((field, value)) = word.split_once([':', '：']) else {
        filter.conditions.push(if word == "legal-hold" {
            Condition::LegalHold
        } else {
            Condition::Subject(SafeLine::clean(word).value)
        });
        return Ok(());
    };
    let line = SafeLine::clean(value).value;
    if line.is_empty() {
        return Err(bad());
    }
    let condition = match field {
        "since" => {
            filter.since_ms = Some(moment(value, now_ms, Edge::Begin).ok_or_else(bad)?);
            return Ok(());
        }
        "until" => {
            filter.until_ms = Some(moment(value, now_ms, Edge::End).ok_or_else(bad)?);
            return Ok(());
        }
        "state" => {
            for name in value.split(',') {
                filter.states.extend(states(name).ok_or_else(bad)?);
            }
            return Ok(());
        }
        "from" => Condition::Sender(line),
        "to" => Condition::Recipient(line),
        "domain" => Condition::Domain(line),
        "subject" => Condition::Subject(line),
        "name" => Condition::Name(line),
        "kind" => Condition::Kind(line),
        "rule" => Condition::Rule(line),
        "reason" | "code" => Condition::Reason(line),
        "hash" => Condition::Hash(Sha256::try_from(value.to_ascii_lowercase()).map_err(|_| bad())?),
        "requested" => Condition::Request(request(value).ok_or_else(bad)?),
        other => return Err(Mistake::Field(SafeLine::clean(other).value.to_string())),
    };
    filter.conditions.push(condition);
    Ok(())
}

fn states(name: &str) -> Option<Vec<MailState>> {
    Some(match name {
        "ready" => vec![MailState::Ready],
        "waiting" => vec![MailState::Waiting],
        "held" => vec![MailState::Held],
        "kept" => vec![MailState::Kept],
        "done" => vec![MailState::Done],
        "buried" => vec![MailState::Buried],
        "all" => Vec::new(),
        _ => return None,
    })
}

fn request(name: &str) -> Option<RequestState> {
    Some(match name {
        "pending" => RequestState::Pending,
        "approved" => RequestState::Approved,
        "delivered" => RequestState::Delivered,
        "rejected" => RequestState::Rejected,
        "failed" => RequestState::Failed,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn line(text: &str) -> SafeLine {
        SafeLine::clean(text).value
    }

    #[test]
    fn a_line_is_a_filter() {
        let now = 1_795_478_700_000;
        let filter =
            parse("state:held,kept from:@example.jp　subject:\"会議 資料\" 議事録 since:1d legal-hold", now).unwrap();
        assert_eq!(filter.states, [MailState::Held, MailState::Kept]);
        assert_eq!(filter.since_ms, Some(now - 86_400_000));
        let wanted = [
            Condition::Sender(line("@example.jp")),
            Condition::Subject(line("会議 資料")),
            Condition::Subject(line("議事録")),
            Condition::LegalHold,
        ];
        assert_eq!(filter.conditions, wanted);
        assert!(parse("", now).unwrap().is_empty());
        for view in VIEWS {
            parse(view, now).unwrap();
        }
    }

    #[test]
    fn what_is_no_filter() {
        for (text, mistake) in [
            ("form:a@b.jp", Mistake::Field("form".to_owned())),
            ("state:hold", Mistake::Value("state:hold".to_owned())),
            ("since:soon", Mistake::Value("since:soon".to_owned())),
            ("hash:abc", Mistake::Value("hash:abc".to_owned())),
            ("from:", Mistake::Value("from:".to_owned())),
            (&"a ".repeat(17), Mistake::TooMany),
        ] {
            assert_eq!(parse(text, 1_795_478_700_000), Err(mistake), "{text}");
        }
    }
}
