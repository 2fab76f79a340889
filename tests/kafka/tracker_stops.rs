//! Ending at the end of the topic, and ending on a signal.

use crate::harness::{
    Ending, LONG, Need, Record, SHORT, Scratch, Signal, Summary, Trail, drain, events, group_of, order, shared,
    tracker, trail_dir, wait_for_event, wait_for_lines,
};
use libtest_mimic::Trial;
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_stops",
        &[Need::Broker],
        [
            until_end_reaches_the_end_of_every_kind_of_partition,
            until_end_stops_before_an_open_transaction,
            until_end_does_not_run_after_what_comes_later,
            until_end_of_an_empty_topic_is_quick,
            sigterm_drains_what_the_topic_held,
            sigint_is_the_same,
            a_stop_is_heard_while_it_still_starts,
            the_time_for_draining_is_limited,
        ]
    )
}

fn orders(partition: i32, numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|n| Record::new(partition, order(n))).collect()
}

fn until_end_reaches_the_end_of_every_kind_of_partition() {
    let kafka = shared();
    let topic = kafka.topic(3);
    kafka.produce(&topic, &orders(0, 0..5));
    kafka.produce(&topic, &[Record::new(0, "no order"), Record::tombstone(0)]);
    // Partition 1 stays empty. Partition 2 ends with a transaction that never was.
    kafka.transact(&topic, &orders(2, 0..3), Ending::Commit);
    kafka.transact(&topic, &orders(2, 3..5), Ending::Abort);
    kafka.transact(&topic, &orders(2, 5..6), Ending::Commit);
    kafka.transact(&topic, &orders(2, 6..8), Ending::Abort);
    let scratch = Scratch::new("until-end");
    let expected = Summary { received: 11, valid: 9, invalid: 2, gaps: 0 };
    assert_eq!(drain(&kafka, &topic, &scratch), expected);
    let trail = Trail::read(&trail_dir(&scratch));
    trail.expect_records(&kafka.dump(&topic));
    // The first commit marker, the two aborted orders and their marker.
    let after_abort = trail.at(2, 7);
    assert_eq!(after_abort.number_of("gap_before"), 4);
    // The group gets the file's position, not that of a client which went over the last markers.
    let committed = kafka.group(&group_of(&topic));
    assert_eq!(committed.get(&format!("{topic}/0")), Some(&7));
    assert_eq!(committed.get(&format!("{topic}/2")), Some(&8));
    // Once more: nothing is new, and it still ends.
    assert_eq!(drain(&kafka, &topic, &scratch).received, 0);
}

fn until_end_stops_before_an_open_transaction() {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.transact(&topic, &orders(0, 0..3), Ending::Commit);
    kafka.transact(&topic, &orders(0, 3..5), Ending::Open);
    let scratch = Scratch::new("open");
    assert_eq!(drain(&kafka, &topic, &scratch).received, 3);
    Trail::read(&trail_dir(&scratch)).expect_unbroken();
}

fn until_end_does_not_run_after_what_comes_later() {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &orders(0, 0..100));
    let flood = kafka.flood(&topic, &order(7), 500);
    let scratch = Scratch::new("moving-end");
    let summary = drain(&kafka, &topic, &scratch);
    let sent = 100 + flood.stop();
    assert!(summary.received >= 100, "{summary:?}");
    assert!(summary.received <= sent, "{summary:?}");
    let trail = Trail::read(&trail_dir(&scratch));
    trail.expect_unbroken();
    assert_eq!(trail.lines.len() as i64, summary.received);
}

fn until_end_of_an_empty_topic_is_quick() {
    let kafka = shared();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("empty");
    let exit = tracker(&kafka, &topic, &scratch).arg("--until-end").finish_within(SHORT);
    exit.expect_code(0);
    assert_eq!(exit.last_line(), "received=0 valid=0 invalid=0 gaps=0");
    assert!(Trail::read(&trail_dir(&scratch)).lines.is_empty());
}

/// Starts a tracker on a topic with many orders, and signals it after its first lines.
fn stopped_while_reading(signal: Signal) {
    let kafka = shared();
    let topic = kafka.topic(3);
    let records: Vec<Record> = (0..30_000).map(|n| Record::new(i32::try_from(n % 3).unwrap(), order(n))).collect();
    kafka.produce(&topic, &records);
    let scratch = Scratch::new("drains");
    let dir = trail_dir(&scratch);
    let mut running = tracker(&kafka, &topic, &scratch).start();
    wait_for_lines(&mut running, &dir, 1);
    running.signal(signal);
    running.wait(LONG).expect_code(0);

    let trail = Trail::read(&dir);
    trail.expect_unbroken();
    assert_eq!(trail.lines.len(), 30_000, "as many lines as messages");
    assert_eq!(events(&dir, "tracker.stopping").len(), 1);
    let stopped = wait_for_event(&dir, "tracker.stopped");
    assert_eq!(stopped.metadata()["lag"], 0, "{stopped:?}");
    for (partition, next) in trail.next_offsets() {
        let committed = kafka.group(&group_of(&topic));
        assert_eq!(committed.get(&format!("{topic}/{partition}")), Some(&next));
    }
}

fn sigterm_drains_what_the_topic_held() {
    stopped_while_reading(Signal::TERM);
}

fn sigint_is_the_same() {
    stopped_while_reading(Signal::INT);
}

/// A service manager that changes its mind: whatever the start is busy with, it ends in order, and at once.
fn a_stop_is_heard_while_it_still_starts() {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &orders(0, 0..5));
    let scratch = Scratch::new("early-stop");
    for _ in 0..20 {
        tracker(&kafka, &topic, &scratch).start().terminate(SHORT).expect_code(0);
    }
    drain(&kafka, &topic, &scratch);
    Trail::read(&trail_dir(&scratch)).expect_records(&kafka.dump(&topic));
}

fn the_time_for_draining_is_limited() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let flood = kafka.flood(&topic, &order(7), 2_000);
    let scratch = Scratch::new("limited");
    let dir = trail_dir(&scratch);
    let mut running = tracker(&kafka, &topic, &scratch).args(["--drain-timeout", "0s"]).start();
    wait_for_lines(&mut running, &dir, 100);
    running.terminate(Duration::from_secs(15)).expect_code(0);
    flood.stop();
    let trail = Trail::read(&dir);
    trail.expect_unbroken();
    let stopped = wait_for_event(&dir, "tracker.stopped");
    assert!(stopped.metadata()["lag"].is_u64(), "{stopped:?}");
    // What was left comes with the next run.
    drain(&kafka, &topic, &scratch);
    Trail::read(&dir).expect_records(&kafka.dump(&topic));
}
