//! The progress bar of a long command: on standard error, only on a terminal, only after half a second.

use std::cell::Cell;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::tools::shown::{grouped, size};

/// What is over sooner than this shows no bar.
const SHOWN_AFTER: Duration = Duration::from_millis(500);

/// Between two drawings.
const REFRESH: Duration = Duration::from_millis(250);

/// What a bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Bytes that were read.
    Bytes,
    /// Messages that were delivered.
    Messages,
}

/// A bar that hides itself at first.
pub(super) struct Progress {
    bar: ProgressBar,
    unit: Unit,
    total: u64,
    reached: Cell<u64>,
    started: Instant,
    drawn: Cell<Option<Instant>>,
    is_wanted: bool,
}

impl Progress {
    /// A bar that ends at `total`; never shown unless `is_wanted`.
    pub(super) fn new(total: u64, unit: Unit, is_wanted: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        // A template that does not parse would only show the default bar.
        if let Ok(style) = ProgressStyle::with_template("{prefix}  {bar:21}  {percent:>3} %  {msg}") {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏·"));
        }
        bar.set_prefix(if unit == Unit::Bytes { "reading" } else { "sending" });
        let (reached, drawn) = (Cell::new(0), Cell::new(None));
        Self { bar, unit, total, reached, started: Instant::now(), drawn, is_wanted }
    }

    /// Notes that so much more was done.
    pub(super) fn advance(&self, more: u64) {
        self.reach(self.reached.get() + more);
    }

    /// Notes how much was done.
    pub(super) fn reach(&self, reached: u64) {
        self.reached.set(reached);
        if !self.is_wanted {
            return;
        }
        let now = Instant::now();
        let due = self.drawn.get().map_or(self.started + SHOWN_AFTER, |drawn| drawn + REFRESH);
        if now < due {
            return;
        }
        if self.drawn.get().is_none() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.drawn.set(Some(now));
        let speed = reached as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        let left_seconds = self.total.saturating_sub(reached) as f64 / speed.max(1.0);
        let done = match self.unit {
            Unit::Bytes => format!("{} of {}  {}/s", size(reached), size(self.total), size(speed as u64)),
            Unit::Messages => format!("{} of {}  {}/s", grouped(reached), grouped(self.total), grouped(speed as u64)),
        };
        self.bar.set_message(format!("{done}  {left_seconds:.0} s left"));
        self.bar.set_position(reached);
    }

    /// How much was done.
    pub(super) fn reached(&self) -> u64 {
        self.reached.get()
    }

    /// Runs `print` with the bar out of the way.
    pub(super) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.suspend(print)
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
