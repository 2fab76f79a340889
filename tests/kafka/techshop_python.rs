//! The exercise's own kind of clients, in Python and with its topic names and groups, against `process`.

use crate::harness::{Broker, Cluster, LONG, Need, Run, Scratch, program, python, source_dir};
use libtest_mimic::Trial;
use std::collections::BTreeMap;

pub(crate) fn trials() -> Vec<Trial> {
    trials!("techshop_python", &[Need::Broker, Need::Python], [orders_of_python_are_decided_and_their_numbers_collide])
}

/// Enough for some of the 9,000 numbers to come twice, by all odds.
const ORDERS: usize = 1_000;

fn client(kafka: &Cluster, scratch: &Scratch, task: &str, count: usize) -> Run {
    let script = source_dir().join("tests/kafka/python/shop.py");
    let run = Run::new(task, python(), scratch).arg(script);
    run.args([task, kafka.bootstrap(), &count.to_string()]).env("PYTHONDONTWRITEBYTECODE", "1")
}

/// How many outcomes of each number there are, by status.
fn outcomes(said: &str) -> BTreeMap<(String, String), usize> {
    let mut outcomes = BTreeMap::new();
    for line in said.lines() {
        let (number, rest) = line.split_once(' ').expect("a number and a status");
        let status = rest.split(' ').next().unwrap_or_default();
        *outcomes.entry((status.to_owned(), number.to_owned())).or_default() += 1;
    }
    outcomes
}

fn orders_of_python_are_decided_and_their_numbers_collide() {
    // The bare names of topics and groups belong to one test alone.
    let broker = Broker::start();
    let kafka = broker.cluster();
    for (topic, partitions) in [("orders", 3), ("notifications", 3), ("analytics", 3), ("inventory", 3), ("errors", 1)]
    {
        kafka.make_topic(topic, partitions);
    }
    let scratch = Scratch::new("python");
    let shop = program("techshop", &scratch).cluster(&kafka).args(["--topic-prefix", "", "process", "--quiet"]);
    let mut shop = shop.args(["--listen", "off"]).start();
    let sent = client(&kafka, &scratch, "produce", ORDERS).finish_within(LONG);
    sent.expect_code(0);
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for number in sent.stdout.lines() {
        *numbers.entry(number).or_default() += 1;
    }
    assert_eq!(numbers.values().sum::<usize>(), ORDERS, "each order has a line");

    // What cannot be known before: how many of them the stock was enough for.
    let decided = crate::harness::wait_until("every order is decided", LONG, || {
        let count = |topic: &str| kafka.dump(topic).len();
        let (confirmed, refused) = (count("notifications"), count("errors"));
        (confirmed + refused == ORDERS).then_some((confirmed, refused))
    });
    let confirmed = client(&kafka, &scratch, "notifications", decided.0).finish_within(LONG);
    let refused = client(&kafka, &scratch, "errors", decided.1).finish_within(LONG);
    shop.terminate(LONG).expect_code(0);
    let confirmed = outcomes(&confirmed.expect_code(0).stdout);
    let refused = outcomes(&refused.expect_code(0).stdout);

    let mut reused = 0;
    for (number, times) in &numbers {
        let of = |status: &str, all: &BTreeMap<(String, String), usize>| {
            all.get(&(status.to_owned(), (*number).to_owned())).copied().unwrap_or(0)
        };
        let once = of("confirmed", &confirmed) + of("out_of_stock", &refused);
        assert_eq!(once, 1, "{number} is decided once");
        assert_eq!(of("invalid", &refused), times - 1, "{number} shows in errors each further time");
        reused += times - 1;
    }
    assert!(reused > 0, "no number came twice");
    assert_eq!(refused.keys().filter(|(status, _)| status == "out_of_stock").count() + confirmed.len(), numbers.len());
}
