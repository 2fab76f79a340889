//! `techshop dashboard`: the shop live in a browser.
//!
//! Three threads write into [`state::State`]: this one counts the shop's topics (with the fold and the snapshot that
//! `analytics` has), another looks at the cluster, and requests look messages up. Pages are made from it: `views` says
//! what each shows, `doors/web` sends it. `documents` are for programs, `restocking` is the one thing that writes.

mod documents;
mod restocking;
mod state;
mod views;
mod words;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;

use super::catalogue::CatalogueArgs;
use super::counting::{self, Counting, Keeper, Part, SLICE};
use super::kafka_dashboard::look::{Looker, Seen};
use super::stock::levels;
use super::{Shop, TechshopError, events};
use crate::doors::health::events::stopped;
use crate::doors::kafka::{Cluster, Role};
use crate::doors::web::{Dictionary, Limits, Site};
use crate::services::runtime::Service;
use crate::tools::config::HostArgs;
use crate::tools::exit::Exit;
use state::{GROUP, State};

/// Between two looks at the cluster.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Between two tellings of how far topics were counted, to who measures.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// How long the stock topic may take to be read at the start.
const STOCK_PATIENCE: Duration = Duration::from_secs(10);

/// What is counted.
const PARTS: [Part; 4] = [Part::Sales, Part::Refusals, Part::Moves, Part::Sent];

/// Flags of `techshop dashboard`.
#[derive(Args, Clone, Debug)]
pub struct DashboardArgs {
    /// Address of the pages; only this machine is answered unless it names another one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5000")]
    listen: String,

    /// The same on 127.0.0.1 with this port
    #[arg(long, value_name = "PORT", conflicts_with = "listen")]
    port: Option<u16>,

    #[command(flatten)]
    hosts: HostArgs,

    /// Where figures and positions are kept; without the file all is counted anew from the topics
    #[arg(long, value_name = "FILE", default_value = "dashboard.state.json")]
    state: PathBuf,

    /// Let who has the token restock from the page
    #[arg(long)]
    allow_write: bool,

    /// Where the token is kept (mode 0600); made when it is missing
    #[arg(long, value_name = "FILE", default_value = "dashboard.token", requires = "allow_write")]
    token_file: PathBuf,

    /// Show addresses of customers whole
    #[arg(long)]
    unmask: bool,

    #[command(flatten)]
    catalogue: CatalogueArgs,
}

pub(super) fn run(shop: &Shop<'_>, args: &DashboardArgs) -> Result<Exit, TechshopError> {
    let dictionary = Dictionary::read(views::FRENCH)
        .map_err(|error| TechshopError::Failed { reason: format!("the French words are damaged: {error}") })?;
    let state = State::new(args.catalogue.read()?, shop.names.clone(), dictionary, args.unmask);
    let state = Arc::new(state);
    let mut keeper = Keeper::open(&args.state)?;
    let token = if args.allow_write { Some(restocking::token(&args.token_file)?) } else { None };
    let listen = args.port.map_or_else(|| args.listen.clone(), |port| format!("127.0.0.1:{port}"));
    let brokers = &shop.context.settings.brokers;
    let service = Service::serving("techshop-dashboard", &listen, brokers, |meters, readiness| {
        let (shown, told) = (Arc::clone(&state), readiness.clone());
        let served = documents::all(&state, meters, move || documents::trouble(&shown, told.trouble()));
        Site {
            pages: Arc::clone(&state) as Arc<dyn crate::doors::web::Pages>,
            templates: views::TEMPLATES,
            dictionary: Arc::clone(&state.dictionary),
            probes: served.probes,
            figures: served.figures,
            documents: served.documents,
            writings: vec![("/api/restocks", restocking::writing(shop, &state))],
            token,
            hosts: args.hosts.hosts.clone(),
            limits: Limits::default(),
        }
    })
    .map_err(|error| TechshopError::Failed { reason: format!("{error}; pass another one to --listen or --port") })?;
    let address = service.address().map(|address| address.to_string()).unwrap_or(listen);
    service.log.write(&events::dashboard_open(&address, args.allow_write));
    if args.allow_write {
        service.log.write(&events::dashboard_token(&args.token_file));
    }
    look(shop, &state)?;
    let snapshot = counting::begin(&service, &keeper)?;
    let cluster = Arc::new(service.connect(&shop.context, &[Role::Admin, Role::Consumer, Role::Producer])?);
    state.connected(Arc::clone(&cluster));
    let topic = |part: Part| Ok((part, shop.topic(&service, &cluster, part.topic(shop))?));
    let topics: Vec<_> = PARTS.into_iter().map(topic).collect::<Result<_, TechshopError>>()?;
    read_stock(shop, &service, &cluster, &state)?;
    let mut counting = Counting::new(&cluster, GROUP, topics, snapshot, Arc::clone(&state.figures))?;
    service.ready();
    let ended = count(shop, &service, &state, &mut counting, &mut keeper);
    counting::end(&mut counting, &mut keeper)?;
    service.log.write(&stopped("stopped", None, None));
    ended.map(|()| Exit::Done)
}

/// Counts until a stop is asked for.
fn count(
    shop: &Shop<'_>,
    service: &Service,
    state: &State,
    counting: &mut Counting<'_>,
    keeper: &mut Keeper,
) -> Result<(), TechshopError> {
    let mut told: Option<Instant> = None;
    while !shop.context.shutdown.is_requested() {
        let (is_changed, _) = counting::step(service, counting, SLICE)?;
        if is_changed {
            keeper.changed();
        }
        if counting.is_at_end().unwrap_or(false) && !counting.is_without_broker() {
            state.counted();
        }
        counting::save_when_due(service, counting, keeper);
        if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            told = Some(Instant::now());
            for (topic, progress) in counting.progress() {
                service.meters.progress(GROUP, topic, &progress);
            }
        }
    }
    Ok(())
}

/// The stock as it is, for products that never change; without it the catalogue's is shown.
fn read_stock(shop: &Shop<'_>, service: &Service, cluster: &Cluster, state: &State) -> Result<(), TechshopError> {
    let topic = shop.topic(service, cluster, &shop.names.stock)?;
    match cluster.table(&topic, STOCK_PATIENCE, shop.context.shutdown) {
        Ok(table) => {
            let (found, _) = levels(&table);
            let owned = found.into_iter().map(|level| (level.product_id.clone().into_owned(), level.into_owned()));
            *state.levels.write().unwrap_or_else(PoisonError::into_inner) = owned.collect();
        }
        Err(error) => service.log.write(&events::stock_unread(&topic.name, error)),
    }
    Ok(())
}

/// Looks at the cluster on a thread of its own, until a stop is asked for.
fn look(shop: &Shop<'_>, state: &Arc<State>) -> Result<(), TechshopError> {
    let looker = Looker::start(&shop.context.settings, LOOK_EVERY, shop.context.shutdown)?;
    let (state, shutdown) = (Arc::clone(state), shop.context.shutdown.clone());
    // Nobody waits for its end: it holds nothing.
    std::thread::Builder::new().name("looks".into()).spawn(move || {
        while !shutdown.is_requested() {
            match looker.next(SLICE * 10) {
                Some((Seen::Round(round), at_ms)) => state.watch().observe(*round, at_ms),
                Some((Seen::Nothing(reason), at_ms)) => state.watch().fail(&reason, at_ms),
                // The counting thread has heard the same, and ends the program with it.
                Some((Seen::Refused(error), at_ms)) => {
                    state.watch().fail(&error.to_string(), at_ms);
                    return;
                }
                None => {}
            }
        }
    })?;
    Ok(())
}
