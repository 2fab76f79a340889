//! What the shop's services say of themselves, beside what [all services say](crate::doors::health::events).

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use serde_json::json;

use crate::doors::health::ServiceEvent;

/// `process` decides from now on; it took so long to take over.
pub(super) fn process_active(orders_topic: &str, remembered: usize, takeover_seconds: f64) -> ServiceEvent {
    let message = format!("deciding orders of {orders_topic} ({remembered} numbers remembered)");
    let metadata =
        json!({"orders_topic": orders_topic, "remembered": remembered, "takeover_seconds": takeover_seconds});
    ServiceEvent::info("process.active", message, metadata)
}

/// What `process` has decided since its start.
pub(super) struct Decided {
    pub(super) confirmed: u64,
    pub(super) out_of_stock: u64,
    pub(super) invalid: u64,
    pub(super) copies: u64,
    pub(super) restocks: u64,
    pub(super) transactions: u64,
    pub(super) lag: i64,
    /// Since the line before, milliseconds.
    pub(super) validation_p50_ms: u64,
    pub(super) validation_p99_ms: u64,
}

/// Now and then, when something was decided.
pub(super) fn process_metrics(decided: &Decided) -> ServiceEvent {
    let Decided { confirmed, out_of_stock, invalid, copies, restocks, transactions, lag, .. } = decided;
    let (p50_ms, p99_ms) = (decided.validation_p50_ms, decided.validation_p99_ms);
    let message = format!(
        "{confirmed} confirmed, {out_of_stock} out of stock, {invalid} invalid, {copies} copies, {restocks} restocks; \
         p99 {p99_ms} ms, lag {lag}"
    );
    let metadata = json!({
        "confirmed": confirmed, "out_of_stock": out_of_stock, "invalid": invalid, "copies": copies,
        "restocks": restocks, "transactions": transactions, "lag": lag, "validation_p50_ms": p50_ms,
        "validation_p99_ms": p99_ms,
    });
    ServiceEvent::info("process.metrics", message, metadata)
}

/// The owner is gone; `why` says by what that is known.
pub(super) fn process_takeover(why: &str, owner: impl Display) -> ServiceEvent {
    ServiceEvent::info("process.takeover", format!("{why}: taking over"), json!({"owner": owner.to_string()}))
}

/// Another `process` decides.
pub(super) fn process_standby(owner: impl Display) -> ServiceEvent {
    let owner = owner.to_string();
    let message = format!("standing by: another process decides ({owner})");
    ServiceEvent::info("process.standby", message, json!({"owner": owner}))
}

/// Another `process` decides from now on, whatever this one believed.
pub(super) fn process_fenced() -> ServiceEvent {
    let message = "another process has taken over: nothing of what it decides is decided here";
    ServiceEvent::warn("process.fenced", message, "fenced by its transactional id", json!({}))
}

/// Nobody knows what became of a transaction.
pub(super) fn process_doubt(reason: &str) -> ServiceEvent {
    ServiceEvent::warn("process.doubt", "what was being decided is void and decided anew", reason, json!({}))
}

/// The last transaction was not committed.
pub(super) fn process_unreleased(error: impl Display) -> ServiceEvent {
    let message = "what was being decided is decided again at the next start";
    ServiceEvent::warn("process.unreleased", message, error, json!({}))
}

/// A commit takes long.
pub(super) fn commit_wait(heard: Option<&str>) -> ServiceEvent {
    ServiceEvent::warn("commit.wait", "waiting for a broker to commit", heard.unwrap_or("no answer"), json!({}))
}

/// What `process` remembers cannot be read yet.
pub(super) fn state_wait(error: impl Display) -> ServiceEvent {
    ServiceEvent::warn("state.wait", "waiting for the shop's state", error, json!({}))
}

/// How far the group has come is not known yet.
pub(super) fn offsets_wait(group: &str, error: impl Display) -> ServiceEvent {
    ServiceEvent::warn("offsets.wait", "waiting for the group's offsets", error, json!({"group": group}))
}

/// The instance before cannot be fenced yet.
pub(super) fn takeover_wait(group: &str, heard: Option<&str>) -> ServiceEvent {
    let heard = heard.unwrap_or("no answer");
    ServiceEvent::warn("takeover.wait", "waiting for a broker to begin", heard, json!({"group": group}))
}

/// At the end so many messages are done with, and nobody could be told.
pub(super) fn commit_failed(messages: usize, error: impl Display) -> ServiceEvent {
    let message = format!("{messages} messages that are done with could not be told of; they are done again");
    ServiceEvent::warn("commit.failed", message, error, json!({"messages": messages}))
}

/// A message asks for no letter; `suppressed` were not told since the last.
pub(super) fn message_unfit(topic: &str, partition: i32, offset: i64, suppressed: u64, reason: &str) -> ServiceEvent {
    let message = format!("a message of {topic} asks for no letter that could be written");
    let metadata = json!({"topic": topic, "partition": partition, "offset": offset, "suppressed": suppressed});
    ServiceEvent::error("message.unfit", message, reason, metadata)
}

/// A letter, and why it did not go.
pub(super) struct Unsent<'a> {
    pub(super) order_id: &'a str,
    pub(super) channel: &'a str,
    pub(super) kind: &'a str,
    /// It in a line.
    pub(super) line: &'a str,
    pub(super) reason: &'a str,
}

/// A letter was given up; `suppressed` were not told since the last.
pub(super) fn letter_dead(letter: &Unsent<'_>, dead_letters: &str, suppressed: u64) -> ServiceEvent {
    let Unsent { order_id, channel, kind, line, reason } = letter;
    let message = format!("{line}: given up; it is kept in {dead_letters}");
    let metadata = json!({"order_id": order_id, "channel": channel, "kind": kind, "suppressed": suppressed});
    ServiceEvent::error("letter.dead", message, reason, metadata)
}

/// A letter did not go, and is tried again.
pub(super) fn letter_retry(channel: &str, waiting: usize, reason: &str) -> ServiceEvent {
    let message = format!("{channel}: a letter does not go; trying again, {waiting} messages wait");
    ServiceEvent::warn("letter.retry", message, reason, json!({"channel": channel, "waiting": waiting}))
}

/// What was handed over since the start, by channel and kind.
pub(super) fn letters(sent: &BTreeMap<String, u64>, retries: u64, dead_letters: u64, waiting: usize) -> ServiceEvent {
    let all: u64 = sent.values().sum();
    let message =
        format!("{all} letters handed over, {dead_letters} given up since the start; {waiting} messages wait");
    ServiceEvent::info("letters", message, json!({"sent": sent, "retries": retries, "dead_letters": dead_letters}))
}

/// What `errors` has read since the start.
pub(super) fn summary(
    (out_of_stock, products): (u64, &BTreeMap<String, u64>),
    (invalid, reasons): (u64, &BTreeMap<String, u64>),
) -> ServiceEvent {
    let message = format!("{out_of_stock} out of stock, {invalid} invalid since the start");
    let metadata = json!({"out_of_stock": out_of_stock, "invalid": invalid, "products": products, "reasons": reasons});
    ServiceEvent::info("summary", message, metadata)
}

/// Counting goes on from what was kept.
pub(super) fn state_read(file: &Path, orders: u64) -> ServiceEvent {
    let file = file.display().to_string();
    let message = format!("going on from {file} with {orders} orders");
    ServiceEvent::info("state.read", message, json!({"file": file, "orders": orders}))
}

/// What was kept cannot be used.
pub(super) fn state_unusable(file: &Path, aside: &Path, error: impl Display) -> ServiceEvent {
    let file = file.display().to_string();
    let message = format!("{file} was put aside as {}; counting anew from the topics", aside.display());
    ServiceEvent::warn("state.unusable", message, error, json!({"file": file}))
}

/// What was counted cannot be kept.
pub(super) fn state_unsaved(file: &Path, error: impl Display) -> ServiceEvent {
    let file = file.display().to_string();
    ServiceEvent::error("state.unsaved", format!("{file} cannot be written; trying on"), error, json!({"file": file}))
}

/// A topic's log was cut, so what was counted of it is counted again.
pub(super) fn counting_anew(topic: &str) -> ServiceEvent {
    let message = format!("{topic} is counted anew from its beginning");
    ServiceEvent::warn("counting.anew", message, "what was counted may be gone", json!({"topic": topic}))
}

/// The dashboard is served at `address`.
pub(super) fn dashboard_open(address: &str, allow_write: bool) -> ServiceEvent {
    ServiceEvent::info("dashboard.open", format!("http://{address}/"), json!({"allow_write": allow_write}))
}

/// The token for restocking is in `file`.
pub(super) fn dashboard_token(file: &Path) -> ServiceEvent {
    let file = file.display().to_string();
    ServiceEvent::info("dashboard.token", format!("the token for restocking is in {file}"), json!({"file": file}))
}

/// The stock could not be read.
pub(super) fn stock_unread(topic: &str, error: impl Display) -> ServiceEvent {
    let message = format!("{topic} was not read; opening stock is the catalogue's");
    ServiceEvent::warn("stock.unread", message, error, json!({"topic": topic}))
}
