//! `audit verify` on trails of a real topic: what the tracker wrote is sound, what Kafka has agrees with
//! it, and a verification that was stopped is none.

use crate::harness::{
    Broker, Cluster, Exit, LONG, Need, Record, Run, Scratch, Trail, drain, expect_sealed, finish_drain, free_port,
    order, program, shared, tracker, trail_dir, wait_until,
};
use libtest_mimic::Trial;
use serde_json::Value;
use std::net::TcpListener;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "audit_verify",
        &[Need::Broker],
        [
            a_partition_that_begins_late_and_is_empty_is_sound_before_and_after_its_first_message,
            a_trail_agrees_with_kafka_until_one_of_them_is_changed,
            a_topic_made_anew_and_an_older_copy_put_back_agree_with_kafka,
            lines_of_a_log_that_was_cut_are_not_held_against_the_messages_that_came_instead,
            a_comparison_that_was_stopped_is_not_taken_for_a_good_one,
            what_kafka_has_and_the_trail_has_not_is_told_wherever_it_is_missing,
            a_partition_of_several_stretches_is_compared_once,
            messages_that_came_after_the_last_line_are_counted_and_no_difference,
            what_holds_no_message_is_not_missing,
            archived_lines_and_partitions_of_others_are_not_missing,
            a_comparison_that_compared_nothing_is_not_taken_for_a_good_one,
        ]
    )
}

fn orders(partition: i32, numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|n| Record::new(partition, order(n))).collect()
}

fn against_kafka(kafka: &Cluster, scratch: &Scratch) -> Run {
    let run = program("audit", scratch).cluster(kafka).arg("--dir").arg(trail_dir(scratch));
    run.args(["--json", "verify", "--against-kafka"])
}

fn compared(kafka: &Cluster, scratch: &Scratch) -> (Exit, Value) {
    let exit = against_kafka(kafka, scratch).finish_within(LONG);
    let report: Value = serde_json::from_str(exit.last_line()).unwrap_or_else(|error| panic!("{error}: {exit:?}"));
    (exit, report["against_kafka"].clone())
}

/// So many lines agree with Kafka, and nothing differs.
#[track_caller]
fn expect_agreeing(kafka: &Cluster, scratch: &Scratch, lines: u64) {
    let (exit, found) = compared(kafka, scratch);
    exit.expect_code(0);
    assert_eq!((&found["agreeing"], &found["differences"]), (&lines.into(), &Value::Array(Vec::new())), "{found}");
}

fn a_partition_that_begins_late_and_is_empty_is_sound_before_and_after_its_first_message() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("begins-late");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &[orders(0, 0..5), orders(1, 0..2)].concat());
    kafka.delete_before(&topic, 0, 5);
    for received in [2, 0] {
        assert_eq!(drain(&kafka, &topic, &scratch).received, received);
        let seal = expect_sealed(&dir).seal;
        assert_eq!(seal["positions"]["0"], serde_json::json!({"next": 5, "without_line": true}));
        expect_agreeing(&kafka, &scratch, 2);
    }
    kafka.produce(&topic, &orders(0, 5..6));
    assert_eq!(drain(&kafka, &topic, &scratch).received, 1);
    let trail = Trail::read(&dir);
    assert_eq!(trail.at(0, 5).number_of("gap_before"), 5, "the first line tells what was gone before it");
    expect_sealed(&dir);
    expect_agreeing(&kafka, &scratch, 3);
    assert_eq!(drain(&kafka, &topic, &scratch).gaps, 0);
    expect_sealed(&dir);
}

fn a_trail_agrees_with_kafka_until_one_of_them_is_changed() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("against-kafka");
    let events = trail_dir(&scratch).join("tracker.events");
    kafka.produce(&topic, &[orders(0, 0..5), orders(1, 0..5)].concat());
    drain(&kafka, &topic, &scratch);
    expect_agreeing(&kafka, &scratch, 10);
    // What came since is no lie of the trail.
    kafka.produce(&topic, &orders(0, 5..6));
    expect_agreeing(&kafka, &scratch, 10);

    let text = std::fs::read_to_string(&events).unwrap();
    let line = text.lines().find(|line| line.contains("\"kafka_partition\":1,\"kafka_offset\":3,")).unwrap();
    let changed = line.replace("client01@", "client02@");
    assert_ne!(line, changed, "the payload is another one, and as long");
    std::fs::write(&events, text.replacen(line, &changed, 1)).unwrap();
    let (exit, found) = compared(&kafka, &scratch);
    exit.expect_code(3);
    assert_eq!((&found["agreeing"], found["differences"].as_array().map(Vec::len)), (&9.into(), Some(1)), "{found}");
    assert!(found["differences"][0].as_str().unwrap().contains("partition 1, offset 3"), "{found}");
}

/// Only the lines of the topic that is there now are compared.
fn a_topic_made_anew_and_an_older_copy_put_back_agree_with_kafka() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("against-anew");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &[orders(0, 0..5), orders(1, 0..5)].concat());
    drain(&kafka, &topic, &scratch);
    kafka.delete_topic(&topic);
    kafka.make_topic(&topic, 2);
    kafka.produce(&topic, &orders(0, 10..13));
    assert_eq!(drain(&kafka, &topic, &scratch).gaps, 1);
    expect_agreeing(&kafka, &scratch, 3);
    let copy = crate::harness::folder_bytes(&dir);
    kafka.produce(&topic, &orders(1, 20..24));
    drain(&kafka, &topic, &scratch);
    for (name, bytes) in &copy {
        std::fs::write(dir.join(name), bytes).unwrap();
    }
    assert_eq!(drain(&kafka, &topic, &scratch).gaps, 1);
    expect_agreeing(&kafka, &scratch, 7);
    expect_sealed(&dir);
}

fn lines_of_a_log_that_was_cut_are_not_held_against_the_messages_that_came_instead() {
    let mut broker = Broker::start();
    let kafka = broker.cluster();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("against-cut");
    kafka.produce(&topic, &orders(0, 0..5));
    kafka.produce(&topic, &orders(0, 5..10));
    drain(&kafka, &topic, &scratch);
    broker.kill_nine();
    broker.cut_log(&topic, 0, 5);
    broker.start_again();
    assert_eq!(drain(&kafka, &topic, &scratch).gaps, 1);
    kafka.produce(&topic, &orders(0, 100..120));
    expect_agreeing(&kafka, &scratch, 5);
    assert_eq!(drain(&kafka, &topic, &scratch).received, 20);
    expect_agreeing(&kafka, &scratch, 25);
}

/// A broker that takes the connection and says nothing: the comparison has begun, and cannot end.
fn a_comparison_that_was_stopped_is_not_taken_for_a_good_one() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("against-stopped");
    kafka.produce(&topic, &orders(0, 0..5));
    drain(&kafka, &topic, &scratch);
    let port = free_port();
    let silent = TcpListener::bind(("127.0.0.1", port)).unwrap();
    silent.set_nonblocking(true).unwrap();
    let nowhere = Cluster::at(format!("127.0.0.1:{port}"));
    let mut running = against_kafka(&nowhere, &scratch).args(["--connect-timeout", "10m"]).start();
    let connection = wait_until("it connects", LONG, || silent.accept().ok());
    running.terminate(LONG).expect_code(1).expect_message(&["stopped before the end"]);
    drop(connection);
}

/// The number of a field of a line.
fn field(line: &str, name: &str) -> i64 {
    serde_json::from_str::<Value>(line).unwrap()[name].as_i64().unwrap()
}

/// Leaves only the lines that this keeps, and nothing of what was sealed and signed: then only Kafka can tell.
fn keep(scratch: &Scratch, lines: &str, keeps: impl Fn(i64, i64) -> bool) {
    let dir = trail_dir(scratch);
    for name in ["seal", "checkpoints", "segments", "index", "pub", "key"] {
        std::fs::remove_file(dir.join(format!("tracker.events.{name}"))).ok();
    }
    let is_kept = |line: &&str| keeps(field(line, "kafka_partition"), field(line, "kafka_offset"));
    let kept: String = lines.lines().filter(is_kept).map(|line| format!("{line}\n")).collect();
    std::fs::write(dir.join("tracker.events"), kept).unwrap();
}

fn count(value: &Value) -> Option<usize> {
    value.as_array().map(Vec::len)
}

fn what_kafka_has_and_the_trail_has_not_is_told_wherever_it_is_missing() {
    let kafka = shared();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("against-missing");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(1, 0..5));
    kafka.produce(&topic, &orders(0, 0..5));
    drain(&kafka, &topic, &scratch);
    let lines = std::fs::read_to_string(dir.join("tracker.events")).unwrap();
    let seal = std::fs::read(dir.join("tracker.events.seal")).unwrap();
    keep(&scratch, &lines, |_, _| true);
    expect_agreeing(&kafka, &scratch, 10);
    for (place, agreeing, differences, keeps) in [
        ("partition 0, offset 0", 8, 2, (|p, o| p != 0 || o >= 2) as fn(i64, i64) -> bool),
        ("partition 0, offset 2", 9, 1, |p, o| (p, o) != (0, 2)),
        ("partition 1: Kafka has 5 messages", 5, 1, |p, _| p == 0),
    ] {
        keep(&scratch, &lines, keeps);
        let (exit, found) = compared(&kafka, &scratch);
        exit.expect_code(3);
        assert_eq!(
            (&found["agreeing"], count(&found["differences"])),
            (&agreeing.into(), Some(differences)),
            "{found}"
        );
        assert!(found["differences"][0].as_str().unwrap().starts_with(place), "{found}");
    }
    // The end: the seal says how far the lines had come, or nobody does.
    keep(&scratch, &lines, |p, o| p != 0 || o < 3);
    let (exit, found) = compared(&kafka, &scratch);
    exit.expect_code(0);
    assert_eq!(found["behind"], serde_json::json!({"0": 2, "1": 0, "2": 0}), "{found}");
    let exit = against_kafka(&kafka, &scratch).arg("--complete").finish_within(LONG);
    let report: Value = serde_json::from_str(exit.last_line()).unwrap();
    assert_eq!(count(&report["against_kafka"]["differences"]), Some(1), "{report}");
    std::fs::write(dir.join("tracker.events.seal"), seal).unwrap();
    let (exit, found) = compared(&kafka, &scratch);
    exit.expect_code(3);
    assert_eq!(count(&found["differences"]), Some(2), "{found}");
}

/// What was fetched ahead of one stretch was taken for the next one's: it was compared twice, or an end that belonged to
/// the stretch before left nothing to compare.
fn a_partition_of_several_stretches_is_compared_once() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("against-stretches");
    let records: Vec<Record> = (0..401_000).map(|n| Record::new(0, n.to_string())).collect();
    kafka.produce(&topic, &records);
    finish_drain(tracker(&kafka, &topic, &scratch).args(["--payload", "bytes"]));
    expect_agreeing(&kafka, &scratch, 401_000);
}

fn messages_that_came_after_the_last_line_are_counted_and_no_difference() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("against-later");
    kafka.produce(&topic, &orders(0, 0..5));
    drain(&kafka, &topic, &scratch);
    kafka.produce(&topic, &[orders(0, 5..8), orders(1, 0..2)].concat());
    let (exit, found) = compared(&kafka, &scratch);
    exit.expect_code(0);
    assert_eq!(found["behind"], serde_json::json!({"0": 3, "1": 2}), "{found}");
    let exit = against_kafka(&kafka, &scratch).arg("--complete").finish_within(LONG);
    exit.expect_code(3);
    drain(&kafka, &topic, &scratch);
    against_kafka(&kafka, &scratch).arg("--complete").finish_within(LONG).expect_code(0);
}

/// Transactions leave offsets that hold nothing for anybody, also at the end of a partition.
fn what_holds_no_message_is_not_missing() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("against-markers");
    let sent = program("producer", &scratch).cluster(&kafka).args(["--topic", topic.as_str(), "--exactly-once"]);
    sent.args(["--count", "10", "--rate", "1000", "--quiet"]).finish_within(LONG).expect_code(0);
    drain(&kafka, &topic, &scratch);
    let (exit, found) = compared(&kafka, &scratch);
    exit.expect_code(0);
    assert_eq!((&found["agreeing"], &found["behind"]), (&10.into(), &serde_json::json!({"0": 0})), "{found}");
    kafka.delete_before(&topic, 0, 3);
    let (exit, found) = compared(&kafka, &scratch);
    exit.expect_code(0);
    assert!(found["gone"].as_u64() > Some(0), "{found}");
}

fn archived_lines_and_partitions_of_others_are_not_missing() {
    let kafka = shared();
    let topic = kafka.topic(2);
    let scratch = Scratch::new("against-shares");
    let share = |folder: &str, partition: &str| {
        let run = program("tracker", &scratch).cluster(&kafka).args(["--topic", topic.as_str(), "--until-end"]);
        let run = run.arg("--dir").arg(scratch.path().join(folder)).args(["--rotate-size", "4K"]);
        run.args(["--group", folder, "--only-partitions", partition]).finish_within(LONG).expect_code(0);
    };
    // Each start closes the segment of the one before, as it is larger than that.
    for numbers in [0..9, 9..18] {
        kafka.produce(&topic, &[orders(0, numbers.clone()), orders(1, numbers)].concat());
        share("a", "0");
        share("b", "1");
    }
    let verify = |folders: &[&str], flags: &[&str]| {
        let run = program("audit", &scratch).cluster(&kafka).args(["verify", "--against-kafka"]).args(flags.iter());
        let run = folders.iter().fold(run, |run, folder| run.arg("--dir").arg(scratch.path().join(folder)));
        run.finish_within(LONG)
    };
    verify(&["a"], &[]).expect_code(3);
    verify(&["a"], &["--partition", "0"]).expect_code(0);
    verify(&["a", "b"], &[]).expect_code(0);
    std::fs::remove_file(scratch.path().join("a/tracker.events.1")).unwrap();
    let exit = verify(&["a", "b"], &[]);
    exit.expect_code(0);
    assert!(exit.stdout.contains("archived, not here"), "{exit:?}");
}

fn a_comparison_that_compared_nothing_is_not_taken_for_a_good_one() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("against-nothing");
    drain(&kafka, &topic, &scratch);
    let (exit, found) = compared(&kafka, &scratch);
    exit.expect_code(0);
    assert_eq!(found["nothing_because"], "the trail has no line", "{found}");
    kafka.produce(&topic, &orders(0, 0..5));
    drain(&kafka, &topic, &scratch);
    kafka.delete_before(&topic, 0, 5);
    let (exit, found) = compared(&kafka, &scratch);
    exit.expect_code(1);
    assert_eq!((&found["gone"], found["nothing_because"].is_string()), (&5.into(), true), "{found}");
    kafka.delete_topic(&topic);
    kafka.make_topic(&topic, 1);
    let (exit, found) = compared(&kafka, &scratch);
    exit.expect_code(1);
    assert!(found["nothing_because"].as_str().unwrap().contains("made anew"), "{found}");
}
