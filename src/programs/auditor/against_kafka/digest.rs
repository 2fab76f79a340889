//! A message in 32 bytes, whether it was read from a line or from Kafka.

use sha2::{Digest as _, Sha256};

use crate::base::message::{Message, MessageTime};
use crate::words::record::{AuditLine, EventType};

/// What a line or a message tells, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest {
    payload: [u8; 32],
    /// Key, headers and time; a line of the Go program has none of them.
    envelope: Option<[u8; 32]>,
}

impl Digest {
    /// Whether both tell the same, as far as both tell it.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        let envelopes = self.envelope.zip(other.envelope);
        self.payload == other.payload && envelopes.is_none_or(|(ours, theirs)| ours == theirs)
    }
}

/// Of each line: how many stand before it, its offset, what it tells.
pub(super) type Digests = Vec<(u64, i64, Digest)>;

fn add(hash: &mut Sha256, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => {
            hash.update([1]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
        None => hash.update([0]),
    }
}

fn payload(bytes: Option<&[u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    add(&mut hash, bytes);
    hash.finalize().into()
}

fn envelope<'a>(
    time: MessageTime,
    key: Option<&[u8]>,
    headers: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
) -> [u8; 32] {
    let mut hash = Sha256::new();
    let (kind, milliseconds) = match time {
        MessageTime::Create(milliseconds) => (1, milliseconds),
        MessageTime::LogAppend(milliseconds) => (2, milliseconds),
        MessageTime::Unknown => (0, 0),
    };
    hash.update([kind]);
    hash.update(milliseconds.to_le_bytes());
    add(&mut hash, key);
    for (name, value) in headers {
        add(&mut hash, Some(name));
        add(&mut hash, value);
    }
    hash.finalize().into()
}

/// What a message tells.
pub(super) fn of_message(message: &Message<'_>) -> Digest {
    let envelope = envelope(message.time, message.key, message.headers);
    Digest { payload: payload(message.payload), envelope: Some(envelope) }
}

/// The offset of a line, and what it tells; `None` for a gap, and for one that cannot be read.
pub(super) fn of_line(line: &[u8]) -> Option<(i64, Digest)> {
    let line = AuditLine::parse(line).ok().filter(|line| line.event_type != EventType::Gap)?;
    let told = line.payload().ok()?;
    let key = line.key().ok()?;
    let mut headers = Vec::with_capacity(line.kafka_headers.len());
    for (name, value) in &line.kafka_headers {
        let value = match value {
            Some(value) => Some(value.decode()?),
            None => None,
        };
        headers.push((name.decode()?, value));
    }
    let time = match (line.kafka_timestamp, line.kafka_timestamp_type.as_deref()) {
        (Some(milliseconds), Some(_)) => Some(MessageTime::LogAppend(milliseconds)),
        (Some(milliseconds), None) => Some(MessageTime::Create(milliseconds)),
        (None, _) => None,
    };
    let headers = headers.iter().map(|(name, value)| (name.as_ref(), value.as_deref()));
    let envelope = time.map(|time| envelope(time, key.as_deref(), headers));
    Some((line.kafka_offset, Digest { payload: payload(told.as_deref()), envelope }))
}
