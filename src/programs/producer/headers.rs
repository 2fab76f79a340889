//! The headers of an order: CloudEvents 1.0 in Kafka's binary mode, and the W3C trace context.

use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use super::dice::Dice;
use crate::base::message::push_header;
use crate::words::order::Order;

/// Enough for all headers of one of our orders.
const BLOCK_BYTES: usize = 384;

/// The headers that differ from order to order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EventHeaders {
    id: String,
    time: String,
    traceparent: String,
}

impl EventHeaders {
    /// The headers for an order, or for a payload that is none.
    ///
    /// The event's id is the `order_id`, its time the order's own when that is RFC 3339, and the
    /// trace's id the `correlation_id` when that is a UUID: who has one finds the other.
    pub(super) fn new(order: Option<&Order<'_>>, dice: &mut Dice, now: Timestamp) -> Self {
        let id = order.map_or_else(|| dice.uuid().to_string(), |order| order.order_id.clone().into_owned());
        let time = order
            .and_then(|order| Timestamp::from_str(&order.metadata.timestamp).ok())
            .map_or_else(|| format!("{now:.3}"), |time| time.to_string());
        let trace = order
            .and_then(|order| Uuid::try_parse(&order.metadata.correlation_id).ok())
            .filter(|id| !id.is_nil())
            .unwrap_or_else(|| dice.uuid());
        // Version 00, trace, parent (this sending), and the flag that it is sampled.
        let traceparent = format!("00-{}-{:016x}-01", trace.simple(), dice.number());
        Self { id, time, traceparent }
    }

    /// All headers, packed.
    pub(super) fn block(&self) -> Vec<u8> {
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        for (name, value) in self.pairs() {
            push_header(&mut block, name.as_bytes(), Some(value.as_bytes()));
        }
        block
    }

    /// All headers, in the order they are sent in.
    pub(super) fn pairs(&self) -> [(&str, &str); 7] {
        [
            ("content-type", "application/json"),
            ("ce_id", &self.id),
            ("ce_source", "producer-service"),
            ("ce_type", "order.created"),
            ("ce_specversion", "1.0"),
            ("ce_time", &self.time),
            ("traceparent", &self.traceparent),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::order::{DemoIds, demo_order};

    const NOW: &str = "2026-11-21T09:41:05.25Z";

    fn order() -> Order<'static> {
        let ids = DemoIds { order_id: Uuid::from_u128(1), correlation_id: Uuid::from_u128(0xabc) };
        demo_order(1, ids, NOW.parse().unwrap())
    }

    #[test]
    fn an_orders_headers_come_from_the_order() {
        let headers = EventHeaders::new(Some(&order()), &mut Dice::new(Some(1)), Timestamp::UNIX_EPOCH);
        let pairs = headers.pairs();
        assert_eq!(pairs[0], ("content-type", "application/json"));
        assert_eq!(pairs[1], ("ce_id", "00000000-0000-0000-0000-000000000001"));
        assert_eq!(pairs[4], ("ce_specversion", "1.0"));
        assert_eq!(pairs[5], ("ce_time", "2026-11-21T09:41:05.25Z"));
        let (name, traceparent) = pairs[6];
        assert_eq!(name, "traceparent");
        assert!(traceparent.starts_with("00-00000000000000000000000000000abc-"), "{traceparent}");
        assert_eq!(traceparent.len(), 55);
        assert!(traceparent.ends_with("-01"));
    }

    #[test]
    fn what_an_order_does_not_tell_is_made_up_validly() {
        let mut order = order();
        order.metadata.timestamp = "yesterday".into();
        order.metadata.correlation_id = Uuid::nil().to_string().into();
        let mut dice = Dice::new(Some(1));
        for order in [Some(&order), None] {
            let headers = EventHeaders::new(order, &mut dice, NOW.parse().unwrap());
            assert_eq!(headers.time, "2026-11-21T09:41:05.250Z");
            let trace = headers.traceparent.split('-').nth(1).unwrap().to_owned();
            assert_eq!(trace.len(), 32);
            assert!(trace.bytes().any(|digit| digit != b'0'), "{trace}");
            assert!(!headers.id.is_empty());
        }
    }

    #[test]
    fn a_local_time_is_told_in_utc() {
        let mut order = order();
        order.metadata.timestamp = "2026-11-21T10:41:05+01:00".into();
        let headers = EventHeaders::new(Some(&order), &mut Dice::new(Some(1)), Timestamp::UNIX_EPOCH);
        assert_eq!(headers.time, "2026-11-21T09:41:05Z");
    }
}
