//! `techshop errors`: who got nothing is told so, the team is told what is missing, and the rest is counted.

mod list;
mod tally;

use clap::Args;

use super::args::ListenArgs;
use super::notify::{Clerk, LettersArgs, Post, Reading, TEAM, Teller, serve, time_ms};
use super::{Shop, TechshopError};
use crate::base::message::Message;
use crate::doors::health::ServiceEvent;
use crate::logic::letters::{Channel, Desk, Kind, harmless};
use crate::tools::exit::Exit;
use crate::words::shop::{Order, Status};
use tally::Tally;

const EXAMPLES: &str = "\
Examples:
  techshop errors --team store@shop.example     apologise, and tell the team
  techshop errors --list                        what was no order, and why";

/// Flags of `techshop errors`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ErrorsArgs {
    /// Where letters go.
    #[command(flatten)]
    letters: LettersArgs,
    /// Consumer group
    #[arg(long, value_name = "NAME", default_value = "error-handler")]
    group: String,
    /// Where restock alerts go
    #[arg(long, value_name = "ADDRESS", default_value = TEAM)]
    team: String,
    /// List the invalid messages that were kept, and end
    #[arg(long)]
    list: bool,
    /// With --list: one JSON object a line
    #[arg(long, requires = "list")]
    json: bool,
    /// Where it tells of itself.
    #[command(flatten)]
    listen: ListenArgs,
}

pub(super) fn run(shop: &Shop<'_>, args: &ErrorsArgs) -> Result<Exit, TechshopError> {
    if args.list {
        return list::run(shop, args.json);
    }
    let desk = args.letters.desk(&args.team)?;
    let post = Post {
        name: "techshop-errors",
        address: "127.0.0.1:6070",
        letters: &args.letters,
        group: &args.group,
        listen: &args.listen,
        topic: &shop.names.errors,
        dead_letters: &shop.names.errors_dlq,
        kinds: &[(Channel::Email, Kind::Apology), (Channel::Email, Kind::RestockAlert)],
        tells_letters: false,
    };
    serve(shop, &post, |service| Refused { desk, tally: Tally::new(&service.meters) })
}

/// What was said of an order that was not confirmed.
pub(super) fn reason_of(order: &Order<'_>) -> String {
    order.extra("error_reason").and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default()
}

/// Reads what was not confirmed.
struct Refused {
    desk: Desk,
    tally: Tally,
}

impl Clerk for Refused {
    fn read(&mut self, message: &Message<'_>, teller: &mut Teller) -> Reading {
        let order = Order::read_decided(message.payload).filter(|order| order.status == Status::OutOfStock.as_str());
        let Some(order) = order else {
            let invalid = list::Invalid::read(message);
            teller.line(|| format!("invalid       {:<12}  {}", cut(&invalid.order_id, 40), cut(&invalid.reason, 100)));
            self.tally.invalid(&invalid.reason);
            return Reading::Letters(Vec::new());
        };
        let reason = reason_of(&order);
        teller.line(|| {
            let (id, product, customer) = (&order.order_id, &order.product_name, &order.customer_id);
            let (id, product, customer) = (cut(id, 40), cut(product, 30), cut(customer, 40));
            format!("out of stock  {id:<12}  {product} × {}, {customer}: {}", order.quantity, cut(&reason, 100))
        });
        self.tally.out_of_stock(&order.product_id);
        Reading::Letters(self.desk.out_of_stock(&order, &reason, time_ms(message)))
    }

    fn summary(&mut self) -> Option<ServiceEvent> {
        self.tally.summary()
    }
}

fn cut(text: &str, most: usize) -> String {
    harmless(text, most)
}
