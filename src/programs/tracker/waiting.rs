//! The sign of life of a tracker that records nothing yet: it reads its own tail, or waits for a broker, a topic.
//!
//! That may take days, and is said by whoever waits. Here is what everybody else goes by meanwhile: figures that are
//! true, and a `tracker.metrics` line in each interval, whose absence is the alarm.

use std::io;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::config::TrackerConfig;
use super::report::idle;
use super::session::STATUS_INTERVAL;
use super::status::Status;
use crate::doors::health::{HealthEvent, HealthLog, Vitals};
use crate::tools::shutdown::Shutdown;

/// Tells that the tracker lives, until it is ended or dropped.
pub(super) struct Waiting {
    ended: Shutdown,
    thread: Option<JoinHandle<(Vitals, Instant)>>,
}

/// What is told again and again.
struct Teller {
    dir: PathBuf,
    interval: Duration,
    started: Instant,
    log: HealthLog,
    status: Status,
    vitals: Vitals,
    next_metrics: Instant,
}

impl Waiting {
    /// Begins to tell; the first line is due one interval after `started`.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(super) fn start(
        config: &TrackerConfig,
        log: &HealthLog,
        status: &Status,
        vitals: Vitals,
        started: Instant,
    ) -> io::Result<Self> {
        let (dir, interval) = (config.dir.clone(), config.metrics_interval);
        let next_metrics = started + interval;
        let teller = Teller { dir, interval, started, log: log.clone(), status: status.clone(), vitals, next_metrics };
        let ended = Shutdown::new();
        let stop = ended.clone();
        let thread = std::thread::Builder::new().name("waiting".into()).spawn(move || teller.run(&stop))?;
        Ok(Self { ended, thread: Some(thread) })
    }

    /// Ends: what measures the process, and when the next line is due.
    ///
    /// # Errors
    /// When the thread panicked.
    pub(super) fn end(mut self) -> io::Result<(Vitals, Instant)> {
        self.ended.request();
        let joined = self.thread.take().map(JoinHandle::join);
        joined.and_then(Result::ok).ok_or_else(|| io::Error::other("the thread that tells of waiting panicked"))
    }
}

impl Drop for Waiting {
    /// No line may come after the one that says how the tracker ended.
    fn drop(&mut self) {
        self.ended.request();
        if let Some(thread) = self.thread.take() {
            // Whatever it ended with: nobody goes on with it.
            drop(thread.join());
        }
    }
}

impl Teller {
    fn run(mut self, stop: &Shutdown) -> (Vitals, Instant) {
        while !stop.wait_timeout(STATUS_INTERVAL.min(self.next_metrics.saturating_duration_since(Instant::now()))) {
            let signs = self.vitals.read(&self.dir);
            self.status.set_signs(signs);
            let now = Instant::now();
            if now >= self.next_metrics {
                self.next_metrics = now + self.interval;
                self.log.write(&HealthEvent::Metrics(Box::new(idle(now.duration_since(self.started), signs))));
            }
        }
        (self.vitals, self.next_metrics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::language::Language;
    use crate::doors::health::VitalSigns;

    #[test]
    fn who_waits_gives_a_sign_of_life_in_each_interval() {
        let dir = tempfile::tempdir().expect("a folder");
        let log = HealthLog::open(dir.path(), Language::En).expect("a log");
        let status = Status::new("orders", "g", VitalSigns::default());
        let (started, interval) = (Instant::now(), Duration::from_millis(20));
        let teller = Teller {
            dir: dir.path().to_owned(),
            interval,
            started,
            log,
            status,
            vitals: Vitals::new(),
            next_metrics: started + interval,
        };
        let ended = Shutdown::new();
        let stop = ended.clone();
        let thread = Some(std::thread::spawn(move || teller.run(&stop)));
        let waiting = Waiting { ended, thread };
        let lines = || {
            let log = std::fs::read_to_string(HealthLog::path(dir.path())).unwrap_or_default();
            log.lines().filter(|line| line.contains(r#""event":"tracker.metrics""#)).count()
        };
        let pause = Shutdown::new();
        let patience = Instant::now() + Duration::from_secs(30);
        while lines() < 3 {
            assert!(Instant::now() < patience, "{} lines", lines());
            pause.wait_timeout(Duration::from_millis(5));
        }
        let (_, next) = waiting.end().expect("it did not panic");
        assert!(next > started + interval, "the next line is due one interval after the last");
        let told = lines();
        pause.wait_timeout(Duration::from_millis(60));
        assert_eq!(lines(), told, "none after its end");
    }
}
