//! Delivery into a Maildir: a file is written in `tmp`, synced, moved to
//! `new`, and the directory synced; only then is the mail delivered.
//!
//! A file's name is made of the mail's id, so that a mail which is delivered
//! again (after a crash between delivery and record) stands there once.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sekisho_safe_message::MailId;
use sekisho_verify::VerifiedMail;

use super::outcome::{Attempt, Trouble, Verdict};
use super::{SetUpError, Transport};

/// One Maildir for every recipient.
pub struct Maildir {
    dir: Arc<PathBuf>,
    /// Ids made before this moment may have been delivered by a former run.
    started_ms: u64,
}

impl Maildir {
    /// The Maildir in `dir`, made if it is missing (0700).
    ///
    /// # Errors
    /// [`SetUpError::Maildir`].
    pub fn open(dir: &Path, started_ms: u64) -> Result<Self, SetUpError> {
        for part in ["tmp", "new", "cur"] {
            let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir.join(part));
            made.map_err(|err| SetUpError::Maildir(dir.to_owned(), err))?;
        }
        Ok(Self { dir: Arc::new(dir.to_owned()), started_ms })
    }
}

impl Transport for Maildir {
    async fn deliver(&self, mail: &VerifiedMail) -> Attempt {
        let (dir, mail, started_ms) = (Arc::clone(&self.dir), mail.clone(), self.started_ms);
        let recipients = mail.envelope().to().len();
        let written = tokio::task::spawn_blocking(move || deliver(&dir, &mail, started_ms)).await;
        match written {
            Ok(Ok(())) => Attempt::Judged(vec![Verdict::Done(None); recipients]),
            Ok(Err(_)) | Err(_) => Attempt::Closed(Trouble::Disk),
        }
    }

    async fn probe(&self) -> Result<(), Trouble> {
        let dir = Arc::clone(&self.dir);
        let probed = tokio::task::spawn_blocking(move || tempfile(&dir, "probe").and_then(fs::remove_file)).await;
        match probed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Trouble::Disk),
        }
    }
}

/// Seconds and unique part, as Maildir names go; the id makes it unique.
fn name(id: MailId) -> String {
    format!("{}.{id}.sekisho", id.unix_ms() / 1000)
}

fn deliver(dir: &Path, mail: &VerifiedMail, started_ms: u64) -> io::Result<()> {
    let name = name(mail.id());
    let target = dir.join("new").join(&name);
    if mail.id().unix_ms() < started_ms && (target.try_exists()? || was_seen(dir, &name)?) {
        return Ok(());
    }
    let temporary = dir.join("tmp").join(&name);
    // Left behind by a crash, it may be cut short: written again.
    let options = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).to_owned();
    let mut file = options.open(&temporary)?;
    file.write_all(mail.bytes())?;
    file.sync_all()?;
    fs::rename(&temporary, &target)?;
    File::open(dir.join("new"))?.sync_all()
}

/// Whether a mail program has moved it to `cur`, where it adds flags to the
/// name.
fn was_seen(dir: &Path, name: &str) -> io::Result<bool> {
    for entry in fs::read_dir(dir.join("cur"))? {
        if entry?.file_name().as_encoded_bytes().starts_with(name.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn tempfile(dir: &Path, name: &str) -> io::Result<PathBuf> {
    let path = dir.join("tmp").join(name);
    File::create(&path)?;
    Ok(path)
}
