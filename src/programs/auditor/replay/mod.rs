//! Sending a trail's messages again, exactly as they were.
//!
//! Two passes over the same lines: [`survey`] finds out what the target must be able to take, so that
//! nothing is sent when something would be lost; [`send()`] sends, and hears every delivery.

mod send;
mod survey;
mod target;

pub(super) use send::{Outcome, Sending, send};
pub(super) use survey::Survey;
pub(super) use target::{Target, doubts, new_topic_config};

use std::borrow::Cow;

use crate::base::message::{Headers, push_header};
use crate::doors::kafka::Record;
use crate::words::record::{AuditLine, EventType};

/// A message as it was, ready to be sent again.
#[derive(Debug)]
struct Exact<'a> {
    partition: i32,
    offset: i64,
    timestamp_ms: Option<i64>,
    key: Option<Cow<'a, [u8]>>,
    payload: Option<Cow<'a, [u8]>>,
    header_block: Vec<u8>,
}

/// Why a line has no message to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoMessage {
    /// It tells a gap.
    Gap,
    /// It is damaged, or of a program that did not keep the exact bytes.
    Inexact,
}

/// The exact message of a line.
fn exact<'a>(line: &'a AuditLine<'_>) -> Result<Exact<'a>, NoMessage> {
    if line.event_type == EventType::Gap {
        return Err(NoMessage::Gap);
    }
    let payload = line.payload().map_err(|_| NoMessage::Inexact)?;
    if payload.as_ref().map_or(0, |payload| payload.len()) as u64 != line.message_size {
        return Err(NoMessage::Inexact);
    }
    let key = line.key().map_err(|_| NoMessage::Inexact)?;
    let mut header_block = Vec::new();
    for (name, value) in &line.kafka_headers {
        let name = name.decode().ok_or(NoMessage::Inexact)?;
        let value = value.as_ref().map(|value| value.decode().ok_or(NoMessage::Inexact)).transpose()?;
        push_header(&mut header_block, &name, value.as_deref());
    }
    let (partition, offset, timestamp_ms) = (line.kafka_partition, line.kafka_offset, line.kafka_timestamp);
    Ok(Exact { partition, offset, timestamp_ms, key, payload, header_block })
}

impl Exact<'_> {
    fn record(&self, timestamp_ms: Option<i64>) -> Record<'_> {
        Record {
            partition: Some(self.partition),
            timestamp_ms,
            key: self.key.as_deref(),
            payload: self.payload.as_deref(),
            headers: Headers::from_block(&self.header_block),
        }
    }

    /// Its bytes in Kafka, without the few of its frame.
    fn bytes(&self) -> u64 {
        let length = |bytes: &Option<Cow<'_, [u8]>>| bytes.as_ref().map_or(0, |bytes| bytes.len());
        (length(&self.key) + length(&self.payload) + self.header_block.len()) as u64
    }
}
