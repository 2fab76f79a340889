//! A tracker without threads: the real ledger, recovery, appending and sealing, one step at a time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::super::recover::{RecoverError, Trail, Unsealed, open};
use super::super::sealer::{Mark, SealFailure, Sealer};
use super::broker::Broker;
use super::dice::Dice;
use super::disk::{SimulatedDisk, SimulatedFile};
use crate::base::message::{Headers, Message, MessageTime};
use crate::logic::ledger::{Decision, Effect, Ledger, Moment};
use crate::tools::durable::{AppendFile, DiskFile as _, is_disk_full};
use crate::tools::shutdown::Shutdown;
use crate::words::record::{Received, Verdict, write_gap, write_message};

pub(super) const TOPIC: &str = "orders";
const TIMESTAMP: &str = "2026-11-21T09:12:30.123Z";

/// Why a node stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// The process or the machine died, or the disk failed: it starts again.
    Died,
    /// It refused what it found.
    Refused(RecoverError),
    /// Something that must never be.
    Wrong(String),
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Self {
        Stop::Died
    }
}

impl From<SealFailure> for Stop {
    fn from(failure: SealFailure) -> Self {
        match failure {
            SealFailure::Disk(_) => Stop::Died,
            SealFailure::Disturbed => Stop::Wrong("the sealer did not find what was written".into()),
        }
    }
}

/// Where a consumer stands in a partition.
#[derive(Clone, Copy, Debug)]
struct Fetch {
    offset: i64,
    leader_epoch: Option<i32>,
}

pub(super) struct Node {
    file: AppendFile<SimulatedFile>,
    sealer: Sealer<SimulatedDisk>,
    ledger: Ledger,
    mark: Mark,
    piece: Vec<u8>,
    /// Pieces that were written and not sealed: where each ends, and where the trail then stood.
    marks: VecDeque<(u64, Mark)>,
    segment_start: u64,
    synced: u64,
    synced_positions: BTreeMap<i32, i64>,
    fetching: BTreeMap<i32, Fetch>,
    /// Whose end was told since they are read from where they are.
    ended: BTreeSet<i32>,
    /// The topic that the consumer is bound to.
    bound: Option<String>,
    clock: Moment,
    pub(super) signed: Vec<String>,
}

/// A clock that somebody sets now and then.
fn wall_clock_ms(dice: &mut Dice) -> i64 {
    i64::try_from(dice.below(100_000)).expect("small")
}

impl Node {
    pub(super) fn start(disk: &SimulatedDisk, seed: u64) -> Result<Self, Stop> {
        let mut random = [7; 40];
        random[..8].copy_from_slice(&seed.to_be_bytes());
        let opened = open(disk, Path::new("/trail"), TOPIC, Unsealed::Believed, &random, &Shutdown::new());
        let (trail, recovery) = opened.map_err(|error| match error {
            RecoverError::Disk { .. } => Stop::Died,
            refused => Stop::Refused(refused),
        })?;
        if recovery.was_clean && recovery.cut_bytes > 0 {
            return Err(Stop::Wrong(format!("{} bytes were cut behind a clean seal", recovery.cut_bytes)));
        }
        let Trail { file, sealer, mark, .. } = trail;
        let ledger = Ledger::new(recovery.recovered);
        let written = file.length();
        let positions = mark.positions.iter().map(|(&partition, at)| (partition, at.next)).collect();
        Ok(Self {
            file,
            sealer,
            ledger,
            marks: VecDeque::from([(written, mark.clone())]),
            mark,
            piece: Vec::new(),
            segment_start: 0,
            synced: written,
            synced_positions: positions,
            fetching: BTreeMap::new(),
            ended: BTreeSet::new(),
            bound: None,
            clock: Moment::ZERO,
            signed: Vec::new(),
        })
    }

    fn written(&self) -> u64 {
        self.segment_start + self.file.length()
    }

    /// One step, chosen by the dice.
    pub(super) fn step(&mut self, broker: &mut Broker, dice: &mut Dice) -> Result<(), Stop> {
        self.clock += Duration::from_millis(200);
        self.ledger.tick(self.clock);
        match dice.below(12) {
            0 => self.look(broker, dice, false),
            1..=5 => self.fetch(broker, dice)?,
            6..=7 => self.flush()?,
            8 => self.sync()?,
            9 => self.seal(dice)?,
            10 => self.publish(broker),
            _ if dice.once_in(3) => self.rotate(dice)?,
            _ => {}
        }
        self.carry_out(broker, dice)
    }

    fn look(&mut self, broker: &Broker, dice: &mut Dice, all: bool) {
        let sight = broker.sight(dice, all);
        self.ledger.see(&sight, |_| true, Duration::ZERO, self.clock);
        self.bound.clone_from(&self.ledger.identity().topic_id);
    }

    /// As the tracker does it: what is told of gaps first and in one piece.
    fn carry_out(&mut self, broker: &Broker, dice: &mut Dice) -> Result<(), Stop> {
        let effects: Vec<Effect> = std::iter::from_fn(|| self.ledger.next_effect()).collect();
        // What was decided before stands before it, in its own piece and with its own mark.
        self.put()?;
        for effect in &effects {
            if let Effect::TellGap { partition, gap } = effect {
                write_gap(&mut self.piece, TIMESTAMP, TOPIC, *partition, gap);
                self.mark.gaps += 1;
            }
        }
        self.mark_now();
        self.put()?;
        for effect in effects {
            match effect {
                Effect::SealNow => {
                    self.marks.push_back((self.written(), self.mark.clone()));
                    self.sync()?;
                    while !self.sealer.says(&self.mark, self.written()) {
                        self.seal(dice)?;
                    }
                }
                Effect::Read { partition, offset, leader_epoch } => {
                    self.ended.remove(&partition);
                    self.fetching.insert(partition, Fetch { offset, leader_epoch });
                }
                Effect::Look => self.look(broker, dice, false),
                Effect::Rebuild { .. } => {
                    self.fetching.clear();
                    self.ended.clear();
                }
                // Kept, also for partitions that have no line yet.
                Effect::AllBegun => self.marks.push_back((self.written(), self.mark.clone())),
                Effect::TellGap { .. } | Effect::PartitionsAdded(_) => {}
            }
        }
        // A look is answered at once here, and may have told something.
        if self.ledger.has_effects() { self.carry_out(broker, dice) } else { Ok(()) }
    }

    /// Some messages of one partition arrive, or the news that there will be none.
    fn fetch(&mut self, broker: &Broker, dice: &mut Dice) -> Result<(), Stop> {
        if self.bound != broker.identity().topic_id && self.bound.is_some() && !self.fetching.is_empty() {
            self.ledger.topic_changed();
            return Ok(());
        }
        let Some((&partition, &at)) = self.fetching.iter().nth(dice.below(self.fetching.len())) else { return Ok(()) };
        let Some(log) = usize::try_from(partition).ok().and_then(|at| broker.logs.get(at)) else { return Ok(()) };
        let parted_at = at.leader_epoch.map(|epoch| log.epoch_end(epoch)).filter(|&end| end < at.offset);
        if parted_at.is_some() || at.offset < log.low || at.offset > log.end() {
            self.fetching.remove(&partition);
            self.ledger.gone(partition, parted_at, self.clock);
            return Ok(());
        }
        // Sometimes a few come again.
        let mut offset = if dice.once_in(10) { at.offset.saturating_sub(3).max(log.low) } else { at.offset };
        for _ in 0..=dice.below(8) {
            let Some((found, record)) = log.next(offset) else {
                self.ledger.partition_end(partition, log.end());
                self.ended.insert(partition);
                break;
            };
            self.take(partition, found, record.id, record.leader_epoch);
            offset = found + 1;
            let fetched = Fetch { offset: offset.max(at.offset), leader_epoch: Some(record.leader_epoch) };
            self.fetching.insert(partition, fetched);
        }
        if dice.once_in(2) { Ok(()) } else { self.flush() }
    }

    fn take(&mut self, partition: i32, offset: i64, id: u64, leader_epoch: i32) {
        let decision = self.ledger.message(partition, offset, Some(leader_epoch));
        let Decision::Append { gap_before } = decision else { return };
        let payload = id.to_string();
        let message = Message {
            partition,
            offset,
            time: MessageTime::Create(1),
            key: None,
            payload: Some(payload.as_bytes()),
            headers: Headers::default(),
            leader_epoch: Some(leader_epoch),
        };
        let received =
            Received { timestamp: TIMESTAMP, topic: TOPIC, message: &message, text: Some(&payload), gap_before };
        write_message(&mut self.piece, &received, &Verdict::Accepted);
        self.mark.valid += 1;
        self.mark_now();
    }

    fn mark_now(&mut self) {
        self.mark.identity = self.ledger.identity().clone();
        self.mark.positions = self.ledger.positions();
        self.mark.rolled_back.clone_from(self.ledger.rolled_back());
    }

    fn flush(&mut self) -> Result<(), Stop> {
        self.mark_now();
        self.put()
    }

    /// Appends the piece, with the mark that was set for it.
    fn put(&mut self) -> Result<(), Stop> {
        if self.piece.is_empty() {
            return Ok(());
        }
        if !self.file.is_undisturbed()? {
            return Err(Stop::Wrong("its file is not as it was left".into()));
        }
        while let Err(error) = self.sealer.begin(0) {
            if !is_disk_full(&error) {
                return Err(error.into());
            }
        }
        loop {
            match self.file.append(&self.piece) {
                Ok(()) => break,
                Err(error) if is_disk_full(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.piece.clear();
        self.marks.push_back((self.written(), self.mark.clone()));
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Stop> {
        if self.file.file().sync().is_err() {
            // As the writing thread settles it, when there is time for that.
            self.file.cut(self.synced - self.segment_start)?;
            return Err(Stop::Died);
        }
        self.synced = self.written();
        let last = self.marks.iter().rev().find(|(end, _)| *end <= self.synced);
        if let Some((_, mark)) = last {
            self.synced_positions = mark.positions.iter().map(|(&partition, at)| (partition, at.next)).collect();
        }
        Ok(())
    }

    fn seal(&mut self, dice: &mut Dice) -> Result<(), Stop> {
        while self.marks.get(1).is_some_and(|(end, _)| *end <= self.synced) {
            self.marks.pop_front();
        }
        let Some((end, mark)) = self.marks.front().filter(|(end, _)| *end <= self.synced).cloned() else {
            return Ok(());
        };
        if dice.once_in(3) {
            self.sealer.hash(end, 100)?;
        }
        match self.sealer.seal(mark, end, wall_clock_ms(dice), false) {
            Ok(note) => self.signed.push(note),
            Err(SealFailure::Disk(error)) if is_disk_full(&error) => {}
            Err(failure) => return Err(failure.into()),
        }
        Ok(())
    }

    fn rotate(&mut self, dice: &mut Dice) -> Result<(), Stop> {
        self.flush()?;
        if self.file.length() == 0 {
            return Ok(());
        }
        self.sync()?;
        loop {
            let end = self.written();
            let sealed = if self.sealer.sealed_end() < end {
                self.sealer.seal(self.mark.clone(), end, wall_clock_ms(dice), false).map(|note| self.signed.push(note))
            } else {
                Ok(())
            };
            match sealed.and_then(|()| self.sealer.rotate(wall_clock_ms(dice))) {
                Ok(next) => {
                    self.segment_start += self.file.length();
                    self.file = next;
                    self.marks.clear();
                    return Ok(());
                }
                Err(SealFailure::Disk(error)) if is_disk_full(&error) => {}
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    fn publish(&mut self, broker: &mut Broker) {
        // The group knows topics by their names; beside each offset stands of which topic it is.
        let topic = &self.ledger.identity().topic_id;
        let recorded = self.ledger.recorded();
        let synced = self.synced_positions.iter().filter(|(partition, _)| recorded.contains_key(partition));
        broker.published.extend(synced.map(|(&partition, &next)| (partition, (topic.clone(), next))));
    }

    /// Reads all that there is, and stops as asked.
    pub(super) fn finish(&mut self, broker: &mut Broker, dice: &mut Dice) -> Result<(), Stop> {
        for _ in 0..2_000 {
            self.clock += Duration::from_millis(500);
            self.ledger.tick(self.clock);
            self.look(broker, dice, true);
            self.carry_out(broker, dice)?;
            for _ in 0..4 {
                self.fetch(broker, dice)?;
                self.carry_out(broker, dice)?;
            }
            let standings = self.ledger.standings();
            // As the tracker has it: an end is reached when the broker has told it, after it has compared the logs.
            let is_read = |(partition, log): (usize, &super::broker::Log)| {
                let partition = i32::try_from(partition).expect("small");
                let at = standings.get(&partition);
                self.ended.contains(&partition)
                    && at.is_some_and(|at| log.next(at.next).is_none() && at.next <= log.end())
            };
            if self.ledger.is_begun() && broker.logs.iter().enumerate().all(is_read) {
                self.flush()?;
                self.marks.push_back((self.written(), self.mark.clone()));
                self.sync()?;
                // Also on a full disk: only what is sealed is said to be all.
                while !self.sealer.says(&self.mark, self.written()) {
                    self.seal(dice)?;
                }
                self.publish(broker);
                self.sealer.say_clean(wall_clock_ms(dice))?;
                return Ok(());
            }
        }
        let stands: Vec<_> = broker.logs.iter().map(|log| (log.low, log.end())).collect();
        let (standings, fetching) = (self.ledger.standings(), &self.fetching);
        Err(Stop::Wrong(format!(
            "it never came to the end of {stands:?}: {standings:?}, {fetching:?}, {:?}",
            self.ledger
        )))
    }
}
