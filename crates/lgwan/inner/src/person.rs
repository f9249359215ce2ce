//! Who asks, as the kernel tells it; never a name that the caller says of
//! itself.

use sekisho_channel::admin::Caller;
use sekisho_safe_message::SafeLine;

/// The host's list of users (passwd(5)).
const USERS: &str = "/etc/passwd";
/// What the kernel says of a process that nobody logged in for.
const NO_LOGIN: u32 = u32::MAX;

/// Who is behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// The user at the other end of the socket.
    pub(crate) uid: u32,
    /// The user that logged in, whatever it has become since.
    pub(crate) login: Option<u32>,
    /// The name of the user that logged in, else of the one who asks; a number
    /// where the host knows none.
    pub(crate) name: SafeLine,
}

impl Person {
    /// The person behind `caller`.
    pub(crate) fn of(caller: Caller) -> Self {
        let login = caller.pid.and_then(login_uid).filter(|uid| *uid != NO_LOGIN);
        let users = std::fs::read_to_string(USERS).unwrap_or_default();
        Self { uid: caller.uid, login, name: name_in(&users, login.unwrap_or(caller.uid)) }
    }
}

fn login_uid(pid: i32) -> Option<u32> {
    std::fs::read_to_string(format!("/proc/{pid}/loginuid")).ok()?.trim().parse().ok()
}

fn name_in(users: &str, uid: u32) -> SafeLine {
    let found = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    });
    SafeLine::clean(found.unwrap_or(&uid.to_string())).value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let users = "root:x:0:0:root:/root:/bin/sh\n\nbroken\ntanaka:x:1000:1000::/home:/bin/sh\n";
        for (uid, name) in [(0, "root"), (1000, "tanaka"), (7, "7")] {
            assert_eq!(name_in(users, uid).as_str(), name);
        }
    }
}
