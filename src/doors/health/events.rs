//! What services of all systems say alike.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::Path;

use serde_json::json;

use super::service_event::ServiceEvent;
use crate::words::record::Level;

/// The first line; `listen` is where it is asked for figures, `peer` the service that it works with.
pub fn started(brokers: &str, listen: Option<SocketAddr>, peer: Option<&str>) -> ServiceEvent {
    let listen = listen.map(|address| address.to_string());
    let at = listen.as_ref().map(|address| format!("http://{address}/, ")).unwrap_or_default();
    let message = format!("started, {at}brokers {brokers}");
    let metadata = json!({"pid": std::process::id(), "brokers": brokers, "listen": listen});
    ServiceEvent::info("service.started", message, metadata).with("peer", peer)
}

/// Another process, `holder`, works in the folder.
pub fn standby(holder: &str, folder: &Path) -> ServiceEvent {
    let folder = folder.display().to_string();
    let message = format!("standing by: process {holder} works in {folder}");
    ServiceEvent::info("service.standby", message, json!({"holder": holder, "folder": folder}))
}

/// The last line of one that ended as asked: how many orders it counted, how many things wait for the next start.
pub fn stopped(message: impl Into<String>, orders: Option<u64>, waiting: Option<u64>) -> ServiceEvent {
    ServiceEvent::info("service.stopped", message, json!({})).with("orders", orders).with("waiting", waiting)
}

/// The usual address is another one's: it goes on without.
pub fn listen_taken(error: impl Display) -> ServiceEvent {
    ServiceEvent::warn("listen.taken", "no /metrics: pass --listen ADDR", error, json!({}))
}

/// At the start no broker answers.
pub fn broker_wait(brokers: &str, reason: &str) -> ServiceEvent {
    ServiceEvent::warn("broker.wait", format!("waiting for a broker at {brokers}"), reason, json!({"brokers": brokers}))
}

/// At the start a topic cannot be used yet.
pub fn topic_wait(topic: &str, reason: &str) -> ServiceEvent {
    ServiceEvent::warn("topic.wait", format!("waiting for topic {topic}"), reason, json!({"topic": topic}))
}

/// No broker can be reached any more.
pub fn broker_lost(reason: &str) -> ServiceEvent {
    ServiceEvent::warn("broker.lost", "no broker can be reached; going on when one is back", reason, json!({}))
}

/// One can be reached again.
pub fn broker_back() -> ServiceEvent {
    ServiceEvent::info("broker.back", "a broker can be reached again", json!({}))
}

/// The batch from `offset` on cannot be read, and its partition waits there.
pub fn batch_unreadable(topic: &str, partition: i32, offset: i64, reason: &str, message: String) -> ServiceEvent {
    let metadata = json!({"topic": topic, "partition": partition, "offset": offset});
    ServiceEvent::error("batch.unreadable", message, reason, metadata)
}

/// All partitions that waited so go on.
pub fn batch_passed(topic: &str) -> ServiceEvent {
    ServiceEvent::info("batch.passed", format!("{topic}: all partitions go on"), json!({"topic": topic}))
}

/// Offsets from `from` up to `to` are gone.
pub fn messages_lost(topic: &str, partition: i32, from: i64, to: i64) -> ServiceEvent {
    let message = format!("{topic}/{partition}: offsets {from} to {} are gone before they were read", to - 1);
    let metadata = json!({"topic": topic, "partition": partition, "from": from, "to": to});
    ServiceEvent::error("messages.lost", message, "deleted by the broker", metadata)
}

/// What was read up to `from` is not what stands there now.
pub fn log_cut(topic: &str, partition: i32, from: i64, to: i64) -> ServiceEvent {
    let message = format!("{topic}/{partition}: the log was cut behind offset {from}; read on from {to}");
    let metadata = json!({"topic": topic, "partition": partition, "from": from, "to": to});
    ServiceEvent::error("log.cut", message, "the log was truncated", metadata)
}

/// The topic is another one of the same name.
pub fn topic_new(topic: &str) -> ServiceEvent {
    let message = format!("{topic} was deleted and made anew: read from its beginning");
    ServiceEvent::warn("topic.new", message, "another topic of the same name", json!({"topic": topic}))
}

/// Something else that the client handles by itself.
pub fn kafka_trouble(topic: &str, reason: &str) -> ServiceEvent {
    ServiceEvent::warn("kafka.trouble", "Kafka", reason, json!({"topic": topic}))
}

/// What a library, or a room without a log, warns of; `suppressed` before it were not told.
pub(super) fn diagnostic(level: Level, text: String, suppressed: u64) -> ServiceEvent {
    ServiceEvent::of(level, "diagnostic", text, json!({"suppressed": suppressed}))
}
