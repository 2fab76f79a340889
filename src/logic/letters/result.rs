//! The record of topic `notification-results`: one for each letter that is done with.

use serde::Serialize;

use super::{Channel, Kind, Letter};

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Taken by a server, a gateway or the outbox; the reference finds it again there.
    HandedOver(String),
    /// Given up, and kept in this topic.
    DeadLetter(String),
}

/// A message of `notification-results`, keyed by `order_id`.
#[derive(Clone, Debug, Serialize)]
pub struct HandedOver<'a> {
    order_id: &'a str,
    channel: &'static str,
    kind: &'static str,
    result: &'static str,
    reference: &'a str,
    timestamp: &'a str,
}

impl<'a> HandedOver<'a> {
    /// What became of `letter`, at `timestamp` (RFC 3339).
    pub fn new(letter: &'a Letter, outcome: &'a Outcome, timestamp: &'a str) -> Self {
        let (result, reference) = match outcome {
            Outcome::HandedOver(reference) => ("handed_over", reference),
            Outcome::DeadLetter(topic) => ("dead_letter", topic),
        };
        let (channel, kind): (Channel, Kind) = (letter.channel, letter.kind);
        let (channel, kind) = (channel.as_str(), kind.as_str());
        Self { order_id: &letter.order_id, channel, kind, result, reference, timestamp }
    }
}
