//! `techshop errors --list`: the invalid messages that stand in the topic, once, without any group.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cut;
use crate::base::message::Message;
use crate::base::position::Positions;
use crate::doors::health::diagnostics_on_stderr;
use crate::doors::kafka::{Inflow, Role, unreadable};
use crate::programs::techshop::{Shop, TechshopError};
use crate::services::output::print;
use crate::tools::exit::Exit;
use crate::tools::stderr::remark;
use crate::words::shop::Status;

/// So much of a message is shown.
const SHOWN: usize = 200;

/// How long the ends may take to be told, and how long nothing may come before the end.
const ANSWER: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_secs(40);

const WAIT: Duration = Duration::from_millis(100);

/// A message that was refused.
#[derive(Debug)]
pub(super) struct Invalid {
    pub(super) order_id: String,
    pub(super) reason: String,
    /// Where it stood in the orders.
    source: Option<String>,
    raw: String,
}

impl Invalid {
    /// Reads a message of topic `errors` that asks for no letters.
    pub(super) fn read(message: &Message<'_>) -> Self {
        let payload = message.payload.unwrap_or_default();
        let lossy = || String::from_utf8_lossy(payload).into_owned();
        let Ok(Value::Object(fields)) = serde_json::from_slice(payload) else {
            let (order_id, reason) = ("?".to_owned(), "the message itself cannot be read".to_owned());
            return Self { order_id, reason, source: None, raw: lossy() };
        };
        let text = |name: &str| match fields.get(name) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Null) | None => None,
            Some(other) => Some(other.to_string()),
        };
        let source = fields.get("source").and_then(|source| {
            let (topic, partition) = (source.get("topic")?.as_str()?, source.get("partition")?.as_i64()?);
            Some(format!("{topic}/{partition}@{}", source.get("offset")?.as_i64()?))
        });
        Self {
            order_id: text("order_id").unwrap_or_else(|| "?".to_owned()),
            reason: text("error_reason").unwrap_or_else(|| "no reason was given".to_owned()),
            source,
            raw: text("raw_message").unwrap_or_else(lossy),
        }
    }

    fn line(&self, is_json: bool) -> String {
        if is_json {
            let raw: String = self.raw.chars().take(SHOWN).collect();
            let order_id = (self.order_id != "?").then_some(&self.order_id);
            let line = json!({"order_id": order_id, "reason": self.reason, "source": self.source, "raw": raw});
            return format!("{line}\n");
        }
        let source = self.source.as_deref().unwrap_or("an unknown place");
        let (id, reason, raw) = (cut(&self.order_id, 60), cut(&self.reason, 300), cut(&self.raw, SHOWN));
        format!("{id}: {reason}\n  at  {}\n  was {raw}\n\n", cut(source, 300))
    }
}

/// Lists them.
pub(super) fn run(shop: &Shop<'_>, is_json: bool) -> Result<Exit, TechshopError> {
    diagnostics_on_stderr().begin();
    let cluster = shop.context.connect_once(&[Role::Consumer])?;
    let name = &shop.names.errors;
    let topic = shop.ensure(&cluster, name, Some(shop.context.common.connect_timeout), |_| {})?;
    let mut inlet = cluster.inlet(&topic, "techshop-errors-list", Positions::default())?;
    let partitions: Vec<i32> = (0..topic.partitions).collect();
    let failed =
        |reason: String| TechshopError::Failed { reason: format!("cannot read all of {name} ({reason}): try again") };
    let mut ends = BTreeMap::new();
    for (partition, found) in inlet.consumer().ends(&partitions, ANSWER)? {
        let found = found.map_err(failed)?;
        // Without messages there is nothing to wait for.
        if found.readable_end > found.low {
            ends.insert(partition, found.readable_end);
        }
    }
    let (mut count, mut heard) = (0_u64, Instant::now());
    while !inlet.has_read(ends.iter().map(|(&partition, &end)| (partition, end)))? {
        if shop.context.shutdown.is_requested() {
            return Ok(Exit::Done);
        }
        if heard.elapsed() >= SILENCE {
            return Err(failed("nothing came any more".to_owned()));
        }
        let Some(inflow) = inlet.next(WAIT)? else { continue };
        let batch = match inflow {
            Inflow::Messages(batch) => batch,
            Inflow::Unreadable { partition, offset, reason } => {
                // From here on it is for the inlet to say how long that is borne.
                heard = Instant::now();
                remark(unreadable(name, partition, offset, &reason));
                continue;
            }
            _ => continue,
        };
        heard = Instant::now();
        let mut text = String::new();
        for message in batch.iter() {
            if !inlet.take(&message) || ends.get(&message.partition).is_none_or(|end| message.offset >= *end) {
                continue;
            }
            if is_invalid(&message) {
                count += 1;
                text.push_str(&Invalid::read(&message).line(is_json));
            }
        }
        inlet.recycle(batch);
        print(&text)?;
    }
    if !is_json {
        let messages = if count == 1 { "message" } else { "messages" };
        print(&format!("{count} invalid {messages} in {name}\n"))?;
    }
    Ok(Exit::Done)
}

fn is_invalid(message: &Message<'_>) -> bool {
    let status = serde_json::from_slice::<Value>(message.payload.unwrap_or_default()).ok();
    let status = status.as_ref().and_then(|fields| fields.get("status")?.as_str());
    status != Some(Status::OutOfStock.as_str())
}
