//! The keys that originals are sealed under, from the moment of receipt.
//!
//! Owns the key file while the program runs, and the list of keys that were
//! ever used (`vault.keys`), so that a key that is gone or wrong is seen before
//! mail is taken, and not when somebody needs an original.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use sekisho_safe_message::Timestamp;
use sekisho_settings::VaultSettings;
use sekisho_store::{BodyReader, ItemView, StoreError};
use sekisho_vault::{KeyId, Keys, Opener, VaultError};

use crate::clock::now_ms;
use crate::dispatch::Dispatch;
use crate::meta::mail_id;
use crate::small_file;

/// The key file of a program that was given none.
const OWN_KEY: &str = "vault.key";
/// Every key that something may be sealed under.
const LIST: &str = "vault.keys";

/// Why the vault does not open.
#[derive(Debug)]
pub enum OpenError {
    /// The keys.
    Keys(VaultError),
    /// A file beside them.
    File(PathBuf, io::Error),
}

/// The keys in force.
pub(crate) struct Vault {
    keys: RwLock<Arc<Keys>>,
    file: PathBuf,
    list: PathBuf,
    lost: Vec<KeyId>,
}

impl Vault {
    /// Opens the keys that the settings name; without any, makes one in
    /// `state_dir` at the first start.
    pub(crate) fn open(settings: &VaultSettings, state_dir: &Path) -> Result<Self, OpenError> {
        let list = state_dir.join(LIST);
        let file = match &settings.key_file {
            Some(file) => file.clone(),
            None => own_key(state_dir, &list)?,
        };
        let lost = settings.lost_keys.iter().filter_map(|id| KeyId::new(id)).collect::<Vec<_>>();
        let keys = load(&file, &list, &lost)?;
        Ok(Self { keys: RwLock::new(Arc::new(keys)), file, list, lost })
    }

    /// The keys as they are now.
    pub(crate) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the key file again. Who still has the keys of before may be
    /// sealing under them.
    pub(crate) fn reload(&self) -> Result<(Arc<Keys>, Weak<Keys>), OpenError> {
        let keys = Arc::new(load(&self.file, &self.list, &self.lost)?);
        let mut slot = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let before = Arc::downgrade(&std::mem::replace(&mut *slot, Arc::clone(&keys)));
        Ok((keys, before))
    }

    /// From now on only the current key is in use: every original is sealed
    /// under it.
    pub(crate) fn forget_old(&self, keys: &Keys) -> Result<(), OpenError> {
        replace(&self.list, &keys.proof())
    }

    /// Every key that something may be sealed under, in the file or in the
    /// list; the current one first.
    pub(crate) fn names(&self) -> Vec<(KeyId, bool)> {
        self.keys().ids().map(|id| (id.clone(), true)).collect()
    }

    /// A stored original as it came.
    pub(crate) fn open_body(&self, seal: &[u8], body: BodyReader) -> Result<Opener<BodyReader>, VaultError> {
        Opener::new(&self.keys(), seal, body)
    }
}

/// Why an original cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unopened {
    /// It is not kept any more.
    Gone,
    /// It is not what was stored, and will not be.
    Damaged,
    /// Its key is not there, or is another one.
    NoKey,
    /// The disk did not give it this time.
    Trouble,
}

impl Unopened {
    /// The code in answers and records.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Gone => "no-original",
            Self::Damaged => "damaged",
            Self::NoKey => "no-key",
            Self::Trouble => "internal",
        }
    }

    /// What a failed read of an opened original means: fewer octets than there
    /// were, or others.
    pub(crate) fn while_reading(err: &io::Error) -> Self {
        match err.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Damaged,
            _ => Self::Trouble,
        }
    }

    fn of_store(err: &StoreError) -> Self {
        match err {
            StoreError::NoBody | StoreError::NotFound => Self::Gone,
            StoreError::Damaged(_) => Self::Damaged,
            StoreError::Full
            | StoreError::Locked { .. }
            | StoreError::Version { .. }
            | StoreError::Busy
            | StoreError::Io { .. }
            | StoreError::Index(_)
            | StoreError::Closed
            | StoreError::Misuse(_) => Self::Trouble,
        }
    }

    fn of_vault(err: &VaultError) -> Self {
        match err {
            VaultError::UnknownKey { .. } | VaultError::LostKey { .. } | VaultError::WrongKey { .. } => Self::NoKey,
            VaultError::NoRandomness | VaultError::Io(..) => Self::Trouble,
            VaultError::DamagedSeal
            | VaultError::Damaged { .. }
            | VaultError::DamagedList(_)
            | VaultError::NoKeyFile(_)
            | VaultError::KeyFileGone { .. }
            | VaultError::NotAKeyFile(_)
            | VaultError::Exposed(..)
            | VaultError::Line { .. }
            | VaultError::NoKey(_)
            | VaultError::Exists(_)
            | VaultError::IdTaken(..) => Self::Damaged,
        }
    }
}

impl Dispatch {
    /// A mail's original as it came.
    pub(crate) fn open_original(&self, view: &ItemView) -> Result<Opener<BodyReader>, Unopened> {
        let unreadable = |why: &dyn fmt::Display, code: Unopened| {
            tracing::error!(event = "original.unreadable", id = %mail_id(view.id), error = %why);
            code
        };
        let body = self.store.body_of(view.id).map_err(|err| unreadable(&err, Unopened::of_store(&err)))?;
        self.vault.open_body(&view.seal, body).map_err(|err| unreadable(&err, Unopened::of_vault(&err)))
    }
}

fn own_key(state_dir: &Path, list: &Path) -> Result<PathBuf, OpenError> {
    let file = state_dir.join(OWN_KEY);
    // Where there was a key, a new one would hide that it is gone.
    if !file.exists() && !list.exists() {
        fs::create_dir_all(state_dir).map_err(|err| OpenError::File(state_dir.to_owned(), err))?;
        let id = KeyId::for_day(Timestamp::from_unix_ms_jst(now_ms()), &[]);
        Keys::create(&file, &id).map_err(OpenError::Keys)?;
        tracing::warn!(
            event = "vault.key-made",
            file = %file.display(),
            "keep it elsewhere (vault.key_file): beside the originals it protects little, and without it they are lost"
        );
    }
    Ok(file)
}

/// The keys of `file`, if they are all that `list` knows of and not given up.
fn load(file: &Path, list: &Path, lost: &[KeyId]) -> Result<Keys, OpenError> {
    let known = match fs::read(list) {
        Ok(known) => known,
        Err(err) if err.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(err) => return Err(OpenError::File(list.to_owned(), err)),
    };
    let keys = Keys::load(file).map_err(|err| match err {
        VaultError::NoKeyFile(_) => OpenError::Keys(Keys::missing(file, &known)),
        err => OpenError::Keys(err),
    })?;
    let now = keys.check_without(&known, lost).map_err(OpenError::Keys)?;
    if now != known {
        replace(list, &now)?;
    }
    Ok(keys)
}

fn replace(path: &Path, octets: &[u8]) -> Result<(), OpenError> {
    small_file::replace(path, octets).map_err(|err| OpenError::File(path.to_owned(), err))
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys(err) => write!(f, "{err}"),
            Self::File(path, err) => write!(f, "{}: {err}", path.display()),
        }
    }
}

impl std::error::Error for OpenError {}
