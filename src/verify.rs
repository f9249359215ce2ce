//! `sekisho verify`: the independent reading of output mails.

use std::path::PathBuf;

use clap::ArgMatches;
use sekisho_inner::Checker;
use sekisho_inner::checker::NotProven;
use sekisho_safe_message::Untrusted;

use crate::exit::Exit;
use crate::files::{self, FilesError};
use crate::screen::{Screen, Tone};

/// No output of ours is larger: attachments at their bound in base64, text, and
/// headers.
const MAX: u64 = 128 << 20;

pub(crate) fn run(matches: &ArgMatches, screen: &Screen) -> Exit {
    let inputs = match files::collect(matches.get_many::<PathBuf>("input").into_iter().flatten().cloned()) {
        Ok(inputs) => inputs,
        Err(FilesError::Unreadable(path, err)) => {
            screen.error(format!("{}: {err}", path.display()));
            return Exit::Failed;
        }
        Err(FilesError::Twice(name)) => {
            screen.error(format!("{}: {}", name.display(), screen.t("二度指定されています", "given twice")));
            return Exit::Usage;
        }
    };
    let checker = Checker::beside();
    let (mut accepted, mut refused, mut failed) = (0, 0, 0);
    let quiet = inputs.len() > 1;
    for input in &inputs {
        let name = input.name.display().to_string();
        let (verdict, detail) = match files::read(input, MAX) {
            Err(err) => {
                failed += 1;
                screen.error(format!("{name}: {err}"));
                continue;
            }
            Ok(bytes) => match checker.read(Untrusted::new(&bytes)) {
                Ok(reading) => {
                    accepted += 1;
                    ("accepted", reading.id.to_string())
                }
                Err(err @ NotProven::Unavailable(_)) => {
                    failed += 1;
                    screen.error(format!("{name}: {err}"));
                    continue;
                }
                Err(violation) => {
                    refused += 1;
                    ("refused", violation.to_string())
                }
            },
        };
        if screen.is_json() {
            let object = serde_json::json!({ "schema": "sekisho.verify/1", "input": name, "verdict": verdict, "detail": detail });
            screen.object(&object);
        } else if verdict == "refused" {
            let word = screen.paint(Tone::Bad, screen.t("不合格", "refused"));
            screen.line(format!("{word}  {name}  {detail}"));
        } else if !quiet {
            let word = screen.paint(Tone::Good, screen.t("合格", "accepted"));
            screen.line(format!("{word}  {name}  {detail}"));
        }
    }
    if quiet && !screen.is_json() {
        screen.line(screen.t(
            format!("合格 {accepted}通、不合格 {refused}通、失敗 {failed}通"),
            format!("{accepted} accepted, {refused} refused, {failed} failed"),
        ));
    }
    match (accepted, refused, failed) {
        (_, _, 1..) => Exit::Failed,
        (_, 0, _) => Exit::Ok,
        (0, _, _) => Exit::Refused,
        (_, _, _) => Exit::Partly,
    }
}
