//! What this host offers, without confining anybody.
//!
//! Asks the kernel and reads sysctls. It is a forecast: the layers that a spawned zygote reports are the truth.

use rustix::thread::{CapabilitySet, capabilities};

use crate::{Cause, Layers, State, raw};

/// What a worker started by this process can expect. Changes nothing and starts nothing.
///
/// Whoever can start the worker should show [`Zygote::layers`](crate::Zygote::layers) instead.
#[must_use]
pub fn survey() -> Layers {
    let landlock = raw::landlock_abi();
    Layers {
        privileges: State::Active,
        namespaces: namespaces(),
        limits: State::Active,
        landlock: State::of(landlock),
        landlock_abi: landlock.ok().and_then(|abi| u8::try_from(abi).ok()).unwrap_or(0),
        seccomp: State::of(raw::seccomp_can_kill()),
    }
}

fn namespaces() -> State {
    let privileged = capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_ADMIN));
    if privileged {
        return State::Active;
    }
    if sysctl("user/max_user_namespaces") == Some(0) || sysctl("kernel/unprivileged_userns_clone") == Some(0) {
        return State::Unavailable(Cause::SwitchedOff);
    }
    if sysctl("kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        return State::Unavailable(Cause::NotPermitted);
    }
    State::Active
}

fn sysctl(name: &str) -> Option<u64> {
    std::fs::read_to_string(format!("/proc/sys/{name}")).ok()?.trim().parse().ok()
}
