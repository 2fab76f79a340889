//! Writing a line of `tracker.events`, straight from the received bytes.
//!
//! By hand and not by a serialiser, for one reason: `order_full` is the received text as it is,
//! which a serialiser would only take after reading it a second time. The fields stand in the order
//! of `docs/formats.md`; that they can be read back is a property test.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::audit_line::Gap;
use crate::base::message::{Message, MessageTime};

/// What was made of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An order: its text goes into `order_full`, with what is odd about it.
    Order {
        /// Sums that do not agree.
        warnings: Vec<String>,
    },
    /// What was expected, but no order is looked for.
    Accepted,
    /// Not what was expected.
    Invalid {
        /// Why.
        reason: String,
    },
}

/// A message and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// When it was received: RFC 3339, UTC. ASCII, nothing to escape.
    pub timestamp: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// The message.
    pub message: &'a Message<'a>,
    /// Its payload as text, when it has one and it is UTF-8 (the caller has checked that already).
    pub text: Option<&'a str>,
    /// Offsets before it that hold no message for anybody.
    pub gap_before: i64,
}

/// Adds the line of a message, with its LF, at the end of `line`.
pub fn write_message(line: &mut Vec<u8>, received: &Received<'_>, verdict: &Verdict) {
    let Received { message, text, .. } = *received;
    let invalid = match verdict {
        Verdict::Invalid { reason } => Some(reason.as_str()),
        Verdict::Order { .. } | Verdict::Accepted => None,
    };
    let event_type = if invalid.is_some() { "message.received.deserialization_error" } else { "message.received" };
    write_start(line, received.timestamp, event_type, received.topic, message.partition, message.offset);
    let payload = message.payload.unwrap_or_default();
    match text {
        Some(text) => write_text(line, text),
        None => write_text(line, &String::from_utf8_lossy(payload)),
    }
    line.extend_from_slice(b",\"message_size\":");
    write_integer(line, i64::try_from(payload.len()).unwrap_or(i64::MAX));
    match invalid {
        Some(reason) => {
            line.extend_from_slice(b",\"deserialized\":false,\"error\":");
            write_text(line, reason);
        }
        None => line.extend_from_slice(b",\"deserialized\":true"),
    }
    if let (Verdict::Order { .. }, Some(text)) = (verdict, text) {
        line.extend_from_slice(b",\"order_full\":");
        write_on_one_line(line, text);
    }
    write_envelope(line, message);
    if message.payload.is_some() && text.is_none() {
        line.extend_from_slice(b",\"raw_message_b64\":");
        write_base64(line, payload);
    }
    if message.payload.is_none() {
        line.extend_from_slice(b",\"payload_null\":true");
    }
    if let Some(epoch) = message.leader_epoch {
        line.extend_from_slice(b",\"leader_epoch\":");
        write_integer(line, epoch);
    }
    if received.gap_before != 0 {
        line.extend_from_slice(b",\"gap_before\":");
        write_integer(line, received.gap_before);
    }
    if let Verdict::Order { warnings } = verdict
        && !warnings.is_empty()
    {
        line.extend_from_slice(b",\"warnings\":");
        write_json(line, warnings);
    }
    line.extend_from_slice(b"}\n");
}

/// Adds the line of a gap, with its LF, at the end of `line`.
pub fn write_gap(line: &mut Vec<u8>, timestamp: &str, topic: &str, partition: i32, gap: &Gap) {
    write_start(line, timestamp, "audit.gap", topic, partition, gap.from);
    line.extend_from_slice(b"\"\",\"message_size\":0,\"deserialized\":false,\"error\":");
    write_text(line, &gap.explanation(partition));
    line.extend_from_slice(b",\"audit\":");
    write_json(line, gap);
    line.extend_from_slice(b"}\n");
}

fn write_start(line: &mut Vec<u8>, timestamp: &str, event_type: &str, topic: &str, partition: i32, offset: i64) {
    line.extend_from_slice(b"{\"timestamp\":\"");
    line.extend_from_slice(timestamp.as_bytes());
    line.extend_from_slice(b"\",\"event_type\":\"");
    line.extend_from_slice(event_type.as_bytes());
    line.extend_from_slice(b"\",\"kafka_topic\":");
    write_text(line, topic);
    line.extend_from_slice(b",\"kafka_partition\":");
    write_integer(line, partition);
    line.extend_from_slice(b",\"kafka_offset\":");
    write_integer(line, offset);
    line.extend_from_slice(b",\"raw_message\":");
}

/// Time, key, headers and the kind of time.
fn write_envelope(line: &mut Vec<u8>, message: &Message<'_>) {
    if let MessageTime::Create(milliseconds) | MessageTime::LogAppend(milliseconds) = message.time {
        line.extend_from_slice(b",\"kafka_timestamp\":");
        write_integer(line, milliseconds);
    }
    match message.key.map(|key| (key, std::str::from_utf8(key))) {
        Some((_, Ok(text))) => {
            line.extend_from_slice(b",\"kafka_key\":");
            write_text(line, text);
        }
        Some((key, Err(_))) => {
            line.extend_from_slice(b",\"kafka_key_b64\":");
            write_base64(line, key);
        }
        None => {}
    }
    if !message.headers.is_empty() {
        line.extend_from_slice(b",\"kafka_headers\":");
        for (index, (name, value)) in message.headers.enumerate() {
            line.extend_from_slice(if index == 0 { b"[[" } else { b",[" });
            write_bytes(line, name);
            line.push(b',');
            match value {
                Some(value) => write_bytes(line, value),
                None => line.extend_from_slice(b"null"),
            }
            line.push(b']');
        }
        line.push(b']');
    }
    if let MessageTime::LogAppend(_) = message.time {
        line.extend_from_slice(b",\"kafka_timestamp_type\":\"log_append\"");
    }
}

fn write_bytes(line: &mut Vec<u8>, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => write_text(line, text),
        Err(_) => {
            line.extend_from_slice(b"{\"b64\":");
            write_base64(line, bytes);
            line.push(b'}');
        }
    }
}

fn write_base64(line: &mut Vec<u8>, bytes: &[u8]) {
    line.push(b'"');
    line.extend_from_slice(STANDARD.encode(bytes).as_bytes());
    line.push(b'"');
}

fn write_integer(line: &mut Vec<u8>, value: impl itoa::Integer) {
    line.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

pub(super) fn write_text(line: &mut Vec<u8>, text: &str) {
    json_escape_simd::escape_into(text, line);
}

fn write_json<T: Serialize + ?Sized>(line: &mut Vec<u8>, value: &T) {
    // Texts and plain structures cannot fail to serialise into memory.
    if let Err(error) = serde_json::to_writer(line, value) {
        debug_assert!(false, "a text always serialises: {error}");
    }
}

/// JSON has CR and LF only between tokens (inside strings they are escaped), where a space means
/// the same.
fn write_on_one_line(line: &mut Vec<u8>, json: &str) {
    let start = line.len();
    line.extend_from_slice(json.as_bytes());
    if memchr::memchr2(b'\n', b'\r', json.as_bytes()).is_some() {
        for byte in line.iter_mut().skip(start) {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
}
