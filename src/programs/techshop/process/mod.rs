//! `techshop process`: decides each order exactly once against one stock.
//!
//! Any number of instances may run. One decides ([`active`]), the others stand by ([`standby`]); that never two do is
//! Kafka's doing: whoever takes over fences the one before by its transactional id, which derives from the stock
//! topic. All that is remembered stands in the changelogs ([`restore`]).

mod active;
mod figures;
mod owner;
mod print;
mod restore;
mod rhythm;
mod standby;

use std::time::Duration;

use clap::Args;

use super::args::ListenArgs;
use super::catalogue::CatalogueArgs;
use super::names::{LARGEST_TOLD_BYTES, Names};
use super::{Shop, TechshopError, events};
use crate::doors::health::events::stopped;
use crate::doors::kafka::{Cluster, Role, TopicInfo, Transactions};
use crate::services::runtime::Service;
use crate::tools::exit::Exit;
use crate::words::shop::Catalogue;
use active::End;
use figures::Figures;
use owner::Owner;
use print::Printer;

/// Where it tells of itself unless told otherwise.
const ADDRESS: &str = "127.0.0.1:6067";

/// After a doubt the next beginning waits for so long, and each time longer, up to a second.
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A message may be as large when the broker does not say how large.
const USUAL_LIMIT_BYTES: usize = 1_048_588;

/// Flags of `techshop process`.
#[derive(Args, Clone, Debug)]
pub struct ProcessArgs {
    /// Group under which the offsets are published
    #[arg(long, value_name = "GROUP", default_value = "order-processor")]
    group: String,

    /// Topic of the orders, taken literally [default: orders, with the prefix]
    #[arg(long, value_name = "T")]
    orders_topic: Option<String>,

    #[command(flatten)]
    catalogue: CatalogueArgs,

    /// How many order numbers are remembered
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = remember)]
    remember: usize,

    /// Decide what is there now, then stop
    #[arg(long)]
    until_end: bool,

    /// Print no decisions
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    listen: ListenArgs,
}

fn remember(text: &str) -> Result<usize, String> {
    let number: usize = text.parse().map_err(|_| "a whole number is asked for".to_owned())?;
    if (1..=100_000_000).contains(&number) { Ok(number) } else { Err("from 1 to 100000000".to_owned()) }
}

/// Everything that a run needs, whether it decides or stands by.
struct Processor<'a> {
    shop: &'a Shop<'a>,
    args: &'a ProcessArgs,
    service: &'a Service,
    cluster: Cluster,
    transactions: Transactions,
    orders: TopicInfo,
    restocks: TopicInfo,
    catalogue: Catalogue,
    largest_output_bytes: usize,
    owner: Owner,
}

pub(super) fn run(shop: &Shop<'_>, args: &ProcessArgs) -> Result<Exit, TechshopError> {
    let catalogue = args.catalogue.read()?;
    shop.context.check(&[Role::Consumer, Role::Transactions])?;
    let service = shop.service("techshop-process", &args.listen, ADDRESS)?;
    let cluster = service.connect(&shop.context, &[Role::Consumer, Role::Transactions])?;
    let topic = |name: &str| shop.topic(&service, &cluster, name);
    let names = &shop.names;
    let orders = topic(args.orders_topic.as_deref().unwrap_or(&names.orders))?;
    let restocks = topic(&names.restocks)?;
    let Names { notifications, analytics, inventory, errors, stock, order_numbers, .. } = names;
    let outputs = [notifications, analytics, inventory, errors, stock, order_numbers].map(String::as_str);
    for name in outputs {
        topic(name)?;
    }
    let limit = cluster.smallest_limit(&outputs).unwrap_or(USUAL_LIMIT_BYTES);
    let processor = Processor {
        transactions: cluster.processing(stock, &format!("{stock}/process"), limit)?,
        shop,
        args,
        service: &service,
        cluster,
        orders,
        restocks,
        catalogue,
        largest_output_bytes: limit.min(LARGEST_TOLD_BYTES),
        owner: Owner::this_run(),
    };
    processor.live()?;
    service.log.write(&stopped("stopped", None, None));
    Ok(Exit::Done)
}

impl Processor<'_> {
    /// Stands by and decides in turn until a stop is asked for.
    fn live(&self) -> Result<(), TechshopError> {
        let mut figures = Figures::new(self.service.log, self.service.meters.clone());
        let mut printer = Printer::start(self.args.quiet)?;
        let active = self.service.meters.level("active", "1 while this one decides, 0 while it stands by");
        let takeovers = self.service.meters.count("takeovers", "Times that this one began to decide");
        let mut pause = PAUSE;
        while self.wait_for_turn()? {
            active.set(1);
            takeovers.add(1);
            let decided = figures.decisions();
            let end = self.decide(&mut figures, &mut printer)?;
            active.set(0);
            figures.stand_by();
            match end {
                End::Stopped => return Ok(()),
                End::Fenced => {
                    self.service.log.write(&events::process_fenced());
                    self.wait_for_successor()?;
                }
                End::Doubt(reason) => {
                    self.service.not_ready(&reason);
                    self.service.log.write(&events::process_doubt(&reason));
                }
            }
            pause = if figures.decisions() > decided { PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            if self.shop.context.shutdown.wait_timeout(pause) {
                return Ok(());
            }
        }
        Ok(())
    }
}
