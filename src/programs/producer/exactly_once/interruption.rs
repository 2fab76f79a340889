//! Why an exactly-once run ends before its time.

use thiserror::Error;

use crate::doors::kafka::{DeliveryError, PropertyError, ReadBackError, TransactionError};

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
    Transaction(#[from] TransactionError),
    #[error(transparent)]
    ReadBack(ReadBackError),
    #[error(transparent)]
    Property(#[from] PropertyError),
}
