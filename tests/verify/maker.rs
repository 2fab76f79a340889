//! Makes sealed trails as a tracker would, in memory and from a seed, with nothing but the pure code
//! that writes lines and seals, and that says where a trail stands after each line.

use std::collections::BTreeMap;
use std::path::Path;

use ordertrail::base::message::{Headers, Message, MessageTime, push_header};
use ordertrail::base::tree::{Tree, leaf_hash};
use ordertrail::logic::ledger::{Recovered, Replay, Verdict as Judged};
use ordertrail::words::record::{Gap, GapKind, Received, Verdict, write_gap, write_message};
use ordertrail::words::seal::{Checkpoint, Seal, SealedPosition, SealedSegment, SegmentEntry, SigningKey, Tail};
use sha2::{Digest as _, Sha256};

pub(crate) const TOPIC: &str = "orders";
pub(crate) const ORIGIN: &str = "ordertrail/orders/0123456789abcdef";
pub(crate) const EVENTS: &str = "tracker.events";
pub(crate) const SEAL: &str = "tracker.events.seal";
pub(crate) const CHECKPOINTS: &str = "tracker.events.checkpoints";
pub(crate) const SEGMENTS: &str = "tracker.events.segments";
pub(crate) const KEYS: &str = "tracker.events.pub";
pub(crate) const START_MS: i64 = 1_789_034_400_000;

/// Small, and the same everywhere (splitmix64).
#[derive(Clone)]
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to before `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end.max(1) as u64).expect("small")
    }
}

/// A trail in the making: its files, by name.
#[derive(Clone)]
pub(crate) struct Maker {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) key: SigningKey,
    pub(crate) lines: u64,
    pub(crate) time_ms: i64,
    tree: Tree,
    /// Where the lines lead by the rules by which a tracker starts again.
    replay: Replay,
    counts: [u64; 3],
    segment_first: u64,
    segment_started_ms: i64,
    clean: bool,
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, [number; 32]).expect("a good name")
}

impl Maker {
    pub(crate) fn new() -> Self {
        let key = key(1);
        let files = BTreeMap::from([
            (EVENTS.to_owned(), Vec::new()),
            (KEYS.to_owned(), format!("{}\n", key.verifier()).into_bytes()),
            (CHECKPOINTS.to_owned(), Vec::new()),
        ]);
        Self {
            files,
            key,
            lines: 0,
            time_ms: START_MS,
            tree: Tree::new(),
            replay: Replay::new(TOPIC, Recovered::default()),
            counts: [0; 3],
            segment_first: 1,
            segment_started_ms: 0,
            clean: false,
        }
    }

    pub(crate) fn file(&mut self, name: &str) -> &mut Vec<u8> {
        self.files.entry(name.to_owned()).or_default()
    }

    fn timestamp(&self) -> String {
        jiff::Timestamp::from_millisecond(self.time_ms).expect("a time").strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    }

    /// Adds a finished line, with its LF.
    pub(crate) fn line(&mut self, line: &[u8], kind: usize) {
        assert_eq!(self.replay.line(line), Judged::Sound, "{}", String::from_utf8_lossy(line));
        if self.segment_first == self.lines + 1 {
            self.segment_started_ms = self.time_ms;
        }
        self.tree.push(leaf_hash(&line[..line.len() - 1]));
        self.file(EVENTS).extend_from_slice(line);
        self.lines += 1;
        self.counts[kind] += 1;
    }

    fn positions(&self) -> &BTreeMap<i32, SealedPosition> {
        &self.replay.recovered().positions
    }

    /// Adds the line of a message that stands `hole` offsets behind the position.
    pub(crate) fn message(&mut self, partition: i32, payload: Option<&[u8]>, hole: i64, dice: &mut Dice) {
        let before = self.positions().get(&partition).copied();
        let offset = before.map_or(0, |position| position.next) + hole;
        let epoch = before.and_then(|position| position.leader_epoch).or_else(|| (dice.below(4) > 0).then_some(3));
        // The first line tells all that was gone before it.
        let gap_before = if before.is_none_or(|position| position.without_line) { offset } else { hole };
        let mut block = Vec::new();
        if dice.below(3) == 0 {
            push_header(&mut block, b"trace", Some(&[0xfe, 0x01]));
            push_header(&mut block, b"seq", None);
        }
        let keys: [Option<&[u8]>; 3] = [None, Some(b"C-7"), Some(&[0xff, 0x00])];
        let message = Message {
            partition,
            offset,
            time: MessageTime::Create(self.time_ms),
            key: keys[dice.below(3)],
            payload,
            headers: Headers::from_block(&block),
            leader_epoch: epoch,
        };
        let text = payload.and_then(|payload| std::str::from_utf8(payload).ok());
        let verdict = match text {
            Some(text) if text.starts_with('{') => Verdict::Order { warnings: vec!["odd".to_owned(); dice.below(2)] },
            Some(_) if dice.below(2) == 0 => Verdict::Accepted,
            _ => Verdict::Invalid { reason: "not what was expected".to_owned() },
        };
        let kind = usize::from(matches!(verdict, Verdict::Invalid { .. }));
        let timestamp = self.timestamp();
        let received = Received { timestamp: &timestamp, topic: TOPIC, message: &message, text, gap_before };
        let mut line = Vec::new();
        write_message(&mut line, &received, &verdict);
        self.line(&line, kind);
    }

    /// Goes on as if the lines said that a partition stands there.
    fn stand(&mut self, partition: i32, position: SealedPosition) {
        let mut trail = self.replay.recovered().clone();
        trail.positions.insert(partition, position);
        self.replay = Replay::new(TOPIC, trail);
    }

    /// Begins to read a partition at this offset, unless it was begun: it has no line yet.
    pub(crate) fn begin(&mut self, partition: i32, next: i64) {
        if !self.positions().contains_key(&partition) {
            self.stand(partition, SealedPosition { next, leader_epoch: None, without_line: true });
        }
    }

    /// Takes this offset for the next one of a partition.
    pub(crate) fn continue_at(&mut self, partition: i32, next: i64) {
        let leader_epoch = self.positions().get(&partition).and_then(|position| position.leader_epoch);
        self.stand(partition, SealedPosition { next, leader_epoch, without_line: false });
    }

    /// Adds the line of a gap; one of all partitions only if any has a position, and for the lowest.
    pub(crate) fn gap(&mut self, kind: GapKind, partition: i32) {
        if !kind.is_of_all_partitions() {
            self.begin(partition, 0);
        }
        let lowest = if kind.is_of_all_partitions() { i32::MIN } else { partition };
        let Some((&partition, &position)) = self.positions().range(lowest..).next() else { return };
        let SealedPosition { next: from, leader_epoch, .. } = position;
        let gap = match kind {
            GapKind::Retention => Gap::new(kind, from, from + 40),
            GapKind::Truncation => Gap { leader_epoch, ..Gap::new(kind, from, from / 2) },
            GapKind::PartitionMissing => Gap::new(kind, from, 0),
            GapKind::FileRolledBack => Gap { committed: Some(from + 9), leader_epoch, ..Gap::new(kind, from, from) },
            GapKind::TopicRecreated | GapKind::ClusterChanged => Gap {
                old: Some("old".to_owned()),
                new: Some("new".to_owned()),
                positions: self.positions().iter().map(|(partition, position)| (*partition, position.next)).collect(),
                ..Gap::new(kind, from, 0)
            },
        };
        let mut line = Vec::new();
        write_gap(&mut line, &self.timestamp(), TOPIC, partition, &gap);
        self.line(&line, 2);
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint { origin: ORIGIN.to_owned(), size: self.lines, root: self.tree.root() }
    }

    pub(crate) fn sign(&mut self) {
        let note = self.key.sign(&self.checkpoint(), u64::try_from(self.time_ms / 1_000).expect("after 1970"));
        self.file(CHECKPOINTS).extend_from_slice(note.as_bytes());
    }

    /// Seals all lines, and does not sign.
    pub(crate) fn seal_only(&mut self) {
        self.time_ms += 1_000;
        let newest = self.files[EVENTS].clone();
        let tail = &newest[newest.len().saturating_sub(65_536)..];
        let is_empty = self.segment_first == self.lines + 1;
        let seal = Seal {
            version: Seal::VERSION,
            origin: ORIGIN.to_owned(),
            topic: TOPIC.to_owned(),
            cluster_id: Some("1L6g7nGhU-eAKfL--X25wo".to_owned()),
            topic_id: None,
            lines: self.lines,
            valid: self.counts[0],
            invalid: self.counts[1],
            gaps: self.counts[2],
            root: self.tree.root(),
            frontier: self.tree.frontier(),
            segment: SealedSegment {
                first_line: self.segment_first,
                bytes: newest.len() as u64,
                started_ms: if is_empty { 0 } else { self.segment_started_ms },
            },
            tail: Tail { bytes: tail.len() as u64, sha256: Sha256::digest(tail).into() },
            positions: self.positions().clone(),
            rolled_back: self.replay.recovered().rolled_back.clone(),
            sealed_ms: self.time_ms,
            clean: self.clean,
            signature: String::new(),
        };
        self.files.insert(SEAL.to_owned(), seal.signed_by(&self.key).to_bytes());
    }

    pub(crate) fn seal(&mut self) {
        self.seal_only();
        self.sign();
    }

    /// The last seal of a tracker that stops as asked.
    pub(crate) fn stop(&mut self) {
        self.clean = true;
        self.seal();
        self.clean = false;
    }

    /// The seal of a tracker that begins again after that: lines may follow.
    pub(crate) fn start(&mut self) {
        self.seal_only();
    }

    /// Closes the newest segment, as far as a tracker gets that is killed before it renames it.
    pub(crate) fn close_segment(&mut self) {
        self.seal();
        let entry = SegmentEntry {
            first_line: self.segment_first,
            lines: self.lines + 1 - self.segment_first,
            bytes: self.files[EVENTS].len() as u64,
            frontier: self.tree.frontier(),
            positions: self.positions().clone(),
            valid: self.counts[0],
            invalid: self.counts[1],
            gaps: self.counts[2],
            started_ms: self.segment_started_ms,
            closed_ms: self.time_ms,
        };
        self.file(SEGMENTS).extend(entry.to_line());
    }

    /// Renames the newest segment, and begins another.
    pub(crate) fn rename_segment(&mut self) {
        let whole = std::mem::take(self.file(EVENTS));
        self.files.insert(format!("{EVENTS}.{}", self.segment_first), whole);
        (self.segment_first, self.segment_started_ms) = (self.lines + 1, 0);
    }

    pub(crate) fn rotate(&mut self) {
        self.close_segment();
        self.rename_segment();
    }

    /// Lets another key succeed.
    pub(crate) fn rotate_key(&mut self, number: u8) {
        let new = key(number);
        let root = self.tree.root();
        let note = self.key.sign_succession(self.lines, &root, &new.verifier());
        self.file(KEYS).extend_from_slice(note.as_bytes());
        self.key = new;
    }

    /// Some lines of every kind.
    pub(crate) fn some_lines(&mut self, count: usize, dice: &mut Dice) {
        for _ in 0..count {
            self.time_ms += 7;
            let partition = i32::try_from(dice.below(3)).expect("small");
            let hole = if dice.below(6) == 0 { 1 + dice.below(5) as i64 } else { 0 };
            let number = dice.roll();
            let order = format!("{{\"order_id\": \"{number:x}\",\n \"total\": {}.50}}", number % 97);
            match dice.below(12) {
                0 => self.message(partition, None, hole, dice),
                1 => self.message(partition, Some(&[0xff, 0xfe, b'x']), hole, dice),
                2 => self.message(partition, Some(b"no order \"at\" all\r\n"), hole, dice),
                3 => self.gap(GapKind::Retention, partition),
                _ => self.message(partition, Some(order.as_bytes()), hole, dice),
            }
        }
    }

    /// A trail of a few hundred lines with everything in it, all sealed and signed.
    pub(crate) fn full(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut maker = Self::new();
        let kinds = [
            GapKind::Truncation,
            GapKind::PartitionMissing,
            GapKind::FileRolledBack,
            GapKind::TopicRecreated,
            GapKind::ClusterChanged,
        ];
        for part in 0..9 {
            maker.begin(3, 40 + part);
            for _ in 0..1 + dice.below(2) {
                let count = dice.below(14);
                maker.some_lines(count, &mut dice);
                maker.seal();
            }
            match part % 9 {
                2 | 5 => maker.rotate(),
                3 | 7 => maker.rotate_key(u8::try_from(part).expect("small")),
                _ => maker.gap(kinds[dice.below(5)], i32::try_from(dice.below(4)).expect("small")),
            }
        }
        maker.some_lines(5, &mut dice);
        maker.stop();
        maker
    }

    pub(crate) fn write(&self, dir: &Path) {
        for (name, bytes) in &self.files {
            std::fs::write(dir.join(name), bytes).expect("room");
        }
    }
}
