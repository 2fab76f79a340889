//! One line of either file as a row of a list: what a person sees at a glance, read leniently.
//!
//! A row never judges: what the line says stands there, and a line that says nothing readable is shown by its
//! first bytes.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::doors::tail::{Place, StoredLine};
use crate::words::record::{AuditLine, EventType, GapKind, HealthLine, Level};

/// So much of a line is read for a row. Nothing that a row shows stands further back, but for the largest messages.
pub(super) const ROW_BYTES: usize = 64 * 1024;

/// So much of a line that cannot be read is shown.
const GARBAGE_BYTES: usize = 120;

/// Something that stands at a place of a file.
pub(super) trait Row {
    /// Reads a stored line.
    fn of(line: &StoredLine) -> Self;
    /// Where it begins.
    fn place(&self) -> Place;
    /// Milliseconds since 1970-01-01 UTC; `None` when the line does not say.
    fn time_ms(&self) -> Option<i64>;
    /// How bad it is.
    fn grade(&self) -> Grade;
}

/// How bad a row is, for jumping from one to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grade {
    /// Nothing to say.
    Fine,
    /// It recovers by itself.
    Warning,
    /// Somebody should look.
    Error,
}

/// What a line of the trail is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum EventKind {
    /// A message as expected.
    Valid(Box<Glance>),
    /// A message that is not, with the reason and its first bytes.
    Invalid { reason: String, sample: String },
    /// Messages that are gone.
    Gap { kind: GapKind, reason: String },
    /// No line of a trail: its first bytes.
    Unreadable { sample: String },
}

/// An order in a few words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Glance {
    pub(super) order_id: Option<String>,
    pub(super) sequence: Option<i64>,
    pub(super) customer: String,
    /// `espresso ×2`, and how many more items.
    pub(super) items: String,
    /// As it was written: `14.02`.
    pub(super) total: Option<String>,
    pub(super) currency: String,
    pub(super) correlation_id: Option<String>,
    /// The payload's beginning, when it is no order (`--payload json` or `bytes`).
    pub(super) sample: String,
}

/// A line of `tracker.events`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EventRow {
    pub(super) place: Place,
    pub(super) time_ms: Option<i64>,
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) size_bytes: u64,
    pub(super) warnings: usize,
    pub(super) kind: EventKind,
    /// No line feed stands behind it yet.
    pub(super) is_torn: bool,
}

/// A line of `tracker.log`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LogRow {
    pub(super) place: Place,
    pub(super) time_ms: Option<i64>,
    /// `None`: no line of a log.
    pub(super) level: Option<Level>,
    /// The stable key; empty in the Go program's lines.
    pub(super) event: String,
    /// For people.
    pub(super) message: String,
    pub(super) error: Option<String>,
    pub(super) metadata: serde_json::Map<String, Value>,
}

impl Row for EventRow {
    fn of(line: &StoredLine) -> Self {
        let row = Self {
            place: line.place,
            time_ms: None,
            topic: String::new(),
            partition: 0,
            offset: 0,
            size_bytes: line.length,
            warnings: 0,
            kind: EventKind::Unreadable { sample: sample(&line.bytes) },
            is_torn: line.is_torn,
        };
        match AuditLine::parse(&line.bytes) {
            Ok(audit) => row.filled(&audit),
            Err(_) if line.length > line.bytes.len() as u64 => row.cut_short(&line.bytes),
            Err(_) => row,
        }
    }

    fn place(&self) -> Place {
        self.place
    }

    fn time_ms(&self) -> Option<i64> {
        self.time_ms
    }

    fn grade(&self) -> Grade {
        match &self.kind {
            EventKind::Valid(_) if self.warnings > 0 => Grade::Warning,
            EventKind::Valid(_) => Grade::Fine,
            EventKind::Unreadable { .. } if self.is_torn => Grade::Fine,
            _ => Grade::Error,
        }
    }
}

impl EventRow {
    fn filled(mut self, audit: &AuditLine<'_>) -> Self {
        self.time_ms = time_ms(&audit.timestamp);
        self.topic = audit.kafka_topic.clone().into_owned();
        self.partition = audit.kafka_partition;
        self.offset = audit.kafka_offset;
        self.size_bytes = audit.message_size;
        self.warnings = audit.warnings.len();
        let reason = || audit.error.as_deref().unwrap_or_default().to_owned();
        self.kind = match (audit.event_type, &audit.audit) {
            (EventType::Gap, Some(gap)) => EventKind::Gap { kind: gap.kind, reason: reason() },
            (EventType::Received, _) => EventKind::Valid(Box::new(glance(audit))),
            _ => EventKind::Invalid { reason: reason(), sample: sample(audit.raw_message.as_bytes()) },
        };
        self
    }

    /// A line of which only the beginning was read: the payload is long, its head says the rest.
    fn cut_short(mut self, bytes: &[u8]) -> Self {
        let Some(head) = crate::words::record::Skim::of(bytes) else { return self };
        self.time_ms = time_ms(head.timestamp);
        self.topic = head.topic.to_owned();
        self.partition = head.partition;
        self.offset = head.offset;
        let sample = sample(head.unread());
        self.kind = match head.event_type {
            EventType::Received => EventKind::Valid(Box::new(Glance { sample, ..Glance::default() })),
            _ => EventKind::Invalid { reason: String::new(), sample },
        };
        self
    }
}

impl Row for LogRow {
    fn of(line: &StoredLine) -> Self {
        match serde_json::from_slice::<HealthLine<'_>>(&line.bytes) {
            Ok(health) => Self {
                place: line.place,
                time_ms: time_ms(&health.timestamp),
                level: Some(health.level),
                event: health.event.into_owned(),
                message: health.message.into_owned(),
                error: health.error.map(Cow::into_owned),
                metadata: health.metadata,
            },
            Err(_) => Self {
                place: line.place,
                time_ms: None,
                level: None,
                event: String::new(),
                message: sample(&line.bytes),
                error: None,
                metadata: serde_json::Map::new(),
            },
        }
    }

    fn place(&self) -> Place {
        self.place
    }

    fn time_ms(&self) -> Option<i64> {
        self.time_ms
    }

    fn grade(&self) -> Grade {
        level_grade(self.level)
    }
}

/// How bad a line of the log is by its level; without one it is no line of a log.
pub(super) fn level_grade(level: Option<Level>) -> Grade {
    match level {
        Some(Level::Info) => Grade::Fine,
        Some(Level::Warn) => Grade::Warning,
        Some(Level::Error) | None => Grade::Error,
    }
}

/// The few fields of an order that a row shows; anything may be missing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Seen<'a> {
    #[serde(borrow)]
    order_id: Option<Cow<'a, str>>,
    sequence: Option<i64>,
    #[serde(borrow)]
    items: Vec<SeenItem<'a>>,
    #[serde(borrow)]
    total: Option<&'a RawValue>,
    #[serde(borrow)]
    currency: Option<Cow<'a, str>>,
    #[serde(borrow)]
    customer_info: SeenCustomer<'a>,
    #[serde(borrow)]
    metadata: SeenMetadata<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SeenItem<'a> {
    #[serde(borrow)]
    item_name: Cow<'a, str>,
    #[serde(borrow)]
    quantity: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SeenCustomer<'a> {
    #[serde(borrow)]
    customer_id: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SeenMetadata<'a> {
    #[serde(borrow)]
    correlation_id: Option<Cow<'a, str>>,
}

/// The order of a line in a few words; what is no order by its payload's beginning.
pub(super) fn glance(audit: &AuditLine<'_>) -> Glance {
    let order = audit.order_full.and_then(|order| serde_json::from_str::<Seen<'_>>(order.0).ok());
    let Some(order) = order else {
        return Glance { sample: sample(audit.raw_message.as_bytes()), ..Glance::default() };
    };
    let items = order.items.first().map_or_else(String::new, |item| {
        let quantity = item.quantity.map_or("?", RawValue::get);
        match order.items.len() {
            1 => format!("{} ×{quantity}", item.item_name),
            count => format!("{} ×{quantity} +{}", item.item_name, count - 1),
        }
    });
    Glance {
        order_id: order.order_id.map(Cow::into_owned),
        sequence: order.sequence,
        customer: order.customer_info.customer_id.into_owned(),
        items,
        total: order.total.map(|total| total.get().to_owned()),
        currency: order.currency.map(Cow::into_owned).unwrap_or_default(),
        correlation_id: order.metadata.correlation_id.map(Cow::into_owned),
        sample: String::new(),
    }
}

/// Milliseconds since 1970-01-01 UTC of an RFC 3339 time.
pub(super) fn time_ms(timestamp: &str) -> Option<i64> {
    timestamp.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond)
}

fn sample(bytes: &[u8]) -> String {
    let sample = bytes.get(..GARBAGE_BYTES).unwrap_or(bytes);
    String::from_utf8_lossy(sample).into_owned()
}
