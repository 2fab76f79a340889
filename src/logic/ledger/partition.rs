//! One partition: where it stands, and whether it is read.

use std::time::Duration;

use super::Moment;
use super::watch::MUTE;
use crate::words::seal::SealedPosition;

/// How a partition is being dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Not ours to read, or not seen yet.
    Apart,
    /// To be begun as soon as its ends are known; they are asked for at this moment.
    Waiting { look: Moment },
    /// Being read.
    Reading,
}

/// What is known of one partition.
#[derive(Clone, Debug)]
pub(super) struct Partition {
    /// The next offset to write; `None` before its first one is known.
    pub(super) next: Option<i64>,
    /// The leader's epoch of its last line.
    pub(super) leader_epoch: Option<i32>,
    /// Where the file stood when it was opened.
    pub(super) recovered: Option<i64>,
    /// What was gone before its first line, told by that line.
    pub(super) gone_before: i64,
    /// Whether it has a position and no line yet.
    pub(super) without_line: bool,
    pub(super) stage: Stage,
    /// How often the broker's log did not reach our position since it was last read from.
    pub(super) doubts: u32,
    /// How many looks in a row saw its log end before our position, while it is being read.
    pub(super) short: u32,
    /// Whether the broker was asked to compare epochs since the doubts began.
    pub(super) compared: bool,
    /// The offset that this trail had published, until it was compared with the file's.
    pub(super) published: Option<i64>,
    /// One past the last that can be read, as last heard.
    pub(super) end: Option<i64>,
    /// Where it was found to end; after the last message there may be markers.
    pub(super) read_to: Option<i64>,
    /// For how long it may be silent although there is more to read; longer after each consumer that
    /// brought nothing either, since one huge message or aborted transaction takes its time.
    pub(super) patience: Duration,
    /// Since when, and standing at which offset, there was more to read.
    pub(super) behind: Option<(Moment, i64)>,
}

impl Partition {
    pub(super) fn new() -> Self {
        Self {
            next: None,
            recovered: None,
            leader_epoch: None,
            gone_before: 0,
            without_line: true,
            stage: Stage::Apart,
            doubts: 0,
            short: 0,
            compared: false,
            published: None,
            end: None,
            read_to: None,
            patience: MUTE,
            behind: None,
        }
    }

    pub(super) fn recovered(position: &SealedPosition) -> Self {
        let SealedPosition { next, leader_epoch, without_line } = *position;
        // Its first line is still to come, and tells everything that is gone before it.
        let gone_before = if without_line { next } else { 0 };
        Self { next: Some(next), recovered: Some(next), leader_epoch, without_line, gone_before, ..Self::new() }
    }

    /// As it stands in a seal; `None` before its first offset is known.
    pub(super) fn position(&self) -> Option<SealedPosition> {
        let next = self.next?;
        Some(SealedPosition { next, leader_epoch: self.leader_epoch, without_line: self.without_line })
    }

    /// How far everything is read: markers at the end are no messages.
    pub(super) fn reached(&self) -> Option<i64> {
        self.next.map(|next| self.read_to.map_or(next, |to| next.max(to)))
    }

    /// Forgets what was there: another log begins.
    pub(super) fn reset(&mut self) {
        *self = Self { stage: self.stage, ..Self::new() };
    }

    /// Stands at `next` after a line that tells what is gone; the last message before it is of
    /// `leader_epoch`, or of an earlier one.
    pub(super) fn go_on_at(&mut self, next: i64, leader_epoch: Option<i32>) {
        self.next = Some(next);
        self.gone_before = 0;
        self.without_line = false;
        self.leader_epoch = leader_epoch;
        self.read_to = None;
        self.behind = None;
        self.doubts = 0;
        self.compared = false;
    }

    /// Whether it is known from where it is read. A position beyond the end is not known to be good
    /// before the broker has compared it, even though reading has begun.
    pub(super) fn is_settled(&self) -> bool {
        let beyond = || self.next.zip(self.end).is_some_and(|(next, end)| next > end);
        match self.stage {
            Stage::Apart => true,
            Stage::Waiting { .. } => false,
            Stage::Reading => !(self.compared && beyond()),
        }
    }
}
