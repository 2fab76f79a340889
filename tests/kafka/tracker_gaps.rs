//! What cannot be had any more, and is never silent.

use crate::harness::{LONG, Line, wait_until};
use crate::harness::{Need, Record, Scratch, Trail, drain, events, order, shared, tracker, trail_dir, wait_for_lines};
use libtest_mimic::Trial;
use serde_json::Value;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_gaps",
        &[Need::Broker],
        [
            records_deleted_before_they_were_read_are_one_gap_line,
            the_first_run_begins_at_the_oldest_record_and_says_so,
            a_topic_made_anew_is_a_gap_and_read_from_its_beginning,
            a_partition_added_while_running_is_read_from_its_beginning,
        ]
    )
}

fn orders(partition: i32, numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|n| Record::new(partition, order(n))).collect()
}

#[track_caller]
fn the_gap(trail: &Trail) -> &Line {
    let gaps: Vec<&Line> = trail.lines.iter().filter(|line| line.is_gap()).collect();
    assert_eq!(gaps.len(), 1, "one line for one gap");
    let gap = gaps[0];
    assert_eq!(gap.get("deserialized"), Value::Bool(false));
    assert!(!gap.text_of("error").is_empty());
    gap
}

fn records_deleted_before_they_were_read_are_one_gap_line() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("retention");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(0, 0..10));
    kafka.produce(&topic, &orders(1, 0..4));
    drain(&kafka, &topic, &scratch);
    kafka.produce(&topic, &orders(0, 10..20));
    kafka.delete_before(&topic, 0, 15);

    let summary = drain(&kafka, &topic, &scratch);
    assert_eq!((summary.received, summary.gaps), (5, 1));
    let trail = Trail::read(&dir);
    let gap = the_gap(&trail);
    assert_eq!(gap.partition(), 0);
    let audit = gap.get("audit");
    assert_eq!(audit["kind"], "retention");
    assert_eq!((&audit["from"], &audit["to"]), (&10.into(), &15.into()));
    let read: Vec<i64> = trail.messages().filter(|line| line.partition() == 0).map(Line::offset).collect();
    assert_eq!(read, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 19]);
    let told = events(&dir, "audit.gap");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].level(), "ERROR");
    // Told once: the next run has nothing to tell.
    assert_eq!(drain(&kafka, &topic, &scratch).gaps, 0);
    assert_eq!(Trail::read(&dir).lines.len(), trail.lines.len());
}

fn the_first_run_begins_at_the_oldest_record_and_says_so() {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &orders(0, 0..10));
    kafka.delete_before(&topic, 0, 6);
    let scratch = Scratch::new("late");
    drain(&kafka, &topic, &scratch);
    let trail = Trail::read(&trail_dir(&scratch));
    let read: Vec<i64> = trail.messages().map(Line::offset).collect();
    assert_eq!(read, [6, 7, 8, 9]);
    assert_eq!(trail.lines.len(), 4, "what was gone before it began is no gap");
    assert_eq!(trail.at(0, 6).number_of("gap_before"), 6, "but it is said");
    let subscribed = events(&trail_dir(&scratch), "tracker.subscribed");
    assert_eq!(subscribed[0].metadata()["positions"]["0"], 6);
}

fn a_topic_made_anew_is_a_gap_and_read_from_its_beginning() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("anew");
    kafka.produce(&topic, &orders(0, 0..10));
    assert_eq!(drain(&kafka, &topic, &scratch).received, 10);
    remake(&topic, 4);
    let summary = drain(&kafka, &topic, &scratch);
    assert_eq!((summary.received, summary.gaps), (4, 1));
    let trail = Trail::read(&trail_dir(&scratch));
    assert_eq!(the_gap(&trail).get("audit")["kind"], "truncation");
    let read: Vec<i64> = trail.messages().skip(10).map(Line::offset).collect();
    assert_eq!(read, [0, 1, 2, 3]);
}

fn remake(topic: &str, messages: u32) {
    let kafka = shared();
    kafka.delete_topic(topic);
    kafka.make_topic(topic, 1);
    kafka.produce(topic, &orders(0, 100..100 + messages));
}

fn a_partition_added_while_running_is_read_from_its_beginning() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("growth");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(0, 0..5));
    let mut running = tracker(&kafka, &topic, &scratch).start();
    wait_for_lines(&mut running, &dir, 5);
    kafka.grow_topic(&topic, 3);
    wait_until("the new partitions can be written", LONG, || (kafka.ends(&topic).len() == 3).then_some(()));
    kafka.produce(&topic, &orders(2, 0..5));
    wait_for_lines(&mut running, &dir, 10);
    running.terminate(LONG).expect_code(0);
    Trail::read(&dir).expect_records(&kafka.dump(&topic));
}
