//! One order followed: what happened to it, and every other line that speaks of it or of its customer.

use super::rows::{EventRow, Row as _, glance};
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
    own: crate::doors::tail::Place,
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
        let metadata = metadata(&audit);
        let story = Story {
            order_id,
            sequence: seen.sequence,
            customer: seen.customer,
            total: seen.total.unwrap_or_default(),
            currency: seen.currency,
            created_ms: metadata.as_ref().and_then(|(time, _)| milliseconds(time)),
            created_by: metadata.map(|(_, source)| source).unwrap_or_default(),
            kafka_ms: audit.kafka_timestamp,
            is_broker_time: audit.kafka_timestamp_type.is_some(),
            place: format!("{}/{}@{}", audit.kafka_topic, audit.kafka_partition, audit.kafka_offset),
            recorded_ms: milliseconds(&audit.timestamp),
            size_bytes: audit.message_size,
            correlation_id: seen.correlation_id,
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

/// When the order was made and by whom, as it says.
fn metadata(audit: &AuditLine<'_>) -> Option<(String, String)> {
    let order: serde_json::Value = serde_json::from_str(audit.order_full?.0).ok()?;
    let text = |name: &str| Some(order.get("metadata")?.get(name)?.as_str()?.to_owned());
    Some((text("timestamp")?, text("source").unwrap_or_default()))
}

fn milliseconds(timestamp: &str) -> Option<i64> {
    timestamp.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}
