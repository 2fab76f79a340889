//! When the file is synced, sealed and rotated.

use std::time::Duration;

use super::Moment;

/// How long after a write the relaxed sync begins at the latest.
const RELAXED_DELAY: Duration = Duration::from_millis(40);

/// How many written bytes make a sync begin before its time.
const MANY_UNSYNCED_BYTES: u64 = 32 << 20;

/// How long after a seal the next one is due, when there is anything to seal.
const SEAL_INTERVAL: Duration = Duration::from_secs(1);

/// How many synced bytes make a seal due before its time: they bound how much a start must read.
const MANY_UNSEALED_BYTES: u64 = 64 << 20;

/// How often a checkpoint is signed while nothing comes.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// When a write is followed by a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// At most 50 ms later.
    Relaxed,
    /// As soon as the sync before it has ended.
    Strict,
}

/// Says when to sync.
#[derive(Clone, Copy, Debug)]
pub struct SyncRhythm(pub Durability);

impl SyncRhythm {
    /// How long to wait before the next sync, when the first byte that it is for was written at
    /// `first_unsynced`.
    pub fn wait(self, first_unsynced: Moment, unsynced_bytes: u64, at: Moment) -> Duration {
        if self.0 == Durability::Strict || unsynced_bytes > MANY_UNSYNCED_BYTES {
            return Duration::ZERO;
        }
        (first_unsynced + RELAXED_DELAY).saturating_sub(at)
    }
}

/// Says when to seal.
#[derive(Clone, Copy, Debug)]
pub struct SealRhythm {
    last: Moment,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealDue {
    /// Seal what is synced.
    Seal,
    /// Sign what is sealed once more, to say that it is all.
    Heartbeat,
    /// Nothing before this long.
    Wait(Duration),
}

impl SealRhythm {
    /// The last seal was now.
    pub fn new(at: Moment) -> Self {
        Self { last: at }
    }

    /// What is due, with so many bytes synced and not sealed. `urgent`: something is to be
    /// sealed at once.
    pub fn due(&self, unsealed_bytes: u64, urgent: bool, at: Moment) -> SealDue {
        let since = at.saturating_sub(self.last);
        match unsealed_bytes {
            _ if urgent => SealDue::Seal,
            0 if since >= HEARTBEAT => SealDue::Heartbeat,
            0 => SealDue::Wait(HEARTBEAT - since),
            many if many >= MANY_UNSEALED_BYTES || since >= SEAL_INTERVAL => SealDue::Seal,
            _ => SealDue::Wait(SEAL_INTERVAL - since),
        }
    }

    /// A seal or a heartbeat was written.
    pub fn done(&mut self, at: Moment) {
        self.last = at;
    }
}

/// When a segment is closed and the next one begun.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RotationRule {
    /// Before a segment would become larger than this.
    pub size_bytes: Option<u64>,
    /// When its first line is this old.
    pub every: Option<Duration>,
}

impl RotationRule {
    /// Whether the next piece belongs into another segment. An empty one is never closed.
    pub fn is_due(self, segment_bytes: u64, segment_age: Duration, piece_bytes: u64) -> bool {
        let too_large = self.size_bytes.is_some_and(|size| segment_bytes + piece_bytes > size);
        let too_old = self.every.is_some_and(|every| segment_age >= every);
        segment_bytes > 0 && (too_large || too_old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relaxed_sync_waits_a_little_and_a_strict_one_does_not() {
        let at = Moment::from_secs(5);
        assert_eq!(SyncRhythm(Durability::Strict).wait(at, 1, at), Duration::ZERO);
        assert_eq!(SyncRhythm(Durability::Relaxed).wait(at, 1, at), RELAXED_DELAY);
        assert_eq!(SyncRhythm(Durability::Relaxed).wait(at, 1, at + RELAXED_DELAY), Duration::ZERO);
        assert_eq!(SyncRhythm(Durability::Relaxed).wait(at, MANY_UNSYNCED_BYTES + 1, at), Duration::ZERO);
    }

    #[test]
    fn seals_come_once_a_second_or_sooner_when_there_is_much_and_heartbeats_when_there_is_nothing() {
        let at = Moment::from_secs(5);
        let rhythm = SealRhythm::new(at);
        assert_eq!(rhythm.due(0, false, at), SealDue::Wait(HEARTBEAT));
        assert_eq!(rhythm.due(1, false, at), SealDue::Wait(SEAL_INTERVAL));
        assert_eq!(rhythm.due(1, true, at), SealDue::Seal);
        assert_eq!(rhythm.due(MANY_UNSEALED_BYTES, false, at), SealDue::Seal);
        assert_eq!(rhythm.due(1, false, at + SEAL_INTERVAL), SealDue::Seal);
        assert_eq!(rhythm.due(0, false, at + HEARTBEAT), SealDue::Heartbeat);
    }

    #[test]
    fn a_segment_ends_before_it_is_too_large_or_too_old_and_never_empty() {
        let hour = Duration::from_secs(3600);
        let by_size = RotationRule { size_bytes: Some(100), every: None };
        assert!(!by_size.is_due(60, hour, 40) && by_size.is_due(60, hour, 41) && !by_size.is_due(0, hour, 999));
        let by_age = RotationRule { size_bytes: None, every: Some(hour) };
        assert!(by_age.is_due(1, hour, 1) && !by_age.is_due(1, hour / 2, 1) && !by_age.is_due(0, hour, 1));
        assert!(!RotationRule::default().is_due(u64::MAX / 2, hour * 99, 1));
    }
}
