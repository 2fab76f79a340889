//! One line in full: everything that it tells, and its payload laid out, as it came, or byte by byte.

use std::fmt::Write as _;

use super::app::Pane;
use crate::doors::tail::{Place, StoredLine};
use crate::tools::pretty::pretty;
use crate::tools::shown::{safe, width};
use crate::words::record::{AuditLine, Bytes, EventType, HealthLine, Skim};

/// So much of a line is read; `audit show` gives all of it.
pub(super) const RECORD_BYTES: usize = 2 * 1024 * 1024;

/// How the payload is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// JSON laid out; text as it is when it is no JSON.
    #[default]
    Pretty,
    /// The text as it came.
    Raw,
    /// Offset, bytes, and what of them can be read.
    Hex,
}

impl Form {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Pretty => Self::Raw,
            Self::Raw => Self::Hex,
            Self::Hex => Self::Pretty,
        }
    }
}

/// What a field of a record is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Received,
    KafkaTime,
    Key,
    Size,
    Epoch,
    GapBefore,
    Error,
    Warning,
    Level,
    Message,
    Gap,
}

/// What a field holds; moments are turned into text where the zone is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Bytes(u64),
    Number(i64),
    Moment { time_ms: i64, by_broker: Option<bool> },
    None,
}

/// What kind of line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordKind {
    Valid,
    Invalid,
    Gap,
    Log,
    Unreadable,
}

/// A line that was opened.
pub(super) struct RecordView {
    pub(super) pane: Pane,
    pub(super) place: Place,
    pub(super) kind: RecordKind,
    /// `orders/1@505`; the event of a line of the log.
    pub(super) name: String,
    /// `1/505`, as `audit` takes it; only of a message.
    pub(super) message: Option<String>,
    pub(super) fields: Vec<(Field, Value)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) form: Form,
    /// The first line of the payload that is shown.
    pub(super) top: usize,
    /// It has no end yet.
    pub(super) is_torn: bool,
    /// Whether it is sealed; `None` while nobody can say.
    pub(super) is_sealed: Option<bool>,
    /// Where it ends in its file.
    pub(super) end_byte: u64,
    /// Length of the whole line, when more of it is stored than was read.
    pub(super) cut_from_bytes: Option<u64>,
    /// Column, from 1, at which reading the payload failed.
    pub(super) failed_at: Option<usize>,
    payload: Vec<u8>,
    line: Vec<u8>,
    body: Vec<String>,
    laid_out: Option<(Form, usize)>,
}

impl RecordView {
    /// Opens a line of the trail.
    pub(super) fn of_event(line: StoredLine) -> Self {
        let mut view = Self::new(Pane::Events, line);
        let bytes = std::mem::take(&mut view.line);
        match AuditLine::parse(&bytes) {
            Ok(audit) => view.fill(&audit),
            Err(_) if view.cut_from_bytes.is_some() => view.fill_from_head(&bytes),
            Err(_) => {}
        }
        view.line = bytes;
        view
    }

    /// Opens a line of the log.
    pub(super) fn of_log(line: StoredLine) -> Self {
        let mut view = Self::new(Pane::Logs, line);
        let bytes = std::mem::take(&mut view.line);
        if let Ok(health) = serde_json::from_slice::<HealthLine<'_>>(&bytes) {
            view.kind = RecordKind::Log;
            view.name = if health.event.is_empty() { "tracker.log".to_owned() } else { health.event.to_string() };
            let level = serde_json::to_value(health.level).ok().and_then(|level| level.as_str().map(str::to_owned));
            view.fields = vec![
                (Field::Received, moment(&health.timestamp, None)),
                (Field::Level, Value::Text(level.unwrap_or_default())),
                (Field::Message, Value::Text(health.message.into_owned())),
            ];
            if let Some(error) = health.error {
                view.fields.push((Field::Error, Value::Text(error.into_owned())));
            }
            view.payload = serde_json::to_vec(&health.metadata).unwrap_or_default();
        }
        view.line = bytes;
        view
    }

    fn new(pane: Pane, line: StoredLine) -> Self {
        let cut_from_bytes = (line.length > line.bytes.len() as u64).then_some(line.length);
        Self {
            pane,
            place: line.place,
            kind: RecordKind::Unreadable,
            name: String::new(),
            message: None,
            fields: vec![(Field::Size, Value::Bytes(line.length))],
            headers: Vec::new(),
            form: Form::default(),
            top: 0,
            is_torn: line.is_torn,
            is_sealed: None,
            end_byte: line.place.byte.saturating_add(line.length),
            cut_from_bytes,
            failed_at: None,
            payload: line.bytes.clone(),
            line: line.bytes,
            body: Vec::new(),
            laid_out: None,
        }
    }

    fn fill(&mut self, audit: &AuditLine<'_>) {
        self.name = format!("{}/{}@{}", audit.kafka_topic, audit.kafka_partition, audit.kafka_offset);
        self.kind = match audit.event_type {
            EventType::Received => RecordKind::Valid,
            EventType::Invalid => RecordKind::Invalid,
            EventType::Gap => RecordKind::Gap,
        };
        let mut fields = vec![(Field::Received, moment(&audit.timestamp, None))];
        if self.kind != RecordKind::Gap {
            self.message = Some(format!("{}/{}", audit.kafka_partition, audit.kafka_offset));
            fields.push((Field::KafkaTime, kafka_time(audit)));
            let key = match audit.key() {
                Ok(Some(key)) => Value::Text(readable(&key)),
                _ => Value::None,
            };
            fields.push((Field::Key, key));
            fields.push((Field::Size, Value::Bytes(audit.message_size)));
        }
        if let Some(epoch) = audit.leader_epoch {
            fields.push((Field::Epoch, Value::Number(i64::from(epoch))));
        }
        if audit.gap_before > 0 {
            fields.push((Field::GapBefore, Value::Number(audit.gap_before)));
        }
        if let Some(error) = &audit.error {
            self.failed_at = column(error);
            fields.push((Field::Error, Value::Text(error.to_string())));
        }
        fields.extend(audit.warnings.iter().map(|warning| (Field::Warning, Value::Text(warning.clone()))));
        if let Some(gap) = &audit.audit {
            fields.push((Field::Gap, Value::Text(format!("{} {} → {}", gap.kind.as_str(), gap.from, gap.to))));
        }
        self.fields = fields;
        let part = |part: &Bytes| part.decode().map_or_else(String::new, |bytes| readable(&bytes));
        self.headers = audit
            .kafka_headers
            .iter()
            .map(|(name, value)| (part(name), value.as_ref().map_or_else(|| "–".to_owned(), part)))
            .collect();
        self.payload = match (&audit.audit, audit.payload()) {
            (Some(gap), _) => serde_json::to_vec(gap).unwrap_or_default(),
            (None, Ok(payload)) => payload.unwrap_or_default().into_owned(),
            (None, Err(_)) => audit.raw_message.as_bytes().to_vec(),
        };
        if std::str::from_utf8(&self.payload).is_err() {
            self.form = Form::Hex;
        } else if self.kind == RecordKind::Invalid {
            self.form = Form::Raw;
        }
    }

    /// What the beginning of a line tells that is too long to be read whole.
    fn fill_from_head(&mut self, line: &[u8]) {
        let Some(head) = Skim::of(line) else { return };
        self.name = format!("{}/{}@{}", head.topic, head.partition, head.offset);
        self.kind = match head.event_type {
            EventType::Received => RecordKind::Valid,
            EventType::Invalid => RecordKind::Invalid,
            EventType::Gap => RecordKind::Gap,
        };
        self.fields.insert(0, (Field::Received, moment(head.timestamp, None)));
        // The payload's text as the line spells it: its end is not here.
        self.payload = head.unread().to_vec();
        self.form = Form::Raw;
    }

    /// The payload, exactly.
    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The stored line, exactly.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    /// Lays the payload out for so many columns; cheap when nothing changed.
    pub(super) fn lay_out(&mut self, columns: usize) {
        let columns = columns.max(8);
        if self.laid_out == Some((self.form, columns)) {
            return;
        }
        self.laid_out = Some((self.form, columns));
        let text = String::from_utf8_lossy(&self.payload);
        self.body = match self.form {
            Form::Hex => hex(&self.payload, columns),
            Form::Raw => folded(&text, columns, 0),
            Form::Pretty if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() => {
                pretty(&text, 0).lines().flat_map(|line| folded(line, columns, 4)).collect()
            }
            Form::Pretty => folded(&text, columns, 0),
        };
        self.top = self.top.min(self.body.len().saturating_sub(1));
    }

    /// The payload as it was laid out, a row each.
    pub(super) fn body(&self) -> &[String] {
        &self.body
    }

    /// Scrolls; the last row stays in sight.
    pub(super) fn scroll(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by).min(self.body.len().saturating_sub(1));
    }
}

fn moment(timestamp: &str, by_broker: Option<bool>) -> Value {
    match timestamp.parse::<jiff::Timestamp>() {
        Ok(time) => Value::Moment { time_ms: time.as_millisecond(), by_broker },
        Err(_) => Value::Text(timestamp.to_owned()),
    }
}

fn kafka_time(audit: &AuditLine<'_>) -> Value {
    let by_broker = Some(audit.kafka_timestamp_type.is_some());
    audit.kafka_timestamp.map_or(Value::None, |time_ms| Value::Moment { time_ms, by_broker })
}

/// The column that a reason names.
fn column(reason: &str) -> Option<usize> {
    let (_, behind) = reason.rsplit_once("column ")?;
    let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// Text as it is, other bytes in hexadecimal.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().take(64).fold(String::new(), |mut text, byte| {
            // Writing into a string cannot fail.
            let _written = write!(text, "{byte:02x} ");
            text
        }),
    }
}

/// A text in rows of at most so many columns; rows after the first are moved in.
fn folded(text: &str, columns: usize, indent: usize) -> Vec<String> {
    let mut rows = Vec::new();
    for line in text.split('\n') {
        let line = safe(line);
        let mut row = String::new();
        let mut used = 0;
        for character in line.chars() {
            let wide = width(character.encode_utf8(&mut [0; 4]));
            if used + wide > columns {
                rows.push(std::mem::replace(&mut row, " ".repeat(indent)));
                used = indent;
            }
            row.push(character);
            used += wide;
        }
        rows.push(row);
    }
    rows
}

/// `00000010  7b 22 6f …  {"o`: as many bytes a row as fit, in steps of four.
pub(super) fn hex(bytes: &[u8], columns: usize) -> Vec<String> {
    let each = (columns.saturating_sub(12) / 4).clamp(4, 16) / 4 * 4;
    let rows = bytes.chunks(each).enumerate().map(|(row, part)| {
        let mut text = format!("{:08x} ", row * each);
        for at in 0..each {
            let _written = match part.get(at) {
                Some(byte) => write!(text, " {byte:02x}"),
                None => write!(text, "   "),
            };
        }
        text.push_str("  ");
        text.extend(
            part.iter().map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '·' }),
        );
        text
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_folded_at_its_columns_and_harmless() {
        assert_eq!(folded("abcdefgh", 3, 0), ["abc", "def", "gh"]);
        assert_eq!(folded("abcdef", 4, 2), ["abcd", "  ef"]);
        assert_eq!(folded("日本語", 4, 0), ["日本", "語"]);
        assert_eq!(folded("a\u{1b}[2J\nb", 9, 0), ["a·[2J", "b"]);
        assert_eq!(folded("", 9, 0), [""]);
    }

    #[test]
    fn bytes_stand_beside_what_can_be_read_of_them() {
        let rows = hex(b"{\"a\":\x001}", 28);
        assert_eq!(rows, ["00000000  7b 22 61 22  {\"a\"", "00000004  3a 00 31 7d  :·1}"]);
        assert_eq!(hex(&[0xff; 16], 80).len(), 1);
        assert_eq!(hex(&[0xff; 17], 80)[1], format!("00000010  ff{}  ·", " ".repeat(45)));
    }

    #[test]
    fn the_column_of_a_reason_is_found() {
        assert_eq!(column("the JSON ends early: object still open at column 211"), Some(211));
        assert_eq!(column("no JSON at all"), None);
    }
}
