//! Two services that exchange orders of material. What one accepts is in its store before it says so; Kafka carries it,
//! and HTTP while Kafka is silent; what comes by both roads, or again, has one effect.

mod args;
#[cfg(test)]
mod bounds_tests;
mod ending;
mod error;
mod events;
mod figures;
mod gate;
mod http_out;
mod intake;
mod kafka_in;
mod kafka_out;
mod kept;
mod notify;
mod outgoing;
mod role;
mod routes;
mod rows;
mod service;
#[cfg(test)]
mod simulation;
mod subscribers;
#[cfg(test)]
mod subscribers_tests;
mod sweep;
#[cfg(test)]
mod tests;
mod timer;

pub use args::{Command, ServiceArgs, SupplyArgs};
pub use error::SupplyError;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::doors::health::events::{started, stopped};
use crate::doors::health::{DailyLog, ServiceLog};
use crate::doors::http::Peer;
use crate::doors::kafka::Role as ClientRole;
use crate::doors::store::{Store, StoreError};
use crate::doors::web::Server;
use crate::services::output::aside;
use crate::services::runtime::{Context, wait_for_turn};
use crate::tools::exit::Exit;
use crate::tools::printer::Printer;
use crate::tools::shutdown::Shutdown;
use ending::Endings;
use figures::SupplyFigures;
use role::Role;
use service::{Roads, Service, Wishes};

/// Lines that may wait for a slow reader.
const MOST_LINES_WAITING: usize = 512;

/// Runs a subcommand to its end.
///
/// # Errors
/// [`SupplyError`]; it knows its exit code.
pub fn run(args: &SupplyArgs, shutdown: &Shutdown) -> Result<Exit, SupplyError> {
    match &args.command {
        Command::WagonLits(service) => serve(args, service, Role::WagonLits, shutdown),
        Command::DevMateriels(service) => serve(args, service, Role::DevMateriels, shutdown),
        Command::Side(command) => Ok(aside::<SupplyArgs>(command)),
    }
}

fn serve(args: &SupplyArgs, flags: &ServiceArgs, role: Role, shutdown: &Shutdown) -> Result<Exit, SupplyError> {
    let context = Context::new(&args.common, shutdown)?;
    context.check(&[ClientRole::Admin, ClientRole::Consumer, ClientRole::Producer])?;
    let (own_port, peer_port) = if role == Role::WagonLits { (3002, 3001) } else { (3001, 3002) };
    let base = flags.peer.clone().unwrap_or_else(|| format!("http://127.0.0.1:{peer_port}"));
    let peer = Peer::new(&base).map_err(|error| SupplyError::Usage { reason: format!("--peer: {error}") })?;
    let folder = |source| SupplyError::Folder { path: flags.dir.clone(), source };
    let log = ServiceLog::new(role.name());
    log.layer().begin();
    let name = format!("{}.lock", role.name());
    let Some(_lock) = wait_for_turn(&flags.dir, &name, &log, shutdown).map_err(folder)? else { return Ok(Exit::Done) };
    let path = flags.dir.join(format!("{}.redb", role.name()));
    let open = |source: StoreError| SupplyError::Open { path: path.clone(), source };
    let store = Store::open(&path, &rows::TABLES, shutdown).map_err(open)?;
    let service = Arc::new(Service {
        role,
        wishes: Wishes::new(flags, role, &args.common),
        settings: context.settings,
        store,
        peer,
        roads: Roads::default(),
        figures: SupplyFigures::new(),
        log,
        printer: Printer::start(anstream::stdout(), MOST_LINES_WAITING)?,
        endings: Endings::new(log, shutdown),
        waiters: AtomicUsize::new(0),
        daily: DailyLog::new(&flags.dir, role.name()),
        daily_lost: AtomicU64::new(0),
        shutdown: shutdown.clone(),
        began: Instant::now(),
        refused: Mutex::default(),
    });
    service.count_waiting().map_err(open)?;
    let commit = service.figures.commit.clone();
    service.store.observe_commits(move |took| commit.observe(took.as_secs_f64()));
    let address = SocketAddr::new(flags.listen, flags.port.unwrap_or(own_port)).to_string();
    let server = Server::api(&address, routes::api(&service))?;
    service.tell(&started(&service.settings.brokers, Some(server.address()), Some(service.peer.base())));
    if !server.address().ip().is_loopback() {
        service.tell(&events::listen_open(server.address(), service.wishes.hosts.is_empty()));
    }
    let ended = work(&service);
    drop(server);
    // Whoever did not read to the end chose so.
    drop(service.printer.finish(None));
    ended?;
    last_word(&service, path)
}

/// Why it ended, when nobody asked it to; else how much waits.
fn last_word(service: &Service, path: PathBuf) -> Result<Exit, SupplyError> {
    if let Some(reason) = service.store.failure() {
        return Err(SupplyError::Disk { path, reason });
    }
    if let Some(ended) = service.endings.take() {
        return Err(ended);
    }
    if let Some(reason) = service.refused.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(SupplyError::Refused { reason });
    }
    let waiting = service.roads.waiting.load(std::sync::atomic::Ordering::Relaxed);
    service.tell(&stopped(format!("stopped, {waiting} wait for Kafka in the store"), None, Some(waiting)));
    Ok(Exit::Done)
}

/// A thread: its name, and what it does.
type Part = (&'static str, fn(&Arc<Service>) -> Result<(), StoreError>);

/// All threads of a service, until a stop is asked for.
fn work(service: &Arc<Service>) -> Result<(), SupplyError> {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    let mut spawn = |(name, run): Part| {
        let service = Arc::clone(service);
        let work = move || service.endings.watch(name, || run(&service));
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
        thread.map(|thread| threads.push(thread))
    };
    let parts: [Part; 3] = [
        ("kafka-out", |service| kafka_out::run(service)),
        ("kafka-in", |service| kafka_in::run(service)),
        ("http-out", http_out::run),
    ];
    let by_the_clock: &[Part] = match service.role {
        Role::WagonLits => &[("orders", timer::order), ("sweep", sweep::run)],
        Role::DevMateriels => &[("steps", timer::deliver), ("subscribers", notify::run)],
    };
    let begun = parts.iter().chain(by_the_clock).try_for_each(|part| spawn(*part));
    if begun.is_err() {
        service.shutdown.request();
    }
    while !service.shutdown.wait_timeout(Duration::from_secs(60)) {}
    for thread in threads {
        // A thread that panicked has said so already.
        drop(thread.join());
    }
    // As of now, for the last word.
    drop(service.count_waiting());
    Ok(begun?)
}
