//! Written -> used, one function a struct. Each looks at every one of its keys before it gives up,
//! so that a person gets all the errors at once.

mod inner;
mod outer;
mod places;
mod review;
mod shared;

use crate::reading::{Reading, given};
use crate::{AdminSockets, CommandSettings, GatewaySettings};

pub(crate) use inner::inner;
pub(crate) use outer::outer;
pub use shared::NoLevel;

/// Both programs on one host.
pub(crate) fn gateway(reading: &mut Reading<'_>) -> Option<GatewaySettings> {
    shared::version(reading);
    let state_dir = places::state_dir(reading);
    let outer = outer(reading);
    let inner = inner(reading);
    let log = shared::log(reading);
    Some(GatewaySettings { state_dir: state_dir?, outer: outer?, inner: inner?, log: log? })
}

/// The operator's command.
pub(crate) fn command(reading: &mut Reading<'_>) -> Option<CommandSettings> {
    let written = reading.written;
    shared::version(reading);
    let state_dir = places::state_dir(reading);
    let outer_socket = places::socket(reading, given!(written.outer.admin_socket));
    let inner_socket = places::socket(reading, given!(written.inner.admin_socket));
    let language = shared::language(reading, given!(written.language));
    let helo = inner::helo(reading);
    let max_message_size = reading.size(given!(written.outer.max_message_size));
    let worker = shared::worker(reading);
    let limits = shared::limits(reading);
    let policy = shared::policy(reading);
    let files = shared::files(reading);
    let charset = inner::charset(reading);
    let notice = shared::notice(reading);
    let links = shared::links(reading);
    let authentication = shared::authentication(reading);
    let log = shared::log(reading);
    Some(CommandSettings {
        state_dir: state_dir?,
        admin: AdminSockets { outer: outer_socket?, inner: inner_socket? },
        language: language?,
        helo: helo?,
        max_message_size: max_message_size?,
        worker: worker?,
        limits: limits?,
        policy: policy?,
        files: files?,
        charset: charset?,
        notice: notice?,
        links: links?,
        authentication: authentication?,
        log: log?,
    })
}

/// Every key there is.
pub(crate) fn whole(reading: &mut Reading<'_>) -> Option<(GatewaySettings, CommandSettings)> {
    let gateway = gateway(reading);
    let command = command(reading);
    Some((gateway?, command?))
}
