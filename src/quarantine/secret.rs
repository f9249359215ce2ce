//! A password from standard input: piped, or typed without being shown.

use std::io::{self, BufRead, IsTerminal, Read, Write};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use sekisho_safe_message::{MAX_SECRET, Secret};

use clap::ArgMatches;

use crate::exit::Exit;
use crate::screen::Screen;

/// The password, if `--password-stdin` asks for one.
pub(crate) fn secret(matches: &ArgMatches, screen: &Screen) -> Result<Option<Secret>, Exit> {
    if !matches.get_flag("password-stdin") {
        return Ok(None);
    }
    let text = if io::stdin().is_terminal() { typed(screen) } else { piped() };
    match text.ok().and_then(Secret::new) {
        Some(secret) => Ok(Some(secret)),
        None => {
            screen.error(screen.t(
                format!("パスワードを読めません（1行、{MAX_SECRET} オクテットまで）。"),
                format!("no password (one line, at most {MAX_SECRET} octets)"),
            ));
            Err(Exit::Usage)
        }
    }
}

/// One line, bounded; its line end does not belong to the password.
fn piped() -> io::Result<String> {
    let mut text = String::new();
    // One octet over the bound shows that it is passed; two for the line end.
    io::stdin().lock().take(MAX_SECRET as u64 + 3).read_line(&mut text)?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}

fn typed(screen: &Screen) -> io::Result<String> {
    let _ = write!(io::stderr().lock(), "{}", screen.t("パスワード（表示しません）: ", "Password (not shown): "));
    enable_raw_mode()?;
    let text = keys();
    disable_raw_mode()?;
    let _ = writeln!(io::stderr().lock());
    text
}

fn keys() -> io::Result<String> {
    let mut text = String::with_capacity(MAX_SECRET + 4);
    while text.len() <= MAX_SECRET {
        let Event::Key(key) = event::read()? else { continue };
        if key.kind != KeyEventKind::Press {
            continue;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => break,
            KeyCode::Char('c' | 'd') if control => return Err(io::ErrorKind::Interrupted.into()),
            KeyCode::Char(c) if !control => text.push(c),
            KeyCode::Backspace => drop(text.pop()),
            // Arrows and the like type nothing.
            _ => {}
        }
    }
    Ok(text)
}
