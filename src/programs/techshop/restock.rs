//! `techshop restock`: pieces are brought, and what came of it is waited for.

use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::catalogue::CatalogueArgs;
use super::{Shop, TechshopError};
use crate::base::message::Message;
use crate::base::position::{Position, Positions};
use crate::doors::health::diagnostics_on_stderr;
use crate::doors::kafka::{Cluster, Inflow, Inlet, Producer, ProducerEvent, Record, Role, SendError, TopicInfo};
use crate::services::output::{OutputError, print};
use crate::tools::config::duration;
use crate::tools::exit::Exit;
use crate::tools::shown::{grouped, safe};
use crate::tools::stderr::remark;
use crate::words::shop::{MOST_QUANTITY, Restock, StockChange};

/// A consumer that publishes nothing is a member of this group.
const GROUP: &str = "techshop-restock";

/// How long one wait takes before the other topic is looked at.
const SLICE: Duration = Duration::from_millis(20);

/// Flags of `techshop restock`.
#[derive(Args, Clone, Debug)]
pub struct RestockArgs {
    /// Id of the product, such as P001
    #[arg(value_name = "PRODUCT", value_parser = product)]
    product_id: String,

    /// How many pieces
    #[arg(value_name = "QTY", value_parser = quantity, allow_negative_numbers = true)]
    quantity: i64,

    /// How long to wait for techshop process to apply it
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    timeout: Duration,

    #[command(flatten)]
    catalogue: CatalogueArgs,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn product(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("a product has an id, such as P001; techshop stock lists them".to_owned()),
        id => Ok(id.to_owned()),
    }
}

fn quantity(text: &str) -> Result<i64, String> {
    let most = grouped(MOST_QUANTITY.unsigned_abs());
    let is_allowed = |quantity: &i64| (1..=MOST_QUANTITY).contains(quantity);
    let wrong = || format!("pieces are brought in whole numbers from 1 to {most}; write techshop restock P001 20");
    text.trim().parse().ok().filter(is_allowed).ok_or_else(wrong)
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was added.
    Applied {
        /// Pieces before.
        old_stock: i64,
        /// Pieces after.
        new_stock: i64,
    },
    /// It was not, for good.
    Refused {
        /// Why.
        reason: String,
    },
    /// It waits for `techshop process`.
    Queued,
    /// It did not reach Kafka.
    Undelivered {
        /// Why.
        reason: String,
    },
}

pub(super) fn run(shop: &Shop<'_>, args: &RestockArgs) -> Result<Exit, TechshopError> {
    diagnostics_on_stderr().begin();
    let catalogue = args.catalogue.read()?;
    let cluster = shop.context.connect_once(&[Role::Admin, Role::Consumer, Role::Producer])?;
    let restock = Restock {
        restock_id: Uuid::new_v4().to_string(),
        product_id: args.product_id.clone(),
        quantity: args.quantity,
        timestamp: format!("{:.3}", Timestamp::now()),
    };
    let (source, outcome) = bring(shop, &cluster, &restock, Instant::now() + args.timeout)?;
    if let Outcome::Undelivered { reason } = outcome {
        remark(format_args!("no delivery was heard of: {reason}; see techshop stock before you bring it again"));
        return Ok(Exit::Undelivered);
    }
    let name = catalogue.products.get(&restock.product_id).map(|product| product.name.as_str());
    tell(&restock, name, &source, &outcome, args)?;
    Ok(if matches!(outcome, Outcome::Refused { .. }) { Exit::Failed } else { Exit::Done })
}

/// Sends a restock and waits until `deadline` for what comes of it: where it stands, and that.
///
/// # Errors
/// [`TechshopError`] when Kafka cannot be used at all; nothing was sent then.
pub(super) fn bring(
    shop: &Shop<'_>,
    cluster: &Cluster,
    restock: &Restock,
    deadline: Instant,
) -> Result<(String, Outcome), TechshopError> {
    let limit = Some(shop.context.common.connect_timeout);
    let topic = |name: &str| shop.ensure(cluster, name, limit, |_| {});
    let (restocks, inventory, errors) =
        (topic(&shop.names.restocks)?, topic(&shop.names.inventory)?, topic(&shop.names.errors)?);
    // Before it is sent, so that what comes of it stands behind.
    let mut inlets = [from_now(cluster, &inventory, limit)?, from_now(cluster, &errors, limit)?];
    let source = match send(shop, cluster, &restocks, restock, deadline)? {
        Ok((partition, offset)) => format!("{}/{partition}@{offset}", restocks.name),
        Err(reason) => return Ok((restocks.name, Outcome::Undelivered { reason })),
    };
    let outcome = wait(shop, &mut inlets, &source, deadline)?;
    Ok((source, outcome))
}

/// Reads a topic from its end on.
fn from_now(cluster: &Cluster, topic: &TopicInfo, limit: Option<Duration>) -> Result<Inlet, TechshopError> {
    let all: Vec<i32> = (0..topic.partitions).collect();
    let found = cluster.consumer(topic, GROUP)?.ends(&all, limit.unwrap_or_default())?;
    let mut positions = Positions::default();
    for (partition, ends) in found {
        let reason = |reason| TechshopError::Failed { reason: format!("topic {}: {reason}; try again", topic.name) };
        positions
            .partitions
            .insert(partition, Position { next: ends.map_err(reason)?.readable_end, leader_epoch: None });
    }
    Ok(cluster.inlet(topic, GROUP, positions)?)
}

/// Where the restock stands, or why it was not delivered.
fn send(
    shop: &Shop<'_>,
    cluster: &Cluster,
    topic: &TopicInfo,
    restock: &Restock,
    deadline: Instant,
) -> Result<Result<(i32, i64), String>, TechshopError> {
    let (told, fate) = sync_channel(1);
    let producer: Producer<()> = cluster.producer(&topic.name, move |event| {
        let fate = match event {
            ProducerEvent::Delivered { partition, offset, .. } => Ok((partition, offset)),
            ProducerEvent::Failed { reason, .. } => Err(reason.to_string()),
            _ => return,
        };
        // There is one record, and so one fate.
        drop(told.try_send(fate));
    })?;
    let json = serde_json::to_vec(restock)
        .map_err(|error| TechshopError::Failed { reason: format!("the restock has no JSON: {error}") })?;
    let record = Record { key: Some(restock.product_id.as_bytes()), payload: Some(&json), ..Record::default() };
    match producer.send(&record, (), shop.context.shutdown) {
        Ok(()) => {}
        Err(SendError::Refused { reason, .. }) => return Ok(Err(reason.to_string())),
        Err(SendError::Fatal { reason, .. }) => return Ok(Err(reason)),
        Err(SendError::Stopped { .. }) => return Ok(Err("stopped".to_owned())),
    }
    let goes_on = || !shop.context.shutdown.is_requested() && Instant::now() < deadline;
    let flushed = loop {
        match producer.flush(SLICE) {
            Ok(0) => break Ok(0),
            Ok(_) if goes_on() => {}
            Ok(_) => break producer.give_up(),
            Err(error) => break Err(error),
        }
    };
    // What was told before the telling ended holds all the same.
    Ok(flushed.map_err(|error| error.to_string()).and_then(|_| heard(&fate)))
}

fn heard(fate: &Receiver<Result<(i32, i64), String>>) -> Result<(i32, i64), String> {
    fate.try_recv().unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

fn wait(shop: &Shop<'_>, inlets: &mut [Inlet; 2], source: &str, deadline: Instant) -> Result<Outcome, TechshopError> {
    while !shop.context.shutdown.is_requested() && Instant::now() < deadline {
        for inlet in inlets.iter_mut() {
            match inlet.next(SLICE)? {
                Some(Inflow::Messages(batch)) => {
                    let found = batch
                        .iter()
                        .filter(|message| inlet.take(message))
                        .find_map(|message| outcome(&message, source));
                    inlet.recycle(batch);
                    if let Some(outcome) = found {
                        return Ok(outcome);
                    }
                }
                Some(Inflow::BrokerLost { reason }) => remark(format_args!("no broker can be reached ({reason})")),
                _ => {}
            }
        }
    }
    Ok(Outcome::Queued)
}

/// What a message says of the restock that stands at `source`; `None` when it is about something else.
fn outcome(message: &Message<'_>, source: &str) -> Option<Outcome> {
    let is_ours = |(name, value): (&[u8], Option<&[u8]>)| name == b"order-source" && value == Some(source.as_bytes());
    if !message.headers.into_iter().any(is_ours) {
        return None;
    }
    let payload = message.payload.unwrap_or_default();
    if let Ok(StockChange { old_stock, new_stock, .. }) = serde_json::from_slice(payload) {
        return Some(Outcome::Applied { old_stock, new_stock });
    }
    let json: Value = serde_json::from_slice(payload).unwrap_or_default();
    let reason = json.get("error_reason").and_then(Value::as_str).unwrap_or("no reason was told");
    Some(Outcome::Refused { reason: reason.to_owned() })
}

fn tell(
    restock: &Restock,
    name: Option<&str>,
    source: &str,
    outcome: &Outcome,
    args: &RestockArgs,
) -> Result<(), OutputError> {
    let Restock { restock_id, product_id, quantity, .. } = restock;
    if args.json {
        let (state, old_stock, new_stock, reason) = match outcome {
            Outcome::Applied { old_stock, new_stock } => ("applied", Some(old_stock), Some(new_stock), None),
            Outcome::Refused { reason } => ("refused", None, None, Some(reason)),
            Outcome::Queued => ("queued", None, None, None),
            Outcome::Undelivered { reason } => ("undelivered", None, None, Some(reason)),
        };
        let json = json!({
            "state": state, "product_id": product_id, "quantity": quantity, "old_stock": old_stock,
            "new_stock": new_stock, "reason": reason, "restock_id": restock_id, "source": source,
        });
        return print(&format!("{json}\n"));
    }
    let product = name.map_or_else(|| safe(product_id), |name| format!("{} {}", safe(product_id), safe(name)));
    match outcome {
        Outcome::Applied { old_stock, new_stock } => {
            print(&format!("{product}: {old_stock} → {new_stock} (+{quantity})\n"))
        }
        Outcome::Refused { reason } | Outcome::Undelivered { reason } => {
            remark(format_args!("{product}: not brought: {}; techshop stock lists the products", safe(reason)));
            Ok(())
        }
        Outcome::Queued => print(&format!(
            "{product}: {quantity} pieces are queued as {source}.\n\
             They are added once, as soon as techshop process runs; see techshop stock.\n"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::message::{Headers, MessageTime, push_header};
    use clap::Parser as _;

    fn read(source: &str, payload: &str) -> Option<Outcome> {
        let mut headers = Vec::new();
        push_header(&mut headers, b"order-source", Some(source.as_bytes()));
        let message = Message {
            partition: 0,
            offset: 0,
            time: MessageTime::Unknown,
            key: None,
            payload: Some(payload.as_bytes()),
            headers: Headers::from_block(&headers),
            leader_epoch: None,
        };
        outcome(&message, "restocks/0@7")
    }

    #[test]
    fn only_the_own_restock_is_heard() {
        let change =
            r#"{"product_id":"P1","old_stock":1,"new_stock":4,"operation":"restock","quantity":3,"timestamp":"t"}"#;
        assert_eq!(read("restocks/0@7", change), Some(Outcome::Applied { old_stock: 1, new_stock: 4 }));
        assert_eq!(read("restocks/0@70", change), None);
        let refused = r#"{"status":"invalid","error_reason":"no such product"}"#;
        let expected = Outcome::Refused { reason: "no such product".to_owned() };
        assert_eq!(read("restocks/0@7", refused), Some(expected));
    }

    #[test]
    fn what_cannot_be_brought_says_what_can() {
        assert_eq!(quantity("20"), Ok(20));
        assert_eq!(quantity(&MOST_QUANTITY.to_string()), Ok(MOST_QUANTITY));
        for wrong in ["", "0", "-5", "1000001", "2.5", "many"] {
            let said = quantity(wrong).expect_err(wrong);
            assert!(said.contains("from 1 to 1,000,000") && said.contains("techshop restock P001 20"), "{said}");
        }
        assert!(product(" ").is_err_and(|said| said.contains("techshop stock")));
        assert_eq!(product("P001"), Ok("P001".to_owned()));
        let parse = |quantity: &str| {
            crate::programs::techshop::TechshopArgs::try_parse_from(["techshop", "restock", "P001", quantity])
        };
        let said = parse("-5").expect_err("less than nothing").to_string();
        assert!(said.contains("'-5'") && said.contains("whole numbers"), "{said}");
        assert!(parse("5").is_ok());
    }
}
