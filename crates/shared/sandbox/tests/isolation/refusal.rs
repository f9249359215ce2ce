//! When there is no zygote: hosts that lack a layer, and programs that are none.
//!
//! A host without a layer is played by a filter that answers the layer's system calls with an error, put on before the
//! worker program is executed.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use sekisho_sandbox::{
    Cause, Confinement, EXIT_PANICKED, EXIT_UNCONFINED, EXIT_USAGE, Layer, Layers, SpawnError, State, Zygote, survey,
};

use crate::kit::{myself, run, spawn, try_spawn};

const LENIENT: Confinement = Confinement { allow_without_landlock: true };

/// The role of a host that lacks something: `WHAT ROLE...`.
pub(crate) fn without(arguments: Vec<OsString>) -> ExitCode {
    let (what, role) = arguments.split_first().unwrap();
    let (calls, errno, rules) = match what.to_str().unwrap() {
        "landlock" => (vec![libc::SYS_landlock_create_ruleset], libc::ENOSYS, vec![]),
        "seccomp" => (vec![libc::SYS_seccomp], libc::ENOSYS, vec![]),
        "limits" => (vec![libc::SYS_prlimit64], libc::EPERM, vec![argument_2_is_not_null()]),
        "namespaces" => (vec![libc::SYS_unshare], libc::EPERM, vec![]),
        other => panic!("no such layer: {other}"),
    };
    let rules: BTreeMap<_, _> = calls.into_iter().map(|call| (call, rules.clone())).collect();
    let refuse = SeccompAction::Errno(errno.cast_unsigned());
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter: BpfProgram = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch).unwrap().try_into().unwrap();
    seccompiler::apply_filter(&filter).unwrap();
    panic!("not executed: {}", Command::new(myself()).args(role).exec())
}

/// `prlimit` that sets, not one that asks.
fn argument_2_is_not_null() -> SeccompRule {
    let sets = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0).unwrap();
    SeccompRule::new(vec![sets]).unwrap()
}

fn spawn_without(what: &str, confinement: Confinement) -> Result<Zygote, SpawnError> {
    try_spawn(&["role-without", what, "role-worker"], confinement)
}

fn refused(zygote: Result<Zygote, SpawnError>) -> (Layer, Layers) {
    match zygote {
        Err(SpawnError::Unconfined(layer, layers)) => (layer, layers),
        other => panic!("not refused: {other:?}"),
    }
}

pub(crate) fn without_landlock_no_work() {
    let (missing, layers) = refused(spawn_without("landlock", Confinement::default()));
    assert_eq!((missing, layers.landlock), (Layer::Landlock, State::Unavailable(Cause::NotInKernel)));
}

pub(crate) fn without_landlock_work_if_the_settings_allow() {
    let mut zygote = spawn_without("landlock", LENIENT).unwrap();
    assert!(!zygote.layers().landlock.is_active() && zygote.layers().seccomp.is_active());
    assert_eq!(run(&mut zygote, "echo well").1, "well");
}

pub(crate) fn without_seccomp_no_work_whatever_the_settings_say() {
    let (missing, layers) = refused(spawn_without("seccomp", LENIENT));
    assert_eq!((missing, layers.seccomp), (Layer::Seccomp, State::Unavailable(Cause::NotInKernel)));
}

pub(crate) fn without_limits_no_work() {
    let (missing, layers) = refused(spawn_without("limits", LENIENT));
    assert_eq!((missing, layers.limits), (Layer::Limits, State::Unavailable(Cause::NotPermitted)));
}

pub(crate) fn without_namespaces_work() {
    let mut zygote = spawn_without("namespaces", Confinement::default()).unwrap();
    assert_eq!(zygote.layers().namespaces, State::Unavailable(Cause::NotPermitted));
    assert_eq!(run(&mut zygote, "echo well").1, "well");
}

pub(crate) fn with_a_second_thread_no_work() {
    let (missing, layers) = refused(try_spawn(&["role-worker", "with-a-thread"], LENIENT));
    assert_eq!((missing, layers.limits), (Layer::Limits, State::Unavailable(Cause::Threads)));
}

pub(crate) fn a_worker_started_by_hand_says_so() {
    let ended = Command::new(myself()).arg("role-worker").stdin(Stdio::null()).output().unwrap();
    assert_eq!(ended.status.code(), Some(EXIT_USAGE.into()));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("not by hand"));
}

/// What a person sees who looks at the process instead of the socket.
pub(crate) fn a_refusal_is_said_on_standard_error_and_by_the_exit_code() {
    let (_ours, theirs) = seqpacket();
    let ended = Command::new(myself())
        .args(["role-without", "seccomp", "role-worker"])
        .stdin(Stdio::from(theirs))
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(EXIT_UNCONFINED.into()));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("refuses to work: seccomp cannot be enforced"));
}

fn seqpacket() -> (OwnedFd, OwnedFd) {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None).unwrap()
}

pub(crate) fn a_program_that_is_no_worker_is_an_error() {
    let error = Zygote::spawn(Path::new("/bin/true"), [], Confinement::default()).unwrap_err();
    assert!(matches!(error, SpawnError::Died(status) if status.into_raw() == 0), "{error}");
}

pub(crate) fn a_missing_program_is_an_error() {
    let error = Zygote::spawn(Path::new("/nonexistent/worker"), [], Confinement::default()).unwrap_err();
    assert!(matches!(&error, SpawnError::System(_)) && error.to_string().contains("No such file"), "{error}");
}

pub(crate) fn a_panic_while_loading_is_an_error() {
    let error = try_spawn(&["role-worker", "that-panics"], Confinement::default()).unwrap_err();
    assert!(matches!(error, SpawnError::Died(status) if status.code() == Some(EXIT_PANICKED.into())), "{error}");
}

pub(crate) fn a_survey_agrees_with_a_zygote() {
    let (expected, zygote) = (survey(), spawn());
    for (layer, state) in zygote.layers().iter() {
        assert_eq!(expected.state(layer).is_active(), state.is_active(), "{layer}");
    }
}
