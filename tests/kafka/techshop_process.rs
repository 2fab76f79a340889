//! `techshop process`: what it decides, who decides, and what it remembers.

use crate::harness::{Broker, LONG, Need, Record, SHORT, Shop, Signal, wait_until, wait_while_time_passes};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "techshop_process",
        &[Need::Broker],
        [
            each_message_has_the_outcome_that_is_due_to_it,
            killed_and_started_again_it_remembers_stock_and_numbers,
            a_standby_takes_over_from_one_that_was_killed,
            one_that_slept_is_fenced_and_stands_by,
            two_groups_share_one_stock,
            stopped_in_order_it_says_so_and_leaves_no_owner,
            a_broker_that_dies_is_waited_for,
            orders_made_anew_are_read_from_their_beginning,
            orders_that_were_deleted_unread_are_told,
            a_changelog_that_lacks_something_is_refused,
            a_restock_is_applied_once,
            more_partitions_are_read_when_they_come,
            an_order_that_fills_a_message_has_an_outcome,
        ]
    )
}

impl Shop {
    fn order(&self, partition: i32, json: &Value) {
        let key = json["order_id"].as_str().unwrap_or("k");
        self.kafka.produce(&self.topic("orders"), &[Record::new(partition, json.to_string()).key(key)]);
    }

    /// Waits until so many outcomes are there, and gives them: by topic, in their order.
    #[track_caller]
    fn outcomes(&self, confirmed: usize, errors: usize) -> (Vec<Record>, Vec<Record>) {
        wait_until(&format!("{confirmed} confirmed and {errors} errors"), LONG, || {
            let (notified, failed) =
                (self.kafka.dump(&self.topic("notifications")), self.kafka.dump(&self.topic("errors")));
            (notified.len() >= confirmed && failed.len() >= errors).then(|| {
                assert_eq!((notified.len(), failed.len()), (confirmed, errors), "not more than are due");
                (notified, failed)
            })
        })
    }

    /// The last level of each product, as the topic tells it.
    fn stock(&self) -> BTreeMap<String, i64> {
        let records = self.kafka.dump(&self.topic("stock"));
        let level = |record: &Record| -> (String, i64) {
            let level: Value = serde_json::from_str(record.text()).expect("JSON");
            (level["product_id"].as_str().expect("a text").to_owned(), level["stock"].as_i64().expect("a number"))
        };
        records.iter().map(level).collect()
    }
}

fn order(id: &str, product: &str, quantity: i64) -> Value {
    json!({
        "order_id": id, "customer_id": "alice.martin", "customer_email": "alice@email.com", "customer_vip": true,
        "customer_region": "Paris", "product_id": product, "product_name": "Café Premium",
        "product_category": "Food", "price": 15, "quantity": quantity, "total": 15 * quantity,
        "timestamp": "2026-11-21T09:10:34.123456", "status": "pending", "gift": {"wrap": 1.50},
    })
}

fn header<'r>(record: &'r Record, name: &str) -> &'r str {
    let found = record.headers.iter().find(|(found, _)| found == name.as_bytes());
    std::str::from_utf8(found.and_then(|(_, value)| value.as_deref()).expect("the header is there")).expect("text")
}

fn json_of(record: &Record) -> Value {
    serde_json::from_str(record.text()).expect("JSON")
}

fn each_message_has_the_outcome_that_is_due_to_it() {
    let shop = Shop::new().with_topic("orders");
    let mut process = shop.active();
    shop.order(1, &order("a", "P002", 15));
    shop.outcomes(1, 0);
    shop.order(2, &order("b", "P002", 6));
    shop.outcomes(1, 1);
    shop.order(0, &order("../../c\r\nBcc: x", "P002", 5));
    let orders = shop.topic("orders");
    let bad = [
        Record::new(0, "no json").key("../k"),
        Record::new(0, b"\xff\xfe".to_vec()),
        Record::tombstone(0).key("t"),
        Record::new(0, order("d", "P404", 1).to_string()),
        Record::new(0, order("e", "P005", -1).to_string()),
        Record::new(0, order("a", "P002", 14).to_string()),
        Record::new(0, order("a", "P002", 15).to_string()),
    ];
    shop.kafka.produce(&orders, &bad);
    let (notified, errors) = shop.outcomes(2, 7);
    wait_until("the exact copy is read, too", LONG, || {
        (shop.kafka.group("order-processor").get(&format!("{orders}/0")) == Some(&8)).then_some(())
    });
    assert_eq!(shop.outcomes(2, 7).0.len(), 2, "the exact copy has no second outcome");
    let first = notified.iter().find(|record| record.key.as_deref() == Some(b"a")).expect("confirmed");
    assert_eq!(header(first, "order-source"), format!("{orders}/1@0"));
    assert!(header(first, "order-timestamp-ms").parse::<i64>().expect("a number") > 1_700_000_000_000);
    assert_eq!(json_of(first)["status"], "confirmed");
    assert!(first.text().contains(r#""gift":{"wrap":1.5}"#), "{}", first.text());
    let analytics: Vec<_> =
        shop.kafka.dump(&shop.topic("analytics")).iter().map(|record| record.value.clone()).collect();
    assert_eq!(analytics.len(), 2);
    assert!(notified.iter().all(|record| analytics.contains(&record.value)));
    let error = |source: &str| {
        let source = format!("{orders}/{source}");
        json_of(errors.iter().find(|record| header(record, "order-source") == source).expect("told"))
    };
    assert_eq!(error("2@0")["error_reason"], "not enough stock: 5 available, 6 asked for");
    assert_eq!(error("2@0")["status"], "out_of_stock");
    assert_eq!((&error("0@1")["order_id"], &error("0@1")["raw_message"]), (&json!("../k"), &json!("no json")));
    assert_eq!((&error("0@2")["order_id"], &error("0@2")["raw_message_b64"]), (&Value::Null, &json!("//4=")));
    assert_eq!(error("0@3")["payload_null"], true);
    assert_eq!(error("0@4")["error_reason"], "unknown product \"P404\"");
    assert_eq!(error("0@5")["status"], "invalid");
    assert_eq!(error("0@6")["error_reason"], "order number used before, with other content");
    let changes: Vec<_> = shop.kafka.dump(&shop.topic("inventory")).iter().map(json_of).collect();
    assert_eq!(changes.len(), 2);
    assert_eq!((&changes[0]["old_stock"], &changes[0]["new_stock"]), (&json!(20), &json!(5)));
    assert_eq!((&changes[1]["old_stock"], &changes[1]["new_stock"]), (&json!(5), &json!(0)));
    assert_eq!(shop.stock()["P002"], 0);
    process.terminate(SHORT).expect_code(0);
}

fn killed_and_started_again_it_remembers_stock_and_numbers() {
    let shop = Shop::new().with_topic("orders");
    for round in 0..4 {
        let mut process = shop.active();
        shop.order(round % 3, &order(&format!("n{round}"), "P002", 4));
        shop.order((round + 1) % 3, &order("n0", "P002", 4));
        shop.outcomes(usize::try_from(round).unwrap() + 1, 0);
        process.kill_nine();
    }
    let mut process = shop.active();
    // Whoever was killed published them now and then only; at rest they are those of the end, without another order.
    wait_until("the group's offsets are at the end", LONG, || {
        let group = shop.kafka.group("order-processor");
        let offsets = group.iter().filter(|(partition, _)| partition.starts_with(&shop.topic("orders/")));
        (offsets.map(|(_, offset)| offset).sum::<i64>() == 8).then_some(())
    });
    shop.order(0, &order("n9", "P002", 5));
    let (_, errors) = shop.outcomes(4, 1);
    assert_eq!(json_of(&errors[0])["error_reason"], "not enough stock: 4 available, 5 asked for");
    process.terminate(SHORT).expect_code(0);
}

fn a_standby_takes_over_from_one_that_was_killed() {
    let shop = Shop::new().with_topic("orders");
    let mut first = shop.active();
    let mut second = shop.process(&[]).start();
    second.wait_for_output("process.standby", LONG);
    for round in 0..3 {
        shop.order(round, &order(&format!("s{round}"), "P005", 1));
        shop.outcomes(usize::try_from(round).unwrap() + 1, 0);
        first.kill_nine();
        second.wait_for_output("process.active", LONG);
        first = std::mem::replace(&mut second, shop.process(&[]).start());
        second.wait_for_output("process.standby", LONG);
    }
    shop.order(0, &order("last", "P005", 1));
    shop.outcomes(4, 0);
    second.terminate(SHORT).expect_code(0);
    first.terminate(SHORT).expect_code(0);
}

fn one_that_slept_is_fenced_and_stands_by() {
    let shop = Shop::new().with_topic("orders");
    let mut first = shop.active();
    let mut second = shop.process(&[]).start();
    second.wait_for_output("process.standby", LONG);
    first.signal(Signal::STOP);
    second.wait_for_output("process.active", LONG);
    shop.order(0, &order("a", "P005", 1));
    shop.outcomes(1, 0);
    first.signal(Signal::CONT);
    first.wait_for_output("process.fenced", LONG);
    first.wait_for_output("process.standby", LONG);
    shop.order(1, &order("b", "P005", 1));
    shop.outcomes(2, 0);
    second.terminate(SHORT).expect_code(0);
    shop.order(2, &order("c", "P005", 1));
    shop.outcomes(3, 0);
    first.terminate(SHORT).expect_code(0);
    assert_eq!(shop.stock()["P005"], 497);
}

fn two_groups_share_one_stock() {
    let shop = Shop::new().with_topic("orders");
    let mut first = shop.active();
    let mut second = shop.process(&["--group", "another"]).start();
    second.wait_for_output("process.standby", LONG);
    shop.order(0, &order("a", "P002", 20));
    shop.order(0, &order("b", "P002", 1));
    shop.outcomes(1, 1);
    first.terminate(SHORT).expect_code(0);
    second.wait_for_output("process.active", LONG);
    shop.order(0, &order("c", "P002", 1));
    shop.outcomes(1, 2);
    second.terminate(SHORT).expect_code(0);
    assert!(shop.kafka.group("another").contains_key(&format!("{}/0", shop.topic("orders"))));
}

fn stopped_in_order_it_says_so_and_leaves_no_owner() {
    let shop = Shop::new().with_topic("orders");
    let mut process = shop.active();
    shop.order(0, &order("a", "P005", 1));
    shop.outcomes(1, 0);
    let exit = process.terminate(SHORT);
    exit.expect_code(0);
    assert!(exit.stdout.contains("confirmed"), "{}", exit.stdout);
    let positions = shop.kafka.dump(&shop.topic("order-numbers"));
    let last = positions.iter().rfind(|record| record.key.as_deref() == Some(b"position")).expect("there");
    assert_eq!(json_of(last)["owner"], "");
    let ended = shop.process(&["--until-end", "--quiet"]).finish();
    ended.expect_code(0);
    assert_eq!(ended.stdout, "");
    shop.outcomes(1, 0);
}

fn a_broker_that_dies_is_waited_for() {
    let mut broker = Broker::start();
    let shop = Shop::on(broker.cluster()).with_topic("orders");
    let mut process = shop.active();
    shop.order(0, &order("a", "P005", 1));
    shop.outcomes(1, 0);
    for round in 0..2 {
        broker.kill_nine();
        wait_while_time_passes(Duration::from_millis(500 + 2_000 * round));
        broker.start_again();
        shop.order(1, &order(&format!("b{round}"), "P005", 1));
        shop.outcomes(usize::try_from(round).unwrap() + 2, 0);
    }
    process.terminate(SHORT).expect_code(0);
    assert_eq!(shop.stock()["P005"], 497);
}

fn orders_made_anew_are_read_from_their_beginning() {
    let shop = Shop::new().with_topic("orders");
    let mut process = shop.active();
    shop.order(0, &order("a", "P005", 1));
    shop.order(0, &order("b", "P005", 1));
    shop.outcomes(2, 0);
    shop.kafka.delete_topic(&shop.topic("orders"));
    shop.kafka.make_topic(&shop.topic("orders"), 3);
    shop.order(0, &order("c", "P005", 1));
    shop.outcomes(3, 0);
    process.wait_for_output("topic.new", LONG);
    process.terminate(SHORT).expect_code(0);
}

fn orders_that_were_deleted_unread_are_told() {
    let shop = Shop::new().with_topic("orders");
    let mut process = shop.active();
    shop.order(0, &order("a", "P005", 1));
    shop.outcomes(1, 0);
    process.terminate(SHORT).expect_code(0);
    for id in ["b", "c", "d"] {
        shop.order(0, &order(id, "P005", 1));
    }
    shop.kafka.delete_before(&shop.topic("orders"), 0, 3);
    let mut process = shop.active();
    process.wait_for_output("offsets 1 to 2 are gone before they were read", LONG);
    let (notified, _) = shop.outcomes(2, 0);
    assert!(notified.iter().any(|record| record.key.as_deref() == Some(b"d")));
    process.terminate(SHORT).expect_code(0);
}

fn a_changelog_that_lacks_something_is_refused() {
    let shop = Shop::new().with_topic("orders");
    let mut process = shop.active();
    shop.order(0, &order("a", "P005", 1));
    shop.outcomes(1, 0);
    process.terminate(SHORT).expect_code(0);
    shop.kafka.delete_topic(&shop.topic("stock"));
    let exit = shop.process(&[]).finish();
    exit.expect_code(1);
    exit.expect_message(&["stock", "it has levels of 0 products, not of 5", "--topic-prefix"]);
    let shop = Shop::new().with_topic("orders");
    let mut process = shop.active();
    shop.order(0, &order("a", "P005", 1));
    shop.outcomes(1, 0);
    process.terminate(SHORT).expect_code(0);
    shop.kafka.delete_topic(&shop.topic("order-numbers"));
    let exit = shop.process(&[]).finish();
    exit.expect_code(1);
    exit.expect_message(&["order-numbers", "it is empty, though there are levels of stock"]);
}

fn a_restock_is_applied_once() {
    let shop = Shop::new().with_topic("orders");
    let mut process = shop.active();
    let restock = |id: &str, product: &str| {
        let json = json!({"restock_id": id, "product_id": product, "quantity": 7, "timestamp": "2026-11-21T10:00:00Z"});
        shop.kafka.produce(&shop.topic("restocks"), &[Record::new(0, json.to_string())]);
    };
    restock("r1", "P002");
    restock("r1", "P002");
    restock("r2", "P404");
    shop.outcomes(0, 1);
    shop.order(0, &order("a", "P002", 27));
    shop.outcomes(1, 1);
    let changes: Vec<_> = shop.kafka.dump(&shop.topic("inventory")).iter().map(json_of).collect();
    assert_eq!(changes.len(), 2);
    assert_eq!((&changes[0]["operation"], &changes[0]["new_stock"]), (&json!("restock"), &json!(27)));
    process.kill_nine();
    let mut process = shop.active();
    restock("r1", "P002");
    restock("r3", "P002");
    wait_until("the restock is there", LONG, || (shop.stock()["P002"] == 7).then_some(()));
    process.terminate(SHORT).expect_code(0);
    assert_eq!(shop.stock()["P002"], 7);
}

fn more_partitions_are_read_when_they_come() {
    let shop = Shop::new().with_topic("orders");
    let mut process = shop.active();
    shop.kafka.grow_topic(&shop.topic("orders"), 5);
    shop.order(4, &order("a", "P005", 1));
    shop.outcomes(1, 0);
    process.terminate(SHORT).expect_code(0);
}

fn an_order_that_fills_a_message_has_an_outcome() {
    let shop = Shop::new().with_topic("orders");
    let mut process = shop.active();
    let mut large = order("large", "P005", 1);
    large["note"] = json!("\u{1}".repeat(170_000));
    shop.order(0, &large);
    let mut wrong = order("wrong", "P404", 1);
    wrong["note"] = json!("\u{1}".repeat(170_000));
    shop.order(0, &wrong);
    shop.order(0, &order("after", "P005", 1));
    wait_until("the order after it is decided", LONG, || {
        let notified = shop.kafka.dump(&shop.topic("notifications"));
        notified.iter().any(|record| record.key.as_deref() == Some(b"after")).then_some(())
    });
    let errors = shop.kafka.dump(&shop.topic("errors"));
    assert!(errors.iter().any(|record| record.key.as_deref() == Some(b"wrong")), "told: {errors:?}");
    process.terminate(SHORT).expect_code(0);
}
