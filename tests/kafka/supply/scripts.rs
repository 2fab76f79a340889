//! `start.sh supply`: both services, each knowing where the other is, and orders on their way within seconds.

use super::pair::page;
use crate::harness::{House, LONG, Need, SHORT, Signal, one_start_at_a_time, runs, send_signal, wait_until};
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    trials!("supply_scripts", &[Need::Broker], [both_services_are_started_looked_after_and_stopped])
}

/// Where a service said that it listens.
fn port(house: &House, name: &str) -> u16 {
    let said = std::fs::read_to_string(house.path().join(format!("{name}.out"))).expect("it has said something");
    let line = said.lines().rev().find(|line| line.contains("service.started")).expect("it has started");
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    let listen = line["metadata"]["listen"].as_str().expect("an address");
    listen.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
}

fn both_services_are_started_looked_after_and_stopped() {
    let house = House::new();
    let start = || {
        let _one_at_a_time = one_start_at_a_time();
        let exit = house.script("start.sh").args(["supply", "--broker", "local"]).finish_within(LONG);
        exit.expect_code(0);
        exit
    };
    let pids = || ["supply-wagon-lits", "supply-dev-materiels"].map(|name| house.pid(name).expect("a PID file"));
    let started = start();
    for text in ["wagon-lits", "dev-materiels", "commands/trigger", "./stop.sh"] {
        assert!(started.stdout.contains(text), "{text:?} in {}", started.stdout);
    }
    let before = pids();
    let wagon = port(&house, "supply-wagon-lits");
    wait_until("the first order has its receipt", SHORT, || {
        let list = page(wagon, "/wagon-list/orders");
        list["orders"].as_array()?.iter().any(|order| order["status"] == "PROCESSING").then_some(())
    });
    assert!(start().stdout.contains("Already running"));
    send_signal(before[1], Signal::KILL);
    wait_until("it is gone", SHORT, || (!runs(before[1])).then_some(()));
    start();
    let after = pids();
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
    let stopped = house.stop(&[]);
    stopped.expect_code(0);
    assert!(stopped.stdout.contains("wait for Kafka in the store"), "{}", stopped.stdout);
    assert!(after.iter().all(|pid| !runs(*pid)) && house.pid_files().is_empty());
    assert!(house.path().join("supply-data/wagon-lits.redb").exists());
}
