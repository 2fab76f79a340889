//! What `--listen` shows: a page of the trail, `/metrics`, `/healthz`, `/readyz`.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::TrackerError;
use crate::doors::health::{Meters, MetricsReport, Percentiles, VitalSigns};
use crate::doors::web::{Server, Site};
use crate::services::runtime::{alive, figures, readiness};

/// Makes the page of the trail in a folder; the flag shows people's data whole. It is the monitor's, which knows what
/// both files tell.
pub type PageMaker = fn(&Path, bool) -> Result<Site, serde_json::Error>;

/// Shared by the program and its web server. Clones share it.
#[derive(Clone)]
pub(super) struct Status {
    meters: Arc<Meters>,
    shown: Arc<Mutex<Shown>>,
}

struct Shown {
    /// Why it is not ready; `None` when it is.
    trouble: Option<String>,
    signs: VitalSigns,
    write_ms: Percentiles,
    sync_ms: Percentiles,
}

impl Status {
    /// What is served from the first question on; `signs` were read just now.
    pub(super) fn new(topic: &str, group: &str, signs: VitalSigns) -> Self {
        let shown = Shown {
            trouble: Some("starting".into()),
            signs,
            write_ms: Percentiles::default(),
            sync_ms: Percentiles::default(),
        };
        let meters = Meters::new(topic, group);
        meters.set_signs(signs.memory_bytes, signs.disk_free_bytes);
        Self { meters: Arc::new(meters), shown: Arc::new(Mutex::new(shown)) }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The system's figures as they were last read.
    pub(super) fn last_signs(&self) -> VitalSigns {
        self.lock().signs
    }

    /// Takes over the system's figures alone.
    pub(super) fn set_signs(&self, signs: VitalSigns) {
        self.lock().signs = signs;
        self.meters.set_signs(signs.memory_bytes, signs.disk_free_bytes);
    }

    /// Not ready, and why.
    pub(super) fn not_ready(&self, reason: &str) {
        self.tell(&mut self.lock(), Some(reason.to_owned()));
    }

    /// `/readyz` and the figure for Prometheus say the same.
    fn tell(&self, shown: &mut Shown, trouble: Option<String>) {
        self.meters.set_ready(trouble.is_none());
        shown.trouble = trouble;
    }

    /// Takes over a whole report, the one that the log gets.
    pub(super) fn set(&self, report: &MetricsReport, signs: VitalSigns, trouble: Option<String>) {
        let mut shown = self.lock();
        self.tell(&mut shown, trouble);
        shown.signs = signs;
        shown.write_ms = report.write_ms;
        shown.sync_ms = report.sync_ms;
        drop(shown);
        self.meters.set(report);
    }

    /// Takes over a report between two lines; its latencies are those of the last line.
    pub(super) fn renew(&self, report: &mut MetricsReport, trouble: Option<String>) {
        let mut shown = self.lock();
        self.tell(&mut shown, trouble);
        report.write_ms = shown.write_ms;
        report.sync_ms = shown.sync_ms;
        drop(shown);
        self.meters.set(report);
    }

    /// Serves it beside the pages of `site`.
    ///
    /// # Errors
    /// [`TrackerError`] when the address cannot be had.
    pub(super) fn serve(&self, address: &str, mut site: Site) -> Result<Server, TrackerError> {
        let (meters, status) = (Arc::clone(&self.meters), self.clone());
        let ready = readiness(move || status.lock().trouble.clone());
        site.probes.extend([("/metrics", figures(move || meters.text())), ("/healthz", alive()), ("/readyz", ready)]);
        Ok(Server::site(address, site)?)
    }
}

/// The one reason that is told. Whoever sends work by it sends it elsewhere once a stop was asked for, however long
/// reading the rest then takes.
pub(super) fn gravest<const N: usize>(is_stopping: bool, obstacles: [Option<String>; N]) -> Option<String> {
    is_stopping.then(|| "stopping".to_owned()).or_else(|| obstacles.into_iter().flatten().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_answer_already_has_the_disk_and_the_memory() {
        let signs = VitalSigns { memory_bytes: Some(21), disk_free_bytes: Some(41_000), ..VitalSigns::default() };
        let (_, text) = Status::new("orders", "g", signs).meters.text();
        for line in ["ordertrail_tracker_memory_resident_bytes 21", "ordertrail_tracker_disk_free_bytes 41000"] {
            assert!(text.lines().any(|told| told == line), "{line} is not in:\n{text}");
        }
    }

    #[test]
    fn a_tracker_that_drains_is_not_ready() {
        let full = || Some("the disk is full for 3 s".to_owned());
        let away = || Some("no broker for 9 s".to_owned());
        assert_eq!(gravest(true, [None, None, None, None]).as_deref(), Some("stopping"));
        assert_eq!(gravest(true, [None, away(), None, None]).as_deref(), Some("stopping"));
        assert_eq!(gravest(false, [full(), away(), None, None]), full());
        assert_eq!(gravest(false, [None, None, None, None]), None);
    }

    #[test]
    fn what_readyz_says_is_a_figure_too() {
        let status = Status::new("orders", "g", VitalSigns::default());
        let is_ready = || status.meters.text().1.lines().any(|line| line == "ordertrail_tracker_ready 1");
        assert!(!is_ready(), "it is starting");
        status.renew(&mut MetricsReport::default(), None);
        assert!(is_ready());
        status.not_ready("no broker at kafka:9092");
        assert!(!is_ready());
        status.set(&MetricsReport::default(), VitalSigns::default(), None);
        assert!(is_ready());
        status.renew(&mut MetricsReport::default(), Some("the disk is full".into()));
        assert!(!is_ready());
    }
}
