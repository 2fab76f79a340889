//! When something that failed is tried again: later each time, never all at the same moment, and not for ever.

/// After the first failure.
const FIRST_MS: u64 = 500;

/// Between two tries at most.
const MOST_MS: u64 = 60_000;

/// The tries of one letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    attempts: u32,
    first_ms: Option<u64>,
}

/// What is to be done after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try again after so long.
    Again {
        /// From now.
        after_ms: u64,
    },
    /// It has been tried for long enough.
    GiveUp,
}

impl Backoff {
    /// How many tries have failed.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// A try has failed at `now_ms`, of any clock that goes forward. `retry_for_ms` is how long tries go on after
    /// the first failure; `chance` is a random number.
    pub fn failed(&mut self, now_ms: u64, retry_for_ms: u64, chance: u64) -> Verdict {
        let since = now_ms.saturating_sub(*self.first_ms.get_or_insert(now_ms));
        let whole = FIRST_MS.saturating_mul(1 << self.attempts.min(16)).min(MOST_MS);
        self.attempts = self.attempts.saturating_add(1);
        if since >= retry_for_ms {
            return Verdict::GiveUp;
        }
        // Between half of it and all of it; the last try comes when the time is up, not later.
        let after = whole / 2 + chance % (whole / 2 + 1);
        Verdict::Again { after_ms: after.min(retry_for_ms - since) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_wait_is_about_twice_the_one_before() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..10)
            .map(|_| match backoff.failed(0, u64::MAX, 1 << 40) {
                Verdict::Again { after_ms } => after_ms,
                Verdict::GiveUp => unreachable!("there is time"),
            })
            .collect();
        for (n, wait) in waits.iter().enumerate() {
            let whole = (500_u64 << n).min(60_000);
            assert!((whole / 2..=whole).contains(wait), "{n}: {wait}");
        }
        assert_eq!(backoff.attempts(), 10);
    }

    #[test]
    fn without_patience_the_first_failure_is_the_last() {
        assert_eq!(Backoff::default().failed(7, 0, 3), Verdict::GiveUp);
    }

    proptest! {
        #[test]
        fn it_ends_when_the_time_is_up_and_not_later(retry_for in 1_u64..10_000_000, chances: Vec<u64>) {
            let (mut backoff, mut now) = (Backoff::default(), 1_000);
            for chance in chances.iter().cycle().take(100_000) {
                match backoff.failed(now, retry_for, *chance) {
                    Verdict::Again { after_ms } => now += after_ms,
                    Verdict::GiveUp => break,
                }
            }
            if !chances.is_empty() {
                prop_assert_eq!(now, 1_000 + retry_for);
            }
        }
    }
}
