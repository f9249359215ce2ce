//! Which mails a change is for: named ones, ids on standard input, or all that
//! a filter lets through, counted before anybody is asked.

use std::io::{self, BufRead, IsTerminal, Write};
use std::ops::ControlFlow;

use clap::ArgMatches;
use sekisho_safe_message::{MailId, SafeLine};
use sekisho_settings::CommandSettings;

use crate::ask::Side;
use crate::exit::Exit;
use crate::quarantine::filter::selection;
use crate::quarantine::now_ms;
use crate::quarantine::pages::{Place, Walk};
use crate::screen::Screen;

/// Most mails of one change: 16 octets each.
const MAX_MAILS: usize = 1_000_000;
/// From here on a `y` is not enough: the number has to be typed.
const MANY: usize = 10;

/// An id on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// It.
    Id(MailId),
    /// `-`: ids on standard input, one a line.
    Stdin,
}

/// Mails to act on.
#[derive(Debug)]
pub(crate) struct Targets {
    /// Each once, in the order given or listed.
    pub(crate) ids: Vec<MailId>,
    /// Whether a filter chose them, and not a person one by one.
    pub(crate) chosen_by_filter: bool,
}

/// The ids that were named.
pub(crate) fn named(matches: &ArgMatches, screen: &Screen) -> Result<Vec<MailId>, Exit> {
    let mut ids = Vec::new();
    for given in matches.get_many::<Given>("id").into_iter().flatten() {
        match given {
            Given::Id(id) => ids.push(*id),
            Given::Stdin => ids.extend(read_ids(io::stdin().lock(), screen)?),
        }
    }
    // Twice the same: the second time it would only be told that it is done.
    let mut seen = std::collections::BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    Ok(ids)
}

/// Ids, one a line; what stands behind a blank is the rest of a list's line.
fn read_ids(input: impl BufRead, screen: &Screen) -> Result<Vec<MailId>, Exit> {
    let mut ids = Vec::new();
    for line in input.lines() {
        let line = line.map_err(|err| {
            screen.error(screen.t(format!("標準入力: {err}"), format!("standard input: {err}")));
            Exit::Failed
        })?;
        let Some(word) = line.split_whitespace().next() else { continue };
        let Ok(id) = word.to_ascii_uppercase().parse() else {
            let word = SafeLine::clean(word).value;
            screen.error(screen.t(
                format!("標準入力: {word} は管理番号ではありません。"),
                format!("standard input: {word} is not a mail's id"),
            ));
            return Err(Exit::Usage);
        };
        if ids.len() == MAX_MAILS {
            return Err(too_many(screen));
        }
        ids.push(id);
    }
    Ok(ids)
}

/// The mails that a change is for.
pub(crate) fn targets(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Result<Targets, Exit> {
    let selection = selection(matches, now_ms(), screen)?;
    let all = matches.get_flag("all");
    if matches.contains_id("id") {
        if selection.narrowed || all {
            screen.error(screen.t(
                "管理番号と絞り込み（または --all）を同時に指定することはできません。",
                "give ids or filters (or --all), not both",
            ));
            return Err(Exit::Usage);
        }
        return Ok(Targets { ids: named(matches, screen)?, chosen_by_filter: false });
    }
    if !selection.narrowed && !all {
        screen.error(screen.t(
            "管理番号か絞り込みを指定してください。確認を待つものすべてなら --all を付けてください。",
            "name mails or filters; for everything that waits for a review, say --all",
        ));
        return Err(Exit::Usage);
    }
    let walk = Walk { side: Side::Outer, settings, sections: &selection.sections, limit: None, newest_first: false };
    let mut ids = Vec::new();
    let walked = walk.run(Place::default(), |_, item| {
        ids.push(item.id);
        if ids.len() > MAX_MAILS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    walked.map_err(|stop| stop.say(Side::Outer, screen))?;
    if ids.len() > MAX_MAILS {
        return Err(too_many(screen));
    }
    Ok(Targets { ids, chosen_by_filter: true })
}

fn too_many(screen: &Screen) -> Exit {
    screen.error(screen.t(
        format!("一度に扱えるのは {MAX_MAILS} 通までです。絞り込んでください。"),
        format!("at most {MAX_MAILS} mails at a time: narrow it down"),
    ));
    Exit::Usage
}

/// Asks whether to go on; `question` names the act. Without a terminal only
/// `--yes` is an answer.
pub(crate) fn confirmed(count: usize, question: &str, screen: &Screen) -> Result<(), Exit> {
    if !io::stdin().is_terminal() {
        screen.error(screen.t(
            format!("{question} 端末ではないため確認できません。--yes を付けてください。"),
            format!("{question} There is no terminal to ask on: say --yes"),
        ));
        return Err(Exit::Usage);
    }
    let (wanted, prompt) = if count > MANY {
        (
            count.to_string(),
            screen.t(format!("実行するには件数（{count}）を入力"), format!("type the number ({count}) to go on")),
        )
    } else {
        ("y".to_owned(), screen.t("実行しますか [y/N]".to_owned(), "go on? [y/N]".to_owned()))
    };
    let _ = write!(io::stderr().lock(), "{question} {prompt}: ");
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim().eq_ignore_ascii_case(&wanted) {
        return Ok(());
    }
    screen.error(screen.t("取りやめました。何も変わっていません。", "nothing was done"));
    Err(Exit::Failed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;
    use sekisho_safe_message::Language;

    #[test]
    fn ids_are_read_from_lists() {
        let screen = Screen::new(Language::En, true);
        let (a, b) = (MailId::new(1, [2; 10]), MailId::new(3, [4; 10]));
        let text = format!("{a}\n\n  {}  held  x\n", b.to_string().to_lowercase());
        assert_eq!(read_ids(text.as_bytes(), &screen).unwrap(), [a, b]);
        assert_eq!(read_ids(&b"x\n"[..], &screen).unwrap_err(), Exit::Usage);
        assert_eq!(read_ids(&b"\xff\n"[..], &screen).unwrap_err(), Exit::Failed);
    }
}
