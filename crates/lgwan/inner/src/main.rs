//! `sekisho-inner`: the program on the LGWAN side.
//!
//! `sekisho-inner [--config FILE] [--supervised] [--version]`; log lines go to
//! standard error, `ready` to standard output once it listens.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use sekisho_channel::program::{self, Failure};
use sekisho_inner::Clock;
use sekisho_inner::program::start;

fn main() -> ExitCode {
    program::main("sekisho-inner", env!("CARGO_PKG_VERSION"), |begun| {
        let settings = begun.configuration()?.inner()?;
        begun.telemetry(&settings.log)?;
        begun.run(|stop| async move {
            let running = start(&settings, Clock::system()).await.map_err(Failure::new)?;
            program::ready();
            stop.await;
            running.stop().await;
            Ok(())
        })
    })
}
