//! By which road things come: Kafka, HTTP while it is silent, the sweep when both have lost something.

use super::pair::{Pair, numbered, page, post};
use crate::harness::{Broker, LONG, Need, Record, SHORT, get, shared, wait_until};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "supply_roads",
        &[Need::Broker],
        [
            orders_go_by_kafka_until_they_are_shipped,
            without_kafka_http_is_taken_and_the_topic_is_whole_afterwards,
            what_was_accepted_while_all_was_down_goes_out_later,
            what_kafka_has_lost_is_asked_for,
            what_nobody_wants_is_kept_and_stops_nothing,
            an_order_that_kafka_never_takes_goes_by_http,
        ]
    )
}

fn ids(page: &Value) -> BTreeSet<String> {
    let history = page["history"].as_array().expect("a history").iter();
    history.filter_map(|update| update["id"].as_str()).map(str::to_owned).collect()
}

/// Both sides know the same of an order.
fn expect_agreed(pair: &Pair, number: &str) {
    let (wagon, dev) = (pair.wagon_page(number), pair.dev_page(number));
    assert_eq!(ids(&wagon), ids(&dev), "{wagon:#}\n{dev:#}");
    assert_eq!(ids(&wagon).len(), 6);
    assert_eq!(wagon["receipt"], dev["receipt"]);
    assert_eq!((&wagon["status"], &dev["status"]), (&json!("SHIPPED"), &json!("SHIPPED")));
}

fn orders_go_by_kafka_until_they_are_shipped() {
    let pair = Pair::new(shared());
    let mut dev = pair.dev(&["--interval", "50ms"]);
    let mut wagon = pair.wagon(&["--interval", "20ms", "--count", "5"]);
    let numbers = wait_until("five orders are made", SHORT, || {
        Some(Pair::numbers(pair.wagon_port(), "/wagon-list/orders")).filter(|numbers| numbers.len() == 5)
    });
    pair.wait_shipped(&numbers);
    for number in &numbers {
        expect_agreed(&pair, number);
        let page = pair.wagon_page(number);
        assert_eq!(page["history"][0]["updateMessage"], "Commande créée");
        assert_eq!(page["history"][6]["updateMessage"], "Expédié");
    }
    pair.wait_sent();
    let records = pair.kafka.dump(&pair.topic("orders"));
    assert_eq!(records.len(), 5);
    for record in &records {
        let body: Value = serde_json::from_slice(record.value.as_deref().expect("a body")).expect("JSON");
        assert_eq!(record.key.as_deref(), body["orderNumber"].as_str().map(str::as_bytes));
        assert_eq!(body["department"], "Wagon-Lits");
    }
    wagon.terminate(SHORT).expect_code(0);
    dev.terminate(SHORT).expect_code(0);
    // Nothing is forgotten, and nothing is made again.
    let _dev = pair.dev(&["--interval", "50ms"]);
    let _wagon = pair.wagon(&[]);
    assert_eq!(Pair::numbers(pair.wagon_port(), "/wagon-list/orders"), numbers);
    numbers.iter().for_each(|number| expect_agreed(&pair, number));
}

fn without_kafka_http_is_taken_and_the_topic_is_whole_afterwards() {
    let mut broker = Broker::not_started();
    let pair = Pair::new(broker.cluster());
    let _dev = pair.dev(&["--interval", "100ms"]);
    let _wagon = pair.wagon(&[]);
    let numbers: Vec<String> = (0..20).map(|n| pair.order(&format!("k{n}"))).collect();
    pair.wait_shipped(&numbers);
    let page = pair.wagon_page(&numbers[0]);
    assert_eq!((&page["history"][1]["path"], &page["delivery"]["http"]), (&json!("http"), &json!(201)));
    broker.start_again();
    pair.wait_sent();
    numbers.iter().for_each(|number| expect_agreed(&pair, number));
    let keys: BTreeSet<Vec<u8>> =
        pair.kafka.dump(&pair.topic("orders")).into_iter().filter_map(|record| record.key).collect();
    assert_eq!(keys.len(), 20, "the topic is whole");
    let more = pair.order("after");
    pair.wait_shipped(&[more]);
}

fn what_was_accepted_while_all_was_down_goes_out_later() {
    let pair = Pair::new(Broker::not_started().cluster());
    let mut wagon = pair.wagon(&[]);
    let numbers: Vec<String> = (0..10).map(|n| pair.order(&format!("k{n}"))).collect();
    assert_eq!(pair.order("k3"), numbers[3], "the same key is the same order");
    wagon.kill_nine();
    let _wagon = pair.wagon(&[]);
    assert_eq!(pair.order("k3"), numbers[3], "after a kill, too");
    assert_eq!(page(pair.wagon_port(), "/readyz")["ready"], true, "ready to accept, whatever else is down");
    let _dev = pair.dev(&["--interval", "50ms"]);
    pair.wait_shipped(&numbers);
    assert_eq!(Pair::numbers(pair.dev_port(), "/dev-materiels/orders").len(), 10);
}

fn what_kafka_has_lost_is_asked_for() {
    let pair = Pair::new(shared());
    let flags = ["--confirm-timeout", "1s"];
    let mut wagon = pair.wagon(&flags);
    let dev = pair.dev(&["--interval", "50ms"]);
    let numbers: Vec<String> = (0..5).map(|n| pair.order(&format!("k{n}"))).collect();
    wait_until("they are received", LONG, || {
        (Pair::numbers(pair.dev_port(), "/dev-materiels/orders").len() == 5).then_some(())
    });
    wagon.kill_nine();
    wait_until("they are shipped over there", LONG, || {
        numbers.iter().all(|number| pair.dev_page(number)["status"] == "SHIPPED").then_some(())
    });
    pair_sent(pair.dev_port());
    let updates = pair.topic("order-updates");
    for (partition, end) in pair.kafka.ends(&updates) {
        pair.kafka.delete_before(&updates, partition, end);
    }
    let _wagon = pair.wagon(&flags);
    pair.wait_shipped(&numbers);
    numbers.iter().for_each(|number| expect_agreed(&pair, number));
    drop(dev);
}

fn pair_sent(port: u16) {
    wait_until("nothing waits for Kafka", LONG, || (get(port, "/readyz")?.json()["outbox"]["rows"] == 0).then_some(()));
}

fn what_nobody_wants_is_kept_and_stops_nothing() {
    let pair = Pair::new(shared());
    let orders = pair.topic("orders");
    pair.kafka.make_topic(&orders, 3);
    let wrong = numbered("WL-9").replace("NORMAL", "normal");
    let records = [
        Record::new(0, "no JSON"),
        Record::new(1, vec![0xff, 0xfe, 0]),
        Record::tombstone(2),
        Record::new(0, wrong),
        Record::new(0, numbered("WL-1")).key("WL-1"),
        Record::new(0, numbered("WL-1").replace("NORMAL", "HIGH")).key("WL-1"),
        Record::new(0, numbered("WL-1")).key("WL-1"),
        Record::new(0, numbered("WL-2")).key("WL-2"),
    ];
    pair.kafka.produce(&orders, &records);
    let _dev = pair.dev(&["--interval", "20ms"]);
    wait_until("the good ones are taken", LONG, || {
        (Pair::numbers(pair.dev_port(), "/dev-materiels/orders").len() == 2).then_some(())
    });
    let kept = wait_until("the others are kept", LONG, || {
        Some(page(pair.dev_port(), "/dev-materiels/quarantine")).filter(|kept| kept["total"] == 5)
    });
    let kept = kept["quarantine"].as_array().expect("a list");
    let bytes: BTreeSet<&str> = kept.iter().filter_map(|one| one["bodyBase64"].as_str()).collect();
    assert!(bytes.contains("//4A"), "the exact bytes: {bytes:?}");
    let conflict = pair.dev_page("WL-1");
    assert_eq!(conflict["conflicts"][0]["why"], "conflict");
    assert_eq!(conflict["order"]["priority"], "NORMAL", "the first stays");
    wait_until("a copy is counted", LONG, || (pair.dev_page("WL-1")["copies"]["kafka"] == 1).then_some(()));
    let id = kept[0]["id"].as_u64().expect("an id");
    let discarded = post(pair.dev_port(), &format!("/dev-materiels/quarantine/{id}/discard"), &[], "");
    assert_eq!(discarded.expect("it answers").status, 200);
    assert_eq!(page(pair.dev_port(), "/dev-materiels/quarantine")["total"], 4);
}

fn an_order_that_kafka_never_takes_goes_by_http() {
    let pair = Pair::new(shared());
    let orders = pair.topic("orders");
    let _dev = pair.dev(&["--interval", "20ms"]);
    // The client's own limit is the smallest there is.
    let _wagon = pair.wagon(&["-X", "message.max.bytes=1000"]);
    let materials: Vec<String> = (0..100).map(|n| format!(r#"{{"name":"Pièce numéro {n}","quantity":1}}"#)).collect();
    let large = format!(
        r#"{{"orderNumber":"WL-L","date":"2026-11-21T09:41:05Z","department":"d","priority":"HIGH","materials":[{}]}}"#,
        materials.join(",")
    );
    let answer = post(pair.wagon_port(), "/wagon-list/orders?wait=0s", &[], &large).expect("it answers");
    assert!(matches!(answer.status, 200 | 202), "{answer:?}");
    let small = pair.order("small");
    pair.wait_shipped(&["WL-L".to_owned(), small]);
    pair.wait_sent();
    assert_eq!(pair.kafka.count(&orders), 1);
}
