//! A service that hands letters over for as long as it is let.

use super::args::LettersArgs;
use super::delivery::Delivery;
use super::plan::{Clerk, Plan};
use super::standby::{owner, turn};
use super::{RETRY_FOR, transactional_id};
use crate::doors::kafka::Role;
use crate::logic::letters::{Channel, Kind};
use crate::programs::techshop::args::ListenArgs;
use crate::programs::techshop::{Shop, TechshopError};
use crate::services::runtime::Service;
use crate::tools::exit::Exit;

/// Which service it is, and what it was told.
pub(crate) struct Post<'a> {
    /// Its name in logs and figures.
    pub(crate) name: &'static str,
    /// Where it listens when nobody says otherwise.
    pub(crate) address: &'static str,
    pub(crate) letters: &'a LettersArgs,
    pub(crate) group: &'a str,
    pub(crate) listen: &'a ListenArgs,
    /// What it reads.
    pub(crate) topic: &'a str,
    /// Where letters go that cannot be handed over.
    pub(crate) dead_letters: &'a str,
    /// What is counted from the start.
    pub(crate) kinds: &'a [(Channel, Kind)],
    /// Whether each letter is told on standard output.
    pub(crate) tells_letters: bool,
}

/// Waits for its turn, then hands over what the clerk asks for until a stop is asked for.
///
/// # Errors
/// [`TechshopError`]; what was not handed over is handed over at the next start.
pub(crate) fn serve<C: Clerk>(
    shop: &Shop<'_>,
    post: &Post<'_>,
    clerk: impl FnOnce(&Service) -> C,
) -> Result<Exit, TechshopError> {
    let routes = post.letters.routes()?;
    shop.context.check(&[Role::Consumer, Role::Transactions])?;
    let owner = owner(post.group);
    let Some(_turn) = turn(shop, post.letters, &owner, post.name)? else { return Ok(Exit::Done) };
    let service = shop.service(post.name, post.listen, post.address)?;
    let cluster = service.connect(&shop.context, &[Role::Consumer, Role::Transactions])?;
    let topic = shop.topic(&service, &cluster, post.topic)?;
    for name in [&shop.names.notification_results, post.dead_letters] {
        shop.topic(&service, &cluster, name)?;
    }
    let clerk = clerk(&service);
    let plan = Plan {
        shop,
        service: &service,
        cluster: &cluster,
        routes: &routes,
        owner: &owner,
        group: post.group,
        id: &transactional_id(shop, post.group),
        topic: &topic,
        dead_letters: post.dead_letters,
        retry_for: post.letters.retry_for.unwrap_or(RETRY_FOR),
        kinds: post.kinds,
        is_until_end: false,
        tells_letters: post.tells_letters,
    };
    Delivery::start(plan, clerk)?.run()?;
    Ok(Exit::Done)
}
