//! From a batch of messages to the lines of those that are due.

use super::args::Payload;
use super::judge::judge;
use crate::base::message::Message;
use crate::doors::kafka::MessageBatch;
use crate::words::order::Reader;
use crate::words::record::{FailureReason, Received, Verdict, write_message};

/// A batch on its way to its lines.
#[derive(Debug, Default)]
pub(super) struct Encoding {
    pub(super) batch: MessageBatch,
    /// For each message how many offsets before it hold nothing for anybody; `None` when it is not due.
    pub(super) due: Vec<Option<i64>>,
    /// When the batch was received: RFC 3339, UTC.
    pub(super) timestamp: String,
    /// The lines, once they are written.
    pub(super) lines: Vec<u8>,
    /// How many of them are of messages that are what was expected.
    pub(super) valid: u64,
    /// The others, in their order.
    pub(super) invalid: Vec<Invalid>,
}

/// A message that is not what was expected.
#[derive(Debug)]
pub(super) struct Invalid {
    /// Which of the batch.
    pub(super) index: usize,
    pub(super) failure: FailureReason,
    pub(super) reason: String,
}

impl Encoding {
    /// The messages that are due, each with its place in the batch.
    pub(super) fn due(&self) -> impl Iterator<Item = (usize, Message<'_>, i64)> {
        let all = self.batch.iter().zip(&self.due).enumerate();
        all.filter_map(|(index, (message, due))| Some((index, message, (*due)?)))
    }
}

/// Judges messages and writes their lines. Has no thread of its own.
pub(super) struct Encoder {
    topic: String,
    payload: Payload,
    orders: Reader,
}

impl Encoder {
    pub(super) fn new(topic: &str, payload: Payload) -> Self {
        Self { topic: topic.to_owned(), payload, orders: Reader::default() }
    }

    /// Adds the lines of what is due to `lines`, and counts.
    pub(super) fn encode(&mut self, encoding: &mut Encoding) {
        let mut lines = std::mem::take(&mut encoding.lines);
        let mut invalid = std::mem::take(&mut encoding.invalid);
        let mut valid = 0;
        for (index, message, gap_before) in encoding.due() {
            let judged = judge(message.payload, self.payload, &mut self.orders);
            let (timestamp, topic) = (encoding.timestamp.as_str(), self.topic.as_str());
            let received = Received { timestamp, topic, message: &message, text: judged.text, gap_before };
            write_message(&mut lines, &received, &judged.verdict);
            match judged.verdict {
                Verdict::Order { .. } | Verdict::Accepted => valid += 1,
                Verdict::Invalid { reason } => invalid.push(Invalid { index, failure: judged.failure, reason }),
            }
        }
        (encoding.lines, encoding.invalid, encoding.valid) = (lines, invalid, valid);
    }
}
