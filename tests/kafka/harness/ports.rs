//! Free ports.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which systems take the ports of outgoing connections: a broker that is
/// stopped for a while finds its port free when it comes back.
const FIRST: u16 = 20_000;
const LAST: u16 = 29_996;

/// Each port given out leaves the next three free: a broker takes the next one for its controller, and `start.sh` goes
/// one further with both where somebody holds the first.
const STEP: u16 = 4;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// A loopback port on which nothing listens, nor on those behind it that it leaves free, and which this run gives out
/// once.
pub(crate) fn free_port() -> u16 {
    let steps = (LAST - FIRST) / STEP;
    let start = u16::try_from(std::process::id() % u32::from(steps)).unwrap();
    for _ in 0..steps {
        let step = (start + TAKEN.fetch_add(1, Ordering::Relaxed) % steps) % steps;
        let port = FIRST + step * STEP;
        if (port..port + STEP).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {LAST}");
}
