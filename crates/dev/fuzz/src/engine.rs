//! The engine: seeds, changes, and which inputs are worth keeping.
//!
//! There is no instrumentation on the stable toolchain, so the target itself
//! says what it saw: a number that stands for the way an input took (states,
//! verdicts, anomalies). An input with a new number joins the pool.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::mutate::{Chance, change};
use crate::targets::Target;

/// Longest input, in octets: most defects need far less.
const MAX_INPUT: usize = 32 * 1024;

/// Most inputs in the pool; a new one then takes the place of another.
const MAX_POOL: usize = 4096;

/// Throws inputs at one target.
pub struct Engine<'t> {
    target: &'t Target,
    pool: Vec<Vec<u8>>,
    /// The first of these are the seeds as they are, tried first.
    untried: usize,
    seen: HashSet<u64>,
    chance: Chance,
    runs: u64,
}

/// An input that breaks what must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The input.
    pub input: Vec<u8>,
    /// What broke.
    pub what: String,
}

/// How far the engine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Inputs tried.
    pub runs: u64,
    /// Different ways that inputs took.
    pub ways: usize,
    /// Inputs in the pool.
    pub pool: usize,
}

impl<'t> Engine<'t> {
    /// An engine for `target` that begins with `seeds`; the same `seed` gives
    /// the same inputs.
    pub fn new(target: &'t Target, seeds: Vec<Vec<u8>>, seed: u64) -> Self {
        let pool = if seeds.is_empty() { vec![Vec::new()] } else { seeds };
        Self { target, untried: pool.len(), pool, seen: HashSet::new(), chance: Chance::new(seed), runs: 0 }
    }

    /// The next input: each seed once as it is, then changed ones.
    pub fn next_input(&mut self) -> Vec<u8> {
        if let Some(at) = self.untried.checked_sub(1) {
            self.untried = at;
            return self.pool[at].clone();
        }
        let mut input = self.pool[self.chance.below(self.pool.len())].clone();
        let other = self.chance.below(self.pool.len());
        change(&mut input, &self.pool[other], self.target.words, &mut self.chance);
        input.truncate(MAX_INPUT);
        input
    }

    /// Tries `input`.
    ///
    /// # Errors
    /// The [`Finding`], if the target panics or says that something broke.
    pub fn run(&mut self, input: Vec<u8>) -> Result<(), Finding> {
        self.runs += 1;
        let verdict = catch_unwind(AssertUnwindSafe(|| (self.target.run)(&input)));
        let what = match verdict {
            Ok(Ok(way)) => {
                if self.seen.insert(way) {
                    self.keep(input);
                }
                return Ok(());
            }
            Ok(Err(what)) => what,
            Err(panic) => format!("panic: {}", message(&*panic)),
        };
        Err(Finding { input, what })
    }

    fn keep(&mut self, input: Vec<u8>) {
        if self.pool.len() < MAX_POOL {
            self.pool.push(input);
        } else {
            let at = self.chance.below(MAX_POOL);
            self.pool[at] = input;
        }
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        Progress { runs: self.runs, ways: self.seen.len(), pool: self.pool.len() }
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "of no known kind",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    const BROKEN: Target = Target {
        name: "broken",
        about: "fails on three letters in a row, one found after the other",
        words: &[],
        run: |input| {
            let depth = input.iter().zip(b"abc").take_while(|(a, b)| a == b).count();
            if depth == 3 { Err("found".to_owned()) } else { Ok(depth as u64) }
        },
    };

    fn hunt(seed: u64) -> (u64, Finding) {
        let mut engine = Engine::new(&BROKEN, vec![b"zzz".to_vec()], seed);
        loop {
            let input = engine.next_input();
            if let Err(finding) = engine.run(input) {
                return (engine.progress().runs, finding);
            }
            assert!(engine.progress().runs < 5_000_000, "the engine learns nothing from the ways it sees");
        }
    }

    #[test]
    fn the_engine_learns_and_repeats_itself() {
        let (runs, finding) = hunt(1);
        assert!(finding.input.starts_with(b"abc") && finding.what == "found");
        assert_eq!(hunt(1), (runs, finding));
    }

    #[test]
    fn seeds_come_first_and_panics_are_findings() {
        let target = Target { run: |_| panic!("broken {}", 1), ..BROKEN };
        let mut engine = Engine::new(&target, vec![b"one".to_vec(), b"two".to_vec()], 7);
        let first = [engine.next_input(), engine.next_input()];
        assert_eq!(first, [b"two".to_vec(), b"one".to_vec()]);
        assert_eq!(engine.run(Vec::new()).unwrap_err().what, "panic: broken 1");
    }
}
