//! Pacing: when the next order is due.

use std::time::{Duration, Instant};

/// An order that is due sooner than this is sent at once: a sleep is never that exact, and at high
/// rates many orders are due within it. The schedule is absolute, so the rate stays exact.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// Who is later than this (a broker that was away, a pipe that was silent) starts a new schedule
/// instead of catching up in one burst.
const LONGEST_CATCH_UP: Duration = Duration::from_secs(1);

/// A schedule of orders at equal distances.
#[derive(Debug)]
pub(super) struct Pace {
    /// `None`: as fast as delivery allows.
    interval: Option<Duration>,
    start: Instant,
    sent: u32,
}

impl Pace {
    /// A schedule whose first order is due now.
    pub(super) fn new(interval: Option<Duration>, now: Instant) -> Self {
        let interval = interval.filter(|interval| !interval.is_zero());
        Self { interval, start: now, sent: 0 }
    }

    /// How long to wait before the next order; `None` when it is due. Without a schedule the clock is not read.
    pub(super) fn wait(&mut self, now: impl FnOnce() -> Instant) -> Option<Duration> {
        let interval = self.interval?;
        let now = now();
        let late = now.checked_duration_since(self.due(interval));
        match late {
            Some(late) if late > LONGEST_CATCH_UP.max(interval) => {
                (self.start, self.sent) = (now, 0);
                None
            }
            Some(_) => None,
            None => Some(self.due(interval) - now).filter(|wait| *wait >= SHORTEST_WAIT),
        }
    }

    /// Notes that an order was sent, so that the next one is due an interval later.
    pub(super) fn advance(&mut self) {
        let Some(interval) = self.interval else { return };
        self.sent += 1;
        // Starting anew now and then keeps the product exact and in range.
        if self.sent == 1_000_000 {
            (self.start, self.sent) = (self.due(interval), 0);
        }
    }

    fn due(&self, interval: Duration) -> Instant {
        self.start + interval * self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many orders go out within `length` when every wait is kept exactly.
    fn sent_within(interval: Duration, length: Duration) -> u64 {
        let start = Instant::now();
        let mut now = start;
        let mut pace = Pace::new(Some(interval), start);
        let mut sent = 0;
        loop {
            match pace.wait(|| now) {
                Some(wait) => now += wait,
                None => {
                    pace.advance();
                    sent += 1;
                    now += Duration::from_nanos(200);
                }
            }
            if now >= start + length {
                return sent;
            }
        }
    }

    #[test]
    fn rates_are_kept_from_slow_to_fast() {
        for (interval_us, expected) in [(2_000_000, 5), (100_000, 100), (500, 20_000), (10, 1_000_000)] {
            let sent = sent_within(Duration::from_micros(interval_us), Duration::from_secs(10));
            let most_ahead = 1 + 1_000 / interval_us;
            assert!(sent.abs_diff(expected) <= most_ahead, "{interval_us} µs: {sent} instead of {expected}");
        }
    }

    #[test]
    fn without_an_interval_nothing_waits() {
        let start = Instant::now();
        for interval in [None, Some(Duration::ZERO)] {
            let mut pace = Pace::new(interval, start);
            pace.advance();
            assert_eq!(pace.wait(|| unreachable!("no schedule needs no clock")), None);
        }
    }

    #[test]
    fn a_short_delay_is_caught_up_and_a_long_one_is_not() {
        let interval = Duration::from_millis(100);
        let start = Instant::now();
        let burst = |delay| {
            let mut pace = Pace::new(Some(interval), start);
            let mut sent = 0;
            while pace.wait(|| start + delay).is_none() {
                pace.advance();
                sent += 1;
            }
            sent
        };
        assert_eq!(burst(Duration::from_millis(550)), 6);
        assert_eq!(burst(Duration::from_secs(60)), 1);
    }

    #[test]
    fn a_late_order_does_not_shift_the_next_ones() {
        let interval = Duration::from_secs(2);
        let start = Instant::now();
        let mut pace = Pace::new(Some(interval), start);
        pace.advance();
        assert_eq!(pace.wait(|| start + Duration::from_millis(2_300)), None);
        pace.advance();
        assert_eq!(pace.wait(|| start + Duration::from_millis(2_300)), Some(Duration::from_millis(1_700)));
    }
}
