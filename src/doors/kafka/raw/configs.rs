//! What topics are configured to, asked with a client that is there already. The crate asks only with one made for
//! it: another connection, more threads, and up to a tenth of a second to close it.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::CString;

use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;

use super::EventGuard;
use super::admin::{NoAnswer, Patience, Question, elements, text};

/// What one topic is configured to, name by name.
pub(in super::super) type TopicConfig = BTreeMap<String, String>;

/// What each of some topics is configured to, or why it is not known.
pub(in super::super) type TopicConfigs = BTreeMap<String, Result<TopicConfig, RDKafkaErrorCode>>;

/// Asks and waits.
pub(in super::super) fn describe_configs<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topics: &[&str],
    patience: &Patience<'_>,
) -> Result<TopicConfigs, NoAnswer> {
    Ok(read_configs(&ask_configs(client, topics, patience)?.answer(patience)?))
}

/// Asks what these topics are configured to.
pub(in super::super) fn ask_configs<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topics: &[&str],
    patience: &Patience<'_>,
) -> Result<Question, NoAnswer> {
    let names: Result<Vec<CString>, _> = topics.iter().map(|topic| CString::new(*topic)).collect();
    let names = names.map_err(|_| NoAnswer::new(RDKafkaErrorCode::InvalidTopic))?;
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS;
    Question::ask(client, operation, patience, |client, options, queue| {
        // SAFETY: each resource is made from a NUL-terminated name, copied by the call and destroyed; a topic's name
        // that is not empty always makes one, and librdkafka takes none for an empty one.
        unsafe {
            let topic = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
            let made = names.iter().map(|name| sys::rd_kafka_ConfigResource_new(topic, name.as_ptr()));
            let mut resources: Vec<_> = made.filter(|resource| !resource.is_null()).collect();
            sys::rd_kafka_DescribeConfigs(client, resources.as_mut_ptr(), resources.len(), options, queue);
            sys::rd_kafka_ConfigResource_destroy_array(resources.as_mut_ptr(), resources.len());
        }
    })
}

/// The answer to [`ask_configs`].
pub(in super::super) fn read_configs(answer: &EventGuard) -> TopicConfigs {
    // SAFETY: the event is that of DescribeConfigs, or the result is null; all that is read belongs to the event,
    // which outlives this function.
    unsafe {
        let result = sys::rd_kafka_event_DescribeConfigs_result(answer.0);
        if result.is_null() {
            return BTreeMap::new();
        }
        let mut count = 0;
        let resources = sys::rd_kafka_DescribeConfigs_result_resources(result, &mut count);
        let described = elements(resources, count).iter().map(|&resource| {
            let name = text(sys::rd_kafka_ConfigResource_name(resource)).unwrap_or_default();
            match sys::rd_kafka_ConfigResource_error(resource) {
                sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => (name, Ok(config(resource))),
                code => (name, Err(code.into())),
            }
        });
        described.collect()
    }
}

/// # Safety
/// `resource` must be valid.
unsafe fn config(resource: *const sys::rd_kafka_ConfigResource_t) -> TopicConfig {
    let mut count = 0;
    // SAFETY: by the contract of this function; entries and texts belong to the resource. A value that is not told is
    // null.
    unsafe {
        let entries = sys::rd_kafka_ConfigResource_configs(resource, &mut count);
        let entry = |&entry: &_| {
            Some((text(sys::rd_kafka_ConfigEntry_name(entry))?, text(sys::rd_kafka_ConfigEntry_value(entry))?))
        };
        elements(entries, count).iter().filter_map(entry).collect()
    }
}
