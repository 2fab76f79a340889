//! Reading only the beginning of a line of `tracker.events`, for whoever has millions of them to look at.
//!
//! The first ten fields stand in a fixed order, ours and in the Go program's lines alike, so most lines
//! can be told apart without a JSON reader. A line that is spelled otherwise gives `None`: then
//! [`LineHead`](super::LineHead) reads it. What stands behind the part that was read is not checked.

use std::sync::LazyLock;

use memchr::{memchr, memmem};

use super::audit_line::EventType;

/// What ends `raw_message`. No string of JSON holds it: within one, a quote stands behind a backslash.
const AFTER_RAW_MESSAGE: &[u8] = br#"","message_size":"#;

/// Made once: to make one costs more than to look through a short line with it.
static RAW_MESSAGE_END: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(AFTER_RAW_MESSAGE));

/// The beginning of a line, up to its `raw_message`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skim<'a> {
    /// When the tracker received it: RFC 3339, UTC.
    pub timestamp: &'a str,
    /// What the line tells.
    pub event_type: EventType,
    /// The topic.
    pub topic: &'a str,
    /// The partition, from 0.
    pub partition: i32,
    /// The offset, from 0.
    pub offset: i64,
    /// The line from behind the opening quote of `raw_message` on.
    rest: &'a [u8],
}

/// What stands behind `raw_message`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkimmedEnd<'a> {
    /// The payload's length in bytes.
    pub message_size: u64,
    /// The line from behind `message_size` on.
    pub rest: &'a [u8],
}

impl<'a> Skim<'a> {
    /// Reads the beginning of one line, with or without its LF; `None` when it is spelled otherwise,
    /// or is no line of a trail.
    pub fn of(line: &'a [u8]) -> Option<Self> {
        let (timestamp, rest) = text(line.strip_prefix(br#"{"timestamp":""#)?)?;
        let (event_type, rest) = text(rest.strip_prefix(br#","event_type":""#)?)?;
        let event_type = match event_type {
            "message.received" => EventType::Received,
            "message.received.deserialization_error" => EventType::Invalid,
            "audit.gap" => EventType::Gap,
            _ => return None,
        };
        let (topic, rest) = text(rest.strip_prefix(br#","kafka_topic":""#)?)?;
        let (partition, rest) = number(rest.strip_prefix(br#","kafka_partition":"#)?)?;
        let (offset, rest) = number(rest.strip_prefix(br#","kafka_offset":"#)?)?;
        let rest = rest.strip_prefix(br#","raw_message":""#)?;
        let (partition, offset) = (i32::try_from(partition).ok()?, i64::try_from(offset).ok()?);
        Some(Self { timestamp, event_type, topic, partition, offset, rest })
    }

    /// What was not read: the JSON text from behind the opening quote of `raw_message` on.
    pub fn unread(&self) -> &'a [u8] {
        self.rest
    }

    /// How long `raw_message` is, escaped as it stands there.
    pub(super) fn raw_message_length(&self) -> Option<usize> {
        RAW_MESSAGE_END.find(self.rest)
    }

    /// Reads on behind `raw_message`.
    pub fn end(&self) -> Option<SkimmedEnd<'a>> {
        let at = self.raw_message_length()?;
        let (message_size, rest) = number(self.rest.get(at + AFTER_RAW_MESSAGE.len()..)?)?;
        Some(SkimmedEnd { message_size, rest })
    }
}

impl<'a> SkimmedEnd<'a> {
    /// The `order_id` of `order_full`, when it is the order's first field and holds no escape.
    pub fn order_id(&self) -> Option<&'a str> {
        let order = self.rest.strip_prefix(br#","deserialized":true,"order_full":{"order_id":""#)?;
        text(order).map(|(id, _)| id)
    }

    /// Whether an `order_full` follows.
    pub fn has_order(&self) -> bool {
        self.rest.starts_with(br#","deserialized":true,"order_full":"#)
    }
}

/// A string of JSON without escapes, and what follows its closing quote.
pub(super) fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (text, rest) = bytes.split_at_checked(memchr(b'"', bytes)?)?;
    // To the last byte, since so the compiler looks at many at once.
    let is_plain = |plain, &byte: &u8| plain & (byte >= b' ') & (byte != b'\\');
    if !text.iter().fold(true, is_plain) {
        return None;
    }
    Some((std::str::from_utf8(text).ok()?, rest.get(1..)?))
}

/// A number of JSON without a sign, and what follows its digits.
pub(super) fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = bytes.split_at_checked(digits)?;
    if digits > 1 && number.starts_with(b"0") {
        return None;
    }
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, rest))
}
