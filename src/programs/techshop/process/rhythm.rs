//! When the open transaction is closed, when a sign of life is due, and when the group's offsets go along.
//!
//! After a commit was answered the broker still writes the markers of its end into each partition. A transaction whose
//! first record comes before that is held up by librdkafka for 20 ms, which is longer than everything else takes. So
//! records rest, decided, until the markers are likely to be there; how long that is is learnt from commits that were
//! held up. The rest makes transactions fewer, too, of which each costs the broker some thirty writes.

use std::time::{Duration, Instant};

/// How often the one that decides gives a sign of life when it has nothing to decide.
const BEAT: Duration = Duration::from_millis(300);

/// So long orders that come close together are waited for: the first of them was alone until now.
const GATHERED: Duration = Duration::from_millis(2);

/// The bounds of the rest after a commit. Within the shorter one a broker on the same machine has nearly always written
/// its markers; beyond the longer one waiting costs more than being held up.
const SHORTEST_REST: Duration = Duration::from_millis(10);
const LONGEST_REST: Duration = Duration::from_millis(20);

/// A commit that takes longer was held up.
const HELD_UP: Duration = Duration::from_millis(20);

/// The rest is made longer by one part in so many when a commit was held up, and shorter by one in so many when not:
/// so that the odd one that is held up for another reason is soon made up for.
const LONGER_BY: u32 = 4;
const SHORTER_BY: u32 = 64;

/// A transaction is closed after so many messages, or so long, whatever waits.
const MOST_MESSAGES: u64 = 3_000;
const LONGEST: Duration = Duration::from_millis(200);

/// The group's offsets, which are a copy for people and tools, go along only so often: to publish them costs a
/// transaction two more requests, and the broker two more writes.
const PUBLISHED: Duration = Duration::from_millis(200);

/// The pace of transactions. Moments come in.
#[derive(Debug)]
pub(super) struct Rhythm {
    /// Since when something is decided that is not committed.
    open: Option<Instant>,
    /// Messages of which it is.
    messages: u64,
    /// When the last commit was answered.
    committed: Instant,
    /// How long records rest after a commit.
    rest: Duration,
    /// When the group's offsets last went along.
    published: Instant,
}

impl Rhythm {
    pub(super) fn new(now: Instant) -> Self {
        Self { open: None, messages: 0, committed: now, rest: SHORTEST_REST, published: now }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// A message was decided.
    pub(super) fn decided(&mut self, now: Instant) {
        self.open.get_or_insert(now);
        self.messages += 1;
    }

    /// Whether records may go out before the transaction is closed.
    pub(super) fn may_send(&self, now: Instant) -> bool {
        now >= self.committed + self.rest
    }

    /// How long a message may be waited for.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        let until = match self.open {
            Some(since) => (since + GATHERED).max(self.committed + self.rest),
            None => self.committed + BEAT,
        };
        until.saturating_duration_since(now)
    }

    /// Whether the open transaction is to be closed now, when nothing `waits` to be decided or whatever does.
    pub(super) fn is_due(&self, now: Instant, waits: bool) -> bool {
        let Some(since) = self.open else { return false };
        let is_full = self.messages >= MOST_MESSAGES || now.saturating_duration_since(since) >= LONGEST;
        is_full || (!waits && self.wait(now).is_zero())
    }

    /// Whether nothing was committed for so long that somebody could believe this one dead.
    pub(super) fn is_silent(&self, now: Instant) -> bool {
        self.open.is_none() && self.wait(now).is_zero()
    }

    /// Whether the group's offsets go along with the transaction that is closed now.
    pub(super) fn publishes(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.published) >= PUBLISHED
    }

    /// They did.
    pub(super) fn published(&mut self, now: Instant) {
        self.published = now;
    }

    /// What was open is committed; the commit was asked for at `asked`.
    pub(super) fn committed(&mut self, asked: Instant, now: Instant) {
        let rest = if now.saturating_duration_since(asked) >= HELD_UP {
            self.rest + self.rest / LONGER_BY
        } else {
            self.rest - self.rest / SHORTER_BY
        };
        self.rest = rest.clamp(SHORTEST_REST, LONGEST_REST);
        (self.open, self.messages, self.committed) = (None, 0, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// A rhythm after so many commits that took so long; the last was answered now.
    fn after_commits(count: u32, took: Duration) -> (Rhythm, Instant) {
        let mut now = Instant::now();
        let mut rhythm = Rhythm::new(now);
        for _ in 0..count {
            rhythm.decided(now);
            let asked = now;
            now += took;
            rhythm.committed(asked, now);
        }
        (rhythm, now)
    }

    #[test]
    fn an_order_that_comes_alone_waits_for_a_moment_only() {
        let (mut rhythm, committed) = after_commits(100, ms(6));
        let came = committed + ms(100);
        assert_eq!(rhythm.wait(came), ms(200), "until the next sign of life");
        rhythm.decided(came);
        assert!(rhythm.may_send(came));
        assert_eq!(rhythm.wait(came), ms(2));
        assert!(!rhythm.is_due(came + ms(1), false));
        assert!(rhythm.is_due(came + ms(2), false));
        assert!(!rhythm.is_due(came + ms(2), true), "what is there already comes along");
    }

    #[test]
    fn orders_that_come_after_a_commit_rest_and_share_a_transaction() {
        let (mut rhythm, committed) = after_commits(100, ms(6));
        rhythm.decided(committed);
        assert!(!rhythm.may_send(committed + ms(9)) && rhythm.may_send(committed + SHORTEST_REST));
        assert_eq!(rhythm.wait(committed), SHORTEST_REST);
        assert!(!rhythm.is_due(committed + ms(9), false));
        assert!(rhythm.is_due(committed + SHORTEST_REST, false));
    }

    #[test]
    fn the_rest_is_longer_after_commits_that_were_held_up_and_slowly_shorter_again() {
        let (mut rhythm, now) = after_commits(1, HELD_UP);
        assert_eq!(rhythm.wait_of_another(now), SHORTEST_REST + SHORTEST_REST / LONGER_BY);
        for _ in 0..20 {
            rhythm.committed(now, now + ms(300));
        }
        assert_eq!(rhythm.wait_of_another(now + ms(300)), LONGEST_REST);
        for _ in 0..8 {
            rhythm.committed(now, now + ms(5));
        }
        assert!(rhythm.wait_of_another(now + ms(5)) > ms(17), "not at once");
        for _ in 0..100 {
            rhythm.committed(now, now + ms(5));
        }
        assert_eq!(rhythm.wait_of_another(now + ms(5)), SHORTEST_REST);
    }

    impl Rhythm {
        /// How long an order that comes now would be waited with.
        fn wait_of_another(&mut self, now: Instant) -> Duration {
            self.decided(now);
            self.wait(now)
        }
    }

    #[test]
    fn a_transaction_that_is_full_or_long_open_is_closed_whatever_waits() {
        let (mut rhythm, now) = after_commits(1, ms(5));
        rhythm.decided(now);
        assert!(!rhythm.is_due(now + LONGEST - ms(1), true));
        assert!(rhythm.is_due(now + LONGEST, true));
        for _ in 1..MOST_MESSAGES {
            assert!(!rhythm.is_due(now, true));
            rhythm.decided(now);
        }
        assert!(rhythm.is_due(now, true));
        rhythm.committed(now, now);
        assert!(!rhythm.is_due(now, true), "nothing is open");
        rhythm.decided(now);
        assert!(!rhythm.is_due(now, true), "the next one begins empty");
    }

    #[test]
    fn signs_of_life_come_when_nothing_else_does_and_bring_the_offsets_along() {
        let now = Instant::now();
        let mut rhythm = Rhythm::new(now);
        assert!(!rhythm.is_silent(now + BEAT - ms(1)) && rhythm.is_silent(now + BEAT));
        assert!(!rhythm.publishes(now + ms(199)) && rhythm.publishes(now + BEAT));
        rhythm.decided(now);
        assert!(!rhythm.is_silent(now + BEAT), "what is open will be one");
        rhythm.published(now + ms(5));
        assert!(!rhythm.publishes(now + ms(204)));
        rhythm.committed(now, now + ms(5));
        assert!(!rhythm.is_open());
        let rest = now + ms(5) + BEAT;
        assert!(rhythm.is_silent(rest) && rhythm.publishes(rest), "at rest the offsets are those of the end");
    }
}
