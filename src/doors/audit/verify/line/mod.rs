//! What one line says about itself, and whether it may: everything that can be judged without the
//! lines around it. Pure.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use jiff::Timestamp;

use crate::base::tree::{Hash, leaf_hash};
use crate::words::order::Reader;
use crate::words::record::{Abridged, Abridger, AuditLine, Envelope, EventType, Gap, Skim};

/// One line, looked at by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LineFacts {
    /// Its hash as a leaf of the tree.
    pub(super) leaf: Hash,
    /// Its length with its LF.
    pub(super) bytes: u64,
    /// What it tells; `None` when it cannot be read at all.
    pub(super) content: Option<Content>,
    /// What is wrong with it.
    pub(super) wrong: Option<String>,
}

/// What a line tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A message.
    Message(MessageFacts),
    /// Messages that could not be had.
    Gap {
        /// Where the line stands.
        partition: i32,
        /// What is missing.
        gap: Box<Gap>,
    },
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MessageFacts {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) gap_before: i64,
    pub(super) leader_epoch: Option<i32>,
    pub(super) is_valid: bool,
    /// Whether it may be a line of the Go program: it has none of the fields that we added.
    pub(super) is_plain: bool,
}

/// Looks at lines, each by itself, in memory that is used again.
pub(super) struct Looker<'a> {
    /// What all lines must be of, if that is known.
    topic: Option<&'a str>,
    abridger: Abridger,
    orders: Reader,
    /// The last timestamp that was a time: neighbours mostly have the same.
    good_timestamp: String,
}

impl<'a> Looker<'a> {
    pub(super) fn new(topic: Option<&'a str>) -> Self {
        Self { topic, abridger: Abridger::default(), orders: Reader::default(), good_timestamp: String::new() }
    }

    /// Looks at one line without its LF.
    pub(super) fn look_at(&mut self, line: &[u8]) -> LineFacts {
        let (content, wrong) = self.read_abridged(line).unwrap_or_else(|| read(line, self.topic));
        LineFacts { leaf: leaf_hash(line), bytes: line.len() as u64 + 1, content, wrong }
    }

    /// What the line tells, when nothing is wrong with it and that can be seen without reading its order twice.
    fn read_abridged(&mut self, line: &[u8]) -> Option<(Option<Content>, Option<String>)> {
        let orders = &mut self.orders;
        let abridged = self.abridger.abridge(line, |text| orders.is_plain(text))?;
        if let Some(message) = self.read_plain(&abridged) {
            return Some((Some(Content::Message(message)), None));
        }
        let (content, wrong) = read(self.abridger.short_line(&abridged), self.topic);
        (content.is_some() && wrong.is_none()).then_some((content, wrong))
    }

    /// What most lines tell: nothing is wrong with them, and no JSON reader is needed to see it.
    fn read_plain(&mut self, line: &Abridged<'_>) -> Option<MessageFacts> {
        let Skim { timestamp, topic, partition, offset, .. } = line.skim();
        if self.topic.is_some_and(|expected| expected != topic) {
            return None;
        }
        if self.good_timestamp != timestamp {
            timestamp.parse::<Timestamp>().ok()?;
            timestamp.clone_into(&mut self.good_timestamp);
        }
        let Envelope { leader_epoch, gap_before } = line.envelope()?;
        // It has a `kafka_timestamp`, which the Go program does not write.
        Some(MessageFacts { partition, offset, gap_before, leader_epoch, is_valid: true, is_plain: false })
    }
}

/// What a line tells, and what is wrong with it.
fn read(line: &[u8], topic: Option<&str>) -> (Option<Content>, Option<String>) {
    match AuditLine::parse(line) {
        Ok(read) => {
            let wrong = wrong_by_itself(&read, topic)
                .or_else(|| memchr::memchr(b'\r', line).map(|at| format!("it holds a CR, at byte {at} of the line")));
            (Some(content(read)), wrong)
        }
        Err(error) => (None, Some(format!("it is no line of a trail: {error}"))),
    }
}

fn content(line: AuditLine<'_>) -> Content {
    let is_plain = is_plain(&line);
    let partition = line.kafka_partition;
    match (line.event_type, line.audit) {
        (EventType::Gap, Some(gap)) => Content::Gap { partition, gap: Box::new(gap) },
        (event_type, _) => Content::Message(MessageFacts {
            partition,
            offset: line.kafka_offset,
            gap_before: line.gap_before,
            leader_epoch: line.leader_epoch,
            is_valid: event_type == EventType::Received,
            is_plain,
        }),
    }
}

/// Whether it lacks every field from `kafka_timestamp` on.
fn is_plain(line: &AuditLine<'_>) -> bool {
    let AuditLine { kafka_timestamp, kafka_key, kafka_key_b64, kafka_headers, kafka_timestamp_type, .. } = line;
    let AuditLine { raw_message_b64, payload_null, leader_epoch, gap_before, warnings, audit, .. } = line;
    kafka_timestamp.is_none()
        && kafka_key.is_none()
        && kafka_key_b64.is_none()
        && kafka_headers.is_empty()
        && kafka_timestamp_type.is_none()
        && raw_message_b64.is_none()
        && !payload_null
        && leader_epoch.is_none()
        && *gap_before == 0
        && warnings.is_empty()
        && audit.is_none()
}

fn wrong_by_itself(line: &AuditLine<'_>, topic: Option<&str>) -> Option<String> {
    if let Some(topic) = topic.filter(|topic| *topic != line.kafka_topic) {
        return Some(format!("it is of topic {}, not of {topic}", line.kafka_topic));
    }
    if line.kafka_partition < 0 || line.kafka_offset < 0 || line.gap_before < 0 {
        return Some("its partition, its offset or its gap_before is negative".to_owned());
    }
    if line.timestamp.parse::<Timestamp>().is_err() {
        return Some(format!("its timestamp {:?} is no RFC 3339 time", line.timestamp));
    }
    wrong_kind(line)
        .map(str::to_owned)
        .or_else(|| wrong_payload(line))
        .or_else(|| wrong_envelope(line).map(str::to_owned))
}

/// Whether its fields are those of its kind of line.
fn wrong_kind(line: &AuditLine<'_>) -> Option<&'static str> {
    let is_received = line.event_type == EventType::Received;
    if line.deserialized != is_received {
        return Some("deserialized does not agree with event_type");
    }
    if line.error.is_some() == is_received {
        return Some("error must be there exactly when deserialized is false");
    }
    if line.order_full.is_some() && !is_received {
        return Some("it has an order and is not deserialized");
    }
    if !line.warnings.is_empty() && line.order_full.is_none() {
        return Some("it has warnings and no order");
    }
    match (&line.audit, line.event_type == EventType::Gap) {
        (None, true) => Some("it tells a gap and does not say which"),
        (Some(_), false) => Some("it says what is missing and tells no gap"),
        (Some(gap), true) if gap.from != line.kafka_offset => Some("its offset is not the first missing one"),
        (Some(_), true) if !line.raw_message.is_empty() => Some("it tells a gap and has a message"),
        (Some(gap), true) if gap.from < 0 || gap.to < 0 => Some("an offset in it is negative"),
        (Some(gap), true) if gap.kind.is_of_all_partitions() && gap.to != 0 => Some("it must go on at offset 0"),
        _ => None,
    }
}

/// Whether the exact payload is there, and is as long as it says.
fn wrong_payload(line: &AuditLine<'_>) -> Option<String> {
    let Ok(payload) = line.payload() else { return Some("raw_message_b64 is damaged base64".to_owned()) };
    let bytes = payload.as_deref().unwrap_or_default();
    if bytes.len() as u64 != line.message_size {
        return Some(format!("message_size is {}, but its payload has {} bytes", line.message_size, bytes.len()));
    }
    if line.payload_null && (!line.raw_message.is_empty() || line.raw_message_b64.is_some()) {
        return Some("it has a payload and says that it has none".to_owned());
    }
    if line.raw_message_b64.is_some() {
        if std::str::from_utf8(bytes).is_ok() {
            return Some("raw_message_b64 is there, but the payload is UTF-8".to_owned());
        }
        if String::from_utf8_lossy(bytes) != line.raw_message {
            return Some("raw_message is not the text of raw_message_b64".to_owned());
        }
    }
    match line.order_full {
        // The Go program wrote the order again, in its own spelling.
        Some(order) if !is_plain(line) && !is_same_on_one_line(order.0, &line.raw_message) => {
            Some("order_full is not the order in raw_message".to_owned())
        }
        _ => None,
    }
}

/// Whether `order` is `received` with spaces for the line breaks, and no white space around it: a
/// JSON reader gives the value without that.
fn is_same_on_one_line(order: &str, received: &str) -> bool {
    let received = received.trim_matches([' ', '\t', '\r', '\n']).as_bytes();
    let order = order.as_bytes();
    order == received
        || (order.len() == received.len()
            && order.iter().zip(received).all(|(ours, theirs)| match theirs {
                b'\r' | b'\n' => *ours == b' ',
                _ => ours == theirs,
            }))
}

/// Whether key, headers and time can be told exactly.
fn wrong_envelope(line: &AuditLine<'_>) -> Option<&'static str> {
    if line.kafka_key.is_some() && line.kafka_key_b64.is_some() {
        return Some("it has two keys");
    }
    match (line.key(), &line.kafka_key_b64) {
        (Err(_), _) => return Some("kafka_key_b64 is damaged base64"),
        (Ok(Some(Cow::Owned(key))), Some(_)) if std::str::from_utf8(&key).is_ok() => {
            return Some("kafka_key_b64 is there, but the key is UTF-8");
        }
        _ => {}
    }
    let parts = line.kafka_headers.iter().flat_map(|(name, value)| std::iter::once(name).chain(value));
    if parts.into_iter().any(|part| part.decode().is_none()) {
        return Some("a header is damaged base64");
    }
    match (line.kafka_timestamp_type.as_deref(), line.kafka_timestamp) {
        (None, _) | (Some("log_append"), Some(_)) => None,
        _ => Some("kafka_timestamp_type is not log_append, or there is no kafka_timestamp"),
    }
}
