//! What the tests of `techshop notify` and `techshop errors` stand on: a shop of their own, and its messages.

use crate::harness::{LONG, Process, Record, Run, SHORT, Shop, wait_until};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, sync_channel};

/// An order as `process` tells of it.
pub(crate) fn order(id: &str, vip: bool, email: &str, status: &str) -> Value {
    json!({
        "order_id": id, "customer_id": "alice.martin", "customer_email": email, "customer_vip": vip,
        "customer_region": "Paris", "product_id": "P001", "product_name": "Café Premium",
        "product_category": "Food", "price": 999, "quantity": 2, "total": 1998,
        "timestamp": "2026-11-21T09:10:34.123456", "status": status,
    })
}

/// A message of a shop, with the headers that outcomes have.
pub(crate) fn message(partition: i32, order: &Value) -> Record {
    let record = Record::new(partition, order.to_string()).header("order-timestamp-ms", Some(b"1795000000000"));
    record.header("order-source", Some(b"techshop.orders/0@7")).key(order["order_id"].as_str().unwrap_or_default())
}

/// The digest that names a letter, as `sha256sum` has it.
pub(crate) fn digest(kind: &str, channel: &str, id: &str) -> String {
    Sha256::digest(format!("{kind}\n{channel}\n{id}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Shop {
    /// `notify` or `errors`, which listens nowhere unless it is asked to.
    pub(crate) fn letters(&self, command: &str, flags: &[&str]) -> Run {
        let run = self.command(&[command]).args(flags);
        let is_silent = ["--resend", "--list", "--listen"].iter().any(|flag| flags.contains(flag));
        if is_silent { run } else { run.args(["--listen", "off"]) }
    }

    /// The names of the letters in the outbox.
    pub(crate) fn outbox(&self, ending: &str) -> BTreeSet<String> {
        let entries = std::fs::read_dir(self.scratch.join("outbox")).into_iter().flatten().flatten();
        let names = entries.map(|entry| entry.file_name().into_string().expect("text"));
        names.filter(|name| !name.starts_with('.') && name.ends_with(ending)).collect()
    }

    /// Waits until a group has read all that is in a topic.
    #[track_caller]
    pub(crate) fn wait_for_group(&self, process: &mut Process, group: &str, topic: &str) {
        let topic = self.topic(topic);
        wait_until(&format!("{group} has read {topic}"), LONG, || {
            assert!(process.is_running(), "it ended: {}", process.stderr());
            let group = self.kafka.group(group);
            let ends = self.kafka.ends(&topic);
            let is_read = |(partition, end): (&i32, &i64)| {
                *end == 0 || group.get(&format!("{topic}/{partition}")).is_some_and(|next| next >= end)
            };
            ends.iter().all(is_read).then_some(())
        });
    }

    /// Starts `notify` with a group of the test's own.
    pub(crate) fn notify(&self, flags: &[&str]) -> Run {
        self.letters("notify", flags).args(["--group", &self.group()])
    }

    pub(crate) fn group(&self) -> String {
        format!("{}notify", self.prefix)
    }

    /// Runs `notify` until all is read, and stops it in order.
    pub(crate) fn notify_all(&self, flags: &[&str]) {
        let mut notify = self.notify(flags).start();
        self.wait_for_group(&mut notify, &self.group(), "notifications");
        notify.terminate(SHORT).expect_code(0);
    }

    pub(crate) fn dump(&self, topic: &str) -> Vec<Record> {
        self.kafka.dump(&self.topic(topic))
    }

    /// What was told of letters: how many records for each order, channel, kind and result.
    pub(crate) fn results(&self) -> BTreeMap<[String; 4], usize> {
        let mut results = BTreeMap::new();
        for record in self.dump("notification-results") {
            let result: Value = serde_json::from_str(record.text()).expect("JSON");
            assert_eq!(record.key.as_deref(), result["order_id"].as_str().map(str::as_bytes), "keyed by order");
            assert!(result["reference"].is_string() && result["timestamp"].is_string(), "{result}");
            let field = |name: &str| result[name].as_str().expect("a text").to_owned();
            *results.entry(["order_id", "channel", "kind", "result"].map(field)).or_default() += 1;
        }
        results
    }
}

/// A header of a record.
pub(crate) fn header<'a>(record: &'a Record, name: &str) -> &'a str {
    let found = record.headers.iter().find(|(one, _)| one == name.as_bytes());
    let value = found.and_then(|(_, value)| value.as_deref()).unwrap_or_else(|| panic!("no header {name}: {record:?}"));
    std::str::from_utf8(value).expect("text")
}

/// What the text messages are signed with.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request as a gateway sees it.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Posted {
    /// Whether it is signed as Standard Webhooks has it.
    pub(crate) fn is_signed(&self) -> bool {
        let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
        mac.update(self.headers["webhook-id"].as_bytes());
        mac.update(b".");
        mac.update(self.headers["webhook-timestamp"].as_bytes());
        mac.update(b".");
        mac.update(&self.body);
        self.headers["webhook-signature"] == format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// A gateway that refuses the first requests and takes all others.
pub(crate) fn gateway(refusals: usize) -> (String, Receiver<Posted>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}/sms", listener.local_addr().expect("a port"));
    let (sender, posted) = sync_channel(100);
    std::thread::spawn(move || {
        for (number, client) in listener.incoming().enumerate() {
            let mut client = BufReader::new(client.expect("a client"));
            let mut headers = BTreeMap::new();
            let mut line = String::new();
            while client.read_line(&mut line).is_ok() && !line.trim().is_empty() {
                if let Some((name, value)) = line.trim().split_once(": ") {
                    headers.insert(name.to_lowercase(), value.to_owned());
                }
                line.clear();
            }
            let mut body = vec![0; headers["content-length"].parse().expect("a number")];
            client.read_exact(&mut body).expect("a body");
            let status = if number < refusals { "503 Busy" } else { "200 OK" };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            client.get_mut().write_all(answer.as_bytes()).expect("it listens");
            if sender.send(Posted { headers, body }).is_err() {
                return;
            }
        }
    });
    (url, posted)
}
