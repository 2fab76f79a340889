//! The `producer` command: publishes orders, and sees every one of them delivered.
//!
//! The calling thread makes or reads orders and hands them to Kafka; the producer's own thread hears
//! what became of each and tells it to the [`report`]; a file is read by a third, and standard output
//! written by a fourth, so that a reader which stops reading stops nothing else.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::doors::health::diagnostics_on_stderr;
use crate::doors::kafka::{Cluster, ClusterError, Patience, Producer, Role, TopicInfo, check, connect};
use crate::tools::exit::Exit;
use crate::tools::shutdown::Shutdown;

mod args;
mod demo;
mod event;
mod exactly_once;
mod headers;
mod label;
mod lines;
mod orders;
mod pace;
mod printer;
mod progress;
mod report;
mod send;

pub use args::{ExactlyOnceConfig, KeyField, ProducerArgs, ProducerConfig, Source};
pub use orders::LinePolicy;
pub use report::Terminal;

use exactly_once::{ExactlyOnce, Interruption};
use label::IdLength;
use orders::Orders;
use progress::{Extent, Progress};
use report::{Report, Ticket, quantity};
use send::{Ending, Sender, drain};

/// When orders come faster than this, nobody can read a line an order on a terminal that shows a bar as well.
const READABLE_INTERVAL: Duration = Duration::from_millis(50);

/// Orders that come faster than this, 100,000 a second, fill a batch before any of them has waited for long.
const BULK_INTERVAL: Duration = Duration::from_micros(10);

/// Why a run could not begin.
#[derive(Debug, Error)]
enum StartError {
    #[error(transparent)]
    Cluster(ClusterError),
    #[error(transparent)]
    ExactlyOnce(#[from] Interruption),
    #[error("cannot read {path}: {source}; pass --file with a readable file, or - for standard input", path = .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the demo's orders cannot be made: {0}")]
    Menu(#[source] io::Error),
    #[error("no thread to read with: {0}")]
    Thread(#[source] io::Error),
}

impl<E: Into<ClusterError>> From<E> for StartError {
    fn from(error: E) -> Self {
        Self::Cluster(error.into())
    }
}

impl StartError {
    fn exit(&self) -> Exit {
        match self {
            Self::Cluster(error) if error.is_stop() => Exit::Done,
            Self::Cluster(error) => error.exit(),
            Self::ExactlyOnce(interruption) => interruption.exit(),
            _ => Exit::Failed,
        }
    }
}

/// Runs until the orders are all delivered or a stop was asked for and carried out.
pub fn run(config: &ProducerConfig, shutdown: &Shutdown, terminal: Terminal) -> Exit {
    // Not through the report: whoever holds it may be who warns.
    diagnostics_on_stderr().begin();
    let shows_bar = terminal.stderr_is_terminal && config.is_one_shot() && !config.quiet;
    let is_fast = config.interval.is_none_or(|interval| interval < READABLE_INTERVAL);
    let bar_instead_of_lines = shows_bar && terminal.stdout_is_terminal && is_fast;
    let id_length = if terminal.stdout_is_terminal { IdLength::Short } else { IdLength::Full };
    let order_lines = (!config.quiet && !bar_instead_of_lines).then_some(id_length);
    let report = Report::new(terminal, &config.topic, &config.client.brokers, config.quiet, shutdown);
    let report = Arc::new(Mutex::new(report));
    let run = Run { config, shutdown, report: &report, shows_bar, order_lines };
    let exit = match run.session() {
        Ok(exit) => exit,
        Err(error) => {
            // A stop before anything was sent may still find the broker away.
            let exit = if shutdown.is_requested() { Exit::Done } else { error.exit() };
            lock(&report).message(&error.to_string());
            exit
        }
    };
    if exit != Exit::Usage {
        lock(&report).last_line();
    }
    exit
}

fn lock(report: &Mutex<Report>) -> MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Run<'a> {
    config: &'a ProducerConfig,
    shutdown: &'a Shutdown,
    report: &'a Arc<Mutex<Report>>,
    shows_bar: bool,
    order_lines: Option<IdLength>,
}

impl Run<'_> {
    fn session(&self) -> Result<Exit, StartError> {
        let config = self.config;
        if let Some(once) = &config.exactly_once {
            return self.exactly_once(once);
        }
        // Both before the broker is waited for: what is wrong on this side should be told at once.
        check(&config.client, Role::Producer)?;
        let (orders, extent) = self.open()?;
        let (cluster, topic) = self.connect()?;
        let listener = Arc::clone(self.report);
        let listen = move |event| lock(&listener).hear(event);
        let producer: Producer<Ticket> = match self.is_bulk() {
            true => cluster.bulk_producer(&config.topic, listen)?,
            false => cluster.producer(&config.topic, listen)?,
        };
        self.announce(&topic);
        lock(self.report).start(self.shows_bar.then(|| Progress::new(extent, Instant::now())));
        let mut sender = Sender::new(config, self.shutdown, self.report, &producer, self.order_lines);
        let mut ending = sender.send_all(orders);
        ending.failed |= !drain(&producer, self.shutdown, config.flush_timeout, self.report);
        // Its thread has printed all it will before the summary.
        drop(producer);
        let mut report = lock(self.report);
        // First of all: the disk that a late line finds full counts for the exit code.
        report.settle();
        report.summary(ending.skipped_lines, config.flush_timeout);
        Ok(exit_of(&ending, &mut report))
    }

    /// Whether there is always more to send: no order then waits for a batch that does not fill up.
    fn is_bulk(&self) -> bool {
        let is_endless_supply = match &self.config.source {
            Source::Menu => true,
            Source::File(path, _) => path.metadata().is_ok_and(|metadata| metadata.is_file()),
            Source::StandardInput(_) => false,
        };
        is_endless_supply && self.config.interval.is_none_or(|interval| interval <= BULK_INTERVAL)
    }

    fn open(&self) -> Result<(Orders, Extent), StartError> {
        let (input, policy, bytes): (Box<dyn Read + Send>, _, _) = match &self.config.source {
            Source::Menu => {
                return Ok((
                    Orders::menu().map_err(StartError::Menu)?,
                    self.config.count.map_or(Extent::Unknown, Extent::Orders),
                ));
            }
            Source::StandardInput(policy) => (Box::new(io::stdin()), *policy, None),
            Source::File(path, policy) => {
                let failed = |source| StartError::File { path: path.clone(), source };
                let file = File::open(path).map_err(failed)?;
                let metadata = file.metadata().map_err(failed)?;
                if metadata.is_dir() {
                    return Err(failed(io::ErrorKind::IsADirectory.into()));
                }
                (Box::new(file), *policy, metadata.is_file().then_some(metadata.len()))
            }
        };
        let extent = match (self.config.count, bytes) {
            (Some(count), _) => Extent::Orders(count),
            (None, Some(bytes)) => Extent::FileBytes(bytes),
            (None, None) => Extent::Unknown,
        };
        Ok((Orders::lines(input, policy).map_err(StartError::Thread)?, extent))
    }

    fn exactly_once(&self, once: &ExactlyOnceConfig) -> Result<Exit, StartError> {
        let config = self.config;
        check(&config.client, Role::Transactions)?;
        let (orders, extent) = self.open()?;
        let (cluster, topic) = self.connect()?;
        let limit = config.is_one_shot().then_some(config.connect_timeout);
        let copies = config.shape.replication_factor;
        cluster.ensure_last_values(&once.progress_topic, copies, limit, self.shutdown, |_| {})?;
        let mut sender = ExactlyOnce::new(config, once, self.shutdown, self.report, &cluster)?;
        let (producer, sent_before) = sender.take_over()?;
        self.announce(&topic);
        if let Some(text) = already(once, config, sent_before) {
            lock(self.report).remark(&text);
        }
        let extent = match extent {
            Extent::Orders(count) => Extent::Orders(count.saturating_sub(sent_before)),
            other => other,
        };
        lock(self.report).start(self.shows_bar.then(|| Progress::new(extent, Instant::now())));
        let (ending, interruption) = sender.send_all(producer, orders, self.order_lines);
        let mut report = lock(self.report);
        report.settle();
        if let Some(interruption) = interruption.as_ref().filter(|why| !matches!(why, Interruption::Stopped)) {
            report.message(&interruption.to_string());
        }
        report.summary(ending.skipped_lines, config.flush_timeout);
        Ok(match interruption {
            Some(Interruption::TakenOver { .. }) => Exit::Failed,
            _ => exit_of(&ending, &mut report),
        })
    }

    fn connect(&self) -> Result<(Cluster, TopicInfo), StartError> {
        let config = self.config;
        let brokers = &config.client.brokers;
        let one_shot = config.is_one_shot();
        let patience = if one_shot { Patience::UpTo(config.connect_timeout) } else { Patience::Forever };
        let cluster = connect(&config.client, patience, self.shutdown, |reason| {
            lock(self.report).message(&format!("waiting for a broker at {brokers} ({reason})"));
        })?;
        let limit = one_shot.then_some(config.connect_timeout);
        let topic = cluster.ensure_topic(&config.topic, config.shape, limit, self.shutdown, |_| {})?;
        Ok((cluster, topic))
    }

    fn announce(&self, topic: &TopicInfo) {
        let made = if topic.created { ", made" } else { "" };
        let (brokers, partitions) =
            (&self.config.client.brokers, quantity(topic.partitions.unsigned_abs().into(), "partition"));
        let text = format!("sending to {} at {brokers} ({partitions}{made})", topic.name);
        lock(self.report).remark(&text);
    }
}

/// What a slot has sent before, for people; `None` when it is new.
fn already(once: &ExactlyOnceConfig, config: &ProducerConfig, sent_before: u64) -> Option<String> {
    let (slot, orders) = (&once.slot, quantity(sent_before, "order"));
    match config.count {
        _ if sent_before == 0 => None,
        Some(count) if sent_before >= count => {
            Some(format!("slot {slot} has sent {orders} already: its total is reached, nothing is left to send"))
        }
        _ => Some(format!("slot {slot} has sent {orders} already: going on after them")),
    }
}

/// All delivered is what counts first: 75 tells scripts that orders have to be sent again.
fn exit_of(ending: &Ending, report: &mut Report) -> Exit {
    let stdout_error = report.stdout_error().map(|error| format!("cannot write standard output: {error}"));
    if let Some(text) = &stdout_error {
        report.message(text);
    }
    if report.counts().failed > 0 {
        Exit::Undelivered
    } else if ending.failed || stdout_error.is_some() {
        Exit::Failed
    } else {
        Exit::Done
    }
}
