//! The wall clock and chance, handed in from the program's edge.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use sekisho_safe_message::MailId;

/// Milliseconds since 1970. A clock before 1970 counts as 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A fresh id for a mail that arrives now.
pub(crate) fn new_id(now_ms: u64) -> io::Result<MailId> {
    let mut chance = [0; 10];
    getrandom::fill(&mut chance).map_err(io::Error::other)?;
    Ok(MailId::new(now_ms, chance))
}
