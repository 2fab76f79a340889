//! Each service killed at each moment between two steps that belong together: nothing is lost, nothing is done twice.
//! And a disk without room: nothing is taken, nothing ends, and it goes on when there is room again.

use super::pair::{ORDER, Pair, answering, numbered, page, post};
use crate::harness::{Broker, Cluster, LONG, Need, Process, SHORT, Small, shared, wait_until};
use libtest_mimic::Trial;
use serde_json::Value;
use std::collections::BTreeSet;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = trials!(
        "supply_crashes",
        &[Need::Broker],
        [killed_at_any_moment_with_kafka, killed_at_any_moment_without_kafka]
    );
    trials.extend(trials!(
        "supply_full_disk",
        &[Need::Broker, Need::Mount],
        [without_room_nothing_is_taken_and_it_goes_on_when_there_is_some]
    ));
    trials
}

const FAST: &[&str] = &["--interval", "30ms"];

/// SIGABRT.
const ABORTED: Option<i32> = Some(6);

/// Both services, one of which dies at `point`; who it is and started anew once it has.
fn expect_one_effect(kafka: Cluster, who: &str, point: &str) {
    println!("{who} dies at {point}");
    let pair = Pair::new(kafka);
    let failing = |name: &str| if who == name { point } else { "none" };
    let mut dev = pair.dev_run(FAST).env("ORDERTRAIL_FAILPOINT", failing("dev")).start();
    let mut wagon = pair.wagon_run(&[]).env("ORDERTRAIL_FAILPOINT", failing("wagon")).start();
    let ask = || post(pair.wagon_port(), "/wagon-list/orders?wait=0s", &[("Idempotency-Key", "k")], ORDER);
    // It may die while it is asked, and is asked again until it has said yes.
    let mut is_dead = false;
    let number = wait_until("the order is accepted", LONG, || {
        if !is_dead && who == "wagon" && !wagon.is_running() {
            assert_eq!(wagon.wait(SHORT).signal, ABORTED, "{point}");
            wagon = pair.wagon(&[]);
            is_dead = true;
        }
        let answer = ask().filter(|answer| matches!(answer.status, 200 | 202))?;
        answer.json()["orderNumber"].as_str().map(str::to_owned)
    });
    if !is_dead {
        let dying: &mut Process = if who == "wagon" { &mut wagon } else { &mut dev };
        assert_eq!(dying.wait(LONG).signal, ABORTED, "{who} comes to {point}");
        match who {
            "wagon" => wagon = pair.wagon(&[]),
            _ => dev = pair.dev(FAST),
        }
    }
    pair.wait_shipped(std::slice::from_ref(&number));
    expect_once(&pair, &number);
    assert!(wagon.is_running() && dev.is_running());
}

fn expect_once(pair: &Pair, number: &str) {
    for (port, path) in [(pair.wagon_port(), "/wagon-list/orders"), (pair.dev_port(), "/dev-materiels/orders")] {
        assert_eq!(Pair::numbers(port, path), [number], "{path}");
    }
    let history = |page: &Value| -> Vec<(String, String)> {
        let updates = page["history"].as_array().expect("a history").iter().filter(|update| update["id"].is_string());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        updates.map(|update| (text(&update["id"]), text(&update["status"]))).collect()
    };
    let (here, there) = (history(&pair.wagon_page(number)), history(&pair.dev_page(number)));
    assert_eq!(here, there, "{number}");
    assert_eq!((here.len(), here.iter().collect::<BTreeSet<_>>().len()), (6, 6), "{here:?}");
    assert_eq!(here.iter().filter(|(_, status)| status == "SHIPPED").count(), 1);
    assert_eq!(pair.wagon_page(number)["receipt"], pair.dev_page(number)["receipt"]);
}

fn killed_at_any_moment_with_kafka() {
    for (who, point) in [
        ("wagon", "accepted-not-committed"),
        ("wagon", "committed-not-answered"),
        ("wagon", "acknowledged-not-removed"),
        ("wagon", "received-not-committed"),
        ("wagon", "committed-not-published"),
        ("dev", "received-not-committed"),
        ("dev", "acknowledged-not-removed"),
        ("dev", "committed-not-published"),
    ] {
        expect_one_effect(shared(), who, point);
    }
}

fn killed_at_any_moment_without_kafka() {
    for (who, point) in [
        ("wagon", "answered-not-noted"),
        ("dev", "accepted-not-committed"),
        ("dev", "committed-not-answered"),
        ("dev", "answered-not-noted"),
    ] {
        expect_one_effect(Broker::not_started().cluster(), who, point);
    }
}

fn without_room_nothing_is_taken_and_it_goes_on_when_there_is_some() {
    let pair = Pair::new(shared());
    let small = Small::mount(&pair.scratch, 160);
    std::os::unix::fs::symlink(small.path(), pair.scratch.join("dev-materiels")).expect("a link can be made");
    let mut dev = pair.dev(FAST);
    let _wagon = pair.wagon(&[]);
    let first = pair.order("first");
    pair.wait_shipped(&[first]);
    let filler = small.path().join("filler");
    std::fs::write(&filler, vec![1; 120 << 20]).expect("there is room for it");
    wait_until("it says that it takes nothing", LONG, || {
        let ready = crate::harness::get(pair.dev_port(), "/readyz")?;
        (ready.status == 503 && ready.body.contains("free on the disk")).then_some(())
    });
    dev.wait_for_output("disk.full", SHORT);
    let refused = post(pair.dev_port(), "/dev-materiels/orders", &[], &numbered("WL-1")).expect("it answers");
    assert_eq!((refused.status, refused.header("retry-after").is_empty()), (503, false), "{refused:?}");
    // The other side goes on accepting, and both roads come to somebody who takes nothing.
    let waiting: Vec<String> = (0..5).map(|n| pair.order(&format!("k{n}"))).collect();
    assert_eq!(page(pair.dev_port(), "/dev-materiels/orders")["total"], 1);
    std::fs::remove_file(&filler).expect("it is ours");
    dev.wait_for_output("disk.room", LONG);
    pair.wait_shipped(&waiting);
    assert!(dev.is_running(), "it never ended");
    assert_eq!(page(pair.dev_port(), "/dev-materiels/orders")["total"], 6);
    drop(answering(dev, pair.dev_port()));
}
