//! Stopping: one token that every wait listens to.
//!
//! The first SIGINT or SIGTERM requests a stop, which each program carries out in its own order; a
//! second one ends the process at once with exit code 130, whatever its threads are doing.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio_util::sync::CancellationToken;

/// The exit code of an end that a second signal forced.
const FORCED: i32 = 130;

/// A request to stop that any number of threads and tasks can wait for. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// The one place where it stands whether a stop was asked for.
    token: CancellationToken,
    /// Held between a look at the token and the wait that follows, so that no request falls between the two.
    waiting: Mutex<()>,
    changed: Condvar,
}

impl Shutdown {
    /// A token that nobody has asked to stop yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A token that the first SIGINT or SIGTERM requests; the second ends the process with 130.
    ///
    /// # Errors
    /// When the operating system refuses the signal handlers.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::new();
        // First of all: a signal that arrives before the handlers below are there is heard, not swallowed by them.
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let armed = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // Registered before the arming handler, so that the first signal still finds it unarmed.
            signal_hook::flag::register_conditional_shutdown(signal, FORCED, Arc::clone(&armed))?;
            signal_hook::flag::register(signal, Arc::clone(&armed))?;
        }
        let request = shutdown.clone();
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            if signals.forever().next().is_some() {
                request.request();
            }
        })?;
        Ok(shutdown)
    }

    /// Lets SIGHUP and SIGQUIT request a stop as well: for who has something to give back, as a terminal.
    ///
    /// # Errors
    /// When the operating system refuses the signal handlers.
    pub fn on_hangup(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGHUP, SIGQUIT])?;
        let request = self.clone();
        std::thread::Builder::new().name("hangup".into()).spawn(move || {
            if signals.forever().next().is_some() {
                request.request();
            }
        })?;
        Ok(())
    }

    /// Asks everybody who listens to stop. Asking again changes nothing.
    pub fn request(&self) {
        self.inner.token.cancel();
        drop(self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        self.inner.changed.notify_all();
    }

    /// Whether a stop was asked for.
    pub fn is_requested(&self) -> bool {
        self.inner.token.is_cancelled()
    }

    /// Waits at most `timeout`; returns at once, and true, when a stop is or was asked for.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let waiting = self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.inner.changed.wait_timeout_while(waiting, timeout, |()| !self.is_requested()));
        self.is_requested()
    }

    /// Completes when a stop is asked for.
    pub async fn requested(&self) {
        self.inner.token.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_wait_ends_early_when_a_stop_is_requested() {
        let shutdown = Shutdown::new();
        assert!(!shutdown.wait_timeout(Duration::ZERO));
        let waiter = shutdown.clone();
        let thread = std::thread::spawn(move || waiter.wait_timeout(Duration::from_secs(60)));
        let started = Instant::now();
        shutdown.request();
        assert!(thread.join().expect("the waiter does not panic"));
        assert!(started.elapsed() < Duration::from_secs(30));
        assert!(shutdown.is_requested());
        assert!(shutdown.wait_timeout(Duration::from_secs(60)), "and stays requested");
    }

    /// Once a waiter had heard of a stop that whoever looked did not see yet, and took his end for a failure.
    #[test]
    fn whoever_waits_and_whoever_looks_hear_of_a_stop_at_once() {
        for _ in 0..1_000 {
            let shutdown = Shutdown::new();
            let waiter = shutdown.clone();
            let thread =
                std::thread::spawn(move || waiter.wait_timeout(Duration::from_secs(60)) && waiter.is_requested());
            shutdown.request();
            assert!(thread.join().expect("the waiter does not panic"));
        }
    }
}
