//! `techshop produce`: random orders, each of whose delivery is heard.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;

use super::catalogue::CatalogueArgs;
use super::{Shop, TechshopError};
use crate::doors::kafka::{Cluster, HearingError, Producer, ProducerEvent, Record, Role, SendError};
use crate::services::output::{OutputError, print};
use crate::tools::config::rate;
use crate::tools::dice::Dice;
use crate::tools::exit::Exit;
use crate::tools::shown::{cut, width};
use crate::tools::shutdown::Shutdown;
use crate::tools::stderr::remark;
use crate::words::shop::{Catalogue, NewOrder};

/// How many orders when nobody says.
const COUNT: u64 = 50;

/// Orders a second when only their number was given.
const QUICK: f64 = 20.0;

/// Between two orders when nothing was said: from the first to the second, at random.
const PAUSES_MS: (u64, u64) = (500, 2_000);

/// The most pieces in an order.
const MOST_PIECES: u64 = 3;

/// An order that is due sooner than this is sent at once.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);

/// How often a stop is looked for while deliveries are waited for.
const LOOK: Duration = Duration::from_millis(100);

/// How long deliveries are waited for after a stop was asked for.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(15);

/// Flags of `techshop produce`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Without --count and --rate, 50 orders in about a minute, 0.5 to 2 s apart; with
--count alone, 20 a second.
The last line of standard output is always sent=N delivered=N failed=N.")]
pub struct ProduceArgs {
    /// How many orders [default: 50]
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// Orders a second, such as 2000, 0.5 or 50/s [default: see below]
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,

    /// Topic to write to, taken as it is [default: orders, after the prefix]
    #[arg(long, value_name = "TOPIC")]
    orders_topic: Option<String>,

    #[command(flatten)]
    catalogue: CatalogueArgs,

    /// The same customers, products, quantities and pauses each time; ids and times are always new
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Print no line an order, only errors and the last line
    #[arg(short, long)]
    quiet: bool,
}

/// What a delivery report is about.
#[derive(Debug)]
struct Ticket {
    order_id: String,
    /// For people; empty when nothing is printed.
    text: String,
}

/// What became of the orders, shared with who hears the reports.
#[derive(Debug, Default)]
struct Tally {
    sent: u64,
    delivered: u64,
    failed: u64,
    /// Why nothing more can be printed.
    output: Option<OutputError>,
    /// Why nothing more can be sent.
    broken: Option<String>,
}

pub(super) fn run(shop: &Shop<'_>, args: &ProduceArgs) -> Result<Exit, TechshopError> {
    let catalogue = args.catalogue.read()?;
    let cluster = shop.context.connect_once(&[Role::Admin, Role::Producer])?;
    let topic = args.orders_topic.as_ref().unwrap_or(&shop.names.orders);
    let found = shop.ensure(&cluster, topic, Some(shop.context.common.connect_timeout), |_| {})?;
    if !args.quiet {
        let made = if found.created { ", made" } else { "" };
        let brokers = &shop.context.settings.brokers;
        remark(format_args!("sending to {topic} at {brokers} ({} partitions{made})", found.partitions));
    }
    let tally = Arc::new(Mutex::new(Tally::default()));
    let producer = open(&cluster, topic, &tally, args.quiet, shop.context.shutdown)?;
    send_all(args, &catalogue, &producer, &tally, shop.context.shutdown);
    let drained = drain(&producer, &tally, shop.context.shutdown);
    drop(producer);
    let mut tally = lock(&tally);
    if let Err(error) = &drained {
        // Also of what was being told when it ended nothing is known.
        tally.failed = tally.sent - tally.delivered;
        remark(format_args!("{error}: look into {topic} before they are sent again"));
    }
    if let Some(error) = tally.output.take() {
        let is_undelivered = error.is_quiet_end() && tally.delivered < tally.sent;
        return if is_undelivered { Ok(Exit::Undelivered) } else { Err(error.into()) };
    }
    print(&format!("sent={} delivered={} failed={}\n", tally.sent, tally.delivered, tally.failed))?;
    // That some were not delivered is what counts first.
    if let Some(reason) = tally.broken.take().filter(|_| drained.is_ok()) {
        return Err(TechshopError::Failed { reason: format!("the producer has failed for good: {reason}") });
    }
    Ok(if tally.delivered == tally.sent { Exit::Done } else { Exit::Undelivered })
}

fn lock(tally: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open(
    cluster: &Cluster,
    topic: &str,
    tally: &Arc<Mutex<Tally>>,
    is_quiet: bool,
    shutdown: &Shutdown,
) -> Result<Producer<Ticket>, TechshopError> {
    let (tally, shutdown) = (Arc::clone(tally), shutdown.clone());
    let producer = cluster.producer(topic, move |event: ProducerEvent<Ticket>| match event {
        ProducerEvent::Delivered { token, partition, offset, .. } => {
            let mut tally = lock(&tally);
            tally.delivered += 1;
            if !is_quiet && tally.output.is_none() {
                let line = format!("{} {partition}@{offset}\n", token.text);
                // Whoever reads has had enough: no more is sent.
                if let Err(error) = print(&line) {
                    tally.output = Some(error);
                    shutdown.request();
                }
            }
        }
        ProducerEvent::Failed { token, reason } => {
            lock(&tally).failed += 1;
            remark(format_args!("{} was not delivered: {reason}", token.order_id));
        }
        ProducerEvent::Stalled { in_flight, reason } => {
            remark(format_args!("{in_flight} orders wait for the broker ({reason}); trying on"));
        }
        ProducerEvent::Resumed => remark(format_args!("the broker is back")),
        ProducerEvent::Tick => {}
    })?;
    Ok(producer)
}

/// When the next order is due.
struct Pace {
    /// A fixed distance; `None` for pauses at random.
    interval: Option<Duration>,
    due: Instant,
}

impl Pace {
    fn new(args: &ProduceArgs) -> Self {
        let rate = args.rate.or(args.count.map(|_| QUICK));
        Self { interval: rate.map(|rate| Duration::from_secs_f64(1.0 / rate)), due: Instant::now() }
    }

    fn wait(&self) -> Option<Duration> {
        Some(self.due.saturating_duration_since(Instant::now())).filter(|wait| *wait >= SHORTEST_WAIT)
    }

    fn advance(&mut self, dice: &mut Dice) {
        let (shortest, longest) = PAUSES_MS;
        let pause = || Duration::from_millis(shortest + dice.number() % (longest - shortest + 1));
        self.due += self.interval.unwrap_or_else(pause);
        // A broker that was away is not made up for with a burst.
        if Instant::now().saturating_duration_since(self.due) > Duration::from_secs(1) {
            self.due = Instant::now();
        }
    }
}

fn send_all(
    args: &ProduceArgs,
    catalogue: &Catalogue,
    producer: &Producer<Ticket>,
    tally: &Mutex<Tally>,
    shutdown: &Shutdown,
) {
    let (mut dice, mut ids) = (Dice::new(args.seed), Dice::new(None));
    let mut pace = Pace::new(args);
    let mut left = args.count.unwrap_or(COUNT);
    while left > 0 && !shutdown.is_requested() {
        if let Some(wait) = pace.wait() {
            shutdown.wait_timeout(wait);
            continue;
        }
        let Some(order) = random(catalogue, &mut dice, &mut ids) else { continue };
        let Ok(payload) = serde_json::to_vec(&order) else { continue };
        let text = if args.quiet { String::new() } else { line(&order) };
        let ticket = Ticket { order_id: order.order_id.clone(), text };
        let record = Record { key: Some(order.order_id.as_bytes()), payload: Some(&payload), ..Record::default() };
        match producer.send(&record, ticket, shutdown) {
            Ok(()) => lock(tally).sent += 1,
            Err(SendError::Refused { token, reason }) => {
                let mut tally = lock(tally);
                (tally.sent, tally.failed) = (tally.sent + 1, tally.failed + 1);
                remark(format_args!("{} was not delivered: {reason}", token.order_id));
            }
            Err(SendError::Stopped { .. }) => return,
            Err(SendError::Fatal { reason, .. }) => {
                lock(tally).broken = Some(reason);
                return;
            }
        }
        pace.advance(&mut dice);
        left -= 1;
    }
}

/// Any customer, any product, one to three pieces, each as likely as the others. `None` when the price is so
/// high that the total has no room.
fn random<'a>(catalogue: &'a Catalogue, dice: &mut Dice, ids: &mut Dice) -> Option<NewOrder<'a>> {
    let mut below = |count: usize| usize::try_from(dice.number() % count.max(1) as u64).unwrap_or_default();
    let customer = catalogue.customers.get(below(catalogue.customers.len()))?;
    let (id, product) = catalogue.products.iter().nth(below(catalogue.products.len()))?;
    let quantity = 1 + below(MOST_PIECES as usize) as i64;
    NewOrder::new(ids.uuid(), Timestamp::now(), customer, (id, product), quantity)
}

/// An order in 70 columns, so that its place has room behind it.
fn line(order: &NewOrder<'_>) -> String {
    let what = cut(order.product_name, 14);
    let pad = 14_usize.saturating_sub(width(&what));
    let total = order.total.to_string();
    format!("{}  {what}{:pad$} ×{}  {total:>8} € ", order.order_id, "", order.quantity)
}

/// Waits until the fate of every order is known: for ever, or for a while once a stop is asked for. An error when it will
/// never be.
fn drain(producer: &Producer<Ticket>, tally: &Mutex<Tally>, shutdown: &Shutdown) -> Result<(), HearingError> {
    let mut deadline = None;
    while producer.flush(LOOK)? > 0 {
        if !shutdown.is_requested() {
            continue;
        }
        let deadline = *deadline.get_or_insert_with(|| {
            let (waiting, seconds) = (producer.in_flight().unwrap_or_default(), FLUSH_TIMEOUT.as_secs());
            remark(format_args!("stopping: {waiting} in flight, waiting up to {seconds} s (Ctrl-C again forces)"));
            Instant::now() + FLUSH_TIMEOUT
        });
        if Instant::now() >= deadline {
            let never_heard = producer.give_up()? as u64;
            lock(tally).failed += never_heard;
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::words::shop::{Order, Reading};

    #[test]
    fn random_orders_are_orders_of_everybody_and_everything() {
        let catalogue = Catalogue::built_in().expect("our own");
        let (mut dice, mut ids) = (Dice::new(Some(1)), Dice::new(None));
        let mut seen = BTreeSet::new();
        let mut numbers = BTreeSet::new();
        for _ in 0..2_000 {
            let order = random(&catalogue, &mut dice, &mut ids).expect("the totals have room");
            let json = serde_json::to_vec(&order).expect("it is JSON");
            assert!(matches!(Order::read(Some(&json)), Reading::Order(_)));
            assert!(width(&line(&order)) <= 72, "{}", line(&order));
            seen.insert((order.customer_id.to_owned(), order.product_id.to_owned(), order.quantity));
            numbers.insert(order.order_id);
        }
        assert_eq!((seen.len(), numbers.len()), (5 * 5 * 3, 2_000));
    }

    #[test]
    fn the_same_seed_buys_the_same_under_other_numbers() {
        let catalogue = Catalogue::built_in().expect("our own");
        let orders = || {
            let (mut dice, mut ids) = (Dice::new(Some(7)), Dice::new(None));
            let one = |_| random(&catalogue, &mut dice, &mut ids).expect("the totals have room");
            (0..50).map(one).collect::<Vec<_>>()
        };
        let what = |orders: &[NewOrder<'_>]| {
            let one =
                |order: &NewOrder<'_>| (order.customer_id.to_owned(), order.product_id.to_owned(), order.quantity);
            orders.iter().map(one).collect::<Vec<_>>()
        };
        let (first, second) = (orders(), orders());
        assert_eq!(what(&first), what(&second));
        assert!(first.iter().zip(&second).all(|(first, second)| first.order_id != second.order_id));
    }
}
