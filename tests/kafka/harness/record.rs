//! A Kafka record with every byte of it, as the broker has it and as a trail must give it back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Bytes and their length are what tests compare, so a message of 20 MB must not be printed whole.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    /// Milliseconds; when writing, `None` is now.
    pub(crate) timestamp: Option<i64>,
    pub(crate) log_append: bool,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

fn short(bytes: &[u8]) -> String {
    let shown = bytes.get(..120).unwrap_or(bytes);
    format!("{} bytes {:?}", bytes.len(), String::from_utf8_lossy(shown))
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{} {:?}", self.partition, self.offset, self.timestamp)?;
        write!(f, "{}", if self.log_append { " log append" } else { "" })?;
        write!(f, ", key {:?}", self.key.as_deref().map(short))?;
        write!(f, ", value {:?}", self.value.as_deref().map(short))?;
        for (name, value) in &self.headers {
            write!(f, ", {:?}", (short(name), value.as_deref().map(short)))?;
        }
        Ok(())
    }
}

impl Record {
    /// A record to be written into `partition`, without key and headers, with the time of writing.
    pub(crate) fn new(partition: i32, value: impl Into<Vec<u8>>) -> Record {
        Record { partition, value: Some(value.into()), ..Record::default() }
    }

    pub(crate) fn tombstone(partition: i32) -> Record {
        Record { partition, ..Record::default() }
    }

    pub(crate) fn key(self, key: impl Into<Vec<u8>>) -> Record {
        Record { key: Some(key.into()), ..self }
    }

    pub(crate) fn at(self, timestamp: i64) -> Record {
        Record { timestamp: Some(timestamp), ..self }
    }

    pub(crate) fn header(mut self, name: impl Into<Vec<u8>>, value: Option<&[u8]>) -> Record {
        self.headers.push((name.into(), value.map(<[u8]>::to_vec)));
        self
    }

    /// The value as text, for tests whose messages are text.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(self.value.as_deref().expect("no tombstone")).expect("it is text")
    }

    /// As the Java witness wants it.
    pub(crate) fn to_request(&self, with_partition: bool) -> Value {
        let headers: Vec<Value> =
            self.headers.iter().map(|(name, value)| json!([STANDARD.encode(name), encoded(value.as_ref())])).collect();
        json!({
            "partition": with_partition.then_some(self.partition),
            "timestamp": self.timestamp,
            "key": encoded(self.key.as_ref()),
            "value": encoded(self.value.as_ref()),
            "headers": headers,
        })
    }

    /// As the Java witness tells it.
    pub(crate) fn from_answer(line: &Value) -> Record {
        let headers = line["headers"].as_array().expect("headers are told");
        Record {
            partition: i32::try_from(line["partition"].as_i64().unwrap()).unwrap(),
            offset: line["offset"].as_i64().unwrap(),
            timestamp: line["timestamp"].as_i64(),
            log_append: line["log_append"].as_bool().unwrap(),
            key: decoded(&line["key"]),
            value: decoded(&line["value"]),
            headers: headers.iter().map(|header| (decoded(&header[0]).unwrap(), decoded(&header[1]))).collect(),
        }
    }
}

fn encoded(bytes: Option<&Vec<u8>>) -> Option<String> {
    bytes.map(|bytes| STANDARD.encode(bytes))
}

pub(super) fn decoded(base64: &Value) -> Option<Vec<u8>> {
    base64.as_str().map(|text| STANDARD.decode(text).expect("it is base64"))
}
