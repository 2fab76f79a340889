//! What a trail holds, in figures: counted piece by piece, put together in order.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};

use jiff::Timestamp;

use crate::doors::audit::read::{Piece, Taken};
use crate::words::record::{AuditLine, EventType, Gap, LineHead, Skim};

/// How many gaps are told one by one.
const TOLD_GAPS: usize = 1_000;

/// The figures of one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PartitionTally {
    /// The lowest offset.
    pub(super) first: i64,
    /// The highest offset of a message.
    pub(super) last: i64,
    pub(super) valid: u64,
    pub(super) invalid: u64,
    pub(super) gaps: u64,
    /// Of the payloads.
    pub(super) bytes: u64,
}

/// The largest message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Biggest {
    pub(super) bytes: u64,
    pub(super) line: u64,
    pub(super) partition: i32,
    pub(super) offset: i64,
}

/// A gap, and the line that tells it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToldGap {
    pub(super) line: u64,
    pub(super) partition: i32,
    pub(super) gap: Gap,
}

/// An order's id as a number that differs where the ids do, and where the order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OrderMark {
    pub(super) hash: u64,
    pub(super) trail: u32,
    pub(super) line: u64,
}

/// The figures of some lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) lines: u64,
    pub(super) damaged: u64,
    pub(super) partitions: BTreeMap<i32, PartitionTally>,
    /// When the first and the last line were received, milliseconds since 1970-01-01 UTC.
    pub(super) span_ms: Option<(i64, i64)>,
    pub(super) biggest: Option<Biggest>,
    pub(super) gaps: Vec<ToldGap>,
    pub(super) orders: Vec<OrderMark>,
}

impl PartitionTally {
    fn new(offset: i64) -> Self {
        Self { first: offset, last: i64::MIN, valid: 0, invalid: 0, gaps: 0, bytes: 0 }
    }

    /// Messages, valid and invalid.
    pub(super) fn messages(&self) -> u64 {
        self.valid + self.invalid
    }
}

/// What is read of any line.
struct Facts<'a> {
    kind: EventType,
    partition: i32,
    offset: i64,
    size_bytes: u64,
    timestamp: &'a str,
    order_hash: Option<u64>,
}

impl Tally {
    /// The figures of a piece; lines are numbered from 0 in it.
    pub(super) fn of(piece: Piece<'_>, hasher: &RandomState) -> Self {
        let mut tally = Self::default();
        let (mut first, mut last) = (None, None);
        for (number, (_, line)) in (0..).zip(piece.lines()) {
            tally.lines += 1;
            let is_read = match skimmed(line, hasher) {
                Some(facts) => {
                    first = first.or(Some(facts.timestamp));
                    last = Some(facts.timestamp);
                    tally.add(number, line, &facts);
                    true
                }
                None => tally.add_slowly(number, line, hasher),
            };
            tally.damaged += u64::from(!is_read);
        }
        let read = |text: Option<&str>| text?.parse::<Timestamp>().ok().map(Timestamp::as_millisecond);
        tally.span_ms = read(first).zip(read(last));
        tally
    }

    /// A line that is spelled in an unusual way.
    fn add_slowly(&mut self, number: u64, line: &[u8], hasher: &RandomState) -> bool {
        let Ok(record) = AuditLine::parse(line) else { return false };
        let order_hash = record.order_full.and_then(|order| order_id(order.0)).map(|id| hasher.hash_one(id.as_str()));
        let facts = Facts {
            kind: record.event_type,
            partition: record.kafka_partition,
            offset: record.kafka_offset,
            size_bytes: record.message_size,
            timestamp: "",
            order_hash,
        };
        self.add(number, line, &facts);
        true
    }

    fn add(&mut self, number: u64, line: &[u8], facts: &Facts<'_>) {
        let &Facts { kind, partition, offset, size_bytes, .. } = facts;
        let entry = self.partitions.entry(partition).or_insert_with(|| PartitionTally::new(offset));
        entry.first = entry.first.min(offset);
        match kind {
            EventType::Received => entry.valid += 1,
            EventType::Invalid => entry.invalid += 1,
            EventType::Gap => {
                entry.gaps += 1;
                let gap = LineHead::parse(line).ok().and_then(|head| head.audit);
                self.gaps.extend(gap.filter(|_| self.gaps.len() < TOLD_GAPS).map(|gap| ToldGap {
                    line: number,
                    partition,
                    gap,
                }));
                return;
            }
        }
        entry.last = entry.last.max(offset);
        entry.bytes += size_bytes;
        if self.biggest.is_none_or(|biggest| size_bytes > biggest.bytes) {
            self.biggest = Some(Biggest { bytes: size_bytes, line: number, partition, offset });
        }
        self.orders.extend(facts.order_hash.map(|hash| OrderMark { hash, trail: 0, line: number }));
    }

    /// Adds the figures of the lines that follow.
    pub(super) fn follow_with(&mut self, trail: u32, taken: Taken<Tally>) {
        let (next, base) = (taken.result, taken.first_line);
        self.lines += next.lines;
        self.damaged += next.damaged;
        for (partition, more) in next.partitions {
            let entry = self.partitions.entry(partition).or_insert_with(|| PartitionTally::new(more.first));
            entry.first = entry.first.min(more.first);
            entry.last = entry.last.max(more.last);
            entry.valid += more.valid;
            entry.invalid += more.invalid;
            entry.gaps += more.gaps;
            entry.bytes += more.bytes;
        }
        self.span_ms = match (self.span_ms, next.span_ms) {
            (Some(ours), Some(theirs)) => Some((ours.0.min(theirs.0), ours.1.max(theirs.1))),
            (ours, theirs) => ours.or(theirs),
        };
        if let Some(biggest) = next.biggest
            && self.biggest.is_none_or(|ours| biggest.bytes > ours.bytes)
        {
            self.biggest = Some(Biggest { line: base + biggest.line, ..biggest });
        }
        let room = TOLD_GAPS.saturating_sub(self.gaps.len());
        self.gaps.extend(next.gaps.into_iter().take(room).map(|told| ToldGap { line: base + told.line, ..told }));
        self.orders.extend(next.orders.into_iter().map(|mark| OrderMark { trail, line: base + mark.line, ..mark }));
    }

    /// The sum over all partitions.
    pub(super) fn total(&self, what: impl Fn(&PartitionTally) -> u64) -> u64 {
        self.partitions.values().map(what).sum()
    }

    /// The orders whose ids stand more than once, each group in the order of its lines.
    pub(super) fn repeated(&mut self) -> Vec<Vec<OrderMark>> {
        self.orders.sort_unstable();
        let groups = self.orders.chunk_by(|one, next| one.hash == next.hash);
        groups.filter(|group| group.len() > 1).map(<[OrderMark]>::to_vec).collect()
    }
}

fn skimmed<'a>(line: &'a [u8], hasher: &RandomState) -> Option<Facts<'a>> {
    let skim = Skim::of(line)?;
    let end = skim.end()?;
    let order_hash = match end.order_id() {
        Some(id) => Some(hasher.hash_one(id)),
        None if end.has_order() => {
            let order = AuditLine::parse(line).ok()?.order_full?;
            order_id(order.0).map(|id| hasher.hash_one(id.as_str()))
        }
        None => None,
    };
    let Skim { event_type: kind, partition, offset, timestamp, .. } = skim;
    Some(Facts { kind, partition, offset, size_bytes: end.message_size, timestamp, order_hash })
}

/// The id of an order that stands anywhere in its text.
pub(super) fn order_id(order: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Id {
        order_id: String,
    }
    serde_json::from_str::<Id>(order).ok().map(|id| id.order_id)
}
