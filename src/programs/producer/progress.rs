//! The progress bar of a long run: on standard error, only on a terminal, only after half a second.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A run that is over sooner than this shows no bar.
const SHOWN_AFTER: Duration = Duration::from_millis(500);

/// Between two drawings.
const REFRESH: Duration = Duration::from_millis(250);

/// Rate and time left are the mean of so many drawings: five seconds.
const REMEMBERED: usize = 20;

/// What the bar measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// So many orders.
    Orders(u64),
    /// A file of so many bytes.
    FileBytes(u64),
    /// Nobody knows: a pipe.
    Unknown,
}

/// How far the run is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reached {
    /// Orders whose fate is known.
    pub(super) settled: u64,
    /// Orders whose fate is not.
    pub(super) in_flight: u64,
    /// Bytes of the file that were read.
    pub(super) file_bytes: u64,
}

/// A bar that hides itself at first.
pub(super) struct Progress {
    bar: ProgressBar,
    extent: Extent,
    /// The last drawings, oldest first; the first is the start of the run.
    history: VecDeque<(Instant, Reached)>,
    is_shown: bool,
}

impl Progress {
    pub(super) fn new(extent: Extent, now: Instant) -> Self {
        let (length, template) = match extent {
            Extent::Orders(count) => (Some(count), "{prefix}  {bar:21}  {percent:>3} %  {msg}"),
            Extent::FileBytes(bytes) => (Some(bytes), "{prefix}  {bar:21}  {percent:>3} %  {msg}"),
            Extent::Unknown => (None, "{prefix}  {msg}"),
        };
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        // A template that does not parse would only show the default bar.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏·"));
        }
        Self { bar, extent, history: VecDeque::from([(now, Reached::default())]), is_shown: false }
    }

    /// Moves the bar on, when it is time to.
    pub(super) fn update(&mut self, now: Instant, reached: Reached) {
        let since_last = self.history.back().map_or(Duration::MAX, |(drawn, _)| now.duration_since(*drawn));
        if since_last < if self.is_shown { REFRESH } else { SHOWN_AFTER } {
            return;
        }
        if !self.is_shown {
            self.is_shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        let (prefix, message) = self.texts(now, reached);
        self.history.push_back((now, reached));
        if self.history.len() > REMEMBERED {
            self.history.pop_front();
        }
        self.bar.set_prefix(prefix);
        self.bar.set_message(message);
        self.bar.set_position(self.position(reached));
    }

    fn position(&self, reached: Reached) -> u64 {
        match self.extent {
            Extent::Orders(_) | Extent::Unknown => reached.settled,
            Extent::FileBytes(_) => reached.file_bytes,
        }
    }

    /// What stands before and after the bar.
    fn texts(&self, now: Instant, reached: Reached) -> (String, String) {
        let settled = HumanCount(reached.settled);
        let (prefix, end) = match self.extent {
            Extent::Orders(count) => (format!("{settled} of {}", HumanCount(count)), Some(count)),
            Extent::FileBytes(bytes) => (format!("{settled} orders"), Some(bytes)),
            Extent::Unknown => (format!("{settled} orders"), None),
        };
        let (then, before) = self.history.front().copied().unwrap_or((now, Reached::default()));
        let seconds = now.duration_since(then).as_secs_f64().max(0.001);
        let rate = reached.settled.saturating_sub(before.settled) as f64 / seconds;
        let mut message = format!("{}/s  {} in flight", HumanCount(rate.round() as u64), HumanCount(reached.in_flight));
        let speed = self.position(reached).saturating_sub(self.position(before)) as f64 / seconds;
        if let Some(end) = end
            && speed > 0.0
        {
            let left = end.saturating_sub(self.position(reached)) as f64 / speed;
            message.push_str(&format!("  {left:.1} s left"));
        }
        (prefix, message)
    }

    /// For who prints on the same terminal.
    pub(super) fn handle(&self) -> ProgressBar {
        self.bar.clone()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(extent: Extent, reached: Reached) -> (String, String) {
        let start = Instant::now();
        Progress::new(extent, start).texts(start + Duration::from_secs(2), reached)
    }

    #[test]
    fn count_rate_and_time_left_are_told() {
        let reached = Reached { settled: 4_000, in_flight: 1_041, file_bytes: 1_000 };
        let (prefix, message) = texts(Extent::Orders(10_000), reached);
        assert_eq!((prefix.as_str(), message.as_str()), ("4,000 of 10,000", "2,000/s  1,041 in flight  3.0 s left"));
        let (prefix, message) = texts(Extent::FileBytes(1_500), reached);
        assert_eq!((prefix.as_str(), message.as_str()), ("4,000 orders", "2,000/s  1,041 in flight  1.0 s left"));
        assert_eq!(texts(Extent::Unknown, reached).1, "2,000/s  1,041 in flight");
        assert_eq!(texts(Extent::Orders(10), Reached::default()).1, "0/s  0 in flight");
    }

    #[test]
    fn a_run_of_less_than_half_a_second_shows_nothing() {
        let start = Instant::now();
        let mut progress = Progress::new(Extent::Orders(10), start);
        progress.update(start + Duration::from_millis(499), Reached::default());
        assert!(progress.bar.is_hidden() && !progress.is_shown);
        progress.update(start + Duration::from_millis(501), Reached::default());
        assert!(progress.is_shown);
        progress.clear();
    }
}
