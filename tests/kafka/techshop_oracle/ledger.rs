//! What the topics say became of the orders, held against what has to become of them.
//!
//! Which of several partitions is decided first is the processor's choice, so that is read from the outcomes;
//! everything that follows from it is not.

use super::chains::Chains;
use super::verdict::{Members, Sound, members, only, sound, text};
use crate::harness::Record;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// Partition and offset of an order.
pub(crate) type Place = (i32, i64);

/// Everything that there is to read, each as a reader of committed messages sees it.
#[derive(Clone, Default)]
pub(crate) struct Topics {
    /// Name of the orders topic, and of the restocks topic.
    pub(crate) names: [String; 2],
    pub(crate) orders: Vec<Record>,
    pub(crate) restocks: Vec<Record>,
    pub(crate) notifications: Vec<Record>,
    pub(crate) analytics: Vec<Record>,
    pub(crate) inventory: Vec<Record>,
    pub(crate) errors: Vec<Record>,
    pub(crate) stock: Vec<Record>,
    /// Opening stock by product.
    pub(crate) opening: BTreeMap<String, i64>,
}

/// How many of each there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) orders: usize,
    pub(crate) confirmed: usize,
    pub(crate) out_of_stock: usize,
    pub(crate) invalid: usize,
    pub(crate) reused: usize,
    pub(crate) copies: usize,
    pub(crate) restocks: usize,
}

/// What one message became.
#[derive(Clone, Copy)]
pub(super) enum Fate<'a> {
    Confirmed(&'a Record),
    OutOfStock(&'a Record),
    Invalid(&'a Record),
}

pub(super) type Fates<'a> = HashMap<Place, Fate<'a>>;

const REUSED: &str = "order number used before, with other content";

/// Every rule, one after the other; the first that is broken, or how many of each there were.
pub(crate) fn judge(topics: &Topics) -> Result<Tally, String> {
    let fates = fates(topics)?;
    let mut tally = Tally { orders: topics.orders.len(), ..Tally::default() };
    let mut numbers: BTreeMap<String, Vec<(&Record, Sound)>> = BTreeMap::new();
    for order in &topics.orders {
        let place = (order.partition, order.offset);
        let known = |product: &str| topics.opening.contains_key(product);
        match (sound(order.value.as_deref(), known), fates.get(&place)) {
            (Some(order_read), _) => {
                numbers.entry(order_read.order_id.clone()).or_default().push((order, order_read));
            }
            (None, Some(Fate::Invalid(error))) => {
                expect_invalid(order, error, &topics.names[0])?;
                tally.invalid += 1;
            }
            (None, Some(_)) => return Err(format!("{order:?} is no order and was decided")),
            (None, None) => return Err(format!("{order:?} is no order, and nothing was said of it")),
        }
    }
    let mut decided = HashMap::new();
    for (number, group) in &numbers {
        one_number(topics, number, group, &fates, &mut decided, &mut tally)?;
    }
    let chains = Chains::read(topics, &decided, &mut tally)?;
    chains.expect_refusals(topics, &decided, &fates)?;
    chains.expect_stock(topics)?;
    expect_analytics(topics)?;
    Ok(tally)
}

/// The order that an outcome is about, by its header `order-source`.
pub(super) fn source(outcome: &Record, topic: &str) -> Result<Place, String> {
    let header = |name: &str| {
        let mut found = outcome.headers.iter().filter(|(header, _)| header == name.as_bytes());
        let value = found.next().and_then(|(_, value)| String::from_utf8(value.clone()?).ok());
        value.filter(|_| found.next().is_none()).ok_or_else(|| format!("no header {name}: {outcome:?}"))
    };
    header("order-timestamp-ms")?.parse::<i64>().map_err(|_| format!("no time: {outcome:?}"))?;
    let text = header("order-source")?;
    let place = text.strip_prefix(topic).and_then(|rest| {
        let (partition, offset) = rest.strip_prefix('/')?.split_once('@')?;
        Some((partition.parse().ok()?, offset.parse().ok()?))
    });
    place.ok_or_else(|| format!("{text:?} is no place in {topic}: {outcome:?}"))
}

/// Each message with an outcome has exactly one.
fn fates<'a>(topics: &'a Topics) -> Result<Fates<'a>, String> {
    let orders: BTreeMap<Place, &Record> =
        topics.orders.iter().map(|order| ((order.partition, order.offset), order)).collect();
    let mut fates = Fates::new();
    let mut add = |outcome: &Record, place: Place, fate: Fate<'a>| {
        let order = orders.get(&place).ok_or_else(|| format!("about no order: {outcome:?}"))?;
        let time = order.timestamp.map(|ms| ms.to_string().into_bytes());
        let told = outcome.headers.iter().find(|(name, _)| name == b"order-timestamp-ms");
        if told.map(|(_, value)| value) != Some(&time) {
            return Err(format!("another time than the order's: {outcome:?}"));
        }
        match fates.insert(place, fate) {
            None => Ok(()),
            Some(_) => Err(format!("decided twice, {place:?}: {outcome:?}")),
        }
    };
    for outcome in &topics.notifications {
        add(outcome, source(outcome, &topics.names[0])?, Fate::Confirmed(outcome))?;
    }
    for outcome in &topics.errors {
        let place = source(outcome, &topics.names[0])?;
        let read = members(outcome.value.as_deref()).ok_or_else(|| format!("no object: {outcome:?}"))?;
        let fate = match text(&read, "status").as_deref() {
            Some("out_of_stock") => Fate::OutOfStock(outcome),
            Some("invalid") => Fate::Invalid(outcome),
            status => return Err(format!("status {status:?} in errors: {outcome:?}")),
        };
        add(outcome, place, fate)?;
    }
    Ok(fates)
}

/// All messages with one order number: one of them is decided, its copies say nothing, others are refused.
fn one_number(
    topics: &Topics,
    number: &str,
    group: &[(&Record, Sound)],
    fates: &Fates<'_>,
    decided: &mut HashMap<Place, Sound>,
    tally: &mut Tally,
) -> Result<(), String> {
    let place = |order: &Record| (order.partition, order.offset);
    let is_decided =
        |order: &Record| matches!(fates.get(&place(order)), Some(Fate::Confirmed(_) | Fate::OutOfStock(_)));
    let mut winners = group.iter().filter(|(order, _)| is_decided(order));
    let (winner, read) = winners.next().ok_or_else(|| format!("nobody decided {number:?}: {:?}", group[0].0))?;
    if let Some((other, _)) = winners.next() {
        return Err(format!("{number:?} was decided twice: {winner:?} and {other:?}"));
    }
    let earlier = |order: &Record| order.partition == winner.partition && order.offset < winner.offset;
    if let Some((first, _)) = group.iter().find(|(order, _)| earlier(order)) {
        return Err(format!("{winner:?} was decided, though {first:?} stands before it"));
    }
    match fates.get(&place(winner)) {
        Some(Fate::Confirmed(outcome)) => {
            expect_outcome(winner, outcome, read, "confirmed")?;
            tally.confirmed += 1;
        }
        Some(Fate::OutOfStock(outcome)) => {
            expect_outcome(winner, outcome, read, "out_of_stock")?;
            tally.out_of_stock += 1;
        }
        _ => return Err(format!("{winner:?} was decided a moment ago")),
    }
    decided.insert(place(winner), read.clone());
    for (order, _) in group.iter().filter(|(order, _)| place(order) != place(winner)) {
        match (order.value == winner.value, fates.get(&place(order))) {
            (true, None) => tally.copies += 1,
            (true, Some(_)) => return Err(format!("an exact copy was decided again: {order:?}")),
            (false, Some(Fate::Invalid(error))) => {
                let reason = expect_invalid(order, error, &topics.names[0])?;
                if reason != REUSED {
                    return Err(format!("refused as {reason:?}, not as used before: {order:?}"));
                }
                tally.reused += 1;
            }
            (false, _) => return Err(format!("other content under a used number, and nothing was said: {order:?}")),
        }
    }
    Ok(())
}

/// The order's own members in their own text, but for `status`, and at most `error_reason` on top.
fn expect_outcome(order: &Record, outcome: &Record, read: &Sound, status: &str) -> Result<(), String> {
    if outcome.key.as_deref() != Some(read.order_id.as_bytes()) {
        return Err(format!("the key of an outcome is the order's number: {outcome:?}"));
    }
    let told = members(outcome.value.as_deref()).unwrap_or_default();
    expect_members(order, &told, status)
}

fn expect_members(order: &Record, told: &Members, status: &str) -> Result<(), String> {
    let before = members(order.value.as_deref()).unwrap_or_default();
    if text(told, "status").as_deref() != Some(status) {
        return Err(format!("no status {status}: {order:?}"));
    }
    let ours = ["status", "error_reason", "raw_message", "raw_message_b64", "source"];
    let plain = |members: &Members| -> Vec<(String, String)> {
        let kept = members.iter().filter(|(name, _)| !ours.contains(&name.as_str()));
        kept.map(|(name, value)| (name.clone(), value.get().to_owned())).collect()
    };
    if plain(&before) != plain(told) {
        return Err(format!("its own fields did not stay as they were: {order:?}"));
    }
    Ok(())
}

/// A message of `errors` about one that could not be decided; its reason.
fn expect_invalid(order: &Record, error: &Record, topic: &str) -> Result<String, String> {
    let wrong = |what: &str| format!("{what}: {error:?} about {order:?}");
    let told = members(error.value.as_deref()).ok_or_else(|| wrong("no object"))?;
    let payload = order.value.as_deref().unwrap_or_default();
    if text(&told, "raw_message").as_deref() != Some(&*String::from_utf8_lossy(payload)) {
        return Err(wrong("another raw_message"));
    }
    let base64 = std::str::from_utf8(payload).is_err().then(|| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(payload)
    });
    if text(&told, "raw_message_b64") != base64 {
        return Err(wrong("raw_message_b64 is there when it is not UTF-8, and only then"));
    }
    let source: Value = only(&told, "source").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let place = serde_json::json!({"topic": topic, "partition": order.partition, "offset": order.offset});
    if source != place {
        return Err(wrong("another source"));
    }
    match members(order.value.as_deref()) {
        Some(_) => expect_members(order, &told, "invalid")?,
        None => {
            let key = order.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
            let id: Value =
                only(&told, "order_id").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            if id.as_str() != key {
                return Err(wrong("without fields, the key is its number"));
            }
        }
    }
    text(&told, "error_reason").filter(|reason| !reason.is_empty()).ok_or_else(|| wrong("no reason"))
}

/// Key and value.
type Content = (Option<Vec<u8>>, Option<Vec<u8>>);

/// Whoever counts sees what whoever writes to customers sees.
fn expect_analytics(topics: &Topics) -> Result<(), String> {
    let all = |records: &[Record]| -> Result<BTreeMap<Place, Content>, String> {
        let one = |record: &Record| Ok((source(record, &topics.names[0])?, (record.key.clone(), record.value.clone())));
        records.iter().map(one).collect()
    };
    let same = all(&topics.notifications)? == all(&topics.analytics)?;
    if same && topics.notifications.len() == topics.analytics.len() {
        return Ok(());
    }
    Err("notifications and analytics differ".to_owned())
}
