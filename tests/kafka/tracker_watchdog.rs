//! A consumer that goes mute is thrown away and made anew, and nobody has to notice.

use crate::harness::{
    Broker, Cluster, LONG, Listener, Need, Proxy, Record, Scratch, Trail, events, expect_sealed, order, tracker,
    trail_dir, wait_for_events, wait_for_lines, wait_until,
};
use libtest_mimic::Trial;
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    trials!("tracker_watchdog", &[Need::Broker], [a_connection_that_swallows_everything_is_replaced_within_seconds])
}

/// Ten seconds are promised; the machine may be busy.
const SOON: Duration = Duration::from_secs(25);

fn orders(numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.flat_map(|n| (0..3).map(move |partition| Record::new(partition, order(n)))).collect()
}

fn a_connection_that_swallows_everything_is_replaced_within_seconds() {
    let proxy = Proxy::start();
    let broker = Broker::start_with(&[Listener::behind(&proxy)], &[]);
    let kafka = broker.cluster();
    let topic = kafka.topic(3);
    let scratch = Scratch::new("mute");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(0..10));
    let mut running = tracker(&Cluster::at(proxy.bootstrap()), &topic, &scratch).start();
    wait_for_lines(&mut running, &dir, 30);
    for round in 1..=2 {
        wait_until("there is a connection that fetches", LONG, || (proxy.mute_fetchers() > 0).then_some(()));
        kafka.produce(&topic, &orders(round * 10..round * 10 + 10));
        let muted = Instant::now();
        wait_for_events(&dir, "consumer.rebuilt", round as usize);
        let silence = muted.elapsed();
        assert!(silence < SOON, "it took {silence:?} to notice");
        wait_for_lines(&mut running, &dir, 30 * (round as usize + 1));
    }
    running.terminate(LONG).expect_code(0);
    let trail = Trail::read(&dir);
    trail.expect_records(&kafka.dump(&topic));
    assert!(events(&dir, "audit.gap").is_empty());
    expect_sealed(&dir);
}
