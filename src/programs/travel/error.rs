//! Why a command ends before its time, and with which exit code.

use std::io;

use thiserror::Error;

use crate::doors::kafka::ClusterError;
use crate::services::output::OutputError;
use crate::tools::config::SettingsError;
use crate::tools::exit::Exit;

/// Why a command ended before its time.
#[derive(Debug, Error)]
pub enum TravelError {
    /// A flag does not take its value, or the input makes no sense.
    #[error("{reason}")]
    Usage {
        /// Which, and what it takes.
        reason: String,
    },
    /// The Kafka settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The cluster cannot be used.
    #[error(transparent)]
    Cluster(ClusterError),
    /// Standard output cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// An event is not in the topic, or nobody knows.
    #[error("{reason}")]
    Undelivered {
        /// Which, and why.
        reason: String,
    },
    /// A stop was asked for before all was read.
    #[error("stopped before all was read")]
    Stopped,
    /// Something failed for good; the text names the next step.
    #[error("{reason}")]
    Failed {
        /// What, and what to do.
        reason: String,
    },
    /// The operating system gives no thread or handle.
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
}

impl<E: Into<ClusterError>> From<E> for TravelError {
    fn from(error: E) -> Self {
        Self::Cluster(error.into())
    }
}

impl TravelError {
    /// Whether it is only a stop that was asked for before there was anything to do.
    pub(super) fn is_early_stop(&self) -> bool {
        matches!(self, Self::Cluster(error) if error.is_stop())
    }

    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Settings(_) => Exit::Usage,
            Self::Cluster(error) => error.exit(),
            Self::Undelivered { .. } => Exit::Undelivered,
            Self::Stopped => Exit::Done,
            _ => Exit::Failed,
        }
    }
}
