//! PDF: read object by object, written anew.
//!
//! Owns: opening a PDF under bounds, and three ways out of it: a new file of
//! the subset in `docs/output-formats.md` ([`rebuild`]), a file of pictures of
//! its pages ([`flatten`]), its text ([`extract`]).
//!
//! Never: an octet of the input in the output that was not read as what it is
//! and spelled anew; scripts, actions, files, forms, or an earlier revision; a
//! font, file or clock of the system.
#![forbid(unsafe_code)]

mod extract;
mod filters;
mod flatten;
mod guard;
mod open;
mod pictures;
mod rebuild;
mod walk;
mod write;

pub use extract::extract;
pub use flatten::{Fonts, flatten, flatten_with_fonts};
pub use open::{Opened, open, open_with_passwords};
pub use pictures::Pictures;
pub use rebuild::rebuild;
