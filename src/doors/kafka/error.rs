//! Why a program cannot use a cluster, whatever it was doing, and with which exit code it then ends.

use thiserror::Error;

use super::connect::ConnectError;
use super::consumer::ConsumeError;
use super::last_values::ReadBackError;
use super::producer::ProduceError;
use super::settings::PropertyError;
use super::topics::TopicError;
use super::transaction_error::TransactionError;
use super::unreadable::EndError;
use crate::tools::exit::Exit;

/// Any error of this room that ends a program. Each operation has an enum of its own; this one is for who only hands
/// them on, so that exit codes are said once.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// A Kafka property is wrong.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A topic cannot be used.
    #[error(transparent)]
    Topic(#[from] TopicError),
    /// A topic cannot be read.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
    /// A topic cannot be read to its end.
    #[error(transparent)]
    End(#[from] EndError),
    /// There is no producer.
    #[error(transparent)]
    Produce(#[from] ProduceError),
    /// A transaction cannot be made, for good.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// State cannot be read back.
    #[error(transparent)]
    ReadBack(#[from] ReadBackError),
}

impl ClusterError {
    /// Whether it is only a stop that was asked for while something was waited for.
    pub fn is_stop(&self) -> bool {
        matches!(
            self,
            Self::Connect(ConnectError::Stopped { .. })
                | Self::Topic(TopicError::Stopped { .. })
                | Self::Transaction(TransactionError::GaveUp)
                | Self::ReadBack(ReadBackError::GaveUp { .. })
        )
    }

    /// The exit code that goes with it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Property(_)
            | Self::Connect(ConnectError::Property(_))
            | Self::Consume(ConsumeError::Property(_))
            | Self::Produce(ProduceError::Property(_))
            | Self::Transaction(TransactionError::Property(_))
            | Self::ReadBack(ReadBackError::Property(_)) => Exit::Usage,
            // Only a run with an end gives up waiting.
            Self::Connect(ConnectError::NoBroker { .. })
            | Self::Topic(TopicError::NoAnswer { .. })
            | Self::ReadBack(ReadBackError::NoAnswer { .. }) => Exit::NoBroker,
            _ => Exit::Failed,
        }
    }
}
