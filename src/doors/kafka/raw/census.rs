//! The questions of a census: the cluster, the groups with their members, what they have published, where partitions
//! begin and end, and how topics are kept. Each is one request, or one for each broker, and goes out before any
//! answer is waited for.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::os::raw::c_char;

use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;

use super::EventGuard;
use super::admin::{NoAnswer, Patience, Question, elements};
use crate::logic::lag::{Committed, Member};

const NO_ERROR: sys::rd_kafka_resp_err_t = sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;

/// What a cluster tells of itself.
#[derive(Debug, Default)]
pub(in super::super) struct RawCluster {
    pub(in super::super) id: Option<String>,
    pub(in super::super) controller: Option<i32>,
}

/// A group as it is listed.
#[derive(Debug)]
pub(in super::super) struct Listed {
    pub(in super::super) group: String,
    pub(in super::super) state: Option<String>,
    pub(in super::super) kind: Option<String>,
}

/// A group as its coordinator describes it.
#[derive(Debug)]
pub(in super::super) struct RawGroup {
    pub(in super::super) state: Option<String>,
    pub(in super::super) kind: Option<String>,
    pub(in super::super) members: Vec<Member>,
}

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

/// Asks for the cluster's id and its controller.
pub(in super::super) fn ask_cluster<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    patience: &Patience<'_>,
) -> Result<Question, NoAnswer> {
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER;
    Question::ask(client, operation, patience, |client, options, queue| {
        // SAFETY: all three are valid for the call.
        unsafe { sys::rd_kafka_DescribeCluster(client, options, queue) }
    })
}

/// The answer to [`ask_cluster`].
pub(in super::super) fn read_cluster(answer: &EventGuard) -> RawCluster {
    // SAFETY: the event is that of DescribeCluster, or the result is null; all that is read belongs to the event,
    // which outlives this function.
    unsafe {
        let result = sys::rd_kafka_event_DescribeCluster_result(answer.0);
        if result.is_null() {
            return RawCluster::default();
        }
        let controller = sys::rd_kafka_DescribeCluster_result_controller(result);
        RawCluster {
            id: text(sys::rd_kafka_DescribeCluster_result_cluster_id(result)),
            controller: (!controller.is_null()).then(|| sys::rd_kafka_Node_id(controller)),
        }
    }
}

/// Asks every broker which groups it coordinates.
pub(in super::super) fn ask_groups<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    patience: &Patience<'_>,
) -> Result<Question, NoAnswer> {
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS;
    Question::ask(client, operation, patience, |client, options, queue| {
        // SAFETY: all three are valid for the call.
        unsafe { sys::rd_kafka_ListConsumerGroups(client, options, queue) }
    })
}

/// The answer to [`ask_groups`], and what those brokers said that did not list theirs.
pub(in super::super) fn read_groups(answer: &EventGuard) -> (Vec<Listed>, Vec<String>) {
    // SAFETY: as in `read_cluster`, for ListConsumerGroups.
    unsafe {
        let result = sys::rd_kafka_event_ListConsumerGroups_result(answer.0);
        if result.is_null() {
            return (Vec::new(), vec!["it is no list of groups".to_owned()]);
        }
        let mut count = 0;
        let listed = sys::rd_kafka_ListConsumerGroups_result_valid(result, &mut count);
        let group = |&one: &*const sys::rd_kafka_ConsumerGroupListing_t| Listed {
            group: text(sys::rd_kafka_ConsumerGroupListing_group_id(one)).unwrap_or_default(),
            state: state(sys::rd_kafka_ConsumerGroupListing_state(one)),
            kind: kind(sys::rd_kafka_ConsumerGroupListing_type(one)),
        };
        let groups = elements(listed, count).iter().map(group).collect();
        let errors = sys::rd_kafka_ListConsumerGroups_result_errors(result, &mut count);
        (groups, elements(errors, count).iter().map(|&error| told(error)).collect())
    }
}

/// Asks the coordinators who is in these groups.
pub(in super::super) fn ask_members<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    groups: &[&str],
    patience: &Patience<'_>,
) -> Result<Question, NoAnswer> {
    let names: Vec<CString> = groups.iter().filter_map(|&name| CString::new(name).ok()).collect();
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS;
    Question::ask(client, operation, patience, |client, options, queue| {
        let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: the names are NUL-terminated and copied by the call.
        unsafe { sys::rd_kafka_DescribeConsumerGroups(client, pointers.as_mut_ptr(), pointers.len(), options, queue) }
    })
}

/// The answer to [`ask_members`], by group, or why there is none.
pub(in super::super) fn read_members(answer: &EventGuard) -> BTreeMap<String, Result<RawGroup, String>> {
    // SAFETY: as in `read_cluster`, for DescribeConsumerGroups.
    unsafe {
        let result = sys::rd_kafka_event_DescribeConsumerGroups_result(answer.0);
        if result.is_null() {
            return BTreeMap::new();
        }
        let mut count = 0;
        let groups = sys::rd_kafka_DescribeConsumerGroups_result_groups(result, &mut count);
        let group = |&one: &*const sys::rd_kafka_ConsumerGroupDescription_t| {
            let name = text(sys::rd_kafka_ConsumerGroupDescription_group_id(one)).unwrap_or_default();
            let error = sys::rd_kafka_ConsumerGroupDescription_error(one);
            if !error.is_null() && sys::rd_kafka_error_code(error) != NO_ERROR {
                return (name, Err(told(error)));
            }
            let members = 0..sys::rd_kafka_ConsumerGroupDescription_member_count(one);
            let described = RawGroup {
                state: state(sys::rd_kafka_ConsumerGroupDescription_state(one)),
                kind: kind(sys::rd_kafka_ConsumerGroupDescription_type(one)),
                members: members
                    .map(|index| sys::rd_kafka_ConsumerGroupDescription_member(one, index))
                    .filter(|member| !member.is_null())
                    .map(|found| member(found))
                    .collect(),
            };
            (name, Ok(described))
        };
        elements(groups, count).iter().map(group).collect()
    }
}

/// # Safety
/// `member` must be valid.
unsafe fn member(member: *const sys::rd_kafka_MemberDescription_t) -> Member {
    // SAFETY: by the contract of this function; what is read belongs to the member.
    unsafe {
        let assignment = sys::rd_kafka_MemberDescription_assignment(member);
        let list =
            if assignment.is_null() { std::ptr::null() } else { sys::rd_kafka_MemberAssignment_partitions(assignment) };
        Member {
            id: text(sys::rd_kafka_MemberDescription_consumer_id(member)).unwrap_or_default(),
            client: text(sys::rd_kafka_MemberDescription_client_id(member)).unwrap_or_default(),
            host: text(sys::rd_kafka_MemberDescription_host(member)).unwrap_or_default(),
            assigned: places(list)
                .iter()
                .map(|place| (text(place.topic).unwrap_or_default(), place.partition))
                .collect(),
        }
    }
}

/// Asks the coordinator of a group for the positions that it has published.
pub(in super::super) fn ask_committed<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    group: &str,
    patience: &Patience<'_>,
) -> Result<Question, NoAnswer> {
    let name = CString::new(group).map_err(|_| NoAnswer::new(RDKafkaErrorCode::InvalidGroupId))?;
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS;
    Question::ask(client, operation, patience, |client, options, queue| {
        // SAFETY: the request is made from a NUL-terminated name, without a list, which means all partitions; it is
        // copied by the call and destroyed.
        unsafe {
            let mut request = sys::rd_kafka_ListConsumerGroupOffsets_new(name.as_ptr(), std::ptr::null());
            sys::rd_kafka_ListConsumerGroupOffsets(client, &mut request, 1, options, queue);
            sys::rd_kafka_ListConsumerGroupOffsets_destroy(request);
        }
    })
}

/// The answer to [`ask_committed`].
pub(in super::super) fn read_committed(answer: &EventGuard) -> Result<Vec<Committed>, String> {
    // SAFETY: as in `read_cluster`, for ListConsumerGroupOffsets.
    unsafe {
        let result = sys::rd_kafka_event_ListConsumerGroupOffsets_result(answer.0);
        let mut count = 0;
        let groups = if result.is_null() {
            std::ptr::null_mut()
        } else {
            sys::rd_kafka_ListConsumerGroupOffsets_result_groups(result, &mut count)
        };
        let Some(&group) = elements(groups, count).first() else { return Err("no group is in the answer".to_owned()) };
        let error = sys::rd_kafka_group_result_error(group);
        if !error.is_null() && sys::rd_kafka_error_code(error) != NO_ERROR {
            return Err(told(error));
        }
        let published = places(sys::rd_kafka_group_result_partitions(group)).iter().filter(|place| place.offset >= 0);
        let mut all: Vec<Committed> = published
            .map(|place| Committed {
                topic: text(place.topic).unwrap_or_default(),
                partition: place.partition,
                offset: place.offset,
            })
            .collect();
        all.sort_by(|one, other| (&one.topic, one.partition).cmp(&(&other.topic, other.partition)));
        Ok(all)
    }
}

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
    // SAFETY: as in `read_cluster`, for ListOffsets.
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

/// Asks how these topics are kept.
pub(in super::super) fn ask_settings<C: ConsumerContext>(
    client: &BaseConsumer<C>,
    topics: &[&str],
    patience: &Patience<'_>,
) -> Result<Question, NoAnswer> {
    let names: Vec<CString> = topics.iter().filter_map(|&name| CString::new(name).ok()).collect();
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS;
    Question::ask(client, operation, patience, |client, options, queue| {
        // SAFETY: the resources are made from NUL-terminated names, copied by the call and destroyed.
        unsafe {
            let topic = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
            let made = names.iter().map(|name| sys::rd_kafka_ConfigResource_new(topic, name.as_ptr()));
            let mut resources: Vec<_> = made.filter(|resource| !resource.is_null()).collect();
            sys::rd_kafka_DescribeConfigs(client, resources.as_mut_ptr(), resources.len(), options, queue);
            sys::rd_kafka_ConfigResource_destroy_array(resources.as_mut_ptr(), resources.len());
        }
    })
}

/// The answer to [`ask_settings`]: the `cleanup.policy` of each topic that was told.
pub(in super::super) fn read_policies(answer: &EventGuard) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    // SAFETY: as in `read_cluster`, for DescribeConfigs.
    unsafe {
        let result = sys::rd_kafka_event_DescribeConfigs_result(answer.0);
        if result.is_null() {
            return all;
        }
        let mut count = 0;
        let resources = sys::rd_kafka_DescribeConfigs_result_resources(result, &mut count);
        for &resource in elements(resources, count) {
            let entries = sys::rd_kafka_ConfigResource_configs(resource, &mut count);
            for &entry in elements(entries, count) {
                let name = text(sys::rd_kafka_ConfigEntry_name(entry));
                let value = text(sys::rd_kafka_ConfigEntry_value(entry));
                let topic = text(sys::rd_kafka_ConfigResource_name(resource));
                if let (Some("cleanup.policy"), Some(value), Some(topic)) = (name.as_deref(), value, topic) {
                    all.insert(topic, value);
                }
            }
        }
    }
    all
}

/// # Safety
/// `text` must be null or NUL-terminated.
unsafe fn text(text: *const c_char) -> Option<String> {
    // SAFETY: by the contract of this function.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// # Safety
/// `error` must be null or valid.
unsafe fn told(error: *const sys::rd_kafka_error_t) -> String {
    // SAFETY: by the contract of this function; the text belongs to the error.
    unsafe { text(sys::rd_kafka_error_string(error)).unwrap_or_default() }
}

/// # Safety
/// `list` must be null or valid for `'a`.
unsafe fn places<'a>(list: *const sys::rd_kafka_topic_partition_list_t) -> &'a [sys::rd_kafka_topic_partition_t] {
    if list.is_null() {
        return &[];
    }
    // SAFETY: by the contract of this function; a list holds as many elements as it says.
    unsafe { elements((*list).elems, usize::try_from((*list).cnt).unwrap_or(0)) }
}

/// As Kafka spells it. librdkafka does not know the newer ones.
fn state(state: sys::rd_kafka_consumer_group_state_t) -> Option<String> {
    // SAFETY: the name is a constant of librdkafka's.
    let name = unsafe { text(sys::rd_kafka_consumer_group_state_name(state)) };
    name.filter(|name| name != "Unknown")
}

fn kind(kind: sys::rd_kafka_consumer_group_type_t) -> Option<String> {
    // SAFETY: as above.
    let name = unsafe { text(sys::rd_kafka_consumer_group_type_name(kind)) };
    name.filter(|name| name != "Unknown")
}
