//! Orders read and refused, and the outcomes made from them.

#![expect(clippy::panic, reason = "a test that cannot go on has failed, and says so")]

use super::*;
use crate::base::message::{Headers, Message, MessageTime};
use crate::words::shop::{Invalid, Status, write_invalid, write_outcome};

const ORIGINAL: &str = r#"{"order_id": "ORD-4821", "customer_id": "alice.martin", "customer_email": "alice@email.com", "customer_vip": true, "customer_region": "Paris", "product_id": "P005", "product_name": "Caf\u00e9 Premium", "product_category": "Food", "price": 15, "quantity": 2, "total": 30, "timestamp": "2026-11-21T09:10:34.123456", "status": "pending"}"#;

fn order(json: &str) -> Order<'_> {
    match Order::read(Some(json.as_bytes())) {
        Reading::Order(order) => order,
        other => panic!("no order: {other:?}"),
    }
}

fn refusal(json: &str) -> String {
    match Order::read(Some(json.as_bytes())) {
        Reading::Order(_) => panic!("an order: {json}"),
        Reading::Unfit(_, unfit) => unfit.to_string(),
        Reading::Unreadable(unreadable) => unreadable.to_string(),
    }
}

fn message(payload: Option<&[u8]>) -> Message<'_> {
    let (time, key, headers) = (MessageTime::Create(1), Some(&b"k"[..]), Headers::default());
    Message { partition: 2, offset: 7, time, key, payload, headers, leader_epoch: None }
}

#[test]
fn an_order_of_the_original_shape_is_read() {
    let order = order(ORIGINAL);
    assert_eq!(order.product_name, "Café Premium");
    assert_eq!((order.quantity, order.total), (2, Money::from_cents(3000)));
    assert!(order.customer_vip);
}

#[test]
fn an_outcome_is_the_orders_own_text_with_another_status() {
    let json = ORIGINAL.replace("\"price\": 15", "\"gift\": {\"a\" : 1.50e0}, \"error_reason\": \"x\", \"price\": 15");
    let mut outcome = Vec::new();
    write_outcome(&mut outcome, &order(&json), Status::OutOfStock, Some("Stock \"gone\""));
    let outcome = String::from_utf8(outcome).expect("text");
    assert!(outcome.contains(r#""gift":{"a" : 1.50e0},"price":15"#), "{outcome}");
    assert!(outcome.ends_with(r#""status":"out_of_stock","error_reason":"Stock \"gone\""}"#), "{outcome}");
    assert_eq!(outcome.matches("error_reason").count(), 1);
    assert_eq!(order(&outcome).order_id, "ORD-4821", "an outcome reads as an order");
}

#[test]
fn each_thing_that_is_wrong_is_told_by_its_field() {
    let with = |old: &str, new: &str| refusal(&ORIGINAL.replace(old, new));
    assert_eq!(with("\"quantity\": 2", "\"quantity\": -2"), "field quantity must be a whole number from 1 to 1000000");
    for bad in ["0", "1000001", "2.0", "\"2\"", "1e1", "99999999999999999999", "null"] {
        assert!(with("\"quantity\": 2", &format!("\"quantity\": {bad}")).starts_with("field quantity"), "{bad}");
    }
    assert_eq!(with("\"total\": 30", "\"total\": 30.01"), "total 30.01 is not price 15.00 times quantity 2");
    assert_eq!(with("\"price\": 15", "\"price\": 0"), "field price must be above zero");
    assert_eq!(with("\"price\": 15", "\"price\": 1e400"), "field price must be a number of at most 28 digits");
    assert_eq!(with("\"customer_region\": \"Paris\", ", ""), "field customer_region is missing");
    assert_eq!(with("\"Paris\"", "7"), "field customer_region must be a text");
    assert_eq!(with("true", "\"yes\""), "field customer_vip must be true or false");
    assert_eq!(with("ORD-4821", ""), "field order_id must be a text that is not empty");
    assert!(
        with("2026-11-21T09:10:34.123456", "yesterday").starts_with("field timestamp must be a moment in ISO 8601")
    );
    assert_eq!(with("\"status\"", "\"order_id\""), "field order_id stands there twice");
    assert_eq!(with("\"status\"", "\"order\\u005fid\""), "field order_id stands there twice");
    assert!(refusal("[1]").starts_with("it is no JSON object"));
    assert!(refusal("{").starts_with("it is no JSON object"));
    assert!(matches!(Order::read(None), Reading::Unreadable(Unreadable::Tombstone)));
}

#[test]
fn times_with_and_without_a_zone_are_taken() {
    for time in ["2026-11-21T09:10:34Z", "2026-11-21T09:10:34+01:00", "2026-11-21 09:10:34", "20261121T091034"] {
        order(&ORIGINAL.replace("2026-11-21T09:10:34.123456", time));
    }
}

#[test]
fn sums_are_compared_to_the_cent() {
    let priced = |price: &str, quantity: &str, total: &str| {
        let json = ORIGINAL.replace("\"price\": 15", &format!("\"price\": {price}"));
        json.replace("\"quantity\": 2", &format!("\"quantity\": {quantity}"))
            .replace("\"total\": 30", &format!("\"total\": {total}"))
    };
    order(&priced("19.99", "3", "59.97"));
    order(&priced("19.99", "3", "59.970000000000006"));
    assert!(refusal(&priced("19.99", "3", "59.96")).starts_with("total"));
}

#[test]
fn an_invalid_message_keeps_its_bytes_and_says_where_it_stands() {
    let invalid = |payload: Option<&[u8]>, limit: usize| {
        let mut json = Vec::new();
        match Order::read(payload) {
            Reading::Unfit(members, unfit) => {
                write_invalid(&mut json, &Invalid::unfit(&members, &unfit), &message(payload), "orders", limit);
            }
            Reading::Unreadable(unreadable) => {
                write_invalid(&mut json, &Invalid::Unreadable(&unreadable), &message(payload), "orders", limit);
            }
            Reading::Order(_) => panic!("an order"),
        }
        serde_json::from_slice::<serde_json::Value>(&json).expect("JSON")
    };
    let told = invalid(Some(br#"{"order_id":"a","status":1,"source":2}"#), 1000);
    assert_eq!(told["order_id"], "a");
    assert_eq!(told["status"], "invalid");
    assert_eq!(told["error_reason"], "field customer_id is missing");
    assert_eq!(told["raw_message"], r#"{"order_id":"a","status":1,"source":2}"#);
    assert_eq!(told["source"], serde_json::json!({"topic": "orders", "partition": 2, "offset": 7}));
    let told = invalid(Some(b"\xff{}"), 1000);
    assert_eq!((&told["order_id"], &told["raw_message_b64"]), (&"k".into(), &"/3t9".into()));
    assert_eq!(invalid(None, 1000)["payload_null"], true);
    assert_eq!(invalid(Some(b"{}"), 1000)["status"], "invalid", "an object without fields");
    let long = format!("{{\"x\":\"{}\"}}", "y".repeat(600));
    let told = invalid(Some(long.as_bytes()), 1000);
    assert_eq!((&told["raw_message"], &told["raw_message_bytes"]), (&serde_json::Value::Null, &608.into()));
    assert_eq!(told["x"].as_str().map(str::len), Some(600));
    let told = invalid(Some(long.as_bytes()), 300);
    assert!(told.get("x").is_none() && told["source"]["offset"] == 7, "{told}");
}
