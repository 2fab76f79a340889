//! Reading the topic into a board, whatever happens to it: partitions that come, a topic made anew, a log that was
//! cut, a request whose events turn out to stand in two partitions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use memchr::memmem::Finder;

use super::{Travel, TravelError, terms::forgets};
use crate::base::message::Message;
use crate::base::position::{Position, Positions};
use crate::doors::kafka::{Cluster, EndError, Inflow, Inlet, TopicError, TopicInfo, unreadable};
use crate::logic::travel::{Board, Listed, Origin, Reach, SnapshotError, Told};
use crate::tools::shown::safe;
use crate::tools::shutdown::Shutdown;
use crate::tools::stderr::remark;

/// Who only reads, and publishes nothing, names this group to its client.
pub(super) const READER: &str = "ordertrail-travel";

/// How long one wait takes before a stop is looked for.
const SLICE: Duration = Duration::from_millis(50);

/// How long one question for the ends of all partitions may take.
const ANSWER: Duration = Duration::from_secs(2);

/// What a step has brought beside records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Nothing more.
    None,
    /// All is read from the beginning again, for this reason: nothing that was told of requests holds any more.
    Anew(String),
    /// The same for the order of some records: those that were read are read again, as they were.
    Merging(String),
    /// Something that people should know; it goes on.
    Note(String),
    /// No broker answers, for this reason.
    Lost(String),
    /// A broker answers again.
    Back,
}

/// A topic that is read into a board.
pub(super) struct Reading<'a> {
    cluster: &'a Cluster,
    topic: TopicInfo,
    group: &'static str,
    inlet: Inlet,
    pub(super) board: Board,
    /// By partition, the oldest offset and the end as they were at the start.
    ends: BTreeMap<i32, (i64, i64)>,
    /// Whether the topic may have forgotten something of any request.
    is_compacted: bool,
    /// Whether the board holds what another reading would not find any more.
    has_outlived: bool,
    /// What was said of the commits last: said once.
    told: String,
    /// Whose records alone are folded.
    only: Option<String>,
    /// Whether records behind the ends are left out.
    stops_at_ends: bool,
}

impl<'a> Reading<'a> {
    /// Reads from the beginning into an empty board.
    pub(super) fn new(cluster: &'a Cluster, topic: &TopicInfo, group: &'static str) -> Result<Self, TravelError> {
        Self::from(cluster, topic, group, Board::default(), Positions::default())
    }

    /// Reads only what concerns one request, and keeps its records.
    pub(super) fn of_one(cluster: &'a Cluster, topic: &TopicInfo, id: &str) -> Result<Self, TravelError> {
        let board = Board::default().showing([id.to_owned()]);
        let reading = Self::from(cluster, topic, READER, board, Positions::default())?;
        Ok(Self { only: Some(id.to_owned()), ..reading })
    }

    fn from(
        cluster: &'a Cluster,
        topic: &TopicInfo,
        group: &'static str,
        board: Board,
        positions: Positions,
    ) -> Result<Self, TravelError> {
        let inlet = cluster.inlet(topic, group, positions)?;
        Ok(Self {
            cluster,
            topic: topic.clone(),
            group,
            inlet,
            board,
            ends: BTreeMap::new(),
            is_compacted: false,
            has_outlived: false,
            told: String::new(),
            only: None,
            stops_at_ends: false,
        })
    }

    /// Whether all that a board was made of is still there.
    pub(super) fn would_go_on(&self, origin: &Origin, cluster_id: Option<&str>) -> Result<(), SnapshotError> {
        let topic_id = self.inlet.positions().topic_id.as_deref();
        origin.check(cluster_id, &self.topic.name, topic_id, &self.ends)
    }

    /// Takes records only up to where a board was made.
    pub(super) fn end_at(&mut self, origin: &Origin) {
        let end = |(partition, reach): (&i32, &Reach)| (*partition, (reach.low, reach.next));
        self.ends = origin.partitions.iter().map(end).collect();
        self.stops_at_ends = true;
    }

    /// Goes on from a board that was made up to `origin`.
    pub(super) fn go_on(&mut self, board: Board, origin: &Origin) -> Result<(), TravelError> {
        let position = |(partition, reach): (&i32, &Reach)| {
            (*partition, Position { next: reach.next, leader_epoch: reach.leader_epoch })
        };
        let partitions = origin.partitions.iter().map(position).collect();
        let positions = Positions { topic_id: Some(origin.topic_id.clone()), partitions };
        self.inlet = self.cluster.inlet(&self.topic, self.group, positions)?;
        self.board = board;
        Ok(())
    }

    /// Asks for the ends, up to which will be read; for so long at most.
    pub(super) fn look(&mut self, patience: Duration, shutdown: &Shutdown) -> Result<(), TravelError> {
        let deadline = Instant::now() + patience;
        self.count_partitions();
        let partitions: Vec<i32> = (0..self.topic.partitions).collect();
        loop {
            let reason = match self.inlet.consumer().ends(&partitions, ANSWER) {
                Ok(all) => {
                    let known = |(partition, ends): (i32, Result<_, String>)| {
                        ends.map(|ends: crate::doors::kafka::Ends| (partition, (ends.low, ends.readable_end)))
                    };
                    match all.into_iter().map(known).collect::<Result<BTreeMap<_, _>, String>>() {
                        Ok(ends) => {
                            self.ends = ends;
                            return Ok(());
                        }
                        Err(reason) => reason,
                    }
                }
                Err(error) => error.to_string(),
            };
            if shutdown.is_requested() {
                return Err(TravelError::Stopped);
            }
            if Instant::now() >= deadline {
                return Err(TopicError::NoAnswer { topic: self.topic.name.clone(), reason }.into());
            }
            shutdown.wait_timeout(SLICE);
        }
    }

    /// What the topic forgets, and how to mend that: a line each.
    pub(super) fn warnings(&mut self, brokers: &str) -> Vec<String> {
        let topic = &self.topic.name;
        let terms = match self.cluster.topic_terms(topic) {
            Ok(terms) => terms,
            Err(reason) => return vec![format!("whether {topic} keeps everything is not known: {reason}")],
        };
        self.is_compacted = terms.compacted;
        let mut all = forgets(&terms);
        if !all.is_empty() {
            let settings = "cleanup.policy=delete,retention.ms=-1,retention.bytes=-1";
            all.push(format!(
                "mend it with: kafka-configs.sh --bootstrap-server {brokers} --alter --topic {topic} --add-config {settings}"
            ));
        }
        let gone: i64 = self.ends.values().map(|(low, _)| *low).sum();
        if gone > 0 {
            all.push(format!("the {gone} oldest records are gone: histories may lack their beginning"));
        }
        all.iter_mut().for_each(|line| line.insert_str(0, &format!("{topic}: ")));
        all
    }

    /// Takes what has come, waiting at most `wait` for it; `each` is told every record with what became of it.
    pub(super) fn step(
        &mut self,
        wait: Duration,
        mut each: impl FnMut(&Message<'_>, Told<'_>, &mut Board) -> Result<(), TravelError>,
    ) -> Result<Option<News>, TravelError> {
        let Some(inflow) = self.inlet.next(wait)? else {
            return Ok(Some(self.split()?).filter(|news| *news != News::None));
        };
        Ok(Some(match inflow {
            Inflow::Messages(batch) => {
                let finder = self.only.as_ref().map(|id| (id.as_bytes(), Finder::new(id.as_bytes())));
                for message in batch.iter() {
                    let concerns = finder.as_ref().is_none_or(|(id, finder)| may_concern(&message, id, finder));
                    let end = self.ends.get(&message.partition).map_or(0, |(_, end)| *end);
                    let concerns = concerns && (!self.stops_at_ends || message.offset < end);
                    if self.inlet.take(&message) && concerns {
                        let told = self.board.fold(&message);
                        each(&message, told, &mut self.board)?;
                    }
                }
                self.inlet.recycle(batch);
                self.split()?
            }
            Inflow::Ends | Inflow::Readable => self.split()?,
            Inflow::NewTopic => {
                self.board = Board::default().showing(self.only.clone());
                self.has_outlived = false;
                self.ends.clear();
                News::Anew(format!("{} is another topic of the same name now", self.topic.name))
            }
            Inflow::Cut { partition, from, to } => {
                let reason = format!("{}/{partition} was cut behind offset {from}, to {to}", self.topic.name);
                // What was the end may not be there any more.
                self.ends.clear();
                self.anew(Vec::new())?;
                News::Anew(reason)
            }
            Inflow::Lost { partition, from, to } => {
                self.has_outlived |= from > 0;
                self.ends.entry(partition).or_insert((to, to)).0 = to;
                News::Note(format!("{}/{partition}: offsets {from} to {} are gone", self.topic.name, to - 1))
            }
            Inflow::BrokerLost { reason } => News::Lost(reason),
            Inflow::BrokerBack => News::Back,
            Inflow::Unreadable { partition, offset, reason } => {
                News::Note(unreadable(&self.topic.name, partition, offset, &reason))
            }
            Inflow::Trouble { reason } if reason == self.told => News::None,
            Inflow::Trouble { reason } => {
                self.told.clone_from(&reason);
                News::Note(reason)
            }
        }))
    }

    /// Begins anew when a request was found in two partitions: its records have to be put in order.
    fn split(&mut self) -> Result<News, TravelError> {
        // Each beginning costs a whole reading: all that are split by now are found first.
        if !self.is_split_pending() || !self.has_read_all().unwrap_or(false) {
            return Ok(News::None);
        }
        let names: Vec<&str> = self.board.found_split().iter().map(String::as_str).take(3).collect();
        let count = self.board.found_split().len();
        let reason = format!(
            "{count} requests have events in several partitions ({}{}): merging them by time",
            names.join(", "),
            if count > names.len() { ", …" } else { "" }
        );
        self.anew(self.board.kept_ids().chain(self.board.found_split()).cloned().collect())?;
        Ok(News::Merging(reason))
    }

    /// Counts the partitions anew: more may have come, and a topic made anew may have fewer. Without an answer they are
    /// as they were.
    fn count_partitions(&mut self) {
        if let Ok(found) = self.cluster.topic(&self.topic.name, ANSWER) {
            self.topic.partitions = found.partitions;
        }
    }

    fn anew(&mut self, keep: Vec<String>) -> Result<(), TravelError> {
        self.count_partitions();
        self.has_outlived = false;
        self.board = Board::keeping(keep).showing(self.only.clone());
        self.inlet = self.cluster.inlet(&self.topic, self.group, Positions::default())?;
        Ok(())
    }

    fn is_split_pending(&self) -> bool {
        self.only.is_none() && !self.board.found_split().is_empty()
    }

    /// Whether everything was read that was there at the start, and nothing of it has to be put in order.
    pub(super) fn is_caught_up(&self) -> Result<bool, EndError> {
        Ok(self.has_read_all()? && !self.is_split_pending())
    }

    fn has_read_all(&self) -> Result<bool, EndError> {
        match self.ends.is_empty() {
            true => self.inlet.is_at_end(),
            false => self.inlet.has_read(self.ends.iter().map(|(partition, (_, end))| (*partition, *end))),
        }
    }

    /// Reads all that was there at the start.
    pub(super) fn read_to_end(
        &mut self,
        shutdown: &Shutdown,
        mut each: impl FnMut(&Message<'_>, Told<'_>, &mut Board) -> Result<(), TravelError>,
        mut news: impl FnMut(&News),
    ) -> Result<(), TravelError> {
        while !self.is_caught_up()? {
            if shutdown.is_requested() {
                return Err(TravelError::Stopped);
            }
            if let Some(one) = self.step(SLICE, &mut each)? {
                news(&one);
            }
        }
        self.board.settle();
        Ok(())
    }

    /// How much of what is there was read, as far as both are known.
    pub(super) fn progress(&self) -> (i64, i64) {
        let next = |partition: i32, low: i64| self.inlet.positions().next(partition).max(low) - low;
        let read = self.ends.iter().map(|(partition, (low, end))| next(*partition, *low).min(end - low)).sum();
        (read, self.ends.values().map(|(low, end)| end - low).sum())
    }

    /// Whether records of this request may be gone.
    pub(super) fn is_incomplete(&self, listed: &Listed<'_>) -> bool {
        let is_cut = |partition: &i32| self.ends.get(partition).is_some_and(|(low, _)| *low > 0);
        let is_touched = match listed.request.home {
            Some(_) if listed.is_split => self.ends.keys().any(is_cut),
            home => home.as_ref().is_some_and(is_cut),
        };
        self.is_compacted || is_touched
    }

    /// Whether the topic keeps only the last record of a key.
    pub(super) fn is_compacted(&self) -> bool {
        self.is_compacted
    }

    /// Whether records of any request may be gone.
    pub(super) fn is_any_incomplete(&self) -> bool {
        self.is_compacted || self.ends.values().any(|(low, _)| *low > 0)
    }

    /// Publishes how far was read.
    pub(super) fn commit(&self) {
        self.inlet.commit();
    }

    /// How many answers to that are awaited.
    pub(super) fn uncommitted(&self) -> u32 {
        self.inlet.uncommitted()
    }

    /// Hears what the broker answers, and takes no records.
    pub(super) fn hear(&mut self, wait: Duration) -> Result<(), TravelError> {
        Ok(self.inlet.next(wait).map(drop)?)
    }

    /// Where it goes on.
    pub(super) fn positions(&self) -> &Positions {
        self.inlet.positions()
    }

    /// The ends as they were at the start.
    pub(super) fn ends(&self) -> &BTreeMap<i32, (i64, i64)> {
        &self.ends
    }

    /// What the board was made of, if that can be told without doubt.
    pub(super) fn origin(&self, cluster_id: Option<&str>) -> Option<Origin> {
        if self.has_outlived || self.is_compacted {
            return None;
        }
        let positions = self.inlet.positions();
        let reach = |partition: &i32| {
            let low = self.ends.get(partition).map_or(0, |(low, _)| *low);
            // An empty partition has none until its end was met; that makes no difference.
            let at = positions.partitions.get(partition).copied().unwrap_or_default();
            (*partition, Reach { low, next: at.next, leader_epoch: at.leader_epoch })
        };
        Some(Origin {
            cluster_id: cluster_id?.to_owned(),
            topic: self.topic.name.clone(),
            topic_id: positions.topic_id.clone()?,
            partitions: self.ends.keys().chain(positions.partitions.keys()).map(reach).collect(),
        })
    }
}

/// A topic that is read to its end, for a command that ends by itself.
pub(super) fn read_all<'a>(
    travel: &Travel<'_>,
    mut reading: Reading<'a>,
    each: impl FnMut(&Message<'_>, Told<'_>, &mut Board) -> Result<(), TravelError>,
) -> Result<Reading<'a>, TravelError> {
    reading.look(travel.context.common.connect_timeout, travel.context.shutdown)?;
    for warning in reading.warnings(&travel.context.settings.brokers) {
        remark(format_args!("{}", safe(&warning)));
    }
    reading.read_to_end(travel.context.shutdown, each, |news| match news {
        News::None | News::Back => {}
        News::Anew(reason) | News::Merging(reason) | News::Note(reason) => remark(format_args!("{}", safe(reason))),
        News::Lost(reason) => remark(format_args!("no broker can be reached ({}); trying on", safe(reason))),
    })?;
    Ok(reading)
}

/// Cheap, and never wrong about one that concerns it: with a backslash the id may be written in another way.
fn may_concern(message: &Message<'_>, id: &[u8], finder: &Finder<'_>) -> bool {
    let payload = message.payload.unwrap_or_default();
    message.key == Some(id) || finder.find(payload).is_some() || memchr::memchr(b'\\', payload).is_some()
}
