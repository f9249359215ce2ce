//! The keys that bodies' keys are wrapped under.
//!
//! A key file has a line `ID:KEY` a key (KEY: 32 octets in base64); blank lines
//! and lines that begin with `#` count for nothing. The first key is current: it
//! wraps; the others only open what was wrapped under them before.

mod file;
mod list;

use std::fmt;
use std::path::{Path, PathBuf};

use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::hkdf;
use sekisho_safe_message::Timestamp;

use crate::error::{LineFault, VaultError};

/// A key's name: 1 to 32 ASCII letters, digits, `.`, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    /// The name, if it is one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let good = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
        ((1..=32).contains(&text.len()) && text.bytes().all(good)).then(|| Self(text.to_owned()))
    }

    /// The name of a key made on the day of `at` in Japan, other than those in
    /// `taken`: `2026-11-24`, `2026-11-24.2`...
    #[must_use]
    pub fn for_day(at: Timestamp, taken: &[Self]) -> Self {
        let c = at.in_jst().civil();
        let day = format!("{:04}-{:02}-{:02}", c.year, c.month, c.day);
        let ids = (1..).map(|number: u32| match number {
            1 => Self(day.clone()),
            number => Self(format!("{day}.{number}")),
        });
        // One of so many more names than are taken is free.
        ids.take(taken.len() + 1).find(|id| !taken.contains(id)).unwrap_or(Self(day))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One key, as what it is used for.
pub(crate) struct Key {
    pub(crate) id: KeyId,
    /// Wraps bodies' keys.
    pub(crate) wrapping: LessSafeKey,
    /// Tells whether it is the same key, and nothing else about it.
    check: [u8; CHECK],
}

/// Octets of a check value.
const CHECK: usize = 16;

impl Key {
    /// Derives (HKDF-SHA256, RFC 5869, no salt) what wraps and what checks, so
    /// that neither says anything about the other.
    fn new(id: KeyId, secret: &[u8; 32]) -> Option<Self> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret);
        let wrapping = UnboundKey::from(root.expand(&[b"sekisho vault wrap 1"], &AES_256_GCM).ok()?);
        let mut check = [0; CHECK];
        root.expand(&[b"sekisho vault check 1"], Check).ok()?.fill(&mut check).ok()?;
        Some(Self { id, wrapping: LessSafeKey::new(wrapping), check })
    }
}

/// How much HKDF makes for a check value.
#[derive(Clone, Copy)]
struct Check;

impl hkdf::KeyType for Check {
    fn len(&self) -> usize {
        CHECK
    }
}

/// The keys of one file.
pub struct Keys {
    path: PathBuf,
    current: Key,
    older: Vec<Key>,
}

impl Keys {
    /// Reads a key file.
    ///
    /// # Errors
    /// What is wrong with the file, its rights or a line of it.
    pub fn load(path: &Path) -> Result<Self, VaultError> {
        Self::parse(path, &file::read(path)?)
    }

    /// What it means that there is no key file: with keys in the list of those in
    /// use it was lost, and a new one would only hide that.
    #[must_use]
    pub fn missing(path: &Path, list: &[u8]) -> VaultError {
        let used = match list::read(list) {
            Ok(used) => used,
            Err(err) => return err,
        };
        if used.is_empty() {
            return VaultError::NoKeyFile(path.to_owned());
        }
        let keys = used.iter().map(|(id, _)| format!("\"{id}\"")).collect::<Vec<_>>().join(", ");
        VaultError::KeyFileGone { file: path.to_owned(), keys }
    }

    /// Makes a key file with one new random key, for its owner alone (0600),
    /// and has it on disk when it returns.
    ///
    /// # Errors
    /// [`VaultError::Exists`]: no file is ever overwritten. [`VaultError::Io`].
    pub fn create(path: &Path, id: &KeyId) -> Result<(), VaultError> {
        file::create(path, id)
    }

    /// Puts a new random key before the keys of a file, which keeps its owner and
    /// rights: it is current for whoever loads the file next.
    ///
    /// # Errors
    /// As [`Keys::load`]; [`VaultError::IdTaken`]; [`VaultError::Io`]. The file is as it was then.
    pub fn add(path: &Path, id: &KeyId) -> Result<(), VaultError> {
        let text = file::read(path)?;
        if Self::parse(path, &text)?.find(id).is_some() {
            return Err(VaultError::IdTaken(id.clone(), path.to_owned()));
        }
        file::prepend(path, id, &text)
    }

    /// Where they were read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key that wraps.
    #[must_use]
    pub fn current_id(&self) -> &KeyId {
        &self.current.id
    }

    /// All keys, the current one first.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.all().map(|key| &key.id)
    }

    /// The list of keys in use when all is wrapped under the current one: what is to
    /// be kept after a complete change of keys. It holds no secret.
    #[must_use]
    pub fn proof(&self) -> Vec<u8> {
        list::write([&self.current].into_iter().map(|key| (&key.id, key.check)))
    }

    /// Compares these keys with the list of keys in use (empty at the very first
    /// start); gives the list as it is to be kept from now on, before anything is
    /// sealed: the keys in it, and the current one.
    ///
    /// # Errors
    /// [`VaultError::LostKey`], [`VaultError::WrongKey`], [`VaultError::DamagedList`]:
    /// what is in the vault could not be opened.
    pub fn check(&self, list: &[u8]) -> Result<Vec<u8>, VaultError> {
        self.check_without(list, &[])
    }

    /// The same, with keys that the site has given up: they need not be there,
    /// and are no longer in the list.
    ///
    /// # Errors
    /// As [`Keys::check`].
    pub fn check_without(&self, list: &[u8], lost: &[KeyId]) -> Result<Vec<u8>, VaultError> {
        let mut used = list::read(list)?;
        used.retain(|(id, _)| !lost.contains(id) || self.find(id).is_some());
        for (id, check) in &used {
            let file = || self.path.clone();
            match self.find(id) {
                None => return Err(VaultError::LostKey { id: id.clone(), file: file() }),
                Some(key) if key.check != *check => {
                    return Err(VaultError::WrongKey { id: id.clone(), file: file() });
                }
                Some(_) => {}
            }
        }
        if !used.iter().any(|(id, _)| id == self.current_id()) {
            used.push((self.current.id.clone(), self.current.check));
        }
        Ok(list::write(used.iter().map(|(id, check)| (id, *check))))
    }

    pub(crate) fn current(&self) -> &Key {
        &self.current
    }

    pub(crate) fn find(&self, id: &KeyId) -> Option<&Key> {
        self.all().find(|key| key.id == *id)
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.older)
    }

    fn parse(path: &Path, text: &[u8]) -> Result<Self, VaultError> {
        let mut keys: Vec<(usize, Key)> = Vec::new();
        for (number, line) in file::lines(text) {
            let wrong = |fault| VaultError::Line { file: path.to_owned(), line: number, fault };
            let (id, secret) = file::key(line).map_err(wrong)?;
            let key = Key::new(id, &secret).ok_or_else(|| wrong(LineFault::Key))?;
            for (earlier, other) in &keys {
                if other.id == key.id {
                    return Err(wrong(LineFault::IdTwice(*earlier)));
                }
                if other.check == key.check {
                    return Err(wrong(LineFault::KeyTwice(*earlier)));
                }
            }
            keys.push((number, key));
        }
        let mut keys = keys.into_iter().map(|(_, key)| key);
        let current = keys.next().ok_or_else(|| VaultError::NoKey(path.to_owned()))?;
        Ok(Self { path: path.to_owned(), current, older: keys.collect() })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}
