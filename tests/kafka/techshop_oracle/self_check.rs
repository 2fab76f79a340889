//! That the oracle finds no fault with what is right, and each fault with what is wrong.

use super::ledger::{Tally, Topics, judge};
use crate::harness::Record;
use serde_json::json;
use std::collections::BTreeMap;

const ORDERS: &str = "shop.orders";

fn order(number: &str, quantity: i64) -> String {
    format!(
        r#"{{"order_id":"{number}","customer_id":"a","customer_email":"a@b.c","customer_vip":true,"customer_region":"x","product_id":"P1","product_name":"n","product_category":"c","price":1.50,"quantity":{quantity},"total":{}.{}0,"timestamp":"2026-11-21T09:10:34","status":"pending","extra":1.10}}"#,
        quantity * 3 / 2,
        quantity * 3 % 2 * 5
    )
}

fn told(order: &Record, text: String, offset: i64, key: &str) -> Record {
    let source = format!("{ORDERS}/{}@{}", order.partition, order.offset);
    let time = order.timestamp.expect("orders have a time").to_string();
    let record = Record { offset, ..Record::new(0, text).key(key) };
    record.header("order-source", Some(source.as_bytes())).header("order-timestamp-ms", Some(time.as_bytes()))
}

/// Two are sold, one is refused, one is a copy, one has a used number, one is none.
fn right() -> Topics {
    let payloads =
        [order("A", 2), order("B", 2), order("C", 9), order("A", 2), order("A", 3), order("D", 2).replace("1.50", "0")];
    let orders: Vec<Record> = (0..)
        .zip(payloads)
        .map(|(offset, text)| Record { offset, ..Record::new(0, text).at(1_000 + offset) })
        .collect();
    let with = |at: usize, status: &str, more: &str| {
        let text = orders[at].text().replace("pending", status);
        format!("{}{more}}}", &text[..text.len() - 1])
    };
    let invalid = |at: usize, reason: &str| {
        let more = json!({"error_reason": reason, "raw_message": orders[at].text(),
            "source": {"topic": ORDERS, "partition": 0, "offset": orders[at].offset}})
        .to_string();
        with(at, "invalid", &format!(",{}", &more[1..more.len() - 1]))
    };
    let sold = |at: usize, old: i64, offset| {
        let change = json!({"product_id": "P1", "old_stock": old, "new_stock": old - 2, "operation": "sale",
            "quantity": 2, "timestamp": "2026-11-21T09:10:34"});
        told(&orders[at], change.to_string(), offset, "P1")
    };
    let refused = with(2, "out_of_stock", r#","error_reason":"not enough stock: 6 available, 9 asked for""#);
    let notifications =
        vec![told(&orders[0], with(0, "confirmed", ""), 0, "A"), told(&orders[1], with(1, "confirmed", ""), 1, "B")];
    let errors = vec![
        told(&orders[2], refused, 0, "C"),
        told(&orders[4], invalid(4, "order number used before, with other content"), 1, "A"),
        told(&orders[5], invalid(5, "field price must be above zero"), 2, "D"),
    ];
    let inventory = vec![sold(0, 10, 0), sold(1, 8, 1)];
    let stock = json!({"product_id": "P1", "stock": 6, "opening": 10, "sold": 4, "restocked": 0});
    Topics {
        names: [ORDERS.to_owned(), "shop.restocks".to_owned()],
        analytics: notifications.clone(),
        stock: vec![Record::new(0, stock.to_string()).key("P1")],
        opening: BTreeMap::from([("P1".to_owned(), 10)]),
        restocks: Vec::new(),
        orders,
        notifications,
        inventory,
        errors,
    }
}

fn edit(record: &mut Record, from: &str, to: &str) {
    let text = record.text();
    assert!(text.contains(from), "{from:?} stands in {text}");
    record.value = Some(text.replace(from, to).into_bytes());
}

pub(super) fn the_oracle_finds_what_is_wrong() {
    let tally = judge(&right()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        tally,
        Tally { orders: 6, confirmed: 2, out_of_stock: 1, invalid: 1, reused: 1, copies: 1, restocks: 0 }
    );
    type Fault = (&'static str, fn(&mut Topics));
    let faults: [Fault; 17] = [
        ("lost", |topics| drop(topics.notifications.remove(0))),
        ("lost where it is counted", |topics| drop(topics.analytics.remove(0))),
        ("an error lost", |topics| drop(topics.errors.remove(2))),
        ("twice", |topics| topics.notifications.push(topics.notifications[0].clone())),
        ("a copy decided", |topics| {
            let outcome = told(&topics.orders[3].clone(), topics.notifications[0].text().to_owned(), 9, "A");
            topics.notifications.push(outcome);
        }),
        ("about no order", |topics| topics.notifications[0].headers[0].1 = Some(b"shop.orders/0@77".to_vec())),
        ("another time", |topics| topics.notifications[0].headers[1].1 = Some(b"5".to_vec())),
        ("a digit lost", |topics| edit(&mut topics.notifications[0], "1.10", "1.1")),
        ("another key", |topics| topics.notifications[0].key = None),
        ("a chain that breaks", |topics| edit(&mut topics.inventory[1], "\"old_stock\":8", "\"old_stock\":10")),
        ("a sale lost", |topics| drop(topics.inventory.remove(1))),
        ("another stock", |topics| edit(&mut topics.stock[0], "\"stock\":6", "\"stock\":7")),
        ("refused while there was enough", |topics| edit(&mut topics.errors[0], "6 available", "9 available")),
        ("refused before its time", |topics| edit(&mut topics.errors[0], "6 available", "8 available")),
        ("refused for another reason", |topics| edit(&mut topics.errors[1], "used before", "not liked")),
        ("bytes lost", |topics| edit(&mut topics.errors[2], "\\\"price\\\":0", "\\\"price\\\":1")),
        ("no order, and sold", |topics| {
            topics.errors.remove(2);
            let outcome =
                told(&topics.orders[5].clone(), topics.orders[5].text().replace("pending", "confirmed"), 9, "D");
            topics.notifications.push(outcome);
        }),
    ];
    for (what, fault) in faults {
        let mut topics = right();
        fault(&mut topics);
        assert!(judge(&topics).is_err(), "{what}: not found");
    }
}
