//! Reading a line of `tracker.events`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// What a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventType {
    /// A message that is what was expected.
    #[serde(rename = "message.received")]
    Received,
    /// A message that is not.
    #[serde(rename = "message.received.deserialization_error")]
    Invalid,
    /// Messages that could not be had.
    #[serde(rename = "audit.gap")]
    Gap,
}

/// Why messages could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// The broker deleted them before they were read.
    Retention,
    /// The log was cut behind the position that was reached.
    Truncation,
    /// The topic of this name is another one now.
    TopicRecreated,
    /// The brokers are another cluster now.
    ClusterChanged,
    /// The topic has no such partition any more.
    PartitionMissing,
    /// An older copy of the trail was put in its place.
    FileRolledBack,
}

impl GapKind {
    /// As it stands in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            GapKind::Retention => "retention",
            GapKind::Truncation => "truncation",
            GapKind::TopicRecreated => "topic_recreated",
            GapKind::ClusterChanged => "cluster_changed",
            GapKind::PartitionMissing => "partition_missing",
            GapKind::FileRolledBack => "file_rolled_back",
        }
    }

    /// Whether its one line is about every partition: after it all of them go on at 0.
    pub fn is_of_all_partitions(self) -> bool {
        matches!(self, GapKind::TopicRecreated | GapKind::ClusterChanged)
    }
}

/// Offsets that could not be had: from the position that was reached to where reading goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Why.
    pub kind: GapKind,
    /// The first missing offset.
    pub from: i64,
    /// Where reading goes on.
    pub to: i64,
    /// The id of the topic or cluster that was; `None` while unknown, and for other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The id of the one that is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// The next offset of each partition of the one that was.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub positions: BTreeMap<i32, i64>,
    /// What a trail that was rolled back had published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed: Option<i64>,
    /// The leader's epoch of the last message before `to`, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leader_epoch: Option<i32>,
}

impl Gap {
    /// A gap of which no more than this is known.
    pub fn new(kind: GapKind, from: i64, to: i64) -> Self {
        Self { kind, from, to, old: None, new: None, positions: BTreeMap::new(), committed: None, leader_epoch: None }
    }

    /// Up to which published offset the line accounts for the file, or the log, reaching less far.
    pub fn tells_of_published(&self) -> Option<i64> {
        match self.kind {
            GapKind::FileRolledBack => self.committed,
            GapKind::Truncation => Some(self.from),
            _ => None,
        }
    }

    /// What happened, in words, for the line of `partition`.
    pub fn explanation(&self, partition: i32) -> String {
        let Self { from, to, .. } = self;
        let (old, new) = (self.old.as_deref().unwrap_or("unknown"), self.new.as_deref().unwrap_or("unknown"));
        match self.kind {
            GapKind::Retention => {
                format!("offsets {from} to {} are gone: the broker deleted them before they were read", to - 1)
            }
            GapKind::Truncation => format!("the log ended before offset {from}: reading goes on at offset {to}"),
            GapKind::TopicRecreated => {
                format!("the topic was made anew (its id was {old} and is {new}): all partitions go on at offset 0")
            }
            GapKind::ClusterChanged => {
                format!(
                    "the brokers are another cluster (its id was {old} and is {new}): all partitions go on at offset 0"
                )
            }
            GapKind::PartitionMissing => {
                format!(
                    "the topic has no partition {partition} any more: it was read up to offset {from}, and is read from \
                     offset {to} if it comes back"
                )
            }
            GapKind::FileRolledBack => {
                let published =
                    self.committed.map_or_else(|| "a later offset".to_owned(), |offset| format!("offset {offset}"));
                format!(
                    "{published} was published, but the file reaches only offset {from}: an older copy was put in its \
                     place; reading goes on at offset {to}"
                )
            }
        }
    }
}

/// The text of an order as it was received, known to be JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderText<'a>(pub &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for OrderText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| OrderText(raw.get()))
    }
}

/// Bytes as a line holds them: text when they are UTF-8, else base64.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Bytes {
    /// They are UTF-8.
    Text(String),
    /// They are not.
    Encoded {
        /// Base64, standard alphabet, padded.
        b64: String,
    },
}

impl Bytes {
    /// The bytes themselves; `None` when the base64 is damaged.
    pub fn decode(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Bytes::Text(text) => Some(Cow::Borrowed(text.as_bytes())),
            Bytes::Encoded { b64 } => STANDARD.decode(b64).ok().map(Cow::Owned),
        }
    }
}

/// One line of `tracker.events`, ours or the Go program's. See `docs/formats.md` for each field.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct AuditLine<'a> {
    /// When the tracker received it: RFC 3339, UTC.
    #[serde(borrow)]
    pub timestamp: Cow<'a, str>,
    /// What the line tells.
    pub event_type: EventType,
    /// The topic.
    #[serde(borrow)]
    pub kafka_topic: Cow<'a, str>,
    /// The partition, from 0.
    pub kafka_partition: i32,
    /// The offset, from 0.
    pub kafka_offset: i64,
    /// The payload as text, lossy when it is not UTF-8.
    #[serde(borrow)]
    pub raw_message: Cow<'a, str>,
    /// Length of the payload in bytes.
    pub message_size: u64,
    /// Whether the payload is what was expected.
    pub deserialized: bool,
    /// Why it is not.
    #[serde(borrow, default)]
    pub error: Option<Cow<'a, str>>,
    /// The order as received.
    #[serde(borrow, default)]
    pub order_full: Option<OrderText<'a>>,
    /// The message's time, milliseconds since 1970-01-01 UTC.
    #[serde(default)]
    pub kafka_timestamp: Option<i64>,
    /// The key, when it is UTF-8.
    #[serde(borrow, default)]
    pub kafka_key: Option<Cow<'a, str>>,
    /// The key in base64, when it is not.
    #[serde(borrow, default)]
    pub kafka_key_b64: Option<Cow<'a, str>>,
    /// Name and value of each header, in order.
    #[serde(default)]
    pub kafka_headers: Vec<(Bytes, Option<Bytes>)>,
    /// `log_append`, when the time is the broker's.
    #[serde(borrow, default)]
    pub kafka_timestamp_type: Option<Cow<'a, str>>,
    /// The payload in base64, when it is not UTF-8.
    #[serde(borrow, default)]
    pub raw_message_b64: Option<Cow<'a, str>>,
    /// Whether there was no payload at all.
    #[serde(default)]
    pub payload_null: bool,
    /// The leader's epoch when it was appended.
    #[serde(default)]
    pub leader_epoch: Option<i32>,
    /// Offsets before this one that hold no message for anybody.
    #[serde(default)]
    pub gap_before: i64,
    /// What is odd about an order that is one.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// What is missing, in a gap line.
    #[serde(default)]
    pub audit: Option<Gap>,
}

impl<'a> AuditLine<'a> {
    /// Reads one line, with or without its LF.
    ///
    /// # Errors
    /// What serde_json says, when it is no such line.
    pub fn parse(line: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(line)
    }

    /// The exact payload; `None` for a tombstone. An error means that the base64 is damaged.
    ///
    /// # Errors
    /// What the decoder says about the base64.
    pub fn payload(&self) -> Result<Option<Cow<'_, [u8]>>, base64::DecodeError> {
        match &self.raw_message_b64 {
            Some(encoded) => STANDARD.decode(encoded.as_bytes()).map(|bytes| Some(Cow::Owned(bytes))),
            None if self.payload_null => Ok(None),
            None => Ok(Some(Cow::Borrowed(self.raw_message.as_bytes()))),
        }
    }

    /// The exact key; `None` without one.
    ///
    /// # Errors
    /// What the decoder says about the base64.
    pub fn key(&self) -> Result<Option<Cow<'_, [u8]>>, base64::DecodeError> {
        match (&self.kafka_key_b64, &self.kafka_key) {
            (Some(encoded), _) => STANDARD.decode(encoded.as_bytes()).map(|bytes| Some(Cow::Owned(bytes))),
            (None, Some(text)) => Ok(Some(Cow::Borrowed(text.as_bytes()))),
            (None, None) => Ok(None),
        }
    }
}

/// The part of a line that says where in the topic it stands; much cheaper to read than the whole.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct LineHead<'a> {
    /// What the line tells.
    pub event_type: EventType,
    /// The topic.
    #[serde(borrow)]
    pub kafka_topic: Cow<'a, str>,
    /// The partition, from 0.
    pub kafka_partition: i32,
    /// The offset, from 0.
    pub kafka_offset: i64,
    /// Absent in the Go program's lines, and for messages that have none.
    #[serde(default)]
    pub kafka_timestamp: Option<i64>,
    /// The leader's epoch when it was appended.
    #[serde(default)]
    pub leader_epoch: Option<i32>,
    /// Offsets before this one that hold no message for anybody.
    #[serde(default)]
    pub gap_before: i64,
    /// What is missing, in a gap line.
    #[serde(default)]
    pub audit: Option<Gap>,
}

impl<'a> LineHead<'a> {
    /// Reads one line, with or without its LF; the rest of it must be JSON too.
    ///
    /// # Errors
    /// What serde_json says, when it is no such line.
    pub fn parse(line: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(line)
    }

    /// The offset at which the partition goes on after this line.
    pub fn next_offset(&self) -> i64 {
        match &self.audit {
            Some(gap) => gap.to,
            None => self.kafka_offset.saturating_add(1),
        }
    }

    /// The offset that the partition had to stand at before this line.
    pub fn continues_from(&self) -> i64 {
        self.kafka_offset.saturating_sub(self.gap_before)
    }
}
