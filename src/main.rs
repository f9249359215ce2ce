//! The operator's command.
//!
//! Owns: what a person at a keyboard or a script sees. It listens to nothing,
//! opens no store, and asks each program over its admin socket; offline work
//! (`sanitize`, `disarm`) goes through the same sandboxed workers as everything else.
#![forbid(unsafe_code)]

mod answers;
mod ask;
mod audit;
mod batch;
mod bench;
mod cli;
mod config;
mod demo;
mod disarm;
mod doctor;
mod exit;
mod files;
mod lang;
mod mails;
mod metrics;
mod offline;
mod original;
mod policy;
mod quarantine;
mod review;
mod sanitize;
mod screen;
mod serve;
mod smtp;
mod status;
mod trace;
mod vault;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::ArgMatches;
use clap::error::ErrorKind;
use sekisho_settings::{Configuration, Surroundings};

use exit::Exit;
use screen::Screen;

fn main() -> ExitCode {
    let surroundings = Surroundings::of_this_process();
    let language = lang::choose(std::env::args_os(), &surroundings);
    let matches = match cli::command(language).try_get_matches() {
        Ok(matches) => matches,
        Err(err) => {
            // Help and version are answers, not errors; clap knows where each goes.
            if !err.use_stderr() || err.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
                let _ = err.print();
            } else {
                let _ = write!(io::stderr(), "{}", cli::complaint(&err, language));
            }
            return if err.use_stderr() { Exit::Usage.into() } else { Exit::Ok.into() };
        }
    };
    let screen = Screen::new(language, matches.get_flag("json"));
    run(&matches, &screen, &surroundings).into()
}

fn run(matches: &ArgMatches, screen: &Screen, surroundings: &Surroundings) -> Exit {
    let Some((name, sub)) = matches.subcommand() else { return Exit::Usage };
    let file = matches.get_one::<std::path::PathBuf>("config");
    // A file may be wrong and `verify` still be right: load it where it is used.
    let load = || Configuration::load(file.map(std::path::PathBuf::as_path), surroundings);
    let failed = |errors: sekisho_settings::SettingsErrors| screen.bad_configuration(&errors);
    match name {
        "verify" => verify::run(sub, screen),
        "config" => config::run(sub, screen, load()),
        "policy" => policy::run(sub, screen, load),
        "vault" => vault::run(sub, screen, load),
        "serve" => load().and_then(|c| c.gateway()).map_or_else(failed, |settings| serve::run(&settings, file, screen)),
        "demo" => demo::run(sub, screen),
        "bench" => bench::run(sub, screen),
        _ => match load().and_then(|c| c.command()) {
            Err(errors) => failed(errors),
            Ok(settings) => match name {
                "sanitize" => sanitize::run(sub, &settings, screen),
                "disarm" => disarm::run(sub, &settings, screen),
                "status" => status::run(sub, &settings, screen),
                "metrics" => metrics::run(sub, &settings, screen),
                "check" => doctor::run(&settings, screen),
                "show" => mails::show(sub, &settings, screen),
                "queue" => mails::queue(sub, &settings, screen),
                "trace" => trace::run(sub, &settings, screen),
                "quarantine" => quarantine::run(sub, &settings, screen),
                "original" => original::run(sub, &settings, screen),
                "audit" => audit::run(sub, &settings, screen),
                _ => Exit::Usage,
            },
        },
    }
}
