//! So much a second, and a count of the rest: what is told to people must not cost more than what it tells of.

use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// Lets so much happen in a second.
#[derive(Debug)]
pub struct Quota {
    most_a_second: u32,
    since: Instant,
    used: u32,
    left_out: u64,
}

impl Quota {
    /// So much a second, from `now` on.
    pub fn new(most_a_second: u32, now: Instant) -> Self {
        Self { most_a_second, since: now, used: 0, left_out: 0 }
    }

    /// Whether there is room for one more in this second; else it is counted.
    pub fn allows(&mut self) -> bool {
        let is_allowed = self.used < self.most_a_second;
        if is_allowed {
            self.used += 1;
        } else {
            self.left_out += 1;
        }
        is_allowed
    }

    /// Counts what was allowed, or told as left out, and cannot be shown all the same.
    pub fn leave_out(&mut self, count: u64) {
        self.left_out += count;
    }

    /// Begins a new second when it is time: then how many were left out until now.
    pub fn turn(&mut self, now: Instant) -> Option<u64> {
        if now.duration_since(self.since) < SECOND {
            return None;
        }
        (self.since, self.used) = (now, 0);
        Some(self.rest())
    }

    /// How many were left out and are not told yet.
    pub fn rest(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    /// As if the second had passed.
    #[cfg(test)]
    pub(crate) fn pass(&mut self) {
        self.since -= SECOND;
    }
}

/// `… and 5 more`; nothing of none.
pub fn and_more(left_out: u64) -> Option<String> {
    (left_out > 0).then(|| format!("… and {left_out} more"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_not_shown_is_told_once() {
        let began = Instant::now();
        let mut quota = Quota::new(2, began);
        assert_eq!((0..5).filter(|_| quota.allows()).count(), 2);
        quota.leave_out(1);
        assert_eq!(quota.turn(began + SECOND / 2), None, "the second is not over");
        assert_eq!(quota.turn(began + SECOND), Some(4));
        assert!(quota.allows(), "a new second");
        assert_eq!((quota.rest(), and_more(0), and_more(3)), (0, None, Some("… and 3 more".to_owned())));
    }
}
