//! A folder with a trail and a log that grow as a tracker's do.

use jiff::Timestamp;
use ordertrail::base::message::{Headers, Message, MessageTime, push_header};
use ordertrail::words::order::{DemoIds, demo_order};
use ordertrail::words::record::{HealthLine, Level, Received, SERVICE, Verdict, write_message};
use serde_json::{Map, Value};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use uuid::Uuid;

const PARTITIONS: i64 = 3;

/// A folder that is gone with the test, with what a tracker would have written there.
pub(crate) struct Files {
    folder: TempDir,
}

impl Files {
    /// An empty folder: not even the files are there.
    pub(crate) fn new() -> Files {
        let folder = tempfile::Builder::new().prefix("monitor-").tempdir_in(env!("CARGO_TARGET_TMPDIR"));
        Files { folder: folder.expect("a folder can be made under target/tmp") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn events(&self) -> PathBuf {
        self.path().join("tracker.events")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path().join("tracker.log")
    }

    /// The order with this number, spread over three partitions, received at this time (milliseconds since 1970).
    pub(crate) fn order(&self, number: i64, time_ms: i64) {
        let payload = serde_json::to_string(&order(number, time_ms)).expect("an order is JSON");
        self.message(number, time_ms, payload.as_bytes(), &Verdict::Order { warnings: Vec::new() });
    }

    /// As [`Files::order`], many at once, a second apart, the last of them at `last_ms`.
    pub(crate) fn orders(&self, numbers: std::ops::Range<i64>, last_ms: i64) {
        let last = numbers.end - 1;
        for number in numbers {
            self.order(number, last_ms - (last - number) * 1_000);
        }
    }

    /// A message that is no order.
    pub(crate) fn invalid(&self, number: i64, time_ms: i64, payload: &[u8], reason: &str) {
        self.message(number, time_ms, payload, &Verdict::Invalid { reason: reason.to_owned() });
    }

    fn message(&self, number: i64, time_ms: i64, payload: &[u8], verdict: &Verdict) {
        let mut headers = Vec::new();
        push_header(&mut headers, b"content-type", Some(b"application/json"));
        let key = format!("order-{number}");
        let message = Message {
            partition: i32::try_from(number % PARTITIONS).expect("small"),
            offset: number / PARTITIONS,
            time: MessageTime::Create(time_ms - 3),
            key: Some(key.as_bytes()),
            payload: Some(payload),
            headers: Headers::from_block(&headers),
            leader_epoch: Some(0),
        };
        let received = Received {
            timestamp: &timestamp(time_ms),
            topic: "orders",
            message: &message,
            text: str::from_utf8(payload).ok(),
            gap_before: 0,
        };
        let mut line = Vec::new();
        write_message(&mut line, &received, verdict);
        append(&self.events(), &line);
    }

    /// A line of the log; `metadata` is a JSON object.
    pub(crate) fn health(&self, time_ms: i64, level: Level, event: &str, message: &str, metadata: Value) {
        let metadata = match metadata {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        let line = HealthLine {
            timestamp: timestamp(time_ms).into(),
            level,
            message: message.into(),
            service: SERVICE.into(),
            error: None,
            metadata,
            event: event.into(),
        };
        append(&self.log(), &line.to_line());
    }
}

/// Adds bytes at the end of a file, which is made if it is not there.
pub(crate) fn append(path: &Path, bytes: &[u8]) {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(bytes)).expect("the file can be written");
}

pub(crate) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

fn timestamp(time_ms: i64) -> String {
    format!("{:.3}", Timestamp::from_millisecond(time_ms).expect("within the calendar"))
}

fn order(number: i64, time_ms: i64) -> impl serde::Serialize {
    // The same ids in every run.
    let id = |of: u128| Uuid::from_u128((of << 64) + u128::try_from(number).expect("not negative"));
    let ids = DemoIds { order_id: id(1), correlation_id: id(2) };
    demo_order(number, ids, Timestamp::from_millisecond(time_ms).expect("within the calendar"))
}
