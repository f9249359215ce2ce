//! The LGWAN side.

use super::{places, shared};
use crate::error::{Form, Problem};
use crate::names;
use crate::net::HostPort;
use crate::reading::{Given, Reading, given};
use crate::{Address, Charset, Delivery, Domain, InnerSettings, Relay, RelayTls, RetrySchedule};

pub(crate) fn inner(reading: &mut Reading<'_>) -> Option<InnerSettings> {
    let written = reading.written;
    shared::version(reading);
    let state_dir = places::below_state_dir(reading, "inner");
    let admin_socket = places::socket(reading, given!(written.inner.admin_socket));
    let handoff = shared::handoff(reading);
    let max_frame_size = reading.size(given!(written.inner.max_frame_size));
    let delivery = delivery(reading);
    let helo = helo(reading);
    let charset = charset(reading);
    let retry = retry(reading);
    let concurrency = reading.count(given!(written.inner.concurrency));
    let postmaster = postmaster(reading, helo.as_ref());
    let min_free_space = reading.size(given!(written.inner.min_free_space));
    let record_retention = reading.duration(given!(written.inner.record_retention));
    let notice = shared::notice(reading);
    let log = shared::log(reading);
    Some(InnerSettings {
        state_dir: state_dir?,
        admin_socket: admin_socket?,
        handoff: handoff?,
        max_frame_size: max_frame_size?,
        delivery: delivery?,
        helo: helo?,
        charset: charset?,
        allow_without_landlock: reading.written.inner.allow_without_landlock?,
        retry: retry?,
        concurrency: concurrency?,
        postmaster: postmaster?,
        min_free_space: min_free_space?,
        record_retention: record_retention?,
        notice: notice?,
        log: log?,
    })
}

/// Our name on the LGWAN side.
pub(super) fn helo(reading: &mut Reading<'_>) -> Option<Domain> {
    let written = reading.written;
    let given = given!(written.inner.helo);
    let helo = reading.optional(given, |text| names::domain(text).map_err(Problem::from))?;
    let machine = reading.surroundings.hostname.clone();
    Some(helo.unwrap_or_else(|| reading.derive(given.key, machine)))
}

/// What mails are written in.
pub(super) fn charset(reading: &mut Reading<'_>) -> Option<Charset> {
    let written = reading.written;
    let given = given!(written.inner.charset);
    reading.parsed(given, |text| match text {
        "utf-8" => Ok(Charset::Utf8),
        "iso-2022-jp" => Ok(Charset::Iso2022Jp),
        _ => Err(shared::none_of_the_words(given.key)),
    })
}

fn postmaster(reading: &mut Reading<'_>, helo: Option<&Domain>) -> Option<Address> {
    let written = reading.written;
    let given = given!(written.inner.postmaster);
    let address = reading.optional(given, |text| names::address(text).map_err(|_| Problem::NotA(Form::MailAddress)))?;
    match address {
        Some(address) => Some(address),
        None => Some(reading.derive(given.key, names::postmaster(helo?)?)),
    }
}

fn delivery(reading: &mut Reading<'_>) -> Option<Delivery> {
    let written = reading.written;
    let tls = relay_tls(reading);
    match reading.parsed(given!(written.inner.deliver), place)? {
        Place::Smtp(server) => Some(Delivery::Smtp(Relay { server, tls: tls? })),
        Place::Maildir(path) => {
            tls?;
            places::below_state_dir(reading, path).map(Delivery::Maildir)
        }
    }
}

enum Place<'a> {
    Smtp(HostPort),
    Maildir(&'a str),
}

fn place(text: &str) -> Result<Place<'_>, Problem> {
    if let Some(path) = text.strip_prefix("maildir:").filter(|path| !path.is_empty()) {
        return Ok(Place::Maildir(path));
    }
    text.strip_prefix("smtp://")
        .and_then(|server| server.parse::<HostPort>().ok())
        .filter(|server| server.port != 0)
        .map(Place::Smtp)
        .ok_or(Problem::NotA(Form::Delivery))
}

fn relay_tls(reading: &mut Reading<'_>) -> Option<RelayTls> {
    let written = reading.written;
    tls(reading, given!(written.inner.tls), given!(written.inner.ca_file))
}

/// Encryption towards a mail server, by the two keys that say so.
pub(super) fn tls<'a>(
    reading: &mut Reading<'a>,
    given: Given<'a, String>,
    roots: Given<'a, String>,
) -> Option<RelayTls> {
    let ca_file = places::file(reading, roots);
    let wish = reading.parsed(given, |text| match text {
        "none" => Ok(Wish::None),
        "opportunistic" => Ok(Wish::Opportunistic),
        "required" => Ok(Wish::Required),
        _ => Err(shared::none_of_the_words(given.key)),
    });
    match (wish?, ca_file?) {
        (Wish::None, _) => Some(RelayTls::None),
        (Wish::Opportunistic, ca_file) => Some(RelayTls::Opportunistic { ca_file }),
        (Wish::Required, Some(ca_file)) => Some(RelayTls::Required { ca_file }),
        (Wish::Required, None) => reading.blame_value(given, Problem::Needs(roots.key)),
    }
}

enum Wish {
    None,
    Opportunistic,
    Required,
}

fn retry(reading: &mut Reading<'_>) -> Option<RetrySchedule> {
    let written = reading.written;
    let min = reading.duration(given!(written.inner.retry_min));
    let max = reading.duration(given!(written.inner.retry_max));
    let lifetime = reading.duration(given!(written.inner.lifetime));
    let (min, max, lifetime) = (min?, max?, lifetime?);
    if max < min {
        let given = given!(written.inner.retry_max);
        return reading.blame_value(given, Problem::SmallerThan("inner.retry_min"));
    }
    if lifetime < max {
        let given = given!(written.inner.lifetime);
        return reading.blame_value(given, Problem::SmallerThan("inner.retry_max"));
    }
    Some(RetrySchedule { min, max, lifetime })
}
