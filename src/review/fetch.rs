//! Files of a preview, written as they come and are proven: under safe names,
//! into a folder of the person's own, never over a file that is there.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho_channel::admin::{Reply, Shown};
use sekisho_inner::checker::Unavailable;
use sekisho_safe_message::{Language, MAX_ATTACHED, Sha256};

use crate::quarantine::proof::{self, Proof, Unproven};
use crate::screen::Screen;

/// What has come of a preview's files.
pub(super) struct Fetch {
    folder: PathBuf,
    proof: Proof,
    coming: Option<(Shown, Vec<u8>)>,
}

/// Why a file was not written.
#[derive(Debug)]
pub(super) enum NotSaved {
    /// The system, or the program's answers.
    Io(io::Error),
    /// The verifier does not accept it.
    Refused(Box<Shown>, String),
    /// The verifier cannot be asked.
    Unread(Unavailable),
}

impl Fetch {
    /// Into `folder`, which is made when it is not there; `~/` is the home.
    pub(super) fn new(folder: &str, home: Option<&Path>, language: Language) -> io::Result<Self> {
        let folder = match (folder.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(folder),
        };
        if !folder.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        }
        Ok(Self { folder, proof: Proof::new(language), coming: None })
    }

    /// Takes one reply: the name of a file that is whole now, or what is wrong.
    pub(super) fn take(&mut self, reply: &Reply) -> Option<Result<String, NotSaved>> {
        match reply {
            Reply::File(shown) if self.coming.is_some() || shown.size > MAX_ATTACHED as u64 => {
                return Some(Err(NotSaved::damaged()));
            }
            Reply::File(shown) => self.coming = Some(((**shown).clone(), Vec::new())),
            Reply::Octets { data } => {
                let (shown, octets) = self.coming.as_mut()?;
                let Ok(piece) = STANDARD.decode(data) else { return Some(Err(NotSaved::damaged())) };
                if octets.len() as u64 + piece.len() as u64 > shown.size {
                    return Some(Err(NotSaved::damaged()));
                }
                octets.extend_from_slice(&piece);
            }
            _ => return None,
        }
        let (shown, octets) = self.coming.take_if(|(shown, octets)| octets.len() as u64 == shown.size)?;
        Some(self.saved(&shown, &octets).map(|()| shown.name.to_string()))
    }

    fn saved(&self, shown: &Shown, octets: &[u8]) -> Result<(), NotSaved> {
        if Sha256::of(octets) != shown.sha256 {
            return Err(NotSaved::damaged());
        }
        self.proof.of(shown, octets).map_err(|err| match err {
            Unproven::Refused(why) => NotSaved::Refused(Box::new(shown.clone()), why),
            Unproven::Unread(unavailable) => NotSaved::Unread(unavailable),
        })?;
        write(&self.folder, shown, octets).map_err(NotSaved::Io)
    }

    /// Whether a file broke off.
    pub(super) fn is_whole(&self) -> bool {
        self.coming.is_none()
    }
}

impl NotSaved {
    /// It broke off, or is not what was announced.
    pub(super) fn damaged() -> Self {
        Self::Io(io::ErrorKind::InvalidData.into())
    }
}

fn write(folder: &Path, shown: &Shown, octets: &[u8]) -> io::Result<()> {
    let name = shown.name.as_str();
    // A safe name has no separator; one that hides, or leads up, is none here.
    if name.starts_with('.') || name.contains(['/', '\0']) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(name))?;
    file.write_all(octets)?;
    file.sync_all()
}

/// Why a file was not written, for a person.
pub(super) fn explain(err: &NotSaved, folder: &str, screen: &Screen) -> String {
    let err = match err {
        NotSaved::Io(err) => err,
        NotSaved::Refused(shown, why) => return proof::refused(shown, why, screen),
        NotSaved::Unread(unavailable) => return proof::unread(unavailable, screen),
    };
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

    const TEXT: &str = "見積もり";

    fn fetch(folder: &Path) -> Fetch {
        Fetch::new(folder.to_str().unwrap(), None, Language::En).unwrap()
    }

    fn file(sha256: Sha256) -> Reply {
        let name = SafeName::clean("見積書.txt").unwrap().value;
        let size = TEXT.len() as u64;
        Reply::File(Box::new(Shown { name, kind: SafeLine::clean("txt").value, size, sha256 }))
    }

    fn octets(octets: &[u8]) -> Reply {
        Reply::Octets { data: STANDARD.encode(octets) }
    }

    /// That there is no verifier beside a test is the last thing that is seen.
    #[test]
    fn files_come_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let (mut fetch, good) = (fetch(dir.path()), Sha256::of(TEXT.as_bytes()));
        assert!(fetch.take(&file(good)).is_none() && fetch.take(&octets(&TEXT.as_bytes()[..4])).is_none());
        assert!(!fetch.is_whole());
        let last = fetch.take(&octets(&TEXT.as_bytes()[4..])).unwrap();
        assert!(matches!(last, Err(NotSaved::Unread(_))), "{last:?}");
        for wrong in [&b"octots-octot"[..], b"octets-octets!"] {
            fetch.take(&file(good));
            let damaged = fetch.take(&octets(wrong)).unwrap();
            assert!(
                matches!(&damaged, Err(NotSaved::Io(err)) if err.kind() == io::ErrorKind::InvalidData),
                "{damaged:?}"
            );
            fetch.coming = None;
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing unproven is written");
    }

    #[test]
    fn no_file_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let Reply::File(shown) = file(Sha256::of(b"octets")) else { return };
        write(dir.path(), &shown, b"octets").unwrap();
        assert_eq!(std::fs::read(dir.path().join("見積書.txt")).unwrap(), b"octets");
        assert_eq!(write(dir.path(), &shown, b"others").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
