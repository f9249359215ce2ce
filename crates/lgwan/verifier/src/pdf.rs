//! PDF of our subset: what each object may hold by the place at which it
//! stands, every object reached, every stream read.
//!
//! No function calls itself deeper than direct values nest (16). Objects are
//! taken from a list, each once for each role, so that the work is linear;
//! what objects use of each other has no loop and a bounded depth.

mod cff;
mod charstring;
mod content;
mod function;
mod grammar;
mod graph;
mod layout;
mod lex;
mod map;
mod outline;
mod pages;
mod picture;
mod space;
mod values;
mod walk;

use sekisho_safe_message::Untrusted;
use sekisho_verify::{Fault, Flaw};

use walk::Walk;

/// Octets that all streams come to, unpacked: ten seconds of work.
const MAX_INFLATED: u64 = 2 << 30;
/// Octets of one stream that is held in memory: contents, fonts, maps.
const MAX_HELD: u64 = 64 << 20;

/// A PDF of `docs/output-formats.md`.
///
/// # Errors
/// The first rule that it breaks.
pub fn pdf(file: Untrusted<'_>) -> Result<(), Flaw> {
    let file = layout::read(file.read())?;
    let mut walk = Walk::new(&file);
    walk.catalog()?;
    walk.everything()?;
    let edges = content::tasks(&mut walk)?;
    walk.destinations()?;
    walk.reached()?;
    match graph::too_deep(file.len(), edges) {
        Some(number) => Err(Flaw::at(Fault::Depth, file.get(number).map_or(0, |object| object.at))),
        None => Ok(()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
