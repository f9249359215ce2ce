//! What can be wrong with keys, seals and sealed bodies: which thing, and what to
//! do about it. No message has a key in it.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use sekisho_safe_message::Language;

use crate::keys::KeyId;

/// What is wrong with a line of a key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineFault {
    /// It is not `ID:KEY`.
    Form,
    /// The id has other characters than letters, digits, `.`, `_` and `-`, or not 1 to 32.
    Id,
    /// The key is not 32 octets in base64.
    Key,
    /// The id stands on an earlier line, too.
    IdTwice(usize),
    /// The key stands on an earlier line, too, under another id.
    KeyTwice(usize),
}

/// What went wrong.
#[derive(Debug)]
pub enum VaultError {
    /// There is no key file.
    NoKeyFile(PathBuf),
    /// The key file is gone, and originals are sealed under its keys.
    KeyFileGone {
        /// The key file.
        file: PathBuf,
        /// The names of the keys, as they are written in the settings.
        keys: String,
    },
    /// A file cannot be read or written.
    Io(PathBuf, io::Error),
    /// The key file is no regular file, or over its bound.
    NotAKeyFile(PathBuf),
    /// Others than the owner may read or write the key file; its mode.
    Exposed(PathBuf, u32),
    /// A line of the key file is wrong.
    Line {
        /// The key file.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        fault: LineFault,
    },
    /// The key file has no key.
    NoKey(PathBuf),
    /// There is a file already where a new one was to be.
    Exists(PathBuf),
    /// The id of a new key is in the file already.
    IdTaken(KeyId, PathBuf),
    /// Originals were sealed under a key that is not in the file any more.
    LostKey {
        /// Its id.
        id: KeyId,
        /// The key file.
        file: PathBuf,
    },
    /// The list of keys in use cannot be read: its line.
    DamagedList(usize),
    /// An item's key is not in the file.
    UnknownKey {
        /// The key's id.
        id: KeyId,
        /// The key file.
        file: PathBuf,
    },
    /// The key under this id is not the one that was used under it (or the
    /// seal is damaged).
    WrongKey {
        /// The key's id.
        id: KeyId,
        /// The key file.
        file: PathBuf,
    },
    /// An item's seal is not one.
    DamagedSeal,
    /// A body is not what was sealed.
    Damaged {
        /// From this octet of the original on.
        at: u64,
    },
    /// The operating system gives no random octets.
    NoRandomness,
}

impl VaultError {
    /// What is wrong and what to do, for a person.
    #[must_use]
    pub fn localized(&self, language: Language) -> String {
        match language {
            Language::Ja => self.japanese(),
            Language::En => self.english(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::NoKeyFile(path) => {
                format!("{}: no such key file; make one with: sekisho vault key new FILE", path.display())
            }
            Self::KeyFileGone { file, keys } => {
                let file = file.display();
                format!(
                    "{file}: the key file is gone, and originals are sealed under its keys: put it back from your copy; \
                     if it is lost for good, set vault.lost_keys = [{keys}] and make a key of another name with: \
                     sekisho vault key new {file} --name NAME; originals under the lost keys stay closed"
                )
            }
            Self::Io(path, err) => format!("{}: {err}", path.display()),
            Self::NotAKeyFile(path) => format!("{}: not a key file (a regular file of at most 64 KiB)", path.display()),
            Self::Exposed(path, mode) => {
                let path = path.display();
                format!("{path}: others may read or write this key file (mode {mode:04o}); chmod 0600 {path}")
            }
            Self::Line { file, line, fault } => format!("{}:{line}: {}", file.display(), fault.english()),
            Self::NoKey(path) => {
                format!("{}: there is no key in it; add one with: sekisho vault key add FILE", path.display())
            }
            Self::Exists(path) => format!("{}: it exists already and is not overwritten", path.display()),
            Self::IdTaken(id, path) => format!("{}: a key {id} is in it already; choose another id", path.display()),
            Self::LostKey { id, file } => format!(
                "originals are sealed under key {id}, which is not in {}: put its line back; if it is lost for good, \
                 name it in vault.lost_keys: originals under it stay closed",
                file.display()
            ),
            Self::DamagedList(line) => format!(
                "outer/vault.keys below the state directory is damaged (line {line}): make sure that the key file is \
                 the right one, then delete that file; it is made anew"
            ),
            Self::UnknownKey { id, file } => {
                format!("sealed under key {id}; that key is not in {}: put its line back", file.display())
            }
            Self::WrongKey { id, file } => format!(
                "the key {id} in {} is not the one that was used under this id: put the right line back",
                file.display()
            ),
            Self::DamagedSeal => "the seal of this original is damaged: it cannot be opened".to_owned(),
            Self::Damaged { at } => {
                format!("the original is damaged from octet {at} on: restore it from a backup of the state directory")
            }
            Self::NoRandomness => "the operating system gives no random octets (getrandom)".to_owned(),
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::NoKeyFile(path) => {
                format!("{}: 鍵ファイルがありません。sekisho vault key new FILE で作成してください。", path.display())
            }
            Self::KeyFileGone { file, keys } => {
                let file = file.display();
                format!(
                    "{file}: 鍵ファイルがなくなっています。原本はこの鍵で封緘されています。控えから元に戻してください。\
                     完全に失われた場合は、設定に vault.lost_keys = [{keys}] と書き、sekisho vault key new {file} --name 名前 で\
                     別の名前の鍵を作ると起動できますが、失われた鍵の原本は開けません。"
                )
            }
            Self::Io(path, err) => format!("{}: 読み書きできません（{err}）。", path.display()),
            Self::NotAKeyFile(path) => {
                format!("{}: 鍵ファイルではありません（64 KiB以下の通常ファイルに限ります）。", path.display())
            }
            Self::Exposed(path, mode) => {
                let path = path.display();
                format!(
                    "{path}: 所有者以外も読み書きできる鍵ファイルは使えません（権限 {mode:04o}）。chmod 0600 {path} としてください。"
                )
            }
            Self::Line { file, line, fault } => format!("{}:{line}: {}", file.display(), fault.japanese()),
            Self::NoKey(path) => {
                format!("{}: 鍵が1つもありません。sekisho vault key add FILE で追加してください。", path.display())
            }
            Self::Exists(path) => format!("{}: 既にあるため、上書きしません。", path.display()),
            Self::IdTaken(id, path) => {
                format!("{}: 鍵 {id} は既にあります。別の名前にしてください。", path.display())
            }
            Self::LostKey { id, file } => format!(
                "原本の封緘に使われた鍵 {id} が {} にありません。その行を元に戻してください。完全に失われた場合は、\
                 設定の vault.lost_keys に書くと起動できますが、その鍵の原本は開けません。",
                file.display()
            ),
            Self::DamagedList(line) => format!(
                "state_dir の下の outer/vault.keys が壊れています（{line} 行目）。鍵ファイルが正しいことを確かめてから、\
                 このファイルを削除してください（作り直されます）。"
            ),
            Self::UnknownKey { id, file } => {
                format!(
                    "鍵 {id} で封緘されていますが、{} にその鍵がありません。その行を元に戻してください。",
                    file.display()
                )
            }
            Self::WrongKey { id, file } => format!(
                "{} の鍵 {id} は、この名前で使われていた鍵と異なります。正しい行に戻してください。",
                file.display()
            ),
            Self::DamagedSeal => "この原本の封緘情報が壊れているため、開けません。".to_owned(),
            Self::Damaged { at } => {
                format!("原本が {at} バイト目から壊れています。state_dir のバックアップから復元してください。")
            }
            Self::NoRandomness => "OSから乱数を得られません（getrandom）。".to_owned(),
        }
    }
}

impl LineFault {
    fn english(&self) -> String {
        match self {
            Self::Form => "not of the form ID:KEY".to_owned(),
            Self::Id => "an id has 1 to 32 letters, digits, '.', '_' or '-'".to_owned(),
            Self::Key => "a key is 32 octets in base64 (44 characters)".to_owned(),
            Self::IdTwice(line) => format!("the id stands on line {line} already; each key has an id of its own"),
            Self::KeyTwice(line) => format!("the key stands on line {line} already; a new id takes a new key"),
        }
    }

    fn japanese(&self) -> String {
        match self {
            Self::Form => "「名前:鍵」の形ではありません。".to_owned(),
            Self::Id => "鍵の名前は英数字と . _ - の1～32文字です。".to_owned(),
            Self::Key => "鍵は32バイトのBase64（44文字）です。".to_owned(),
            Self::IdTwice(line) => format!("同じ名前が {line} 行目にあります。鍵ごとに別の名前を付けてください。"),
            Self::KeyTwice(line) => format!("同じ鍵が {line} 行目にあります。新しい名前には新しい鍵が必要です。"),
        }
    }
}

impl fmt::Display for VaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english())
    }
}

impl Error for VaultError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(_, err) => Some(err),
            Self::NoKeyFile(_)
            | Self::KeyFileGone { .. }
            | Self::NotAKeyFile(_)
            | Self::Exposed(..)
            | Self::Line { .. }
            | Self::NoKey(_)
            | Self::Exists(_)
            | Self::IdTaken(..)
            | Self::LostKey { .. }
            | Self::DamagedList(_)
            | Self::UnknownKey { .. }
            | Self::WrongKey { .. }
            | Self::DamagedSeal
            | Self::Damaged { .. }
            | Self::NoRandomness => None,
        }
    }
}

impl From<VaultError> for io::Error {
    /// [`io::ErrorKind::InvalidData`], with the error inside.
    fn from(err: VaultError) -> Self {
        Self::new(io::ErrorKind::InvalidData, err)
    }
}
