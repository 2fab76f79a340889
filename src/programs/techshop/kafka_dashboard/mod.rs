//! `techshop kafka-dashboard`: brokers, topics and consumer groups of the cluster, live.
//!
//! `look` asks the cluster on a thread of its own, [`logic::lag`](crate::logic::lag) makes figures of the answers,
//! `app` is what is on the screen, `keys` change it, `view` draws it, `live` turns the wheel. `once` prints one
//! summary instead. `texts` holds every word in both languages.

mod app;
mod args;
mod keys;
mod layout;
mod live;
pub(super) mod look;
mod once;
pub(super) mod spoken;
pub(super) mod texts;
mod view;

#[cfg(test)]
mod tests;

pub(super) use args::KafkaDashboardArgs;

use std::io::{self, IsTerminal as _};

use super::{Shop, TechshopError};
use crate::doors::kafka::Role;
use crate::doors::screen::Screen;
use crate::tools::exit::Exit;

use app::App;
use look::Looker;

/// Shows the cluster: live on a terminal, else as one summary.
///
/// # Errors
/// [`TechshopError`].
pub(super) fn run(shop: &Shop<'_>, args: &KafkaDashboardArgs) -> Result<Exit, TechshopError> {
    shop.context.check(&[Role::Admin])?;
    if args.is_once(io::stdout().is_terminal()) {
        return once::run(shop, args);
    }
    let screen_error = |source| TechshopError::Failed { reason: format!("the terminal cannot be used: {source}") };
    shop.context.shutdown.on_hangup()?;
    let looker = Looker::start(&shop.context.settings, args.every(), shop.context.shutdown)?;
    let app = App::new(args.language(), args.screen().utc, shop.context.settings.brokers.clone(), args.every());
    let screen = Screen::open(args.screen().options()).map_err(screen_error)?;
    live::run(screen, app, &looker, shop.context.shutdown)?;
    Ok(Exit::Done)
}
