//! Entering the sandbox: every layer in its order, and the decision whether what stands is enough.
//!
//! Owns privileges, namespaces and Landlock (rlimits and seccomp have modules of their own). Runs in the zygote, once,
//! before the first hostile byte exists.

use std::ffi::OsString;

use landlock::{ABI, Access, AccessFs, AccessNet, LandlockStatus, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags, set_capabilities, set_no_new_privs};

use crate::filter;
use crate::limits::{self, Ground};
use crate::{Cause, Layer, Layers, State, raw};

/// What the settings say about the sandbox. Goes to the worker program on its command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confinement {
    /// Work on hosts whose kernel has no Landlock. The other layers stay compulsory.
    pub allow_without_landlock: bool,
}

const ALLOW_WITHOUT_LANDLOCK: &str = "--allow-without-landlock";

impl Confinement {
    /// The arguments that say this on a worker's command line.
    #[must_use]
    pub fn arguments(self) -> Vec<OsString> {
        if self.allow_without_landlock { vec![ALLOW_WITHOUT_LANDLOCK.into()] } else { Vec::new() }
    }

    /// Takes these arguments out of a worker's command line; what is left is the worker's own.
    #[must_use]
    pub fn take_from(arguments: &mut Vec<OsString>) -> Self {
        let before = arguments.len();
        arguments.retain(|argument| argument != ALLOW_WITHOUT_LANDLOCK);
        Self { allow_without_landlock: arguments.len() < before }
    }
}

/// A process inside the sandbox, and what its jobs need.
pub(crate) struct Confined {
    pub(crate) layers: Layers,
    pub(crate) ground: Ground,
}

/// A process that is not enough inside, and for want of what.
pub(crate) struct Refusal {
    pub(crate) missing: Layer,
    pub(crate) layers: Layers,
}

/// Confines the calling process for good, or says what is missing (then the process must not work).
pub(crate) fn enter(confinement: Confinement) -> Result<Confined, Refusal> {
    let ground = read_ground();
    // In this order: a user namespace gives capabilities (given up next) and resets "dumpable" (set next); /proc is read
    // before Landlock; seccomp, which would kill all of this, comes last.
    let namespaces = State::of(leave_namespaces());
    let privileges = State::of(give_up_privileges());
    let limits = match ground {
        Ok(_) => State::of(limits::enter()),
        Err(cause) => State::Unavailable(cause),
    };
    let (landlock, landlock_abi) = enter_landlock();
    let before_seccomp = Layers { privileges, namespaces, limits, landlock, landlock_abi, seccomp: State::Active };
    match (before_seccomp.missing(confinement.allow_without_landlock), ground) {
        (None, Ok(ground)) => match enter_seccomp() {
            Ok(()) => Ok(Confined { layers: before_seccomp, ground }),
            Err(cause) => Err(without_seccomp(before_seccomp, cause)),
        },
        (Some(missing), _) => Err(Refusal { missing, layers: before_seccomp }),
        (None, Err(_)) => Err(Refusal { missing: Layer::Limits, layers: before_seccomp }),
    }
}

fn without_seccomp(layers: Layers, cause: Cause) -> Refusal {
    Refusal { missing: Layer::Seccomp, layers: Layers { seccomp: State::Unavailable(cause), ..layers } }
}

/// How much is mapped, and that there is one thread only: fork and every layer but the limits are per thread.
fn read_ground() -> Result<Ground, Cause> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(|_| Cause::NotPermitted)?;
    match (field(&status, "Threads:"), field(&status, "VmSize:")) {
        (Some(1), Some(kibibytes)) => Ok(Ground::new(kibibytes.saturating_mul(1024))),
        (Some(_), Some(_)) => Err(Cause::Threads),
        _ => Err(Cause::Failed(Errno::INVAL.raw_os_error())),
    }
}

fn field(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// No pid namespace: its first process must be an init that forks us, and seccomp and Landlock forbid signals anyway.
fn leave_namespaces() -> Result<(), Errno> {
    let empty = UnshareFlags::NEWNET | UnshareFlags::NEWIPC;
    // With a user namespace even root's process has no power outside. Where those are forbidden, root can do without.
    raw::unshare(UnshareFlags::NEWUSER | empty).or_else(|_| raw::unshare(empty))
}

fn give_up_privileges() -> Result<(), Errno> {
    let none = CapabilitySet::empty();
    set_no_new_privs(true)?;
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    // Not traceable, and no core file: memory is mail.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// Every right that this kernel's Landlock knows, denied everywhere.
fn enter_landlock() -> (State, u8) {
    const NEWEST: ABI = ABI::V10; // best effort: older kernels deny what they know
    let entered = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(NEWEST)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    match entered {
        Err(_) => (State::Unavailable(Cause::NotPermitted), 0),
        Ok(status) => match (status.ruleset, status.landlock) {
            (RulesetStatus::NotEnforced, LandlockStatus::NotEnabled) => (State::Unavailable(Cause::SwitchedOff), 0),
            (RulesetStatus::NotEnforced, _) | (_, LandlockStatus::NotEnabled | LandlockStatus::NotImplemented) => {
                (State::Unavailable(Cause::NotInKernel), 0)
            }
            (
                RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced,
                LandlockStatus::Available { effective_abi, .. },
            ) => (State::Active, effective_abi as u8),
        },
    }
}

fn enter_seccomp() -> Result<(), Cause> {
    let program = filter::zygote().map_err(|_| Cause::Failed(Errno::INVAL.raw_os_error()))?;
    seccompiler::apply_filter(&program).map_err(|error| match error {
        seccompiler::Error::Prctl(error) | seccompiler::Error::Seccomp(error) => {
            error.raw_os_error().map_or(Cause::NotInKernel, |raw| Cause::of(Errno::from_raw_os_error(raw)))
        }
        seccompiler::Error::Backend(_) | seccompiler::Error::EmptyFilter | seccompiler::Error::ThreadSync(_) => {
            Cause::Failed(Errno::INVAL.raw_os_error())
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panic")]
    use super::*;

    #[test]
    fn a_command_line_says_what_the_settings_said_and_leaves_the_rest() {
        for allow_without_landlock in [false, true] {
            let confinement = Confinement { allow_without_landlock };
            let mut arguments = confinement.arguments();
            arguments.push("other".into());
            assert_eq!(Confinement::take_from(&mut arguments), confinement);
            assert_eq!(arguments, ["other"]);
        }
    }

    #[test]
    fn a_second_thread_is_noticed() {
        // The harness runs tests on threads of their own.
        assert_eq!(read_ground().err(), Some(Cause::Threads));
    }

    // Landlock and capabilities are per thread, so each can be tried alone on a thread that then ends. In a worker the
    // stronger seccomp hides them.

    #[test]
    fn landlock_alone_forbids_files_and_tcp() {
        if raw::landlock_abi().is_err() {
            return; // this kernel has none; `survey` says so
        }
        let tried = std::thread::spawn(|| {
            let (state, abi) = enter_landlock();
            let kinds = [
                std::fs::File::open("/proc/self/status").unwrap_err().kind(),
                std::fs::File::create("/tmp/sekisho-landlock-test").unwrap_err().kind(),
                std::fs::read_dir("/").unwrap_err().kind(),
            ];
            (state, abi, kinds, std::net::TcpListener::bind("127.0.0.1:0").is_err())
        });
        let (state, abi, kinds, no_tcp) = tried.join().unwrap();
        assert_eq!(state, State::Active);
        assert_eq!(kinds, [std::io::ErrorKind::PermissionDenied; 3]);
        assert_eq!(no_tcp, abi >= 4, "TCP ports belong to ABI 4");
    }

    #[test]
    fn privileges_are_gone_and_stay_gone() {
        let left = std::thread::spawn(|| {
            give_up_privileges().unwrap();
            (rustix::thread::capabilities(None).unwrap(), rustix::thread::no_new_privs().unwrap())
        });
        let (capabilities, no_new_privs) = left.join().unwrap();
        assert!(capabilities.effective.is_empty() && capabilities.permitted.is_empty());
        assert!(no_new_privs);
    }
}
