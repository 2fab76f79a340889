//! Flushing and committing without the crate's own commit, which sits in a poll of 100 ms that never
//! returns early. Whoever calls these needs another thread that serves the delivery reports.

use std::ffi::CStr;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use rdkafka_sys as sys;

/// What librdkafka says of a transaction that did not go well.
#[derive(Debug)]
pub(in super::super) struct Refusal {
    pub(in super::super) code: RDKafkaErrorCode,
    pub(in super::super) reason: String,
    pub(in super::super) is_retriable: bool,
    pub(in super::super) requires_abort: bool,
}

/// Sends what waits, without lingering. Whether the fate of every record is known, which is looked
/// for at most `timeout` long.
pub(in super::super) fn flush<C: ProducerContext>(producer: &BaseProducer<C>, timeout: Duration) -> bool {
    // SAFETY: the client pointer is valid for the life of the producer.
    let code = unsafe { sys::rd_kafka_flush(producer.client().native_ptr(), milliseconds(timeout)) };
    code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
}

/// Commits the open transaction. A call that was not answered within `timeout` is retriable, and the
/// next one goes on where it stopped.
pub(in super::super) fn commit<C: ProducerContext>(
    producer: &BaseProducer<C>,
    timeout: Duration,
) -> Result<(), Refusal> {
    // SAFETY: the client pointer is valid for the life of the producer; the error is ours to destroy,
    // and its text is copied before.
    unsafe {
        let error = sys::rd_kafka_commit_transaction(producer.client().native_ptr(), milliseconds(timeout));
        if error.is_null() {
            return Ok(());
        }
        let refusal = Refusal {
            code: sys::rd_kafka_error_code(error).into(),
            reason: CStr::from_ptr(sys::rd_kafka_error_string(error)).to_string_lossy().into_owned(),
            is_retriable: sys::rd_kafka_error_is_retriable(error) != 0,
            requires_abort: sys::rd_kafka_error_txn_requires_abort(error) != 0,
        };
        sys::rd_kafka_error_destroy(error);
        Err(refusal)
    }
}

fn milliseconds(timeout: Duration) -> i32 {
    i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX)
}
