//! Reading `tracker.events` with nothing but a JSON parser: a second, independent reading of what
//! the format promises.

use super::record::{Record, decoded};
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::path::Path;

/// One line of the file.
pub(crate) struct Line {
    /// The line itself, without its LF.
    pub(crate) text: String,
    fields: Vec<(String, Box<RawValue>)>,
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(String, Box<RawValue>)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(fields)
    }
}

impl Line {
    pub(crate) fn parse(text: &str) -> Result<Line, String> {
        let mut parser = serde_json::Deserializer::from_str(text);
        let fields =
            parser.deserialize_map(Fields).and_then(|fields| parser.end().map(|()| fields)).map_err(|error| {
                let shown: String = text.chars().take(200).collect();
                format!("not a line of a trail ({error}): {shown}")
            })?;
        Ok(Line { text: text.to_owned(), fields })
    }

    /// The names of the fields, in the order of the line.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// The value of a field as it stands in the line, if the field is there.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(n, _)| n == name)?;
        Some(value.get())
    }

    /// The value of a field; null when it is absent.
    pub(crate) fn get(&self, name: &str) -> Value {
        self.raw(name).map_or(Value::Null, |raw| serde_json::from_str(raw).expect("it was parsed before"))
    }

    #[track_caller]
    pub(crate) fn text_of(&self, name: &str) -> String {
        let value = self.get(name);
        let text = value.as_str().map(str::to_owned);
        text.unwrap_or_else(|| panic!("{name} is {value}, no text"))
    }

    #[track_caller]
    pub(crate) fn number_of(&self, name: &str) -> i64 {
        let value = self.get(name);
        value.as_i64().unwrap_or_else(|| panic!("{name} is {value}, no integer"))
    }

    pub(crate) fn partition(&self) -> i32 {
        i32::try_from(self.number_of("kafka_partition")).expect("a partition is an i32")
    }

    pub(crate) fn offset(&self) -> i64 {
        self.number_of("kafka_offset")
    }

    pub(crate) fn is_gap(&self) -> bool {
        self.text_of("event_type") == "audit.gap"
    }

    pub(crate) fn is_order(&self) -> bool {
        self.get("deserialized") == Value::Bool(true)
    }

    /// The message that the line is about, rebuilt from the line alone.
    #[track_caller]
    pub(crate) fn record(&self) -> Record {
        let value = match (self.get("payload_null"), self.get("raw_message_b64")) {
            (Value::Bool(true), _) => None,
            (_, Value::Null) => Some(self.text_of("raw_message").into_bytes()),
            (_, base64) => decoded(&base64),
        };
        let key = match (self.get("kafka_key"), self.get("kafka_key_b64")) {
            (Value::String(text), _) => Some(text.into_bytes()),
            (_, base64) => decoded(&base64),
        };
        let headers = match self.get("kafka_headers") {
            Value::Array(headers) => {
                headers.iter().map(|header| (bytes(&header[0]).expect("a name"), bytes(&header[1]))).collect()
            }
            _ => Vec::new(),
        };
        Record {
            partition: self.partition(),
            offset: self.offset(),
            timestamp: self.get("kafka_timestamp").as_i64(),
            log_append: self.get("kafka_timestamp_type") == "log_append",
            key,
            value,
            headers,
        }
    }
}

/// The bytes of a text, of `{"b64":…}`, or of nothing.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Object(object) => decoded(&object["b64"]),
        _ => None,
    }
}

/// What `--until-end` prints last.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) received: i64,
    pub(crate) valid: i64,
    pub(crate) invalid: i64,
    pub(crate) gaps: i64,
}

impl Summary {
    #[track_caller]
    pub(crate) fn parse(line: &str) -> Summary {
        let numbers: BTreeMap<&str, i64> = line
            .split(' ')
            .filter_map(|part| part.split_once('='))
            .filter_map(|(name, number)| Some((name, number.parse().ok()?)))
            .collect();
        let number = |name: &str| *numbers.get(name).unwrap_or_else(|| panic!("no {name}=N in {line:?}"));
        Summary {
            received: number("received"),
            valid: number("valid"),
            invalid: number("invalid"),
            gaps: number("gaps"),
        }
    }
}

/// A whole `tracker.events`.
pub(crate) struct Trail {
    pub(crate) lines: Vec<Line>,
}

impl Trail {
    /// Reads the file of a tracker that has ended: it must consist of whole lines.
    #[track_caller]
    pub(crate) fn read(dir: &Path) -> Trail {
        let bytes = std::fs::read(dir.join("tracker.events")).expect("there is a tracker.events");
        let text = String::from_utf8(bytes).expect("it is UTF-8");
        Trail::parse(&text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// How many whole lines there are, cheaply; 0 when there is no file yet.
    pub(crate) fn count_so_far(dir: &Path) -> usize {
        std::fs::read(dir.join("tracker.events")).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count()
    }

    pub(crate) fn parse(text: &str) -> Result<Trail, String> {
        if !text.is_empty() && !text.ends_with('\n') {
            return Err("the last line is torn".to_owned());
        }
        let lines: Result<Vec<Line>, String> = text.split_terminator('\n').map(Line::parse).collect();
        lines.map(|lines| Trail { lines })
    }

    /// The lines that are messages.
    pub(crate) fn messages(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| !line.is_gap())
    }

    /// The messages rebuilt, sorted as [`super::Cluster::dump`] sorts.
    pub(crate) fn records(&self) -> Vec<Record> {
        let mut records: Vec<Record> = self.messages().map(Line::record).collect();
        records.sort_by_key(|record| (record.partition, record.offset));
        records
    }

    /// The line of one message.
    #[track_caller]
    pub(crate) fn at(&self, partition: i32, offset: i64) -> &Line {
        let mut found = self.messages().filter(|line| line.partition() == partition && line.offset() == offset);
        let line = found.next().unwrap_or_else(|| panic!("no line for {partition}@{offset}"));
        assert!(found.next().is_none(), "two lines for {partition}@{offset}");
        line
    }

    /// One past the last offset of each partition.
    pub(crate) fn next_offsets(&self) -> BTreeMap<i32, i64> {
        let last = |line: &Line| (line.partition(), line.offset() + 1);
        self.messages().map(last).collect()
    }

    /// Every offset once and in its partition's order, holes only where a line declares them.
    pub(crate) fn unbroken(&self) -> Result<(), String> {
        let mut next: BTreeMap<i32, i64> = BTreeMap::new();
        for line in self.messages() {
            let (partition, offset) = (line.partition(), line.offset());
            let due = next.entry(partition).or_insert(0);
            let absent = line.get("gap_before").as_i64().unwrap_or(0);
            if offset != *due + absent {
                return Err(format!("{partition}@{offset} follows where {due} is due and {absent} are absent"));
            }
            *due = offset + 1;
        }
        Ok(())
    }

    #[track_caller]
    pub(crate) fn expect_unbroken(&self) {
        if let Err(error) = self.unbroken() {
            panic!("{error}");
        }
    }

    /// Exactly these messages, byte for byte.
    #[track_caller]
    pub(crate) fn expect_records(&self, expected: &[Record]) {
        self.expect_unbroken();
        let found = self.records();
        for (expected, found) in expected.iter().zip(&found) {
            assert_eq!(expected, found);
        }
        assert_eq!(expected.len(), found.len(), "messages");
    }
}
