//! Free ports.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which systems take the ports of outgoing connections: a broker that is
/// stopped for a while finds its port free when it comes back.
const FIRST: u16 = 20_000;
const COUNT: u16 = 9_000;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// A loopback port on which nothing listens, and which this run gives out once.
pub(crate) fn free_port() -> u16 {
    let start = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap();
    for _ in 0..COUNT {
        let step = TAKEN.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (start.wrapping_mul(7).wrapping_add(step)) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {}", FIRST + COUNT);
}
