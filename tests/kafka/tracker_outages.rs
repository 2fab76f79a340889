//! Brokers that stop and die under running programs: both wait, say so, and go on by themselves.

use crate::harness::{
    Broker, Cluster, LONG, Need, Process, SHORT, Scratch, Trail, events, order, program, tracker, trail_dir,
    wait_for_event, wait_for_events, wait_for_lines, wait_until, wait_while_time_passes,
};
use libtest_mimic::Trial;
use serde_json::Value;
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_outages",
        &[Need::Broker],
        [
            a_broker_stopped_in_order_is_waited_for,
            a_broker_that_dies_is_waited_for,
            a_broker_that_is_not_there_yet_is_waited_for,
            stopping_while_the_broker_is_away_is_quick,
            a_broker_that_dies_under_a_drain_is_waited_for,
        ]
    )
}

/// Eight seconds will do to see that nobody gives up; `ORDERTRAIL_LONG_TESTS=1` makes it thirty.
fn outage() -> Duration {
    match std::env::var_os("ORDERTRAIL_LONG_TESTS") {
        Some(_) => Duration::from_secs(30),
        None => Duration::from_secs(8),
    }
}

fn producer(kafka: &Cluster, topic: &str, scratch: &Scratch) -> Process {
    program("producer", scratch).cluster(kafka).args(["--topic", topic, "--rate", "200"]).start()
}

fn an_outage_under_load(end: fn(&mut Broker)) {
    let mut broker = Broker::start();
    let kafka = broker.cluster();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("outage");
    let dir = trail_dir(&scratch);
    let mut tracker = tracker(&kafka, &topic, &scratch).start();
    let mut producer = producer(&kafka, &topic, &scratch);
    wait_for_lines(&mut tracker, &dir, 300);

    end(&mut broker);
    wait_for_event(&dir, "broker.lost");
    wait_while_time_passes(outage());
    assert!(tracker.is_running(), "{}", tracker.stderr());
    assert!(producer.is_running(), "{}", producer.stderr());
    let during = Trail::count_so_far(&dir);

    broker.start_again();
    wait_for_event(&dir, "broker.back");
    // More than what can have waited on its way: new orders come through.
    wait_for_lines(&mut tracker, &dir, during + 2_000);
    let sent = producer.terminate(LONG);
    sent.expect_code(0);
    let read = tracker.terminate(LONG);
    read.expect_code(0);

    let records = kafka.dump(&topic);
    let count = records.len();
    assert_eq!(sent.last_line(), format!("sent={count} delivered={count} failed=0"));
    Trail::read(&dir).expect_records(&records);
    let sequence = |record: &crate::harness::Record| {
        let order: Value = serde_json::from_str(record.text()).expect("an order");
        order["sequence"].as_u64().expect("a number")
    };
    let mut sequences: Vec<u64> = records.iter().map(sequence).collect();
    sequences.sort_unstable();
    let expected: Vec<u64> = (1..=count as u64).collect();
    assert_eq!(sequences, expected, "each order once");
    let lost = events(&dir, "broker.lost").len();
    assert!(lost < 20, "it says so, it does not shout: {lost} lines");
}

fn a_broker_stopped_in_order_is_waited_for() {
    an_outage_under_load(Broker::stop);
}

fn a_broker_that_dies_is_waited_for() {
    an_outage_under_load(Broker::kill_nine);
}

fn a_broker_that_is_not_there_yet_is_waited_for() {
    let mut broker = Broker::not_started();
    let kafka = broker.cluster();
    let scratch = Scratch::new("not-yet");
    let dir = trail_dir(&scratch);
    let mut tracker = tracker(&kafka, "orders", &scratch).start();
    tracker.wait_for_output(kafka.bootstrap(), SHORT);
    wait_for_event(&dir, "broker.lost");
    wait_while_time_passes(Duration::from_secs(2));
    assert!(tracker.is_running(), "{}", tracker.stderr());

    broker.start_again();
    wait_until("the tracker makes the missing topic", LONG, || {
        (events(&dir, "tracker.subscribed").len() == 1).then_some(())
    });
    assert_eq!(kafka.ends("orders").len(), 3, "with three partitions");
    let flood = kafka.flood("orders", &order(7), 200);
    wait_for_lines(&mut tracker, &dir, 50);
    flood.stop();
    tracker.terminate(LONG).expect_code(0);
    Trail::read(&dir).expect_records(&kafka.dump("orders"));
}

fn stopping_while_the_broker_is_away_is_quick() {
    let mut broker = Broker::start();
    let kafka = broker.cluster();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("stop-away");
    let dir = trail_dir(&scratch);
    let flood = kafka.flood(&topic, &order(7), 500);
    let mut tracker = tracker(&kafka, &topic, &scratch).start();
    wait_for_lines(&mut tracker, &dir, 100);
    flood.stop();
    broker.kill_nine();
    wait_for_event(&dir, "broker.lost");
    tracker.terminate(Duration::from_secs(10)).expect_code(0);
    Trail::read(&dir).expect_unbroken();
    wait_for_event(&dir, "tracker.stopped");
}

/// Once it is connected, a one-shot command waits as well.
fn a_broker_that_dies_under_a_drain_is_waited_for() {
    let mut broker = Broker::start();
    let kafka = broker.cluster();
    let topic = kafka.topic(1);
    let records: Vec<_> = (0..60_000).map(|n| crate::harness::Record::new(0, order(n))).collect();
    kafka.produce(&topic, &records);
    let scratch = Scratch::new("drain-outage");
    let dir = trail_dir(&scratch);
    // Slow enough to be caught half-way, whatever the machine.
    let mut tracker = tracker(&kafka, &topic, &scratch)
        .property("fetch.message.max.bytes=20000")
        .property("queued.min.messages=20")
        .property("queued.max.messages.kbytes=20")
        .arg("--until-end")
        .start();
    wait_for_lines(&mut tracker, &dir, 100);
    broker.kill_nine();
    wait_for_events(&dir, "broker.lost", 1);
    assert!(tracker.is_running(), "it waits: {}", tracker.stderr());
    broker.start_again();
    let exit = tracker.wait(LONG);
    exit.expect_code(0);
    assert_eq!(exit.last_line(), "received=60000 valid=60000 invalid=0 gaps=0");
    Trail::read(&dir).expect_unbroken();
}
