//! Sending what the safe crate cannot: header names that are not UTF-8, and to a topic that is looked up
//! once and not for every record.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use rdkafka::util::IntoOpaque as _;
use rdkafka_sys as sys;
use sys::rd_kafka_vtype_t as vtype;

use super::super::producer::Record;
use crate::base::message::Headers;

/// Any of the partitions: the partitioner decides.
const NO_PARTITION: i32 = -1;

/// librdkafka's word for "the time of the sending".
const NOW: i64 = 0;

/// A topic of a producer, looked up. By its name each record would take the lock of the whole client.
pub(in super::super) struct Topic<C: ProducerContext> {
    handle: NonNull<sys::rd_kafka_topic_t>,
    // Only so that the handle never outlives it.
    _client: Arc<BaseProducer<C>>,
}

// SAFETY: librdkafka's topic handles may be used from any thread, by several at once.
unsafe impl<C: ProducerContext> Send for Topic<C> {}
// SAFETY: as above.
unsafe impl<C: ProducerContext> Sync for Topic<C> {}

impl<C: ProducerContext> Topic<C> {
    /// The topic of this name; `None` when librdkafka takes no such name.
    pub(in super::super) fn new(client: Arc<BaseProducer<C>>, name: &CStr) -> Option<Self> {
        // SAFETY: client and name are valid for the call; no configuration means the client's own.
        let handle = unsafe { sys::rd_kafka_topic_new(client.client().native_ptr(), name.as_ptr(), ptr::null_mut()) };
        NonNull::new(handle).map(|handle| Self { handle, _client: client })
    }
}

impl<C: ProducerContext> Drop for Topic<C> {
    fn drop(&mut self) {
        // SAFETY: the reference was taken in `new`, and the client is still alive.
        unsafe { sys::rd_kafka_topic_destroy(self.handle.as_ptr()) }
    }
}

/// Headers that are ours until librdkafka takes them, and again when it gives them back with a report.
pub(in super::super) struct OwnedHeaders(NonNull<sys::rd_kafka_headers_t>);

// SAFETY: a plain piece of memory that belongs to whoever holds this.
unsafe impl Send for OwnedHeaders {}

impl OwnedHeaders {
    /// Takes the headers of a record whose report is here; `None` when it had none.
    ///
    /// # Safety
    /// `message` must be valid and belong to an event that nobody else reads.
    pub(super) unsafe fn detach(message: *mut sys::rd_kafka_message_t) -> Option<Self> {
        let mut headers = ptr::null_mut();
        // SAFETY: by the contract of this function; what comes back is ours.
        let code = unsafe { sys::rd_kafka_message_detach_headers(message, &mut headers) };
        let has_some = code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        NonNull::new(headers).filter(|_| has_some).map(Self)
    }

    /// `None` without headers, or when librdkafka has no memory for them.
    fn new(headers: Headers<'_>) -> Option<Self> {
        if headers.is_empty() {
            return None;
        }
        // SAFETY: a plain constructor; what it gives is ours.
        let owned = NonNull::new(unsafe { sys::rd_kafka_headers_new(headers.count()) }).map(Self)?;
        for (name, value) in headers {
            let (value, value_length) = value.map_or((ptr::null(), 0), |value| (value.as_ptr(), value.len()));
            // SAFETY: the headers are valid; name and value are copied, with the lengths that they have.
            unsafe {
                let (name_length, value_length) = (name.len() as isize, value_length as isize);
                sys::rd_kafka_header_add(
                    owned.0.as_ptr(),
                    name.as_ptr().cast(),
                    name_length,
                    value.cast(),
                    value_length,
                );
            }
        }
        Some(owned)
    }
}

impl Drop for OwnedHeaders {
    fn drop(&mut self) {
        // SAFETY: they are still ours, since what librdkafka takes is forgotten.
        unsafe { sys::rd_kafka_headers_destroy(self.0.as_ptr()) }
    }
}

/// Hands a record to the client's queue, which copies it. `opaque` comes back with an error; otherwise
/// it comes with the delivery report. The memory of `spare` is used for the record's headers.
pub(in super::super) fn produce<C: ProducerContext>(
    client: &BaseProducer<C>,
    topic: &Topic<C>,
    record: &Record<'_>,
    spare: Option<OwnedHeaders>,
    opaque: C::DeliveryOpaque,
) -> Result<(), (RDKafkaErrorCode, C::DeliveryOpaque)> {
    let part =
        |bytes: Option<&[u8]>| bytes.map_or((ptr::null(), 0), |bytes| (bytes.as_ptr().cast::<c_void>(), bytes.len()));
    let (payload, payload_length) = part(record.payload);
    let (key, key_length) = part(record.key);
    // Given back just before the same sizes are asked for, so that the allocator has them at hand. It has
    // not when they were given back by the thread that hears reports.
    drop(spare);
    let headers = OwnedHeaders::new(record.headers);
    let headers_pointer = headers.as_ref().map_or(ptr::null_mut(), |headers| headers.0.as_ptr());
    let opaque = opaque.into_ptr();
    // SAFETY: each tag is followed by what librdkafka's documentation says it takes; all pointers are
    // valid for the call, which copies topic, payload and key. On success headers and opaque are
    // librdkafka's, on failure they stay ours.
    let code = unsafe {
        sys::rd_kafka_producev(
            client.client().native_ptr(),
            vtype::RD_KAFKA_VTYPE_RKT,
            topic.handle.as_ptr(),
            vtype::RD_KAFKA_VTYPE_PARTITION,
            record.partition.unwrap_or(NO_PARTITION),
            vtype::RD_KAFKA_VTYPE_MSGFLAGS,
            sys::RD_KAFKA_MSG_F_COPY,
            vtype::RD_KAFKA_VTYPE_VALUE,
            payload,
            payload_length,
            vtype::RD_KAFKA_VTYPE_KEY,
            key,
            key_length,
            vtype::RD_KAFKA_VTYPE_OPAQUE,
            opaque,
            vtype::RD_KAFKA_VTYPE_TIMESTAMP,
            record.timestamp_ms.unwrap_or(NOW),
            vtype::RD_KAFKA_VTYPE_HEADERS,
            headers_pointer,
            vtype::RD_KAFKA_VTYPE_END,
        )
    };
    if code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
        std::mem::forget(headers);
        return Ok(());
    }
    // SAFETY: it was made by `into_ptr` above, and librdkafka did not take it.
    Err((code.into(), unsafe { C::DeliveryOpaque::from_ptr(opaque) }))
}
