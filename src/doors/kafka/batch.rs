//! Messages copied out of librdkafka into one reusable block.
//!
//! A batch owns its bytes, so it may cross threads, and it is handed back and used again, so that
//! reading allocates nothing per message once it runs.

use std::ops::Range;

use super::budget::Held;
use super::raw::RawMessage;
use crate::base::message::{Headers, Message, MessageTime};

/// A batch is sent on when it holds this many bytes. One larger message makes a larger batch.
const FULL_BYTES: usize = 512 * 1024;

/// A batch is sent on when it holds this many messages.
const FULL_MESSAGES: usize = 2048;

/// A batch that grew beyond this gives its memory back when it is cleared.
const KEPT_BYTES: usize = 4 * FULL_BYTES;

/// Messages of one topic, in the order of their arrival.
#[derive(Debug, Default)]
pub struct MessageBatch {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// The room that it takes while it is on its way.
    held: Option<Held>,
}

#[derive(Debug)]
struct Entry {
    partition: i32,
    offset: i64,
    time: MessageTime,
    leader_epoch: Option<i32>,
    key: Option<Range<usize>>,
    payload: Option<Range<usize>>,
    headers: Range<usize>,
}

impl MessageBatch {
    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes of keys, payloads and headers it holds.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The messages, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        self.entries.iter().map(|entry| Message {
            partition: entry.partition,
            offset: entry.offset,
            time: entry.time,
            key: entry.key.clone().and_then(|range| self.bytes.get(range)),
            payload: entry.payload.clone().and_then(|range| self.bytes.get(range)),
            headers: Headers::from_block(self.bytes.get(entry.headers.clone()).unwrap_or_default()),
            leader_epoch: entry.leader_epoch,
        })
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES || self.entries.len() >= FULL_MESSAGES
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.entries.clear();
        self.held = None;
    }

    pub(super) fn holds(&mut self, held: Held) {
        self.held = Some(held);
    }

    pub(super) fn push(&mut self, message: &RawMessage<'_>) {
        let key = message.key().map(|key| self.copy(key));
        let payload = message.payload().map(|payload| self.copy(payload));
        let start = self.bytes.len();
        message.headers_into(&mut self.bytes);
        self.entries.push(Entry {
            partition: message.partition(),
            offset: message.offset(),
            time: message.time(),
            leader_epoch: message.leader_epoch(),
            key,
            payload,
            headers: start..self.bytes.len(),
        });
    }

    fn copy(&mut self, part: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(part);
        start..self.bytes.len()
    }
}
