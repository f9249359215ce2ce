//! Files of a preview, written as they come: under safe names, into a folder
//! of the person's own, never over a file that is there.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_channel::admin::{Reply, Shown};
use sekisho_safe_message::{MAX_ATTACHED, Sha256};

use crate::screen::Screen;

/// What has come of a preview's files.
pub(super) struct Fetch {
    folder: PathBuf,
    coming: Option<(Shown, Vec<u8>)>,
}

impl Fetch {
    /// Into `folder`, which is made when it is not there; `~/` is the home.
    pub(super) fn new(folder: &str, home: Option<&Path>) -> io::Result<Self> {
        let folder = match (folder.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(folder),
        };
        if !folder.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        }
        Ok(Self { folder, coming: None })
    }

    /// Takes one reply: the name of a file that is whole now, or what is wrong.
    pub(super) fn take(&mut self, reply: &Reply) -> Option<io::Result<String>> {
        match reply {
            Reply::File(shown) if self.coming.is_some() || shown.size > MAX_ATTACHED as u64 => {
                return Some(Err(io::ErrorKind::InvalidData.into()));
            }
            Reply::File(shown) => self.coming = Some(((**shown).clone(), Vec::new())),
            Reply::Octets { data } => {
                let (shown, octets) = self.coming.as_mut()?;
                let Ok(piece) = STANDARD.decode(data) else { return Some(Err(io::ErrorKind::InvalidData.into())) };
                if octets.len() as u64 + piece.len() as u64 > shown.size {
                    return Some(Err(io::ErrorKind::InvalidData.into()));
                }
                octets.extend_from_slice(&piece);
            }
            _ => return None,
        }
        let (shown, octets) = self.coming.take_if(|(shown, octets)| octets.len() as u64 == shown.size)?;
        Some(write(&self.folder, &shown, &octets).map(|()| shown.name.to_string()))
    }

    /// Whether a file broke off.
    pub(super) fn is_whole(&self) -> bool {
        self.coming.is_none()
    }
}

fn write(folder: &Path, shown: &Shown, octets: &[u8]) -> io::Result<()> {
    let name = shown.name.as_str();
    // A safe name has no separator; one that hides, or leads up, is none here.
    if name.starts_with('.') || name.contains(['/', '\0']) || Sha256::of(octets) != shown.sha256 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(name))?;
    file.write_all(octets)?;
    file.sync_all()
}

/// Why a file was not written, for a person.
pub(super) fn explain(err: &io::Error, folder: &str, screen: &Screen) -> String {
    let folder = super::cells::plain(folder);
    match err.kind() {
        io::ErrorKind::AlreadyExists => screen.t(
            format!("{folder} に同じ名前のファイルがあります。上書きはしません。別のフォルダーを指定してください。"),
            format!("{folder} has a file of that name, and it is not overwritten: name another folder"),
        ),
        io::ErrorKind::InvalidData => screen.t(
            "ファイルが途中で途切れたか、知らせと違います。保存しませんでした。".to_owned(),
            "a file broke off or is not what was announced: it was not written".to_owned(),
        ),
        _ => screen.t(format!("{folder} に保存できません（{err}）。"), format!("cannot write to {folder} ({err})")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use sekisho_safe_message::{SafeLine, SafeName};

    use super::*;

    #[test]
    fn files_come_whole_and_never_over_others() {
        let folder = std::env::temp_dir().join(format!("sekisho-fetch-{}", std::process::id()));
        let text = folder.to_str().unwrap();
        let mut fetch = Fetch::new(text, None).unwrap();
        let file = |sha256| {
            let name = SafeName::clean("見積書.pdf").unwrap().value;
            Reply::File(Box::new(Shown { name, kind: SafeLine::clean("pdf").value, size: 6, sha256 }))
        };
        let octets = |text: &str| Reply::Octets { data: STANDARD.encode(text) };
        let good = Sha256::of(b"octets");
        assert!(fetch.take(&file(good)).is_none() && fetch.take(&octets("oct")).is_none());
        assert!(!fetch.is_whole());
        assert_eq!(fetch.take(&octets("ets")).unwrap().unwrap(), "見積書.pdf");
        assert_eq!(std::fs::read(folder.join("見積書.pdf")).unwrap(), b"octets");
        // The same name again, wrong octets, too many octets.
        fetch.take(&file(good));
        assert_eq!(fetch.take(&octets("octets")).unwrap().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        fetch.take(&file(good));
        assert_eq!(fetch.take(&octets("octots")).unwrap().unwrap_err().kind(), io::ErrorKind::InvalidData);
        fetch.take(&file(good));
        assert_eq!(fetch.take(&octets("octets!")).unwrap().unwrap_err().kind(), io::ErrorKind::InvalidData);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
