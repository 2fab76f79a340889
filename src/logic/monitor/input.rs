//! What the model is told by whoever reads the files.

use super::tally::Tally;

/// What one whole line of `tracker.events` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A message that is what was expected.
    Valid,
    /// A message that is not.
    Invalid,
    /// Messages that could not be had.
    Gap {
        /// The first missing offset, or the position that was reached.
        from: i64,
        /// Where reading goes on.
        to: i64,
    },
}

/// One whole line of `tracker.events` that parses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventSeen {
    /// The line's own `timestamp`, milliseconds since 1970-01-01 UTC; `None` when it is no time.
    pub time_ms: Option<i64>,
    /// What it tells.
    pub kind: EventKind,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
}

impl EventSeen {
    /// What it adds to a tally.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        match self.kind {
            EventKind::Valid => tally.valid = 1,
            EventKind::Invalid => tally.invalid = 1,
            EventKind::Gap { from, to } => {
                tally.gaps = 1;
                // A log that was cut goes on before the position: no offset is missing then.
                tally.gap_offsets = u64::try_from(to.saturating_sub(from)).unwrap_or(0);
            }
        }
        tally
    }

    /// Where its partition goes on.
    pub fn next_offset(&self) -> i64 {
        match self.kind {
            EventKind::Gap { to, .. } => to,
            _ => self.offset.saturating_add(1),
        }
    }
}

/// What the whole trail holds, as far as it was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What was counted, or taken over from the seal.
    pub tally: Tally,
    /// Whether that is all; else these are lower bounds.
    pub is_exact: bool,
    /// Whether `gap_offsets` is all: the seal tells how many gaps there are, not how long they are.
    pub is_gap_offsets_exact: bool,
    /// How much of a count in the background is done, 0 to 100.
    pub percent: Option<u8>,
}

/// How a file is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FileState {
    /// It is not there, and was not since this program started.
    #[default]
    Missing,
    /// It was there, and is not any more.
    Gone {
        /// Since when, milliseconds since 1970-01-01 UTC.
        since_ms: i64,
    },
    /// It can be read.
    Readable {
        /// How long it is.
        bytes: u64,
    },
    /// It is there, and cannot be read.
    Unreadable {
        /// What the operating system said.
        reason: String,
    },
}

impl FileState {
    /// Whether it can be read.
    pub fn is_readable(&self) -> bool {
        matches!(self, Self::Readable { .. })
    }

    /// Whether it went away, or is kept from us: what was known of it stays, and grows old.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Gone { .. } | Self::Unreadable { .. })
    }
}

/// What `tracker.pid` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProcessState {
    /// There is no such file, or it holds no number.
    #[default]
    Unknown,
    /// A process of this number runs.
    Running {
        /// The number.
        pid: u32,
    },
    /// No process of this number runs.
    NotRunning {
        /// The number.
        pid: u32,
    },
}

/// What `tracker.events.seal` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealSeen {
    /// How many lines are sealed, over all segments.
    pub lines: u64,
    /// When, milliseconds since 1970-01-01 UTC.
    pub sealed_ms: i64,
    /// Whether the tracker then stopped as asked.
    pub is_clean: bool,
    /// The topic.
    pub topic: String,
}

/// The newest checkpoint of `tracker.events.checkpoints`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointSeen {
    /// Which one it is, from 1; `None` while nobody counted.
    pub number: Option<u64>,
    /// How many lines it signs.
    pub lines: u64,
    /// When, milliseconds since 1970-01-01 UTC; `None` when it does not say.
    pub time_ms: Option<i64>,
}

/// A last line of `tracker.events` without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TornTail {
    /// Where it begins.
    pub byte: u64,
    /// Since when it did not grow, milliseconds since 1970-01-01 UTC.
    pub since_ms: i64,
}

/// The trail went on in a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// When it was noticed, milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The number of the first line of the new file; `None` while unknown.
    pub first_line: Option<u64>,
}
