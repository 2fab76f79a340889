//! What `--listen` shows: `/metrics`, `/healthz`, `/readyz`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::doors::health::{Meters, MetricsReport, Percentiles, VitalSigns};
use crate::doors::web::{Answer, Handler, ServeError, Server};

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
    pub(super) fn new(topic: &str, group: &str) -> Self {
        let shown = Shown {
            trouble: Some("starting".into()),
            signs: VitalSigns::default(),
            write_ms: Percentiles::default(),
            sync_ms: Percentiles::default(),
        };
        Self { meters: Arc::new(Meters::new(topic, group)), shown: Arc::new(Mutex::new(shown)) }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The system's figures as they were last read.
    pub(super) fn last_signs(&self) -> VitalSigns {
        self.lock().signs
    }

    /// Not ready, and why.
    pub(super) fn not_ready(&self, reason: &str) {
        self.lock().trouble = Some(reason.to_owned());
    }

    /// Takes over a whole report, the one that the log gets.
    pub(super) fn set(&self, report: &MetricsReport, signs: VitalSigns, trouble: Option<String>) {
        let mut shown = self.lock();
        shown.trouble = trouble;
        shown.signs = signs;
        shown.write_ms = report.write_ms;
        shown.sync_ms = report.sync_ms;
        drop(shown);
        self.meters.set(report);
    }

    /// Takes over a report between two lines; its latencies are those of the last line.
    pub(super) fn renew(&self, report: &mut MetricsReport, trouble: Option<String>) {
        let mut shown = self.lock();
        shown.trouble = trouble;
        report.write_ms = shown.write_ms;
        report.sync_ms = shown.sync_ms;
        drop(shown);
        self.meters.set(report);
    }

    /// Serves it.
    ///
    /// # Errors
    /// [`ServeError`] when the address cannot be had.
    pub(super) fn serve(&self, address: &str) -> Result<Server, ServeError> {
        let plain = |status, body: String| Answer { status, content_type: "text/plain; charset=utf-8", body };
        let meters = Arc::clone(&self.meters);
        let metrics: Handler = Arc::new(move || {
            let (content_type, body) = meters.text();
            Answer { status: 200, content_type, body }
        });
        let health: Handler = Arc::new(move || plain(200, "alive\n".into()));
        let status = self.clone();
        let ready: Handler = Arc::new(move || match &status.lock().trouble {
            None => plain(200, "ready\n".into()),
            Some(reason) => plain(503, format!("not ready: {reason}\n")),
        });
        Server::start(address, vec![("/metrics", metrics), ("/healthz", health), ("/readyz", ready)])
    }
}
