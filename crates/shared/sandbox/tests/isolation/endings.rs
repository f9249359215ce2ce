//! How jobs end, and what the parent sees of it. After each the zygote works on.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

use std::io::Read;
use std::time::Duration;

use sekisho_sandbox::{Ending, JobLimits, JobStatus, Zygote};

use crate::kit::{LIMITS, PATIENCE, run, run_with, spawn, start};

const MIB: u64 = 1 << 20;

fn assert_works_on(zygote: &mut Zygote) {
    assert_eq!(run(zygote, "echo well"), (JobStatus::Exited(0), "well".to_owned()));
}

fn assert_ends_as(order: &str, expected: &[Ending]) {
    let mut zygote = spawn();
    let (status, said) = run(&mut zygote, order);
    assert!(expected.contains(&status.ending()), "{order}: {status}");
    assert_eq!(said, "", "{order}");
    assert_works_on(&mut zygote);
}

pub(crate) fn memory_is_limited_and_exhaustion_is_an_abort() {
    let mut zygote = spawn();
    for memory in [8 * MIB, 40 * MIB] {
        let limits = JobLimits { memory, ..LIMITS };
        let (status, mapped) = run_with(&mut zygote, limits, "map-all");
        let mapped: u64 = mapped.parse().unwrap();
        assert_eq!(status.ending(), Ending::Done);
        assert!((memory / MIB / 2..=memory / MIB).contains(&mapped), "{mapped} MiB of {memory} bytes");
        assert_eq!(run_with(&mut zygote, limits, "eat").0.ending(), Ending::Aborted);
    }
    assert_works_on(&mut zygote);
}

pub(crate) fn processor_time_is_limited() {
    let mut zygote = spawn();
    let (status, _) = run_with(&mut zygote, JobLimits { cpu_seconds: 1, ..LIMITS }, "spin");
    assert_eq!(status.ending(), Ending::OutOfTime);
    assert_works_on(&mut zygote);
}

pub(crate) fn a_job_that_ignores_the_time_limit_is_killed() {
    let mut zygote = spawn();
    let (status, _) = run_with(&mut zygote, JobLimits { cpu_seconds: 1, ..LIMITS }, "spin-stubbornly");
    assert_eq!(status.ending(), Ending::Killed);
    assert_works_on(&mut zygote);
}

pub(crate) fn an_endless_job_is_killed_by_its_pidfd() {
    let mut zygote = spawn();
    let started = start(&mut zygote, LIMITS, "spin");
    assert_eq!(zygote.wait_for(Duration::from_millis(20)).unwrap(), None);
    started.running.kill().unwrap();
    assert_eq!(zygote.wait().unwrap().ending(), Ending::Killed);
    started.running.kill().unwrap(); // once more does no harm
    assert_works_on(&mut zygote);
}

pub(crate) fn a_silent_job_is_killed_by_its_pidfd() {
    let mut zygote = spawn();
    let (input, feed) = std::io::pipe().unwrap();
    let (_output, theirs) = std::io::pipe().unwrap();
    let running = zygote.start(LIMITS, input.into(), theirs.into()).unwrap();
    assert_eq!(zygote.wait_for(Duration::from_millis(20)).unwrap(), None, "it waits for its input");
    running.kill().unwrap();
    assert_eq!(zygote.wait().unwrap().ending(), Ending::Killed);
    drop(feed);
    assert_works_on(&mut zygote);
}

pub(crate) fn a_flood_is_stopped_by_its_reader() {
    let mut zygote = spawn();
    let mut started = start(&mut zygote, LIMITS, "flood");
    let mut taken = vec![0; 4 << 20];
    started.output.read_exact(&mut taken).unwrap();
    assert_eq!(zygote.wait_for(Duration::ZERO).unwrap(), None);
    started.running.kill().unwrap();
    assert_eq!(zygote.wait().unwrap().ending(), Ending::Killed);
    assert_works_on(&mut zygote);
}

pub(crate) fn a_job_that_nobody_reads_ends() {
    let mut zygote = spawn();
    let started = start(&mut zygote, LIMITS, "flood");
    drop(started.output);
    // The write of "done" after the flood fails too, and the test's worker panics at that.
    assert_eq!(zygote.wait_for(PATIENCE).unwrap().unwrap().ending(), Ending::Panicked);
    assert_works_on(&mut zygote);
}

pub(crate) fn a_panic_is_a_crash() {
    assert_ends_as("panic", &[Ending::Panicked]);
}

pub(crate) fn an_abort_is_a_crash() {
    assert_ends_as("abort", &[Ending::Aborted]);
}

pub(crate) fn a_stack_overflow_is_a_crash() {
    // std's handler says so and aborts, or, where the guard page is not where it looks for it, lets SIGSEGV through.
    assert_ends_as("overflow", &[Ending::Aborted, Ending::Crashed(libc::SIGSEGV)]);
}

pub(crate) fn a_wild_pointer_is_a_crash() {
    assert_ends_as("wild", &[Ending::Crashed(libc::SIGSEGV)]);
}

pub(crate) fn a_chosen_exit_code_is_reported_as_it_is() {
    assert_ends_as("exit 3", &[Ending::OtherCode(3)]);
}
