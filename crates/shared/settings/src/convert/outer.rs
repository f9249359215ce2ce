//! The Internet side.

use std::net::SocketAddr;

use super::{places, review, shared};
use crate::error::{Form, Problem};
use crate::names;
use crate::reading::{Reading, given};
use crate::{
    Domain, Domains, IpNet, Keep, Networks, OuterSettings, ReceiverSettings, ReceiverTls, RetentionSettings,
    ServerIdentity, VaultSettings,
};

pub(crate) fn outer(reading: &mut Reading<'_>) -> Option<OuterSettings> {
    let written = reading.written;
    shared::version(reading);
    let state_dir = places::below_state_dir(reading, "outer");
    let admin_socket = places::socket(reading, given!(written.outer.admin_socket));
    let receiver = receiver(reading);
    let min_free_space = reading.size(given!(written.outer.min_free_space));
    let worker = shared::worker(reading);
    let limits = shared::limits(reading);
    let handoff = shared::handoff(reading);
    let vault = vault(reading);
    let roles = review::roles(reading);
    let review = review::review(reading);
    let original = review::original(reading, receiver.as_ref());
    let passwords = review::passwords(reading);
    let policy = shared::policy(reading);
    let files = shared::files(reading);
    let notice = shared::notice(reading);
    let links = shared::links(reading);
    let authentication = shared::authentication(reading);
    let log = shared::log(reading);
    Some(OuterSettings {
        state_dir: state_dir?,
        admin_socket: admin_socket?,
        receiver: receiver?,
        min_free_space: min_free_space?,
        worker: worker?,
        limits: limits?,
        handoff: handoff?,
        vault: vault?,
        roles: roles?,
        review: review?,
        original: original?,
        passwords: passwords?,
        policy: policy?,
        files: files?,
        notice: notice?,
        links: links?,
        authentication: authentication?,
        log: log?,
    })
}

fn receiver(reading: &mut Reading<'_>) -> Option<ReceiverSettings> {
    let written = reading.written;
    let listen = reading.list(given!(written.outer.listen), |text| {
        let address = text.parse::<SocketAddr>();
        address.map(|one| vec![one]).map_err(|_| Problem::NotA(Form::ListenAddress))
    });
    let hostname = hostname(reading);
    let admitted = admitted(reading);
    let max_message_size = reading.size(given!(written.outer.max_message_size));
    let max_recipients = reading.count(given!(written.outer.max_recipients));
    let max_connections = reading.count(given!(written.outer.max_connections));
    let per_client = reading.count(given!(written.outer.max_connections_per_client));
    let max_errors = reading.count(given!(written.outer.max_errors));
    let max_commands = reading.count(given!(written.outer.max_commands));
    let max_command_line = reading.count(given!(written.outer.max_command_line));
    let max_data_line = reading.count(given!(written.outer.max_data_line));
    let max_received = reading.count(given!(written.outer.max_received));
    let command_timeout = reading.duration(given!(written.outer.command_timeout));
    let data_timeout = reading.duration(given!(written.outer.data_timeout));
    let max_session = reading.duration(given!(written.outer.max_session));
    let tls = tls(reading);
    let (domains, clients) = admitted?;
    let max_recipients = max_recipients?;
    let max_commands = max_commands?;
    if max_recipients >= max_commands {
        return reading.blame("outer.max_recipients", Problem::NotBelow("outer.max_commands"));
    }
    Some(ReceiverSettings {
        listen: listen?,
        hostname: hostname?,
        domains,
        clients,
        max_message_size: max_message_size?,
        max_recipients,
        max_connections: max_connections?,
        max_connections_per_client: per_client?,
        max_errors: max_errors?,
        max_commands,
        max_command_line: max_command_line?,
        max_data_line: max_data_line?,
        max_received: max_received?,
        command_timeout: command_timeout?,
        data_timeout: data_timeout?,
        max_session: max_session?,
        tls: tls?,
    })
}

fn hostname(reading: &mut Reading<'_>) -> Option<Domain> {
    let written = reading.written;
    let given = given!(written.outer.hostname);
    let hostname = reading.optional(given, |text| names::domain(text).map_err(Problem::from))?;
    let machine = reading.surroundings.hostname.clone();
    Some(hostname.unwrap_or_else(|| reading.derive(given.key, machine)))
}

/// Whose mail for whom; never anybody's for everybody.
fn admitted(reading: &mut Reading<'_>) -> Option<(Domains, Networks)> {
    let written = reading.written;
    let domains = reading.list(given!(written.outer.domains), |text| match text {
        "*" => Ok(vec![None]),
        name => {
            let domain = names::domain(name).map_err(Problem::from)?;
            Ok(vec![Some(domain)])
        }
    });
    let clients = reading.list(given!(written.outer.clients), |text| match text {
        "loopback" => Ok(Networks::loopback().0),
        net => {
            let net = net.parse::<IpNet>().map_err(Problem::from)?;
            Ok(vec![net])
        }
    });
    let clients = Networks(clients?);
    // One `*` makes the whole list mean any domain.
    let domains = domains?.into_iter().collect::<Option<Vec<Domain>>>();
    let domains = domains.map_or(Domains::Any, Domains::Listed);
    if domains == Domains::Any && !clients.is_loopback() {
        return reading.blame("outer.clients", Problem::OpenRelay);
    }
    Some((domains, clients))
}

fn tls(reading: &mut Reading<'_>) -> Option<ReceiverTls> {
    const CERT: &str = "outer.tls_cert_file";
    const KEY: &str = "outer.tls_key_file";
    let written = reading.written;
    let cert_file = places::file(reading, given!(written.outer.tls_cert_file));
    let key_file = places::file(reading, given!(written.outer.tls_key_file));
    let required = written.outer.require_tls?;
    match (cert_file?, key_file?) {
        (Some(cert_file), Some(key_file)) => {
            let identity = ServerIdentity { cert_file, key_file };
            Some(if required { ReceiverTls::Required(identity) } else { ReceiverTls::Offered(identity) })
        }
        (Some(_), None) => reading.blame(CERT, Problem::Needs(KEY)),
        (None, Some(_)) => reading.blame(KEY, Problem::Needs(CERT)),
        (None, None) if required => reading.blame("outer.require_tls", Problem::Needs(CERT)),
        (None, None) => Some(ReceiverTls::Off),
    }
}

/// One period for all, and where wanted one of its own for a class.
fn retention(reading: &mut Reading<'_>) -> Option<RetentionSettings> {
    let written = reading.written;
    let all = reading.duration(given!(written.vault.retention));
    let held = reading.duration_if(given!(written.vault.retention_held));
    let [quarantined, delivered, unchanged, released] = [
        given!(written.vault.retention_quarantined),
        given!(written.vault.retention_delivered),
        given!(written.vault.retention_unchanged),
        given!(written.vault.retention_released),
    ]
    .map(|given| reading.duration_or(given, all));
    Some(RetentionSettings {
        held: held?,
        quarantined: quarantined?,
        delivered: delivered?,
        unchanged: unchanged?,
        released: released?,
    })
}

fn vault(reading: &mut Reading<'_>) -> Option<VaultSettings> {
    let written = reading.written;
    let given = given!(written.vault.keep);
    let keep = reading.parsed(given, |text| match text {
        "held" => Ok(Keep::Held),
        "changed" => Ok(Keep::Changed),
        "all" => Ok(Keep::All),
        _ => Err(shared::none_of_the_words(given.key)),
    });
    let retention = retention(reading);
    let record_retention = reading.duration(given!(written.vault.record_retention));
    let key_file = places::file(reading, given!(written.vault.key_file));
    let lost_keys = reading.list_or_none(given!(written.vault.lost_keys), |text| {
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let good = (1..=32).contains(&text.len()) && text.chars().all(named);
        if good { Ok(text.to_owned()) } else { Err(Problem::NotA(Form::KeyId)) }
    });
    Some(VaultSettings {
        keep: keep?,
        retention: retention?,
        record_retention: record_retention?,
        key_file: key_file?,
        lost_keys: lost_keys?,
    })
}
