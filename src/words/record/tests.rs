//! What was written can be read, whatever it was.

use std::collections::BTreeMap;

use super::*;
use crate::base::message::{Headers, Message, MessageTime, push_header};
use proptest::prelude::*;
use serde_json::Value;

type RawHeaders = Vec<(Vec<u8>, Option<Vec<u8>>)>;

#[derive(Clone, Debug)]
struct Sent {
    key: Option<Vec<u8>>,
    payload: Option<Vec<u8>>,
    headers: RawHeaders,
    time: MessageTime,
    offset: i64,
    leader_epoch: Option<i32>,
    gap_before: i64,
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![any::<Vec<u8>>(), ".*".prop_map(String::into_bytes), Just(b"\0\n\r\"\\\x7f".to_vec())]
}

fn sent() -> impl Strategy<Value = Sent> {
    let time = prop_oneof![
        Just(MessageTime::Unknown),
        (0..i64::MAX).prop_map(MessageTime::Create),
        (0..i64::MAX).prop_map(MessageTime::LogAppend)
    ];
    let headers = proptest::collection::vec((bytes(), proptest::option::of(bytes())), 0..4);
    let rest = (0..i64::MAX / 2, proptest::option::of(0..i32::MAX), 0..1_000_i64);
    (proptest::option::of(bytes()), proptest::option::of(bytes()), headers, time, rest).prop_map(
        |(key, payload, headers, time, (offset, leader_epoch, gap_before))| Sent {
            key,
            payload,
            headers,
            time,
            offset,
            leader_epoch,
            gap_before,
        },
    )
}

fn plain() -> Sent {
    let time = MessageTime::Unknown;
    Sent { key: None, payload: None, headers: Vec::new(), time, offset: 0, leader_epoch: None, gap_before: 0 }
}

fn line_of(sent: &Sent, verdict: &Verdict) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in &sent.headers {
        push_header(&mut block, name, value.as_deref());
    }
    let message = Message {
        partition: 2,
        offset: sent.offset,
        time: sent.time,
        key: sent.key.as_deref(),
        payload: sent.payload.as_deref(),
        headers: Headers::from_block(&block),
        leader_epoch: sent.leader_epoch,
    };
    let text = sent.payload.as_deref().and_then(|payload| std::str::from_utf8(payload).ok());
    let received = Received {
        timestamp: "2026-11-21T09:12:30.123Z",
        topic: "orders",
        message: &message,
        text,
        gap_before: sent.gap_before,
    };
    let mut line = Vec::new();
    write_message(&mut line, &received, verdict);
    line
}

proptest! {
    #[test]
    fn any_message_comes_back_byte_for_byte_from_one_line(sent in sent(), reason: String) {
        let line = line_of(&sent, &Verdict::Invalid { reason: reason.clone() });
        prop_assert_eq!(line.iter().filter(|&&byte| byte == b'\n' || byte == b'\r').count(), 1);
        prop_assert_eq!(line.last(), Some(&b'\n'));
        let back = AuditLine::parse(&line).expect("our own line");
        prop_assert_eq!(back.event_type, EventType::Invalid);
        prop_assert_eq!(back.payload().expect("good base64").map(|bytes| bytes.into_owned()), sent.payload.clone());
        prop_assert_eq!(back.key().expect("good base64").map(|bytes| bytes.into_owned()), sent.key.clone());
        let headers: RawHeaders = back.kafka_headers.iter().map(|(name, value)| {
            let owned = |bytes: &Bytes| bytes.decode().expect("good base64").into_owned();
            (owned(name), value.as_ref().map(owned))
        }).collect();
        prop_assert_eq!(headers, sent.headers.clone());
        prop_assert_eq!(back.message_size, sent.payload.as_ref().map_or(0, Vec::len) as u64);
        prop_assert_eq!(back.payload_null, sent.payload.is_none());
        prop_assert_eq!(back.kafka_offset, sent.offset);
        prop_assert_eq!(back.leader_epoch, sent.leader_epoch);
        prop_assert_eq!(back.gap_before, sent.gap_before);
        prop_assert_eq!(back.error.as_deref(), Some(reason.as_str()));
        let (time, kind) = match sent.time {
            MessageTime::Unknown => (None, None),
            MessageTime::Create(time) => (Some(time), None),
            MessageTime::LogAppend(time) => (Some(time), Some("log_append")),
        };
        prop_assert_eq!((back.kafka_timestamp, back.kafka_timestamp_type.as_deref()), (time, kind));
        let skim = Skim::of(&line).expect("our own line");
        prop_assert_eq!((skim.timestamp, skim.topic), (back.timestamp.as_ref(), back.kafka_topic.as_ref()));
        prop_assert_eq!((skim.event_type, skim.partition, skim.offset), (EventType::Invalid, 2, sent.offset));
        let end = skim.end().expect("our own line");
        prop_assert_eq!((end.message_size, end.has_order()), (back.message_size, false));
        let head = LineHead::parse(&line).expect("our own line");
        prop_assert_eq!(head.next_offset(), sent.offset + 1);
        prop_assert_eq!(head.continues_from(), sent.offset - sent.gap_before);
    }

    #[test]
    fn an_order_id_is_skimmed_only_where_the_order_has_it_first(id in "[a-z\"\\\\]{0,5}", first: bool) {
        let id = serde_json::to_string(&id).expect("a text");
        let text = if first { format!("{{\"order_id\":{id}}}") } else { format!("{{\"a\":1,\"order_id\":{id}}}") };
        let sent = Sent { payload: Some(text.into_bytes()), ..plain() };
        let line = line_of(&sent, &Verdict::Order { warnings: Vec::new() });
        let end = Skim::of(&line).and_then(|skim| skim.end()).expect("our own line");
        prop_assert!(end.has_order());
        let expected = (first && !id.contains('\\')).then(|| id.trim_matches('"'));
        prop_assert_eq!(end.order_id(), expected);
    }

    #[test]
    fn a_prefix_of_a_line_is_never_a_line(sent in sent(), cut in 1_usize..200) {
        let line = line_of(&sent, &Verdict::Accepted);
        let end = line.len().saturating_sub(1 + cut);
        prop_assert!(LineHead::parse(&line[..end]).is_err());
    }
}

#[test]
fn an_order_keeps_its_spelling_and_loses_only_its_line_breaks() {
    let text = "{\r\n \"a\": 1.50,\n\"b\":\"x\\n\" }";
    let sent = Sent {
        key: Some(b"k".to_vec()),
        payload: Some(text.as_bytes().to_vec()),
        headers: vec![(b"h".to_vec(), None), (vec![0xff], Some(vec![0xfe])), (b"h".to_vec(), Some(b"v".to_vec()))],
        time: MessageTime::LogAppend(1_789_034_400_123),
        offset: 43,
        leader_epoch: Some(5),
        gap_before: 1,
    };
    let line = line_of(&sent, &Verdict::Order { warnings: vec!["odd".to_owned()] });
    let expected = concat!(
        r#"{"timestamp":"2026-11-21T09:12:30.123Z","event_type":"message.received","kafka_topic":"orders","#,
        r#""kafka_partition":2,"kafka_offset":43,"raw_message":"{\r\n \"a\": 1.50,\n\"b\":\"x\\n\" }","#,
        r#""message_size":26,"deserialized":true,"order_full":{   "a": 1.50, "b":"x\n" },"kafka_timestamp":1789034400123,"#,
        r#""kafka_key":"k","kafka_headers":[["h",null],[{"b64":"/w=="},{"b64":"/g=="}],["h","v"]],"#,
        r#""kafka_timestamp_type":"log_append","leader_epoch":5,"gap_before":1,"warnings":["odd"]}"#,
        "\n"
    );
    assert_eq!(String::from_utf8(line.clone()).expect("UTF-8"), expected);
    let back = AuditLine::parse(&line).expect("our own line");
    assert_eq!(back.order_full, Some(OrderText("{   \"a\": 1.50, \"b\":\"x\\n\" }")));
    assert_eq!(back.payload().expect("text").as_deref(), Some(text.as_bytes()));
}

#[test]
fn a_gap_says_what_is_missing_and_where_it_goes_on() {
    let mut line = Vec::new();
    let gap = Gap::new(GapKind::Retention, 44, 90);
    write_gap(&mut line, "2026-11-21T09:12:30.123Z", "orders", 1, &gap);
    let value: Value = serde_json::from_slice(&line).expect("JSON");
    assert_eq!(value["event_type"], "audit.gap");
    assert_eq!(value["audit"], serde_json::json!({"kind": "retention", "from": 44, "to": 90}));
    assert_eq!(value["error"], "offsets 44 to 89 are gone: the broker deleted them before they were read");
    let head = LineHead::parse(&line).expect("our own line");
    assert_eq!((head.continues_from(), head.next_offset()), (44, 90));
    assert_eq!(AuditLine::parse(&line).expect("our own line").audit, Some(gap));
}

#[test]
fn every_kind_of_gap_comes_back_with_what_it_knows() {
    let bare = |kind| Gap::new(kind, 7, 0);
    let ids = |kind| Gap {
        old: Some("a".to_owned()),
        new: Some("b".to_owned()),
        positions: BTreeMap::from([(0, 7), (11, 9)]),
        ..bare(kind)
    };
    let (rest, known) = (r#""from":7,"to":0"#, r#","old":"a","new":"b","positions":{"0":7,"11":9}"#);
    let gaps = [
        (bare(GapKind::Truncation), format!("{{\"kind\":\"truncation\",{rest}}}"), "ended before offset 7"),
        (ids(GapKind::TopicRecreated), format!("{{\"kind\":\"topic_recreated\",{rest}{known}}}"), "was a and is b"),
        (ids(GapKind::ClusterChanged), format!("{{\"kind\":\"cluster_changed\",{rest}{known}}}"), "another cluster"),
        (bare(GapKind::ClusterChanged), format!("{{\"kind\":\"cluster_changed\",{rest}}}"), "was unknown"),
        (bare(GapKind::PartitionMissing), format!("{{\"kind\":\"partition_missing\",{rest}}}"), "no partition 3"),
        (
            Gap { committed: Some(90), ..bare(GapKind::FileRolledBack) },
            format!("{{\"kind\":\"file_rolled_back\",{rest},\"committed\":90}}"),
            "offset 90 was published, but the file reaches only offset 7",
        ),
    ];
    for (gap, json, words) in gaps {
        let mut line = Vec::new();
        write_gap(&mut line, "2026-11-21T09:12:30.123Z", "orders", 3, &gap);
        let text = String::from_utf8(line).expect("UTF-8");
        assert!(text.ends_with(&format!(",\"audit\":{json}}}\n")), "{text}");
        let back = AuditLine::parse(text.as_bytes()).expect("our own line");
        assert!(back.error.as_deref().is_some_and(|error| error.contains(words)), "{text}");
        assert_eq!(back.audit.as_ref(), Some(&gap));
        assert!(json.contains(gap.kind.as_str()));
    }
}

#[test]
fn a_line_of_the_go_program_is_read() {
    let line = br#"{"timestamp":"2026-11-21T09:12:30Z","event_type":"message.received","kafka_topic":"orders","kafka_partition":0,"kafka_offset":7,"raw_message":"{\"order_id\":\"cc69\"}","message_size":19,"deserialized":true,"order_full":{"order_id":"cc69"}}"#;
    let back = AuditLine::parse(line).expect("its fields come first in ours");
    assert_eq!(back.order_full, Some(OrderText(r#"{"order_id":"cc69"}"#)));
    assert_eq!(back.kafka_timestamp, None);
    assert_eq!(LineHead::parse(line).expect("the same").next_offset(), 8);
}

#[test]
fn a_health_line_is_written_and_read_alike() {
    let line = HealthLine {
        timestamp: "2026-11-21T09:12:30.123Z".into(),
        level: Level::Warn,
        message: "no broker".into(),
        service: SERVICE.into(),
        error: Some("connection refused".into()),
        metadata: serde_json::json!({"brokers": "a:1"}).as_object().expect("an object").clone(),
        event: "broker.lost".into(),
    };
    let text = line.to_line();
    let expected = concat!(
        r#"{"timestamp":"2026-11-21T09:12:30.123Z","level":"WARN","message":"no broker","service":"order-tracker","#,
        r#""error":"connection refused","metadata":{"brokers":"a:1"},"event":"broker.lost"}"#,
        "\n"
    );
    assert_eq!(std::str::from_utf8(&text).expect("UTF-8"), expected);
    assert_eq!(serde_json::from_slice::<HealthLine<'_>>(&text).expect("our own line"), line);
    let theirs = br#"{"timestamp":"2026-11-21T09:12:30Z","level":"INFO","message":"x","service":"order-tracker"}"#;
    assert_eq!(serde_json::from_slice::<HealthLine<'_>>(theirs).expect("the Go program's").event, "");
}
