//! Why an `audit` command failed, and with which exit code.

use std::io;

use thiserror::Error;

use crate::tools::config::is_quiet_end;
use crate::tools::exit::Exit;

/// Why an `audit` command failed.
#[derive(Debug, Error)]
pub enum AuditError {
    /// A flag does not take its value, or does not go with another.
    #[error("{reason}")]
    Usage {
        /// Which, and what it takes.
        reason: String,
    },
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {source}")]
    Output {
        /// What the operating system said.
        source: io::Error,
    },
}

impl AuditError {
    /// An error of writing to standard output.
    pub(super) fn output(source: io::Error) -> Self {
        Self::Output { source }
    }

    /// Whether only the reader of standard output has gone, as `| head` does: no failure.
    pub fn is_quiet_end(&self) -> bool {
        matches!(self, Self::Output { source } if is_quiet_end(source))
    }

    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } => Exit::Usage,
            Self::Output { .. } => Exit::Failed,
        }
    }
}
