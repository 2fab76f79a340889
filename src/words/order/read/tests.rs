//! What is an order, and what is said of what is none.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{Item, Order};
use super::{MAX_DEPTH, read};

pub(super) const PAYLOAD: &str = concat!(
    r#"{"order_id":"7c1f2a90","sequence":4,"status":"pending","items":["#,
    r#"{"item_id":"item-latte","item_name":"latte","quantity":4,"unit_price":3.5,"total_price":14},"#,
    r#"{"item_id":"item-mocha","item_name":"mocha","quantity":1,"unit_price":4.00,"total_price":4.0}"#,
    r#"],"sub_total":18,"tax":3.6,"shipping_fee":2.5,"total":24.1,"currency":"EUR","#,
    r#""payment_method":"credit_card","shipping_address":"3 Rue de la Paix, 75000 Paris","#,
    r#""metadata":{"timestamp":"2026-11-21T09:12:30Z","version":"1.1","event_type":"order.created","#,
    r#""source":"producer-service","correlation_id":"42"},"#,
    r#""customer_info":{"customer_id":"client03","name":"Client \"3\"","email":"c@example.com","#,
    r#""phone":"+33","address":"Zoë","loyalty_level":"silver"},"#,
    r#""inventory_status":[{"item_id":"item-latte","item_name":"latte","available_qty":96,"#,
    r#""reserved_qty":4,"unit_price":3.5,"in_stock":true,"warehouse":"PARIS-01"}]}"#,
);

fn value() -> Value {
    serde_json::from_str(PAYLOAD).unwrap()
}

/// The payload with one value replaced, found by its JSON pointer.
fn with(pointer: &str, replacement: Value) -> String {
    let mut value = value();
    *value.pointer_mut(pointer).unwrap() = replacement;
    value.to_string()
}

fn reason(payload: &str) -> String {
    let text = read(payload).unwrap_err().to_string();
    assert!(text.len() <= 200, "{} bytes: {text}", text.len());
    assert!(!text.contains(char::is_control), "{text:?}");
    text
}

/// Each object of the payload by its JSON pointer, and its field names.
fn objects() -> Vec<(&'static str, Vec<String>)> {
    let value = value();
    ["", "/items/1", "/metadata", "/customer_info", "/inventory_status/0"]
        .into_iter()
        .map(|pointer| {
            let object = value.pointer(pointer).unwrap().as_object().unwrap();
            (pointer, object.keys().cloned().collect())
        })
        .collect()
}

#[test]
fn an_order_is_read_and_borrows_its_texts() {
    let order = read(PAYLOAD).unwrap();
    assert_eq!(order.sequence, 4);
    assert_eq!(order.total.to_string(), "24.10");
    assert_eq!(order.items[1].item_name, "mocha");
    assert!(order.inventory_status[0].in_stock);
    assert!(matches!(order.order_id, Cow::Borrowed("7c1f2a90")));
    assert!(matches!(order.items[0].item_id, Cow::Borrowed(_)));
    assert!(matches!(order.metadata.source, Cow::Borrowed(_)));
    assert!(matches!(order.inventory_status[0].warehouse, Cow::Borrowed(_)));
    // Only a text with an escape has to be copied.
    assert!(matches!(&order.customer_info.name, Cow::Owned(name) if name == "Client \"3\""));
}

#[test]
fn unknown_fields_and_foreign_values_are_fine() {
    let mut value = value();
    value["note"] = json!({"deep": [1, {"order_id": null}]});
    value["items"][0]["colour"] = json!("red");
    value["status"] = json!("");
    value["currency"] = json!("XTS");
    value["order_id"] = json!("not a UUID");
    value["sequence"] = json!(-3);
    value["items"] = json!([]);
    let payload = format!(" \r\n{value}\t\n");
    assert_eq!(read(&payload).unwrap().currency, "XTS");
}

#[test]
fn what_is_written_is_read_again() {
    let order = read(PAYLOAD).unwrap();
    let written = serde_json::to_string(&order).unwrap();
    assert_eq!(read(&written).as_ref(), Ok(&order));
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap()["total"], json!(24.1));
}

#[test]
fn nothing_is_said_to_be_nothing() {
    assert_eq!(reason(""), "empty payload");
    assert_eq!(reason(" \r\n\t"), "blank payload");
    assert_eq!(reason("\u{feff}{}"), "a byte order mark stands before the JSON");
    assert_eq!(reason(&with("/order_id", json!(""))), "`order_id` is empty");
}

#[test]
fn other_json_is_no_order() {
    assert_eq!(reason("null"), "invalid type: null, expected an object at column 4");
    assert_eq!(reason("5"), "invalid type: integer `5`, expected an object at column 1");
    assert_eq!(reason("\"order\""), "invalid type: string, expected an object at column 7");
    assert_eq!(reason("[]"), "invalid type: array, expected an object at column 2");
    assert_eq!(reason("{}"), "missing field `order_id` at column 2");
    // Serde reads a struct from an array of its fields: we do not.
    let fields = Value::Array(value().as_object().unwrap().values().cloned().collect());
    assert!(reason(&fields.to_string()).starts_with("invalid type: array, expected an object"));
}

#[test]
fn a_payload_cut_anywhere_ends_early() {
    assert_eq!(reason(PAYLOAD.get(..211).unwrap()), "the JSON ends early at column 211");
    for (end, _) in PAYLOAD.char_indices().skip(1) {
        let text = reason(PAYLOAD.get(..end).unwrap());
        assert!(text.starts_with("the JSON ends early at column "), "{end}: {text}");
    }
}

#[test]
fn what_is_no_json_is_told_with_its_position() {
    assert_eq!(reason("order"), "not JSON: expected value at column 1");
    assert_eq!(reason("{\"order_id\"\n 5}"), "not JSON: expected `:` at line 2 column 2");
    assert_eq!(reason("{\"a\":1,}"), "not JSON: trailing comma at column 8");
    let twice = format!("{PAYLOAD}{PAYLOAD}");
    let expected = format!("not JSON: trailing characters at column {}", PAYLOAD.len() + 1);
    assert_eq!(reason(&twice), expected);
    let nul = PAYLOAD.replace("pending", "pen\0ding");
    assert!(reason(&nul).starts_with("not JSON: control character"));
    let surrogate = PAYLOAD.replace("pending", r"\ud800");
    assert!(reason(&surrogate).starts_with("not JSON: "), "{}", reason(&surrogate));
}

#[test]
fn every_known_field_is_needed() {
    for (pointer, names) in objects() {
        for name in names {
            let mut value = value();
            value.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(&name);
            let text = reason(&value.to_string());
            let place = match pointer {
                "" => "",
                "/items/1" => "items[1]: ",
                "/metadata" => "metadata: ",
                "/customer_info" => "customer_info: ",
                _ => "inventory_status[0]: ",
            };
            let expected = format!("{place}missing field `{name}` at column ");
            assert!(text.starts_with(&expected), "{text}");
        }
    }
}

#[test]
fn every_known_field_has_one_type() {
    let wrong = [json!("x\n"), json!(true), json!(null), json!(7), json!([{}]), json!({"a": 1})];
    for (pointer, names) in objects() {
        for name in names {
            let pointer = format!("{pointer}/{name}");
            let right = value().pointer(&pointer).unwrap().clone();
            for wrong in &wrong {
                if std::mem::discriminant(wrong) == std::mem::discriminant(&right) {
                    continue;
                }
                let text = reason(&with(&pointer, wrong.clone()));
                let path = pointer.replace("/0", "[0]").replace("/1", "[1]").replace('/', ".");
                let expected = format!("{}: invalid type: ", path.trim_start_matches('.'));
                assert!(text.starts_with(&expected), "{pointer} {wrong}: {text}");
            }
        }
    }
}

#[test]
fn wrong_values_are_told_with_their_field() {
    assert_eq!(
        reason(&PAYLOAD.replace("\"quantity\":1", "\"quantity\":\"1\"")),
        "items[1].quantity: invalid type: string, expected a whole number at column 214"
    );
    assert_eq!(
        reason(&PAYLOAD.replace("\"quantity\":1", "\"quantity\":1.5")),
        "items[1].quantity: invalid type: floating point `1.5`, expected a whole number at column 214"
    );
    for number in ["9223372036854775808", "1e20", "100000000000000000000", "1e999"] {
        let text = reason(&PAYLOAD.replace("\"sequence\":4", &format!("\"sequence\":{number}")));
        assert!(text.starts_with("sequence: number out of range at column "), "{text}");
    }
    for number in ["1e29", "1e308", "-1e999"] {
        let text = reason(&PAYLOAD.replace("\"tax\":3.6", &format!("\"tax\":{number}")));
        assert!(text.starts_with("tax: number out of range at column "), "{text}");
    }
    let text = reason(&with("/items", json!([{"item_id": 1}])));
    assert!(text.starts_with("items[0].item_id: invalid type: integer `1`, expected a string"));
    let text = reason(&with("/items", json!([null])));
    assert!(text.starts_with("items[0]: invalid type: null, expected an object"), "{text}");
    let text = reason(&with("/metadata", json!([1, 2])));
    assert!(text.starts_with("metadata: invalid type: array, expected an object"), "{text}");
}

#[test]
fn a_known_field_twice_is_no_order() {
    for (name, value) in [("order_id", "\"b\""), ("total", "1"), ("items", "[]"), ("metadata", "{}")] {
        let payload = PAYLOAD.replacen('{', &format!("{{\"{name}\":{value},"), 1);
        let text = reason(&payload);
        let (place, problem) = match name {
            "metadata" => ("metadata: ", "missing field `timestamp`"),
            _ => ("", &*format!("duplicate field `{name}`")),
        };
        assert!(text.starts_with(&format!("{place}{problem} at column ")), "{text}");
    }
    let payload = PAYLOAD.replace("\"quantity\":1", "\"quantity\":1,\"quantity\":1");
    assert!(reason(&payload).starts_with("items[1]: duplicate field `quantity` at column "));
    // A field that we do not know may be there twice.
    assert!(read(&PAYLOAD.replacen('{', "{\"note\":1,\"note\":2,", 1)).is_ok());
}

#[test]
fn an_order_may_be_nested_128_deep_and_no_deeper() {
    let nested = |depth: usize| {
        // The order itself is the first level.
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        PAYLOAD.replacen('{', &format!("{{\"note\":{open}{close},"), 1)
    };
    assert!(read(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(reason(&nested(MAX_DEPTH + 1)), "nested deeper than 128");
    assert_eq!(reason(&nested(100_000)), "nested deeper than 128");
    assert_eq!(reason(&"[".repeat(100_000)), "nested deeper than 128");
    assert_eq!(reason(&"{\"a\":".repeat(100_000)), "nested deeper than 128");
}

#[test]
fn brackets_in_texts_and_side_by_side_are_not_depth() {
    let texts = format!("{{\"note\":\"\\\"{}\\\\\",", "[{".repeat(1_000));
    assert!(read(&PAYLOAD.replacen('{', &texts, 1)).is_ok());
    let side_by_side = format!("{{\"note\":[{}0],", "[[],{}],".repeat(1_000));
    assert!(read(&PAYLOAD.replacen('{', &side_by_side, 1)).is_ok());
}

#[test]
fn reasons_stay_short_and_on_one_line_whatever_the_payload_holds() {
    let long = "é\u{1b}[31m\u{202e}".repeat(100_000);
    for pointer in ["/sequence", "/total", "/items", "/metadata", "/inventory_status/0/in_stock"] {
        reason(&with(pointer, json!(long)));
        reason(&with(pointer, json!({ long.as_str(): 1 })));
    }
    reason(&json!({ long.as_str(): 1 }).to_string());
    reason(&json!(long).to_string());
    reason(&long);
}

/// Any text that JSON can hold.
fn text() -> impl Strategy<Value = Cow<'static, str>> {
    any::<String>().prop_map(Cow::Owned)
}

pub(super) fn item() -> impl Strategy<Value = Item<'static>> {
    (text(), text(), any::<i64>(), any::<i32>(), any::<i32>()).prop_map(
        |(item_id, item_name, quantity, unit_cents, total_cents)| Item {
            item_id,
            item_name,
            quantity,
            unit_price: crate::base::money::Money::from_cents(unit_cents.into()),
            total_price: crate::base::money::Money::from_cents(total_cents.into()),
        },
    )
}

proptest! {
    #[test]
    fn any_order_comes_back_as_it_was_written(
        order_id in "[^\\p{C}]+", status in text(), address in text(), sequence: i64,
        items in prop::collection::vec(item(), 0..5),
    ) {
        let template = read(PAYLOAD).unwrap();
        let order = Order {
            order_id: Cow::Owned(order_id), status, shipping_address: address, sequence, items,
            ..template
        };
        let payload = serde_json::to_string(&order).unwrap();
        let read_again = read(&payload);
        prop_assert_eq!(read_again.as_ref(), Ok(&order));
    }

    #[test]
    fn no_damage_makes_it_panic_or_talk_long(
        start in 0..PAYLOAD.len(), length in 0_usize..40, replacement in any::<String>(),
    ) {
        let mut bytes = PAYLOAD.as_bytes().to_vec();
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, replacement.bytes());
        if let Ok(payload) = String::from_utf8(bytes)
            && let Err(error) = read(&payload)
        {
            let text = error.to_string();
            prop_assert!(text.len() <= 200, "{}", text);
            prop_assert!(!text.contains(char::is_control), "{:?}", text);
        }
    }
}
