//! Ports for servers.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::{Ipv4Addr, TcpListener};

/// Where ports are chosen from: below those that the kernel gives to outgoing connections, so that
/// none of the many clients of a test sits on the port of a server that is down for a while.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// A port that nothing listens on at the moment. It may be taken before it is used.
pub(crate) fn free() -> u16 {
    // Test binaries run side by side, so each begins somewhere else.
    let chance = RandomState::new().hash_one(0);
    let start = u16::try_from(chance % u64::from(COUNT)).expect("it is below the count");
    (0..COUNT)
        .map(|step| FIRST + (start + step) % COUNT)
        .find(|port| is_free(*port))
        .expect("one of the ports is free")
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_listened_on() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, free()));
        let port = listener
            .expect("a listener")
            .local_addr()
            .expect("an address")
            .port();
        assert!((FIRST..FIRST + COUNT).contains(&port), "{port}");
    }

    #[test]
    fn a_port_that_is_taken_is_not_free() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, free())).expect("a listener");
        let port = taken.local_addr().expect("an address").port();
        assert!(!is_free(port));
    }
}
