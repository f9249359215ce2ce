//! The report to the administrator inside about a mail that was given up.
//!
//! It goes the way of every mail: a safe message, rendered and verified. Its
//! sender is `<>` (RFC 5321 4.5.5), so that nothing answers it, and its id
//! follows from the mail's, so that it exists once. Below the words of both
//! languages stand the fields of RFC 3464, as text, for whoever searches or
//! counts them; nothing of it goes outside.
//!
//! Never: what a server wrote. Of a reply only the digits are kept.

use std::fmt::Write;

use sekisho_safe_message::{
    Address, AutoSubmitted, Envelope, Language, MailId, Mailbox, MessageId, ProfileName, SafeHeaders, SafeLine,
    SafeMessage, SafeText, Sha256, Timestamp,
};
use sekisho_verify::{VerifiedMail, verify};

use super::Options;
use crate::record::{Recipient, Record, Standing};
use crate::render::render_in;

/// Most recipients that a report names; the record has them all.
const MAX_NAMED: usize = 50;

/// The report about `record`; `None` if it could not be built, which only a
/// defect of ours can cause.
pub(super) fn about(record: &Record, options: &Options, now_ms: u64) -> Option<VerifiedMail> {
    let message = message(record, options, now_ms)?;
    verify(render_in(&message, options.charset).into_bytes(), message.envelope().clone()).ok()
}

fn message(record: &Record, options: &Options, now_ms: u64) -> Option<SafeMessage> {
    let id = report_id(record.id);
    let headers = SafeHeaders {
        from: Mailbox { name: Some(SafeLine::parse("Sekisho".to_owned()).ok()?), address: options.daemon.clone() },
        to: vec![Mailbox { name: None, address: options.postmaster.clone() }],
        cc: Vec::new(),
        reply_to: Vec::new(),
        subject: SafeLine::clean(subject(options.language)).value,
        date: Timestamp::from_unix_ms_jst(now_ms),
        message_id: MessageId::parse(&format!("{id}@{}", options.daemon.domain())).ok(),
        in_reply_to: Vec::new(),
        references: Vec::new(),
        auto_submitted: Some(AutoSubmitted::Generated),
        list_id: None,
    };
    let envelope = Envelope::new(None, vec![options.postmaster.clone()])?;
    let text = SafeText::clean(&text(record, options)).value;
    let profile = ProfileName::parse("report").ok()?;
    SafeMessage::new(id, envelope, headers, text, Vec::new(), options.language, profile).ok()
}

/// The report's id: the mail's time, and chance that only this mail gives.
pub(super) fn report_id(id: MailId) -> MailId {
    let digest = Sha256::of(format!("report {id}").as_bytes());
    let (chance, _) = digest.as_bytes().split_first_chunk().unwrap_or((&[0; 10], &[]));
    MailId::new(id.unix_ms(), *chance)
}

fn subject(language: Language) -> &'static str {
    match language {
        Language::Ja => "メールを配送できませんでした (Mail could not be delivered)",
        Language::En => "Mail could not be delivered (メールを配送できませんでした)",
    }
}

fn text(record: &Record, options: &Options) -> String {
    let first = options.language;
    let second = match first {
        Language::Ja => Language::En,
        Language::En => Language::Ja,
    };
    let mut out = String::new();
    for language in [first, second] {
        section(record, language, &mut out);
    }
    fields(record, options, &mut out);
    out
}

fn section(record: &Record, language: Language, out: &mut String) {
    let sender = record.envelope_from.as_ref().map_or_else(|| "<>".to_owned(), Address::to_string);
    let (id, subject, taken, attempts) = (record.id, &record.subject, &record.taken, record.attempts);
    let _ = match language {
        Language::Ja => write!(
            out,
            "次のメールを LGWAN 側のメールサーバーへ配送できませんでした。\n\
             メールは捨てずに保管しています。\n\n\
             管理番号: {id}\n件名: {subject}\n差出人: {sender}\n受付: {taken}\n試行回数: {attempts}\n\n\
             届いていない宛先:\n"
        ),
        Language::En => write!(
            out,
            "The following mail could not be delivered to the mail server inside.\n\
             It has been kept.\n\n\
             Mail id: {id}\nSubject: {subject}\nSender: {sender}\nTaken: {taken}\nAttempts: {attempts}\n\n\
             Recipients who do not have it:\n"
        ),
    };
    for recipient in failed(record).take(MAX_NAMED) {
        let _ = writeln!(out, "- {} ({})", recipient.address, reason(recipient, language));
    }
    let more = failed(record).count().saturating_sub(MAX_NAMED);
    let _ = match (more, language) {
        (0, _) => Ok(()),
        (more, Language::Ja) => writeln!(out, "ほか {more} 件"),
        (more, Language::En) => writeln!(out, "and {more} more"),
    };
    let _ = match language {
        Language::Ja => writeln!(out, "\n確認: sekisho show {id}\n"),
        Language::En => writeln!(out, "\nSee: sekisho show {id}\n"),
    };
}

fn failed(record: &Record) -> impl Iterator<Item = &Recipient> {
    record.recipients.iter().filter(|one| matches!(one.state, Standing::Refused | Standing::Expired))
}

/// RFC 3464 2.2 and 2.3: the mail's fields, then those of each recipient.
fn fields(record: &Record, options: &Options, out: &mut String) {
    let _ = writeln!(out, "RFC 3464:\nReporting-MTA: dns; {}", options.daemon.domain());
    field("Arrival-Date", date(&record.taken), out);
    for recipient in failed(record).take(MAX_NAMED) {
        let _ = writeln!(out, "\nFinal-Recipient: rfc822; {}\nAction: failed", recipient.address);
        field("Status", Some(status(recipient)), out);
        field("Diagnostic-Code", diagnostic(recipient), out);
        field("Last-Attempt-Date", recipient.at.as_deref().and_then(date), out);
    }
}

fn field(name: &str, value: Option<String>, out: &mut String) {
    if let Some(value) = value {
        let _ = writeln!(out, "{name}: {value}");
    }
}

/// RFC 3463: what the server said, where it refused; else 5.0.0 (3.1, nothing
/// more is known) or 4.4.7 (3.5, its time is over).
fn status(recipient: &Recipient) -> String {
    match recipient.state {
        Standing::Refused => {
            recipient.reply.and_then(|reply| reply.enhanced).map_or_else(|| "5.0.0".to_owned(), |code| code.to_string())
        }
        Standing::Expired | Standing::Waiting | Standing::Delivered => "4.4.7".to_owned(),
    }
}

/// RFC 3464 2.3.6: the last reply's digits, or the code of the last trouble.
fn diagnostic(recipient: &Recipient) -> Option<String> {
    match (&recipient.reply, &recipient.trouble) {
        (Some(reply), _) => Some(format!("smtp; {reply}")),
        (None, Some(trouble)) => Some(format!("x-sekisho; {trouble}")),
        (None, None) => None,
    }
}

/// `24 Nov 2026 09:05:00 +0900` of a record's `2026-11-24T09:05:00+09:00`;
/// RFC 5322 3.3 leaves the day of the week to us.
fn date(stamp: &str) -> Option<String> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (day, clock) = stamp.split_once('T')?;
    let mut parts = day.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
    let (clock, zone) = clock.split_at_checked(8)?;
    Some(format!("{day} {month} {year} {clock} {}", zone.replace(':', "")))
}

/// Digits and our own words: what the server wrote is a stranger's.
fn reason(recipient: &Recipient, language: Language) -> String {
    let last = match (&recipient.reply, &recipient.trouble) {
        (Some(reply), _) => reply.to_string(),
        (None, Some(trouble)) => trouble.clone(),
        (None, None) => "-".to_owned(),
    };
    match (recipient.state, language) {
        (Standing::Refused, Language::Ja) => format!("相手サーバーが拒否: {last}"),
        (Standing::Refused, Language::En) => format!("refused by the server: {last}"),
        (Standing::Expired, Language::Ja) => format!("期限切れ。最後の結果: {last}"),
        (Standing::Expired, Language::En) => format!("expired; last result: {last}"),
        (Standing::Waiting | Standing::Delivered, _) => last,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use crate::relay::{Backoff, Reply};
    use crate::render::Charset;
    use sekisho_settings::RetrySchedule;
    use std::time::Duration;

    fn options(charset: Charset) -> Options {
        let second = Duration::from_secs(1);
        Options {
            schedule: RetrySchedule { min: second, max: second, lifetime: second },
            concurrency: 1,
            backoff: Backoff::default(),
            postmaster: "postmaster@city.example".parse().unwrap(),
            daemon: "mailer-daemon@inner.example".parse().unwrap(),
            language: Language::Ja,
            charset,
        }
    }

    fn recipient(name: &str, state: Standing, reply: Option<Reply>, trouble: Option<&str>) -> Recipient {
        let at = (reply.is_some() || trouble.is_some()).then(|| "2026-11-24T09:05:00+09:00".to_owned());
        let address = format!("{name}@city.example").parse().unwrap();
        Recipient { address, state, reply, trouble: trouble.map(str::to_owned), at }
    }

    fn record(recipients: Vec<Recipient>) -> Record {
        Record {
            schema: crate::record::SCHEMA.to_owned(),
            id: MailId::new(1, [1; 10]),
            kind: crate::record::Kind::Mail,
            sha256: Sha256::of(b"x"),
            size: 1,
            subject: SafeLine::clean("件名").value,
            envelope_from: None,
            recipients,
            taken: "2026-11-23T23:59:59+09:00".to_owned(),
            changed: String::new(),
            attempts: 1,
        }
    }

    #[test]
    fn each_recipient_has_the_fields_of_rfc_3464() {
        let record = record(vec![
            recipient("a", Standing::Delivered, Some(Reply::new(250, "2.0.0 ok")), None),
            recipient("b", Standing::Refused, Some(Reply::new(550, "5.1.1 no such user")), None),
            recipient("c", Standing::Refused, Some(Reply::new(554, "go away")), None),
            recipient("d", Standing::Expired, Some(Reply::new(451, "4.7.1 greylisted")), None),
            recipient("e", Standing::Expired, None, Some("tls-missing")),
            recipient("f", Standing::Expired, None, None),
        ]);
        let want = "RFC 3464:\n\
            Reporting-MTA: dns; inner.example\n\
            Arrival-Date: 23 Nov 2026 23:59:59 +0900\n\n\
            Final-Recipient: rfc822; b@city.example\nAction: failed\nStatus: 5.1.1\n\
            Diagnostic-Code: smtp; 550 5.1.1\nLast-Attempt-Date: 24 Nov 2026 09:05:00 +0900\n\n\
            Final-Recipient: rfc822; c@city.example\nAction: failed\nStatus: 5.0.0\n\
            Diagnostic-Code: smtp; 554\nLast-Attempt-Date: 24 Nov 2026 09:05:00 +0900\n\n\
            Final-Recipient: rfc822; d@city.example\nAction: failed\nStatus: 4.4.7\n\
            Diagnostic-Code: smtp; 451 4.7.1\nLast-Attempt-Date: 24 Nov 2026 09:05:00 +0900\n\n\
            Final-Recipient: rfc822; e@city.example\nAction: failed\nStatus: 4.4.7\n\
            Diagnostic-Code: x-sekisho; tls-missing\nLast-Attempt-Date: 24 Nov 2026 09:05:00 +0900\n\n\
            Final-Recipient: rfc822; f@city.example\nAction: failed\nStatus: 4.4.7";
        for charset in [Charset::Utf8, Charset::Iso2022Jp] {
            let mail = about(&record, &options(charset), 0).unwrap();
            let text = sekisho_verify::read(sekisho_safe_message::Untrusted::new(mail.bytes())).unwrap().text;
            assert!(text.as_str().ends_with(want), "{text}");
            assert!(text.as_str().contains("次のメール") && text.as_str().contains("The following mail"));
            for words in ["no such user", "go away", "greylisted"] {
                assert!(!text.as_str().contains(words), "{words}");
            }
        }
    }

    #[test]
    fn many_recipients_are_named_up_to_a_bound() {
        let many = (0..60).map(|n| recipient(&format!("u{n}"), Standing::Refused, Some(Reply::new(550, "")), None));
        let text = text(&record(many.collect()), &options(Charset::Utf8));
        assert_eq!(text.matches("Final-Recipient: ").count(), MAX_NAMED);
        assert!(text.contains("ほか 10 件") && text.contains("and 10 more"));
    }

    #[test]
    fn dates() {
        assert_eq!(date("2026-01-02T03:04:05-11:30").as_deref(), Some("02 Jan 2026 03:04:05 -1130"));
        for bad in ["", "2026-13-01T00:00:00+00:00", "2026-00-01T00:00:00+00:00", "2026-01-01", "2026-01-01T00"] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }
}
