//! What is known of the trail and its tracker.

use std::collections::BTreeMap;

use super::buckets::Buckets;
use super::figures::Figures;
use super::input::{
    CheckpointSeen, EventKind, EventSeen, FileState, ProcessState, Rotation, SealSeen, TornTail, Totals,
};
use super::life::Life;
use super::log_line::LogTally;
use super::plot::{BucketSize, Column, Plot};
use super::{judge, measure};
use crate::words::record::HealthLine;

/// What is known of the trail and its tracker, from what was read so far.
///
/// Lines of the trail come in any order of time; each is counted when whoever reads says so, since the
/// seal may have counted it already. Lines of the log come in their order.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub(super) trail: Trail,
    pub(super) life: Life,
    pub(super) events_file: FileState,
    pub(super) log_file: FileState,
    /// Whether the trail could be read at least once: its figures stay when it goes.
    pub(super) had_events: bool,
    pub(super) had_log: bool,
    pub(super) process: ProcessState,
    pub(super) seal: Option<SealSeen>,
    pub(super) checkpoint: Option<CheckpointSeen>,
    pub(super) torn_tail: Option<TornTail>,
    pub(super) rotation: Option<Rotation>,
}

/// What the lines of the trail told.
#[derive(Clone, Debug, Default)]
pub(super) struct Trail {
    pub(super) totals: Totals,
    pub(super) buckets: Buckets,
    /// The newest line of all.
    pub(super) newest: Option<Newest>,
    pub(super) newest_message_ms: Option<i64>,
    pub(super) newest_invalid: Option<Newest>,
    pub(super) newest_gap: Option<Newest>,
    pub(super) partitions: BTreeMap<i32, PartitionSeen>,
    pub(super) unreadable_byte: Option<u64>,
    pub(super) topic: Option<String>,
}

/// A line of the trail that no other one of its kind is newer than.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newest {
    pub(super) at_ms: i64,
    pub(super) event: EventSeen,
}

/// What the lines of one partition told.
#[derive(Clone, Copy, Debug)]
pub(super) struct PartitionSeen {
    pub(super) newest: Newest,
    pub(super) gap: Option<Newest>,
}

/// Of lines of the same time the one with the higher offset is the newer one.
fn renew(known: &mut Option<Newest>, newer: Newest) {
    let order = |line: &Newest| (line.at_ms, line.event.offset);
    if known.as_ref().is_none_or(|known| order(&newer) >= order(known)) {
        *known = Some(newer);
    }
}

impl Trail {
    fn see(&mut self, event: &EventSeen, now_ms: i64) {
        // What cannot say when it was, or says the far future, is counted; but it is in no plot, and nothing
        // must ever be newer.
        let latest_ms = now_ms.saturating_add(Buckets::FUTURE_MS);
        let Some(at_ms) = event.time_ms.filter(|at_ms| *at_ms <= latest_ms) else { return };
        let newest = Newest { at_ms, event: *event };
        renew(&mut self.newest, newest);
        let mut gap = None;
        match event.kind {
            EventKind::Gap { .. } => {
                gap = Some(newest);
                renew(&mut self.newest_gap, newest);
            }
            kind => {
                let is_invalid = kind == EventKind::Invalid;
                self.buckets.add(at_ms, is_invalid, now_ms);
                self.newest_message_ms = self.newest_message_ms.max(Some(at_ms));
                if is_invalid {
                    renew(&mut self.newest_invalid, newest);
                }
            }
        }
        let known = self.partitions.get(&event.partition).copied();
        let (mut line, mut known_gap) = (known.map(|known| known.newest), known.and_then(|known| known.gap));
        renew(&mut line, newest);
        if let Some(gap) = gap {
            renew(&mut known_gap, gap);
        }
        self.partitions.insert(event.partition, PartitionSeen { newest: line.unwrap_or(newest), gap: known_gap });
    }
}

impl Model {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// A whole line of the trail. `is_counted`: it adds to the totals, as a line does that came behind
    /// what they hold; not so a line that only fills the plots and the newest of everything.
    /// `now_ms` keeps times that lie in the future out of the plots.
    pub fn see(&mut self, event: &EventSeen, is_counted: bool, now_ms: i64) {
        if is_counted {
            self.trail.totals.tally += event.tally();
        }
        self.trail.see(event, now_ms);
    }

    /// A whole line of the trail that is none, which begins at `byte` of its file.
    pub fn see_unreadable(&mut self, byte: u64, is_counted: bool) {
        self.trail.totals.tally.unreadable += u64::from(is_counted);
        self.trail.unreadable_byte = self.trail.unreadable_byte.max(Some(byte));
    }

    /// Replaces what the whole trail holds: the seal's base at first, each step of a count in the
    /// background, what is left after a truncation.
    pub fn set_totals(&mut self, totals: Totals) {
        self.trail.totals = totals;
    }

    /// What the whole trail holds, as far as it was counted.
    pub fn totals(&self) -> Totals {
        self.trail.totals
    }

    /// Every line of the trail from this time on was seen; `i64::MIN` once the very first one was.
    pub fn set_filled_since(&mut self, time_ms: i64) {
        self.trail.buckets.set_complete_since(time_ms);
    }

    /// The trail is another one, or shorter: forgets its totals, its plots and the newest of everything, but
    /// not the log. Whoever reads tells them anew.
    pub fn forget_events(&mut self) {
        self.trail = Trail::default();
        self.torn_tail = None;
        self.rotation = None;
    }

    /// The next line of the log; it is counted.
    pub fn hear(&mut self, line: &HealthLine<'_>) {
        self.life.hear(line);
    }

    /// The next line of the log, which is none; it is counted.
    pub fn hear_unreadable(&mut self) {
        self.life.tally.unreadable += 1;
    }

    /// Replaces how many lines the log holds: after a start from its middle, or a shorter file.
    pub fn set_log_tally(&mut self, tally: LogTally) {
        self.life.tally = tally;
    }

    /// How many lines of the log were counted.
    pub fn log_tally(&self) -> LogTally {
        self.life.tally
    }

    /// The log is another one, or shorter: forgets all that it told.
    pub fn forget_log(&mut self) {
        self.life = Life::default();
    }

    /// How `tracker.events` is.
    pub fn set_events_file(&mut self, state: FileState) {
        self.had_events |= state.is_readable();
        self.events_file = state;
    }

    /// How `tracker.log` is.
    pub fn set_log_file(&mut self, state: FileState) {
        self.had_log |= state.is_readable();
        self.log_file = state;
    }

    /// What `tracker.pid` says.
    pub fn set_process(&mut self, state: ProcessState) {
        self.process = state;
    }

    /// What the seal says; `None` without one.
    pub fn set_seal(&mut self, seal: Option<SealSeen>) {
        self.seal = seal;
    }

    /// The newest checkpoint; `None` without one.
    pub fn set_checkpoint(&mut self, checkpoint: Option<CheckpointSeen>) {
        self.checkpoint = checkpoint;
    }

    /// A last line of the trail without its end; `None` when there is none.
    pub fn set_torn_tail(&mut self, tail: Option<TornTail>) {
        self.torn_tail = tail;
    }

    /// The trail went on in a new file.
    pub fn set_rotation(&mut self, rotation: Rotation) {
        self.rotation = Some(rotation);
    }

    /// The topic, as a line of the trail says it.
    pub fn set_topic(&mut self, topic: &str) {
        if self.trail.topic.as_deref() != Some(topic) {
            self.trail.topic = Some(topic.to_owned());
        }
    }

    /// Everything that a pane shows, at `now_ms`.
    pub fn figures(&self, now_ms: i64) -> Figures {
        let mut figures = measure::figures(self, now_ms);
        figures.verdict = judge::verdict(self, &figures);
        figures
    }

    /// So many columns up to the last finished one.
    pub fn plot(&self, columns: usize, bucket: BucketSize, now_ms: i64) -> Plot {
        let span_ms = bucket.span_ms();
        let ends_ms = now_ms.div_euclid(span_ms).saturating_mul(span_ms);
        let buckets = &self.trail.buckets;
        let column = |behind: usize| {
            let behind = i64::try_from(behind).unwrap_or(i64::MAX);
            let begins_ms = ends_ms.saturating_sub(behind.saturating_mul(span_ms));
            let (count, is_known) = if bucket < BucketSize::Minute {
                (buckets.between(begins_ms, begins_ms + span_ms), buckets.is_complete_from(begins_ms))
            } else {
                (buckets.between_minutes(begins_ms, begins_ms + span_ms), buckets.is_complete_from_minute(begins_ms))
            };
            Column { received: count.received, invalid: count.invalid, is_known }
        };
        Plot { bucket, columns: (1..=columns).rev().map(column).collect(), ends_ms }
    }

    /// The smallest bucket with at least ten messages a bar, by what came lately.
    pub fn default_bucket(&self, now_ms: i64) -> BucketSize {
        let now_rate = measure::throughput(self, now_ms).per_second.filter(|rate| *rate > 0.0);
        let hour = self.trail.buckets.between_minutes(now_ms.saturating_sub(3_600_000), now_ms);
        BucketSize::for_rate(now_rate.unwrap_or(f64::from(hour.received) / 3_600.0))
    }
}
