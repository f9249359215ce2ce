//! Fuzzing on the stable toolchain: every door of the house, and an engine
//! that throws changed inputs at it.
//!
//! Owns: the [`Target`]s with what must hold for each, whatever the input, and
//! a small deterministic [`Engine`]. A target is a plain function of octets,
//! so another engine (libFuzzer, AFL) can call it as well; see the README.
//!
//! Never: shipped, or anything that depends on time or chance but the seed.
#![forbid(unsafe_code)]

mod engine;
mod mutate;
mod seeds;
pub mod targets;

pub use engine::{Engine, Finding, Progress};
pub use mutate::Chance;
pub use seeds::seeds;
pub use targets::{TARGETS, Target, Verdict};
