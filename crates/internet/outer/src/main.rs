//! `sekisho-outer`: the program on the Internet side.
//!
//! `sekisho-outer [--config FILE] [--supervised]`; with `--supervised` it also
//! ends when its standard input closes, so that it never outlives a supervisor
//! that was killed.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use sekisho_channel::program::{self, Failure};

fn main() -> ExitCode {
    program::main("sekisho-outer", env!("CARGO_PKG_VERSION"), |start| {
        let settings = start.configuration()?.outer()?;
        start.telemetry(&settings.log)?;
        let policy = sekisho_outer::policy::load(&settings.policy).map_err(Failure::Config)?;
        let worker = start.sibling("sekisho-worker")?;
        start.run(|stop| async move {
            sekisho_outer::run(settings, policy, worker, program::ready, stop).await.map_err(Failure::new)
        })
    })
}
