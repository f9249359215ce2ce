//! The worker: one mail, one sandboxed process.
//!
//! Owns nothing but the order of things: enter the sandbox, read one job and
//! its mail, sanitize, write one answer. Never: files, network, a second mail,
//! a way to go on after something went wrong. It answers in full or dies, and
//! whoever waits for it holds the mail.
#![forbid(unsafe_code)]

mod answer;
mod fonts;
mod share;

use std::process::ExitCode;

use sekisho_sandbox::{Confinement, EXIT_USAGE, WorkerMemory};

/// Running out of memory is told apart from a crash.
#[global_allocator]
static MEMORY: WorkerMemory = WorkerMemory;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).collect();
    let confinement = Confinement::take_from(&mut arguments);
    if !arguments.is_empty() {
        return ExitCode::from(EXIT_USAGE);
    }
    sekisho_sandbox::serve(confinement, prepare, |fonts, input, output| {
        // A panic ends the process with a code of its own: no answer, so the
        // mail is held. There is nobody here to tell more.
        #[expect(clippy::expect_used, reason = "dying is how a worker says that it failed")]
        answer::run(input, output, fonts).expect("a job and its mail on the input, a reader on the output");
    })
}

/// What all workers share: warm tables, and the machine's fonts.
fn prepare() -> sekisho_sanitizer::Fonts {
    answer::warm();
    fonts::load()
}
