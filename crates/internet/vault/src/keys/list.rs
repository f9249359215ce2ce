//! The list of keys in use, as text: `ID CHECK` a line, CHECK in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{CHECK, KeyId};
use crate::error::VaultError;

const HEADING: &str = "\
# Keys that originals may be sealed under, each with a value to know it by. No secrets.
";

/// The list as it is kept.
pub(super) fn write<'a>(keys: impl Iterator<Item = (&'a KeyId, [u8; CHECK])>) -> Vec<u8> {
    let mut text = HEADING.to_owned();
    for (id, check) in keys {
        text.push_str(&format!("{id} {}\n", STANDARD.encode(check)));
    }
    text.into_bytes()
}

/// The keys in a list; none in an empty one.
pub(super) fn read(list: &[u8]) -> Result<Vec<(KeyId, [u8; CHECK])>, VaultError> {
    super::file::lines(list)
        .map(|(number, line)| entry(line).ok_or(VaultError::DamagedList(number)))
        .collect::<Result<_, _>>()
}

fn entry(line: &[u8]) -> Option<(KeyId, [u8; CHECK])> {
    let (id, check) = str::from_utf8(line).ok()?.split_once(' ')?;
    Some((KeyId::new(id)?, STANDARD.decode(check).ok()?.try_into().ok()?))
}
