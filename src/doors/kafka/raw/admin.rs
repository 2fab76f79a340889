//! Questions about the cluster that the safe crate cannot ask: what a topic's id is, and where all
//! its partitions begin and end, in one request each.
//!
//! Each answer comes to a queue of its own and is waited for in slices, so that a stop is heard.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::os::raw::c_char;
use std::ptr::{self, NonNull};
use std::slice;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;

use super::EventGuard;
use super::census::{ask_cluster, read_cluster};
use super::offsets::{Edge, ask_edges, read_edges};

/// How long a stop may go unheard.
const SLICE: Duration = Duration::from_millis(100);

/// Why there is no answer.
#[derive(Debug)]
pub(in super::super) struct NoAnswer {
    /// librdkafka's or the broker's code.
    pub(in super::super) code: RDKafkaErrorCode,
    /// What was said with it.
    pub(in super::super) reason: String,
}

impl NoAnswer {
    pub(in super::super) fn new(code: RDKafkaErrorCode) -> Self {
        Self { code, reason: code.to_string() }
    }
}

/// A topic as its cluster describes it.
#[derive(Debug)]
pub(in super::super) struct Described {
    /// Base64 text of its id, as Kafka's own tools write it; `None` from brokers without such ids.
    pub(in super::super) id: Option<String>,
    /// For each partition, whether it has a leader now.
    pub(in super::super) has_leader: Vec<bool>,
}

/// How long an answer may take.
pub(in super::super) struct Patience<'a> {
    deadline: Instant,
    gives_up: &'a dyn Fn() -> bool,
}

impl<'a> Patience<'a> {
    /// Waits until `timeout` has passed or `gives_up` says so, which is asked often.
    pub(in super::super) fn new(timeout: Duration, gives_up: &'a dyn Fn() -> bool) -> Self {
        Self { deadline: Instant::now() + timeout, gives_up }
    }

    /// What is left of it.
    pub(in super::super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether nothing more is to be waited for.
    pub(in super::super) fn is_over(&self) -> bool {
        self.left().is_zero() || (self.gives_up)()
    }

    fn left_ms(&self) -> i32 {
        i32::try_from(self.left().as_millis()).unwrap_or(i32::MAX).max(1)
    }
}

/// Describes one topic, asked of the cluster and not of what the client remembers.
pub(in super::super) fn describe_topic<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topic: &str,
    patience: &Patience<'_>,
) -> Result<Described, NoAnswer> {
    let name = CString::new(topic).map_err(|_| NoAnswer::new(RDKafkaErrorCode::InvalidTopic))?;
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
    let question = Question::ask(client, operation, patience, |client, options, queue| {
        let mut names = [name.as_ptr()];
        // SAFETY: the collection is made from a NUL-terminated name, copied by the call and destroyed.
        unsafe {
            let topics = sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
            sys::rd_kafka_DescribeTopics(client, topics, options, queue);
            sys::rd_kafka_TopicCollection_destroy(topics);
        }
    })?;
    let answer = question.answer(patience)?;
    let empty = || NoAnswer::new(RDKafkaErrorCode::UnknownTopicOrPartition);
    // SAFETY: the event is that of DescribeTopics, or the result is null; all that is read belongs
    // to the event, which lives until the end of this function.
    unsafe {
        let result = sys::rd_kafka_event_DescribeTopics_result(answer.0);
        if result.is_null() {
            return Err(empty());
        }
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        let Some(&described) = elements(topics, count).first() else { return Err(empty()) };
        let error = sys::rd_kafka_TopicDescription_error(described);
        let code = sys::rd_kafka_error_code(error);
        if code != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Err(NoAnswer::new(code.into()));
        }
        let partitions = sys::rd_kafka_TopicDescription_partitions(described, &mut count);
        let leads = |&partition: &_| !sys::rd_kafka_TopicPartitionInfo_leader(partition).is_null();
        let has_leader = elements(partitions, count).iter().map(leads).collect();
        Ok(Described { id: uuid_text(sys::rd_kafka_TopicDescription_topic_id(described)), has_leader })
    }
}

/// The cluster's id, asked of the cluster: a client that is led to another one does not notice.
pub(in super::super) fn cluster_id<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    patience: &Patience<'_>,
) -> Result<Option<String>, NoAnswer> {
    Ok(read_cluster(&ask_cluster(client, patience)?.answer(patience)?).id)
}

/// The first and the next readable offset of each of some partitions, or why it is not known.
pub(in super::super) type AllEnds = BTreeMap<i32, Result<(i64, i64), String>>;

/// The ends of many partitions, as far as they can be read.
pub(in super::super) fn list_ends<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topic: &str,
    partitions: &[i32],
    patience: &Patience<'_>,
) -> Result<AllEnds, NoAnswer> {
    ends_at(client, (topic, partitions), Edge::StableEnd, patience)
}

/// The ends of many partitions, with what is not committed yet.
pub(in super::super) fn list_all_ends<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topic: &str,
    partitions: &[i32],
    patience: &Patience<'_>,
) -> Result<AllEnds, NoAnswer> {
    ends_at(client, (topic, partitions), Edge::End, patience)
}

/// Asks in two requests that are on their way together.
fn ends_at<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    (topic, partitions): (&str, &[i32]),
    end: Edge,
    patience: &Patience<'_>,
) -> Result<AllEnds, NoAnswer> {
    if partitions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let places: Vec<(&str, i32)> = partitions.iter().map(|partition| (topic, *partition)).collect();
    let first = ask_edges(client, &places, Edge::First, patience)?;
    let last = ask_edges(client, &places, end, patience)?;
    let mut lows = read_edges(&first.answer(patience)?);
    let ends = read_edges(&last.answer(patience)?);
    let pairs = ends.into_iter().map(|(place, end)| {
        let low = lows.remove(&place).unwrap_or_else(|| Err("it is not in the answer".to_owned()));
        (place.1, low.and_then(|low| Ok((low, end?))))
    });
    Ok(pairs.collect())
}

/// A question that is on its way.
pub(in super::super) struct Question {
    queue: NonNull<sys::rd_kafka_queue_t>,
}

impl Drop for Question {
    fn drop(&mut self) {
        // SAFETY: the queue is ours; an answer that comes later finds it closed and is thrown away.
        unsafe { sys::rd_kafka_queue_destroy(self.queue.as_ptr()) }
    }
}

impl Question {
    pub(super) fn ask<C: ConsumerContext>(
        client: &BaseConsumer<C>,
        operation: sys::rd_kafka_admin_op_t,
        patience: &Patience<'_>,
        send: impl FnOnce(*mut sys::rd_kafka_t, *mut sys::rd_kafka_AdminOptions_t, *mut sys::rd_kafka_queue_t),
    ) -> Result<Question, NoAnswer> {
        let client = client.client().native_ptr();
        // SAFETY: the client is valid for the call.
        let queue = NonNull::new(unsafe { sys::rd_kafka_queue_new(client) });
        let question =
            Question { queue: queue.ok_or_else(|| NoAnswer::new(RDKafkaErrorCode::CriticalSystemResource))? };
        // SAFETY: the options are made here, read by the request and destroyed; a text for errors is
        // not asked for.
        unsafe {
            let options = sys::rd_kafka_AdminOptions_new(client, operation);
            sys::rd_kafka_AdminOptions_set_request_timeout(options, patience.left_ms(), ptr::null_mut(), 0);
            send(client, options, question.queue.as_ptr());
            sys::rd_kafka_AdminOptions_destroy(options);
        }
        Ok(question)
    }

    /// Its answer, waited for.
    pub(in super::super) fn answer(&self, patience: &Patience<'_>) -> Result<EventGuard, NoAnswer> {
        loop {
            // The last slice is longer: librdkafka's own word about the timeout says more than ours.
            let slice = i32::try_from(patience.left().min(SLICE).as_millis()).unwrap_or(i32::MAX) + 1;
            // SAFETY: the queue is valid until drop, and the event is the guard's from here on.
            let event = unsafe { sys::rd_kafka_queue_poll(self.queue.as_ptr(), slice) };
            if event.is_null() {
                if patience.is_over() {
                    return Err(NoAnswer::new(RDKafkaErrorCode::OperationTimedOut));
                }
                continue;
            }
            let event = EventGuard(event);
            // SAFETY: the event is valid; its text, or null, belongs to it.
            let (code, text) =
                unsafe { (sys::rd_kafka_event_error(event.0), sys::rd_kafka_event_error_string(event.0)) };
            if code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                return Ok(event);
            }
            let code = RDKafkaErrorCode::from(code);
            if text.is_null() {
                return Err(NoAnswer::new(code));
            }
            // SAFETY: just checked not to be null; NUL-terminated.
            let reason = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
            return Err(NoAnswer { code, reason });
        }
    }
}

/// # Safety
/// `first` must point at `count` values that live for `'a`, or be null when there are none.
pub(super) unsafe fn elements<'a, T>(first: *mut T, count: usize) -> &'a [T] {
    if first.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: by the contract of this function.
    unsafe { slice::from_raw_parts(first, count) }
}

/// # Safety
/// `uuid` must be null or valid.
unsafe fn uuid_text(uuid: *const sys::rd_kafka_Uuid_t) -> Option<String> {
    if uuid.is_null() {
        return None;
    }
    // SAFETY: by the contract of this function.
    let (most, least) =
        unsafe { (sys::rd_kafka_Uuid_most_significant_bits(uuid), sys::rd_kafka_Uuid_least_significant_bits(uuid)) };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&most.to_be_bytes());
    bytes[8..].copy_from_slice(&least.to_be_bytes());
    (bytes != [0; 16]).then(|| URL_SAFE_NO_PAD.encode(bytes))
}

/// # Safety
/// `text` must be null or NUL-terminated.
pub(super) unsafe fn text(text: *const c_char) -> Option<String> {
    // SAFETY: by the contract of this function.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
