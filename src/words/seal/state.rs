//! `tracker.events.seal`, and one line each of `tracker.events.segments` and `tracker.events.index`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::hash_text;
use super::key::SigningKey;
use crate::base::tree::{Hash, Tree};

/// What the signed text of a seal begins with: what it is for, and the version of that.
const SIGNED_HEADER: &str = "ordertrail-seal/v2";

/// Where a partition stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPosition {
    /// The next offset.
    pub next: i64,
    /// The epoch of the leader in its last line; `None` while unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader_epoch: Option<i32>,
    /// Whether it has no line yet: `next` is then where it will begin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_line: bool,
}

/// The newest segment as far as it is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSegment {
    /// The number of its first line, from 1, over all segments.
    pub first_line: u64,
    /// How many of its bytes are sealed.
    pub bytes: u64,
    /// When its first line was first sealed, milliseconds since 1970-01-01 UTC; 0 without a sealed line.
    pub started_ms: i64,
}

/// The last sealed bytes of the newest segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tail {
    /// How many, at most [`Tail::MOST_BYTES`].
    pub bytes: u64,
    /// Their SHA-256.
    #[serde(with = "hash_text")]
    pub sha256: Hash,
}

impl Tail {
    /// No tail is longer, so that a start reads little.
    pub const MOST_BYTES: u64 = 65_536;

    /// That of a segment of which nothing is sealed.
    pub fn none() -> Self {
        Self { bytes: 0, sha256: Sha256::digest([]).into() }
    }
}

/// How far the lines are sealed, and where the trail then stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// 2.
    pub version: u32,
    /// The name of the trail and of its key: `ordertrail/<topic>/<16 hex digits>`.
    pub origin: String,
    /// The topic.
    pub topic: String,
    /// The cluster that the lines are of; `None` while unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster_id: Option<String>,
    /// The topic's id; `None` while unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic_id: Option<String>,
    /// How many lines are sealed, over all segments.
    pub lines: u64,
    /// How many of them are valid messages.
    pub valid: u64,
    /// How many are messages that were not what was expected.
    pub invalid: u64,
    /// How many tell gaps.
    pub gaps: u64,
    /// The root of the tree of these lines.
    #[serde(with = "hash_text")]
    pub root: Hash,
    /// Its frontier, the largest subtree first.
    #[serde(with = "hash_text::list")]
    pub frontier: Vec<Hash>,
    /// The newest segment.
    pub segment: SealedSegment,
    /// Its last sealed bytes.
    pub tail: Tail,
    /// By partition.
    pub positions: BTreeMap<i32, SealedPosition>,
    /// By partition, up to where its last `file_rolled_back` or `truncation` line accounts for what was published.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rolled_back: BTreeMap<i32, i64>,
    /// When it was sealed, milliseconds since 1970-01-01 UTC.
    pub sealed_ms: i64,
    /// Whether the tracker then stopped as asked.
    pub clean: bool,
    /// By the trail's key, of all fields before it: base64, as signed notes write a signature. Nothing is said
    /// about it until [`KeyChain::check_seal`](super::KeyChain::check_seal) was asked.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signature: String,
}

/// What alone is read of a seal of any version.
#[derive(Deserialize)]
struct AnyVersion {
    version: u32,
}

/// Why bytes are no seal that can be relied on.
#[derive(Debug, Error)]
pub enum SealError {
    /// They are not the JSON of one.
    #[error("it is no seal: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Another program wrote it.
    #[error(
        "it is a seal of version {found}, and this program knows version {}: use the program that wrote it",
        Seal::VERSION
    )]
    OtherVersion {
        /// What it says.
        found: u32,
    },
    /// Its own fields contradict each other.
    #[error("its fields contradict each other: {what}")]
    Contradiction {
        /// Which.
        what: &'static str,
    },
}

impl Seal {
    /// The only version there is.
    pub const VERSION: u32 = 2;

    /// Reads a seal, and checks what can be checked without the lines and the keys: its version, and that
    /// the counts, the frontier, the root and the tail agree with each other.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, SealError> {
        // First: another version may lack fields, and that would be told instead.
        let AnyVersion { version: found } = serde_json::from_slice(bytes)?;
        if found != Self::VERSION {
            return Err(SealError::OtherVersion { found });
        }
        let seal: Self = serde_json::from_slice(bytes)?;
        let total = seal.valid.checked_add(seal.invalid).and_then(|messages| messages.checked_add(seal.gaps));
        let what = if total != Some(seal.lines) {
            "valid, invalid and gaps together are not lines"
        } else if seal.tree().is_none_or(|tree| tree.root() != seal.root) {
            "the frontier is not that of the root"
        } else if seal.tail.bytes > seal.segment.bytes || seal.tail.bytes > Tail::MOST_BYTES {
            "the tail is longer than it may be"
        } else if seal.segment.first_line == 0 || seal.segment.first_line - 1 > seal.lines {
            "the newest segment begins beyond the sealed lines"
        } else {
            return Ok(seal);
        };
        Err(SealError::Contradiction { what })
    }

    /// The whole file: one JSON object and a LF. Equal seals have equal bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        to_line(self)
    }

    /// The same seal, signed by `key`, whose name must be the seal's origin.
    pub fn signed_by(mut self, key: &SigningKey) -> Self {
        self.signature = key.note_signature(&self.signed_text());
        self
    }

    /// What is signed: three lines, each with its LF. The first is that of no other text that a trail's key
    /// signs, so none of those passes for a seal, nor a seal for one of them.
    pub(super) fn signed_text(&self) -> String {
        let unsigned = Self { signature: String::new(), ..self.clone() };
        let digest: Hash = Sha256::digest(unsigned.to_bytes()).into();
        format!("{SIGNED_HEADER}\n{}\n{}\n", self.origin, hash_text::encode(&digest))
    }

    /// The tree of the sealed lines; `None` when the frontier does not fit their number.
    pub fn tree(&self) -> Option<Tree> {
        Tree::from_frontier(self.lines, self.frontier.clone())
    }
}

/// A segment that was closed: one line of `tracker.events.segments`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentEntry {
    /// The number of its first line, from 1, over all segments.
    pub first_line: u64,
    /// How many lines it has.
    pub lines: u64,
    /// How many bytes.
    pub bytes: u64,
    /// The frontier of the tree of all lines up to its end, the largest subtree first.
    #[serde(with = "hash_text::list")]
    pub frontier: Vec<Hash>,
    /// By partition, at its end.
    pub positions: BTreeMap<i32, SealedPosition>,
    /// How many of all lines up to its end are valid messages.
    pub valid: u64,
    /// How many are messages that were not what was expected.
    pub invalid: u64,
    /// How many tell gaps.
    pub gaps: u64,
    /// When its first line was first sealed, milliseconds since 1970-01-01 UTC.
    pub started_ms: i64,
    /// When it was closed, milliseconds since 1970-01-01 UTC.
    pub closed_ms: i64,
}

impl SegmentEntry {
    /// Reads one line, with or without its LF.
    ///
    /// # Errors
    /// What serde_json says, when it is no such line.
    pub fn parse(line: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(line)
    }

    /// The line with its LF. Equal entries have equal lines.
    pub fn to_line(&self) -> Vec<u8> {
        to_line(self)
    }

    /// How many lines the trail has up to its end; `None` when the numbers cannot be.
    pub fn end(&self) -> Option<u64> {
        self.first_line.checked_sub(1)?.checked_add(self.lines)
    }

    /// The tree of all lines up to its end; `None` when the frontier does not fit their number.
    pub fn tree(&self) -> Option<Tree> {
        Tree::from_frontier(self.end()?, self.frontier.clone())
    }
}

/// Where to look for an offset or a time: one line of `tracker.events.index`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// How many lines stand before this place, over all segments.
    pub line: u64,
    /// The first line of the segment it is in.
    pub segment: u64,
    /// Where in that segment.
    pub byte: u64,
    /// When this place was sealed, milliseconds since 1970-01-01 UTC; the line there has its own time.
    pub time_ms: i64,
    /// By partition, the next offset there.
    pub next: BTreeMap<i32, i64>,
    /// How many `audit.gap` lines stand before this place: only behind one can offsets come again.
    /// `None` when nobody has counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gaps: Option<u64>,
}

impl IndexEntry {
    /// Reads one line, with or without its LF.
    ///
    /// # Errors
    /// What serde_json says, when it is no such line.
    pub fn parse(line: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(line)
    }

    /// The line with its LF.
    pub fn to_line(&self) -> Vec<u8> {
        to_line(self)
    }
}

fn to_line<T: Serialize>(value: &T) -> Vec<u8> {
    let mut line = Vec::with_capacity(512);
    // Plain structures with strings, numbers and maps by number cannot fail to serialise into memory.
    if let Err(error) = serde_json::to_writer(&mut line, value) {
        debug_assert!(false, "it always serialises: {error}");
    }
    line.push(b'\n');
    line
}
