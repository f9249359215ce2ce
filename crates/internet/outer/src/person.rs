//! Who asks, as the kernel tells it, and what that person may do.
//!
//! A person is the login user that the audit system follows through `su` and
//! `sudo` (`/proc/PID/loginuid`); where nobody logged in, the user at the other
//! end of the socket. Never a name that the caller says of itself.

use sekisho_channel::admin::{Caller, Role};
use sekisho_safe_message::SafeLine;
use sekisho_settings::RoleSettings;

/// What the kernel says of a process that nobody logged in for.
const NO_LOGIN: u32 = u32::MAX;

/// Who is behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// The login user, or the caller's own.
    pub(crate) uid: u32,
    /// The user at the other end of the socket.
    pub(crate) caller: u32,
    /// The system's name for `uid`; its number where it has none.
    pub(crate) name: SafeLine,
}

impl Person {
    /// The person behind `caller`.
    pub(crate) fn of(caller: Caller) -> Self {
        let login = caller.pid.and_then(login_uid).filter(|uid| *uid != NO_LOGIN);
        let uid = login.unwrap_or(caller.uid);
        Self { uid, caller: caller.uid, name: name_of(uid) }
    }
}

/// The user that logged in, whatever it has become since.
fn login_uid(pid: i32) -> Option<u32> {
    std::fs::read_to_string(format!("/proc/{pid}/loginuid")).ok()?.trim().parse().ok()
}

fn name_of(uid: u32) -> SafeLine {
    let known = nix::unistd::User::from_uid(uid.into()).ok().flatten();
    SafeLine::clean(&known.map_or_else(|| uid.to_string(), |user| user.name)).value
}

/// Who may do what.
#[derive(Debug, Clone)]
pub(crate) struct Roles {
    settings: RoleSettings,
    /// The program's own user.
    own: u32,
}

impl Roles {
    /// Roles as configured.
    pub(crate) fn new(settings: RoleSettings) -> Self {
        Self { settings, own: rustix::process::geteuid().as_raw() }
    }

    /// Whether anybody but the program's own user and root may ask at all.
    pub(crate) fn are_given(&self) -> bool {
        !self.settings.is_open()
    }

    /// What `person` may do. Where nobody is named, the program's own user and
    /// root do everything; else they keep running the gateway, and what they
    /// may read or decide is said like everybody's.
    pub(crate) fn of(&self, person: &Person) -> Vec<Role> {
        let owner = [0, self.own].contains(&person.uid);
        if self.settings.is_open() {
            return if owner { Role::ALL.to_vec() } else { Vec::new() };
        }
        let named = |list: &[String]| list.iter().any(|name| name == person.name.as_str());
        let has = |role: &Role| match role {
            Role::Reviewer => named(&self.settings.reviewer),
            Role::Approver => named(&self.settings.approver),
            Role::Auditor => named(&self.settings.auditor),
            Role::Operator => owner || named(&self.settings.operator),
        };
        Role::ALL.into_iter().filter(has).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(uid: u32, name: &str) -> Person {
        Person { uid, caller: uid, name: SafeLine::clean(name).value }
    }

    #[test]
    fn without_names_the_owner_does_everything() {
        let roles = Roles { settings: RoleSettings::default(), own: 900 };
        assert_eq!(roles.of(&person(0, "root")), Role::ALL);
        assert_eq!(roles.of(&person(900, "sekisho-outer")), Role::ALL);
        assert_eq!(roles.of(&person(1000, "tanaka")), []);
        assert!(!roles.are_given());
    }

    #[test]
    fn with_names_each_has_what_is_said() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let settings = RoleSettings {
            reviewer: list(&["tanaka", "suzuki"]),
            approver: list(&["sato", "suzuki"]),
            auditor: list(&["kansa"]),
            operator: list(&[]),
        };
        let roles = Roles { settings, own: 900 };
        assert!(roles.are_given());
        for (uid, name, has) in [
            (1000, "tanaka", &[Role::Reviewer][..]),
            (1001, "suzuki", &[Role::Reviewer, Role::Approver]),
            (1002, "kansa", &[Role::Auditor]),
            (1003, "yamada", &[]),
            (0, "root", &[Role::Operator]),
            (900, "sekisho-outer", &[Role::Operator]),
        ] {
            assert_eq!(roles.of(&person(uid, name)), has, "{name}");
        }
    }

    #[test]
    fn this_process_is_somebody() {
        let caller = Caller { uid: rustix::process::geteuid().as_raw(), pid: i32::try_from(std::process::id()).ok() };
        assert!(!Person::of(caller).name.is_empty());
    }
}
