//! `techshop errors`: apologies, restock alerts, and the list of what is invalid.

use crate::harness::{LONG, Need, Record, SHORT, Shop, free_port, get, wait_until};
use crate::techshop_notify_shop::{digest, message, order};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "techshop_errors",
        &[Need::Broker],
        [
            who_got_nothing_is_told_so_and_the_team_too,
            the_list_shows_what_is_invalid_and_changes_nothing,
            an_empty_list_says_so,
            who_writes_to_customers_tells_its_figures,
        ]
    )
}

fn out_of_stock(id: &str) -> Record {
    let mut order = order(id, true, "alice@email.com", "out_of_stock");
    order["error_reason"] = json!("Not enough stock: 1 available, 2 requested");
    message(0, &order)
}

fn invalid(id: &str) -> Record {
    let fields = json!({
        "order_id": id, "status": "invalid", "error_reason": "field price is missing",
        "raw_message": "{\"order_id\":\"\u{1b}[2J\"}", "source": {"topic": "techshop.orders", "partition": 2, "offset": 17},
    });
    Record::new(0, fields.to_string()).key(id)
}

fn who_got_nothing_is_told_so_and_the_team_too() {
    let shop = Shop::new().with_topic("errors");
    shop.kafka.produce(&shop.topic("errors"), &[out_of_stock("ORD-1"), invalid("ORD-2"), Record::new(0, "no JSON")]);
    let group = format!("{}errors", shop.prefix);
    let mut errors = shop.letters("errors", &["--group", &group, "--team", "store@techshop.example"]).start();
    shop.wait_for_group(&mut errors, &group, "errors");
    let exit = errors.terminate(SHORT);
    exit.expect_code(0).expect_message(&["1 out of stock, 2 invalid since the start"]);
    let lines: Vec<&str> = exit.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", exit.stdout);
    assert!(
        lines[0].starts_with("out of stock  ORD-1         Café Premium × 2, alice.martin: Not enough"),
        "{lines:?}"
    );
    assert!(lines[1].starts_with("invalid       ORD-2         field price is missing"), "{lines:?}");
    let names = ["apology", "restock_alert"].map(|kind| digest(kind, "email", "ORD-1") + ".eml");
    assert_eq!(shop.outbox(""), BTreeSet::from(names.clone()));
    let read = |name: &str| std::fs::read_to_string(shop.scratch.join("outbox").join(name)).expect("it is there");
    assert!(read(&names[0]).contains("To: alice@email.com\r\n"));
    let alert = read(&names[1]);
    assert!(alert.contains("To: store@techshop.example\r\n") && alert.contains("1 available, 2 requested"), "{alert}");
    let kinds: Vec<String> = shop.results().into_keys().map(|[_, _, kind, _]| kind).collect();
    assert_eq!(kinds, ["apology", "restock_alert"]);
    assert!(shop.dump("errors-dlq").is_empty(), "what is invalid stands in the topic already");
}

fn the_list_shows_what_is_invalid_and_changes_nothing() {
    let shop = Shop::new().with_topic("errors");
    let mut records = vec![out_of_stock("ORD-1"), invalid("ORD-2"), Record::new(0, "x".repeat(1000))];
    records.extend((0..500).map(|n| out_of_stock(&format!("ORD-x{n}"))));
    shop.kafka.produce(&shop.topic("errors"), &records);
    let exit = shop.letters("errors", &["--list"]).finish();
    exit.expect_code(0);
    assert!(exit.stdout.starts_with("ORD-2: field price is missing\n  at  techshop.orders/2@17\n"), "{}", exit.stdout);
    assert!(!exit.stdout.contains('\u{1b}') && !exit.stdout.contains(&"x".repeat(201)), "{}", exit.stdout);
    assert_eq!(exit.last_line(), format!("2 invalid messages in {}", shop.topic("errors")));
    let exit = shop.letters("errors", &["--list", "--json"]).finish();
    let lines: Vec<Value> = exit.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    let raw = "{\"order_id\":\"\u{1b}[2J\"}";
    let expected = json!({
        "order_id": "ORD-2", "reason": "field price is missing", "source": "techshop.orders/2@17", "raw": raw,
    });
    assert_eq!(lines[0], expected);
    assert_eq!((&lines[1]["order_id"], &lines[1]["source"]), (&Value::Null, &Value::Null));
    assert_eq!(lines[1]["raw"].as_str().map(str::len), Some(200));
    assert!(shop.kafka.group("techshop-errors-list").is_empty(), "it leaves no trace");
}

fn an_empty_list_says_so() {
    let shop = Shop::new().with_topic("errors");
    let exit = shop.letters("errors", &["--list"]).finish();
    exit.expect_code(0);
    assert_eq!(exit.stdout, format!("0 invalid messages in {}\n", shop.topic("errors")));
}

/// `/metrics` of `notify` and of `errors`: the figures of both, and how far they have read.
fn who_writes_to_customers_tells_its_figures() {
    let confirmed = |id: &str, vip| message(1, &order(id, vip, "alice@email.com", "confirmed"));
    let nobody = message(2, &order("ORD-3", false, "nobody", "confirmed"));
    let notify = &[
        "ordertrail_techshop_notify_email_confirmation_sent_total 2",
        "ordertrail_techshop_notify_sms_confirmation_sent_total 1",
        "ordertrail_techshop_notify_dead_letters_total 1",
        "ordertrail_techshop_notify_retries_total 0",
        "ordertrail_techshop_notify_waiting 0",
    ];
    let errors = &[
        "ordertrail_techshop_errors_email_apology_sent_total 1",
        "ordertrail_techshop_errors_email_restock_alert_sent_total 1",
        "ordertrail_techshop_errors_out_of_stock_total 1",
        "ordertrail_techshop_errors_invalid_total 1",
    ];
    let cases = [
        ("notify", "notifications", vec![confirmed("ORD-1", true), confirmed("ORD-2", false), nobody], &notify[..]),
        ("errors", "errors", vec![out_of_stock("ORD-1"), invalid("ORD-2")], &errors[..]),
    ];
    for (command, topic, records, figures) in cases {
        let shop = Shop::new().with_topic(topic);
        shop.kafka.produce(&shop.topic(topic), &records);
        let port = free_port();
        let group = format!("{}{command}", shop.prefix);
        let mut service = shop.letters(command, &["--group", &group, "--listen", &format!("127.0.0.1:{port}")]).start();
        shop.wait_for_group(&mut service, &group, topic);
        let lag = format!("kafka_consumergroup_lag{{consumergroup=\"{group}\",topic=\"{}\"", shop.topic(topic));
        let text = wait_until("all of it is told", LONG, || {
            let text = get(port, "/metrics")?.body;
            let told = |line: &&str| text.lines().any(|one| one == *line);
            (figures.iter().all(told) && text.contains(&lag)).then_some(text)
        });
        assert!(text.ends_with("# EOF\n"), "{text}");
        for (path, said) in [("/healthz", "alive"), ("/readyz", "ready")] {
            let answer = get(port, path).expect("it listens");
            assert_eq!((answer.status, answer.body.trim()), (200, said), "{path}");
        }
        service.terminate(SHORT).expect_code(0);
    }
}
