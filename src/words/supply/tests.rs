//! Orders and updates: read, written, told apart.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn order() -> impl Strategy<Value = SupplyOrder> {
    let material = ("[^\\p{Cc}]{1,20}", 1_u64..=1_000_000).prop_map(|(name, quantity)| Material { name, quantity });
    let priority = prop_oneof![Just(Priority::High), Just(Priority::Normal)];
    let times = -62_000_000_000_000_i64..250_000_000_000_000;
    let parts = ("[A-Za-z0-9._-]{1,50}", times, "[^\\p{Cc}]{1,30}", priority, prop::collection::vec(material, 1..5));
    parts.prop_map(|(number, date_ms, department, priority, materials)| SupplyOrder {
        number,
        date_ms,
        department,
        priority,
        materials,
    })
}

proptest! {
    #[test]
    fn an_order_is_read_as_it_was_written(order in order()) {
        let read = SupplyOrder::read(order.json().as_bytes()).expect("an order");
        prop_assert_eq!(&read, &order);
        prop_assert_eq!(read.fingerprint(), order.fingerprint());
    }

    #[test]
    fn spelling_does_not_make_another_order(order in order(), hours in -11_i64..11) {
        let value: Value = serde_json::from_str(&order.json()).expect("JSON");
        // Another order of fields (sorted), blanks, an unknown field, a zone, a quantity with a point.
        let mut other = value.clone();
        let zone = jiff::tz::Offset::constant(hours as i8);
        let time = jiff::Timestamp::from_millisecond(order.date_ms).expect("in range");
        other["date"] = json!(time.display_with_offset(zone).to_string());
        other["unknown"] = json!({"a": [1, null]});
        other["materials"][0]["quantity"] = json!(order.materials[0].quantity as f64);
        let text = serde_json::to_string_pretty(&other).expect("JSON");
        let read = SupplyOrder::read(text.as_bytes()).expect("an order");
        prop_assert_eq!(read.fingerprint(), order.fingerprint());
        other["materials"][0]["quantity"] = json!(order.materials[0].quantity % 1_000_000 + 1);
        let read = SupplyOrder::read(other.to_string().as_bytes()).expect("an order");
        prop_assert_ne!(read.fingerprint(), order.fingerprint());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>, text in "[\\[\\]{}\":,a-z0-9.]{0,40}") {
        for bytes in [&bytes, text.as_bytes()] {
            prop_assert!(SupplyOrder::read(bytes).is_err());
            prop_assert!(Update::read(bytes).is_err());
        }
    }

    #[test]
    fn an_update_has_the_same_id_however_it_comes(
        number in "[A-Za-z0-9._-]{1,50}", timestamp_ms in 0_i64..250_000_000_000_000, message in "[^\\p{Cc}]{0,30}",
        is_shipped: bool, seq in prop::option::of(1_u64..100)
    ) {
        let status = if is_shipped { Status::Shipped } else { Status::Processing };
        let update = Update { order_number: number, timestamp_ms, status, message, seq };
        let read = Update::read(update.json().as_bytes()).expect("an update");
        prop_assert_eq!(&read, &update);
        let foreign = Update { seq: None, ..update.clone() };
        prop_assert_eq!(Update::read(foreign.json().as_bytes()).expect("an update").id(), update.id());
        let later = Update { timestamp_ms: timestamp_ms + 1, ..update.clone() };
        prop_assert_ne!(later.id(), update.id());
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let wrong = json!({
        "orderNumber": "WL 1", "date": "yesterday", "department": "", "priority": "high",
        "materials": [{"name": "x\u{7}", "quantity": 0}, 7, {"name": "y", "quantity": 1.5}],
    });
    let Err(Refusal::Wrong(faults)) = SupplyOrder::read(wrong.to_string().as_bytes()) else {
        unreachable!("it is wrong")
    };
    let paths: Vec<&str> = faults.iter().map(|fault| fault.path.as_str()).collect();
    let expected = [
        "orderNumber",
        "date",
        "department",
        "priority",
        "materials[0].name",
        "materials[0].quantity",
        "materials[1]",
        "materials[2].quantity",
    ];
    assert_eq!(paths, expected);
    for bytes in ["", "[]", "null", "{", "{\"a\":1}{", "\"WL-1\""] {
        assert!(matches!(SupplyOrder::read(bytes.as_bytes()), Err(Refusal::NotJson(_))), "{bytes}");
    }
}

#[test]
fn a_field_that_stands_there_twice_is_refused() {
    let good = r#"{"orderNumber":"WL-7-0042","date":"2026-11-21T09:41:05Z","department":"d","priority":"HIGH",
        "materials":[{"name":"n","quantity":2}]}"#;
    let order = SupplyOrder::read(good.as_bytes()).expect("an unpadded number is fine");
    assert_eq!(
        order.canonical(),
        r#"{"date":1795254065000,"department":"d","materials":[{"name":"n","quantity":2}],"orderNumber":"WL-7-0042","priority":"HIGH"}"#
    );
    for (once, twice) in [
        (r#""priority":"HIGH""#, r#""priority":"HIGH","priority":"NORMAL""#),
        (r#""quantity":2"#, r#""quantity":2,"quantity":3"#),
    ] {
        let said = SupplyOrder::read(good.replace(once, twice).as_bytes()).expect_err("twice").to_string();
        assert!(said.contains("duplicate field"), "{said}");
    }
}

#[test]
fn a_receipt_is_the_first_update() {
    let receipt = Receipt {
        confirmation_id: "DM-0000-0001".into(),
        order_number: "WL-1".into(),
        received: "2026-11-21T09:41:05.123Z".into(),
        status: Status::Processing,
        estimated_delivery: "2026-11-23T09:41:05.123Z".into(),
        message: "Commande reçue".into(),
    };
    let update = receipt.update().expect("a time");
    let sent = Update::read(update.json().as_bytes()).expect("an update");
    assert_eq!((sent.id(), sent.seq), (update.id(), Some(1)));
    assert_eq!(update.id().get_version_num(), 5);
}

#[test]
fn the_schemas_are_json_and_name_our_fields() {
    let order: Value = serde_json::from_str(ORDER_SCHEMA).expect("JSON");
    let update: Value = serde_json::from_str(UPDATE_SCHEMA).expect("JSON");
    assert_eq!(order["required"], json!(["orderNumber", "date", "department", "priority", "materials"]));
    assert_eq!(update["required"], json!(["orderNumber", "timestamp", "status", "updateMessage"]));
}
