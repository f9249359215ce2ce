//! What becomes of each file: ordered rules in, one decision out.
//!
//! Owns: the closed list of kinds, the facts that a rule may ask about, the
//! rules, their text (TOML) with its errors, the policies that come with the
//! program, and those that a reviewer's look and release need. First match wins, a default is compulsory. There is no
//! "allow": unchanged octets cannot be asked for.
//!
//! Never: a decoder, I/O, a clock.
#![forbid(unsafe_code)]

mod check;
mod day;
mod decision;
mod error;
mod explain;
mod facts;
mod glob;
mod kind;
mod near;
mod policy;
mod preview;
mod profiles;
mod read;
mod relax;
mod rule;
mod sets;
mod who;

pub use day::Day;
pub use decision::{Decision, End, Step};
pub use error::{Form, PolicyError, Problem, Shape};
pub use explain::Explained;
pub use facts::{Facts, Sender};
pub use kind::{Group, Kind};
pub use policy::{MAX_GROUPS, Policy, TooManyGroups};
pub use preview::Look;
pub use read::octets;
pub use relax::RelaxError;
