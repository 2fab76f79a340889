//! The life of a tracker: own the folder, recover, connect, record, finish.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::anchor::Anchors;
use super::config::TrackerConfig;
use super::dead_letters::DeadLetters;
use super::error::TrackerError;
use super::learn::Announcement;
use super::limit::LineLimit;
use super::print::Printer;
use super::published::{HeldTrail, Published, hold};
use super::record::Encoders;
use super::report::{Reporter, Tally};
use super::session::Session;
use super::status::{PageMaker, Status};
use super::unreadable::Unreadable;
use super::waiting::Waiting;
use super::written::Written;
use crate::doors::audit::{self, AppendOptions, Finished, KeyExposure, Recovery, Unsealed, lock_path, trail_path};
use crate::doors::health::{HealthEvent, HealthLog, Vitals};
use crate::doors::kafka::{Cluster, Consumer, Fetched, Patience, Reader, TopicInfo, connect};
use crate::doors::web::Server;
use crate::logic::ledger::{Ledger, Publisher};
use crate::services::output::OutputError;
use crate::tools::durable::{Lock, LockAttempt, OsDisk, make_folder};
use crate::tools::shutdown::Shutdown;
use crate::words::seal::PublishedText;

/// How often a standby looks whether the folder is free: the bound of a takeover.
const STANDBY_INTERVAL: Duration = Duration::from_millis(50);

/// How long the last offsets may take to be published.
const LAST_COMMIT: Duration = Duration::from_secs(5);

/// Runs a tracker until it has reached the end (`--until-end`) or a stop is asked for.
///
/// `page` makes what `--listen` serves beside the tracker's own figures.
///
/// # Errors
/// [`TrackerError`]; it knows its exit code.
pub fn run(config: &TrackerConfig, page: PageMaker, shutdown: &Shutdown) -> Result<Tally, TrackerError> {
    make_folder(&config.dir).map_err(folder("make", &config.dir))?;
    let Some(lock) = own_folder(config, shutdown)? else { return Ok(Tally::default()) };
    let log = open_log(config)?;
    log.layer().begin();
    log.write(&HealthEvent::Started {
        pid: std::process::id(),
        events_file: trail_path(&config.dir),
        log_file: HealthLog::path(&config.dir),
        brokers: config.client.brokers.clone(),
        topic: config.topic.clone(),
        group: config.group.clone(),
        metrics_interval_seconds: config.metrics_interval.as_secs_f64(),
    });
    let started = Instant::now();
    match record(config, page, shutdown, &log, started) {
        Err(error) if error.is_early_stop() => {
            log.write(&HealthEvent::Stopping { reason: "signal" });
            log.write(&stopped(Tally::default(), started.elapsed(), None));
            Ok(Tally::default())
        }
        Err(error) => {
            log.write(&HealthEvent::Failed { exit_code: error.exit().code(), reason: error.to_string() });
            // A write may still be under way: the folder is free when this process has ended, not before.
            std::mem::forget(lock);
            Err(error)
        }
        Ok(tally) => Ok(tally),
    }
}

fn stopped(tally: Tally, uptime: Duration, lag: Option<i64>) -> HealthEvent {
    HealthEvent::Stopped {
        received: tally.received,
        processed: tally.valid,
        failed: tally.invalid,
        gaps: tally.gaps,
        uptime_seconds: uptime.as_secs_f64(),
        lag,
    }
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
    let path = lock_path(&config.dir);
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

fn record(
    config: &TrackerConfig,
    page: PageMaker,
    shutdown: &Shutdown,
    log: &HealthLog,
    started: Instant,
) -> Result<Tally, TrackerError> {
    let mut vitals = Vitals::new();
    let status = Status::new(&config.topic, &config.group, vitals.read(&config.dir));
    let _server = serve(config, page, &status)?;
    let waiting = Waiting::start(config, log, &status, vitals, started).map_err(start)?;
    let life = Life { config, shutdown, log, status: &status, started };
    let prepared = life.prepare()?;
    let mut session = life.begin(prepared, waiting)?;
    read(&mut session)?;
    finish(session, &status)
}

fn start(source: io::Error) -> TrackerError {
    TrackerError::Start { source }
}

/// One tracker from its start on.
struct Life<'a> {
    config: &'a TrackerConfig,
    shutdown: &'a Shutdown,
    log: &'a HealthLog,
    status: &'a Status,
    started: Instant,
}

/// What there is before anything is read.
struct Prepared {
    held: HeldTrail,
    topic: TopicInfo,
    reader: Reader,
    consumer: Consumer,
    dead_letters: Option<DeadLetters>,
    anchors: Option<Anchors>,
}

impl<'a> Life<'a> {
    /// Recovers the trail and reaches the topic, however long either takes.
    fn prepare(&self) -> Result<Prepared, TrackerError> {
        let config = self.config;
        let mut seed = [0; 40];
        getrandom::fill(&mut seed).map_err(|error| start(error.into()))?;
        let opened = audit::open(&OsDisk, &config.dir, &config.topic, Unsealed::Believed, &seed, self.shutdown)?;
        self.log.write(&recovered_event(&opened.1));
        if let Some(exposure) = audit::key_exposure(&config.dir) {
            self.log.write(&exposed_event(&exposure));
        }
        let cluster = self.reach()?;
        let topic = cluster.ensure_topic(&config.topic, config.shape, self.limit(), self.shutdown, |reason| {
            self.status.not_ready(&format!("topic {}: {reason}", config.topic));
            self.log.write(&HealthEvent::KafkaTrouble { partition: None, reason: reason.to_owned() });
        })?;
        if !(0..topic.partitions).any(|partition| config.partitions.accepts(partition)) {
            return Err(TrackerError::NoPartition { topic: topic.name, count: topic.partitions });
        }
        let (dead_letters, anchors) = self.beside(&cluster)?;
        let reader = cluster.reader(&topic, &config.group);
        // Its client has done its work; nobody would hear what it reports from here on.
        drop(cluster);
        let consumer = reader.consumer(None)?;
        let held = hold(config, self.log, self.shutdown, &seed, opened, &consumer)?;
        Ok(Prepared { held, topic, reader, consumer, dead_letters, anchors })
    }

    /// How long what the topics need may take: for ever, unless the run is a one-shot.
    fn limit(&self) -> Option<Duration> {
        self.config.until_end.then_some(self.config.connect_timeout)
    }

    /// Waits for a broker, and says so.
    fn reach(&self) -> Result<Cluster, TrackerError> {
        let Self { config, log, status, .. } = self;
        let patience = self.limit().map_or(Patience::Forever, Patience::UpTo);
        let brokers = &config.client.brokers;
        let mut lost = None;
        let cluster = connect(&config.client, patience, self.shutdown, |reason| {
            lost.get_or_insert_with(Instant::now);
            status.not_ready(&format!("no broker at {brokers} ({reason})"));
            log.write(&HealthEvent::BrokerLost { brokers: brokers.clone(), reason: reason.to_owned() });
        })?;
        if let Some(since) = lost {
            let away_seconds = since.elapsed().as_secs_f64();
            log.write(&HealthEvent::BrokerBack { brokers: brokers.clone(), away_seconds });
            // It answers: whatever is waited for from here on is another thing.
            status.not_ready("starting");
        }
        Ok(cluster)
    }

    /// What is sent to Kafka beside recording, where it is asked for.
    fn beside(&self, cluster: &Cluster) -> Result<(Option<DeadLetters>, Option<Anchors>), TrackerError> {
        let Self { config, shutdown, log, .. } = self;
        let source = (config.topic.as_str(), config.group.as_str());
        let letters = config.dead_letter_topic.as_ref();
        let letters =
            letters.map(|topic| DeadLetters::open(cluster, topic, source, self.limit(), shutdown, log)).transpose()?;
        let anchors = config.anchor_topic.as_ref();
        let anchors = anchors.map(|topic| Anchors::open(cluster, topic, self.limit(), shutdown, log)).transpose()?;
        Ok((letters, anchors))
    }

    /// Starts all threads; from here on whoever waited is told of by the session.
    fn begin(&self, prepared: Prepared, waiting: Waiting) -> Result<Session<'a>, TrackerError> {
        let Prepared { held, topic, reader, consumer, dead_letters, anchors } = prepared;
        let HeldTrail { trail, recovery, published } = held;
        let Self { config, shutdown, log, status, started } = *self;
        let (mark, history) = (trail.mark().clone(), trail.history().clone());
        let options =
            AppendOptions { durability: config.durability, rotation: config.rotation, stop: shutdown.clone() };
        let appender = trail.start(options).map_err(start)?;
        let submitted_bytes = appender.progress().written_bytes;
        let (vitals, next_metrics) = waiting.end().map_err(start)?;
        let now = Instant::now();
        Ok(Session {
            config,
            log,
            shutdown,
            status,
            consumer,
            reader,
            appender,
            ledger: Ledger::new(recovery.recovered),
            encoders: Encoders::start(config).map_err(start)?,
            mark,
            printer: Printer::start(io::stdout(), config.printing, now).map_err(start)?,
            publisher: Publisher::new(started.elapsed()),
            reporter: Reporter::new(started, submitted_bytes),
            invalid: LineLimit::new(now),
            vitals,
            dead_letters,
            anchors,
            tally: Tally::default(),
            published,
            history,
            was_clean: recovery.was_clean || recovery.is_new,
            idle_since: now,
            started,
            announcement: Some(Announcement { topic, lines: recovery.lines }),
            submitted_bytes,
            written: Written::default(),
            stop_deadline: None,
            broker_lost: None,
            topic_missing: None,
            unreadable: Unreadable::new(&config.topic),
            disk_full: None,
            next_metrics,
            next_status: now,
            next_ends: now,
        })
    }
}

/// What `--listen` serves, as long as it is held.
fn serve(config: &TrackerConfig, page: PageMaker, status: &Status) -> Result<Option<Server>, TrackerError> {
    let Some(address) = config.listen.as_deref() else { return Ok(None) };
    let site = page(&config.dir, config.is_unmasked);
    let mut site = site.map_err(|error| start(io::Error::other(error)))?;
    site.hosts.clone_from(&config.hosts);
    status.serve(address, site).map(Some)
}

/// It is said, and no reason to stop: messages that are not recorded may be gone later, and a key can be changed.
fn exposed_event(exposure: &KeyExposure) -> HealthEvent {
    let KeyExposure { path, mode, .. } = exposure;
    HealthEvent::KeyExposed {
        key_file: path.clone(),
        mode: *mode,
        reason: format!("{exposure}: {}", exposure.advice()),
    }
}

/// What is told of a trail that was opened.
pub(super) fn recovered_event(recovery: &Recovery) -> HealthEvent {
    let positions = &recovery.recovered.positions;
    HealthEvent::Recovered {
        lines: recovery.lines,
        unsealed_lines: recovery.unsealed_lines,
        bytes: recovery.bytes,
        cut_bytes: recovery.cut_bytes,
        kept_in: recovery.kept_in.clone(),
        positions: positions.iter().map(|(&partition, at)| (partition, at.next)).collect(),
        seconds: recovery.elapsed.as_secs_f64(),
    }
}

/// Reads until the end that was noted, or until a stop is asked for and what was there is read.
fn read(session: &mut Session<'_>) -> Result<(), TrackerError> {
    while !session.shutdown.is_requested() && !session.ledger.is_done() {
        session.step()?;
        if session.config.until_end && !session.ledger.has_aim() && session.ledger.is_begun() {
            session.ledger.aim_at_known_ends();
        }
        if session.config.until_end
            && let Some(what) = session.unreadable.is_all_that_is_left(&session.ledger.standings(), Instant::now())
        {
            return Err(TrackerError::Unreadable { topic: session.config.topic.clone(), what });
        }
    }
    if !session.shutdown.is_requested() {
        session.settle()?;
        session.log.write(&HealthEvent::Stopping { reason: "end" });
        return Ok(());
    }
    session.log.write(&HealthEvent::Stopping { reason: "signal" });
    session.status.not_ready("stopping");
    let is_away = |session: &Session<'_>| session.broker_lost.is_some() || session.topic_missing.is_some();
    let timeout = if is_away(session) { Duration::ZERO } else { session.config.drain_timeout };
    let deadline = *session.stop_deadline.get_or_insert_with(|| Instant::now() + timeout);
    session.note_targets(deadline);
    while Instant::now() < deadline && !session.ledger.is_done() && !is_away(session) {
        session.step()?;
    }
    session.settle()
}

/// Syncs, publishes, and says goodbye.
fn finish(mut session: Session<'_>, status: &Status) -> Result<Tally, TrackerError> {
    if let Some(event) = session.invalid.rest() {
        session.log.write(&event);
    }
    for event in session.dead_letters.as_ref().map(DeadLetters::untold).unwrap_or_default() {
        session.log.write(&event);
    }
    session.wait_for_disk();
    session.report(Instant::now(), true);
    status.not_ready("stopped");
    let lag = session.lag();
    let positions: Vec<(i32, i64)> = session.ledger.recorded().into_iter().collect();
    let topic_id = session.ledger.identity().topic_id.clone();
    let may_publish = session.broker_lost.is_none() && matches!(session.published, Published::Done);
    let Session { config, log, consumer, appender, reporter, tally, broker_lost, printer, anchors, .. } = session;
    let origin = appender.origin().to_owned();
    let Finished { checkpoints, last_checkpoint, outcome, .. } = appender.finish();
    outcome?;
    if may_publish && !positions.is_empty() {
        let text = PublishedText { origin: origin.clone(), topic_id, checkpoint: last_checkpoint }.to_text();
        consumer.commit(&positions, &text);
        let deadline = Instant::now() + LAST_COMMIT;
        while consumer.unanswered() > 0 && Instant::now() < deadline {
            // What is read from here on stays in Kafka; the next start reads it again.
            let Some(Fetched::Committed(answer)) = consumer.next(Duration::from_millis(100)) else { continue };
            if let Err(reason) = answer {
                log.write(&HealthEvent::CommitFailed { reason });
            }
        }
    }
    if let Some(anchors) = anchors {
        let timeout = if broker_lost.is_none() { LAST_COMMIT } else { Duration::ZERO };
        if let Some(event) = anchors.finish(&origin, checkpoints.into_iter(), timeout) {
            log.write(&event);
        }
    }
    log.write(&stopped(tally, reporter.uptime(Instant::now()), lag));
    let last = config.until_end.then(|| tally.line());
    printer.finish(last).map_err(OutputError::from)?;
    Ok(tally)
}
