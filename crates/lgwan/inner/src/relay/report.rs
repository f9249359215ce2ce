//! The report to the administrator inside about a mail that was given up.
//!
//! It goes the way of every mail: a safe message, rendered and verified. Its
//! sender is `<>` (RFC 5321 4.5.5), so that nothing answers it, and its id
//! follows from the mail's, so that it exists once.

use std::fmt::Write;

use sekisho_safe_message::{
    Address, AutoSubmitted, Envelope, Language, MailId, Mailbox, MessageId, ProfileName, SafeHeaders, SafeLine,
    SafeMessage, SafeText, Sha256, Timestamp,
};
use sekisho_verify::{VerifiedMail, verify};

use super::Options;
use crate::record::{Recipient, Record, Standing};
use crate::render::render;

/// Most recipients that a report names; the record has them all.
const MAX_NAMED: usize = 50;

/// The report about `record`; `None` if it could not be built, which only a
/// defect of ours can cause.
pub(super) fn about(record: &Record, options: &Options, now_ms: u64) -> Option<VerifiedMail> {
    let message = message(record, options, now_ms)?;
    verify(render(&message).into_bytes(), message.envelope().clone()).ok()
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
    let text = SafeText::clean(&text(record, options.language)).value;
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

fn text(record: &Record, first: Language) -> String {
    let second = match first {
        Language::Ja => Language::En,
        Language::En => Language::Ja,
    };
    let mut out = String::new();
    for language in [first, second] {
        section(record, language, &mut out);
    }
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
    let failed = |one: &&Recipient| matches!(one.state, Standing::Refused | Standing::Expired);
    for recipient in record.recipients.iter().filter(failed).take(MAX_NAMED) {
        let _ = writeln!(out, "- {} ({})", recipient.address, reason(recipient, language));
    }
    let more = record.recipients.iter().filter(failed).count().saturating_sub(MAX_NAMED);
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
