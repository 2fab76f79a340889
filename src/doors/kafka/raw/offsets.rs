//! Where partitions begin and end, asked of their leaders: one request for each leader, whatever the topic.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::CString;

use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;

use super::EventGuard;
use super::admin::{NoAnswer, Patience, Question, elements, text};

const NO_ERROR: sys::rd_kafka_resp_err_t = sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;

/// Which end of a partition is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Edge {
    /// The first offset that is still there.
    First,
    /// The offset that the next message gets.
    End,
    /// Up to where committed readers see.
    StableEnd,
}

/// An offset of each partition, or why it is not known.
pub(in super::super) type Offsets = BTreeMap<(String, i32), Result<i64, String>>;

/// Asks the leaders for an offset of each of these partitions.
pub(in super::super) fn ask_edges<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    partitions: &[(&str, i32)],
    edge: Edge,
    patience: &Patience<'_>,
) -> Result<Question, NoAnswer> {
    use sys::rd_kafka_IsolationLevel_t::{
        RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED, RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED,
    };
    use sys::rd_kafka_OffsetSpec_t::{RD_KAFKA_OFFSET_SPEC_EARLIEST, RD_KAFKA_OFFSET_SPEC_LATEST};
    let (spec, level) = match edge {
        Edge::First => (RD_KAFKA_OFFSET_SPEC_EARLIEST, RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED),
        Edge::End => (RD_KAFKA_OFFSET_SPEC_LATEST, RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED),
        Edge::StableEnd => (RD_KAFKA_OFFSET_SPEC_LATEST, RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED),
    };
    let mut names = Vec::with_capacity(partitions.len());
    for (topic, partition) in partitions {
        names.push((CString::new(*topic).map_err(|_| NoAnswer::new(RDKafkaErrorCode::InvalidTopic))?, *partition));
    }
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
    Question::ask(client, operation, patience, |client, options, queue| {
        // SAFETY: the list is made here, copied by the call and destroyed; the error of the option is ours, and it
        // comes only when the option does not fit the operation, which it does.
        unsafe {
            let error = sys::rd_kafka_AdminOptions_set_isolation_level(options, level);
            if !error.is_null() {
                sys::rd_kafka_error_destroy(error);
            }
            let list = sys::rd_kafka_topic_partition_list_new(i32::try_from(names.len()).unwrap_or(i32::MAX));
            for (topic, partition) in &names {
                let element = sys::rd_kafka_topic_partition_list_add(list, topic.as_ptr(), *partition);
                (*element).offset = spec as i64;
            }
            sys::rd_kafka_ListOffsets(client, list, options, queue);
            sys::rd_kafka_topic_partition_list_destroy(list);
        }
    })
}

/// The answer to [`ask_edges`].
pub(in super::super) fn read_edges(answer: &EventGuard) -> Offsets {
    // SAFETY: the event is that of ListOffsets, or the result is null; all that is read belongs to the event, which
    // outlives this function.
    unsafe {
        let result = sys::rd_kafka_event_ListOffsets_result(answer.0);
        if result.is_null() {
            return Offsets::new();
        }
        let mut count = 0;
        let infos = sys::rd_kafka_ListOffsets_result_infos(result, &mut count);
        let offset = |&info: &*const sys::rd_kafka_ListOffsetsResultInfo_t| {
            let place = &*sys::rd_kafka_ListOffsetsResultInfo_topic_partition(info);
            let found = match place.err {
                NO_ERROR if place.offset >= 0 => Ok(place.offset),
                // So it looks when the request to its leader failed as a whole.
                NO_ERROR => Err("its leader gave no answer".to_owned()),
                code => Err(RDKafkaErrorCode::from(code).to_string()),
            };
            ((text(place.topic).unwrap_or_default(), place.partition), found)
        };
        elements(infos, count).iter().map(offset).collect()
    }
}
