//! The progress bar of a long run: on standard error, only on a terminal, only after half a second.

use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// A run that is over sooner than this shows no bar.
const SHOWN_AFTER: Duration = Duration::from_millis(500);

/// Drawings a second.
const REFRESH_HZ: u8 = 4;

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

/// A bar that hides itself at first.
pub(super) struct Progress {
    bar: ProgressBar,
    extent: Extent,
    started: Instant,
}

impl Progress {
    pub(super) fn new(extent: Extent) -> Self {
        let (length, template) = match extent {
            Extent::Orders(count) => {
                (Some(count), "{grouped_pos} of {grouped_len}  {bar:21}  {percent:>3} %  {rate}/s  {msg}  {eta} left")
            }
            Extent::FileBytes(bytes) => (Some(bytes), "{bar:21}  {percent:>3} % of the file  {msg}  {eta} left"),
            Extent::Unknown => (None, "{spinner} {msg}  {elapsed}"),
        };
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        // A template that does not parse would show the default bar; a test sees to it that it does.
        if let Ok(style) = style(template) {
            bar.set_style(style);
        }
        Self { bar, extent, started: Instant::now() }
    }

    /// Moves the bar on; draws it at most 4 times a second.
    pub(super) fn update(&self, settled: u64, in_flight: u64, file_bytes: u64) {
        if self.bar.is_hidden() && self.started.elapsed() >= SHOWN_AFTER {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(REFRESH_HZ));
        }
        let waiting = format!("{} in flight", HumanCount(in_flight));
        match self.extent {
            Extent::Orders(_) => {
                self.bar.set_message(waiting);
                self.bar.set_position(settled);
            }
            Extent::FileBytes(_) => {
                self.bar.set_message(format!("{} orders  {waiting}", HumanCount(settled)));
                self.bar.set_position(file_bytes);
            }
            Extent::Unknown => {
                self.bar.set_message(format!("{} orders  {waiting}", HumanCount(settled)));
                self.bar.tick();
            }
        }
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

fn style(template: &str) -> Result<ProgressStyle, indicatif::style::TemplateError> {
    let grouped = |number: u64, out: &mut dyn std::fmt::Write| {
        // A progress bar has nobody to report a failure of formatting to.
        let _infallible = write!(out, "{}", HumanCount(number));
    };
    Ok(ProgressStyle::with_template(template)?
        .progress_chars("█▉▊▋▌▍▎▏·")
        .with_key("grouped_pos", move |state: &ProgressState, out: &mut dyn std::fmt::Write| grouped(state.pos(), out))
        .with_key("grouped_len", move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            grouped(state.len().unwrap_or_default(), out);
        })
        .with_key("rate", move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            grouped(state.per_sec().round() as u64, out);
        }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_good_and_a_short_run_shows_nothing() {
        for extent in [Extent::Orders(10), Extent::FileBytes(10), Extent::Unknown] {
            let progress = Progress::new(extent);
            progress.update(5, 1, 5);
            assert!(progress.bar.is_hidden());
            progress.clear();
        }
        assert!(style("{grouped_pos} of {grouped_len} {bar:21} {rate}/s").is_ok());
    }
}
