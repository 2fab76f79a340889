//! A record of the dead-letter topic: an invalid message, why it is one, and where it came from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::base::message::{Message, MessageTime};

/// What kind of trouble a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailureReason {
    /// Its bytes are no JSON, or not even text.
    DeserializationError,
    /// It is JSON, but not what was expected.
    ValidationError,
}

/// One dead letter. The first fields are those of the Go program's successor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeadLetter<'a> {
    /// The same for the same message, so that one sent again after a crash can be recognised.
    pub id: String,
    /// When it was judged: RFC 3339, UTC.
    pub timestamp: &'a str,
    /// Where the message stands.
    pub original_topic: &'a str,
    /// Where the message stands.
    pub original_partition: i32,
    /// Where the message stands.
    pub original_offset: i64,
    /// The payload as text, lossy when it is not UTF-8; absent for a tombstone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_payload: Option<String>,
    /// What kind of trouble it is.
    pub failure_reason: FailureReason,
    /// The reason, as in the trail.
    pub error_message: &'a str,
    /// Always 0: nothing was tried again.
    pub retry_count: u32,
    /// The group that read it.
    pub consumer_group: &'a str,
    /// The host that judged it.
    pub processing_host: &'a str,
    /// The payload's exact bytes, when they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_payload_b64: Option<String>,
    /// The message's own time, milliseconds since 1970-01-01 UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_timestamp_ms: Option<i64>,
    /// Whether it may have been sent before, with this `id`: the tracker before this one did not stop
    /// as asked, and the message was there by then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub possible_repeat: bool,
}

/// What is known of the reader, the same for every letter.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The topic that is read.
    pub topic: String,
    /// The group that reads.
    pub group: String,
    /// The host.
    pub host: String,
}

impl<'a> DeadLetter<'a> {
    /// The letter for a message; `id` names the message.
    pub fn new(
        id: String,
        timestamp: &'a str,
        sender: &'a Sender,
        message: &Message<'_>,
        failure_reason: FailureReason,
        error_message: &'a str,
    ) -> Self {
        let text = message.payload.map(String::from_utf8_lossy);
        let exact = text.as_ref().is_none_or(|text| message.payload == Some(text.as_bytes()));
        Self {
            id,
            timestamp,
            original_topic: &sender.topic,
            original_partition: message.partition,
            original_offset: message.offset,
            original_payload_b64: message.payload.filter(|_| !exact).map(|payload| STANDARD.encode(payload)),
            original_payload: text.map(Into::into),
            failure_reason,
            error_message,
            retry_count: 0,
            consumer_group: &sender.group,
            processing_host: &sender.host,
            original_timestamp_ms: match message.time {
                MessageTime::Create(milliseconds) | MessageTime::LogAppend(milliseconds) => Some(milliseconds),
                MessageTime::Unknown => None,
            },
            possible_repeat: false,
        }
    }
}
