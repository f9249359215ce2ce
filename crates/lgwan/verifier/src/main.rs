//! `sekisho-verifier`: the files of one mail, one sandboxed process.
//!
//! Owns nothing but the order of things: enter the sandbox, read file after
//! file, answer for each. Never: files, network, a second mail. It answers or
//! dies, and whoever waits for it refuses the mail.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use sekisho_sandbox::{Confinement, EXIT_USAGE, WorkerMemory};
use sekisho_verifier::answer;

/// Running out of memory is told apart from a crash.
#[global_allocator]
static MEMORY: WorkerMemory = WorkerMemory;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).collect();
    let confinement = Confinement::take_from(&mut arguments);
    if !arguments.is_empty() {
        return ExitCode::from(EXIT_USAGE);
    }
    sekisho_sandbox::serve(confinement, answer::warm, |(), input, output| {
        // A panic ends the process with a code of its own: no answer, so the
        // mail is refused. There is nobody here to tell more.
        #[expect(clippy::expect_used, reason = "dying is how a verifier says that it failed")]
        answer::run(input, output).expect("questions on the input, a reader on the output");
    })
}
