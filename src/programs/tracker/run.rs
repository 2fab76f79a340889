//! The life of a tracker: own the folder, recover, connect, record, finish.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::config::TrackerConfig;
use super::dead_letters::DeadLetters;
use super::error::TrackerError;
use super::invalid::InvalidLimit;
use super::position::Position;
use super::print::{Printer, standard_output};
use super::publish::Publisher;
use super::report::{Reporter, Tally};
use super::session::Session;
use super::status::Status;
use crate::doors::audit::{self, Trail, trail_path};
use crate::doors::health::{HealthEvent, HealthLog, Vitals};
use crate::doors::kafka::{Cluster, Fetched, Patience, TopicInfo, connect};
use crate::tools::durable::{Lock, LockAttempt};
use crate::tools::shutdown::Shutdown;

/// How often a standby looks whether the folder is free: the bound of a takeover.
const STANDBY_INTERVAL: Duration = Duration::from_millis(50);

/// How long the last offsets may take to be published.
const LAST_COMMIT: Duration = Duration::from_secs(5);

/// How long the cluster may take to tell its id.
const CLUSTER_ID: Duration = Duration::from_secs(2);

/// What a run has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Messages and gaps of this run.
    pub tally: Tally,
    /// Whether the run came as far as reading.
    pub read: bool,
}

impl Summary {
    /// The last line of a run with `--until-end`, for scripts.
    pub fn line(&self) -> String {
        let Tally { received, valid, invalid, gaps } = self.tally;
        format!("received={received} valid={valid} invalid={invalid} gaps={gaps}")
    }
}

/// Runs a tracker until it has reached the end (`--until-end`) or a stop is asked for.
///
/// # Errors
/// [`TrackerError`]; it knows its exit code.
pub fn run(config: &TrackerConfig, shutdown: &Shutdown) -> Result<Summary, TrackerError> {
    fs::create_dir_all(&config.dir).map_err(folder("make", &config.dir))?;
    let Some(_lock) = own_folder(config, shutdown)? else { return Ok(Summary::default()) };
    let log = open_log(config)?;
    log.write(&HealthEvent::Started {
        pid: std::process::id(),
        events_file: trail_path(&config.dir),
        log_file: HealthLog::path(&config.dir),
        brokers: config.client.brokers.clone(),
        topic: config.topic.clone(),
        group: config.group.clone(),
    });
    let outcome = record(config, shutdown, &log);
    match &outcome {
        Ok(_) | Err(TrackerError::Connect(crate::doors::kafka::ConnectError::Stopped { .. })) => {}
        Err(error) => log.write(&HealthEvent::Failed { reason: error.to_string() }),
    }
    outcome
}

fn folder<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> TrackerError + use<'a> {
    move |source| TrackerError::Folder { what, path: path.to_owned(), source }
}

fn open_log(config: &TrackerConfig) -> Result<HealthLog, TrackerError> {
    let path = HealthLog::path(&config.dir);
    HealthLog::open(&config.dir, config.language)
        .map_err(|error| folder("open", &path)(io::Error::other(error.to_string())))
}

/// Becomes the one tracker of the folder, or waits as a standby until the other one ends. `None`
/// when a stop was asked for meanwhile.
fn own_folder(config: &TrackerConfig, shutdown: &Shutdown) -> Result<Option<Lock>, TrackerError> {
    let path = config.dir.join("tracker.events.lock");
    let mut told = false;
    loop {
        match Lock::try_acquire(&path).map_err(folder("lock", &path))? {
            LockAttempt::Acquired(lock) => return Ok(Some(lock)),
            LockAttempt::HeldBy(holder) if config.until_end => {
                return Err(TrackerError::Held { holder, dir: config.dir.clone() });
            }
            LockAttempt::HeldBy(holder) if !told => {
                told = true;
                open_log(config)?.write(&HealthEvent::Standby { pid: std::process::id(), holder });
            }
            LockAttempt::HeldBy(_) => {}
        }
        if shutdown.wait_timeout(STANDBY_INTERVAL) {
            return Ok(None);
        }
    }
}

fn record(config: &TrackerConfig, shutdown: &Shutdown, log: &HealthLog) -> Result<Summary, TrackerError> {
    let started = Instant::now();
    let status = Status::new(&config.topic, &config.group);
    let _server = config.listen.as_deref().map(|address| status.serve(address)).transpose()?;
    let (trail, recovery) = audit::open(&trail_path(&config.dir), &config.topic)?;
    let (lines, positions) = (recovery.lines, recovery.positions.clone());
    log.write(&HealthEvent::Recovered {
        lines: recovery.lines,
        bytes: recovery.bytes,
        cut_bytes: recovery.cut_bytes,
        kept_in: recovery.kept_in,
        positions: recovery.positions,
        seconds: recovery.elapsed.as_secs_f64(),
    });
    let cluster = reach(config, shutdown, log, &status)?;
    let limit = config.until_end.then_some(config.connect_timeout);
    let topic = cluster.ensure_topic(&config.topic, config.shape, limit, shutdown)?;
    let mut session = open_session(config, shutdown, log, &status, &cluster, &topic, (trail, positions), started)?;
    if let Some(letters) = &config.dead_letter_topic {
        let source = (config.topic.as_str(), config.group.as_str());
        session.dead_letters = Some(DeadLetters::open(&cluster, letters, source, limit, shutdown)?);
    }
    let partitions: Vec<i32> =
        (0..topic.partitions).filter(|&partition| config.partitions.accepts(partition)).collect();
    if partitions.is_empty() {
        return Err(TrackerError::NoPartition { topic: topic.name, count: topic.partitions });
    }
    let from = if session.position.all().is_empty() { "beginning" } else { "trail" };
    for &partition in &partitions {
        if !session.begin(partition)? {
            break;
        }
    }
    banner(config, &topic, lines);
    log.write(&HealthEvent::Subscribed {
        pid: std::process::id(),
        topic: config.topic.clone(),
        group: config.group.clone(),
        cluster_id: cluster.id(CLUSTER_ID),
        partitions,
        from,
        positions: session.position.all().clone(),
    });
    read(&mut session)?;
    finish(session, &status)
}

/// Two lines for whoever watches: what is read, and where it goes.
fn banner(config: &TrackerConfig, topic: &TopicInfo, lines: u64) {
    let made = if topic.created { ", made" } else { "" };
    let from = match lines {
        0 => "new, from the beginning of the topic".to_owned(),
        lines => format!("{lines} lines, going on after them"),
    };
    let version = env!("CARGO_PKG_VERSION");
    let text = format!(
        "tracker {version} on {}: topic {} ({} {}{made}), group {}\ntrail {}: {from}",
        config.client.brokers,
        topic.name,
        topic.partitions,
        if topic.partitions == 1 { "partition" } else { "partitions" },
        config.group,
        trail_path(&config.dir).display(),
    );
    // A closed standard error must not end the tracker.
    drop(writeln!(anstream::stderr(), "{text}"));
}

/// Waits for a broker: for ever, and says so, unless the run is a one-shot.
fn reach(
    config: &TrackerConfig,
    shutdown: &Shutdown,
    log: &HealthLog,
    status: &Status,
) -> Result<Cluster, TrackerError> {
    let patience = if config.until_end { Patience::UpTo(config.connect_timeout) } else { Patience::Forever };
    let brokers = &config.client.brokers;
    let mut lost = None;
    let cluster = connect(&config.client, patience, shutdown, |reason| {
        lost.get_or_insert_with(Instant::now);
        status.not_ready(&format!("no broker at {brokers} ({reason})"));
        log.write(&HealthEvent::BrokerLost { brokers: brokers.clone(), reason: reason.to_owned() });
    })?;
    if let Some(since) = lost {
        let away_seconds = since.elapsed().as_secs_f64();
        log.write(&HealthEvent::BrokerBack { brokers: brokers.clone(), away_seconds });
    }
    Ok(cluster)
}

#[allow(clippy::too_many_arguments)] // Everything that a session is made of, named once, here.
fn open_session<'a>(
    config: &'a TrackerConfig,
    shutdown: &'a Shutdown,
    log: &'a HealthLog,
    status: &'a Status,
    cluster: &Cluster,
    topic: &TopicInfo,
    (trail, positions): (Trail, BTreeMap<i32, i64>),
    started: Instant,
) -> Result<Session<'a, impl io::Write + use<>>, TrackerError> {
    let consumer = cluster.consumer(topic, &config.group)?;
    let appender = trail.start(config.durability, shutdown.clone()).map_err(|source| TrackerError::Start { source })?;
    let now = Instant::now();
    Ok(Session {
        config,
        log,
        shutdown,
        status,
        consumer,
        appender,
        position: Position::new(positions),
        printer: Printer::new(standard_output(), config.printing, now),
        publisher: Publisher::new(now),
        reporter: Reporter::new(started),
        invalid: InvalidLimit::new(now),
        vitals: Vitals::new(),
        dead_letters: None,
        tally: Tally::default(),
        ends: BTreeMap::new(),
        targets: None,
        broker_lost: None,
        disk_full: None,
        next_metrics: now + config.metrics_interval,
        next_status: now,
    })
}

/// Reads until the end that was noted, or until a stop is asked for and what was there is read.
fn read<W: io::Write>(session: &mut Session<'_, W>) -> Result<(), TrackerError> {
    if session.config.until_end && !session.shutdown.is_requested() {
        session.aim_at_known_ends();
    }
    let is_done = |session: &Session<'_, W>| session.targets.as_ref().is_some_and(|targets| targets.is_done());
    while !session.shutdown.is_requested() && !is_done(session) {
        session.step()?;
    }
    if !session.shutdown.is_requested() {
        session.log.write(&HealthEvent::Stopping { reason: "end" });
        return Ok(());
    }
    session.log.write(&HealthEvent::Stopping { reason: "signal" });
    session.status.not_ready("stopping");
    let away = session.broker_lost.is_some();
    let deadline = Instant::now() + if away { Duration::ZERO } else { session.config.drain_timeout };
    session.note_targets(deadline);
    while Instant::now() < deadline && !is_done(session) && session.broker_lost.is_none() {
        session.step()?;
    }
    Ok(())
}

/// Syncs, publishes, and says goodbye.
fn finish<W: io::Write>(mut session: Session<'_, W>, status: &Status) -> Result<Summary, TrackerError> {
    if let Some(event) = session.invalid.rest() {
        session.log.write(&event);
    }
    session.printer.tell_unprinted();
    session.report(Instant::now(), true);
    status.not_ready("stopped");
    let lag = session.lag();
    let Session { config, log, consumer, appender, position, reporter, tally, broker_lost, mut printer, .. } = session;
    let (_, outcome) = appender.finish();
    outcome?;
    let positions: Vec<(i32, i64)> = position.all().iter().map(|(&partition, &next)| (partition, next)).collect();
    if broker_lost.is_none() && !positions.is_empty() {
        consumer.commit(&positions);
        let deadline = Instant::now() + LAST_COMMIT;
        while consumer.unanswered() > 0 && Instant::now() < deadline {
            // What is read from here on stays in Kafka; the next start reads it again.
            let Some(Fetched::Committed(answer)) = consumer.next(Duration::from_millis(100)) else { continue };
            if let Err(reason) = answer {
                log.write(&HealthEvent::CommitFailed { reason });
            }
        }
    }
    log.write(&HealthEvent::Stopped {
        received: tally.received,
        processed: tally.valid,
        failed: tally.invalid,
        gaps: tally.gaps,
        uptime_seconds: reporter.uptime(Instant::now()).as_secs_f64(),
        lag,
    });
    let summary = Summary { tally, read: true };
    if config.until_end {
        printer.line(&summary.line());
    }
    Ok(summary)
}
