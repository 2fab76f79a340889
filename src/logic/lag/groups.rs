//! Groups: how far each is behind, where that is going, and who reads.

use std::collections::{BTreeMap, BTreeSet};

use super::figures::{GroupFigures, MemberFigures, PartitionLag, ReadBy, ToZero, Trend};
use super::past::Past;
use super::round::{Group, Reading, Round, Silent};
use super::topics::{TOLD_GONE_MS, Topics};
use super::trace::{Trace, WINDOW_MS, to_zero, trend};

/// A lag of 1 that has rested for so long, where nothing came either, is the marker of a transaction: no reader gets
/// it, and librdkafka's do not step over it.
const MARKER_RESTS_MS: i64 = 10_000;

/// A lag that grew for so long, grew for a whole window; a look takes its time.
const WHOLE_WINDOW_MS: i64 = WINDOW_MS - 5_000;

/// Traces of partitions are kept for so many, over all groups: 1 KiB each.
const MOST_TRACES: usize = 50_000;

/// One partition of a group over time.
#[derive(Clone, Debug, Default)]
struct Place {
    committed: Trace,
    lag: Trace,
}

/// One group over time.
#[derive(Clone, Debug, Default)]
struct Seen {
    last: Group,
    as_of_ms: i64,
    state_since_ms: Option<i64>,
    /// Whether its position was ever seen to move.
    has_moved: bool,
    /// When it last moved though nobody was a member.
    by_hand_ms: Option<i64>,
    places: BTreeMap<(String, i32), Place>,
    /// The lag of all partitions together, and how many were known of.
    lag: Trace,
    lag_places: usize,
    past: Past,
    gone_since_ms: Option<i64>,
}

/// All groups that were seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    seen: BTreeMap<String, Seen>,
}

/// The end of a partition.
type EndOf<'a> = &'a dyn Fn(&str, i32) -> Option<i64>;

impl Groups {
    pub(super) fn observe(&mut self, round: &Round, at_ms: i64) {
        let there: BTreeSet<&str> = round.groups.iter().map(|group| group.group.as_str()).collect();
        let is_whole = round.silences.iter().all(|silence| silence.who != Silent::GroupList);
        self.seen.retain(|name, seen| {
            if is_whole && !there.contains(name.as_str()) {
                seen.gone_since_ms.get_or_insert(at_ms);
            }
            seen.gone_since_ms.is_none_or(|since_ms| at_ms - since_ms < TOLD_GONE_MS)
        });
        let ends = round.partitions();
        let end = |topic: &str, partition| ends.get(&(topic, partition)).and_then(|one| one.end);
        let mut room = MOST_TRACES;
        for group in &round.groups {
            let seen = self.seen.entry(group.group.clone()).or_default();
            if seen.gone_since_ms.is_some() {
                *seen = Seen::default();
            }
            seen.observe(group, &end, room, at_ms);
            room = room.saturating_sub(seen.places.len());
        }
    }

    /// What is shown of each, the longest lag first.
    pub(super) fn figures(&self, round: &Round, topics: &Topics, now_ms: i64) -> Vec<GroupFigures> {
        let ends = round.partitions();
        let end = |topic: &str, partition| ends.get(&(topic, partition)).and_then(|one| one.end);
        let mut all: Vec<GroupFigures> = self.seen.values().map(|seen| seen.figures(topics, &end, now_ms)).collect();
        all.sort_by(|one, other| other.lag.cmp(&one.lag).then_with(|| one.group.cmp(&other.group)));
        all
    }
}

impl Seen {
    fn observe(&mut self, group: &Group, end: EndOf<'_>, room: usize, at_ms: i64) {
        if self.as_of_ms != 0 && group.state.is_some() && self.last.state != group.state {
            self.state_since_ms = Some(at_ms);
        }
        // What was not told stays as it was; its age is told instead.
        let kept = std::mem::take(&mut self.last);
        let has_none = |members: &Option<Vec<super::Member>>| members.as_ref().is_some_and(Vec::is_empty);
        // Who left may have moved it on leaving.
        let is_without_members = has_none(&kept.members) && has_none(&group.members);
        let is_whole = group.committed.is_some() && group.members.is_some();
        if is_whole || self.as_of_ms == 0 {
            self.as_of_ms = at_ms;
        }
        self.last = Group {
            group: group.group.clone(),
            state: group.state.clone().or(kept.state),
            kind: group.kind.clone().or(kept.kind),
            members: group.members.clone().or(kept.members),
            committed: group.committed.clone().or(kept.committed),
        };
        let Some(committed) = &group.committed else { return };
        for one in committed {
            let key = (one.topic.clone(), one.partition);
            if self.places.len() >= room && !self.places.contains_key(&key) {
                continue;
            }
            let place = self.places.entry(key).or_default();
            if place.committed.last().is_some_and(|before| before != one.offset) {
                self.has_moved = true;
                if is_without_members {
                    self.by_hand_ms = Some(at_ms);
                }
            }
            place.committed.push_growing(at_ms, one.offset);
            if let Some(end) = end(&one.topic, one.partition) {
                place.lag.push(at_ms, end - one.offset);
            }
        }
        let is_there = |(topic, partition): &(String, i32)| {
            committed.iter().any(|one| one.partition == *partition && one.topic == *topic)
        };
        if self.places.len() > committed.len() {
            self.places.retain(|key, _| is_there(key));
        }
        let known = committed.iter().filter_map(|one| Some(end(&one.topic, one.partition)? - one.offset));
        let (count, lag) = known.fold((0, 0), |(count, sum): (usize, i64), lag| (count + 1, sum.saturating_add(lag)));
        // A sum of other partitions is another figure.
        if count != self.lag_places {
            self.lag.clear();
            self.lag_places = count;
        }
        if count > 0 {
            self.lag.push(at_ms, lag);
            self.past.set(at_ms, lag as f64);
        }
    }

    fn read_by(&self, now_ms: i64) -> ReadBy {
        match &self.last.members {
            None => ReadBy::Unknown,
            Some(members) if !members.is_empty() => ReadBy::Members,
            Some(_) if self.by_hand_ms.is_some_and(|moved_ms| now_ms - moved_ms <= WINDOW_MS) => ReadBy::ByHand,
            Some(_) => ReadBy::Nobody,
        }
    }

    fn figures(&self, topics: &Topics, end: EndOf<'_>, now_ms: i64) -> GroupFigures {
        let is_gone = self.gone_since_ms.is_some();
        let partitions: Vec<PartitionLag> = match is_gone {
            true => Vec::new(),
            false => self.last.places().into_iter().map(|place| self.partition(topics, end, place)).collect(),
        };
        let sum = |of: &dyn Fn(&PartitionLag) -> Option<f64>| partitions.iter().filter_map(of).reduce(|a, b| a + b);
        let lag = partitions.iter().filter_map(|one| one.lag).reduce(i64::saturating_add);
        let markers = i64::try_from(partitions.iter().filter(|one| one.is_marker).count()).unwrap_or(0);
        let slope = self.lag.slope().filter(|_| lag.is_some());
        let in_per_second = sum(&|one| topics.in_of_partition(&one.topic, one.partition));
        let read_per_second = sum(&|one| self.place(&one.topic, one.partition)?.committed.growth_per_second());
        let trend = trend(slope, in_per_second);
        let real_lag = lag.map(|lag: i64| lag.saturating_sub(markers));
        let is_old = self.lag.span_ms() >= WHOLE_WINDOW_MS;
        let hidden = |one: &PartitionLag| topics.hidden(&one.topic, one.partition).min(one.lag.unwrap_or(0)).max(0);
        let names: BTreeSet<&str> = if is_gone { BTreeSet::new() } else { self.last.topics() };
        GroupFigures {
            group: self.last.group.clone(),
            state: if is_gone { Some("Dead".to_owned()) } else { self.last.state.clone() },
            is_gone,
            state_since_ms: self.gone_since_ms.or(self.state_since_ms),
            kind: self.last.kind.clone(),
            read_by: if is_gone { ReadBy::Nobody } else { self.read_by(now_ms) },
            members: self.last.members.as_ref().filter(|_| !is_gone).map(|_| self.members()),
            topics: names.iter().map(|&name| name.to_owned()).collect(),
            deleted_topics: names.iter().filter(|name| topics.is_gone(name)).map(|&name| name.to_owned()).collect(),
            lag,
            markers,
            in_open_transaction: partitions.iter().map(hidden).sum(),
            slope: slope.map(|slope| slope.per_second),
            trend,
            falls_behind: trend == Trend::Grows && is_old && real_lag.is_some_and(|lag| lag > 0),
            to_zero: to_zero(real_lag, slope, trend),
            in_per_second,
            read_per_second,
            behind_seconds: behind(real_lag, in_per_second),
            history: self.past.finished(now_ms),
            partitions,
            as_of_ms: self.as_of_ms,
        }
    }

    fn place(&self, topic: &str, partition: i32) -> Option<&Place> {
        self.places.get(&(topic.to_owned(), partition))
    }

    fn partition(
        &self,
        topics: &Topics,
        end: EndOf<'_>,
        ((topic, partition), Reading { committed, member }): ((&str, i32), Reading),
    ) -> PartitionLag {
        let end = end(topic, partition);
        let lag = end.zip(committed).map(|(end, committed)| end - committed);
        let place = self.place(topic, partition);
        let slope = place.and_then(|place| place.lag.slope());
        let trend = trend(slope, topics.in_of_partition(topic, partition));
        let rests = |place: &Place| place.committed.unchanged_ms() >= MARKER_RESTS_MS;
        // Where nobody reads and nobody was seen to, it may as well be a message that waits.
        let is_read = member.is_some() || self.has_moved;
        let is_marker = lag == Some(1)
            && is_read
            && topics.quiet_ms(topic, partition) >= MARKER_RESTS_MS
            && place.is_some_and(rests);
        let real_lag = if is_marker { Some(0) } else { lag };
        PartitionLag {
            topic: topic.to_owned(),
            partition,
            committed,
            end,
            lag,
            slope: slope.map(|slope| slope.per_second),
            trend,
            to_zero: if lag.is_none() { ToZero::Unknown } else { to_zero(real_lag, slope, trend) },
            is_marker,
            member,
        }
    }

    fn members(&self) -> Vec<MemberFigures> {
        let figures = |member: &super::Member| MemberFigures {
            id: member.id.clone(),
            client: member.client.clone(),
            host: member.host.clone(),
            partitions: member.assigned.len(),
        };
        self.last.members.iter().flatten().map(figures).collect()
    }
}

/// How old the oldest message is that was not read, about.
fn behind(lag: Option<i64>, in_per_second: Option<f64>) -> Option<f64> {
    match (lag?, in_per_second) {
        (..=0, _) => Some(0.0),
        (lag, Some(rate)) if rate > 0.0 => Some(lag as f64 / rate),
        _ => None,
    }
}
