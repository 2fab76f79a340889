//! What both services say of themselves, beside what [all services say](crate::doors::health::events).

use std::fmt::Display;
use std::net::SocketAddr;

use serde_json::json;

use crate::doors::health::ServiceEvent;

/// Others than this machine can reach it; `is_any_name`: by whatever host name.
pub(super) fn listen_open(address: SocketAddr, is_any_name: bool) -> ServiceEvent {
    let names = if is_any_name { ", under any host name" } else { "" };
    let message = format!(
        "whoever can reach {address} may order, send updates and discard what is kept{names}: there is no \
         authentication here; let a proxy ask for it, or leave --listen out"
    );
    ServiceEvent::warn("listen.open", message, "--listen names no loopback address", json!({}))
}

/// The receiving lane reads.
pub(super) fn kafka_ready(topic: &str) -> ServiceEvent {
    ServiceEvent::info("kafka.ready", format!("reading {topic}"), json!({"topic": topic}))
}

/// The sending lane broke.
pub(super) fn kafka_out(reason: &str) -> ServiceEvent {
    ServiceEvent::warn("kafka.out", "the sending lane begins anew", reason, json!({}))
}

/// The receiving lane broke.
pub(super) fn kafka_in(reason: &str) -> ServiceEvent {
    ServiceEvent::warn("kafka.in", "the receiving lane begins anew", reason, json!({}))
}

/// Kafka acknowledges nothing.
pub(super) fn kafka_silent() -> ServiceEvent {
    ServiceEvent::warn("kafka.silent", "Kafka is silent: HTTP is taken", "no acknowledgement in time", json!({}))
}

/// It does again.
pub(super) fn kafka_back() -> ServiceEvent {
    ServiceEvent::info("kafka.back", "Kafka answers again: HTTP is left", json!({}))
}

/// The disk has too little room to take anything.
pub(super) fn disk_full(reason: &str) -> ServiceEvent {
    ServiceEvent::warn("disk.full", "nothing is taken until there is room", reason, json!({}))
}

/// It has room again.
pub(super) fn disk_room() -> ServiceEvent {
    ServiceEvent::info("disk.room", "there is room again", json!({}))
}

/// The other service's answer about an order cannot be held.
pub(super) fn sweep_oversized(order_number: &str, reason: &str) -> ServiceEvent {
    let message = format!("the peer's page of {order_number} is too long to be read");
    ServiceEvent::warn("sweep.oversized", message, reason, json!({"orderNumber": order_number}))
}

/// It is time for an order, and none can be taken.
pub(super) fn order_skipped(reason: &str) -> ServiceEvent {
    ServiceEvent::warn("order.skipped", "no order is made", reason, json!({}))
}

/// The daily log cannot be written.
pub(super) fn daily_log_lost(error: impl Display) -> ServiceEvent {
    ServiceEvent::warn("daily_log.lost", "lines of the daily log are lost until it can be written", error, json!({}))
}

/// It can be again; `lines` of it are lost.
pub(super) fn daily_log_back(lines: u64) -> ServiceEvent {
    let message = format!("the daily log is written again; lost: {lines}");
    ServiceEvent::info("daily_log.back", message, json!({"lines": lines}))
}

/// The operating system gives no thread for `what`, which is tried again.
pub(super) fn thread_missing(what: &str, error: impl Display) -> ServiceEvent {
    ServiceEvent::warn("thread.missing", format!("no thread for {what}; trying again"), error, json!({}))
}

/// A part ended before its time.
pub(super) fn part_ended(part: &str, reason: &str) -> ServiceEvent {
    let message = format!("{part} ended, and the service with it");
    ServiceEvent::error("part.ended", message, reason, json!({"part": part}))
}
