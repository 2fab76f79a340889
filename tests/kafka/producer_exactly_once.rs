//! `producer --exactly-once`: killed, fenced and cut off, and each order is there once.

use crate::harness::{
    Broker, Cluster, Exit, LONG, Need, Process, Run, SHORT, Scratch, Signal, kcat, order, program, shared, wait_until,
    wait_while_time_passes,
};
use libtest_mimic::Trial;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "producer_exactly_once",
        &[Need::Broker, Need::Kcat],
        [
            killed_in_mid_flow_again_and_again_each_order_is_there_once_and_in_order,
            of_two_producers_of_a_slot_the_first_is_fenced_and_each_order_is_there_once,
            a_broker_that_dies_in_mid_flow_is_waited_for,
            stopped_without_its_broker_it_says_what_is_missing_and_later_sends_it,
            one_that_slept_beyond_its_transaction_goes_on_by_itself,
            a_file_goes_on_after_the_last_line_that_was_committed,
            a_slot_goes_on_where_it_stopped_until_its_total,
            slots_do_not_disturb_each_other,
            a_progress_topic_that_would_forget_is_refused,
            without_a_rate_that_fills_a_batch_each_order_is_committed_at_once,
        ]
    )
}

/// A topic and a place for the progress that no other test has.
struct Shop {
    kafka: Cluster,
    topic: String,
    prefix: String,
    scratch: Scratch,
}

impl Shop {
    fn new(kafka: Cluster) -> Shop {
        let topic = kafka.topic(3);
        let prefix = format!("{}.", kafka.unused_name("once"));
        Shop { kafka, topic, prefix, scratch: Scratch::new("once") }
    }

    fn producer(&self, flags: &[&str]) -> Run {
        program("producer", &self.scratch)
            .cluster(&self.kafka)
            .args(["--exactly-once", "--topic", &self.topic, "--topic-prefix", &self.prefix])
            .args(flags)
    }

    /// What `kcat` reads of what was committed: partition, offset and order.
    fn committed(&self) -> Vec<(i64, i64, Value)> {
        let arguments =
            ["-C", "-J", "-e", "-X", "isolation.level=read_committed", "-o", "beginning", "-t", &self.topic];
        let read = String::from_utf8(kcat(&self.kafka, &arguments.map(Into::into), b"")).expect("it writes text");
        let record = |line: &str| {
            let record: Value = serde_json::from_str(line).expect("it writes JSON");
            let order = serde_json::from_str(record["payload"].as_str().expect("a text")).expect("an order");
            (record["partition"].as_i64().expect("a number"), record["offset"].as_i64().expect("a number"), order)
        };
        let mut records: Vec<_> = read.lines().map(record).collect();
        records.sort_by_key(|(partition, offset, _)| (*partition, *offset));
        records
    }

    /// Each order of a slot must be there once, and in each partition in order.
    #[track_caller]
    fn expect_each_once(&self, total: i64) {
        let mut last: BTreeMap<i64, i64> = BTreeMap::new();
        let mut all = Vec::new();
        for (partition, _, order) in self.committed() {
            let sequence = order["sequence"].as_i64().expect("a number");
            let before = last.insert(partition, sequence);
            assert!(before < Some(sequence), "{sequence} after {before:?} in partition {partition}");
            all.push(sequence);
        }
        all.sort_unstable();
        assert_eq!(all.len(), usize::try_from(total).unwrap(), "{total} orders");
        assert_eq!(all, (1..=total).collect::<Vec<_>>(), "each of them once");
    }
}

fn told(producer: &Process) -> usize {
    producer.stdout().lines().filter(|line| line.contains('@')).count()
}

#[track_caller]
fn wait_for_told(producer: &mut Process, count: usize) {
    wait_until(&format!("{count} orders are told"), LONG, || {
        let is_running = producer.is_running();
        if told(producer) >= count {
            return Some(());
        }
        assert!(is_running, "it ended: {}", producer.stderr());
        None
    });
}

#[track_caller]
fn expect_done(exit: &Exit, orders: u32) {
    exit.expect_code(0);
    assert_eq!(exit.last_line(), format!("sent={orders} delivered={orders} failed=0"));
}

fn killed_in_mid_flow_again_and_again_each_order_is_there_once_and_in_order() {
    let kills = if std::env::var_os("ORDERTRAIL_LONG_TESTS").is_some() { 50 } else { 15 };
    let shop = Shop::new(shared());
    let total = 1_000 * kills;
    let total_text = total.to_string();
    let flags = ["--count", &total_text, "--rate", "4000"];
    for kill in 0..kills {
        let mut producer = shop.producer(&flags).start();
        // At its first transaction, and then at other moments each time.
        match kill % 3 {
            0 => producer.wait_for_output("sending to", LONG),
            _ => wait_for_told(&mut producer, (kill * 97 % 700 + 1).try_into().unwrap()),
        }
        producer.kill_nine();
    }
    let exit = shop.producer(&["--count", &total_text, "--interval", "0"]).finish_within(LONG);
    exit.expect_code(0);
    shop.expect_each_once(total);
    // The same orders, whoever made them.
    let ids: BTreeMap<String, i64> = shop
        .committed()
        .iter()
        .map(|(_, _, order)| (order["order_id"].as_str().unwrap().to_owned(), order["sequence"].as_i64().unwrap()))
        .collect();
    assert_eq!(ids.len(), usize::try_from(total).unwrap(), "no id twice");
}

fn of_two_producers_of_a_slot_the_first_is_fenced_and_each_order_is_there_once() {
    let shop = Shop::new(shared());
    let mut first = shop.producer(&["--slot", "till 1", "--rate", "500"]).start();
    wait_for_told(&mut first, 100);
    let mut second = shop.producer(&["--slot", "till 1", "--rate", "2000", "--count", "3000"]).start();
    let fenced = first.wait(LONG);
    fenced.expect_code(1).expect_message(&["another producer has taken over slot till 1"]);
    let finished = second.wait(LONG);
    finished.expect_code(0).expect_message(&["slot till 1 has sent", "going on after them"]);
    shop.expect_each_once(3_000);
    let numbers = |exit: &Exit| -> Vec<i64> {
        let parts = exit.last_line().split(' ').map(|part| part.split_once('=').expect("name=number").1);
        parts.map(|number| number.parse().expect("a number")).collect()
    };
    let (first, second) = (numbers(&fenced), numbers(&finished));
    assert_eq!(first[0], first[1] + first[2], "sent = delivered + failed");
    assert_eq!(first[1] + second[1], 3_000, "what both say they delivered");
}

fn a_broker_that_dies_in_mid_flow_is_waited_for() {
    let mut broker = Broker::start();
    let shop = Shop::new(broker.cluster());
    let mut producer = shop.producer(&["--count", "4000", "--rate", "1000"]).start();
    wait_for_told(&mut producer, 500);
    broker.kill_nine();
    producer.wait_for_output("does not answer", LONG);
    broker.start_again();
    let exit = producer.wait(LONG);
    expect_done(&exit, 4_000);
    exit.expect_message(&["answers again"]);
    shop.expect_each_once(4_000);
}

fn stopped_without_its_broker_it_says_what_is_missing_and_later_sends_it() {
    let mut broker = Broker::start();
    let shop = Shop::new(broker.cluster());
    let mut producer = shop.producer(&["--count", "3000", "--rate", "1000", "--flush-timeout", "2s"]).start();
    wait_for_told(&mut producer, 300);
    broker.kill_nine();
    producer.wait_for_output("does not answer", LONG);
    let stopped = producer.terminate(SHORT);
    stopped.expect_code(75).expect_message(&["orders were not delivered"]);
    let delivered = told(&producer);
    assert!(stopped.last_line().contains(&format!(" delivered={delivered} failed=")), "{}", stopped.last_line());
    broker.start_again();
    shop.producer(&["--count", "3000", "--interval", "0"]).finish_within(LONG).expect_code(0);
    shop.expect_each_once(3_000);
}

fn one_that_slept_beyond_its_transaction_goes_on_by_itself() {
    let broker = Broker::start_with(&[], &["transaction.abort.timed.out.transaction.cleanup.interval.ms=200".into()]);
    let shop = Shop::new(broker.cluster());
    let fast = ["--count", "60000", "--interval", "0", "-X", "transaction.timeout.ms=1000"];
    let mut producer = shop.producer(&fast).start();
    for told in [1_000, 20_000] {
        wait_for_told(&mut producer, told);
        producer.signal(Signal::STOP);
        // The broker ends its transaction and fences it, as a successor would.
        wait_while_time_passes(Duration::from_secs(3));
        producer.signal(Signal::CONT);
    }
    expect_done(&producer.wait(LONG), 60_000);
    shop.expect_each_once(60_000);
}

fn a_file_goes_on_after_the_last_line_that_was_committed() {
    let shop = Shop::new(shared());
    let mut lines: Vec<String> = (0..3_000).map(order).collect();
    lines.insert(10, "no order".to_owned());
    std::fs::write(shop.scratch.join("mine.jsonl"), lines.join("\n")).expect("it can be written");
    let file = ["--file", "mine.jsonl"];
    let mut producer = shop.producer(&file).args(["--rate", "1500"]).start();
    wait_for_told(&mut producer, 700);
    producer.kill_nine();
    let exit = shop.producer(&file).finish_within(LONG);
    exit.expect_code(0).expect_message(&["going on after them"]);
    let mut sent: Vec<String> = shop.committed().into_iter().map(|(_, _, order)| order.to_string()).collect();
    sent.sort();
    let mut expected: Vec<String> = (0..3_000).map(order).collect();
    expected.sort();
    let expected: Vec<String> =
        expected.iter().map(|line| serde_json::from_str::<Value>(line).expect("an order").to_string()).collect();
    let (mut sent, mut expected) = (sent, expected);
    sent.sort();
    expected.sort();
    assert!(sent == expected, "each line once: {} of {}", sent.len(), expected.len());

    std::fs::write(shop.scratch.join("other.jsonl"), order(1)).expect("it can be written");
    let refused = shop.producer(&["--file", "other.jsonl"]).finish();
    refused.expect_code(1).expect_message(&["slot default", "mine.jsonl", "pass another --slot"]);
}

fn a_slot_goes_on_where_it_stopped_until_its_total() {
    let shop = Shop::new(shared());
    let mut producer = shop.producer(&["--count", "2000", "--rate", "1000"]).start();
    wait_for_told(&mut producer, 300);
    let stopped = producer.terminate(SHORT);
    stopped.expect_code(0);
    let sent = shop.committed().len();
    assert_eq!(stopped.last_line(), format!("sent={sent} delivered={sent} failed=0"), "all of them were delivered");
    assert_eq!(told(&producer), sent, "and told");
    let left = u32::try_from(2_000 - sent).unwrap();
    expect_done(&shop.producer(&["--count", "2000", "--interval", "0"]).finish(), left);
    shop.expect_each_once(2_000);
    let again = shop.producer(&["--count", "2000", "--interval", "0"]).finish();
    expect_done(&again, 0);
    again.expect_message(&["slot default has sent 2,000 orders already", "nothing is left to send"]);
    shop.expect_each_once(2_000);
}

fn slots_do_not_disturb_each_other() {
    let shop = Shop::new(shared());
    let mut running = shop.producer(&["--slot", "a", "--rate", "200"]).start();
    wait_for_told(&mut running, 50);
    expect_done(&shop.producer(&["--slot", "b", "--count", "500", "--rate", "1000"]).finish(), 500);
    assert!(running.is_running(), "{}", running.stderr());
    let stopped = running.terminate(SHORT);
    stopped.expect_code(0);
    let delivered = told(&running);
    assert_eq!(shop.committed().len(), 500 + delivered);
}

fn a_progress_topic_that_would_forget_is_refused() {
    for (partitions, wrong) in [(2, "it must have one partition, it has 2"), (1, "set its cleanup.policy to compact")] {
        let shop = Shop::new(shared());
        let progress = format!("{}producer.progress", shop.prefix);
        shop.kafka.make_topic(&progress, partitions);
        let refused = shop.producer(&["--count", "1"]).finish();
        refused.expect_code(1).expect_message(&[&progress, wrong]);
        assert!(shop.committed().is_empty(), "nothing was sent");
    }
}

fn without_a_rate_that_fills_a_batch_each_order_is_committed_at_once() {
    let shop = Shop::new(shared());
    let mut producer = shop.producer(&["--interval", "200ms"]).start();
    wait_for_told(&mut producer, 5);
    // Four orders and more were committed, each in a transaction of its own: there is a mark after each.
    let records = shop.committed();
    assert!(records.len() >= 5, "{}", records.len());
    let mut last: BTreeMap<i64, i64> = BTreeMap::new();
    for (partition, offset, _) in &records {
        let before = last.insert(*partition, *offset);
        assert!(before.is_none_or(|before| before + 2 == *offset), "{before:?}, {offset} in {partition}");
    }
    producer.terminate(SHORT).expect_code(0);
}
