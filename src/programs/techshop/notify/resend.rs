//! `techshop notify --resend`: dead letters are handed over once more. What does not go again is a dead letter
//! again, behind all others; so nothing is lost, and nothing is tried for ever.

use std::time::Duration;

use serde_json::json;

use super::delivery::Delivery;
use super::kept::{ATTEMPTS, CHANNEL, KIND, SOURCE};
use super::plan::{Done, Plan};
use super::standby::{owner, turn};
use super::{Clerk, NotifyArgs, Reading, Teller, read_order, time_ms, transactional_id};
use crate::base::message::Message;
use crate::doors::kafka::Role;
use crate::logic::letters::{Channel, Desk, Kind};
use crate::programs::techshop::errors::reason_of;
use crate::programs::techshop::{Shop, TechshopError};
use crate::services::output::print;
use crate::services::runtime::Service;
use crate::tools::exit::Exit;

/// How long a letter is tried again when nobody says otherwise.
const RETRY_FOR: Duration = Duration::from_secs(30);

pub(super) fn run(shop: &Shop<'_>, args: &NotifyArgs, desk: Desk) -> Result<Exit, TechshopError> {
    let routes = args.letters.routes()?;
    shop.context.check(&[Role::Consumer, Role::Transactions])?;
    // It may run beside the service: other files, another transactional id, other topics of the same group.
    let owner = format!("{}-resend", owner(&args.group));
    let Some(_turn) = turn(shop, &args.letters, &owner, "techshop-resend")? else { return Ok(Exit::Done) };
    let cluster = shop.context.connect_once(&[Role::Consumer, Role::Transactions])?;
    let service = Service::unheard("techshop-resend");
    let limit = Some(shop.context.common.connect_timeout);
    shop.ensure(&cluster, &shop.names.notification_results, limit, |_| {})?;
    let mut sum = Done::default();
    for name in [&shop.names.notifications_dlq, &shop.names.errors_dlq] {
        let topic = shop.ensure(&cluster, name, limit, |_| {})?;
        let plan = Plan {
            shop,
            service: &service,
            cluster: &cluster,
            routes: &routes,
            owner: &owner,
            group: &args.group,
            id: &format!("{}/resend", transactional_id(shop, &args.group)),
            topic: &topic,
            dead_letters: name,
            retry_for: args.letters.retry_for.unwrap_or(RETRY_FOR),
            kinds: &ALL,
            is_until_end: true,
            tells_letters: !args.json,
        };
        let done = Delivery::start(plan, Dead { desk: desk.clone() })?.run()?;
        sum.handed_over += done.handed_over;
        sum.given_up += done.given_up;
    }
    let Done { handed_over, given_up } = sum;
    if args.json {
        print(&format!("{}\n", json!({"handed_over": handed_over, "dead_letters": given_up})))?;
    } else {
        print(&match (handed_over + given_up, given_up) {
            (0, _) => "no dead letters to hand over\n".to_owned(),
            (all, 0) => format!("{handed_over} of {all} dead letters handed over\n"),
            (all, _) => format!(
                "{handed_over} of {all} dead letters handed over; the rest are dead letters again (their header\n\
                 `reason` says why)\n"
            ),
        })?;
    }
    Ok(if given_up > 0 { Exit::Undelivered } else { Exit::Done })
}

const ALL: [(Channel, Kind); 4] = [
    (Channel::Email, Kind::Confirmation),
    (Channel::Sms, Kind::Confirmation),
    (Channel::Email, Kind::Apology),
    (Channel::Email, Kind::RestockAlert),
];

/// Reads dead letters.
struct Dead {
    desk: Desk,
}

impl Clerk for Dead {
    fn read(&mut self, message: &Message<'_>, _teller: &mut Teller) -> Reading {
        let channel = header(message, CHANNEL).and_then(Channel::read);
        let about = channel.zip(header(message, KIND).and_then(Kind::read));
        let Some((channel, kind)) = about else {
            return Reading::Unfit(None, "its headers name no channel and kind".to_owned());
        };
        match read_order(message) {
            Ok(order) => {
                let letter = self.desk.letter(&order, kind, channel, &reason_of(&order), time_ms(message));
                Reading::Letters(vec![letter])
            }
            Err(reason) => Reading::Unfit(about, reason),
        }
    }

    fn history(&self, topic: &str, message: &Message<'_>) -> (String, u32) {
        let text = |name| header(message, name).and_then(|value| std::str::from_utf8(value).ok());
        let here = || format!("{topic}/{}@{}", message.partition, message.offset);
        let source = text(SOURCE).map_or_else(here, str::to_owned);
        (source, text(ATTEMPTS).and_then(|attempts| attempts.parse().ok()).unwrap_or_default())
    }
}

/// The last header of a name.
fn header<'a>(message: &Message<'a>, name: &[u8]) -> Option<&'a [u8]> {
    message.headers.filter(|(one, _)| *one == name).last()?.1
}
