//! Two trackers and one directory: one writes, the other waits for it to die.

use crate::harness::{
    LONG, Need, Record, SHORT, Scratch, Trail, events, free_port, order, shared, tracker, trail_dir, wait_for_event,
    wait_for_events, wait_for_lines,
};
use libtest_mimic::Trial;
use std::net::TcpListener;
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "tracker_standby",
        &[Need::Broker],
        [
            the_second_waits_and_takes_over_when_the_first_dies,
            a_standby_that_is_told_to_stop_leaves_the_first_alone,
            until_end_against_a_held_lock_names_the_holder,
        ]
    )
}

fn orders(count: u32) -> Vec<Record> {
    (0..count).map(|n| Record::new(0, order(n))).collect()
}

fn the_second_waits_and_takes_over_when_the_first_dies() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("standby");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(10));
    let mut first = tracker(&kafka, &topic, &scratch).start();
    wait_for_lines(&mut first, &dir, 10);

    let port = free_port();
    let mut second = tracker(&kafka, &topic, &scratch).args(["--listen", &format!("127.0.0.1:{port}")]).start();
    wait_for_event(&dir, "tracker.standby");
    TcpListener::bind(("127.0.0.1", port)).expect("a standby takes no port");
    kafka.produce(&topic, &orders(10));
    wait_for_lines(&mut first, &dir, 20);
    assert!(second.is_running());
    assert_eq!(events(&dir, "tracker.standby").len(), 1, "it says so once");
    assert_eq!(events(&dir, "tracker.subscribed").len(), 1);

    first.kill_nine();
    let died = Instant::now();
    wait_for_events(&dir, "audit.recovered", 2);
    let took = died.elapsed();
    assert!(took < Duration::from_secs(1), "it took over after {took:?}");
    kafka.produce(&topic, &orders(10));
    wait_for_lines(&mut second, &dir, 30);
    assert_eq!(events(&dir, "tracker.subscribed").len(), 2);
    second.terminate(LONG).expect_code(0);
    Trail::read(&dir).expect_records(&kafka.dump(&topic));
}

fn a_standby_that_is_told_to_stop_leaves_the_first_alone() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("standby-stops");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(10));
    let mut first = tracker(&kafka, &topic, &scratch).start();
    wait_for_lines(&mut first, &dir, 10);
    let mut second = tracker(&kafka, &topic, &scratch).start();
    wait_for_event(&dir, "tracker.standby");
    second.terminate(SHORT).expect_code(0);
    kafka.produce(&topic, &orders(5));
    wait_for_lines(&mut first, &dir, 15);
    first.terminate(LONG).expect_code(0);
    Trail::read(&dir).expect_records(&kafka.dump(&topic));
}

fn until_end_against_a_held_lock_names_the_holder() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let scratch = Scratch::new("held");
    let dir = trail_dir(&scratch);
    kafka.produce(&topic, &orders(3));
    let mut holder = tracker(&kafka, &topic, &scratch).start();
    wait_for_lines(&mut holder, &dir, 3);
    let exit = tracker(&kafka, &topic, &scratch).arg("--until-end").finish();
    exit.expect_code(1).expect_message(&[&holder.pid().to_string()]);
    assert!(holder.is_running());
    holder.terminate(LONG).expect_code(0);
}
