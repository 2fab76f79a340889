//! Why an exactly-once run ends before its time.

use thiserror::Error;

use crate::doors::kafka::{ClusterError, DeliveryError};
use crate::tools::exit::Exit;

/// Why a run ends before its time.
#[derive(Debug, Error)]
pub(crate) enum Interruption {
    /// A stop was asked for, and the time for it is over.
    #[error("stopped")]
    Stopped,
    #[error("another producer has taken over slot {slot} of topic {topic}: this one stops")]
    TakenOver { slot: String, topic: String },
    #[error("slot {slot} of topic {topic} has sent lines of {file} up to {line}: pass another --slot for another file")]
    OtherFile { slot: String, topic: String, file: String, line: u64 },
    #[error(
        "the progress of slot {slot} in topic {progress} cannot be read: {reason}; is that topic used by another program?"
    )]
    Progress { slot: String, progress: String, reason: String },
    #[error("an order was not delivered: {reason}")]
    Refused { reason: DeliveryError },
    #[error(transparent)]
    Cluster(ClusterError),
}

impl<E: Into<ClusterError>> From<E> for Interruption {
    fn from(error: E) -> Self {
        Self::Cluster(error.into())
    }
}

impl Interruption {
    /// The exit code of a run that could not begin.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Stopped => Exit::Done,
            Self::Cluster(error) => error.exit(),
            _ => Exit::Failed,
        }
    }
}
