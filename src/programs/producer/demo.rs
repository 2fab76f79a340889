//! The demo's orders as JSON, fast: all but six places of a customer's order is always the same.
//!
//! The menu and its serializer stay the only ones to say what an order looks like. Each customer's order is
//! serialized once, with values that occur nowhere else in it, and cut there.

use std::io;

use jiff::Timestamp;
use uuid::Uuid;

use super::event::Event;
use crate::words::order::{DemoIds, Order, demo_order};

/// As many customers as the menu has: the order after so many is the first one's again.
const CUSTOMERS: i64 = 10;

/// What differs from order to order.
#[derive(Clone, Copy, Debug)]
enum Slot {
    OrderId,
    Sequence,
    Time,
    CorrelationId,
}

/// One customer's order.
#[derive(Debug)]
struct Template {
    customer_id: String,
    /// Fixed bytes and what follows them.
    pieces: Vec<(Vec<u8>, Slot)>,
    end: Vec<u8>,
}

impl Template {
    fn new(customer: i64) -> io::Result<Self> {
        let sequence = 7_000_000_000 + customer;
        let ids = DemoIds { order_id: Uuid::from_u128(u128::MAX - 1), correlation_id: Uuid::from_u128(u128::MAX - 2) };
        let time = Timestamp::UNIX_EPOCH;
        let order = demo_order(sequence, ids, time);
        let json = serde_json::to_string(&order)?;
        let marks = [
            (order.order_id.clone().into_owned(), Slot::OrderId),
            (sequence.to_string(), Slot::Sequence),
            (order.metadata.timestamp.clone().into_owned(), Slot::Time),
            (order.metadata.correlation_id.clone().into_owned(), Slot::CorrelationId),
        ];
        let (mut pieces, mut rest) = (Vec::new(), json.as_str());
        loop {
            let found = marks.iter().filter_map(|(text, slot)| Some((rest.find(text.as_str())?, text, slot)));
            let Some((_, text, &slot)) = found.min_by_key(|(at, ..)| *at) else { break };
            let Some((fixed, after)) = rest.split_once(text.as_str()) else { break };
            pieces.push((fixed.as_bytes().to_vec(), slot));
            rest = after;
        }
        let customer_id = order.customer_info.customer_id.into_owned();
        Ok(Self { customer_id, pieces, end: rest.as_bytes().to_vec() })
    }
}

/// Makes one order after the other in the same memory.
#[derive(Debug)]
pub(super) struct Demo {
    templates: Vec<Template>,
    payload: Vec<u8>,
    sequence: i64,
    ids: DemoIds,
    time: Timestamp,
    order_id: String,
    correlation_id: String,
    /// The text of `time`, which is the same for all orders of a millisecond.
    time_text: String,
}

impl Demo {
    /// Serializes the menu.
    ///
    /// # Errors
    /// What the serializer says.
    pub(super) fn new() -> io::Result<Self> {
        let templates = (0..CUSTOMERS).map(Template::new).collect::<io::Result<_>>()?;
        let ids = DemoIds { order_id: Uuid::nil(), correlation_id: Uuid::nil() };
        let (order_id, correlation_id) = (String::new(), String::new());
        let (time, time_text) = (Timestamp::UNIX_EPOCH, time_text(Timestamp::UNIX_EPOCH));
        Ok(Self { templates, payload: Vec::new(), sequence: 0, ids, time, order_id, correlation_id, time_text })
    }

    /// Makes the order with this number.
    pub(super) fn make(&mut self, sequence: i64, ids: DemoIds, time: Timestamp) {
        if millisecond(time) != millisecond(self.time) {
            self.time_text = time_text(time);
        }
        (self.sequence, self.ids, self.time) = (sequence, ids, time);
        set(&mut self.order_id, ids.order_id);
        set(&mut self.correlation_id, ids.correlation_id);
        let mut digits = itoa::Buffer::new();
        let number = digits.format(sequence);
        self.payload.clear();
        let Some(template) = template(&self.templates, sequence) else { return };
        for (fixed, slot) in &template.pieces {
            self.payload.extend_from_slice(fixed);
            self.payload.extend_from_slice(match slot {
                Slot::OrderId => self.order_id.as_bytes(),
                Slot::Sequence => number.as_bytes(),
                Slot::Time => self.time_text.as_bytes(),
                Slot::CorrelationId => self.correlation_id.as_bytes(),
            });
        }
        self.payload.extend_from_slice(&template.end);
    }

    /// The JSON of the last order.
    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The number of the last order.
    pub(super) fn sequence(&self) -> i64 {
        self.sequence
    }

    /// What key and headers of the last order are made of.
    pub(super) fn event(&self) -> Event<'_> {
        Event {
            order_id: &self.order_id,
            customer_id: template(&self.templates, self.sequence).map_or("", |template| &template.customer_id),
            timestamp: &self.time_text,
            correlation_id: &self.correlation_id,
        }
    }

    /// The last order itself, for who wants to see it.
    pub(super) fn order(&self) -> Order<'static> {
        demo_order(self.sequence, self.ids, self.time)
    }
}

fn template(templates: &[Template], sequence: i64) -> Option<&Template> {
    templates.get(usize::try_from(sequence.rem_euclid(CUSTOMERS)).ok()?)
}

fn set(text: &mut String, id: Uuid) {
    text.clear();
    text.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
}

/// As the menu writes it.
fn time_text(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// Tells the milliseconds since 1970 apart.
fn millisecond(time: Timestamp) -> (i64, i32) {
    (time.as_second(), time.subsec_nanosecond() / 1_000_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_what_the_menus_own_serializer_writes(
            orders in proptest::collection::vec((any::<i64>(), any::<u128>(), any::<u128>(), 0..4_000_000_000_000_000_i64), 1..30),
            first in -100..100_i64,
        ) {
            let mut demo = Demo::new().unwrap();
            for (number, (far, order_id, correlation_id, time_us)) in (first..).zip(orders) {
                let ids = DemoIds {
                    order_id: Uuid::from_u128(order_id),
                    correlation_id: Uuid::from_u128(correlation_id),
                };
                for (sequence, time_us) in [(number, time_us), (number + 1, time_us + 400), (far, time_us + 600)] {
                    let time = Timestamp::from_microsecond(time_us).unwrap();
                    demo.make(sequence, ids, time);
                    let order = demo_order(sequence, ids, time);
                    prop_assert_eq!(str::from_utf8(demo.payload()).unwrap(), serde_json::to_string(&order).unwrap());
                    prop_assert_eq!(demo.event(), Event::of(&order));
                    prop_assert_eq!(demo.order(), order);
                    prop_assert_eq!(demo.sequence(), sequence);
                }
            }
        }
    }

    #[test]
    fn six_places_differ() {
        for template in Demo::new().unwrap().templates {
            assert_eq!(template.pieces.len(), 6, "{template:?}");
        }
    }
}
