//! What flags change.

use crate::harness::{
    Cluster, LONG, Line, Need, Record, Run, Scratch, Summary, Trail, drain, finish_drain, group_of, order, order_for,
    program, shared, tracker, trail_dir, wait_for_lines,
};
use libtest_mimic::Trial;
use serde_json::Value;
use std::collections::BTreeSet;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_options",
        &[Need::Broker],
        [
            payload_json_asks_for_json_only,
            payload_bytes_asks_for_nothing,
            threads_that_encode_change_nothing_of_the_order,
            only_the_named_partitions_are_read,
            print_always_shows_each_order,
            print_never_shows_none_and_auto_none_on_a_pipe,
            a_missing_topic_is_made,
            the_prefix_stands_before_the_built_in_topic_only,
            without_a_directory_it_writes_where_it_stands,
            strict_durability_writes_the_same,
            topics_compressed_in_any_way_are_read,
            invalid_messages_also_go_to_the_dead_letter_topic,
        ]
    )
}

fn payloads(texts: &[&str]) -> Vec<Record> {
    texts.iter().map(|text| Record::new(0, *text)).collect()
}

/// A trail of these records with further arguments.
#[track_caller]
fn trail_with(more: &[&str], records: &[Record]) -> (Trail, Summary) {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, records);
    let scratch = Scratch::new("options");
    let summary = finish_drain(tracker(&kafka, &topic, &scratch).args(more));
    let trail = Trail::read(&trail_dir(&scratch));
    trail.expect_records(&kafka.dump(&topic));
    (trail, summary)
}

fn payload_json_asks_for_json_only() {
    let texts = ["{\"a\":1}", "[1,2]", "\"text\"", "{\"a\":", "", &order(1)];
    let (trail, summary) = trail_with(&["--payload", "json"], &payloads(&texts));
    let valid: Vec<bool> = trail.lines.iter().map(Line::is_order).collect();
    assert_eq!(valid, [true, true, true, false, false, true]);
    assert!(trail.lines.iter().all(|line| line.raw("order_full").is_none()));
    assert_eq!((summary.valid, summary.invalid), (4, 2));
}

fn threads_that_encode_change_nothing_of_the_order() {
    // Some megabytes, so that there are many batches; every seventh is no order.
    let text = |n: u32| if n.is_multiple_of(7) { format!("{{\"n\":{n}") } else { order(n) };
    let records: Vec<Record> = (0..10_000).map(|n| Record::new(0, text(n))).collect();
    for encoders in ["0", "1", "3"] {
        let (trail, summary) = trail_with(&["--encoders", encoders], &records);
        assert_eq!((summary.valid, summary.invalid), (8_571, 1_429), "{encoders}");
        let offsets: Vec<i64> = trail.lines.iter().map(|line| line.number_of("kafka_offset")).collect();
        assert!(offsets.iter().copied().eq(0..10_000), "{encoders}");
        assert!(trail.lines.iter().zip(0_u32..).all(|(line, n)| line.is_order() != n.is_multiple_of(7)), "{encoders}");
    }
}

fn payload_bytes_asks_for_nothing() {
    let mut records = payloads(&["{\"a\":", "", "text"]);
    records.push(Record::new(0, [0xff, 0x00]));
    records.push(Record::tombstone(0));
    let (trail, summary) = trail_with(&["--payload", "bytes"], &records);
    for line in &trail.lines {
        assert_eq!(line.get("deserialized"), Value::Bool(true));
        assert_eq!(line.text_of("event_type"), "message.received");
        assert_eq!(line.raw("order_full"), None);
    }
    assert_eq!((summary.valid, summary.invalid), (5, 0));
}

fn only_the_named_partitions_are_read() {
    let kafka = shared();
    let topic = kafka.topic(6);
    let records: Vec<Record> = (0..30).map(|n| Record::new(n % 6, order(n as u32))).collect();
    kafka.produce(&topic, &records);
    let scratch = Scratch::new("partitions");
    finish_drain(tracker(&kafka, &topic, &scratch).args(["--only-partitions", "0-2,5"]));
    let trail = Trail::read(&trail_dir(&scratch));
    trail.expect_unbroken();
    let read: BTreeSet<i32> = trail.lines.iter().map(Line::partition).collect();
    assert_eq!(read, BTreeSet::from([0, 1, 2, 5]));
    assert_eq!(trail.lines.len(), 20);
}

fn printed(more: &[&str]) -> String {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &payloads(&[&order(1), &order_for(2, "client02", "")]));
    let scratch = Scratch::new("print");
    let exit = tracker(&kafka, &topic, &scratch).args(more).arg("--until-end").finish_within(LONG);
    exit.expect_code(0);
    exit.stdout
}

fn print_always_shows_each_order() {
    let said = printed(&["--print", "always"]);
    let orders = [(1, "client01"), (2, "client02")];
    for (number, customer) in orders {
        let parsed: Value = serde_json::from_str(&order(number)).unwrap();
        let id = parsed["order_id"].as_str().unwrap();
        assert!(said.contains(id), "{said}");
        assert!(said.contains(customer), "{said}");
    }
    assert!(said.contains("espresso"), "{said}");
    assert!(said.lines().count() > 6, "a block each: {said}");
    assert!(said.ends_with("received=2 valid=2 invalid=0 gaps=0\n"));
}

fn print_never_shows_none_and_auto_none_on_a_pipe() {
    for how in [&["--print", "never"][..], &["--print", "auto"], &[]] {
        assert_eq!(printed(how), "received=2 valid=2 invalid=0 gaps=0\n");
    }
}

fn a_missing_topic_is_made() {
    let kafka = shared();
    let topic = kafka.unused_name("missing");
    let scratch = Scratch::new("missing");
    let summary = drain(&kafka, &topic, &scratch);
    assert_eq!(summary.received, 0);
    assert_eq!(kafka.count(&topic), 0, "it is there, and empty");
}

fn prefixed(kafka: &Cluster, prefix: &str, scratch: &Scratch) -> Run {
    program("tracker", scratch).cluster(kafka).args(["--topic-prefix", prefix, "--group", &group_of(prefix)])
}

fn the_prefix_stands_before_the_built_in_topic_only() {
    let kafka = shared();
    let prefix = format!("{}.", kafka.unused_name("prefix"));
    let scratch = Scratch::new("prefix");
    finish_drain(prefixed(&kafka, &prefix, &scratch).args(["--dir", "built-in"]));
    let built_in = format!("{prefix}orders");
    assert_eq!(kafka.ends(&built_in).len(), 3, "the demo's orders");
    kafka.produce(&built_in, &payloads(&[&order(1)]));
    let summary = finish_drain(prefixed(&kafka, &prefix, &scratch).args(["--dir", "built-in"]));
    assert_eq!(summary.received, 1);

    let literal = kafka.topic(1);
    kafka.produce(&literal, &payloads(&[&order(1), &order(2)]));
    let run = prefixed(&kafka, &prefix, &scratch);
    let summary = finish_drain(run.args(["--dir", "literal", "--topic", &literal]));
    assert_eq!(summary.received, 2);
    let committed = kafka.group(&group_of(&prefix));
    assert_eq!(committed.get(&format!("{literal}/0")), Some(&2));
}

fn without_a_directory_it_writes_where_it_stands() {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &payloads(&[&order(1)]));
    let scratch = Scratch::new("here");
    let here = scratch.join("deep/er");
    std::fs::create_dir_all(&here).unwrap();
    let run = program("tracker", &scratch).cluster(&kafka).args(["--topic", &topic, "--group", &group_of(&topic)]);
    finish_drain(run.in_dir(&here));
    Trail::read(&here).expect_records(&kafka.dump(&topic));
    assert!(here.join("tracker.log").is_file());

    let made = here.join("not/there/yet");
    let run =
        program("tracker", &scratch).cluster(&kafka).args(["--topic", &topic, "--group", &group_of(&topic), "--dir"]);
    finish_drain(run.arg(&made));
    Trail::read(&made).expect_records(&kafka.dump(&topic));
}

fn strict_durability_writes_the_same() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let records: Vec<Record> = (0..2_000).map(|n| Record::new(0, order(n))).collect();
    kafka.produce(&topic, &records);
    let scratch = Scratch::new("strict");
    let dir = trail_dir(&scratch);
    let mut running = tracker(&kafka, &topic, &scratch).args(["--durability", "strict"]).start();
    wait_for_lines(&mut running, &dir, 2_000);
    running.terminate(LONG).expect_code(0);
    Trail::read(&dir).expect_records(&kafka.dump(&topic));
}

fn topics_compressed_in_any_way_are_read() {
    let kafka = shared();
    let topic = kafka.topic(4);
    for (partition, codec) in (0_i32..).zip(["gzip", "lz4", "snappy", "zstd"]) {
        let records: Vec<Record> = (0..200).map(|n| Record::new(partition, order(n)).key(codec)).collect();
        kafka.produce_compressed(&topic, codec, &records);
    }
    let scratch = Scratch::new("compressed");
    assert_eq!(drain(&kafka, &topic, &scratch).valid, 800);
    Trail::read(&trail_dir(&scratch)).expect_records(&kafka.dump(&topic));
}

fn invalid_messages_also_go_to_the_dead_letter_topic() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let letters = kafka.topic(1);
    let broken = "{\"order_id\":\"é\"";
    kafka.produce(&topic, &payloads(&[&order(1), broken, &order(2), ""]));
    let scratch = Scratch::new("letters");
    let run = tracker(&kafka, &topic, &scratch).args(["--dead-letter-topic", &letters]);
    assert_eq!(finish_drain(run).invalid, 2);
    let letters = kafka.dump(&letters);
    assert_eq!(letters.len(), 2);
    let letter: Value = serde_json::from_str(letters[0].text()).expect("JSON");
    assert_eq!(letter["original_topic"], topic);
    assert_eq!(letter["original_partition"], 0);
    assert_eq!(letter["original_offset"], 1);
    assert_eq!(letter["original_payload"], broken);
    assert_eq!(letter["consumer_group"], group_of(&topic));
    for member in ["id", "timestamp", "failure_reason", "error_message", "processing_host"] {
        let text = letter[member].as_str();
        assert!(text.is_some_and(|text| !text.is_empty()), "{member}: {letter}");
    }
    assert!(letter["retry_count"].is_u64(), "{letter}");
}
