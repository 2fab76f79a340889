//! What is found in a line does not depend on the way it is read.

use super::*;
use crate::base::message::{Headers, Message, MessageTime, push_header};
use crate::words::record::{Received, Verdict, write_message};
use proptest::prelude::*;
use serde_json::Value;

const TOPIC: &str = "orders";

/// What JSON is made of and what ends its parts: these in a wrong place do most harm.
const SHARP: &[u8] = b"\"\\{}[]:,0127.-+eE tnu/a\r\n\t\0\x1f\x7f\xc3\xff";

/// The line of an order, without its LF, as the tracker writes it.
fn line_of(order: &str, headers: &[(&str, Option<&[u8]>)], warnings: &[&str]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in headers {
        push_header(&mut block, name.as_bytes(), *value);
    }
    let message = Message {
        partition: 3,
        offset: 42,
        time: MessageTime::Create(1_795_296_235_674),
        key: Some(b"key"),
        payload: Some(order.as_bytes()),
        headers: Headers::from_block(&block),
        leader_epoch: Some(7),
    };
    let timestamp = "2026-11-21T21:24:08.649Z";
    let received = Received { timestamp, topic: TOPIC, message: &message, text: Some(order), gap_before: 0 };
    let warnings = warnings.iter().map(|&warning| warning.to_owned()).collect();
    let mut line = Vec::new();
    write_message(&mut line, &received, &Verdict::Order { warnings });
    line.pop();
    line
}

/// Looks at a line, and says whether it was found good without its order having been read twice.
fn looked_at(line: &[u8]) -> bool {
    let (content, wrong) = read(line, Some(TOPIC));
    let whole = LineFacts { leaf: leaf_hash(line), bytes: line.len() as u64 + 1, content, wrong };
    let mut looker = Looker::new(Some(TOPIC));
    assert_eq!(looker.look_at(line), whole, "{}", String::from_utf8_lossy(line));
    looker.read_abridged(line).is_some()
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(".{0,6}", inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

/// A change to a line: at a place, so many bytes taken away, and these put there.
fn change() -> impl Strategy<Value = (prop::sample::Index, usize, Vec<u8>)> {
    let put = prop_oneof![
        proptest::collection::vec(prop::sample::select(SHARP), 0..3),
        proptest::collection::vec(any::<u8>(), 0..3),
        prop::sample::select(vec![
            &br#","message_size":"#[..],
            br#","deserialized":true,"order_full":{}"#,
            br#","raw_message":"{}""#,
            br#","raw_message_b64":"/w==""#,
            br#","payload_null":true"#,
        ])
        .prop_map(<[u8]>::to_vec),
    ];
    (any::<prop::sample::Index>(), 0_usize..3, put)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_order_is_found_alike(order in json(), pretty: bool, before in "[ \r\n]{0,2}", name in ".{0,4}", value: Vec<u8>, changes in proptest::collection::vec(change(), 0..3)) {
        let text = if pretty { serde_json::to_string_pretty(&order) } else { serde_json::to_string(&order) };
        let text = format!("{before}{}", text.expect("JSON"));
        let mut line = line_of(&text, &[("type", Some(&value)), (&name, None)], &["odd"]);
        let is_quick = looked_at(&line);
        prop_assert_eq!(is_quick, order.is_object() && before.is_empty() && !text.contains('\n'));
        for (at, taken, put) in changes {
            let at = at.index(line.len() + 1);
            let end = (at + taken).min(line.len());
            line.splice(at..end, put);
        }
        looked_at(&line);
    }
}

#[test]
fn no_byte_of_a_line_can_be_changed_unseen_or_seen_otherwise() {
    let order = r#"{"order_id":"é\u00e9\"","items":[{"price":1.50,"in_stock":true},null],"note":"a\\b"}"#;
    let good = line_of(order, &[("ce_id", Some(b"1")), ("none", None)], &[]);
    assert!(looked_at(&good));
    assert!(looked_at(&line_of(order, &[("ce_\"id", Some(b"\xff")), ("\u{7f}", Some("é".as_bytes()))], &[])));
    for at in 0..good.len() {
        for &byte in SHARP {
            let mut line = good.clone();
            line[at] = byte;
            looked_at(&line);
            line.insert(at, good[at]);
            looked_at(&line);
        }
        let mut line = good.clone();
        line.remove(at);
        looked_at(&line);
    }
}

#[test]
fn an_order_that_does_not_agree_with_the_rest_of_its_line_is_never_taken_for_good() {
    let good = String::from_utf8(line_of(r#"{"a":1}"#, &[], &[])).expect("UTF-8");
    assert!(looked_at(good.as_bytes()));
    let cases = [
        (r#""order_full":{"a":1}"#, r#""order_full":{"a":2}"#),
        (r#""order_full":{"a":1}"#, r#""order_full":{"a":1 }"#),
        (r#""order_full":{"a":1}"#, r#""order_full":{"a":1},"order_full":{"a":1}"#),
        (r#"{\"a\":1}"#, r#"{\"a\":2}"#),
        (r#"{\"a\":1}"#, r#"{\u0022a\":1}"#),
        (r#""message_size":7"#, r#""message_size":8"#),
        (r#""message_size":7"#, r#""message_size":07"#),
        (r#""message_size":7"#, r#""message_size":7.0"#),
        (r#""deserialized":true"#, r#""deserialized":false"#),
        (r#""leader_epoch":7"#, r#""leader_epoch":7,"raw_message_b64":"e30=""#),
        (r#""leader_epoch":7"#, r#""leader_epoch":7,"payload_null":true"#),
        (r#""leader_epoch":7"#, r#""leader_epoch":7,"message_size":7"#),
        (r#""leader_epoch":7"#, "\"leader_epoch\":7\r"),
        (r#""leader_epoch":7"#, r#""leader_epoch":07"#),
        (r#""leader_epoch":7"#, r#""leader_epoch":2147483648"#),
        (r#""leader_epoch":7"#, r#""leader_epoch":7,"gap_before":9223372036854775808"#),
        (r#""leader_epoch":7}"#, r#""leader_epoch":7}}"#),
        (r#""leader_epoch":7}"#, r#""leader_epoch":7"#),
        (r#""kafka_timestamp":1"#, r#""kafka_timestamp":01"#),
        (r#""kafka_offset":42"#, r#""kafka_offset":042"#),
        (r#""kafka_partition":3"#, r#""kafka_partition":2147483648"#),
        (r#""kafka_key":"key""#, "\"kafka_key\":\"k\u{1f}y\""),
        (r#""kafka_key":"key""#, r#""kafka_key":"key","kafka_key":"key""#),
        (r#""kafka_key":"key""#, r#""kafka_key":"key","kafka_key_b64":"/w==""#),
        (r#""kafka_topic":"orders""#, r#""kafka_topic":"others""#),
        (r#""timestamp":"2026"#, r#""timestamp":"2O26"#),
    ];
    for (from, to) in cases {
        assert!(good.contains(from), "{from}");
        assert!(!looked_at(good.replace(from, to).as_bytes()), "{to}");
    }
}

#[test]
fn a_line_as_most_are_needs_no_json_reader() {
    let order = r#"{"order_id":"1"}"#;
    let header = ("ce_id", Some(&b"1"[..]));
    let is_plain = |line: &[u8]| {
        looked_at(line);
        let mut looker = Looker::new(Some(TOPIC));
        let abridged = looker.abridger.abridge(line, |_| false).expect("an order");
        looker.read_plain(&abridged).is_some()
    };
    let line = line_of(order, &[header, ("none", None)], &[]);
    assert!(is_plain(&line) && is_plain(&line_of(order, &[], &[])));
    let text = String::from_utf8(line).expect("UTF-8");
    for (from, to, expected) in [
        (r#","leader_epoch":7"#, "", true),
        (r#""leader_epoch":7"#, r#""leader_epoch":7,"gap_before":3"#, true),
        (r#","leader_epoch":7"#, r#","kafka_timestamp_type":"log_append","leader_epoch":7"#, true),
        (r#","kafka_key":"key""#, "", true),
        (r#""kafka_key":"key""#, r#""kafka_key":"é""#, true),
        (r#""kafka_key":"key""#, r#""kafka_key":"\"""#, false),
        (r#","kafka_timestamp":1795296235674"#, "", false),
        (r#""leader_epoch":7"#, r#""leader_epoch":7,"warnings":["odd"]"#, false),
        (r#""leader_epoch":7"#, r#""leader_epoch":7,"other":0"#, false),
        (r#""leader_epoch":7"#, r#""leader_epoch": 7"#, false),
    ] {
        assert!(text.contains(from), "{from}");
        assert_eq!(is_plain(text.replace(from, to).as_bytes()), expected, "{to}");
    }
}
