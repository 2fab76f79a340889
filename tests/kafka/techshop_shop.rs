//! The shop without its heart: topics, orders, stock, restocks.

use crate::harness::{Exit, Need, Record, Shop, kcat, shared};
use libtest_mimic::Trial;
use ordertrail::words::shop::{Order, Reading};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) fn trials() -> Vec<Trial> {
    let mut all = trials!(
        "techshop_shop",
        &[Need::Broker],
        [
            topics_are_made_once_and_found_again,
            a_wrong_shape_is_named_with_what_to_do,
            every_random_order_is_one_and_has_its_own_number,
            a_topic_named_by_a_flag_is_taken_as_it_is,
            a_reader_who_goes_ends_the_sending_quietly,
            stock_is_the_last_value_of_each_product,
            a_restock_that_nobody_applies_is_queued,
            a_restock_is_told_once_it_is_applied,
            a_restock_that_is_refused_says_why,
        ]
    );
    all.extend(trials!("techshop_shop", &[Need::Broker, Need::Kcat], [kcat_reads_what_was_delivered]));
    all
}

#[track_caller]
fn json_of(exit: &Exit) -> Value {
    serde_json::from_str(&exit.stdout).unwrap_or_else(|error| panic!("{error}: {}", exit.stdout))
}

fn topics_are_made_once_and_found_again() {
    let shop = Shop::new();
    let states = |exit: &Exit| {
        let json = json_of(exit);
        let topics = json["topics"].as_array().expect("topics are told").clone();
        topics.iter().map(|topic| topic["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = shop.run(&["setup-topics", "--json"]);
    first.expect_code(0);
    assert_eq!(states(&first), ["made"; 11]);
    let again = shop.run(&["setup-topics", "--json"]);
    again.expect_code(0);
    assert_eq!(states(&again), ["there"; 11]);
    let text = shop.run(&["setup-topics"]);
    text.expect_code(0);
    let orders = text.stdout.lines().find(|line| line.starts_with(&shop.topic("orders"))).expect("a line a topic");
    assert!(orders.contains("there") && orders.contains("3 partitions"), "{orders}");
}

fn a_wrong_shape_is_named_with_what_to_do() {
    let (kafka, shop) = (shared(), Shop::new());
    kafka.make_topic(&shop.topic("orders"), 1);
    kafka.make_topic(&shop.topic("stock"), 1);
    kafka.make_topic(&shop.topic("inventory"), 5);
    let exit = shop.run(&["setup-topics"]);
    exit.expect_code(1).expect_message(&["3 of 11"]);
    for text in ["WRONG  1 partition, should be 3", "--partitions 3", "cleanup.policy=compact", "made"] {
        assert!(exit.stdout.contains(text), "{text:?} is not in:\n{}", exit.stdout);
    }
    kafka.grow_topic(&shop.topic("orders"), 3);
    let told = json_of(&shop.run(&["setup-topics", "--json"]));
    let wrong: Vec<&Value> =
        told["topics"].as_array().unwrap().iter().filter(|topic| topic["state"] == "wrong").collect();
    assert_eq!(wrong.len(), 3, "with enough partitions, orders would still be forgotten: {wrong:?}");
}

#[track_caller]
fn expect_orders(records: &[Record], count: usize) {
    let mut numbers = BTreeSet::new();
    for record in records {
        let Reading::Order(order) = Order::read(record.value.as_deref()) else { panic!("no order: {record:?}") };
        assert_eq!(record.key.as_deref(), Some(order.order_id.as_bytes()), "the key is the number");
        assert!(order.order_id.starts_with("ORD-") && order.status == "pending");
        assert!((1..=3).contains(&order.quantity));
        numbers.insert(order.order_id.into_owned());
    }
    assert_eq!((records.len(), numbers.len()), (count, count));
}

fn every_random_order_is_one_and_has_its_own_number() {
    let shop = Shop::new();
    for (seed, rate) in [("7", "5000"), ("7", "1000/s")] {
        let exit = shop.run(&["produce", "--count", "200", "--rate", rate, "--seed", seed]);
        exit.expect_code(0);
        assert_eq!(exit.last_line(), "sent=200 delivered=200 failed=0");
        assert_eq!(exit.stdout.lines().count(), 201, "one line an order");
    }
    let records = shared().dump(&shop.topic("orders"));
    expect_orders(&records, 400);
    let partitions: BTreeSet<i32> = records.iter().map(|record| record.partition).collect();
    assert_eq!(partitions.len(), 3);
    let quiet = shop.run(&["produce", "--count", "3", "--quiet"]);
    quiet.expect_code(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("sent=3 delivered=3 failed=0\n", ""));
    shop.run(&["produce", "--count", "1", "--catalogue", "nowhere.json"]).expect_code(1).expect_message(&["nowhere"]);
}

fn kcat_reads_what_was_delivered() {
    let shop = Shop::new();
    let exit = shop.run(&["produce", "--count", "50", "--rate", "5000"]);
    exit.expect_code(0);
    let arguments = ["-C", "-e", "-t", &shop.topic("orders"), "-f", "%p@%o %k\\n"].map(Into::into);
    let read = String::from_utf8(kcat(&shared(), &arguments, b"")).expect("it is text");
    let in_topic: BTreeSet<(String, String)> = read
        .lines()
        .map(|line| line.split_once(' ').expect("a place and a key"))
        .map(|(place, key)| (place.to_owned(), key.to_owned()))
        .collect();
    let told: BTreeSet<(String, String)> = exit
        .stdout
        .lines()
        .filter(|line| line.starts_with("ORD-"))
        .map(|line| (line.split_whitespace().last().unwrap(), line.split_whitespace().next().unwrap()))
        .map(|(place, key)| (place.to_owned(), key.to_owned()))
        .collect();
    assert_eq!(in_topic, told);
    assert_eq!(told.len(), 50);
}

fn a_topic_named_by_a_flag_is_taken_as_it_is() {
    let shop = Shop::new();
    let topic = shared().topic(1);
    shop.run(&["produce", "--count", "5", "--orders-topic", &topic]).expect_code(0);
    expect_orders(&shared().dump(&topic), 5);
}

fn a_reader_who_goes_ends_the_sending_quietly() {
    let shop = Shop::new();
    let (mut process, stdout) = shop.command(&["produce", "--count", "100000", "--rate", "500"]).start_piped();
    drop(stdout);
    let exit = process.wait(crate::harness::SHORT);
    assert!([Some(0), Some(75)].contains(&exit.code), "{exit:?}");
    assert!(!exit.stderr.contains("panicked"), "{}", exit.stderr);
}

fn level(product: &str, stock: i64, sold: i64) -> Record {
    let json = json!({"product_id": product, "stock": stock, "opening": stock + sold, "sold": sold, "restocked": 0});
    Record::new(0, json.to_string()).key(product)
}

fn stock_is_the_last_value_of_each_product() {
    let shop = Shop::new();
    shop.run(&["stock"]).expect_code(1).expect_message(&["setup-topics"]);
    shop.run(&["setup-topics"]).expect_code(0);
    shop.run(&["stock"]).expect_code(0).expect_message(&["nothing is in stock yet"]);
    let gone = Record::tombstone(0).key("P9");
    let records = [
        level("P001", 50, 0),
        level("P002", 20, 0),
        level("P9", 1, 0),
        level("P001", 3, 47),
        gone,
        level("P002", 0, 20),
    ];
    shared().produce(&shop.topic("stock"), &records);
    shared().transact(&shop.topic("stock"), &[level("P001", 1, 49)], crate::harness::Ending::Abort);
    let told = json_of(&shop.run(&["stock", "--json"]));
    let expected = json!({"products": [
        {"product_id": "P001", "name": "iPhone 15", "stock": 3, "opening": 50, "sold": 47, "restocked": 0, "is_low": true},
        {"product_id": "P002", "name": "MacBook Pro", "stock": 0, "opening": 20, "sold": 20, "restocked": 0, "is_low": true},
    ]});
    assert_eq!(told, expected);
    let text = shop.run(&["stock"]);
    assert!(text.stdout.contains("sold out") && text.stdout.contains("low"), "{}", text.stdout);
}

fn a_restock_that_nobody_applies_is_queued() {
    let shop = Shop::new();
    let exit = shop.run(&["restock", "P001", "20", "--timeout", "5s"]);
    exit.expect_code(0);
    assert!(exit.stdout.contains("queued") && exit.stdout.contains("techshop process"), "{}", exit.stdout);
    let records = shared().dump(&shop.topic("restocks"));
    let [record] = records.as_slice() else { panic!("one restock: {records:?}") };
    let restock: Value = serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
    assert_eq!((&restock["product_id"], &restock["quantity"]), (&json!("P001"), &json!(20)));
    assert_eq!(record.key.as_deref(), Some(b"P001".as_slice()));
    assert_eq!(restock["restock_id"].as_str().map(str::len), Some(36));
    for quantity in ["0", "-1", "1000001", "many"] {
        shop.run(&["restock", "P001", "--timeout", "1s", "--", quantity]).expect_code(2);
    }
}

/// Waits for the restock in the topic, and answers it as `process` would.
fn answered(shop: &Shop, topic: &str, answer: &Value, arguments: &[&str]) -> Exit {
    shop.run(&["setup-topics"]).expect_code(0);
    let mut restock = shop.command(arguments).start();
    let found = crate::harness::wait_until("the restock is sent", crate::harness::SHORT, || {
        shared().dump(&shop.topic("restocks")).into_iter().next()
    });
    let source = format!("{}/{}@{}", shop.topic("restocks"), found.partition, found.offset);
    let other = Record::new(0, "{}").header("order-source", Some(b"elsewhere/0@0"));
    let record = Record::new(0, answer.to_string()).header("order-source", Some(source.as_bytes()));
    shared().produce(&shop.topic(topic), &[other, record]);
    restock.wait(crate::harness::SHORT)
}

fn a_restock_is_told_once_it_is_applied() {
    let shop = Shop::new();
    let change = json!({"product_id": "P001", "old_stock": 30, "new_stock": 50, "operation": "restock",
        "quantity": 20, "timestamp": "2026-11-21T09:10:34Z"});
    let exit = answered(&shop, "inventory", &change, &["restock", "P001", "20", "--timeout", "30s"]);
    exit.expect_code(0);
    assert_eq!(exit.stdout, "P001 iPhone 15: 30 → 50 (+20)\n");
}

fn a_restock_that_is_refused_says_why() {
    let shop = Shop::new();
    let error = json!({"status": "invalid", "error_reason": "there is no product P999"});
    let exit = answered(&shop, "errors", &error, &["restock", "P999", "20", "--timeout", "30s", "--json"]);
    exit.expect_code(1);
    let told = json_of(&exit);
    assert_eq!((&told["state"], &told["reason"]), (&json!("refused"), &json!("there is no product P999")));
}
