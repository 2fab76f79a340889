//! Records as rows of plain columns, for spreadsheets and databases.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::error::AuditError;
use super::search::Found;
use crate::words::order;
use crate::words::record::{AuditLine, Bytes, EventType};

/// One record. Where bytes are no UTF-8, `key` and `payload` are empty and the `_b64` columns hold them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Row {
    pub(super) line: i64,
    pub(super) received: String,
    pub(super) event: &'static str,
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) kafka_timestamp_ms: Option<i64>,
    pub(super) kafka_timestamp_type: Option<String>,
    pub(super) key: Option<String>,
    pub(super) key_b64: Option<String>,
    /// As they stand in the line.
    pub(super) headers: Option<String>,
    pub(super) payload: Option<String>,
    pub(super) payload_b64: Option<String>,
    pub(super) size_bytes: i64,
    pub(super) error: Option<String>,
    pub(super) leader_epoch: Option<i32>,
    pub(super) gap_before: i64,
    pub(super) order_id: Option<String>,
    pub(super) sequence: Option<i64>,
    pub(super) customer_id: Option<String>,
    pub(super) total: Option<String>,
    pub(super) currency: Option<String>,
}

/// The names of the columns, in their order.
pub(super) const COLUMNS: [&str; 22] = [
    "line",
    "received",
    "event",
    "topic",
    "partition",
    "offset",
    "kafka_timestamp_ms",
    "kafka_timestamp_type",
    "key",
    "key_b64",
    "headers",
    "payload",
    "payload_b64",
    "size_bytes",
    "error",
    "leader_epoch",
    "gap_before",
    "order_id",
    "sequence",
    "customer_id",
    "total",
    "currency",
];

impl Row {
    /// The row of a line; `None` when it is none of a trail.
    pub(super) fn of(found: &Found<'_>) -> Option<Self> {
        let line = AuditLine::parse(found.line).ok()?;
        let is_message = line.event_type != EventType::Gap;
        let payload_b64 = line.raw_message_b64.as_deref().map(str::to_owned);
        let has_text = is_message && payload_b64.is_none() && !line.payload_null;
        let mut row = Self {
            line: i64::try_from(found.number).unwrap_or(i64::MAX),
            received: line.timestamp.to_string(),
            event: match line.event_type {
                EventType::Received => "valid",
                EventType::Invalid => "invalid",
                EventType::Gap => "gap",
            },
            topic: line.kafka_topic.to_string(),
            partition: line.kafka_partition,
            offset: line.kafka_offset,
            kafka_timestamp_ms: line.kafka_timestamp,
            kafka_timestamp_type: line.kafka_timestamp_type.as_deref().map(str::to_owned),
            key: line.kafka_key.as_deref().map(str::to_owned),
            key_b64: line.kafka_key_b64.as_deref().map(str::to_owned),
            headers: (!line.kafka_headers.is_empty()).then(|| headers(&line.kafka_headers)),
            payload: has_text.then(|| line.raw_message.to_string()),
            payload_b64,
            size_bytes: i64::try_from(line.message_size).unwrap_or(i64::MAX),
            error: line.error.as_deref().map(str::to_owned),
            leader_epoch: line.leader_epoch,
            gap_before: line.gap_before,
            ..Self::default()
        };
        if let (Some(_), Ok(order)) = (line.order_full, order::read(&line.raw_message)) {
            row.order_id = Some(order.order_id.to_string());
            row.sequence = Some(order.sequence);
            row.customer_id = Some(order.customer_info.customer_id.to_string());
            row.total = Some(order.total.to_string());
            row.currency = Some(order.currency.to_string());
        }
        Some(row)
    }

    fn texts(&self) -> [String; COLUMNS.len()] {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let number = |number: Option<i64>| number.map_or_else(String::new, |number| number.to_string());
        [
            self.line.to_string(),
            self.received.clone(),
            self.event.to_owned(),
            self.topic.clone(),
            self.partition.to_string(),
            self.offset.to_string(),
            number(self.kafka_timestamp_ms),
            text(&self.kafka_timestamp_type),
            text(&self.key),
            text(&self.key_b64),
            text(&self.headers),
            text(&self.payload),
            text(&self.payload_b64),
            self.size_bytes.to_string(),
            text(&self.error),
            number(self.leader_epoch.map(i64::from)),
            self.gap_before.to_string(),
            text(&self.order_id),
            number(self.sequence),
            text(&self.customer_id),
            text(&self.total),
            text(&self.currency),
        ]
    }
}

fn headers(headers: &[(Bytes, Option<Bytes>)]) -> String {
    let part = |bytes: &Bytes| match bytes {
        Bytes::Text(text) => json!(text),
        Bytes::Encoded { b64 } => json!({ "b64": b64 }),
    };
    let pairs = headers.iter().map(|(name, value)| json!([part(name), value.as_ref().map(part)]));
    Value::Array(pairs.collect()).to_string()
}

/// Rows as CSV (RFC 4180, with LF), the names of the columns first.
pub(super) struct CsvRows<'a> {
    writer: csv::Writer<&'a mut dyn Write>,
}

impl<'a> CsvRows<'a> {
    /// Writes the names of the columns.
    ///
    /// # Errors
    /// [`AuditError::Output`].
    pub(super) fn begin(out: &'a mut dyn Write) -> Result<Self, AuditError> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(COLUMNS).map_err(csv_error)?;
        Ok(Self { writer })
    }

    /// Writes a row.
    ///
    /// # Errors
    /// [`AuditError::Output`].
    pub(super) fn add(&mut self, row: &Row) -> Result<(), AuditError> {
        self.writer.write_record(row.texts()).map_err(csv_error)
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// [`AuditError::Output`].
    pub(super) fn end(mut self) -> Result<(), AuditError> {
        self.writer.flush().map_err(AuditError::output)
    }
}

fn csv_error(error: csv::Error) -> AuditError {
    AuditError::output(match error.into_kind() {
        csv::ErrorKind::Io(source) => source,
        other => io::Error::other(format!("{other:?}")),
    })
}
