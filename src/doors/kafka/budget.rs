//! How many bytes of messages may be on their way from the fetching thread to whoever reads.
//!
//! The channel between them counts batches, and a batch is as large as its largest message: eight of
//! them may be 4 MB, or 400.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::tools::shutdown::Shutdown;

/// How many bytes may be held; one batch that is larger may be, alone.
const MOST_BYTES: usize = 24 << 20;

/// How soon a stop is heard while there is no room.
const STOP_HEARD: Duration = Duration::from_millis(100);

/// What is held, counted.
#[derive(Debug, Default)]
pub(super) struct Budget {
    held_bytes: Mutex<usize>,
    freed: Condvar,
}

/// Bytes that are held until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    /// Waits until there is room for so many bytes, or nothing else is held; `None` when a stop was asked
    /// for first.
    pub(super) fn hold(self: &Arc<Self>, bytes: usize, stop: &Shutdown) -> Option<Held> {
        let mut held_bytes = self.lock();
        while *held_bytes > 0 && *held_bytes + bytes > MOST_BYTES {
            if stop.is_requested() {
                return None;
            }
            held_bytes = self.freed.wait_timeout(held_bytes, STOP_HEARD).unwrap_or_else(PoisonError::into_inner).0;
        }
        *held_bytes += bytes;
        Some(Held { budget: Arc::clone(self), bytes })
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.held_bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        *self.budget.lock() -= self.bytes;
        self.budget.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_one_waits_until_it_is_alone_and_a_stop_ends_the_wait() {
        let (budget, stop) = (Arc::new(Budget::default()), Shutdown::new());
        let small = budget.hold(1, &stop).expect("room");
        let waiting = {
            let (budget, stop) = (Arc::clone(&budget), stop.clone());
            std::thread::spawn(move || budget.hold(2 * MOST_BYTES, &stop).map(|held| held.bytes))
        };
        assert!(budget.hold(MOST_BYTES - 1, &stop).is_some(), "up to the last byte");
        drop(small);
        assert_eq!(waiting.join().expect("no panic"), Some(2 * MOST_BYTES));
        assert_eq!(*budget.lock(), 0, "what is dropped is free");
        let _all = budget.hold(MOST_BYTES, &stop).expect("room");
        stop.request();
        assert!(budget.hold(1, &stop).is_none());
    }
}
