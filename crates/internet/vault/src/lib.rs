//! Originals (原本) at rest: the keys, sealing octets under them, and encrypted
//! archives for what may leave the vault.
//!
//! Owns the key file, the form of a sealed body and of its wrapped key, and the
//! WinZip AES archive. Never: a mail's meaning, a database, a socket; never a
//! key or a password in an error, a log line or a file other than the key file.
//!
//! A body is sealed under a random key of its own (AES-256-GCM in chunks), and
//! that key is wrapped by the first key of the file. Changing the file's key
//! wraps anew; it never reads or writes a body.
#![forbid(unsafe_code)]

mod body;
mod chance;
mod error;
mod keys;
mod open;
mod password;
mod seal;
mod wrap;
mod zip;

pub use body::{CHUNK, plain_len, sealed_len};
pub use error::{LineFault, VaultError};
pub use keys::{KeyId, Keys};
pub use open::{Opener, Unsealer};
pub use password::password;
pub use seal::Sealer;
pub use wrap::{key_of, key_prefix, rewrap};
pub use zip::{EncryptedZip, Hashed, Member};
