//! What the producer writes, seen by other clients.

use crate::harness::{Exit, LONG, Need, Record, Run, Scratch, class_path, free_port, java_tool, kcat, program, shared};
use libtest_mimic::Trial;
use serde_json::Value;
use std::collections::BTreeSet;

pub(crate) fn trials() -> Vec<Trial> {
    let mut all = trials!(
        "producer_sends",
        &[Need::Broker],
        [
            the_menu_is_taken_in_turn_and_its_sums_are_exact,
            a_key_has_the_partition_that_java_gives_it,
            the_key_may_be_the_customer_or_none,
            every_delivery_is_printed_with_its_place,
            quiet_prints_only_the_last_line,
            nothing_to_send_is_nothing_sent,
            a_missing_topic_is_made_with_three_partitions,
            a_topic_named_by_a_flag_has_no_prefix,
            the_same_seed_gives_the_same_orders,
            flags_stand_above_the_environment_and_that_above_a_file,
            orders_are_what_the_console_consumer_reads,
            a_topic_of_small_batches_takes_every_order,
        ]
    );
    all.extend(trials!("producer_sends", &[Need::Broker, Need::Kcat], [orders_are_what_kcat_reads]));
    all
}

/// Sends some orders fast; exit 0, all delivered.
#[track_caller]
fn send(scratch: &Scratch, topic: &str, count: u32, more: &[&str]) -> Exit {
    let exit = program("producer", scratch)
        .cluster(&shared())
        .args(["--topic", topic, "--count", &count.to_string()])
        .args(if more.contains(&"--rate") { &[] } else { &["--rate", "5000"][..] })
        .args(more)
        .finish();
    exit.expect_code(0);
    let expected = format!("sent={count} delivered={count} failed=0");
    assert_eq!(exit.last_line(), expected);
    exit
}

fn by_sequence(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by_key(|record| json_of(record)["sequence"].as_i64());
    records
}

#[track_caller]
fn json_of(record: &Record) -> Value {
    serde_json::from_str(record.text()).expect("an order is JSON")
}

fn orders_are_what_kcat_reads() {
    let kafka = shared();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("kcat");
    send(&scratch, &topic, 30, &[]);
    let arguments = ["-C", "-J", "-e", "-o", "beginning", "-t", &topic].map(Into::into);
    let read = String::from_utf8(kcat(&kafka, &arguments, b"")).expect("kcat -J writes text");
    let mut sequences = BTreeSet::new();
    for line in read.lines() {
        let envelope: Value = serde_json::from_str(line).expect("kcat -J writes JSON");
        let payload = envelope["payload"].as_str().expect("orders are text");
        let order: Value = serde_json::from_str(payload).expect("an order is JSON");
        assert_eq!(order.to_string().len(), payload.len(), "compact: {payload}");
        assert_eq!(envelope["key"], order["order_id"]);
        sequences.insert(order["sequence"].as_i64().expect("a number"));
        check_headers(&envelope["headers"], &order);
    }
    assert_eq!(sequences, (1..=30).collect(), "each once, from 1 on");
}

fn orders_are_what_the_console_consumer_reads() {
    let kafka = shared();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("console");
    send(&scratch, &topic, 30, &[]);
    let read = Run::new("console-consumer", java_tool("java"), &scratch)
        .args(["-cp", &class_path(&[]), "org.apache.kafka.tools.consumer.ConsoleConsumer"])
        .args(["--bootstrap-server", kafka.bootstrap(), "--topic", &topic])
        .args(["--from-beginning", "--max-messages", "30", "--timeout-ms", "60000"])
        .args(["--formatter-property", "print.key=true", "--formatter-property", "key.separator= "])
        .finish_within(LONG);
    read.expect_code(0);
    let mut read: Vec<String> = read.stdout.lines().map(str::to_owned).collect();
    read.sort();
    let line = |record: &Record| {
        let key = record.key.as_deref().map(String::from_utf8_lossy).expect("a key");
        format!("{key} {}", record.text())
    };
    let mut sent: Vec<String> = kafka.dump(&topic).iter().map(line).collect();
    sent.sort();
    assert_eq!(read, sent);
}

/// `kcat -J` gives headers as a flat list of names and values.
#[track_caller]
fn check_headers(headers: &Value, order: &Value) {
    let headers = headers.as_array().expect("there are headers");
    let header = |name: &str| {
        let place = headers.iter().step_by(2).position(|n| n == name);
        let place = place.unwrap_or_else(|| panic!("no header {name} in {headers:?}"));
        headers[place * 2 + 1].as_str().expect("a text").to_owned()
    };
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("ce_specversion"), "1.0");
    assert_eq!(header("ce_type"), "order.created");
    assert!(!header("ce_id").is_empty() && !header("ce_source").is_empty());
    assert!(header("ce_time").parse::<jiff::Timestamp>().is_ok());
    let trace = header("traceparent");
    let parts: Vec<&str> = trace.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    assert_eq!(lengths, [2, 32, 16, 2], "{trace}");
    assert!(parts.concat().bytes().all(|b| b.is_ascii_hexdigit()));
    let id = order["order_id"].as_str().expect("a text");
    assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
}

/// Index 0 is for sequences that end in 0: customer, item, quantity, price, sum, tax, total.
const MENU: [(&str, &str, u32, &str, &str, &str, &str); 10] = [
    ("client01", "espresso", 2, "2.5", "5", "1", "8.5"),
    ("client02", "cappuccino", 3, "3.2", "9.6", "1.92", "14.02"),
    ("client03", "latte", 4, "3.5", "14", "2.8", "19.3"),
    ("client04", "macchiato", 5, "3", "15", "3", "20.5"),
    ("client05", "flat white", 6, "3.3", "19.8", "3.96", "26.26"),
    ("client06", "mocha", 7, "4", "28", "5.6", "36.1"),
    ("client07", "americano", 8, "2.8", "22.4", "4.48", "29.38"),
    ("client08", "chai latte", 9, "3.8", "34.2", "6.84", "43.54"),
    ("client09", "matcha", 10, "4.5", "45", "9", "56.5"),
    ("client10", "smoothie fraise", 11, "5.5", "60.5", "12.1", "75.1"),
];

/// The members of the order, in the order in which they must stand.
const MEMBERS: [&str; 14] = [
    "order_id",
    "sequence",
    "status",
    "items",
    "sub_total",
    "tax",
    "shipping_fee",
    "total",
    "currency",
    "payment_method",
    "shipping_address",
    "metadata",
    "customer_info",
    "inventory_status",
];

fn the_menu_is_taken_in_turn_and_its_sums_are_exact() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("menu");
    send(&scratch, &topic, 20, &[]);
    let records = by_sequence(kafka.dump(&topic));
    for (record, sequence) in records.iter().zip(1_u32..) {
        let order = json_of(record);
        assert_eq!(order["sequence"], sequence);
        let text = record.text();
        let places: Vec<usize> = MEMBERS.iter().map(|name| text.find(&format!("\"{name}\":")).expect(name)).collect();
        assert!(places.is_sorted(), "the members' order: {text}");
        check_menu(&order, text, sequence);
    }
}

#[track_caller]
fn check_menu(order: &Value, text: &str, sequence: u32) {
    let (customer, item, quantity, price, sum, tax, total) = MENU[sequence as usize % 10];
    let number = |name: &str, digits: &str| {
        // As a text: 9.6 and 9.60 are right, 9.600000000000001 is not.
        let after = text.split(&format!("\"{name}\":")).nth(1).expect(name);
        let spelled: String = after.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
        let bare = match spelled.contains('.') {
            true => spelled.trim_end_matches('0').trim_end_matches('.'),
            false => &spelled,
        };
        assert_eq!(bare, digits, "{name} of order {sequence} ({item})");
    };
    number("unit_price", price);
    number("total_price", sum);
    number("sub_total", sum);
    number("tax", tax);
    number("shipping_fee", "2.5");
    number("total", total);
    let line = &order["items"][0];
    assert_eq!(line["item_id"], format!("item-{item}"));
    assert_eq!((&line["item_name"], &line["quantity"]), (&item.into(), &quantity.into()));
    assert_eq!(order["status"], "pending");
    assert_eq!(order["currency"], "EUR");
    assert_eq!(order["payment_method"], "credit_card");
    let address = format!("{sequence} Rue de la Paix, 75000 Paris");
    assert_eq!(order["shipping_address"], address);
    let metadata = &order["metadata"];
    assert_eq!(metadata["version"], "1.1");
    assert_eq!(metadata["event_type"], "order.created");
    assert_eq!(metadata["source"], "producer-service");
    let info = &order["customer_info"];
    assert_eq!(info["customer_id"], customer);
    assert_eq!(info["name"], format!("Client {customer}"));
    assert_eq!(info["email"], format!("{customer}@example.com"));
    assert_eq!(info["phone"], "+33 6 00 00 00 00");
    assert_eq!(info["address"], address);
    assert_eq!(info["loyalty_level"], "silver");
    let stock = &order["inventory_status"][0];
    assert_eq!(stock["available_qty"], 100 - quantity);
    assert_eq!(stock["reserved_qty"], quantity);
    assert_eq!(stock["in_stock"], true);
    assert_eq!(stock["warehouse"], "PARIS-01");
}

fn a_key_has_the_partition_that_java_gives_it() {
    let kafka = shared();
    let topic = kafka.topic(7);
    let javas = kafka.topic(7);
    let scratch = Scratch::new("murmur2");
    send(&scratch, &topic, 200, &[]);
    let ours = kafka.dump(&topic);
    let by_java = kafka.produce_by_key(&javas, &ours);
    for (record, (partition, _)) in ours.iter().zip(&by_java) {
        assert_eq!(record.partition, *partition, "{:?}", record.key);
    }
}

fn the_key_may_be_the_customer_or_none() {
    let kafka = shared();
    let scratch = Scratch::new("keys");
    let customers = kafka.topic(3);
    send(&scratch, &customers, 20, &["--key", "customer_id"]);
    for record in kafka.dump(&customers) {
        let customer = json_of(&record)["customer_info"]["customer_id"].clone();
        let key = String::from_utf8(record.key.expect("a key")).expect("a text");
        assert_eq!(customer, key);
    }
    let none = kafka.topic(3);
    send(&scratch, &none, 20, &["--key", "none"]);
    assert!(kafka.dump(&none).iter().all(|record| record.key.is_none()));
}

fn every_delivery_is_printed_with_its_place() {
    let kafka = shared();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("printed");
    let exit = send(&scratch, &topic, 12, &[]);
    assert_eq!(exit.stdout.lines().count(), 13, "{}", exit.stdout);
    for record in kafka.dump(&topic) {
        let id = json_of(&record)["order_id"].as_str().unwrap().to_owned();
        let mut lines = exit.stdout.lines();
        let line = lines.find(|line| line.contains(&id)).expect("its line");
        let rest = line.replace(&id, "").replace(&topic, "");
        assert!(line.contains(&topic), "{line}");
        for number in [i64::from(record.partition), record.offset] {
            assert!(rest.contains(&number.to_string()), "{line}");
        }
    }
}

fn quiet_prints_only_the_last_line() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("quiet");
    let exit = send(&scratch, &topic, 12, &["--quiet"]);
    assert_eq!(exit.stdout, "sent=12 delivered=12 failed=0\n");
}

fn nothing_to_send_is_nothing_sent() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("zero");
    send(&scratch, &topic, 0, &[]);
    assert_eq!(kafka.count(&topic), 0);
}

fn a_missing_topic_is_made_with_three_partitions() {
    let kafka = shared();
    let prefix = format!("{}.", kafka.unused_name("prefix"));
    let scratch = Scratch::new("made");
    let run = |more: &[&str]| {
        program("producer", &scratch)
            .cluster(&kafka)
            .env("TOPIC_PREFIX", &prefix)
            .args(["--count", "1", "--rate", "100"])
            .args(more)
            .finish()
    };
    run(&[]).expect_code(0);
    let topic = format!("{prefix}orders");
    assert_eq!(kafka.ends(&topic).len(), 3);
    assert_eq!(kafka.count(&topic), 1);

    let other = format!("{prefix}p5.");
    run(&["--topic-prefix", &other, "--partitions", "5"]).expect_code(0);
    assert_eq!(kafka.ends(&format!("{other}orders")).len(), 5);
}

fn a_topic_named_by_a_flag_has_no_prefix() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("literal");
    send(&scratch, &topic, 3, &["--topic-prefix", "not-me."]);
    assert_eq!(kafka.count(&topic), 3);
}

fn the_same_seed_gives_the_same_orders() {
    let kafka = shared();
    let scratch = Scratch::new("seed");
    let ids = |seed: &str| -> Vec<Value> {
        let topic = kafka.topic(1);
        send(&scratch, &topic, 5, &["--seed", seed]);
        let records = by_sequence(kafka.dump(&topic));
        let id = |record: &Record| json_of(record)["order_id"].clone();
        records.iter().map(id).collect()
    };
    let first = ids("42");
    assert_eq!(first, ids("42"));
    assert_ne!(first, ids("43"));
}

fn flags_stand_above_the_environment_and_that_above_a_file() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("precedence");
    let nobody = format!("127.0.0.1:{}", free_port());
    let wrong = scratch.file("wrong.conf", format!("bootstrap.servers={nobody}\n"));
    let right = format!("# ours\nbootstrap.servers={}\n", kafka.bootstrap());
    let right = scratch.file("right.conf", right);
    let run = || {
        program("producer", &scratch)
            .args(["--topic", &topic, "--count", "1", "--rate", "100"])
            .args(["--connect-timeout", "3s"])
    };
    let by_flag = run().cluster(&kafka).env("KAFKA_BOOTSTRAP_SERVERS", &nobody);
    by_flag.finish().expect_code(0);
    let by_environment = run().env("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap()).arg("--config").arg(&wrong);
    by_environment.finish().expect_code(0);
    run().arg("-F").arg(&right).finish().expect_code(0);
    run().arg("-F").arg(&wrong).finish().expect_code(4);
    assert_eq!(kafka.count(&topic), 3);
}

/// The limit of a topic is that of a batch: no order may fail because of its neighbours.
fn a_topic_of_small_batches_takes_every_order() {
    let kafka = shared();
    let topic = kafka.topic_with(1, &[("max.message.bytes", "20000")]);
    let scratch = Scratch::new("small-batches");
    send(&scratch, &topic, 2_000, &["--rate", "1000000"]);
    assert_eq!(kafka.count(&topic), 2_000);
}
