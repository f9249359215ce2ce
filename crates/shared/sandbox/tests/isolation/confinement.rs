//! What a job cannot do.

use sekisho_sandbox::{Ending, JobStatus, Layer, State};

use crate::kit::{FORBIDDEN, assert_forbidden, run, spawn};

const DONE: JobStatus = JobStatus::Exited(0);

pub(crate) fn an_honest_job_gets_everything_it_needs() {
    assert_eq!(run(&mut spawn(), "honest"), (DONE, "done".to_owned()));
}

pub(crate) fn a_job_cannot_open_a_file() {
    assert_forbidden(&["open"]);
}

pub(crate) fn a_job_cannot_create_a_file() {
    assert_forbidden(&["create"]);
    assert!(!std::path::Path::new("/tmp/sekisho-isolation-test").exists());
}

pub(crate) fn a_job_cannot_make_a_socket() {
    assert_forbidden(&["udp", "unix"]);
}

pub(crate) fn a_job_cannot_connect() {
    assert_forbidden(&["connect"]);
}

pub(crate) fn a_job_cannot_fork() {
    assert_forbidden(&["fork"]);
}

pub(crate) fn a_job_cannot_start_a_thread() {
    assert_forbidden(&["thread"]);
}

pub(crate) fn a_job_cannot_execute_a_program() {
    assert_forbidden(&["spawn", &format!("call {}", libc::SYS_execve), &format!("call {}", libc::SYS_execveat)]);
}

pub(crate) fn a_job_cannot_trace_its_parent() {
    let mut zygote = spawn();
    let order = format!("trace {}", zygote.pid());
    assert_eq!(run(&mut zygote, &order), (FORBIDDEN, String::new()));
}

pub(crate) fn a_job_cannot_kill_anyone() {
    let mut zygote = spawn();
    for victim in [zygote.pid(), std::process::id()] {
        for verb in ["kill", "tgkill"] {
            assert_eq!(run(&mut zygote, &format!("{verb} {victim}")), (FORBIDDEN, String::new()));
        }
    }
}

pub(crate) fn a_job_can_abort_nobody_but_itself() {
    let mut zygote = spawn();
    let order = format!("abort-other {}", zygote.pid());
    assert_eq!(run(&mut zygote, &order), (FORBIDDEN, String::new()));
    assert_eq!(run(&mut zygote, "abort").0.ending(), Ending::Aborted);
}

pub(crate) fn a_job_cannot_read_another_process() {
    let mut zygote = spawn();
    for victim in [zygote.pid(), std::process::id()] {
        assert_eq!(run(&mut zygote, &format!("peek {victim}")), (FORBIDDEN, String::new()));
    }
}

pub(crate) fn a_job_cannot_see_what_another_job_wrote() {
    let mut zygote = spawn();
    for _ in 0..3 {
        assert_eq!(run(&mut zygote, "mark"), (DONE, "0".to_owned()));
    }
}

pub(crate) fn a_job_cannot_make_memory_executable() {
    assert_forbidden(&["map-executable", "make-executable"]);
}

pub(crate) fn a_job_has_two_descriptors_and_no_other() {
    assert_eq!(run(&mut spawn(), "descriptors"), (DONE, "[0, 1]".to_owned()));
}

pub(crate) fn a_job_cannot_lift_its_limits() {
    assert_forbidden(&["lift"]);
}

/// Calls that do no more than fail when every argument is 0 (`fcntl` is allowed with another argument only).
/// Said once more, on purpose: a change of the filter's list must be made here too.
const ALLOWED: [libc::c_long; 25] = [
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_madvise,
    libc::SYS_mmap,
    libc::SYS_mprotect,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_tgkill,
    libc::SYS_write,
    libc::SYS_writev,
];

/// `uretprobe` and `uprobe` of x86_64: since 6.14 the kernel answers them before any filter, and refuses them to everyone
/// but its own trampolines.
#[cfg(target_arch = "x86_64")]
const UNFILTERED: [libc::c_long; 2] = [335, 336];
#[cfg(not(target_arch = "x86_64"))]
const UNFILTERED: [libc::c_long; 0] = [];

pub(crate) fn every_system_call_outside_the_list_kills() {
    let mut zygote = spawn();
    let listed = |number: &libc::c_long| ALLOWED.contains(number) || UNFILTERED.contains(number);
    // 2^30 + n is x86_64's "x32" table of the same calls.
    let numbers = (0..600).filter(|number| !listed(number)).chain([1 << 30, (1 << 30) + 2, (1 << 30) + 57]);
    for number in numbers {
        assert_eq!(run(&mut zygote, &format!("call {number}")), (FORBIDDEN, String::new()), "system call {number}");
    }
}

pub(crate) fn the_32_bit_door_is_shut() {
    assert_forbidden(&["call-32"]);
}

pub(crate) fn a_zygote_reports_its_layers() {
    let zygote = spawn();
    for layer in [Layer::Privileges, Layer::Limits, Layer::Landlock, Layer::Seccomp] {
        assert_eq!(zygote.layers().state(layer), State::Active, "{layer}");
    }
    assert!(zygote.layers().landlock_abi >= 1);
}
