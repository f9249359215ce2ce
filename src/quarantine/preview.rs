//! `sekisho quarantine preview`: what a sandboxed worker made of a mail, as
//! text on the terminal and as files of its own writing.
//!
//! No file is saved without its [`Proof`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::ArgMatches;
use sekisho_channel::admin::{Form, Reply, Request, Shown};
use sekisho_inner::checker::Unavailable;
use sekisho_safe_message::{Language, MAX_ATTACHED, MailId, SafeText, Sha256};
use sekisho_settings::CommandSettings;
use serde_json::json;
use unicode_width::UnicodeWidthChar;

use crate::answers::{No, strange};
use crate::ask::{self, Side};
use crate::exit::Exit;
use crate::quarantine::proof::{Proof, Unproven, refused, unread};
use crate::quarantine::secret::secret;
use crate::quarantine::table::terminal_size;
use crate::screen::{Screen, Tone, size};

/// Files of one name in one directory: `a.pdf`, `a (2).pdf`...
const MAX_TWINS: u32 = 1000;
/// Columns of a line, however wide the terminal is: longer ones read badly.
const WIDEST: usize = 120;

/// What a preview has brought so far.
struct Brought {
    proof: Proof,
    text: Option<SafeText>,
    files: Vec<(Shown, PathBuf)>,
    /// What the verifier did not accept, and why.
    refused: Vec<(Shown, String)>,
    coming: Option<(Shown, Vec<u8>)>,
    trouble: Option<Trouble>,
}

enum Trouble {
    No(No),
    Strange,
    /// A file's octets are not those that were announced.
    Damaged(Shown),
    /// Nobody can say whether a file is what it should be.
    Unread(Unavailable),
    Io(PathBuf, io::Error),
}

pub(crate) fn run(matches: &ArgMatches, settings: &CommandSettings, screen: &Screen) -> Exit {
    let Some(id) = matches.get_one::<MailId>("id").copied() else { return Exit::Usage };
    let secret = match secret(matches, screen) {
        Ok(secret) => secret,
        Err(exit) => return exit,
    };
    let folder = |name| matches.get_one::<PathBuf>(name);
    let (form, folder) = match (folder("files"), folder("pictures")) {
        (Some(folder), _) => (Form::Files, Some(folder.as_path())),
        (None, Some(folder)) => (Form::Pictures, Some(folder.as_path())),
        (None, None) => (Form::Text, None),
    };
    let mut brought = Brought::new(screen.language());
    let asked = ask::each(Side::Outer, &settings.admin, &Request::Preview { id, form, secret }, |reply| {
        brought.take(reply, folder)
    });
    if let Err(err) = asked {
        return ask::unreachable(Side::Outer, &err, screen);
    }
    if brought.trouble.is_none()
        && let Some((shown, _)) = brought.coming.take()
    {
        brought.trouble = Some(Trouble::Damaged(shown));
    }
    if let Some(trouble) = &brought.trouble {
        return trouble.say(id, screen);
    }
    brought.print(id, screen)
}

impl Brought {
    fn new(language: Language) -> Self {
        let (proof, files, refused) = (Proof::new(language), Vec::new(), Vec::new());
        Self { proof, text: None, files, refused, coming: None, trouble: None }
    }

    /// Takes one reply; whether more is wanted.
    fn take(&mut self, reply: Reply, folder: Option<&Path>) -> bool {
        match reply {
            Reply::Working => true,
            Reply::Text { text } => {
                self.text = Some(text);
                true
            }
            Reply::File(shown) => {
                let sound = self.coming.is_none() && shown.size <= MAX_ATTACHED as u64;
                self.coming = Some((*shown, Vec::new()));
                sound && self.complete(folder)
            }
            Reply::Octets { data } => {
                let Some((shown, octets)) = &mut self.coming else { return self.stop(Trouble::Strange) };
                let Ok(piece) = STANDARD.decode(data) else { return self.stop(Trouble::Strange) };
                octets.extend_from_slice(&piece);
                octets.len() as u64 <= shown.size && self.complete(folder)
            }
            Reply::Done => false,
            other => self.stop(No::of(&other).map_or(Trouble::Strange, Trouble::No)),
        }
    }

    fn stop(&mut self, trouble: Trouble) -> bool {
        self.trouble = Some(trouble);
        false
    }

    /// Writes the file that comes in once it is whole.
    fn complete(&mut self, folder: Option<&Path>) -> bool {
        let Some((shown, octets)) = self.coming.take_if(|(shown, octets)| octets.len() as u64 == shown.size) else {
            return true;
        };
        if Sha256::of(&octets) != shown.sha256 {
            return self.stop(Trouble::Damaged(shown));
        }
        // Without a folder nobody asked for files: none is written anywhere.
        let Some(folder) = folder else { return true };
        match self.proof.of(&shown, &octets) {
            Ok(()) => {}
            Err(Unproven::Refused(why)) => {
                self.refused.push((shown, why));
                return true;
            }
            Err(Unproven::Unread(unavailable)) => return self.stop(Trouble::Unread(unavailable)),
        }
        match write(folder, shown.name.as_str(), &octets) {
            Ok(path) => {
                self.files.push((shown, path));
                true
            }
            Err(err) => self.stop(Trouble::Io(folder.join(shown.name.as_str()), err)),
        }
    }

    /// What the verifier did not accept, on standard error.
    fn complain(&self, screen: &Screen) {
        for (shown, why) in &self.refused {
            screen.error(refused(shown, why, screen));
        }
    }

    fn exit(&self) -> Exit {
        match (self.refused.is_empty(), self.files.is_empty()) {
            (true, _) => Exit::Ok,
            (false, false) => Exit::Partly,
            (false, true) => Exit::Refused,
        }
    }

    fn print(&self, id: MailId, screen: &Screen) -> Exit {
        self.complain(screen);
        if screen.is_json() {
            let files: Vec<_> = self.files.iter().map(|(shown, path)| json!({ "file": shown, "path": path })).collect();
            let refused: Vec<_> =
                self.refused.iter().map(|(shown, why)| json!({ "file": shown, "why": why })).collect();
            let text = &self.text;
            screen.object(&json!({
                "schema": "sekisho.preview/1", "id": id, "text": text, "files": files, "refused": refused,
            }));
            return self.exit();
        }
        let text = self.text.as_ref().map_or("", SafeText::as_str);
        let columns = if io::stdout().is_terminal() { terminal_size().map(|(columns, _)| columns) } else { None };
        match columns {
            Some(columns) => text.lines().for_each(|line| {
                wrap(line, columns.min(WIDEST)).iter().for_each(|line| screen.line(line));
            }),
            None => screen.line(text.trim_end_matches('\n')),
        }
        for (shown, path) in &self.files {
            let what = format!("{}  {}", path.display(), size(shown.size));
            screen.line(screen.paint(Tone::Dim, &screen.t(format!("書きました: {what}"), format!("written: {what}"))));
        }
        self.exit()
    }
}

impl Trouble {
    fn say(&self, id: MailId, screen: &Screen) -> Exit {
        match self {
            Self::No(no) => no.say(&id.to_string(), screen),
            Self::Strange => strange(&id.to_string(), screen),
            Self::Damaged(shown) => {
                screen.error(screen.t(
                    format!("{}: 途中で途切れたか、内容が違うため、書きませんでした。", shown.name),
                    format!("{}: it broke off or is not what was announced; not written", shown.name),
                ));
                Exit::Failed
            }
            Self::Unread(err) => {
                screen.error(unread(err, screen));
                Exit::Failed
            }
            Self::Io(path, err) => {
                screen.error(format!("{}: {err}", path.display()));
                Exit::Failed
            }
        }
    }
}

/// Writes a new file for its owner alone; an older one of the name stays.
fn write(folder: &Path, name: &str, octets: &[u8]) -> io::Result<PathBuf> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for twin in 1..=MAX_TWINS {
        let path = folder.join(twin_name(name, twin));
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => return fill(file, octets).map(|()| path),
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => {}
            Err(err) => return Err(err),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn fill(mut file: File, octets: &[u8]) -> io::Result<()> {
    file.write_all(octets)?;
    file.sync_all()
}

fn twin_name(name: &str, twin: u32) -> String {
    match (twin, name.rsplit_once('.')) {
        (1, _) => name.to_owned(),
        (twin, Some((stem, ending))) => format!("{stem} ({twin}).{ending}"),
        (twin, None) => format!("{name} ({twin})"),
    }
}

/// `line` in lines of at most `columns`, broken at blanks where there are any.
fn wrap(line: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let (mut used, mut blank) = (0, None);
    for c in line.chars() {
        let (c, width) = if c == '\t' { (' ', 1) } else { (c, c.width().unwrap_or(0)) };
        if used + width > columns
            && let Some(last) = lines.last_mut()
        {
            // Japanese breaks anywhere; a word of Latin letters goes down whole.
            let tail = blank.filter(|_| c.is_ascii_graphic()).map_or_else(String::new, |at| last.split_off(at));
            used = tail.chars().filter_map(UnicodeWidthChar::width).sum();
            lines.push(tail);
            blank = None;
        }
        if let Some(last) = lines.last_mut() {
            last.push(c);
            used += width;
            blank = if c == ' ' || !c.is_ascii() { Some(last.len()) } else { blank };
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_by_columns() {
        for (line, columns, wrapped) in [
            ("", 10, &[""][..]),
            ("会議資料を送付します", 10, &["会議資料を", "送付します"]),
            ("a quick brown fox", 9, &["a quick ", "brown fox"]),
            ("0123456789abcdef", 10, &["0123456789", "abcdef"]),
            ("資料 https://a.example/x", 12, &["資料 ", "https://a.ex", "ample/x"]),
        ] {
            assert_eq!(wrap(line, columns), wrapped, "{line}");
        }
    }

    #[test]
    fn twins_keep_their_ending() {
        assert_eq!(twin_name("a.pdf", 1), "a.pdf");
        assert_eq!(twin_name("見積書.v2.pdf", 3), "見積書.v2 (3).pdf");
        assert_eq!(twin_name("README", 2), "README (2)");
    }
}
