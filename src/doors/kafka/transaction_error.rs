//! What goes wrong with transactions, and what is to be done about it.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use thiserror::Error;

use super::producer::DeliveryError;
use super::raw::transactions::Refusal;
use super::settings::PropertyError;

/// Why a transaction, or a producer for them, did not come about. What is to be done differs:
///
/// | variant | the transaction | the producer |
/// |---|---|---|
/// | `Undelivered`, `RequiresAbort` | abort it; begin anew | is good |
/// | `GaveUp` | unknown while a commit was under way, else aborted by the next `open` | replace |
/// | `Fatal` | unknown; what was committed tells | replace |
/// | `Fenced` | aborted, unless it was committed before | is not ours any more |
///
/// What librdkafka calls retriable is tried again inside, for as long as the caller wants to wait.
#[derive(Debug, Error)]
pub enum TransactionError {
    /// A property is wrong: exit code 2.
    #[error(transparent)]
    Property(#[from] PropertyError),
    /// The cluster does not let us.
    #[error("not authorised for transactions ({reason}): ask for write and describe on the transactional id {id}")]
    NotAuthorized {
        /// The transactional id.
        id: String,
        /// What was said.
        reason: String,
    },
    /// A record was refused.
    #[error("a record of the transaction was not delivered: {reason}")]
    Undelivered {
        /// Which of the transaction's records, in the order of sending, from 0.
        index: usize,
        /// Why.
        reason: DeliveryError,
    },
    /// The transaction cannot be committed any more.
    #[error("the transaction has to be aborted: {reason}")]
    RequiresAbort {
        /// What was said.
        reason: String,
    },
    /// Another producer with the same id was opened, or the broker ended a transaction that was open
    /// for too long.
    #[error("another producer has taken over the transactional id {id}")]
    Fenced {
        /// The transactional id.
        id: String,
    },
    /// The client can do nothing more.
    #[error("the producer has failed for good: {reason}")]
    Fatal {
        /// What was said.
        reason: String,
    },
    /// The caller did not want to wait any longer.
    #[error("given up while waiting for the broker")]
    GaveUp,
}

/// What is to be done about a refusal that is not retriable.
pub(super) fn judge(id: &str, refusal: Refusal) -> TransactionError {
    use RDKafkaErrorCode as Code;
    let Refusal { code, reason, requires_abort, .. } = refusal;
    let id = id.to_owned();
    match code {
        Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch => TransactionError::Fenced { id },
        Code::TransactionalIdAuthorizationFailed | Code::ClusterAuthorizationFailed => {
            TransactionError::NotAuthorized { id, reason }
        }
        _ if requires_abort => TransactionError::RequiresAbort { reason },
        _ => TransactionError::Fatal { reason },
    }
}

/// What librdkafka says, with what it says of it.
pub(super) fn refusal(error: KafkaError) -> Refusal {
    match error {
        KafkaError::Transaction(error) => Refusal {
            code: error.code(),
            reason: error.string(),
            is_retriable: error.is_retriable(),
            requires_abort: error.txn_requires_abort(),
        },
        other => Refusal {
            code: other.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail),
            reason: other.to_string(),
            is_retriable: false,
            requires_abort: false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_done_depends_on_what_was_said() {
        let judged = |code, requires_abort| {
            judge("orders/a", Refusal { code, reason: "why".to_owned(), is_retriable: false, requires_abort })
        };
        for code in [RDKafkaErrorCode::Fenced, RDKafkaErrorCode::ProducerFenced, RDKafkaErrorCode::InvalidProducerEpoch]
        {
            assert!(matches!(judged(code, false), TransactionError::Fenced { .. }), "{code:?}");
        }
        let refused = judged(RDKafkaErrorCode::TransactionalIdAuthorizationFailed, false);
        assert!(refused.to_string().contains("on the transactional id orders/a"), "{refused}");
        let timed_out = RDKafkaErrorCode::MessageTimedOut;
        assert!(matches!(judged(timed_out, true), TransactionError::RequiresAbort { .. }));
        assert!(matches!(judged(timed_out, false), TransactionError::Fatal { .. }));
    }
}
