//! seccomp: the system calls that a zygote and a job may make.
//!
//! Owns the two lists. The zygote's filter allows both and kills on everything else; the job's, stacked on top (the
//! kernel takes the strictest answer), takes the second list away again. So it is an allow-list still, yet the part that
//! is loaded for every mail is two dozen instructions.

use std::collections::BTreeMap;
use std::ffi::{c_int, c_long};

use rustix::process::Pid;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Op, SeccompCondition,
    SeccompFilter, SeccompRule, sock_filter,
};

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("the system-call list was reviewed for x86_64 and aarch64 only");

/// With which arguments.
#[derive(Clone, Copy)]
enum When {
    Always,
    /// Argument `.0`, masked with `.1`, is `.2`.
    Masked(u8, u64, u64),
    /// Argument `.0` (32 bits) is one of `.1`.
    OneOf(u8, &'static [c_int]),
}

const NOT_EXECUTABLE: When = When::Masked(2, libc::PROT_EXEC as u64, 0);
/// Exactly glibc's `fork`: no thread, no namespace, no shared memory.
const PLAIN_FORK: When =
    When::Masked(0, !((libc::CLONE_CHILD_SETTID | libc::CLONE_CHILD_CLEARTID) as u64), libc::SIGCHLD as u64);

/// What a job may call, and the zygote too. Every name, here and below, stands for the same call on both architectures;
/// neither needs one of its own.
const JOB: &[(c_long, When)] = &[
    // the two descriptors
    (libc::SYS_read, When::Always),
    (libc::SYS_readv, When::Always),
    (libc::SYS_write, When::Always),
    (libc::SYS_writev, When::Always),
    (libc::SYS_close, When::Always),
    (libc::SYS_fcntl, When::OneOf(1, &[libc::F_GETFD])), // std's check before a close, in debug builds
    // memory
    (libc::SYS_brk, When::Always),
    (libc::SYS_mmap, NOT_EXECUTABLE),
    (libc::SYS_mprotect, NOT_EXECUTABLE),
    (libc::SYS_mremap, When::Always),
    (libc::SYS_munmap, When::Always),
    (libc::SYS_madvise, When::Always),
    // std: locks, time (where the vDSO cannot answer), hash keys
    (libc::SYS_futex, When::Always),
    (libc::SYS_sched_yield, When::Always),
    (libc::SYS_clock_gettime, When::Always),
    (libc::SYS_getrandom, When::Always),
    // abort, and std's message for a stack overflow
    (libc::SYS_rt_sigaction, When::Always),
    (libc::SYS_rt_sigprocmask, When::Always),
    (libc::SYS_rt_sigreturn, When::Always),
    (libc::SYS_sigaltstack, When::Always),
    (libc::SYS_getpid, When::Always),
    (libc::SYS_gettid, When::Always),
    (libc::SYS_tgkill, When::OneOf(2, &[libc::SIGABRT])), // and a job only itself, see `job`
    (libc::SYS_restart_syscall, When::Always),
    (libc::SYS_exit, When::Always),
    (libc::SYS_exit_group, When::Always),
];

/// What only the zygote may call, and its child until it is a job.
const ZYGOTE_ONLY: [(c_long, When); 15] = [
    // the zygote: control socket
    (libc::SYS_recvmsg, When::Always),
    (libc::SYS_sendmsg, When::Always),
    (libc::SYS_ppoll, When::Always),
    // the zygote: one child
    (libc::SYS_clone, PLAIN_FORK),
    (libc::SYS_wait4, When::Always),
    (libc::SYS_pidfd_open, When::Always),
    (libc::SYS_pidfd_send_signal, When::Always),
    // the child on its way to being a job
    (libc::SYS_set_robust_list, When::Always), // glibc's fork
    (libc::SYS_rseq, When::Always),            // glibc's fork, newer versions
    (libc::SYS_getppid, When::Always),
    (libc::SYS_dup3, When::Always),
    (libc::SYS_close_range, When::Always),
    (libc::SYS_prlimit64, When::OneOf(0, &[0])),
    (libc::SYS_prctl, When::OneOf(0, &[libc::PR_SET_PDEATHSIG, libc::PR_SET_NO_NEW_PRIVS])),
    (libc::SYS_seccomp, When::OneOf(0, &[libc::SECCOMP_SET_MODE_FILTER as c_int])),
];

/// The filter under which the zygote spends its life; every job inherits it.
pub(crate) fn zygote() -> Result<BpfProgram, BackendError> {
    let mut rules = BTreeMap::new();
    for (call, when) in JOB.iter().chain(&ZYGOTE_ONLY) {
        rules.insert(*call, when.rules()?);
    }
    let arch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch)?.try_into()
}

const JOB_LENGTH: usize = ZYGOTE_ONLY.len() + 6;

/// What a job loads on top; `own` is its process id.
///
/// Written out, as the compiler's program would be four times as long, and made on the stack: this is paid for every
/// mail. The architecture was checked by the filter below.
pub(crate) fn job(own: Pid) -> [sock_filter; JOB_LENGTH] {
    const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    const JUMP_IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    const RETURN: u32 = libc::BPF_RET | libc::BPF_K;
    const CALL: u32 = 0; // offsets in struct seccomp_data, little-endian
    const ARGUMENT_0: u32 = 16;
    const TGKILL: usize = ZYGOTE_ONLY.len() + 1;
    const ALLOW: usize = JOB_LENGTH - 2;
    const KILL: usize = JOB_LENGTH - 1;
    let own = own.as_raw_nonzero().get().cast_unsigned();
    // A jump's distance is counted from the instruction after it.
    std::array::from_fn(|at| match at {
        0 => instruction(LOAD, CALL, 0, 0),
        // An abort is one's own affair: `tgkill` at any other process kills.
        TGKILL => instruction(JUMP_IF_EQUAL, number(libc::SYS_tgkill), 0, ALLOW - at - 1),
        at if at == TGKILL + 1 => instruction(LOAD, ARGUMENT_0, 0, 0),
        at if at == TGKILL + 2 => instruction(JUMP_IF_EQUAL, own, ALLOW - at - 1, KILL - at - 1),
        ALLOW => instruction(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0),
        KILL => instruction(RETURN, libc::SECCOMP_RET_KILL_PROCESS, 0, 0),
        at => {
            let call = ZYGOTE_ONLY.get(at - 1).map_or(0, |(call, _)| number(*call));
            instruction(JUMP_IF_EQUAL, call, KILL - at - 1, 0)
        }
    })
}

#[expect(clippy::cast_possible_truncation, reason = "operation codes and distances within two dozen instructions")]
fn instruction(code: u32, k: u32, if_true: usize, if_false: usize) -> sock_filter {
    sock_filter { code: code as u16, jt: if_true as u8, jf: if_false as u8, k }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "system calls are numbered below 1000")]
fn number(call: c_long) -> u32 {
    call as u32
}

impl When {
    fn rules(self) -> Result<Vec<SeccompRule>, BackendError> {
        match self {
            Self::Always => Ok(Vec::new()),
            Self::Masked(argument, mask, value) => {
                let condition = SeccompCondition::new(argument, Width::Qword, Op::MaskedEq(mask), value)?;
                Ok(vec![SeccompRule::new(vec![condition])?])
            }
            Self::OneOf(argument, values) => values
                .iter()
                .map(|value| {
                    let value = u64::from(value.cast_unsigned());
                    SeccompRule::new(vec![SeccompCondition::new(argument, Width::Dword, Op::Eq, value)?])
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panic")]
    use super::*;

    #[test]
    fn no_call_stands_in_the_lists_twice() {
        let distinct: std::collections::BTreeSet<_> = JOB.iter().chain(&ZYGOTE_ONLY).map(|(call, _)| *call).collect();
        assert_eq!(distinct.len(), JOB.len() + ZYGOTE_ONLY.len());
    }

    /// Runs the program as the kernel would.
    fn verdict(program: &[sock_filter], call: c_long, argument: u32) -> u32 {
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let sock_filter { code, jt, jf, k } = program[at];
            match (u32::from(code) & 7, k) {
                (libc::BPF_LD, 0) => accumulator = number(call),
                (libc::BPF_LD, 16) => accumulator = argument,
                (libc::BPF_JMP, _) => at += usize::from(if accumulator == k { jt } else { jf }),
                (libc::BPF_RET, _) => return k,
                other => panic!("not in our programs: {other:?}"),
            }
            at += 1;
        }
    }

    #[test]
    fn the_job_filter_takes_away_the_second_list_and_the_abort_of_others() {
        let program = job(Pid::from_raw(4711).unwrap());
        for (call, _) in ZYGOTE_ONLY {
            assert_eq!(verdict(&program, call, 4711), libc::SECCOMP_RET_KILL_PROCESS, "{call}");
        }
        for (call, _) in JOB {
            assert_eq!(verdict(&program, *call, 4711), libc::SECCOMP_RET_ALLOW, "{call}");
        }
        assert_eq!(verdict(&program, libc::SYS_tgkill, 4712), libc::SECCOMP_RET_KILL_PROCESS);
        assert_eq!(verdict(&program, libc::SYS_read, 4712), libc::SECCOMP_RET_ALLOW);
    }
}
