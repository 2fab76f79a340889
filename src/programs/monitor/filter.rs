//! Which lines are meant: a filter's words, a search's pattern, a place to go to.

use std::fmt;

use jiff::Timestamp;
use memchr::memmem;
use regex::bytes::{Regex, RegexBuilder};

use super::rows::{Glance, Grade, glance, level_grade, time_ms};
use crate::tools::moment::{Moment, moment, number};
use crate::words::record::{AuditLine, EventType, HealthLine, LineHead, Skim};

/// A pattern that was typed: a regular expression, without regard to case while it has no capital letter.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles what was typed.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(text)
            .case_insensitive(!text.chars().any(char::is_uppercase))
            .size_limit(1 << 20)
            .build()
            .map_err(|error| one_line(&error))?;
        Ok(Self { text: text.to_owned(), regex })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_in(&self, line: &[u8]) -> bool {
        self.regex.is_match(line)
    }

    /// Where in a shown text it is found, in bytes.
    pub(super) fn hits(&self, text: &str) -> Vec<(usize, usize)> {
        self.regex
            .find_iter(text.as_bytes())
            .map(|hit| (hit.start(), hit.end()))
            .filter(|(start, end)| start < end && text.is_char_boundary(*start) && text.is_char_boundary(*end))
            .collect()
    }
}

/// The last line of a regular expression's error says what is wrong; the others draw it.
fn one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim().trim_start_matches("error: ").to_owned()
}

/// One condition of a filter.
#[derive(Clone, Debug)]
enum Condition {
    Valid,
    Invalid,
    Gap,
    Warning,
    Partition(i32),
    Offset(i64),
    Customer(String),
    Order(String),
    Text(Pattern),
}

/// Conditions that all must hold: `bad and customer = client07`.
#[derive(Clone, Debug)]
pub(super) struct EventFilter {
    text: String,
    conditions: Vec<Condition>,
}

impl fmt::Display for EventFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl EventFilter {
    /// Reads what was typed: `ok`, `bad`, `gap`, `warning`, `partition = 1`, `offset = 505`, `customer = client07`,
    /// `order = …`, or any pattern, joined by `and`.
    ///
    /// # Errors
    /// What is wrong with it, in one line.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let conditions: Result<Vec<_>, _> =
            text.split(" and ").map(str::trim).filter(|part| !part.is_empty()).map(condition).collect();
        Ok(Self { text: text.trim().to_owned(), conditions: conditions? })
    }

    /// All records of a customer, whatever the name holds.
    pub(super) fn of_customer(customer: &str) -> Self {
        Self { text: format!("customer = {customer}"), conditions: vec![Condition::Customer(customer.to_owned())] }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Whether a line is to be shown. Cheap questions come first.
    pub(super) fn lets_through(&self, line: &[u8]) -> bool {
        self.conditions.iter().all(|condition| condition.holds(line))
    }
}

fn condition(text: &str) -> Result<Condition, String> {
    if let Some((name, value)) = text.split_once('=') {
        let (name, value) = (name.trim().to_lowercase(), value.trim().to_owned());
        let wrong = || format!("{name} is a number, and `{value}` is none");
        match name.as_str() {
            "partition" => return value.parse().map(Condition::Partition).map_err(|_| wrong()),
            "offset" => {
                let offset = number(&value).and_then(|offset| i64::try_from(offset).ok());
                return offset.map(Condition::Offset).ok_or_else(wrong);
            }
            "customer" | "client" => return Ok(Condition::Customer(value)),
            "order" | "commande" => return Ok(Condition::Order(value)),
            _ => {}
        }
    }
    Ok(match text.to_lowercase().as_str() {
        "ok" | "valid" => Condition::Valid,
        "bad" | "invalid" => Condition::Invalid,
        "gap" | "gaps" => Condition::Gap,
        "warning" | "warnings" => Condition::Warning,
        _ => Condition::Text(Pattern::new(text)?),
    })
}

impl Condition {
    fn holds(&self, line: &[u8]) -> bool {
        match self {
            Self::Valid => kind(line) == Some(EventType::Received),
            Self::Invalid => matches!(kind(line), Some(EventType::Invalid) | None),
            Self::Gap => kind(line) == Some(EventType::Gap),
            Self::Warning => has_warnings(line),
            Self::Partition(partition) => place(line).is_some_and(|(_, found, _)| found == *partition),
            Self::Offset(offset) => place(line).is_some_and(|(_, _, found)| found == *offset),
            Self::Customer(customer) => {
                memmem::find(line, customer.as_bytes()).is_some()
                    && order_of(line).is_some_and(|order| order.customer == *customer)
            }
            Self::Order(order) => {
                memmem::find(line, order.as_bytes()).is_some()
                    && order_of(line).and_then(|found| found.order_id).is_some_and(|id| id.starts_with(order.as_str()))
            }
            Self::Text(pattern) => pattern.is_in(line),
        }
    }
}

/// Where a person wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The first line from this moment on, milliseconds since 1970-01-01 UTC.
    Time(i64),
    /// The line of this offset, of this partition or of any.
    Offset { partition: Option<i32>, offset: i64 },
}

impl Target {
    /// Reads `orders/1@505`, `1@505`, `505`, a time, or `30 min ago`.
    ///
    /// # Errors
    /// What would be accepted.
    pub(super) fn new(text: &str, now_ms: i64) -> Result<Self, String> {
        let text = text.trim();
        if let Some((before, offset)) = text.rsplit_once('@') {
            let partition = before.rsplit('/').next().and_then(|partition| partition.trim().parse().ok());
            let offset = number(offset.trim()).and_then(|offset| i64::try_from(offset).ok());
            if let (Some(partition), Some(offset)) = (partition, offset) {
                return Ok(Self::Offset { partition: Some(partition), offset });
            }
        }
        let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        match moment(text, now)? {
            Moment::Offset(offset) => Ok(Self::Offset { partition: None, offset }),
            Moment::Time(time_ms) => Ok(Self::Time(time_ms)),
        }
    }

    /// Whether a line is the one that an offset means; a moment is found by bisection.
    pub(super) fn is_reached(&self, line: &[u8]) -> bool {
        match self {
            Self::Offset { partition, offset } => place(line).is_some_and(|(kind, found, at)| {
                kind != EventType::Gap && at == *offset && partition.is_none_or(|partition| partition == found)
            }),
            Self::Time(_) => false,
        }
    }
}

fn head(line: &[u8]) -> Option<Skim<'_>> {
    Skim::of(line)
}

fn kind(line: &[u8]) -> Option<EventType> {
    head(line).map(|head| head.event_type).or_else(|| LineHead::parse(line).ok().map(|head| head.event_type))
}

fn place(line: &[u8]) -> Option<(EventType, i32, i64)> {
    match head(line) {
        Some(head) => Some((head.event_type, head.partition, head.offset)),
        None => LineHead::parse(line).ok().map(|head| (head.event_type, head.kafka_partition, head.kafka_offset)),
    }
}

/// When a line of either file was written, milliseconds since 1970-01-01 UTC.
pub(super) fn line_time(line: &[u8]) -> Option<i64> {
    // Both files begin a line with its time.
    let text = line.strip_prefix(br#"{"timestamp":""#)?;
    let end = memchr::memchr(b'"', text)?;
    time_ms(std::str::from_utf8(text.get(..end)?).ok()?)
}

fn has_warnings(line: &[u8]) -> bool {
    memmem::rfind(line, br#","warnings":["#).is_some()
        && AuditLine::parse(line).is_ok_and(|audit| !audit.warnings.is_empty())
}

/// How bad a line of the trail is, without reading more of it than needed.
pub(super) fn event_grade(line: &[u8]) -> Grade {
    match kind(line) {
        Some(EventType::Received) if has_warnings(line) => Grade::Warning,
        Some(EventType::Received) => Grade::Fine,
        _ => Grade::Error,
    }
}

/// Whether a line of the trail tells a gap.
pub(super) fn is_gap(line: &[u8]) -> bool {
    kind(line) == Some(EventType::Gap)
}

/// How bad a line of the log is.
pub(super) fn log_grade(line: &[u8]) -> Grade {
    level_grade(serde_json::from_slice::<HealthLine<'_>>(line).ok().map(|line| line.level))
}

fn order_of(line: &[u8]) -> Option<Glance> {
    AuditLine::parse(line).ok().map(|audit| glance(&audit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_without_capitals_finds_any_case_and_a_wrong_one_says_why() {
        let small = Pattern::new("matcha").unwrap();
        assert!(small.is_in(b"Matcha latte"));
        assert_eq!(small.hits("a matcha, a MATCHA"), vec![(2, 8), (12, 18)]);
        assert!(!Pattern::new("Matcha").unwrap().is_in(b"matcha"));
        assert_eq!(Pattern::new("mat(cha").unwrap_err(), "unclosed group");
    }

    #[test]
    fn places_as_a_person_types_them() {
        let now_ms = 1_789_034_400_000;
        assert_eq!(Target::new("orders/1@505", now_ms), Ok(Target::Offset { partition: Some(1), offset: 505 }));
        assert_eq!(Target::new("2@4,160,353", now_ms), Ok(Target::Offset { partition: Some(2), offset: 4_160_353 }));
        assert_eq!(Target::new("505", now_ms), Ok(Target::Offset { partition: None, offset: 505 }));
        assert_eq!(Target::new("30 min ago", now_ms), Ok(Target::Time(now_ms - 1_800_000)));
        assert!(Target::new("yesterday-ish", now_ms).unwrap_err().contains("30 min ago"));
    }

    #[test]
    fn all_conditions_of_a_filter_must_hold() {
        let line = |partition: i32, customer: &str| {
            format!(
                r#"{{"timestamp":"2026-11-21T09:41:05Z","event_type":"message.received","kafka_topic":"orders","kafka_partition":{partition},"kafka_offset":7,"raw_message":"{{}}","message_size":2,"deserialized":true,"order_full":{{"order_id":"7c1f","customer_info":{{"customer_id":"{customer}"}}}}}}"#
            )
        };
        let filter = EventFilter::new("ok and partition = 1 and customer = client07").unwrap();
        assert!(filter.lets_through(line(1, "client07").as_bytes()));
        assert!(!filter.lets_through(line(2, "client07").as_bytes()));
        assert!(!filter.lets_through(line(1, "client08").as_bytes()));
        assert!(EventFilter::new("order = 7c").unwrap().lets_through(line(1, "x").as_bytes()));
        assert!(EventFilter::new("bad").unwrap().lets_through(b"no line of a trail"));
        assert!(EventFilter::new("partition = x").unwrap_err().contains("number"));
        assert!(EventFilter::new("  ").unwrap().is_empty());
    }
}
