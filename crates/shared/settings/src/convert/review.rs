//! Review, roles and originals, on the Internet side.

use super::{inner, shared};
use crate::error::{Form, Problem};
use crate::names;
use crate::net::HostPort;
use crate::reading::{Given, Reading, given};
use crate::{
    Address, Domains, Language, OriginalSettings, PasswordSettings, ReceiverSettings, Relay, ReviewSettings,
    RoleSettings,
};

pub(super) fn roles(reading: &mut Reading<'_>) -> Option<RoleSettings> {
    let written = reading.written;
    let reviewer = users(reading, given!(written.roles.reviewer));
    let approver = users(reading, given!(written.roles.approver));
    let auditor = users(reading, given!(written.roles.auditor));
    let operator = users(reading, given!(written.roles.operator));
    Some(RoleSettings { reviewer: reviewer?, approver: approver?, auditor: auditor?, operator: operator? })
}

/// Names as useradd(8) takes them; whether they exist is seen when somebody comes.
fn users<'a>(reading: &mut Reading<'a>, given: Given<'a, Vec<String>>) -> Option<Vec<String>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    reading.list_or_none(given, |text| match text.chars().all(plain) && !text.is_empty() && text.len() <= 64 {
        true => Ok(text.to_owned()),
        false => Err(Problem::NotA(Form::User)),
    })
}

pub(super) fn review(reading: &mut Reading<'_>) -> Option<ReviewSettings> {
    let written = reading.written;
    let digest_to = reading.list_or_none(given!(written.review.digest_to), mailbox);
    let digest_at = reading
        .parsed(given!(written.review.digest_at), |text| time_of_day(text).ok_or(Problem::NotA(Form::TimeOfDay)));
    let language = given!(written.review.digest_language);
    let digest_languages = reading.parsed(language, |text| match text {
        "both" => Ok(vec![Language::Ja, Language::En]),
        "ja" => Ok(vec![Language::Ja]),
        "en" => Ok(vec![Language::En]),
        _ => Err(shared::none_of_the_words(language.key)),
    });
    let held_max = reading.count(given!(written.review.held_max));
    let age_max = reading.duration(given!(written.review.age_max));
    let digest_to = digest_to?;
    if !digest_to.is_empty() && written.original.deliver.is_none() {
        return reading.blame("review.digest_to", Problem::Needs("original.deliver"));
    }
    let (digest_at, digest_languages, held_max) = (digest_at?, digest_languages?, held_max? as u64);
    Some(ReviewSettings { digest_to, digest_at, digest_languages, held_max, age_max: age_max? })
}

fn mailbox(text: &str) -> Result<Address, Problem> {
    names::address(text).map_err(|_| Problem::NotA(Form::MailAddress))
}

/// `08:30`.
fn time_of_day(text: &str) -> Option<(u8, u8)> {
    let (hour, minute) = text.split_once(':')?;
    let two = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    let (hour, minute) = (two(hour).then(|| hour.parse().ok())??, two(minute).then(|| minute.parse().ok())??);
    (hour < 24 && minute < 60).then_some((hour, minute))
}

pub(super) fn original(reading: &mut Reading<'_>, receiver: Option<&ReceiverSettings>) -> Option<OriginalSettings> {
    let written = reading.written;
    let relay = relay(reading);
    let sender = sender(reading, receiver);
    let address = address(reading, receiver);
    let token_lifetime = reading.duration(given!(written.original.token_lifetime));
    let approvals = reading.count(given!(written.original.approvals));
    let form = given!(written.original.form);
    let zip = reading.parsed(form, |text| match text {
        "plain" => Ok(false),
        "zip" => Ok(true),
        _ => Err(shared::none_of_the_words(form.key)),
    });
    let dual = written.original.dual?;
    let (relay, address) = (relay?, address?);
    for (wanted, key) in [(dual, "original.dual"), (address.is_some(), "original.address")] {
        if wanted && relay.is_none() {
            return reading.blame(key, Problem::Needs("original.deliver"));
        }
    }
    let (token_lifetime, two_persons) = (token_lifetime?, approvals? == 2);
    Some(OriginalSettings { relay, sender: sender?, address, token_lifetime, two_persons, zip: zip?, dual })
}

#[expect(clippy::option_option, reason = "outside: an error was noted; inside: not set")]
fn relay(reading: &mut Reading<'_>) -> Option<Option<Relay>> {
    let written = reading.written;
    let tls = inner::tls(reading, given!(written.original.tls), given!(written.original.ca_file));
    let server = reading.optional(given!(written.original.deliver), |text| {
        let server = text.strip_prefix("smtp://").and_then(|server| server.parse::<HostPort>().ok());
        server.filter(|server| server.port != 0).ok_or(Problem::NotA(Form::MailServer))
    });
    let (tls, server) = (tls?, server?);
    Some(server.map(|server| Relay { server, tls }))
}

fn sender(reading: &mut Reading<'_>, receiver: Option<&ReceiverSettings>) -> Option<Address> {
    let written = reading.written;
    let given = given!(written.original.sender);
    match reading.optional(given, mailbox)? {
        Some(address) => Some(address),
        None => Some(reading.derive(given.key, names::postmaster(&receiver?.hostname)?)),
    }
}

/// The receiver must take mail for it.
#[expect(clippy::option_option, reason = "outside: an error was noted; inside: not set")]
fn address(reading: &mut Reading<'_>, receiver: Option<&ReceiverSettings>) -> Option<Option<Address>> {
    let written = reading.written;
    let given = given!(written.original.address);
    let Some(address) = reading.optional(given, mailbox)? else { return Some(None) };
    let ours = match &receiver?.domains {
        Domains::Any => true,
        Domains::Listed(domains) => domains.contains(address.domain()),
    };
    if ours { Some(Some(address)) } else { reading.blame_value(given, Problem::NotWithin("outer.domains")) }
}

pub(super) fn passwords(reading: &mut Reading<'_>) -> Option<PasswordSettings> {
    let written = reading.written;
    let window = reading.duration(given!(written.passwords.window));
    Some(PasswordSettings { follow: written.passwords.follow?, window: window? })
}

#[cfg(test)]
mod tests {
    use super::time_of_day;

    #[test]
    fn times_of_day() {
        for (text, time) in [
            ("08:30", Some((8, 30))),
            ("00:00", Some((0, 0))),
            ("23:59", Some((23, 59))),
            ("24:00", None),
            ("8:30", None),
            ("+8:30", None),
            ("08:60", None),
            ("0830", None),
        ] {
            assert_eq!(time_of_day(text), time, "{text}");
        }
    }
}
