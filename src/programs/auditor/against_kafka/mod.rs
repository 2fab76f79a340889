//! `audit verify --against-kafka`: each line against the message that Kafka still has, and each message against the
//! lines.
//!
//! What is compared is said by Kafka, not by the trail: of each partition everything from the oldest offset that is
//! there on. The trail only says where its lines end (or, in the name of its key's owner, its seal), so what Kafka has
//! behind that is counted and said.
//!
//! What the group of its tracker has published of the trail is asked for first: whatever stands there by then was on the
//! disk before.
//!
//! Only the lines of the topic that is there now count: those after the last line that tells of a topic
//! made anew or of another cluster, and of those before a cut of a log only what the cut left. They are
//! compared partition by partition, a stretch of offsets at a time, so that the memory stays the same
//! however long the trail is.

mod answer;
mod comparison;
mod digest;
mod lines;
mod published;
mod topic;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::context::Context;
use super::error::AuditError;
use crate::base::message::MessageTime;
use crate::doors::audit::read::{TrailReader, read_seal};
use crate::doors::audit::trail_path;
use crate::doors::audit::verify::Report;
use crate::doors::kafka::MessageBatch;
use crate::tools::shown::grouped;
use crate::words::seal::{Seal, topic_of};
pub(super) use answer::{Answer, worse};
use comparison::Comparison;
use digest::of_message;
use lines::{Extent, LinesTold, digests, extents, first_line_of_now, partitions_in, topic_name};
use topic::Topic;

/// How many offsets are compared at once.
const STRETCH: i64 = 200_000;

/// After this a tracker that runs has written what Kafka had when it was asked.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What is compared.
pub(super) struct Asked<'a> {
    /// The trail.
    pub(super) dir: &'a Path,
    /// The folders that were given, this one among them: what one does not record, another may.
    pub(super) dirs: &'a [PathBuf],
    /// The partitions that the trail is to have; empty for all of the topic.
    pub(super) partitions: &'a [i32],
    /// Whether what Kafka has behind the last lines is a difference too.
    pub(super) is_complete: bool,
    /// The group of the trail's tracker.
    pub(super) group: &'a str,
    /// What was found of the trail by itself.
    pub(super) report: &'a Report,
}

/// Compares a trail with its topic, and with what its tracker's group has published of it. An error of the answer is
/// [`AuditError::NotCompared`] whenever a stop kept it from its end.
pub(super) fn compare(context: &Context<'_>, asked: &Asked<'_>) -> Answer {
    let compared = |error: AuditError| if error.is_stop() { AuditError::NotCompared } else { error };
    match open_topic(context, asked) {
        Ok(Some((topic, has_lines))) => {
            let published = Some(published::ask(context, asked, &topic));
            let lines = match has_lines {
                true => compare_lines(context, asked, &topic).map_err(compared),
                false => Ok(Comparison::of_empty_trail()),
            };
            Answer { published, lines }
        }
        Ok(None) => Answer { published: None, lines: Ok(Comparison::of_empty_trail()) },
        Err(error) => Answer { published: None, lines: Err(compared(error)) },
    }
}

/// The topic of the trail, as its first line tells it, or while it has none its key, and whether it has a line; `None`
/// when nothing tells it.
fn open_topic(context: &Context<'_>, asked: &Asked<'_>) -> Result<Option<(Topic, bool)>, AuditError> {
    let of_line = topic_name(context, &TrailReader::open(asked.dir)?)?;
    let has_lines = of_line.is_some();
    let of_key = || asked.report.origin.as_deref().and_then(topic_of).map(str::to_owned);
    let Some(name) = of_line.or_else(of_key) else { return Ok(None) };
    Topic::open(context, &name, asked.group).map(|topic| Some((topic, has_lines)))
}

fn compare_lines(context: &Context<'_>, asked: &Asked<'_>, topic: &Topic) -> Result<Comparison, AuditError> {
    if let Some(reason) = seal_of(asked.dir).and_then(|seal| topic.is_another(&seal)) {
        return Ok(Comparison::nothing(reason));
    }
    let mut look = Look { context, asked, topic, ends: topic.ends()?, comparison: Comparison::default() };
    look.compare()?;
    // What has come into Kafka a moment ago may be on its way into the trail. It must be there soon.
    if look.comparison.may_come {
        if context.shutdown.wait_timeout(LOOK_AGAIN) {
            return Err(AuditError::NotCompared);
        }
        look.comparison = Comparison::default();
        look.compare()?;
    }
    Ok(look.comparison.settle())
}

fn seal_of(dir: &Path) -> Option<Seal> {
    read_seal(&trail_path(dir)).ok()
}

/// One comparison of everything.
struct Look<'a> {
    context: &'a Context<'a>,
    asked: &'a Asked<'a>,
    topic: &'a Topic,
    /// What Kafka had when the first look began.
    ends: BTreeMap<i32, Range<i64>>,
    comparison: Comparison,
}

impl Look<'_> {
    fn compare(&mut self) -> Result<(), AuditError> {
        // Before the lines, so that they reach at least as far as it says.
        let seal = seal_of(self.asked.dir);
        let reader = TrailReader::open(self.asked.dir)?;
        let start = first_line_of_now(self.context, &reader)?;
        let extents = extents(self.context, &reader, start, seal.as_ref())?;
        // The trail was written at least until then, so what Kafka had by then was there to be recorded.
        let mut written_ms = seal.map_or(i64::MIN, |seal| seal.sealed_ms);
        for (&partition, extent) in &extents {
            self.comparison.gone += extent.lines;
            let Some(there) = self.ends.get(&partition).cloned() else { continue };
            let offsets = there.start.max(extent.first)..there.end.min(extent.next);
            let newest = self.compare_partition(&reader, start, partition, extent, &offsets)?;
            written_ms = written_ms.max(newest);
        }
        self.look_behind(&extents, written_ms)
    }

    /// Compares these offsets of a partition, and says when the newest of the messages was sent.
    fn compare_partition(
        &mut self,
        reader: &TrailReader,
        start: u64,
        partition: i32,
        extent: &Extent,
        offsets: &Range<i64>,
    ) -> Result<i64, AuditError> {
        let (mut from, mut newest_ms) = (offsets.start, i64::MIN);
        while from < offsets.end {
            if self.context.shutdown.is_requested() {
                return Err(AuditError::NotCompared);
            }
            let stretch = from..offsets.end.min(from + STRETCH);
            let mut told = digests(self.context, reader, partition, &stretch, &(start..u64::MAX))?;
            told.retain(|offset, (line, _)| !extent.has_lost(*line, *offset));
            newest_ms = newest_ms.max(self.compare_stretch(partition, &stretch, told)?);
            from = stretch.end;
        }
        Ok(newest_ms)
    }

    fn compare_stretch(
        &mut self,
        partition: i32,
        offsets: &Range<i64>,
        mut told: LinesTold,
    ) -> Result<i64, AuditError> {
        let comparison = &mut self.comparison;
        let mut newest_ms = i64::MIN;
        let mut check = |batch: &MessageBatch| {
            for message in
                batch.iter().filter(|message| message.partition == partition && offsets.contains(&message.offset))
            {
                let place = format!("partition {partition}, offset {}", message.offset);
                match told.remove(&message.offset) {
                    None => {
                        comparison.differs(format!("{place}: Kafka has a message there, and the trail has no line"))
                    }
                    Some((_, digest)) if of_message(&message).agrees_with(&digest) => {
                        comparison.agreeing += 1;
                        comparison.gone -= 1;
                        newest_ms = newest_ms.max(milliseconds(message.time).unwrap_or(i64::MIN));
                    }
                    Some(_) => {
                        comparison.gone -= 1;
                        comparison.differs(format!("{place}: the line does not tell the message that Kafka has there"));
                    }
                }
            }
        };
        self.topic.read(self.context, partition, offsets, &mut check)?;
        Ok(newest_ms)
    }

    /// Counts what Kafka has behind the last lines. Of a partition without a line it is a difference, unless it
    /// came after everything that is known of the trail.
    fn look_behind(&mut self, extents: &BTreeMap<i32, Extent>, written_ms: i64) -> Result<(), AuditError> {
        let mut elsewhere: Option<BTreeSet<i32>> = None;
        for (partition, there) in self.ends.clone() {
            let extent = extents.get(&partition);
            if extent.is_none() && !self.asked.partitions.is_empty() && !self.asked.partitions.contains(&partition) {
                continue;
            }
            let from = extent.map_or(there.start, |extent| extent.next.max(there.start));
            let (all, early) = self.count(partition, from..there.end, written_ms)?;
            if all > 0 && extent.is_none() {
                if elsewhere.is_none() {
                    let others: Vec<&PathBuf> = self.asked.dirs.iter().filter(|dir| *dir != self.asked.dir).collect();
                    elsewhere = Some(partitions_in(self.context, &others)?);
                }
                if elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.contains(&partition)) {
                    continue;
                }
            }
            self.comparison.behind.insert(partition, all);
            let missing = match extent {
                _ if self.asked.is_complete => all,
                None => early,
                Some(_) => 0,
            };
            if missing > 0 {
                self.comparison.may_come = true;
                self.comparison.differs(missing_text(partition, missing, extent.is_some()));
            }
        }
        Ok(())
    }

    /// How many messages there are, and how many of them are not known to be later than this.
    fn count(&self, partition: i32, offsets: Range<i64>, written_ms: i64) -> Result<(u64, u64), AuditError> {
        let (mut all, mut early) = (0, 0);
        if offsets.is_empty() {
            return Ok((all, early));
        }
        let mut count = |batch: &MessageBatch| {
            for message in
                batch.iter().filter(|message| message.partition == partition && offsets.contains(&message.offset))
            {
                all += 1;
                early += u64::from(milliseconds(message.time).is_none_or(|time| time <= written_ms));
            }
        };
        self.topic.read(self.context, partition, &offsets, &mut count)?;
        Ok((all, early))
    }
}

fn milliseconds(time: MessageTime) -> Option<i64> {
    match time {
        MessageTime::Create(milliseconds) | MessageTime::LogAppend(milliseconds) => Some(milliseconds),
        MessageTime::Unknown => None,
    }
}

fn missing_text(partition: i32, missing: u64, has_lines: bool) -> String {
    let word = if missing == 1 { "message" } else { "messages" };
    let missing = grouped(missing);
    if has_lines {
        return format!("partition {partition}: Kafka has {missing} {word} behind the last line of the trail");
    }
    format!(
        "partition {partition}: Kafka has {missing} {word}, and the trail has no line of it \
         (a tracker of other partitions only? then pass all folders, or --partition)"
    )
}
