//! A Kafka cluster as the tests see it: through Apache Kafka's own Java client, never through the
//! library under test.

use super::record::Record;
use super::wait::{SHORT, wait_until};
use super::witness::Request;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where a cluster is, and what can be asked of it.
#[derive(Clone, Debug)]
pub(crate) struct Cluster {
    bootstrap: String,
}

/// How a transaction of [`Cluster::transact`] ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ending {
    Commit,
    Abort,
    /// Never: it stays open, as that of a writer which died.
    Open,
}

/// What partitions and offsets some records were given, in the order in which they were sent.
pub(crate) type Places = Vec<(i32, i64)>;

/// The same records, told where they came to lie.
pub(crate) fn placed(records: &[Record], places: &Places) -> Vec<Record> {
    records
        .iter()
        .zip(places)
        .map(|(record, (partition, offset))| Record { partition: *partition, offset: *offset, ..record.clone() })
        .collect()
}

impl Cluster {
    pub(crate) fn at(bootstrap: impl Into<String>) -> Cluster {
        Cluster { bootstrap: bootstrap.into() }
    }

    pub(crate) fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    fn request(&self, what: &str, details: Value) -> Value {
        let mut request = Map::new();
        request.insert("do".into(), what.into());
        request.insert("client".into(), json!({"bootstrap.servers": self.bootstrap}));
        if let Value::Object(details) = details {
            request.extend(details);
        }
        Value::Object(request)
    }

    #[track_caller]
    fn ask(&self, what: &str, details: Value) -> Value {
        Request::ask(&self.request(what, details), []).answer().1
    }

    /// Whether it answers. One attempt, so that a stopped broker is not waited for here.
    pub(crate) fn is_ready(&self) -> bool {
        let request = json!({"do": "ready", "client": {
            "bootstrap.servers": self.bootstrap,
            "default.api.timeout.ms": "2000",
            "request.timeout.ms": "1000",
        }});
        Request::ask(&request, []).try_answer().is_ok()
    }

    /// A topic that no other test has.
    pub(crate) fn topic(&self, partitions: i32) -> String {
        self.topic_with(partitions, &[])
    }

    pub(crate) fn topic_with(&self, partitions: i32, config: &[(&str, &str)]) -> String {
        let topic = self.unused_name("orders");
        let config: BTreeMap<&str, &str> = config.iter().copied().collect();
        self.ask("create-topic", json!({"topic": topic, "partitions": partitions, "config": config}));
        topic
    }

    /// A topic of this name, once an earlier one of the same name is quite gone.
    pub(crate) fn make_topic(&self, topic: &str, partitions: i32) {
        let details = json!({"topic": topic, "partitions": partitions});
        let request = self.request("create-topic", details);
        wait_until("the topic can be made", SHORT, || Request::ask(&request, []).try_answer().ok().map(|_| ()));
    }

    /// A name that nothing has yet, on this cluster nor on one that earlier runs used.
    pub(crate) fn unused_name(&self, kind: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let started =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later than 1970");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        format!("{kind}-{}-{number}", started.as_millis())
    }

    pub(crate) fn delete_group(&self, group: &str) {
        self.ask("delete-group", json!({"group": group}));
    }

    pub(crate) fn delete_topic(&self, topic: &str) {
        self.ask("delete-topic", json!({"topic": topic}));
    }

    pub(crate) fn grow_topic(&self, topic: &str, partitions: i32) {
        self.ask("grow-topic", json!({"topic": topic, "partitions": partitions}));
    }

    pub(crate) fn configure_topic(&self, topic: &str, name: &str, value: &str) {
        self.ask("configure-topic", json!({"topic": topic, "name": name, "value": value}));
    }

    /// Deletes all records of a partition before an offset, as retention does.
    pub(crate) fn delete_before(&self, topic: &str, partition: i32, offset: i64) {
        self.ask("delete-before", json!({"topic": topic, "partition": partition, "offset": offset}));
    }

    /// Writes records, each into its own partition.
    #[track_caller]
    pub(crate) fn produce(&self, topic: &str, records: &[Record]) -> Places {
        self.write(json!({"topic": topic}), records, true)
    }

    /// Writes records wherever Java's own partitioner puts their keys.
    #[track_caller]
    pub(crate) fn produce_by_key(&self, topic: &str, records: &[Record]) -> Places {
        self.write(json!({"topic": topic}), records, false)
    }

    /// Writes records compressed.
    #[track_caller]
    pub(crate) fn produce_compressed(&self, topic: &str, codec: &str, records: &[Record]) {
        let details = json!({"topic": topic, "client": {
            "bootstrap.servers": self.bootstrap,
            "compression.type": codec,
            "linger.ms": "200",
            "batch.size": "200000",
        }});
        self.write(details, records, true);
    }

    /// Writes records in one transaction.
    #[track_caller]
    pub(crate) fn transact(&self, topic: &str, records: &[Record], ending: Ending) -> Places {
        let transaction = match ending {
            Ending::Commit => "commit",
            Ending::Abort => "abort",
            Ending::Open => "open",
        };
        let details = json!({"topic": topic, "transaction": transaction, "client": {
            "bootstrap.servers": self.bootstrap,
            "transactional.id": self.unused_name("transactions"),
            "transaction.timeout.ms": "600000",
        }});
        self.write(details, records, true)
    }

    #[track_caller]
    fn write(&self, details: Value, records: &[Record], with_partition: bool) -> Places {
        let lines = records.iter().map(|record| record.to_request(with_partition));
        let (_, answer) = Request::ask(&self.request("produce", details), lines).answer();
        let places = answer["places"].as_array().expect("places are told");
        places
            .iter()
            .map(|place| {
                let partition = i32::try_from(place[0].as_i64().unwrap()).unwrap();
                (partition, place[1].as_i64().unwrap())
            })
            .collect()
    }

    /// Every committed record of a topic, in each partition's order.
    #[track_caller]
    pub(crate) fn dump(&self, topic: &str) -> Vec<Record> {
        let request = self.request("dump", json!({"topic": topic}));
        let (lines, _) = Request::ask(&request, []).answer();
        let mut records: Vec<Record> = lines.iter().map(Record::from_answer).collect();
        records.sort_by_key(|record| (record.partition, record.offset));
        records
    }

    /// One past the last offset of each partition.
    #[track_caller]
    pub(crate) fn ends(&self, topic: &str) -> BTreeMap<i32, i64> {
        by_partition(&self.ask("ends", json!({"topic": topic})))
    }

    /// How far readers of committed messages can read each partition: up to the first open transaction.
    #[track_caller]
    pub(crate) fn committed_ends(&self, topic: &str) -> BTreeMap<i32, i64> {
        by_partition(&self.ask("ends", json!({"topic": topic, "committed": true})))
    }

    /// How many offsets all partitions of a topic have given out.
    #[track_caller]
    pub(crate) fn count(&self, topic: &str) -> i64 {
        self.ends(topic).values().sum()
    }

    /// What a group has committed, by `topic/partition`.
    #[track_caller]
    pub(crate) fn group(&self, group: &str) -> BTreeMap<String, i64> {
        numbers(&self.ask("group", json!({"group": group})))
    }

    /// Sets a group's offset from outside, as an operator would.
    pub(crate) fn move_group(&self, group: &str, topic: &str, partition: i32, offset: i64) {
        let details = json!({"group": group, "topic": topic, "partition": partition, "offset": offset});
        self.ask("move-group", details);
    }

    /// Adds a user for SCRAM-SHA-256.
    pub(crate) fn add_user(&self, user: &str, password: &str) {
        self.ask("add-user", json!({"user": user, "password": password}));
    }

    /// Starts to write orders without an end, `rate` of them a second.
    pub(crate) fn flood(&self, topic: &str, template: &str, rate: u32) -> Flood {
        let details = json!({"topic": topic, "template": template, "rate": rate, "client": {
            "bootstrap.servers": self.bootstrap,
            "linger.ms": "5",
        }});
        Flood { request: Request::ask(&self.request("flood", details), []) }
    }

    /// Starts to write transactions without an end, every third of which is aborted, with a pause after
    /// each.
    pub(crate) fn flood_transactions(&self, topic: &str, template: &str, pause_ms: u32) -> Flood {
        let details = json!({"topic": topic, "template": template, "pause": pause_ms, "client": {
            "bootstrap.servers": self.bootstrap,
            "transactional.id": self.unused_name("transactions"),
            "transaction.timeout.ms": "60000",
        }});
        Flood { request: Request::ask(&self.request("transactions", details), []) }
    }
}

fn by_partition(answer: &Value) -> BTreeMap<i32, i64> {
    let ends = numbers(answer).into_iter();
    ends.map(|(partition, end)| (partition.parse().expect("a partition is a number"), end)).collect()
}

fn numbers(answer: &Value) -> BTreeMap<String, i64> {
    let answer = answer.as_object().expect("an object is told");
    answer.iter().filter_map(|(name, value)| Some((name.clone(), value.as_i64()?))).collect()
}

/// Orders that stream until they are stopped.
pub(crate) struct Flood {
    request: Request,
}

impl Flood {
    /// Stops them, and says how many there were. All of them are on the broker by then.
    #[track_caller]
    pub(crate) fn stop(self) -> i64 {
        self.request.answer().1["sent"].as_i64().expect("a number is told")
    }

    /// Stops transactions, and says how many were committed, aborted, and broken off.
    #[track_caller]
    pub(crate) fn stop_transactions(self) -> [i64; 3] {
        let answer = self.request.answer().1;
        ["committed", "aborted", "failed"].map(|name| answer[name].as_i64().expect("a number is told"))
    }
}
