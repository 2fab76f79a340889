//! So much a second, and a count of the rest: what is told to people must not cost more than what it tells of.

use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// Lets so much happen in a second.
#[derive(Debug)]
pub(super) struct Quota {
    most_a_second: u32,
    since: Instant,
    used: u32,
    left_out: u64,
}

impl Quota {
    pub(super) fn new(most_a_second: u32) -> Self {
        Self { most_a_second, since: Instant::now(), used: 0, left_out: 0 }
    }

    /// Whether there is room for one more in this second; else it is counted.
    pub(super) fn allows(&mut self) -> bool {
        let is_allowed = self.used < self.most_a_second;
        if is_allowed {
            self.used += 1;
        } else {
            self.left_out += 1;
        }
        is_allowed
    }

    /// Counts one that was allowed and is left out all the same.
    pub(super) fn leave_out(&mut self) {
        self.left_out += 1;
    }

    /// Begins a new second when it is time: then how many were left out until now.
    pub(super) fn turn(&mut self) -> Option<u64> {
        if self.since.elapsed() < SECOND {
            return None;
        }
        (self.since, self.used) = (Instant::now(), 0);
        Some(self.rest())
    }

    /// How many were left out and are not told yet.
    pub(super) fn rest(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    /// As if the second had passed.
    #[cfg(test)]
    pub(super) fn pass(&mut self) {
        self.since -= SECOND;
    }
}

/// `… and 5 more`; nothing of none.
pub(super) fn and_more(left_out: u64) -> Option<String> {
    (left_out > 0).then(|| format!("… and {left_out} more"))
}
