//! The progress bar of a long reading: on standard error, only on a terminal, only after half a second.

use std::cell::Cell;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A reading that is over sooner than this shows no bar.
const SHOWN_AFTER: Duration = Duration::from_millis(500);

/// Between two drawings.
const REFRESH: Duration = Duration::from_millis(250);

/// A bar that hides itself at first.
pub(super) struct Progress {
    bar: ProgressBar,
    total_bytes: u64,
    read_bytes: Cell<u64>,
    started: Instant,
    drawn: Cell<Option<Instant>>,
    is_wanted: bool,
}

impl Progress {
    /// A bar for reading `total_bytes`; never shown unless `is_wanted`.
    pub(super) fn new(total_bytes: u64, is_wanted: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total_bytes), ProgressDrawTarget::hidden());
        // A template that does not parse would only show the default bar.
        if let Ok(style) = ProgressStyle::with_template("{prefix}  {bar:21}  {percent:>3} %  {msg}") {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏·"));
        }
        bar.set_prefix("reading");
        Self { bar, total_bytes, read_bytes: Cell::new(0), started: Instant::now(), drawn: Cell::new(None), is_wanted }
    }

    /// Notes that so many bytes more were read.
    pub(super) fn advance(&self, bytes: u64) {
        let read_bytes = self.read_bytes.get() + bytes;
        self.read_bytes.set(read_bytes);
        let now = Instant::now();
        let due = self.drawn.get().map_or(self.started + SHOWN_AFTER, |drawn| drawn + REFRESH);
        if !self.is_wanted || now < due {
            return;
        }
        if self.drawn.get().is_none() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.drawn.set(Some(now));
        let seconds = self.started.elapsed().as_secs_f64().max(0.001);
        let speed = read_bytes as f64 / seconds;
        let left = self.total_bytes.saturating_sub(read_bytes) as f64 / speed.max(1.0);
        let (read, total) = (HumanBytes(read_bytes), HumanBytes(self.total_bytes));
        self.bar.set_message(format!("{read} of {total}  {}/s  {left:.0} s left", HumanBytes(speed as u64)));
        self.bar.set_position(read_bytes);
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
