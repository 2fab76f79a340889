//! `techshop notify`: customers are written to, a mail for each confirmed order, a text message for VIPs.
//!
//! A message counts as read only when its letters were handed over. In the outbox each is once, whatever happens; a
//! mail server or gateway may be given one again after a kill, under the same `Message-ID` or `webhook-id`.

mod args;
mod commits;
mod delivery;
mod figures;
mod hands;
mod kept;
mod look;
mod plan;
mod resend;
mod serve;
mod standby;
mod teller;

pub(super) use args::LettersArgs;
pub(super) use plan::{Clerk, Reading};
pub(super) use serve::{Post, serve};
pub(super) use teller::Teller;

use std::time::Duration;

use clap::Args;

use super::args::ListenArgs;
use super::{Shop, TechshopError};
use crate::base::message::{Message, MessageTime};
use crate::logic::letters::{Channel, Desk, Kind};
use crate::tools::exit::Exit;
use crate::words::shop::{Order, Reading as Outcome};

/// Where `errors` writes to when nobody says otherwise.
pub(super) const TEAM: &str = "logistics@techshop.example";

/// How long a letter is tried again when nobody says otherwise.
const RETRY_FOR: Duration = Duration::from_secs(3600);

const EXAMPLES: &str = "\
Examples:
  techshop notify                                         into ./outbox
  techshop notify --smtp 'smtp://me:secret@mail.example:587?tls=required'
  techshop notify --sms-url https://sms.example/send --sms-secret-file secret
  techshop notify --resend                                dead letters once more";

/// Flags of `techshop notify`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct NotifyArgs {
    /// Where letters go.
    #[command(flatten)]
    letters: LettersArgs,
    /// Consumer group
    #[arg(long, value_name = "NAME", default_value = "notification-service")]
    group: String,
    /// Hand dead letters over once more, those of errors too, and end
    #[arg(long)]
    resend: bool,
    /// With --resend: where restock alerts go
    #[arg(long, value_name = "ADDRESS", default_value = TEAM)]
    team: String,
    /// With --resend: tell how it went as JSON
    #[arg(long, requires = "resend")]
    json: bool,
    /// Where it tells of itself.
    #[command(flatten)]
    listen: ListenArgs,
}

pub(super) fn run(shop: &Shop<'_>, args: &NotifyArgs) -> Result<Exit, TechshopError> {
    let desk = args.letters.desk(&args.team)?;
    if args.resend {
        return resend::run(shop, args, desk);
    }
    let post = Post {
        name: "techshop-notify",
        address: "127.0.0.1:6069",
        letters: &args.letters,
        group: &args.group,
        listen: &args.listen,
        topic: &shop.names.notifications,
        dead_letters: &shop.names.notifications_dlq,
        kinds: &[(Channel::Email, Kind::Confirmation), (Channel::Sms, Kind::Confirmation)],
        tells_letters: true,
    };
    serve(shop, &post, |_| Confirmed { desk })
}

/// Only one instance of a group of a shop has it.
fn transactional_id(shop: &Shop<'_>, group: &str) -> String {
    format!("{}/{group}", shop.names.notification_results)
}

/// Reads confirmed orders.
struct Confirmed {
    desk: Desk,
}

impl Clerk for Confirmed {
    fn read(&mut self, message: &Message<'_>, _teller: &mut Teller) -> Reading {
        match read_order(message) {
            Ok(order) => Reading::Letters(self.desk.confirmed(&order, time_ms(message))),
            Err(reason) => Reading::Unfit(None, reason),
        }
    }
}

/// The order that a message tells of, or why it tells of none.
pub(super) fn read_order<'a>(message: &Message<'a>) -> Result<Order<'a>, String> {
    match Order::read(message.payload) {
        Outcome::Order(order) => Ok(order),
        Outcome::Unfit(_, unfit) => Err(format!("it is no order: {unfit}")),
        Outcome::Unreadable(unreadable) => Err(format!("it is no order: {unreadable}")),
    }
}

/// When the order that a message tells of was decided, the same in each repeat; else when it was made.
pub(super) fn time_ms(message: &Message<'_>) -> i64 {
    let of_order = message.headers.filter(|(name, _)| *name == b"order-timestamp-ms");
    let of_order = of_order.filter_map(|(_, value)| std::str::from_utf8(value?).ok()?.parse().ok()).next();
    match (of_order, message.time) {
        (Some(time_ms), _) | (None, MessageTime::Create(time_ms) | MessageTime::LogAppend(time_ms)) => time_ms,
        (None, MessageTime::Unknown) => 0,
    }
}
