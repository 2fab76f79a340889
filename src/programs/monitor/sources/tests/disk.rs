//! The files of a tracker, written as trackers, crashes and people write them.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::base::message::{Message, MessageTime};
use crate::base::tree::{Tree, leaf_hash};
use crate::logic::monitor::Tally;
use crate::words::record::{
    AuditLine, EventType, Gap, GapKind, HealthLine, Received, Verdict, write_gap, write_message,
};
use crate::words::seal::{Seal, SealedSegment, Tail};

/// 2026-09-10 10:00:00 UTC.
pub(super) const START_MS: i64 = 1_789_034_400_000;

/// A folder with the files of a tracker.
pub(super) struct Disk {
    folder: tempfile::TempDir,
    /// Each line has another offset, and its time is so many milliseconds after the start.
    pub(super) next_offset: i64,
}

/// What a plain reading of the trail's files finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recount {
    pub(super) tally: Tally,
    /// The times of messages, milliseconds since 1970-01-01 UTC.
    pub(super) times_ms: Vec<i64>,
    /// All lines without their LF, the torn ones too.
    pub(super) lines: Vec<Vec<u8>>,
}

pub(super) fn timestamp(time_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(time_ms).unwrap().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

impl Disk {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), next_offset: 0 }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn events(&self) -> PathBuf {
        self.path("tracker.events")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.path("tracker.log")
    }

    /// The time of the line that comes next.
    pub(super) fn now_ms(&self) -> i64 {
        START_MS + self.next_offset * 250
    }

    /// The line of a message, with its LF.
    pub(super) fn message(&mut self, is_valid: bool, payload: &str) -> Vec<u8> {
        let time_ms = self.now_ms();
        let message = Message {
            partition: 1,
            offset: self.next_offset,
            time: MessageTime::Create(time_ms),
            key: Some(b"client01"),
            payload: Some(payload.as_bytes()),
            headers: Default::default(),
            leader_epoch: Some(0),
        };
        self.next_offset += 1;
        let verdict = if is_valid { Verdict::Accepted } else { Verdict::Invalid { reason: "no JSON".to_owned() } };
        let timestamp = timestamp(time_ms);
        let received =
            Received { timestamp: &timestamp, topic: "orders", message: &message, text: Some(payload), gap_before: 0 };
        let mut line = Vec::new();
        write_message(&mut line, &received, &verdict);
        line
    }

    /// The line of a gap of three offsets, with its LF.
    pub(super) fn gap(&mut self) -> Vec<u8> {
        let (timestamp, from) = (timestamp(self.now_ms()), self.next_offset);
        self.next_offset += 3;
        let mut line = Vec::new();
        write_gap(&mut line, &timestamp, "orders", 1, &Gap::new(GapKind::Retention, from, from + 3));
        line
    }

    /// A line as the Go program wrote it, with its LF.
    pub(super) fn of_go(&mut self, is_valid: bool) -> Vec<u8> {
        let (timestamp, offset) = (timestamp(self.now_ms() / 1_000 * 1_000).replace(".000Z", "Z"), self.next_offset);
        self.next_offset += 1;
        let end = if is_valid {
            format!(
                r#""deserialized":true,"order_full":{{"order_id":"a{offset}","metadata":{{"timestamp":"2026-09-10T10:00:00Z","version":"1.1","event_type":"order.created"}}}}"#
            )
        } else {
            r#""deserialized":false,"error":"unexpected end of JSON input""#.to_owned()
        };
        let kind = if is_valid { "message.received" } else { "message.received.deserialization_error" };
        let start = format!(r#"{{"timestamp":"{timestamp}","event_type":"{kind}","kafka_topic":"orders","#);
        let middle =
            format!(r#""kafka_partition":0,"kafka_offset":{offset},"raw_message":"{{\"a\":1}}","message_size":7,"#);
        format!("{start}{middle}{end}}}\n").into_bytes()
    }

    /// A line that says the same with other white space, with its LF.
    pub(super) fn spaced(&mut self) -> Vec<u8> {
        let line = String::from_utf8(self.message(true, "{}")).unwrap();
        line.replace(r#","kafka_topic":"#, r#", "kafka_topic" : "#).into_bytes()
    }

    pub(super) fn append(&self, path: &Path, bytes: &[u8]) {
        use std::io::Write as _;
        fs::OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    pub(super) fn truncate(&self, path: &Path, length: u64) {
        fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
    }

    pub(super) fn length(&self, path: &Path) -> Option<u64> {
        fs::metadata(path).ok().map(|metadata| metadata.len())
    }

    /// The rotated segments with the number of their first line, in order.
    pub(super) fn rotated(&self) -> Vec<(u64, PathBuf)> {
        let mut found: Vec<(u64, PathBuf)> = fs::read_dir(self.folder.path())
            .unwrap()
            .filter_map(|entry| {
                let path = entry.unwrap().path();
                let number = path.file_name()?.to_str()?.strip_prefix("tracker.events.")?.parse().ok()?;
                Some((number, path))
            })
            .collect();
        found.sort_unstable();
        found
    }

    /// Number of the first line of the newest segment.
    pub(super) fn first_line(&self) -> u64 {
        let whole = |path: &Path| fs::read(path).unwrap().iter().filter(|byte| **byte == b'\n').count() as u64;
        1 + self.rotated().iter().map(|(_, path)| whole(path)).sum::<u64>()
    }

    /// Renames the newest segment, as a tracker does; `false` when there is no line in it.
    pub(super) fn rotate(&self) -> bool {
        let is_due = fs::read(self.events()).is_ok_and(|bytes| bytes.contains(&b'\n'));
        if is_due {
            fs::rename(self.events(), self.path(&format!("tracker.events.{}", self.first_line()))).unwrap();
        }
        is_due
    }

    /// All lines of all segments, read in the plainest way.
    pub(super) fn recount(&self) -> Recount {
        let mut recount = Recount::default();
        let rotated = self.rotated().into_iter().map(|(_, path)| path);
        for path in rotated.chain([self.events()]) {
            recount.add_file(&fs::read(path).unwrap_or_default());
        }
        recount
    }

    /// Writes the seal of all whole lines; `false` when a line is in the way that no tracker wrote.
    pub(super) fn seal(&self) -> bool {
        let mut tree = Tree::new();
        let recount = self.recount();
        let newest = fs::read(self.events()).unwrap_or_default();
        let end = newest.iter().rposition(|byte| *byte == b'\n').map_or(0, |lf| lf + 1);
        let is_torn = |bytes: &[u8]| !bytes.is_empty() && !bytes.ends_with(b"\n");
        let torn = self.rotated().iter().any(|(_, path)| is_torn(&fs::read(path).unwrap()));
        if recount.tally.unreadable > 0 || end == 0 || torn {
            return false;
        }
        let lines = recount.tally.lines();
        for line in recount.lines.iter().take(usize::try_from(lines).unwrap()) {
            tree.push(leaf_hash(line));
        }
        let last = &newest[end.saturating_sub(65_536)..end];
        let seal = Seal {
            version: Seal::VERSION,
            origin: "ordertrail/orders/0123456789abcdef".to_owned(),
            topic: "orders".to_owned(),
            cluster_id: None,
            topic_id: None,
            lines,
            valid: recount.tally.valid,
            invalid: recount.tally.invalid,
            gaps: recount.tally.gaps,
            root: tree.root(),
            frontier: tree.frontier(),
            segment: SealedSegment { first_line: self.first_line(), bytes: end as u64, started_ms: START_MS },
            tail: Tail { bytes: last.len() as u64, sha256: Sha256::digest(last).into() },
            positions: Default::default(),
            rolled_back: Default::default(),
            sealed_ms: self.now_ms(),
            clean: false,
            signature: "none".to_owned(),
        };
        fs::write(self.path("tracker.events.seal"), seal.to_bytes()).unwrap();
        true
    }
}

impl Recount {
    pub(super) fn add_file(&mut self, bytes: &[u8]) {
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.lines.push(line.strip_suffix(b"\n").unwrap_or(line).to_vec());
            if !line.ends_with(b"\n") {
                continue;
            }
            let Ok(parsed) = AuditLine::parse(line) else {
                self.tally.unreadable += 1;
                continue;
            };
            match parsed.event_type {
                EventType::Received => self.tally.valid += 1,
                EventType::Invalid => self.tally.invalid += 1,
                EventType::Gap => {
                    self.tally.gaps += 1;
                    self.tally.gap_offsets += parsed.audit.map_or(0, |gap| (gap.to - gap.from) as u64);
                    continue;
                }
            }
            self.times_ms.push(parsed.timestamp.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        }
    }
}

/// A line of the log, with its LF.
pub(super) fn log_line(event: &str, level: &str, metadata: &str) -> Vec<u8> {
    let text = format!(
        r#"{{"timestamp":"2026-09-10T10:00:00.000Z","level":"{level}","message":"m","service":"order-tracker","metadata":{metadata},"event":"{event}"}}"#
    );
    serde_json::from_str::<HealthLine<'_>>(&text).unwrap();
    format!("{text}\n").into_bytes()
}
