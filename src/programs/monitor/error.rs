//! Why `log-monitor` failed, and with which exit code.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::services::output::OutputError;
use crate::tools::exit::Exit;

/// Why `log-monitor` failed.
#[derive(Debug, Error)]
pub enum MonitorError {
    /// There is nothing to show.
    #[error(
        "cannot read {events} ({events_reason}) nor {log} ({log_reason}): pass --dir with the tracker's folder, \
         or start a tracker: ./start.sh", events = .events.display(), log = .log.display()
    )]
    NoFile {
        /// The trail.
        events: PathBuf,
        /// What is wrong with it.
        events_reason: String,
        /// The health log.
        log: PathBuf,
        /// What is wrong with it.
        log_reason: String,
    },
    /// Standard output cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The terminal cannot be drawn on.
    #[error("cannot draw on this terminal: {source}; log-monitor --once prints a summary instead")]
    Screen {
        /// What the operating system said.
        source: io::Error,
    },
}

impl MonitorError {
    /// An error of writing to standard output.
    pub(super) fn output(source: io::Error) -> Self {
        Self::Output(source.into())
    }

    /// Whether only the reader of standard output has gone, as `| head` does: no failure.
    pub fn is_quiet_end(&self) -> bool {
        matches!(self, Self::Output(error) if error.is_quiet_end())
    }

    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        Exit::Failed
    }
}
