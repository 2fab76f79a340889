//! That the short way and the long way to read an order agree.

use std::borrow::Cow;

use proptest::prelude::*;
use proptest::sample::select;

use super::tests::{PAYLOAD, item};
use super::{Order, Reader, read, read_json, straight};

/// A payload as the producer writes it: nothing in it needs the long way.
const PLAIN: &str = concat!(
    r#"{"order_id":"7c1f2a90","sequence":4,"status":"pending","items":["#,
    r#"{"item_id":"item-latte","item_name":"latte","quantity":4,"unit_price":3.5,"total_price":14}],"#,
    r#""sub_total":14,"tax":2.8,"shipping_fee":2.50,"total":19.3,"currency":"EUR","#,
    r#""payment_method":"credit_card","shipping_address":"3 Rue de la Paix, 75000 Paris","#,
    r#""metadata":{"timestamp":"2026-11-21T09:12:30Z","version":"1.1","event_type":"order.created","#,
    r#""source":"producer-service","correlation_id":"42"},"#,
    r#""customer_info":{"customer_id":"client03","name":"Zoë","email":"c@example.com","#,
    r#""phone":"+33","address":"3 Rue de la Paix","loyalty_level":"silver"},"#,
    r#""inventory_status":[{"item_id":"item-latte","item_name":"latte","available_qty":96,"#,
    r#""reserved_qty":4,"unit_price":3.5,"in_stock":true,"warehouse":"PARIS-01"}]}"#,
);

fn short_way(payload: &str) -> Option<Order<'_>> {
    straight::read(payload, Vec::new(), Vec::new())
}

/// The short way may say nothing, but never anything else.
fn check(payload: &str) {
    if let Some(order) = short_way(payload) {
        assert_eq!(read_json(payload).as_ref(), Ok(&order), "{payload}");
        assert_eq!(serde_json::to_string(&order).ok(), serde_json::to_string(&read_json(payload).unwrap()).ok());
    }
}

#[test]
fn what_the_producer_writes_goes_the_short_way_with_any_blanks() {
    let spaced = PLAIN.replace(",\"", " ,\n\"").replace("\":", "\":\t").replace('{', "{ ").replace(']', "\r]");
    for payload in [PLAIN.to_owned(), spaced, format!(" {PLAIN}\n")] {
        assert!(short_way(&payload).is_some(), "{payload}");
        check(&payload);
    }
    let empty = PLAIN.replace(r#""inventory_status":[{"#, r#""inventory_status":[ ],"more":[{"#);
    assert!(short_way(&empty).is_none() && read(&empty).is_ok(), "an unknown field is passed over, the long way");
}

#[test]
fn what_needs_judgement_goes_the_long_way() {
    assert!(short_way(PAYLOAD).is_none(), "it holds an escape");
    for (plain, odd) in [
        ("\"sequence\":4", "\"sequence\":-0"),
        ("\"sequence\":4", "\"sequence\":04"),
        ("\"sequence\":4", "\"sequence\":4.0"),
        ("\"sequence\":4", "\"sequence\":4e0"),
        ("\"sequence\":4", "\"sequence\":1234567890123456"),
        ("\"tax\":2.8", "\"tax\":2.801"),
        ("\"tax\":2.8", "\"tax\":2."),
        ("\"tax\":2.8", "\"tax\":.8"),
        ("\"tax\":2.8", "\"tax\":+2.8"),
        ("\"tax\":2.8", "\"tax\":\"2.8\""),
        ("\"tax\":2.8,", "\"tax\":2.8,,"),
        ("PARIS-01\"}]}", "PARIS-01\"},]}"),
        ("PARIS-01\"}]}", "PARIS-01\"}],}"),
        ("PARIS-01\"}]}", "PARIS-01\"}]}}"),
        ("\"7c1f2a90\"", "\"\""),
        ("\"in_stock\":true", "\"in_stock\":True"),
        ("\"in_stock\":true", "\"in_stock\":null"),
        ("PARIS-01", "PARIS-01\n"),
    ] {
        let payload = PLAIN.replacen(plain, odd, 1);
        assert_ne!(payload, PLAIN, "{plain} is there");
        assert!(short_way(&payload).is_none(), "{odd}");
    }
}

#[test]
fn a_reader_uses_the_memory_of_its_lists_again() {
    let mut reader = Reader::default();
    let first = reader.read(PLAIN).unwrap();
    let memory = (first.items.as_ptr().cast::<u8>(), first.inventory_status.as_ptr().cast::<u8>());
    reader.take_back(first);
    let other = PLAIN.replace("latte", "mocha");
    let second = reader.read(&other).unwrap();
    assert_eq!((second.items.as_ptr().cast::<u8>(), second.inventory_status.as_ptr().cast::<u8>()), memory);
    assert_eq!(second.items.len(), 1);
    assert_eq!(second.items[0].item_name, "mocha");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn they_agree_on_whatever_is_done_to_an_order(
        changes in prop::collection::vec(
            (0..PLAIN.len(), 0_usize..4, select(vec![
                "", ",", "}", "]", "{", "[", " ", "\"", "\\", "-", "0", "7", "1e5", ".", "00", "true", "null", "\n", "é",
                "\u{1}", "\u{7f}", ":", "\"x\":1,", "\\n", "99999999999999999999",
            ])),
            1..4,
        ),
    ) {
        let mut payload = PLAIN.to_owned();
        for (at, length, replacement) in changes {
            let at = payload.floor_char_boundary(at);
            let end = payload.floor_char_boundary((at + length).min(payload.len())).max(at);
            payload.replace_range(at..end, replacement);
        }
        check(&payload);
    }

    #[test]
    fn they_agree_on_any_number(number in "-?[0-9]{0,17}(\\.[0-9]{0,4})?([eE]-?[0-9]{1,2})?") {
        for field in ["sequence", "quantity", "unit_price", "tax", "available_qty"] {
            let (before, behind) = PLAIN.split_once(&format!("\"{field}\":")).unwrap();
            let end = behind.find([',', '}']).unwrap();
            check(&format!("{before}\"{field}\":{number}{}", behind.get(end..).unwrap()));
        }
    }

    #[test]
    fn they_agree_on_any_texts_and_items(
        order_id: String, address: String, sequence: i64, items in prop::collection::vec(item(), 0..4),
    ) {
        let template = read(PLAIN).unwrap();
        let order = Order {
            order_id: Cow::Owned(order_id), shipping_address: Cow::Owned(address), sequence, items, ..template
        };
        check(&serde_json::to_string(&order).unwrap());
    }
}
