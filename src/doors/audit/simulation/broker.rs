//! A broker with one topic: transactions that abort, retention, truncation, topics made anew.

use std::collections::BTreeMap;

use super::dice::Dice;
use crate::logic::ledger::{Identity, Sight};

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// No other message has it.
    pub(super) id: u64,
    pub(super) leader_epoch: i32,
}

/// One partition's log.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) low: i64,
    /// By offset; `None`: a marker, or of an aborted transaction, or compacted away.
    pub(super) records: Vec<Option<Record>>,
    pub(super) leader_epoch: i32,
    /// Where each epoch began.
    epochs: Vec<(i32, i64)>,
    pub(super) was_cut: bool,
}

impl Log {
    fn new() -> Self {
        Self { epochs: vec![(0, 0)], ..Self::default() }
    }

    pub(super) fn end(&self) -> i64 {
        i64::try_from(self.records.len()).expect("small")
    }

    /// Up to where the log has messages of this epoch or earlier ones.
    pub(super) fn epoch_end(&self, epoch: i32) -> i64 {
        self.epochs.iter().find(|&&(later, _)| later > epoch).map_or(self.end(), |&(_, start)| start)
    }

    /// The first message at or after `offset`.
    pub(super) fn next(&self, offset: i64) -> Option<(i64, Record)> {
        let from = usize::try_from(offset.max(self.low)).expect("not negative");
        let found = self.records.iter().enumerate().skip(from).find_map(|(at, record)| Some((at, (*record)?)));
        found.map(|(at, record)| (i64::try_from(at).expect("small"), record))
    }
}

/// The topic as it is, and all that it ever was.
#[derive(Debug)]
pub(super) struct Broker {
    pub(super) logs: Vec<Log>,
    pub(super) cluster: u32,
    pub(super) topic: u32,
    /// The logs of topics that are no more.
    pub(super) past: Vec<Vec<Log>>,
    /// What the tracker published: by partition, of which topic, and the next offset.
    pub(super) published: BTreeMap<i32, (Option<String>, i64)>,
    next_id: u64,
}

impl Broker {
    pub(super) fn new(partitions: usize) -> Self {
        let logs = vec![Log::new(); partitions];
        Self { logs, cluster: 0, topic: 0, past: Vec::new(), published: BTreeMap::new(), next_id: 1 }
    }

    /// Something happens in the world.
    pub(super) fn act(&mut self, dice: &mut Dice) {
        let at = dice.below(self.logs.len());
        match dice.below(100) {
            0..=84 => {
                for _ in 0..=dice.below(6) {
                    let partition = dice.below(self.logs.len());
                    self.produce(partition, dice);
                }
            }
            85..=89 => {
                let log = &mut self.logs[at];
                let ahead = dice.below(usize::try_from(log.end() - log.low).expect("not negative") + 1);
                log.low += i64::try_from(ahead).expect("small");
            }
            90..=93 => {
                let log = &mut self.logs[at];
                let kept = usize::try_from(log.low).expect("not negative")
                    + dice.below(usize::try_from(log.end() - log.low).expect("not negative") + 1);
                if kept < log.records.len() {
                    log.records.truncate(kept);
                    log.was_cut = true;
                }
                log.leader_epoch += 1;
                let start = log.end();
                log.epochs.retain(|&(_, began)| began < start);
                log.epochs.push((log.leader_epoch, start));
            }
            94..=95 => self.make_anew(dice),
            96 => {
                self.cluster += 1;
                self.published.clear();
                self.make_anew(dice);
            }
            97 if self.logs.len() < 4 => self.logs.push(Log::new()),
            _ => {}
        }
    }

    fn produce(&mut self, partition: usize, dice: &mut Dice) {
        let log = &mut self.logs[partition];
        let record = Record { id: self.next_id, leader_epoch: log.leader_epoch };
        self.next_id += 1;
        log.records.push((!dice.once_in(5)).then_some(record));
    }

    fn make_anew(&mut self, dice: &mut Dice) {
        self.topic += 1;
        let partitions = 1 + dice.below(3);
        self.past.push(std::mem::replace(&mut self.logs, vec![Log::new(); partitions]));
        // Often it is longer than the old position before anybody looks.
        for _ in 0..dice.below(40) {
            let partition = dice.below(partitions);
            self.produce(partition, dice);
        }
    }

    pub(super) fn identity(&self) -> Identity {
        Identity {
            cluster_id: Some(format!("cluster-{}", self.cluster)),
            topic_id: Some(format!("topic-{}", self.topic)),
        }
    }

    /// What a look sees; some partitions may give no answer.
    pub(super) fn sight(&self, dice: &mut Dice, all: bool) -> Sight {
        let mut ends = BTreeMap::new();
        let topic_id = self.identity().topic_id;
        let ours = self.published.iter().filter(|(_, (topic, _))| *topic == topic_id);
        for (partition, log) in self.logs.iter().enumerate() {
            if all || !dice.once_in(10) {
                ends.insert(i32::try_from(partition).expect("small"), (log.low, log.end()));
            }
        }
        Sight {
            identity: self.identity(),
            partitions: i32::try_from(self.logs.len()).expect("small"),
            ends,
            published: ours.map(|(&partition, (_, next))| (partition, *next)).collect(),
        }
    }
}
