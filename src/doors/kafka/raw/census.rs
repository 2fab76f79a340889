//! The questions of a census: the cluster, the groups with their members, and what they have published. Each is one
//! request, or one for each broker, and goes out before any answer is waited for.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::os::raw::c_char;

use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;

use super::EventGuard;
use super::admin::{NoAnswer, Patience, Question, elements, text};
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
