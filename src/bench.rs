//! `sekisho bench`: hands over to the sibling program that measures, so that
//! the operator's command links no code that makes load.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use clap::ArgMatches;
use sekisho_channel::program::sibling;

use crate::exit::Exit;
use crate::lang::pick;
use crate::screen::Screen;

/// The program that measures.
const PROGRAM: &str = "sekisho-bench";

/// Becomes that program, with the arguments given and this one's language and
/// form of output; its exit code is the command's. Returns only if it cannot.
pub(crate) fn run(matches: &ArgMatches, screen: &Screen) -> Exit {
    let program = match sibling(PROGRAM) {
        Ok(program) => program,
        Err(err) => {
            screen.error(screen.t(
                format!("{err}。同じパッケージの {PROGRAM} を sekisho と同じ場所に置いてください。"),
                format!("{err}; put the package's {PROGRAM} beside sekisho"),
            ));
            return Exit::Failed;
        }
    };
    let mut bench = Command::new(&program);
    bench.args(["load", "--lang", pick(screen.language(), "ja", "en")]);
    if screen.is_json() {
        bench.arg("--json");
    }
    if let Some(file) = matches.get_one::<PathBuf>("config") {
        bench.arg("--config").arg(file);
    }
    // A gateway of its own is this very program.
    if let Ok(own) = std::env::current_exe() {
        bench.arg("--program").arg(own);
    }
    let given = matches.get_many::<OsString>("arguments").into_iter().flatten();
    let err = bench.args(without_globals(given, screen.is_json())).exec();
    screen.error(format!("{}: {err}", program.display()));
    Exit::Failed
}

/// Language and form were read already, wherever they stood.
fn without_globals<'a>(mut given: impl Iterator<Item = &'a OsString>, json: bool) -> Vec<&'a OsString> {
    let mut rest = Vec::new();
    while let Some(argument) = given.next() {
        match argument.to_str() {
            Some("--lang") => drop(given.next()),
            Some("--json") if json => {}
            Some(text) if text.starts_with("--lang=") => {}
            _ => rest.push(argument),
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_and_form_are_told_once() {
        let given: Vec<OsString> = ["a", "--lang", "ja", "--lang=en", "--rate", "5"].map(Into::into).into();
        assert_eq!(without_globals(given.iter(), false), ["a", "--rate", "5"]);
        let json: Vec<OsString> = ["--json", "a"].map(Into::into).into();
        assert_eq!(without_globals(json.iter(), true), ["a"]);
        assert_eq!(without_globals(json.iter(), false), ["--json", "a"]);
    }
}
