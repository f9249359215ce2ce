//! Who may come in.
//!
//! Owns the count of connections, in all and by client. Never speaks.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{Denial, Limits};

/// Counts who is inside.
#[derive(Debug, Default)]
pub(crate) struct Door(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    all: usize,
    /// Never holds a zero, so it is never larger than `all`.
    by_client: HashMap<IpAddr, usize>,
}

/// A place inside, given back when dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    door: Arc<Door>,
    client: IpAddr,
}

impl Door {
    /// A place for the client at `ip`, unless one of the limits says no.
    pub(crate) fn enter(self: &Arc<Self>, ip: IpAddr, limits: &Limits) -> Result<Ticket, Denial> {
        let client = client_of(ip);
        let mut inside = self.inside();
        if inside.all >= limits.connections {
            return Err(Denial::Full);
        }
        if inside.by_client.get(&client).is_some_and(|count| *count >= limits.connections_per_client) {
            return Err(Denial::ClientFull);
        }
        inside.all += 1;
        *inside.by_client.entry(client).or_default() += 1;
        Ok(Ticket { door: Arc::clone(self), client })
    }

    /// Counting does not panic half-way: a poisoned count is still right.
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut inside = self.door.inside();
        inside.all = inside.all.saturating_sub(1);
        match inside.by_client.get_mut(&self.client) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => {
                inside.by_client.remove(&self.client);
            }
        }
    }
}

/// One client: an IPv4 address, or the /64 that an IPv6 host may roam in.
fn client_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn counts_all_and_each() {
        let limits = Limits { connections: 3, connections_per_client: 2, ..Limits::default() };
        let door = Arc::new(Door::default());
        let enter = |ip: &str| door.enter(ip.parse().unwrap(), &limits);
        let a = enter("2001:db8::1").unwrap();
        let b = enter("2001:db8::2").unwrap();
        assert_eq!(enter("2001:db8::ffff:1").unwrap_err(), Denial::ClientFull);
        let c = enter("192.0.2.1").unwrap();
        assert_eq!(enter("192.0.2.2").unwrap_err(), Denial::Full);
        drop(a);
        let d = enter("::ffff:192.0.2.1").unwrap();
        drop(b);
        assert_eq!(enter("192.0.2.1").unwrap_err(), Denial::ClientFull);
        drop((c, d));
        assert!(door.inside().by_client.is_empty() && door.inside().all == 0);
    }
}
