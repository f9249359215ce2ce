//! What a job cannot do, how it ends, and what a parent sees of it; against real zygotes.
//!
//! A program with roles instead of the standard harness: as a zygote it must have one thread. Without a role it runs
//! the tests, one after another (they count descriptors and processes). Takes a part of a name, or `--list`.

mod confinement;
mod endings;
mod kit;
mod lifecycle;
mod refusal;
mod worker;

use std::ffi::OsString;
use std::io::Write;
use std::panic::catch_unwind;
use std::process::ExitCode;

macro_rules! tests {
    ($($module:ident :: $test:ident),* $(,)?) => {
        &[$((concat!(stringify!($module), "::", stringify!($test)), $module::$test as fn())),*]
    };
}

const TESTS: &[(&str, fn())] = tests![
    confinement::an_honest_job_gets_everything_it_needs,
    confinement::a_job_cannot_open_a_file,
    confinement::a_job_cannot_create_a_file,
    confinement::a_job_cannot_make_a_socket,
    confinement::a_job_cannot_connect,
    confinement::a_job_cannot_fork,
    confinement::a_job_cannot_start_a_thread,
    confinement::a_job_cannot_execute_a_program,
    confinement::a_job_cannot_trace_its_parent,
    confinement::a_job_cannot_kill_anyone,
    confinement::a_job_can_abort_nobody_but_itself,
    confinement::a_job_cannot_read_another_process,
    confinement::a_job_cannot_see_what_another_job_wrote,
    confinement::a_job_cannot_make_memory_executable,
    confinement::a_job_has_two_descriptors_and_no_other,
    confinement::a_job_cannot_lift_its_limits,
    confinement::every_system_call_outside_the_list_kills,
    confinement::the_32_bit_door_is_shut,
    confinement::a_zygote_reports_its_layers,
    endings::memory_is_limited_and_exhaustion_is_an_abort,
    endings::processor_time_is_limited,
    endings::a_job_that_ignores_the_time_limit_is_killed,
    endings::an_endless_job_is_killed_by_its_pidfd,
    endings::a_silent_job_is_killed_by_its_pidfd,
    endings::a_flood_is_stopped_by_its_reader,
    endings::a_job_that_nobody_reads_ends,
    endings::a_panic_is_a_crash,
    endings::an_abort_is_a_crash,
    endings::a_stack_overflow_is_a_crash,
    endings::a_wild_pointer_is_a_crash,
    endings::a_chosen_exit_code_is_reported_as_it_is,
    lifecycle::a_thousand_jobs_leave_no_descriptor_and_no_zombie,
    lifecycle::zygote_and_job_die_with_the_parent,
    lifecycle::the_job_dies_with_the_zygote_and_the_parent_is_told,
    lifecycle::an_idle_zygote_that_dies_is_noticed,
    lifecycle::a_dropped_zygote_takes_its_job_along,
    lifecycle::a_zygote_outlives_the_thread_that_spawned_it,
    lifecycle::signals_to_the_group_do_not_end_a_job,
    lifecycle::a_second_job_is_refused_while_one_runs,
    lifecycle::a_call_out_of_turn_is_an_error,
    lifecycle::two_zygotes_work_side_by_side,
    lifecycle::the_documented_sequence_works_in_tokio,
    refusal::without_landlock_no_work,
    refusal::without_landlock_work_if_the_settings_allow,
    refusal::without_seccomp_no_work_whatever_the_settings_say,
    refusal::without_limits_no_work,
    refusal::without_namespaces_work,
    refusal::with_a_second_thread_no_work,
    refusal::a_worker_started_by_hand_says_so,
    refusal::a_refusal_is_said_on_standard_error_and_by_the_exit_code,
    refusal::a_program_that_is_no_worker_is_an_error,
    refusal::a_missing_program_is_an_error,
    refusal::a_panic_while_loading_is_an_error,
    refusal::a_survey_agrees_with_a_zygote,
];

fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.first().and_then(|role| role.to_str()) {
        Some("role-worker") => worker::main(arguments),
        Some("role-parent") => lifecycle::parent(),
        Some("role-without") => refusal::without(arguments.split_off(1)),
        _ => harness(&arguments),
    }
}

fn harness(arguments: &[OsString]) -> ExitCode {
    let list = arguments.iter().any(|argument| argument == "--list");
    let wanted = arguments.iter().find_map(|argument| argument.to_str().filter(|part| !part.starts_with('-')));
    let mut out = std::io::stdout().lock();
    let mut failed = 0;
    for (name, test) in TESTS.iter().filter(|(name, _)| wanted.is_none_or(|part| name.contains(part))) {
        let verdict = match list {
            true => ": test",
            false if catch_unwind(test).is_ok() => " ... ok",
            false => {
                failed += 1;
                " ... FAILED"
            }
        };
        let _ = writeln!(out, "{name}{verdict}");
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
