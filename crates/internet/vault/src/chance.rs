//! Randomness from the operating system: the one place of this crate that takes it.

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::VaultError;

/// Fills `bytes`.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), VaultError> {
    SystemRandom::new().fill(bytes).map_err(|_| VaultError::NoRandomness)
}
