//! Processor time of a piece of work.

use std::hint::black_box;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use sekisho_bench::spread::Spread;

const ROUNDS: usize = 7;
/// Seconds.
const ROUND: f64 = 0.2;

/// Microseconds of this process a call, all its threads together, in some
/// rounds after one to warm up.
pub(crate) fn cost<T>(work: impl FnMut() -> T) -> Spread {
    rounds(processor_time, work)
}

/// Microseconds that a call takes, for work that other processes do.
pub(crate) fn wall<T>(work: impl FnMut() -> T) -> Spread {
    let origin = Instant::now();
    rounds(|| origin.elapsed().as_secs_f64(), work)
}

fn rounds<T>(now: impl Fn() -> f64, mut work: impl FnMut() -> T) -> Spread {
    let mut round = || {
        let (began, started, mut calls) = (Instant::now(), now(), 0_u32);
        // Work that waits for a disk uses little of the processor.
        while began.elapsed().as_secs_f64() < ROUND {
            black_box(work());
            calls += 1;
        }
        (now() - started) * 1e6 / f64::from(calls)
    };
    round();
    (0..ROUNDS).map(|_| round()).collect()
}

/// Seconds that this process has used.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
