//! The one room with `unsafe`: what librdkafka's C API tells and the safe crate hides.
//!
//! - The offset at which a partition ended: the crate gives the partition only, and an end that was
//!   queued before the last messages arrived must not count as the end after them.
//! - The leader epoch of a message.
//! - Header names that are not UTF-8: the crate's getter panics on them.
//! - The broker's answer to an asynchronous commit.
//! - The lines that a client logs, apart from its other events: one of them is the only sign that a
//!   topic has become another one.
//! - The leader epoch that goes with a position, without which librdkafka cannot notice that a log was
//!   cut behind it.
//! - A topic's id, and the ends of many partitions at once (`admin`); what topics are configured to (`configs`).
//! - Consumer groups, their members, and what they have published (`census`).
//! - The reports of a whole batch in one piece, with the headers to be used again (`reports`).
//! - The names of all properties, for suggestions.
//! - How memory is kept for it (`memory`): the C library is told by a call of its own.
#![allow(unsafe_code)]

pub(super) mod admin;
pub(super) mod census;
pub(super) mod configs;
pub(super) mod memory;
pub(super) mod offsets;
pub(super) mod produce;
pub(super) mod reports;
pub(super) mod transactions;

use std::ffi::{CStr, CString};
use std::os::raw::c_char;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::types::RDKafkaConfRes;
use rdkafka_sys as sys;

use crate::base::message::{MessageTime, push_header};

/// What librdkafka answers when it has no such property.
pub(super) const UNKNOWN_PROPERTY: RDKafkaConfRes = RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN;

/// The names of all properties that have a default value, global and per topic.
pub(super) fn known_properties() -> Vec<String> {
    let mut names = Vec::new();
    // SAFETY: each configuration is made, dumped and destroyed here, each dump is freed with the
    // count that came with it, and its even entries are NUL-terminated names.
    unsafe {
        let global = sys::rd_kafka_conf_new();
        let mut count = 0;
        let dump = sys::rd_kafka_conf_dump(global, &mut count);
        collect_names(dump, count, &mut names);
        sys::rd_kafka_conf_dump_free(dump, count);
        sys::rd_kafka_conf_destroy(global);
        let topic = sys::rd_kafka_topic_conf_new();
        let dump = sys::rd_kafka_topic_conf_dump(topic, &mut count);
        collect_names(dump, count, &mut names);
        sys::rd_kafka_conf_dump_free(dump, count);
        sys::rd_kafka_topic_conf_destroy(topic);
    }
    names
}

/// # Safety
/// `dump` must hold `count` NUL-terminated strings, name and value in turn.
unsafe fn collect_names(dump: *mut *const c_char, count: usize, names: &mut Vec<String>) {
    // SAFETY: by the contract of this function.
    let entries = unsafe { slice::from_raw_parts(dump, count) };
    for name in entries.iter().step_by(2) {
        // SAFETY: by the contract of this function.
        names.push(unsafe { CStr::from_ptr(*name) }.to_string_lossy().into_owned());
    }
}

/// One thing that the consumer's queue had to say.
pub(super) enum RawEvent<'e> {
    /// A message.
    Message(RawMessage<'e>),
    /// A partition was read up to this offset, which is the next one to come.
    PartitionEnd { partition: i32, offset: i64 },
    /// An error, of one partition or of the whole client; of a partition it may say at which offset.
    Error { partition: Option<i32>, offset: Option<i64>, code: RDKafkaErrorCode, fatal: bool, reason: &'e str },
    /// librdkafka's statistics, JSON.
    Statistics(&'e [u8]),
    /// The group's offsets were, or were not, published.
    Committed(Result<(), RDKafkaErrorCode>),
    /// A log line or another thing that concerns nobody here.
    Other,
}

/// A message that lives as long as its event.
pub(super) struct RawMessage<'e> {
    message: &'e sys::rd_kafka_message_t,
}

/// The queue of a consumer. Holds the consumer, so that the queue never outlives it.
pub(super) struct ConsumerQueue<C: ConsumerContext + 'static> {
    queue: NonNull<sys::rd_kafka_queue_t>,
    consumer: Arc<BaseConsumer<C>>,
}

// SAFETY: librdkafka's queues may be polled from any thread; this one is polled by its owner only.
unsafe impl<C: ConsumerContext + 'static> Send for ConsumerQueue<C> {}

impl<C: ConsumerContext + 'static> Drop for ConsumerQueue<C> {
    fn drop(&mut self) {
        // SAFETY: the reference was taken in `new`, and the consumer is still alive.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) }
    }
}

impl<C: ConsumerContext + 'static> ConsumerQueue<C> {
    /// The queue of a consumer with a group; `None` when librdkafka has none for it.
    pub(super) fn new(consumer: Arc<BaseConsumer<C>>) -> Option<Self> {
        // SAFETY: the client pointer is valid for the life of the consumer.
        let queue = unsafe { sys::rd_kafka_queue_get_consumer(consumer.client().native_ptr()) };
        NonNull::new(queue).map(|queue| Self { queue, consumer })
    }

    /// Waits at most `timeout` for one event and shows it to `handle`. False when there was none.
    pub(super) fn poll(&self, timeout: Duration, handle: impl FnOnce(RawEvent<'_>)) -> bool {
        let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
        debug_assert!(Arc::strong_count(&self.consumer) > 0);
        // SAFETY: the queue is valid until drop; the event is destroyed below, after `handle` has
        // returned, and nothing that borrows it can leave `handle` (its lifetime is higher-ranked).
        unsafe {
            let event = sys::rd_kafka_queue_poll(self.queue.as_ptr(), timeout_ms);
            if event.is_null() {
                return false;
            }
            // Destroyed even when `handle` unwinds.
            let event = EventGuard(event);
            handle(read_event(event.0));
            true
        }
    }
}

/// A line that a client logged.
pub(super) struct LogLine<'l> {
    /// As syslog counts: 7 is for debugging.
    pub(super) level: i32,
    pub(super) facility: &'l str,
    pub(super) text: &'l str,
}

/// The lines that a client logs, apart from its other events. librdkafka puts a line there before it
/// goes on, so whatever it did after a line can be heard only when the line can be, too.
pub(super) struct LogQueue<C: ConsumerContext + 'static> {
    queue: NonNull<sys::rd_kafka_queue_t>,
    // Only so that the queue never outlives it.
    _consumer: Arc<BaseConsumer<C>>,
}

// SAFETY: as for ConsumerQueue.
unsafe impl<C: ConsumerContext + 'static> Send for LogQueue<C> {}

impl<C: ConsumerContext + 'static> Drop for LogQueue<C> {
    fn drop(&mut self) {
        // SAFETY: the queue is ours, and the consumer is still alive; lines that come later find it
        // closed and are thrown away.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) }
    }
}

impl<C: ConsumerContext + 'static> LogQueue<C> {
    /// Takes the lines of `consumer` out of its own queue; `None` when librdkafka refuses.
    pub(super) fn new(consumer: Arc<BaseConsumer<C>>) -> Option<Self> {
        let client = consumer.client().native_ptr();
        // SAFETY: the client is valid; the queue is new, and librdkafka holds a reference of its own.
        let (queue, code) = unsafe {
            let queue = NonNull::new(sys::rd_kafka_queue_new(client))?;
            (queue, sys::rd_kafka_set_log_queue(client, queue.as_ptr()))
        };
        let taken = Self { queue, _consumer: consumer };
        (code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR).then_some(taken)
    }

    /// Shows every line that is there to `handle`, oldest first. Does not wait.
    pub(super) fn drain(&self, mut handle: impl FnMut(LogLine<'_>)) {
        loop {
            // SAFETY: the queue is valid until drop; the event is the guard's from here on.
            let event = unsafe { sys::rd_kafka_queue_poll(self.queue.as_ptr(), 0) };
            if event.is_null() {
                return;
            }
            EventGuard(event).show_log_line(&mut handle);
        }
    }
}

/// Gives the position of a partition in `list` the epoch of the leader that appended the message
/// before it. Does nothing when the partition is not in the list.
pub(super) fn set_leader_epoch(list: &TopicPartitionList, topic: &str, partition: i32, epoch: i32) {
    let Ok(topic) = CString::new(topic) else { return };
    // SAFETY: the list and the name are valid for the calls; what is found lies in the list.
    unsafe {
        let found = sys::rd_kafka_topic_partition_list_find(list.ptr(), topic.as_ptr(), partition);
        if !found.is_null() {
            sys::rd_kafka_topic_partition_set_leader_epoch(found, epoch);
        }
    }
}

/// Publishes the group's offsets; the answer comes to the consumer's queue as
/// [`RawEvent::Committed`]. The crate's own asynchronous commit gives no answer at all.
pub(super) fn commit<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    offsets: &TopicPartitionList,
) -> Result<(), RDKafkaErrorCode> {
    let client = consumer.client().native_ptr();
    // SAFETY: client and list are valid for the call, which copies the list; the queue's reference
    // is ours and given back.
    let code = unsafe {
        let queue = sys::rd_kafka_queue_get_consumer(client);
        let code = sys::rd_kafka_commit_queue(client, offsets.ptr(), queue, None, ptr::null_mut());
        if !queue.is_null() {
            sys::rd_kafka_queue_destroy(queue);
        }
        code
    };
    match code {
        sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(code.into()),
    }
}

pub(super) struct EventGuard(*mut sys::rd_kafka_event_t);

impl EventGuard {
    /// Shows the line to `handle` when the event is one of the log.
    fn show_log_line(&self, handle: impl FnOnce(LogLine<'_>)) {
        let (mut facility, mut text, mut level) = (ptr::null(), ptr::null(), 0);
        // SAFETY: the event is the guard's; both texts are NUL-terminated and belong to it. It has none
        // when it is no log line, and then says so.
        unsafe {
            if sys::rd_kafka_event_log(self.0, &mut facility, &mut text, &mut level) == 0 {
                let (facility, text) = (CStr::from_ptr(facility), CStr::from_ptr(text));
                let (facility, text) = (facility.to_string_lossy(), text.to_string_lossy());
                handle(LogLine { level, facility: &facility, text: text.trim() });
            }
        }
    }
}

impl Drop for EventGuard {
    fn drop(&mut self) {
        // SAFETY: the guard owns the event.
        unsafe { sys::rd_kafka_event_destroy(self.0) }
    }
}

/// # Safety
/// `event` must be valid for `'e`.
unsafe fn read_event<'e>(event: *mut sys::rd_kafka_event_t) -> RawEvent<'e> {
    // SAFETY: by the contract of this function; each getter fits the type of event it is used for.
    unsafe {
        match sys::rd_kafka_event_type(event) {
            sys::RD_KAFKA_EVENT_FETCH => match sys::rd_kafka_event_message_next(event).as_ref() {
                Some(message) => RawEvent::Message(RawMessage { message }),
                None => RawEvent::Other,
            },
            sys::RD_KAFKA_EVENT_ERROR => read_error(event),
            sys::RD_KAFKA_EVENT_STATS => {
                RawEvent::Statistics(CStr::from_ptr(sys::rd_kafka_event_stats(event)).to_bytes())
            }
            sys::RD_KAFKA_EVENT_OFFSET_COMMIT => match sys::rd_kafka_event_error(event) {
                sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => RawEvent::Committed(Ok(())),
                code => RawEvent::Committed(Err(code.into())),
            },
            _ => RawEvent::Other,
        }
    }
}

/// # Safety
/// `event` must be an error event, valid for `'e`.
unsafe fn read_error<'e>(event: *mut sys::rd_kafka_event_t) -> RawEvent<'e> {
    // SAFETY: by the contract of this function; the partition is a copy of ours to destroy, the
    // text lives as long as the event.
    unsafe {
        let code = sys::rd_kafka_event_error(event);
        let mut place = None;
        if let Some(partition) = NonNull::new(sys::rd_kafka_event_topic_partition(event)) {
            place = Some((partition.as_ref().partition, partition.as_ref().offset));
            sys::rd_kafka_topic_partition_destroy(partition.as_ptr());
        }
        if let (sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__PARTITION_EOF, Some((partition, offset))) = (code, place) {
            return RawEvent::PartitionEnd { partition, offset };
        }
        let text = sys::rd_kafka_event_error_string(event);
        let reason = if text.is_null() { "" } else { CStr::from_ptr(text).to_str().unwrap_or("not UTF-8") };
        let fatal = sys::rd_kafka_event_error_is_fatal(event) != 0;
        let (partition, offset) = place.unzip();
        RawEvent::Error { partition, offset: offset.filter(|offset| *offset >= 0), code: code.into(), fatal, reason }
    }
}

impl RawMessage<'_> {
    pub(super) fn partition(&self) -> i32 {
        self.message.partition
    }

    pub(super) fn offset(&self) -> i64 {
        self.message.offset
    }

    pub(super) fn key(&self) -> Option<&[u8]> {
        // SAFETY: librdkafka gives `key_len` bytes at `key`, or null for no key.
        unsafe { bytes(self.message.key, self.message.key_len) }
    }

    pub(super) fn payload(&self) -> Option<&[u8]> {
        // SAFETY: librdkafka gives `len` bytes at `payload`, or null for a tombstone.
        unsafe { bytes(self.message.payload, self.message.len) }
    }

    pub(super) fn time(&self) -> MessageTime {
        let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the message is valid and `kind` is ours.
        let milliseconds = unsafe { sys::rd_kafka_message_timestamp(self.message, &mut kind) };
        match kind {
            sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_CREATE_TIME if milliseconds >= 0 => {
                MessageTime::Create(milliseconds)
            }
            sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => MessageTime::LogAppend(milliseconds),
            _ => MessageTime::Unknown,
        }
    }

    pub(super) fn leader_epoch(&self) -> Option<i32> {
        // SAFETY: the message is valid.
        let epoch = unsafe { sys::rd_kafka_message_leader_epoch(self.message) };
        (epoch >= 0).then_some(epoch)
    }

    /// Packs the headers at the end of `block`.
    pub(super) fn headers_into(&self, block: &mut Vec<u8>) {
        let mut headers = ptr::null_mut();
        // SAFETY: the message is valid; the headers belong to it.
        let code = unsafe { sys::rd_kafka_message_headers(self.message, &mut headers) };
        match code {
            sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => {}
            sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__NOENT => return,
            // More than 100,000 of them, or damaged ones: librdkafka gives none, and that must be told.
            code => {
                let (partition, offset) = (self.partition(), self.offset());
                tracing::error!(partition, offset, error = ?code, "the headers of a message could not be read");
                return;
            }
        }
        for index in 0.. {
            let (mut name, mut value, mut length) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the headers are valid; on success the name is NUL-terminated (a Kafka header
            // name may hold a NUL, and then ends there: librdkafka keeps no length of it) and the
            // value has `length` bytes, or is null.
            unsafe {
                let code = sys::rd_kafka_header_get_all(headers, index, &mut name, &mut value, &mut length);
                if code != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                    return;
                }
                push_header(block, CStr::from_ptr(name).to_bytes(), bytes(value, length));
            }
        }
    }
}

/// # Safety
/// `start` must be null or point at `length` bytes that live for `'a`.
unsafe fn bytes<'a>(start: *const std::ffi::c_void, length: usize) -> Option<&'a [u8]> {
    // SAFETY: by the contract of this function.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start.cast::<u8>(), length) })
}
