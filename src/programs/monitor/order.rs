//! One order followed: what happened to it, and every other line that speaks of it or of its customer.

use super::rows::{EventRow, Row as _, glance, time_ms};
use super::seek::{IsHit, Seek, Seeking};
use crate::doors::tail::{Direction, Pages, StoredLine};
use crate::words::record::AuditLine;
use memchr::memmem;

/// So many related lines are kept; the others are counted.
const MOST_RELATED: usize = 200;

/// What happened to an order, and when. Moments are milliseconds since 1970-01-01 UTC.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Story {
    pub(super) order_id: String,
    pub(super) sequence: Option<i64>,
    pub(super) customer: String,
    pub(super) total: String,
    pub(super) currency: String,
    pub(super) created_ms: Option<i64>,
    pub(super) created_by: String,
    pub(super) kafka_ms: Option<i64>,
    pub(super) is_broker_time: bool,
    /// `orders/1@627`.
    pub(super) place: String,
    pub(super) recorded_ms: Option<i64>,
    pub(super) size_bytes: u64,
    pub(super) correlation_id: Option<String>,
    /// What was ordered.
    pub(super) items: Vec<Bought>,
    /// `sub_total`, `tax`, `shipping_fee`, as they were written.
    pub(super) sums: [String; 3],
}

/// One line of the order; numbers as they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bought {
    pub(super) name: String,
    pub(super) quantity: String,
    pub(super) unit_price: String,
    pub(super) total_price: String,
}

/// An order that is followed.
pub(super) struct OrderView {
    pub(super) story: Story,
    /// Other lines that hold its number or its correlation id, the newest first.
    pub(super) related: Vec<EventRow>,
    /// How many lines of the same customer there are, this one included.
    pub(super) same_customer: u64,
    /// How many related lines there are in all.
    pub(super) related_count: u64,
    pub(super) top: usize,
    pub(super) selected: usize,
    seek: Option<Seek>,
    pub(super) own: crate::doors::tail::Place,
    pub(super) end_byte: u64,
    /// Whether its line is sealed; `None` while nobody can say.
    pub(super) is_sealed: Option<bool>,
    needles: Vec<Vec<u8>>,
    pub(super) trouble: Option<String>,
}

impl OrderView {
    /// Begins to follow the order of a line; `None` when it holds none.
    pub(super) fn of(line: &StoredLine) -> Option<Self> {
        let audit = AuditLine::parse(&line.bytes).ok()?;
        let seen = glance(&audit);
        let order_id = seen.order_id?;
        let mut needles = vec![order_id.clone().into_bytes()];
        needles.extend(seen.correlation_id.clone().map(String::into_bytes));
        needles.retain(|needle| !needle.is_empty());
        let customer = seen.customer.clone();
        let order: serde_json::Value = serde_json::from_str(audit.order_full?.0).ok()?;
        let made = |name: &str| Some(order.get("metadata")?.get(name)?.as_str()?.to_owned());
        let story = Story {
            order_id,
            sequence: seen.sequence,
            customer: seen.customer,
            total: seen.total.unwrap_or_default(),
            currency: seen.currency,
            created_ms: made("timestamp").and_then(|time| time_ms(&time)),
            created_by: made("source").unwrap_or_default(),
            kafka_ms: audit.kafka_timestamp,
            is_broker_time: audit.kafka_timestamp_type.is_some(),
            place: format!("{}/{}@{}", audit.kafka_topic, audit.kafka_partition, audit.kafka_offset),
            recorded_ms: time_ms(&audit.timestamp),
            size_bytes: audit.message_size,
            correlation_id: seen.correlation_id,
            items: bought(&order),
            sums: ["sub_total", "tax", "shipping_fee"].map(|name| number(&order, name)),
        };
        // Every line of the customer is met, the related ones are told apart when they are.
        let mut wanted = needles.clone();
        wanted.push(customer.into_bytes());
        wanted.retain(|needle| !needle.is_empty());
        let is_hit: IsHit = Box::new(move |line| wanted.iter().any(|needle| memmem::find(line, needle).is_some()));
        Some(Self {
            story,
            related: Vec::new(),
            same_customer: 0,
            related_count: 0,
            top: 0,
            selected: 0,
            seek: Some(Seek::new(is_hit, Direction::Backwards, None, false)),
            own: line.place,
            end_byte: line.place.byte.saturating_add(line.length),
            is_sealed: None,
            needles,
            trouble: None,
        })
    }

    /// Whether there is more of the trail to look through.
    pub(super) fn is_busy(&self) -> bool {
        self.seek.is_some()
    }

    /// Goes on a slice, and says whether anything changed.
    pub(super) fn step(&mut self, pages: &Pages) -> bool {
        // Lines of the same customer may stand close together: some hits belong into one slice.
        for _ in 0..64 {
            let Some(seek) = &mut self.seek else { return false };
            match seek.step(pages) {
                Ok(Seeking::Found { place, .. }) => {
                    seek.go_on_from(place);
                    match pages.whole(place, super::rows::ROW_BYTES) {
                        Ok(Some(line)) => self.meet(&line),
                        Ok(None) => {}
                        Err(error) => self.give_up(&error),
                    }
                }
                Ok(Seeking::GoOn) => return true,
                Ok(Seeking::Nothing) => {
                    self.seek = None;
                    return true;
                }
                Err(error) => self.give_up(&error),
            }
        }
        true
    }

    fn give_up(&mut self, error: &crate::doors::tail::TailError) {
        self.seek = None;
        self.trouble = Some(error.to_string());
    }

    fn meet(&mut self, line: &StoredLine) {
        let row = EventRow::of(line);
        if let super::rows::EventKind::Valid(seen) = &row.kind
            && seen.customer == self.story.customer
        {
            self.same_customer += 1;
        }
        let is_related = self.needles.iter().any(|needle| memmem::find(&line.bytes, needle).is_some());
        if is_related && row.place() != self.own {
            self.related_count += 1;
            if self.related.len() < MOST_RELATED {
                self.related.push(row);
            }
        }
    }

    /// Moves the selection among the related lines.
    pub(super) fn move_by(&mut self, by: isize) {
        self.selected = self.selected.saturating_add_signed(by).min(self.related.len().saturating_sub(1));
    }
}

fn bought(order: &serde_json::Value) -> Vec<Bought> {
    let items = order.get("items").and_then(serde_json::Value::as_array);
    let text =
        |item: &serde_json::Value| item.get("item_name").and_then(|name| name.as_str()).unwrap_or("–").to_owned();
    items
        .into_iter()
        .flatten()
        .map(|item| Bought {
            name: text(item),
            quantity: number(item, "quantity"),
            unit_price: number(item, "unit_price"),
            total_price: number(item, "total_price"),
        })
        .collect()
}

/// A number as it is written; empty when it is none.
fn number(of: &serde_json::Value, name: &str) -> String {
    of.get(name).filter(|value| value.is_number()).map(ToString::to_string).unwrap_or_default()
}
