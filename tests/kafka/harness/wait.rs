//! Waiting for conditions. The only place of the tests that sleeps.

use std::time::{Duration, Instant};

/// Long enough for anything that should take a moment, on a busy machine too. It is only ever
/// waited for in full when a test fails.
pub(crate) const SHORT: Duration = Duration::from_secs(30);

/// Long enough for what moves a lot of data or starts a broker.
pub(crate) const LONG: Duration = Duration::from_secs(180);

/// The pause between two looks grows from the first to the second: what comes soon is seen soon, and what takes long is
/// not asked for so often that asking slows it down.
const STEPS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

/// Asks `condition` again and again until it gives something; panics with `what` at the deadline.
pub(crate) fn wait_until<T>(what: &str, deadline: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let (began, mut step) = (Instant::now(), STEPS.0);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(began.elapsed() < deadline, "waited {deadline:?} in vain: {what}");
        pause(step);
        step = (step * 5 / 4).min(STEPS.1);
    }
}

/// For tests whose subject is time itself: an outage of a given length, say. Never to be used in
/// place of a condition.
pub(crate) fn wait_while_time_passes(time: Duration) {
    pause(time);
}

#[allow(
    clippy::disallowed_methods,
    reason = "a test has no shutdown to wait for; everything else here waits through this"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}
