//! A line of `tracker.events`, field by field.

use crate::harness::{Line, Record, Scratch, Trail, drain, finish_drain, order, order_for, shared, tracker, trail_dir};
use crate::harness::{Need, Summary};
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_lines",
        &[Need::Broker],
        [
            an_order_has_every_field_in_its_place,
            a_message_without_key_and_headers_has_no_fields_for_them,
            the_text_of_an_order_stays_as_it_was_spelled,
            line_breaks_between_tokens_become_spaces,
            what_is_no_order_has_an_error_and_no_order,
            a_known_field_twice_is_no_order,
            an_order_may_be_nested_128_deep_and_no_deeper,
            wrong_sums_are_warnings,
            a_foreign_tax_rate_is_not_judged,
            the_time_of_the_broker_is_marked,
            a_tombstone_is_no_empty_message,
            bytes_that_are_no_text_are_kept_beside_the_text,
        ]
    )
}

/// Writes records into a new topic of one partition, and gives the trail of it.
#[track_caller]
fn trail_of(records: &[Record]) -> (Scratch, Trail, Summary) {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(&topic, records);
    let scratch = Scratch::new("lines");
    let summary = drain(&kafka, &topic, &scratch);
    let trail = Trail::read(&trail_dir(&scratch));
    trail.expect_records(&kafka.dump(&topic));
    (scratch, trail, summary)
}

#[track_caller]
fn line_of(payload: impl Into<Vec<u8>>) -> Line {
    let (_scratch, mut trail, _) = trail_of(&[Record::new(0, payload)]);
    trail.lines.remove(0)
}

fn is_rfc3339_utc(text: &str) -> bool {
    text.len() >= 20 && text.get(10..11) == Some("T") && text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()
}

fn an_order_has_every_field_in_its_place() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let payload = order(1);
    // Of today: retention would delete an older one under our hands.
    let timestamp = jiff::Timestamp::now().as_millisecond() - 60_123;
    kafka.produce(
        &topic,
        &[Record::new(0, payload.clone()).key("C-7").at(timestamp).header("seq", Some(b"43")).header("none", None)],
    );
    let scratch = Scratch::new("fields");
    drain(&kafka, &topic, &scratch);
    let trail = Trail::read(&trail_dir(&scratch));
    let line = &trail.lines[0];
    assert_eq!(
        line.names()[..9],
        [
            "timestamp",
            "event_type",
            "kafka_topic",
            "kafka_partition",
            "kafka_offset",
            "raw_message",
            "message_size",
            "deserialized",
            "order_full",
        ],
        "the original's fields come first, in its order"
    );
    assert!(is_rfc3339_utc(&line.text_of("timestamp")));
    assert_eq!(line.text_of("event_type"), "message.received");
    assert_eq!(line.text_of("kafka_topic"), topic);
    assert_eq!(line.number_of("kafka_partition"), 0);
    assert_eq!(line.number_of("kafka_offset"), 0);
    assert_eq!(line.text_of("raw_message"), payload);
    assert_eq!(line.number_of("message_size"), payload.len() as i64);
    assert_eq!(line.get("deserialized"), Value::Bool(true));
    assert_eq!(line.raw("order_full"), Some(payload.as_str()));
    assert_eq!(line.number_of("kafka_timestamp"), timestamp);
    assert_eq!(line.text_of("kafka_key"), "C-7");
    assert_eq!(line.get("kafka_headers"), json!([["seq", "43"], ["none", null]]));
    assert_eq!(line.number_of("leader_epoch"), 0);
    for absent in [
        "error",
        "kafka_key_b64",
        "kafka_timestamp_type",
        "raw_message_b64",
        "payload_null",
        "gap_before",
        "warnings",
        "audit",
    ] {
        assert_eq!(line.raw(absent), None, "{absent} says nothing here");
    }
    assert!(
        line.text.starts_with(r#"{"timestamp":""#) && line.text.contains(r#","event_type":""#),
        "no white space between the line's own tokens: {}",
        line.text
    );
}

fn a_message_without_key_and_headers_has_no_fields_for_them() {
    let (_scratch, trail, _) = trail_of(&[
        Record::new(0, order(1)),
        Record::new(0, order(2)).key(""),
        Record::new(0, order(3)).key([0xff, 0x00]),
    ]);
    let [without, empty, binary] = &trail.lines[..] else { panic!("three lines") };
    assert_eq!(without.raw("kafka_key"), None);
    assert_eq!(without.raw("kafka_key_b64"), None);
    assert_eq!(without.raw("kafka_headers"), None);
    assert_eq!(empty.raw("kafka_key"), Some(r#""""#));
    assert_eq!(binary.raw("kafka_key"), None);
    assert_eq!(binary.text_of("kafka_key_b64"), "/wA=");
}

fn the_text_of_an_order_stays_as_it_was_spelled() {
    let payload = order_for(7, "client07", r#","note":"caf\u00e9 \/","rate":1.50e1,"big":12345678901234567890123"#)
        .replace(r#""shipping_fee":2.50"#, r#""shipping_fee": 25e-1"#);
    let line = line_of(payload.clone());
    assert!(line.is_order(), "{:?}", line.get("error"));
    assert_eq!(line.raw("order_full"), Some(payload.as_str()));
    assert_eq!(line.text_of("raw_message"), payload);
}

fn line_breaks_between_tokens_become_spaces() {
    let compact = order(5);
    let pretty = compact.replace(r#","status""#, ",\r\n  \"status\"").replace(r#","items":["#, ",\n\t\"items\":[\r");
    let line = line_of(pretty.clone());
    assert!(line.is_order(), "{:?}", line.get("error"));
    assert_eq!(line.text_of("raw_message"), pretty);
    assert_eq!(line.raw("order_full"), Some(pretty.replace(['\r', '\n'], " ").as_str()));
}

fn what_is_no_order_has_an_error_and_no_order() {
    let (_scratch, trail, summary) = trail_of(&[
        Record::new(0, r#"{"order_id":"#),
        Record::new(0, order(1).replace(r#""status":"pending","#, "")),
        Record::new(0, order(2).replace(r#""sequence":2"#, r#""sequence":"2""#)),
        Record::new(0, order(3).replace(r#"[{"item_id""#, r#"{"item_id""#)),
        Record::new(0, "[]"),
        Record::new(0, ""),
        Record::new(0, order(4) + "{}"),
        Record::new(0, order(5).replacen(r#""order_id":""#, r#""order_id":"","x":""#, 1)),
    ]);
    for line in &trail.lines {
        let what = line.text_of("raw_message");
        assert_eq!(line.text_of("event_type"), "message.received.deserialization_error", "{what}");
        assert_eq!(line.get("deserialized"), Value::Bool(false), "{what}");
        assert_eq!(line.raw("order_full"), None, "{what}");
        assert!(!line.text_of("error").is_empty(), "{what}");
        assert_eq!(line.names()[7..9], ["deserialized", "error"], "{what}");
    }
    let missing = trail.lines[1].text_of("error");
    assert!(missing.contains("status"), "it names the field: {missing}");
    let mistyped = trail.lines[2].text_of("error");
    assert!(mistyped.contains("sequence"), "it names it: {mistyped}");
    assert_eq!((summary.valid, summary.invalid), (0, 8));
}

fn a_known_field_twice_is_no_order() {
    let twice = order(1).replace(r#""currency":"EUR","#, r#""currency":"EUR","currency":"EUR","#);
    let line = line_of(twice);
    assert!(!line.is_order());
    let error = line.text_of("error");
    assert!(error.contains("currency"), "it names the field: {error}");
}

fn an_order_may_be_nested_128_deep_and_no_deeper() {
    // The order itself is the first level.
    let nested = |depth: usize| {
        let arrays = format!("{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        Record::new(0, order_for(1, "client01", &format!(r#","extra":{arrays}"#)))
    };
    let (_scratch, trail, _) = trail_of(&[nested(127), nested(128), nested(129), nested(100_000)]);
    let valid: Vec<bool> = trail.lines.iter().map(Line::is_order).collect();
    assert_eq!(valid, [true, true, false, false]);
}

fn wrong_sums_are_warnings() {
    let payload = order(3).replace(r#""total":14.50"#, r#""total":14.51"#);
    assert_ne!(payload, order(3), "the order has this total");
    let (_scratch, trail, summary) = trail_of(&[Record::new(0, payload), Record::new(0, order(4))]);
    let line = &trail.lines[0];
    assert!(line.is_order());
    assert_eq!(line.text_of("event_type"), "message.received");
    let warnings = line.get("warnings");
    let warnings = warnings.as_array().expect("a list");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let warning = warnings[0].as_str().expect("a text");
    assert!(warning.contains("total"), "it says what: {warning}");
    assert_eq!(trail.lines[1].raw("warnings"), None);
    assert_eq!((summary.valid, summary.invalid), (2, 0));
}

fn a_foreign_tax_rate_is_not_judged() {
    let payload = order(3).replace(r#""tax":2.00"#, r#""tax":1.00"#).replace(r#""total":14.50"#, r#""total":13.50"#);
    let line = line_of(payload);
    assert!(line.is_order());
    assert_eq!(line.raw("warnings"), None);
}

fn the_time_of_the_broker_is_marked() {
    let kafka = shared();
    let topic = kafka.topic_with(1, &[("message.timestamp.type", "LogAppendTime")]);
    kafka.produce(&topic, &[Record::new(0, order(1)).at(1_000)]);
    let scratch = Scratch::new("append-time");
    drain(&kafka, &topic, &scratch);
    let trail = Trail::read(&trail_dir(&scratch));
    let line = &trail.lines[0];
    assert_eq!(line.text_of("kafka_timestamp_type"), "log_append");
    assert!(line.number_of("kafka_timestamp") > 1_000);
    trail.expect_records(&kafka.dump(&topic));
}

fn a_tombstone_is_no_empty_message() {
    let (_scratch, trail, _) = trail_of(&[Record::tombstone(0).key("gone"), Record::new(0, "").key("empty")]);
    let [tombstone, empty] = &trail.lines[..] else { panic!("two lines") };
    assert_eq!(tombstone.get("payload_null"), Value::Bool(true));
    assert_eq!(tombstone.text_of("raw_message"), "");
    assert_eq!(tombstone.number_of("message_size"), 0);
    assert!(!tombstone.is_order());
    assert_eq!(empty.raw("payload_null"), None);
    assert_eq!(empty.number_of("message_size"), 0);
}

fn bytes_that_are_no_text_are_kept_beside_the_text() {
    let kafka = shared();
    let topic = kafka.topic(1);
    kafka.produce(
        &topic,
        &[Record::new(0, *b"caf\xe9 \xff").header("value", Some(b"\xc3\x28")).header("text", Some("é".as_bytes()))],
    );
    let scratch = Scratch::new("bytes");
    finish_drain(tracker(&kafka, &topic, &scratch));
    let trail = Trail::read(&trail_dir(&scratch));
    let line = &trail.lines[0];
    assert_eq!(line.text_of("raw_message"), "caf\u{fffd} \u{fffd}");
    assert_eq!(line.text_of("raw_message_b64"), "Y2Fm6SD/");
    assert_eq!(line.number_of("message_size"), 6);
    assert_eq!(line.get("kafka_headers"), json!([["value", {"b64": "wyg="}], ["text", "é"]]));
    trail.expect_records(&kafka.dump(&topic));
}
