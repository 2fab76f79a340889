//! Delivery reports as librdkafka gives them: a whole batch at once. The safe crate wraps and counts each
//! for itself, and its poll spins for the last millisecond of a wait.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use rdkafka_sys as sys;

use super::produce::OwnedHeaders;
use super::{EventGuard, LogLine};

/// What became of one record.
#[derive(Debug)]
pub(in super::super) struct Fate {
    /// As it was sent with the record.
    pub(in super::super) opaque: usize,
    /// Partition and offset, or why the record is not in the topic.
    pub(in super::super) outcome: Result<(i32, i64), RDKafkaErrorCode>,
}

/// The queue of a producer. Holds the producer, so that the queue never outlives it.
pub(in super::super) struct ReportQueue<C: ProducerContext<DeliveryOpaque = usize> + 'static> {
    queue: NonNull<sys::rd_kafka_queue_t>,
    client: Arc<BaseProducer<C>>,
}

// SAFETY: librdkafka's queues may be polled from any thread; this one is polled by its owner only.
unsafe impl<C: ProducerContext<DeliveryOpaque = usize> + 'static> Send for ReportQueue<C> {}

impl<C: ProducerContext<DeliveryOpaque = usize> + 'static> Drop for ReportQueue<C> {
    fn drop(&mut self) {
        // SAFETY: the reference was taken in `new`, and the client is still alive.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) }
    }
}

impl<C: ProducerContext<DeliveryOpaque = usize> + 'static> ReportQueue<C> {
    /// The queue of `client`; `None` when librdkafka has none for it.
    pub(in super::super) fn new(client: Arc<BaseProducer<C>>) -> Option<Self> {
        // SAFETY: the client pointer is valid for the life of the client; the reference is ours.
        let queue = unsafe { sys::rd_kafka_queue_get_main(client.client().native_ptr()) };
        NonNull::new(queue).map(|queue| Self { queue, client })
    }

    /// Waits at most `timeout` for one event. The reports in it are added to `fates`, the headers of their
    /// records to `spare`; anything else goes to the client's context. False when there was none.
    ///
    /// What the client holds of the records is free again when this returns.
    pub(in super::super) fn poll(
        &self,
        timeout: Duration,
        fates: &mut Vec<Fate>,
        spare: &mut Vec<OwnedHeaders>,
    ) -> bool {
        // Rounded up: a wait of less than a millisecond would spin.
        let timeout_ms = i32::try_from(timeout.as_micros().div_ceil(1_000)).unwrap_or(i32::MAX);
        // SAFETY: the queue is valid until drop; the event is the guard's from here on.
        let event = unsafe { sys::rd_kafka_queue_poll(self.queue.as_ptr(), timeout_ms) };
        if event.is_null() {
            return false;
        }
        let event = EventGuard(event);
        // SAFETY: the event is valid, and nobody else reads it.
        match unsafe { sys::rd_kafka_event_type(event.0) } {
            sys::RD_KAFKA_EVENT_DR => take_reports(&event, fates, spare),
            sys::RD_KAFKA_EVENT_ERROR => self.tell_error(&event),
            sys::RD_KAFKA_EVENT_LOG => tell_log(&event),
            _ => {}
        }
        true
    }

    fn tell_error(&self, event: &EventGuard) {
        // SAFETY: the event is valid; its text, or null, belongs to it.
        let (code, text) = unsafe { (sys::rd_kafka_event_error(event.0), sys::rd_kafka_event_error_string(event.0)) };
        let reason = if text.is_null() {
            String::new()
        } else {
            // SAFETY: just checked not to be null; NUL-terminated.
            unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
        };
        self.client.context().error(KafkaError::Global(code.into()), reason.trim());
    }
}

fn take_reports(event: &EventGuard, fates: &mut Vec<Fate>, spare: &mut Vec<OwnedHeaders>) {
    loop {
        // SAFETY: the event is one of reports; a message belongs to it and is read by nobody else.
        let message = unsafe { sys::rd_kafka_event_message_next(event.0) }.cast_mut();
        // SAFETY: null at the end, else valid as long as the event.
        let Some(report) = (unsafe { message.as_ref() }) else { return };
        let outcome = match report.err {
            sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok((report.partition, report.offset)),
            code => Err(code.into()),
        };
        fates.push(Fate { opaque: report._private as usize, outcome });
        // SAFETY: the message is valid and belongs to our event.
        spare.extend(unsafe { OwnedHeaders::detach(message) });
    }
}

fn tell_log(event: &EventGuard) {
    event.show_log_line(|LogLine { level, facility, text }| {
        tracing::debug!(target: "librdkafka", level, facility, message = text);
    });
}
