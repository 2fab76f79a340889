//! What cannot be had any more, and is never silent.

use crate::harness::{
    Broker, Ending, LONG, Line, Need, Record, Scratch, Signal, Trail, drain, events, expect_sealed, expect_told_once,
    order, shared, tracker, trail_dir, wait_for_lines, wait_until,
};
use libtest_mimic::Trial;
use serde_json::Value;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_gaps",
        &[Need::Broker],
        [
            records_deleted_before_they_were_read_are_one_gap_line,
            the_first_run_begins_at_the_oldest_record_and_says_so,
            records_deleted_under_a_running_tracker_are_one_gap_line,
            records_deleted_in_several_partitions_are_one_gap_line_in_each,
            what_a_transaction_took_back_is_no_gap,
            what_was_compacted_is_no_gap,
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
    expect_sealed(&dir);
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

/// The tracker is held up while the broker deletes what it has not read yet.
fn records_deleted_under_a_running_tracker_are_one_gap_line() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("retention-running");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(0, 0..10));
    kafka.produce(&topic, &orders(1, 0..4));
    let mut running = tracker(&kafka, &topic, &scratch).start();
    wait_for_lines(&mut running, &dir, 14);
    running.signal(Signal::STOP);
    kafka.produce(&topic, &orders(0, 10..3_000));
    kafka.delete_before(&topic, 0, 2_990);
    running.signal(Signal::CONT);
    wait_until("the gap is told", LONG, || (!events(&dir, "audit.gap").is_empty()).then_some(()));
    wait_until("all is read", LONG, || (Trail::count_so_far(&dir) >= 14 + 1 + 10).then_some(()));
    running.terminate(LONG).expect_code(0);
    let trail = Trail::read(&dir);
    expect_told_once(&dir, "retention");
    let audit = the_gap(&trail).get("audit");
    // What was fetched before it was deleted may be there.
    assert_eq!(audit["to"], 2_990);
    let from = audit["from"].as_i64().unwrap();
    let read: Vec<i64> = trail.messages().filter(|line| line.partition() == 0).map(Line::offset).collect();
    assert_eq!(read, (0..from).chain(2_990..3_000).collect::<Vec<i64>>());
    expect_sealed(&dir);
    assert_eq!(drain(&kafka, &topic, &scratch).gaps, 0);
}

fn records_deleted_in_several_partitions_are_one_gap_line_in_each() {
    let kafka = shared();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("retention-many");
    let dir = trail_dir(&scratch);
    (0..3).for_each(|partition| drop(kafka.produce(&topic, &orders(partition, 0..10))));
    drain(&kafka, &topic, &scratch);
    (0..3).for_each(|partition| drop(kafka.produce(&topic, &orders(partition, 10..20))));
    kafka.delete_before(&topic, 0, 15);
    kafka.delete_before(&topic, 2, 20);
    let summary = drain(&kafka, &topic, &scratch);
    assert_eq!((summary.received, summary.gaps), (15, 2));
    let trail = Trail::read(&dir);
    let gaps: Vec<(i32, &str)> = trail
        .lines
        .iter()
        .filter(|line| line.is_gap())
        .map(|line| (line.partition(), line.raw("audit").unwrap()))
        .collect();
    let (first, last) = (r#"{"kind":"retention","from":10,"to":15}"#, r#"{"kind":"retention","from":10,"to":20}"#);
    assert_eq!(gaps, [(0, first), (2, last)]);
    assert_eq!(events(&dir, "audit.gap").len(), 2);
    assert_eq!(drain(&kafka, &topic, &scratch).gaps, 0, "told once");
    expect_sealed(&dir);
}

/// A broker of its own, which compacts at once and all the time.
fn what_was_compacted_is_no_gap() {
    let broker = Broker::start_with(&[], &["log.cleaner.backoff.ms=100".to_owned()]);
    let kafka = broker.cluster();
    let config = [
        ("cleanup.policy", "compact"),
        ("segment.ms", "100"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("max.compaction.lag.ms", "100"),
    ];
    let topic = kafka.topic_with(1, &config);
    let scratch = Scratch::new("compacted");
    kafka.produce(&topic, &[Record::new(0, order(0)).key("first")]);
    drain(&kafka, &topic, &scratch);
    for n in 0..20 {
        kafka.produce(&topic, &[Record::new(0, order(n)).key("the same")]);
    }
    // Another message closes the segment, so that the cleaner may have it.
    wait_until("something was compacted", LONG, || {
        kafka.produce(&topic, &[Record::new(0, order(99)).key("another")]);
        let here = kafka.dump(&topic);
        let last = here.last().map_or(0, |record| record.offset);
        (here.len() as i64 <= last - 10).then_some(())
    });
    assert_eq!(drain(&kafka, &topic, &scratch).gaps, 0);
    let trail = Trail::read(&trail_dir(&scratch));
    trail.expect_unbroken();
    let absent = |line: &&Line| line.get("gap_before").as_i64().is_some();
    assert!(trail.messages().filter(absent).count() > 0, "what is absent is said");
    expect_sealed(&trail_dir(&scratch));
}

fn what_a_transaction_took_back_is_no_gap() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("aborted");
    kafka.produce(&topic, &orders(0, 0..3));
    kafka.transact(&topic, &orders(0, 3..6), Ending::Abort);
    kafka.transact(&topic, &orders(0, 6..8), Ending::Commit);
    assert_eq!(drain(&kafka, &topic, &scratch).gaps, 0);
    let trail = Trail::read(&trail_dir(&scratch));
    let read: Vec<i64> = trail.messages().map(Line::offset).collect();
    assert_eq!(read, [0, 1, 2, 7, 8]);
    assert_eq!(trail.at(0, 7).number_of("gap_before"), 4, "three messages and the marker");
    trail.expect_unbroken();
    expect_sealed(&trail_dir(&scratch));
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
    assert_eq!(events(&dir, "partitions.added").len(), 1);
    expect_sealed(&dir);
}
