//! The same name, another thing: topics made anew, clusters that were swapped, files that were put
//! back. Each is one `audit.gap` line, told once, and then what is there is read from its beginning.

use crate::harness::{
    Broker, Cluster, LONG, Line, Need, Record, Scratch, Trail, drain, expect_sealed, expect_told_once, order, shared,
    tracker, trail_dir, wait_for_lines,
};
use libtest_mimic::Trial;
use std::path::Path;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_incarnations",
        &[Need::Broker],
        [
            a_shorter_topic_made_anew_is_noticed,
            a_longer_topic_made_anew_is_noticed,
            a_topic_made_anew_as_long_as_the_old_one_is_noticed,
            a_topic_made_anew_with_fewer_partitions_is_one_gap_and_is_read_to_its_end,
            a_topic_made_anew_under_a_running_tracker_is_noticed,
            a_longer_topic_made_anew_under_a_running_tracker_is_noticed,
            another_cluster_is_noticed_and_not_refused,
            another_cluster_under_a_running_tracker_is_noticed,
            a_partition_that_is_gone_is_noticed_without_a_seal,
            files_put_back_from_an_earlier_copy_are_noticed,
        ]
    )
}

fn orders(partitions: i32, numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.flat_map(|n| (0..partitions).map(move |partition| Record::new(partition, order(n)))).collect()
}

fn remake(kafka: &Cluster, topic: &str, partitions: i32, messages: u32) {
    kafka.delete_topic(topic);
    kafka.make_topic(topic, partitions);
    kafka.produce(topic, &orders(partitions, 1_000..1_000 + messages));
}

/// One gap of this kind after `before` lines, after it all that the new topic holds, and nothing further
/// to tell at the next start.
#[track_caller]
fn begins_anew(dir: &Path, kind: &str, before: usize, kafka: &Cluster, topic: &str, scratch: &Scratch) {
    let trail = Trail::read(dir);
    expect_told_once(dir, kind);
    let gap = &trail.lines[before];
    assert!(gap.is_gap(), "the gap stands where the old one ended");
    assert!(!gap.text_of("error").is_empty());
    let mut anew: Vec<Record> = trail.lines[before + 1..].iter().map(Line::record).collect();
    anew.sort_by_key(|record| (record.partition, record.offset));
    assert_eq!(anew, kafka.dump(topic));
    expect_sealed(dir);
    assert_eq!(drain(kafka, topic, scratch).gaps, 0, "told once");
    expect_told_once(dir, kind);
}

/// An old topic of two partitions with ten messages each, and a new one.
fn made_anew_while_stopped(partitions: i32, messages: u32) {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("anew");
    kafka.produce(&topic, &orders(2, 0..10));
    assert_eq!(drain(&kafka, &topic, &scratch).received, 20);
    remake(&kafka, &topic, partitions, messages);
    let summary = drain(&kafka, &topic, &scratch);
    assert_eq!((summary.received, summary.gaps), (i64::from(partitions) * i64::from(messages), 1));
    let dir = trail_dir(&scratch);
    let positions = &Trail::read(&dir).lines[20].get("audit")["positions"];
    assert_eq!(positions, &serde_json::json!({"0": 10, "1": 10}), "where the old one ended");
    begins_anew(&dir, "topic_recreated", 20, &kafka, &topic, &scratch);
}

fn a_shorter_topic_made_anew_is_noticed() {
    made_anew_while_stopped(2, 4);
}

/// The trap: the old position exists in the new topic as well.
fn a_longer_topic_made_anew_is_noticed() {
    made_anew_while_stopped(2, 25);
}

fn a_topic_made_anew_as_long_as_the_old_one_is_noticed() {
    made_anew_while_stopped(2, 10);
}

fn a_topic_made_anew_with_fewer_partitions_is_one_gap_and_is_read_to_its_end() {
    made_anew_while_stopped(1, 5);
}

fn made_anew_while_running(messages: u32) {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("anew-running");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(2, 0..10));
    let mut running = tracker(&kafka, &topic, &scratch).start();
    wait_for_lines(&mut running, &dir, 20);
    remake(&kafka, &topic, 2, messages);
    wait_for_lines(&mut running, &dir, 20 + 1 + 2 * messages as usize);
    running.terminate(LONG).expect_code(0);
    begins_anew(&dir, "topic_recreated", 20, &kafka, &topic, &scratch);
}

fn a_topic_made_anew_under_a_running_tracker_is_noticed() {
    made_anew_while_running(4);
}

/// The trap: librdkafka reads on at the old position. Not one line of the new topic may stand before
/// the gap.
fn a_longer_topic_made_anew_under_a_running_tracker_is_noticed() {
    made_anew_while_running(60);
}

fn another_cluster_is_noticed_and_not_refused() {
    let scratch = Scratch::new("swapped");
    let topic = "orders";
    let old = Broker::start();
    old.cluster().make_topic(topic, 2);
    old.cluster().produce(topic, &orders(2, 0..10));
    assert_eq!(drain(&old.cluster(), topic, &scratch).gaps, 0);
    drop(old);
    let new = Broker::start();
    let kafka = new.cluster();
    kafka.make_topic(topic, 2);
    kafka.produce(topic, &orders(2, 100..125));
    assert_eq!(drain(&kafka, topic, &scratch).gaps, 1);
    begins_anew(&trail_dir(&scratch), "cluster_changed", 20, &kafka, topic, &scratch);
}

fn another_cluster_under_a_running_tracker_is_noticed() {
    let mut broker = Broker::start();
    let kafka = broker.cluster();
    let scratch = Scratch::new("swapped-running");
    let dir = trail_dir(&scratch);
    kafka.make_topic("orders", 2);
    kafka.produce("orders", &orders(2, 0..10));
    let mut running = tracker(&kafka, "orders", &scratch).start();
    wait_for_lines(&mut running, &dir, 20);
    broker.kill_nine();
    broker.forget_everything();
    broker.start_again();
    kafka.make_topic("orders", 2);
    kafka.produce("orders", &orders(2, 100..125));
    wait_for_lines(&mut running, &dir, 20 + 1 + 50);
    running.terminate(LONG).expect_code(0);
    begins_anew(&dir, "cluster_changed", 20, &kafka, "orders", &scratch);
}

/// Only the seal knows the topic's id. A trail without one, as the Go program leaves it, still shows that
/// there were more partitions.
fn a_partition_that_is_gone_is_noticed_without_a_seal() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let first = Scratch::new("two");
    kafka.produce(&topic, &(0..10).map(|n| Record::new(1, order(n))).collect::<Vec<_>>());
    drain(&kafka, &topic, &first);
    remake(&kafka, &topic, 1, 5);
    let scratch = Scratch::new("one");
    let dir = trail_dir(&scratch);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::copy(trail_dir(&first).join("tracker.events"), dir.join("tracker.events")).unwrap();
    let summary = drain(&kafka, &topic, &scratch);
    assert_eq!((summary.received, summary.gaps), (5, 1));
    let gap = &Trail::read(&dir).lines[10];
    assert_eq!((gap.partition(), gap.offset()), (1, 10));
    begins_anew(&dir, "partition_missing", 10, &kafka, &topic, &scratch);
}

fn files_put_back_from_an_earlier_copy_are_noticed() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("back");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(2, 0..10));
    drain(&kafka, &topic, &scratch);
    let copy = crate::harness::folder_bytes(&dir);
    kafka.produce(&topic, &(10..20).map(|n| Record::new(0, order(n))).collect::<Vec<_>>());
    drain(&kafka, &topic, &scratch);
    for (name, bytes) in &copy {
        std::fs::write(dir.join(name), bytes).unwrap();
    }
    let summary = drain(&kafka, &topic, &scratch);
    assert_eq!((summary.received, summary.gaps), (10, 1));
    expect_told_once(&dir, "file_rolled_back");
    let trail = Trail::read(&dir);
    let audit = trail.lines[20].get("audit");
    assert_eq!((&audit["from"], &audit["to"], &audit["committed"]), (&10.into(), &10.into(), &20.into()));
    assert_eq!(trail.records(), kafka.dump(&topic), "what Kafka still has came again");
    expect_sealed(&dir);
    assert_eq!(drain(&kafka, &topic, &scratch).gaps, 0, "told once");
}
