//! Sections that several programs use.

use super::places;
use crate::error::{Form, Problem};
use crate::keys::{self, Shape};
use crate::names::{self, DomainError};
use crate::net::HostPort;
use crate::reading::{Given, Reading, given};
use crate::{
    AuthenticationSettings, Domain, FileSettings, Handoff, HandoffAddress, HandoffTls, LanguageChoice, LinkForm,
    LinkSettings, LogFilter, LogFormat, LogLevel, LogSettings, NoticeSettings, PolicyProfile, PolicySettings,
    ReadingLimits, WorkerSettings,
};

/// The table's bounds admit this version alone.
pub(super) fn version(reading: &mut Reading<'_>) {
    let written = reading.written;
    reading.count(given!(written.version));
}

pub(super) fn worker(reading: &mut Reading<'_>) -> Option<WorkerSettings> {
    let written = reading.written;
    let cores = reading.surroundings.cores;
    let count = reading.count_or(given!(written.worker.count), cores);
    let deadline = reading.duration(given!(written.worker.deadline));
    let memory = reading.size(given!(written.worker.memory));
    let output_max = reading.size(given!(written.worker.output_max));
    let renew_after = reading.count(given!(written.worker.renew_after));
    Some(WorkerSettings {
        count: count?,
        deadline: deadline?,
        memory: memory?,
        output_max: output_max?,
        allow_without_landlock: written.worker.allow_without_landlock?,
        renew_after: renew_after? as u64,
    })
}

pub(super) fn limits(reading: &mut Reading<'_>) -> Option<ReadingLimits> {
    let written = reading.written;
    let depth = reading.count(given!(written.limits.depth));
    let parts = reading.count(given!(written.limits.parts));
    let headers = reading.count(given!(written.limits.headers));
    let header_bytes = reading.length(given!(written.limits.header_bytes));
    let text_bytes = reading.length(given!(written.limits.text_bytes));
    let html_bytes = reading.length(given!(written.limits.html_bytes));
    Some(ReadingLimits {
        depth: depth?,
        parts: parts?,
        headers: headers?,
        header_bytes: header_bytes?,
        text_bytes: text_bytes?,
        html_bytes: html_bytes?,
    })
}

pub(super) fn handoff(reading: &mut Reading<'_>) -> Option<Handoff> {
    let written = reading.written;
    let timeout = reading.duration(given!(written.handoff.timeout));
    let given = given!(written.handoff.address);
    let address = match reading.parsed(given, place)? {
        Place::Unix(path) => {
            let path = places::below_state_dir(reading, path)?;
            match places::fits_socket(&path) {
                Ok(()) => HandoffAddress::Unix(path),
                Err(problem) => return reading.blame_value(given, problem),
            }
        }
        Place::Tls(endpoint) => HandoffAddress::Tls(handoff_tls(reading, endpoint)?),
    };
    Some(Handoff { address, timeout: timeout? })
}

enum Place<'a> {
    Unix(&'a str),
    Tls(HostPort),
}

fn place(text: &str) -> Result<Place<'_>, Problem> {
    if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
        return Ok(Place::Unix(path));
    }
    text.strip_prefix("tls://")
        .and_then(|endpoint| endpoint.parse::<HostPort>().ok())
        .filter(|endpoint| endpoint.port != 0)
        .map(Place::Tls)
        .ok_or(Problem::NotA(Form::Handoff))
}

fn handoff_tls(reading: &mut Reading<'_>, endpoint: HostPort) -> Option<HandoffTls> {
    let written = reading.written;
    let name = reading.optional(given!(written.handoff.server_name), |text| {
        HostPort::host(text).ok_or(Problem::from(DomainError::Syntax))
    });
    let ca_file = needed(reading, given!(written.handoff.ca_file));
    let cert_file = needed(reading, given!(written.handoff.cert_file));
    let key_file = needed(reading, given!(written.handoff.key_file));
    let server_name = name?.unwrap_or_else(|| reading.derive("handoff.server_name", endpoint.host.clone()));
    Some(HandoffTls { server_name, endpoint, ca_file: ca_file?, cert_file: cert_file?, key_file: key_file? })
}

/// A file without which `tls://` has no meaning; the address is what gets blamed.
fn needed<'a>(reading: &mut Reading<'a>, given: Given<'a, String>) -> Option<std::path::PathBuf> {
    match places::file(reading, given)? {
        Some(path) => Some(path),
        None => {
            let written = reading.written;
            reading.blame_value(given!(written.handoff.address), Problem::Needs(given.key))
        }
    }
}

pub(super) fn policy(reading: &mut Reading<'_>) -> Option<PolicySettings> {
    let written = reading.written;
    let given = given!(written.policy.profile);
    let profile = reading.parsed(given, |text| match text {
        "text-only" => Ok(PolicyProfile::TextOnly),
        "rebuild-or-hold" => Ok(PolicyProfile::RebuildOrHold),
        "pixels" => Ok(PolicyProfile::Pixels),
        _ => Err(none_of_the_words(given.key)),
    });
    let file = places::file(reading, given!(written.policy.file));
    Some(PolicySettings { profile: profile?, file: file? })
}

pub(super) fn files(reading: &mut Reading<'_>) -> Option<FileSettings> {
    let written = reading.written;
    let jpeg_quality = reading.count(given!(written.files.jpeg_quality));
    let frames = reading.count(given!(written.files.frames));
    let dpi = reading.count(given!(written.files.dpi));
    // The table's bounds fit these types.
    Some(FileSettings {
        jpeg_quality: u8::try_from(jpeg_quality?).ok()?,
        frames: u32::try_from(frames?).ok()?,
        noise: written.files.noise?,
        fonts: written.files.fonts?,
        dpi: u16::try_from(dpi?).ok()?,
    })
}

pub(super) fn notice(reading: &mut Reading<'_>) -> Option<NoticeSettings> {
    let written = reading.written;
    let language = language(reading, given!(written.notice.language))?;
    Some(NoticeSettings { language })
}

pub(super) fn links(reading: &mut Reading<'_>) -> Option<LinkSettings> {
    let written = reading.written;
    let given = given!(written.links.form);
    let form = reading.parsed(given, |text| match text {
        "show" => Ok(LinkForm::Show),
        "plain" => Ok(LinkForm::Plain),
        "remove" => Ok(LinkForm::Remove),
        _ => Err(none_of_the_words(given.key)),
    });
    let mut exceptions: Vec<(Domain, LinkForm)> = Vec::new();
    for (given, form) in [
        (given!(written.links.show), LinkForm::Show),
        (given!(written.links.plain), LinkForm::Plain),
        (given!(written.links.remove), LinkForm::Remove),
    ] {
        let domains = reading.list_or_none(given, |text| {
            let domain = names::domain(text)?;
            if exceptions.iter().any(|(other, _)| *other == domain) { Err(Problem::Twice) } else { Ok(domain) }
        })?;
        exceptions.extend(domains.into_iter().map(|domain| (domain, form)));
    }
    Some(LinkSettings { form: form?, exceptions })
}

pub(super) fn authentication(reading: &mut Reading<'_>) -> Option<AuthenticationSettings> {
    let written = reading.written;
    let servers = reading.list_or_none(given!(written.authentication.servers), |text| Ok(names::domain(text)?))?;
    Some(AuthenticationSettings { servers })
}

pub(super) fn language<'a>(reading: &mut Reading<'a>, given: Given<'a, String>) -> Option<LanguageChoice> {
    reading.parsed(given, |text| match text {
        "auto" => Ok(LanguageChoice::Auto),
        "ja" => Ok(LanguageChoice::Ja),
        "en" => Ok(LanguageChoice::En),
        _ => Err(none_of_the_words(given.key)),
    })
}

pub(super) fn log(reading: &mut Reading<'_>) -> Option<LogSettings> {
    let written = reading.written;
    let given = given!(written.log.format);
    let format = reading.parsed(given, |text| match text {
        "auto" => Ok(LogFormat::Auto),
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        _ => Err(none_of_the_words(given.key)),
    });
    let filter = reading
        .parsed(given!(written.log.level), |text| text.parse::<LogFilter>().map_err(|_| Problem::NotA(Form::Level)));
    Some(LogSettings { format: format?, filter: filter? })
}

/// The problem of a word that is none of those in the table.
pub(super) fn none_of_the_words(key: &str) -> Problem {
    match keys::find(key).map(|key| key.shape) {
        Some(Shape::Choice(words)) => Problem::NotOneOf(words),
        Some(_) | None => Problem::Bug(format!("{key} is no choice")),
    }
}

/// `info,sekisho_receiver=debug`: one level, then exceptions.
impl std::str::FromStr for LogFilter {
    type Err = NoLevel;

    fn from_str(text: &str) -> Result<Self, NoLevel> {
        let mut entries = text.split(',').map(str::trim);
        let level = entries.next().and_then(log_level).ok_or(NoLevel)?;
        let targets = entries
            .map(|entry| {
                let (target, level) = entry.split_once('=').ok_or(NoLevel)?;
                let plain =
                    !target.is_empty() && target.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':');
                match log_level(level) {
                    Some(level) if plain => Ok((target.to_owned(), level)),
                    Some(_) | None => Err(NoLevel),
                }
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { level, targets })
    }
}

/// The text names no log level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLevel;

fn log_level(text: &str) -> Option<LogLevel> {
    match text {
        "error" => Some(LogLevel::Error),
        "warn" => Some(LogLevel::Warn),
        "info" => Some(LogLevel::Info),
        "debug" => Some(LogLevel::Debug),
        "trace" => Some(LogLevel::Trace),
        _ => None,
    }
}
