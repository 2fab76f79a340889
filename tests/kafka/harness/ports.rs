//! Free ports.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which systems take the ports of outgoing connections: a broker that is
/// stopped for a while finds its port free when it comes back.
const FIRST: u16 = 20_000;
const LAST: u16 = 29_998;

/// Each port given out leaves the next one free: a broker takes it for its controller.
const STEP: u16 = 2;

static TAKEN: AtomicU16 = AtomicU16::new(0);

/// A loopback port on which nothing listens, nor on the next one, and which this run gives out once.
pub(crate) fn free_port() -> u16 {
    let pairs = (LAST - FIRST) / STEP;
    let start = u16::try_from(std::process::id() % u32::from(pairs)).unwrap();
    for _ in 0..pairs {
        let pair = (start + TAKEN.fetch_add(1, Ordering::Relaxed) % pairs) % pairs;
        let port = FIRST + pair * STEP;
        if [port, port + 1].iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()) {
            return port;
        }
    }
    panic!("no free port between {FIRST} and {LAST}");
}
