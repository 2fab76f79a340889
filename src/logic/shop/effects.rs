//! What is to be sent, in memory that is used again and again.

use std::io::Write as _;
use std::ops::Range;

use crate::base::message::{Headers, Message, MessageTime, push_header};

/// Which of the shop's topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Confirmed orders, for whoever writes to customers.
    Notifications,
    /// Confirmed orders, for whoever counts.
    Analytics,
    /// Changes of stock.
    Inventory,
    /// What was not confirmed.
    Errors,
    /// The changelog of levels.
    Stock,
    /// The changelog of positions and order numbers.
    OrderNumbers,
}

/// A record to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect<'a> {
    /// Where to.
    pub output: Output,
    /// `None` without one.
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// What the record is of.
    pub headers: Headers<'a>,
}

/// The packed headers that say which message an effect is of.
#[derive(Clone, Debug, Default)]
pub(super) struct Provenance(Range<usize>);

/// Records to be sent, in their order.
#[derive(Debug, Default)]
pub struct Effects {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    output: Output,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
    headers: Provenance,
}

impl Effects {
    /// Forgets them all, and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The effects, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Effect<'_>> {
        let bytes = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        self.entries.iter().map(move |entry| Effect {
            output: entry.output,
            key: entry.key.as_ref().map(bytes),
            value: entry.value.as_ref().map(bytes),
            headers: Headers::from_block(bytes(&entry.headers.0)),
        })
    }

    /// Headers for what becomes of `message` of `topic`: `order-source` and `order-timestamp-ms`.
    pub(super) fn provenance(&mut self, topic: &str, message: &Message<'_>) -> Provenance {
        let start = self.bytes.len();
        let mut small = [0; 320];
        let mut rest = small.as_mut_slice();
        // A topic's name has at most 249 bytes.
        let written = write!(rest, "{topic}/{}@{}", message.partition, message.offset);
        debug_assert!(written.is_ok(), "a topic's name is short");
        let length = 320 - rest.len();
        push_header(&mut self.bytes, b"order-source", small.get(..length));
        if let MessageTime::Create(milliseconds) | MessageTime::LogAppend(milliseconds) = message.time {
            let mut digits = itoa::Buffer::new();
            push_header(&mut self.bytes, b"order-timestamp-ms", Some(digits.format(milliseconds).as_bytes()));
        }
        Provenance(start..self.bytes.len())
    }

    /// Writes a value, to be pushed once or more.
    pub(super) fn value(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Range<usize> {
        let start = self.bytes.len();
        write(&mut self.bytes);
        start..self.bytes.len()
    }

    /// Adds an effect; gives its key for another with the same.
    pub(super) fn push(
        &mut self,
        output: Output,
        key: Option<&[u8]>,
        value: Range<usize>,
        headers: Provenance,
    ) -> Option<Range<usize>> {
        let key = key.map(|key| self.value(|bytes| bytes.extend_from_slice(key)));
        self.push_again(output, key.clone(), value, headers);
        key
    }

    pub(super) fn push_again(
        &mut self,
        output: Output,
        key: Option<Range<usize>>,
        value: Range<usize>,
        headers: Provenance,
    ) {
        self.entries.push(Entry { output, key, value: Some(value), headers });
    }

    /// Adds a tombstone.
    pub(super) fn bury(&mut self, output: Output, key: &[u8]) {
        let key = self.value(|bytes| bytes.extend_from_slice(key));
        self.entries.push(Entry { output, key: Some(key), value: None, headers: Provenance::default() });
    }
}
